/* SPDX-License-Identifier: Apache-2.0 */
/* The killer's judgement on hand-made bundles: rows, refusals, orders, the next step. */
#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "kill_strategy/candidates.h"
#include "kill_strategy/kill_decide.h"
#include "priority_manager/priority_order.h"
#pragma GCC diagnostic pop

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace
{

constexpr uint64_t NOW_NS = 1000 * MM_NS_PER_S;

mm_kill_config shipped_config()
{
    mm_kill_config config = {};
    const mm_kill_level levels[] = {{100 * MM_MIB, 0},
                                    {200 * MM_MIB, 100},
                                    {300 * MM_MIB, 200},
                                    {400 * MM_MIB, 300},
                                    {500 * MM_MIB, 400}};

    config.is_enabled = true;
    for (const mm_kill_level &level : levels)
        config.levels[config.level_count++] = level;
    config.margin_bytes = 50 * MM_MIB;
    config.reread_candidates = 8;
    config.order = MM_ORDER_OLDEST_USE;
    config.heaviest_from_priority = 200;
    config.unregistered_policy = MM_UNREGISTERED_RAISED;
    config.unregistered_min_bytes = 32 * MM_MIB;
    return config;
}

/* ---- rows -----------------------------------------------------------------------------------------------
 */

TEST(KillLevel, IsTheSmallestWaterlineAboveAvailable)
{
    const mm_kill_config config = shipped_config();
    const struct {
        uint64_t available_bytes;
        int row; /* -1: none */
    } rows[] = {
        {UINT64_MAX, -1},
        {500 * MM_MIB + 1, -1},
        {500 * MM_MIB, -1},
        {500 * MM_MIB - 1, 4},
        {400 * MM_MIB, 4},
        {400 * MM_MIB - 1, 3},
        {300 * MM_MIB, 3},
        {300 * MM_MIB - 1, 2},
        {200 * MM_MIB, 2},
        {200 * MM_MIB - 1, 1},
        {100 * MM_MIB, 1},
        {100 * MM_MIB - 1, 0},
        {1, 0},
        {0, 0},
    };

    for (const auto &row : rows) {
        const mm_kill_level *expected = row.row < 0 ? nullptr : &config.levels[row.row];

        EXPECT_EQ(mm_kill_level_for(&config, row.available_bytes), expected) << row.available_bytes;
    }
}

TEST(KillLevel, AnEmptyTableHasNoRow)
{
    mm_kill_config config = shipped_config();

    config.level_count = 0;
    EXPECT_EQ(mm_kill_level_for(&config, 0), nullptr);
}

TEST(KillLevel, TenRowsAreTen)
{
    mm_kill_config config = shipped_config();

    config.level_count = MM_CONFIG_KILL_LEVELS_MAX;
    for (size_t i = 0; i < MM_CONFIG_KILL_LEVELS_MAX; i++)
        config.levels[i] = {(i + 1) * 10, static_cast<int>(i) * 100};
    EXPECT_EQ(mm_kill_level_for(&config, 99), &config.levels[9]);
    EXPECT_EQ(mm_kill_level_for(&config, 100), nullptr);
    EXPECT_EQ(mm_kill_level_for(&config, 9), &config.levels[0]);
}

/* ---- the list by hand -----------------------------------------------------------------------------------
 */

class Bundles
{
  public:
    Bundles()
    {
        EXPECT_EQ(mm_priority_list_init(&list), 0);
    }

    ~Bundles()
    {
        mm_priority_list_fini(&list);
    }

    Bundles(const Bundles &) = delete;
    Bundles &operator=(const Bundles &) = delete;

    mm_bundle *add(int priority, uint64_t mib = 100, bool is_registered = true)
    {
        bundles.push_back(std::make_unique<mm_bundle>());
        mm_bundle *bundle = bundles.back().get();

        *bundle = {};
        mm_priority_entry_init(&bundle->entry);
        mm_list_init(&bundle->processes);
        bundle->process_count = 1;
        bundle->is_registered = is_registered;
        bundle->resident_bytes = mib * MM_MIB;
        bundle->name = "bundle";
        EXPECT_EQ(mm_priority_list_reserve(&list, static_cast<uint32_t>(bundles.size())), 0);
        EXPECT_EQ(mm_priority_list_insert(&list, &bundle->entry, priority, nullptr), 0);
        mm_bundle_describe(&list, bundle);
        return bundle;
    }

    void set_aside(mm_bundle *bundle, uint64_t until_ns = NOW_NS + 1)
    {
        bundle->set_aside_until_ns = until_ns;
        mm_bundle_describe(&list, bundle);
    }

    void empty(mm_bundle *bundle)
    {
        bundle->process_count = 0;
        mm_bundle_describe(&list, bundle);
    }

    mm_bundle *add_unregistered(int priority, uint64_t mib = 100)
    {
        return add(priority, mib, false);
    }

    mm_kill_candidates collect(const mm_kill_config &config, const mm_kill_level &level,
                               const mm_priority_entry *from = nullptr)
    {
        const mm_priority_order order = mm_priority_order_of(&config);
        mm_kill_candidates candidates;

        mm_priority_list_set_order(&list, &order);
        mm_kill_collect(&config, &level, &list, from, NOW_NS, &candidates);
        return candidates;
    }

    mm_priority_list list;

  private:
    std::vector<std::unique_ptr<mm_bundle>> bundles;
};

std::vector<mm_bundle *> in_order(const mm_kill_candidates &candidates)
{
    return {candidates.bundles, candidates.bundles + candidates.count};
}

constexpr mm_kill_level EVERYBODY = {100 * MM_MIB, -1000};
constexpr mm_kill_level FROM_100 = {200 * MM_MIB, 100};

/* ---- refusals -------------------------------------------------------------------------------------------
 */

TEST(KillCheck, SaysWhoMayDie)
{
    const struct {
        const char *what;
        int priority;
        bool is_registered;
        uint32_t process_count;
        uint64_t set_aside_until_ns;
        mm_unregistered_policy policy;
        int min_priority;
        mm_kill_refusal expected;
    } rows[] = {
        {"above", 200, true, 1, 0, MM_UNREGISTERED_RAISED, 100, MM_KILL_ALLOWED},
        {"just at", 100, true, 1, 0, MM_UNREGISTERED_RAISED, 100, MM_KILL_ALLOWED},
        {"below", 99, true, 1, 0, MM_UNREGISTERED_RAISED, 100, MM_KILL_BELOW_MIN_PRIORITY},
        {"system", -1000, true, 1, 0, MM_UNREGISTERED_ANY, -1000, MM_KILL_NEVER},
        {"system, unregistered", -1000, false, 1, 0, MM_UNREGISTERED_ANY, -1000, MM_KILL_NEVER},
        {"nearly system", -999, true, 1, 0, MM_UNREGISTERED_ANY, -1000, MM_KILL_ALLOWED},
        {"empty", 200, true, 0, 0, MM_UNREGISTERED_ANY, 100, MM_KILL_EMPTY},
        {"set aside", 200, true, 1, NOW_NS + 1, MM_UNREGISTERED_ANY, 100, MM_KILL_SET_ASIDE},
        {"set aside until now", 200, true, 1, NOW_NS, MM_UNREGISTERED_ANY, 100, MM_KILL_ALLOWED},
        {"never", 900, false, 1, 0, MM_UNREGISTERED_NEVER, 100, MM_KILL_UNREGISTERED},
        {"never says nothing of registered ones", 900, true, 1, 0, MM_UNREGISTERED_NEVER, 100,
         MM_KILL_ALLOWED},
        {"raised", 1, false, 1, 0, MM_UNREGISTERED_RAISED, 0, MM_KILL_ALLOWED},
        {"not raised", 0, false, 1, 0, MM_UNREGISTERED_RAISED, 0, MM_KILL_UNREGISTERED},
        {"lowered", -1, false, 1, 0, MM_UNREGISTERED_RAISED, -1000, MM_KILL_UNREGISTERED},
        {"any", 0, false, 1, 0, MM_UNREGISTERED_ANY, 0, MM_KILL_ALLOWED},
        {"any, lowered", -500, false, 1, 0, MM_UNREGISTERED_ANY, -1000, MM_KILL_ALLOWED},
    };

    for (const auto &row : rows) {
        Bundles bundles;
        mm_kill_config config = shipped_config();
        const mm_kill_level level = {100 * MM_MIB, row.min_priority};
        mm_bundle *bundle = bundles.add(row.priority, 100, row.is_registered);

        config.unregistered_policy = row.policy;
        bundle->process_count = row.process_count;
        bundle->set_aside_until_ns = row.set_aside_until_ns;
        EXPECT_EQ(mm_kill_check(&config, &level, bundle, NOW_NS), row.expected) << row.what;
    }
}

/* ---- who is a candidate ---------------------------------------------------------------------------------
 */

TEST(KillCollect, TheLeastImportantComesFirstWhateverTheSizes)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    bundles.add(0, 9000);
    bundles.add(400, 9000);
    mm_bundle *least = bundles.add(800, 1);
    mm_kill_candidates found = bundles.collect(config, FROM_100);

    EXPECT_EQ(in_order(found), (std::vector<mm_bundle *>{least}));
    EXPECT_EQ(found.walked, 1u);
}

