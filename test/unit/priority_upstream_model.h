/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reference says of upstream's priorities (1.3, 1.4), written down as plainly as possible, with upstream's
 * tables: bundles by uid, processes by pid, two maps in each process. Beside it what priority_manager.h says is never
 * upstream's: -1000, and whose pid it is.
 */
#ifndef MM_TEST_UNIT_PRIORITY_UPSTREAM_MODEL_H
#define MM_TEST_UNIT_PRIORITY_UPSTREAM_MODEL_H

#include "priority_model.h"

#include <set>

struct UpstreamProcess {
    pid_t pid = 0;
    uid_t uid = 0;
    uint64_t start_time_ticks = 0;
    std::string process_name;
    int number = 0;
    int written = 0; /* what its file holds, as far as was told */
    bool is_system = false, is_resident = false, is_important = false, is_out_of_reach = false;
    int floor = 0;
    bool is_foreground = false, is_visible = false, has_transient_task = false, has_continuous_task = false;
    bool has_event = false, has_device = false, is_extension = false, has_ui = false, is_starting = false;
    uint64_t started_s = 0, grace_ends_ns = 0, start_ends_ns = 0; /* 0: none */
    uint64_t grace_order = 0, start_order = 0; /* of those that end at once, the first that began */
    std::set<pid_t> bound, callers;

    bool is_never_killed() const
    {
        return is_system || is_out_of_reach || number <= -1000;
    }
    int shown() const
    {
        return is_never_killed() ? -1000 : number > 1000 ? 1000 : number;
    }
};

struct UpstreamBundle {
    std::string name;
    int number = 400;
};

class UpstreamModel
{
  public:
    static constexpr uint64_t kGraceNs = 15500 * MM_NS_PER_MS, kAbilityStartNs = 10 * MM_NS_PER_S;

    void spawn(pid_t pid, const ModelLiving &process)
    {
        living[pid] = process;
    }
    void exit(pid_t pid)
    {
        living.erase(pid);
    }
    void write_file(pid_t pid, int oom_score_adj)
    {
        living.at(pid).oom_score_adj = oom_score_adj;
    }
    const std::map<pid_t, ModelLiving> &machine() const
    {
        return living;
    }

    void report(const ModelReport &report);
    /* The kernel says so; 0: of whoever it is. */
    void ended(pid_t pid, uint64_t start_time_ticks);
    void told_oom_score_adj(pid_t pid, int value);
    void switch_account(int64_t id, mm_account_change change);
    void configure(const ModelNames &configured);
    void look_for_dead();
    void pass(uint64_t until_ns);

    std::map<pid_t, UpstreamProcess> processes;
    std::map<uid_t, UpstreamBundle> bundles;
    uint64_t now_ns = 0;
    /* So that a test can have a model that is wrong. */
    int passes = 1;

    int shown(uid_t uid) const;
    /* Pairs of caller and target that either of them knows of. */
    size_t binding_count() const;

  private:
    UpstreamProcess *find(pid_t pid);
    const ModelLiving *alive(pid_t pid) const;
    std::vector<UpstreamProcess *> members(uid_t uid);
    void name(UpstreamProcess &process, const std::string &bundle_name) const;
    void forget(pid_t pid);
    void end(UpstreamProcess &process);
    void recount(uid_t uid);
    void write(UpstreamProcess &process);
    void write_bundle(uid_t uid);

    void recompute(UpstreamProcess &process);
    void propagate(UpstreamProcess &from);
    void evaluate(UpstreamProcess &process);
    int base_of(const UpstreamProcess &process, int least) const;

    void create(const ModelReport &report);
    void render(const ModelReport &report);
    void update(const ModelReport &report, UpstreamProcess &process);
    void set_flags(mm_application_reason reason, UpstreamProcess &process);
    void start_ability(const ModelReport &report, UpstreamProcess &process);
    void bind(const ModelReport &report, UpstreamProcess &process);

    std::map<pid_t, ModelLiving> living;
    ModelNames names;
    uint64_t timers = 0;
    std::map<int64_t, bool> reported_accounts; /* whether it is active */
};

#endif
