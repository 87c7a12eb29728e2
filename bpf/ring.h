/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer of the kernel's BPF ring buffer (BPF_MAP_TYPE_RINGBUF, kernel 5.8).
 *
 * The map can be mapped as: one page with the consumer's position (ours to write), one page with the producer's
 * position, then the data twice in a row, so that a record that wraps is still contiguous. The second time is left out
 * here: its pages would count as resident again, and to copy the record that wraps, one in a thousand, costs nothing. A
 * record is a
 * header of 8 bytes (32-bit length whose two highest bits say "still being written" and "discarded", then 32
 * bits for the kernel) and its payload, padded to 8 bytes. Positions only grow.
 */
#ifndef MM_BPF_RING_H
#define MM_BPF_RING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_BPF_RING_HEADER_SIZE 8
#define MM_BPF_RING_BUSY        (1u << 31)
#define MM_BPF_RING_DISCARD     (1u << 30)

/* A longer payload that wraps is passed without being visited: no record of ours is as long. */
#define MM_BPF_RING_WRAPPED_MAX 256

/* Zero-initialised: no ring. */
struct mm_bpf_ring {
    /* The kernel's positions are of its unsigned long. */
    unsigned long *consumer;
    const unsigned long *producer;
    const uint8_t *data; /* size_bytes */
    size_t size_bytes;   /* a power of two */
    size_t page_bytes;   /* 0: the memory is the caller's */
};

/* Maps the ring of a map descriptor; what mmap said on failure. size_bytes is the map's max_entries. */
int mm_bpf_ring_map(struct mm_bpf_ring *ring, int map_fd, size_t size_bytes);
void mm_bpf_ring_unmap(struct mm_bpf_ring *ring);

typedef void (*mm_bpf_ring_visit)(const void *payload, size_t length, void *user);

/*
 * Visits at most max records, oldest first, and gives their room back one by one; stops at one that is still
 * being written. Discarded ones count but are not visited. A payload lives until its visit returns. Returns how many were passed, or -EBADMSG where a
 * position or length is impossible; the position then stays.
 */
int mm_bpf_ring_consume(struct mm_bpf_ring *ring, unsigned max, mm_bpf_ring_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif
