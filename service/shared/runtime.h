/* SPDX-License-Identifier: Apache-2.0 */
/* Where the daemon finds itself: its runtime directory and lock, its helper programs, its own scheduling. */
#ifndef MM_SERVICE_RUNTIME_H
#define MM_SERVICE_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_PROGRAM_PATH_MAX 512

/* Standard streams that are closed become /dev/null: else the first files that are opened take their numbers,
   and the log goes into them. 0 or a negative errno. */
int mm_runtime_open_streams(void);
/* A reader of the log that went away, and a full limit of file sizes, are errors of writing, not deaths. */
void mm_runtime_ignore_signals(void);
/* As many descriptors as the hard limit allows: clients and victims take one each. 0 or a negative errno. */
int mm_runtime_raise_descriptors(void);

/* Makes the directory (0755) where it is missing and takes the lock in it, to be held until exit. Returns the
   lock's descriptor; -EBUSY when another daemon holds it, with its pid (0: not known); -ENAMETOOLONG;
   -EINVAL, -ELOOP, -EPERM: the file there is none, a link, somebody else's. Only our user can open it. */
int mm_runtime_lock(const char *directory, pid_t *ret_other_pid);

/* The helper program of that name: beside our own executable (a build tree), else in the libexec directory.
 */
void mm_runtime_program(const char *name, char *ret_path, size_t size);

/* A program for people of that name: beside our own executable, else where administrators' programs are. */
void mm_runtime_sibling(const char *name, char *ret_path, size_t size);

/* Locks what is and will be resident. 0 or a negative errno. */
int mm_runtime_lock_memory(void);
/* First in, first out, at that real-time priority (1..99), so that a hog's threads cannot keep us from the
   processor; what we start later runs as usual. 0 or a negative errno. */
int mm_runtime_raise_scheduling(int priority);
/* Where this thread runs in real time, so do all others of the process from here on: for the end, which waits for each
   of them to have the processor once more. */
void mm_runtime_hasten_threads(void);

#ifdef __cplusplus
}
#endif

#endif
