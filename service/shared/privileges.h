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

/*
 * The same for a program that reads what others' processes are: CAP_SYS_PTRACE stays, which that takes, and there is no
 * bound on processor time, as it may live long. Without that capability the user stays, too: our own processes are all
 * that can be read then.
 */
int mm_privileges_drop_but_reading(void);

#ifdef __cplusplus
}
#endif

#endif
