/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The priority manager against its model: after each of many random events both say the same of everything.
 *
 *     MM_MODEL_EVENTS=1000000 MM_MODEL_SEED=7 test/unit/priority_model_test
 *
 * Each run of kRunEvents has a seed of its own, the first the one that is printed; a failure names the seed of its run,
 * and MM_MODEL_SEED with it begins there.
 */
#include "priority_model_pair.h"

#include <algorithm>
#include <climits>
#include <sstream>

namespace
{

constexpr size_t kDefaultEvents = 20000;

/* Manager and model, with the same events. */
class Pair : public ModelPair<PriorityModel>
{
  public:
    explicit Pair(bool lacks_lowering_) : ModelPair(lacks_lowering_)
    {
        lacks_lowering = lacks_lowering_;
        config.reclaim_priority.dead_check_ms = 0;
        config.process_rules.has_built_in = true; /* else a configuration ends all matches */
        begin();
    }

    /* "" when both agree afterwards. */
    std::string take(const Action &action)
    {
        std::ostringstream said;

        model.begin_event();
        is_use = action.act != Act::kAccount && action.act != Act::kConfigure;
        (this->*handlers[static_cast<int>(action.act)])(action);
        announced.clear();
        if (!difference.empty())
            return difference;
        compare_counts(said);
        for (const auto &[pid, process] : model.processes)
            compare_process(said, process);
        if (said.str().empty())
            compare_order(said);
        return said.str();
    }

  private:
    /* ---- actions --------------------------------------------------------------------------------------- */

    void do_spawn(const Action &action)
    {
        spawn_in(action, script_group(action.pid));
    }

    void tell_of_group(const char *group)
    {
        mm_event event{};

        event.kind = MM_EVENT_GROUP;
        event.group_id = mm_simulated_group_id(kernel, group);
        event.payload.group.change = model.is_group_frozen(group) ? MM_GROUP_FROZEN : MM_GROUP_THAWED;
        mm_event_center_publish(center, &event);
        model.told_of_group(group);
    }

    /* The root cannot be. With one those below it are, too, and the kernel tells of each. */
    void do_freeze(const Action &action)
    {
        const std::string group = script_group(action.value);

        if (group == "/")
            return;
        ASSERT_EQ(mm_simulated_freeze(kernel, group.c_str(), action.other % 2 == 1), 0);
        model.freeze(group, action.other % 2 == 1);
        for (int i = 0; i < 4 && action.other < 2; i++) {
            const std::string each = script_group(i);

            if ((each == group || each.rfind(group + "/", 0) == 0) &&
                mm_simulated_group_id(kernel, each.c_str()) != 0)
                tell_of_group(each.c_str());
        }
    }

    void do_move(const Action &action)
    {
        const char *group = script_group(action.value);

        if (!mm_simulated_is_alive(kernel, action.pid))
            return;
        ASSERT_EQ(mm_simulated_move(kernel, action.pid, group), 0);
        model.move(action.pid, group);
        if (model.is_group_frozen(group))
            tell_of_group(group);
    }

    void do_exit(const Action &action)
    {
        if (!has_ended(action))
            return;
        uint64_t ticks = action.ticks == kTicksNone ? 0 : ticks_before.at(action.pid);

        publish(MM_EVENT_PROCESS_EXITED, action.pid, 0, ticks);
        model.exited(action.pid, ticks);
    }

    void do_echo(const Action &action)
    {
        publish(MM_EVENT_PROCESS_EXITED, action.pid, 0, stated_ticks(action));
        model.exited(action.pid, stated_ticks(action));
    }

    void do_leave(const Action &action)
    {
        publish(MM_EVENT_PROCESS_LEFT, action.pid, 0, stated_ticks(action));
        model.left(action.pid, stated_ticks(action));
    }

    void do_pass(const Action &action)
    {
        advance_s(static_cast<uint64_t>(action.value));
        model.pass(kernel->ops->now_ns(kernel));
    }

