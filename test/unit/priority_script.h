/* SPDX-License-Identifier: Apache-2.0 */
/* Random events for the priority manager and its model: made from a seed, told in words, made fewer. */
#ifndef MM_TEST_UNIT_PRIORITY_SCRIPT_H
#define MM_TEST_UNIT_PRIORITY_SCRIPT_H

#include "priority_model.h"

#include <functional>
#include <ostream>

enum class Act {
    kSpawn,     /* value: oom_score_adj; other: parent */
    kExit,      /* value: 0 unreported, 1 reported */
    kEcho,      /* the end of one that had the pid before, or has it; value: as ModelTicks */
    kLeave,     /* the domain, says the kernel */
    kReport,    /* value: mm_application_reason */
    kAccount,   /* value: id; other: mm_account_change */
    kPass,      /* value: seconds */
    kWrite,     /* somebody else writes oom_score_adj `value`, unreported */
    kWriteTold, /* the same, reported */
    kTell,      /* of a write that is not to be seen any more */
    kFind,      /* value: as ModelTicks */
    kStart,     /* value: index of kComms; other: 1: another user's program now */
    kScan,
    kRefresh,
    kLookForDead,
    kRestart,
    kConfigure, /* value: index of a configuration */
    kMatch, /* value: the rule's number; other: 0 no rule, 1 a built-in one, 2 and 3 one of the configuration */
    kTakeEnding,
    kFreeze, /* value: index of kGroups; other: 0 thaw, 1 freeze, 2 and 3 the same, unreported */
    kMove,   /* value: index of kGroups; of a frozen group the kernel tells */
    kCount
};

/* Whose start time an event states. */
enum ModelTicks { kTicksNone, kTicksNow, kTicksBefore };

/* Says all there is to say, so that any part of a script is a script. */
struct Action {
    Act act;
    pid_t pid;
    int value, other;
    int application;     /* index */
    int ticks;           /* ModelTicks */
    int age_s;           /* of the event, when it arrives */
    int rule_bundle = 0; /* index: the one that the rule names */
};

struct ScriptApplication {
    const char *bundle, *process;
    uid_t uid;
    int64_t account;
};

using Script = std::vector<Action>;

const ScriptApplication &script_application(int index);
const char *script_comm(int index);
/* Of cgroups; a process begins in one of them, the first is the root. */
const char *script_group(int index);
/* What a rule gives a bundle for a name: the first is none. */
const char *script_rule_bundle(int index);
ModelNames script_names(int index);
Script make_script(unsigned seed, size_t length);
std::string in_words(const Action &action);
/* Leaves out what is not needed for `fails` to hold, in portions that become smaller and smaller, for a limited number
   of tries. */
Script shrink(Script script, const std::function<bool(const Script &)> &fails);

/* The last of the pids are seldom reported. */
constexpr pid_t kFirstPid = 1000, kPids = 200, kUnreported = 12;

#endif
