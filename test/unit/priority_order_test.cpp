/* SPDX-License-Identifier: Apache-2.0 */
/* The order of victims, each one that can be configured, against a vector that is sorted anew. */
#include "common/common.h"

#include "priority_manager/priority_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <vector>

namespace
{

struct Item {
    mm_priority_entry entry;
    mm_priority_description description;
    uint64_t use; /* ascends */
};

using Items = std::vector<const Item *>;

struct Setting {
    const char *name;
    mm_priority_order order;
};

class PriorityOrder : public ::testing::TestWithParam<Setting>
{
  protected:
    static constexpr unsigned SEED = 20261127;
    static constexpr uint64_t WORTH_BYTES = 3 * MM_KIB + 1;

    PriorityOrder() : random(SEED), list(std::make_unique<mm_priority_list>())
    {
        EXPECT_EQ(mm_priority_list_init(list.get()), 0);
        mm_priority_list_set_order(list.get(), &GetParam().order);
    }

    ~PriorityOrder() override
    {
        mm_priority_list_fini(list.get());
    }

    unsigned below(unsigned end)
    {
        return static_cast<unsigned>(random() % end);
    }

    void make(unsigned count)
    {
        items = std::vector<Item>(count);
        for (Item &item : items)
            mm_priority_entry_init(&item.entry);
        ASSERT_EQ(mm_priority_list_reserve(list.get(), count), 0);
    }

    /* Both sides of the line, and few, so that most buckets hold many. */
    int any_priority()
    {
        static const int values[] = {400, 400, 400, 400, 200, 201, 0, -1000, 1000};

        return values[below(MM_ARRAY_SIZE(values))];
    }

    /* Equal ones are the rule. */
    mm_priority_description any_description()
    {
        const unsigned marks[] = {0, 0, MM_PRIORITY_IS_UNREGISTERED, below(8)};

        return {below(8) * MM_KIB, below(10) == 0 ? 0 : 1 + below(6), marks[below(4)]};
    }

    void describe(Item &item)
    {
        item.description = any_description();
        mm_priority_list_describe(list.get(), &item.entry, &item.description);
    }

    void insert(Item &item)
    {
        const bool is_described = below(4) > 0;

        item.description = is_described ? any_description() : mm_priority_description{};
        item.use = ++uses;
        ASSERT_EQ(mm_priority_list_insert(list.get(), &item.entry, any_priority(),
                                          is_described ? &item.description : nullptr),
                  0);
    }

    void change(Item &item)
    {
        const int priority = any_priority();

        if (!mm_priority_entry_is_listed(&item.entry)) {
            insert(item);
            return;
        }
        switch (below(6)) {
        case 0:
            mm_priority_list_remove(list.get(), &item.entry);
            break;
        case 1:
            mm_priority_list_touch(list.get(), &item.entry);
            item.use = ++uses;
            break;
        case 2:
        case 3:
            item.use = priority == item.entry.priority ? item.use : ++uses;
            mm_priority_list_move(list.get(), &item.entry, priority);
            break;
        default:
            describe(item);
            break;
        }
    }

    /* As the header says it, in words: the smaller goes first. */
    std::tuple<int, int, int, int64_t, uint64_t> place(const Item &item) const
    {
        const mm_priority_order &order = GetParam().order;
        const bool is_unregistered = item.description.marks & MM_PRIORITY_IS_UNREGISTERED;
        const bool is_bucket_by_size =
            order.order == MM_ORDER_HEAVIEST || item.entry.priority <= order.heaviest_from_priority;
        const bool is_small = is_unregistered && item.description.resident_bytes < WORTH_BYTES;
        const auto kib = static_cast<int64_t>(item.description.resident_bytes / MM_KIB);
        const auto use = static_cast<int64_t>(item.use),
                   started = static_cast<int64_t>(item.description.started);

        if (is_bucket_by_size || is_unregistered)
            return {-item.entry.priority, 1, is_small, -kib, item.use};
        const int64_t values[] = {use, -kib, -use, started, -started};
        return {-item.entry.priority, 0, 0, values[order.order], item.use};
    }

    Items expected() const
    {
        Items sorted;

        for (const Item &item : items) {
            if (mm_priority_entry_is_listed(&item.entry))
                sorted.push_back(&item);
        }
        std::sort(sorted.begin(), sorted.end(),
                  [this](const Item *a, const Item *b) { return place(*a) < place(*b); });
        return sorted;
    }

    static const Item *item_of(const mm_priority_entry *entry)
    {
        return entry ? MM_CONTAINER_OF(entry, const Item, entry) : nullptr;
    }

    Items walk() const
    {
        mm_priority_walk walk;
        Items found;

        mm_priority_walk_begin(&walk, list.get());
        while (const Item *item = item_of(mm_priority_walk_next(&walk)))
            found.push_back(item);
        return found;
    }

