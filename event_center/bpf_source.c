/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of BPF: waits for the loader, then reads the ring. */
#include "event_center/bpf_source.h"

#include "common/common.h"
#include "event_center/bpf_gather.h"
#include "event_center/bpf_record.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Records per wake-up: what may wait in a ring of the usual size, about 0.2 ms of work; then signals and other sources
   get their turn. */
#define BATCH_SIZE 256

static const char no_watch[] = "the event center has no room for one more descriptor";

enum tag {
    TAG_PROGRESS,
    TAG_RING,
};

struct mm_bpf_source {
    struct mm_event_center *center;
    struct mm_bpf_source_options options;
    struct mm_bpf *bpf;
    struct mm_timer timer; /* ends the wait for the loader; due at once when it could not be run */
    struct mm_timer again; /* for what is left, or does not wake by itself: the loop collects when it wakes */
    uint64_t ticks_per_second;
    bool is_watched; /* the loader runs and its answer will be seen */
    bool is_settled;
    bool is_available;
    bool is_memory_settled;
    const char *reason;
    uint64_t records;
    uint64_t lost;
    uint64_t repeated;
    struct mm_bpf_exit_filter filter;
    struct mm_bpf_gather gather;
    struct mm_stall_totals stalls; /* the longest ones alone */
};

static void notify(const struct mm_bpf_source *source, enum mm_bpf_source_notice notice)
{
    if (source->options.notify)
        source->options.notify(notice, source->options.user);
}

/* reason: static, or the handle's. */
static void settle(struct mm_bpf_source *source, bool is_available, const char *reason)
{
    mm_event_center_disarm(source->center, &source->timer);
    source->is_settled = true;
    source->is_available = is_available;
    source->reason = reason;
    if (is_available)
        mm_info("BPF: %s", source->reason);
    else
        mm_notice("no BPF events: %s", source->reason);
    notify(source, MM_BPF_SOURCE_SETTLED);
}

static void settle_memory(struct mm_bpf_source *source)
{
    bool is_available = (mm_bpf_programs(source->bpf) & MM_BPF_PROGRAM_MEMORY) != 0;

    mm_event_center_disarm(source->center, &source->timer);
    source->is_memory_settled = true;
    if (is_available)
        mm_info("BPF for memory: %s", mm_bpf_memory_reason(source->bpf));
    else
        mm_notice("no BPF for memory: %s", mm_bpf_memory_reason(source->bpf));
    notify(source, MM_BPF_SOURCE_MEMORY_SETTLED);
}

/* Too late; or it was never run, or cannot be watched, which start() leaves to be said here. */
static void expired(struct mm_timer *timer, void *user)
{
    struct mm_bpf_source *source = user;

    (void)timer;
    mm_event_center_forget_fd(source->center, mm_bpf_progress_fd(source->bpf));
    if (mm_bpf_progress_fd(source->bpf) >= 0)
        (void)mm_bpf_give_up(source->bpf);
    if (source->is_settled)
        settle_memory(source);
    else
        settle(source, false, source->is_watched ? mm_bpf_reason(source->bpf) : source->reason);
}

/* Of the ring only the wake-ups that the programs make: to be asked again after each whether there is something in it
   would let the loop turn for every record that comes while it turns. */
static int watch(struct mm_bpf_source *source, int fd, enum tag tag)
{
    return mm_event_center_watch_fd(source->center, source, fd,
                                    tag == TAG_RING ? EPOLLIN | (uint32_t)EPOLLET : EPOLLIN, tag);
}

static void arm_timeout(struct mm_bpf_source *source)
{
    uint64_t timeout_ms =
        source->options.bpf.timeout_ms ? source->options.bpf.timeout_ms : MM_BPF_TIMEOUT_MS_DEFAULT;

    mm_event_center_arm(source->center, &source->timer,
                        mm_event_center_now_ns(source->center) + timeout_ms * MM_NS_PER_MS);
}

/* The programs that watch memory come after those that make the source available. */
static void await_memory(struct mm_bpf_source *source)
{
    arm_timeout(source);
    if (watch(source, mm_bpf_progress_fd(source->bpf), TAG_PROGRESS) == 0)
        return;
    (void)mm_bpf_give_up(source->bpf);
    settle_memory(source);
}

static void receive(struct mm_bpf_source *source)
{
    int fd = mm_bpf_progress_fd(source->bpf);
    int result;

    mm_event_center_forget_fd(source->center, fd);
    result = mm_bpf_receive(source->bpf);
    if (result == -EAGAIN && watch(source, fd, TAG_PROGRESS) == 0)
        return;
    if (result == -EAGAIN)
        result = mm_bpf_give_up(source->bpf);
    if (source->is_settled) {
        settle_memory(source);
        return;
    }
    if (result == 0 && watch(source, mm_bpf_ring_fd(source->bpf), TAG_RING) < 0)
        settle(source, false, no_watch);
    else
        settle(source, result == 0, mm_bpf_reason(source->bpf));
    if (mm_bpf_progress_fd(source->bpf) >= 0)
        await_memory(source);
}

static void publish_record(const struct mm_bpf_record *record, void *user)
{
    struct mm_bpf_source *source = user;
    struct mm_event event;

    if (mm_bpf_record_to_event(record, source->ticks_per_second, &event) < 0)
        return;
    if (event.kind == MM_EVENT_STALL)
        mm_stall_totals_note(&source->stalls, &event.payload.stall);
    mm_event_center_publish(source->center, &event);
}

static void take_record(const struct mm_bpf_record *record, void *user)
{
    struct mm_bpf_source *source = user;

    source->records++;
    if (mm_bpf_exit_is_repeated(&source->filter, record))
        source->repeated++;
    else
        mm_bpf_gather_take(&source->gather, record, publish_record, source);
}

