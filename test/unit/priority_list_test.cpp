/* SPDX-License-Identifier: Apache-2.0 */
#include "common/common.h"
#include "priority_manager/priority_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

using Entries = std::vector<mm_priority_entry *>;

class PriorityList : public ::testing::Test
{
  protected:
    PriorityList() : list(std::make_unique<mm_priority_list>())
    {
        EXPECT_EQ(mm_priority_list_init(list.get()), 0);
        EXPECT_EQ(mm_priority_list_reserve(list.get(), 64), 0);
    }

    ~PriorityList() override
    {
        mm_priority_list_fini(list.get());
    }

    void insert(mm_priority_entry *entry, int priority)
    {
        mm_priority_entry_init(entry);
        ASSERT_EQ(mm_priority_list_insert(list.get(), entry, priority, nullptr), 0);
    }

    void describe(const mm_priority_entry *entry, uint64_t resident_bytes, unsigned marks = 0)
    {
        const mm_priority_description description = {resident_bytes, 0, marks};

        mm_priority_list_describe(list.get(), entry, &description);
    }

    Entries walk() const
    {
        Entries entries;

        /* one more than there are is enough to see that a walk goes astray */
        for (mm_priority_entry *entry = mm_priority_list_first(list.get());
             entry && entries.size() <= list->count; entry = mm_priority_list_next(list.get(), entry))
            entries.push_back(entry);
        return entries;
    }

    /* The same by the keys alone, as a choice among many reads them. */
    Entries walk_by_keys() const
    {
        std::vector<uint32_t> indices;
        Entries entries;

        for (uint32_t index = 0; index < list->key_count; index++) {
            if (list->keys[index].priority != MM_PRIORITY_FREE)
                indices.push_back(index);
        }
        std::sort(indices.begin(), indices.end(), [this](uint32_t a, uint32_t b) {
            const mm_priority_key &left = list->keys[a], &right = list->keys[b];

            return left.priority != right.priority ? left.priority > right.priority : left.use < right.use;
        });
        for (uint32_t index : indices)
            entries.push_back(list->entries[index]);
        return entries;
    }

    std::unique_ptr<mm_priority_list> list;
};

TEST_F(PriorityList, EmptyHasNobody)
{
    EXPECT_EQ(mm_priority_list_first(list.get()), nullptr);
    EXPECT_EQ(mm_priority_list_first_below(list.get(), 1000), nullptr);
    EXPECT_EQ(list->count, 0U);
}

TEST_F(PriorityList, WalksFromTheLeastImportant)
{
    const int priorities[] = {0, 1000, -1000, 400, -999, 63, 64, 999, -800};
    const int expected[] = {1000, 999, 400, 64, 63, 0, -800, -999, -1000};
    std::vector<mm_priority_entry> entries(MM_ARRAY_SIZE(priorities));
    std::vector<int> found;

    for (size_t i = 0; i < entries.size(); i++)
        insert(&entries[i], priorities[i]);
    for (const mm_priority_entry *entry : walk())
        found.push_back(entry->priority);
    EXPECT_EQ(found, std::vector<int>(std::begin(expected), std::end(expected)));
}

TEST_F(PriorityList, FindsTheFirstBelowAPriority)
{
    mm_priority_entry high, oldest, newest;

    insert(&high, 1000);
    insert(&oldest, -1000);
    insert(&newest, -1000);
    EXPECT_EQ(mm_priority_list_first_below(list.get(), 1000), &oldest);
    EXPECT_EQ(mm_priority_list_first_below(list.get(), -999), &oldest);
    EXPECT_EQ(mm_priority_list_first_below(list.get(), -1000), nullptr);
}

TEST_F(PriorityList, ClampsPriorities)
{
    mm_priority_entry low, high;

    insert(&low, -5000);
    insert(&high, 0);
    mm_priority_list_move(list.get(), &high, 5000);
    EXPECT_EQ(low.priority, -1000);
    EXPECT_EQ(high.priority, 1000);
    EXPECT_EQ(walk(), (Entries{&high, &low}));
}

