/* SPDX-License-Identifier: Apache-2.0 */
/* What a dry run keeps in the place of files that outlive a restart: memory that goes with it. */
#ifndef MM_KERNEL_INTERFACE_DRY_RUN_STATE_H
#define MM_KERNEL_INTERFACE_DRY_RUN_STATE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The journal, the kill record and what else may be added. */
#define MM_DRY_RUN_STATES_MAX 16U

/* Zeros: none. */
struct mm_dry_run_states {
    unsigned count;
    struct {
        char name[64];
        void *memory;
        size_t size_bytes;
    } states[MM_DRY_RUN_STATES_MAX];
};

/* As map_state of struct mm_kernel. */
int mm_dry_run_states_map(struct mm_dry_run_states *states, const char *name, size_t size_bytes,
                          void **ret_memory);
void mm_dry_run_states_unmap(struct mm_dry_run_states *states);

#ifdef __cplusplus
}
#endif

#endif
