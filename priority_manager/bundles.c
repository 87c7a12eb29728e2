/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: membership, the least of the members, the place on the list, and what is told of it. */
#include "priority_manager/upstream.h"

#include <string.h>

/* A quarter of the event center's queue, so that a switch of accounts loses nobody's events. */
#define ANNOUNCEMENTS_AT_ONCE 256

/* Of an unregistered bundle of several processes it is the most important one's priority that counts. */
bool mm_unregistered_may_be_touched(int priority, enum mm_unregistered_policy policy)
{
    return policy == MM_UNREGISTERED_ANY || (policy == MM_UNREGISTERED_RAISED && priority > 0);
}

bool mm_bundle_may_be_touched(const struct mm_bundle *bundle, enum mm_unregistered_policy policy)
{
    return bundle->is_registered || mm_unregistered_may_be_touched(bundle->entry.priority, policy);
}

bool mm_bundle_is_shared(const struct mm_bundle *bundle)
{
    return MM_CONTAINER_OF(bundle, const struct mm_bundle_node, bundle)->is_shared;
}

static struct mm_priority_description description_of(const struct mm_priority_list *list,
                                                     const struct mm_bundle *bundle)
{
    bool is_by_uid = list->order.order == MM_ORDER_HIGHEST_UID;

    return (struct mm_priority_description){
        .resident_bytes = bundle->resident_bytes,
        .started = is_by_uid ? UINT32_MAX - bundle->uid : bundle->started_ticks,
        .marks = (bundle->is_registered ? 0u : MM_PRIORITY_IS_UNREGISTERED) |
                 (bundle->set_aside_until_ns > 0 ? MM_PRIORITY_IS_SET_ASIDE : 0u) |
                 (bundle->process_count == 0 ? MM_PRIORITY_IS_EMPTY : 0u),
    };
}

void mm_bundle_describe(struct mm_priority_list *list, const struct mm_bundle *bundle)
{
    struct mm_priority_description description;

    if (!mm_priority_entry_is_listed(&bundle->entry))
        return;
    description = description_of(list, bundle);
    mm_priority_list_describe(list, &bundle->entry, &description);
}

void mm_priority_manager_set_aside(struct mm_priority_manager *manager, struct mm_bundle *bundle,
                                   uint64_t until_ns)
{
    bundle->set_aside_until_ns = until_ns;
    mm_bundle_describe(&manager->list, bundle);
}

/* Where priorities are upstream's a bundle is a uid. */
static uint64_t bundle_hash(const struct mm_priority_manager *manager, int64_t account_id, uid_t uid,
                            uint64_t name_hash)
{
    if (manager->is_upstream)
        return mm_hash_u64(uid);
    return mm_hash_u64(name_hash ^ mm_hash_u64((uint64_t)account_id << 32 ^ uid));
}

void mm_bundle_mark_changed(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    if (node->bundle.work_flags & MM_BUNDLE_IS_CHANGED)
        return;
    node->bundle.work_flags |= MM_BUNDLE_IS_CHANGED;
    node->bundle.changed_next = manager->changed_bundles;
    manager->changed_bundles = node;
}

static void append_moved(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    node->bundle.work_flags |= MM_BUNDLE_HAS_MOVED;
    node->bundle.announce_next = NULL;
    if (manager->moved_first)
        manager->moved_last->bundle.announce_next = node;
    else
        manager->moved_first = node;
    manager->moved_last = node;
}

static struct mm_bundle_node *take_moved(struct mm_priority_manager *manager)
{
    struct mm_bundle_node *node = manager->moved_first;

    manager->moved_first = node->bundle.announce_next;
    node->bundle.work_flags &= (uint8_t)~MM_BUNDLE_HAS_MOVED;
    return node;
}

/* A bundle seldom ends between its move and the end of the event. */
static void forget_moved(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    struct mm_bundle_node *before = NULL;
    struct mm_bundle_node *each = manager->moved_first;

    for (; each != node; each = each->bundle.announce_next)
        before = each;
    if (before)
        before->bundle.announce_next = node->bundle.announce_next;
    else
        manager->moved_first = node->bundle.announce_next;
    if (manager->moved_last == node)
        manager->moved_last = before;
}

