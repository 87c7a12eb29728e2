// SPDX-License-Identifier: Apache-2.0
// What the Linux implementation is told by the kernel, over trees of plain files.
#ifndef MM_TEST_UNIT_WAKE_FAKE_H
#define MM_TEST_UNIT_WAKE_FAKE_H

#include "fake_machine.h"

#include <poll.h>

inline mm_wake_request request(mm_wake_kind kind, mm_group *group = nullptr)
{
    mm_wake_request made = {};

    made.kind = kind;
    made.group = group;
    return made;
}

class Wake
{
  public:
    Wake(const FakeMachine &machine, mm_wake_request request) : machine_(machine)
    {
        result = machine.ops()->open_wake(machine.kernel(), &request, &wake);
        if (result == 0)
            fd = machine.ops()->wake_fd(machine.kernel(), wake, &events);
    }
    ~Wake()
    {
        machine_.ops()->close_wake(machine_.kernel(), wake);
    }
    Wake(const Wake &) = delete;
    Wake &operator=(const Wake &) = delete;
    int take() const
    {
        return machine_.ops()->take_wake(machine_.kernel(), wake);
    }
    bool move(uint64_t line_bytes)
    {
        return machine_.ops()->move_wake(machine_.kernel(), wake, line_bytes, &cover);
    }
    // Until it is ready, and what is taken then.
    int await() const
    {
        pollfd ready = {fd, POLLIN | POLLPRI, 0};

        EXPECT_EQ(poll(&ready, 1, 20000), 1);
        return take();
    }

    int result;
    int fd = -1;
    uint32_t events = 0;
    mm_wake *wake = nullptr;
    mm_wake_cover cover = {};

  private:
    const FakeMachine &machine_;
};

#endif
