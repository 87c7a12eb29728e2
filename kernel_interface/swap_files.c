/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   Filename                Type            Size            Used            Priority
 *   /dev/zram0              partition       2097148         524288          100
 *   /swap\040file           file            1048572         0               -2
 *
 * Sizes are KiB, white space in a name stands as \040. /sys/block/zram0/mm_stat, one line of bytes and pages:
 *
 *   536870912 178257920 184549376 0 190840832 12 0 0 0
 */
#include "kernel_interface/swap_files.h"

#include "common/common.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

/* A line has a path, which is cut where it is longer: then it is no zram, and what follows it is lost. */
#define LINE_BUFFER_SIZE 4096U
/* mm_stat has nine numbers. */
#define STAT_SIZE 256U

static const char zram_name[] = "/dev/zram";

/* "/dev/zram12": the kernel prints the path that swapon was given; another name for the device is plain swap. */
static int parse_zram_number(struct mm_word name, uint64_t *ret_number)
{
    const size_t length = sizeof(zram_name) - 1;
    const char *cursor = name.text + length;

    if (name.length <= length || memcmp(name.text, zram_name, length) != 0)
        return -EINVAL;
    return mm_scan_figure(&cursor, name.text + name.length, ret_number);
}

static int scan_kib(const char **cursor, const char *end, uint64_t *ret_bytes)
{
    uint64_t kib;
    int r = mm_scan_figure(cursor, end, &kib);

    if (r < 0)
        return r;
    return __builtin_mul_overflow(kib, MM_KIB, ret_bytes) ? -ERANGE : 0;
}

int mm_swaps_parse_line(const char *line, size_t length, void *user)
{
    struct mm_swaps_parser *parser = user;
    const char *cursor = line;
    const char *end = line + length;
    struct mm_word name = mm_first_word(&cursor, end);
    uint64_t size_bytes, used_bytes, number;
    int r;

    if (name.length == 0 || name.text[0] != '/')
        return 0;
    (void)mm_first_word(&cursor, end); /* partition, file */
    r = scan_kib(&cursor, end, &size_bytes);
    if (r == 0)
        r = scan_kib(&cursor, end, &used_bytes);
    if (r < 0)
        return r;
    if (__builtin_add_overflow(parser->total_bytes, size_bytes, &parser->total_bytes) ||
        __builtin_add_overflow(parser->used_bytes, used_bytes, &parser->used_bytes))
        return -ERANGE;
    parser->device_count++;
    if (parser->zram_count < MM_ZRAM_DEVICES_MAX && parse_zram_number(name, &number) == 0)
        parser->zram_numbers[parser->zram_count++] = number;
    return 0;
}

int mm_zram_stat_parse(const char *text, size_t length, struct mm_swap_state *swap)
{
    const char *cursor = text;
    const char *end = text + length;
    uint64_t figures[3];

    if (length > 0 && text[length - 1] == '\n')
        end--;
    for (size_t i = 0; i < MM_ARRAY_SIZE(figures); i++) {
        int r = mm_scan_figure(&cursor, end, &figures[i]);

        if (r < 0)
            return r;
    }
    swap->zram_stored_bytes += figures[0];
    swap->zram_compressed_bytes += figures[1];
    swap->zram_memory_bytes += figures[2];
    return 0;
}

/* A device that was taken away meanwhile, or says nonsense, has no figures. */
static void add_zram(int sys_fd, uint64_t number, struct mm_swap_state *swap)
{
    char path[64];
    char text[STAT_SIZE];
    const char *cursor = text;
    uint64_t disk_bytes;
    ssize_t length;

    (void)mm_format(path, sizeof(path), "block/zram%llu/mm_stat", (unsigned long long)number);
    length = mm_read_file(sys_fd, path, text, sizeof(text));
    if (length <= 0 || mm_zram_stat_parse(text, (size_t)length, swap) < 0)
        return;
    swap->zram_count++;
    (void)mm_format(path, sizeof(path), "block/zram%llu/disksize", (unsigned long long)number);
    length = mm_read_file(sys_fd, path, text, sizeof(text));
    if (length > 0 && text[length - 1] == '\n')
        length--;
    if (length > 0 && mm_scan_figure(&cursor, text + length, &disk_bytes) == 0)
        swap->zram_disk_bytes += disk_bytes;
}

int mm_swap_read(int proc_fd, int sys_fd, struct mm_swap_state *ret_swap)
{
    struct mm_swaps_parser parser = {0};
    struct mm_swap_state swap = {0};
    char buffer[LINE_BUFFER_SIZE];
    int r = mm_read_lines(proc_fd, "swaps", buffer, sizeof(buffer), mm_swaps_parse_line, &parser);

    if (r < 0)
        return r == -ENOENT ? -EOPNOTSUPP : r;
    swap.device_count = parser.device_count;
    swap.total_bytes = parser.total_bytes;
    swap.used_bytes = parser.used_bytes;
    for (unsigned i = 0; i < parser.zram_count && sys_fd >= 0; i++)
        add_zram(sys_fd, parser.zram_numbers[i], &swap);
    *ret_swap = swap;
    return 0;
}
