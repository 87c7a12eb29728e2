// SPDX-License-Identifier: Apache-2.0
// Other killers' configurations as drafts of ours: each parameter has its place, or a note.
#include "config_draft.hpp"

#include "service/config_tool/migrate.h"

#include <functional>

namespace
{

// ---- lmkd --------------------------------------------------------------------------------------------------

std::unique_ptr<Draft> lmkd(const std::string &text, uint64_t ram_bytes = device_4gb.ram_bytes)
{
    auto draft = std::make_unique<Draft>();
    const mm_config_device device = {ram_bytes, 0, nullptr};

    mm_migrate_lmkd(text.c_str(), &device, &draft->value);
    return draft;
}

TEST(MigrateLmkd, WithoutAPropertyItIsLmkdsDefaults)
{
    auto draft = lmkd("");

    EXPECT_EQ(draft->joined(), "killPolicy/exitTimeoutMs=100\n"
                               "killPolicy/order=oldestUse\n"
                               "killPolicy/heaviestFromPriority=200\n"
                               "unregisteredProcesses/policy=never\n"
                               "pressureTriggers=(there)\n"
                               "pressureTriggers/pressureTrigger[0]/kind=some\n"
                               "pressureTriggers/pressureTrigger[0]/stallUs=70000\n"
                               "pressureTriggers/pressureTrigger[0]/windowUs=1000000\n"
                               "pressureTriggers/pressureTrigger[1]/kind=full\n"
                               "pressureTriggers/pressureTrigger[1]/stallUs=700000\n"
                               "pressureTriggers/pressureTrigger[1]/windowUs=1000000\n");
    expect_valid(*draft);
}

TEST(MigrateLmkd, TheFixtures)
{
    auto low_ram = lmkd(fixture("lmkd_low_ram.prop"), 1ULL << 30);

    for (const char *line : {"killPolicy/exitTimeoutMs=150", "killPolicy/order=heaviest",
                             "pressureTriggers/pressureTrigger[0]/stallUs=120000",
                             "pressureTriggers/pressureTrigger[1]/stallUs=500000"})
        EXPECT_TRUE(low_ram->has(line)) << line << "\n" << low_ram->joined();
    expect_notes(*low_ram, {"source:9: note: ro.lmk.thrashing_limit: line 10 overrides it",
                            "source:12: note: ro.lmk.psi_partial_stall_ms: set again, what counts is line 11",
                            "source:16: note: ro.lmk.vendor_magic: no counterpart", "passed over: 1"});

    auto minfree = lmkd(fixture("lmkd_minfree.getprop"), 1ULL << 30);
    const struct {
        unsigned megabytes;
        int priority;
    } rows[] = {{72, 0}, {90, 100}, {108, 200}, {126, 250}, {216, 900}, {315, 950}};
    for (unsigned i = 0; i < 6; i++) {
        const std::string row = "killConfig/killLevel[" + std::to_string(i) + "]/";
        EXPECT_TRUE(minfree->has(row + "memoryMB=" + std::to_string(rows[i].megabytes)));
        EXPECT_TRUE(minfree->has(row + "minPriority=" + std::to_string(rows[i].priority)));
    }
    for (const char *line : {"pressureTriggers/pressureTrigger[1]/stallUs=100000",
                             "pressureTriggers/pressureTrigger[2]/kind=full",
                             "pressureTriggers/pressureTrigger[2]/stallUs=70000", "logging/level=debug"})
        EXPECT_TRUE(minfree->has(line)) << line << "\n" << minfree->joined();
    expect_valid(*low_ram, 1ULL << 30);
    expect_valid(*minfree, 1ULL << 30);
}

TEST(MigrateLmkd, EachPropertyHasItsPlaceOrItsNote)
{
    const struct {
        const char *text;
        std::vector<std::string> values, notes;
    } cases[] = {
        {"ro.lmk.kill_timeout_ms=5",
         {"killPolicy/exitTimeoutMs=10"},
         {"kill_timeout_ms: 5 cannot be said here"}},
        {"ro.lmk.kill_timeout_ms=100000", {"killPolicy/exitTimeoutMs=60000"}, {"60000 is taken"}},
        {"ro.lmk.kill_heaviest_task=0", {"killPolicy/order=oldestUse"}, {}},
        {"ro.config.low_ram=true", {"pressureTriggers/pressureTrigger[0]/stallUs=200000"}, {}},
        {"ro.lmk.psi_partial_stall_ms=0", {"pressureTriggers/pressureTrigger[0]/kind=full"}, {}},
        {"ro.lmk.psi_partial_stall_ms=0\nro.lmk.psi_complete_stall_ms=0",
         {"pressureTriggers=(there)"},
         {"the waterline watch alone"}},
        {"ro.lmk.psi_complete_stall_ms=2000",
         {"pressureTriggers/pressureTrigger[1]/stallUs=1000000"},
         {"a stall of 2000 ms does not fit into the window"}},
        {"ro.lmk.psi_window_size_ms=2000", {"pressureTriggers/pressureTrigger[0]/windowUs=2000000"}, {}},
        {"ro.lmk.psi_window_size_ms=100",
         {"pressureTriggers/pressureTrigger[0]/windowUs=500000"},
         {"psi_window_size_ms: 100 is outside"}},
        {"ro.lmk.debug=true", {"logging/level=debug"}, {}},
        {"ro.lmk.debug=false", {}, {}},
        // The levels count only with the old strategy, which is the default with them alone.
        {"ro.lmk.use_minfree_levels=true\nsys.lmk.minfree_levels=256:0",
         {"killConfig/killLevel[0]/memoryMB=1", "pressureTriggers/pressureTrigger[1]/stallUs=100000"},
         {}},
        {"ro.config.low_ram=true\nro.lmk.use_minfree_levels=true\nsys.lmk.minfree_levels=256:0",
         {"pressureTriggers/pressureTrigger[1]/stallUs=700000"},
         {"new strategy does not use the levels"}},
        {"sys.lmk.minfree_levels=256:0", {}, {"new strategy does not use the levels"}},
        {"ro.lmk.use_minfree_levels=true", {}, {"the levels themselves come at run time"}},
        // Rows that are no rows of ours are left out.
        {"ro.lmk.use_minfree_levels=1\nsys.lmk.minfree_levels=2560:0,2560:100,5120:100,7680:1001,10240:200",
         {"killConfig/killLevel[0]/memoryMB=10", "killConfig/killLevel[1]/memoryMB=20",
          "killConfig/killLevel[1]/minPriority=100", "killConfig/killLevel[2]/memoryMB=40"},
         {"the level of 2560 pages for oom_score_adj 100 is left out",
          "the level of 7680 pages for oom_score_adj 1001 is left out"}},
        {"ro.lmk.use_psi=false", {}, {"ro.lmk.use_psi=false: no counterpart"}},
        {"ro.lmk.low=1001\nro.lmk.medium=800\nro.lmk.critical=0",
         {},
         {"source:1: note: ro.lmk.low=1001: no counterpart", "ro.lmk.medium=800: no",
          "ro.lmk.critical=0: no"}},
        {"ro.lmk.pressure_after_kill_min_score=10\nro.lmk.swap_util_max=90\nro.lmk.filecache_min_kb=1\n"
         "ro.lmk.stall_limit_critical=1\nro.lmk.delay_monitors_until_boot=1\nro.lmk.direct_reclaim_threshold_"
         "ms=1\n"
         "ro.lmk.swap_compression_ratio=3\nro.lmk.swap_compression_ratio_div=1\n"
         "ro.lmk.relaxed_available_memory=on\nro.lmk.thrashing_limit_decay=1\nro.lmk.thrashing_limit_"
         "critical=1",
         {},
         {"source:1: note: ro.lmk.pressure_after", "source:2: note: ro.lmk.swap_util_max=90",
          "source:3: note: ro.lmk.filecache", "source:4: note: ro.lmk.stall", "source:5: note: ro.lmk.delay",
          "source:6: note: ro.lmk.direct", "source:7: note: ro.lmk.swap_comp",
          "source:8: note: ro.lmk.swap_comp", "source:9: note: ro.lmk.relaxed",
          "source:10: note: ro.lmk.thrash", "source:11: note: ro.lmk.thrash"}},
        {"import /vendor/x.prop", {}, {"source:1: note: import /vendor/x.prop: passed over"}},
        {"lmkd.reinit=1", {}, {"lmkd.reinit: no counterpart"}},
        {"ro.lmk.a\x01\xff=1", {}, {"ro.lmk.a\\x01\\xff: no counterpart"}},
    };

    for (const auto &entry : cases) {
        auto draft = lmkd(entry.text);
        SCOPED_TRACE(entry.text);
        EXPECT_EQ(draft->value.notes.error_count, 0U) << draft->notes();
        for (const std::string &value : entry.values)
            EXPECT_TRUE(draft->has(value)) << value << "\n" << draft->joined();
        expect_notes(*draft, entry.notes);
        expect_valid(*draft);
    }
}

TEST(MigrateLmkd, WhatIsNoValueIsAnError)
{
    const struct {
        const char *text, *error;
    } cases[] = {
        {"\nro.lmk.kill_timeout_ms=12x",
         "source:2: error: ro.lmk.kill_timeout_ms is \"12x\", expected a whole number"},
        {"ro.lmk.thrashing_limit=",
         "source:1: error: ro.lmk.thrashing_limit is \"\", expected a whole number"},
        {"ro.lmk.psi_partial_stall_ms=-1", "expected a whole number from 0"},
        {"ro.lmk.debug=maybe", "source:1: error: ro.lmk.debug is \"maybe\", expected true or false"},
        {"ro.lmk.use_minfree_levels=true\nsys.lmk.minfree_levels=18432",
         "source:2: error: \"18432\", expected PAGES"},
        {"ro.lmk.use_minfree_levels=true\nsys.lmk.minfree_levels=1:2,x:1",
         "\"x:1\", expected PAGES:OOM_SCORE_ADJ"},
    };

    for (const auto &entry : cases) {
        auto draft = lmkd(entry.text);
        EXPECT_EQ(draft->value.notes.error_count, 1U) << entry.text << "\n" << draft->notes();
        expect_notes(*draft, {entry.error});
    }
}

// ---- earlyoom ----------------------------------------------------------------------------------------------

std::unique_ptr<Draft> earlyoom(const std::vector<const char *> &words)
{
    auto draft = std::make_unique<Draft>();

    mm_migrate_earlyoom(words.data(), words.size(), &device_4gb, &draft->value);
    return draft;
}

TEST(MigrateEarlyoom, WithoutAnArgumentItIsEarlyoomsDefaults)
{
    auto draft = earlyoom({});

    EXPECT_EQ(draft->joined(), "killConfig/killLevel[0]/memoryMB=10%\n"
                               "killConfig/killLevel[0]/minPriority=0\n"
                               "availBufferConfig/minAvailBuffer=12%\n"
                               "systemMemoryLevelConfig/critical=12%\n"
                               "availBufferConfig/availBuffer=13%\n"
                               "systemMemoryLevelConfig/low=13%\n"
                               "availBufferConfig/highAvailBuffer=14%\n"
                               "systemMemoryLevelConfig/moderate=14%\n"
                               "systemMemoryLevelConfig/purgeable=16%\n"
                               "killPolicy/order=heaviest\n"
                               "unregisteredProcesses/policy=any\n");
    expect_notes(*draft, {"-s, whose default is 10: no counterpart", "the second number of -m and -M",
                          "oom_score_adj"});
    expect_valid(*draft);
}

TEST(MigrateEarlyoom, EachArgumentHasItsPlaceOrItsNote)
{
    const struct {
        std::vector<const char *> words;
        std::vector<std::string> values, notes, none;
    } cases[] = {
        {{"-m", "30"}, {"killConfig/killLevel[0]/memoryMB=30%"}, {}, {}},
        {{"-m20,18"}, {"killConfig/killLevel[0]/memoryMB=20%"}, {}, {}},
        {{"-m", "2.5"}, {"killConfig/killLevel[0]/memoryMB=102"}, {}, {}},
        {{"-m", "95"},
         {"killConfig/killLevel[0]/memoryMB=95%", "availBufferConfig/highAvailBuffer=100%"},
         {},
         {}},
        {{"-M", "102400"},
         {"killConfig/killLevel[0]/memoryMB=100"},
         {},
         {"availBufferConfig/minAvailBuffer"}},
        {{"-M", "102401,5"}, {"killConfig/killLevel[0]/memoryMB=101"}, {}, {}},
        {{"-M", "1"}, {"killConfig/killLevel[0]/memoryMB=1"}, {}, {}},
        // 10 % of 4 GB are 409 MB; the lower one counts.
        {{"-m", "10", "-M", "1048576"}, {"killConfig/killLevel[0]/memoryMB=10%"}, {}, {}},
        {{"-m", "50", "-M", "1048576"},
         {"killConfig/killLevel[0]/memoryMB=1024", "availBufferConfig/minAvailBuffer=1228",
          "systemMemoryLevelConfig/critical=1228"},
         {},
         {}},
        {{"-s", "100"}, {}, {}, {"-s: no counterpart", "whose default"}},
        {{"-s", "5"}, {}, {"-s: no counterpart"}, {}},
        {{"-s", "100", "-S", "1000"}, {}, {"-S: no counterpart"}, {}},
        {{"-d"}, {"logging/level=debug"}, {}, {}},
        {{"-kin"}, {}, {"-k: no counterpart", "-i: no counterpart", "-n: no counterpart"}, {}},
        {{"-gpr60"}, {}, {"-g: no counterpart", "-p: no counterpart", "-r 60: no counterpart"}, {}},
        {{"-N", "/bin/x", "-P", "/bin/y"},
         {},
         {"-N /bin/x: no counterpart", "-P /bin/y: no counterpart"},
         {}},
        {{"--dryrun", "--syslog", "--ignore-root-user"},
         {},
         {"--dryrun: no counterpart", "--syslog: no counterpart", "--ignore-root-user: no counterpart"},
         {}},
        {{"--sort-by-rss"}, {"killPolicy/order=heaviest"}, {}, {}},
        {{"-v", "--help"}, {}, {"-v: no counterpart", "-h: no counterpart"}, {}},
        {{"--prefer", "x"}, {}, {"--prefer x: no counterpart"}, {"systemApps"}},
        {{"--ignore=^(init|sshd)$"},
         {"systemApps/app=init", "systemApps/app=sshd"},
         {},
         {"earlyoom only made them less likely", "matched longer names"}},
        {{"--avoid", "(^|/)(init|X|Web Content)$"},
         {"systemApps/app=init", "systemApps/app=X", "systemApps/app=Web Content"},
         {"earlyoom only made them less likely"},
         {"matched longer names"}},
        {{"--avoid", "^a$|^b$"}, {"systemApps/app=a", "systemApps/app=b"}, {}, {"matched longer names"}},
        {{"--avoid", "^(?:a|b)$"}, {"systemApps/app=a", "systemApps/app=b"}, {}, {}},
        {{"--avoid", "fire"}, {"systemApps/app=fire"}, {"matched longer names"}, {}},
        {{"--avoid", "^fire"}, {"systemApps/app=fire"}, {"matched longer names"}, {}},
        {{"--avoid", "a.*"}, {}, {"--avoid a.*: no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "(a|b)(c|d)"}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", ""}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "a||b"}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "a|"}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "(?:)"}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "()"}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "$"}, {}, {"no counterpart: patterns"}, {"systemApps/app"}},
        {{"--avoid", "a\x1b[31m"}, {}, {"--avoid a\\x1b[31m: no"}, {"systemApps/app"}},
        {{"--unheard", "-x"}, {}, {"--unheard: no counterpart: not an option", "-x: no counterpart"}, {}},
        {{"-m", "5", "-m", "6"}, {"killConfig/killLevel[0]/memoryMB=6%"}, {"-m 5: given again"}, {}},
    };

    for (const auto &entry : cases) {
        auto draft = earlyoom(entry.words);
        SCOPED_TRACE(entry.words[0]);
        EXPECT_EQ(draft->value.notes.error_count, 0U) << draft->notes();
        for (const std::string &value : entry.values)
            EXPECT_TRUE(draft->has(value)) << value << "\n" << draft->joined();
        expect_notes(*draft, entry.notes);
        for (const std::string &part : entry.none)
            EXPECT_EQ((draft->joined() + draft->notes()).find(part), std::string::npos)
                << part << "\n"
                << draft->joined() << draft->notes();
        expect_valid(*draft);
    }
}

