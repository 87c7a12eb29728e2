/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as XML that reads back as the same configuration. */
#include "config/write_xml.h"

#include "common/common.h"
#include "config/visit.h"
#include "config/xml_text.h"

#include <errno.h>
#include <string.h>

struct writer {
    FILE *stream;
    const struct mm_config *config;
    bool with_ids, with_origins;
    unsigned depth;
};

const char *mm_config_origin_text(const struct mm_config *config, unsigned element, unsigned instance,
                                  char *buffer, size_t size)
{
    struct mm_origin origin;
    char shown[MM_ORIGIN_TEXT_MAX];
    size_t length;

    if (!mm_config_origin(config, element, instance, &origin)) {
        mm_copy_text(buffer, size, "built-in");
        return buffer;
    }
    (void)mm_printable(origin.file, strlen(origin.file), shown, sizeof(shown));
    length = mm_format(buffer, size, "%s:%u", shown, origin.line);
    if (origin.profile && origin.profile[0])
        (void)mm_format(buffer + length, size - length, " (profile %s)",
                        mm_printable(origin.profile, strlen(origin.profile), shown, sizeof(shown)));
    else if (origin.profile)
        (void)mm_format(buffer + length, size - length, " (a profile)");
    return buffer;
}

static void indent(const struct writer *writer)
{
    (void)fprintf(writer->stream, "%*s", (int)(writer->depth * 4), "");
}

static void open_tag(void *user, unsigned element, unsigned instance)
{
    struct writer *writer = user;
    struct mm_origin origin;

    indent(writer);
    (void)fprintf(writer->stream, "<%s", mm_vocabulary_name(element));
    if (writer->with_ids && mm_vocabulary_at(element)->type == MM_TYPE_ROW &&
        mm_config_origin(writer->config, element, instance, &origin) && origin.id) {
        (void)fputs(" id=\"", writer->stream);
        mm_xml_write_escaped(writer->stream, origin.id);
        (void)fputc('"', writer->stream);
    }
    (void)fputs(">\n", writer->stream);
    writer->depth++;
}

static void close_tag(void *user, unsigned element)
{
    struct writer *writer = user;

    writer->depth--;
    indent(writer);
    (void)fprintf(writer->stream, "</%s>\n", mm_vocabulary_name(element));
}

static void write_value(void *user, const struct mm_visited_value *value)
{
    const struct writer *writer = user;
    char origin[MM_ORIGIN_TEXT_MAX];

    indent(writer);
    (void)fprintf(writer->stream, "<%s>", mm_vocabulary_name(value->element));
    mm_xml_write_escaped(writer->stream, value->text);
    (void)fprintf(writer->stream, "</%s>", mm_vocabulary_name(value->element));
    if (writer->with_origins) {
        (void)fputs(" <!-- ", writer->stream);
        mm_xml_write_comment_text(
            writer->stream,
            mm_config_origin_text(writer->config, value->element, value->instance, origin, sizeof(origin)));
        (void)fputs(" -->", writer->stream);
    }
    (void)fputc('\n', writer->stream);
}

int mm_config_write_xml_choice(FILE *stream, const struct mm_config *config,
                               const struct mm_xml_choice *choice)
{
    struct writer writer = {.stream = stream,
                            .config = config,
                            .with_ids = choice->with_ids,
                            .with_origins = choice->with_origins,
                            .depth = 1};
    const struct mm_config_visitor visitor = {
        .open = open_tag, .close = close_tag, .value = write_value, .user = &writer};

    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    mm_config_visit(config, choice->only, &visitor);
    (void)fputs("</" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    return ferror(stream) ? -EIO : 0;
}

int mm_config_write_xml(FILE *stream, const struct mm_config *config)
{
    const struct mm_xml_choice everything = {.only = MM_ELEMENT_NONE};

    return mm_config_write_xml_choice(stream, config, &everything);
}
