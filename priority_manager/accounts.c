/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: what a switch does to the bundles of others. */
#include "priority_manager/upstream.h"

#include <inttypes.h>

/* OpenHarmony's users count from here; what is below belongs to the system (reference 1.5). */
#define FIRST_USER_ACCOUNT 100

/* By mm_account.is_removed. */
static const char *const ending_reasons[] = {"cold switch away from account", "removal of account"};

int64_t mm_bundle_account_id(const struct mm_bundle *bundle)
{
    return bundle->account ? bundle->account->id : -1;
}

void mm_account_ending_reason(const struct mm_account *account, char *text, size_t size)
{
    (void)mm_format(text, size, "%s %" PRId64, ending_reasons[account->is_removed], account->id);
}

static void forget(struct mm_priority_manager *manager, struct mm_account *account)
{
    mm_list_remove(&account->link);
    mm_object_pool_put(&manager->account_pool, account);
    manager->account_count--;
    manager->counters.accounts--;
}

/* An inactive account without applications is the least loss. */
static void forget_one(struct mm_priority_manager *manager)
{
    MM_LIST_FOR_EACH (link, &manager->accounts) {
        struct mm_account *account = MM_CONTAINER_OF(link, struct mm_account, link);

        if (account->state == MM_ACCOUNT_IS_ACTIVE || account->bundle_count > 0)
            continue;
        forget(manager, account);
        return;
    }
}

/* A device has a handful of them. */
struct mm_account *mm_manager_account(struct mm_priority_manager *manager, int64_t id, bool make)
{
    struct mm_account *account;

    MM_LIST_FOR_EACH (link, &manager->accounts) {
        account = MM_CONTAINER_OF(link, struct mm_account, link);
        if (account->id == id)
            return account;
    }
    if (!make)
        return NULL;
    if (manager->account_count >= MM_ACCOUNTS_MAX)
        forget_one(manager);
    if (manager->account_count >= MM_ACCOUNTS_MAX)
        return NULL;
    account = mm_object_pool_take(&manager->account_pool);
    if (!account)
        return NULL;
    account->id = id;
    mm_list_push_front(&manager->accounts, &account->link);
    manager->account_count++;
    manager->counters.accounts++;
    return account;
}

/* One without bundles is forgotten, unless something is known of it. */
void mm_account_release(struct mm_priority_manager *manager, struct mm_account *account)
{
    if (account->bundle_count == 0 && (account->state == MM_ACCOUNT_IS_UNKNOWN || account->is_removed))
        forget(manager, account);
}

int mm_account_adjustment(const struct mm_account *account)
{
    if (!account || account->state == MM_ACCOUNT_IS_UNKNOWN)
        return 0;
    return account->state == MM_ACCOUNT_IS_ACTIVE ? MM_ACCOUNT_ACTIVE_ADJUSTMENT
                                                  : MM_ACCOUNT_INACTIVE_ADJUSTMENT;
}

static struct mm_bundle *first_bundle(const struct mm_priority_manager *manager)
{
    struct mm_priority_entry *entry = mm_priority_list_first(&manager->list);

    return entry ? MM_BUNDLE_OF(entry) : NULL;
}

static struct mm_bundle *next_bundle(const struct mm_priority_manager *manager,
                                     const struct mm_bundle *bundle)
{
    struct mm_priority_entry *entry = mm_priority_list_next(&manager->list, &bundle->entry);

    return entry ? MM_BUNDLE_OF(entry) : NULL;
}

static void set_state(struct mm_account *account, enum mm_account_state state)
{
    account->has_changed = account->state != state;
    account->state = state;
}

/* In the order of the list: what is seeded first moves first, so that equal bundles stay in their order. */
static void seed_changed(struct mm_priority_manager *manager)
{
    for (struct mm_bundle *bundle = first_bundle(manager); bundle; bundle = next_bundle(manager, bundle)) {
        if (!bundle->account || !bundle->account->has_changed)
            continue;
        MM_LIST_FOR_EACH (link, &bundle->processes)
            mm_manager_seed(manager, mm_node_at(link));
    }
    MM_LIST_FOR_EACH (link, &manager->accounts)
        MM_CONTAINER_OF(link, struct mm_account, link)->has_changed = false;
}

/* For the killer. -1000 is never killed. */
static void mark_ending(struct mm_priority_manager *manager, const struct mm_account *account)
{
    struct mm_decision decision = {.source = MM_DECISION_PRIORITY, .action = "end"};
    char reason[MM_ACCOUNT_ENDING_REASON_MAX];
    unsigned marked = 0;

    for (struct mm_bundle *bundle = first_bundle(manager); bundle; bundle = next_bundle(manager, bundle)) {
        if (bundle->account != account || bundle->entry.priority <= MM_PRIORITY_SYSTEM)
            continue;
        bundle->work_flags |= MM_BUNDLE_IS_ENDING;
        manager->has_ending_bundles = true;
        marked++;
    }
    decision.acted = marked > 0;
    decision.is_dry_run = manager->kernel->is_dry_run;
    (void)mm_format(decision.target, sizeof(decision.target), "account %" PRId64, account->id);
    mm_account_ending_reason(account, reason, sizeof(reason));
    mm_decide(manager->center, &decision, "%s: %u bundles are killed", reason, marked);
}