TEST(MigrateEarlyoom, WhatIsNoValueIsAnError)
{
    const struct {
        std::vector<const char *> words;
        const char *error;
    } cases[] = {
        {{"-m", "abc"}, "-m is \"abc\", expected a number up to 100"},
        {{"-m", "101"}, "-m is \"101\""},
        {{"-m", "0"}, "-m is \"0\""},
        {{"-m", "5,x"}, "-m is \"5,x\""},
        {{"-m", "1.2.3"}, "-m is \"1.2.3\""},
        {{"-m", "-5"}, "-m is \"-5\""},
        {{"-m"}, "-m: a value is missing"},
        {{"-M", "99999999999999999999"}, "-M is \"99999999999999999999\""},
        {{"-s", ""}, "-s is \"\""},
        {{"stray"}, "\"stray\" is no option of earlyoom"},
        {{"--avoid"}, "--avoid: a value is missing"},
    };

    for (const auto &entry : cases) {
        auto draft = earlyoom(entry.words);
        EXPECT_GE(draft->value.notes.error_count, 1U) << entry.words[0];
        expect_notes(*draft, {std::string("source: error: ") + entry.error});
    }
}

TEST(MigrateEarlyoom, FromAFileOrAText)
{
    const struct {
        std::string text;
        std::vector<std::string> parts;
    } cases[] = {
        {fixture("earlyoom.default"),
         {"memoryMB=8%", "systemApps/app=init", "systemApps/app=systemd", "-n: no", "-g: no", "-r 3600: no",
          "--prefer (^|/)(Web Content|Isolated Web Co)$: no"}},
        {"EARLYOOM_ARGS='-m 7 --avoid \"^(a|b)$\"'\n", {"memoryMB=7%", "systemApps/app=b"}},
        {"EARLYOOM_ARGS=\"-m 5\"\nEARLYOOM_ARGS=-m6\n", {"memoryMB=6%"}},
        {"EARLYOOM_ARGS=\"\"\n", {"memoryMB=10%"}},
        {"EARLYOOM_ARGS=\nX=\"-m 5\"", {"memoryMB=10%"}},
        {"X=1\n", {"memoryMB=10%", "no EARLYOOM_ARGS= in it"}},
        {"-m 9 -r\t60", {"memoryMB=9%", "-r 60: no"}},
        {"-m 9 --avoid \\^a\\$", {"memoryMB=9%", "systemApps/app=a"}},
        {"-m 9 --avoid 'a", {"systemApps/app=a"}},
    };

    for (const auto &entry : cases) {
        Draft draft;
        mm_migrate_earlyoom_text(entry.text.c_str(), &device_4gb, &draft.value);
        const std::string all = draft.joined() + draft.notes();
        for (const std::string &part : entry.parts)
            EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << entry.text << "\n" << all;
        EXPECT_EQ(draft.value.notes.error_count, 0U) << draft.notes();
        expect_valid(draft);
    }
}

