/* SPDX-License-Identifier: Apache-2.0 */
/* Why a process has its number: `memmgrctl list --why` in all its words. */
#include "priority_world.h"

#include <ostream>

namespace
{

constexpr uid_t kOther = 101 * MM_ACCOUNT_UIDS + 7;

class ExplainWorld : public PriorityWorld
{
  public:
    void own(pid_t pid, mm_application_reason then, uid_t uid = kUid)
    {
        create({pid, uid, "com.example." + std::to_string(pid)});
        report(then, {pid, uid});
    }

    void render(pid_t pid, pid_t owner)
    {
        Application application{pid, kUid, ""};

        application.caller = owner;
        spawn(pid);
        report(MM_REASON_RENDER_CREATE_PROCESS, application);
    }

    void write(pid_t pid, int oom_score_adj)
    {
        int written = 0;

        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, pid, 0, oom_score_adj, &written), 0);
        publish(MM_EVENT_OOM_SCORE_ADJ, pid, oom_score_adj);
    }

    void exit(pid_t pid)
    {
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
        publish(MM_EVENT_PROCESS_EXITED, pid);
    }

    /* What only the configuration says, before anybody comes. */
    void configure(const char *resident, const char *system, const char *process = nullptr, int floor = 0)
    {
        if (resident)
            set_residents({resident});
        if (system)
            set_system_apps({system});
        if (process)
            set_important(process, floor);
        publish_config();
    }
};

/* Of process 1000. */
struct Row {
    const char *name;
    void (*happens)(ExplainWorld &world);
    const char *why;
};

void PrintTo(const Row &row, std::ostream *stream)
{
    *stream << row.name;
}

class Explain : public ExplainWorld, public ::testing::WithParamInterface<Row>
{
};

TEST_P(Explain, EachLink)
{
    GetParam().happens(*this);
    EXPECT_EQ(why(1000), GetParam().why);
}

using W = ExplainWorld;

const Row states[] = {
    {"fresh", [](W &w) { w.create({1000}); }, "0 new"},
    {"foreground", [](W &w) { w.own(1000, MM_REASON_FOREGROUND); }, "0 foreground"},
    {"background", [](W &w) { w.own(1000, MM_REASON_BACKGROUND); }, "400 background"},
    {"visible", [](W &w) { w.own(1000, MM_REASON_VISIBLE); }, "50 visible"},
    {"transient", [](W &w) { w.own(1000, MM_REASON_SUSPEND_DELAY_START); }, "100 transient task"},
    {"continuous", [](W &w) { w.own(1000, MM_REASON_BACKGROUND_RUNNING_START); }, "200 continuous task"},
    {"event", [](W &w) { w.own(1000, MM_REASON_EVENT_START); }, "200 event"},
    {"device", [](W &w) { w.own(1000, MM_REASON_DIST_DEVICE_CONNECTED); }, "260 distributed device"},
    {"suspended", [](W &w) { w.own(1000, MM_REASON_APPLICATION_SUSPEND); }, "800 suspended"},
    {"ability_start",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.report(MM_REASON_ABILITY_START, {1000});
     },
     "0 ability start"},
    {"unregistered",
     [](W &w) {
         w.spawn(1000, kUid, 300);
         w.publish(MM_EVENT_PROCESS_FOUND, 1000);
     },
     "300 oom_score_adj, not registered"},
    {"unregistered_system",
     [](W &w) {
         w.configure(nullptr, "compositor");
         w.spawn(1000, kUid, 300, "compositor");
         w.publish(MM_EVENT_PROCESS_FOUND, 1000);
     },
     "300 oom_score_adj, not registered; system -> -1000"},
    {"inherited",
     [](W &w) {
         w.configure(nullptr, nullptr, kBundle, 300);
         w.spawn(1000, kUid, 350);
         ASSERT_EQ(mm_priority_manager_scan(w.manager), 0);
         w.switch_account(100, MM_ACCOUNT_ACTIVATED);
         w.create({1000});
     },
     "350 oom_score_adj, inherited for its grace; important floor 300 -> 300"},
    {"out_of_reach",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.write(1000, -1000);
     },
     "-1000 oom_score_adj, written by somebody else"},
};

