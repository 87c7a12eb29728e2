/* SPDX-License-Identifier: Apache-2.0 */
/* In place of memmgr-match: does what the name of its first rule says. */
#include "common/common.h"
#include "event_center/match_protocol.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *read_mode(struct mm_process_rules_config *config)
{
    static unsigned char bytes[65536];
    ssize_t length = pread(MM_MATCH_RULES_FD, bytes, sizeof(bytes), 0);

    if (length < 0 || mm_rule_stream_parse(bytes, (size_t)length, config) < 0 || config->rule_count == 0)
        return "crash";
    return config->rules[0].name;
}

/* An answer for each, odd pids are taken. */
static size_t answer(const struct mm_match_queries *queries, struct mm_match_answers *answers)
{
    memset(answers, 0, sizeof(*answers));
    answers->magic = MM_MATCH_MAGIC;
    answers->count = queries->count;
    for (unsigned i = 0; i < queries->count; i++) {
        struct mm_match_answer *each = &answers->at[i];

        each->pid = queries->at[i].pid;
        each->start_time_ticks = queries->at[i].start_time_ticks;
        each->rule = each->pid % 2 ? 0 : MM_MATCH_NO_RULE;
        each->priority = 300;
        each->bundle_key = 0x100000002U;
        mm_copy_text(each->rule_name, sizeof(each->rule_name), "odd");
        mm_copy_text(each->bundle, sizeof(each->bundle), "bundle\x1b");
        mm_copy_text(each->gave_up_name, sizeof(each->gave_up_name), each->pid == 7 ? "slow" : "");
    }
    return mm_match_answers_size(answers->count);
}

int main(void)
{
    struct mm_process_rules_config config;
    const char *mode = read_mode(&config);
    struct mm_match_queries queries;
    struct mm_match_answers answers;

    while (recv(MM_MATCH_SOCKET_FD, &queries, sizeof(queries), 0) > 0) {
        size_t length = answer(&queries, &answers);

        if (strcmp(mode, "crash") == 0)
            abort();
        if (strcmp(mode, "hang") == 0)
            pause();
        if (strcmp(mode, "short") == 0)
            length -= 3;
        if (strcmp(mode, "another") == 0)
            answers.at[0].pid++;
        if (strcmp(mode, "empty") == 0)
            length = 0;
        if (strcmp(mode, "crash on 5") == 0 && queries.at[0].pid == 5)
            abort();
        (void)send(MM_MATCH_SOCKET_FD, &answers, length, MSG_NOSIGNAL);
        if (strcmp(mode, "twice") == 0)
            (void)send(MM_MATCH_SOCKET_FD, &answers, length, MSG_NOSIGNAL);
    }
    return 0;
}