    void write_file(const Action &action)
    {
        int written = 0;

        if (!mm_simulated_is_alive(kernel, action.pid) || (action.value < 0 && lacks_lowering))
            return;
        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, action.pid, 0, action.value, &written), 0);
        model.write(action.pid, action.value);
    }

    void do_write_told(const Action &action)
    {
        write_file(action);
        do_tell(action);
    }

    void do_find(const Action &action)
    {
        publish(MM_EVENT_PROCESS_FOUND, action.pid, 0, stated_ticks(action));
        model.found(action.pid, stated_ticks(action));
    }

    void do_start(const Action &action)
    {
        const char *comm = script_comm(action.value);
        mm_event event{};

        event.kind = MM_EVENT_PROCESS_STARTED;
        event.pid = action.pid;
        event.uid = script_application(action.application).uid + (action.other == 1);
        event.payload.process.start_time_ticks = stated_ticks(action);
        mm_copy_text(event.payload.process.comm, sizeof(event.payload.process.comm), comm);
        mm_event_center_publish(center, &event);
        model.started(action.pid, event.payload.process.start_time_ticks, comm, event.uid);
    }

    void do_scan(const Action &)
    {
        mm_priority_manager_want_scan(manager);
        /* 64 newcomers in a turn, then those who are gone */
        for (unsigned turn = 0; turn < 12; turn++)
            mm_event_center_step(center);
        model.scan();
    }

    void do_refresh(const Action &)
    {
        while (mm_priority_manager_refresh(manager, 1000) > 0)
            ;
        model.refresh();
    }

    void do_restart(const Action &)
    {
        stop_manager();
        start_manager();
        ASSERT_EQ(mm_priority_manager_scan(manager), 0);
        model.restart();
    }

    void do_match(const Action &action)
    {
        mm_event event{};
        mm_event_match &match = event.payload.match;

        event.kind = MM_EVENT_PROCESS_MATCHED;
        event.pid = action.pid;
        match.start_time_ticks = stated_ticks(action);
        match.has_rule = action.other > 0;
        match.is_built_in = action.other == 1;
        match.priority = static_cast<int16_t>(action.value);
        mm_copy_text(match.rule, sizeof(match.rule), "rule");
        const char *bundle = script_rule_bundle(action.rule_bundle);
        match.bundle_key = bundle[0] ? 1 + static_cast<uint64_t>(action.rule_bundle) / 2 : 0;
        mm_copy_text(match.bundle, sizeof(match.bundle), bundle[0] ? bundle : "name");
        mm_event_center_publish(center, &event);
        if (match.has_rule)
            model.matched(action.pid, match.start_time_ticks, action.value, match.is_built_in, bundle);
        else
            model.unmatched(action.pid, match.start_time_ticks);
    }

    void do_take_ending(const Action &)
    {
        const mm_bundle *taken = mm_priority_manager_take_ending(manager);
        int expected = model.take_ending();
        int bundle = taken ? model.processes.at(first_pid(taken)).bundle : 0;

        if (bundle != expected)
            difference = "the killer was given another bundle\n";
    }

    /* ---- comparing ------------------------------------------------------------------------------------- */

    static pid_t first_pid(const mm_bundle *bundle)
    {
        return MM_CONTAINER_OF(bundle->processes.next, mm_process, bundle_link)->pid;
    }

    void compare_counts(std::ostream &said) const
    {
        const mm_priority_counters &found = counters();
        uint32_t registered = 0;

        for (const auto &[pid, process] : model.processes)
            registered += process.is_registered;
        compare(said, {
                          {"processes", model.processes.size(), found.processes},
                          {"registered processes", registered, found.registered_processes},
                          {"bundles", model.bundles.size(), found.bundles},
                          {"listed bundles", model.bundles.size(), mm_priority_manager_list(manager)->count},
                          {"bindings", model.bindings.size(), found.bindings},
                          {"accounts", model.account_count(), found.accounts},
                      });
    }

    /* Of those that changed, and of some others: words take longer than numbers. */
    int explained_number(const ModelProcess &process) const
    {
        bool is_asked = process.number != process.number_before ||
                        (static_cast<uint64_t>(process.pid) + model.moment) % 16 == 0;

        return is_asked ? explained(process.pid) : process.number;
    }

    static int64_t sum_of_residents(const mm_bundle *bundle)
    {
        uint64_t sum = 0;

        MM_LIST_FOR_EACH (link, &bundle->processes)
            sum += MM_CONTAINER_OF(link, mm_process, bundle_link)->resident_bytes;
        return static_cast<int64_t>(sum);
    }

    void compare_process(std::ostream &said, const ModelProcess &expected)
    {
        const mm_process *found = mm_priority_manager_find(manager, expected.pid);
        const ModelBundle &bundle = model.bundles.at(expected.bundle);
        auto living = model.machine().find(expected.pid);

        if (!found) {
            said << expected.pid << ": not on the list\n";
            return;
        }
        compare(
            said, expected.pid,
            {
                {"start time", static_cast<int64_t>(expected.start_time_ticks),
                 static_cast<int64_t>(found->start_time_ticks)},
                {"number", expected.number, found->priority},
                {"known oom_score_adj", expected.written, found->written_oom_score_adj},
                {"file", living == model.machine().end() ? INT_MIN : living->second.oom_score_adj,
                 mm_simulated_oom_score_adj(kernel, expected.pid)},
                {"bundle", bundle.priority, found->bundle->entry.priority},
                {"members of its bundle", bundle.members, found->bundle->process_count},
                {"registered", expected.is_registered, found->bundle->is_registered},
                {"account", bundle.account, mm_bundle_account_id(found->bundle)},
                {"rule", expected.rule, found->rule},
                {"frozen", expected.is_frozen, (found->flags & MM_PROCESS_IS_FROZEN) != 0},
                {"explanation", expected.number, explained_number(expected)},
                {"resident bytes of its bundle", sum_of_residents(found->bundle),
                 static_cast<int64_t>(found->bundle->resident_bytes)},
                {"shared", bundle.account < 0 && !bundle.name.empty(), mm_bundle_is_shared(found->bundle)},
            });
        if (mm_bundle_is_shared(found->bundle) && bundle.name != found->bundle->name)
            said << expected.pid << ": bundle \"" << bundle.name << "\" expected, \"" << found->bundle->name
                 << "\" found\n";
    }

    /* A walk over the list; those of one moment may be in any order, which is theirs from then on. */
    void compare_order(std::ostream &said)
    {
        const mm_priority_list *list = mm_priority_manager_list(manager);
        ModelBundle *before = nullptr;
        unsigned place = 0;

        for (mm_priority_entry *entry = mm_priority_list_first(list); entry;
             entry = mm_priority_list_next(list, entry)) {
            pid_t pid = first_pid(MM_BUNDLE_OF(entry));
            ModelBundle *bundle = &model.bundles.at(model.processes.at(pid).bundle);

            if (before && !is_in_order(*before, *bundle))
                said << "the bundle of " << pid << " (" << bundle->priority << ", used in moment "
                     << bundle->moment << ") comes after one of " << before->priority << ", moment "
                     << before->moment << "\n";
            if (bundle->moment >= model.first_moment)
                bundle->place = ++place;
            before = bundle;
        }
    }

    bool is_in_order(const ModelBundle &first, const ModelBundle &next) const
    {
        if (first.priority != next.priority)
            return first.priority > next.priority;
        if (first.moment != next.moment)
            return first.moment < next.moment;
        if (first.moment < model.first_moment)
            return first.place < next.place;
        /* A switch of accounts or another configuration is no use: equals stay in their order. */
        return is_use || first.previous_priority == MM_PRIORITY_NONE ||
               first.previous_priority != next.previous_priority ||
               std::tie(first.previous_moment, first.previous_place) <
                   std::tie(next.previous_moment, next.previous_place);
    }

    using Handler = void (Pair::*)(const Action &);
    static constexpr Handler handlers[] = {
        &Pair::do_spawn,      &Pair::do_exit,    &Pair::do_echo,          &Pair::do_leave,
        &Pair::do_report,     &Pair::do_account, &Pair::do_pass,          &Pair::write_file,
        &Pair::do_write_told, &Pair::do_tell,    &Pair::do_find,          &Pair::do_start,
        &Pair::do_scan,       &Pair::do_refresh, &Pair::do_look_for_dead, &Pair::do_restart,
        &Pair::do_configure,  &Pair::do_match,   &Pair::do_take_ending,   &Pair::do_freeze,
        &Pair::do_move,
    };
    static_assert(MM_ARRAY_SIZE(handlers) == static_cast<size_t>(Act::kCount), "one for each");

    std::string difference;
    bool is_use = false;
};

