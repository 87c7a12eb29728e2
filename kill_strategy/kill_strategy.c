/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The killer as a state machine:
 *
 *   AT_REST --a row applies, somebody may die--> WAITING_FOR_EXIT --all exited--> WAITING_FOR_MEMORY
 *      ^                                           | neither in time nor giving back:  |
 *      |                                           | set aside                         |
 *      |                                           v                                   v
 *      +--- above the waterline and margin, or nobody may die --- chooses again from a fresh reading
 *
 * A choice that met nothing but processes that are gone already, or cannot be signalled, goes on in the next
 * turn of the loop (CHOOSING), so that the list and the clients are heard in between.
 */
#include "kill_strategy/kill_strategy.h"

#include "common/common.h"
#include "kill_strategy/account_end.h"
#include "kill_strategy/choice.h"
#include "kill_strategy/kill_decide.h"
#include "kill_strategy/memory_record.h"
#include "kill_strategy/records.h"
#include "kill_strategy/victim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Between looks at memory that comes back, and at victims the kernel cannot report: a tenth of what a person
   notices, and five readings' cost at most in 10 ms. */
#define POLL_NS (2 * MM_NS_PER_MS)
/* Bundles tried in one turn of the loop: as many as were candidates. */
#define TRIES_PER_TURN 8

enum kill_state {
    AT_REST,
    CHOOSING, /* in a series; the next turn of the loop chooses */
    WAITING_FOR_EXIT,
    WAITING_FOR_MEMORY,
};

struct mm_kill_strategy {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_priority_manager *manager;
    const struct mm_kill_config *config;
    enum kill_state state;
    bool is_in_series; /* KILL_BEGIN was published */
    struct mm_kill_level series_level;
    struct mm_timer timer;
    uint64_t deadline_ns;                    /* of the present state */
    uint64_t next_look_ns, last_deadline_ns; /* WAITING_FOR_EXIT: at memory; however much comes back */
    uint64_t last_available_bytes;
    unsigned still_readings;
    uint64_t evaluations, kills;
    struct mm_kill_record present; /* of the victim at hand; its copy among the records follows it */
    struct mm_kill_records records;
    struct mm_victim victim;
    struct mm_account_end account_end;
};

const struct mm_kill_record *mm_kill_strategy_record(const struct mm_kill_strategy *strategy, unsigned index)
{
    return mm_kill_records_at(&strategy->records, index);
}

void mm_kill_strategy_status(const struct mm_kill_strategy *strategy, struct mm_kill_status *ret_status)
{
    *ret_status = (struct mm_kill_status){
        .is_killing = strategy->state != AT_REST,
        .evaluations = strategy->evaluations,
        .kills = strategy->kills + strategy->account_end.kills,
    };
}

static uint64_t now_ns(const struct mm_kill_strategy *strategy)
{
    return mm_event_center_now_ns(strategy->center);
}

static void publish(struct mm_kill_strategy *strategy, enum mm_event_kind kind)
{
    struct mm_event event = {.kind = kind};

    mm_event_center_publish(strategy->center, &event);
}

static void end_series(struct mm_kill_strategy *strategy)
{
    strategy->state = AT_REST;
    mm_event_center_disarm(strategy->center, &strategy->timer);
    if (!strategy->is_in_series)
        return;
    strategy->is_in_series = false;
    publish(strategy, MM_EVENT_KILL_END);
    mm_kill_records_touch_ahead(&strategy->records);
}

static void wait_until(struct mm_kill_strategy *strategy, uint64_t time_ns)
{
    mm_event_center_arm(strategy->center, &strategy->timer, MM_MIN(time_ns, strategy->deadline_ns));
}

/* ---- choosing ------------------------------------------------------------------------------------------ */

static bool choose(struct mm_kill_strategy *strategy, const struct mm_kill_level *level,
                   uint64_t available_bytes, struct mm_kill_choice *ret_choice)
{
    const struct mm_priority_list *list = mm_priority_manager_list(strategy->manager);
    struct mm_kill_passed_over passed;

    if (mm_kill_find_victim(strategy->kernel, strategy->config, level, list, ret_choice, &passed))
        return true;
    mm_kill_explain_nobody(strategy->center, strategy->kernel, level, &passed, available_bytes);
    return false;
}

