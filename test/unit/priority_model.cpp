/* SPDX-License-Identifier: Apache-2.0 */
/* What each event says of which process. */
#include "priority_model.h"

#include <algorithm>

/* ---- the machine -------------------------------------------------------------------------------------- */

void PriorityModel::spawn(pid_t pid, const ModelLiving &process)
{
    living[pid] = process;
}

void PriorityModel::exit(pid_t pid)
{
    living.erase(pid);
}

void PriorityModel::write(pid_t pid, int oom_score_adj)
{
    living.at(pid).oom_score_adj = oom_score_adj;
}

void PriorityModel::freeze(const std::string &group, bool is_frozen)
{
    if (is_frozen)
        frozen_groups.insert(group);
    else
        frozen_groups.erase(group);
}

void PriorityModel::move(pid_t pid, const std::string &group)
{
    living.at(pid).group = group;
}

/* Itself or one above it. */
bool PriorityModel::is_group_frozen(const std::string &group) const
{
    return std::any_of(frozen_groups.begin(), frozen_groups.end(), [&](const std::string &frozen) {
        return group == frozen || group.rfind(frozen + "/", 0) == 0;
    });
}

bool PriorityModel::is_anything_frozen() const
{
    return !told_frozen.empty() || std::any_of(processes.begin(), processes.end(),
                                               [](const auto &each) { return each.second.is_frozen; });
}

void PriorityModel::ask_if_frozen(ModelProcess &process) const
{
    if (const ModelLiving *info = alive(process.pid))
        process.is_frozen = is_group_frozen(info->group);
}

const ModelLiving *PriorityModel::alive(pid_t pid) const
{
    auto found = living.find(pid);

    return found == living.end() ? nullptr : &found->second;
}

bool PriorityModel::is_alive(const ModelProcess &process) const
{
    const ModelLiving *info = alive(process.pid);

    return info && info->start_time_ticks == process.start_time_ticks;
}

bool PriorityModel::was_put_out_of_reach(const ModelLiving &process) const
{
    const ModelLiving *parent = alive(process.parent);

    return process.oom_score_adj == -1000 &&
           (process.parent <= 1 || !parent || parent->oom_score_adj != -1000);
}

/* ---- coming and going --------------------------------------------------------------------------------- */

ModelProcess *PriorityModel::find(pid_t pid)
{
    auto found = processes.find(pid);

    return found == processes.end() ? nullptr : &found->second;
}

int PriorityModel::find_bundle(int64_t account, uid_t uid, const std::string &name) const
{
    for (const auto &[id, bundle] : bundles) {
        if (account >= 0 && bundle.account == account && bundle.uid == uid && bundle.name == name)
            return id;
    }
    return 0;
}

void PriorityModel::join(ModelProcess &process, int64_t account, uid_t uid, const std::string &name)
{
    process.bundle = find_bundle(account, uid, name);
    if (process.bundle == 0) {
        process.bundle = ++last_bundle;
        bundles[process.bundle].account = account;
        bundles[process.bundle].uid = uid;
        bundles[process.bundle].name = name;
    }
    process.number = MM_PRIORITY_NONE;
}

void PriorityModel::leave(ModelProcess &process)
{
    int id = process.bundle;

    process.bundle = 0;
    if (std::none_of(processes.begin(), processes.end(),
                     [&](const auto &each) { return each.second.bundle == id; }))
        bundles.erase(id);
}

/* Into the bundle that its rule names. Who is alone takes the own one along, where nobody else has that name. */
void PriorityModel::regroup(ModelProcess &process)
{
    const std::string &name = process.rule_bundle;
    auto there = std::find_if(bundles.begin(), bundles.end(), [&](const auto &each) {
        return each.second.account < 0 && !name.empty() && each.second.name == name;
    });
    bool has_others = std::any_of(processes.begin(), processes.end(), [&](const auto &each) {
        return each.second.bundle == process.bundle && each.first != process.pid;
    });

    if (bundles.at(process.bundle).name == name)
        return;
    if (there != bundles.end()) {
        int id = there->first;

        leave(process);
        process.bundle = id;
        process.number = MM_PRIORITY_NONE;
        return;
    }
    if (has_others) {
        leave(process);
        join(process, -1, process.uid, "");
    }
    bundles.at(process.bundle).name = name;
}

/* A process appears that may have bound others before it was known. */
ModelProcess &PriorityModel::add(pid_t pid, const ModelLiving &info)
{
    ModelProcess &process = processes[pid];

    process = ModelProcess{};
    process.pid = pid;
    process.start_time_ticks = info.start_time_ticks;
    process.uid = info.uid;
    process.comm = info.comm;
    process.written = info.oom_score_adj;
    if (is_starting || is_anything_frozen())
        ask_if_frozen(process);
    for (auto binding = bindings.begin(); binding != bindings.end();) {
        bool is_meant = !binding->is_known && binding->caller == pid && binding->caller_ticks != 0;

        if (is_meant && binding->caller_ticks != info.start_time_ticks) {
            binding = bindings.erase(binding);
            continue;
        }
        binding->is_known |= is_meant;
        ++binding;
    }
    return process;
}

