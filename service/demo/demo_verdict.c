/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of the demonstration. */
#include "service/demo/demo.h"

#include "common/common.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* The priorities of reference openharmony-memmgr 1.2. */
const struct mm_demo_state_info mm_demo_states[MM_DEMO_STATE_COUNT] = {
    [MM_DEMO_BACKGROUND] = {"background", NULL, 400},
    [MM_DEMO_PLAYING] = {"playing", "continuous-start", 200},
    [MM_DEMO_TASK] = {"task", "transient-start", 100},
    [MM_DEMO_FOREGROUND] = {"foreground", "foreground", 0},
};

static int priority_of(const struct mm_demo_app *app)
{
    return mm_demo_states[app->state].priority;
}

/* A pair is in order unless the more important one died while the other lived, or before it. */
static bool is_pair_in_order(const struct mm_demo_app *a, const struct mm_demo_app *b)
{
    if (priority_of(a) >= priority_of(b) || !a->is_dead)
        return true;
    return b->is_dead && b->place < a->place;
}

static bool was_killed(const struct mm_demo_app *app)
{
    return WIFSIGNALED(app->wait_status) && WTERMSIG(app->wait_status) == SIGKILL;
}

bool mm_demo_verdict(const struct mm_demo_cast *cast, char *ret_text, size_t size)
{
    if (cast->deaths == 0) {
        (void)mm_format(ret_text, size, "nobody died: the domain was never short of memory");
        return false;
    }
    for (unsigned i = 0; i < cast->count; i++) {
        const struct mm_demo_app *app = &cast->apps[i];

        if (app->is_dead && !was_killed(app)) {
            (void)mm_format(ret_text, size, "%s ended by itself", app->name);
            return false;
        }
        if (app->is_dead && app->state == MM_DEMO_FOREGROUND) {
            (void)mm_format(ret_text, size, "%s was in the foreground and died", app->name);
            return false;
        }
        for (unsigned j = 0; j < cast->count; j++) {
            if (is_pair_in_order(app, &cast->apps[j]))
                continue;
            (void)mm_format(ret_text, size, "%s (%s) died before %s (%s)", app->name,
                            mm_demo_states[app->state].word, cast->apps[j].name,
                            mm_demo_states[cast->apps[j].state].word);
            return false;
        }
    }
    (void)mm_format(ret_text, size, "%u died in the order of the list, the least important first",
                    cast->deaths);
    return true;
}

static int set_state(struct mm_demo_cast *cast, const char *name, const char *word)
{
    for (unsigned i = 0; i < cast->count; i++) {
        if (strcmp(cast->apps[i].name, name) != 0)
            continue;
        for (unsigned state = 0; state < MM_DEMO_STATE_COUNT; state++) {
            if (strcmp(mm_demo_states[state].word, word) == 0) {
                cast->apps[i].state = (enum mm_demo_state)state;
                return 0;
            }
        }
    }
    return -EINVAL;
}

int mm_demo_set_states(struct mm_demo_cast *cast, const char *text, char *ret_text, size_t size)
{
    while (*text) {
        size_t length = strcspn(text, ",");
        char part[64];
        char *equals;

        (void)mm_format(part, sizeof(part), "%.*s", (int)MM_MIN(length, sizeof(part) - 1), text);
        (void)mm_format(ret_text, size, "%s", part);
        equals = strchr(part, '=');
        if (!equals)
            return -EINVAL;
        *equals = '\0';
        if (set_state(cast, part, equals + 1) < 0)
            return -EINVAL;
        text += length;
        text += strspn(text, ",");
    }
    return 0;
}
