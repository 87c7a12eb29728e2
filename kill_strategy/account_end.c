/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an account's bundles. */
#include "kill_strategy/account_end.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

/* Between looks at a victim that the kernel cannot report. */
#define POLL_NS (2 * MM_NS_PER_MS)
/* The killer's victim is the first. */
#define VICTIM_NUMBER 1

static uint64_t now_ns(const struct mm_account_end *end)
{
    return mm_event_center_now_ns(end->center);
}

/* In the next turn of the loop: one bundle in each, so that all else is heard in between. */
static void go_on(struct mm_account_end *end)
{
    end->is_waiting = false;
    mm_event_center_arm(end->center, &end->timer, now_ns(end));
}

/* As of the last calm refresh: nothing depends on it. */
static pid_t heaviest_of(const struct mm_bundle *bundle)
{
    const struct mm_process *heaviest = NULL;

    MM_LIST_FOR_EACH (link, &bundle->processes) {
        const struct mm_process *process = MM_CONTAINER_OF(link, struct mm_process, bundle_link);

        if (!heaviest || process->resident_bytes > heaviest->resident_bytes)
            heaviest = process;
    }
    return heaviest ? heaviest->pid : 0;
}

static uint64_t read_available(const struct mm_account_end *end, uint64_t otherwise_bytes)
{
    struct mm_memory_state memory = {.available_bytes = otherwise_bytes};

    (void)end->kernel->ops->read_memory(end->kernel, &memory);
    return memory.available_bytes;
}

static void begin_record(struct mm_account_end *end, const struct mm_bundle *bundle)
{
    struct mm_kill_record *record = &end->present;

    *record = (struct mm_kill_record){
        .cause = MM_KILL_FOR_ACCOUNT,
        .pid = heaviest_of(bundle),
        .uid = bundle->uid,
        .priority = bundle->entry.priority,
        .is_registered = bundle->is_registered,
        .is_dry_run = end->kernel->is_dry_run,
        .available_before_bytes = read_available(end, 0),
        .resident_bytes = bundle->resident_bytes,
        .noticed_ns = end->noticed_ns,
        .decided_ns = now_ns(end),
        .outcome = MM_KILL_PENDING,
    };
    record->available_after_bytes = record->available_before_bytes;
    mm_copy_text(record->name, sizeof(record->name), bundle->name);
    mm_account_ending_reason(bundle->account, record->reason, sizeof(record->reason));
}

static void add_record(struct mm_account_end *end, int signalled)
{
    struct mm_kill_record *record = &end->present;
    size_t length = strlen(record->reason);

    record->signalled_ns = end->victim.signalled_ns;
    record->process_count = signalled > 0 ? (uint32_t)signalled : 0;
    if (signalled < 0) {
        record->outcome = MM_KILL_FAILED;
        (void)mm_format(record->reason + length, sizeof(record->reason) - length,
                        "; could not be signalled: %s", strerror(-signalled));
    } else if (record->is_dry_run) {
        record->outcome = MM_KILL_DRY_RUN;
    }
    end->kills += signalled > 0;
    mm_kill_records_add(end->records, record);
    mm_kill_explain_signal(end->center, record);
}

static void await_exit(struct mm_account_end *end)
{
    end->is_waiting = true;
    end->deadline_ns = now_ns(end) + end->config->exit_timeout_ms * MM_NS_PER_MS;
    mm_event_center_arm(end->center, &end->timer,
                        end->victim.is_watched ? end->deadline_ns : now_ns(end) + POLL_NS);
}

/* What has gone before, or has left the domain, is no kill; its bundle is not touched after the reports. */
static void kill_bundle(struct mm_account_end *end, const struct mm_bundle *bundle)
{
    int signalled;

    begin_record(end, bundle);
    signalled = mm_victim_kill(&end->victim, end->manager, bundle);
    if (signalled != -ESRCH && signalled != -EXDEV)
        add_record(end, signalled);
    if (signalled == -ESRCH)
        mm_victim_report_gone(&end->victim, bundle, end->center);
    mm_victim_report_left(&end->victim, end->center);
    if (signalled > 0 && !end->kernel->is_dry_run) {
        await_exit(end);
        return;
    }
    mm_victim_release(&end->victim);
    go_on(end);
}

static void finish(struct mm_account_end *end, enum mm_kill_outcome outcome)
{
    struct mm_kill_record *record = &end->present;

    record->outcome = outcome;
    record->exited_ns = outcome == MM_KILL_ENDED ? now_ns(end) : 0;
    record->available_after_bytes = read_available(end, record->available_before_bytes);
    record->freed_bytes =
        record->available_after_bytes - MM_MIN(record->available_after_bytes, record->available_before_bytes);
    mm_kill_records_update(end->records, record);
    mm_kill_explain_end(end->center, record);
    mm_victim_report_exits(&end->victim, end->center);
    mm_victim_release(&end->victim);
    go_on(end);
}

static void look_for_exit(struct mm_account_end *end)
{
    if (mm_victim_poll(&end->victim))
        finish(end, MM_KILL_ENDED);
    else if (now_ns(end) >= end->deadline_ns)
        finish(end, MM_KILL_TIMED_OUT);
    else
        mm_event_center_arm(end->center, &end->timer, MM_MIN(now_ns(end) + POLL_NS, end->deadline_ns));
}

static void on_timer(struct mm_timer *timer, void *user)
{
    struct mm_account_end *end = user;
    const struct mm_bundle *bundle;

    (void)timer;
    if (end->is_waiting) {
        look_for_exit(end);
        return;
    }
    bundle = mm_priority_manager_take_ending(end->manager);
    if (bundle)
        kill_bundle(end, bundle);
}

void mm_account_end_hear(struct mm_account_end *end, const struct mm_event *event)
{
    switch (event->kind) {
    case MM_EVENT_ACCOUNT:
        /* what is being ended was noticed before */
        if (end->is_waiting)
            break;
        end->noticed_ns = event->time_ns;
        go_on(end);
        break;
    case MM_EVENT_NOTICE:
        if (event->payload.notice.kind == MM_NOTICE_PROCESS_EXITED && end->is_waiting &&
            mm_victim_note_exit(&end->victim, event->payload.notice.cookie))
            finish(end, MM_KILL_ENDED);
        break;
    case MM_EVENT_CONFIG:
        end->config = &event->payload.config->kill;
        break;
    default:
        break;
    }
}

void mm_account_end_init(struct mm_account_end *end, struct mm_kernel *kernel, struct mm_event_center *center,
                         struct mm_priority_manager *manager, const struct mm_kill_config *config,
                         struct mm_kill_records *records)
{
    end->kernel = kernel;
    end->center = center;
    end->manager = manager;
    end->config = config;
    end->records = records;
    mm_victim_init(&end->victim, kernel, VICTIM_NUMBER);
    mm_timer_init(&end->timer, on_timer, end);
}

void mm_account_end_fini(struct mm_account_end *end)
{
    mm_event_center_disarm(end->center, &end->timer);
    mm_victim_release(&end->victim);
}