    void check(int step)
    {
        const Items sorted = expected();

        ASSERT_EQ(item_of(mm_priority_list_least(list.get())), sorted.empty() ? nullptr : sorted[0])
            << "seed " << SEED << " step " << step;
        if (step % 8 != 0)
            return;
        ASSERT_EQ(walk(), sorted) << "seed " << SEED << " step " << step;
        if (sorted.empty())
            return;
        const size_t at = below(static_cast<unsigned>(sorted.size()));
        const mm_priority_entry &entry = sorted[at]->entry;
        const int priority = entry.priority;
        const mm_priority_rank rank = mm_priority_rank_of(list.get(), mm_priority_list_index_of(entry.slot));
        mm_priority_walk walk;

        mm_priority_walk_begin_behind(&walk, list.get(), priority, rank);
        ASSERT_EQ(item_of(mm_priority_walk_next(&walk)), at + 1 < sorted.size() ? sorted[at + 1] : nullptr)
            << "seed " << SEED << " step " << step;
        mm_priority_walk_begin_at(&walk, list.get(), priority, rank);
        ASSERT_EQ(item_of(mm_priority_walk_next(&walk)), sorted[at]) << "seed " << SEED << " step " << step;
    }

    std::mt19937 random;
    std::unique_ptr<mm_priority_list> list;
    std::vector<Item> items;
    uint64_t uses = 0;
};

TEST_P(PriorityOrder, IsThatOfASortedVectorAfterAnyChange)
{
    for (unsigned count : {3u, 40u, 700u}) {
        make(count);
        for (int step = 0; step < 6000 && !HasFatalFailure(); step++) {
            change(items[below(count)]);
            if (count < 100 || step % 50 == 0 || step > 5900)
                check(step);
        }
        for (Item &item : items)
            mm_priority_list_remove(list.get(), &item.entry);
        ASSERT_EQ(mm_priority_list_least(list.get()), nullptr);
        ASSERT_EQ(walk(), Items{});
    }
}

/* Those that a walk still has before it go, move, come, and are used. */
TEST_P(PriorityOrder, AWalkMeetsEachOnceThatStaysAsItWas)
{
    for (int round = 0; round < 30; round++) {
        make(400);
        for (Item &item : items) {
            if (below(5))
                insert(item);
        }

        const Items before = expected();
        std::set<const Item *> changed, met;
        Items found;
        mm_priority_walk walk;

        const uint64_t begun = uses;

        mm_priority_walk_begin(&walk, list.get());
        while (const Item *item = item_of(mm_priority_walk_next(&walk))) {
            ASSERT_TRUE(met.insert(item).second || changed.count(item)) << "twice";
            ASSERT_LE(item->use, begun) << "used, moved or inserted meanwhile";
            if (!changed.count(item))
                found.push_back(item);
            for (int i = 0; i < 2; i++) {
                Item &other = items[below(400)];

                change(other);
                changed.insert(&other);
            }
        }
        for (const Item *item : before) {
            if (!changed.count(item)) {
                ASSERT_TRUE(met.count(item)) << "round " << round;
            }
        }
        ASSERT_FALSE(found.empty());
        for (Item &item : items)
            mm_priority_list_remove(list.get(), &item.entry);
    }
}

TEST_P(PriorityOrder, AnotherOneTakesEffectAtOnce)
{
    make(50);
    for (Item &item : items)
        insert(item);
    for (mm_bucket_order order : {MM_ORDER_NEWEST, MM_ORDER_HEAVIEST, MM_ORDER_OLDEST_USE}) {
        const mm_priority_order other = {order, -1000, 0};

        mm_priority_list_set_order(list.get(), &other);
        (void)mm_priority_list_least(list.get());
        mm_priority_list_set_order(list.get(), &GetParam().order);
        check(0);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Orders, PriorityOrder,
    testing::Values(Setting{"OldestUse", {MM_ORDER_OLDEST_USE, -1000, 3 * MM_KIB + 1}},
                    Setting{"OldestUseHeaviestFrom200", {MM_ORDER_OLDEST_USE, 200, 3 * MM_KIB + 1}},
                    Setting{"NewestUse", {MM_ORDER_NEWEST_USE, 0, 3 * MM_KIB + 1}},
                    Setting{"Heaviest", {MM_ORDER_HEAVIEST, -1000, 3 * MM_KIB + 1}},
                    Setting{"Oldest", {MM_ORDER_OLDEST, 0, 3 * MM_KIB + 1}},
                    Setting{"Newest", {MM_ORDER_NEWEST, 200, 3 * MM_KIB + 1}}),
    [](const testing::TestParamInfo<Setting> &tested) { return std::string(tested.param.name); });

} // namespace
