/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated machine with a priority manager on it: what the tests of the priority manager share. */
#ifndef MM_TEST_UNIT_PRIORITY_WORLD_H
#define MM_TEST_UNIT_PRIORITY_WORLD_H

#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/event_center.h"
#pragma GCC diagnostic pop
#include "kernel_interface/simulated_kernel.h"
#include "priority_manager/priority_manager.h"
#include "priority_manager/priority_order.h"

#include "list_check.h"
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <tuple>
#include <vector>

/* uid 20010001 is in account 100: upstream's tests use it. */
constexpr uid_t kUid = 20010001;
constexpr const char *kBundle = "com.example.application";
constexpr uint64_t kSecondNs = MM_NS_PER_S;

constexpr pid_t kOwnPid = 99;

class PriorityWorld : public ::testing::Test
{
  public:
    struct Application {
        pid_t pid;
        uid_t uid = kUid;
        std::string bundle = kBundle;
        std::string process = "";
        int64_t account = -1;
        pid_t caller = 0;
        uid_t caller_uid = 0;
        uint64_t start_time_ticks = 0;
    };

    PriorityWorld()
    {
        config.reclaim_priority.new_process_grace_ms = 15000;
        config.reclaim_priority.ability_start_ms = 10000;
        config.reclaim_priority.dead_check_ms = 180000;
    }

    /* Before the manager is there. */
    void live_by(mm_priority_compat compat)
    {
        config.reclaim_priority.compat = compat;
    }

    bool is_upstream() const
    {
        return config.reclaim_priority.compat == MM_PRIORITY_COMPAT_UPSTREAM;
    }

    void SetUp() override
    {
        start_machine();
        start_manager();
    }

    void start_machine()
    {
        mm_simulated_machine machine{};

        machine.own_pid = kOwnPid;
        machine.ram_bytes = ram_bytes;
        machine.domain_group = domain_group;
        machine.scan_ns = scan_ns;
        machine.lacks[MM_FEATURE_OOM_SCORE_ADJ_LOWER] = lacks_lowering;
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
    }

