/* SPDX-License-Identifier: Apache-2.0 */
/* Whether memory is there, or would cost a page fault. */
#ifndef MM_TEST_UNIT_PRESENCE_H
#define MM_TEST_UNIT_PRESENCE_H

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#ifdef __GLIBC__
/* A large block is a mapping of its own, of which nothing is there, whatever was freed before. */
inline const int large_blocks_are_fresh = mallopt(M_MMAP_THRESHOLD, 64 * 1024);
#endif

/* How many of the pages that hold these bytes are not there. */
inline size_t absent_pages(const void *memory, size_t bytes)
{
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = reinterpret_cast<uintptr_t>(memory) / page * page;
    const uintptr_t end = (reinterpret_cast<uintptr_t>(memory) + bytes + page - 1) / page * page;
    std::vector<unsigned char> present((end - begin) / page);
    size_t absent = 0;

    if (mincore(reinterpret_cast<void *>(begin), end - begin, present.data()) != 0)
        return present.size();
    for (unsigned char one : present)
        absent += (one & 1) == 0;
    return absent;
}

#endif