const Row names_and_accounts[] = {
    {"floor",
     [](W &w) {
         w.configure(nullptr, nullptr, "com.example.1000", 300);
         w.own(1000, MM_REASON_BACKGROUND);
     },
     "400 background; important floor 300 -> 300"},
    {"floor_that_is_not_reached",
     [](W &w) {
         w.configure(nullptr, nullptr, "com.example.1000", 300);
         w.own(1000, MM_REASON_VISIBLE);
     },
     "50 visible; important floor 300 -> 50"},
    {"floor_of_a_new_one",
     [](W &w) {
         w.configure(nullptr, nullptr, kBundle, 800);
         w.create({1000});
     },
     "0 new; important floor 800 -> 800"},
    {"resident",
     [](W &w) {
         w.configure("com.example.1000", nullptr);
         w.own(1000, MM_REASON_BACKGROUND);
     },
     "400 background; resident -> -800"},
    {"resident_below",
     [](W &w) {
         w.configure("com.example.1000", nullptr, "com.example.1000", -900);
         w.own(1000, MM_REASON_BACKGROUND);
     },
     "400 background; important floor -900 -> -900; resident -> -900"},
    {"resident_and_system",
     [](W &w) {
         w.configure("com.example.1000", "com.example.1000");
         w.own(1000, MM_REASON_BACKGROUND);
         w.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
     },
     "400 background; resident -> -800; system -> -1000"},
    {"inactive",
     [](W &w) {
         w.configure(nullptr, nullptr, "com.example.1000", 300);
         w.own(1000, MM_REASON_BACKGROUND);
         w.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
     },
     "400 background; important floor 300 -> 300; account 100 inactive +50 -> 350"},
    {"active",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.switch_account(100, MM_ACCOUNT_ACTIVATED);
     },
     "400 background; account 100 active -50 -> 350"},
    {"active_at_the_end_of_the_range",
     [](W &w) {
         w.own(1000, MM_REASON_FOREGROUND);
         w.switch_account(100, MM_ACCOUNT_ACTIVATED);
     },
     "0 foreground; account 100 active -50 -> 0"},
    {"of_an_account_that_nobody_reported",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.own(1001, MM_REASON_BACKGROUND, kOther);
         w.switch_account(101, MM_ACCOUNT_ACTIVATED);
     },
     "400 background"},
};