// ---- oomd --------------------------------------------------------------------------------------------------

std::unique_ptr<Draft> oomd(const std::string &text)
{
    auto draft = std::make_unique<Draft>();

    mm_migrate_oomd(text.c_str(), &device_4gb, &draft->value);
    return draft;
}

TEST(MigrateOomd, TheFixture)
{
    auto draft = oomd(fixture("oomd_desktop.json"));

    EXPECT_EQ(draft->value.notes.error_count, 0U) << draft->notes();
    for (const char *line :
         {"pressureTriggers/pressureTrigger[0]/kind=full",
          "pressureTriggers/pressureTrigger[0]/stallUs=6000000",
          "pressureTriggers/pressureTrigger[0]/windowUs=10000000", "killConfig/killLevel[0]/memoryMB=8%",
          "killConfig/killLevel[0]/minPriority=0", "killPolicy/order=heaviest", "squeezeConfig/enabled=true",
          "unregisteredProcesses/policy=any"})
        EXPECT_TRUE(draft->has(line)) << line << "\n" << draft->joined();
    expect_notes(
        *draft,
        {"ruleset \"overview // of all\", silence-logs: no counterpart", "detector dump_cgroup_overview: no",
         "ruleset \"sessions\", post_action_delay: no", "cgroup=user.slice, duration=30: no counterpart",
         "only the pressure of memory", "2 of them must hold together", "cgroup=user.slice/*, recursive=true",
         "a kill row is about the memory of all", "not about anonymous memory", "detector swap_free: no",
         "action kill_by_swap_usage: no", "action kill_by_prayer: no counterpart: not known",
         "action senpai: squeezing goes by", "prekill_hooks: no counterpart", "groups: oomd kills"});
    expect_valid(*draft);
}