void PriorityModel::add_unregistered(pid_t pid, const ModelLiving &info)
{
    if (pid > 1 && !find(pid))
        join(add(pid, info), -1, info.uid, "");
}

void PriorityModel::add_found(pid_t pid)
{
    if (const ModelLiving *info = alive(pid))
        add_unregistered(pid, *info);
}

void PriorityModel::end_bindings(pid_t pid)
{
    bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                  [&](const ModelBinding &binding) {
                                      return binding.target == pid ||
                                             (binding.is_known && binding.caller == pid);
                                  }),
                   bindings.end());
}

void PriorityModel::forget(pid_t pid)
{
    ModelProcess *process = find(pid);

    if (!process)
        return;
    end_bindings(pid);
    leave(*process);
    processes.erase(pid);
}

/* It runs on as anybody's. */
void PriorityModel::unregister(ModelProcess &process)
{
    ModelProcess plain{};

    end_bindings(process.pid);
    leave(process);
    plain.pid = process.pid;
    plain.start_time_ticks = process.start_time_ticks;
    plain.uid = process.uid;
    plain.comm = process.comm;
    plain.written = process.written;
    plain.is_frozen = process.is_frozen;
    process = plain;
    join(process, -1, process.uid, "");
}

void PriorityModel::note_foreign(ModelProcess &process, int value)
{
    bool was_out_of_reach = process.is_out_of_reach;

    process.written = value;
    process.is_out_of_reach = value == -1000;
    if (process.is_render && process.is_out_of_reach && !was_out_of_reach)
        unregister(process);
}

static int64_t account_of(const ModelReport &report, uid_t uid)
{
    return report.account >= 0 ? report.account : static_cast<int64_t>(uid / 200000);
}

/* Registers who is alive and is not registered; NULL for others. */
ModelProcess *PriorityModel::enroll(const ModelReport &report, bool is_new)
{
    const ModelLiving *info = alive(report.pid);
    ModelProcess *process = find(report.pid);
    std::string name = report.bundle.empty() ? report.process : report.bundle;

    if (!info || (report.start_time_ticks != 0 && report.start_time_ticks != info->start_time_ticks)) {
        forget(report.pid);
        return nullptr;
    }
    if (process && process->start_time_ticks != info->start_time_ticks) {
        forget(report.pid);
        process = nullptr;
    }
    if (process && process->is_registered)
        return nullptr;
    if (process)
        leave(*process);
    else
        process = &add(report.pid, *info);
    if (name.empty())
        name = info->comm;
    process->process_name = report.process.empty() ? name : report.process;
    process->is_registered = true;
    process->has_process_rule = false;
    process->rule_bundle.clear();
    process->uid = report.uid;
    process->written = process->inherited = info->oom_score_adj;
    join(*process, account_of(report, report.uid), report.uid, name);
    process->is_out_of_reach = !is_system(*process) && was_put_out_of_reach(*info);
    process->is_new = is_new;
    process->is_inheriting = is_new && process->is_from_scan;
    process->is_from_scan = false;
    process->deadline_ns = now_ns + kGraceNs;
    bundles.at(process->bundle).is_touched = true;
    return process;
}

/* ---- reports ------------------------------------------------------------------------------------------ */

struct StateRow {
    mm_application_reason reason;
    bool ModelProcess::*flag;
    bool value;
};

static const StateRow state_rows[] = {
    {MM_REASON_FOREGROUND, &ModelProcess::is_foreground, true},
    {MM_REASON_BACKGROUND, &ModelProcess::is_foreground, false},
    {MM_REASON_VISIBLE, &ModelProcess::is_visible, true},
    {MM_REASON_UN_VISIBLE, &ModelProcess::is_visible, false},
    {MM_REASON_SUSPEND_DELAY_START, &ModelProcess::has_transient_task, true},
    {MM_REASON_SUSPEND_DELAY_END, &ModelProcess::has_transient_task, false},
    {MM_REASON_BACKGROUND_RUNNING_START, &ModelProcess::has_continuous_task, true},
    {MM_REASON_BACKGROUND_RUNNING_END, &ModelProcess::has_continuous_task, false},
    {MM_REASON_EVENT_START, &ModelProcess::has_event, true},
    {MM_REASON_EVENT_END, &ModelProcess::has_event, false},
    {MM_REASON_DIST_DEVICE_CONNECTED, &ModelProcess::has_device, true},
    {MM_REASON_DIST_DEVICE_DISCONNECTED, &ModelProcess::has_device, false},
};

