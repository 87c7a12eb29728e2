/* SPDX-License-Identifier: Apache-2.0 */
#include "service/requests/client_marks.h"

#include <errno.h>
#include <stddef.h>

struct mm_client_mark *mm_client_marks_find(struct mm_client_marks *marks, const void *client, pid_t pid)
{
    for (unsigned i = 0; i < marks->count; i++) {
        if (marks->items[i].client == client && marks->items[i].pid == pid)
            return &marks->items[i];
    }
    return NULL;
}

struct mm_client_mark *mm_client_marks_of_client(struct mm_client_marks *marks, const void *client)
{
    for (unsigned i = 0; i < marks->count; i++) {
        if (marks->items[i].client == client)
            return &marks->items[i];
    }
    return NULL;
}

bool mm_client_marks_has(const struct mm_client_marks *marks, pid_t pid)
{
    for (unsigned i = 0; i < marks->count; i++) {
        if (marks->items[i].pid == pid)
            return true;
    }
    return false;
}

unsigned mm_client_marks_of_user(const struct mm_client_marks *marks, uid_t client_uid)
{
    unsigned count = 0;

    for (unsigned i = 0; i < marks->count; i++)
        count += marks->items[i].client_uid == client_uid;
    return count;
}

int mm_client_marks_add(struct mm_client_marks *marks, const struct mm_client_mark *mark)
{
    if (marks->count == MM_CLIENT_MARKS_MAX)
        return -ENOSPC;
    marks->items[marks->count++] = *mark;
    return 0;
}

void mm_client_marks_remove(struct mm_client_marks *marks, struct mm_client_mark *mark)
{
    if (mark < marks->items || mark >= marks->items + marks->count)
        return;
    *mark = marks->items[--marks->count];
}
