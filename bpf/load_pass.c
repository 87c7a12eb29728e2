/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_pass.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int mm_bpf_pass_fd(int fd, struct mm_bpf_load_result *result)
{
    int duplicate;

    if (fd < 0)
        return fd;
    duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (duplicate < 0)
        return -errno;
    result->fds[result->message.fd_count++] = duplicate;
    return 0;
}

int mm_bpf_pass_maps(const struct bpf_object *object, const char *const *names, size_t count,
                     struct mm_bpf_load_result *result)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < count; i++) {
        const struct bpf_map *map = bpf_object__find_map_by_name(object, names[i]);

        error = map ? mm_bpf_pass_fd(bpf_map__fd(map), result) : -ENOENT;
    }
    return error;
}

void mm_bpf_pass_link(struct bpf_link *link, struct mm_bpf_load_result *result)
{
    result->fds[result->message.fd_count++] = bpf_link__fd(link);
    bpf_link__disconnect(link);
    (void)bpf_link__destroy(link);
}

void mm_bpf_drop_descriptors(struct mm_bpf_load_result *result, unsigned kept)
{
    while (result->message.fd_count > kept)
        (void)close(result->fds[--result->message.fd_count]);
}

void mm_bpf_drop_programs(struct mm_bpf_load_result *result)
{
    mm_bpf_drop_descriptors(result, 0);
    result->message.programs = 0;
}
