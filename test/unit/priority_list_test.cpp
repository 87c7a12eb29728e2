/* SPDX-License-Identifier: Apache-2.0 */
#include "common/common.h"
#include "priority_manager/priority_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

class PriorityList : public ::testing::Test
{
  protected:
    PriorityList() : list(std::make_unique<mm_priority_list>())
    {
        mm_priority_list_init(list.get());
    }

    std::vector<mm_priority_entry *> walk() const
    {
        std::vector<mm_priority_entry *> entries;

        for (mm_priority_entry *entry = mm_priority_list_least(list.get()); entry;
             entry = mm_priority_list_next(list.get(), entry))
            entries.push_back(entry);
        return entries;
    }

    std::unique_ptr<mm_priority_list> list;
};

TEST_F(PriorityList, EmptyHasNobody)
{
    EXPECT_EQ(mm_priority_list_least(list.get()), nullptr);
    EXPECT_EQ(list->count, 0U);
}

TEST_F(PriorityList, WalksFromTheLeastImportant)
{
    const int priorities[] = {0, 1000, -1000, 400, -1, 63 - 1000, 64 - 1000, 999};
    std::vector<mm_priority_entry> entries(MM_ARRAY_SIZE(priorities));
    std::vector<int> seen;

    for (size_t i = 0; i < entries.size(); i++) {
        mm_priority_entry_init(&entries[i]);
        mm_priority_list_insert(list.get(), &entries[i], priorities[i]);
    }
    for (const mm_priority_entry *entry : walk())
        seen.push_back(entry->priority);
    EXPECT_EQ(seen, (std::vector<int>{1000, 999, 400, 0, -1, -936, -937, -1000}));
}

TEST_F(PriorityList, ClampsToTheRange)
{
    mm_priority_entry low, high;

    mm_priority_entry_init(&low);
    mm_priority_entry_init(&high);
    mm_priority_list_insert(list.get(), &low, -5000);
    mm_priority_list_insert(list.get(), &high, 0);
    mm_priority_list_move(list.get(), &high, 5000);
    EXPECT_EQ(low.priority, MM_PRIORITY_MIN);
    EXPECT_EQ(high.priority, MM_PRIORITY_MAX);
}

TEST_F(PriorityList, OldestUseGoesFirst)
{
    mm_priority_entry entries[3];

    for (mm_priority_entry &entry : entries) {
        mm_priority_entry_init(&entry);
        mm_priority_list_insert(list.get(), &entry, 400);
    }
    EXPECT_EQ(mm_priority_list_least(list.get()), &entries[0]);
    mm_priority_list_touch(list.get(), &entries[0]);
    EXPECT_EQ(walk(), (std::vector<mm_priority_entry *>{&entries[1], &entries[2], &entries[0]}));
    /* A move to where it is keeps its place. */
    mm_priority_list_move(list.get(), &entries[1], 400);
    EXPECT_EQ(mm_priority_list_least(list.get()), &entries[1]);
}

TEST_F(PriorityList, RemovingTwiceIsHarmless)
{
    mm_priority_entry entry;

    mm_priority_entry_init(&entry);
    mm_priority_list_remove(list.get(), &entry);
    mm_priority_list_touch(list.get(), &entry);
    mm_priority_list_insert(list.get(), &entry, 7);
    mm_priority_list_remove(list.get(), &entry);
    mm_priority_list_remove(list.get(), &entry);
    EXPECT_EQ(list->count, 0U);
    EXPECT_EQ(mm_priority_list_least(list.get()), nullptr);
}

/* Against a vector that is sorted anew each time. */
TEST_F(PriorityList, AgreesWithASortedVector)
{
    constexpr unsigned kSeed = 20250317;
    std::mt19937 random(kSeed);
    std::vector<mm_priority_entry> entries(40);
    std::vector<mm_priority_entry *> model; /* in order of use */

    for (mm_priority_entry &entry : entries)
        mm_priority_entry_init(&entry);
    for (int step = 0; step < 20000; step++) {
        mm_priority_entry *entry = &entries[random() % entries.size()];
        bool is_in = mm_list_is_linked(&entry->link);
        int priority = static_cast<int>(random() % 2001) - 1000;
        auto place = std::find(model.begin(), model.end(), entry);

        if (!is_in) {
            mm_priority_list_insert(list.get(), entry, priority);
            model.push_back(entry);
        } else if (random() % 3 == 0) {
            mm_priority_list_remove(list.get(), entry);
            model.erase(place);
        } else {
            bool stays = entry->priority == priority;

            mm_priority_list_move(list.get(), entry, priority);
            if (!stays) {
                model.erase(place);
                model.push_back(entry);
            }
        }
        std::vector<mm_priority_entry *> expected = model;
        std::stable_sort(
            expected.begin(), expected.end(),
            [](const mm_priority_entry *a, const mm_priority_entry *b) { return a->priority > b->priority; });
        ASSERT_EQ(walk(), expected) << "seed " << kSeed << " step " << step;
        ASSERT_EQ(list->count, expected.size());
    }
}
