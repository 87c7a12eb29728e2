/* SPDX-License-Identifier: Apache-2.0 */
/* The grace of new processes and the boost of starting abilities: the same time for each, so a queue. */
#include "priority_manager/manager.h"

/* Each process has a deadline of its own; nobody minds a second in ten to fifteen, and a thousand applications that
   started one after the other end their grace in a wake-up or two instead of a thousand. */
#define SLACK_NS MM_NS_PER_S

static void arm(struct mm_deadline_queue *queue)
{
    struct mm_event_center *center = queue->manager->center;
    const struct mm_process_node *first;

    if (mm_list_is_empty(&queue->waiting)) {
        mm_event_center_disarm(center, &queue->timer);
        return;
    }
    first = MM_CONTAINER_OF(queue->waiting.next, struct mm_process_node, deadline_link);
    if (!mm_timer_is_armed(&queue->timer) || queue->timer.deadline_ns != first->deadline_ns)
        mm_event_center_arm(center, &queue->timer, first->deadline_ns);
}

static void on_expired(struct mm_timer *timer, void *user)
{
    struct mm_deadline_queue *queue = user;
    struct mm_priority_manager *manager = queue->manager;
    uint64_t now_ns = mm_event_center_now_ns(manager->center);

    (void)timer;
    while (!mm_list_is_empty(&queue->waiting)) {
        struct mm_process_node *node =
            MM_CONTAINER_OF(queue->waiting.next, struct mm_process_node, deadline_link);

        if (node->deadline_ns > now_ns)
            break;
        mm_list_remove(&node->deadline_link);
        node->process.flags &= ~(queue->flag | MM_PROCESS_IS_INHERITING);
        mm_manager_seed(manager, node);
    }
    arm(queue);
    mm_manager_settle(manager);
    mm_manager_announce(manager);
}

void mm_deadline_queue_init(struct mm_deadline_queue *queue, struct mm_priority_manager *manager,
                            uint32_t flag)
{
    mm_list_init(&queue->waiting);
    mm_timer_init(&queue->timer, on_expired, queue);
    queue->timer.slack_ns = SLACK_NS;
    queue->manager = manager;
    queue->flag = flag;
}

void mm_deadline_start(struct mm_deadline_queue *queue, struct mm_process_node *node)
{
    struct mm_list *place;

    mm_deadline_stop(queue->manager, node);
    node->process.flags |= queue->flag;
    node->deadline_ns = mm_event_center_now_ns(queue->manager->center) + queue->duration_ns;
    /* The last place, unless a reload has made the time shorter. */
    place = queue->waiting.previous;
    while (place != &queue->waiting &&
           MM_CONTAINER_OF(place, struct mm_process_node, deadline_link)->deadline_ns > node->deadline_ns)
        place = place->previous;
    mm_list_insert_after(place, &node->deadline_link);
    arm(queue);
}

void mm_deadline_stop(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    const uint32_t both = MM_PROCESS_IN_GRACE | MM_PROCESS_IS_ABILITY_STARTING;
    bool is_in_grace = (node->process.flags & MM_PROCESS_IN_GRACE) != 0;

    if (!(node->process.flags & both))
        return;
    mm_list_remove(&node->deadline_link);
    node->process.flags &= ~both;
    arm(is_in_grace ? &manager->grace : &manager->ability_start);
}
