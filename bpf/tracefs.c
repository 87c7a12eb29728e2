/* SPDX-License-Identifier: Apache-2.0 */
/* Classic tracepoints: where tracefs is, and the layout of an event's record. */
#include "bpf/tracefs.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#define PATH_BYTES       256
#define RECORD_BYTES_MAX 4096

/* The two places where libbpf looks as well. */
static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

int mm_tracefs_prepare(const char **ret_root)
{
    char path[64];

    for (size_t i = 0; i < MM_ARRAY_SIZE(roots); i++) {
        (void)mm_format(path, sizeof(path), "%s/events", roots[i]);
        if (access(path, X_OK) < 0)
            continue;
        *ret_root = roots[i];
        return 0;
    }
    if (unshare(CLONE_NEWNS) < 0)
        return -errno;
    /* private first, or the mount would show up outside */
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    if (mount("tracefs", roots[0], "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return -errno;
    *ret_root = roots[0];
    return 0;
}

/*
 * A line of a format file, of which the type may hold blanks and the name may be an array:
 *
 *	field:char comm[16];	offset:12;	size:16;	signed:0;
 */
static bool is_field(const char *line, const char *end, const char *name)
{
    size_t length = strlen(name);
    const char *semicolon = memchr(line, ';', (size_t)(end - line));
    const char *bracket;

    if (!semicolon)
        return false;
    bracket = memchr(line, '[', (size_t)(semicolon - line));
    if (bracket)
        semicolon = bracket;
    return (size_t)(semicolon - line) > length && memcmp(semicolon - length, name, length) == 0 &&
           semicolon[-(ptrdiff_t)length - 1] == ' ';
}

static int scan_number(const char *line, const char *end, const char *key, uint64_t *ret_value)
{
    const char *cursor = memmem(line, (size_t)(end - line), key, strlen(key));

    if (!cursor)
        return -EINVAL;
    cursor += strlen(key);
    return mm_scan_u64(&cursor, end, ret_value);
}

int mm_tracefs_place(const char *format, const char *name, uint32_t *ret_offset, uint32_t *ret_size)
{
    const char *line = format;

    while (*line) {
        const char *end = line + strcspn(line, "\n");
        uint64_t offset;
        uint64_t size;

        if (is_field(line, end, name)) {
            if (scan_number(line, end, "offset:", &offset) < 0 || scan_number(line, end, "size:", &size) < 0)
                return -EINVAL;
            /* a record is at most a page, so what is larger is none of its fields */
            if (offset > RECORD_BYTES_MAX || size > RECORD_BYTES_MAX)
                return -EINVAL;
            *ret_offset = (uint32_t)offset;
            *ret_size = (uint32_t)size;
            return 0;
        }
        line = *end ? end + 1 : end;
    }
    return -ENOENT;
}

int mm_tracefs_field(const char *format, const char *name, unsigned size, uint32_t *ret_offset)
{
    uint32_t offset, found;
    int result = mm_tracefs_place(format, name, &offset, &found);

    if (result < 0)
        return result;
    if (found != size)
        return -EINVAL;
    *ret_offset = offset;
    return 0;
}

static int read_text(const char *path, char *buffer, size_t size)
{
    MM_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t filled = 0;

    if (fd < 0)
        return -errno;
    for (;;) {
        ssize_t length = read(fd, buffer + filled, size - 1 - filled);

        if (length < 0)
            return -errno;
        if (length == 0)
            break;
        filled += (size_t)length;
        if (filled == size - 1)
            return -EFBIG;
    }
    buffer[filled] = '\0';
    return 0;
}

int mm_tracefs_read_format(const char *root, const char *event, char *buffer, size_t size)
{
    char path[PATH_BYTES];

    (void)mm_format(path, sizeof(path), "%s/events/%s/format", root, event);
    return read_text(path, buffer, size);
}

int mm_tracefs_read_id(const char *root, const char *event, uint32_t *ret_id)
{
    char path[PATH_BYTES], text[24];
    uint64_t id;
    int result;

    (void)mm_format(path, sizeof(path), "%s/events/%s/id", root, event);
    result = read_text(path, text, sizeof(text));
    if (result < 0)
        return result;
    text[strcspn(text, "\n")] = '\0';
    result = mm_parse_u64(text, 0, UINT32_MAX, &id);
    if (result == 0)
        *ret_id = (uint32_t)id;
    return result;
}
