/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/object_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <vector>

class ObjectPool : public ::testing::Test
{
  protected:
    static constexpr size_t FIRST_BYTES = 192, SECOND_BYTES = 128;

    ObjectPool()
    {
        mm_object_pool_init(&first, FIRST_BYTES, 0);
        mm_object_pool_init(&second, SECOND_BYTES, SECOND_BYTES / 2);
    }

    ~ObjectPool() override
    {
        mm_object_pool_fini(&second);
        mm_object_pool_fini(&first);
    }

    static void *beside(void *object)
    {
        return static_cast<char *>(object) + FIRST_BYTES;
    }

    mm_object_pool first, second;
};

TEST_F(ObjectPool, HasWhatItWasGiven)
{
    std::set<void *> taken;

    EXPECT_EQ(mm_object_pool_take(&first), nullptr);
    ASSERT_EQ(mm_object_pool_grow(&first, 3), 0);
    for (int i = 0; i < 3; i++)
        taken.insert(mm_object_pool_take(&first));
    EXPECT_EQ(taken.size(), 3U);
    EXPECT_EQ(taken.count(nullptr), 0U);
    EXPECT_EQ(mm_object_pool_take(&first), nullptr);
    EXPECT_EQ(first.free_count, 0U);
    EXPECT_EQ(first.total_count, 3U);
}

TEST_F(ObjectPool, ObjectsOfTwoPoolsLieSideBySide)
{
    std::set<void *> seconds;

    ASSERT_EQ(mm_object_pool_grow_both(&first, &second, 10), 0);
    EXPECT_EQ(second.free_count, 10U);
    for (int i = 0; i < 10; i++) {
        void *object = mm_object_pool_take(&first);

        ASSERT_NE(object, nullptr);
        mm_object_pool_take_this(&second, beside(object));
        seconds.insert(beside(object));
        memset(object, 0xff, FIRST_BYTES);
        memset(beside(object), 0xff, SECOND_BYTES);
    }
    EXPECT_EQ(seconds.size(), 10U);
    EXPECT_EQ(second.free_count, 0U);
    EXPECT_EQ(mm_object_pool_take(&second), nullptr);
}

/* From anywhere among the free ones; each is handed out once, and clean. */
TEST_F(ObjectPool, TakingOneOrTheOtherKeepsTheRest)
{
    static const char zeros[SECOND_BYTES] = {};
    std::mt19937 random(20261127);
    std::vector<void *> free_objects, taken;

    ASSERT_EQ(mm_object_pool_grow(&second, 50), 0);
    for (int i = 0; i < 50; i++)
        taken.push_back(mm_object_pool_take(&second));
    for (int step = 0; step < 5000; step++) {
        const bool is_back = free_objects.empty() || (!taken.empty() && random() % 2 == 0);
        std::vector<void *> &from = is_back ? taken : free_objects;
        const size_t index = random() % from.size();
        void *object = from[index];

        if (is_back) {
            memset(object, 0xff, SECOND_BYTES);
            mm_object_pool_put(&second, object);
            free_objects.push_back(object);
        } else {
            mm_object_pool_take_this(&second, object);
            ASSERT_EQ(memcmp(object, zeros, SECOND_BYTES), 0);
            taken.push_back(object);
        }
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
        ASSERT_EQ(second.free_count, free_objects.size());
    }
    std::set<void *> left(free_objects.begin(), free_objects.end()), found;

    while (void *object = mm_object_pool_take(&second))
        found.insert(object);
    EXPECT_EQ(found, left);
}
