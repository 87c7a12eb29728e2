/* SPDX-License-Identifier: Apache-2.0 */
/* The words of reports: how each is said, what it needs, and what of it is worth remembering. */
#ifndef MEMMGR_REPORT_WORDS_H
#define MEMMGR_REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a remembered report is about. A later one about the same of the same process takes its place. */
enum mm_topic {
    MM_TOPIC_NONE,
    MM_TOPIC_LIFE,   /* created, or the render process of another */
    MM_TOPIC_GROUND, /* foreground or background */
    MM_TOPIC_VISIBLE,
    MM_TOPIC_TRANSIENT,
    MM_TOPIC_CONTINUOUS,
    MM_TOPIC_EVENT,
    MM_TOPIC_DEVICE,
    MM_TOPIC_SUSPENDED,
    MM_TOPIC_BIND,   /* by one caller: of each caller its own */
    MM_TOPIC_UNBIND, /* that it is an extension, though nobody binds it */
    MM_TOPIC_CRITICAL,
    MM_TOPIC_APP,
    MM_TOPIC_ACCOUNT, /* said last: a switch concerns the applications that are there */
};

enum mm_effect {
    MM_EFFECT_NONE,
    MM_EFFECT_BEGIN,  /* a new life: all that was remembered of the pid goes, and this is remembered */
    MM_EFFECT_KEEP,   /* in place of what was remembered of the topic */
    MM_EFFECT_FORGET, /* what was remembered of the topic */
    MM_EFFECT_DROP,   /* the same, and a suspension, which any such word ends */
    MM_EFFECT_UNBIND, /* the caller's bind goes, that it was unbound stays */
    MM_EFFECT_END,    /* all of the pid goes, also as a caller */
    MM_EFFECT_SWITCH, /* all accounts go, and this is remembered as a hot switch: to end others again would be wrong */
};

struct mm_report_word {
    const char *word;
    enum mm_topic topic;
    enum mm_effect effect;
    bool is_account, needs_caller, takes_caller;
};

/* NULL outside of enum memmgr_word. */
const struct mm_report_word *mm_report_word_find(int32_t word);

#ifdef __cplusplus
}
#endif

#endif
