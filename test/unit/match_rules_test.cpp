// SPDX-License-Identifier: Apache-2.0
// Which rule takes a process, what it is called then, the built-in rules, and the protocol of memmgr-match.
#include "common/common.h"
#include "common/glob.h"
#include "event_center/match_protocol.h"
#include "service/match/built_in_rules.h"
#include "service/match/match_rules.h"
#include "service/match/match_tool.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

void set(mm_fact &fact, const std::string &text)
{
    memset(&fact, 0, sizeof(fact));
    memcpy(fact.text, text.data(), text.size());
    fact.length = text.size();
}

std::unique_ptr<mm_process_facts> firefox()
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

struct Rule {
    const char *exe = "", *cmdline = "", *comm = "", *cgroup = "", *unit = "", *uid = "", *adj = "";
};

// Texts are lent.
mm_process_rule made(const char *name, const Rule &rule, const char *bundle = "%{comm}")
{
    mm_process_rule made{};

    made.name = const_cast<char *>(name);
    made.exe = const_cast<char *>(rule.exe);
    made.cmdline = const_cast<char *>(rule.cmdline);
    made.comm = const_cast<char *>(rule.comm);
    made.cgroup = const_cast<char *>(rule.cgroup);
    made.unit = const_cast<char *>(rule.unit);
    made.uid = const_cast<char *>(rule.uid);
    made.oom_score_adj = const_cast<char *>(rule.adj);
    made.bundle = const_cast<char *>(bundle);
    made.process_class = MM_CLASS_BATCH;
    made.priority = 321;
    return made;
}

struct Rules {
    explicit Rules(std::vector<mm_process_rule> all, bool has_built_in = false,
                   bool has_user_programs = false)
        : rules(std::move(all))
    {
        config.rules = rules.data();
        config.rule_count = rules.size();
        config.has_built_in = has_built_in;
        config.has_user_programs = has_user_programs;
        EXPECT_EQ(mm_match_rules_new(&config, &value), 0);
    }
    ~Rules()
    {
        mm_match_rules_free(value);
    }
    std::vector<mm_process_rule> rules;
    mm_process_rules_config config{};
    mm_match_rules *value = nullptr;
};

Rule with(const char *Rule::*member, const char *text)
{
    Rule rule;

    rule.*member = text;
    return rule;
}

TEST(Match, EachConditionAlone)
{
    const auto facts = firefox();
    struct {
        Rule rule;
        bool takes;
    } cases[] = {
        {with(&Rule::exe, "/usr/lib/firefox/*"), true},
        {with(&Rule::exe, "firefox"), false}, // the whole path
        {with(&Rule::exe, "regex:firefox$"), true},
        {with(&Rule::cmdline, "*-contentproc*"), true},
        {with(&Rule::cmdline, "regex:-childID [0-9]+$"), true},
        {with(&Rule::cmdline, "regex:-childID [0-9]{2}$"), false},
        {with(&Rule::comm, "Web Content"), true},
        {with(&Rule::comm, "web content"), false},
        {with(&Rule::comm, "regex:(?i)^web"), true},
        {with(&Rule::cgroup, "/user.slice/*"), true},
        {with(&Rule::cgroup, "/system.slice/*"), false},
        {with(&Rule::unit, "app-*.scope"), true},
        {with(&Rule::unit, "*.service"), false},
        {with(&Rule::uid, "1000"), true},
        {with(&Rule::uid, "1000-59999"), true},
        {with(&Rule::uid, "0..999"), false},
        {with(&Rule::adj, "1..1000"), true},
        {with(&Rule::adj, "-1000..99"), false},
        {with(&Rule::adj, "100"), true},
        // never loaded, but not to be trusted either
        {with(&Rule::comm, "regex:("), false},
        {with(&Rule::comm, "[Web"), false},
        {with(&Rule::uid, "root"), false},
    };
    for (const auto &entry : cases) {
        Rules rules({made("a", entry.rule)});
        SCOPED_TRACE(std::string(entry.rule.exe) + entry.rule.cmdline + entry.rule.comm + entry.rule.cgroup +
                     entry.rule.unit + entry.rule.uid + entry.rule.adj);

        EXPECT_EQ(mm_match_find(rules.value, facts.get(), nullptr), entry.takes ? 0 : -1);
    }
}

