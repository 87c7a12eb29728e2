// SPDX-License-Identifier: Apache-2.0
// The daemon's list against /proc, while processes come and go faster than anybody could read them. Needs root and BPF.
#include "daemon_fixture.h"

#include <memory>
#include <regex>
#include <set>

namespace
{

class List : public Daemon
{
  protected:
    // Whatever follows a word, as a number, wherever the word stands.
    static std::multiset<pid_t> numbers_after(const std::string &text, const std::string &word)
    {
        std::multiset<pid_t> found;

        for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
            found.insert(atoi(text.c_str() + at + word.size()));
        return found;
    }

    std::set<pid_t> listed() const
    {
        const auto pids = numbers_after(ask("list --json"), "\"pid\":");

        return {pids.begin(), pids.end()};
    }

    bool is_listed(pid_t wanted) const
    {
        return listed().count(wanted) > 0;
    }

    bool has_bpf() const
    {
        return ask("status").find("tracepoints: ") != std::string::npos;
    }

    void wait_for_bpf() const
    {
        wait_until_settled();
        if (!has_bpf())
            GTEST_SKIP() << ask("status");
    }

    // Everybody of /proc but kernel threads, zombies, init and the daemon.
    std::set<pid_t> alive() const
    {
        std::set<pid_t> found;

        for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
            const pid_t number = atoi(entry.path().filename().c_str());
            const std::string stat = number > 1 ? read_text(entry.path().string() + "/stat") : "";
            const size_t end = stat.rfind(") ");
            unsigned long flags = 0, threads = 0;
            char state = 0;

            if (number == pid || end == std::string::npos ||
                sscanf(stat.c_str() + end + 2,
                       "%c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lu", &state,
                       &flags, &threads) != 3)
                continue;
            // Of a zombie with more threads than one only the first has ended.
            if (((state != 'Z' && state != 'X') || threads > 1) && (flags & 0x00200000) == 0)
                found.insert(number);
        }
        return found;
    }

    // Who is listed twice and was not there in between, or was there twice and is not listed in between: what comes and
    // goes on the machine meanwhile, who asks for the list too, is neither.
    std::set<pid_t> differences() const
    {
        const std::set<pid_t> there = alive(), list = listed(), still_there = alive(),
                              still_listed = listed();
        std::set<pid_t> wrong;

        for (pid_t number : list) {
            if (still_listed.count(number) && !still_there.count(number))
                wrong.insert(number);
        }
        for (pid_t number : there) {
            if (still_there.count(number) && !list.count(number))
                wrong.insert(number);
        }
        return wrong;
    }

    // Every difference that there is now goes away; what else comes and goes on the machine makes others meanwhile.
    bool becomes_right() const
    {
        std::set<pid_t> left = differences();
        const bool is_right = comes_true([&] {
            const std::set<pid_t> now = differences();

            for (auto number = left.begin(); number != left.end();)
                number = now.count(*number) ? std::next(number) : left.erase(number);
            return left.empty();
        });

        EXPECT_TRUE(left.empty()) << ::testing::PrintToString(left);
        return is_right;
    }

    // A process that starts `/bin/true` so many times, and ends.
    static pid_t storm(unsigned count)
    {
        const pid_t child = fork();

        if (child != 0)
            return child;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (unsigned i = 0; i < count; i++) {
            const pid_t one = vfork();

            if (one == 0) {
                execl("/bin/true", "true", nullptr);
                _exit(1);
            }
            waitpid(one, nullptr, 0);
        }
        _exit(0);
    }

    // A process that does nothing.
    static pid_t sleeper()
    {
        const pid_t child = fork();

        if (child != 0)
            return child;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }

    static void end_child(pid_t child)
    {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }

    // A monitor that writes to a file.
    pid_t listen(const char *kinds, const std::string &path) const
    {
        const std::string socket = std::string(directory) + "/control.sock";
        const pid_t child = fork();

        if (child != 0)
            return child;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen(path.c_str(), "w", stdout))
            _exit(1);
        execl(MM_MEMMGRCTL, MM_MEMMGRCTL, "monitor", "--socket", socket.c_str(), "--json", "--events", kinds,
              nullptr);
        _exit(127);
    }

    std::string config_with_ring(unsigned kib) const
    {
        const std::string path = std::string(directory) + "/config.xml";
        std::ofstream stream(path);

        stream << "<Memmgr><bpf><ringKB>" << kib << "</ringKB></bpf></Memmgr>\n";
        return path;
    }
};

