/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing among libbpf's messages. */
#include "bpf/reason.h"

#include "common/common.h"

#include <string.h>

/*
 * libbpf's warnings when a program is refused, in the order they come:
 *
 *     libbpf: prog 'mm_exit': BPF program load failed: Permission denied
 *     libbpf: prog 'mm_exit': -- BEGIN PROG LOAD LOG --
 *     0: R1=ctx(off=0,imm=0) R10=fp0
 *     ; int BPF_PROG(mm_exit, struct task_struct *task)
 *     0: (79) r1 = *(u64 *)(r1 +64)
 *     func 'sched_process_exit' doesn't have 3-th argument
 *     invalid bpf_context access off=64 size=8
 *     processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
 *     -- END PROG LOAD LOG --
 *     libbpf: failed to load object 'lifecycle_bpf'
 *
 * Within a verifier log the last line before "processed" is the complaint.
 */
enum rank {
    RANK_NOISE,      /* frames, and what follows from an earlier line */
    RANK_MISLEADING, /* advice that is usually wrong, kept for want of better */
    RANK_PLAIN,
    RANK_DECISIVE,
};

static const struct line_rule {
    const char *part;
    enum rank rank;
} line_rules[] = {
    {"BEGIN PROG LOAD LOG", RANK_NOISE},
    {"END PROG LOAD LOG", RANK_NOISE},
    {"failed to load object", RANK_NOISE},
    {"failed to load BPF skeleton", RANK_NOISE},
    {"Retrying without BTF", RANK_NOISE},
    {"Failed to bump RLIMIT_MEMLOCK", RANK_NOISE},
    {"Error loading BTF", RANK_MISLEADING},
    {"Error loading .BTF into kernel", RANK_MISLEADING},
    {"Couldn't load trivial BPF program", RANK_MISLEADING},
    {"failed to find kernel BTF type ID", RANK_DECISIVE},
    {"failed to find valid kernel BTF", RANK_DECISIVE},
    {"failed to determine tracepoint", RANK_DECISIVE},
};

static enum rank rank_of(const char *line)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(line_rules); i++) {
        if (strstr(line, line_rules[i].part))
            return line_rules[i].rank;
    }
    return mm_text_is_blank(line) ? RANK_NOISE : RANK_PLAIN;
}

static void keep(struct mm_bpf_reason *reason, enum rank rank, const char *line)
{
    static const char prefix[] = "libbpf: ";

    if ((int)rank <= reason->rank)
        return;
    if (strncmp(line, prefix, sizeof(prefix) - 1) == 0)
        line += sizeof(prefix) - 1;
    reason->rank = (int)rank;
    mm_copy_text(reason->line, sizeof(reason->line), line);
}

/* Copies the line at text without its end; returns where the next begins, or NULL. */
static const char *split(const char *text, char *line, size_t size)
{
    size_t length = strcspn(text, "\n");

    (void)mm_format(line, size, "%.*s", (int)MM_MIN(length, size - 1), text);
    return text[length] == '\n' && text[length + 1] != '\0' ? text + length + 1 : NULL;
}

/* The complaint of a verifier log outranks whatever else was heard. */
static void hear_verifier(struct mm_bpf_reason *reason, const char *text)
{
    char line[MM_BPF_REASON_MAX];
    char complaint[MM_BPF_REASON_MAX] = "";

    while (text) {
        text = split(text, line, sizeof(line));
        if (strncmp(line, "processed ", strlen("processed ")) == 0)
            break;
        if (rank_of(line) != RANK_NOISE)
            mm_copy_text(complaint, sizeof(complaint), line);
    }
    if (complaint[0] != '\0')
        keep(reason, RANK_DECISIVE, complaint);
}

void mm_bpf_reason_hear(struct mm_bpf_reason *reason, const char *message)
{
    char line[MM_BPF_REASON_MAX];

    if (strstr(message, "BEGIN PROG LOAD LOG")) {
        hear_verifier(reason, message);
        return;
    }
    for (const char *text = message; text;) {
        text = split(text, line, sizeof(line));
        keep(reason, rank_of(line), line);
    }
}
