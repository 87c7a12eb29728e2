/* SPDX-License-Identifier: Apache-2.0 */
/* What programs ask the daemon: memory, one process, the list. */
#include "session.h"

#include "monotonic.h"

#include <errno.h>
#include <string.h>

#define MEMORY_SIZE  (offsetof(struct memmgr_memory, kill_min_priority) + sizeof(int32_t))
#define PROCESS_SIZE (offsetof(struct memmgr_process, why) + sizeof(((struct memmgr_process *)0)->why))

/* As the daemon's own; a longer one would be none of its. */
#define CURSOR_MAX 128
/* More pages than a list of all pids there can be has: a daemon that never ends is not followed for ever. */
#define PAGES_MAX 100000

void mm_read_memory(struct mm_json_span answer, struct memmgr_memory *memory)
{
    struct mm_json_span member;
    int32_t level = -1;

    mm_get_u64(answer, "total_bytes", &memory->total_bytes);
    mm_get_u64(answer, "available_bytes", &memory->available_bytes);
    if (mm_json_span_member(answer, "level", &member))
        level = mm_session_level(member);
    memory->level = level < 0 ? MEMMGR_LEVEL_NONE : level;
    if (!mm_json_span_member(answer, "kill", &member))
        return;
    mm_get_i32(member, "levels", &memory->kill_levels);
    mm_get_i32(member, "level", &memory->kill_level);
    mm_get_i32(member, "min_priority", &memory->kill_min_priority);
}

int memmgr_session_memory(struct memmgr_session *session, struct memmgr_memory *memory)
{
    struct memmgr_memory ours = MEMMGR_MEMORY_INIT;
    struct mm_json_span answer;
    int result;

    if (session->is_visiting)
        return -EBUSY;
    if (memory->size < MEMORY_SIZE)
        return -EINVAL;
    mm_body_begin(&session->body, "memory");
    result = mm_session_ask(session, &answer);
    if (result < 0)
        return result;
    mm_read_memory(answer, &ours);
    return mm_copy_out(memory, &ours, sizeof(ours), MEMORY_SIZE);
}

