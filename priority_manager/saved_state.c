/* SPDX-License-Identifier: Apache-2.0 */
/* The state that outlives a restart: written when it is calm, taken up again after the first scan. */
#include "priority_manager/manager.h"
#include "priority_manager/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NAME "applications"
/* A daemon that is killed loses the reports of so long, and a busy device writes so seldom. */
#define WAIT_NS (2 * MM_NS_PER_S)
/* What cannot be written will not be for a while; to try is to wake up a machine that is at rest. */
#define RETRY_NS (30 * MM_NS_PER_S)
/* Of a process and of a binding, more than any takes. */
#define RECORD_BYTES 256

/* ---- saving --------------------------------------------------------------------------------------------- */

/* What is under way while it is written. */
struct saving {
    struct mm_snapshot_writer writer;
    size_t bytes; /* that all members take */
};

static size_t caller_count(const struct mm_process_node *target)
{
    size_t count = 0;

    for (const struct mm_binding *binding = target->callers; binding; binding = binding->target_next)
        count++;
    return count;
}

static bool can_be_told_again(const struct mm_process_node *node)
{
    return node->process.start_time_ticks != 0;
}

/* The record of a process and those of who binds it. */
static size_t bytes_of(const struct mm_process_node *node)
{
    size_t own = can_be_told_again(node) ? mm_snapshot_process_bytes(node->process.bundle->name) : 0;

    return own + mm_snapshot_bindings_bytes(caller_count(node));
}

static void add_up(struct saving *saving, const struct mm_process_node *node)
{
    saving->bytes += bytes_of(node);
}

static void leave_out(struct saving *saving, const struct mm_process_node *node)
{
    saving->writer.left_out += (unsigned)(can_be_told_again(node) + caller_count(node));
}

static void add_process(struct saving *saving, const struct mm_process_node *node)
{
    const struct mm_process *process = &node->process;
    const struct mm_bundle *bundle = process->bundle;
    struct mm_snapshot_process record;

    if (!can_be_told_again(node))
        return;
    memset(&record, 0, sizeof(record)); /* what lies between members is written, too */
    record.pid = process->pid;
    record.start_time_ticks = process->start_time_ticks;
    record.uid = process->uid;
    record.bundle_uid = bundle->uid;
    record.account_id = mm_bundle_account_id(bundle);
    record.flags = process->flags & MM_SNAPSHOT_FLAGS;
    record.inherited_oom_score_adj = process->inherited_oom_score_adj;
    record.written_oom_score_adj = process->written_oom_score_adj;
    if (process->flags & (MM_PROCESS_IN_GRACE | MM_PROCESS_IS_ABILITY_STARTING))
        record.deadline_ns = node->deadline.at_ns;
    record.ability_started_ns = node->ability_started_ns;
    record.process_name_hash = node->process_name_hash;
    mm_copy_text(record.name, sizeof(record.name), bundle->name);
    mm_snapshot_add_process(&saving->writer, &record);
}

static void add_bindings(struct saving *saving, const struct mm_process_node *target)
{
    for (const struct mm_binding *binding = target->callers; binding; binding = binding->target_next) {
        struct mm_snapshot_binding record;

        memset(&record, 0, sizeof(record));
        record.caller_pid = binding->caller_pid;
        record.target_pid = target->process.pid;
        record.caller_ticks =
            binding->caller ? binding->caller->process.start_time_ticks : binding->caller_ticks;
        mm_snapshot_add_binding(&saving->writer, &record);
    }
}

typedef void (*member_visit)(struct saving *saving, const struct mm_process_node *node);

/* In the order of the list, so that those of one priority come back in the order of their use: the least important
   first, of which as many are passed by as make up `excess` bytes. passed_by may be NULL. */
static void visit_members(const struct mm_priority_manager *manager, struct saving *saving, size_t excess,
                          member_visit visit, member_visit passed_by)
{
    for (struct mm_priority_entry *entry = mm_priority_list_first(&manager->list); entry;
         entry = mm_priority_list_next(&manager->list, entry)) {
        const struct mm_bundle *bundle = MM_BUNDLE_OF(entry);

        if (!bundle->is_registered)
            continue;
        MM_LIST_FOR_EACH (link, &bundle->processes) {
            const struct mm_process_node *node = mm_node_at(link);

            if (excess == 0) {
                visit(saving, node);
                continue;
            }
            excess -= MM_MIN(excess, bytes_of(node));
            if (passed_by)
                passed_by(saving, node);
        }
    }
}

