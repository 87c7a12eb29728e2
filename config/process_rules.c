/* SPDX-License-Identifier: Apache-2.0 */
/* What the vocabulary says of processes: classes and conditions. */
#include "config/config.h"

#include "common/common.h"

static const struct {
    const char *name;
    int priority;
} classes[MM_CLASS_COUNT] = {
    [MM_CLASS_PROTECTED] = {"protected", -1000},
    /* as OpenHarmony's resident applications: below every row of the shipped kill table */
    [MM_CLASS_SYSTEM] = {"system", -800},
    /* as an application in front: its last row alone reaches it */
    [MM_CLASS_SESSION] = {"session", 0},
    /* as one that is perceived: nobody says that it is in front, and nobody that it is not */
    [MM_CLASS_APPLICATION] = {"application", 200},
    [MM_CLASS_BACKGROUND] = {"background", 400},
    /* as one that is suspended: nothing is lost but time */
    [MM_CLASS_BATCH] = {"batch", 800},
};

const char *mm_process_class_name(enum mm_process_class process_class)
{
    return (unsigned)process_class < MM_CLASS_COUNT ? classes[process_class].name : "unknown";
}

int mm_process_class_priority(enum mm_process_class process_class)
{
    return (unsigned)process_class < MM_CLASS_COUNT ? classes[process_class].priority : 0;
}

#define TEXT(member) offsetof(struct mm_process_rule, member)

const struct mm_process_condition mm_process_conditions[MM_PROCESS_CONDITION_COUNT] = {
    {"uid", TEXT(uid), true, 0, UINT32_MAX - 1}, {"oomScoreAdj", TEXT(oom_score_adj), true, -1000, 1000},
    {"comm", TEXT(comm), false, 0, 0},           {"exe", TEXT(exe), false, 0, 0},
    {"unit", TEXT(unit), false, 0, 0},           {"cgroup", TEXT(cgroup), false, 0, 0},
    {"cmdline", TEXT(cmdline), false, 0, 0},
};

const char *mm_process_condition_text(const struct mm_process_rule *rule, unsigned condition)
{
    const char *text = *(char *const *)((const char *)rule + mm_process_conditions[condition].offset);

    return text ? text : "";
}