static struct mm_bundle_node *take_bundle(struct mm_priority_manager *manager,
                                          const struct mm_process_node *member, uid_t uid)
{
    struct mm_bundle_node *node = mm_bundle_beside(member);

    if (node->is_in_use)
        node = mm_object_pool_take(&manager->bundle_pool);
    else
        mm_object_pool_take_this(&manager->bundle_pool, node);
    if (!node)
        return NULL;
    node->is_in_use = true;
    mm_priority_entry_init(&node->bundle.entry);
    node->bundle.entry.priority = MM_PRIORITY_BACKGROUND;
    mm_list_init(&node->bundle.processes);
    node->bundle.uid = uid;
    node->bundle.least = MM_PRIORITY_NONE;
    node->bundle.announced = MM_PRIORITY_NONE;
    node->upstream_number = MM_PRIORITY_BACKGROUND;
    manager->counters.bundles++;
    return node;
}

struct mm_bundle_node *mm_manager_find_bundle(const struct mm_priority_manager *manager, int64_t account_id,
                                              uid_t uid, const char *name, uint64_t name_hash)
{
    uint64_t hash = bundle_hash(manager, account_id, uid, name_hash);

    for (struct mm_hash_link *link = mm_hash_table_chain(&manager->bundles, hash); link; link = link->next) {
        struct mm_bundle_node *node = MM_CONTAINER_OF(link, struct mm_bundle_node, hash_link);

        if (link->hash == hash && node->bundle.is_registered && node->bundle.uid == uid &&
            (manager->is_upstream ||
             (node->bundle.account->id == account_id && strcmp(node->bundle.name, name) == 0)))
            return node;
    }
    return NULL;
}

struct mm_bundle_node *mm_manager_registered_bundle(struct mm_priority_manager *manager,
                                                    const struct mm_process_node *member, int64_t account_id,
                                                    uid_t uid, const char *name, uint64_t name_hash)
{
    struct mm_bundle_node *node = mm_manager_find_bundle(manager, account_id, uid, name, name_hash);
    struct mm_account *account;
    const char *kept_name;

    if (node)
        return node;
    account = mm_manager_account(manager, account_id, true);
    kept_name = account ? mm_bundle_names_take(&manager->bundle_names, name) : NULL;
    node = kept_name ? take_bundle(manager, member, uid) : NULL;
    if (!node) {
        if (kept_name)
            mm_bundle_names_put(&manager->bundle_names, kept_name);
        if (account)
            mm_account_release(manager, account);
        return NULL;
    }
    node->bundle.name = kept_name;
    node->bundle.is_registered = true;
    node->bundle.account = account;
    node->bundle.announced = MM_PRIORITY_BACKGROUND; /* where upstream's bundles begin */
    account->bundle_count++;
    node->hash_link.hash = bundle_hash(manager, account_id, uid, name_hash);
    mm_hash_table_insert(&manager->bundles, &node->hash_link);
    return node;
}

void mm_bundle_label(struct mm_bundle_node *node, const char *comm)
{
    (void)mm_printable(comm, strnlen(comm, MM_COMM_MAX), node->label, sizeof(node->label));
}

struct mm_bundle_node *mm_manager_own_bundle(struct mm_priority_manager *manager,
                                             const struct mm_process_node *member)
{
    struct mm_bundle_node *node = take_bundle(manager, member, member->process.uid);

    if (!node)
        return NULL;
    mm_bundle_label(node, member->process.comm);
    node->bundle.name = node->label;
    return node;
}

static void end_bundle(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    mm_priority_list_remove(&manager->list, &node->bundle.entry);
    if (node->bundle.work_flags & MM_BUNDLE_HAS_MOVED)
        forget_moved(manager, node);
    if (node->bundle.is_registered || node->is_shared) {
        mm_hash_table_remove(&manager->bundles, &node->hash_link);
        mm_bundle_names_put(&manager->bundle_names, node->bundle.name);
    }
    if (node->bundle.is_registered) {
        node->bundle.account->bundle_count--;
        mm_account_release(manager, node->bundle.account);
    }
    node->is_in_use = false;
    mm_object_pool_put(&manager->bundle_pool, node);
    manager->counters.bundles--;
}

void mm_bundle_join(struct mm_priority_manager *manager, struct mm_bundle_node *node,
                    struct mm_process_node *member)
{
    struct mm_bundle *bundle = &node->bundle;

    member->process.bundle = bundle;
    member->process.priority = MM_PRIORITY_NONE;
    mm_list_push_back(&bundle->processes, &member->process.bundle_link);
    if (bundle->process_count++ == 0 || member->process.start_time_ticks < bundle->started_ticks)
        bundle->started_ticks = member->process.start_time_ticks;
    bundle->resident_bytes += member->process.resident_bytes;
    if (member->process.flags & MM_PROCESS_IS_RENDER)
        node->bundle.render_count++;
    if (bundle->is_registered)
        manager->counters.registered_processes++;
    mm_bundle_describe(&manager->list, bundle);
    mm_bundle_mark_changed(manager, node);
    mm_manager_seed(manager, member);
}

