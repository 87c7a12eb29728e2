/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients may ask of the daemon: the control protocol, version 1.
 *
 * One JSON object per packet, at most 64 KiB. A request:
 *   {"version":1,"id":7,"request":"event","event":"foreground","pid":4711}
 * and its answer:
 *   {"version":1,"id":7,"ok":true,"priority":0}
 *   {"version":1,"id":7,"ok":false,"error":{"code":"no-such-process","message":"no process has pid 4711"}}
 * id is the client's own, 0 to 2^53 - 1, and comes back; null where it could not be read. A field that is
 * missing, unknown, given twice, of another type or out of range is an error that names it.
 *
 *   request     fields                                        who            answer
 *   status                                                    all            the daemon, memory, features
 *   list        cursor, limit, registered, pid                all            processes, next victim first
 *   explain     cursor, limit, acted                          all            decisions, newest first
 *   kills       cursor, limit                                 all            kill records, newest first
 *   subscribe   events                                        all            then packets with "event"
 *   event       event, pid, ... (event_words.h)               who may change priority, account of the process
 *   reload                                                    who may change whether it is done
 *   log-level   level                                         who may change
 *   flows                                                     all            what is collected, and how
 *   flow        name, on                                      who may change what it does then
 *   memory                                                    all            total, available, levels
 *   critical    pid, uid, start_time, critical                who may change its priority; all others of themselves
 *   app-register    pid, uid, start_time                      who may change its state; "app-state" from then on
 *   app-deregister  pid, uid, start_time                      who may change
 *   app-reclaim     pid, uid, start_time                      who may change "app-state" tells "reclaim"
 *
 * Who may change: uid 0, the uid the daemon runs as, and the configuration's allowed uids. Reading is open to
 * whoever could connect; by user it gets a twentieth of the daemon's time, what is asked beyond that waits. When all
 * connections are taken readers make room (controlSocket/maxClients): an error "busy", then the end.
 *
 * Critical: a process without which the rest does not work may say so, and then is no less important than
 * criticalProcesses/floor, registered or not, until the connection that said it takes it back or ends. Off unless
 * criticalProcesses/maxPerUser says how many the connections of one user may hold. Of itself speaks who has the pid
 * and the start time of the process that connected: a descriptor that is handed on gives no right.
 * Said again it is set again, should the list have lost the process in between. A render process is refused.
 *
 * Applications that were registered (by a system that draws or decodes for them) are followed until the connection that
 * registered them ends: subscribers of "app-state" are told foreground, visible, background, suspended, and at last
 * ended, or left when the process goes on outside the managed group, once each; forgotten when nobody is interested any
 * more, and reclaim when somebody asks for it. Whoever holds memory for applications gives it back then, and at
 * "memory-level" events. Who subscribes is told what each of them is, too, in packets of the same form with "present"
 * true: behind the answer, by ascending pid, as fast as it reads them and at most 32 in a turn of the daemon; a change
 * that comes between is told at once, and what follows is of after it. Over the control socket only.
 *
 * Of either kind is only what is on the list: while that has no place for a newcomer, the request is refused ("failed")
 * and may be sent again. What is marked already and lives keeps its mark and its state.
 *
 * "kill" tells of each victim twice, by its record: when it was signalled and when the outcome is known. At 256
 * marks of either kind (critical, registered) there is no room for more.
 *
 * Lists come in pages: "cursor" of an answer, when it is not null, asks for the next one. Where the list
 * changed between two pages a process may come twice or, having moved towards the front, be left out.
 * Amounts are bytes, null where unknown or unlimited; names are printable (common/text.h).
 *
 * Codes of errors: not-json, too-complex, unsupported-version, unknown-request, missing-field, unknown-field,
 * bad-field, permission-denied, no-such-process, not-a-process, protected-process, wrong-owner,
 * not-in-domain, bad-cursor, too-large, failed, no-such-flow, not-switchable, too-many; from the socket itself,
 * without an id: too-long, busy.
 */
#ifndef MM_SERVICE_REQUESTS_H
#define MM_SERVICE_REQUESTS_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "event_center/match_source.h"
#include "event_center/stall_totals.h"
#include "kernel_interface/kernel_interface.h"
#include "kill_strategy/kill_strategy.h"
#include "priority_manager/priority_manager.h"
#include "reclaim_strategy/reclaim_strategy.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_PROTOCOL_VERSION 1

