/* SPDX-License-Identifier: Apache-2.0 */
#include "remembered.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Whom to remove. */
struct match {
    bool (*is_it)(const struct mm_remembered *item, const struct match *match);
    enum mm_topic topic;
    int64_t subject;
    int32_t caller;
    const struct mm_remembered *item;
};

static void remove_all(struct mm_remembered_list *list, const struct match *match)
{
    struct mm_remembered **link = &list->first;
    struct mm_remembered *item, *before = NULL;

    while ((item = *link)) {
        if (!match->is_it(item, match)) {
            before = item;
            link = &item->next;
            continue;
        }
        *link = item->next;
        if (list->last == item)
            list->last = before;
        if (list->watched == item)
            list->watched = NULL;
        list->count--;
        free(item);
    }
}

static bool is_of_process(const struct mm_remembered *item, const struct match *match)
{
    return item->topic != MM_TOPIC_ACCOUNT &&
           (item->subject == match->subject || (item->caller != 0 && item->caller == match->caller));
}

/* What a connection holds was said of the process, whether it was reported before or after. */
static bool is_of_life(const struct mm_remembered *item, const struct match *match)
{
    bool is_held = item->topic == MM_TOPIC_CRITICAL || item->topic == MM_TOPIC_APP;

    return !is_held && is_of_process(item, match);
}

static bool is_of_topic(const struct mm_remembered *item, const struct match *match)
{
    return item->topic == match->topic && item->subject == match->subject && item->caller == match->caller;
}

static bool is_account(const struct mm_remembered *item, const struct match *match)
{
    (void)match;
    return item->topic == MM_TOPIC_ACCOUNT;
}

static bool is_that(const struct mm_remembered *item, const struct match *match)
{
    return item == match->item;
}

/* EPERM says that there is one. */
static bool has_ended(const struct mm_remembered *item, const struct match *match)
{
    (void)match;
    return item->topic != MM_TOPIC_ACCOUNT && kill((pid_t)item->subject, 0) < 0 && errno == ESRCH;
}

static void forget_topic(struct mm_remembered_list *list, enum mm_topic topic, int64_t subject,
                         int32_t caller)
{
    const struct match match = {.is_it = is_of_topic, .topic = topic, .subject = subject, .caller = caller};

    remove_all(list, &match);
}

void mm_forget_process(struct mm_remembered_list *list, int32_t pid)
{
    const struct match match = {.is_it = is_of_process, .subject = pid, .caller = pid};

    remove_all(list, &match);
}

void mm_forget(struct mm_remembered_list *list, const struct mm_remembered *item)
{
    const struct match match = {.is_it = is_that, .item = item};

    remove_all(list, &match);
}

void mm_forget_all(struct mm_remembered_list *list)
{
    struct mm_remembered *item;

    while ((item = list->first)) {
        list->first = item->next;
        free(item);
    }
    list->last = NULL;
    list->watched = NULL;
    list->count = 0;
}

static int append(struct mm_remembered_list *list, enum mm_topic topic, int64_t subject, int32_t caller,
                  const char *body)
{
    const struct match ended = {.is_it = has_ended};
    size_t size = strlen(body) + 1;
    struct mm_remembered *item;

    if (list->count >= list->max)
        remove_all(list, &ended);
    if (list->count >= list->max)
        return -ENOSPC;
    item = malloc(sizeof(*item) + size);
    if (!item)
        return -ENOMEM;
    item->next = NULL;
    item->is_said = false;
    item->topic = topic;
    item->subject = subject;
    item->caller = caller;
    memcpy(item->body, body, size);
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->count++;
    return 0;
}

/* The same life, told once more. */
static bool is_known(const struct mm_remembered_list *list, enum mm_topic topic, int64_t subject,
                     const char *body)
{
    for (const struct mm_remembered *item = list->first; item; item = item->next) {
        if (item->topic == topic && item->subject == subject)
            return strcmp(item->body, body) == 0;
    }
    return false;
}

int mm_remember(struct mm_remembered_list *list, enum mm_effect effect, enum mm_topic topic, int64_t subject,
                int32_t caller, const char *body)
{
    const struct match accounts = {.is_it = is_account};
    const struct match life = {.is_it = is_of_life, .subject = subject, .caller = (int32_t)subject};
    /* of a life the caller is the owner, and there is one life */
    int32_t key = topic == MM_TOPIC_BIND ? caller : 0;

    switch (effect) {
    case MM_EFFECT_NONE:
        return 0;
    case MM_EFFECT_END:
        mm_forget_process(list, (int32_t)subject);
        return 0;
    case MM_EFFECT_FORGET:
        forget_topic(list, topic, subject, key);
        return 0;
    case MM_EFFECT_DROP:
        forget_topic(list, topic, subject, key);
        forget_topic(list, MM_TOPIC_SUSPENDED, subject, 0);
        return 0;
    case MM_EFFECT_BEGIN:
        if (is_known(list, topic, subject, body))
            return 0;
        remove_all(list, &life);
        break;
    case MM_EFFECT_KEEP:
        forget_topic(list, topic, subject, key);
        break;
    case MM_EFFECT_UNBIND:
        forget_topic(list, MM_TOPIC_BIND, subject, key);
        forget_topic(list, MM_TOPIC_UNBIND, subject, 0);
        return append(list, MM_TOPIC_UNBIND, subject, 0, body);
    case MM_EFFECT_SWITCH:
        remove_all(list, &accounts);
        break;
    }
    return append(list, topic, subject, key, body);
}
