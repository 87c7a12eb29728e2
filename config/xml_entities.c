/* SPDX-License-Identifier: Apache-2.0 */
/* The document type: it may declare entities that are plain text; everything else one could do with it is
   refused. */
#include "config/problems.h"
#include "config/xml_state.h"

#include <libxml/SAX2.h>
#include <string.h>

/* Nobody writes as many by hand; with MM_XML_VALUE_MAX each, their text is bounded at 4 MiB. */
#define ENTITIES_MAX          64
#define ENTITY_REFERENCES_MAX 1024

static void internal_subset(void *user, const xmlChar *name, const xmlChar *public_id,
                            const xmlChar *system_id)
{
    struct mm_xml_reader *reader = user;

    if (reader->is_stopped)
        return;
    if (public_id || system_id) {
        mm_xml_report(reader, MM_PROBLEM_ERROR,
                      mm_xml_declaration_begin(reader->position.bytes, reader->position.length,
                                               mm_xml_present_offset(reader), "<!DOCTYPE"),
                      "a document type from elsewhere is not read, expected none");
        mm_xml_stop(reader, 0);
        return;
    }
    xmlSAX2InternalSubset(reader->context, name, public_id, system_id);
}

static void declare_entity(void *user, const xmlChar *name, int type, const xmlChar *public_id,
                           const xmlChar *system_id, xmlChar *content)
{
    struct mm_xml_reader *reader = user;
    const char *reason = NULL;
    char shown[MM_SHOWN_MAX];

    if (reader->is_stopped)
        return;
    if (type != XML_INTERNAL_GENERAL_ENTITY || !content)
        reason = "is not plain text in this file";
    else if (strpbrk((const char *)content, "<&"))
        reason = "holds markup or another entity, expected plain text";
    else if (strlen((const char *)content) > MM_XML_VALUE_MAX)
        reason = "is longer than 4096 bytes";
    else if (++reader->entities > ENTITIES_MAX)
        reason = "is one of more than 64, expected fewer";
    if (reason) {
        mm_xml_report(reader, MM_PROBLEM_ERROR,
                      mm_xml_declaration_begin(reader->position.bytes, reader->position.length,
                                               mm_xml_present_offset(reader), "<!ENTITY"),
                      "entity %s %s", mm_shown((const char *)name, shown), reason);
        mm_xml_stop(reader, 0);
        return;
    }
    xmlSAX2EntityDecl(reader->context, name, type, public_id, system_id, content);
}

static xmlEntityPtr get_entity(void *user, const xmlChar *name)
{
    struct mm_xml_reader *reader = user;

    if (reader->is_stopped)
        return NULL;
    if (++reader->entity_references > ENTITY_REFERENCES_MAX) {
        mm_xml_report(reader, MM_PROBLEM_ERROR, mm_xml_present_offset(reader),
                      "more than %d references to entities", ENTITY_REFERENCES_MAX);
        mm_xml_stop(reader, 0);
        return NULL;
    }
    return xmlSAX2GetEntity(reader->context, name);
}

void mm_xml_set_entity_handlers(xmlSAXHandler *handler)
{
    handler->internalSubset = internal_subset;
    handler->entityDecl = declare_entity;
    handler->getEntity = get_entity;
}
