/* SPDX-License-Identifier: Apache-2.0 */
/* The flow's side of cpuflow's programs: exchanges and reads the maps. */
#include "bpf/cpu.h"

#include "bpf/call.h"
#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Entries per call: far more than any hash bucket holds, which the kernel hands over as a whole. */
#define BATCH_COUNT 64

struct mm_bpf_cpu {
    struct mm_bpf_collector collector;
    unsigned read_slot;                             /* 0 or 1: the one that is not charged */
    const volatile struct mm_bpf_cpu_state *states; /* NULL until the first reading */
    size_t states_bytes;
    uint32_t *keys;                /* of a batch */
    struct mm_bpf_cpu_time *times; /* of a batch, each once for each processor */
};

static const char *const map_names[] = MM_BPF_CPU_MAP_NAMES;

static const struct mm_bpf_collector_kind kind = {
    .option = "--cpu",
    .version = MM_BPF_CPU_LOADER_VERSION,
    .required = MM_BPF_CPU_SWITCH,
    .descriptors = MM_BPF_CPU_DESCRIPTORS,
    .map_names = map_names,
    .map_count = MM_ARRAY_SIZE(map_names),
};

int mm_bpf_cpu_new(const struct mm_bpf_collector_options *options, struct mm_bpf_cpu **ret_cpu)
{
    struct mm_bpf_cpu *cpu = calloc(1, sizeof(*cpu));
    int result;

    if (!cpu)
        return -ENOMEM;
    result = mm_bpf_collector_start(&cpu->collector, &kind, options);
    if (result < 0)
        free(cpu);
    else
        *ret_cpu = cpu;
    return result;
}

void mm_bpf_cpu_free(struct mm_bpf_cpu *cpu)
{
    if (!cpu)
        return;
    mm_bpf_collector_end(&cpu->collector);
    if (cpu->states)
        (void)munmap((void *)cpu->states, cpu->states_bytes);
    free(cpu->keys);
    free(cpu->times);
    free(cpu);
}

struct mm_bpf_collector *mm_bpf_cpu_collector(struct mm_bpf_cpu *cpu)
{
    return &cpu->collector;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* For the first reading. */
static int prepare(struct mm_bpf_cpu *cpu)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = cpu->collector.cpu_count * sizeof(*cpu->states);
    void *memory;

    if (!cpu->keys)
        cpu->keys = calloc(BATCH_COUNT, sizeof(*cpu->keys));
    if (!cpu->times)
        cpu->times = calloc((size_t)BATCH_COUNT * cpu->collector.cpu_count, sizeof(*cpu->times));
    if (!cpu->keys || !cpu->times)
        return -ENOMEM;
    size = (size + page_bytes - 1) / page_bytes * page_bytes;
    memory = mmap(NULL, size, PROT_READ, MAP_SHARED, cpu->collector.fds[MM_BPF_CPU_STATES], 0);
    if (memory == MAP_FAILED)
        return -errno;
    cpu->states = memory;
    cpu->states_bytes = size;
    /* the loader's programs begin with the first */
    cpu->read_slot = 1;
    return 0;
}

/* Charges what runs on each processor; one that is idle is not woken for it. Best effort: a kernel before 5.10 cannot,
   and charges it when it is left. */
static void flush(const struct mm_bpf_cpu *cpu)
{
    const volatile struct mm_bpf_cpu_state *states = cpu->states;

    for (uint32_t i = 0; states && i < cpu->collector.cpu_count; i++) {
        union bpf_attr attributes = {0};

        if ((cpu->collector.flags & MM_BPF_CPU_KNOWS_RUNNER) && states[i].runner == 0)
            continue;
        attributes.test.prog_fd = (uint32_t)cpu->collector.fds[MM_BPF_CPU_FLUSH];
        attributes.test.cpu = i;
        attributes.test.flags = BPF_F_TEST_RUN_ON_CPU;
        (void)mm_bpf_call(BPF_PROG_TEST_RUN, &attributes);
    }
}

/* The slot that was charged is quiet afterwards: the kernel returns when no program uses it any more. */
static int exchange(struct mm_bpf_cpu *cpu)
{
    uint32_t zero = 0;
    uint32_t fd = (uint32_t)cpu->collector.fds[MM_BPF_CPU_FIRST + cpu->read_slot];
    int result = mm_bpf_map_call(BPF_MAP_UPDATE_ELEM, cpu->collector.fds[MM_BPF_CPU_CURRENT], &zero, &fd);

    if (result == 0)
        cpu->read_slot ^= 1;
    return result;
}

