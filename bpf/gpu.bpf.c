/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What graphics hardware does and for whom, from classic tracepoints of its drivers. Where a field stands in an event's
 * record, and in which unit, is told by the loader, which has read the event's format: nothing here knows a driver. Nor
 * does it need BTF.
 */
#include "elements.bpf.h"
#include "gpu_records.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MM_MAP_TYPE_LRU_HASH 9

#define MM_NS_PER_S 1000000000ull

const volatile struct mm_bpf_gpu_place mm_gpu_places[MM_BPF_GPU_FIELD_COUNT] = {};
const volatile struct mm_bpf_gpu_scale mm_frequency_scale = {1, 1};
const volatile struct mm_bpf_gpu_scale mm_time_scale = {1, 1};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mm_bpf_gpu_totals);
} mm_gpu_totals SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MM_BPF_GPU_DEVICES_MAX);
    __type(key, __u32);
    __type(value, struct mm_bpf_gpu_device);
} mm_gpu_devices SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MM_BPF_GPU_LEVELS_MAX);
    __type(key, struct mm_bpf_gpu_key);
    __type(value, struct mm_bpf_gpu_level);
} mm_gpu_levels SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MM_BPF_GPU_USES_MAX);
    __type(key, struct mm_bpf_gpu_key);
    __type(value, struct mm_bpf_gpu_busy);
} mm_gpu_busy SEC(".maps");

/* Bytes. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MM_BPF_GPU_USES_MAX);
    __type(key, struct mm_bpf_gpu_key);
    __type(value, __u64);
} mm_gpu_memory SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MM_BPF_GPU_USES_MAX);
    __type(key, struct mm_bpf_gpu_key);
    __type(value, struct mm_bpf_gpu_work);
} mm_gpu_work SEC(".maps");

/* A job whose end nobody hears must not stay for ever. */
struct {
    __uint(type, MM_MAP_TYPE_LRU_HASH);
    __uint(max_entries, MM_BPF_GPU_JOBS_MAX);
    __type(key, struct mm_bpf_gpu_job_key);
    __type(value, struct mm_bpf_gpu_job);
} mm_gpu_jobs SEC(".maps");

static __always_inline uint64_t mm_field(const void *record, enum mm_bpf_gpu_field field)
{
    uint32_t offset = mm_gpu_places[field].offset, size = mm_gpu_places[field].size;
    uint64_t wide = 0;
    uint32_t narrow = 0;

    if (size == sizeof(wide)) {
        bpf_probe_read_kernel(&wide, sizeof(wide), record + offset);
        return wide;
    }
    if (size == sizeof(narrow))
        bpf_probe_read_kernel(&narrow, sizeof(narrow), record + offset);
    return narrow;
}

static __always_inline bool mm_has(enum mm_bpf_gpu_field field)
{
    return mm_gpu_places[field].size != 0;
}

static __always_inline uint64_t mm_scaled(uint64_t value, const volatile struct mm_bpf_gpu_scale *scale)
{
    uint32_t denominator = scale->denominator;

    return denominator ? value * scale->numerator / denominator : 0;
}

static __always_inline struct mm_bpf_gpu_totals *mm_totals(void)
{
    uint32_t zero = 0;

    return bpf_map_lookup_elem(&mm_gpu_totals, &zero);
}

static __always_inline void *mm_found_or_lost(void *found, enum mm_bpf_gpu_lost lost)
{
    struct mm_bpf_gpu_totals *totals = found ? NULL : mm_totals();

    if (totals)
        __sync_fetch_and_add(&totals->lost[lost], 1);
    return found;
}

static __always_inline struct mm_bpf_gpu_device *mm_device(uint32_t gpu)
{
    const struct mm_bpf_gpu_device nothing = {};

    return mm_found_or_lost(mm_find_or_make(&mm_gpu_devices, &gpu, &nothing), MM_BPF_GPU_LOST_DEVICE);
}

static __always_inline struct mm_bpf_gpu_level *mm_level(uint32_t gpu, uint32_t khz)
{
    const struct mm_bpf_gpu_key key = {.gpu = gpu, .id = khz};
    const struct mm_bpf_gpu_level nothing = {};

    return mm_found_or_lost(mm_find_or_make(&mm_gpu_levels, &key, &nothing), MM_BPF_GPU_LOST_LEVEL);
}

