/* SPDX-License-Identifier: Apache-2.0 */
/* Registering an eventfd: "12 13 20971520", its number, that of the file, the file's argument. */
#include "kernel_interface/event_control.h"

#include "common/common.h"
#include "kernel_interface/group.h"

#include <errno.h>
#include <fcntl.h>

/* Two descriptors and the longest argument: 20 digits. */
#define TEXT_SIZE 64U

int mm_event_control_register(int directory_fd, const char *file, const char *argument, int event_fd)
{
    int file_fd MM_CLEANUP_CLOSE = openat(directory_fd, file, O_RDONLY | O_CLOEXEC);
    int control_fd MM_CLEANUP_CLOSE = -1;
    char text[TEXT_SIZE];
    size_t length;
    ssize_t count;

    if (file_fd < 0)
        return mm_group_file_error(directory_fd, -errno);
    control_fd = openat(directory_fd, MM_EVENT_CONTROL_FILE, O_WRONLY | O_CLOEXEC);
    if (control_fd < 0)
        return mm_group_file_error(directory_fd, -errno);
    length = mm_format(text, sizeof(text), "%d %d %s", event_fd, file_fd, argument);
    do
        count = write(control_fd, text, length);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    return (size_t)count == length ? 0 : -EIO;
}