// Each of 2,000 is heard of, those who are gone already by their end alone, and nobody is left over.
TEST_F(List, ABurstOfTwoThousandLeavesNobody)
{
    const unsigned count = 2000;

    start();
    wait_for_bpf();

    const std::string heard = std::string(directory) + "/heard";
    const pid_t monitor = listen("process-exited", heard);

    // it listens from when it hears of somebody
    ASSERT_TRUE(comes_true([&] {
        waitpid(storm(1), nullptr, 0);
        return !read_text(heard).empty();
    }));
    const size_t before = numbers_after(read_text(heard), "\"pid\":").size();
    const uint64_t sleeps_before = sleeps();
    const auto begin = std::chrono::steady_clock::now();
    const pid_t storming = storm(count);

    waitpid(storming, nullptr, 0);

    const uint64_t woken = sleeps() - sleeps_before;

    // and as many for the monitor's packets: a queue that is full
    EXPECT_LE(woken, 2 * sleeps_allowed(begin));
    EXPECT_TRUE(comes_true([&] { return numbers_after(read_text(heard), "\"pid\":").count(storming) == 1; }));
    EXPECT_GE(numbers_after(read_text(heard), "\"pid\":").size() - before, count + 1);
    EXPECT_TRUE(becomes_right());
    end_child(monitor);
}

// A page of ring holds 63 records, and the daemon stands still: what was lost is found by looking, who came and who went.
TEST_F(List, WhatDidNotFitIntoTheRingIsFoundByLooking)
{
    std::vector<pid_t> stayed, went;

    start(config_with_ring(4));
    wait_for_bpf();
    for (int i = 0; i < 40; i++)
        went.push_back(sleeper());
    ASSERT_TRUE(comes_true([&] { return is_listed(went.back()); }));
    ASSERT_TRUE(becomes_right());
    kill(pid, SIGSTOP);
    for (int i = 0; i < 100; i++)
        stayed.push_back(sleeper());
    for (pid_t child : went)
        end_child(child);
    kill(pid, SIGCONT);
    EXPECT_TRUE(becomes_right());
    EXPECT_TRUE(is_listed(stayed.back()));
    for (pid_t child : stayed)
        end_child(child);
}

// Who asks why a process is gone finds the kernel's own kill among the decisions, and hears of the stalls before it.
TEST_F(List, TheKernelsVictimIsInTheDecisionLog)
{
    Hierarchies where;
    size_t size = 64 * mib;
    char byte = 0;

    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory group(where.memory, "memmgr-test-" + std::to_string(getpid()));
    const char *limit = where.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes";
    const std::string heard = std::string(directory) + "/heard";
    Child child(touch_memory, &size);

    if (!group.has(limit) || read_text("/proc/swaps").find("/dev") != std::string::npos)
        GTEST_SKIP() << "no limit that kills";
    ASSERT_TRUE(write_text(group.file(limit), std::to_string(16 * mib)));
    start();
    wait_for_bpf();
    if (ask("status").find("OOM victims") == std::string::npos)
        GTEST_SKIP() << ask("status");

    const pid_t monitor = listen("stall,oom-victim,process-exited", heard);

    ASSERT_TRUE(comes_true([&] {
        waitpid(storm(1), nullptr, 0);
        return !read_text(heard).empty();
    }));
    group.add(child.pid);
    EXPECT_EQ(write(child.gate(), &byte, 1), 1);
    EXPECT_TRUE(WIFSIGNALED(child.wait()));

    const std::string said = "the kernel killed process " + std::to_string(child.pid) + ": out of memory";

    EXPECT_TRUE(comes_true([&] { return ask("explain").find(said) != std::string::npos; }));
    EXPECT_TRUE(comes_true([&] { return read_text(heard).find("\"oom-victim\"") != std::string::npos; }));
    EXPECT_NE(read_text(heard).find("\"group-reclaim\""), std::string::npos);
    EXPECT_TRUE(comes_true([&] { return !is_listed(child.pid); }));
    end_child(monitor);
}

