/* SPDX-License-Identifier: Apache-2.0 */
/* The observer's record, one line of JSON. */
#include "test/vm/tools/observer.h"

#include <inttypes.h>

static void put_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            (void)fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            (void)fprintf(out, "\\u%04x", (unsigned int)(unsigned char)*text);
        else
            (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void put_deaths(const struct mm_observer *observer, FILE *out)
{
    for (size_t i = 0; i < observer->death_count; i++) {
        const struct mm_observer_death *death = &observer->deaths[i];

        (void)fprintf(out,
                      "%s{\"name\":\"%s\",\"pid\":%d,\"signal\":%d,\"status\":%d,\"time_ms\":%" PRId64
                      ",\"available_mb\":%" PRId64 ",\"available_low_mb\":%" PRId64 "}",
                      i ? "," : "", death->child->name, (int)death->child->pid, death->signal, death->status,
                      death->time_ms, death->available_mb, death->available_low_mb);
    }
}

static void put_crossings(const struct mm_observer_memory *memory, FILE *out)
{
    const char *separator = "";

    for (size_t i = 0; i < memory->crossing_count; i++) {
        const struct mm_observer_crossing *crossing = &memory->crossings[i];

        if (crossing->time_ms < 0)
            continue;
        (void)fprintf(out,
                      "%s{\"waterline_mb\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"available_mb\":%" PRId64 "}",
                      separator, crossing->waterline_mb, crossing->time_ms, crossing->available_mb);
        separator = ",";
    }
}

void mm_observer_report(const struct mm_observer *observer, FILE *out)
{
    const char *separator = "";

    (void)fputs("{\"deaths\":[", out);
    put_deaths(observer, out);
    (void)fputs("],\"crossings\":[", out);
    put_crossings(&observer->memory, out);
    (void)fprintf(out, "],\"oom_kill\":%" PRId64 ",\"oom_lines\":[",
                  mm_observer_oom_kills() - observer->oom_kills_at_start);
    for (size_t i = 0; i < observer->oom_line_count; i++) {
        (void)fputs(i ? "," : "", out);
        put_text(out, observer->oom_lines[i]);
    }
    (void)fputs("],\"survivors\":[", out);
    for (size_t i = 0; i < observer->child_count; i++) {
        if (observer->children[i].pidfd < 0)
            continue;
        (void)fprintf(out, "%s\"%s\"", separator, observer->children[i].name);
        separator = ",";
    }
    (void)fprintf(out,
                  "],\"lowest_available_mb\":%" PRId64 ",\"samples\":%" PRId64 ",\"longest_gap_ms\":%" PRId64
                  ",\"started_ms\":%" PRId64 ",\"ended_ms\":%" PRId64 "}\n",
                  observer->memory.lowest_kib / 1024, observer->memory.samples,
                  observer->memory.longest_gap_ms, observer->started_ms, mm_observer_now_ms());
}