/* A driver tells of one device's changes one after the other. */
SEC("tp")
int mm_gpu_change(void *record)
{
    uint32_t gpu = (uint32_t)mm_field(record, MM_BPF_GPU_FIELD_LEVEL_GPU);
    uint32_t khz =
        (uint32_t)mm_scaled(mm_field(record, MM_BPF_GPU_FIELD_LEVEL_FREQUENCY), &mm_frequency_scale);
    struct mm_bpf_gpu_device *device = mm_device(gpu);
    struct mm_bpf_gpu_level *level;
    uint64_t now_ns = bpf_ktime_get_ns();

    if (!device)
        return 0;
    device->level = (uint32_t)mm_field(record, MM_BPF_GPU_FIELD_LEVEL_NUMBER);
    /* some tell of what has not changed, too */
    if (device->since_ns && device->khz == khz)
        return 0;
    level = device->since_ns ? mm_level(gpu, device->khz) : NULL;
    if (level)
        __sync_fetch_and_add(&level->time_ns, now_ns - device->since_ns);
    level = mm_level(gpu, khz);
    if (level)
        __sync_fetch_and_add(&level->count, 1);
    device->khz = khz;
    device->since_ns = now_ns;
    return 0;
}

/* The driver's own sum of the last while, in us. */
SEC("tp")
int mm_gpu_share(void *record)
{
    struct mm_bpf_gpu_device *device = mm_device(0);

    if (!device)
        return 0;
    __sync_fetch_and_add(&device->busy_us, mm_field(record, MM_BPF_GPU_FIELD_BUSY_BUSY));
    __sync_fetch_and_add(&device->elapsed_us, mm_field(record, MM_BPF_GPU_FIELD_BUSY_ELAPSED));
    return 0;
}

/* What a process has now; of process 0 that is what all have. */
SEC("tp")
int mm_gpu_memory_total(void *record)
{
    const struct mm_bpf_gpu_key key = {.gpu = (uint32_t)mm_field(record, MM_BPF_GPU_FIELD_MEMORY_GPU),
                                       .id = (uint32_t)mm_field(record, MM_BPF_GPU_FIELD_MEMORY_PID)};
    uint64_t bytes = mm_field(record, MM_BPF_GPU_FIELD_MEMORY_SIZE);
    struct mm_bpf_gpu_device *device = key.id ? NULL : mm_device(key.gpu);

    if (device)
        device->memory_bytes = bytes;
    if (key.id == 0)
        return 0;
    if (bytes == 0)
        (void)bpf_map_delete_elem(&mm_gpu_memory, &key);
    else if (bpf_map_update_elem(&mm_gpu_memory, &key, &bytes, 0) < 0)
        (void)mm_found_or_lost(NULL, MM_BPF_GPU_LOST_MEMORY);
    return 0;
}

static __always_inline void mm_work_error(struct mm_bpf_gpu_work *work)
{
    struct mm_bpf_gpu_totals *totals = mm_totals();

    __sync_fetch_and_add(&work->errors, 1);
    if (totals)
        __sync_fetch_and_add(&totals->work_errors, 1);
}

/* Of the time since the user's previous period: what counts as a break in its work and not as its end. A period that does
   not come after the previous one is an error, and ends nothing. */
static __always_inline uint64_t mm_gap_before(struct mm_bpf_gpu_work *work, uint64_t start_ns,
                                              uint64_t end_ns)
{
    uint64_t gap_ns = start_ns - work->previous_end_ns;

    if (work->previous_end_ns > start_ns) {
        mm_work_error(work);
        return 0;
    }
    work->previous_end_ns = end_ns;
    return gap_ns <= MM_NS_PER_S ? gap_ns : 0;
}

/* The checks and sums are those of AOSP's gpuWork, but that more activity than the period is long counts as its length.
   That an event comes within 2 s of its period's end cannot be seen: its clock is CLOCK_MONOTONIC_RAW. */
