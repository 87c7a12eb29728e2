/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of mm_config_read_xml, for programs that do something in between: memmgr-config opens the file as
 * root, gives its privileges up, and only then looks at a byte of it.
 */
#ifndef MM_CONFIG_XML_READER_H
#define MM_CONFIG_XML_READER_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens a regular file that not everybody may write, without ever blocking, and never opens a device.
 * Anything else is a problem and -EINVAL. The descriptor is the caller's to close.
 */
int mm_config_open(const char *file, int *ret_fd, struct mm_problems *problems);

/* The bytes of an open file, terminated by a NUL that does not count, the caller's to free. -EINVAL with a
   problem when it is empty or longer than MM_CONFIG_MAX_BYTES, -ENOMEM. */
int mm_config_read_bytes(int fd, const char *file, char **ret_bytes, size_t *ret_length,
                         struct mm_problems *problems);

/* As mm_config_read_xml, from memory; file is the name in messages. -ENOMEM too. */
int mm_config_parse_xml(const char *file, const char *bytes, size_t length, struct mm_config_items *ret_items,
                        struct mm_problems *problems);

#ifdef __cplusplus
}
#endif

#endif
