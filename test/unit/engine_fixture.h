/* SPDX-License-Identifier: Apache-2.0 */
/* The whole engine over a simulated machine of 2 GiB with the shipped kill table, driven in virtual time. */
#ifndef MM_TEST_UNIT_ENGINE_FIXTURE_H
#define MM_TEST_UNIT_ENGINE_FIXTURE_H

#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "service/daemon/engine.h"
#pragma GCC diagnostic pop
#include "kernel_interface/simulated_kernel.h"

#include "list_check.h"
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

constexpr uint64_t MIB = MM_MIB;
constexpr uint64_t SECOND = MM_NS_PER_S;
constexpr uint64_t MILLISECOND = MM_NS_PER_MS;

class EngineTest : public testing::Test
{
  protected:
    EngineTest()
    {
        machine.ram_bytes = 2048 * MIB;
        machine.own_pid = 2;
        config = test_config();
    }

    /* As built in, but that each test switches on what it is about. */
    static mm_config *test_config()
    {
        mm_config *made = mm_config_new();

        made->squeeze.is_enabled = false;
        made->pressure_trigger_count = 0;
        return made;
    }

    ~EngineTest() override
    {
        /* what the test gave them to look at is gone */
        on_event = nullptr;
        after_step = nullptr;
        end();
        mm_config_free(config);
    }

    /* ---- the machine ---------------------------------------------------------------------------------- */

    void make_machine()
    {
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
    }

