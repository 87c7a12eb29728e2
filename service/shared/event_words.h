/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words by which clients report what an application or an account does, and the fields each takes: one
 * table for the daemon, memmgrctl and its help.
 */
#ifndef MM_SERVICE_EVENT_WORDS_H
#define MM_SERVICE_EVENT_WORDS_H

#include "event_center/event.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mm_event_field {
    MM_EVENT_FIELD_PID = 1 << 0,
    MM_EVENT_FIELD_UID = 1 << 1,  /* the pid's owner, as the client believes: another one is refused */
    MM_EVENT_FIELD_NAME = 1 << 2, /* of the bundle */
    MM_EVENT_FIELD_PROCESS_NAME = 1 << 3,
    MM_EVENT_FIELD_ACCOUNT = 1 << 4,
    MM_EVENT_FIELD_CALLER_PID = 1 << 5,
    MM_EVENT_FIELD_CALLER_UID = 1 << 6,
    MM_EVENT_FIELD_START_TIME = 1 << 7, /* of the pid, in ticks: a reused pid is refused */
    MM_EVENT_FIELD_LEVEL = 1 << 8,      /* a memory level's name */
    MM_EVENT_FIELD_COUNT = 9,
};

/* What a word is about. */
enum mm_event_subject {
    MM_SUBJECT_APPLICATION,
    MM_SUBJECT_ACCOUNT,
    MM_SUBJECT_LEVEL, /* root's alone */
    MM_SUBJECT_DEVICE,
};

struct mm_event_word {
    const char *word;
    const char *summary;
    enum mm_event_subject subject;
    enum mm_application_reason reason; /* of an application */
    int change;                 /* enum mm_account_change of an account, mm_device_change of the device */
    unsigned required, allowed; /* masks of mm_event_field; required ones are allowed, too */
};

/* All words; the count goes to *ret_count. */
const struct mm_event_word *mm_event_words(size_t *ret_count);
/* NULL for another word. */
const struct mm_event_word *mm_event_word_find(const char *word);
/* The field's name in a packet, "caller_pid". */
const char *mm_event_field_name(enum mm_event_field field);

#ifdef __cplusplus
}
#endif

#endif
