/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_script.h"

#include <algorithm>
#include <random>
#include <sstream>

/* Users 100 to 102 and the system; one name under two uids, one uid with two names, a stated account. */
static const ScriptApplication applications[] = {
    {"com.example.mail", "", 20000001, -1},
    {"com.example.mail", "com.example.mail:helper", 20000001, -1},
    {"com.example.music", "", 20000002, -1},
    {"com.example.music", "com.example.music:player", 20000002, -1},
    {"com.example.maps", "", 20000003, -1},
    {"com.example.home", "", 20000001, -1},
    {"com.example.mail", "", 20200001, -1},
    {"com.example.music", "com.example.music:player", 20200002, -1},
    {"com.example.maps", "", 20200003, -1},
    {"com.example.maps", "com.example.maps:tiles", 20200003, -1},
    {"com.example.home", "", 20400001, -1},
    {"com.example.mail", "", 20400002, -1},
    {"com.example.system", "", 1000, -1},
    {"com.example.daemon", "com.example.music:player", 1001, -1},
    {"com.example.guest", "", 0, 101},
    {"", "com.example.nameless", 20000004, -1},
    {"", "", 20000005, -1},
};

static const char *const comms[] = {"app", "worker", "a-name-of-fifte"};

static const char *const groups[] = {"/", "/a", "/a/b", "/c"};

/* The keys of the last two are the same. */
static const char *const rule_bundles[] = {"", "one", "two", "three"};

static const ModelNames names[] = {
    {},
    {{"com.example.music"}, {"com.example.home"}, "com.example.mail:helper", 300},
    {{"com.example.mail", "com.example.daemon"}, {"worker"}, "com.example.music:player", -500},
    {{"com.example.guest"}, {"a-name-of-fifteen-and-more"}, "com.example.music:player", 800},
    {{}, {"com.example.maps:tiles"}, "com.example.mail", 20},
};

const ScriptApplication &script_application(int index)
{
    return applications[static_cast<size_t>(index) % MM_ARRAY_SIZE(applications)];
}

const char *script_comm(int index)
{
    return comms[static_cast<size_t>(index) % MM_ARRAY_SIZE(comms)];
}

const char *script_group(int index)
{
    return groups[static_cast<size_t>(index) % MM_ARRAY_SIZE(groups)];
}

const char *script_rule_bundle(int index)
{
    return rule_bundles[static_cast<size_t>(index) % MM_ARRAY_SIZE(rule_bundles)];
}

ModelNames script_names(int index)
{
    return names[static_cast<size_t>(index) % MM_ARRAY_SIZE(names)];
}

/* ---- at random ---------------------------------------------------------------------------------------- */

static const struct {
    Act act;
    unsigned weight;
} weights[] = {
    {Act::kSpawn, 90},     {Act::kExit, 40},   {Act::kEcho, 5},        {Act::kLeave, 4},
    {Act::kReport, 700},   {Act::kAccount, 8}, {Act::kPass, 40},       {Act::kWrite, 15},
    {Act::kWriteTold, 20}, {Act::kTell, 6},    {Act::kFind, 15},       {Act::kStart, 15},
    {Act::kScan, 4},       {Act::kRefresh, 8}, {Act::kLookForDead, 4}, {Act::kRestart, 1},
    {Act::kConfigure, 5},  {Act::kMatch, 45},  {Act::kTakeEnding, 5},  {Act::kFreeze, 12},
    {Act::kMove, 12},
};

/* How often of each kind. */
static const struct {
    mm_application_reason reason;
    unsigned weight;
} reasons[] = {
    {MM_REASON_CREATE_PROCESS, 10},
    {MM_REASON_PROCESS_READY, 1},
    {MM_REASON_FOREGROUND, 6},
    {MM_REASON_BACKGROUND, 8},
    {MM_REASON_SUSPEND_DELAY_START, 3},
    {MM_REASON_SUSPEND_DELAY_END, 3},
    {MM_REASON_BACKGROUND_RUNNING_START, 3},
    {MM_REASON_BACKGROUND_RUNNING_END, 3},
    {MM_REASON_EVENT_START, 2},
    {MM_REASON_EVENT_END, 2},
    {MM_REASON_APPLICATION_SUSPEND, 2},
    {MM_REASON_PROCESS_TERMINATED, 3},
    {MM_REASON_OS_ACCOUNT_CHANGED, 1},
    {MM_REASON_DIST_DEVICE_CONNECTED, 3},
    {MM_REASON_DIST_DEVICE_DISCONNECTED, 3},
    {MM_REASON_BIND_EXTENSION, 14},
    {MM_REASON_UNBIND_EXTENSION, 8},
    {MM_REASON_VISIBLE, 4},
    {MM_REASON_UN_VISIBLE, 4},
    {MM_REASON_RENDER_CREATE_PROCESS, 8},
    {MM_REASON_ABILITY_START, 4},
};