/* ---- killing ------------------------------------------------------------------------------------------- */

static void set_aside(struct mm_kill_strategy *strategy, struct mm_bundle *bundle)
{
    mm_priority_manager_set_aside(strategy->manager, bundle,
                                  now_ns(strategy) + strategy->config->set_aside_ms * MM_NS_PER_MS);
}

/* Until what the list is told of it has been heard. */
static void leave_out(struct mm_kill_strategy *strategy, struct mm_bundle *bundle)
{
    mm_priority_manager_set_aside(strategy->manager, bundle, now_ns(strategy) + POLL_NS);
}

static void begin_series(struct mm_kill_strategy *strategy)
{
    if (strategy->is_in_series)
        return;
    strategy->is_in_series = true;
    publish(strategy, MM_EVENT_KILL_BEGIN);
}

static void leave_alone(struct mm_kill_strategy *strategy, const struct mm_kill_choice *choice,
                        const struct mm_kill_reading *reading)
{
    struct mm_decision decision = {
        .source = MM_DECISION_KILL,
        .is_dry_run = strategy->kernel->is_dry_run,
        .action = "none",
        .pid = choice->heaviest_pid,
        .available_bytes = reading->available_bytes,
    };

    leave_out(strategy, choice->bundle);
    mm_copy_text(decision.target, sizeof(decision.target), choice->bundle->name);
    mm_decide(strategy->center, &decision, "was moved out of the domain: not killed, and forgotten");
}

/* The number at or below which a process' file keeps it from being killed now: of an unregistered one further forward
   than when its place on the list was found, by that number or by a process rule. */
static int reach_of(const struct mm_process *process)
{
    return process->bundle->is_registered ? MM_PRIORITY_SYSTEM : process->written_oom_score_adj - 1;
}

/* Nobody may have told that somebody else put one of them to -1000, or an unregistered one further forward: the
   list hears of it, and the bundle is left out until then. */
static bool has_come_forward(struct mm_kill_strategy *strategy, struct mm_bundle *bundle)
{
    struct mm_kernel *kernel = strategy->kernel;
    struct mm_event event = {.kind = MM_EVENT_OOM_SCORE_ADJ};

    /* a dry run has written nothing over what a launcher's child was born with */
    if (bundle->is_registered && kernel->is_dry_run)
        return false;
    MM_LIST_FOR_EACH (link, &bundle->processes) {
        const struct mm_process *process = MM_CONTAINER_OF(link, struct mm_process, bundle_link);
        struct mm_process_info info = {0};

        event.pid = process->pid;
        if (kernel->ops->read_process(kernel, event.pid, MM_PROCESS_ADJ, &info) < 0 ||
            info.oom_score_adj > reach_of(process))
            continue;
        leave_out(strategy, bundle);
        event.payload.process.oom_score_adj = info.oom_score_adj;
        mm_event_center_publish(strategy->center, &event);
        return true;
    }
    return false;
}

static void record_kill(struct mm_kill_strategy *strategy, const struct mm_kill_level *level,
                        const struct mm_kill_choice *choice, const struct mm_kill_reading *reading,
                        uint64_t decided_ns, int signalled)
{
    struct mm_kill_record *record = &strategy->present;

    mm_kill_begin_record(strategy->kernel, level, choice, reading, record);
    record->decided_ns = decided_ns;
    record->signalled_ns = strategy->victim.signalled_ns;
    record->process_count = signalled > 0 ? (uint32_t)signalled : 0;
    if (signalled <= 0)
        record->outcome = MM_KILL_FAILED;
    else if (record->is_dry_run)
        record->outcome = MM_KILL_DRY_RUN;
    strategy->kills += signalled > 0;
    mm_kill_write_reason(record, choice, signalled);
    mm_kill_records_add(&strategy->records, record);
    mm_kill_explain_signal(strategy->center, record);
}

/* Nobody waits for its end. */
static void let_go(struct mm_kill_strategy *strategy, struct mm_bundle *bundle)
{
    mm_victim_release(&strategy->victim);
    set_aside(strategy, bundle);
}

/* True when a victim was signalled; false: this one could not be, the next may. The signal goes before words.
 */