/* Whose account is in use again. */
static void spare(struct mm_priority_manager *manager, const struct mm_account *account)
{
    if (!manager->has_ending_bundles)
        return;
    for (struct mm_bundle *bundle = first_bundle(manager); bundle; bundle = next_bundle(manager, bundle)) {
        if (bundle->account == account)
            bundle->work_flags &= (uint8_t)~MM_BUNDLE_IS_ENDING;
    }
}

struct mm_bundle *mm_priority_manager_take_ending(struct mm_priority_manager *manager)
{
    if (!manager->has_ending_bundles)
        return NULL;
    for (struct mm_bundle *bundle = first_bundle(manager); bundle; bundle = next_bundle(manager, bundle)) {
        if (!(bundle->work_flags & MM_BUNDLE_IS_ENDING))
            continue;
        bundle->work_flags &= (uint8_t)~MM_BUNDLE_IS_ENDING;
        if (bundle->entry.priority > MM_PRIORITY_SYSTEM)
            return bundle;
    }
    manager->has_ending_bundles = false;
    return NULL;
}

/* Which accounts a switch takes the screen from. Nobody reported any before the first one: then those of
   users that have applications. */
static void mark_previously_active(struct mm_priority_manager *manager)
{
    bool is_first = true;

    MM_LIST_FOR_EACH (link, &manager->accounts) {
        const struct mm_account *account = MM_CONTAINER_OF(link, struct mm_account, link);

        if (account->state != MM_ACCOUNT_IS_UNKNOWN)
            is_first = false;
    }
    MM_LIST_FOR_EACH (link, &manager->accounts) {
        struct mm_account *account = MM_CONTAINER_OF(link, struct mm_account, link);

        account->was_active = is_first ? account->id >= FIRST_USER_ACCOUNT && account->bundle_count > 0
                                       : account->state == MM_ACCOUNT_IS_ACTIVE;
    }
}

static void switch_away(struct mm_priority_manager *manager, int64_t to_id, enum mm_account_change change)
{
    MM_LIST_FOR_EACH (link, &manager->accounts) {
        struct mm_account *account = MM_CONTAINER_OF(link, struct mm_account, link);

        if (account->id == to_id || !account->was_active)
            continue;
        if (change == MM_ACCOUNT_COLD_SWITCH)
            mark_ending(manager, account);
        set_state(account, MM_ACCOUNT_IS_INACTIVE);
    }
}

static void come_into_use(struct mm_priority_manager *manager, struct mm_account *account,
                          enum mm_account_change change)
{
    mark_previously_active(manager);
    if (change != MM_ACCOUNT_ACTIVATED)
        switch_away(manager, account->id, change);
    spare(manager, account);
    account->is_removed = false;
    set_state(account, MM_ACCOUNT_IS_ACTIVE);
    if (!manager->is_upstream)
        seed_changed(manager);
    else if (change != MM_ACCOUNT_COLD_SWITCH)
        mm_upstream_shift(manager, account);
}

/* Upstream hears of neither way. */
static void go_out_of_use(struct mm_priority_manager *manager, struct mm_account *account,
                          enum mm_account_change change)
{
    if (manager->is_upstream)
        return;
    account->is_removed = change == MM_ACCOUNT_REMOVED;
    if (account->is_removed && account->bundle_count > 0)
        mark_ending(manager, account);
    set_state(account, MM_ACCOUNT_IS_INACTIVE);
    seed_changed(manager);
}

bool mm_account_has_ending(const struct mm_priority_manager *manager, const struct mm_account *account)
{
    if (!manager->has_ending_bundles)
        return false;
    for (struct mm_bundle *bundle = first_bundle(manager); bundle; bundle = next_bundle(manager, bundle)) {
        if (bundle->account == account && (bundle->work_flags & MM_BUNDLE_IS_ENDING))
            return true;
    }
    return false;
}

static struct mm_account *take_one_to_end(const struct mm_priority_manager *manager)
{
    MM_LIST_FOR_EACH (link, &manager->accounts) {
        struct mm_account *account = MM_CONTAINER_OF(link, struct mm_account, link);

        if (!account->is_to_end)
            continue;
        account->is_to_end = false;
        return account;
    }
    return NULL;
}

void mm_manager_resume_ending(struct mm_priority_manager *manager)
{
    struct mm_account *account;

    while ((account = take_one_to_end(manager))) {
        const struct mm_event event = {
            .kind = MM_EVENT_ACCOUNT,
            .payload.account.account_id = account->id,
            .payload.account.change = account->is_removed ? MM_ACCOUNT_REMOVED : MM_ACCOUNT_STOPPED,
        };

        if (!account->is_removed)
            mark_ending(manager, account);
        mm_event_center_publish(manager->center, &event);
    }
}

void mm_manager_on_account(struct mm_priority_manager *manager, const struct mm_event *event)
{
    const struct mm_event_account *change = &event->payload.account;
    bool is_end = change->change == MM_ACCOUNT_STOPPED || change->change == MM_ACCOUNT_REMOVED;
    struct mm_account *account = NULL;

    if (change->account_id >= 0 && (unsigned)change->change < MM_ACCOUNT_CHANGE_COUNT)
        account = mm_manager_account(manager, change->account_id, true);
    if (!account) {
        manager->counters.refused_events++;
        return;
    }
    if (is_end)
        go_out_of_use(manager, account, change->change);
    else
        come_into_use(manager, account, change->change);
    mm_account_release(manager, account); /* which may end with its last bundle while everything settles */
    mm_manager_settle(manager);
}
