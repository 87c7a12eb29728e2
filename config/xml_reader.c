/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML to items, with libxml2's SAX2 interface over the whole buffer.
 *
 *     <Memmgr>
 *         <killConfig>
 *             <killLevel id="1">
 *                 <memoryMB>500</memoryMB>
 *
 * libxml2 is asked for well-formedness, names and texts; places come from our own offsets.
 */
#include "config/xml_reader.h"

#include "common/common.h"
#include "config/check.h"
#include "config/items.h"
#include "config/pattern_check.h"
#include "config/problems.h"
#include "config/vocabulary.h"
#include "config/xml_check.h"
#include "config/xml_state.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <stdlib.h>
#include <string.h>

/* ---- places and problems ------------------------------------------------------------------------------ */

size_t mm_xml_present_offset(const struct mm_xml_reader *reader)
{
    const xmlParserInput *input = reader->context->inputNr > 0 ? reader->context->inputTab[0] : NULL;

    return input ? input->consumed + (size_t)(input->cur - input->base) : reader->position.length;
}

void mm_xml_report(struct mm_xml_reader *reader, enum mm_problem_severity severity, size_t offset,
                   const char *format, ...)
{
    va_list arguments;

    mm_xml_position_move(&reader->position, offset);
    va_start(arguments, format);
    mm_problems_add_list(reader->problems, severity, reader->file, reader->position.line,
                         reader->position.column, format, arguments);
    va_end(arguments);
}

enum mm_problem_severity mm_xml_unknown_severity(const struct mm_xml_reader *reader)
{
    return reader->problems->is_strict ? MM_PROBLEM_ERROR : MM_PROBLEM_WARNING;
}

const char *mm_xml_unknown_fate(const struct mm_xml_reader *reader)
{
    return reader->problems->is_strict ? "" : " is ignored";
}

void mm_xml_stop(struct mm_xml_reader *reader, int error)
{
    if (error < 0 && reader->error == 0)
        reader->error = error;
    reader->is_stopped = true;
    reader->items->is_cut = true;
    xmlStopParser(reader->context);
}

struct mm_xml_level *mm_xml_top(struct mm_xml_reader *reader)
{
    return reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
}

const char *mm_xml_level_name(const struct mm_xml_level *level)
{
    static const char *const names[] = {
        [MM_XML_ROOT] = MM_VOCABULARY_ROOT_NAME,
        [MM_XML_PROFILE] = MM_PROFILE_NAME,
        [MM_XML_REMOVAL] = MM_REMOVE_NAME,
    };

    return level->element == MM_ELEMENT_NONE ? names[level->kind] : mm_vocabulary_name(level->element);
}

void mm_xml_add_item(struct mm_xml_reader *reader, const struct mm_config_item *item)
{
    struct mm_config_item placed = *item;
    int r;

    placed.file = (unsigned)reader->items->file_count - 1;
    placed.profile = reader->profile;
    r = mm_config_items_add(reader->items, &placed);
    if (r < 0)
        mm_xml_stop(reader, r);
}

/* ---- elements ---------------------------------------------------------------------------------------- */

/* The tags that are not in the vocabulary. */
static const char *special_name(const struct mm_xml_level *parent, const char *name)
{
    if (parent->kind == MM_XML_ROOT && mm_text_distance(name, MM_PROFILE_NAME) <= 3)
        return MM_PROFILE_NAME;
    return mm_text_distance(name, MM_REMOVE_NAME) <= 2 ? MM_REMOVE_NAME : NULL;
}

static void report_unknown(struct mm_xml_reader *reader, const struct mm_xml_level *parent,
                           const struct mm_xml_tag *tag)
{
    unsigned nearest;
    const char *special;
    char name[MM_SHOWN_MAX * 2], shown[MM_SHOWN_MAX], hint[192] = "";

    /* Looking for names takes time, and this one would not be shown. */
    if (reader->problems->count > MM_CONFIG_PROBLEMS_MAX)
        return;
    nearest = tag->prefix ? MM_ELEMENT_NONE : mm_vocabulary_nearest(parent->element, tag->name);
    special = nearest == MM_ELEMENT_NONE && !tag->prefix ? special_name(parent, tag->name) : NULL;
    if (special) {
        (void)mm_format(hint, sizeof(hint), "; did you mean <%s>?", special);
    } else if (nearest != MM_ELEMENT_NONE) {
        unsigned home = mm_vocabulary_parent(nearest);

        if (strcmp(mm_vocabulary_name(nearest), tag->name) == 0)
            (void)mm_format(hint, sizeof(hint), "; it belongs in <%s>",
                            home == MM_ELEMENT_NONE ? MM_VOCABULARY_ROOT_NAME : mm_vocabulary_at(home)->path);
        else
            (void)mm_format(hint, sizeof(hint), "; did you mean <%s>?", mm_vocabulary_name(nearest));
    }
    (void)mm_format(name, sizeof(name), "%s%s%s", tag->prefix ? tag->prefix : "", tag->prefix ? ":" : "",
                    tag->name);
    mm_xml_report(reader, mm_xml_unknown_severity(reader), tag->begin, "unknown element <%s> in <%s>%s%s",
                  mm_shown(name, shown), mm_xml_level_name(parent), mm_xml_unknown_fate(reader), hint);
}

