/* SPDX-License-Identifier: Apache-2.0 */
/* Reading directories with getdents64 through a buffer on the stack. */
#include "kernel_interface/directory.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>

/* About 40 names of cgroup files; a walk holds one for each level. */
#define BUFFER_SIZE 2048U

/* As the system call hands it out. */
struct directory_entry {
    uint64_t inode;
    int64_t offset; /* of the next one */
    unsigned short length;
    unsigned char type;
    char name[];
};

int mm_each_entry_from(int directory_fd, uint64_t *position, mm_entry_visit visit, void *user)
{
    _Alignas(struct directory_entry) char buffer[BUFFER_SIZE];
    int fd MM_CLEANUP_CLOSE = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || (*position > 0 && lseek(fd, (off_t)*position, SEEK_SET) < 0))
        return -errno;
    for (;;) {
        long count = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            return 0;
        for (long place = 0; place < count;) {
            const struct directory_entry *entry =
                (const struct directory_entry *)(const void *)(buffer + place);
            int r;

            *position = (uint64_t)entry->offset;
            r = entry->name[0] == '.' ? 0 : visit(fd, entry->name, entry->type, user);
            if (r != 0)
                return r;
            place += entry->length;
        }
    }
}

int mm_each_entry(int directory_fd, mm_entry_visit visit, void *user)
{
    uint64_t position = 0;

    return mm_each_entry_from(directory_fd, &position, visit, user);
}
