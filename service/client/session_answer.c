/* SPDX-License-Identifier: Apache-2.0 */
/* What answers say, and structures of programs that were built with an older or newer header. */
#include "session.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *code;
    int error;
} codes[] = {
    {"permission-denied", -EACCES},  {"no-such-process", -ESRCH},   {"not-a-process", -ESRCH},
    {"wrong-owner", -EPERM},         {"protected-process", -EPERM}, {"not-in-domain", -EPERM},
    {"missing-field", -EINVAL},      {"bad-field", -EINVAL},        {"bad-cursor", -EINVAL},
    {"unknown-field", -ENOSYS},      {"unknown-request", -ENOSYS},  {"unsupported-version", -ENOSYS},
    {"not-switchable", -EOPNOTSUPP}, {"too-many", -ENOSPC},         {"busy", -ENOTCONN},
};

int mm_session_judge(struct memmgr_session *session, struct mm_json_span answer)
{
    struct mm_json_span member, error = {0};
    char code[32];
    bool is_ok;

    if (!mm_json_span_member(answer, "ok", &member) || !mm_json_span_bool(member, &is_ok))
        return -EBADMSG;
    if (is_ok)
        return 0;
    if (!mm_json_span_member(answer, "error", &error))
        return -EBADMSG;
    mm_get_text(error, "code", code, sizeof(code));
    mm_get_text(error, "message", session->message, sizeof(session->message));
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].error;
    }
    return -EIO;
}

static void get_number(struct mm_json_span object, const char *name, int64_t min, int64_t max,
                       int64_t *number)
{
    struct mm_json_span member;

    if (mm_json_span_member(object, name, &member))
        (void)mm_json_span_integer(member, min, max, number);
}

void mm_get_i32(struct mm_json_span object, const char *name, int32_t *number)
{
    int64_t value = *number;

    get_number(object, name, INT32_MIN, INT32_MAX, &value);
    *number = (int32_t)value;
}

void mm_get_i64(struct mm_json_span object, const char *name, int64_t *number)
{
    get_number(object, name, INT64_MIN, INT64_MAX, number);
}

void mm_get_u64(struct mm_json_span object, const char *name, uint64_t *number)
{
    int64_t value = (int64_t)*number;

    get_number(object, name, 0, INT64_MAX, &value);
    *number = (uint64_t)value;
}

void mm_get_bool(struct mm_json_span object, const char *name, int32_t *is_so)
{
    struct mm_json_span member;
    bool value = *is_so != 0;

    if (mm_json_span_member(object, name, &member))
        (void)mm_json_span_bool(member, &value);
    *is_so = value;
}

void mm_get_text(struct mm_json_span object, const char *name, char *buffer, size_t size)
{
    struct mm_json_span member = {0};

    (void)mm_json_span_member(object, name, &member);
    (void)mm_json_span_text(member, buffer, size);
}

int mm_copy_out(void *theirs, const void *ours, size_t our_size, size_t least_size)
{
    size_t size;

    memcpy(&size, theirs, sizeof(size));
    if (size < least_size)
        return -EINVAL;
    memcpy((char *)theirs + sizeof(size), (const char *)ours + sizeof(size),
           (size < our_size ? size : our_size) - sizeof(size));
    return 0;
}

int mm_copy_in(void *ours, size_t our_size, const void *theirs, size_t least_size)
{
    size_t size;

    memcpy(&size, theirs, sizeof(size));
    if (size < least_size)
        return -EINVAL;
    memcpy(ours, theirs, size < our_size ? size : our_size);
    return 0;
}
