/* SPDX-License-Identifier: Apache-2.0 */
/* From the facts to the numbers: everything anew, each time. */
#include "priority_model.h"

#include <algorithm>

static bool has(const std::vector<std::string> &names, const std::string &name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool PriorityModel::is_system(const ModelProcess &process) const
{
    if (process.is_registered)
        return has(names.system_apps, bundles.at(process.bundle).name) ||
               has(names.system_apps, process.process_name);
    return std::any_of(names.system_apps.begin(), names.system_apps.end(), [&](const std::string &name) {
        return name.substr(0, MM_COMM_MAX - 1) == process.comm;
    });
}

int PriorityModel::account_adjustment(const ModelProcess &process) const
{
    auto account = reported_accounts.find(bundles.at(process.bundle).account);

    if (account == reported_accounts.end())
        return 0;
    return account->second ? -50 : 50;
}

/* What is known of it, before anything that its name or its account says. */
void PriorityModel::compute_state(ModelProcess &process) const
{
    /* -1000 is never overruled; nor is, by what is built in, any number that somebody gave, unless to protect. */
    bool does_rule_count =
        !process.is_registered && process.has_process_rule && process.written != -1000 &&
        (!process.is_rule_built_in || process.written == 0 || process.rule_number == -1000);
    const struct {
        bool holds;
        int number;
        mm_priority_rule rule;
    } rows[] = {
        {does_rule_count, process.rule_number, MM_RULE_PROCESS_RULE},
        {!process.is_registered || process.is_out_of_reach, process.written, MM_RULE_OOM_SCORE_ADJ},
        {process.is_inheriting, process.inherited, MM_RULE_OOM_SCORE_ADJ},
        {process.is_starting, 0, MM_RULE_ABILITY_START},
        {process.is_suspended, 800, MM_RULE_SUSPENDED},
        {process.is_new, 0, MM_RULE_NEW},
        {process.is_foreground, 0, MM_RULE_FOREGROUND},
        {process.is_visible, visible_priority, MM_RULE_VISIBLE},
        {process.has_transient_task, 100, MM_RULE_TRANSIENT_TASK},
        {process.has_continuous_task, 200, MM_RULE_CONTINUOUS_TASK},
        {process.has_event, 200, MM_RULE_EVENT},
        {process.has_device, 260, MM_RULE_DIST_DEVICE},
        {process.is_extension && !process.has_ui, 500, MM_RULE_EXTENSION},
        {true, 400, MM_RULE_BACKGROUND},
    };

    for (const auto &row : rows) {
        if (!row.holds)
            continue;
        process.own = row.number;
        process.own_rule = row.rule;
        return;
    }
}

void PriorityModel::compute_own(ModelProcess &process) const
{
    bool is_file;

    compute_state(process);
    is_file = process.own_rule == MM_RULE_OOM_SCORE_ADJ;
    auto set = [&](int number, mm_priority_rule rule) {
        if (number == process.own)
            return;
        process.own = number;
        process.own_rule = rule;
    };

    if (process.is_frozen && process.own_rule != MM_RULE_ABILITY_START &&
        process.own >= (process.is_registered ? 0 : 1))
        set(std::max(process.own, 600), MM_RULE_FROZEN);
    if (process.is_registered && !names.important.empty() && process.process_name == names.important)
        set(process.own_rule == MM_RULE_NEW ? names.floor : std::min(process.own, names.floor),
            MM_RULE_IMPORTANT);
    if (process.is_registered && has(names.residents, bundles.at(process.bundle).name))
        set(std::min(process.own, -800), MM_RULE_RESIDENT);
    if (is_system(process))
        set(-1000, MM_RULE_SYSTEM);
    if (!is_file && process.own >= 0)
        set(std::clamp(process.own + account_adjustment(process), 0, 1000), MM_RULE_ACCOUNT);
}

void PriorityModel::count_bundles()
{
    for (auto &[id, bundle] : bundles) {
        bundle.least = MM_PRIORITY_NONE;
        bundle.members = 0;
    }
    for (const auto &[pid, process] : processes) {
        ModelBundle &bundle = bundles.at(process.bundle);

        bundle.members++;
        if (!process.is_render)
            bundle.least = std::min(bundle.least, process.next);
    }
    for (auto &[id, bundle] : bundles) {
        if (bundle.least == MM_PRIORITY_NONE)
            bundle.least = 400; /* renders whose owner is gone */
    }
}

/* One round of Bellman and Ford: numbers only fall, from what they are without callers. */
bool PriorityModel::improve()
{
    bool has_changed = false;

    for (const ModelBinding &binding : bindings) {
        ModelProcess &target = processes.at(binding.target);
        int caller = binding.is_known ? processes.at(binding.caller).next : 0;
        int given = std::clamp(caller, 0, 400) + 100;

        if (!target.is_extension || target.is_render || target.next <= given)
            continue;
        target.next = given;
        has_changed = true;
    }
    count_bundles();
    for (auto &[pid, process] : processes) {
        int followed = std::max(bundles.at(process.bundle).least, 0);

        if (!process.is_render || process.next == followed)
            continue;
        process.next = followed;
        has_changed = true;
    }
    return has_changed;
}

void PriorityModel::recompute()
{
    for (auto &[pid, process] : processes) {
        if (process.is_render) {
            process.own = MM_PRIORITY_NONE;
            process.own_rule = MM_RULE_RENDER;
        } else {
            compute_own(process);
        }
        process.next = process.own;
    }
    while (improve())
        ;
}

/* Whatever was used, came, or moved is the most recently used of its equals. */
void PriorityModel::place_bundles()
{
    for (auto &[id, bundle] : bundles) {
        if (bundle.least == bundle.priority && !bundle.is_touched)
            continue;
        if (bundle.moment < first_moment) {
            bundle.previous_priority = bundle.priority;
            bundle.previous_moment = bundle.moment;
            bundle.previous_place = bundle.place;
        }
        bundle.priority = bundle.least;
        bundle.is_touched = false;
        bundle.moment = moment;
        bundle.place = 0;
    }
}

/* False: it is not there any more. */
bool PriorityModel::write_change(ModelProcess &process)
{
    if (!process.is_registered || process.number == process.written)
        return true;
    if (!is_alive(process))
        return false;
    ModelLiving &file = living.at(process.pid);
    if (file.oom_score_adj == -1000 && process.written != -1000) {
        note_foreign(process, -1000);
        return true;
    }
    file.oom_score_adj = lacks_lowering ? std::max(process.number, 0) : process.number;
    process.written = file.oom_score_adj;
    return true;
}

/* True when that taught something new: that somebody had written -1000, or that a process is gone. */
bool PriorityModel::write_changes_of(bool followers)
{
    std::vector<pid_t> changed, dead;
    bool has_learnt = false;

    for (auto &[pid, process] : processes) {
        if ((process.is_render && !binds_others(pid)) != followers)
            continue;
        process.rule = process.is_render            ? MM_RULE_RENDER
                       : process.next < process.own ? MM_RULE_EXTENSION
                                                    : process.own_rule;
        if (process.next != process.number)
            changed.push_back(pid);
        process.number_before = process.number;
        process.number = process.next;
    }
    for (pid_t pid : changed) {
        ModelProcess &process = processes.at(pid);
        bool was_out_of_reach = process.is_out_of_reach, was_render = process.is_render;

        if (!write_change(process))
            dead.push_back(pid);
        has_learnt |= process.is_out_of_reach != was_out_of_reach || process.is_render != was_render;
    }
    for (pid_t pid : dead)
        forget(pid);
    return has_learnt || !dead.empty();
}

bool PriorityModel::binds_others(pid_t pid) const
{
    return std::any_of(bindings.begin(), bindings.end(), [&](const ModelBinding &binding) {
        return binding.is_known && binding.caller == pid;
    });
}

/* A render process that binds nobody follows when nothing is left to be learnt from the others. */
bool PriorityModel::write_changes()
{
    return write_changes_of(false) || write_changes_of(true);
}

void PriorityModel::settle()
{
    moment++;
    do
        recompute();
    while (write_changes());
    place_bundles();
    forget_removed_accounts();
}

void PriorityModel::forget_removed_accounts()
{
    for (auto id = removed_accounts.begin(); id != removed_accounts.end();) {
        const bool is_left = std::any_of(bundles.begin(), bundles.end(),
                                         [&](const auto &each) { return each.second.account == *id; });

        if (!is_left)
            reported_accounts.erase(*id);
        id = is_left ? std::next(id) : removed_accounts.erase(id);
    }
}

size_t PriorityModel::account_count() const
{
    std::map<int64_t, bool> accounts = reported_accounts;

    for (const auto &[id, bundle] : bundles) {
        if (bundle.account >= 0)
            accounts.insert({bundle.account, false});
    }
    return accounts.size();
}
