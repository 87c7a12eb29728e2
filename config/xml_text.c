/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping, and comments with lines of a readable length. */
#include "config/xml_text.h"

#include "common/common.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static const char *entity_of(char character)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    for (size_t i = 0; i < MM_ARRAY_SIZE(entities); i++) {
        if (entities[i].character == character)
            return entities[i].entity;
    }
    return NULL;
}

void mm_xml_write_escaped(FILE *stream, const char *text)
{
    while (*text) {
        const char *entity = entity_of(*text);
        uint32_t code = 0;
        size_t unsafe = mm_text_unsafe_character(text, &code);

        if (unsafe > 0)
            (void)fprintf(stream, "&#x%" PRIx32 ";", code);
        else if (entity)
            (void)fputs(entity, stream);
        else
            (void)fputc(*text, stream);
        text += unsafe > 0 ? unsafe : 1;
    }
}

/* *before is the character before the text; what stands for a hyphen is none. */
static void write_comment_bytes(FILE *stream, const char *text, size_t length, char *before)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '-' && *before == '-') {
            (void)fputs("\\x2d", stream);
            *before = ' ';
            continue;
        }
        (void)fputc(text[i], stream);
        *before = text[i];
    }
}

void mm_xml_write_comment_text(FILE *stream, const char *text)
{
    char before = ' ';

    write_comment_bytes(stream, text, strlen(text), &before);
}

/* Columns: one for each character. */
static size_t width_of(const char *text, size_t length)
{
    size_t width = 0;

    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* A line of the comment is about to go on at column; is_empty: nothing stands on it, not even its margin. */
struct comment_line {
    FILE *stream;
    size_t margin, column;
    bool is_empty;
};

static void begin_line(struct comment_line *line)
{
    (void)fputc('\n', line->stream);
    line->column = line->margin;
    line->is_empty = true;
}

static void write_word(struct comment_line *line, const char *word, size_t length)
{
    char before = ' ';
    size_t width = width_of(word, length);

    if (line->column > line->margin && line->column + 1 + width > MM_XML_COLUMNS - strlen(" -->"))
        begin_line(line);
    if (line->is_empty)
        (void)fprintf(line->stream, "%*s", (int)line->margin, "");
    else if (line->column > line->margin)
        line->column += (size_t)fprintf(line->stream, " ");
    write_comment_bytes(line->stream, word, length, &before);
    line->column += width;
    line->is_empty = false;
}

void mm_xml_write_comment(FILE *stream, unsigned indentation, const char *text)
{
    const size_t margin = indentation + strlen("<!-- ");
    struct comment_line line = {.stream = stream, .margin = margin, .column = margin};

    (void)fprintf(stream, "%*s<!-- ", (int)indentation, "");
    while (*text) {
        size_t length = strcspn(text, " \n");

        if (length > 0 || *text == ' ')
            write_word(&line, text, length);
        text += length;
        if (*text == '\n')
            begin_line(&line);
        text += *text != '\0';
    }
    (void)fputs(" -->\n", stream);
}
