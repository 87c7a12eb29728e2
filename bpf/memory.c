/* SPDX-License-Identifier: Apache-2.0 */
/* Stalls in progress, read out of the programs' maps. */
#include "bpf/memory.h"

#include "bpf/call.h"
#include "common/common.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

void mm_bpf_memory_init(struct mm_bpf_memory *memory)
{
    *memory = (struct mm_bpf_memory){.stalls_fd = -1};
    mm_copy_text(memory->reason, sizeof(memory->reason), "not started");
}

void mm_bpf_memory_fini(struct mm_bpf_memory *memory)
{
    for (unsigned i = 0; i < memory->link_count; i++)
        (void)close(memory->link_fds[i]);
    memory->link_count = 0;
    if (memory->stalls_fd >= 0)
        (void)close(mm_take_fd(&memory->stalls_fd));
    if (memory->totals)
        (void)munmap((void *)memory->totals, sizeof(*memory->totals));
    memory->totals = NULL;
}

int mm_bpf_memory_adopt(struct mm_bpf_memory *memory, int *fds, unsigned fd_count)
{
    void *totals;

    if (fd_count <= MM_BPF_LOADER_MEMORY_MAPS)
        return -EPROTO;
    totals = mmap(NULL, sizeof(*memory->totals), PROT_READ, MAP_SHARED, fds[1], 0);
    if (totals == MAP_FAILED)
        return -errno;
    memory->totals = totals;
    memory->stalls_fd = mm_take_fd(&fds[0]);
    for (unsigned i = MM_BPF_LOADER_MEMORY_MAPS; i < fd_count; i++)
        memory->link_fds[memory->link_count++] = mm_take_fd(&fds[i]);
    return 0;
}

/* The map changes meanwhile: what has ended is passed over, and a walk that is led in circles ends. */
int mm_bpf_memory_read(const struct mm_bpf_memory *memory, struct mm_bpf_stalls *ret_stalls)
{
    struct mm_bpf_stalls stalls = {0};
    struct mm_bpf_stall_key key;
    struct mm_bpf_stall_begin begin;
    const void *last = NULL;
    struct timespec now = {0};
    uint64_t now_ns;
    int result = 0;

    if (memory->stalls_fd < 0)
        return -EOPNOTSUPP;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    now_ns = (uint64_t)now.tv_sec * MM_NS_PER_S + (uint64_t)now.tv_nsec;
    for (unsigned i = 0; i < 2 * MM_BPF_STALLS_MAX; i++) {
        result = mm_bpf_map_call(BPF_MAP_GET_NEXT_KEY, memory->stalls_fd, last, &key);
        if (result < 0)
            break;
        last = &key;
        if (key.stall == MM_BPF_STALL_KSWAPD ||
            mm_bpf_map_call(BPF_MAP_LOOKUP_ELEM, memory->stalls_fd, &key, &begin) < 0)
            continue;
        stalls.count++;
        if (now_ns <= begin.time_ns || now_ns - begin.time_ns <= stalls.longest_ns)
            continue;
        stalls.longest_ns = now_ns - begin.time_ns;
        stalls.longest_pid = begin.tgid;
    }
    if (result < 0 && result != -ENOENT)
        return result;
    *ret_stalls = stalls;
    return 0;
}
