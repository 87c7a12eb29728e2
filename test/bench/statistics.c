/* SPDX-License-Identifier: Apache-2.0 */
/* Medians and worst cases. */
#include "test/bench/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* How the program was called: once, before it measures. */
static struct {
    const char *name;
    bool is_json;
} output;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

double mm_bench_median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* The names are the benches' own: nothing in them needs an escape. */
static void begin_json(const char *name, const char *unit)
{
    (void)printf("{\"bench\":\"%s\",\"figure\":\"%s\",\"unit\":\"%s\"", output.name, name, unit);
}

void mm_bench_print(const char *name, const char *unit, double *values, size_t count)
{
    double median = mm_bench_median(values, count);
    double p99 = count > 0 ? values[(count * 99 + 99) / 100 - 1] : 0;

    if (output.is_json)
        begin_json(name, unit);
    if (count == 0)
        (void)printf(output.is_json ? ",\"runs\":0}\n" : "%-44s no run\n", name);
    else if (output.is_json)
        (void)printf(",\"median\":%.3f,\"p99\":%.3f,\"worst\":%.3f,\"best\":%.3f,\"runs\":%zu}\n", median,
                     p99, values[count - 1], values[0], count);
    else
        (void)printf("%-44s median %9.3f  p99 %9.3f  worst %9.3f  best %9.3f %s (%zu runs)\n", name, median,
                     p99, values[count - 1], values[0], unit, count);
    (void)fflush(stdout);
}

void mm_bench_print_figure(const char *name, const char *unit, double value)
{
    if (output.is_json) {
        begin_json(name, unit);
        (void)printf(",\"value\":%.3f}\n", value);
    } else {
        (void)printf("%-44s %16.3f %s\n", name, value, unit);
    }
    (void)fflush(stdout);
}

static void print_machine(void)
{
    struct utsname name;
    char date[32] = "";
    time_t now = time(NULL);
    struct tm calendar;

    if (gmtime_r(&now, &calendar))
        (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &calendar);
    if (uname(&name) < 0)
        return;
    if (output.is_json)
        (void)printf("{\"bench\":\"%s\",\"date\":\"%s\",\"kernel\":\"%s\",\"machine\":\"%s\","
                     "\"processors\":%ld,\"compiler\":\"%s\"}\n",
                     output.name, date, name.release, name.machine, sysconf(_SC_NPROCESSORS_ONLN),
                     __VERSION__);
    else
        (void)printf("# %s, Linux %s %s, %ld processors, compiler %s\n", date, name.release, name.machine,
                     sysconf(_SC_NPROCESSORS_ONLN), __VERSION__);
}

static int print_usage(const struct mm_bench *bench, FILE *stream)
{
    (void)fprintf(stream,
                  "Usage: %s [--json]%s%s\n\n%s\n\n"
                  "  --json  an object on each line instead of text\n"
                  "  --help  print this\n",
                  bench->name, bench->arguments ? " " : "", bench->arguments ? bench->arguments : "",
                  bench->summary);
    return stream == stdout ? 0 : 2;
}

bool mm_bench_begin(const struct mm_bench *bench, int *argc, char **argv, int *ret_status)
{
    int left = 1;

    output.name = bench->name;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            output.is_json = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            *ret_status = print_usage(bench, stdout);
            return false;
        } else if (bench->arguments && argv[i][0] != '-') {
            argv[left++] = argv[i];
        } else {
            (void)fprintf(stderr, "%s: '%s' is not understood\n", bench->name, argv[i]);
            *ret_status = print_usage(bench, stderr);
            return false;
        }
    }
    *argc = left;
    print_machine();
    return true;
}