/* Where there is no room for all, the least important are left out. */
static void add_members(const struct mm_priority_manager *manager, struct saving *saving)
{
    size_t room = saving->writer.capacity - saving->writer.size, excess;

    visit_members(manager, saving, 0, add_up, NULL);
    excess = saving->bytes > room ? saving->bytes - room : 0;
    visit_members(manager, saving, excess, add_process, leave_out);
    visit_members(manager, saving, excess, add_bindings, NULL);
}

static void add_accounts(const struct mm_priority_manager *manager, struct mm_snapshot_writer *writer)
{
    MM_LIST_FOR_EACH (link, &manager->accounts) {
        const struct mm_account *account = MM_CONTAINER_OF(link, const struct mm_account, link);
        struct mm_snapshot_account record;

        if (account->state == MM_ACCOUNT_IS_UNKNOWN)
            continue;
        memset(&record, 0, sizeof(record));
        record.id = account->id;
        record.is_active = account->state == MM_ACCOUNT_IS_ACTIVE;
        record.is_removed = account->is_removed;
        record.is_ending = mm_account_has_ending(manager, account);
        mm_snapshot_add_account(writer, &record);
    }
}

/* Once, until there is room again. */
static void note_left_out(struct mm_priority_manager *manager, unsigned left_out)
{
    if (left_out > 0 && manager->saved.left_out == 0)
        mm_warning(
            "of what clients reported, %u processes and bindings are not saved for a restart: there is "
            "no room for more",
            left_out);
    manager->saved.left_out = left_out;
}

static int write_bytes(struct mm_priority_manager *manager, struct saving *saving, uint64_t now_ns)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_snapshot_writer *writer = &saving->writer;
    uint8_t boot_id[MM_BOOT_ID_BYTES];
    int result = kernel->ops->read_boot_id(kernel, boot_id);

    if (result < 0)
        return result;
    /* a mapping of its own: the heap would keep what was written, locked, for as long as the daemon lives */
    writer->bytes = mmap(NULL, writer->capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (writer->bytes == MAP_FAILED)
        return -errno;
    mm_snapshot_begin(writer, boot_id, now_ns);
    add_accounts(manager, writer);
    add_members(manager, saving);
    result = mm_snapshot_end(writer);
    if (result == 0)
        result = kernel->ops->write_saved(kernel, NAME, writer->bytes, writer->size);
    (void)munmap(writer->bytes, writer->capacity);
    return result;
}

/* What could not be written stays wanted. */
static int write_state(struct mm_priority_manager *manager)
{
    const struct mm_priority_counters *counters = &manager->counters;
    uint64_t now_ns = mm_event_center_now_ns(manager->center);
    struct saving saving = {
        .writer.capacity = (size_t)RECORD_BYTES *
                           (1 + counters->accounts + counters->registered_processes + counters->bindings),
    };
    int result = write_bytes(manager, &saving, now_ns);

    manager->saved.error = result;
    manager->saved.is_wanted = result < 0;
    if (result == 0) {
        manager->saved.saved_ns = now_ns;
        note_left_out(manager, saving.writer.left_out);
    }
    return result;
}

bool mm_priority_manager_is_saved(const struct mm_priority_manager *manager)
{
    return manager->saves_state && !manager->is_upstream;
}

/* It allocates and writes: under pressure it would wait for memory, and the kill for it. What a device does for hours, at
   a low level of memory, is worth saving. */
static bool is_calm(const struct mm_priority_manager *manager)
{
    return !manager->is_under_pressure && manager->memory_level < MM_LEVEL_CRITICAL;
}

int mm_priority_manager_save_last(struct mm_priority_manager *manager)
{
    return mm_priority_manager_is_saved(manager) ? write_state(manager) : -EOPNOTSUPP;
}

static void arm(struct mm_priority_manager *manager, uint64_t wait_ns)
{
    mm_event_center_arm(manager->center, &manager->save_timer,
                        mm_event_center_now_ns(manager->center) + wait_ns);
}