static void open_root(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    char shown[MM_SHOWN_MAX];

    if (strcmp(tag->name, MM_VOCABULARY_ROOT_NAME) != 0) {
        mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin, "the root element is <%s>, expected <%s>",
                      mm_shown(tag->name, shown), MM_VOCABULARY_ROOT_NAME);
        mm_xml_stop(reader, 0);
        return;
    }
    reader->levels[reader->depth++] = (struct mm_xml_level){.kind = MM_XML_ROOT, .element = MM_ELEMENT_NONE};
    mm_xml_check_attributes(reader, tag, NULL);
}

static bool is_row(const struct mm_xml_level *level)
{
    return level->kind == MM_XML_HOLDER && mm_vocabulary_at(level->element)->type == MM_TYPE_ROW;
}

/* Rows and entries of lists are counted through the file; what stands in a row has the row's number. */
static unsigned instance_of(struct mm_xml_reader *reader, unsigned index, const struct mm_xml_level *parent)
{
    const struct mm_element *element = mm_vocabulary_at(index);

    if (element->type == MM_TYPE_ROW || ((element->flags & MM_ELEMENT_REPEATABLE) && !is_row(parent)))
        return reader->instances[mm_vocabulary_resolve(index)]++;
    return is_row(parent) ? parent->instance : 0;
}

/* Where its value is; an empty one is shown at its tag. */
static size_t value_offset(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    size_t value = mm_xml_content_begin(reader->position.bytes, reader->position.length, tag->end);

    return value < reader->position.length && reader->position.bytes[value] != '<' ? value : tag->begin;
}

static const struct mm_attribute row_attributes[] = {{.name = "id", .type = MM_TYPE_NAME}, {0}};

static void open_known(struct mm_xml_reader *reader, unsigned element, const struct mm_xml_tag *tag)
{
    bool is_holder = mm_element_has_children(mm_vocabulary_at(element));
    struct mm_xml_level level = {.kind = is_holder ? MM_XML_HOLDER : MM_XML_VALUE, .element = element};
    char id[MM_XML_ATTRIBUTE_MAX + 1] = "";
    size_t id_offset = 0;

    level.instance = instance_of(reader, element, mm_xml_top(reader));
    reader->value_length = 0;
    reader->value_is_too_long = false;
    mm_xml_position_move(&reader->position, is_holder ? tag->begin : value_offset(reader, tag));
    level.line = reader->position.line;
    level.column = reader->position.column;
    reader->levels[reader->depth++] = level;
    mm_xml_check_attributes(reader, tag, is_row(&level) ? row_attributes : NULL);
    if (!is_holder)
        return;
    if (is_row(&level) && mm_xml_attribute(reader, tag, "id", id, &id_offset) && id[0] == '\0')
        mm_xml_report(reader, MM_PROBLEM_WARNING, id_offset, "the id of %s is empty: it counts as none",
                      mm_vocabulary_name(element));
    mm_xml_add_item(reader, &(struct mm_config_item){.element = element,
                                                     .instance = level.instance,
                                                     .text = id[0] ? id : NULL,
                                                     .line = level.line,
                                                     .column = level.column});
}

/* Elements are taken by their place: those of a wrong place are said to be so, not to be unknown. */
static bool is_misplaced(struct mm_xml_reader *reader, struct mm_xml_level *parent,
                         const struct mm_xml_tag *tag, unsigned element)
{
    char shown[MM_SHOWN_MAX];

    parent->is_refused = parent->kind == MM_XML_VALUE;
    if (parent->kind == MM_XML_VALUE || parent->kind == MM_XML_REMOVAL)
        mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin, "<%s> stands in <%s>, which holds %s",
                      mm_shown(tag->name, shown), mm_xml_level_name(parent),
                      parent->kind == MM_XML_VALUE ? "a value, not elements" : "nothing");
    else if (element != MM_ELEMENT_NONE && parent->kind == MM_XML_PROFILE &&
             (mm_vocabulary_at(element)->flags & MM_ELEMENT_NO_PROFILE))
        mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin,
                      "<%s> stands in <%s>, expected it outside: it must not depend on what profiles ask for",
                      mm_vocabulary_name(element), MM_PROFILE_NAME);
    else
        return false;
    return true;
}