TEST_F(PriorityList, OldestUseGoesFirst)
{
    mm_priority_entry entries[3];

    for (mm_priority_entry &entry : entries)
        insert(&entry, 400);
    EXPECT_EQ(mm_priority_list_first(list.get()), &entries[0]);
    mm_priority_list_touch(list.get(), &entries[0]);
    EXPECT_EQ(walk(), (Entries{&entries[1], &entries[2], &entries[0]}));
    /* a move to where it is changes nothing */
    mm_priority_list_move(list.get(), &entries[1], 400);
    EXPECT_EQ(mm_priority_list_first(list.get()), &entries[1]);
}

TEST_F(PriorityList, RemovingTwiceAndTouchingWhatIsNotThereDoesNothing)
{
    mm_priority_entry entry;

    mm_priority_entry_init(&entry);
    mm_priority_list_remove(list.get(), &entry);
    mm_priority_list_touch(list.get(), &entry);
    describe(&entry, MM_MIB);
    ASSERT_EQ(mm_priority_list_insert(list.get(), &entry, 7, nullptr), 0);
    mm_priority_list_remove(list.get(), &entry);
    mm_priority_list_remove(list.get(), &entry);
    EXPECT_EQ(list->count, 0U);
    EXPECT_EQ(mm_priority_list_first(list.get()), nullptr);
}

TEST_F(PriorityList, WhoeverFindsNoRoomPutsNobodyOut)
{
    std::vector<mm_priority_entry> entries(list->capacity);
    mm_priority_entry late;
    Entries before;

    for (mm_priority_entry &entry : entries)
        insert(&entry, 400);
    before = walk();
    mm_priority_entry_init(&late);
    EXPECT_EQ(mm_priority_list_insert(list.get(), &late, 0, nullptr), -ENOSPC);
    EXPECT_FALSE(mm_priority_entry_is_listed(&late));
    EXPECT_EQ(walk(), before);
    mm_priority_list_remove(list.get(), &entries[3]);
    EXPECT_EQ(mm_priority_list_insert(list.get(), &late, 0, nullptr), 0) << "the room of who has gone";
    EXPECT_EQ(walk().back(), &late);
    EXPECT_EQ(list->key_count, list->capacity);
}

TEST_F(PriorityList, GrowsWithoutChangingWhatItHolds)
{
    std::vector<mm_priority_entry> entries(1000);
    Entries expected;

    for (size_t i = 0; i < entries.size(); i++) {
        uint32_t capacity = list->capacity;

        ASSERT_EQ(mm_priority_list_reserve(list.get(), static_cast<uint32_t>(i + 1)), 0);
        if (list->capacity != capacity) {
            EXPECT_GE(list->capacity, capacity + capacity / 4) << "growing is to cost the same for each";
        }
        insert(&entries[i], 400);
        describe(&entries[i], i * MM_MIB);
        expected.push_back(&entries[i]);
    }
    EXPECT_EQ(walk(), expected);
    EXPECT_EQ(walk_by_keys(), expected);
    for (uint32_t i = 0; i < list->key_count; i++)
        EXPECT_EQ(list->keys[i].resident_kib, i * 1024);
}

TEST_F(PriorityList, KeysSayWhatIsKnownOfAnEntry)
{
    mm_priority_entry entry;
    const mm_priority_key *key = list->keys;

    insert(&entry, 400);
    EXPECT_EQ(key->resident_kib, 0U);
    EXPECT_EQ(key->marks, 0U);
    describe(&entry, 5 * MM_MIB + 1, MM_PRIORITY_IS_SET_ASIDE);
    mm_priority_list_move(list.get(), &entry, 300);
    mm_priority_list_touch(list.get(), &entry);
    EXPECT_EQ(key->resident_kib, 5 * 1024U);
    EXPECT_EQ(key->marks, MM_PRIORITY_IS_SET_ASIDE);
    EXPECT_EQ(key->priority, 300);
    describe(&entry, UINT64_MAX);
    EXPECT_EQ(key->resident_kib, UINT32_MAX) << "more than any machine has";
    mm_priority_list_remove(list.get(), &entry);
    EXPECT_EQ(key->priority, MM_PRIORITY_FREE);
    insert(&entry, 0);
    EXPECT_EQ(key->resident_kib, 0U) << "nothing of who had the place before";
}