static bool kill_choice(struct mm_kill_strategy *strategy, const struct mm_kill_level *level,
                        const struct mm_kill_choice *choice, const struct mm_kill_reading *reading)
{
    uint64_t decided_ns = now_ns(strategy);
    int signalled;

    if (has_come_forward(strategy, choice->bundle))
        return false;
    signalled = mm_victim_kill(&strategy->victim, strategy->manager, choice->bundle);
    begin_series(strategy);
    if (signalled == -ESRCH) {
        leave_out(strategy, choice->bundle);
        mm_victim_report_gone(&strategy->victim, choice->bundle, strategy->center);
        return false;
    }
    if (signalled == -EXDEV) {
        leave_alone(strategy, choice, reading);
    } else {
        record_kill(strategy, level, choice, reading, decided_ns, signalled);
        if (signalled < 0 || strategy->kernel->is_dry_run)
            let_go(strategy, choice->bundle);
    }
    mm_victim_report_left(&strategy->victim, strategy->center);
    return signalled > 0;
}

static uint64_t look_pause_ns(const struct mm_kill_strategy *strategy)
{
    return strategy->config->exit_timeout_ms * MM_NS_PER_MS / MM_KILL_EXIT_LOOKS;
}

static void wait_for_exit(struct mm_kill_strategy *strategy)
{
    wait_until(strategy, strategy->victim.is_watched
                             ? strategy->next_look_ns
                             : MM_MIN(strategy->next_look_ns, now_ns(strategy) + POLL_NS));
}

static void await_exit(struct mm_kill_strategy *strategy, uint64_t available_bytes)
{
    uint64_t time_ns = now_ns(strategy);
    uint64_t timeout_ns = strategy->config->exit_timeout_ms * MM_NS_PER_MS;

    strategy->state = WAITING_FOR_EXIT;
    strategy->deadline_ns = time_ns + timeout_ns;
    strategy->last_deadline_ns = time_ns + MM_KILL_EXIT_TIMES_MAX * timeout_ns;
    strategy->next_look_ns = time_ns + look_pause_ns(strategy);
    strategy->last_available_bytes = available_bytes;
    wait_for_exit(strategy);
}

static void kill_somebody(struct mm_kill_strategy *strategy, const struct mm_kill_level *level,
                          const struct mm_kill_reading *reading)
{
    struct mm_kill_choice choice;

    strategy->series_level = *level;
    for (unsigned tries = 0; tries < TRIES_PER_TURN; tries++) {
        if (!choose(strategy, level, reading->available_bytes, &choice)) {
            end_series(strategy);
            return;
        }
        if (!kill_choice(strategy, level, &choice, reading))
            continue;
        if (strategy->kernel->is_dry_run)
            end_series(strategy);
        else
            await_exit(strategy, reading->available_bytes);
        return;
    }
    strategy->state = CHOOSING;
    strategy->deadline_ns = now_ns(strategy);
    wait_until(strategy, strategy->deadline_ns);
}

static void on_waterline(struct mm_kill_strategy *strategy, const struct mm_event *event)
{
    uint64_t available_bytes = event->payload.memory.available_bytes;
    const struct mm_kill_level *level = mm_kill_level_for(strategy->config, available_bytes);
    struct mm_decision decision = {
        .source = MM_DECISION_KILL,
        .is_dry_run = strategy->kernel->is_dry_run,
        .action = "none",
        .available_bytes = available_bytes,
    };

    if (strategy->state != AT_REST)
        return;
    strategy->evaluations++;
    if (!strategy->config->is_enabled)
        mm_decide(strategy->center, &decision, "killing is switched off");
    else if (!level)
        mm_decide(strategy->center, &decision, "available is above every kill waterline");
    else
        kill_somebody(strategy, level, &(struct mm_kill_reading){available_bytes, event->time_ns});
}

/* ---- after the signal ---------------------------------------------------------------------------------- */

static void finish_record(struct mm_kill_strategy *strategy, enum mm_kill_outcome outcome,
                          uint64_t available_bytes)
{
    struct mm_kill_record *record = &strategy->present;

    record->outcome = outcome;
    record->recovered_ns = outcome == MM_KILL_RECOVERED ? now_ns(strategy) : 0;
    record->available_after_bytes = available_bytes;
    record->freed_bytes = available_bytes > record->available_before_bytes
                              ? available_bytes - record->available_before_bytes
                              : 0;
    mm_kill_records_update(&strategy->records, record);
    mm_kill_explain_end(strategy->center, record);
}

