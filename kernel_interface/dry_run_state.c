/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/dry_run_state.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int mm_dry_run_states_map(struct mm_dry_run_states *states, const char *name, size_t size_bytes,
                          void **ret_memory)
{
    void *memory;

    if (size_bytes == 0 || name[0] == '\0' || strchr(name, '/'))
        return -EINVAL;
    for (unsigned i = 0; i < states->count; i++) {
        if (strcmp(states->states[i].name, name) != 0 || states->states[i].size_bytes != size_bytes)
            continue;
        *ret_memory = states->states[i].memory;
        return 0;
    }
    if (strlen(name) >= sizeof(states->states[0].name))
        return -ENAMETOOLONG;
    if (states->count == MM_DRY_RUN_STATES_MAX)
        return -ENOSPC;
    memory =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    mm_copy_text(states->states[states->count].name, sizeof(states->states[0].name), name);
    states->states[states->count].memory = memory;
    states->states[states->count].size_bytes = size_bytes;
    states->count++;
    *ret_memory = memory;
    return 0;
}

void mm_dry_run_states_unmap(struct mm_dry_run_states *states)
{
    for (unsigned i = 0; i < states->count; i++)
        (void)munmap(states->states[i].memory, states->states[i].size_bytes);
    states->count = 0;
}