/* Where it is not calm, it stays wanted; when that ends it is armed again. */
int mm_priority_manager_save(struct mm_priority_manager *manager)
{
    int before = manager->saved.error;
    int result;

    if (!mm_priority_manager_is_saved(manager))
        return -EOPNOTSUPP;
    if (!is_calm(manager))
        return -EBUSY;
    result = write_state(manager);
    if (result < 0 && result != before)
        mm_warning("what clients reported is not saved for a restart: %s", strerror(-result));
    if (result == 0 && before < 0)
        mm_notice("what clients reported is saved for a restart again");
    if (result < 0)
        arm(manager, RETRY_NS);
    return result;
}

static void save(struct mm_timer *timer, void *user)
{
    (void)timer;
    (void)mm_priority_manager_save(user);
}

void mm_manager_init_save(struct mm_priority_manager *manager)
{
    mm_timer_init(&manager->save_timer, save, manager);
    manager->save_timer.slack_ns = WAIT_NS;
}

void mm_manager_arm_save(struct mm_priority_manager *manager)
{
    if (manager->saved.is_wanted && is_calm(manager) && !mm_timer_is_armed(&manager->save_timer))
        arm(manager, WAIT_NS);
}

void mm_manager_want_save(struct mm_priority_manager *manager)
{
    manager->saved.is_wanted = mm_priority_manager_is_saved(manager);
    /* what failed is tried again with the next report, not only when its time has come */
    if (manager->saved.is_wanted && manager->saved.error < 0 && is_calm(manager) &&
        mm_timer_is_armed(&manager->save_timer) &&
        manager->save_timer.deadline_ns > mm_event_center_now_ns(manager->center) + WAIT_NS)
        arm(manager, WAIT_NS);
    mm_manager_arm_save(manager);
}

/* ---- restoring ------------------------------------------------------------------------------------------ */

static void restore_account(const struct mm_snapshot_account *record, void *user)
{
    struct mm_priority_manager *manager = user;
    struct mm_account *account;

    mm_manager_keep_reserve(manager);
    account = mm_manager_account(manager, record->id, true);
    if (!account)
        return;
    account->state = record->is_active ? MM_ACCOUNT_IS_ACTIVE : MM_ACCOUNT_IS_INACTIVE;
    account->is_removed = record->is_removed;
    account->is_to_end = record->is_ending;
    manager->saved.accounts++;
}

/* The one that was registered, found by the scan, and nobody's yet. */
static struct mm_process_node *find_same(const struct mm_priority_manager *manager, pid_t pid, uint64_t ticks)
{
    struct mm_process_node *node = mm_manager_find(manager, pid);

    return node && node->process.start_time_ticks == ticks ? node : NULL;
}

static void restore_deadline(struct mm_priority_manager *manager, struct mm_process_node *node,
                             const struct mm_snapshot_process *record)
{
    struct mm_deadline_queue *queue =
        record->flags & MM_PROCESS_IN_GRACE ? &manager->grace : &manager->ability_start;
    uint64_t now_ns = mm_event_center_now_ns(manager->center);

    if (!(record->flags & (MM_PROCESS_IN_GRACE | MM_PROCESS_IS_ABILITY_STARTING)))
        return;
    /* never longer than it was given, whatever the record says */
    mm_deadline_wait_until(queue, &node->deadline, MM_MIN(record->deadline_ns, now_ns + queue->duration_ns));
}

static bool join(struct mm_priority_manager *manager, struct mm_process_node *node,
                 const struct mm_snapshot_process *record)
{
    const uint64_t hash = mm_hash_text(record->name);
    struct mm_bundle_node *bundle;

    mm_bundle_leave(manager, node);
    node->process.uid = record->uid;
    bundle = mm_manager_registered_bundle(manager, node, record->account_id, record->bundle_uid, record->name,
                                          hash);
    if (!bundle || ((record->flags & MM_PROCESS_IS_RENDER) && bundle->bundle.render_count == UINT16_MAX)) {
        if (mm_manager_unregister(manager, node) < 0)
            mm_manager_remove_process(manager, node);
        return false;
    }
    node->process.flags = record->flags | (node->process.flags & MM_PROCESS_IS_FROZEN);
    node->process.inherited_oom_score_adj = record->inherited_oom_score_adj;
    node->process_name_hash = record->process_name_hash;
    node->ability_started_ns = record->ability_started_ns;
    /* written by somebody else while nobody looked */
    if (node->process.written_oom_score_adj == MM_PRIORITY_SYSTEM &&
        record->written_oom_score_adj != MM_PRIORITY_SYSTEM)
        node->process.flags |= MM_PROCESS_IS_OUT_OF_REACH;
    else if (node->process.written_oom_score_adj != MM_PRIORITY_SYSTEM)
        node->process.flags &= ~(uint32_t)MM_PROCESS_IS_OUT_OF_REACH;
    mm_bundle_join(manager, bundle, node);
    mm_manager_apply_names(manager, node, hash);
    restore_deadline(manager, node, record);
    return true;
}