/* Event sources and helpers of the daemon: there are some fifteen. */
#define MM_DAEMON_SOURCES_MAX 24

/* Holds a whole reason of BPF, which names each program that is missing. */
#define MM_DAEMON_DETAIL_MAX 320

struct mm_daemon_source {
    const char *name;
    bool is_active;
    char detail[MM_DAEMON_DETAIL_MAX]; /* how, or why not */
};

/* What only the daemon's main program knows. It may change any of it between two packets. */
struct mm_daemon_facts {
    pid_t pid;
    uid_t uid;
    uint64_t started_ns;
    const char *version;
    bool is_dry_run;
    struct mm_daemon_source sources[MM_DAEMON_SOURCES_MAX];
    unsigned source_count;
    uint64_t config_loaded_ns; /* when what is in force was read */
    bool is_reloading;
    /* Attempts to reload since start, and how the last one ended: 0, or a negative errno with its reason. */
    uint64_t reload_count;
    int reload_error;
    char reload_message[256];
};

struct mm_flows;

/* Everything a handler may look at. kill, reclaim, waterline, decisions and match may be NULL: their parts are left
   out. The pointers stay valid; config is the one in force and may change between two packets. */
struct mm_service_context {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_priority_manager *manager;
    struct mm_kill_strategy *kill;
    struct mm_reclaim_strategy *reclaim;
    struct mm_waterline_source *waterline;
    struct mm_decision_log *decisions;
    struct mm_match_source *match;
    const struct mm_config *config;
    const struct mm_daemon_facts *facts;
    struct mm_flows *flows; /* may be NULL */
    /* NULL, or -EOPNOTSUPP: nobody tells of stalls. */
    int (*read_stall_totals)(struct mm_stall_totals *ret_totals, void *user);
    void *stalls_user;
};

/* Where a packet came from and where its answer goes: a connection of the control socket, or a test. */
struct mm_request_client {
    struct mm_control_peer peer;
    /* Mask of 1u << enum mm_event_kind; changed by "subscribe", kept by the caller between packets. */
    uint64_t subscriptions;
    bool has_subscribed; /* set by "subscribe" */
    void (*send)(struct mm_request_client *client, const char *packet, size_t length);
    void *user;
    /* The same for all packets of a connection, and no other's: what it holds ends with mm_requests_client_gone. NULL:
       the first packet sets it to this structure. */
    const void *identity;
};

/* Requests since start, and those of them that were refused, by their codes. */
struct mm_request_counters {
    uint64_t handled, refused;
    uint64_t permission_denied, wrong_owner, no_such_process, protected_process, too_many, too_long;
};

struct mm_requests;

/* context is kept, not copied. Sets aside all memory that requests ever need; -ENOMEM. */
int mm_requests_new(const struct mm_service_context *context, struct mm_requests **ret_requests);
void mm_requests_free(struct mm_requests *requests); /* accepts NULL */

/*
 * Handles one packet of length bytes, which a NUL follows. Sends exactly one answer, whatever the packet
 * holds. Events that the packet causes are published, and so sent to subscribers, before the answer.
 */
void mm_requests_handle(struct mm_requests *requests, struct mm_request_client *client, const char *packet,
                        size_t length);

/* A packet was refused before it came here, as it was too long: it counts as a request. */
void mm_requests_too_long(struct mm_requests *requests);

/* Nothing more comes from it: what it held ends. Events are published. */
void mm_requests_client_gone(struct mm_requests *requests, const void *identity);

/*
 * The packet that tells subscribers of an event: {"version":1,"event":"priority","time_ns":...}. Valid until
 * the next call; NULL for an event that is the daemon's own affair.
 */
const char *mm_requests_event_packet(struct mm_requests *requests, const struct mm_event *event,
                                     size_t *ret_length);

/* Kinds that subscribers may ask for, as a mask of 1u << kind. */
uint32_t mm_requests_event_kinds(void);

/* ---- over the control socket (control_requests.c) ----------------------------------------------------- */

/* The transport's handlers for these requests; requests must outlive the source. */
void mm_requests_control_handlers(struct mm_requests *requests, struct mm_control_handlers *ret_handlers);

/* Begins to send events to the subscribers among the control socket's clients. */
int mm_requests_watch_events(struct mm_requests *requests);

#ifdef __cplusplus
}
#endif

#endif