/* The next entries of the quiet slot, which are taken out of it. How many, 0 at the end, or a negative errno. */
static int take_batch(const struct mm_bpf_cpu *cpu, const uint32_t *in, uint32_t *out, bool *ret_is_last)
{
    union bpf_attr attributes = {0};
    int result;

    attributes.batch.map_fd = (uint32_t)cpu->collector.fds[MM_BPF_CPU_FIRST + cpu->read_slot];
    attributes.batch.in_batch = (uintptr_t)in;
    attributes.batch.out_batch = (uintptr_t)out;
    attributes.batch.keys = (uintptr_t)cpu->keys;
    attributes.batch.values = (uintptr_t)cpu->times;
    attributes.batch.count = BATCH_COUNT;
    result = mm_bpf_call(BPF_MAP_LOOKUP_AND_DELETE_BATCH, &attributes);
    *ret_is_last = result == -ENOENT;
    if (result < 0 && result != -ENOENT)
        return result;
    return (int)attributes.batch.count;
}

/* The processors of one entry together. */
static struct mm_bpf_cpu_time sum_up(const struct mm_bpf_cpu *cpu, unsigned entry)
{
    const struct mm_bpf_cpu_time *times = &cpu->times[(size_t)entry * cpu->collector.cpu_count];
    struct mm_bpf_cpu_time sum = {0};

    for (uint32_t i = 0; i < cpu->collector.cpu_count; i++) {
        sum.run_ns += times[i].run_ns;
        sum.weighted_ns += times[i].weighted_ns;
        sum.switches += times[i].switches;
        if (times[i].switches == 0)
            continue;
        sum.tgid = times[i].tgid;
        sum.start_ns = times[i].start_ns;
    }
    return sum;
}

static int by_tgid(const void *a, const void *b)
{
    const struct mm_bpf_cpu_time *left = a, *right = b;

    return (left->tgid > right->tgid) - (left->tgid < right->tgid);
}

/* All are sums over the processors, which write meanwhile. */
static void read_totals(const struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot *snapshot)
{
    const volatile struct mm_bpf_cpu_state *states = cpu->states;

    for (uint32_t i = 0; states && i < cpu->collector.cpu_count; i++) {
        snapshot->total_ns += states[i].total_ns;
        snapshot->lost_ns += states[i].lost_ns;
        snapshot->lost_count += states[i].lost_count;
    }
}

static int drain(const struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot *snapshot)
{
    uint32_t position = 0;
    bool is_first = true, is_last = false;

    while (!is_last) {
        int count = take_batch(cpu, is_first ? NULL : &position, &position, &is_last);

        if (count < 0)
            return count;
        is_first = false;
        /* the map holds no more, but what it says is not ours */
        for (int i = 0; i < count && snapshot->count < MM_BPF_CPU_PROCESSES_MAX; i++)
            snapshot->processes[snapshot->count++] = sum_up(cpu, (unsigned)i);
    }
    return 0;
}

int mm_bpf_cpu_read(struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot **ret_snapshot)
{
    size_t size =
        sizeof(struct mm_bpf_cpu_snapshot) + MM_BPF_CPU_PROCESSES_MAX * sizeof(struct mm_bpf_cpu_time);
    struct mm_bpf_cpu_snapshot *snapshot, *fitting;
    int result = cpu->states ? 0 : prepare(cpu);

    if (result < 0)
        return result;
    flush(cpu);
    result = exchange(cpu);
    if (result < 0)
        return result;
    snapshot = calloc(1, size);
    if (!snapshot)
        return -ENOMEM;
    result = drain(cpu, snapshot);
    if (result < 0) {
        free(snapshot);
        return result;
    }
    read_totals(cpu, snapshot);
    qsort(snapshot->processes, snapshot->count, sizeof(snapshot->processes[0]), by_tgid);
    fitting = realloc(snapshot, sizeof(*snapshot) + snapshot->count * sizeof(snapshot->processes[0]));
    *ret_snapshot = fitting ? fitting : snapshot;
    return 0;
}
