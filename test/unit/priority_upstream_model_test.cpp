/* SPDX-License-Identifier: Apache-2.0 */
/*
 * priorityCompat upstream against its model: after each of many random events both say the same of every registered
 * process, its file, its bundle and the order of the list. MM_MODEL_EVENTS and MM_MODEL_SEED as for priority_model_test.
 */
#include "priority_script.h"
#include "priority_upstream_model.h"
#include "priority_world.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <sstream>

namespace
{

constexpr size_t kRunEvents = 2500, kDefaultEvents = 15000;

class Pair : public PriorityWorld
{
  public:
    Pair()
    {
        live_by(MM_PRIORITY_COMPAT_UPSTREAM);
        config.reclaim_priority.new_process_grace_ms = UpstreamModel::kGraceNs / MM_NS_PER_MS;
        config.reclaim_priority.dead_check_ms = 0;
        SetUp();
        model.now_ns = kernel->ops->now_ns(kernel);
        /* Parents: whom pid 1 starts was given its number, whom a launcher starts has it by birth. */
        for (pid_t pid : {1, 2}) {
            spawn(pid, 0, -1000);
            model.spawn(pid, {ticks_of(pid), 0, 0, -1000, "process"});
        }
    }

    ~Pair() override
    {
        TearDown();
    }

    Pair(const Pair &) = delete;
    Pair &operator=(const Pair &) = delete;

    void TestBody() override
    {
    }

    /* "" when both agree afterwards, or where the action is none of upstream's. */
    std::string take(const Action &action)
    {
        std::ostringstream said;

        for (const Row &row : rows) {
            if (row.act == action.act)
                (this->*row.handle)(action);
        }
        announced.clear();
        compare_counts(said);
        for (const auto &[pid, process] : model.processes)
            compare_process(said, process);
        if (said.str().empty())
            compare_order(said);
        return said.str();
    }

    UpstreamModel model;

  private:
    uint64_t stated_ticks(const Action &action) const
    {
        auto living = model.machine().find(action.pid);
        auto before = ticks_before.find(action.pid);

        if (action.ticks == kTicksNow && living != model.machine().end())
            return living->second.start_time_ticks;
        return action.ticks == kTicksBefore && before != ticks_before.end() ? before->second : 0;
    }

    void do_spawn(const Action &action)
    {
        const ScriptApplication &application = script_application(action.application);
        const char *comm = script_comm(action.pid / 5);
        mm_simulated_process process{};

        if (mm_simulated_is_alive(kernel, action.pid))
            return;
        process.pid = action.pid;
        process.ppid = action.other;
        process.uid = application.uid;
        process.comm = comm;
        process.oom_score_adj = action.value;
        process.anonymous_bytes = 4096;
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
        model.spawn(action.pid, {ticks_of(action.pid), action.other, application.uid, action.value, comm});
    }

    void do_exit(const Action &action)
    {
        uint64_t ticks;

        if (!mm_simulated_is_alive(kernel, action.pid))
            return;
        ticks = ticks_before[action.pid] = ticks_of(action.pid);
        ASSERT_EQ(mm_simulated_exit(kernel, action.pid), 0);
        model.exit(action.pid);
        if (action.value % 2 == 0)
            return;
        publish(MM_EVENT_PROCESS_EXITED, action.pid, 0, ticks);
        model.ended(action.pid, ticks);
    }

    void do_echo(const Action &action)
    {
        publish(action.act == Act::kLeave ? MM_EVENT_PROCESS_LEFT : MM_EVENT_PROCESS_EXITED, action.pid, 0,
                stated_ticks(action));
        model.ended(action.pid, stated_ticks(action));
    }

    void do_report(const Action &action)
    {
        const ScriptApplication &said = script_application(action.application);
        uint64_t age_ns = static_cast<uint64_t>(action.age_s) * kSecondNs;
        uint64_t time_ns = std::max<uint64_t>(model.now_ns - std::min(model.now_ns, age_ns), 1);
        ModelReport told{static_cast<mm_application_reason>(action.value),
                         action.pid,
                         said.uid,
                         said.bundle,
                         said.process,
                         said.account,
                         action.other,
                         said.uid,
                         stated_ticks(action),
                         time_ns};

        report(action.value,
               {action.pid, said.uid, said.bundle, said.process, said.account, action.other, said.uid,
                told.start_time_ticks},
               told.time_ns);
        model.report(told);
    }

