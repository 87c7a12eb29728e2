/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of memmgrctl: what its commands share. Each command is a struct mm_ctl_command in a file of its
 * own, listed in memmgrctl_commands.c.
 */
#ifndef MM_SERVICE_MEMMGRCTL_H
#define MM_SERVICE_MEMMGRCTL_H

#include "service/shared/command_line.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mm_ctl_exit {
    MM_CTL_OK = 0,
    MM_CTL_REFUSED = 1,   /* the daemon said no, or the output could not be written */
    MM_CTL_USAGE = 2,     /* wrong command, option or argument */
    MM_CTL_NO_DAEMON = 3, /* nobody listens, or we may not connect */
    MM_CTL_PROTOCOL = 4,  /* an answer that makes no sense, or none in time */
};

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

/* Members of an answer; what is missing or of another type is 0, "" or false. */
double mm_json_get_number(const cJSON *object, const char *name);
const char *mm_json_get_text(const cJSON *object, const char *name);
bool mm_json_get_bool(const cJSON *object, const char *name);
const cJSON *mm_json_get(const cJSON *object, const char *name);

/* ---- output (memmgrctl_output.c) ---------------------------------------------------------------------- */

struct mm_column {
    const char *title;
    bool is_right; /* numbers */
};

/* Collects cells row by row, then prints them aligned. Ends the program when there is no memory. */
struct mm_table;
struct mm_table *mm_table_new(const struct mm_column *columns, unsigned count);
void mm_table_free(struct mm_table *table); /* accepts NULL */
/* The next cell; its text is made harmless for terminals. */
__attribute__((format(printf, 3, 4))) void mm_table_cell(struct mm_table *table, enum mm_style style,
                                                         const char *format, ...);
/* A size for people from a JSON number; "-" where it is null or missing. */
void mm_table_size_cell(struct mm_table *table, const cJSON *bytes);
void mm_table_print(const struct mm_table *table, const struct mm_ctl *ctl);

/* "3 d 4 h", "12.5 s", "80 ms". */
#define MM_DURATION_TEXT_MAX 32
const char *mm_duration_text(double milliseconds, char *buffer, size_t size);

/* The whole answer as indented JSON. */
void mm_print_json(const cJSON *json);

#ifdef __cplusplus
}
#endif

#endif
