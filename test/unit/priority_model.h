/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the priority manager's header and the reference (1.2 to 1.4) say, written down as plainly as possible: facts
 * about processes, and a recomputation of everything from them after each event. Nothing is incremental, nothing is
 * taken from the manager but the names of reasons and rules.
 */
#ifndef MM_TEST_UNIT_PRIORITY_MODEL_H
#define MM_TEST_UNIT_PRIORITY_MODEL_H

#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/event_center.h"
#pragma GCC diagnostic pop
#include "priority_manager/priority_manager.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

/* A process as the kernel has it. */
struct ModelLiving {
    uint64_t start_time_ticks;
    pid_t parent;
    uid_t uid;
    int oom_score_adj;
    std::string comm;
    std::string group = "/";
};

/* What is configured: each name once. */
struct ModelNames {
    std::vector<std::string> residents, system_apps;
    std::string important; /* a process' name; "": none */
    int floor = 0;
};

/* An event about an application, as a client reports it. */
struct ModelReport {
    mm_application_reason reason;
    pid_t pid;
    uid_t uid;
    std::string bundle, process;
    int64_t account = -1;
    pid_t caller = 0;
    uid_t caller_uid = 0;
    uint64_t start_time_ticks = 0;
    uint64_t time_ns = 0;
};

struct ModelProcess {
    pid_t pid;
    uint64_t start_time_ticks;
    uid_t uid;
    std::string comm, process_name;
    int bundle = 0;
    int written = 0; /* what its file holds, as far as was told */
    int inherited = 0;
    bool is_registered = false, is_render = false, is_from_scan = false, is_out_of_reach = false;
    bool is_foreground = false, is_visible = false, has_transient_task = false, has_continuous_task = false;
    bool has_event = false, has_device = false, is_extension = false, has_ui = false, is_suspended = false;
    bool is_new = false, is_inheriting = false, is_starting = false;
    bool is_frozen = false; /* when last asked */
    uint64_t deadline_ns = 0, ability_started_ns = 0;
    /* Of the configuration, as long as nobody registers it. */
    bool has_process_rule = false, is_rule_built_in = false;
    int rule_number = 0;
    std::string rule_bundle; /* "": it is by itself */

    int number = MM_PRIORITY_NONE, number_before = MM_PRIORITY_NONE;
    mm_priority_rule rule = MM_RULE_NEW;
    /* of the recomputation under way */
    int own = 0, next = 0;
    mm_priority_rule own_rule = MM_RULE_NEW;
};

struct ModelBundle {
    int64_t account = -1; /* -1: of processes that nobody registered */
    uid_t uid = 0;
    std::string name; /* without an account: what rules say; "": of a single process */
    bool is_ending = false, is_touched = false;
    int priority = MM_PRIORITY_NONE, previous_priority = MM_PRIORITY_NONE;
    /* When it was used last: the moment, and its place among those of the same moment. */
    uint64_t moment = 0, previous_moment = 0;
    unsigned place = 0, previous_place = 0;
    int least = 0, members = 0; /* of the recomputation under way */
};

struct ModelBinding {
    pid_t caller, target;
    bool is_known;         /* the caller is on the list */
    uint64_t caller_ticks; /* of one that is not; 0: it was not alive */
};

class PriorityModel
{
  public:
    static constexpr uint64_t kGraceNs = 15 * MM_NS_PER_S, kAbilityStartNs = 10 * MM_NS_PER_S;

    explicit PriorityModel(bool lacks_lowering_) : lacks_lowering(lacks_lowering_)
    {
    }

    /* The machine. */
    void spawn(pid_t pid, const ModelLiving &living);
    void exit(pid_t pid);
    void write(pid_t pid, int oom_score_adj);
    void freeze(const std::string &group, bool is_frozen);
    void move(pid_t pid, const std::string &group);
    bool is_group_frozen(const std::string &group) const;
    const std::map<pid_t, ModelLiving> &machine() const
    {
        return living;
    }

