/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/pressure/memory and a group's memory.pressure; the averages are percent, the total microseconds:
 *
 *   some avg10=1.25 avg60=0.00 avg300=0.00 total=284113
 *   full avg10=0.98 avg60=0.00 avg300=0.00 total=201771
 */
#include "kernel_interface/system_files.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

/* 100 % in hundredths of a percent; the kernel's rounding never goes above it. */
#define CENTIPERCENT_MAX 10000U

void mm_pressure_begin(struct mm_pressure *pressure)
{
    *pressure = (struct mm_pressure){.some.total_us = MM_UNKNOWN, .full.total_us = MM_UNKNOWN};
}

/* "avg10=1.25": the value behind the name, as 125. */
static int read_average(const char **cursor, const char *end, const char *name, uint32_t *ret_centipercent)
{
    struct mm_word word = mm_first_word(cursor, end);
    size_t name_length = strlen(name);
    const char *position = word.text + name_length;
    const char *word_end = word.text + word.length;
    uint64_t whole, fraction;
    int r;

    if (word.length <= name_length || memcmp(word.text, name, name_length) != 0)
        return -EINVAL;
    r = mm_scan_u64(&position, word_end, &whole);
    if (r < 0)
        return r;
    if (word_end - position != 3 || *position++ != '.')
        return -EINVAL; /* the kernel prints two digits */
    r = mm_scan_figure(&position, word_end, &fraction);
    if (r < 0)
        return r;
    if (whole > 100)
        return -ERANGE;
    whole = whole * 100 + fraction;
    if (whole > CENTIPERCENT_MAX)
        return -ERANGE;
    *ret_centipercent = (uint32_t)whole;
    return 0;
}

static int read_total(const char **cursor, const char *end, uint64_t *ret_total_us)
{
    static const char name[] = "total=";
    struct mm_word word = mm_first_word(cursor, end);
    const char *position = word.text + sizeof(name) - 1;

    if (word.length < sizeof(name) || memcmp(word.text, name, sizeof(name) - 1) != 0)
        return -EINVAL;
    return mm_scan_figure(&position, word.text + word.length, ret_total_us);
}

int mm_pressure_parse_line(const char *line, size_t length, void *user)
{
    struct mm_pressure *pressure = (struct mm_pressure *)user;
    const char *cursor = line;
    const char *end = line + length;
    struct mm_word kind = mm_first_word(&cursor, end);
    struct mm_pressure_line figures = {0};
    int r;

    if (!mm_word_is(kind, "some") && !mm_word_is(kind, "full"))
        return 0;
    r = read_average(&cursor, end, "avg10=", &figures.average_10s_centipercent);
    if (r == 0)
        r = read_average(&cursor, end, "avg60=", &figures.average_60s_centipercent);
    if (r == 0)
        r = read_average(&cursor, end, "avg300=", &figures.average_300s_centipercent);
    if (r == 0)
        r = read_total(&cursor, end, &figures.total_us);
    if (r < 0)
        return r;
    *(mm_word_is(kind, "some") ? &pressure->some : &pressure->full) = figures;
    return 0;
}

int mm_pressure_end(const struct mm_pressure *pressure)
{
    return pressure->some.total_us == MM_UNKNOWN ? -ENODATA : 0;
}
