/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_upstream_model.h"

#include <algorithm>
#include <deque>

/* ---- tables ------------------------------------------------------------------------------------------- */

UpstreamProcess *UpstreamModel::find(pid_t pid)
{
    auto found = processes.find(pid);

    return found == processes.end() ? nullptr : &found->second;
}

const ModelLiving *UpstreamModel::alive(pid_t pid) const
{
    auto found = living.find(pid);

    return found == living.end() ? nullptr : &found->second;
}

std::vector<UpstreamProcess *> UpstreamModel::members(uid_t uid)
{
    std::vector<UpstreamProcess *> found;

    for (auto &[pid, process] : processes) {
        if (process.uid == uid)
            found.push_back(&process);
    }
    return found;
}

static bool has(const std::vector<std::string> &names, const std::string &name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

void UpstreamModel::name(UpstreamProcess &process, const std::string &bundle_name) const
{
    process.is_system = has(names.system_apps, bundle_name) || has(names.system_apps, process.process_name);
    process.is_resident = has(names.residents, bundle_name);
    process.is_important = !names.important.empty() && process.process_name == names.important;
    process.floor = names.floor;
}

/* Others keep what they know of it. */
void UpstreamModel::forget(pid_t pid)
{
    auto found = processes.find(pid);
    uid_t uid = found == processes.end() ? 0 : found->second.uid;

    if (found == processes.end())
        return;
    processes.erase(found);
    if (members(uid).empty())
        bundles.erase(uid);
}

void UpstreamModel::end(UpstreamProcess &process)
{
    uid_t uid = process.uid;
    int number = bundles.at(uid).number;
    bool counts = number > -800 && process.number <= number;

    forget(process.pid);
    if (counts && !members(uid).empty())
        recount(uid);
}

void UpstreamModel::recount(uid_t uid)
{
    int least = 1000;

    for (const UpstreamProcess *process : members(uid))
        least = std::min(least, process->number);
    bundles.at(uid).number = std::max(least, -1000);
}

int UpstreamModel::shown(uid_t uid) const
{
    bool is_never_killed = std::any_of(processes.begin(), processes.end(), [&](const auto &each) {
        return each.second.uid == uid && each.second.is_never_killed();
    });

    return is_never_killed ? -1000 : bundles.at(uid).number;
}

size_t UpstreamModel::binding_count() const
{
    std::set<std::pair<pid_t, pid_t>> pairs;

    for (const auto &[pid, process] : processes) {
        for (pid_t target : process.bound)
            pairs.insert({pid, target});
        for (pid_t caller : process.callers)
            pairs.insert({caller, pid});
    }
    return pairs.size();
}

/* ---- files -------------------------------------------------------------------------------------------- */

void UpstreamModel::write(UpstreamProcess &process)
{
    auto file = living.find(process.pid);
    bool is_its = file != living.end() && file->second.start_time_ticks == process.start_time_ticks;

    if (process.is_out_of_reach || process.number > 1000 || !is_its)
        return;
    if (process.written != -1000 && file->second.oom_score_adj == -1000) {
        process.is_out_of_reach = true;
        process.written = -1000;
        return;
    }
    process.written = file->second.oom_score_adj = process.shown();
}

void UpstreamModel::write_bundle(uid_t uid)
{
    for (UpstreamProcess *process : members(uid))
        write(*process);
}

/* ---- numbers ------------------------------------------------------------------------------------------ */

void UpstreamModel::recompute(UpstreamProcess &process)
{
    if (bundles.at(process.uid).number >= 0) {
        if (process.is_foreground)
            process.number = std::min(process.number, 0);
        else if (!process.is_extension)
            process.number = 400;
        if (process.is_visible)
            process.number = std::min(process.number, 50);
        if (process.has_transient_task)
            process.number = std::min(process.number, 100);
        else if (process.has_continuous_task || process.has_event)
            process.number = std::min(process.number, 200);
        else if (process.has_device)
            process.number = std::min(process.number, 260);
        if (process.is_important)
            process.number = std::min(process.number, process.floor);
        recount(process.uid);
    }
    for (int pass = 0; pass < passes; pass++)
        propagate(process);
}

/* Of its callers by their present numbers: at most 400. */
int UpstreamModel::base_of(const UpstreamProcess &process, int least) const
{
    int base = 400;

    for (pid_t caller : process.callers) {
        auto known = processes.find(caller);

        base = std::min(base, std::max(least, known == processes.end() ? 0 : known->second.number));
    }
    return base;
}

void UpstreamModel::propagate(UpstreamProcess &from)
{
    std::vector<std::tuple<int, pid_t, UpstreamProcess *>> chosen;
    std::deque<UpstreamProcess *> waiting = {&from};
    std::set<pid_t> visited = {from.pid};

    while (!waiting.empty()) {
        UpstreamProcess *process = waiting.front();

        waiting.pop_front();
        if (process->is_extension)
            chosen.emplace_back(base_of(*process, INT16_MIN), process->pid, process);
        for (pid_t target : process->bound) {
            if (find(target) && visited.insert(target).second)
                waiting.push_back(find(target));
        }
    }
    std::sort(chosen.begin(), chosen.end());
    for (auto &each : chosen)
        evaluate(*std::get<2>(each));
}

void UpstreamModel::evaluate(UpstreamProcess &process)
{
    int as_application = 1000;

    if (process.has_ui && !process.is_foreground)
        as_application = 400;
    if (process.is_foreground)
        as_application = 0;
    else if (process.is_visible)
        as_application = 50;
    else if (process.has_transient_task)
        as_application = 100;
    else if (process.has_continuous_task || process.has_event)
        as_application = 200;
    else if (process.has_device)
        as_application = 260;
    if (process.is_important && process.number >= process.floor)
        as_application = process.floor;
    process.number = std::min(as_application, base_of(process, 0) + 100);
    if (process.is_important)
        process.number = std::min(process.number, process.floor);
    recount(process.uid);
    write(process);
}

/* ---- reports ------------------------------------------------------------------------------------------ */

static bool was_put_out_of_reach(const ModelLiving &process, const ModelLiving *parent)
{
    return process.oom_score_adj == -1000 &&
           (process.parent <= 1 || !parent || parent->oom_score_adj != -1000);
}

void UpstreamModel::create(const ModelReport &report)
{
    const ModelLiving *info = alive(report.pid);
    UpstreamProcess *known = find(report.pid);
    std::string bundle_name = report.bundle.empty() ? report.process : report.bundle;

    if (!info || (report.start_time_ticks != 0 && report.start_time_ticks != info->start_time_ticks)) {
        forget(report.pid);
        return;
    }
    if (known && known->start_time_ticks == info->start_time_ticks) {
        write_bundle(known->uid);
        return;
    }
    forget(report.pid);
    if (bundle_name.empty())
        bundle_name = info->comm;
    if (!bundles.count(report.uid))
        bundles[report.uid].name = bundle_name;

    UpstreamProcess &process = processes[report.pid];
    process.pid = report.pid;
    process.uid = report.uid;
    process.start_time_ticks = info->start_time_ticks;
    process.written = info->oom_score_adj;
    process.process_name = report.process.empty() ? bundle_name : report.process;
    process.grace_ends_ns = now_ns + kGraceNs;
    process.grace_order = ++timers;
    name(process, bundle_name);
    process.is_out_of_reach = !process.is_system && was_put_out_of_reach(*info, alive(info->parent));
    process.number = process.is_important ? process.floor : 0;
    if (process.is_resident)
        process.number = std::min(process.number, -800);
    recount(process.uid);
    write_bundle(process.uid);
}

/* Written 0, and that is all. */
void UpstreamModel::render(const ModelReport &report)
{
    const ModelLiving *info = alive(report.pid);
    UpstreamProcess *known = find(report.pid);

    if (!info || (report.start_time_ticks != 0 && report.start_time_ticks != info->start_time_ticks))
        return;
    if (known && known->start_time_ticks == info->start_time_ticks)
        return;
    forget(report.pid);
    if (!was_put_out_of_reach(*info, alive(info->parent)))
        living.at(report.pid).oom_score_adj = 0;
}

void UpstreamModel::set_flags(mm_application_reason reason, UpstreamProcess &process)
{
    static const struct {
        mm_application_reason reason;
        bool UpstreamProcess::*flag;
        bool value;
    } rows[] = {
        {MM_REASON_FOREGROUND, &UpstreamProcess::is_foreground, true},
        {MM_REASON_FOREGROUND, &UpstreamProcess::has_ui, true},
        {MM_REASON_BACKGROUND, &UpstreamProcess::is_foreground, false},
        {MM_REASON_BACKGROUND, &UpstreamProcess::has_ui, true},
        {MM_REASON_VISIBLE, &UpstreamProcess::is_visible, true},
        {MM_REASON_UN_VISIBLE, &UpstreamProcess::is_visible, false},
        {MM_REASON_SUSPEND_DELAY_START, &UpstreamProcess::has_transient_task, true},
        {MM_REASON_SUSPEND_DELAY_END, &UpstreamProcess::has_transient_task, false},
        {MM_REASON_BACKGROUND_RUNNING_START, &UpstreamProcess::has_continuous_task, true},
        {MM_REASON_BACKGROUND_RUNNING_END, &UpstreamProcess::has_continuous_task, false},
        {MM_REASON_EVENT_START, &UpstreamProcess::has_event, true},
        {MM_REASON_EVENT_END, &UpstreamProcess::has_event, false},
        {MM_REASON_DIST_DEVICE_CONNECTED, &UpstreamProcess::has_device, true},
        {MM_REASON_DIST_DEVICE_DISCONNECTED, &UpstreamProcess::has_device, false},
    };

    for (const auto &row : rows) {
        if (row.reason == reason)
            process.*row.flag = row.value;
    }
}

void UpstreamModel::update(const ModelReport &report, UpstreamProcess &process)
{
    bool is_older = process.is_starting && report.time_ns / MM_NS_PER_S < process.started_s;
    uid_t uid = process.uid;

    if (bundles.at(uid).number <= -800)
        return;
    if (report.reason == MM_REASON_PROCESS_TERMINATED) {
        end(process);
        write_bundle(uid);
        return;
    }
    if (report.reason == MM_REASON_APPLICATION_SUSPEND) {
        for (UpstreamProcess *member : members(uid))
            member->number = 800;
        bundles.at(uid).number = 800;
        write_bundle(uid);
        return;
    }
    set_flags(report.reason, process);
    if ((report.reason == MM_REASON_FOREGROUND || report.reason == MM_REASON_BACKGROUND) && !is_older) {
        process.is_starting = false;
        process.start_ends_ns = 0;
    }
    if (!is_older)
        recompute(process);
    write_bundle(uid);
}

void UpstreamModel::start_ability(const ModelReport &report, UpstreamProcess &process)
{
    if (!(process.number > 0 || (process.number == 0 && process.is_starting)))
        return;
    process.number = 0;
    process.is_starting = true;
    process.started_s = report.time_ns / MM_NS_PER_S;
    process.start_ends_ns = now_ns + kAbilityStartNs;
    process.start_order = ++timers;
    recount(process.uid);
    write_bundle(process.uid);
}

void UpstreamModel::bind(const ModelReport &report, UpstreamProcess &process)
{
    bool is_bind = report.reason == MM_REASON_BIND_EXTENSION;
    UpstreamProcess *caller = find(report.caller);

    if (is_bind && report.caller == report.pid)
        return;
    if (caller && is_bind)
        caller->bound.insert(process.pid);
    else if (caller)
        caller->bound.erase(process.pid);
    if (process.number <= -800 || bundles.at(process.uid).number <= -800 || process.is_resident)
        return;
    if (is_bind)
        process.callers.insert(report.caller);
    else
        process.callers.erase(report.caller);
    process.is_foreground = false;
    process.is_extension = true;
    recompute(process);
    write_bundle(process.uid);
}

void UpstreamModel::report(const ModelReport &report)
{
    UpstreamProcess *process = find(report.pid);

    if (process && report.start_time_ticks != 0) {
        if (report.start_time_ticks < process->start_time_ticks)
            return;
        if (report.start_time_ticks > process->start_time_ticks) {
            forget(report.pid);
            process = nullptr;
        }
    }
    if (report.reason == MM_REASON_CRITICAL_BEGIN || report.reason == MM_REASON_CRITICAL_END)
        return; /* only logged */
    if (report.reason == MM_REASON_CREATE_PROCESS)
        create(report);
    else if (report.reason == MM_REASON_RENDER_CREATE_PROCESS)
        render(report);
    else if (!process)
        return;
    else if (report.reason == MM_REASON_ABILITY_START)
        start_ability(report, *process);
    else if (report.reason == MM_REASON_BIND_EXTENSION || report.reason == MM_REASON_UNBIND_EXTENSION)
        bind(report, *process);
    else
        update(report, *process);
}

/* ---- others that tell --------------------------------------------------------------------------------- */

void UpstreamModel::ended(pid_t pid, uint64_t start_time_ticks)
{
    UpstreamProcess *process = find(pid);

    if (process && (start_time_ticks == 0 || start_time_ticks == process->start_time_ticks))
        end(*process);
}

void UpstreamModel::told_oom_score_adj(pid_t pid, int value)
{
    UpstreamProcess *process = find(pid);
    const ModelLiving *info = alive(pid);

    if (!process || !info || value == process->written)
        return;
    if (info->start_time_ticks != process->start_time_ticks) {
        forget(pid);
    } else if (info->oom_score_adj != process->written) {
        process->written = info->oom_score_adj;
        process->is_out_of_reach = info->oom_score_adj == -1000;
    }
}

void UpstreamModel::switch_account(int64_t id, mm_account_change change)
{
    if (change == MM_ACCOUNT_STOPPED || change == MM_ACCOUNT_REMOVED)
        return;

    std::map<int64_t, bool> before = reported_accounts;
    std::set<int64_t> updated = {id};

    for (const auto &[uid, bundle] : bundles) {
        if (reported_accounts.empty() && uid / 200000 >= 100)
            before[uid / 200000] = true;
    }
    for (const auto &[account, was_active] : before) {
        if (change == MM_ACCOUNT_ACTIVATED || !was_active || account == id)
            continue;
        reported_accounts[account] = false;
        updated.insert(account);
    }
    reported_accounts[id] = true;
    if (change == MM_ACCOUNT_COLD_SWITCH)
        return;
    for (auto &[uid, bundle] : bundles) {
        int shift;

        if (!updated.count(uid / 200000) || shown(uid) == -1000)
            continue;
        shift = bundle.number + (reported_accounts.at(uid / 200000) ? -50 : 50);
        shift = std::min(std::max(shift, 0), 1000) - bundle.number;
        bundle.number += shift;
        for (UpstreamProcess *process : members(uid))
            process->number += shift;
        write_bundle(uid);
    }
}

void UpstreamModel::configure(const ModelNames &configured)
{
    names = configured;
    for (auto &[pid, process] : processes)
        name(process, bundles.at(process.uid).name);
}

void UpstreamModel::look_for_dead()
{
    std::set<pid_t> gone;

    for (const auto &[pid, process] : processes) {
        if (!alive(pid) || alive(pid)->start_time_ticks != process.start_time_ticks)
            gone.insert(pid);
    }
    for (pid_t pid : gone)
        forget(pid);
    for (auto &[pid, process] : processes) {
        for (std::set<pid_t> *map : {&process.bound, &process.callers}) {
            for (auto each = map->begin(); each != map->end();)
                each = alive(*each) ? std::next(each) : map->erase(each);
        }
    }
}

void UpstreamModel::pass(uint64_t until_ns)
{
    std::vector<std::tuple<uint64_t, uint64_t, pid_t>> due;

    now_ns = until_ns;
    for (const auto &[pid, process] : processes) {
        if (process.grace_ends_ns != 0 && process.grace_ends_ns <= now_ns)
            due.emplace_back(process.grace_ends_ns, process.grace_order, pid);
        if (process.start_ends_ns != 0 && process.start_ends_ns <= now_ns)
            due.emplace_back(process.start_ends_ns, process.start_order, pid);
    }
    std::sort(due.begin(), due.end());
    for (const auto &[at_ns, order, pid] : due) {
        UpstreamProcess &process = processes.at(pid);

        if (process.grace_ends_ns == at_ns) {
            process.grace_ends_ns = 0;
        } else {
            process.start_ends_ns = 0;
            process.is_starting = false;
        }
        recompute(process);
        write_bundle(process.uid);
    }
}