using ModelChange = void (*)(PriorityModel &);

Outcome play(const Script &script, bool lacks_lowering, ModelChange change = nullptr)
{
    Pair pair(lacks_lowering);

    if (change)
        change(pair.model);
    return play_on(pair, script);
}

TEST(PriorityModelTest, TheManagerSaysTheSameAfterEachEvent)
{
    unsigned seed = static_cast<unsigned>(from_environment("MM_MODEL_SEED", 1909));
    size_t left = from_environment("MM_MODEL_EVENTS", kDefaultEvents), count = 0;

    for (; left > 0; seed++) {
        size_t length = std::min(left, kRunEvents);
        /* One kernel in four does not let us go below 0. */
        bool lacks_lowering = seed % 4 == 0;
        Script script = make_script(seed, length);
        Outcome outcome = play(script, lacks_lowering);

        count += outcome.events;
        left -= length;
        ASSERT_TRUE(outcome.difference.empty())
            << "MM_MODEL_SEED=" << seed << " event " << outcome.events
            << (lacks_lowering ? ", without CAP_SYS_RESOURCE" : "") << ":\n"
            << outcome.difference << "the same in short:\n"
            << shortest_failure(script, [&](const Script &shorter) { return play(shorter, lacks_lowering); });
        ASSERT_FALSE(HasFatalFailure());
    }
    std::printf("%zu events, the last seed was %u\n", count, seed - 1);
}

TEST(PriorityModelTest, AFailureBecomesAShortStory)
{
    Script script = make_script(7, kRunEvents);
    ModelChange wrong = [](PriorityModel &model) { model.visible_priority = 51; };
    const auto play_wrong = [&](const Script &shorter) { return play(shorter, false, wrong); };

    ASSERT_FALSE(play_wrong(script).difference.empty());
    std::string story = shortest_failure(script, play_wrong);

    EXPECT_LE(std::count(story.begin(), story.end(), '\n'), 12) << story;
    EXPECT_NE(story.find("VISIBLE of"), std::string::npos) << story;
    EXPECT_NE(story.find("number 51 expected, 50 found"), std::string::npos) << story;
}

} // namespace
