/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer of the BPF ring buffer. */
#include "bpf/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int mm_bpf_ring_map(struct mm_bpf_ring *ring, int map_fd, size_t size_bytes)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *producer;
    void *consumer;

    consumer = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (consumer == MAP_FAILED)
        return -errno;
    producer = mmap(NULL, page_bytes + size_bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page_bytes);
    if (producer == MAP_FAILED) {
        int error = errno;

        (void)munmap(consumer, page_bytes);
        return -error;
    }
    ring->consumer = consumer;
    ring->producer = (const unsigned long *)(const void *)producer;
    ring->data = producer + page_bytes;
    ring->size_bytes = size_bytes;
    ring->page_bytes = page_bytes;
    return 0;
}

void mm_bpf_ring_unmap(struct mm_bpf_ring *ring)
{
    if (ring->page_bytes > 0) {
        (void)munmap(ring->consumer, ring->page_bytes);
        (void)munmap((void *)ring->producer, ring->page_bytes + ring->size_bytes);
    }
    *ring = (struct mm_bpf_ring){0};
}

/* Headers are aligned and never wrap, a payload may. */
static void visit_payload(const struct mm_bpf_ring *ring, size_t offset, size_t length,
                          mm_bpf_ring_visit visit, void *user)
{
    _Alignas(8) uint8_t whole[MM_BPF_RING_WRAPPED_MAX];
    size_t head = ring->size_bytes - offset;

    if (length <= head) {
        visit(ring->data + offset, length, user);
        return;
    }
    if (length > sizeof(whole))
        return;
    memcpy(whole, ring->data + offset, head);
    memcpy(whole + head, ring->data, length - head);
    visit(whole, length, user);
}

/*
 * The order matters: the producer's position is read before the header it covers, the header before the
 * payload, and the payload is done with before the position that allows the kernel to overwrite it.
 */
int mm_bpf_ring_consume(struct mm_bpf_ring *ring, unsigned max, mm_bpf_ring_visit visit, void *user)
{
    unsigned long position = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
    unsigned passed = 0;

    while (passed < max) {
        unsigned long filled = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - position;
        const uint8_t *record = ring->data + (position & (ring->size_bytes - 1));
        uint32_t header;
        size_t length;
        size_t taken;

        if (filled == 0)
            break;
        if (filled > ring->size_bytes || filled < MM_BPF_RING_HEADER_SIZE ||
            position % MM_BPF_RING_HEADER_SIZE != 0)
            return -EBADMSG;
        header = __atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
        if (header & MM_BPF_RING_BUSY)
            break;
        length = header & ~(MM_BPF_RING_BUSY | MM_BPF_RING_DISCARD);
        taken = (length + MM_BPF_RING_HEADER_SIZE + 7) & ~(size_t)7;
        if (taken > filled)
            return -EBADMSG;
        if (!(header & MM_BPF_RING_DISCARD))
            visit_payload(ring, (position + MM_BPF_RING_HEADER_SIZE) & (ring->size_bytes - 1), length, visit,
                          user);
        position += taken;
        __atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
        passed++;
    }
    return (int)passed;
}
