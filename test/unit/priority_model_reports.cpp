/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel reports, accounts, time, and the manager's own looks. */
#include "priority_model.h"

#include <algorithm>

/* ---- the kernel's reports ----------------------------------------------------------------------------- */

void PriorityModel::left(pid_t pid, uint64_t start_time_ticks)
{
    const ModelProcess *process = find(pid);

    if (process && (start_time_ticks == 0 || start_time_ticks == process->start_time_ticks))
        forget(pid);
    settle();
}

void PriorityModel::exited(pid_t pid, uint64_t start_time_ticks)
{
    if (!find(pid))
        bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                      [&](const ModelBinding &binding) {
                                          return !binding.is_known && binding.caller == pid;
                                      }),
                       bindings.end());
    left(pid, start_time_ticks);
}

void PriorityModel::found(pid_t pid, uint64_t start_time_ticks)
{
    const ModelProcess *process = find(pid);

    if (process && start_time_ticks <= process->start_time_ticks)
        return;
    forget(pid);
    add_found(pid);
    settle();
}

void PriorityModel::started(pid_t pid, uint64_t start_time_ticks, const std::string &comm, uid_t uid)
{
    ModelProcess *process = find(pid);
    bool is_known = process && (start_time_ticks == 0 || start_time_ticks == process->start_time_ticks);

    if (is_known && (process->is_registered || process->uid == uid)) {
        if (!comm.empty())
            process->comm = comm;
        settle();
        return;
    }
    if (process && start_time_ticks != 0 && start_time_ticks < process->start_time_ticks)
        return;
    forget(pid);
    add_found(pid);
    settle();
}

void PriorityModel::matched(pid_t pid, uint64_t start_time_ticks, int number, bool is_built_in,
                            const std::string &bundle)
{
    ModelProcess *process = find(pid);

    if (process && !process->is_registered &&
        (start_time_ticks == 0 || start_time_ticks == process->start_time_ticks)) {
        process->has_process_rule = true;
        process->is_rule_built_in = is_built_in;
        process->rule_number = number;
        process->rule_bundle = bundle;
        regroup(*process);
    }
    settle();
}

void PriorityModel::unmatched(pid_t pid, uint64_t start_time_ticks)
{
    ModelProcess *process = find(pid);

    if (process && !process->is_registered &&
        (start_time_ticks == 0 || start_time_ticks == process->start_time_ticks)) {
        process->has_process_rule = false;
        process->rule_bundle.clear();
        regroup(*process);
    }
    settle();
}

void PriorityModel::told_oom_score_adj(pid_t pid, int value)
{
    ModelProcess *process = find(pid);
    const ModelLiving *info = alive(pid);

    if (!process) {
        add_found(pid);
    } else if (!process->is_registered) {
        process->written = value;
    } else if (value != process->written && info && !is_alive(*process)) {
        forget(pid);
    } else if (value != process->written && info && info->oom_score_adj != process->written) {
        note_foreign(*process, info->oom_score_adj);
    }
    settle();
}

/* What it says of each that is in it by now. */
void PriorityModel::told_of_group(const std::string &group)
{
    if (is_group_frozen(group))
        told_frozen.insert(group);
    else
        told_frozen.erase(group);
    for (auto &[pid, process] : processes) {
        const ModelLiving *info = alive(pid);

        if (info && info->group == group)
            process.is_frozen = is_group_frozen(group);
    }
    settle();
}

/* ---- accounts, time, the manager's own looks ----------------------------------------------------------- */

void PriorityModel::end_account(int64_t id, bool is_removal)
{
    reported_accounts[id] = false;
    if (is_removal)
        removed_accounts.insert(id);
    else
        removed_accounts.erase(id);
    for (auto &[each, bundle] : bundles)
        bundle.is_ending |= is_removal && bundle.account == id && bundle.priority > -1000;
    settle();
}

