/* SPDX-License-Identifier: Apache-2.0 */
/* Which profiles are for which devices, and whether those of one file fit together. */
#ifndef MM_CONFIG_PROFILE_H
#define MM_CONFIG_PROFILE_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mm_profile_match {
    MM_PROFILE_NO_MATCH,
    MM_PROFILE_UNKNOWN, /* it asks for something that is not known of the device, and nothing else speaks against it */
    MM_PROFILE_MATCH,
};

/* A refused profile matches nothing. ret_missing (may be NULL): what is not known, "RAM", "screen" or "name",
   where the answer is unknown. */
enum mm_profile_match mm_profile_match(const struct mm_config_profile *profile,
                                       const struct mm_config_device *device, const char **ret_missing);

/* A problem at the profile's place in its file. */
__attribute__((format(printf, 5, 6))) void mm_profile_problem(const struct mm_config_items *items,
                                                              struct mm_problems *problems,
                                                              enum mm_problem_severity severity,
                                                              const struct mm_config_profile *profile,
                                                              const char *format, ...);

/* Overlaps are errors, the second profile is refused; gaps between neighbours are warnings. */
void mm_profiles_check(struct mm_config_items *items, struct mm_problems *problems);

/* `ramProfile "4 GB"`, or `ramProfile` for one without a name, printable. Returns buffer. */
#define MM_PROFILE_TEXT_MAX 96
const char *mm_profile_text(const struct mm_config_profile *profile, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
