/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up what a program that parses other people's files does not need. */
#ifndef MM_SERVICE_PRIVILEGES_H
#define MM_SERVICE_PRIVILEGES_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For good, as far as the kernel lets us: user and group become "nobody", whoever runs it, capabilities go, and
 * nothing executed later gets any; processor time, memory and descriptors are bounded. What is open stays open. 0, or
 * why root stays root, as in a user namespace without "nobody" or without CAP_SETUID; it has no capability left then.
 */
int mm_privileges_drop(void);

#ifdef __cplusplus
}
#endif

#endif