TEST(Match, AllConditionsMustHoldAndTheFirstThatDoesNotIsTold)
{
    const auto facts = firefox();
    Rules rules({made("a", {"/usr/*", "*", "Web*", "/user.slice/*", "app-*", "1000", "100"}),
                 made("b", {"/usr/*", "*", "Web*", "/user.slice/*", "app-*", "1001", "100"}),
                 made("c", {"/usr/*", "*x", "Web*", "/user.slice/*", "app-*", "1000", "100"})});

    EXPECT_EQ(mm_match_try(rules.value, 0, facts.get()).failed,
              static_cast<unsigned>(MM_PROCESS_CONDITION_COUNT));
    EXPECT_STREQ(mm_process_conditions[mm_match_try(rules.value, 1, facts.get()).failed].name, "uid");
    EXPECT_STREQ(mm_process_conditions[mm_match_try(rules.value, 2, facts.get()).failed].name, "cmdline");
}

TEST(Match, TheFirstRuleWins)
{
    const auto facts = firefox();
    Rules rules({made("a", with(&Rule::comm, "x")), made("b", with(&Rule::comm, "W*")),
                 made("c", with(&Rule::uid, "1000"))},
                true);

    EXPECT_EQ(mm_match_find(rules.value, facts.get(), nullptr), 1);
    EXPECT_EQ(mm_match_rule_count(rules.value), 3 + mm_built_in_rule_count);
    EXPECT_EQ(mm_match_built_in_reason(rules.value, 2), nullptr);
    EXPECT_NE(mm_match_built_in_reason(rules.value, 3), nullptr);
}

// What cannot be read is nothing: a star takes it, too.
TEST(Match, AStarTakesNothing)
{
    const auto facts = firefox();
    Rules star({made("a", with(&Rule::exe, "*"))}), slash({made("a", with(&Rule::exe, "/*"))});

    set(facts->exe, "");
    facts->exe.error = -EACCES;
    EXPECT_EQ(mm_match_find(star.value, facts.get(), nullptr), 0);
    EXPECT_EQ(mm_match_find(slash.value, facts.get(), nullptr), -1);
}

TEST(Match, APathologicalPatternIsGivenUpAndTheNextRuleTried)
{
    const auto facts = firefox();
    Rules rules(
        {made("slow", with(&Rule::cmdline, "regex:(a+)+[bc]$")), made("b", with(&Rule::uid, "1000"))});
    int gave_up = -1;

    set(facts->cmdline, std::string(MM_FACT_MAX - 1, 'a'));
    EXPECT_EQ(mm_match_find(rules.value, facts.get(), &gave_up), 1);
    EXPECT_EQ(gave_up, 0);
    EXPECT_TRUE(mm_match_try(rules.value, 0, facts.get()).gave_up);
}

TEST(BundleName, IsMadeOfWhatTheTemplateSays)
{
    const auto facts = firefox();
    struct {
        const char *pattern, *name;
    } cases[] = {
        {"%{comm}", "Web Content"},
        {"%{exe} tabs", "firefox tabs"},
        {"%{unit}", "app-firefox.scope"},
        {"a%{pid}b%{pid}", "a42b42"},
        {"%{cgroup}", "/user.slice/user-1000.slice/app-firefox.scope"},
        {"100% %", "100% %"},
    };
    char name[MM_NAME_MAX];

    for (const auto &entry : cases) {
        mm_match_bundle_name(entry.pattern, facts.get(), name);
        EXPECT_STREQ(name, entry.name);
    }
    set(facts->unit, "");
    mm_match_bundle_name("%{unit}", facts.get(), name);
    EXPECT_STREQ(name, "Web Content");
    strcpy(facts->comm, "");
    mm_match_bundle_name("%{unit}", facts.get(), name);
    EXPECT_STREQ(name, "42");
    strcpy(facts->comm, "\x1b[1m\xff");
    mm_match_bundle_name("%{comm}", facts.get(), name);
    EXPECT_STREQ(name, "\\x1b[1m\\xff");
    set(facts->cgroup, "/" + std::string(MM_FACT_MAX - 2, '\1'));
    mm_match_bundle_name("%{cgroup}%{cgroup}%{cgroup}", facts.get(), name);
    EXPECT_LT(strlen(name), static_cast<size_t>(MM_NAME_MAX));
    EXPECT_GT(strlen(name), 100U);
}

