/* SPDX-License-Identifier: Apache-2.0 */
/* memmgrctl: asks the daemon and tells people, or programs with --json. */
#include "service/memmgrctl.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A closed standard descriptor would be the next one that is opened: the socket, into which help and tables
 * would then go. What stands in its place can be written by nobody, so that the output's error shows.
 */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

/* NO_COLOR of no-color.org: set and not empty. */
static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_color && no_color[0])
        return false;
    if (!terminal || strcmp(terminal, "dumb") == 0)
        return false;
    return isatty(STDOUT_FILENO) == 1;
}

int main(int argc, char **argv)
{
    struct mm_ctl ctl = {.command = NULL};
    bool is_done = false;
    int result, flushed;

    occupy_standard_descriptors();
    ctl.is_coloured = wants_colour();
    result = mm_ctl_parse(argc, argv, &ctl, &is_done);
    if (!is_done)
        result = ctl.command->run(&ctl);
    flushed = mm_flush_output();
    return result != MM_CTL_OK ? result : flushed;
}
