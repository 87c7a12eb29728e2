/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   v2 memory.events:  low 0              v1 memory.oom_control:  oom_kill_disable 0
 *                      high 212                                   under_oom 0
 *                      max 5                                      oom_kill 1
 *                      oom 1              v1 memory.failcnt:      5
 *                      oom_kill 1
 */
#include "kernel_interface/group_events.h"

#include "common/common.h"
#include "kernel_interface/group.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

/* The longer of the files is below 200 bytes. */
#define BUFFER_SIZE 512U

#define FIGURE(name)                                                                                         \
    {                                                                                                        \
#name, offsetof(struct mm_group_events_parser, name), 1, false                                       \
    }

static const struct mm_key keys[] = {
    FIGURE(low), FIGURE(high), FIGURE(max), FIGURE(oom), FIGURE(oom_kill), FIGURE(under_oom),
};
static const struct mm_key_table table = {keys, MM_ARRAY_SIZE(keys)};

int mm_group_events_parse_line(const char *line, size_t length, void *user)
{
    int r = mm_key_line(&table, line, length, user);

    return r < 0 ? r : 0;
}

static uint64_t known(uint64_t figure)
{
    return figure == MM_UNKNOWN ? 0 : figure;
}

/* How often the limit was met; a group without the file has met none that it knows of. */
static uint64_t read_failures(int directory_fd)
{
    char text[32]; /* 20 digits and a newline */
    uint64_t count = 0;
    ssize_t length = mm_read_file(directory_fd, "memory.failcnt", text, sizeof(text));

    if (length > 0)
        (void)mm_group_number_parse(text, (size_t)length, &count);
    return count;
}

int mm_group_events_read(int directory_fd, bool is_v2, struct mm_group_events *ret_events)
{
    const char *file = is_v2 ? "memory.events" : "memory.oom_control";
    struct mm_group_events_parser parser;
    char buffer[BUFFER_SIZE];
    int r;

    memset(&parser, 0xff, sizeof(parser)); /* every figure MM_UNKNOWN */
    r = mm_read_lines(directory_fd, file, buffer, sizeof(buffer), mm_group_events_parse_line, &parser);
    if (r < 0)
        return mm_group_file_error(directory_fd, r);
    if ((is_v2 ? parser.max : parser.under_oom) == MM_UNKNOWN)
        return -ENODATA;
    *ret_events = (struct mm_group_events){
        .low = known(parser.low),
        .high = known(parser.high),
        .max = is_v2 ? parser.max : read_failures(directory_fd),
        .oom = known(parser.oom),
        .oom_kill = known(parser.oom_kill),
        .is_under_oom = known(parser.under_oom) > 0,
    };
    return 0;
}