std::string rule(const std::string &detector, const std::string &action = R"({"name":"kill_by_pressure"})")
{
    return R"({"rulesets":[{"name":"r","detectors":[["g",)" + detector + R"(]],"actions":[)" + action +
           "]}]}";
}

TEST(MigrateOomd, EachPluginHasItsPlaceOrItsNote)
{
    const struct {
        std::string text;
        std::vector<std::string> values, notes;
    } cases[] = {
        {rule(
             R"({"name":"pressure_rising_beyond","args":{"resource":"memory","threshold":5,"fast_fall_ratio":"0.9"}})"),
         {"pressureTriggers/pressureTrigger[0]/stallUs=500000"},
         {"fast_fall_ratio=0.9: no counterpart"}},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"1G"}})"),
         {"killConfig/killLevel[0]/memoryMB=3072"},
         {"became available memory below 3072 MB"}},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"3840"}})"),
         {"killConfig/killLevel[0]/memoryMB=256"},
         {}},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"1.5G 512M"}})"),
         {"killConfig/killLevel[0]/memoryMB=2048"},
         {}},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"100%"}})"),
         {"killConfig/killLevel[0]/memoryMB=1%"},
         {}},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"9T"}})"),
         {"killConfig/killLevel[0]/memoryMB=1"},
         {}},
        // The one that comes first, in whatever order and unit they stand.
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"90%"}},)"
              R"({"name":"memory_above","args":{"cgroup":"/","threshold":"3G"}})"),
         {"killConfig/killLevel[0]/memoryMB=1024"},
         {"there is another amount", "2 of them must hold together"}},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"3G"}},)"
              R"({"name":"memory_above","args":{"cgroup":"/","threshold":"90%"}})"),
         {"killConfig/killLevel[0]/memoryMB=1024"},
         {}},
        {rule(R"({"name":"pressure_above","args":{"resource":"memory","threshold":"60"}})",
              R"({"name":"continue"})"),
         {},
         {"detector pressure_above: no counterpart: the actions of the ruleset kill nobody"}},
        {rule(R"({"name":"exists"},{"name":"nr_dying_descendants"},{"name":"stop"})",
              R"({"name":"systemd_restart"},{"name":"kernel_panic"},{"name":"kill_by_io_cost"})"),
         {},
         {"exists: no", "nr_dying_descendants: no", "stop: no", "systemd_restart: no", "kernel_panic: no",
          "kill_by_io_cost: no", "the built-in killConfig stays"}},
        {rule(R"({"name":"un\u0001heard\n","args":[1]})"),
         {},
         {"detector un\\x01heard\\x0a: no counterpart"}},
        {R"({"rulesets":[]} // nothing)", {"unregisteredProcesses/policy=any"}, {}},
        {R"({"rulesets":[{"name":"x","cgroup":"a","xattr_filter":"b"}]})",
         {},
         {"ruleset \"x\", cgroup: no counterpart", "ruleset \"x\", xattr_filter: no counterpart"}},
    };

    for (const auto &entry : cases) {
        auto draft = oomd(entry.text);
        SCOPED_TRACE(entry.text);
        EXPECT_EQ(draft->value.notes.error_count, 0U) << draft->notes();
        for (const std::string &value : entry.values)
            EXPECT_TRUE(draft->has(value)) << value << "\n" << draft->joined();
        expect_notes(*draft, entry.notes);
        expect_valid(*draft);
    }
}

