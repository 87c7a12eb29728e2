/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event center: one epoll loop, event sources, timers and ordered subscribers. It decides nothing.
 *
 * Everything here belongs to the main thread. An event published while another is being delivered waits in
 * a fixed queue and is delivered right after it, so that every subscriber sees every event, in one order.
 * After start nothing allocates.
 */
#ifndef MM_EVENT_CENTER_EVENT_CENTER_H
#define MM_EVENT_CENTER_EVENT_CENTER_H

#include "common/list.h"
#include "event_center/event.h"
#include "kernel_interface/kernel_interface.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_event_center;

/* The order in which subscribers hear an event. */
enum mm_subscriber_rank {
    MM_RANK_PRIORITY_MANAGER,
    MM_RANK_RECLAIM_STRATEGY,
    MM_RANK_KILL_STRATEGY,
    MM_RANK_OBSERVER,
    MM_RANK_COUNT
};

/* kernel must outlive the center. */
int mm_event_center_new(struct mm_kernel *kernel, struct mm_event_center **ret_center);
/* Closes the sources, in reverse order of their addition; accepts NULL. */
void mm_event_center_free(struct mm_event_center *center);

uint64_t mm_event_center_now_ns(const struct mm_event_center *center);

typedef void (*mm_event_handler)(const struct mm_event *event, void *user);

/* kinds: a mask of 1u << kind. Several subscribers of one rank hear in the order of subscription. At most
   32; -ENOSPC beyond. */
int mm_event_center_subscribe(struct mm_event_center *center, enum mm_subscriber_rank rank, uint32_t kinds,
                              mm_event_handler handler, void *user);
void mm_event_center_unsubscribe(struct mm_event_center *center, mm_event_handler handler, void *user);

/*
 * Delivers, or queues behind the event being delivered. A full queue (1024) loses the event and counts it. The
 * last 320 places are not for DECISION, PRIORITY, KILL, APP_STATE and DEVICE, and the last 16 only for KILL_BEGIN,
 * KILL_END, CONFIG and STOP, so that what gives orders is not lost for what only tells.
 */
void mm_event_center_publish(struct mm_event_center *center, const struct mm_event *event);
/* Would an event of that kind be taken now? For who can tell it later as well. */
bool mm_event_center_has_place(const struct mm_event_center *center, enum mm_event_kind kind);

struct mm_event_center_counters {
    uint64_t published[MM_EVENT_KIND_COUNT];
    uint64_t lost;
    uint64_t wakeups; /* returns of epoll_wait */
};
const struct mm_event_center_counters *mm_event_center_counters(const struct mm_event_center *center);

/* ---- timers ----------------------------------------------------------------------------------------- */

/* Embedded in its owner; zero-initialised it is disarmed. */
struct mm_timer {
    struct mm_list link;
    uint64_t deadline_ns;
    /* How much later it may fire, so that it need not wake the machine for itself; 0 from mm_timer_init, set by the
       owner. It fires with the first wake-up after its deadline, whatever that was for. */
    uint64_t slack_ns;
    void (*expired)(struct mm_timer *timer, void *user);
    void *user;
};

void mm_timer_init(struct mm_timer *timer, void (*expired)(struct mm_timer *timer, void *user), void *user);
/* deadline_ns is absolute, on the kernel interface's clock. Arming again moves it. */
void mm_event_center_arm(struct mm_event_center *center, struct mm_timer *timer, uint64_t deadline_ns);
void mm_event_center_disarm(struct mm_event_center *center, struct mm_timer *timer);
bool mm_timer_is_armed(const struct mm_timer *timer);
/* UINT64_MAX when none is armed. */
uint64_t mm_event_center_next_deadline_ns(const struct mm_event_center *center);
/* When the loop must wake for a timer at the latest, slack counted; UINT64_MAX when none is armed. */
uint64_t mm_event_center_next_wake_ns(const struct mm_event_center *center);

/* ---- sources ---------------------------------------------------------------------------------------- */

/* One kind of event source. Each slot's contract beside it. */
struct mm_event_source_ops {
    const char *name; /* "psi", "signal", "control_socket": shown in status */
    /* A descriptor of the source is ready; events are EPOLL*. tag is the one given when it was added. */
    void (*ready)(void *source, uint64_t tag, uint32_t events);
    /* Releases everything; called once, by mm_event_center_free. May be NULL. */
    void (*close)(void *source);
    /* Takes in what came without waking the loop: called in each turn before any descriptor is served, so that nothing
       is decided without it. Returns soon, without a system call where there is nothing. May be NULL. */
    void (*collect)(void *source);
};

int mm_event_center_add_source(struct mm_event_center *center, const struct mm_event_source_ops *ops,
                               void *source);
