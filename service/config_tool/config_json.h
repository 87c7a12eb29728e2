/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as JSON: its elements by their names, rows and lists as arrays, each value with its type. */
#ifndef MM_SERVICE_CONFIG_JSON_H
#define MM_SERVICE_CONFIG_JSON_H

#include "config/config.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Numbers are in the unit of their element's name or, where it has none, of its description (MB of a waterline,
 * bytes of fillRate); truths are true and false; modes, words and texts are strings. A row that has an id has it as
 * the member "id". only as in mm_config_visit. With origins a value is
 * {"value": 500, "file": "/etc/memmgr/memmgr_config.xml", "line": 12, "profile": null}, with null for what is
 * built-in. NULL without memory.
 */
cJSON *mm_config_json(const struct mm_config *config, unsigned only, bool with_origins);

#ifdef __cplusplus
}
#endif

#endif
