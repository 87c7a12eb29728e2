/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demonstration: real applications in a domain of its own, managed by the shipped memmgrd, of which this
 * is only a client. What happened is judged by what is seen from outside: wait statuses and own readings.
 *
 *   demo.c          the command, and the course of events
 *   demo_app.c      an application: a process that holds memory, and grows when told
 *   demo_stage.c    domain, private directory, configuration, daemon, and the janitor who cleans up after all
 *   demo_show.c     what the spectator sees
 *   demo_verdict.c  was the order right? (pure)
 */
#ifndef MM_SERVICE_DEMO_H
#define MM_SERVICE_DEMO_H

#include "config/config.h"
#include "kernel_interface/kernel_interface.h"
#include "kernel_interface/own_groups.h"
#include "service/ctl/memmgrctl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the cast -------------------------------------------------------------------------------------------
 */

enum mm_demo_state {
    MM_DEMO_BACKGROUND,
    MM_DEMO_PLAYING, /* a continuous task */
    MM_DEMO_TASK,    /* a transient task */
    MM_DEMO_FOREGROUND,
    MM_DEMO_STATE_COUNT
};

/* The word, the event that leads there after "background", and the priority documented for it. */
struct mm_demo_state_info {
    const char *word;
    const char *event; /* NULL: "background" is all */
    int priority;
};
extern const struct mm_demo_state_info mm_demo_states[MM_DEMO_STATE_COUNT];

#define MM_DEMO_APPS_MAX 8

struct mm_demo_app {
    const char *name;
    enum mm_demo_state state;
    bool grows;
    pid_t pid;
    int pid_fd;
    int command_fd; /* a byte makes it grow; closing it ends the application */
    /* what was seen from outside */
    bool is_dead;
    int wait_status;
    unsigned place; /* 1: died first */
    uint64_t died_ns;
    uint64_t lowest_bytes; /* available, since the death before */
    uint64_t crossed_ns;   /* when the waterline that cost it was crossed; 0: not seen */
    uint64_t waterline_bytes;
};

struct mm_demo_cast {
    struct mm_demo_app apps[MM_DEMO_APPS_MAX];
    unsigned count;
    unsigned deaths;
};

/* ---- applications (demo_app.c) --------------------------------------------------------------------------
 */

struct mm_demo_size {
    uint64_t hold_bytes;
    uint64_t growth_bytes; /* on top, when told */
    uint64_t growth_bytes_per_s;
};

/* Starts it, in the group of its name below groups, and returns when it holds its memory. */
int mm_demo_app_start(struct mm_demo_app *app, const struct mm_demo_size *size, struct mm_own_groups *groups);
void mm_demo_app_grow(const struct mm_demo_app *app);
/* Ends it if it lives, reaps it. */
void mm_demo_app_end(struct mm_demo_app *app);

/* ---- the stage (demo_stage.c) ---------------------------------------------------------------------------
 */

struct mm_demo_stage {
    uint64_t limit_bytes;
    struct mm_own_groups *groups;
    struct mm_kernel *kernel; /* for own readings of the domain */
    struct mm_config *config; /* the built-in table, scaled: what the private configuration says */
    char directory[64];
    char socket_path[96];
    char config_path[96];
    pid_t daemon_pid;
    int daemon_fd; /* pidfd */
    pid_t janitor_pid;
    int janitor_fd; /* closing it sends the janitor to work */
};

/* Each explains its failure on standard error. Returns an exit code of memmgrctl. */
int mm_demo_stage_build(struct mm_demo_stage *stage);
/* Starts memmgrd and waits until it says that it is ready. */
int mm_demo_stage_start_daemon(struct mm_demo_stage *stage);
/* Ends the daemon, waits for the janitor to have removed everything. 0, or -EBUSY when something is left. */
int mm_demo_stage_clear(struct mm_demo_stage *stage);

/* Reports to the daemon what the application does, as memmgrctl event would. An exit code of memmgrctl. */
int mm_demo_report(struct mm_session *session, const struct mm_ctl *ctl, const struct mm_demo_app *app,
                   const char *word);

/* ---- showing (demo_show.c) ------------------------------------------------------------------------------
 */

struct mm_demo_show {
    const struct mm_ctl *ctl;
    const struct mm_demo_stage *stage;
    bool is_live; /* a terminal: one line is drawn over and over */
    uint64_t started_ns;
};

__attribute__((format(printf, 2, 3))) void mm_demo_say(struct mm_demo_show *show, const char *format, ...);
/* The meter of available memory against the waterlines. */
void mm_demo_show_memory(struct mm_demo_show *show, const struct mm_demo_cast *cast,
                         uint64_t available_bytes);
void mm_demo_show_list(struct mm_demo_show *show, const cJSON *answer);
void mm_demo_show_result(struct mm_demo_show *show, const struct mm_demo_cast *cast, const cJSON *kills,
                         const char *verdict, bool is_right);

/* ---- the verdict (demo_verdict.c) -----------------------------------------------------------------------
 */

/*
 * Were the deaths in the order that the states call for: less important ones first, nobody of the foreground,
 * everybody by SIGKILL, at least one, and everybody less important than a victim dead before it? Writes one
 * sentence.
 */
bool mm_demo_verdict(const struct mm_demo_cast *cast, char *ret_text, size_t size);

/* "music=task,download=playing" onto the cast; -EINVAL with the offending part in ret_text. */
int mm_demo_set_states(struct mm_demo_cast *cast, const char *text, char *ret_text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
