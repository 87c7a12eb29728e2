/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML to items, with libxml2's SAX2 interface over the whole buffer.
 *
 *     <Memmgr>
 *         <killConfig>
 *             <killLevel id="1">
 *                 <memoryMB>500</memoryMB>
 *
 * libxml2 is asked for well-formedness, names and texts; places come from our own offsets. A document type
 * may declare entities that are plain text; everything else one could do with it is refused.
 */
#include "config/xml_reader.h"

#include "common/common.h"
#include "config/items.h"
#include "config/problems.h"
#include "config/vocabulary.h"
#include "config/xml_check.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

/* The longest value is a path of 511 bytes; this leaves room for blanks, and bounds the text of an entity. */
#define VALUE_MAX 4096
/* Nobody writes as many by hand; with VALUE_MAX each, their text is bounded at 4 MiB. */
#define ENTITIES_MAX            64
#define ENTITY_REFERENCES_MAX   1024
#define XML_SCHEMA_INSTANCE_URI "http://www.w3.org/2001/XMLSchema-instance"

/* An element that is open. */
struct level {
    unsigned element; /* MM_ELEMENT_NONE for the root */
    unsigned instance;
    bool holds_value;
    bool has_stray_text;   /* reported since its last tag */
    unsigned line, column; /* of the value, or of the tag while there is none */
};

struct reader {
    xmlParserCtxtPtr context;
    const char *file;
    struct mm_config_items *items;
    struct mm_problems *problems;
    struct mm_xml_position position;
    struct level levels[MM_CONFIG_DEPTH_MAX + 1];
    unsigned depth;         /* levels[0 .. depth - 1] are open */
    unsigned skipped_depth; /* open elements inside of an unknown one, that one included; not in levels */
    unsigned instances[MM_VOCABULARY_MAX];
    size_t after_tag; /* offset behind the last tag */
    char value[VALUE_MAX + 1];
    size_t value_length;
    bool value_is_too_long;
    unsigned elements, entities, entity_references;
    bool is_stopped;
    int error;
};

/* ---- places and problems ------------------------------------------------------------------------------ */

/* Where the parser stands in the file; within an entity, behind its reference. */
static size_t present_offset(const struct reader *reader)
{
    const xmlParserInput *input = reader->context->inputNr > 0 ? reader->context->inputTab[0] : NULL;

    return input ? input->consumed + (size_t)(input->cur - input->base) : reader->position.length;
}

__attribute__((format(printf, 4, 5))) static void
report(struct reader *reader, enum mm_problem_severity severity, size_t offset, const char *format, ...)
{
    va_list arguments;

    mm_xml_position_move(&reader->position, offset);
    va_start(arguments, format);
    mm_problems_add_list(reader->problems, severity, reader->file, reader->position.line,
                         reader->position.column, format, arguments);
    va_end(arguments);
}

/* No callback does anything any more. */
static void stop(struct reader *reader, int error)
{
    if (error < 0 && reader->error == 0)
        reader->error = error;
    reader->is_stopped = true;
    reader->items->is_cut = true;
    xmlStopParser(reader->context);
}

static struct level *top(struct reader *reader)
{
    return reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
}

static const char *name_of(const struct level *level)
{
    return level->element == MM_ELEMENT_NONE ? MM_VOCABULARY_ROOT_NAME : mm_vocabulary_name(level->element);
}

static void add_item(struct reader *reader, const struct level *level, char *text)
{
    const struct mm_config_item item = {.element = level->element,
                                        .instance = level->instance,
                                        .text = text,
                                        .file = (unsigned)reader->items->file_count - 1,
                                        .line = level->line,
                                        .column = level->column};
    int r = mm_config_items_add(reader->items, &item);

    if (r < 0)
        stop(reader, r);
}

/* ---- elements ---------------------------------------------------------------------------------------- */

