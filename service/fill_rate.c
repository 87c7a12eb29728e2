/* SPDX-License-Identifier: Apache-2.0 */
/* How fast this machine can fill memory. */
#include "service/engine.h"

#include "common/common.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* One huge page, so that a system that hands those out by default is measured with them. */
#define SAMPLE_BYTES (2 * MM_MIB)
/* The fastest of a few: a sample that was interrupted says too little. */
#define SAMPLES 3
/* Where nothing can be measured: 8 GiB/s, above what earlyoom's users saw (reference linux-oom-daemons 2.3).
 */
#define FALLBACK_RATE (8 * MM_GIB)

static uint64_t clock_ns(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * MM_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Time to touch an aligned sample; UINT64_MAX where it could not be had. */
static uint64_t touch_ns(size_t page_bytes)
{
    char *memory = mmap(NULL, 2 * SAMPLE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *sample;
    uint64_t start_ns;
    uint64_t duration_ns;

    if (memory == MAP_FAILED)
        return UINT64_MAX;
    sample = memory + (SAMPLE_BYTES - (uintptr_t)memory % SAMPLE_BYTES) % SAMPLE_BYTES;
    start_ns = clock_ns();
    for (size_t offset = 0; offset < SAMPLE_BYTES; offset += page_bytes)
        sample[offset] = 1;
    duration_ns = clock_ns() - start_ns;
    (void)munmap(memory, 2 * SAMPLE_BYTES);
    return MM_MAX(duration_ns, 1);
}

uint64_t mm_measure_fill_rate(void)
{
    long page_bytes = sysconf(_SC_PAGESIZE);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t best_ns = UINT64_MAX;

    for (unsigned i = 0; i < SAMPLES && page_bytes > 0; i++) {
        uint64_t duration_ns = touch_ns((size_t)page_bytes);

        best_ns = MM_MIN(best_ns, duration_ns);
    }
    if (best_ns == UINT64_MAX)
        return FALLBACK_RATE;
    return SAMPLE_BYTES * MM_NS_PER_S / best_ns * (uint64_t)MM_MAX(processors, 1);
}