TEST(MigrateOomd, MoreTriggersThanThereMayBe)
{
    std::string detectors;
    for (int i = 1; i <= 10; i++)
        detectors += std::string(i > 1 ? "," : "") +
                     R"({"name":"pressure_above","args":{"resource":"memory",)" + R"("threshold":")" +
                     std::to_string(i) + "\"}}";
    auto draft = oomd(rule(detectors));

    EXPECT_TRUE(draft->has("pressureTriggers/pressureTrigger[7]/stallUs=800000"));
    EXPECT_FALSE(draft->has("pressureTriggers/pressureTrigger[8]/stallUs=900000"));
    expect_notes(*draft, {"left out: there are 8 pressureTriggers already"});
    expect_valid(*draft);
}

TEST(MigrateOomd, WhatIsNoRulesetIsAnError)
{
    const struct {
        std::string text;
        const char *error;
    } cases[] = {
        {"", "source:1:1: error: no valid JSON from here"},
        {"{\n \"rulesets\": [ }", "source:2:"},
        {"{}", "no list of \"rulesets\" in it"},
        {"[]", "no list of \"rulesets\" in it"},
        {"{\"rulesets\":{}}", "no list of \"rulesets\" in it"},
        {"/* open", "no valid JSON from here"},
        {rule("{}"), "ruleset \"r\": detector without a name"},
        {rule("7"), "ruleset \"r\": detector without a name"},
        {rule(R"({"name":"pressure_above","args":{"resource":"memory","threshold":"101"}})"),
         "threshold is \"101\", expected a whole number from 1 to 100"},
        {rule(R"({"name":"pressure_above","args":{"resource":"memory"}})"), "threshold is \"\""},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"lots"}})"),
         "threshold is \"lots\", expected an amount of memory"},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"101%"}})"),
         "threshold is \"101%\""},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"1Gx"}})"), "threshold is \"1Gx\""},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":"nan"}})"), "threshold is \"nan\""},
        {rule(R"({"name":"memory_above","args":{"cgroup":"/","threshold":""}})"), "threshold is \"\""},
        {std::string(3000, '['), "no valid JSON from here"},
    };

    for (const auto &entry : cases) {
        auto draft = oomd(entry.text);
        EXPECT_EQ(draft->value.notes.error_count, 1U) << entry.text << "\n" << draft->notes();
        expect_notes(*draft, {entry.error});
    }
}

