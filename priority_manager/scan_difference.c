/* SPDX-License-Identifier: Apache-2.0 */
/* The other half of a scan: who is on the list and was not seen, so that ends that were not reported leave nobody. */
#include "priority_manager/manager.h"

void mm_manager_begin_comparing(struct mm_priority_manager *manager)
{
    struct mm_scan_work *work = &manager->scan_work;

    work->is_comparing = true;
    work->bucket = 0;
    work->bucket_count = manager->processes.bucket_count;
}

/* May remove those of the bucket, and with them nobody else. */
static void compare_bucket(struct mm_priority_manager *manager, uint32_t bucket)
{
    struct mm_hash_link *link = manager->processes.buckets[bucket];

    while (link) {
        struct mm_process_node *node = MM_CONTAINER_OF(link, struct mm_process_node, hash_link);

        link = link->next;
        if (node->seen_in_scan != manager->scan_work.number)
            mm_manager_look_if_dead(manager, node);
    }
}

bool mm_manager_compare_some(struct mm_priority_manager *manager, uint64_t until_ns)
{
    struct mm_scan_work *work = &manager->scan_work;

    /* the buckets are others: those who were looked at and are alive are looked at again */
    if (work->bucket_count != manager->processes.bucket_count)
        mm_manager_begin_comparing(manager);
    do {
        if (work->bucket < work->bucket_count)
            compare_bucket(manager, work->bucket++);
    } while (work->bucket < work->bucket_count && mm_event_center_now_ns(manager->center) < until_ns);
    mm_manager_settle(manager);
    mm_manager_announce(manager);
    return work->bucket < work->bucket_count;
}
