/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configured names of system, resident and important applications, kept as hashes (mm_hash_text): a look-up
 * compares no text, and a process is found again at a reload without its name being kept.
 */
#ifndef MM_PRIORITY_MANAGER_SPECIAL_NAMES_H
#define MM_PRIORITY_MANAGER_SPECIAL_NAMES_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_special_name {
    uint64_t hash;
    int floor; /* of an important application */
};

struct mm_special_names {
    struct mm_special_name *residents, *important, *system; /* ascending by hash */
    struct mm_special_name *system_comms; /* the system names as the kernel would cut them */
    size_t resident_count, important_count, system_count;
};

/* Copies what it needs; -ENOMEM. */
int mm_special_names_init(struct mm_special_names *names, const struct mm_reclaim_priority_config *config);
void mm_special_names_fini(struct mm_special_names *names);
/* Of bundles and of processes. */
bool mm_special_names_has_system(const struct mm_special_names *names, uint64_t name_hash);
/* Of a process that nobody registered: hash of its comm. */
bool mm_special_names_has_system_comm(const struct mm_special_names *names, uint64_t comm_hash);
bool mm_special_names_has_resident(const struct mm_special_names *names, uint64_t bundle_name_hash);
/* False when it is not important; the floor is within -1000..1000. */
bool mm_special_names_floor(const struct mm_special_names *names, uint64_t process_name_hash, int *ret_floor);

#ifdef __cplusplus
}
#endif

#endif
