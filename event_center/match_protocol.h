/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the daemon and memmgr-match. Rules go over once, as a byte stream in a file without a name; processes and what
 * became of them in packets of a SOCK_SEQPACKET pair, one question and then its answer. Both ends are one build on one
 * machine: numbers are as the machine has them. Neither end trusts what it gets.
 */
#ifndef MM_EVENT_CENTER_MATCH_PROTOCOL_H
#define MM_EVENT_CENTER_MATCH_PROTOCOL_H

#include "config/config.h"
#include "event_center/event.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The descriptors that memmgr-match --serve is started with. */
#define MM_MATCH_SOCKET_FD 3
#define MM_MATCH_RULES_FD  4

/* ---- rules ----------------------------------------------------------------------------------------------- */

/* All 256 of them, each text as long as it may be. */
#define MM_RULE_STREAM_MAX_BYTES ((size_t)1024 * 1024)

/* 0 or what write said. */
int mm_rule_stream_write(int fd, const struct mm_process_rules_config *rules);
/* -EBADMSG for what no mm_rule_stream_write makes, -ENOMEM; ret_rules is for mm_rule_stream_fini then, too. */
int mm_rule_stream_parse(const unsigned char *bytes, size_t length,
                         struct mm_process_rules_config *ret_rules);
void mm_rule_stream_fini(struct mm_process_rules_config *rules);

/* ---- packets --------------------------------------------------------------------------------------------- */

/* Processes in a packet: some milliseconds of work, so that the other end is not long in doubt. */
#define MM_MATCH_BATCH_MAX 32
#define MM_MATCH_MAGIC     0x6d6d7203U

struct mm_match_query {
    int32_t pid;
    uint32_t reserved;         /* 0 */
    uint64_t start_time_ticks; /* 0: not known */
};

struct mm_match_queries {
    uint32_t magic, count;
    struct mm_match_query at[MM_MATCH_BATCH_MAX];
};

/* mm_match_answer.rule */
enum {
    MM_MATCH_NO_RULE = -1,
    MM_MATCH_GONE = -2, /* there is no such process any more, or it cannot be read */
};

struct mm_match_answer {
    int32_t pid;
    int32_t rule; /* counted from the configuration's first; built-in ones follow */
    uint64_t start_time_ticks;
    int16_t priority;
    uint8_t process_class, is_built_in;
    uint32_t reserved;   /* 0 */
    uint64_t bundle_key; /* as struct mm_event_match has it */
    char rule_name[MM_RULE_NAME_MAX];
    char bundle[MM_NAME_MAX];            /* printable */
    char gave_up_name[MM_RULE_NAME_MAX]; /* a rule whose pattern took too long; "": none */
};

struct mm_match_answers {
    uint32_t magic, count;
    struct mm_match_answer at[MM_MATCH_BATCH_MAX];
};

size_t mm_match_queries_size(uint32_t count);
size_t mm_match_answers_size(uint32_t count);
/* Is a packet of that length sound? 0 or -EBADMSG. */
int mm_match_queries_check(const struct mm_match_queries *queries, size_t length);
int mm_match_answers_check(const struct mm_match_answers *answers, size_t length);

#ifdef __cplusplus
}
#endif

#endif