const Row callers[] = {
    {"nobody_binds_it",
     [](W &w) {
         w.own(1000, MM_REASON_PROCESS_READY);
         w.bind(4711, 1000);
         w.unbind(4711, 1000);
     },
     "500 extension without callers"},
    {"foreground_caller",
     [](W &w) {
         w.own(1000, MM_REASON_PROCESS_READY);
         w.own(4711, MM_REASON_FOREGROUND);
         w.bind(4711, 1000);
     },
     "500 extension; extension of 4711 (foreground) min(400,0)+100 -> 100"},
    {"unknown_caller",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.bind(4711, 1000);
     },
     "400 background; extension of 4711 (unknown) min(400,0)+100 -> 100"},
    {"unnamed_caller",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.bind(0, 1000);
     },
     "400 background; extension of an unnamed caller min(400,0)+100 -> 100"},
    {"unregistered_caller",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.spawn(4711, kUid, 200);
         w.publish(MM_EVENT_PROCESS_FOUND, 4711);
         w.bind(4711, 1000);
     },
     "400 background; extension of 4711 (not registered) min(400,200)+100 -> 300"},
    {"caller_of_an_inactive_account",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.own(4711, MM_REASON_FOREGROUND, kOther);
         w.switch_account(100, MM_ACCOUNT_HOT_SWITCH);
         w.bind(4711, 1000);
     },
     "400 background; account 100 active -50 -> 350; extension of 4711 (foreground) min(400,50)+100 -> 150"},
    {"important_caller_of_an_inactive_account",
     [](W &w) {
         w.configure(nullptr, nullptr, "com.example.4711", 100);
         w.own(1000, MM_REASON_BACKGROUND);
         w.own(4711, MM_REASON_BACKGROUND, kOther);
         w.switch_account(100, MM_ACCOUNT_HOT_SWITCH);
         w.bind(4711, 1000);
     },
     "400 background; account 100 active -50 -> 350; extension of 4711 (important) min(400,150)+100 -> 250"},
    {"caller_below_0",
     [](W &w) {
         w.configure("com.example.4711", nullptr);
         w.own(1000, MM_REASON_BACKGROUND);
         w.own(4711, MM_REASON_BACKGROUND);
         w.bind(4711, 1000);
     },
     "400 background; extension of 4711 (resident) min(400,0)+100 -> 100"},
    {"caller_that_is_an_extension",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.own(4711, MM_REASON_BACKGROUND);
         w.bind(4712, 4711);
         w.bind(4711, 1000);
     },
     "400 background; extension of 4711 (extension) min(400,100)+100 -> 200"},
    {"caller_that_gives_nothing",
     [](W &w) {
         w.own(1000, MM_REASON_VISIBLE);
         w.own(4711, MM_REASON_BACKGROUND);
         w.bind(4711, 1000);
     },
     "50 visible; extension of 4711 (background) min(400,400)+100 -> 50"},
    {"the_most_important_of_many",
     [](W &w) {
         w.own(1000, MM_REASON_BACKGROUND);
         w.own(4710, MM_REASON_BACKGROUND);
         w.own(4711, MM_REASON_VISIBLE);
         w.own(4712, MM_REASON_EVENT_START);
         for (pid_t caller : {4710, 4711, 4712})
             w.bind(caller, 1000);
     },
     "400 background; extension of 4711 (visible), the most important of 3, min(400,50)+100 -> 150"},
    {"all_links",
     [](W &w) {
         w.configure(nullptr, nullptr, "com.example.1000", 300);
         w.own(1000, MM_REASON_BACKGROUND, kOther);
         w.own(4711, MM_REASON_FOREGROUND);
         w.switch_account(101, MM_ACCOUNT_ACTIVATED);
         w.switch_account(7, MM_ACCOUNT_HOT_SWITCH);
         w.switch_account(100, MM_ACCOUNT_ACTIVATED);
         w.bind(4711, 1000);
     },
     "400 background; important floor 300 -> 300; account 101 inactive +50 -> 350; "
     "extension of 4711 (foreground) min(400,0)+100 -> 100"},
};

const Row bundles[] = {
    {"kept_by_another_process",
     [](W &w) {
         w.create({1000});
         w.create({4711});
         w.report(MM_REASON_BACKGROUND, {1000});
         w.report(MM_REASON_VISIBLE, {4711});
     },
     "400 background; its bundle at 50 by 4711 (visible)"},
    {"kept_by_one_of_very_many",
     [](W &w) {
         for (pid_t pid = 1000; pid < 1300; pid++)
             w.create({pid});
         for (pid_t pid = 1000; pid < 1299; pid++)
             w.report(MM_REASON_BACKGROUND, {pid});
     },
     "400 background; its bundle at 0 by another process"},
    {"render",
     [](W &w) {
         w.own(4711, MM_REASON_BACKGROUND);
         w.render(1000, 4711);
     },
     "400 render process of com.example.4711 (400)"},
    {"render_of_a_resident",
     [](W &w) {
         w.configure("com.example.4711", nullptr);
         w.own(4711, MM_REASON_BACKGROUND);
         w.render(1000, 4711);
     },
     "0 render process of com.example.4711 (-800), never below 0"},
    {"render_whose_owner_is_gone",
     [](W &w) {
         w.own(4711, MM_REASON_FOREGROUND);
         w.render(1000, 4711);
         w.exit(4711);
     },
     "400 render process of com.example.4711 (400), whose other processes are gone"},
};

std::string name_of(const ::testing::TestParamInfo<Row> &info)
{
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(States, Explain, ::testing::ValuesIn(states), name_of);
INSTANTIATE_TEST_SUITE_P(NamesAndAccounts, Explain, ::testing::ValuesIn(names_and_accounts), name_of);
INSTANTIATE_TEST_SUITE_P(Callers, Explain, ::testing::ValuesIn(callers), name_of);
INSTANTIATE_TEST_SUITE_P(Bundles, Explain, ::testing::ValuesIn(bundles), name_of);

} // namespace