/* False when it and all in it is left out. */
static bool open_child(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    struct mm_xml_level *parent = mm_xml_top(reader);
    unsigned element = tag->prefix ? MM_ELEMENT_NONE : mm_vocabulary_child(parent->element, tag->name);

    if (is_misplaced(reader, parent, tag, element))
        return false;
    if (!tag->prefix && strcmp(tag->name, MM_PROFILE_NAME) == 0)
        return mm_xml_open_profile(reader, tag);
    if (!tag->prefix && strcmp(tag->name, MM_REMOVE_NAME) == 0) {
        mm_xml_open_removal(reader, tag);
        return true;
    }
    if (element == MM_ELEMENT_NONE) {
        report_unknown(reader, parent, tag);
        return false;
    }
    open_known(reader, element, tag);
    return true;
}

/* Unknown elements count too: what is left out takes time all the same. */
static bool is_within_bounds(struct mm_xml_reader *reader, size_t offset)
{
    if (reader->depth + reader->skipped_depth >= MM_CONFIG_DEPTH_MAX)
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset, "elements nest deeper than %d", MM_CONFIG_DEPTH_MAX);
    else if (++reader->elements > MM_CONFIG_ITEMS_MAX)
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset, "more than %d elements, expected a configuration",
                      MM_CONFIG_ITEMS_MAX);
    else
        return true;
    mm_xml_stop(reader, 0);
    return false;
}

static void start_element(void *user, const xmlChar *local_name, const xmlChar *prefix, const xmlChar *uri,
                          int namespace_count, const xmlChar **namespaces, int attribute_count,
                          int defaulted_count, const xmlChar **attributes)
{
    struct mm_xml_reader *reader = user;
    const char *bytes = reader->position.bytes;
    struct mm_xml_tag tag = {.name = (const char *)local_name,
                             .prefix = (const char *)prefix,
                             .attributes = attributes,
                             .attribute_count = (size_t)attribute_count};

    (void)uri;
    (void)namespace_count;
    (void)namespaces;
    (void)defaulted_count;
    if (reader->is_stopped)
        return;
    tag.begin = mm_xml_tag_begin(bytes, reader->position.length, mm_xml_present_offset(reader));
    tag.end = mm_xml_tag_end(bytes, reader->position.length, mm_xml_present_offset(reader));
    /* A tag that the file's end cuts is libxml2's to report. */
    if (bytes[tag.end - 1] != '>')
        return;
    reader->after_tag = tag.end;
    if (!is_within_bounds(reader, tag.begin))
        return;
    if (reader->skipped_depth > 0) {
        reader->skipped_depth++;
        return;
    }
    if (reader->depth == 0) {
        open_root(reader, &tag);
        return;
    }
    mm_xml_top(reader)->has_stray_text = false;
    if (!open_child(reader, &tag))
        reader->skipped_depth = 1;
}

static void end_element(void *user, const xmlChar *local_name, const xmlChar *prefix, const xmlChar *uri)
{
    struct mm_xml_reader *reader = user;
    struct mm_xml_level *level = mm_xml_top(reader);

    (void)local_name;
    (void)prefix;
    (void)uri;
    if (reader->is_stopped)
        return;
    reader->after_tag = mm_xml_present_offset(reader);
    if (reader->skipped_depth > 0) {
        reader->skipped_depth--;
        return;
    }
    if (!level)
        return;
    if (level->kind == MM_XML_PROFILE)
        reader->profile = 0;
    if (level->kind == MM_XML_VALUE) {
        reader->value[reader->value_length] = '\0';
        if (reader->value_is_too_long)
            mm_problems_add(reader->problems, MM_PROBLEM_ERROR, reader->file, level->line, level->column,
                            "%s is longer than %d bytes", mm_xml_level_name(level), MM_XML_VALUE_MAX);
        mm_xml_add_item(reader,
                        &(struct mm_config_item){.element = level->element,
                                                 .instance = level->instance,
                                                 .is_refused = level->is_refused || reader->value_is_too_long,
                                                 .text = reader->value,
                                                 .line = level->line,
                                                 .column = level->column});
    }
    reader->depth--;
    if (mm_xml_top(reader))
        mm_xml_top(reader)->has_stray_text = false;
}

