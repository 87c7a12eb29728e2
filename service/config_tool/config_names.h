/* SPDX-License-Identifier: Apache-2.0 */
/* What people mean who name an element. */
#ifndef MM_SERVICE_CONFIG_NAMES_H
#define MM_SERVICE_CONFIG_NAMES_H

#include "config/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_ctl;

/*
 * The elements that a path ("killConfig/killLevel/memoryMB"), the end of one ("killLevel/memoryMB") or a bare name
 * ("memoryMB") stands for. Returns how many there are, of which the first max are in ret_elements; a whole path
 * stands for that element alone.
 */
size_t mm_config_names_find(const char *name, unsigned *ret_elements, size_t max);

/* The element whose path or name is nearest; MM_ELEMENT_NONE when none is near. */
unsigned mm_config_names_nearest(const char *name);

/* One element (command_line.h has ctl). 0, or the exit status for wrong usage after listing what the name may mean, or what is nearest. */
int mm_config_names_resolve(const struct mm_ctl *ctl, const char *name, unsigned *ret_element);

#ifdef __cplusplus
}
#endif

#endif
