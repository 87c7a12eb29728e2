/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flows/flow_bpf.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

/* The first figures come soon, whatever the interval: somebody has just asked for them. */
#define FIRST_INTERVAL_MS 1000

void mm_flow_bpf_set_interval(struct mm_flow_bpf *options, uint32_t interval_ms)
{
    __atomic_store_n(&options->interval_ms, interval_ms, __ATOMIC_RELAXED);
}

static unsigned interval_ms_of(const struct mm_flow_bpf *options)
{
    return __atomic_load_n(&options->interval_ms, __ATOMIC_RELAXED);
}

int mm_flow_bpf_load(struct mm_flow *flow, const struct mm_flow_bpf *options, int started,
                     struct mm_bpf_collector *collector)
{
    const struct mm_bpf_collector_options *how = &options->collector;
    int result;

    if (started < 0) {
        mm_flow_explain(flow, "%s cannot be run: %s", how->loader_path, strerror(-started));
        /* built without it, or not installed */
        return started == -ENOENT ? -EOPNOTSUPP : started;
    }
    do {
        /* the loader ends itself when its time is over, which is readable, too */
        result = mm_flow_wait(flow, collector->progress_fd, how->timeout_ms * 2);
        if (result < 0)
            return result;
        result = result == 0 ? -ETIMEDOUT : mm_bpf_collector_receive(collector);
    } while (result == -EAGAIN);
    mm_flow_explain(flow, "%s", result == -ETIMEDOUT ? "the loader was not done in time" : collector->reason);
    return result;
}

int mm_flow_bpf_repeat(struct mm_flow *flow, const struct mm_flow_bpf *options,
                       int (*read)(struct mm_flow *flow, void *user), void *user)
{
    unsigned wait_ms = MM_MIN(interval_ms_of(options), FIRST_INTERVAL_MS);
    int result;

    mm_flow_begin(flow);
    do {
        result = mm_flow_wait(flow, -1, wait_ms);
        if (result == 0)
            result = read(flow, user);
        wait_ms = interval_ms_of(options);
    } while (result == 0);
    return result;
}