TEST(KillCollect, NobodyBelowTheRowIsFound)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    bundles.add(99);
    bundles.add(0);
    mm_kill_candidates found = bundles.collect(config, FROM_100);

    EXPECT_EQ(found.count, 0u);
    EXPECT_EQ(found.refused[MM_KILL_BELOW_MIN_PRIORITY], 1u) << "the walk ends at the first";
    EXPECT_EQ(found.rest, nullptr);
}

TEST(KillCollect, AnEmptyListHasNobody)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    EXPECT_EQ(bundles.collect(config, EVERYBODY).count, 0u);
}

TEST(KillCollect, MinusThousandEndsTheWalkEvenWhereTheRowAllowsEverybody)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    bundles.add(-1000, 9000);
    EXPECT_EQ(bundles.collect(config, EVERYBODY).count, 0u);
    mm_bundle *nearly = bundles.add(-999, 1);
    EXPECT_EQ(in_order(bundles.collect(config, EVERYBODY)), (std::vector<mm_bundle *>{nearly}));
}

TEST(KillCollect, TheOldestUseGoesFirstAboveTheHeaviestPriority)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();
    mm_bundle *oldest = bundles.add(400, 1);

    bundles.add(400, 500);
    bundles.add(400, 900);
    EXPECT_EQ(in_order(bundles.collect(config, FROM_100)), (std::vector<mm_bundle *>{oldest}));
    mm_priority_list_touch(&bundles.list, &oldest->entry);
    EXPECT_NE(bundles.collect(config, FROM_100).bundles[0], oldest) << "it was used just now";
}