/* Chooses again from a fresh reading, or ends the series. */
static void go_on(struct mm_kill_strategy *strategy)
{
    const struct mm_decision decision = {
        .source = MM_DECISION_KILL, .is_dry_run = strategy->kernel->is_dry_run, .action = "none"};
    struct mm_memory_state memory;
    const struct mm_kill_level *level = NULL;
    uint64_t time_ns = now_ns(strategy);
    int result = strategy->kernel->ops->read_memory(strategy->kernel, &memory);

    strategy->evaluations++;
    if (result < 0)
        mm_decide(strategy->center, &decision, "memory cannot be read: %s", strerror(-result));
    if (result < 0 || mm_kill_next_step(strategy->config, &strategy->series_level, memory.available_bytes,
                                        &level) == MM_KILL_NEXT_STOP) {
        end_series(strategy);
        return;
    }
    kill_somebody(strategy, level, &(struct mm_kill_reading){memory.available_bytes, time_ns});
}

/* From a notice: the rest is done by the timer, when the list has heard of the exits. */
static void on_all_exited(struct mm_kill_strategy *strategy)
{
    uint64_t time_ns = now_ns(strategy);

    strategy->present.exited_ns = time_ns;
    mm_kill_records_update(&strategy->records, &strategy->present);
    mm_victim_report_exits(&strategy->victim, strategy->center);
    mm_victim_release(&strategy->victim);
    strategy->state = WAITING_FOR_MEMORY;
    strategy->last_available_bytes = strategy->present.available_before_bytes;
    strategy->still_readings = 0;
    strategy->deadline_ns = time_ns + strategy->config->recovery_timeout_ms * MM_NS_PER_MS;
    wait_until(strategy, time_ns);
}

static void give_up_victim(struct mm_kill_strategy *strategy)
{
    struct mm_memory_state memory = {.available_bytes = strategy->present.available_before_bytes};

    for (uint32_t i = 0; i < strategy->victim.count; i++) {
        const struct mm_process *process =
            mm_priority_manager_find(strategy->manager, strategy->victim.processes[i].handle.pid);

        if (process && !strategy->victim.processes[i].has_exited)
            set_aside(strategy, process->bundle);
    }
    mm_victim_report_exits(&strategy->victim, strategy->center);
    mm_victim_release(&strategy->victim);
    (void)strategy->kernel->ops->read_memory(strategy->kernel, &memory);
    finish_record(strategy, MM_KILL_TIMED_OUT, memory.available_bytes);
}

/* A large victim takes its time: the next one must not die while memory still comes back. */
static void look_whether_it_gives_back(struct mm_kill_strategy *strategy)
{
    uint64_t time_ns = now_ns(strategy);
    struct mm_memory_state memory = {.available_bytes = strategy->last_available_bytes};

    if (time_ns < strategy->next_look_ns)
        return;
    strategy->next_look_ns = time_ns + look_pause_ns(strategy);
    if (strategy->kernel->ops->read_memory(strategy->kernel, &memory) == 0 &&
        mm_kill_is_giving_back(strategy->present.resident_bytes, strategy->last_available_bytes,
                               memory.available_bytes))
        strategy->deadline_ns =
            MM_MAX(strategy->deadline_ns, MM_MIN(strategy->next_look_ns, strategy->last_deadline_ns));
    strategy->last_available_bytes = memory.available_bytes;
}

static void look_for_exit(struct mm_kill_strategy *strategy)
{
    if (mm_victim_poll(&strategy->victim)) {
        on_all_exited(strategy);
        return;
    }
    look_whether_it_gives_back(strategy);
    if (now_ns(strategy) < strategy->deadline_ns) {
        wait_for_exit(strategy);
        return;
    }
    give_up_victim(strategy);
    go_on(strategy);
}