/* Of the process as it is with those texts. */
uint64_t key_of(const char *pattern, uid_t uid = 1000, const char *comm = "a",
                const std::string &cgroup = "/c", const char *unit = "u.scope")
{
    const auto facts = firefox();
    char name[MM_NAME_MAX];

    facts->uid = uid;
    strcpy(facts->comm, comm);
    set(facts->cgroup, cgroup);
    set(facts->unit, unit);
    return mm_match_bundle_name(pattern, facts.get(), name);
}

TEST(BundleKey, IsThatOfOneNameAndUser)
{
    EXPECT_NE(key_of("%{comm}"), 0U);
    EXPECT_EQ(key_of("%{comm}"), key_of("%{comm}", 1000, "a", "/other", "other.scope"));
    EXPECT_EQ(key_of("%{comm}"), key_of("a")) << "however the name came about";
    EXPECT_NE(key_of("%{comm}"), key_of("%{comm}", 1000, "b"));
    EXPECT_NE(key_of("%{comm}"), key_of("%{comm}", 1001)) << "another user may call itself anything";
    EXPECT_NE(key_of("%{unit}"), key_of("%{unit}", 1001));
    EXPECT_EQ(key_of("%{unit}"), key_of("%{unit}", 1000, "b", "/other"));
}

TEST(BundleKey, OfACgroupIsEverybodysInThere)
{
    const std::string longest(MM_FACT_MAX - 2, 'c');

    EXPECT_EQ(key_of("%{cgroup}"), key_of("%{cgroup}", 1001, "b"));
    EXPECT_NE(key_of("%{cgroup}"), key_of("%{cgroup}", 1000, "a", "/d"));
    EXPECT_NE(key_of("%{cgroup}%{comm}", 0, "b", "/a"), key_of("%{cgroup}%{comm}", 0, "", "/ab"));
    /* as they are shown they are the same, as long ones of a cluster may be */
    EXPECT_NE(key_of("%{cgroup}", 0, "a", "/" + longest), key_of("%{cgroup}", 0, "a", longest + "d"));
    EXPECT_NE(key_of("%{cgroup}", 0, "a", longest + "e"), key_of("%{cgroup}", 0, "a", longest + "d"));
}

TEST(BundleKey, WithoutANameThereIsNone)
{
    EXPECT_EQ(key_of(nullptr), 0U);
    EXPECT_EQ(key_of(""), 0U);
    EXPECT_EQ(key_of("%{unit}", 1000, "a", "/c", ""), 0U) << "who is in no unit has none in common";
    EXPECT_EQ(key_of("%{cgroup}", 1000, "a", ""), 0U);
}

void expect_sound(const mm_built_in_rule &built_in, bool asks_for_adj)
{
    EXPECT_EQ(built_in.rule.bundle, nullptr) << "it would put strangers into one bundle";

    const mm_process_rule &rule = built_in.rule;
    SCOPED_TRACE(rule.name);

    EXPECT_LT(strlen(rule.name), static_cast<size_t>(MM_RULE_NAME_MAX));
    EXPECT_GT(strlen(built_in.reason), 10U);
    EXPECT_EQ(rule.priority, mm_process_class_priority(static_cast<mm_process_class>(rule.process_class)));
    EXPECT_STREQ(mm_process_condition_text(&rule, 1), asks_for_adj ? "0" : "");
    // Anybody may call himself anything.
    EXPECT_TRUE(rule.exe || rule.uid);
    for (unsigned k = 0; k < MM_PROCESS_CONDITION_COUNT; k++) {
        const std::string text = mm_process_condition_text(&rule, k);
        int64_t first, last;

        // A process that nothing is known of fulfils no pattern.
        if (!mm_process_conditions[k].is_range) {
            EXPECT_EQ(mm_glob_check(text.c_str()), 0) << text;
            EXPECT_TRUE(text.empty() || mm_glob_match(text.c_str(), "", 0) == 0) << text;
        } else if (!text.empty()) {
            EXPECT_EQ(mm_parse_range(text.c_str(), mm_process_conditions[k].min, mm_process_conditions[k].max,
                                     &first, &last),
                      0);
        }
    }
}