/* ---- processes ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t flag;
} flags[] = {
    {"foreground", MEMMGR_PROCESS_FOREGROUND},
    {"visible", MEMMGR_PROCESS_VISIBLE},
    {"transient-task", MEMMGR_PROCESS_TRANSIENT_TASK},
    {"continuous-task", MEMMGR_PROCESS_CONTINUOUS_TASK},
    {"event", MEMMGR_PROCESS_EVENT},
    {"device-connected", MEMMGR_PROCESS_DEVICE_CONNECTED},
    {"extension", MEMMGR_PROCESS_EXTENSION},
    {"render", MEMMGR_PROCESS_RENDER},
    {"suspended", MEMMGR_PROCESS_SUSPENDED},
    {"critical", MEMMGR_PROCESS_CRITICAL},
};

static uint32_t read_flags(struct mm_json_span object)
{
    struct mm_json_span array, element = {0};
    int32_t is_registered = 0;
    uint32_t mask;
    char name[32];

    mm_get_bool(object, "registered", &is_registered);
    mask = is_registered ? MEMMGR_PROCESS_REGISTERED : 0;
    if (!mm_json_span_member(object, "flags", &array))
        return mask;
    while (mm_json_span_next(array, &element)) {
        if (!mm_json_span_text(element, name, sizeof(name)))
            continue;
        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
            mask |= strcmp(flags[i].name, name) == 0 ? flags[i].flag : 0;
    }
    return mask;
}

void mm_read_process(struct mm_json_span object, struct memmgr_process *ret_process)
{
    int64_t uid = 0;

    *ret_process = (struct memmgr_process)MEMMGR_PROCESS_INIT;
    ret_process->account = -1;
    mm_get_i32(object, "pid", &ret_process->pid);
    mm_get_i64(object, "uid", &uid);
    ret_process->uid = (uint32_t)uid;
    mm_get_i32(object, "priority", &ret_process->priority);
    mm_get_i32(object, "bundle_priority", &ret_process->bundle_priority);
    mm_get_i32(object, "oom_score_adj", &ret_process->oom_score_adj);
    mm_get_i64(object, "account", &ret_process->account);
    mm_get_u64(object, "start_time", &ret_process->start_time);
    mm_get_u64(object, "resident_bytes", &ret_process->resident_bytes);
    mm_get_text(object, "name", ret_process->name, sizeof(ret_process->name));
    mm_get_text(object, "comm", ret_process->comm, sizeof(ret_process->comm));
    mm_get_text(object, "rule", ret_process->rule, sizeof(ret_process->rule));
    mm_get_text(object, "why", ret_process->why, sizeof(ret_process->why));
    ret_process->flags = read_flags(object);
}

static int ask_process(struct memmgr_session *session, int32_t pid, struct memmgr_process *ret_process)
{
    struct mm_json_span answer, array, element = {0};
    int result;

    if (session->is_visiting)
        return -EBUSY;
    if (pid <= 0)
        return -EINVAL;
    mm_body_begin(&session->body, "list");
    mm_body_integer(&session->body, "pid", pid);
    result = mm_session_ask(session, &answer);
    if (result < 0)
        return result;
    if (!mm_json_span_member(answer, "processes", &array) || !mm_json_span_next(array, &element))
        return -EBADMSG;
    mm_read_process(element, ret_process);
    return ret_process->pid == pid ? 0 : -EBADMSG;
}

int memmgr_session_process(struct memmgr_session *session, int32_t pid, struct memmgr_process *process)
{
    struct memmgr_process ours;
    int result = process->size < PROCESS_SIZE ? -EINVAL : ask_process(session, pid, &ours);

    return result < 0 ? result : mm_copy_out(process, &ours, sizeof(ours), PROCESS_SIZE);
}

int memmgr_session_priority(struct memmgr_session *session, int32_t pid, int32_t *ret_priority)
{
    struct memmgr_process process;
    int result = ask_process(session, pid, &process);

    if (result == 0)
        *ret_priority = process.priority;
    return result;
}

/* One page, and where the next one begins: "" when it was the last. */
static int visit_page(struct memmgr_session *session, char *cursor, bool only_registered,
                      int (*visit)(const struct memmgr_process *process, void *user), void *user)
{
    struct mm_json_span answer, array, element = {0};
    struct memmgr_process process;
    int64_t begun_ms;
    int result;

    mm_body_begin(&session->body, "list");
    if (only_registered)
        mm_body_bool(&session->body, "registered", true);
    if (cursor[0])
        mm_body_text(&session->body, "cursor", cursor);
    result = mm_session_ask(session, &answer);
    if (result < 0)
        return result;
    if (!mm_json_span_member(answer, "processes", &array))
        return -EBADMSG;
    mm_get_text(answer, "cursor", cursor, CURSOR_MAX);
    /* the answer lies in the session's buffer, which another call would use */
    session->is_visiting = true;
    begun_ms = mm_monotonic_now_ms();
    while (result == 0 && mm_json_span_next(array, &element)) {
        mm_read_process(element, &process);
        result = visit(&process, user);
    }
    session->is_visiting = false;
    session->deadline_ms += mm_monotonic_now_ms() - begun_ms; /* the program's own time is not the daemon's */
    return result;
}

int memmgr_session_list(struct memmgr_session *session, int only_registered,
                        int (*visit)(const struct memmgr_process *process, void *user), void *user)
{
    char cursor[CURSOR_MAX] = "";
    unsigned pages = 0;
    int result;

    if (session->is_visiting)
        return -EBUSY;
    mm_session_begin_call(session);
    do {
        result = visit_page(session, cursor, only_registered != 0, visit, user);
    } while (result == 0 && cursor[0] && ++pages < PAGES_MAX);
    mm_session_end_call(session);
    return result;
}
