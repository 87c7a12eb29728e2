/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration of 1,000 lines in three layers with profiles: how long the daemon waits for it (the reader program
 * included), what of that is reading, merging and building, and what the reader takes of memory at most.
 */
#include "common/common.h"
#include "config/config.h"
#include "config/xml_reader.h"
#include "service/shared/runtime.h"
#include "test/bench/statistics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINES      1000
#define RUNS       100
#define TIMEOUT_MS 10000
#define FILES      3
#define APPS       110 /* of four lines each, in the first file */
#define OVERRIDES  50  /* of them, in the last one */

static const struct mm_config_device device = {.ram_bytes = 4096 * MM_MIB, .screen_inches = 7};

struct place {
    char directory[64];
    char files[FILES][96];
};

static double clock_ms(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* ---- the files -------------------------------------------------------------------------------------------- */

/* Each writes whole lines and returns how many. */
static unsigned write_table(FILE *file, unsigned memory_mb)
{
    (void)fprintf(file, "<killConfig>\n");
    for (unsigned i = 1; i <= 5; i++)
        (void)fprintf(file,
                      "    <killLevel id=\"%u\">\n        <memoryMB>%u</memoryMB>\n"
                      "        <minPriority>%u</minPriority>\n    </killLevel>\n",
                      i, memory_mb * i, (i - 1) * 100);
    (void)fprintf(file, "</killConfig>\n");
    return 22;
}

static unsigned write_apps(FILE *file, unsigned count, unsigned priority)
{
    (void)fprintf(file, "<reclaimPriorityConfig>\n<importantBgApps>\n");
    for (unsigned i = 0; i < count; i++)
        (void)fprintf(file,
                      "    <importantBgApp>\n        <procName>com.example.application%u</procName>\n"
                      "        <minPriority>%u</minPriority>\n    </importantBgApp>\n",
                      i, priority);
    (void)fprintf(file, "</importantBgApps>\n</reclaimPriorityConfig>\n");
    return 4 * count + 4;
}

static unsigned write_profiles(FILE *file)
{
    static const unsigned ram_mb[] = {1024, 2048, 4096, 6144, 8192, 12288, 16384};
    unsigned lines = 0;

    for (unsigned i = 0; i < MM_ARRAY_SIZE(ram_mb); i++) {
        (void)fprintf(file, "<ramProfile minRamMB=\"%u\" maxRamMB=\"%u\" name=\"%u\">\n",
                      i > 0 ? ram_mb[i - 1] + 1 : 0, ram_mb[i], ram_mb[i]);
        lines += write_table(file, ram_mb[i] / 64) + 2;
        (void)fprintf(file, "</ramProfile>\n");
    }
    return lines;
}

/* The rest of the thousand lines is comments, as in files that people write. */
static void write_comments(FILE *file, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)fprintf(file, "<!-- Why the number below is what it is, and who asked for it. -->\n");
}

static int write_files(const struct place *place)
{
    unsigned lines = 0;

    for (unsigned i = 0; i < FILES; i++) {
        FILE *file = fopen(place->files[i], "we");

        if (!file)
            return -errno;
        (void)fprintf(file, "<Memmgr>\n");
        if (i == 0)
            lines += write_table(file, 50) + write_apps(file, APPS, 200);
        if (i == 1)
            lines += write_profiles(file);
        if (i == 2)
            lines += write_apps(file, OVERRIDES, 100);
        lines += 2;
        if (i == 2)
            write_comments(file, LINES - lines);
        (void)fprintf(file, "</Memmgr>\n");
        if (fclose(file) != 0)
            return -errno;
    }
    return 0;
}

static int make_place(struct place *place)
{
    int result;

    mm_copy_text(place->directory, sizeof(place->directory), "/tmp/memmgr-bench-XXXXXX");
    if (!mkdtemp(place->directory))
        return -errno;
    for (unsigned i = 0; i < FILES; i++)
        (void)mm_format(place->files[i], sizeof(place->files[i]), "%s/%u.xml", place->directory, i);
    result = write_files(place);
    return result < 0 ? result : 0;
}