TEST(BuiltInRules, AreSound)
{
    std::set<std::string> names;
    Rules rules({}, true, true);

    for (size_t i = 0; i < mm_built_in_rule_count; i++) {
        EXPECT_TRUE(names.insert(mm_built_in_rules[i].rule.name).second);
        // One that does not protect leaves alone who has been thought of.
        expect_sound(mm_built_in_rules[i], mm_built_in_rules[i].rule.process_class != MM_CLASS_PROTECTED);
    }
    for (size_t i = 0; i < mm_user_program_rule_count; i++) {
        const mm_process_rule &rule = mm_user_program_rules[i].rule;

        EXPECT_TRUE(names.insert(rule.name).second);
        expect_sound(mm_user_program_rules[i], true);
        EXPECT_NE(rule.process_class, MM_CLASS_PROTECTED);
        EXPECT_STREQ(rule.uid, "1000-59999");
    }
}

struct Known {
    const char *comm, *exe, *cmdline;
    uid_t uid;
    int adj;
    const char *rule; // "": none
};

void expect_rule(const Rules &rules, const Known &entry)
{
    SCOPED_TRACE(std::string(entry.comm) + " " + entry.exe + " " + entry.cmdline);
    auto facts = std::make_unique<mm_process_facts>();

    strcpy(facts->comm, entry.comm);
    set(facts->exe, entry.exe);
    set(facts->cmdline, entry.cmdline);
    facts->uid = entry.uid;
    facts->oom_score_adj = entry.adj;
    int found = mm_match_find(rules.value, facts.get(), nullptr);
    EXPECT_STREQ(found < 0 ? "" : mm_match_rule_at(rules.value, static_cast<unsigned>(found))->name,
                 entry.rule);
}

TEST(BuiltInRules, TakeWhatASystemStandsOn)
{
    const Known cases[] = {
        {"systemd", "/usr/lib/systemd/systemd", "/sbin/init", 0, 0, "init"},
        {"systemd", "/usr/lib/systemd/systemd", "/lib/systemd/systemd --user", 1000, 100, "user manager"},
        {"memmgr-match", "/usr/libexec/memmgr/memmgr-match", "", 0, 0, "memmgr"},
        {"systemd-logind", "/usr/lib/systemd/systemd-logind", "", 0, 0, "login"},
        {"agetty", "/usr/sbin/agetty", "/sbin/agetty -o", 0, 0, "login"},
        {"dbus-daemon", "/usr/bin/dbus-daemon", "", 100, -900, "message bus"},
        {"sshd", "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", 0, -1000,
         "sshd"},
        {"sshd", "/usr/sbin/sshd", "/usr/sbin/sshd -D", 0, 0, "sshd"},
        {"sshd", "/usr/sbin/sshd", "sshd: user [priv]", 0, 0, ""},
        {"sshd", "/usr/sbin/sshd", "sshd: user@pts/0", 1000, 0, ""},
        {"gdm3", "/usr/sbin/gdm3", "", 0, 0, "display manager"},
        {"gdm-session-wor", "/usr/libexec/gdm-session-worker", "", 0, 0, "display manager"},
        {"sddm", "/usr/bin/sddm", "", 0, 0, "display manager"},
        {"lightdm", "/usr/sbin/lightdm", "", 0, 0, "display manager"},
        {"Xorg", "/usr/lib/xorg/Xorg", "", 0, 0, "display server"},
        {"Xwayland", "/usr/bin/Xwayland", "", 1000, 200, "display server"},
        {"gnome-shell", "/usr/bin/gnome-shell", "", 1000, 200, "display server"},
        {"kwin_wayland", "/usr/bin/kwin_wayland", "", 1000, 0, "display server"},
        {"sway", "/usr/bin/sway", "", 1000, 0, "display server"},
        {"gnome-session-b", "/usr/libexec/gnome-session-binary", "", 1000, 0, "session"},
        {"swaylock", "/usr/bin/swaylock", "", 1000, 0, "screen lock"},
        {"dpkg", "/usr/bin/dpkg", "", 0, 0, "package manager"},
        {"unattended-upgr", "/usr/bin/python3.11", "", 0, 0, "package manager"},
        {"systemd-journal", "/usr/lib/systemd/systemd-journald", "", 0, -250, "log"},
        {"rsyslogd", "/usr/sbin/rsyslogd", "", 104, 0, "log"},
        {"systemd-udevd", "/usr/bin/udevadm", "", 0, -1000, "devices"},
        {"containerd-shim", "/usr/bin/containerd-shim-runc-v2", "", 0, -998, "container monitor"},
        {"conmon", "/usr/bin/conmon", "", 1000, 0, "container monitor of a user"},
        {"NetworkManager", "/usr/sbin/NetworkManager", "", 0, 0, "network"},
        {"dockerd", "/usr/bin/dockerd", "", 0, -500, ""}, // has been thought of
        {"pipewire", "/usr/bin/pipewire", "", 1000, 0, "sound"},
        {"pipewire", "/usr/bin/pipewire", "", 1000, 200, ""},
        // in disguise
        {"sshd", "/home/a/hog", "/usr/sbin/sshd -D", 1000, 0, ""},
        {"gnome-shell", "/home/a/gnome-shell", "", 1000, 0, ""},
        {"systemd-journal", "/home/a/hog", "", 1000, 0, ""},
        {"dpkg", "/usr/bin/python3", "", 1000, 0, ""},
        {"firefox", "/usr/lib/firefox/firefox", "", 1000, 0, ""},
        {"bash", "/usr/bin/bash", "", 0, 0, ""},
    };
    Rules rules({}, true);

    for (const Known &entry : cases)
        expect_rule(rules, entry);
}

