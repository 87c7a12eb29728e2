/* SPDX-License-Identifier: Apache-2.0 */
#include "start_time.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields behind the name: it is the 22nd, and the name the second. */
#define FIELDS_BEFORE 19
/* The first 22 fields, with the longest name, take some 250 bytes. */
#define STAT_MAX 1024

uint64_t mm_start_time_parse(const char *stat)
{
    /* the name may hold anything, parentheses and blanks, too */
    const char *at = strrchr(stat, ')');
    char *end;
    uint64_t ticks;

    for (int i = 0; at && i <= FIELDS_BEFORE; i++) {
        at = strchr(at, ' ');
        at += at != NULL;
    }
    if (!at || *at < '0' || *at > '9')
        return 0;
    ticks = strtoull(at, &end, 10);
    return *end == ' ' ? ticks : 0;
}

uint64_t mm_start_time_read(int32_t pid)
{
    char path[32], stat[STAT_MAX];
    ssize_t length;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    length = read(fd, stat, sizeof(stat) - 1);
    (void)close(fd);
    if (length <= 0)
        return 0;
    stat[length] = '\0';
    return mm_start_time_parse(stat);
}
