/* SPDX-License-Identifier: Apache-2.0 */
/* The standard streams of a program for people. */
#include "service/shared/command_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mm_ctl_occupy_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

bool mm_ctl_wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_color && no_color[0])
        return false;
    if (!terminal || strcmp(terminal, "dumb") == 0)
        return false;
    return isatty(STDOUT_FILENO) == 1;
}

const char *mm_style_begin(const struct mm_ctl *ctl, enum mm_style style)
{
    static const char *const codes[MM_STYLE_COUNT] = {
        [MM_STYLE_PLAIN] = "",        [MM_STYLE_TITLE] = "\033[1m", [MM_STYLE_GOOD] = "\033[32m",
        [MM_STYLE_WARN] = "\033[33m", [MM_STYLE_BAD] = "\033[31m",  [MM_STYLE_FAINT] = "\033[2m",
    };

    return ctl->is_coloured ? codes[style] : "";
}

const char *mm_style_end(const struct mm_ctl *ctl, enum mm_style style)
{
    return ctl->is_coloured && style != MM_STYLE_PLAIN ? "\033[0m" : "";
}

int mm_flush_output(const struct mm_ctl *ctl)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    /* Whoever read our output has had enough: that is his affair. */
    if (errno != EPIPE)
        (void)fprintf(stderr, "%s: cannot write: %s\n", ctl->program->name, strerror(errno));
    return ctl->program->failure;
}
