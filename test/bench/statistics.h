/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of many runs. */
#ifndef MM_TEST_BENCH_STATISTICS_H
#define MM_TEST_BENCH_STATISTICS_H

#include <stddef.h>

/* "name: median 3.2 ms, p99 7.1, worst 9.0, best 2.8 (100 runs)". Sorts the values. */
void mm_bench_print(const char *name, const char *unit, double *values, size_t count);

double mm_bench_median(double *values, size_t count);

/* What every figure must be read with: kernel, processors, compiler, date. */
void mm_bench_print_machine(void);

#endif
