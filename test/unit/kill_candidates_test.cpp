/* SPDX-License-Identifier: Apache-2.0 */
/* The search for candidates among many, against what its header says done the slow way: bundle by bundle. */
#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "kill_strategy/candidates.h"
#include "priority_manager/priority_order.h"
#pragma GCC diagnostic pop

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace
{

constexpr uint64_t NOW_NS = 1000 * MM_NS_PER_S;
constexpr unsigned SEED = 20261127;

using Found = std::vector<mm_bundle *>;

struct Expected {
    Found candidates;
    const mm_priority_entry *rest = nullptr;
    bool is_by_use = false;
    unsigned refused[MM_KILL_REFUSAL_COUNT] = {};
};

class KillCandidates : public ::testing::Test
{
  protected:
    KillCandidates() : random(SEED)
    {
        EXPECT_EQ(mm_priority_list_init(&list), 0);
    }

    ~KillCandidates() override
    {
        mm_priority_list_fini(&list);
    }

    unsigned below(unsigned end)
    {
        return static_cast<unsigned>(random() % end);
    }

    template <typename T> T one_of(std::initializer_list<T> values)
    {
        return values.begin()[below(static_cast<unsigned>(values.size()))];
    }

    void randomize_config()
    {
        config = {};
        config.order = one_of(
            {MM_ORDER_OLDEST_USE, MM_ORDER_NEWEST_USE, MM_ORDER_HEAVIEST, MM_ORDER_OLDEST, MM_ORDER_NEWEST});
        config.heaviest_from_priority = one_of({-1000, 0, 200, 1000});
        config.unregistered_policy =
            one_of({MM_UNREGISTERED_NEVER, MM_UNREGISTERED_RAISED, MM_UNREGISTERED_ANY});
        config.reread_candidates = one_of({0u, 1u, 3u, 8u, 100u});
        config.unregistered_min_bytes = one_of<uint64_t>({0, 1, 3 * MM_KIB, 4 * MM_KIB});
        level = {100 * MM_MIB, one_of({-1000, 0, 1, 200, 400})};
        set_order();
    }

    void set_order()
    {
        const mm_priority_order order = mm_priority_order_of(&config);

        mm_priority_list_set_order(&list, &order);
    }

    /* Sizes of which many are equal; few priorities, so that some buckets are large. */
    void fill(unsigned count)
    {
        const int priorities = one_of({1, 3, 12});
        const bool are_all_registered = below(3) == 0;

        bundles = std::vector<mm_bundle>(count);
        ASSERT_EQ(mm_priority_list_reserve(&list, count), 0);
        for (mm_bundle &bundle : bundles) {
            bundle.process_count = below(20) > 0;
            bundle.is_registered = are_all_registered || below(3) == 0;
            bundle.resident_bytes = below(8) * MM_KIB;
            bundle.started_ticks = below(8);
            bundle.set_aside_until_ns = below(8) == 0 ? one_of({NOW_NS - 1, NOW_NS, NOW_NS + 1}) : 0;
            mm_priority_entry_init(&bundle.entry);
            put(&bundle, any_priority(priorities));
        }
        for (unsigned i = 0; i < count; i++) {
            mm_bundle *bundle = &bundles[below(count)];

            if (below(3) == 0)
                mm_priority_list_touch(&list, &bundle->entry);
            else
                mm_priority_list_move(&list, &bundle->entry, any_priority(priorities));
        }
        for (unsigned i = 0; i < count / 10; i++)
            mm_priority_list_remove(&list, &bundles[below(count)].entry);
    }

    void put(mm_bundle *bundle, int priority)
    {
        ASSERT_EQ(mm_priority_list_insert(&list, &bundle->entry, priority, nullptr), 0);
        mm_bundle_describe(&list, bundle);
    }

    int any_priority(int priorities)
    {
        static const int values[] = {200, 0, 800, -1000, 400, 1, -999, 100, 1000, 201, -1, 600};

        return values[below(static_cast<unsigned>(priorities))];
    }

    void empty()
    {
        for (mm_bundle &bundle : bundles)
            mm_priority_list_remove(&list, &bundle.entry);
    }

    bool is_by_use(const mm_bundle *bundle) const
    {
        return bundle->is_registered && config.order != MM_ORDER_HEAVIEST &&
               bundle->entry.priority > config.heaviest_from_priority;
    }

    bool goes_before(const mm_bundle *a, const mm_bundle *b) const
    {
        const bool is_a_worth = a->is_registered || a->resident_bytes >= config.unregistered_min_bytes;
        const bool is_b_worth = b->is_registered || b->resident_bytes >= config.unregistered_min_bytes;

        return is_a_worth != is_b_worth ? is_a_worth : a->resident_bytes > b->resident_bytes;
    }

    /* Of those in the order of their use. */
    mm_bundle *choose_by_time(const Found &by_use) const
    {
        const auto is_older = [](const mm_bundle *a, const mm_bundle *b) {
            return a->started_ticks < b->started_ticks;
        };

        switch (config.order) {
        case MM_ORDER_NEWEST_USE:
            return by_use.back();
        case MM_ORDER_OLDEST:
            return *std::min_element(by_use.begin(), by_use.end(), is_older);
        case MM_ORDER_NEWEST:
            return *std::max_element(by_use.begin(), by_use.end(), is_older);
        default:
            return by_use.front();
        }
    }

    /* Of those of one priority that may die, in the order of the list. */
    Found choose_among(const Found &allowed, Expected &expected) const
    {
        Found by_use, by_size = allowed;
        const size_t limit = std::min<size_t>(std::max<size_t>(config.reread_candidates, 1), 8);

        std::copy_if(allowed.begin(), allowed.end(), std::back_inserter(by_use),
                     [this](const mm_bundle *bundle) { return is_by_use(bundle); });
        expected.is_by_use = !by_use.empty();
        if (expected.is_by_use)
            return {choose_by_time(by_use)};
        std::stable_sort(by_size.begin(), by_size.end(),
                         [this](const mm_bundle *a, const mm_bundle *b) { return goes_before(a, b); });
        by_size.resize(std::min(limit, by_size.size()));
        return by_size;
    }

    Expected expect(const mm_priority_entry *from) const
    {
        const mm_priority_entry *entry = from ? from : mm_priority_list_first(&list);
        Expected expected;

        while (entry && expected.candidates.empty()) {
            const int priority = entry->priority;
            Found allowed;

            if (priority == MM_PRIORITY_SYSTEM || priority < level.min_priority) {
                expected
                    .refused[priority == MM_PRIORITY_SYSTEM ? MM_KILL_NEVER : MM_KILL_BELOW_MIN_PRIORITY]++;
                return expected;
            }
            for (; entry && entry->priority == priority; entry = mm_priority_list_next(&list, entry)) {
                mm_bundle *bundle = MM_BUNDLE_OF(entry);
                const mm_kill_refusal refusal = mm_kill_check(&config, &level, bundle, NOW_NS);

                expected.refused[refusal]++;
                if (refusal == MM_KILL_ALLOWED)
                    allowed.push_back(bundle);
            }
            if (!allowed.empty())
                expected.candidates = choose_among(allowed, expected);
        }
        if (!expected.candidates.empty() && !expected.is_by_use)
            expected.rest = entry;
        return expected;
    }

    /* From the least important on, as long as there are any. */
    void check(unsigned round)
    {
        const mm_priority_entry *from = nullptr;

        do {
            const Expected expected = expect(from);
            mm_kill_candidates found;

            mm_kill_collect(&config, &level, &list, from, NOW_NS, &found);
            ASSERT_EQ(Found(found.bundles, found.bundles + found.count), expected.candidates)
                << "seed " << SEED << " round " << round;
            ASSERT_EQ(found.rest, expected.rest) << "seed " << SEED << " round " << round;
            if (!expected.is_by_use) {
                ASSERT_EQ(std::vector<unsigned>(found.refused, found.refused + MM_KILL_REFUSAL_COUNT),
                          std::vector<unsigned>(expected.refused, expected.refused + MM_KILL_REFUSAL_COUNT))
                    << "seed " << SEED << " round " << round;
            }
            from = found.rest;
        } while (from);
    }

    std::mt19937 random;
    mm_priority_list list;
    std::vector<mm_bundle> bundles;
    mm_kill_config config = {};
    mm_kill_level level = {};
};

TEST_F(KillCandidates, AreThoseOfALookAtEveryBundle)
{
    for (unsigned round = 0; round < 3000 && !HasFatalFailure(); round++) {
        randomize_config();
        fill(one_of({1u, 5u, 16u, 17u, 40u, 300u}));
        check(round);
        empty();
    }
}

/* What a key says is as of the last change that was told; what it does not know must not kill. */
TEST_F(KillCandidates, ABundleThatKnowsBetterThanItsKeyIsPassedOver)
{
    config.unregistered_policy = MM_UNREGISTERED_ANY;
    config.heaviest_from_priority = 1000;
    config.reread_candidates = 8;
    level = {100 * MM_MIB, 0};
    set_order();
    bundles = std::vector<mm_bundle>(3);
    ASSERT_EQ(mm_priority_list_reserve(&list, 3), 0);
    for (mm_bundle &bundle : bundles) {
        bundle.process_count = 1;
        bundle.is_registered = true;
        put(&bundle, 400);
    }
    bundles[0].process_count = 0;
    bundles[1].set_aside_until_ns = NOW_NS + 1;
    mm_kill_candidates found;

    mm_kill_collect(&config, &level, &list, nullptr, NOW_NS, &found);
    EXPECT_EQ(Found(found.bundles, found.bundles + found.count), (Found{&bundles[2]}));
    EXPECT_EQ(found.refused[MM_KILL_EMPTY], 1u);
    EXPECT_EQ(found.refused[MM_KILL_SET_ASIDE], 1u);
    EXPECT_EQ(found.refused[MM_KILL_ALLOWED], 1u);
    EXPECT_EQ(found.walked, 3u);
}

} // namespace