void PriorityModel::on_state(const ModelReport &report, ModelProcess *process)
{
    for (const StateRow &row : state_rows) {
        bool is_face = report.reason == MM_REASON_FOREGROUND || report.reason == MM_REASON_BACKGROUND;
        bool says_what_it_does = row.value || is_face;

        if (row.reason != report.reason)
            continue;
        if ((!process || !process->is_registered) && (!says_what_it_does || report.bundle.empty()))
            return;
        if (!process || !process->is_registered)
            process = enroll(report, false);
        if (!process)
            return;
        process->*row.flag = row.value;
        process->has_ui |= is_face;
        process->is_suspended = false;
        process->is_new &= !says_what_it_does;
        process->is_inheriting &= process->is_new;
        if (is_face && report.time_ns >= process->ability_started_ns)
            process->is_starting = false;
        if (says_what_it_does)
            bundles.at(process->bundle).is_touched = true;
        if (says_what_it_does && process->is_frozen)
            ask_if_frozen(*process);
    }
}

void PriorityModel::on_suspend(ModelProcess *process)
{
    int id = process->bundle;

    for (auto &[pid, member] : processes) {
        if (member.bundle != id)
            continue;
        member.is_new = member.is_inheriting = member.is_starting = false;
        member.is_suspended = true;
    }
}

void PriorityModel::on_terminated(ModelProcess *process)
{
    if (is_alive(*process))
        unregister(*process);
    else
        forget(process->pid);
}

/* Bound or unbound, it is an extension from now on. */
void PriorityModel::on_bind(const ModelReport &report, ModelProcess *process)
{
    const ModelLiving *info = alive(report.caller);
    ModelBinding wanted{report.caller, report.pid, find(report.caller) != nullptr,
                        info ? info->start_time_ticks : 0};

    if (report.reason == MM_REASON_BIND_EXTENSION && report.caller == report.pid)
        return;
    bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                  [&](const ModelBinding &binding) {
                                      return binding.caller == wanted.caller &&
                                             binding.target == wanted.target;
                                  }),
                   bindings.end());
    if (report.reason == MM_REASON_BIND_EXTENSION)
        bindings.push_back(wanted);
    process->is_new = process->is_inheriting = process->is_suspended = false;
    process->is_extension = true;
}

int PriorityModel::find_owner(const ModelReport &report)
{
    const ModelProcess *caller = find(report.caller);
    int64_t account = account_of(report, report.caller_uid);
    int owner = 0;

    if (caller && caller->is_registered && !caller->is_render)
        return caller->bundle;
    if (!report.bundle.empty())
        return find_bundle(account, report.caller_uid, report.bundle);
    for (const auto &[id, bundle] : bundles) {
        if (bundle.account != account || bundle.uid != report.caller_uid)
            continue;
        if (owner)
            return 0;
        owner = id;
    }
    return owner;
}

void PriorityModel::on_render(const ModelReport &report, ModelProcess *process)
{
    const ModelLiving *info = alive(report.pid);
    int owner;

    if (!info || (report.start_time_ticks != 0 && report.start_time_ticks != info->start_time_ticks))
        return;
    if (process && process->start_time_ticks != info->start_time_ticks) {
        forget(report.pid);
        process = nullptr;
    }
    if (process && process->is_registered)
        return;
    if (was_put_out_of_reach(*info)) {
        add_unregistered(report.pid, *info);
        return;
    }
    owner = find_owner(report);
    if (owner == 0) {
        write(report.pid, 0);
        add_unregistered(report.pid, *info);
        find(report.pid)->written = 0;
        return;
    }
    if (process)
        leave(*process);
    else
        process = &add(report.pid, *info);
    process->is_registered = process->is_render = true;
    process->has_process_rule = false;
    process->rule_bundle.clear();
    process->is_from_scan = false;
    process->written = info->oom_score_adj;
    process->bundle = owner;
    process->number = MM_PRIORITY_NONE;
}

void PriorityModel::on_ability_start(const ModelReport &report, ModelProcess *process)
{
    if (process->is_render || (process->number <= 0 && !process->is_starting))
        return;
    process->is_new = process->is_inheriting = process->is_suspended = false;
    process->is_starting = true;
    process->deadline_ns = now_ns + kAbilityStartNs;
    process->ability_started_ns = report.time_ns;
    bundles.at(process->bundle).is_touched = true;
}

void PriorityModel::report(const ModelReport &report)
{
    ModelProcess *process = find(report.pid);

    /* Of those that had the pid one after the other, the one that is meant. */
    if (process && report.start_time_ticks != 0 && report.start_time_ticks < process->start_time_ticks)
        return;
    if (process && report.start_time_ticks > process->start_time_ticks) {
        forget(report.pid);
        process = nullptr;
    }
    if (report.reason == MM_REASON_CREATE_PROCESS)
        enroll(report, true);
    else if (report.reason == MM_REASON_RENDER_CREATE_PROCESS)
        on_render(report, process);
    else if (process && process->is_registered && report.reason == MM_REASON_APPLICATION_SUSPEND)
        on_suspend(process);
    else if (process && process->is_registered && report.reason == MM_REASON_PROCESS_TERMINATED)
        on_terminated(process);
    else if (process && process->is_registered &&
             (report.reason == MM_REASON_BIND_EXTENSION || report.reason == MM_REASON_UNBIND_EXTENSION))
        on_bind(report, process);
    else if (process && process->is_registered && report.reason == MM_REASON_ABILITY_START)
        on_ability_start(report, process);
    else
        on_state(report, process);
    settle();
}
