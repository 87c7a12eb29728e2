/* SPDX-License-Identifier: Apache-2.0 */
/* Names of every length, taken and put back. */
#include "priority_manager/bundle_names.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace
{

class BundleNames : public testing::Test
{
  protected:
    static constexpr uint32_t PLACES = 200;

    BundleNames()
    {
        mm_bundle_names_init(&names);
    }

    ~BundleNames() override
    {
        mm_bundle_names_fini(&names);
    }

    void grow()
    {
        for (mm_object_pool &pool : names.pools)
            ASSERT_EQ(mm_object_pool_grow(&pool, PLACES), 0);
    }

    uint32_t free_places() const
    {
        return std::accumulate(
            std::begin(names.pools), std::end(names.pools), 0U,
            [](uint32_t sum, const mm_object_pool &pool) { return sum + pool.free_count; });
    }

    mm_bundle_names names;
};

TEST_F(BundleNames, EachIsKeptWholeInTheSmallestPlaceThatHoldsIt)
{
    std::vector<const char *> taken;

    grow();
    for (size_t length = 0; length < 128; length++) {
        const std::string text(length, (char)('a' + length % 26));
        size_t smallest = 0;

        while (names.pools[smallest].object_bytes <= length)
            smallest++;
        const uint32_t before = names.pools[smallest].free_count;
        taken.push_back(mm_bundle_names_take(&names, text.c_str()));
        ASSERT_NE(taken.back(), nullptr);
        EXPECT_EQ(names.pools[smallest].free_count, before - 1) << length;
    }
    /* none lies over another */
    for (size_t length = 0; length < 128; length++)
        EXPECT_EQ(taken[length], std::string(length, (char)('a' + length % 26)));
    for (const char *name : taken)
        mm_bundle_names_put(&names, name);
    for (const mm_object_pool &pool : names.pools)
        EXPECT_EQ(pool.free_count, PLACES);
}

TEST_F(BundleNames, ALongerOneIsCut)
{
    grow();
    const char *name = mm_bundle_names_take(&names, std::string(500, 'x').c_str());

    EXPECT_EQ(name, std::string(127, 'x'));
    mm_bundle_names_put(&names, name);
    EXPECT_EQ(free_places(), 3 * PLACES);
}

/* A place of another size is not given, as nobody would know where it belongs. */
TEST_F(BundleNames, WithoutAPlaceThereIsNone)
{
    EXPECT_EQ(mm_bundle_names_take(&names, "short"), nullptr);
    ASSERT_EQ(mm_object_pool_grow(&names.pools[2], 1), 0);
    EXPECT_EQ(mm_bundle_names_take(&names, "short"), nullptr);
    EXPECT_NE(mm_bundle_names_take(&names, std::string(100, 'x').c_str()), nullptr);
    EXPECT_EQ(mm_bundle_names_take(&names, std::string(100, 'x').c_str()), nullptr);
}

} // namespace