static void report_unknown(struct reader *reader, const struct level *parent, const char *name, size_t offset)
{
    unsigned nearest;
    char shown[MM_SHOWN_MAX], hint[192] = "";

    /* Looking for names takes time, and this one would not be shown. */
    if (reader->problems->count > MM_CONFIG_PROBLEMS_MAX)
        return;
    nearest = mm_vocabulary_nearest(parent->element, name);
    if (nearest != MM_ELEMENT_NONE) {
        unsigned home = mm_vocabulary_parent(nearest);

        if (strcmp(mm_vocabulary_name(nearest), name) == 0)
            (void)mm_format(hint, sizeof(hint), "; it belongs in <%s>",
                            home == MM_ELEMENT_NONE ? MM_VOCABULARY_ROOT_NAME : mm_vocabulary_at(home)->path);
        else
            (void)mm_format(hint, sizeof(hint), "; did you mean <%s>?", mm_vocabulary_name(nearest));
    }
    report(reader, MM_PROBLEM_WARNING, offset, "unknown element <%s> in <%s> is ignored%s",
           mm_shown(name, shown), name_of(parent), hint);
}

static void open_root(struct reader *reader, const char *name, size_t offset)
{
    char shown[MM_SHOWN_MAX];

    if (strcmp(name, MM_VOCABULARY_ROOT_NAME) != 0) {
        report(reader, MM_PROBLEM_ERROR, offset, "the root element is <%s>, expected <%s>",
               mm_shown(name, shown), MM_VOCABULARY_ROOT_NAME);
        stop(reader, 0);
        return;
    }
    reader->levels[reader->depth++] = (struct level){.element = MM_ELEMENT_NONE};
}

/* Rows and entries of lists are counted through the file; what stands in a row has the row's number. */
static unsigned instance_of(struct reader *reader, unsigned element, const struct level *parent)
{
    const struct mm_element *row = mm_vocabulary_at(element);
    bool is_in_row =
        parent->element != MM_ELEMENT_NONE && mm_vocabulary_at(parent->element)->type == MM_TYPE_ROW;

    if (row->type == MM_TYPE_ROW || ((row->flags & MM_ELEMENT_REPEATABLE) && !is_in_row))
        return reader->instances[mm_vocabulary_resolve(element)]++;
    return is_in_row ? parent->instance : 0;
}

static void open_known(struct reader *reader, unsigned element, size_t offset, size_t content)
{
    bool holds_value = !mm_element_has_children(mm_vocabulary_at(element));
    struct level level = {.element = element, .holds_value = holds_value};
    size_t place = offset;

    level.instance = instance_of(reader, element, top(reader));
    if (holds_value) {
        size_t value = mm_xml_content_begin(reader->position.bytes, reader->position.length, content);

        /* An empty one is shown at its tag. */
        if (value < reader->position.length && reader->position.bytes[value] != '<')
            place = value;
        reader->value_length = 0;
        reader->value_is_too_long = false;
    }
    mm_xml_position_move(&reader->position, place);
    level.line = reader->position.line;
    level.column = reader->position.column;
    reader->levels[reader->depth++] = level;
    if (!holds_value)
        add_item(reader, &level, NULL);
}

static void check_attributes(struct reader *reader, const char *name, int count, const xmlChar **attributes,
                             size_t offset)
{
    const struct level *level = top(reader);
    bool is_row =
        level && level->element != MM_ELEMENT_NONE && mm_vocabulary_at(level->element)->type == MM_TYPE_ROW;
    char shown[MM_SHOWN_MAX];

    /* SAX2 gives five words for each: name, prefix, URI, value, its end. */
    for (int i = 0; i < count; i++) {
        const char *attribute = (const char *)attributes[5 * (size_t)i];
        const char *uri = (const char *)attributes[5 * (size_t)i + 2];

        if (uri ? strcmp(uri, XML_SCHEMA_INSTANCE_URI) == 0 : is_row && strcmp(attribute, "id") == 0)
            continue;
        report(reader, MM_PROBLEM_WARNING, offset, "unknown attribute %s of <%s> is ignored",
               mm_shown(attribute, shown), name);
    }
}

