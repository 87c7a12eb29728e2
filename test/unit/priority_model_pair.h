/* SPDX-License-Identifier: Apache-2.0 */
/* A priority manager beside a model of it, with the same events: what both models' tests share. */
#ifndef MM_TEST_UNIT_PRIORITY_MODEL_PAIR_H
#define MM_TEST_UNIT_PRIORITY_MODEL_PAIR_H

#include "priority_script.h"
#include "priority_world.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

/* Each run of a script is as long as that, and has a seed of its own. */
constexpr size_t kRunEvents = 2500;

template <typename Model> class ModelPair : public PriorityWorld
{
  public:
    template <typename... Arguments> explicit ModelPair(const Arguments &...arguments) : model(arguments...)
    {
    }

    ~ModelPair() override
    {
        TearDown();
    }

    ModelPair(const ModelPair &) = delete;
    ModelPair &operator=(const ModelPair &) = delete;

    void TestBody() override
    {
    }

    Model model;

  protected:
    /* When the configuration is made. */
    void begin()
    {
        SetUp();
        model.now_ns = kernel->ops->now_ns(kernel);
        /* Parents: whom pid 1 starts was given its number, whom a launcher starts has it by birth. */
        for (pid_t pid : {1, 2}) {
            spawn(pid, 0, -1000);
            model.spawn(pid, {ticks_of(pid), 0, 0, -1000, "process"});
        }
    }

    uint64_t stated_ticks(const Action &action) const
    {
        auto living = model.machine().find(action.pid);
        auto before = ticks_before.find(action.pid);

        if (action.ticks == kTicksNow)
            return living == model.machine().end() ? 0 : living->second.start_time_ticks;
        return action.ticks == kTicksBefore && before != ticks_before.end() ? before->second : 0;
    }

    /* ---- actions --------------------------------------------------------------------------------------- */

    void spawn_in(const Action &action, const char *group)
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
        process.group = group;
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
        model.spawn(action.pid,
                    {ticks_of(action.pid), action.other, application.uid, action.value, comm, group});
    }

    /* True when its end is to be told. */
    bool has_ended(const Action &action)
    {
        if (!mm_simulated_is_alive(kernel, action.pid))
            return false;
        ticks_before[action.pid] = ticks_of(action.pid);
        EXPECT_EQ(mm_simulated_exit(kernel, action.pid), 0);
        model.exit(action.pid);
        return action.value % 2 != 0;
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

    void do_tell(const Action &action)
    {
        publish(MM_EVENT_OOM_SCORE_ADJ, action.pid, action.value);
        model.told_oom_score_adj(action.pid, action.value);
    }

    void step(uint64_t milliseconds)
    {
        mm_simulated_advance(kernel, milliseconds * MM_NS_PER_MS);
        mm_event_center_step(center);
    }

    /* 0: never. */
    virtual void set_dead_check(uint64_t milliseconds)
    {
        config.reclaim_priority.dead_check_ms = milliseconds;
        publish_config();
    }

    /* In half seconds, where nothing else is due. */
    void do_look_for_dead(const Action &)
    {
        set_dead_check(300);
        step(300);
        for (unsigned slice = 0; slice < 8; slice++)
            step(20);
        set_dead_check(0);
        model.look_for_dead();
        step(1000 - 300 - 8 * 20);
        model.pass(kernel->ops->now_ns(kernel));
    }

    void do_configure(const Action &action)
    {
        const ModelNames names = script_names(action.value);

        set_residents(names.residents);
        set_system_apps(names.system_apps);
        set_important(names.important, names.floor);
        config.reclaim_priority.important_app_count = names.important.empty() ? 0 : 1;
        publish_config();
        model.configure(names);
    }

    /* ---- comparing ------------------------------------------------------------------------------------- */

    struct Count {
        const char *name;
        size_t expected, found;
    };

    static void compare(std::ostream &said, std::initializer_list<Count> counts)
    {
        for (const Count &count : counts) {
            if (count.expected != count.found)
                said << count.name << ": " << count.expected << " expected, " << count.found << " found\n";
        }
    }

    struct Value {
        const char *name;
        int64_t expected, found;
    };

    void compare(std::ostream &said, pid_t pid, std::initializer_list<Value> values) const
    {
        for (const Value &value : values) {
            if (value.expected != value.found)
                said << pid << ": " << value.name << " " << value.expected << " expected, " << value.found
                     << " found: " << why(pid) << "\n";
        }
    }

    /* The number that the explanation of a process ends with. */
    int explained(pid_t pid) const
    {
        const std::string text = why(pid);
        const size_t arrow = text.rfind("-> ");

        return std::atoi(text.c_str() + (arrow == std::string::npos ? 0 : arrow + 3));
    }

    std::map<pid_t, uint64_t> ticks_before;
};

struct Outcome {
    std::string difference; /* "": none */
    size_t events = 0;
};

/* Up to the first difference. */
template <typename Pair> Outcome play_on(Pair &pair, const Script &script)
{
    Outcome outcome;

    for (const Action &action : script) {
        outcome.events++;
        outcome.difference = pair.take(action);
        if (!outcome.difference.empty() || ::testing::Test::HasFatalFailure())
            break;
    }
    return outcome;
}

/* play: of a script that fails, on a new pair. */
template <typename Play> std::string shortest_failure(Script script, Play play)
{
    std::ostringstream said;

    script.resize(play(script).events);
    script =
        shrink(std::move(script), [&](const Script &shorter) { return !play(shorter).difference.empty(); });
    for (const Action &action : script)
        said << "  " << in_words(action) << "\n";
    said << play(script).difference;
    return said.str();
}

inline unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *text = std::getenv(name);

    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

#endif
