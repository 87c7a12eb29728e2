/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon of a bench's own, in a dry run on the whole machine, and the children that a bench makes. */
#ifndef MM_TEST_BENCH_BENCH_DAEMON_H
#define MM_TEST_BENCH_BENCH_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Its directory, socket and configuration, and where it says that it is ready. */
struct mm_bench_place {
    char directory[64];
    char config[96], notify[96], socket[96];
    int notify_fd;
};

/* 0 or a negative errno. */
int mm_bench_place_make(struct mm_bench_place *place);
void mm_bench_place_remove(struct mm_bench_place *place);

/* The built-in configuration, with BPF or without, with cpuflow or without. 0 or a negative errno. */
int mm_bench_write_config(const struct mm_bench_place *place, bool has_bpf, bool has_cpuflow);

/* Ended by mm_bench_end. */
pid_t mm_bench_start_daemon(const struct mm_bench_place *place);
/* false after 20 s. */
bool mm_bench_wait_ready(const struct mm_bench_place *place);
/* Forgets what it said besides. */
void mm_bench_drain(const struct mm_bench_place *place);

/* A process that does body and ends, and dies with this program; -1 when there cannot be one. */
pid_t mm_bench_start_child(void (*body)(void *user), void *user);
/* Sends the signal and waits for the end. */
void mm_bench_end(pid_t pid, int number);

uint64_t mm_bench_now_ns(void);
void mm_bench_sleep_ns(uint64_t time_ns);

/* The number after a line's name, in any of the kernel's files of that shape: status, smaps_rollup, an fdinfo. 0 where
   there is none. */
uint64_t mm_bench_read_figure(const char *path, const char *key);
/* The same of /proc/PID/file. */
uint64_t mm_bench_read_process(pid_t pid, const char *file, const char *key);
/* What all of its threads were given of processors, in ns. */
uint64_t mm_bench_read_run_time_ns(pid_t pid);

/* How often its main thread wakes, per second, measured over so many. */
double mm_bench_wake_ups_per_second(pid_t pid, unsigned seconds);

#endif