/* ---- against a vector that is sorted anew each time ----------------------------------------------------- */

class PriorityListModel : public PriorityList
{
  protected:
    static constexpr unsigned SEED = 20250317;

    PriorityListModel() : random(SEED), entries(200)
    {
        for (mm_priority_entry &entry : entries)
            mm_priority_entry_init(&entry);
    }

    /* Few enough that most buckets hold several, and both ends. */
    int any_priority()
    {
        static const int priorities[] = {-1000, -999, -1, 0, 50, 100, 200, 400, 999, 1000};

        return random() % 8 == 0 ? static_cast<int>(random() % 2001) - 1000
                                 : priorities[random() % MM_ARRAY_SIZE(priorities)];
    }

    void use(mm_priority_entry *entry)
    {
        forget(entry);
        model.push_back(entry);
    }

    void forget(mm_priority_entry *entry)
    {
        model.erase(std::remove(model.begin(), model.end(), entry), model.end());
    }

    void insert_somewhere(mm_priority_entry *entry)
    {
        int result = mm_priority_list_insert(list.get(), entry, any_priority(), nullptr);

        if (model.size() == list->capacity) {
            EXPECT_EQ(result, -ENOSPC);
            if (random() % 4 == 0) {
                EXPECT_EQ(mm_priority_list_reserve(list.get(), list->capacity + 1), 0);
            }
            return;
        }
        EXPECT_EQ(result, 0);
        model.push_back(entry);
    }

    void change(mm_priority_entry *entry)
    {
        int priority = any_priority();

        switch (random() % 4) {
        case 0:
            mm_priority_list_remove(list.get(), entry);
            forget(entry);
            break;
        case 1:
            mm_priority_list_touch(list.get(), entry);
            use(entry);
            break;
        default:
            if (entry->priority != priority)
                use(entry);
            mm_priority_list_move(list.get(), entry, priority);
            EXPECT_EQ(entry->priority, priority);
            break;
        }
    }

    /* Some of those that a walk meets go meanwhile. */
    void change_while_walking()
    {
        const Entries before = expected();
        Entries met;

        for (mm_priority_entry *entry = mm_priority_list_first(list.get()), *next; entry; entry = next) {
            next = mm_priority_list_next(list.get(), entry);
            met.push_back(entry);
            if (random() % 3 == 0) {
                mm_priority_list_remove(list.get(), entry);
                forget(entry);
            }
        }
        EXPECT_EQ(met, before) << "each once, whoever goes meanwhile";
    }

    Entries expected() const
    {
        Entries sorted = model;

        std::stable_sort(
            sorted.begin(), sorted.end(),
            [](const mm_priority_entry *a, const mm_priority_entry *b) { return a->priority > b->priority; });
        return sorted;
    }

    void check(int step) const
    {
        const Entries sorted = expected();

        ASSERT_EQ(walk(), sorted) << "seed " << SEED << " step " << step;
        ASSERT_EQ(walk_by_keys(), sorted) << "seed " << SEED << " step " << step;
        ASSERT_EQ(list->count, sorted.size());
        for (const mm_priority_entry *entry : sorted)
            ASSERT_EQ(mm_priority_list_count_at(list.get(), entry->priority),
                      std::count_if(sorted.begin(), sorted.end(), [entry](const mm_priority_entry *other) {
                          return other->priority == entry->priority;
                      }));
    }

    std::mt19937 random;
    std::vector<mm_priority_entry> entries;
    Entries model; /* in order of use */
};

TEST_F(PriorityListModel, AgreesWithASortedVector)
{
    for (int step = 0; step < 20000; step++) {
        mm_priority_entry *entry = &entries[random() % entries.size()];

        if (step % 1000 == 999)
            change_while_walking();
        else if (!mm_priority_entry_is_listed(entry))
            insert_somewhere(entry);
        else
            change(entry);
        if (step % 16 == 0 || step % 1000 == 999)
            check(step);
        if (HasFatalFailure())
            return;
    }
    EXPECT_GT(list->capacity, 64U) << "the list has grown meanwhile";
}