const Known user_programs[] = {
    {"bash", "/usr/bin/bash", "-bash", 1000, 0, "user shell"},
    {"bash", "/bin/bash", "bash", 1000, 0, "user shell"},
    {"bash", "/usr/bin/bash", "/bin/bash --login", 1000, 0, "user shell"},
    {"zsh", "/usr/bin/zsh", "/usr/bin/zsh -il", 59999, 0, "user shell"},
    {"ksh93", "/usr/bin/ksh93", "-ksh", 1000, 0, "user shell"},
    {"ash", "/bin/busybox", "-ash", 1000, 0, "user shell"},
    {"sshd", "/usr/sbin/sshd", "sshd: user@pts/0", 1000, 0, "user session"},
    {"sshd-session", "/usr/lib/openssh/sshd-session", "sshd-session: user@pts/0", 1000, 0, "user session"},
    {"tmux: server", "/usr/bin/tmux", "tmux new", 1000, 0, "terminal"},
    {"python3", "/usr/bin/python3.11", "python3 hog.py", 1000, 0, "user program"},
    {"hog", "/home/a/hog", "./hog", 1000, 0, "user program"},
    {"hog", "", "", 1000, 0, "user program"},
    {"bash", "/usr/bin/bash", "bash build.sh", 1000, 0, "user program"},
    {"sh", "/usr/bin/dash", "sh -c make", 1000, 0, "user program"},
    {"bash", "/usr/bin/bash", "/bin/bash /home/a/bash", 1000, 0, "user program"},
    {"bash", "/home/a/bash", "-bash", 1000, 0, "user program"},
    // what protects comes before
    {"sway", "/usr/bin/sway", "sway", 1000, 0, "display server"},
    {"dbus-daemon", "/usr/bin/dbus-daemon", "", 1000, 0, "message bus"},
    {"pipewire", "/usr/bin/pipewire", "", 1000, 0, "sound"},
    {"systemd", "/usr/lib/systemd/systemd", "/lib/systemd/systemd --user", 1000, 100, "user manager"},
    // not a user's, or thought of by somebody
    {"hog", "/root/hog", "./hog", 0, 0, ""},
    {"mysqld", "/usr/sbin/mysqld", "", 110, 0, ""},
    {"nobody", "/usr/bin/nobody", "", 65534, 0, ""},
    {"hog", "/home/a/hog", "./hog", 60000, 0, ""},
    {"hog", "/home/a/hog", "./hog", 1000, 200, ""},
    {"hog", "/home/a/hog", "./hog", 1000, -1, ""},
};

TEST(BuiltInRules, TakeUsersProgramsWhereTheyAreAskedTo)
{
    Rules with({}, true, true), without({}, true, false), none({}, false, true);

    for (const Known &entry : user_programs) {
        Known untouched = entry;

        if (strncmp(entry.rule, "user ", 5) == 0 || strcmp(entry.rule, "terminal") == 0)
            untouched.rule = strcmp(entry.rule, "user manager") == 0 ? entry.rule : "";
        expect_rule(with, entry);
        expect_rule(without, untouched);
    }
    EXPECT_EQ(mm_match_rule_count(with.value), mm_built_in_rule_count + mm_user_program_rule_count);
    EXPECT_EQ(mm_match_rule_count(without.value), mm_built_in_rule_count);
    EXPECT_EQ(mm_match_rule_count(none.value), 0U);
}

