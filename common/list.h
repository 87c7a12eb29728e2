/* SPDX-License-Identifier: Apache-2.0 */
/* An intrusive circular doubly linked list. The head is a link of its own; nothing is allocated. */
#ifndef MM_COMMON_LIST_H
#define MM_COMMON_LIST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_list {
    struct mm_list *next;
    struct mm_list *previous;
};

static inline void mm_list_init(struct mm_list *head)
{
    head->next = head;
    head->previous = head;
}

static inline bool mm_list_is_empty(const struct mm_list *head)
{
    return head->next == head;
}

/* A link that mm_list_init or mm_list_remove left alone belongs to no list. */
static inline bool mm_list_is_linked(const struct mm_list *link)
{
    return link->next != link;
}

static inline void mm_list_insert_after(struct mm_list *position, struct mm_list *link)
{
    link->next = position->next;
    link->previous = position;
    position->next->previous = link;
    position->next = link;
}

static inline void mm_list_push_front(struct mm_list *head, struct mm_list *link)
{
    mm_list_insert_after(head, link);
}

static inline void mm_list_push_back(struct mm_list *head, struct mm_list *link)
{
    mm_list_insert_after(head->previous, link);
}

/* Unlinks; a link in no list may be removed again. */
static inline void mm_list_remove(struct mm_list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    mm_list_init(link);
}

/* NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared cannot stand in brackets. */
/* Walks the list; the present link may be removed while walking. */
#define MM_LIST_FOR_EACH(link, head)                                                                         \
    for (struct mm_list *link = (head)->next, *link##_next = link->next; link != (head);                     \
         link = link##_next, link##_next = link->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#ifdef __cplusplus
}
#endif

#endif