    void do_account(const Action &action)
    {
        switch_account(action.value, action.other);
        model.switch_account(action.value, static_cast<mm_account_change>(action.other));
    }

    void step(uint64_t milliseconds)
    {
        mm_simulated_advance(kernel, milliseconds * MM_NS_PER_MS);
        mm_event_center_step(center);
        model.pass(kernel->ops->now_ns(kernel));
    }

    /* One of the two timers at a time: upstream says nothing of who is first. */
    void do_pass(const Action &action)
    {
        for (int half = 0; half < 2 * action.value; half++)
            step(500);
    }

    void do_write(const Action &action)
    {
        int written = 0;

        if (!mm_simulated_is_alive(kernel, action.pid))
            return;
        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, action.pid, 0, action.value, &written), 0);
        model.write_file(action.pid, action.value);
    }

    void do_tell(const Action &action)
    {
        if (action.act == Act::kWriteTold)
            do_write(action);
        publish(MM_EVENT_OOM_SCORE_ADJ, action.pid, action.value);
        model.told_oom_score_adj(action.pid, action.value);
    }

    /* In half seconds, where nothing else is due. */
    void do_look_for_dead(const Action &)
    {
        set_dead_check(300);
        mm_simulated_advance(kernel, 300 * MM_NS_PER_MS);
        mm_event_center_step(center);
        for (unsigned slice = 0; slice < 8; slice++) {
            mm_simulated_advance(kernel, 20 * MM_NS_PER_MS);
            mm_event_center_step(center);
        }
        set_dead_check(0);
        model.look_for_dead();
        step(1000 - 300 - 8 * 20);
    }

    void set_dead_check(uint64_t milliseconds)
    {
        config.reclaim_priority.dead_check_ms = milliseconds;
        publish_config();
        model.configure(configured);
    }

    void do_configure(const Action &action)
    {
        configured = script_names(action.value);
        set_residents(configured.residents);
        set_system_apps(configured.system_apps);
        set_important(configured.important, configured.floor);
        config.reclaim_priority.important_app_count = configured.important.empty() ? 0 : 1;
        publish_config();
        model.configure(configured);
    }

    /* ---- comparing ------------------------------------------------------------------------------------- */

    void compare_counts(std::ostream &said) const
    {
        const struct {
            const char *name;
            size_t expected, found;
        } counts[] = {
            {"registered processes", model.processes.size(), counters().registered_processes},
            {"bindings", model.binding_count(), counters().bindings},
        };

        for (const auto &count : counts) {
            if (count.expected != count.found)
                said << count.name << ": " << count.expected << " expected, " << count.found << " found\n";
        }
    }

    /* The number that an explanation of the process itself ends with. */
    int explained(pid_t pid) const
    {
        std::string text = why(pid);
        size_t arrow = text.rfind("-> ");

        return std::atoi(text.c_str() + (arrow == std::string::npos ? 0 : arrow + 3));
    }

    void compare_process(std::ostream &said, const UpstreamProcess &expected)
    {
        const mm_process *found = mm_priority_manager_find(manager, expected.pid);
        auto living = model.machine().find(expected.pid);

        if (!found || !found->bundle->is_registered) {
            said << expected.pid << ": not registered\n";
            return;
        }
        const struct {
            const char *name;
            int64_t expected, found;
        } values[] = {
            {"start time", static_cast<int64_t>(expected.start_time_ticks),
             static_cast<int64_t>(found->start_time_ticks)},
            {"number", expected.shown(), found->priority},
            {"known oom_score_adj", expected.written, found->written_oom_score_adj},
            {"file", living == model.machine().end() ? INT_MIN : living->second.oom_score_adj,
             mm_simulated_oom_score_adj(kernel, expected.pid)},
            {"bundle", model.shown(expected.uid), found->bundle->entry.priority},
            {"uid of its bundle", expected.uid, found->bundle->uid},
            {"account", expected.uid / 200000, mm_bundle_account_id(found->bundle)},
            {"explanation", expected.is_never_killed() ? -1000 : expected.number, explained(expected.pid)},
        };

        for (const auto &value : values) {
            if (value.expected != value.found)
                said << expected.pid << ": " << value.name << " " << value.expected << " expected, "
                     << value.found << " found: " << why(expected.pid) << "\n";
        }
    }

    void compare_order(std::ostream &said) const
    {
        mm_priority_walk walk;
        const mm_bundle *before = nullptr;

        mm_priority_walk_begin(&walk, mm_priority_manager_list(manager));
        while (mm_priority_entry *entry = mm_priority_walk_next(&walk)) {
            const mm_bundle *bundle = MM_BUNDLE_OF(entry);

            if (!bundle->is_registered)
                continue;
            if (before && (before->entry.priority < bundle->entry.priority ||
                           (before->entry.priority == bundle->entry.priority && before->uid < bundle->uid)))
                said << "the bundle of uid " << bundle->uid << " (" << bundle->entry.priority
                     << ") comes after uid " << before->uid << " (" << before->entry.priority << ")\n";
            before = bundle;
        }
    }

    using Handler = void (Pair::*)(const Action &);
    struct Row {
        Act act;
        Handler handle;
    };
    /* What else there is, is about processes that nobody registered. */
    static constexpr Row rows[] = {
        {Act::kSpawn, &Pair::do_spawn},         {Act::kExit, &Pair::do_exit},
        {Act::kEcho, &Pair::do_echo},           {Act::kLeave, &Pair::do_echo},
        {Act::kReport, &Pair::do_report},       {Act::kAccount, &Pair::do_account},
        {Act::kPass, &Pair::do_pass},           {Act::kWrite, &Pair::do_write},
        {Act::kWriteTold, &Pair::do_tell},      {Act::kTell, &Pair::do_tell},
        {Act::kConfigure, &Pair::do_configure}, {Act::kLookForDead, &Pair::do_look_for_dead},
    };

    std::map<pid_t, uint64_t> ticks_before;
    ModelNames configured;
};