void PriorityModel::switch_account(int64_t id, mm_account_change change)
{
    if (change == MM_ACCOUNT_STOPPED || change == MM_ACCOUNT_REMOVED) {
        end_account(id, change == MM_ACCOUNT_REMOVED);
        return;
    }

    std::map<int64_t, bool> before = reported_accounts;

    for (const auto &[each, bundle] : bundles) {
        if (reported_accounts.empty() && bundle.account >= 100)
            before[bundle.account] = true;
    }
    for (const auto &[account, was_active] : before) {
        if (change == MM_ACCOUNT_ACTIVATED || !was_active || account == id)
            continue;
        reported_accounts[account] = false;
        for (auto &[each, bundle] : bundles)
            bundle.is_ending |=
                change == MM_ACCOUNT_COLD_SWITCH && bundle.account == account && bundle.priority > -1000;
    }
    reported_accounts[id] = true;
    removed_accounts.erase(id);
    for (auto &[each, bundle] : bundles)
        bundle.is_ending &= bundle.account != id;
    settle();
}

int PriorityModel::take_ending()
{
    std::vector<std::tuple<int, uint64_t, unsigned, int>> order; /* the next victim first */

    for (const auto &[id, bundle] : bundles)
        order.emplace_back(-bundle.priority, bundle.moment, bundle.place, id);
    std::sort(order.begin(), order.end());
    for (const auto &each : order) {
        ModelBundle &bundle = bundles.at(std::get<3>(each));

        if (!bundle.is_ending)
            continue;
        bundle.is_ending = false;
        if (bundle.priority > -1000)
            return std::get<3>(each);
    }
    return 0;
}

void PriorityModel::configure(const ModelNames &configured)
{
    names = configured;
    settle();
}

/* Deadlines one after the other. */
void PriorityModel::pass(uint64_t until_ns)
{
    for (;;) {
        uint64_t next_ns = UINT64_MAX;

        for (const auto &[pid, process] : processes) {
            if (process.is_new || process.is_starting)
                next_ns = std::min(next_ns, process.deadline_ns);
        }
        if (next_ns > until_ns)
            break;
        now_ns = next_ns;
        for (auto &[pid, process] : processes) {
            if (process.deadline_ns <= now_ns)
                process.is_new = process.is_inheriting = process.is_starting = false;
        }
        settle();
    }
    now_ns = until_ns;
}

void PriorityModel::restart()
{
    processes.clear();
    bundles.clear();
    bindings.clear();
    reported_accounts.clear();
    told_frozen.clear();
    is_starting = true;
    for (const auto &[pid, info] : living) {
        add_unregistered(pid, info);
        if (ModelProcess *process = find(pid))
            process->is_from_scan = true;
    }
    is_starting = false;
    settle();
}

void PriorityModel::scan()
{
    std::vector<pid_t> gone;

    for (const auto &[pid, process] : processes) {
        if (!is_alive(process))
            gone.push_back(pid);
    }
    for (pid_t pid : gone)
        forget(pid);
    for (const auto &[pid, info] : living) {
        ModelProcess *process = find(pid);

        if (!process)
            add_unregistered(pid, info);
        else
            process->comm = info.comm;
        if (process && process->is_frozen)
            ask_if_frozen(*process);
    }
    for (auto told = told_frozen.begin(); told != told_frozen.end();)
        told = is_group_frozen(*told) ? std::next(told) : told_frozen.erase(told);
    settle();
}

/* What is in the files of those whose number is the file's. */
void PriorityModel::refresh()
{
    std::vector<pid_t> gone;

    for (auto &[pid, process] : processes) {
        const ModelLiving *info = alive(pid);
        bool is_read = !process.is_registered || process.is_out_of_reach;

        if (process.is_frozen)
            ask_if_frozen(process);
        if (!info || (is_read && info->oom_score_adj != process.written && !is_alive(process)))
            gone.push_back(pid);
        else if (is_read && info->oom_score_adj != process.written && process.is_registered)
            note_foreign(process, info->oom_score_adj);
        else if (is_read)
            process.written = info->oom_score_adj;
    }
    for (pid_t pid : gone)
        forget(pid);
    settle();
}

void PriorityModel::look_for_dead()
{
    std::vector<pid_t> gone;

    bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                  [&](const ModelBinding &binding) {
                                      const ModelLiving *info = alive(binding.caller);

                                      return !binding.is_known && binding.caller != 0 &&
                                             (!info || (binding.caller_ticks != 0 &&
                                                        binding.caller_ticks != info->start_time_ticks));
                                  }),
                   bindings.end());
    for (const auto &[pid, process] : processes) {
        if (!is_alive(process))
            gone.push_back(pid);
    }
    for (pid_t pid : gone)
        forget(pid);
    settle();
}