// ---- whoever tells of processes: the same list, sooner or later ---------------------------------------

struct Teller {
    const char *name, *elements;
    const char *source; // of status: which one is at work
};

class ListToldBy : public List, public ::testing::WithParamInterface<Teller>
{
  protected:
    void start_told_by(const std::string &elements = "")
    {
        const std::string path = std::string(directory) + "/config.xml";

        std::ofstream(path) << "<Memmgr>" << GetParam().elements << elements << "</Memmgr>\n";
        start(path);
        wait_until_settled();
        ASSERT_TRUE(comes_true([&] {
            return std::regex_search(ask("status"), std::regex(GetParam().source));
        })) << ask("status");
    }
};

TEST_P(ListToldBy, HoldsEachNewcomerUnderItsNameWhileItLives)
{
    start_told_by();

    const pid_t child = fork();

    if (child == 0) {
        execl("/bin/sleep", "sleep", "1000", nullptr);
        _exit(1);
    }
    EXPECT_TRUE(comes_true([&] { return is_listed(child); }));
    EXPECT_TRUE(comes_true(
        [&] { return ask("list --why " + std::to_string(child)).find("sleep") != std::string::npos; }));
    end_child(child);
    EXPECT_TRUE(comes_true([&] { return !is_listed(child); }));
}

// What a terminal would obey, and what is no UTF-8, is shown as its numbers; so is it in JSON.
TEST_P(ListToldBy, ShowsHarmlesslyWhatAnyNameIs)
{
    const std::pair<const char *, const char *> names[] = {
        {"a\033[2J\n", "a\\x1b[2J\\x0a"}, {"\377\303(", "\\xff\\xc3("}, {"\"\t'", "\"\\x09'"}};

    start_told_by();
    for (const auto &[name, shown] : names) {
        const pid_t child = fork();

        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            prctl(PR_SET_NAME, name);
            for (;;)
                pause();
        }
        const std::string why = "list --why " + std::to_string(child);

        ASSERT_TRUE(comes_true([&] { return is_listed(child); }));
        EXPECT_TRUE(comes_true([&] { return ask(why).find(shown) != std::string::npos; })) << ask(why);
        for (const std::string &command :
             {std::string("list"), std::string("list --json"), why, why + " --json"}) {
            const std::string text = ask(command);

            EXPECT_FALSE(text.empty()) << command;
            EXPECT_EQ(text.find_first_of("\033\377\303"), std::string::npos) << command << ": " << text;
        }
        end_child(child);
    }
}

TEST_P(ListToldBy, MovesWhoseNumberSomebodyElseWrites)
{
    start_told_by();

    const pid_t child = sleeper();

    ASSERT_TRUE(comes_true([&] { return is_listed(child); }));
    EXPECT_TRUE(write_text("/proc/" + std::to_string(child) + "/oom_score_adj", "777"));
    EXPECT_TRUE(comes_true([&] {
        return ask("list --why " + std::to_string(child)).find("777 oom_score_adj") != std::string::npos;
    }));
    end_child(child);
}

TEST_P(ListToldBy, ABurstOfTwoThousandLeavesNobody)
{
    start_told_by();
    waitpid(storm(2000), nullptr, 0);
    EXPECT_TRUE(becomes_right());
}

// Started while everything changes; BPF is attached after the first look at /proc.
TEST_P(ListToldBy, AStartInAStormEndsWithTheProcessesOfProc)
{
    const pid_t storming[] = {storm(100000), storm(100000)};

    start_told_by();
    for (pid_t child : storming)
        end_child(child);
    EXPECT_TRUE(becomes_right());
}

