/* SPDX-License-Identifier: Apache-2.0 */
/* The notification protocol of service managers (sd_notify(3)): a datagram to $NOTIFY_SOCKET. */
#ifndef MM_SERVICE_NOTIFY_H
#define MM_SERVICE_NOTIFY_H

#include <stdint.h>

/* Opens the socket once; without $NOTIFY_SOCKET every call does nothing. Removes the variable, so that
   programs started later do not speak for the daemon. */
void mm_notify_init(void);
/* "READY=1", "STATUS=..."; never blocks. */
__attribute__((format(printf, 1, 2))) void mm_notify(const char *format, ...);
/* How often WATCHDOG=1 is expected, in ns: half of $WATCHDOG_USEC, at least 10 ms; 0: not at all, or not of this process. */
uint64_t mm_notify_watchdog_ns(void);

#endif
