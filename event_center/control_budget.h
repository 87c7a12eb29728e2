/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of the loop's time those who may only read can have: each user a twentieth, with what was not used
 * lately on top. By user and not by connection, as anybody can have many of those.
 */
#ifndef MM_EVENT_CENTER_CONTROL_BUDGET_H
#define MM_EVENT_CENTER_CONTROL_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a time that passes a user gets this part; and no more than so much at once. */
#define MM_CONTROL_BUDGET_PART   20
#define MM_CONTROL_BUDGET_MAX_NS (50LL * 1000 * 1000)
/* Users that are told apart; of more, the one that was quiet for longest is forgotten. */
#define MM_CONTROL_BUDGET_USERS 64

struct mm_control_budget {
    struct mm_control_user {
        bool is_used;
        uid_t uid;
        int64_t left_ns; /* below 0: more was taken than there was */
        uint64_t at_ns;
    } users[MM_CONTROL_BUDGET_USERS];
};

/* All zero is a budget that nobody has used. */
bool mm_control_budget_is_spent(struct mm_control_budget *budget, uid_t uid, uint64_t now_ns);
void mm_control_budget_take(struct mm_control_budget *budget, uid_t uid, uint64_t cost_ns, uint64_t now_ns);

#ifdef __cplusplus
}
#endif

#endif
