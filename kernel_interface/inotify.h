/* SPDX-License-Identifier: Apache-2.0 */
/* What the watches that live on inotify share. */
#ifndef MM_KERNEL_INTERFACE_INOTIFY_H
#define MM_KERNEL_INTERFACE_INOTIFY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Watches a file in the open directory ("": the directory itself), whose descriptor may be one of O_PATH, for the IN_*
   events. The watch's number; -ENOSPC, -ENOENT, or what else the kernel said. */
int mm_inotify_add(int inotify_fd, int directory_fd, const char *file, uint32_t events);

/* Why there is no watch, for people: the limits by their names, for one number both that of descriptors and that of
   inotify's instances; else the system's words. */
const char *mm_inotify_error_text(int error);

#ifdef __cplusplus
}
#endif

#endif
