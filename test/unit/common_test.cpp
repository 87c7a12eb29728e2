// SPDX-License-Identifier: Apache-2.0
// The list, RAM, and descriptors that are closed: at the end of a block, aside, all at once.
#include "common/common.h"
#include "common/ram.h"
#include "common/slow_close.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <vector>

namespace
{

TEST(Ram, IsWhatTheMachineHas)
{
    EXPECT_GT(mm_ram_bytes(), 16 * MM_MIB);
    EXPECT_EQ(mm_ram_bytes() % 4096, 0U);
}

TEST(List, KeepsOrderAndSurvivesRemovalWhileWalking)
{
    struct item {
        int number;
        struct mm_list link;
    } items[4] = {};
    struct mm_list head;
    std::vector<int> seen;

    mm_list_init(&head);
    EXPECT_TRUE(mm_list_is_empty(&head));
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        mm_list_init(&items[i].link);
        EXPECT_FALSE(mm_list_is_linked(&items[i].link));
    }
    mm_list_push_back(&head, &items[1].link);
    mm_list_push_back(&head, &items[2].link);
    mm_list_push_front(&head, &items[0].link);
    mm_list_insert_after(&items[2].link, &items[3].link);
    MM_LIST_FOR_EACH (link, &head) {
        struct item *present = MM_CONTAINER_OF(link, struct item, link);

        seen.push_back(present->number);
        if (present->number % 2 == 0)
            mm_list_remove(link);
    }
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3}));
    EXPECT_FALSE(mm_list_is_linked(&items[2].link));
    mm_list_remove(&items[2].link);
    EXPECT_EQ(head.next, &items[1].link);
    EXPECT_EQ(head.previous, &items[3].link);
}

// A read end sees the end of the pipe when the last write end is closed.
TEST(SlowClose, EverythingIsClosedAtTheJoinHoweverMuchItIs)
{
    struct mm_slow_closer closer = {};
    int ends[3 * MM_SLOW_CLOSE_MAX][2];
    char byte;

    for (auto &pair : ends)
        ASSERT_EQ(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
    for (auto &pair : ends)
        mm_slow_close(&closer, pair[1]);
    mm_slow_close_join(&closer);
    mm_slow_close_join(&closer);
    for (auto &pair : ends) {
        EXPECT_EQ(read(pair[0], &byte, 1), 0);
        close(pair[0]);
    }
}

TEST(SlowClose, AsideIsClosedSoon)
{
    int ends[2];

    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    mm_slow_close_aside(ends[1]);
    struct pollfd hung_up = {ends[0], POLLIN, 0};
    EXPECT_EQ(poll(&hung_up, 1, 20000), 1);
    close(ends[0]);
}

TEST(Cleanup, TakenDescriptorStaysOpen)
{
    int taken = -1;
    int closed = -1;

    {
        MM_CLEANUP_CLOSE int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
        MM_CLEANUP_CLOSE int dropped = open("/dev/null", O_RDONLY | O_CLOEXEC);

        closed = dropped;
        taken = mm_take_fd(&kept);
        EXPECT_EQ(kept, -1);
    }
    EXPECT_GE(fcntl(taken, F_GETFD), 0);
    EXPECT_EQ(fcntl(closed, F_GETFD), -1);
    (void)close(taken);
}

} // namespace
