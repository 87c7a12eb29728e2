/* SPDX-License-Identifier: Apache-2.0 */
/* A world with priorityCompat upstream. */
#ifndef MM_TEST_UNIT_PRIORITY_UPSTREAM_WORLD_H
#define MM_TEST_UNIT_PRIORITY_UPSTREAM_WORLD_H

#include "priority_world.h"

class Upstream : public PriorityWorld
{
  protected:
    Upstream()
    {
        live_by(MM_PRIORITY_COMPAT_UPSTREAM);
    }

    /* A bundle of its own. */
    void own(pid_t pid, mm_application_reason then = MM_REASON_PROCESS_READY)
    {
        create(application(pid));
        report(then, application(pid));
    }

    static Application application(pid_t pid)
    {
        return {pid, kUid + static_cast<uid_t>(pid), "com.example." + std::to_string(pid)};
    }

    /* Nobody tells of it. */
    void write_file(pid_t pid, int value)
    {
        int written = 0;

        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, pid, 0, value, &written), 0);
    }

    int file(pid_t pid) const
    {
        return mm_simulated_oom_score_adj(kernel, pid);
    }

    void spawn_in(const char *group, pid_t pid)
    {
        mm_simulated_process process{};

        process.pid = pid;
        process.uid = kUid;
        process.comm = "process";
        process.group = group;
        process.anonymous_bytes = MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
    }

    bool is_known(pid_t pid) const
    {
        return mm_priority_manager_find(manager, pid) != nullptr;
    }
};

#endif