    /* Events. */
    void report(const ModelReport &report);
    void exited(pid_t pid, uint64_t start_time_ticks);
    void left(pid_t pid, uint64_t start_time_ticks);
    void found(pid_t pid, uint64_t start_time_ticks);
    void started(pid_t pid, uint64_t start_time_ticks, const std::string &comm, uid_t uid);
    void unmatched(pid_t pid, uint64_t start_time_ticks);
    void matched(pid_t pid, uint64_t start_time_ticks, int number, bool is_built_in,
                 const std::string &bundle);
    void told_oom_score_adj(pid_t pid, int value);
    void told_of_group(const std::string &group);
    void switch_account(int64_t id, mm_account_change change);
    void configure(const ModelNames &names);
    void pass(uint64_t until_ns);
    void restart();
    void scan();
    void refresh();
    void look_for_dead();
    /* 0 when there is none. */
    int take_ending();

    /* The moments from here on belong to one event. */
    void begin_event()
    {
        first_moment = moment + 1;
    }

    std::map<pid_t, ModelProcess> processes;
    std::map<int, ModelBundle> bundles;
    std::vector<ModelBinding> bindings;
    std::map<int64_t, bool> reported_accounts; /* whether it is active */
    std::set<int64_t> removed_accounts;        /* forgotten when nobody is left of them */
    uint64_t now_ns = 0, moment = 0, first_moment = 1;
    /* So that a test can have a model that is wrong. */
    int visible_priority = MM_PRIORITY_VISIBLE;

    size_t account_count() const;
    void end_account(int64_t id, bool is_removal);
    void forget_removed_accounts();

  private:
    ModelProcess *find(pid_t pid);
    const ModelLiving *alive(pid_t pid) const;
    bool is_alive(const ModelProcess &process) const;
    bool is_anything_frozen() const;
    void ask_if_frozen(ModelProcess &process) const;
    bool was_put_out_of_reach(const ModelLiving &process) const;
    bool is_system(const ModelProcess &process) const;

    /* Coming and going. */
    void join(ModelProcess &process, int64_t account, uid_t uid, const std::string &name);
    void leave(ModelProcess &process);
    void regroup(ModelProcess &process);
    ModelProcess &add(pid_t pid, const ModelLiving &info);
    void add_unregistered(pid_t pid, const ModelLiving &info);
    void add_found(pid_t pid);
    void forget(pid_t pid);
    void unregister(ModelProcess &process);
    void end_bindings(pid_t pid);
    ModelProcess *enroll(const ModelReport &report, bool is_new);
    void note_foreign(ModelProcess &process, int value);
    int find_bundle(int64_t account, uid_t uid, const std::string &name) const;
    int find_owner(const ModelReport &report);

    /* Handlers of reports. */
    void on_state(const ModelReport &report, ModelProcess *process);
    void on_suspend(ModelProcess *process);
    void on_terminated(ModelProcess *process);
    void on_bind(const ModelReport &report, ModelProcess *process);
    void on_render(const ModelReport &report, ModelProcess *process);
    void on_ability_start(const ModelReport &report, ModelProcess *process);

    /* The recomputation. */
    void settle();
    void recompute();
    void compute_own(ModelProcess &process) const;
    void compute_state(ModelProcess &process) const;
    bool improve();
    void count_bundles();
    void place_bundles();
    bool binds_others(pid_t pid) const;
    bool write_changes();
    bool write_changes_of(bool followers);
    bool write_change(ModelProcess &process);
    int account_adjustment(const ModelProcess &process) const;

    std::map<pid_t, ModelLiving> living;
    std::set<std::string> frozen_groups; /* by themselves */
    std::set<std::string> told_frozen;   /* somebody said so */
    bool is_starting = true;             /* no scan was made yet */
    ModelNames names;
    bool lacks_lowering;
    int last_bundle = 0;
};

#endif