// ---- memmgr ------------------------------------------------------------------------------------------------

TEST(MigrateMemmgr, TheReadmesNamesBecomeOurs)
{
    const std::string text = fixture("memmgr_readme.xml");
    Items items;
    Problems problems;
    Draft draft;

    ASSERT_EQ(mm_config_parse_xml("f.xml", text.data(), text.size(), &items.value, &problems.value), 0);
    mm_migrate_memmgr(&items.value, &draft.value);
    for (const char *line :
         {"availBufferConfig/availBuffer=800", "reclaimConfig/ZswapdParam[0]/zram2ufsRatio=10",
          "killConfig/killLevel[1]/memoryMB=400", "nandLifeConfig/totalSwapOutQuotaMB=199",
          "reclaimPriorityConfig/killalbeSystemApps/killableSysApp=com.example.a&b"})
        EXPECT_TRUE(draft.has(line)) << line << "\n" << draft.joined();
    EXPECT_FALSE(draft.has("reclaimPriorityConfig/killalbeSystemApps/killableSysApp="));
    expect_notes(draft, {"source:5: note: reclaimConfig/availbufferSize is availBufferConfig now",
                         "source:15: note: reclaimConfig/ZswapdParam/zran2ufsRation is",
                         "source:23: note: nandlife is nandLifeConfig now", "comments are not carried over"});
    expect_valid(draft);
    // It means what the source means.
    Loaded source = load_text(text, device_4gb.ram_bytes),
           ours = load_text(draft.xml(), device_4gb.ram_bytes);
    ASSERT_TRUE(source.config && ours.config);
    EXPECT_EQ(printed(ours.config.get()), printed(source.config.get()));
}

