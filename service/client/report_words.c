/* SPDX-License-Identifier: Apache-2.0 */
#include "report_words.h"

#include "memmgr_session.h"

#include <stddef.h>

/* Indexed by enum memmgr_word; the words are those of the daemon (service/shared/event_words.c). */
static const struct mm_report_word words[] = {
    [MEMMGR_CREATE] = {.word = "create", .topic = MM_TOPIC_LIFE, .effect = MM_EFFECT_BEGIN},
    [MEMMGR_READY] = {.word = "ready"},
    [MEMMGR_FOREGROUND] = {.word = "foreground", .topic = MM_TOPIC_GROUND, .effect = MM_EFFECT_KEEP},
    [MEMMGR_BACKGROUND] = {.word = "background", .topic = MM_TOPIC_GROUND, .effect = MM_EFFECT_KEEP},
    [MEMMGR_VISIBLE] = {.word = "visible", .topic = MM_TOPIC_VISIBLE, .effect = MM_EFFECT_KEEP},
    [MEMMGR_INVISIBLE] = {.word = "invisible", .topic = MM_TOPIC_VISIBLE, .effect = MM_EFFECT_DROP},
    [MEMMGR_TRANSIENT_START] = {.word = "transient-start",
                                .topic = MM_TOPIC_TRANSIENT,
                                .effect = MM_EFFECT_KEEP},
    [MEMMGR_TRANSIENT_END] = {.word = "transient-end", .topic = MM_TOPIC_TRANSIENT, .effect = MM_EFFECT_DROP},
    [MEMMGR_CONTINUOUS_START] = {.word = "continuous-start",
                                 .topic = MM_TOPIC_CONTINUOUS,
                                 .effect = MM_EFFECT_KEEP},
    [MEMMGR_CONTINUOUS_END] = {.word = "continuous-end",
                               .topic = MM_TOPIC_CONTINUOUS,
                               .effect = MM_EFFECT_DROP},
    [MEMMGR_EVENT_START] = {.word = "event-start", .topic = MM_TOPIC_EVENT, .effect = MM_EFFECT_KEEP},
    [MEMMGR_EVENT_END] = {.word = "event-end", .topic = MM_TOPIC_EVENT, .effect = MM_EFFECT_DROP},
    /* over in ten seconds */
    [MEMMGR_ABILITY_START] = {.word = "ability-start"},
    [MEMMGR_BIND] = {.word = "bind",
                     .topic = MM_TOPIC_BIND,
                     .effect = MM_EFFECT_KEEP,
                     .needs_caller = true,
                     .takes_caller = true},
    [MEMMGR_UNBIND] = {.word = "unbind",
                       .topic = MM_TOPIC_BIND,
                       .effect = MM_EFFECT_UNBIND,
                       .needs_caller = true,
                       .takes_caller = true},
    [MEMMGR_RENDER] = {.word = "render",
                       .topic = MM_TOPIC_LIFE,
                       .effect = MM_EFFECT_BEGIN,
                       .takes_caller = true},
    [MEMMGR_DEVICE_CONNECTED] = {.word = "device-connected",
                                 .topic = MM_TOPIC_DEVICE,
                                 .effect = MM_EFFECT_KEEP},
    [MEMMGR_DEVICE_DISCONNECTED] = {.word = "device-disconnected",
                                    .topic = MM_TOPIC_DEVICE,
                                    .effect = MM_EFFECT_DROP},
    [MEMMGR_SUSPEND] = {.word = "suspend", .topic = MM_TOPIC_SUSPENDED, .effect = MM_EFFECT_KEEP},
    [MEMMGR_TERMINATED] = {.word = "terminated", .effect = MM_EFFECT_END},
    [MEMMGR_ACCOUNT_ACTIVATE] = {.word = "account-activate",
                                 .topic = MM_TOPIC_ACCOUNT,
                                 .effect = MM_EFFECT_KEEP,
                                 .is_account = true},
    [MEMMGR_ACCOUNT_HOT_SWITCH] = {.word = "account-hot-switch",
                                   .topic = MM_TOPIC_ACCOUNT,
                                   .effect = MM_EFFECT_SWITCH,
                                   .is_account = true},
    [MEMMGR_ACCOUNT_COLD_SWITCH] = {.word = "account-cold-switch",
                                    .topic = MM_TOPIC_ACCOUNT,
                                    .effect = MM_EFFECT_SWITCH,
                                    .is_account = true},
};

const struct mm_report_word *mm_report_word_find(int32_t word)
{
    return word >= MEMMGR_CREATE && word <= MEMMGR_ACCOUNT_COLD_SWITCH ? &words[word] : NULL;
}
