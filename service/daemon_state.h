/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the daemon, shared by daemon.c and daemon_sources.c. */
#ifndef MM_SERVICE_DAEMON_STATE_H
#define MM_SERVICE_DAEMON_STATE_H

#include "event_center/bpf_source.h"
#include "service/daemon.h"
#include "service/engine.h"
#include "service/requests.h"
#include "service/runtime.h"

struct mm_daemon {
    const struct mm_daemon_options *options;
    int lock_fd;
    struct mm_kernel *kernel;
    struct mm_engine *engine;
    struct mm_requests *requests;
    struct mm_service_context context;
    struct mm_daemon_facts facts;
    struct mm_bpf_source *bpf;
    struct mm_timer watchdog;
    uint64_t watchdog_ns;
    char reader_path[MM_PROGRAM_PATH_MAX];
    char loader_path[MM_PROGRAM_PATH_MAX];
};

/* Signals, clients, reload, BPF, watchdog: the sources that come before the engine's own. */
int mm_daemon_add_sources(struct mm_daemon *daemon);
/* Says in the facts how the engine's own sources fared. */
void mm_daemon_note_engine(struct mm_daemon *daemon);

#endif
