/* SPDX-License-Identifier: Apache-2.0 */
/* The words by which clients report what an application or an account does. */
#include "service/shared/event_words.h"

#include "common/common.h"

#include <string.h>

#define PID    MM_EVENT_FIELD_PID
#define CALLER MM_EVENT_FIELD_CALLER_PID
#define COMMON                                                                                               \
    (MM_EVENT_FIELD_PID | MM_EVENT_FIELD_UID | MM_EVENT_FIELD_NAME | MM_EVENT_FIELD_PROCESS_NAME |           \
     MM_EVENT_FIELD_ACCOUNT | MM_EVENT_FIELD_START_TIME)
#define WITH_CALLER (COMMON | MM_EVENT_FIELD_CALLER_PID | MM_EVENT_FIELD_CALLER_UID)

/* One row for each reason a client may report; OS_ACCOUNT_CHANGED is said by the three account words. */
static const struct mm_event_word words[] = {
    {"create", "the process was started", MM_SUBJECT_APPLICATION, MM_REASON_CREATE_PROCESS, 0, PID, COMMON},
    {"ready", "it has started up", MM_SUBJECT_APPLICATION, MM_REASON_PROCESS_READY, 0, PID, COMMON},
    {"foreground", "the user looks at it", MM_SUBJECT_APPLICATION, MM_REASON_FOREGROUND, 0, PID, COMMON},
    {"background", "the user has left it", MM_SUBJECT_APPLICATION, MM_REASON_BACKGROUND, 0, PID, COMMON},
    {"transient-start", "a short task runs in the background", MM_SUBJECT_APPLICATION,
     MM_REASON_SUSPEND_DELAY_START, 0, PID, COMMON},
    {"transient-end", "the short task is done", MM_SUBJECT_APPLICATION, MM_REASON_SUSPEND_DELAY_END, 0, PID,
     COMMON},
    {"continuous-start", "it plays music, navigates, transfers", MM_SUBJECT_APPLICATION,
     MM_REASON_BACKGROUND_RUNNING_START, 0, PID, COMMON},
    {"continuous-end", "the continuous task is done", MM_SUBJECT_APPLICATION,
     MM_REASON_BACKGROUND_RUNNING_END, 0, PID, COMMON},
    {"event-start", "it handles an event", MM_SUBJECT_APPLICATION, MM_REASON_EVENT_START, 0, PID, COMMON},
    {"event-end", "the event is handled", MM_SUBJECT_APPLICATION, MM_REASON_EVENT_END, 0, PID, COMMON},
    {"visible", "a window of it is visible", MM_SUBJECT_APPLICATION, MM_REASON_VISIBLE, 0, PID, COMMON},
    {"invisible", "no window of it is visible any more", MM_SUBJECT_APPLICATION, MM_REASON_UN_VISIBLE, 0, PID,
     COMMON},
    {"ability-start", "one of its abilities is being started", MM_SUBJECT_APPLICATION,
     MM_REASON_ABILITY_START, 0, PID, COMMON},
    {"bind", "the caller uses it as an extension", MM_SUBJECT_APPLICATION, MM_REASON_BIND_EXTENSION, 0,
     PID | CALLER, WITH_CALLER},
    {"unbind", "the caller uses it no longer", MM_SUBJECT_APPLICATION, MM_REASON_UNBIND_EXTENSION, 0,
     PID | CALLER, WITH_CALLER},
    {"data-ability-begin", "the caller reads or writes its data", MM_SUBJECT_APPLICATION,
     MM_REASON_BIND_EXTENSION, 0, PID | CALLER, WITH_CALLER},
    {"data-ability-end", "the caller is done with its data", MM_SUBJECT_APPLICATION,
     MM_REASON_UNBIND_EXTENSION, 0, PID | CALLER, WITH_CALLER},
    {"render", "it is a render process of the caller", MM_SUBJECT_APPLICATION,
     MM_REASON_RENDER_CREATE_PROCESS, 0, PID, WITH_CALLER},
    {"device-connected", "a distributed device uses it", MM_SUBJECT_APPLICATION,
     MM_REASON_DIST_DEVICE_CONNECTED, 0, PID, COMMON},
    {"device-disconnected", "the distributed device has left", MM_SUBJECT_APPLICATION,
     MM_REASON_DIST_DEVICE_DISCONNECTED, 0, PID, COMMON},
    {"suspend", "it was suspended", MM_SUBJECT_APPLICATION, MM_REASON_APPLICATION_SUSPEND, 0, PID, COMMON},
    {"terminated", "it has ended", MM_SUBJECT_APPLICATION, MM_REASON_PROCESS_TERMINATED, 0, PID, COMMON},
    {"account-activate", "the account is in use now", MM_SUBJECT_ACCOUNT, 0, MM_ACCOUNT_ACTIVATED,
     MM_EVENT_FIELD_ACCOUNT, MM_EVENT_FIELD_ACCOUNT},
    {"account-hot-switch", "it is in use, the others stay, less important", MM_SUBJECT_ACCOUNT, 0,
     MM_ACCOUNT_HOT_SWITCH, MM_EVENT_FIELD_ACCOUNT, MM_EVENT_FIELD_ACCOUNT},
    {"account-cold-switch", "it is in use, the others' processes are ended", MM_SUBJECT_ACCOUNT, 0,
     MM_ACCOUNT_COLD_SWITCH, MM_EVENT_FIELD_ACCOUNT, MM_EVENT_FIELD_ACCOUNT},
    {"account-stop", "it is in use no longer", MM_SUBJECT_ACCOUNT, 0, MM_ACCOUNT_STOPPED,
     MM_EVENT_FIELD_ACCOUNT, MM_EVENT_FIELD_ACCOUNT},
    {"account-remove", "there is no such account any more, its processes are ended", MM_SUBJECT_ACCOUNT, 0,
     MM_ACCOUNT_REMOVED, MM_EVENT_FIELD_ACCOUNT, MM_EVENT_FIELD_ACCOUNT},
    {"boot-completed", "the device has started up", MM_SUBJECT_DEVICE, 0, MM_DEVICE_BOOT_COMPLETED, 0, 0},
    {"screen-on", "its screen is on", MM_SUBJECT_DEVICE, 0, MM_DEVICE_SCREEN_ON, 0, 0},
    {"screen-off", "its screen is off", MM_SUBJECT_DEVICE, 0, MM_DEVICE_SCREEN_OFF, 0, 0},
    {"power-connected", "it is fed from outside", MM_SUBJECT_DEVICE, 0, MM_DEVICE_POWER_CONNECTED, 0, 0},
    {"power-disconnected", "it runs on its battery", MM_SUBJECT_DEVICE, 0, MM_DEVICE_POWER_DISCONNECTED, 0,
     0},
    {"level", "clients are told that memory is so", MM_SUBJECT_LEVEL, 0, 0, MM_EVENT_FIELD_LEVEL,
     MM_EVENT_FIELD_LEVEL},
};

/* In the order of the bits of mm_event_field. */
static const char *const field_names[MM_EVENT_FIELD_COUNT] = {
    "pid", "uid", "name", "process_name", "account", "caller_pid", "caller_uid", "start_time", "level",
};

const struct mm_event_word *mm_event_words(size_t *ret_count)
{
    *ret_count = MM_ARRAY_SIZE(words);
    return words;
}

const struct mm_event_word *mm_event_word_find(const char *word)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(words); i++) {
        if (strcmp(words[i].word, word) == 0)
            return &words[i];
    }
    return NULL;
}

const char *mm_event_field_name(enum mm_event_field field)
{
    return field_names[__builtin_ctz((unsigned)field)];
}