class ScriptMaker
{
  public:
    explicit ScriptMaker(unsigned seed) : random(seed)
    {
    }

    int below(unsigned end)
    {
        return static_cast<int>(random() % end);
    }

    /* A few pids have most of the events, so that they have to do with each other. */
    pid_t any_pid()
    {
        return kFirstPid + below(below(2) ? 12 : kPids);
    }

    /* Also one that is nobody's, and the caller that could not be named. */
    pid_t any_caller()
    {
        int what = below(30);

        return what == 0 ? 0 : what == 1 ? 99999 : any_pid();
    }

    int any_oom_score_adj()
    {
        static const int values[] = {-1000, -1000, -800, -17, 0, 0, 0, 100, 300, 400, 1000};

        return values[below(MM_ARRAY_SIZE(values))];
    }

    template <typename Row, size_t count> const Row &weighted(const Row (&rows)[count])
    {
        unsigned sum = 0, left;

        for (const Row &row : rows)
            sum += row.weight;
        left = static_cast<unsigned>(below(sum));
        for (const Row &row : rows) {
            if (left < row.weight)
                return row;
            left -= row.weight;
        }
        return rows[0];
    }

    Action any()
    {
        Action action{weighted(weights).act, any_pid(), 0, 0, 0, kTicksNone, 0};

        action.application =
            static_cast<int>((static_cast<unsigned>(action.pid) * 7) % MM_ARRAY_SIZE(applications));
        if (below(20) == 0)
            action.application = below(MM_ARRAY_SIZE(applications));
        choose_values(action);
        return action;
    }

    void choose_values(Action &action)
    {
        switch (action.act) {
        case Act::kReport:
            action.value = weighted(reasons).reason;
            action.other = any_caller();
            action.ticks = below(10) == 0 ? 1 + below(2) : kTicksNone;
            action.age_s = below(10) == 0 ? below(12) : 0;
            break;
        case Act::kSpawn:
            action.other = below(4) == 0 ? any_pid() : below(3);
            [[fallthrough]];
        case Act::kWrite:
        case Act::kWriteTold:
        case Act::kTell:
            action.value = any_oom_score_adj();
            break;
        case Act::kMatch:
            action.value = any_oom_score_adj();
            action.other = below(4);
            action.ticks = below(3);
            action.rule_bundle = below(MM_ARRAY_SIZE(rule_bundles));
            /* rules are for those that nobody registered: else bundles of several would be rare */
            if (below(4) > 0)
                action.pid = kFirstPid + kPids - 1 - below(kUnreported);
            break;
        case Act::kAccount:
            action.value = below(8) == 0 ? 0 : 100 + below(3);
            action.other = below(MM_ACCOUNT_CHANGE_COUNT);
            break;
        case Act::kPass:
            action.value = below(4) == 0 ? below(20) : below(4);
            break;
        default:
            action.value = below(30);
            action.other = below(4);
            action.ticks = below(3);
            break;
        }
    }

    /* Most of the pids are applications to begin with, but for the last. */
    void populate(Script &script)
    {
        for (pid_t pid = kFirstPid; pid < kFirstPid + kPids; pid++) {
            int application =
                static_cast<int>((static_cast<unsigned>(pid) * 7) % MM_ARRAY_SIZE(applications));

            if (below(4) == 0)
                continue;
            script.push_back({Act::kSpawn, pid, 0, 0, application, kTicksNone, 0});
            if (pid < kFirstPid + kPids - kUnreported)
                script.push_back(
                    {Act::kReport, pid, MM_REASON_CREATE_PROCESS, 0, application, kTicksNone, 0});
        }
    }

  private:
    std::mt19937 random;
};

Script make_script(unsigned seed, size_t length)
{
    ScriptMaker maker(seed);
    Script script;

    maker.populate(script);
    while (script.size() < length)
        script.push_back(maker.any());
    script.resize(length);
    return script;
}

/* ---- in words ----------------------------------------------------------------------------------------- */

static const char *ticks_in_words(int ticks)
{
    return ticks == kTicksNone ? "" : ticks == kTicksNow ? ", of the one that is" : ", of the one before";
}