void mm_bundle_leave(struct mm_priority_manager *manager, struct mm_process_node *member)
{
    if (!member->process.bundle->is_registered)
        mm_manager_forget_match(manager, member);
    mm_bundle_part(manager, member);
}

/* Of the last one nothing is looked at: its links and its size are in a line of cache that is not needed else. */
static void take_out(struct mm_bundle *bundle, struct mm_process_node *member)
{
    member->process.bundle = NULL;
    if (--bundle->process_count == 0) {
        mm_list_init(&bundle->processes);
        bundle->resident_bytes = 0;
        return;
    }
    mm_list_remove(&member->process.bundle_link);
    bundle->resident_bytes -= MM_MIN(bundle->resident_bytes, member->process.resident_bytes);
}

void mm_bundle_part(struct mm_priority_manager *manager, struct mm_process_node *member)
{
    struct mm_bundle *bundle = member->process.bundle;
    struct mm_bundle_node *node = mm_bundle_node_of(bundle);

    take_out(bundle, member);
    if (member->process.flags & MM_PROCESS_IS_RENDER)
        node->bundle.render_count--;
    if (bundle->is_registered)
        manager->counters.registered_processes--;
    if (bundle->process_count == 0 && !(bundle->work_flags & MM_BUNDLE_IS_CHANGED)) {
        end_bundle(manager, node);
        return;
    }
    mm_bundle_describe(&manager->list, bundle);
    if (member->process.priority > node->bundle.least)
        return;
    node->bundle.work_flags |= MM_BUNDLE_MUST_RECOUNT;
    mm_bundle_mark_changed(manager, node);
}

void mm_bundle_member_changed(struct mm_priority_manager *manager, struct mm_process_node *member,
                              int previous)
{
    struct mm_bundle_node *node = mm_bundle_node_of(member->process.bundle);
    int priority = member->process.priority;

    if (member->process.flags & MM_PROCESS_IS_RENDER)
        return;
    if (priority < node->bundle.least || node->bundle.process_count == 1)
        node->bundle.least = (int16_t)priority;
    else if (previous == node->bundle.least)
        node->bundle.work_flags |= MM_BUNDLE_MUST_RECOUNT;
    else
        return;
    mm_bundle_mark_changed(manager, node);
}

void mm_bundle_touch(struct mm_priority_manager *manager, struct mm_bundle *bundle)
{
    bundle->work_flags |= MM_BUNDLE_IS_TOUCHED;
    mm_bundle_mark_changed(manager, mm_bundle_node_of(bundle));
}

static void recount(struct mm_bundle_node *node)
{
    node->bundle.least = MM_PRIORITY_NONE;
    MM_LIST_FOR_EACH (link, &node->bundle.processes) {
        const struct mm_process_node *member = mm_node_at(link);

        if (!(member->process.flags & MM_PROCESS_IS_RENDER))
            node->bundle.least = MM_MIN(node->bundle.least, member->process.priority);
    }
}

int mm_bundle_due_priority(const struct mm_priority_manager *manager, const struct mm_bundle *bundle)
{
    if (manager->is_upstream && bundle->is_registered)
        return mm_upstream_bundle_due(bundle);
    /* Renders whose owner is gone: as any application in the background. */
    return bundle->least == MM_PRIORITY_NONE ? MM_PRIORITY_BACKGROUND : bundle->least;
}

static void seed_renders(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    int priority = mm_rules_render(mm_bundle_due_priority(manager, &node->bundle));

    MM_LIST_FOR_EACH (link, &node->bundle.processes) {
        struct mm_process_node *member = mm_node_at(link);

        if ((member->process.flags & MM_PROCESS_IS_RENDER) && member->process.priority != priority)
            mm_manager_seed(manager, member);
    }
}

void mm_manager_count_bundles(struct mm_priority_manager *manager)
{
    for (struct mm_bundle_node *node = manager->changed_bundles; node; node = node->bundle.changed_next) {
        if (node->bundle.work_flags & MM_BUNDLE_MUST_RECOUNT)
            recount(node);
        node->bundle.work_flags &= (uint8_t)~MM_BUNDLE_MUST_RECOUNT;
        if (node->bundle.render_count > 0)
            seed_renders(manager, node);
    }
}

/* There is room for every bundle of the pool. */
static void insert(struct mm_priority_manager *manager, struct mm_bundle *bundle, int priority)
{
    const struct mm_priority_description description = description_of(&manager->list, bundle);

    (void)mm_priority_list_insert(&manager->list, &bundle->entry, priority, &description);
}

