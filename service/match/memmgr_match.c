/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memmgr-match: tells which process rule takes a process, apart from the daemon, so that PCRE2 and what the patterns
 * compile to are never in it, and an expensive one holds up nobody. The daemon runs it as "memmgr-match --serve"; people
 * as "memmgrctl match".
 */
#include "service/match/match_tool.h"

#include "common/common.h"
#include "service/shared/command_line.h"
#include "service/shared/privileges.h"
#include "service/shared/table_output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define CALLED_BY_MEMMGRCTL "memmgrctl"

static const struct mm_ctl_command *const commands[] = {&mm_match_command, &mm_ctl_help_command, NULL};

static const struct mm_ctl_option options[] = {
    {"json", NULL, "print JSON"},
    {.name = NULL},
};

static int serve(void)
{
    int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = proc_fd < 0 ? -errno : 0;

    /* without the right to read others' programs it does what it can */
    (void)mm_privileges_drop_but_reading();
    if (r == 0)
        r = mm_match_serve(MM_MATCH_SOCKET_FD, MM_MATCH_RULES_FD, proc_fd);
    if (r < 0)
        (void)fprintf(stderr, "memmgr-match: %s\n", strerror(-r));
    return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    const struct mm_ctl_program program = {
        .name = argc > 0 && strcmp(argv[0], CALLED_BY_MEMMGRCTL) == 0 ? CALLED_BY_MEMMGRCTL : "memmgr-match",
        .purpose = "Says which process rule of memmgr's configuration takes a process.",
        .statuses = "  0  done\n"
                    "  1  there is no such process\n"
                    "  2  wrong usage, or the configuration is not valid\n"
                    "  4  no memory, or the output could not be written",
        .options = options,
        .commands = commands,
        .wrong_usage = MM_CTL_USAGE,
        .failure = MM_CTL_PROTOCOL,
    };
    struct mm_ctl ctl = {.program = &program};
    bool is_done = false;
    int result, flushed;

    if (argc == 2 && strcmp(argv[1], "--serve") == 0)
        return serve();
    mm_ctl_occupy_streams();
    ctl.is_coloured = mm_ctl_wants_colour();
    result = mm_ctl_parse(argc, argv, &ctl, &is_done);
    if (!is_done)
        result = ctl.command->run(&ctl);
    flushed = mm_flush_output(&ctl);
    return result != MM_CTL_OK ? result : flushed;
}