static void characters(void *user, const xmlChar *text, int length)
{
    struct mm_xml_reader *reader = user;
    struct mm_xml_level *level = mm_xml_top(reader);
    size_t room;

    if (reader->is_stopped || reader->skipped_depth > 0 || !level)
        return;
    if (level->kind == MM_XML_VALUE) {
        room = MM_XML_VALUE_MAX - reader->value_length;
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
        mm_xml_report(
            reader, MM_PROBLEM_ERROR,
            mm_xml_content_begin(reader->position.bytes, reader->position.length, reader->after_tag),
            "text in <%s>, which holds %s", mm_xml_level_name(level),
            level->kind == MM_XML_REMOVAL ? "nothing" : "elements only");
    }
}

static void start_document(void *user)
{
    struct mm_xml_reader *reader = user;

    xmlSAX2StartDocument(reader->context);
}

/* ---- what libxml2 finds -------------------------------------------------------------------------------- */

/* "</bpf> ends <ringKB>": libxml2 knows the names. */
static bool report_tag_error(struct mm_xml_reader *reader, const xmlError *error, size_t offset)
{
    char opened[MM_SHOWN_MAX], closed[MM_SHOWN_MAX];

    if (error->code == XML_ERR_TAG_NAME_MISMATCH && error->str1 && error->str2)
        mm_xml_report(reader, MM_PROBLEM_ERROR,
                      mm_xml_tag_begin(reader->position.bytes, reader->position.length, offset),
                      "</%s> ends <%s> of line %d, expected </%s>", mm_shown(error->str2, closed),
                      mm_shown(error->str1, opened), error->int1, opened);
    else if (error->code == XML_ERR_TAG_NOT_FINISHED && error->str1)
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset, "the file ends in <%s> of line %d, expected </%s>",
                      mm_shown(error->str1, opened), error->int1, opened);
    else
        return false;
    return true;
}

/* A reference is found wrong when it has been read. */
static size_t error_offset(const struct mm_xml_reader *reader, const xmlError *error, size_t offset)
{
    const char *bytes = reader->position.bytes;
    const char *reference;

    if (error->code != XML_ERR_UNDECLARED_ENTITY && error->code != XML_WAR_UNDECLARED_ENTITY &&
        error->code != XML_ERR_INVALID_CHAR)
        return offset;
    if (offset == 0 || offset > reader->position.length || bytes[offset - 1] != ';')
        return offset;
    reference = memrchr(bytes, '&', offset);
    return reference ? (size_t)(reference - bytes) : offset;
}

static void report_xml_error(struct mm_xml_reader *reader, const xmlError *error)
{
    size_t offset = mm_xml_present_offset(reader);
    char text[256], printable[sizeof(text)];

    if (report_tag_error(reader, error, offset))
        return;
    mm_copy_text(text, sizeof(text), error->message ? error->message : "");
    text[strcspn(text, "\n")] = '\0';
    (void)mm_printable(text, strlen(text), printable, sizeof(printable));
    mm_xml_report(reader, error->level == XML_ERR_WARNING ? MM_PROBLEM_WARNING : MM_PROBLEM_ERROR,
                  error_offset(reader, error, offset), "not well-formed XML: %s", printable);
}

#if LIBXML_VERSION >= 21200
static void xml_error(void *user, const xmlError *error)
#else
static void xml_error(void *user, xmlErrorPtr error)
#endif
{
    struct mm_xml_reader *reader = user;

    if (reader->is_stopped)
        return;
    if (error->code == XML_ERR_NO_MEMORY) {
        mm_xml_stop(reader, -ENOMEM);
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
    mm_xml_set_entity_handlers(handler);
    handler->startElementNs = start_element;
    handler->endElementNs = end_element;
    handler->characters = characters;
    handler->ignorableWhitespace = characters;
    handler->cdataBlock = characters;
    handler->serror = xml_error;
}

static int parse(struct mm_xml_reader *reader)
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
        mm_xml_report(reader, MM_PROBLEM_ERROR, mm_xml_present_offset(reader), "not well-formed XML");
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
    struct mm_xml_reader reader = {.file = file, .items = &items, .problems = problems};
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
    if (r >= 0)
        r = mm_config_check_items(&items, problems);
    if (r >= 0)
        r = mm_config_check_patterns(&items, problems);
    if (r < 0) {
        mm_config_items_fini(&items);
        return r;
    }
    *ret_items = items;
    return problems->error_count > errors_before ? -EINVAL : 0;
}

int mm_config_read_xml(const char *file, struct mm_config_items *ret_items, struct mm_problems *problems)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0;
    int r = mm_config_read_file(file, MM_CONFIG_MAX_BYTES, false, &bytes, &length, problems);

    return r < 0 ? r : mm_config_parse_xml(file, bytes, length, ret_items, problems);
}