    void start_manager()
    {
        ASSERT_EQ(mm_event_center_new(kernel, &center), 0);
        ASSERT_EQ(
            mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_PRIORITY, on_priority, this),
            0);
        ASSERT_EQ(mm_priority_manager_new(kernel, center, &config, &manager), 0);
    }

    void stop_manager()
    {
        if (manager)
            expect_keys_of_bundles(mm_priority_manager_list(manager));
        mm_priority_manager_free(manager);
        mm_event_center_free(center);
        manager = nullptr;
        center = nullptr;
    }

    void TearDown() override
    {
        stop_manager();
        mm_kernel_free(kernel);
    }

    /* Names in the configuration live as long as the world. */
    void set_residents(const std::vector<std::string> &names)
    {
        resident_names = names;
        residents.clear();
        for (std::string &name : resident_names)
            residents.push_back(name.data());
        config.reclaim_priority.killable_system_apps = residents.data();
        config.reclaim_priority.killable_system_app_count = residents.size();
    }

    void set_system_apps(const std::vector<std::string> &names)
    {
        system_names = names;
        system_apps.clear();
        for (std::string &name : system_names)
            system_apps.push_back(name.data());
        config.reclaim_priority.system_apps = system_apps.data();
        config.reclaim_priority.system_app_count = system_apps.size();
    }

    void set_important(const std::string &name, int floor)
    {
        important_name = name;
        important = {important_name.data(), floor};
        config.reclaim_priority.important_apps = &important;
        config.reclaim_priority.important_app_count = 1;
    }

    void publish_config()
    {
        mm_event event{};

        event.kind = MM_EVENT_CONFIG;
        event.payload.config = &config;
        mm_event_center_publish(center, &event);
    }

    void spawn(pid_t pid, uid_t uid = kUid, int oom_score_adj = 0, const char *comm = "process")
    {
        mm_simulated_process process{};

        process.pid = pid;
        process.uid = uid;
        process.comm = comm;
        process.oom_score_adj = oom_score_adj;
        process.anonymous_bytes = MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
    }

    /* reason: mm_application_reason, or nonsense */
    void report(int reason, const Application &application, uint64_t time_ns = 0)
    {
        mm_event event{};
        mm_event_application &payload = event.payload.application;

        event.kind = MM_EVENT_APPLICATION;
        event.time_ns = time_ns;
        event.pid = application.pid;
        event.uid = application.uid;
        std::memcpy(&payload.reason, &reason, sizeof(payload.reason));
        payload.account_id = application.account;
        mm_copy_text(payload.name, sizeof(payload.name), application.bundle.c_str());
        mm_copy_text(payload.process_name, sizeof(payload.process_name), application.process.c_str());
        payload.caller_pid = application.caller;
        payload.caller_uid = application.caller_uid;
        payload.start_time_ticks = application.start_time_ticks;
        mm_event_center_publish(center, &event);
    }

    void create(const Application &application)
    {
        if (!mm_simulated_is_alive(kernel, application.pid))
            spawn(application.pid, application.uid);
        report(MM_REASON_CREATE_PROCESS, application);
    }

    void bind(pid_t caller, pid_t target)
    {
        Application application{target};

        application.caller = caller;
        report(MM_REASON_BIND_EXTENSION, application);
    }

    void unbind(pid_t caller, pid_t target)
    {
        Application application{target};

        application.caller = caller;
        report(MM_REASON_UNBIND_EXTENSION, application);
    }

    /* change: mm_account_change, or nonsense */
    void switch_account(int64_t id, int change)
    {
        mm_event event{};

        event.kind = MM_EVENT_ACCOUNT;
        event.payload.account.account_id = id;
        std::memcpy(&event.payload.account.change, &change, sizeof(change));
        mm_event_center_publish(center, &event);
    }

    void publish(mm_event_kind kind, pid_t pid = 0, int oom_score_adj = 0, uint64_t start_time_ticks = 0)
    {
        mm_event event{};

        event.kind = kind;
        event.pid = pid;
        event.payload.process.oom_score_adj = oom_score_adj;
        event.payload.process.start_time_ticks = start_time_ticks;
        mm_event_center_publish(center, &event);
    }

    void advance_s(uint64_t seconds)
    {
        uint64_t end_ns = kernel->ops->now_ns(kernel) + seconds * kSecondNs;

        while (kernel->ops->now_ns(kernel) < end_ns) {
            uint64_t now_ns = kernel->ops->now_ns(kernel);
            uint64_t next_ns = MM_MAX(MM_MIN(mm_event_center_next_deadline_ns(center), end_ns), now_ns + 1);

            mm_simulated_advance(kernel, next_ns - now_ns);
            mm_event_center_step(center);
        }
    }

    /* MM_PRIORITY_NONE when it is not known. */
    int priority(pid_t pid) const
    {
        const mm_process *process = mm_priority_manager_find(manager, pid);

        return process ? process->priority : MM_PRIORITY_NONE;
    }

    int bundle_priority(pid_t pid) const
    {
        const mm_process *process = mm_priority_manager_find(manager, pid);

        return process ? process->bundle->entry.priority : MM_PRIORITY_NONE;
    }

    std::string why(pid_t pid) const
    {
        char text[512];
        const mm_process *process = mm_priority_manager_find(manager, pid);

        return process ? mm_priority_manager_explain(manager, process, text, sizeof(text)) : "unknown";
    }

    uint64_t ticks_of(pid_t pid) const
    {
        mm_process_info info{};

        EXPECT_EQ(kernel->ops->read_process(kernel, pid, MM_PROCESS_STAT, &info), 0);
        return info.start_time_ticks;
    }

    const mm_priority_counters &counters() const
    {
        return *mm_priority_manager_counters(manager);
    }

    /* First pids of the bundles, the first victim first. */
    std::vector<pid_t> order() const
    {
        const mm_priority_list *list = mm_priority_manager_list(manager);
        std::vector<pid_t> pids;

        for (mm_priority_entry *entry = mm_priority_list_first(list); entry;
             entry = mm_priority_list_next(list, entry)) {
            const mm_bundle *bundle = MM_BUNDLE_OF(entry);

            pids.push_back(MM_CONTAINER_OF(bundle->processes.next, mm_process, bundle_link)->pid);
        }
        return pids;
    }

    /* The same by the order of equals that is configured: whom the killer takes first. */
    std::vector<pid_t> victims() const
    {
        mm_priority_walk walk;
        std::vector<pid_t> pids;

        mm_priority_walk_begin(&walk, mm_priority_manager_list(manager));
        while (mm_priority_entry *entry = mm_priority_walk_next(&walk)) {
            const mm_bundle *bundle = MM_BUNDLE_OF(entry);

            pids.push_back(MM_CONTAINER_OF(bundle->processes.next, mm_process, bundle_link)->pid);
        }
        return pids;
    }

    uint64_t ram_bytes = 4 * MM_GIB;
    const char *domain_group = nullptr;
    uint64_t scan_ns = 0;
    bool lacks_lowering = false; /* of oom_score_adj below 0 */
    mm_config config{};
    mm_kernel *kernel = nullptr;
    mm_event_center *center = nullptr;
    mm_priority_manager *manager = nullptr;
    std::vector<mm_event_priority> announced;

  private:
    static void on_priority(const mm_event *event, void *user)
    {
        static_cast<PriorityWorld *>(user)->announced.push_back(event->payload.priority);
    }

    std::vector<std::string> resident_names;
    std::vector<char *> residents;
    std::string important_name;
    mm_important_app important{};
    std::vector<std::string> system_names;
    std::vector<char *> system_apps;
};

/* Each row in both modes: the parameter is a row and the mode. */
template <typename Rows> auto in_both_modes(const Rows &rows)
{
    return ::testing::Combine(::testing::ValuesIn(rows),
                              ::testing::Values(MM_PRIORITY_COMPAT_NONE, MM_PRIORITY_COMPAT_UPSTREAM));
}

template <typename Row>
std::string name_in_both_modes(const ::testing::TestParamInfo<std::tuple<Row, mm_priority_compat>> &info)
{
    bool is_upstream = std::get<1>(info.param) == MM_PRIORITY_COMPAT_UPSTREAM;

    return std::string(is_upstream ? "upstream_" : "ours_") + std::get<0>(info.param).name;
}

#endif
