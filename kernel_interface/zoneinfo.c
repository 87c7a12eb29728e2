/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/zoneinfo, one such section for each zone of each node; an empty zone ends after "protection":
 *
 *   Node 0, zone    DMA32
 *     per-node stats
 *         nr_inactive_anon 2670
 *     pages free     772918
 *           boost    0
 *           min      11824
 *           low      14780
 *           high     17736
 *           managed  772918
 *           protection: (0, 0, 1280, 1280, 1280)
 *     pagesets
 *       cpu: 0
 *                 count:    0
 *                 high:     0
 *
 * The watermark and the page set's "high:" differ by the colon alone.
 */
#include "kernel_interface/system_files.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

#define FIGURE(name, field)                                                                                  \
    {                                                                                                        \
        name, offsetof(struct mm_zone_figures, field), 1, false                                              \
    }

static const struct mm_key keys[] = {
    FIGURE("min", min),
    FIGURE("low", low),
    FIGURE("high", high),
    FIGURE("managed", managed),
};

static const struct mm_key_table table = {keys, MM_ARRAY_SIZE(keys)};

void mm_zoneinfo_begin(struct mm_zoneinfo_parser *parser)
{
    *parser = (struct mm_zoneinfo_parser){.last_populated_node = MM_UNKNOWN};
}

static void add_saturating(uint64_t *sum, uint64_t value)
{
    if (__builtin_add_overflow(*sum, value, sum))
        *sum = UINT64_MAX;
}

/* Adds the zone that has been read completely. One without managed pages has no memory to speak of. */
static void close_zone(struct mm_zoneinfo_parser *parser)
{
    const struct mm_zone_figures *zone = &parser->zone;
    struct mm_zoneinfo *sum = &parser->sum;

    if (parser->has_zone && zone->managed > 0) {
        sum->zone_count++;
        if (parser->node != parser->last_populated_node)
            sum->node_count++;
        parser->last_populated_node = parser->node;
        add_saturating(&sum->free_pages, zone->free);
        add_saturating(&sum->managed_pages, zone->managed);
        add_saturating(&sum->min_watermark_pages, zone->min);
        add_saturating(&sum->low_watermark_pages, zone->low);
        add_saturating(&sum->high_watermark_pages, zone->high);
        add_saturating(&sum->min_watermark_pages, zone->largest_protection);
        add_saturating(&sum->low_watermark_pages, zone->largest_protection);
        add_saturating(&sum->high_watermark_pages, zone->largest_protection);
    }
    parser->has_zone = false;
}

/* What follows "Node": " 0, zone    DMA32". */
static int open_zone(struct mm_zoneinfo_parser *parser, const char *cursor, const char *end)
{
    int r;

    close_zone(parser);
    r = mm_scan_u64(&cursor, end, &parser->node);
    if (r < 0)
        return r;
    if (cursor == end || *cursor != ',')
        return -EINVAL;
    parser->zone = (struct mm_zone_figures){0};
    parser->has_zone = true;
    return 0;
}

/* What follows "protection:": " (0, 3019, 4299, 4299, 4299)". */
static int read_protection(struct mm_zone_figures *zone, const char *cursor, const char *end)
{
    const char *position = memchr(cursor, '(', (size_t)(end - cursor));

    if (!position)
        return -EINVAL;
    do {
        uint64_t protection;
        int r;

        position++;
        r = mm_scan_u64(&position, end, &protection);
        if (r < 0)
            return r;
        zone->largest_protection = MM_MAX(zone->largest_protection, protection);
    } while (position < end && *position == ',');
    return position < end && *position == ')' ? 0 : -EINVAL;
}

int mm_zoneinfo_parse_line(const char *line, size_t length, void *user)
{
    struct mm_zoneinfo_parser *parser = (struct mm_zoneinfo_parser *)user;
    const char *cursor = line;
    const char *end = line + length;
    struct mm_word word = mm_first_word(&cursor, end);
    int r;

    if (mm_word_is(word, "Node"))
        return open_zone(parser, cursor, end);
    if (!parser->has_zone || word.length == 0)
        return 0;
    if (mm_word_is(word, "protection:"))
        return read_protection(&parser->zone, cursor, end);
    if (mm_word_is(word, "pages")) {
        struct mm_word what = mm_first_word(&cursor, end);

        return mm_word_is(what, "free") ? mm_scan_figure(&cursor, end, &parser->zone.free) : 0;
    }
    if (word.text[word.length - 1] == ':')
        return 0;
    r = mm_key_line(&table, line, length, &parser->zone);
    return r < 0 ? r : 0;
}

int mm_zoneinfo_end(struct mm_zoneinfo_parser *parser, struct mm_zoneinfo *ret_zoneinfo)
{
    close_zone(parser);
    if (parser->sum.zone_count == 0)
        return -ENODATA;
    *ret_zoneinfo = parser->sum;
    return 0;
}
