/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of this bench share. */
#ifndef MM_TEST_BENCH_BPF_LATENCY_H
#define MM_TEST_BENCH_BPF_LATENCY_H

/* A child's: processes that do nothing, one after the other, for ever. */
void mm_bench_flood(void *user);

/* What a running daemon with everything on costs the machine (bpf_cost.c). 0, or 1 without one. */
int mm_bench_measure_cost(void);

#endif
