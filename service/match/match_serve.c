/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-match --serve": answers the daemon's questions until it has no more. */
#include "service/match/match_tool.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- rules ----------------------------------------------------------------------------------------------- */

static int read_rules(int fd, struct mm_process_rules_config *ret_config)
{
    MM_CLEANUP_FREE unsigned char *bytes = malloc(MM_RULE_STREAM_MAX_BYTES);
    size_t length = 0;

    if (!bytes)
        return -ENOMEM;
    while (length < MM_RULE_STREAM_MAX_BYTES) {
        /* from its beginning, wherever the writer left it */
        ssize_t n = pread(fd, bytes + length, MM_RULE_STREAM_MAX_BYTES - length, (off_t)length);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            break;
        length += n > 0 ? (size_t)n : 0;
    }
    return mm_rule_stream_parse(bytes, length, ret_config);
}

/* ---- answers --------------------------------------------------------------------------------------------- */

static void fill_taken(const struct mm_match_rules *rules, int rule, const struct mm_process_facts *facts,
                       struct mm_match_answer *answer)
{
    const struct mm_process_rule *taker = mm_match_rule_at(rules, (unsigned)rule);

    answer->priority = (int16_t)taker->priority;
    answer->process_class = (uint8_t)taker->process_class;
    answer->is_built_in = mm_match_built_in_reason(rules, (unsigned)rule) != NULL;
    mm_copy_text(answer->rule_name, sizeof(answer->rule_name), taker->name);
    answer->bundle_key = mm_match_bundle_name(taker->bundle, facts, answer->bundle);
}

void mm_match_answer_one(const struct mm_match_rules *rules, int proc_fd, const struct mm_match_query *query,
                         struct mm_match_answer *ret_answer)
{
    static struct mm_process_facts facts; /* large, and one is looked at at a time */
    int gave_up = -1;
    int r = mm_process_facts_read(proc_fd, query->pid, &facts);

    *ret_answer = (struct mm_match_answer){
        .pid = query->pid, .rule = MM_MATCH_GONE, .start_time_ticks = query->start_time_ticks};
    if (r < 0 || facts.is_kernel_thread ||
        (query->start_time_ticks != 0 && query->start_time_ticks != facts.start_time_ticks))
        return;
    ret_answer->start_time_ticks = facts.start_time_ticks;
    ret_answer->rule = mm_match_find(rules, &facts, &gave_up);
    if (ret_answer->rule >= 0)
        fill_taken(rules, ret_answer->rule, &facts, ret_answer);
    if (gave_up >= 0)
        mm_copy_text(ret_answer->gave_up_name, sizeof(ret_answer->gave_up_name),
                     mm_match_rule_at(rules, (unsigned)gave_up)->name);
}

/* 1: answered; 0: nobody asks any more. */
static int answer_packet(int socket_fd, int proc_fd, const struct mm_match_rules *rules)
{
    struct mm_match_queries queries;
    struct mm_match_answers answers = {.magic = MM_MATCH_MAGIC};
    ssize_t length;
    int r;

    do
        length = recv(socket_fd, &queries, sizeof(queries), 0);
    while (length < 0 && errno == EINTR);
    if (length <= 0)
        return length < 0 ? -errno : 0;
    r = mm_match_queries_check(&queries, (size_t)length);
    if (r < 0)
        return r;
    answers.count = queries.count;
    for (uint32_t i = 0; i < queries.count; i++)
        mm_match_answer_one(rules, proc_fd, &queries.at[i], &answers.at[i]);
    do
        length = send(socket_fd, &answers, mm_match_answers_size(answers.count), MSG_NOSIGNAL);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return errno == EPIPE ? 0 : -errno;
    return 1;
}

int mm_match_serve(int socket_fd, int rules_fd, int proc_fd)
{
    struct mm_process_rules_config config = {0};
    struct mm_match_rules *rules = NULL;
    int r = read_rules(rules_fd, &config);

    (void)close(rules_fd);
    if (r == 0)
        r = mm_match_rules_new(&config, &rules);
    if (r == 0)
        r = 1;
    while (r > 0)
        r = answer_packet(socket_fd, proc_fd, rules);
    mm_match_rules_free(rules);
    mm_rule_stream_fini(&config);
    return r;
}
