// SPDX-License-Identifier: Apache-2.0
// A process as memmgr-match sees it.
#ifndef MM_TEST_UNIT_MATCH_FACTS_H
#define MM_TEST_UNIT_MATCH_FACTS_H

#include "kernel_interface/process_facts.h"

#include <cstring>
#include <memory>
#include <string>

inline void set(mm_fact &fact, const std::string &text)
{
    memset(&fact, 0, sizeof(fact));
    memcpy(fact.text, text.data(), text.size());
    fact.length = text.size();
}

inline std::unique_ptr<mm_process_facts> firefox()
{
    auto facts = std::make_unique<mm_process_facts>();

    facts->pid = 42;
    facts->uid = 1000;
    facts->oom_score_adj = 100;
    strcpy(facts->comm, "Web Content");
    set(facts->exe, "/usr/lib/firefox/firefox");
    set(facts->cmdline, "/usr/lib/firefox/firefox -contentproc -childID 3");
    set(facts->cgroup, "/user.slice/user-1000.slice/app-firefox.scope");
    set(facts->unit, "app-firefox.scope");
    return facts;
}

#endif
