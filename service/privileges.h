/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up what a program that parses other people's files does not need. */
#ifndef MM_SERVICE_PRIVILEGES_H
#define MM_SERVICE_PRIVILEGES_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For good, as far as the kernel lets us: user and group become "nobody", capabilities go, and nothing executed
 * later gets any; processor time, memory and descriptors are bounded. What is open stays open.
 */
void mm_privileges_drop(void);

#ifdef __cplusplus
}
#endif

#endif
