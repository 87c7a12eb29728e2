/* SPDX-License-Identifier: Apache-2.0 */
/* What a choice among many reads of a bundle is what the bundle says. */
#ifndef MM_TEST_UNIT_LIST_CHECK_H
#define MM_TEST_UNIT_LIST_CHECK_H

#include "common/common.h"
#include "priority_manager/priority_manager.h"

#include <gtest/gtest.h>

inline void expect_keys_of_bundles(const mm_priority_list *list)
{
    uint32_t count = 0;

    for (uint32_t index = 0; index < list->key_count; index++) {
        const mm_priority_key &key = list->keys[index];

        if (key.priority == MM_PRIORITY_FREE)
            continue;
        const mm_bundle *bundle = MM_BUNDLE_OF(list->entries[index]);

        count++;
        EXPECT_EQ(key.priority, bundle->entry.priority) << bundle->name;
        EXPECT_EQ(key.resident_kib, bundle->resident_bytes / MM_KIB) << bundle->name;
        EXPECT_EQ((key.marks & MM_PRIORITY_IS_UNREGISTERED) == 0, bundle->is_registered) << bundle->name;
        EXPECT_EQ((key.marks & MM_PRIORITY_IS_SET_ASIDE) != 0, bundle->set_aside_until_ns > 0)
            << bundle->name;
        EXPECT_EQ((key.marks & MM_PRIORITY_IS_EMPTY) != 0, bundle->process_count == 0) << bundle->name;
    }
    EXPECT_EQ(count, list->count);
}

#endif
