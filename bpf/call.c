/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/call.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int mm_bpf_call(enum bpf_cmd command, union bpf_attr *attributes)
{
    long result = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

    return result < 0 ? -errno : (int)result;
}

int mm_bpf_map_call(enum bpf_cmd command, int fd, const void *key, void *value)
{
    union bpf_attr attributes;

    memset(&attributes, 0, sizeof(attributes));
    attributes.map_fd = (uint32_t)fd;
    attributes.key = (uintptr_t)key;
    attributes.value = (uintptr_t)value;
    return mm_bpf_call(command, &attributes);
}

int mm_bpf_map_read(int fd, void *keys, void *values, uint32_t capacity, uint32_t *ret_count)
{
    union bpf_attr attributes;
    uint32_t position;
    int result;

    memset(&attributes, 0, sizeof(attributes));
    attributes.batch.map_fd = (uint32_t)fd;
    attributes.batch.out_batch = (uintptr_t)&position;
    attributes.batch.keys = (uintptr_t)keys;
    attributes.batch.values = (uintptr_t)values;
    attributes.batch.count = capacity;
    result = mm_bpf_call(BPF_MAP_LOOKUP_BATCH, &attributes);
    /* -ENOENT: there is no more */
    if (result < 0 && result != -ENOENT)
        return result;
    *ret_count = attributes.batch.count;
    return 0;
}