TEST(KillCollect, TheNewestUseGoesFirstWhereConfiguredSo)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    config.order = MM_ORDER_NEWEST_USE;
    bundles.add(400, 900);
    mm_bundle *newest_allowed = bundles.add(400, 1);
    mm_bundle *newest = bundles.add(400, 1);

    bundles.set_aside(newest);
    bundles.add(300, 9000);
    EXPECT_EQ(in_order(bundles.collect(config, FROM_100)), (std::vector<mm_bundle *>{newest_allowed}));
}

TEST(KillCollect, TheHeaviestGoFirstFromTheConfiguredPriorityDown)
{
    const struct {
        const char *what;
        int priority;
        mm_bucket_order order;
        bool by_size;
    } rows[] = {
        {"above the line", 201, MM_ORDER_OLDEST_USE, false},
        {"on the line", 200, MM_ORDER_OLDEST_USE, true},
        {"below the line", 100, MM_ORDER_OLDEST_USE, true},
        {"above the line, by configuration", 800, MM_ORDER_HEAVIEST, true},
        {"newest use above the line", 201, MM_ORDER_NEWEST_USE, false},
        {"newest use on the line", 200, MM_ORDER_NEWEST_USE, true},
    };

    for (const auto &row : rows) {
        Bundles bundles;
        mm_kill_config config = shipped_config();

        config.order = row.order;
        mm_bundle *light = bundles.add(row.priority, 1);
        mm_bundle *heavy = bundles.add(row.priority, 3);
        mm_bundle *middle = bundles.add(row.priority, 2);
        std::vector<mm_bundle *> expected = {heavy, middle, light};

        if (!row.by_size)
            expected = {row.order == MM_ORDER_NEWEST_USE ? middle : light};
        EXPECT_EQ(in_order(bundles.collect(config, FROM_100)), expected) << row.what;
    }
}

