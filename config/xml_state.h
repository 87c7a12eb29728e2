/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the XML reader: xml_reader.c has the elements, xml_layering.c what only layers need,
   xml_entities.c the document type. */
#ifndef MM_CONFIG_XML_STATE_H
#define MM_CONFIG_XML_STATE_H

#include "config/config.h"
#include "config/vocabulary.h"
#include "config/xml_position.h"

#include <libxml/parser.h>

/* The longest value is a path of 511 bytes; this leaves room for blanks, and bounds the text of an entity. */
#define MM_XML_VALUE_MAX 4096

enum mm_xml_level_kind {
    MM_XML_ROOT,
    MM_XML_PROFILE,
    MM_XML_HOLDER, /* a section or a row */
    MM_XML_VALUE,
    MM_XML_REMOVAL,
};

/* An element that is open. */
struct mm_xml_level {
    enum mm_xml_level_kind kind;
    unsigned element; /* MM_ELEMENT_NONE for the root, a profile and a removal */
    unsigned instance;
    bool has_stray_text;   /* reported since its last tag */
    bool is_refused;       /* of a value: what stands in it is none, which was reported */
    unsigned line, column; /* of the value, or of the tag while there is none */
};

struct mm_xml_reader {
    xmlParserCtxtPtr context;
    const char *file;
    struct mm_config_items *items;
    struct mm_problems *problems;
    struct mm_xml_position position;
    struct mm_xml_level levels[MM_CONFIG_DEPTH_MAX + 1];
    unsigned depth; /* levels[0 .. depth - 1] are open */
    unsigned
        skipped_depth; /* open elements inside of one that is left out, that one included; not in levels */
    unsigned profile;  /* the open one, as in struct mm_config_item */
    unsigned instances[MM_VOCABULARY_MAX];
    size_t after_tag; /* offset behind the last tag */
    char value[MM_XML_VALUE_MAX + 1];
    size_t value_length;
    bool value_is_too_long;
    unsigned elements, entities, entity_references;
    bool is_stopped;
    int error;
};

/* A start tag: where it begins and ends in the file, and its attributes as SAX2 gives them. */
struct mm_xml_tag {
    const char *name;
    const char *prefix; /* NULL */
    size_t begin, end;
    const xmlChar **attributes;
    size_t attribute_count;
};

/* Where the parser stands in the file; within an entity, behind its reference. */
size_t mm_xml_present_offset(const struct mm_xml_reader *reader);
__attribute__((format(printf, 4, 5))) void mm_xml_report(struct mm_xml_reader *reader,
                                                         enum mm_problem_severity severity, size_t offset,
                                                         const char *format, ...);
/* Of names that are not in the vocabulary, and what becomes of what they stand for. */
enum mm_problem_severity mm_xml_unknown_severity(const struct mm_xml_reader *reader);
const char *mm_xml_unknown_fate(const struct mm_xml_reader *reader);
/* No callback does anything any more. */
void mm_xml_stop(struct mm_xml_reader *reader, int error);
/* The innermost open element that counts; NULL before the root. */
struct mm_xml_level *mm_xml_top(struct mm_xml_reader *reader);
/* "Memmgr", "ramProfile", "killLevel". */
const char *mm_xml_level_name(const struct mm_xml_level *level);
void mm_xml_add_item(struct mm_xml_reader *reader, const struct mm_config_item *item);

/* The value of the tag's attribute of that name and no namespace, without the blanks around it: true, with its
   offset in the file. A value longer than `most` bytes is refused as too long and counts as absent. */
#define MM_XML_ATTRIBUTE_MAX 127
bool mm_xml_attribute(struct mm_xml_reader *reader, const struct mm_xml_tag *tag, const char *name,
                      char ret_text[static MM_XML_ATTRIBUTE_MAX + 1], size_t *ret_offset);
/* Warns of the attributes that are not in the table (NULL: there is none). */
void mm_xml_check_attributes(struct mm_xml_reader *reader, const struct mm_xml_tag *tag,
                             const struct mm_attribute *known);

/* ---- xml_layering.c: each reads one tag whose parent is the innermost open element ------------------------- */

/* True when the element is opened, false when it was refused and is to be left out. */
bool mm_xml_open_profile(struct mm_xml_reader *reader, const struct mm_xml_tag *tag);
void mm_xml_open_removal(struct mm_xml_reader *reader, const struct mm_xml_tag *tag);

/* ---- xml_entities.c ---------------------------------------------------------------------------------------- */

void mm_xml_set_entity_handlers(xmlSAXHandler *handler);

#endif
