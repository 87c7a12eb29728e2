/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ram.h"

#include <unistd.h>

uint64_t mm_ram_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}