struct Outcome {
    std::string difference; /* "": none */
    size_t events = 0;
};

Outcome play(const Script &script, int passes)
{
    Pair pair;
    Outcome outcome;

    pair.model.passes = passes;
    for (const Action &action : script) {
        outcome.events++;
        outcome.difference = pair.take(action);
        if (!outcome.difference.empty() || ::testing::Test::HasFatalFailure())
            break;
    }
    return outcome;
}

std::string shortest_failure(Script script, int passes)
{
    std::ostringstream said;

    script.resize(play(script, passes).events);
    script = shrink(std::move(script),
                    [&](const Script &shorter) { return !play(shorter, passes).difference.empty(); });
    for (const Action &action : script)
        said << "  " << in_words(action) << "\n";
    said << play(script, passes).difference;
    return said.str();
}

unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *text = std::getenv(name);

    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

TEST(PriorityUpstreamModelTest, TheManagerSaysTheSameAfterEachEvent)
{
    unsigned seed = static_cast<unsigned>(from_environment("MM_MODEL_SEED", 533));
    size_t left = from_environment("MM_MODEL_EVENTS", kDefaultEvents), count = 0;

    for (; left > 0; seed++) {
        size_t length = std::min(left, kRunEvents);
        Script script = make_script(seed, length);
        Outcome outcome = play(script, 1);

        count += outcome.events;
        left -= length;
        ASSERT_TRUE(outcome.difference.empty())
            << "MM_MODEL_SEED=" << seed << " event " << outcome.events << ":\n"
            << outcome.difference << "the same in short:\n"
            << shortest_failure(script, 1);
        ASSERT_FALSE(HasFatalFailure());
    }
    std::printf("%zu events, the last seed was %u\n", count, seed - 1);
}

/* A model that goes over the extensions twice is another one, and the difference is found and told in short. */
TEST(PriorityUpstreamModelTest, ASecondPassOverTheExtensionsIsFound)
{
    Script script = make_script(7, kRunEvents);

    ASSERT_FALSE(play(script, 2).difference.empty());
    std::string story = shortest_failure(script, 2);

    EXPECT_LE(std::count(story.begin(), story.end(), '\n'), 20) << story;
    EXPECT_NE(story.find("BIND_EXTENSION of"), std::string::npos) << story;
}

} // namespace