static void look_for_memory(struct mm_kill_strategy *strategy)
{
    const struct mm_kill_record *record = &strategy->present;
    const struct mm_kill_level *level;
    struct mm_memory_state memory = {.available_bytes = strategy->last_available_bytes};
    bool is_read = strategy->kernel->ops->read_memory(strategy->kernel, &memory) == 0;
    uint64_t still_bytes = record->resident_bytes * MM_KILL_STILL_PERCENT / 100;

    if (is_read && mm_kill_next_step(strategy->config, &strategy->series_level, memory.available_bytes,
                                     &level) == MM_KILL_NEXT_STOP) {
        finish_record(strategy, MM_KILL_RECOVERED, memory.available_bytes);
        end_series(strategy);
        return;
    }
    if (memory.available_bytes <= strategy->last_available_bytes + still_bytes)
        strategy->still_readings++;
    else
        strategy->still_readings = 0;
    strategy->last_available_bytes = memory.available_bytes;
    if (now_ns(strategy) < strategy->deadline_ns &&
        !mm_kill_has_settled(record->resident_bytes, record->available_before_bytes, memory.available_bytes,
                             strategy->still_readings)) {
        wait_until(strategy, now_ns(strategy) + POLL_NS);
        return;
    }
    finish_record(strategy, MM_KILL_NOT_ENOUGH, memory.available_bytes);
    go_on(strategy);
}

static void on_timer(struct mm_timer *timer, void *user)
{
    struct mm_kill_strategy *strategy = user;

    (void)timer;
    switch (strategy->state) {
    case CHOOSING:
        go_on(strategy);
        break;
    case WAITING_FOR_EXIT:
        look_for_exit(strategy);
        break;
    case WAITING_FOR_MEMORY:
        look_for_memory(strategy);
        break;
    case AT_REST:
        break;
    }
}

static void on_event(const struct mm_event *event, void *user)
{
    struct mm_kill_strategy *strategy = user;

    mm_account_end_hear(&strategy->account_end, event);
    switch (event->kind) {
    case MM_EVENT_WATERLINE:
        on_waterline(strategy, event);
        break;
    case MM_EVENT_NOTICE:
        if (event->payload.notice.kind == MM_NOTICE_PROCESS_EXITED && strategy->state == WAITING_FOR_EXIT &&
            mm_victim_note_exit(&strategy->victim, event->payload.notice.cookie))
            on_all_exited(strategy);
        break;
    case MM_EVENT_CONFIG:
        strategy->config = &event->payload.config->kill;
        break;
    default:
        break;
    }
}

int mm_kill_strategy_new(struct mm_kernel *kernel, struct mm_event_center *center,
                         struct mm_priority_manager *manager, const struct mm_config *config,
                         struct mm_kill_strategy **ret_strategy)
{
    struct mm_kill_strategy *strategy = calloc(1, sizeof(*strategy));
    int result;

    if (!strategy)
        return -ENOMEM;
    strategy->kernel = kernel;
    strategy->center = center;
    strategy->manager = manager;
    strategy->config = &config->kill;
    mm_victim_init(&strategy->victim, kernel, 0);
    mm_victim_touch(&strategy->victim);
    mm_account_end_init(&strategy->account_end, kernel, center, manager, strategy->config,
                        &strategy->records);
    mm_kill_records_touch_ahead(&strategy->records);
    mm_timer_init(&strategy->timer, on_timer, strategy);
    result = mm_event_center_subscribe(center, MM_RANK_KILL_STRATEGY,
                                       1u << MM_EVENT_WATERLINE | 1u << MM_EVENT_NOTICE |
                                           1u << MM_EVENT_CONFIG | 1u << MM_EVENT_ACCOUNT,
                                       on_event, strategy);
    if (result < 0) {
        free(strategy);
        return result;
    }
    *ret_strategy = strategy;
    return 0;
}

void mm_kill_strategy_rehearse(struct mm_kill_strategy *strategy)
{
    mm_victim_rehearse(&strategy->victim);
}

void mm_kill_strategy_free(struct mm_kill_strategy *strategy)
{
    if (!strategy)
        return;
    mm_event_center_disarm(strategy->center, &strategy->timer);
    mm_event_center_unsubscribe(strategy->center, on_event, strategy);
    mm_account_end_fini(&strategy->account_end);
    mm_victim_release(&strategy->victim);
    free(strategy);
}