// ---- the protocol ----

std::string stream_of(const mm_process_rules_config &config)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    std::string bytes;
    char buffer[4096];
    ssize_t n;

    EXPECT_EQ(mm_rule_stream_write(fd, &config), 0);
    for (off_t at = 0; (n = pread(fd, buffer, sizeof(buffer), at)) > 0; at += n)
        bytes.append(buffer, static_cast<size_t>(n));
    close(fd);
    return bytes;
}

int parse(const std::string &bytes, mm_process_rules_config &config)
{
    return mm_rule_stream_parse(reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size(), &config);
}

TEST(RuleStream, ArrivesWhole)
{
    std::vector<mm_process_rule> rules;
    const std::string longest(MM_PATTERN_MAX, 'x');

    for (int i = 0; i < MM_CONFIG_PROCESS_RULES_MAX; i++)
        rules.push_back(
            made("name", {longest.c_str(), longest.c_str(), "c", "g", nullptr, "0-5", "1..2"}, "b"));
    mm_process_rules_config config{true, true, rules.data(), rules.size()}, back{};
    const std::string bytes = stream_of(config);

    EXPECT_LT(bytes.size(), MM_RULE_STREAM_MAX_BYTES);
    ASSERT_EQ(parse(bytes, back), 0);
    EXPECT_TRUE(back.has_built_in);
    EXPECT_TRUE(back.has_user_programs);
    ASSERT_EQ(back.rule_count, rules.size());
    for (size_t i = 0; i < back.rule_count; i++) {
        for (unsigned k = 0; k < MM_PROCESS_CONDITION_COUNT; k++)
            EXPECT_STREQ(mm_process_condition_text(&back.rules[i], k),
                         mm_process_condition_text(&rules[i], k));
        EXPECT_STREQ(back.rules[i].name, "name");
        EXPECT_STREQ(back.rules[i].bundle, "b");
        EXPECT_EQ(back.rules[i].process_class, MM_CLASS_BATCH);
        EXPECT_EQ(back.rules[i].priority, 321);
    }
    mm_rule_stream_fini(&back);
}

TEST(RuleStream, GarbageIsRefused)
{
    std::vector<mm_process_rule> rules = {made("a", with(&Rule::comm, "b")),
                                          made("c", with(&Rule::unit, "d"))};
    mm_process_rules_config config{true, true, rules.data(), rules.size()};
    const std::string bytes = stream_of(config);

    for (size_t length = 0; length < bytes.size(); length++) {
        mm_process_rules_config back{};
        EXPECT_EQ(parse(bytes.substr(0, length), back), -EBADMSG) << length;
        mm_rule_stream_fini(&back);
    }
    mm_process_rules_config back{};
    EXPECT_EQ(parse(bytes + "x", back), -EBADMSG);
    mm_rule_stream_fini(&back);
    // every byte turned over: refused or read, and never more
    for (size_t i = 0; i < bytes.size(); i++) {
        std::string broken = bytes;
        broken[i] = static_cast<char>(~broken[i]);
        int r = parse(broken, back);
        EXPECT_TRUE(r == 0 || r == -EBADMSG) << r;
        mm_rule_stream_fini(&back);
    }
}

mm_match_answers answers_of(uint32_t count)
{
    mm_match_answers answers{};

    answers.magic = MM_MATCH_MAGIC;
    answers.count = count;
    for (uint32_t i = 0; i < count; i++) {
        answers.at[i].pid = 5;
        strcpy(answers.at[i].rule_name, "r");
        strcpy(answers.at[i].bundle, "b");
    }
    return answers;
}

