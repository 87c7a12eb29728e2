/* SPDX-License-Identifier: Apache-2.0 */
/* The words and the sizes of events. */
#include "event_center/event.h"

#include "common/common.h"

#include <stddef.h>

#define PAYLOAD(member) sizeof(((struct mm_event *)NULL)->payload.member)

static const struct {
    const char *name;
    size_t payload_bytes; /* of the member of the payload that says it */
} kinds[MM_EVENT_KIND_COUNT] = {
    [MM_EVENT_PRESSURE] = {"pressure", PAYLOAD(pressure)},
    [MM_EVENT_WATERLINE] = {"waterline", PAYLOAD(memory)},
    [MM_EVENT_APPLICATION] = {"application", PAYLOAD(application)},
    [MM_EVENT_ACCOUNT] = {"account", PAYLOAD(account)},
    [MM_EVENT_PROCESS_FOUND] = {"process-found", PAYLOAD(process)},
    [MM_EVENT_PROCESS_STARTED] = {"process-started", PAYLOAD(process)},
    [MM_EVENT_PROCESS_RENAMED] = {"process-renamed", PAYLOAD(process)},
    [MM_EVENT_GROUP] = {"group", PAYLOAD(group)},
    [MM_EVENT_STALL] = {"stall", PAYLOAD(stall)},
    [MM_EVENT_OOM_VICTIM] = {"oom-victim", PAYLOAD(process)},
    [MM_EVENT_PROCESS_EXITED] = {"process-exited", PAYLOAD(process)},
    [MM_EVENT_PROCESS_LEFT] = {"process-left", PAYLOAD(process)},
    [MM_EVENT_PROCESS_MATCHED] = {"process-matched", PAYLOAD(match)},
    [MM_EVENT_OOM_SCORE_ADJ] = {"oom-score-adj", PAYLOAD(process)},
    [MM_EVENT_NOTICE] = {"notice", PAYLOAD(notice)},
    [MM_EVENT_MEMORY_LEVEL] = {"memory-level", PAYLOAD(level)},
    [MM_EVENT_KILL_BEGIN] = {"kill-begin", 0},
    [MM_EVENT_KILL_END] = {"kill-end", 0},
    [MM_EVENT_DECISION] = {"decision", PAYLOAD(decision)},
    [MM_EVENT_PRIORITY] = {"priority", PAYLOAD(priority)},
    [MM_EVENT_CONFIG] = {"config", sizeof(void *)}, /* of it */
    [MM_EVENT_RELOAD] = {"reload", PAYLOAD(reload)},
    [MM_EVENT_LOG_STATE] = {"log-state", 0},
    [MM_EVENT_STOP] = {"stop", 0},
    [MM_EVENT_GROUP_MEMORY] = {"group-memory", PAYLOAD(group_memory)},
    [MM_EVENT_SWAP] = {"swap", PAYLOAD(swap)},
    [MM_EVENT_RESUMED] = {"resumed", PAYLOAD(resumed)},
    [MM_EVENT_POWER] = {"power", PAYLOAD(power)},
    [MM_EVENT_KILL] = {"kill", PAYLOAD(kill)},
    [MM_EVENT_APP_STATE] = {"app-state", PAYLOAD(app_state)},
    [MM_EVENT_DEVICE] = {"device", PAYLOAD(device)},
};

