/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of memmgrctl: what its commands share. Each command is a struct mm_ctl_command in a file of its
 * own, listed in memmgrctl_commands.c.
 */
#ifndef MM_SERVICE_MEMMGRCTL_H
#define MM_SERVICE_MEMMGRCTL_H

#include "service/shared/command_line.h"
#include "service/shared/table_output.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the order of help; the last is NULL (memmgrctl_commands.c). */
extern const struct mm_ctl_command *const mm_ctl_commands[];

/* ---- the daemon (memmgrctl_session.c) ----------------------------------------------------------------- */

struct memmgr_client;

struct mm_session {
    struct memmgr_client *client;
    int64_t last_id;
    char *buffer;
};

/* 0, or an exit code after saying why. */
int mm_session_open(const struct mm_ctl *ctl, struct mm_session *ret_session);
void mm_session_close(struct mm_session *session);

/* An empty request of that name, to which fields are added. Ends the program when there is no memory. */
cJSON *mm_session_request(const char *name);

/*
 * Sends the request (and frees it), waits for its answer. 0 and an answer that is "ok":true, the caller's to
 * delete; else an exit code after saying why.
 */
int mm_session_ask(struct mm_session *session, const struct mm_ctl *ctl, cJSON *request, cJSON **ret_answer);
/* The same in a session of its own. */
int mm_session_ask_once(const struct mm_ctl *ctl, cJSON *request, cJSON **ret_answer);

/* The next packet, whatever it is; timeout_ms as in the client library. 0, negative errno; -EBADMSG: no JSON.
 */
int mm_session_receive(struct mm_session *session, int timeout_ms, cJSON **ret_packet);

/*
 * Asks for page after page and joins the arrays called key: the answer of the first page with all elements,
 * at most limit of them (negative: all). Elements whose member `unique` was seen before are left out.
 */
int mm_session_ask_pages(struct mm_session *session, const struct mm_ctl *ctl, const cJSON *request,
                         const char *key, const char *unique, int64_t limit, cJSON **ret_answer);

/* CLOCK_MONOTONIC in ms, for deadlines. */
int64_t mm_ctl_now_ms(void);

/* Members of an answer; what is missing or of another type is 0, "" or false. */
double mm_json_get_number(const cJSON *object, const char *name);
const char *mm_json_get_text(const cJSON *object, const char *name);
bool mm_json_get_bool(const cJSON *object, const char *name);
const cJSON *mm_json_get(const cJSON *object, const char *name);

#ifdef __cplusplus
}
#endif

#endif
