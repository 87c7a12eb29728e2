/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager: own lines rather than libsystemd, which would triple the resident memory. */
#include "service/daemon/notify.h"

#include "common/common.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 256
/* A manager that expects more than a hundred signs of life a second means something else. */
#define WATCHDOG_MIN_NS (10 * MM_NS_PER_MS)

static int notify_fd = -1;

void mm_notify_init(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    int fd;

    if (length < 2 || length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    (void)unsetenv("NOTIFY_SOCKET");
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
        (void)close(fd);
        return;
    }
    notify_fd = fd;
}

void mm_notify(const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;

    if (notify_fd < 0)
        return;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    (void)send(notify_fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL);
}

uint64_t mm_notify_watchdog_ns(void)
{
    const char *period = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t period_us;
    uint64_t expected_pid;

    if (!period || mm_parse_u64(period, 1, UINT64_MAX / MM_NS_PER_US, &period_us) < 0)
        return 0;
    if (pid && (mm_parse_u64(pid, 1, INT32_MAX, &expected_pid) < 0 || (pid_t)expected_pid != getpid()))
        return 0;
    return MM_MAX(period_us * MM_NS_PER_US / 2, WATCHDOG_MIN_NS);
}
