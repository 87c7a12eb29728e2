/* SPDX-License-Identifier: Apache-2.0 */
/* What of the process is in memory when it is locked: all that a kill uses, and nothing that only starting used. */
#ifndef MM_SERVICE_RESIDENCE_H
#define MM_SERVICE_RESIDENCE_H

/*
 * Lets go of the pages of the program and its libraries that only starting has touched, and of memory that was freed;
 * what is used again comes back from the page cache. Then touches the program's own code, constants and a good piece of
 * stack. Before memory is locked: what is locked cannot be let go.
 */
void mm_residence_settle(void);

#endif
