/* SPDX-License-Identifier: Apache-2.0 */
/*
 * priorityCompat upstream against its model: after each of many random events both say the same of every registered
 * process, its file, its bundle and the order of the list. MM_MODEL_EVENTS and MM_MODEL_SEED as for priority_model_test.
 */
#include "priority_model_pair.h"
#include "priority_upstream_model.h"

#include <algorithm>
#include <climits>
#include <sstream>

namespace
{

constexpr size_t kDefaultEvents = 15000;

class Pair : public ModelPair<UpstreamModel>
{
  public:
    Pair()
    {
        live_by(MM_PRIORITY_COMPAT_UPSTREAM);
        config.reclaim_priority.new_process_grace_ms = UpstreamModel::kGraceNs / MM_NS_PER_MS;
        config.reclaim_priority.dead_check_ms = 0;
        begin();
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

  private:
    void do_spawn(const Action &action)
    {
        spawn_in(action, "/");
    }

    void do_exit(const Action &action)
    {
        if (!has_ended(action))
            return;
        publish(MM_EVENT_PROCESS_EXITED, action.pid, 0, ticks_before.at(action.pid));
        model.ended(action.pid, ticks_before.at(action.pid));
    }

    void do_echo(const Action &action)
    {
        publish(action.act == Act::kLeave ? MM_EVENT_PROCESS_LEFT : MM_EVENT_PROCESS_EXITED, action.pid, 0,
                stated_ticks(action));
        model.ended(action.pid, stated_ticks(action));
    }

    /* One of the two timers at a time: upstream says nothing of who is first. */
    void do_pass(const Action &action)
    {
        for (int half = 0; half < 2 * action.value; half++) {
            step(500);
            model.pass(kernel->ops->now_ns(kernel));
        }
    }

    void do_write(const Action &action)
    {
        int written = 0;

        if (!mm_simulated_is_alive(kernel, action.pid))
            return;
        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, action.pid, 0, action.value, &written), 0);
        model.write_file(action.pid, action.value);
    }

    void do_write_told(const Action &action)
    {
        do_write(action);
        do_tell(action);
    }

    void set_dead_check(uint64_t milliseconds) override
    {
        ModelPair::set_dead_check(milliseconds);
        model.configure(configured);
    }

    void do_configure_and_keep(const Action &action)
    {
        configured = script_names(action.value);
        do_configure(action);
    }

    /* ---- comparing ------------------------------------------------------------------------------------- */

    void compare_counts(std::ostream &said) const
    {
        compare(said, {
                          {"registered processes", model.processes.size(), counters().registered_processes},
                          {"bindings", model.binding_count(), counters().bindings},
                      });
    }

    void compare_process(std::ostream &said, const UpstreamProcess &expected)
    {
        const mm_process *found = mm_priority_manager_find(manager, expected.pid);
        auto living = model.machine().find(expected.pid);

        if (!found || !found->bundle->is_registered) {
            said << expected.pid << ": not registered\n";
            return;
        }
        compare(said, expected.pid,
                {
                    {"start time", static_cast<int64_t>(expected.start_time_ticks),
                     static_cast<int64_t>(found->start_time_ticks)},
                    {"number", expected.shown(), found->priority},
                    {"known oom_score_adj", expected.written, found->written_oom_score_adj},
                    {"file", living == model.machine().end() ? INT_MIN : living->second.oom_score_adj,
                     mm_simulated_oom_score_adj(kernel, expected.pid)},
                    {"bundle", model.shown(expected.uid), found->bundle->entry.priority},
                    {"uid of its bundle", expected.uid, found->bundle->uid},
                    {"account", expected.uid / 200000, mm_bundle_account_id(found->bundle)},
                    {"explanation", expected.is_never_killed() ? -1000 : expected.number,
                     explained(expected.pid)},
                });
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
        {Act::kSpawn, &Pair::do_spawn},
        {Act::kExit, &Pair::do_exit},
        {Act::kEcho, &Pair::do_echo},
        {Act::kLeave, &Pair::do_echo},
        {Act::kReport, &Pair::do_report},
        {Act::kAccount, &Pair::do_account},
        {Act::kPass, &Pair::do_pass},
        {Act::kWrite, &Pair::do_write},
        {Act::kWriteTold, &Pair::do_write_told},
        {Act::kTell, &Pair::do_tell},
        {Act::kConfigure, &Pair::do_configure_and_keep},
        {Act::kLookForDead, &Pair::do_look_for_dead},
    };

    ModelNames configured;
};

Outcome play(const Script &script, int passes = 1)
{
    Pair pair;

    pair.model.passes = passes;
    return play_on(pair, script);
}

TEST(PriorityUpstreamModelTest, TheManagerSaysTheSameAfterEachEvent)
{
    unsigned seed = static_cast<unsigned>(from_environment("MM_MODEL_SEED", 533));
    size_t left = from_environment("MM_MODEL_EVENTS", kDefaultEvents), count = 0;

    for (; left > 0; seed++) {
        size_t length = std::min(left, kRunEvents);
        Script script = make_script(seed, length);
        Outcome outcome = play(script);

        count += outcome.events;
        left -= length;
        ASSERT_TRUE(outcome.difference.empty())
            << "MM_MODEL_SEED=" << seed << " event " << outcome.events << ":\n"
            << outcome.difference << "the same in short:\n"
            << shortest_failure(script, [](const Script &shorter) { return play(shorter); });
        ASSERT_FALSE(HasFatalFailure());
    }
    std::printf("%zu events, the last seed was %u\n", count, seed - 1);
}

/* A model that goes over the extensions twice is another one, and the difference is found and told in short. */
TEST(PriorityUpstreamModelTest, ASecondPassOverTheExtensionsIsFound)
{
    Script script = make_script(7, kRunEvents);

    const auto play_twice = [](const Script &shorter) { return play(shorter, 2); };

    ASSERT_FALSE(play_twice(script).difference.empty());
    std::string story = shortest_failure(script, play_twice);

    EXPECT_LE(std::count(story.begin(), story.end(), '\n'), 20) << story;
    EXPECT_NE(story.find("BIND_EXTENSION of"), std::string::npos) << story;
}

} // namespace