TEST(MigrateMemmgr, TheFixturesOfUpstreamMeanTheSame)
{
    for (const char *name : {"upstream_shipped.xml", "readme_mended.xml"}) {
        const std::string text = read_whole(std::string(MM_FIXTURES "/config/") + name);
        Items items;
        Problems problems;
        Draft draft;

        ASSERT_EQ(mm_config_parse_xml("f.xml", text.data(), text.size(), &items.value, &problems.value), 0);
        mm_migrate_memmgr(&items.value, &draft.value);
        Loaded source = load_text(text, device_4gb.ram_bytes),
               ours = load_text(draft.xml(), device_4gb.ram_bytes);
        ASSERT_TRUE(source.config && ours.config) << name;
        EXPECT_EQ(printed(ours.config.get()), printed(source.config.get())) << name;
    }
}

TEST(MigrateMemmgr, OurOwnIsNoneOfOpenHarmonys)
{
    const std::string text =
        "<Memmgr>\n<ramProfile minRamMB='1'><logging><level>info</level></logging></ramProfile>\n"
        "<remove element='killConfig'/></Memmgr>";
    Items items;
    Problems problems;
    Draft draft;

    ASSERT_EQ(mm_config_parse_xml("f.xml", text.data(), text.size(), &items.value, &problems.value), 0)
        << problems.joined();
    mm_migrate_memmgr(&items.value, &draft.value);
    EXPECT_GE(draft.value.notes.error_count, 2U);
    expect_notes(draft, {"source:3: error: ramProfile and remove are not OpenHarmony's"});
}

} // namespace
