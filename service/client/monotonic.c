/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of the library's deadlines. */
#include "monotonic.h"

#include <time.h>

int64_t mm_monotonic_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