TEST(KillCollect, KeepsTheEightHeaviestOfMany)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    for (uint64_t i = 0; i < 100; i++)
        bundles.add(200, (i * 37) % 100 + 1); /* every size from 1 to 100 once */
    mm_kill_candidates found = bundles.collect(config, FROM_100);

    ASSERT_EQ(found.count, 8u);
    for (uint64_t i = 0; i < 8; i++)
        EXPECT_EQ(found.bundles[i]->resident_bytes, (100 - i) * MM_MIB);
    EXPECT_EQ(found.walked, 100u);
}

TEST(KillCollect, KeepsAsManyAsAreReadAnew)
{
    const struct {
        unsigned reread_candidates;
        size_t expected;
    } rows[] = {{0, 1}, {1, 1}, {3, 3}, {8, 8}, {1000, 8}};

    for (const auto &row : rows) {
        Bundles bundles;
        mm_kill_config config = shipped_config();

        config.reread_candidates = row.reread_candidates;
        for (uint64_t i = 1; i <= 20; i++)
            bundles.add(200, i);
        mm_kill_candidates found = bundles.collect(config, FROM_100);

        ASSERT_EQ(found.count, row.expected) << row.reread_candidates;
        EXPECT_EQ(found.bundles[0]->resident_bytes, 20 * MM_MIB);
    }
}

TEST(KillCollect, AmongEqualsThoseWhoseUseIsKnownGoBeforeUnregisteredOnes)
{
    for (bool is_registered_first : {true, false}) {
        for (mm_bucket_order order : {MM_ORDER_OLDEST_USE, MM_ORDER_NEWEST_USE}) {
            Bundles bundles;
            mm_kill_config config = shipped_config();
            mm_bundle *registered = nullptr;

            config.order = order;
            if (is_registered_first)
                registered = bundles.add(400, 1);
            bundles.add_unregistered(400, 900);
            bundles.add_unregistered(400, 800);
            if (!is_registered_first)
                registered = bundles.add(400, 1);
            EXPECT_EQ(in_order(bundles.collect(config, FROM_100)), (std::vector<mm_bundle *>{registered}));
        }
    }
}

TEST(KillCollect, WhereSizeDecidesItDecidesBetweenRegisteredAndUnregisteredToo)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();
    mm_bundle *registered = bundles.add(200, 50);
    mm_bundle *heavy = bundles.add_unregistered(200, 90);
    mm_bundle *light = bundles.add_unregistered(200, 40);

    EXPECT_EQ(in_order(bundles.collect(config, FROM_100)),
              (std::vector<mm_bundle *>{heavy, registered, light}));
}

