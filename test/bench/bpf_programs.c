/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bpf_programs.h"

#include "common/common.h"
#include "test/bench/bench_daemon.h"

#include <dirent.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int call_bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

int mm_bench_count_programs(void)
{
    union bpf_attr attributes;

    memset(&attributes, 0, sizeof(attributes));
    attributes.enable_stats.type = BPF_STATS_RUN_TIME;
    return call_bpf(BPF_ENABLE_STATS, &attributes);
}

static bool read_program(uint32_t id, struct mm_bench_program *program)
{
    MM_CLEANUP_CLOSE int fd = -1;
    struct bpf_prog_info info;
    union bpf_attr attributes;

    memset(&attributes, 0, sizeof(attributes));
    attributes.prog_id = id;
    fd = call_bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
    if (fd < 0)
        return false;
    memset(&info, 0, sizeof(info));
    memset(&attributes, 0, sizeof(attributes));
    attributes.info.bpf_fd = (uint32_t)fd;
    attributes.info.info_len = sizeof(info);
    attributes.info.info = (uintptr_t)&info;
    if (call_bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) < 0)
        return false;
    mm_copy_text(program->name, sizeof(program->name), info.name);
    program->run_ns = info.run_time_ns;
    program->runs = info.run_cnt;
    return true;
}

size_t mm_bench_read_programs(pid_t pid, struct mm_bench_program *ret_programs)
{
    struct dirent *entry;
    size_t count = 0;
    char path[64];
    DIR *directory;

    (void)mm_format(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
    directory = opendir(path);
    while (directory && count < MM_BENCH_PROGRAMS_MAX && (entry = readdir(directory))) {
        uint32_t id;

        (void)mm_format(path, sizeof(path), "/proc/%d/fdinfo/%.16s", (int)pid, entry->d_name);
        /* a link's; a program's own descriptor has it, too, but none of its attachment */
        id = mm_bench_read_figure(path, "link_id") > 0 ? (uint32_t)mm_bench_read_figure(path, "prog_id") : 0;
        count += id > 0 && read_program(id, &ret_programs[count]);
    }
    if (directory)
        (void)closedir(directory);
    return count;
}