// Whoever is moved into the domain's group is found, whoever is moved out is let go; so it is in a group of the same name
// that is made after the first was removed.
TEST_P(ListToldBy, OfADomainFollowsThoseWhoAreMoved)
{
    Hierarchies where;
    const std::string name = "memmgr-test-" + std::to_string(getpid());

    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name), beside(where.memory, name + "-2");
    auto below = std::make_unique<Directory>(where.memory, name + "/below");
    Child child;

    domain.add(child.pid);
    start_told_by("<domain><groupPath>/" + name + "</groupPath></domain>");
    EXPECT_EQ(listed(), std::set<pid_t>{child.pid});
    beside.add(child.pid);
    EXPECT_TRUE(comes_true([&] { return listed().empty(); }));
    below->add(child.pid);
    EXPECT_TRUE(comes_true([&] { return is_listed(child.pid); }));
    beside.add(child.pid);
    EXPECT_TRUE(comes_true([&] { return listed().empty(); }));
    below.reset();
    below = std::make_unique<Directory>(where.memory, name + "/below");
    below->add(child.pid);
    EXPECT_TRUE(comes_true([&] { return is_listed(child.pid); }));
    beside.add(child.pid);
    end(SIGTERM);
}

// A rule that asks for the group takes whoever is moved there, however long it was elsewhere, and lets go who leaves.
TEST_P(ListToldBy, RulesFollowThoseWhoAreMoved)
{
    Hierarchies where;
    const std::string name = "memmgr-test-" + std::to_string(getpid());

    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    // where systemd puts processes, and where memory is: not one hierarchy everywhere
    std::vector<const struct mm_hierarchy *> hierarchies = {&where.memory};
    std::vector<std::unique_ptr<Directory>> group, beside;
    Child child;
    const auto move_to = [&](const std::vector<std::unique_ptr<Directory>> &directories) {
        for (const auto &to : directories)
            to->add(child.pid);
    };
    const auto is_taken = [&] {
        return ask("list --why " + std::to_string(child.pid)).find("process rule") != std::string::npos;
    };

    if (!where.memory.is_v2 && where.unified.top_fd >= 0)
        hierarchies.push_back(&where.unified);
    for (const auto *hierarchy : hierarchies) {
        group.push_back(std::make_unique<Directory>(*hierarchy, name));
        beside.push_back(std::make_unique<Directory>(*hierarchy, name + "-2"));
    }
    start_told_by("<processRules><processRule><name>moved</name><cgroup>/" + name +
                  "</cgroup><class>batch</class></processRule></processRules>");
    EXPECT_FALSE(is_taken());
    move_to(group);
    EXPECT_TRUE(comes_true(is_taken)) << ask("status");
    move_to(beside);
    EXPECT_TRUE(comes_true([&] { return !is_taken(); }));
}

INSTANTIATE_TEST_SUITE_P(Tellers, ListToldBy,
                         ::testing::Values(Teller{"Bpf", "", "tracepoints: "},
                                           Teller{"Connector",
                                                  "<bpf><enabled>false</enabled></bpf>"
                                                  "<processScan><intervalMs>1000</intervalMs></processScan>",
                                                  "process connector +yes +processes are seen"},
                                           Teller{
                                               "Scan",
                                               "<bpf><enabled>false</enabled></bpf>"
                                               "<processConnector><enabled>false</enabled></processConnector>"
                                               "<processScan><intervalMs>1000</intervalMs></processScan>",
                                               "process scan +yes"}),
                         [](const ::testing::TestParamInfo<Teller> &tested) { return tested.param.name; });

// Without BPF and connector, and with scans far apart: the group's change tells that it is worth a look.
TEST_F(List, OfADomainIsLookedAtWhenItsGroupChanges)
{
    Hierarchies where;
    const std::string name = "memmgr-test-" + std::to_string(getpid());

    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name), below(where.memory, name + "/below");
    Child child;
    const std::string path = std::string(directory) + "/config.xml";

    std::ofstream(path) << "<Memmgr><domain><groupPath>/" << name
                        << "</groupPath></domain><bpf><enabled>false</enabled></bpf>"
                           "<processConnector><enabled>false</enabled></processConnector>"
                           "<processScan><intervalMs>3600000</intervalMs></processScan></Memmgr>\n";
    start(path);
    EXPECT_NE(ask("status").find("a change has processes looked for"), std::string::npos) << ask("status");
    EXPECT_TRUE(listed().empty());
    below.add(child.pid);
    EXPECT_TRUE(comes_true([&] { return is_listed(child.pid); }));
    end(SIGTERM);
}

} // namespace