TEST(KillCollect, UnregisteredOnesAreOrderedBySizeAtAnyPriority)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();
    mm_bundle *light = bundles.add_unregistered(900, 40);
    mm_bundle *heavy = bundles.add_unregistered(900, 90);

    EXPECT_EQ(in_order(bundles.collect(config, FROM_100)), (std::vector<mm_bundle *>{heavy, light}));
}

TEST(KillCollect, EightThatAreTooSmallToBeWorthAKillPushNobodyOut)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    for (int i = 0; i < 8; i++)
        bundles.add_unregistered(200, 31);
    mm_bundle *registered = bundles.add(200, 10);
    mm_bundle *worth_it = bundles.add_unregistered(200, 32);
    mm_kill_candidates found = bundles.collect(config, FROM_100);

    ASSERT_EQ(found.count, 8u);
    EXPECT_EQ(found.bundles[0], worth_it);
    EXPECT_EQ(found.bundles[1], registered);
}

TEST(KillCollect, WhoMayNotDieIsPassedOverAndCounted)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();

    bundles.set_aside(bundles.add(900));
    bundles.empty(bundles.add(800));
    config.unregistered_policy = MM_UNREGISTERED_NEVER;
    bundles.add_unregistered(700);
    bundles.add_unregistered(600);
    mm_bundle *victim = bundles.add(500);
    mm_kill_candidates found = bundles.collect(config, FROM_100);

    EXPECT_EQ(in_order(found), (std::vector<mm_bundle *>{victim}));
    EXPECT_EQ(found.refused[MM_KILL_SET_ASIDE], 1u);
    EXPECT_EQ(found.refused[MM_KILL_EMPTY], 1u);
    EXPECT_EQ(found.refused[MM_KILL_UNREGISTERED], 2u);
    EXPECT_EQ(found.walked, 5u);
}

TEST(KillCollect, GoesOnBelowAPriorityWhereNobodyWasWorthIt)
{
    Bundles bundles;
    mm_kill_config config = shipped_config();
    mm_bundle *small = bundles.add_unregistered(900, 1);
    mm_bundle *next = bundles.add(150, 10);
    uint64_t sizes[MM_KILL_CANDIDATES_MAX] = {MM_MIB};
    mm_kill_candidates found = bundles.collect(config, FROM_100);

    ASSERT_EQ(in_order(found), (std::vector<mm_bundle *>{small}));
    EXPECT_EQ(mm_kill_choose(&config, &found, sizes), nullptr);
    ASSERT_EQ(found.rest, &next->entry);
    found = bundles.collect(config, FROM_100, found.rest);
    EXPECT_EQ(in_order(found), (std::vector<mm_bundle *>{next}));
    EXPECT_EQ(found.rest, nullptr);
}

/* ---- the choice -----------------------------------------------------------------------------------------
 */

TEST(KillChoose, TakesTheHeaviestByThePresentSizes)
{
    const struct {
        const char *what;
        bool is_registered[3];
        uint64_t mib[3];
        int expected; /* -1: nobody */
    } rows[] = {
        {"as last known", {true, true, true}, {30, 20, 10}, 0},
        {"one has grown", {true, true, true}, {30, 20, 90}, 2},
        {"equals: the first", {true, true, true}, {30, 30, 30}, 0},
        {"a registered one may be small", {true, true, true}, {0, 0, 0}, 0},
        {"unregistered and worth it", {false, false, false}, {31, 32, 31}, 1},
        {"unregistered and too small", {false, false, false}, {31, 31, 31}, -1},
        {"the small one is left out", {false, true, false}, {31, 5, 31}, 1},
        {"unregistered and heavier than a registered one", {true, false, true}, {40, 50, 30}, 1},
    };

    for (const auto &row : rows) {
        Bundles bundles;
        mm_kill_config config = shipped_config();
        mm_kill_candidates candidates = {};
        uint64_t sizes[MM_KILL_CANDIDATES_MAX] = {};

        for (int i = 0; i < 3; i++) {
            candidates.bundles[i] = bundles.add(200, 100, row.is_registered[i]);
            sizes[i] = row.mib[i] * MM_MIB;
        }
        candidates.count = 3;
        EXPECT_EQ(mm_kill_choose(&config, &candidates, sizes),
                  row.expected < 0 ? nullptr : candidates.bundles[row.expected])
            << row.what;
    }
}

