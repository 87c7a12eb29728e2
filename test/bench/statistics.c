/* SPDX-License-Identifier: Apache-2.0 */
/* Medians and worst cases. */
#include "test/bench/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

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

void mm_bench_print(const char *name, const char *unit, double *values, size_t count)
{
    double median = mm_bench_median(values, count);

    if (count == 0) {
        (void)printf("%-44s no run\n", name);
        return;
    }
    (void)printf("%-44s median %9.3f  p99 %9.3f  worst %9.3f  best %9.3f %s (%zu runs)\n", name, median,
                 values[(count * 99 + 99) / 100 - 1], values[count - 1], values[0], unit, count);
    (void)fflush(stdout);
}

void mm_bench_print_machine(void)
{
    struct utsname name;
    char date[32] = "";
    time_t now = time(NULL);
    struct tm calendar;

    if (gmtime_r(&now, &calendar))
        (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &calendar);
    if (uname(&name) == 0)
        (void)printf("# %s, Linux %s %s, %ld processors, compiler %s\n", date, name.release, name.machine,
                     sysconf(_SC_NPROCESSORS_ONLN), __VERSION__);
}
