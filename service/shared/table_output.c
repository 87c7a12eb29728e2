/* SPDX-License-Identifier: Apache-2.0 */
#include "service/shared/table_output.h"

#include "common/common.h"
#include "service/shared/clean_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest cell is a chain of reasons. */
#define CELL_MAX 1024

struct cell {
    char *text;
    enum mm_style style;
};

struct mm_table {
    const struct mm_column *columns;
    unsigned column_count;
    struct cell *cells;
    size_t count, capacity;
};

static void *checked(void *memory)
{
    if (!memory) {
        (void)fputs("memmgrctl: no memory\n", stderr);
        exit(MM_CTL_REFUSED);
    }
    return memory;
}

struct mm_table *mm_table_new(const struct mm_column *columns, unsigned count)
{
    struct mm_table *table = checked(calloc(1, sizeof(*table)));

    table->columns = columns;
    table->column_count = count;
    return table;
}

void mm_table_free(struct mm_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

void mm_table_cell(struct mm_table *table, enum mm_style style, const char *format, ...)
{
    char text[CELL_MAX], clean[CELL_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->cells = checked(realloc(table->cells, table->capacity * sizeof(*table->cells)));
    }
    table->cells[table->count++] =
        (struct cell){.text = checked(strdup(mm_clean_text(text, clean, sizeof(clean)))), .style = style};
}

void mm_table_size_cell(struct mm_table *table, const cJSON *bytes)
{
    char text[MM_SIZE_TEXT_MAX];

    if (cJSON_IsNumber(bytes) && bytes->valuedouble >= 0 && bytes->valuedouble < (double)INT64_MAX)
        mm_table_cell(table, MM_STYLE_PLAIN, "%s",
                      mm_size_text((uint64_t)bytes->valuedouble, text, sizeof(text)));
    else
        mm_table_cell(table, MM_STYLE_FAINT, "-");
}

/* Columns of the terminal, one for each character: names are hardly ever wider. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_blanks(size_t count)
{
    while (count-- > 0)
        (void)putchar(' ');
}

/* One row; the last column is not filled up, so that no line ends in blanks. */
static void print_row(const struct mm_table *table, const struct mm_ctl *ctl, const struct cell *row,
                      const size_t *widths)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        size_t padding = widths[i] - width_of(row[i].text);
        bool is_last = i + 1 == table->column_count;

        if (table->columns[i].is_right)
            print_blanks(padding);
        (void)printf("%s%s%s", mm_style_begin(ctl, row[i].style), row[i].text,
                     mm_style_end(ctl, row[i].style));
        if (!table->columns[i].is_right && !is_last)
            print_blanks(padding);
        if (!is_last)
            print_blanks(2);
    }
    (void)putchar('\n');
}

void mm_table_print(const struct mm_table *table, const struct mm_ctl *ctl)
{
    struct cell *titles = checked(calloc(table->column_count, sizeof(*titles)));
    size_t *widths = checked(calloc(table->column_count, sizeof(*widths)));
    size_t rows = table->count / table->column_count;

    for (unsigned i = 0; i < table->column_count; i++) {
        titles[i] = (struct cell){.text = (char *)table->columns[i].title, .style = MM_STYLE_TITLE};
        widths[i] = width_of(titles[i].text);
    }
    for (size_t i = 0; i < rows * table->column_count; i++) {
        unsigned column = (unsigned)(i % table->column_count);

        widths[column] = MM_MAX(widths[column], width_of(table->cells[i].text));
    }
    print_row(table, ctl, titles, widths);
    for (size_t i = 0; i < rows; i++)
        print_row(table, ctl, table->cells + i * table->column_count, widths);
    free(titles);
    free(widths);
}

const char *mm_duration_text(double milliseconds, char *buffer, size_t size)
{
    double seconds = milliseconds / 1000;

    if (milliseconds < 10)
        (void)mm_format(buffer, size, "%.1f ms", milliseconds);
    else if (seconds < 1)
        (void)mm_format(buffer, size, "%.0f ms", milliseconds);
    else if (seconds < 60)
        (void)mm_format(buffer, size, "%.1f s", seconds);
    else if (seconds < 3600)
        (void)mm_format(buffer, size, "%u min %u s", (unsigned)(seconds / 60), (unsigned)seconds % 60);
    else if (seconds < 86400)
        (void)mm_format(buffer, size, "%u h %u min", (unsigned)(seconds / 3600), (unsigned)seconds / 60 % 60);
    else
        (void)mm_format(buffer, size, "%u d %u h", (unsigned)(seconds / 86400),
                        (unsigned)(seconds / 3600) % 24);
    return buffer;
}

void mm_print_json(const cJSON *json)
{
    char *text = checked(cJSON_Print(json));

    (void)puts(text);
    cJSON_free(text);
}
