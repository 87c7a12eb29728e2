/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of the process connector, for kernels without our BPF programs: the same events,
 * MM_EVENT_PROCESS_STARTED, _RENAMED and _EXITED, for every process of the machine.
 *
 * Messages are gathered for 20 ms after the first one, so that a burst is one wake-up; the end of a process is not
 * heard sooner. What others write to oom_score_adj the connector does not tell: it is found when it counts.
 */
#ifndef MM_EVENT_CENTER_CONNECTOR_SOURCE_H
#define MM_EVENT_CENTER_CONNECTOR_SOURCE_H

#include "event_center/event_center.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mm_connector_notice {
    MM_CONNECTOR_SETTLED, /* once: the kernel sends messages, or never will; see the status */
    MM_CONNECTOR_LOST,    /* messages were lost since the last time: what is known of processes is stale */
    MM_CONNECTOR_BROKEN,  /* it worked and does no more */
};

struct mm_connector_options {
    /* May be NULL. Never called before mm_connector_source_add returned. */
    void (*notify)(enum mm_connector_notice notice, void *user);
    void *user;
};

struct mm_connector_status {
    bool is_settled;
    bool is_available;
    const char *reason; /* why not, or how; lives as long as the source */
    uint64_t messages;
    uint64_t lost; /* how often messages were lost; the kernel does not say how many */
};

struct mm_connector_source;

/*
 * Asks the kernel and adds the source. A kernel that refuses or does not answer is no error: the status tells.
 * -ENOMEM, -ENOSPC from the event center. The source lives as long as the center.
 */
int mm_connector_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                            const struct mm_connector_options *options,
                            struct mm_connector_source **ret_source);

void mm_connector_source_read_status(const struct mm_connector_source *source,
                                     struct mm_connector_status *ret_status);

#ifdef __cplusplus
}
#endif

#endif
