/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of many runs, and how a bench is called: lines for people, or with --json an object on each line. */
#ifndef MM_TEST_BENCH_STATISTICS_H
#define MM_TEST_BENCH_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

struct mm_bench {
    const char *name;
    const char *summary;   /* what is measured; lines of help, no newline behind */
    const char *arguments; /* "[ROUNDS]"; NULL: none */
};

/*
 * Takes --help and --json out of the command line and, unless the program is to end with *ret_status, prints what every
 * figure must be read with: kernel, processors, compiler, date. false: it is to end. Wrong usage ends with 2.
 */
bool mm_bench_begin(const struct mm_bench *bench, int *argc, char **argv, int *ret_status);

/* "name: median 3.2 ms, p99 7.1, worst 9.0, best 2.8 (100 runs)". Sorts the values. */
void mm_bench_print(const char *name, const char *unit, double *values, size_t count);
/* A figure that is not of several runs. */
void mm_bench_print_figure(const char *name, const char *unit, double value);

double mm_bench_median(double *values, size_t count);

#endif