/* What is in the ring, up to a batch, or as many newcomers as one look at it may find. What is left comes with the next
   turn of the loop. */
static int read_batch(struct mm_bpf_source *source)
{
    unsigned left = BATCH_SIZE;
    int count = 0;

    do {
        unsigned room = MM_BPF_GATHER_MAX - source->gather.count;
        unsigned wanted = MM_MIN(room, left);

        count = mm_bpf_consume(source->bpf, wanted, take_record, source);
        if (count < (int)wanted)
            break;
        left -= wanted;
    } while (left > 0 && !mm_bpf_gather_is_full(&source->gather));
    if (left == 0 || mm_bpf_gather_is_full(&source->gather))
        mm_event_center_arm(source->center, &source->again, mm_event_center_now_ns(source->center));
    mm_bpf_gather_flush(&source->gather, publish_record, source);
    return count;
}

static void read_ring(struct mm_bpf_source *source)
{
    int count = read_batch(source);
    uint64_t lost = mm_bpf_lost(source->bpf);

    if (count < 0) {
        mm_event_center_forget_fd(source->center, mm_bpf_ring_fd(source->bpf));
        source->is_available = false;
        source->reason = "the ring's content made no sense";
        mm_error("no BPF events any more: %s", source->reason);
        notify(source, MM_BPF_SOURCE_BROKEN);
        return;
    }
    if (lost == source->lost)
        return;
    mm_warning("BPF: %llu records lost, %llu in all: the ring of %zu bytes was full",
               (unsigned long long)(lost - source->lost), (unsigned long long)lost,
               mm_bpf_ring_bytes(source->bpf));
    source->lost = lost;
    notify(source, MM_BPF_SOURCE_LOST);
}

/* The ring's records were taken in by collect before. */
static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct mm_bpf_source *source = self;
    uint64_t again_ns = mm_bpf_look_again_ns(source->bpf);

    (void)events;
    if (tag == TAG_PROGRESS)
        receive(source);
    else if (again_ns > 0 && !mm_timer_is_armed(&source->again))
        mm_event_center_arm(source->center, &source->again,
                            mm_event_center_now_ns(source->center) + again_ns);
}

static void collect(void *self)
{
    struct mm_bpf_source *source = self;

    if (source->is_available)
        read_ring(source);
}

static void look_again(struct mm_timer *timer, void *user)
{
    (void)timer;
    collect(user);
}

static void close_source(void *self)
{
    struct mm_bpf_source *source = self;

    mm_event_center_disarm(source->center, &source->timer);
    mm_event_center_disarm(source->center, &source->again);
    mm_event_center_forget_fd(source->center, mm_bpf_progress_fd(source->bpf));
    mm_event_center_forget_fd(source->center, mm_bpf_ring_fd(source->bpf));
    mm_bpf_free(source->bpf);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "bpf",
    .ready = ready,
    .collect = collect,
    .close = close_source,
};

/* What goes wrong here settles the source from the timer, so that notify is not called from within add. */
static void start(struct mm_bpf_source *source)
{
    if (mm_bpf_start(source->bpf, &source->options.bpf) < 0)
        source->reason = mm_bpf_reason(source->bpf);
    else if (watch(source, mm_bpf_progress_fd(source->bpf), TAG_PROGRESS) < 0)
        source->reason = no_watch;
    else
        source->is_watched = true;
    if (source->is_watched)
        arm_timeout(source);
    else
        mm_event_center_arm(source->center, &source->timer, mm_event_center_now_ns(source->center));
}

int mm_bpf_source_add(struct mm_event_center *center, const struct mm_bpf_source_options *options,
                      struct mm_bpf_source **ret_source)
{
    struct mm_bpf_source *source = calloc(1, sizeof(*source));
    int result;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->options = *options;
    source->reason = "loading";
    source->ticks_per_second = (uint64_t)sysconf(_SC_CLK_TCK);
    mm_timer_init(&source->timer, expired, source);
    mm_timer_init(&source->again, look_again, source);
    result = mm_bpf_new(&source->bpf);
    if (result == 0)
        result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        mm_bpf_free(source->bpf);
        free(source);
        return result;
    }
    start(source);
    *ret_source = source;
    return 0;
}

void mm_bpf_source_watch(struct mm_bpf_source *source, pid_t pid)
{
    mm_bpf_watch(source->bpf, pid);
}

void mm_bpf_source_read_status(const struct mm_bpf_source *source, struct mm_bpf_source_status *ret_status)
{
    *ret_status = (struct mm_bpf_source_status){
        .is_settled = source->is_settled,
        .is_available = source->is_available,
        .programs = source->is_available ? mm_bpf_programs(source->bpf) : 0,
        .reason = source->reason,
        .is_memory_settled = source->is_memory_settled,
        .memory_reason = mm_bpf_memory_reason(source->bpf),
        .records = source->records,
        .lost = source->lost,
        .repeated = source->repeated,
        .absorbed = source->gather.absorbed,
    };
}

int mm_bpf_source_read_stalls(const struct mm_bpf_source *source, struct mm_bpf_stalls *ret_stalls)
{
    return mm_bpf_read_stalls(source->bpf, ret_stalls);
}

int mm_bpf_source_read_stall_totals(const struct mm_bpf_source *source, struct mm_stall_totals *ret_totals)
{
    const struct mm_bpf_stall_totals *counted = mm_bpf_totals(source->bpf);

    if (!counted)
        return -EOPNOTSUPP;
    *ret_totals = source->stalls;
    mm_stall_totals_take(ret_totals, counted);
    return 0;
}
