/* SPDX-License-Identifier: Apache-2.0 */
/* How fast this machine can fill memory. */
#include "service/daemon/engine.h"

#include "common/common.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* One huge page, so that a system that hands those out by default is measured with them. */
#define SAMPLE_BYTES (2 * MM_MIB)
/* Timed by the piece, of which the fastest counts: one that was interrupted says too little. Long enough, 100 us and
   more, that the clock's own cost does not matter. */
#define PIECE_BYTES (256 * MM_KIB)
/* Where nothing can be measured: 8 GiB/s, above what earlyoom's users saw (reference linux-oom-daemons 2.3).
 */
#define FALLBACK_RATE (8 * MM_GIB)

static uint64_t clock_ns(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * MM_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Whether the kernel has already handed out the page, along with an earlier one. */
static bool is_resident(void *page, size_t page_bytes)
{
    unsigned char is_in = 0;

    return mincore(page, page_bytes, &is_in) == 0 && (is_in & 1);
}

static uint64_t touch_ns(char *piece, size_t page_bytes)
{
    uint64_t start_ns = clock_ns();

    for (size_t offset = 0; offset < PIECE_BYTES; offset += page_bytes)
        *(volatile char *)(piece + offset) = 1;
    return MM_MAX(clock_ns() - start_ns, 1);
}

/* Bytes per second of the fastest piece. Larger pages than a piece come with the first touch: then what belongs to it is
   one piece. */
static uint64_t measure(char *sample, size_t page_bytes)
{
    uint64_t best_rate = 0;
    size_t offset = 0;

    while (offset < SAMPLE_BYTES) {
        uint64_t duration_ns = touch_ns(sample + offset, page_bytes);
        uint64_t bytes = PIECE_BYTES;

        for (offset += PIECE_BYTES; offset < SAMPLE_BYTES && is_resident(sample + offset, page_bytes);
             offset += PIECE_BYTES)
            bytes += PIECE_BYTES;
        best_rate = MM_MAX(best_rate, bytes * MM_NS_PER_S / duration_ns);
    }
    return best_rate;
}

uint64_t mm_measure_fill_rate(void)
{
    long page_bytes = sysconf(_SC_PAGESIZE);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    char *memory;
    char *sample;
    uint64_t rate;

    if (page_bytes <= 0 || (size_t)page_bytes > PIECE_BYTES)
        return FALLBACK_RATE;
    memory = mmap(NULL, 2 * SAMPLE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return FALLBACK_RATE;
    sample = memory + (SAMPLE_BYTES - (uintptr_t)memory % SAMPLE_BYTES) % SAMPLE_BYTES;
    rate = measure(sample, (size_t)page_bytes);
    (void)munmap(memory, 2 * SAMPLE_BYTES);
    return rate * (uint64_t)MM_MAX(processors, 1);
}