static void open_child(struct reader *reader, const char *name, bool has_prefix, size_t offset,
                       size_t content)
{
    const struct level *parent = top(reader);
    unsigned element;
    char shown[MM_SHOWN_MAX];

    if (parent->holds_value) {
        report(reader, MM_PROBLEM_ERROR, offset, "<%s> stands in <%s>, which holds a value, not elements",
               mm_shown(name, shown), name_of(parent));
        reader->skipped_depth = 1;
        return;
    }
    element = has_prefix ? MM_ELEMENT_NONE : mm_vocabulary_child(parent->element, name);
    if (element == MM_ELEMENT_NONE) {
        report_unknown(reader, parent, name, offset);
        reader->skipped_depth = 1;
        return;
    }
    open_known(reader, element, offset, content);
}

/* Unknown elements count too: what is left out takes time all the same. */
static bool is_within_bounds(struct reader *reader, size_t offset)
{
    if (reader->depth + reader->skipped_depth >= MM_CONFIG_DEPTH_MAX)
        report(reader, MM_PROBLEM_ERROR, offset, "elements nest deeper than %d", MM_CONFIG_DEPTH_MAX);
    else if (++reader->elements > MM_CONFIG_ITEMS_MAX)
        report(reader, MM_PROBLEM_ERROR, offset, "more than %d elements, expected a configuration",
               MM_CONFIG_ITEMS_MAX);
    else
        return true;
    stop(reader, 0);
    return false;
}

static void start_element(void *user, const xmlChar *local_name, const xmlChar *prefix, const xmlChar *uri,
                          int namespace_count, const xmlChar **namespaces, int attribute_count,
                          int defaulted_count, const xmlChar **attributes)
{
    struct reader *reader = user;
    const char *bytes = reader->position.bytes;
    const char *name = (const char *)local_name;
    size_t offset, content;

    (void)uri;
    (void)namespace_count;
    (void)namespaces;
    (void)defaulted_count;
    if (reader->is_stopped)
        return;
    offset = mm_xml_tag_begin(bytes, reader->position.length, present_offset(reader));
    content = mm_xml_tag_end(bytes, reader->position.length, present_offset(reader));
    /* A tag that the file's end cuts is libxml2's to report. */
    if (bytes[content - 1] != '>')
        return;
    reader->after_tag = content;
    if (!is_within_bounds(reader, offset))
        return;
    if (reader->skipped_depth > 0) {
        reader->skipped_depth++;
        return;
    }
    if (reader->depth == 0) {
        open_root(reader, name, offset);
    } else {
        top(reader)->has_stray_text = false;
        open_child(reader, name, prefix != NULL, offset, content);
    }
    if (reader->skipped_depth == 0 && !reader->is_stopped)
        check_attributes(reader, name, attribute_count, attributes, offset);
}

static void end_element(void *user, const xmlChar *local_name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *reader = user;
    struct level *level = top(reader);

    (void)local_name;
    (void)prefix;
    (void)uri;
    if (reader->is_stopped)
        return;
    reader->after_tag = present_offset(reader);
    if (reader->skipped_depth > 0) {
        reader->skipped_depth--;
        return;
    }
    if (!level)
        return;
    if (level->holds_value) {
        reader->value[reader->value_length] = '\0';
        if (reader->value_is_too_long)
            mm_problems_add(reader->problems, MM_PROBLEM_ERROR, reader->file, level->line, level->column,
                            "%s is longer than %d bytes", name_of(level), VALUE_MAX);
        else
            add_item(reader, level, reader->value);
    }
    reader->depth--;
    if (top(reader))
        top(reader)->has_stray_text = false;
}