static void move_bundle(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    struct mm_bundle *bundle = &node->bundle;
    int priority = mm_bundle_due_priority(manager, bundle);

    if (!mm_priority_entry_is_listed(&bundle->entry))
        insert(manager, bundle, priority);
    else if (priority != bundle->entry.priority)
        mm_priority_list_move(&manager->list, &bundle->entry, priority);
    else if (bundle->work_flags & MM_BUNDLE_IS_TOUCHED)
        mm_priority_list_touch(&manager->list, &bundle->entry);
    bundle->work_flags &= MM_BUNDLE_HAS_MOVED | MM_BUNDLE_IS_ENDING;
    if (node->bundle.announced == MM_PRIORITY_NONE)
        node->bundle.announced = bundle->entry.priority;
    else if (node->bundle.announced != bundle->entry.priority && !(bundle->work_flags & MM_BUNDLE_HAS_MOVED))
        append_moved(manager, node);
}

/* What is used by this event, or new, comes after all that merely move. */
static uint64_t use_of(const struct mm_priority_list *list, const struct mm_bundle_node *node)
{
    const struct mm_bundle *bundle = &node->bundle;

    if ((bundle->work_flags & MM_BUNDLE_IS_TOUCHED) || !mm_priority_entry_is_listed(&bundle->entry))
        return UINT64_MAX;
    return list->keys[mm_priority_list_index_of(bundle->entry.slot)].use;
}

static struct mm_bundle_node *merge(const struct mm_priority_list *list, struct mm_bundle_node *left,
                                    struct mm_bundle_node *right)
{
    struct mm_bundle_node *first = NULL, **end = &first;

    while (left && right) {
        struct mm_bundle_node **from = use_of(list, right) < use_of(list, left) ? &right : &left;

        *end = *from;
        end = &(*from)->bundle.changed_next;
        *from = *end;
    }
    *end = left ? left : right;
    return first;
}

/* Those that move together stay in the order of their last use where they meet again: a switch of accounts or the end
   of a caller is no use. */
static struct mm_bundle_node *sort_by_use(const struct mm_priority_list *list, struct mm_bundle_node *first)
{
    struct mm_bundle_node *middle = first, *end = first, *right;

    if (!first || !first->bundle.changed_next)
        return first;
    while ((end = end->bundle.changed_next) && (end = end->bundle.changed_next))
        middle = middle->bundle.changed_next;
    right = middle->bundle.changed_next;
    middle->bundle.changed_next = NULL;
    return merge(list, sort_by_use(list, first), sort_by_use(list, right));
}

void mm_manager_move_bundles(struct mm_priority_manager *manager)
{
    struct mm_bundle_node *node;

    manager->changed_bundles = sort_by_use(&manager->list, manager->changed_bundles);
    while ((node = manager->changed_bundles)) {
        manager->changed_bundles = node->bundle.changed_next;
        if (node->bundle.process_count == 0)
            end_bundle(manager, node);
        else
            move_bundle(manager, node);
    }
}

/* Without its name, which is in another line of cache: whoever wants it asks for that of the process. */
static void announce(struct mm_priority_manager *manager, struct mm_bundle_node *node)
{
    struct mm_bundle *bundle = &node->bundle;
    struct mm_event event; /* not filled with zeros first: it is nine times as long as what is told */

    if (bundle->announced == bundle->entry.priority)
        return;
    event.kind = MM_EVENT_PRIORITY;
    event.time_ns = 0;
    event.pid = mm_node_at(bundle->processes.next)->process.pid;
    event.uid = bundle->uid;
    event.group_id = 0;
    event.payload.priority.priority = bundle->entry.priority;
    event.payload.priority.previous = bundle->announced;
    event.payload.priority.is_registered = bundle->is_registered;
    bundle->announced = bundle->entry.priority;
    mm_event_center_publish(manager->center, &event);
}

void mm_manager_announce(struct mm_priority_manager *manager)
{
    for (unsigned i = 0; i < ANNOUNCEMENTS_AT_ONCE && manager->moved_first; i++)
        announce(manager, take_moved(manager));
    if (manager->moved_first && !mm_timer_is_armed(&manager->announce_timer))
        mm_event_center_arm(manager->center, &manager->announce_timer,
                            mm_event_center_now_ns(manager->center));
}

void mm_manager_announce_later(struct mm_timer *timer, void *user)
{
    (void)timer;
    mm_manager_announce(user);
}