/* Watches a descriptor for a source; events are EPOLL*. The descriptor stays the source's. */
int mm_event_center_watch_fd(struct mm_event_center *center, void *source, int fd, uint32_t events,
                             uint64_t tag);
int mm_event_center_change_fd(struct mm_event_center *center, void *source, int fd, uint32_t events,
                              uint64_t tag);
void mm_event_center_forget_fd(struct mm_event_center *center, int fd);
/* Not looked at until resumed, nor what of it is ready already (with events of 0 errors still are); its place among the
   descriptors stays its own. -ENOENT: it is not watched; resume also -ENOMEM, -ENOSPC of the kernel. */
int mm_event_center_pause_fd(struct mm_event_center *center, int fd);
int mm_event_center_resume_fd(struct mm_event_center *center, int fd, uint32_t events);

/* ---- the loop --------------------------------------------------------------------------------------- */

/*
 * Runs until mm_event_center_stop. Within one wake-up the order is: what came without waking (collect), descriptors,
 * in the order in which their sources were added (signals first, then clients, then what may lead to a kill), kernel
 * notices, timers.
 */
int mm_event_center_run(struct mm_event_center *center);
void mm_event_center_stop(struct mm_event_center *center);
/* Stops, and has mm_event_center_run return that negative errno. */
void mm_event_center_fail(struct mm_event_center *center, int error);

/* Drains notices and fires the timers that are due: what the loop does after its descriptors. The way a
   simulation drives the center: advance the kernel, then this. */
void mm_event_center_step(struct mm_event_center *center);

/* ---- the sources that every daemon has -------------------------------------------------------------- */

/*
 * The waterline watch: reads the domain's memory and publishes MM_EVENT_WATERLINE, at once when a pressure
 * trigger fires, else when the nearest line below available could have been reached at the fastest rate this
 * machine can fill memory. So it is cheap when memory is plentiful and exact when it is not, and works alone
 * where there is no PSI.
 */
#define MM_WATERLINES_MAX 32

struct mm_waterline_options {
    uint64_t lines_bytes[MM_WATERLINES_MAX]; /* any order */
    unsigned line_count;
    uint64_t fill_rate_bytes_per_s; /* at least 1 */
    uint64_t min_interval_ms;       /* never sooner again */
    uint64_t max_interval_ms;       /* never later */
    uint64_t exhausted_interval_ms; /* below every line */
};

struct mm_waterline_status {
    struct mm_memory_state memory; /* as last read */
    int error;                     /* of the last reading */
    uint64_t checks;
    uint64_t next_check_ns;
    uint64_t fill_rate_bytes_per_s;
};

struct mm_waterline_source;
int mm_waterline_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                            const struct mm_waterline_options *options,
                            struct mm_waterline_source **ret_source);
void mm_waterline_source_configure(struct mm_waterline_source *source,
                                   const struct mm_waterline_options *options);
/* Reads and publishes now. */
void mm_waterline_source_check(struct mm_waterline_source *source);
/* The same for what may come at any rate: no sooner after the last reading than the shortest interval. */
void mm_waterline_source_hint(struct mm_waterline_source *source);
/* The nearest line at or below available memory; MM_UNKNOWN when every line is above. */
uint64_t mm_waterline_source_line_below(const struct mm_waterline_source *source, uint64_t available_bytes);
/* The kernel is sure to wake the loop on the way to the next line, as far as the cover goes: the sleep that has just begun
   may be as long as that allows. */
void mm_waterline_source_cover(struct mm_waterline_source *source, const struct mm_wake_cover *cover);
void mm_waterline_source_status(const struct mm_waterline_source *source,
                                struct mm_waterline_status *ret_status);

/* The pure part: how long the watch may sleep. Below every line it is the exhausted interval,
   within the other two. */
uint64_t mm_waterline_interval_ns(const struct mm_waterline_options *options, uint64_t available_bytes);
/* The same where the kernel is sure to wake us: no less than that. */
uint64_t mm_waterline_covered_interval_ns(const struct mm_waterline_options *options,
                                          uint64_t available_bytes, const struct mm_wake_cover *cover);

/*
 * PSI triggers of the domain. When one fires the waterline (NULL: none) is checked, and only then is
 * MM_EVENT_PRESSURE published, so that a kill waits for no observer of it. One trigger is enough to be woken: 0 when any was
 * armed, each refused one is counted and logged; else what the last was refused for, -EOPNOTSUPP without PSI.
 * -EINVAL for no trigger and for more than 8.
 */
struct mm_pressure_source_status {
    unsigned armed, refused;
    int error;            /* of the last one that was refused */
    bool has_long_window; /* one is armed in the 2 s window, its stall scaled */
};
/* ret_status is filled also on failure. */
int mm_pressure_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                           struct mm_waterline_source *waterline, const struct mm_pressure_trigger *triggers,
                           unsigned count, struct mm_pressure_source_status *ret_status);