static void restore_process(const struct mm_snapshot_process *record, void *user)
{
    struct mm_priority_manager *manager = user;
    struct mm_process_node *node = find_same(manager, record->pid, record->start_time_ticks);

    if (!node || node->process.bundle->is_registered) {
        manager->saved.gone++;
        return;
    }
    mm_manager_keep_reserve(manager);
    if (join(manager, node, record))
        manager->saved.processes++;
    /* one after the other, so that they come to the list in their order */
    mm_manager_settle(manager);
}

/* It need not be one of the domain's. */
static bool is_same_caller(const struct mm_priority_manager *manager,
                           const struct mm_snapshot_binding *record)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info;

    if (find_same(manager, record->caller_pid, record->caller_ticks))
        return true;
    return record->caller_ticks != 0 &&
           kernel->ops->read_process(kernel, record->caller_pid, MM_PROCESS_STAT, &info) == 0 &&
           !info.has_exited && info.start_time_ticks == record->caller_ticks;
}

static void restore_binding(const struct mm_snapshot_binding *record, void *user)
{
    struct mm_priority_manager *manager = user;
    struct mm_process_node *target = mm_manager_find(manager, record->target_pid);

    if (!target || !target->process.bundle->is_registered)
        return;
    /* a caller that has ended needs nothing any more; one that never was named has no end */
    if (record->caller_pid != 0 && !is_same_caller(manager, record)) {
        manager->saved.gone++;
        return;
    }
    mm_manager_keep_reserve(manager);
    if (mm_manager_bind(manager, record->caller_pid, target) == 0)
        manager->saved.bindings++;
}

static void restore_bytes(struct mm_priority_manager *manager, const uint8_t *bytes, size_t size)
{
    const struct mm_snapshot_visitor visitor = {restore_account, restore_process, restore_binding, manager};
    uint64_t now_ns = mm_event_center_now_ns(manager->center), written_ns = 0;
    struct mm_kernel *kernel = manager->kernel;
    uint8_t boot_id[MM_BOOT_ID_BYTES];
    enum mm_snapshot_verdict verdict;

    if (kernel->ops->read_boot_id(kernel, boot_id) < 0)
        return;
    verdict = mm_snapshot_read(bytes, size, boot_id, &visitor, &written_ns);
    if (verdict != MM_SNAPSHOT_GOOD) {
        mm_notice("what clients reported before the restart is not taken up: it is %s",
                  mm_snapshot_verdict_name(verdict));
        return;
    }
    manager->saved.age_ns = now_ns > written_ns ? now_ns - written_ns : 0;
    mm_manager_settle(manager);
    mm_manager_resume_ending(manager);
    mm_manager_announce(manager);
}

static void remove_state(struct mm_priority_manager *manager)
{
    struct mm_kernel *kernel = manager->kernel;
    int result = kernel->ops->remove_saved(kernel, NAME);

    if (result < 0 && result != -ENOENT)
        mm_warning("what clients reported to an earlier daemon cannot be removed: %s", strerror(-result));
}

int mm_priority_manager_restore(struct mm_priority_manager *manager)
{
    struct mm_kernel *kernel = manager->kernel;
    uint8_t *bytes;
    ssize_t size;

    if (!mm_priority_manager_is_saved(manager)) {
        remove_state(manager);
        return -EOPNOTSUPP;
    }
    bytes = malloc(MM_SNAPSHOT_BYTES_MAX);
    if (!bytes)
        return -ENOMEM;
    size = kernel->ops->read_saved(kernel, NAME, bytes, MM_SNAPSHOT_BYTES_MAX);
    if (size >= 0)
        restore_bytes(manager, bytes, (size_t)size);
    else if (size != -ENOENT)
        mm_notice("what clients reported before the restart is not taken up: %s", strerror((int)-size));
    free(bytes);
    return size < 0 ? (int)size : 0;
}

const struct mm_saved_state *mm_priority_manager_saved(const struct mm_priority_manager *manager)
{
    return &manager->saved;
}
