/* SPDX-License-Identifier: Apache-2.0 */
/* memmgrctl: asks the daemon and tells people, or programs with --json. */
#include "service/ctl/memmgrctl_commands.h"

#include <memmgr_client.h>

static const struct mm_ctl_option options[] = {
    {"json", NULL, "print the answer as JSON"},
    {"socket", "PATH", "the daemon's control socket, instead of " MEMMGR_CLIENT_DEFAULT_PATH},
    {.name = NULL},
};

static const struct mm_ctl_program program = {
    .name = "memmgrctl",
    .purpose = "Asks the memory manager daemon memmgrd, and tells it what applications do.",
    .statuses = "  0  done\n"
                "  1  the daemon refused, match found no process, or the output could not be written\n"
                "  2  wrong usage, or match's configuration is not valid\n"
                "  3  no daemon: nobody listens at the socket, or it may not be used\n"
                "  4  the daemon's answer was not understood, or did not come",
    .options = options,
    .daemon_option = "socket",
    .commands = mm_ctl_commands,
    .wrong_usage = MM_CTL_USAGE,
    .failure = MM_CTL_REFUSED,
};

int main(int argc, char **argv)
{
    struct mm_ctl ctl = {.program = &program};
    bool is_done = false;
    int result, flushed;

    mm_ctl_occupy_streams();
    ctl.is_coloured = mm_ctl_wants_colour();
    result = mm_ctl_parse(argc, argv, &ctl, &is_done);
    ctl.socket_path = mm_ctl_option(&ctl, "socket");
    if (!is_done)
        result = ctl.command->run(&ctl);
    flushed = mm_flush_output(&ctl);
    return result != MM_CTL_OK ? result : flushed;
}