/* The same; group_paths[i] is the group of the trigger, NULL or "" for the domain. */
int mm_pressure_source_add_for(struct mm_event_center *center, struct mm_kernel *kernel,
                               struct mm_waterline_source *waterline,
                               const struct mm_pressure_trigger *triggers, const char *const *group_paths,
                               unsigned count, struct mm_pressure_source_status *ret_status);

/* TERM and INT publish MM_EVENT_STOP and stop the loop, HUP MM_EVENT_RELOAD, USR1 MM_EVENT_LOG_STATE. Blocks
   these signals in the calling thread: call before other threads start. */
int mm_signal_source_add(struct mm_event_center *center);

/*
 * The transport of the control socket: SOCK_SEQPACKET, one packet one request, credentials of the peer with
 * each. The handlers of requests are registered by service/. A client that does not read is dropped.
 */
struct mm_control_client;

struct mm_control_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
    uint64_t start_time_ticks; /* of the pid, when it connected; 0: not known */
};

struct mm_control_handlers {
    /* A whole packet, length bytes followed by a NUL. Replies with mm_control_reply. */
    void (*packet)(struct mm_control_client *client, const struct mm_control_peer *peer, const char *packet,
                   size_t length, void *user);
    void (*gone)(struct mm_control_client *client, void *user);
    void *user;
    /* Asked when it connects. Who is not may only read: such clients make room for others where too many are
       connected, and have a budget of the loop's time, beyond which their packets wait. NULL: everybody is. */
    bool (*is_privileged)(const struct mm_control_peer *peer, void *user);
    /* Called when it connects, before that: adds to the peer what the transport cannot know. May be NULL. */
    void (*identify)(struct mm_control_peer *peer, void *user);
    /* What mm_control_want_room asked for. May be NULL where nobody asks. */
    void (*room)(struct mm_control_client *client, void *user);
    /* A packet was longer than MM_CONTROL_PACKET_MAX; the client was told so, and may be gone. May be NULL. */
    void (*too_long)(void *user);
};

struct mm_control_options {
    const char *path;  /* "" or NULL: no socket */
    const char *group; /* group that may connect; NULL or "": root's */
    unsigned mode;     /* of the socket node, 0660 */
    /* 1..1024. For one more an unprivileged client that said nothing for longest is dropped: for a privileged
       one any, else one of the user that has most, if that has more. Who is dropped or refused is told so. */
    unsigned max_clients;
    int listen_fd; /* from socket activation; -1: make one at path */
};

#define MM_CONTROL_PACKET_MAX 65536

int mm_control_source_add(struct mm_event_center *center, const struct mm_control_options *options,
                          const struct mm_control_handlers *handlers);
/* One packet to the client. -EAGAIN, -EPIPE: the client is dropped, and gone() called, before it returns. */
int mm_control_reply(struct mm_control_client *client, const char *packet, size_t length);
/* Has room() called, once, when the client has read most of what it was sent, and the loop and its user have the time:
   in the next turn at the earliest. For what is more than a socket takes at once. */
void mm_control_want_room(struct mm_control_client *client);
/* Whether it has read most of what it was sent already; who is dropped has none. */
bool mm_control_has_room(const struct mm_control_client *client);
/* A word for the handlers to keep with a client: its subscriptions, say. */
void mm_control_set_data(struct mm_control_client *client, uint64_t data);
uint64_t mm_control_data(const struct mm_control_client *client);
/* Every client of every control socket; the client at hand may be dropped in visit. */
void mm_control_for_each(struct mm_event_center *center,
                         void (*visit)(struct mm_control_client *client, void *user), void *user);

/* ---- the decision log ------------------------------------------------------------------------------- */

/* The last decisions, bounded: an observer of MM_EVENT_DECISION. */
#define MM_DECISION_LOG_SIZE 512

struct mm_decision_entry {
    uint64_t sequence; /* from 1 */
    uint64_t time_ns;
    /* How often the same "left alone" was decided since, without anything done in between. */
    uint64_t repeats;
    struct mm_decision decision;
};

struct mm_decision_log;
int mm_decision_log_new(struct mm_event_center *center, struct mm_decision_log **ret_log);
void mm_decision_log_free(struct mm_decision_log *log); /* accepts NULL */
/* The newest is index 0; NULL past the end. */
const struct mm_decision_entry *mm_decision_log_at(const struct mm_decision_log *log, unsigned index);

/* Publishes a decision: the one way to explain. format fills reason. */
__attribute__((format(printf, 3, 4))) void
mm_decide(struct mm_event_center *center, const struct mm_decision *decision, const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