static void remove_place(const struct place *place)
{
    for (unsigned i = 0; i < FILES; i++)
        (void)unlink(place->files[i]);
    (void)rmdir(place->directory);
}

/* ---- what is measured --------------------------------------------------------------------------------------- */

/* As the daemon does it. */
static int load(const char *reader, const struct mm_config_sources *sources, struct mm_config **ret_config,
                struct mm_problems *problems)
{
    return mm_config_load(reader, sources, &device, TIMEOUT_MS, ret_config, problems);
}

/* The same without another program. */
static int load_here(const char *reader, const struct mm_config_sources *sources,
                     struct mm_config **ret_config, struct mm_problems *problems)
{
    struct mm_config_items items = {0};
    int result = mm_config_read(sources, &device, &items, problems);

    (void)reader;
    if (result == 0)
        result = mm_config_build(&items, &device, ret_config, problems);
    mm_config_items_fini(&items);
    return result;
}

/* Is it the one that was written? */
static bool is_right(const struct mm_config *config)
{
    return config->kill.level_count == 5 && config->kill.levels[4].memory_bytes == 320 * MM_MIB &&
           config->reclaim_priority.important_app_count == APPS &&
           config->reclaim_priority.important_apps[0].min_priority == 100;
}

static int measure(const char *name, const char *reader, const struct mm_config_sources *sources,
                   int (*run)(const char *reader, const struct mm_config_sources *sources,
                              struct mm_config **ret_config, struct mm_problems *problems))
{
    double values[RUNS];

    for (unsigned i = 0; i < RUNS; i++) {
        struct mm_problems problems = {0};
        struct mm_config *config = NULL;
        double begin_ms = clock_ms();
        int result = run(reader, sources, &config, &problems);
        char text[MM_PROBLEM_TEXT_MAX];

        values[i] = clock_ms() - begin_ms;
        for (size_t k = 0; result < 0 && k < problems.count; k++)
            (void)fprintf(stderr, "%s\n", mm_problem_text(&problems.items[k], text, sizeof(text)));
        if (result == 0 && !is_right(config))
            result = -EPROTO;
        mm_config_free(config);
        mm_problems_fini(&problems);
        if (result < 0)
            return result;
    }
    mm_bench_print(name, "ms", values, RUNS);
    return 0;
}

static double milliseconds(const struct timeval *time)
{
    return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

static const struct mm_bench bench_help = {
    .name = "config_load",
    .summary = "How long the daemon waits for a configuration of 1,000 lines in three layers.",
};

int main(int argc, char **argv)
{
    struct place place = {0};
    const char *files[FILES];
    const struct mm_config_sources sources = {.files = files, .file_count = FILES};
    char reader[MM_PROGRAM_PATH_MAX];
    struct rusage children, own;
    double busy_ms;
    int result, status;

    if (!mm_bench_begin(&bench_help, &argc, argv, &status))
        return status;
    result = make_place(&place);
    for (unsigned i = 0; i < FILES; i++)
        files[i] = place.files[i];
    mm_runtime_program("memmgr-config", reader, sizeof(reader));
    if (result == 0)
        result = measure("1,000 lines in 3 layers, with the reader program", reader, &sources, load);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    (void)getrusage(RUSAGE_SELF, &own);
    busy_ms = (milliseconds(&children.ru_utime) + milliseconds(&children.ru_stime) +
               milliseconds(&own.ru_utime) + milliseconds(&own.ru_stime)) /
              RUNS;
    if (result == 0)
        result = measure("the same within one process", reader, &sources, load_here);
    remove_place(&place);
    if (result < 0) {
        (void)fprintf(stderr, "config_load: %s\n", strerror(-result));
        return 1;
    }
    mm_bench_print_figure("of that on a processor, the reader and ours", "ms", busy_ms);
    mm_bench_print_figure("the memory of the reader at its peak", "KiB", (double)children.ru_maxrss);
    mm_bench_print_figure("the same of who waits for it", "KiB", (double)own.ru_maxrss);
    return 0;
}
