/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the daemon, shared by daemon.c, daemon_config.c, daemon_flows.c, daemon_sources.c and
   process_sources.c. */
#ifndef MM_SERVICE_DAEMON_STATE_H
#define MM_SERVICE_DAEMON_STATE_H

#include "event_center/bpf_source.h"
#include "event_center/connector_source.h"
#include "event_center/file_watch.h"
#include "event_center/group_source.h"
#include "event_center/match_source.h"
#include "service/daemon/daemon.h"
#include "service/daemon/engine.h"
#include "service/flows/flow_bpf.h"
#include "service/requests/requests.h"
#include "service/shared/runtime.h"

struct mm_daemon {
    const struct mm_daemon_options *options;
    int lock_fd;
    struct mm_kernel *kernel;
    struct mm_engine *engine;
    struct mm_requests *requests;
    struct mm_service_context context;
    struct mm_daemon_facts facts;
    struct mm_bpf_source *bpf;
    struct mm_connector_source *connector; /* NULL: not needed, or not there */
    struct mm_timer scan;                  /* where nobody tells of new processes */
    bool hears_groups;                     /* by inotify */
    struct mm_timer watchdog;
    uint64_t watchdog_ns;
    struct mm_file_watch *file_watch;
    char **
        watched_paths; /* what decides which configuration there is; for a reload that the end does not await */
    size_t watched_path_count;
    bool is_watch_broken;
    struct mm_problems problems; /* of the first loading */
    uint64_t
        told_problems; /* a hash of what was last said of files that changed and are not valid; 0: nothing */
    char reader_path[MM_PROGRAM_PATH_MAX];
    char loader_path[MM_PROGRAM_PATH_MAX];
    char match_path[MM_PROGRAM_PATH_MAX];
    struct mm_flow_bpf cpuflow, gpuflow;
    struct mm_flows_config flows; /* as last put in force: what was switched since stays so */
};

/* What a source is doing, for status. */
__attribute__((format(printf, 4, 5))) void mm_daemon_set_source(struct mm_daemon *daemon, const char *name,
                                                                bool is_active, const char *format, ...);

/* The same, said in the log where it does nothing. */
__attribute__((format(printf, 4, 5))) void mm_daemon_note_source(struct mm_daemon *daemon, const char *name,
                                                                 bool is_active, const char *format, ...);

/* daemon_flows.c: what is collected in threads of their own. */
int mm_daemon_add_flows(struct mm_daemon *daemon);
/* Those that the configuration wants; once the daemon is ready, which they do not delay. */
void mm_daemon_start_flows(struct mm_daemon *daemon);

/* process_sources.c: BPF, or what stands in for it. */
int mm_daemon_add_process_sources(struct mm_daemon *daemon);

/* ---- daemon_config.c --------------------------------------------------------------------------------------- */

/* Loads the configuration for a device of that RAM (0: not known), as the command line changes it. Its problems are
   kept until mm_daemon_log_problems. 0 or a negative errno. */
int mm_daemon_load_config(struct mm_daemon *daemon, uint64_t ram_bytes, struct mm_config **ret_config);
void mm_daemon_log_problems(struct mm_daemon *daemon);
/* Reloading, and the watch of the files. */
int mm_daemon_add_reloader(struct mm_daemon *daemon);

/* daemon_match.c: process rules. */
int mm_daemon_add_match(struct mm_daemon *daemon);

/* Signals, clients, reload, BPF, watchdog: the sources that come before the engine's own. */
int mm_daemon_add_sources(struct mm_daemon *daemon);
/* Says in the facts how the engine's own sources fared. */
void mm_daemon_note_engine(struct mm_daemon *daemon);

#endif
