/* SPDX-License-Identifier: Apache-2.0 */
/* The grace of new processes and the boost of starting abilities: the same time for each, so a queue. */
#include "priority_manager/manager.h"

/* Each process has a deadline of its own; nobody minds a second in ten to fifteen, and a thousand applications that
   started one after the other end their grace in a wake-up or two instead of a thousand. */
#define SLACK_NS MM_NS_PER_S

static struct mm_deadline *deadline_at(struct mm_list *link)
{
    return MM_CONTAINER_OF(link, struct mm_deadline, link);
}

static void arm(struct mm_deadline_queue *queue)
{
    struct mm_event_center *center = queue->manager->center;
    const struct mm_deadline *first;

    if (mm_list_is_empty(&queue->waiting)) {
        mm_event_center_disarm(center, &queue->timer);
        return;
    }
    first = deadline_at(queue->waiting.next);
    if (!mm_timer_is_armed(&queue->timer) || queue->timer.deadline_ns != first->at_ns)
        mm_event_center_arm(center, &queue->timer, first->at_ns);
}

static void on_expired(struct mm_timer *timer, void *user)
{
    struct mm_deadline_queue *queue = user;
    struct mm_priority_manager *manager = queue->manager;
    uint64_t now_ns = mm_event_center_now_ns(manager->center);

    (void)timer;
    while (!mm_list_is_empty(&queue->waiting)) {
        struct mm_deadline *deadline = deadline_at(queue->waiting.next);

        if (deadline->at_ns > now_ns)
            break;
        mm_list_remove(&deadline->link);
        queue->end(manager, deadline);
    }
    arm(queue);
    mm_manager_settle(manager);
    mm_manager_announce(manager);
}

void mm_deadline_queue_init(struct mm_deadline_queue *queue, struct mm_priority_manager *manager,
                            mm_deadline_end end)
{
    mm_list_init(&queue->waiting);
    mm_timer_init(&queue->timer, on_expired, queue);
    queue->timer.slack_ns = SLACK_NS;
    queue->manager = manager;
    queue->end = end;
}

void mm_deadline_wait(struct mm_deadline_queue *queue, struct mm_deadline *deadline)
{
    mm_deadline_wait_until(queue, deadline,
                           mm_event_center_now_ns(queue->manager->center) + queue->duration_ns);
}

void mm_deadline_wait_until(struct mm_deadline_queue *queue, struct mm_deadline *deadline, uint64_t at_ns)
{
    struct mm_list *place;

    mm_list_remove(&deadline->link);
    deadline->at_ns = at_ns;
    /* The last place, as a rule. */
    place = queue->waiting.previous;
    while (place != &queue->waiting && deadline_at(place)->at_ns > deadline->at_ns)
        place = place->previous;
    mm_list_insert_after(place, &deadline->link);
    arm(queue);
}

void mm_deadline_leave(struct mm_deadline_queue *queue, struct mm_deadline *deadline)
{
    mm_list_remove(&deadline->link);
    arm(queue);
}

/* ---- the two of a process ----------------------------------------------------------------------------------- */

static void end_flag(struct mm_priority_manager *manager, struct mm_deadline *deadline, uint32_t flag)
{
    struct mm_process_node *node = MM_CONTAINER_OF(deadline, struct mm_process_node, deadline);

    node->process.flags &= ~(flag | MM_PROCESS_IS_INHERITING);
    mm_manager_seed(manager, node);
}

static void end_grace(struct mm_priority_manager *manager, struct mm_deadline *deadline)
{
    end_flag(manager, deadline, MM_PROCESS_IN_GRACE);
}

static void end_ability_start(struct mm_priority_manager *manager, struct mm_deadline *deadline)
{
    end_flag(manager, deadline, MM_PROCESS_IS_ABILITY_STARTING);
}

void mm_deadline_init(struct mm_priority_manager *manager)
{
    mm_deadline_queue_init(&manager->grace, manager, end_grace);
    mm_deadline_queue_init(&manager->ability_start, manager, end_ability_start);
}

void mm_deadline_start_grace(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    mm_deadline_stop(manager, node);
    node->process.flags |= MM_PROCESS_IN_GRACE;
    mm_deadline_wait(&manager->grace, &node->deadline);
}

void mm_deadline_start_ability(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    mm_deadline_stop(manager, node);
    node->process.flags |= MM_PROCESS_IS_ABILITY_STARTING;
    mm_deadline_wait(&manager->ability_start, &node->deadline);
}

void mm_deadline_stop(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    const uint32_t both = MM_PROCESS_IN_GRACE | MM_PROCESS_IS_ABILITY_STARTING;
    bool is_in_grace = (node->process.flags & MM_PROCESS_IN_GRACE) != 0;

    if (!(node->process.flags & both))
        return;
    node->process.flags &= ~both;
    mm_deadline_leave(is_in_grace ? &manager->grace : &manager->ability_start, &node->deadline);
}