static void tell_report(std::ostream &stream, const Action &action)
{
    const ScriptApplication &application = script_application(action.application);

    stream << mm_application_reason_name(static_cast<mm_application_reason>(action.value)) << " of "
           << action.pid;
    if (action.value == MM_REASON_BIND_EXTENSION || action.value == MM_REASON_UNBIND_EXTENSION ||
        action.value == MM_REASON_RENDER_CREATE_PROCESS)
        stream << " by " << action.other;
    stream << ", \"" << application.bundle << "\"";
    if (application.process[0])
        stream << " \"" << application.process << "\"";
    stream << " uid " << application.uid;
    if (application.account >= 0)
        stream << " account " << application.account;
    stream << ticks_in_words(action.ticks);
    if (action.age_s > 0)
        stream << ", " << action.age_s << " s late";
}

std::string in_words(const Action &action)
{
    static const char *const changes[] = {"activated", "hot switch", "cold switch", "stopped", "removed"};
    std::ostringstream stream;

    switch (action.act) {
    case Act::kReport:
        tell_report(stream, action);
        break;
    case Act::kSpawn:
        stream << "process " << action.pid << " begins at " << action.value << ", parent " << action.other;
        break;
    case Act::kExit:
        stream << "process " << action.pid << " ends" << (action.value % 2 ? "" : ", unreported");
        break;
    case Act::kEcho:
        stream << "end of " << action.pid << " reported" << ticks_in_words(action.ticks);
        break;
    case Act::kLeave:
        stream << "process " << action.pid << " leaves the domain" << ticks_in_words(action.ticks);
        break;
    case Act::kAccount:
        stream << "account " << action.value << ": " << changes[action.other];
        break;
    case Act::kPass:
        stream << action.value << " s pass";
        break;
    case Act::kWrite:
        stream << "somebody writes " << action.value << " for " << action.pid << ", unreported";
        break;
    case Act::kWriteTold:
        stream << "somebody writes " << action.value << " for " << action.pid;
        break;
    case Act::kTell:
        stream << "a late report that somebody wrote " << action.value << " for " << action.pid;
        break;
    case Act::kFind:
        stream << "process " << action.pid << " is found" << ticks_in_words(action.ticks);
        break;
    case Act::kStart:
        stream << "process " << action.pid << " runs \"" << script_comm(action.value) << "\""
               << (action.other == 1 ? " of another user" : "") << ticks_in_words(action.ticks);
        break;
    case Act::kMatch:
        stream << (action.other == 0   ? "no rule"
                   : action.other == 1 ? "a built-in rule"
                                       : "a rule")
               << " takes process " << action.pid << " at " << action.value << " into bundle \""
               << script_rule_bundle(action.rule_bundle) << "\"" << ticks_in_words(action.ticks);
        break;
    case Act::kFreeze:
        stream << "group " << script_group(action.value) << " is " << (action.other % 2 ? "frozen" : "thawed")
               << (action.other < 2 ? "" : ", unreported");
        break;
    case Act::kMove:
        stream << "process " << action.pid << " moves to group " << script_group(action.value);
        break;
    case Act::kConfigure:
        stream << "configuration " << static_cast<size_t>(action.value) % MM_ARRAY_SIZE(names);
        break;
    default: {
        static const char *const words[] = {"scan", "refresh", "look for the dead", "restart"};

        stream << (action.act == Act::kTakeEnding
                       ? "the killer takes what a cold switch ends"
                       : words[static_cast<int>(action.act) - static_cast<int>(Act::kScan)]);
        break;
    }
    }
    return stream.str();
}

/* ---- fewer -------------------------------------------------------------------------------------------- */

Script shrink(Script script, const std::function<bool(const Script &)> &fails)
{
    /* Each try takes as long as its script: a few seconds for all. */
    unsigned tries = 3000;

    for (size_t portion = script.size() / 2; portion > 0;) {
        bool was_shorter = false;

        for (size_t end = script.size(); end > 0 && tries > 0;) {
            size_t begin = end > portion ? end - portion : 0;
            Script shorter(script.begin(), script.begin() + static_cast<ptrdiff_t>(begin));

            shorter.insert(shorter.end(), script.begin() + static_cast<ptrdiff_t>(end), script.end());
            tries--;
            if (fails(shorter)) {
                script = std::move(shorter);
                was_shorter = true;
            }
            end = begin;
        }
        if (portion == 1 && !was_shorter)
            break;
        portion = std::max<size_t>(was_shorter && portion == 1 ? 1 : portion / 2, 1);
        if (tries == 0)
            break;
    }
    return script;
}
