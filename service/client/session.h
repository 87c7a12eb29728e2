/* SPDX-License-Identifier: Apache-2.0 */
/* A session from within: what its files share. Not installed. */
#ifndef MEMMGR_SESSION_INTERNAL_H
#define MEMMGR_SESSION_INTERNAL_H

#include "json_reader.h"
#include "memmgr_client.h"
#include "memmgr_session.h"
#include "remembered.h"
#include "request_body.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the header says: one of each application that can be registered, and 64 others. */
#define MM_SESSION_EVENTS_MAX 320

enum mm_session_state {
    MM_SESSION_AWAY,     /* no connection; the timer says when to try again */
    MM_SESSION_GREETING, /* connected, and what is remembered is being said; the timer bounds that */
    MM_SESSION_READY,
};

/* What is said to a new daemon, in this order. Subscriptions first: nothing that follows is to be missed. */
enum mm_greeting_step {
    MM_GREETING_SUBSCRIBE,
    MM_GREETING_LEVEL,     /* which it is now, for subscribers to levels */
    MM_GREETING_PROCESSES, /* what is remembered, item by item */
    MM_GREETING_ACCOUNTS,
    MM_GREETING_DONE,
};

struct memmgr_session {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    int timeout_ms;
    int epoll_fd; /* given out: holds the three others */
    int timer_fd, wake_fd;
    struct memmgr_client *client; /* NULL when away */
    enum mm_session_state state;
    uint64_t connections;                 /* so far: tells a request that its answer will not come any more */
    int64_t tried_ms, retry_ms, ready_ms; /* moments of CLOCK_MONOTONIC */
    int backoff_ms;
    int away_error;

    uint64_t last_id;
    int64_t deadline_ms;  /* of the call at hand, all its packets together; 0: none is */
    uint64_t awaited_id;  /* of the request that it waits for; 0: none */
    size_t answer_length; /* of its answer in packet; 0: not there yet */
    uint64_t greeting_id;
    enum mm_greeting_step greeting_step;
    bool is_visiting;

    uint32_t subscriptions;
    int32_t told_level; /* the last one that the program was told */
    struct mm_remembered_list remembered;

    unsigned event_first, event_count;
    uint64_t events_lost;
    bool owes_states; /* of applications, dropped: asked for anew as soon as nothing waits */
    struct memmgr_event events[MM_SESSION_EVENTS_MAX];
    char message[512];
    struct mm_body body; /* of the call at hand */
    char packet[MEMMGR_CLIENT_PACKET_MAX + 1];
};

/* ---- session.c: the connection -------------------------------------------------------------------------- */

/* A call that asks several times has one deadline: begun and ended by who sets it. One that does not has its own for
   each mm_session_ask. */
void mm_session_begin_call(struct memmgr_session *session);
void mm_session_end_call(struct memmgr_session *session);
/* Asks what body says and waits for the answer: 0 and the answer's object, within packet until the next call; or
   what the public header lists. */
int mm_session_ask(struct memmgr_session *session, struct mm_json_span *ret_answer);
/* Sends a request with this body under a new id. 0; -ETIMEDOUT: the socket is full; -EPIPE and others: the
   connection is of no use any more. */
int mm_session_send(struct memmgr_session *session, const char *body, uint64_t *ret_id);
/* The connection is given up, and tried again later. */
void mm_session_lose(struct memmgr_session *session, int error);
/* All was said. */
void mm_session_greeted(struct memmgr_session *session);
/* A packet of length bytes that lies in packet, a NUL behind it. */
void mm_session_take_packet(struct memmgr_session *session, size_t length);
/* Has the descriptor that is given out say whether events wait; at the end of each public function. */
void mm_session_update_wake(struct memmgr_session *session);

/* ---- session_greeting.c ----------------------------------------------------------------------------------- */

/* Begins to say all that is remembered. */
void mm_session_greet(struct memmgr_session *session);
/* The answer to what was said last: says the next. */
void mm_session_greet_on(struct memmgr_session *session, struct mm_json_span answer);
/* The names of the kinds of events to subscribe to. */
void mm_session_subscribe_body(struct mm_body *body, uint32_t subscriptions);

/* ---- session_events.c ------------------------------------------------------------------------------------- */

/* An event of the daemon, which becomes one or two of the program's, or none. */
void mm_session_take_event(struct memmgr_session *session, struct mm_json_span packet);
/* One more waits: an application's state in the place of an older one of it. */
void mm_session_push(struct memmgr_session *session, const struct memmgr_event *event);
/* The first is taken. */
void mm_session_pull(struct memmgr_session *session);
/* What the answer to "memory" says of the level, where it is another one than the program knows. */
void mm_session_tell_level(struct memmgr_session *session, struct mm_json_span answer);
/* MEMMGR_LEVEL_...; -1 for another word. */
int32_t mm_session_level(struct mm_json_span name);

/* ---- session_answer.c --------------------------------------------------------------------------------------- */

/* 0, or the errno of the code that the answer gives for its refusal, and the message kept. -EBADMSG. */
int mm_session_judge(struct memmgr_session *session, struct mm_json_span answer);
/* Members of an object; left alone, or "", where it has none such. */
void mm_get_i32(struct mm_json_span object, const char *name, int32_t *number);
void mm_get_i64(struct mm_json_span object, const char *name, int64_t *number);
void mm_get_u64(struct mm_json_span object, const char *name, uint64_t *number);
void mm_get_bool(struct mm_json_span object, const char *name, int32_t *is_so);
void mm_get_text(struct mm_json_span object, const char *name, char *buffer, size_t size);

/* What answers to "list" and "memory" hold. */
void mm_read_process(struct mm_json_span object, struct memmgr_process *ret_process);
void mm_read_memory(struct mm_json_span answer, struct memmgr_memory *memory);

/* Copies a structure of the library's to one of the program's, which may be shorter and keeps its size member, the
   first. -EINVAL: shorter than in the first version. */
int mm_copy_out(void *theirs, const void *ours, size_t our_size, size_t least_size);
/* The other way round. What theirs is too short for stays as ours has it. */
int mm_copy_in(void *ours, size_t our_size, const void *theirs, size_t least_size);

#ifdef __cplusplus
}
#endif

#endif
