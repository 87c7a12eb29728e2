/* SPDX-License-Identifier: Apache-2.0 */
/* Making a list of items, and its form as bytes between memmgr-config and the daemon. */
#ifndef MM_CONFIG_ITEMS_H
#define MM_CONFIG_ITEMS_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The index of a new file, or -ENOMEM. */
int mm_config_items_add_file(struct mm_config_items *items, const char *file);
/* Takes over the texts of profile. -ENOMEM; they stay the caller's then. */
int mm_config_items_add_profile(struct mm_config_items *items, const struct mm_config_profile *profile);
/* item->text is copied. -ENOSPC above MM_CONFIG_ITEMS_MAX, -ENOMEM. */
int mm_config_items_add(struct mm_config_items *items, const struct mm_config_item *item);

/*
 * The stream: a header, then a body, all numbers 32 bits in the machine's own order, as both ends are one
 * machine. Texts are a length and bytes without NUL; NULL has the length UINT32_MAX.
 *
 *     "mmitems\n"  version  vocabulary  body_bytes  body_hash
 *     files        count, then each text
 *     profiles     count, then each file, line, column, name text, device text
 *     problems     count, then each severity, line, column, file text, text
 *     items        1 when cut else 0, count, then each element, instance, kind, 1 when refused else 0, file, line,
 *                  column, profile, text
 */
#define MM_STREAM_MAGIC   "mmitems\n"
#define MM_STREAM_VERSION 2u
#define MM_STREAM_HEADER  24u
/* Files of MM_CONFIG_MAX_BYTES, its texts as they are, and the largest number of items and problems. */
#define MM_STREAM_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* The length of the whole stream by its first MM_STREAM_HEADER bytes; -EBADMSG when they are none. */
int mm_stream_length(const unsigned char *header, size_t *ret_length);
/* The stream in a new buffer, the caller's to free. -ENOMEM, -EFBIG above MM_STREAM_MAX_BYTES. */
int mm_stream_encode(const struct mm_config_items *items, const struct mm_problems *problems,
                     unsigned char **ret_bytes, size_t *ret_length);
/* Problems are added to those already there. -EBADMSG: cut short, longer than it says, damaged, out of
 * bounds. */
int mm_stream_decode(const unsigned char *bytes, size_t length, struct mm_config_items *ret_items,
                     struct mm_problems *problems);

#ifdef __cplusplus
}
#endif

#endif