TEST(Packets, GarbageIsRefused)
{
    mm_match_answers answers = answers_of(2);
    mm_match_queries queries{};

    EXPECT_EQ(mm_match_answers_check(&answers, mm_match_answers_size(2)), 0);
    EXPECT_EQ(mm_match_answers_check(&answers, mm_match_answers_size(1)), -EBADMSG);
    EXPECT_EQ(mm_match_answers_check(&answers, mm_match_answers_size(2) + 1), -EBADMSG);
    EXPECT_EQ(mm_match_answers_check(&answers, 3), -EBADMSG);
    EXPECT_EQ(mm_match_answers_check(&answers, 0), -EBADMSG);
    const std::vector<std::function<void(mm_match_answers &)>> spoils = {
        [](auto &a) { a.magic++; },
        [](auto &a) { a.count = MM_MATCH_BATCH_MAX + 1; },
        [](auto &a) { a.at[1].pid = 0; },
        [](auto &a) { a.at[1].rule = -3; },
        [](auto &a) { a.at[1].priority = 1001; },
        [](auto &a) { a.at[1].process_class = MM_CLASS_COUNT; },
        [](auto &a) { a.at[1].is_built_in = 2; },
        [](auto &a) { memset(a.at[1].rule_name, 'x', sizeof(a.at[1].rule_name)); },
        [](auto &a) { memset(a.at[1].bundle, 'x', sizeof(a.at[1].bundle)); },
        [](auto &a) { memset(a.at[1].gave_up_name, 'x', sizeof(a.at[1].gave_up_name)); },
        [](auto &a) { a.at[1].bundle[0] = '\0'; },
        [](auto &a) { a.at[1].rule_name[0] = '\0'; },
    };
    for (const auto &spoil : spoils) {
        mm_match_answers spoilt = answers_of(2);
        spoil(spoilt);
        EXPECT_EQ(mm_match_answers_check(&spoilt, mm_match_answers_size(2)), -EBADMSG)
            << &spoil - spoils.data();
    }
    queries.magic = MM_MATCH_MAGIC;
    queries.count = 1;
    EXPECT_EQ(mm_match_queries_check(&queries, mm_match_queries_size(1)), -EBADMSG); // pid 0
    queries.at[0].pid = 1;
    EXPECT_EQ(mm_match_queries_check(&queries, mm_match_queries_size(1)), 0);
    queries.count = MM_MATCH_BATCH_MAX + 1;
    EXPECT_EQ(mm_match_queries_check(&queries, sizeof(queries)), -EBADMSG);
}

// The server of memmgr-match, within this process, about this process.
class Server : public testing::Test
{
  protected:
    void begin(const mm_process_rules_config &config)
    {
        int rules_fd = memfd_create("test", MFD_CLOEXEC);

        ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        ASSERT_EQ(mm_rule_stream_write(rules_fd, &config), 0);
        thread = std::thread([this, rules_fd] {
            int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
            result = mm_match_serve(ends[1], rules_fd, proc_fd);
            close(proc_fd);
            close(ends[1]);
        });
    }
    void end()
    {
        close(ends[0]);
        thread.join();
    }
    int ends[2] = {-1, -1};
    int result = 1;
    std::thread thread;
};

TEST_F(Server, Answers)
{
    std::vector<mm_process_rule> rules = {made("us", with(&Rule::exe, "*match_rules_test*"), "me %{pid}")};
    mm_process_rules_config config{false, false, rules.data(), rules.size()};
    mm_match_queries queries{};
    mm_match_answers answers{};

    begin(config);
    queries.magic = MM_MATCH_MAGIC;
    queries.count = 3;
    queries.at[0].pid = getpid();
    queries.at[1].pid = getpid();
    queries.at[1].start_time_ticks = 1; // another one's
    queries.at[2].pid = 0x3fffffff;
    ASSERT_GT(send(ends[0], &queries, mm_match_queries_size(3), 0), 0);
    ssize_t length = recv(ends[0], &answers, sizeof(answers), 0);
    ASSERT_EQ(mm_match_answers_check(&answers, static_cast<size_t>(length)), 0);
    ASSERT_EQ(answers.count, 3U);
    EXPECT_EQ(answers.at[0].rule, 0);
    EXPECT_EQ(answers.at[0].priority, 321);
    EXPECT_STREQ(answers.at[0].bundle, ("me " + std::to_string(getpid())).c_str());
    EXPECT_NE(answers.at[0].bundle_key, 0U);
    EXPECT_EQ(answers.at[1].rule, MM_MATCH_GONE);
    EXPECT_EQ(answers.at[2].rule, MM_MATCH_GONE);
    end();
    EXPECT_EQ(result, 0);
}

TEST_F(Server, EndsOnGarbage)
{
    mm_process_rules_config config{};

    begin(config);
    ASSERT_GT(send(ends[0], "garbage", 7, 0), 0);
    thread.join();
    EXPECT_EQ(result, -EBADMSG);
    close(ends[0]);
}

} // namespace