TEST(KillChoose, NobodyAmongNobody)
{
    mm_kill_config config = shipped_config();
    mm_kill_candidates candidates = {};
    uint64_t sizes[MM_KILL_CANDIDATES_MAX] = {};

    EXPECT_EQ(mm_kill_choose(&config, &candidates, sizes), nullptr);
}

/* ---- after a victim -------------------------------------------------------------------------------------
 */

TEST(KillNextStep, StopsAMarginAboveTheRowElseChoosesTheRowAnew)
{
    mm_kill_config config = shipped_config();
    const struct {
        const char *what;
        int series_row;
        uint64_t available_mib;
        int row; /* -1: stop */
    } rows[] = {
        {"at the margin", 4, 550, -1},
        {"just below the margin: the mildest row", 4, 549, 4},
        {"on the line: the mildest row", 4, 500, 4},
        {"below the line", 4, 450, 4},
        {"worse than before", 4, 150, 1},
        {"a low row is over at its own margin", 0, 150, -1},
        {"a low row, within its margin: the row of the reading", 0, 149, 1},
        {"a low row, far better", 0, 900, -1},
    };

    for (const auto &row : rows) {
        const mm_kill_level series = config.levels[row.series_row];
        const mm_kill_level *level = nullptr;
        mm_kill_next next = mm_kill_next_step(&config, &series, row.available_mib * MM_MIB, &level);

        EXPECT_EQ(next, row.row < 0 ? MM_KILL_NEXT_STOP : MM_KILL_NEXT_ANOTHER) << row.what;
        EXPECT_EQ(level, row.row < 0 ? nullptr : &config.levels[row.row]) << row.what;
    }
}

TEST(KillNextStep, StopsWhenSwitchedOffOrLeftWithoutRows)
{
    mm_kill_config config = shipped_config();
    const mm_kill_level series = config.levels[4];
    const mm_kill_level *level = nullptr;

    config.is_enabled = false;
    EXPECT_EQ(mm_kill_next_step(&config, &series, 0, &level), MM_KILL_NEXT_STOP);
    config.is_enabled = true;
    config.level_count = 0;
    EXPECT_EQ(mm_kill_next_step(&config, &series, 0, &level), MM_KILL_NEXT_STOP);
    EXPECT_EQ(level, nullptr);
}

TEST(KillSettled, WaitsForTheMemoryAndNoLonger)
{
    const struct {
        const char *what;
        uint64_t victim_mib, before_mib, available_mib;
        unsigned still_readings;
        bool expected;
    } rows[] = {
        {"all is back", 100, 400, 500, 0, true},
        {"nearly all is back", 100, 400, 490, 0, true},
        {"half is back and more comes", 100, 400, 450, 1, false},
        {"most is back and no more comes", 100, 400, 450, 2, true},
        {"less is back: it may only be beginning", 100, 400, 449, 9, false},
        {"less is back, and for long", 100, 400, 449, 10, true},
        {"nothing is back yet", 100, 400, 400, 2, false},
        {"somebody takes it as fast as it comes", 100, 400, 350, 10, true},
        {"somebody takes it, just now", 100, 400, 350, 9, false},
        {"a victim without memory", 0, 400, 400, 0, true},
    };

    for (const auto &row : rows)
        EXPECT_EQ(mm_kill_has_settled(row.victim_mib * MM_MIB, row.before_mib * MM_MIB,
                                      row.available_mib * MM_MIB, row.still_readings),
                  row.expected)
            << row.what;
}

} // namespace