    /* wrap: a kernel around the simulated one, for the engine alone; owns it. */
    void start(const std::function<mm_kernel *(mm_kernel *)> &wrap = nullptr)
    {
        simulated = kernel;
        if (wrap)
            kernel = wrap(kernel);
        ASSERT_EQ(mm_engine_new(kernel, config, 400 * MIB, &engine), 0);
        ASSERT_EQ(mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, ~0u, hear, this), 0);
        ASSERT_EQ(mm_engine_start(engine), 0);
        step();
    }

    void begin()
    {
        make_machine();
        start();
    }

    mm_simulated_process process(pid_t pid, uint64_t bytes, const char *group = nullptr)
    {
        mm_simulated_process wanted = {};

        wanted.pid = pid;
        wanted.ppid = 1;
        wanted.uid = 10000 + static_cast<uid_t>(pid);
        wanted.comm = "process";
        wanted.group = group;
        wanted.anonymous_bytes = bytes;
        return wanted;
    }

    void spawn(const mm_simulated_process &wanted)
    {
        ASSERT_EQ(mm_simulated_spawn(machine_kernel(), &wanted), 0) << wanted.pid;
    }

    void spawn(pid_t pid, uint64_t bytes, const char *group = nullptr)
    {
        spawn(process(pid, bytes, group));
    }

    mm_kernel *machine_kernel() const
    {
        return simulated ? simulated : kernel;
    }

    bool is_alive(pid_t pid) const
    {
        return mm_simulated_is_alive(machine_kernel(), pid);
    }

    uint64_t now_ns() const
    {
        return machine_kernel()->ops->now_ns(machine_kernel());
    }

    uint64_t available() const
    {
        mm_memory_state memory = {};

        EXPECT_EQ(machine_kernel()->ops->read_memory(machine_kernel(), &memory), 0);
        return memory.available_bytes;
    }

    /* Leaves that much available, by a process of no account. */
    void fill_until(uint64_t available_bytes, pid_t pid = 9999)
    {
        mm_simulated_process filler = process(pid, available() - available_bytes);

        filler.oom_score_adj = -1000;
        spawn(filler);
    }

    /* Makes the engine look at memory now. */
    void press()
    {
        mm_waterline_source_check(engine->waterline);
    }

    /* Leaves that much at once, faster than the watch was told that it can happen: a pressure trigger tells of it. */
    void crowd(uint64_t available_bytes, pid_t pid = 9999)
    {
        fill_until(available_bytes, pid);
        press();
    }

    /* ---- applications --------------------------------------------------------------------------------- */

    void report(pid_t pid, mm_application_reason reason, const std::string &name)
    {
        mm_event event = {};

        event.kind = MM_EVENT_APPLICATION;
        event.pid = pid;
        event.uid = 10000 + static_cast<uid_t>(pid / 10 * 10);
        event.payload.application.reason = reason;
        event.payload.application.account_id = -1;
        mm_copy_text(event.payload.application.name, sizeof(event.payload.application.name), name.c_str());
        mm_event_center_publish(engine->center, &event);
    }

    /* The events that bring a process to that priority. */
    void move(pid_t pid, int priority, const std::string &name)
    {
        const struct {
            int priority;
            mm_application_reason reason;
        } ways[] = {
            {0, MM_REASON_FOREGROUND},
            {100, MM_REASON_SUSPEND_DELAY_START},
            {200, MM_REASON_BACKGROUND_RUNNING_START},
            {260, MM_REASON_DIST_DEVICE_CONNECTED},
            {800, MM_REASON_APPLICATION_SUSPEND},
        };

        if (priority != 0)
            report(pid, MM_REASON_BACKGROUND, name);
        for (const auto &way : ways)
            if (way.priority == priority)
                report(pid, way.reason, name);
        ASSERT_EQ(priority_of(pid), priority) << name;
    }

    /* Pids of one application share all but the last digit, and so the uid. */
    void add_application(pid_t pid, int priority, uint64_t bytes, const std::string &name,
                         const char *group = nullptr, uint64_t exit_delay_ms = 0)
    {
        mm_simulated_process wanted = process(pid, bytes, group);

        wanted.uid = 10000 + static_cast<uid_t>(pid / 10 * 10);
        wanted.comm = name.c_str();
        wanted.exit_delay_ms = exit_delay_ms;
        spawn(wanted);
        report(pid, MM_REASON_CREATE_PROCESS, name);
        move(pid, priority, name);
    }

    /* One of each priority of 150 MiB, named by it, on a machine of their own. */
    void begin_with_six(uint64_t exit_delay_ms = 0)
    {
        const struct {
            pid_t pid;
            int priority;
        } six[] = {{1010, 0}, {1020, 100}, {1030, 200}, {1040, 260}, {1050, 400}, {1060, 800}};

        begin();
        for (const auto &one : six)
            add_application(one.pid, one.priority, 150 * MIB, std::to_string(one.priority), nullptr,
                            exit_delay_ms);
    }

    /* Fills at a rate until it holds that much; nobody may kill it. */
    void let_hog_grow(uint64_t limit_bytes, uint64_t bytes_per_s = 200 * MIB)
    {
        mm_simulated_process hog = process(HOG, MIB);

        hog.oom_score_adj = -1000;
        hog.growth_bytes_per_s = bytes_per_s;
        hog.growth_limit_bytes = limit_bytes;
        spawn(hog);
    }

    int priority_of(pid_t pid) const
    {
        const mm_process *found = mm_priority_manager_find(engine->manager, pid);

        return found ? found->bundle->entry.priority : MM_PRIORITY_NONE;
    }

    /* ---- time ----------------------------------------------------------------------------------------- */

    void step()
    {
        mm_event_center_step(engine->center);
        if (after_step)
            after_step();
    }

    void run_until(uint64_t end_ns)
    {
        unsigned turns_without_time = 0;

        while (now_ns() < end_ns && !HasFatalFailure()) {
            uint64_t before_ns = now_ns();
            uint64_t next_ns = std::min(mm_event_center_next_deadline_ns(engine->center), end_ns);

            if (next_ns > before_ns)
                mm_simulated_advance(machine_kernel(), next_ns - before_ns);
            step();
            turns_without_time = now_ns() == before_ns ? turns_without_time + 1 : 0;
            ASSERT_LT(turns_without_time, 1000u) << "the loop turns without end at " << before_ns;
        }
    }

    void run_for(uint64_t duration_ns)
    {
        run_until(now_ns() + duration_ns);
    }

    /* False when it did not come true in that time. */
    bool run_until_true(uint64_t limit_ns, const std::function<bool()> &condition)
    {
        uint64_t end_ns = now_ns() + limit_ns;

        while (!condition() && now_ns() < end_ns && !HasFatalFailure())
            run_for(MILLISECOND);
        return condition();
    }

    void expect_at_rest()
    {
        EXPECT_FALSE(is_killing());
        EXPECT_EQ(counts[MM_EVENT_KILL_BEGIN], counts[MM_EVENT_KILL_END]);
    }

    /* ---- what happened -------------------------------------------------------------------------------- */

    static void hear(const mm_event *event, void *user)
    {
        auto *self = static_cast<EngineTest *>(user);

        self->counts[event->kind]++;
        if (self->on_event)
            self->on_event(*event);
    }

    std::vector<mm_kill_record> records() const
    {
        std::vector<mm_kill_record> all;

        for (unsigned i = 0; const mm_kill_record *record = mm_kill_strategy_record(engine->kill, i); i++)
            all.insert(all.begin(), *record);
        return all;
    }

    std::vector<std::string> killed() const
    {
        std::vector<std::string> names;

        for (const mm_kill_record &record : records())
            names.emplace_back(record.name);
        return names;
    }

    std::vector<mm_decision_entry> decisions() const
    {
        std::vector<mm_decision_entry> all;

        for (unsigned i = 0; const mm_decision_entry *entry = mm_decision_log_at(engine->decisions, i); i++)
            all.insert(all.begin(), *entry);
        return all;
    }

    bool was_decided(const std::string &action, const std::string &part_of_reason) const
    {
        for (const mm_decision_entry &entry : decisions())
            if (action == entry.decision.action &&
                std::string(entry.decision.reason).find(part_of_reason) != std::string::npos)
                return true;
        return false;
    }

    bool is_killing() const
    {
        mm_kill_status status = {};

        mm_kill_strategy_status(engine->kill, &status);
        return status.is_killing;
    }

    /* Another engine on another machine, with the built-in configuration again. */
    void end()
    {
        if (engine && engine->manager)
            expect_keys_of_bundles(mm_priority_manager_list(engine->manager));
        mm_engine_free(engine, 100);
        if (!engine)
            mm_config_free(config);
        mm_kernel_free(kernel);
        engine = nullptr;
        kernel = simulated = nullptr;
        config = test_config();
        std::fill(std::begin(counts), std::end(counts), 0);
    }

    static constexpr pid_t HOG = 5000;

    mm_simulated_machine machine = {};
    mm_kernel *kernel = nullptr;    /* the engine's */
    mm_kernel *simulated = nullptr; /* the machine, where another is around it or the same */
    mm_config *config = nullptr;    /* the engine's, once it is there */
    mm_engine *engine = nullptr;
    uint64_t counts[MM_EVENT_KIND_COUNT] = {};
    std::function<void(const mm_event &)> on_event;
    std::function<void()> after_step;
};

#endif