static const char *const reason_names[MM_REASON_COUNT] = {
    [MM_REASON_CREATE_PROCESS] = "CREATE_PROCESS",
    [MM_REASON_PROCESS_READY] = "PROCESS_READY",
    [MM_REASON_FOREGROUND] = "FOREGROUND",
    [MM_REASON_BACKGROUND] = "BACKGROUND",
    [MM_REASON_SUSPEND_DELAY_START] = "SUSPEND_DELAY_START",
    [MM_REASON_SUSPEND_DELAY_END] = "SUSPEND_DELAY_END",
    [MM_REASON_BACKGROUND_RUNNING_START] = "BACKGROUND_RUNNING_START",
    [MM_REASON_BACKGROUND_RUNNING_END] = "BACKGROUND_RUNNING_END",
    [MM_REASON_EVENT_START] = "EVENT_START",
    [MM_REASON_EVENT_END] = "EVENT_END",
    [MM_REASON_APPLICATION_SUSPEND] = "APPLICATION_SUSPEND",
    [MM_REASON_PROCESS_TERMINATED] = "PROCESS_TERMINATED",
    [MM_REASON_OS_ACCOUNT_CHANGED] = "OS_ACCOUNT_CHANGED",
    [MM_REASON_DIST_DEVICE_CONNECTED] = "DIST_DEVICE_CONNECTED",
    [MM_REASON_DIST_DEVICE_DISCONNECTED] = "DIST_DEVICE_DISCONNECTED",
    [MM_REASON_BIND_EXTENSION] = "BIND_EXTENSION",
    [MM_REASON_UNBIND_EXTENSION] = "UNBIND_EXTENSION",
    [MM_REASON_VISIBLE] = "VISIBLE",
    [MM_REASON_UN_VISIBLE] = "UN_VISIBLE",
    [MM_REASON_RENDER_CREATE_PROCESS] = "RENDER_CREATE_PROCESS",
    [MM_REASON_ABILITY_START] = "ABILITY_START",
    [MM_REASON_CRITICAL_BEGIN] = "CRITICAL_BEGIN",
    [MM_REASON_CRITICAL_END] = "CRITICAL_END",
};

static const char *const level_cause_names[MM_LEVEL_CAUSE_COUNT] = {
    [MM_LEVEL_BY_WATERLINE] = "waterline",
    [MM_LEVEL_BY_PRESSURE] = "pressure",
    [MM_LEVEL_INJECTED] = "injected",
};

const char *mm_event_kind_name(enum mm_event_kind kind)
{
    size_t index = (size_t)kind;

    return index < MM_ARRAY_SIZE(kinds) ? kinds[index].name : "unknown";
}

size_t mm_event_bytes(enum mm_event_kind kind)
{
    return offsetof(struct mm_event, payload) + kinds[kind].payload_bytes;
}

const char *mm_application_reason_name(enum mm_application_reason reason)
{
    size_t index = (size_t)reason;

    return index < MM_ARRAY_SIZE(reason_names) ? reason_names[index] : "UNKNOWN";
}

const char *mm_device_change_name(enum mm_device_change change)
{
    static const char *const names[MM_DEVICE_CHANGE_COUNT] = {
        [MM_DEVICE_BOOT_COMPLETED] = "boot-completed",
        [MM_DEVICE_SCREEN_ON] = "screen-on",
        [MM_DEVICE_SCREEN_OFF] = "screen-off",
        [MM_DEVICE_POWER_CONNECTED] = "power-connected",
        [MM_DEVICE_POWER_DISCONNECTED] = "power-disconnected",
    };
    size_t index = (size_t)change;

    return index < MM_ARRAY_SIZE(names) ? names[index] : "unknown";
}

const char *mm_level_cause_name(enum mm_level_cause cause)
{
    size_t index = (size_t)cause;

    return index < MM_ARRAY_SIZE(level_cause_names) ? level_cause_names[index] : "unknown";
}

const char *mm_stall_kind_name(enum mm_stall_kind kind)
{
    static const char *const names[MM_STALL_KIND_COUNT] = {
        [MM_STALL_DIRECT_RECLAIM] = "direct-reclaim",
        [MM_STALL_GROUP_RECLAIM] = "group-reclaim",
        [MM_STALL_COMPACTION] = "compaction",
        [MM_STALL_THROTTLED] = "throttled",
        [MM_STALL_KSWAPD] = "kswapd",
    };
    size_t index = (size_t)kind;

    return index < MM_ARRAY_SIZE(names) ? names[index] : "unknown";
}

static const char *const app_state_names[MM_APP_STATE_COUNT] = {
    [MM_APP_FOREGROUND] = "foreground", [MM_APP_VISIBLE] = "visible", [MM_APP_BACKGROUND] = "background",
    [MM_APP_SUSPENDED] = "suspended",   [MM_APP_ENDED] = "ended",     [MM_APP_FORGOTTEN] = "forgotten",
    [MM_APP_RECLAIM] = "reclaim",       [MM_APP_LEFT] = "left",
};

const char *mm_app_state_name(enum mm_app_state state)
{
    return (unsigned)state < MM_APP_STATE_COUNT ? app_state_names[state] : "unknown";
}