SEC("tp")
int mm_gpu_work_period(void *record)
{
    const struct mm_bpf_gpu_key key = {.gpu = (uint32_t)mm_field(record, MM_BPF_GPU_FIELD_WORK_GPU),
                                       .id = (uint32_t)mm_field(record, MM_BPF_GPU_FIELD_WORK_UID)};
    const struct mm_bpf_gpu_work nothing = {};
    uint64_t start_ns = mm_field(record, MM_BPF_GPU_FIELD_WORK_START);
    uint64_t end_ns = mm_field(record, MM_BPF_GPU_FIELD_WORK_END);
    uint64_t active_ns = mm_field(record, MM_BPF_GPU_FIELD_WORK_ACTIVE);
    uint64_t length_ns = end_ns - start_ns, gap_ns;
    struct mm_bpf_gpu_work *work =
        mm_found_or_lost(mm_find_or_make(&mm_gpu_work, &key, &nothing), MM_BPF_GPU_LOST_WORK);

    if (!work)
        return 0;
    if (start_ns >= end_ns || length_ns > MM_NS_PER_S) {
        mm_work_error(work);
        return 0;
    }
    if (active_ns == 0)
        return 0;
    gap_ns = mm_gap_before(work, start_ns, end_ns);
    if (active_ns > length_ns) {
        mm_work_error(work);
        active_ns = length_ns;
    }
    __sync_fetch_and_add(&work->active_ns, active_ns);
    __sync_fetch_and_add(&work->inactive_ns, gap_ns + length_ns - active_ns);
    return 0;
}

static __always_inline struct mm_bpf_gpu_job_key mm_job_key(const void *record, enum mm_bpf_gpu_field context,
                                                            enum mm_bpf_gpu_field sequence)
{
    return (struct mm_bpf_gpu_job_key){.context = mm_field(record, context),
                                       .sequence = mm_field(record, sequence)};
}

/* In the process whose job it is. */
SEC("tp")
int mm_gpu_job_queued(void *record)
{
    const struct mm_bpf_gpu_job_key key =
        mm_job_key(record, MM_BPF_GPU_FIELD_QUEUED_CONTEXT, MM_BPF_GPU_FIELD_QUEUED_SEQUENCE);
    const struct mm_bpf_gpu_job job = {.tgid = (uint32_t)(bpf_get_current_pid_tgid() >> 32)};

    (void)bpf_map_update_elem(&mm_gpu_jobs, &key, &job, 0);
    return 0;
}

SEC("tp")
int mm_gpu_job_begun(void *record)
{
    const struct mm_bpf_gpu_job_key key =
        mm_job_key(record, MM_BPF_GPU_FIELD_BEGUN_CONTEXT, MM_BPF_GPU_FIELD_BEGUN_SEQUENCE);
    struct mm_bpf_gpu_job *job = bpf_map_lookup_elem(&mm_gpu_jobs, &key);

    if (job)
        job->begun_ns = bpf_ktime_get_ns();
    return 0;
}

static __always_inline uint64_t mm_job_length_ns(const void *record, const struct mm_bpf_gpu_job *job)
{
    uint64_t start, end;

    if (mm_has(MM_BPF_GPU_FIELD_DONE_ACTIVE))
        return mm_scaled(mm_field(record, MM_BPF_GPU_FIELD_DONE_ACTIVE), &mm_time_scale);
    if (mm_has(MM_BPF_GPU_FIELD_DONE_START) && mm_has(MM_BPF_GPU_FIELD_DONE_END)) {
        start = mm_field(record, MM_BPF_GPU_FIELD_DONE_START);
        end = mm_field(record, MM_BPF_GPU_FIELD_DONE_END);
        return end > start ? mm_scaled(end - start, &mm_time_scale) : 0;
    }
    return job->begun_ns ? bpf_ktime_get_ns() - job->begun_ns : 0;
}

SEC("tp")
int mm_gpu_job_done(void *record)
{
    const struct mm_bpf_gpu_job_key key =
        mm_job_key(record, MM_BPF_GPU_FIELD_DONE_CONTEXT, MM_BPF_GPU_FIELD_DONE_SEQUENCE);
    const struct mm_bpf_gpu_job *job =
        mm_found_or_lost(bpf_map_lookup_elem(&mm_gpu_jobs, &key), MM_BPF_GPU_LOST_JOB);
    const struct mm_bpf_gpu_busy nothing = {};
    struct mm_bpf_gpu_key who = {};
    struct mm_bpf_gpu_busy *busy;
    uint64_t length_ns;

    if (!job)
        return 0;
    who.id = job->tgid;
    length_ns = mm_job_length_ns(record, job);
    (void)bpf_map_delete_elem(&mm_gpu_jobs, &key);
    busy = mm_found_or_lost(mm_find_or_make(&mm_gpu_busy, &who, &nothing), MM_BPF_GPU_LOST_BUSY);
    if (!busy)
        return 0;
    __sync_fetch_and_add(&busy->busy_ns, length_ns);
    __sync_fetch_and_add(&busy->jobs, 1);
    return 0;
}