static void characters(void *user, const xmlChar *text, int length)
{
    struct reader *reader = user;
    struct level *level = top(reader);
    size_t room;

    if (reader->is_stopped || reader->skipped_depth > 0 || !level)
        return;
    if (level->holds_value) {
        room = VALUE_MAX - reader->value_length;
        if ((size_t)length > room)
            reader->value_is_too_long = true;
        memcpy(reader->value + reader->value_length, text, MM_MIN((size_t)length, room));
        reader->value_length += MM_MIN((size_t)length, room);
        return;
    }
    for (int i = 0; i < length && !level->has_stray_text; i++) {
        if (strchr(" \t\r\n", text[i]))
            continue;
        level->has_stray_text = true;
        report(reader, MM_PROBLEM_ERROR,
               mm_xml_content_begin(reader->position.bytes, reader->position.length, reader->after_tag),
               "text in <%s>, which holds elements only", name_of(level));
    }
}

/* ---- document type and entities ------------------------------------------------------------------------ */

static void start_document(void *user)
{
    struct reader *reader = user;

    xmlSAX2StartDocument(reader->context);
}

static void internal_subset(void *user, const xmlChar *name, const xmlChar *public_id,
                            const xmlChar *system_id)
{
    struct reader *reader = user;

    if (reader->is_stopped)
        return;
    if (public_id || system_id) {
        report(reader, MM_PROBLEM_ERROR,
               mm_xml_tag_begin(reader->position.bytes, reader->position.length, present_offset(reader)),
               "a document type from elsewhere is not read, expected none");
        stop(reader, 0);
        return;
    }
    xmlSAX2InternalSubset(reader->context, name, public_id, system_id);
}

static void declare_entity(void *user, const xmlChar *name, int type, const xmlChar *public_id,
                           const xmlChar *system_id, xmlChar *content)
{
    struct reader *reader = user;
    const char *reason = NULL;
    char shown[MM_SHOWN_MAX];

    if (reader->is_stopped)
        return;
    if (type != XML_INTERNAL_GENERAL_ENTITY || !content)
        reason = "is not plain text in this file";
    else if (strpbrk((const char *)content, "<&"))
        reason = "holds markup or another entity, expected plain text";
    else if (strlen((const char *)content) > VALUE_MAX)
        reason = "is longer than 4096 bytes";
    else if (++reader->entities > ENTITIES_MAX)
        reason = "is one of more than 64, expected fewer";
    if (reason) {
        report(reader, MM_PROBLEM_ERROR,
               mm_xml_tag_begin(reader->position.bytes, reader->position.length, present_offset(reader)),
               "entity %s %s", mm_shown((const char *)name, shown), reason);
        stop(reader, 0);
        return;
    }
    xmlSAX2EntityDecl(reader->context, name, type, public_id, system_id, content);
}

static xmlEntityPtr get_entity(void *user, const xmlChar *name)
{
    struct reader *reader = user;

    if (reader->is_stopped)
        return NULL;
    if (++reader->entity_references > ENTITY_REFERENCES_MAX) {
        report(reader, MM_PROBLEM_ERROR, present_offset(reader), "more than %d references to entities",
               ENTITY_REFERENCES_MAX);
        stop(reader, 0);
        return NULL;
    }
    return xmlSAX2GetEntity(reader->context, name);
}

/* ---- what libxml2 finds -------------------------------------------------------------------------------- */

static void report_xml_error(struct reader *reader, const xmlError *error)
{
    size_t offset = present_offset(reader);
    char text[256];

    if (error->code == XML_ERR_TAG_NAME_MISMATCH && error->str1 && error->str2) {
        char opened[MM_SHOWN_MAX], closed[MM_SHOWN_MAX];

        offset = mm_xml_tag_begin(reader->position.bytes, reader->position.length, offset);
        report(reader, MM_PROBLEM_ERROR, offset, "</%s> ends <%s> of line %d, expected </%s>",
               mm_shown(error->str2, closed), mm_shown(error->str1, opened), error->int1, opened);
        return;
    }
    mm_copy_text(text, sizeof(text), error->message ? error->message : "");
    text[strcspn(text, "\n")] = '\0';
    {
        char printable[sizeof(text)];

        (void)mm_printable(text, strlen(text), printable, sizeof(printable));
        report(reader, error->level == XML_ERR_WARNING ? MM_PROBLEM_WARNING : MM_PROBLEM_ERROR, offset,
               "not well-formed XML: %s", printable);
    }
}

