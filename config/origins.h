/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration remembers of the files it came from: a few bytes for each value, as the daemon keeps it. */
#ifndef MM_CONFIG_ORIGINS_H
#define MM_CONFIG_ORIGINS_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of merged items, the refused ones left out. NULL where there is no file. -ENOMEM. */
int mm_config_origins_new(const struct mm_config_items *items, struct mm_config_origins **ret_origins);
void mm_config_origins_free(struct mm_config_origins *origins); /* accepts NULL */

#ifdef __cplusplus
}
#endif

#endif
