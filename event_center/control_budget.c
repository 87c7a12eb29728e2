/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket for each user, filled as time passes. */
#include "event_center/control_budget.h"

#include "common/common.h"

/* The user as of now; a new one has all there is at once. */
static struct mm_control_user *user_of(struct mm_control_budget *budget, uid_t uid, uint64_t now_ns)
{
    struct mm_control_user *place = &budget->users[0];
    int64_t gained_ns;

    for (unsigned i = 0; i < MM_CONTROL_BUDGET_USERS; i++) {
        struct mm_control_user *user = &budget->users[i];

        if (user->is_used && user->uid == uid) {
            gained_ns = (int64_t)(MM_MIN(now_ns - user->at_ns, MM_NS_PER_S * MM_CONTROL_BUDGET_PART) /
                                  MM_CONTROL_BUDGET_PART);
            user->left_ns = MM_MIN(user->left_ns + gained_ns, MM_CONTROL_BUDGET_MAX_NS);
            user->at_ns = now_ns;
            return user;
        }
        if (place->is_used && (!user->is_used || user->at_ns < place->at_ns))
            place = user;
    }
    *place = (struct mm_control_user){
        .is_used = true, .uid = uid, .left_ns = MM_CONTROL_BUDGET_MAX_NS, .at_ns = now_ns};
    return place;
}

bool mm_control_budget_is_spent(struct mm_control_budget *budget, uid_t uid, uint64_t now_ns)
{
    return user_of(budget, uid, now_ns)->left_ns <= 0;
}

void mm_control_budget_take(struct mm_control_budget *budget, uid_t uid, uint64_t cost_ns, uint64_t now_ns)
{
    user_of(budget, uid, now_ns)->left_ns -= (int64_t)cost_ns;
}