#if LIBXML_VERSION >= 21200
static void xml_error(void *user, const xmlError *error)
#else
static void xml_error(void *user, xmlErrorPtr error)
#endif
{
    struct reader *reader = user;

    if (reader->is_stopped)
        return;
    if (error->code == XML_ERR_NO_MEMORY) {
        stop(reader, -ENOMEM);
        return;
    }
    report_xml_error(reader, error);
    /* What follows a fatal one only repeats it. libxml2 ends by itself. */
    if (error->level != XML_ERR_FATAL)
        return;
    reader->items->is_cut = true;
    reader->is_stopped = true;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void set_handlers(xmlSAXHandler *handler)
{
    memset(handler, 0, sizeof(*handler));
    handler->initialized = XML_SAX2_MAGIC;
    handler->startDocument = start_document;
    handler->internalSubset = internal_subset;
    handler->entityDecl = declare_entity;
    handler->getEntity = get_entity;
    handler->startElementNs = start_element;
    handler->endElementNs = end_element;
    handler->characters = characters;
    handler->ignorableWhitespace = characters;
    handler->cdataBlock = characters;
    handler->serror = xml_error;
}

static int parse(struct reader *reader)
{
    xmlDocPtr document;

    reader->context = xmlNewParserCtxt();
    if (!reader->context)
        return -ENOMEM;
    set_handlers(reader->context->sax);
    reader->context->userData = reader;
    /* NOENT puts an entity's text where it is referred to; nothing outside the file is ever loaded. */
    document = xmlCtxtReadMemory(reader->context, reader->position.bytes, (int)reader->position.length, NULL,
                                 NULL, XML_PARSE_NONET | XML_PARSE_NOENT);
    if (!reader->context->wellFormed && !reader->items->is_cut) {
        report(reader, MM_PROBLEM_ERROR, present_offset(reader), "not well-formed XML");
        reader->items->is_cut = true;
    }
    xmlFreeDoc(document);
    if (reader->context->myDoc)
        xmlFreeDoc(reader->context->myDoc);
    xmlFreeParserCtxt(reader->context);
    return reader->error;
}

int mm_config_parse_xml(const char *file, const char *bytes, size_t length, struct mm_config_items *ret_items,
                        struct mm_problems *problems)
{
    struct mm_config_items items = {0};
    struct reader reader = {.file = file, .items = &items, .problems = problems};
    size_t errors_before = problems->error_count;
    int r = mm_config_items_add_file(&items, file);

    /* A byte order mark is no column. */
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    mm_xml_position_init(&reader.position, bytes, length);
    if (r >= 0) {
        r = 0;
        if (mm_xml_is_readable(&reader.position, file, problems))
            r = parse(&reader);
        else
            items.is_cut = true;
    }
    if (r < 0) {
        mm_config_items_fini(&items);
        return r;
    }
    *ret_items = items;
    return problems->error_count > errors_before ? -EINVAL : 0;
}

int mm_config_read_xml(const char *file, struct mm_config_items *ret_items, struct mm_problems *problems)
{
    MM_CLEANUP_CLOSE int fd = -1;
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0;
    int r = mm_config_open(file, &fd, problems);

    if (r >= 0)
        r = mm_config_read_bytes(fd, file, &bytes, &length, problems);
    if (r < 0)
        return r;
    return mm_config_parse_xml(file, bytes, length, ret_items, problems);
}
