// SPDX-License-Identifier: Apache-2.0
// memmgrctl as its users meet it: a program with output, colours and exit codes.
#include "memmgrctl_fixture.h"

#include "service/flows/flows.h"
#include "service/shared/event_words.h"

#include <regex>

using namespace service_test;

namespace
{

// The names that begin the lines of a section of a help text.
std::vector<std::string> section(const std::string &help, const std::string &title)
{
    std::vector<std::string> names;
    bool is_inside = false;

    for (const std::string &line : lines_of(help)) {
        if (line == title + ":")
            is_inside = true;
        else if (line.empty())
            is_inside = false;
        else if (is_inside)
            names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    return names;
}

// ---- usage --------------------------------------------------------------------------------------------

TEST(CtlUsage, ExitCodesAndHints)
{
    struct Case {
        std::vector<std::string> arguments;
        int exit_code;
        const char *hint;
    };
    const Case cases[] = {
        {{}, 2, "no command is given"},
        {{"statsu"}, 2, "is \"status\" meant?"},
        {{"zzzzzzzz"}, 2, "unknown command \"zzzzzzzz\""},
        {{"list", "--limt", "3"}, 2, "is --limit meant?"},
        {{"list", "-x"}, 2, "unknown option \"-x\""},
        {{"list", "--limit"}, 2, "needs a value"},
        {{"list", "--limit", "many"}, 2, "no whole number"},
        {{"list", "--limit=0"}, 2, "no whole number"},
        {{"list", "--registered=yes"}, 2, "takes no value"},
        {{"status", "more"}, 2, "\"more\" is too much"},
        {{"event"}, 2, "something is missing"},
        {{"event", "foregroud", "5"}, 2, "is \"foreground\" meant?"},
        {{"event", "foreground"}, 2, "needs --pid"},
        {{"event", "foreground", "0"}, 2, "no whole number"},
        {{"event", "foreground", "--pid", "12x"}, 2, "no whole number"},
        {{"event", "bind", "5"}, 2, "needs --caller"},
        {{"event", "foreground", "5", "--caller", "6"}, 2, "takes no --caller"},
        {{"event", "account-activate"}, 2, "needs --account"},
        {{"event", "account-activate", "5", "--pid", "6"}, 2, "takes no --pid"},
        {{"event", "level"}, 2, "needs --level"},
        {{"event", "level", "low", "--pid", "6"}, 2, "takes no --pid"},
        {{"log-level"}, 2, "something is missing: LEVEL"},
        {{"flows", "restart", "cpuflow"}, 2, "none of start and stop"},
        {{"flows", "start"}, 2, "something is missing: NAME"},
        {{"monitor", "--events", ""}, 2, "no kind is named"},
        {{"monitor", "--events", "a,,b"}, 2, "is no kind"},
        {{"help", "lisst"}, 2, "is \"list\" meant?"},
        {{"status", "--socket", "/nonexistent/socket"}, 3, "no daemon listens at /nonexistent/socket"},
        {{"monitor", "--socket", "/nonexistent/socket"}, 3, "no daemon listens"},
        {{"--socket", "/etc/passwd", "list"}, 3, "/etc/passwd"},
    };

    for (const Case &tested : cases) {
        Outcome outcome = run(tested.arguments);

        EXPECT_EQ(outcome.exit_code, tested.exit_code) << tested.hint;
        EXPECT_NE(outcome.errors.find(tested.hint), std::string::npos) << outcome.errors;
        EXPECT_EQ(outcome.output, "");
    }
}

TEST(CtlUsage, HelpTellsEveryCommandAndItsOptions)
{
    Outcome overview = run({"help"});
    std::vector<std::string> commands = section(overview.output, "commands");

    EXPECT_EQ(overview.exit_code, 0);
    EXPECT_EQ(run({"--help"}).output, overview.output);
    EXPECT_GE(commands.size(), 9U);
    for (const std::string &line : lines_of(overview.output))
        EXPECT_LE(line.size(), 100U) << line;
    for (const std::string &command : commands) {
        Outcome help = run({"help", command});

        EXPECT_EQ(help.exit_code, 0);
        EXPECT_EQ(help.output, run({command, "--help"}).output);
        EXPECT_EQ(help.output.rfind("usage: memmgrctl " + command, 0), 0U) << help.output;
        for (const std::string &line : lines_of(help.output))
            EXPECT_LE(line.size(), 100U) << line;
    }
    EXPECT_EQ(run({"--version"}).output.rfind("memmgrctl ", 0), 0U);
}

TEST(CtlUsage, OneOfTheCommandsOfConfigIsExplained)
{
    Outcome help = run({"help", "config", "check"});

    EXPECT_EQ(help.exit_code, 0) << help.errors;
    EXPECT_EQ(help.output, run({"config", "help", "check"}).output);
    EXPECT_NE(help.output.find("--strict"), std::string::npos) << help.output;
    for (const std::vector<std::string> &words :
         {std::vector<std::string>{"help", "list", "check"}, {"help", "config", "check", "more"}}) {
        Outcome refused = run(words);
        EXPECT_EQ(refused.exit_code, 2) << words.back();
        EXPECT_NE(refused.errors.find("\"" + words.back() + "\" is too much"), std::string::npos)
            << refused.errors;
    }
}

// What asks no daemon has no use for its socket.
TEST(CtlUsage, TheSocketIsOfferedWhereTheDaemonIsAsked)
{
    for (const char *command : {"match", "demo", "help"})
        EXPECT_EQ(run({"help", command}).output.find("--socket"), std::string::npos) << command;
    for (const char *command : {"list", "event", "reload"})
        EXPECT_NE(run({"help", command}).output.find("--socket"), std::string::npos) << command;
}

TEST(CtlUsage, MatchTellsNoProcessFromABadConfiguration)
{
    TemporaryDirectory directory;
    std::string bad = directory.path + "/bad.xml", good = directory.path + "/good.xml";

    std::ofstream(bad) << "<Memmgr><bpf>x</bpf></Memmgr>";
    std::ofstream(good) << "<Memmgr/>";
    EXPECT_EQ(run({"match", "--config", bad, "1"}).exit_code, 2);
    Outcome nobody = run({"match", "--config", good, "no program is called so"});
    EXPECT_EQ(nobody.exit_code, 1) << nobody.errors;
    EXPECT_EQ(nobody.output, "");
    EXPECT_NE(nobody.errors.find("no process is named by"), std::string::npos) << nobody.errors;
}

// The manual page and the completion know every command, option, word and kind of event.
TEST(CtlUsage, ManualAndCompletionAgreeWithTheProgram)
{
    std::string manual =
        std::regex_replace(read_file(MM_SERVICE_DIRECTORY "/man/memmgrctl.1"), std::regex("\\\\-"), "-");
    std::string completion = read_file(MM_SERVICE_DIRECTORY "/completion/memmgrctl");
    size_t count;
    const mm_event_word *words = mm_event_words(&count);

    for (const std::string &command : section(run({"help"}).output, "commands")) {
        EXPECT_TRUE(std::regex_search(manual, std::regex("\\.BR? \"?" + command + "\\b"))) << command;
        if (command == "config")
            continue; // another program's, with a manual of its own
        for (const std::string &option : section(run({"help", command}).output, "options"))
            EXPECT_NE(manual.find(option), std::string::npos) << command << " " << option;
    }
    for (size_t i = 0; i < count; i++) {
        std::regex word("(^|[^-a-z])" + std::string(words[i].word) + "($|[^-a-z])");

        EXPECT_TRUE(std::regex_search(manual, word)) << words[i].word;
        EXPECT_TRUE(std::regex_search(completion, word)) << words[i].word;
        EXPECT_TRUE(std::regex_search(run({"help", "event"}).output, word)) << words[i].word;
    }
    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++) {
        std::regex word("(^|[^-a-z])" + std::string(mm_event_kind_name((mm_event_kind)kind)) + "($|[^-a-z])");

        if (kind == MM_EVENT_NOTICE)
            continue;
        EXPECT_TRUE(std::regex_search(manual, word)) << mm_event_kind_name((mm_event_kind)kind);
        EXPECT_TRUE(std::regex_search(completion, word)) << mm_event_kind_name((mm_event_kind)kind);
        EXPECT_TRUE(std::regex_search(run({"help", "monitor"}).output, word));
    }
}

TEST(InitFiles, OpenHarmonysIsJsonWithItsJobsAndServices)
{
    Json json = parse(read_file(MM_SERVICE_DIRECTORY "/init/memmgrd.cfg"));
    std::vector<std::string> names;
    const cJSON *item;

    ASSERT_TRUE(json);
    cJSON_ArrayForEach (item, member(json, "jobs")) {
        const cJSON *command;

        names.push_back(text_of(member(item, "name")));
        EXPECT_GT(cJSON_GetArraySize(member(item, "cmds")), 0);
        cJSON_ArrayForEach (command, member(item, "cmds"))
            EXPECT_TRUE(std::regex_search(text_of(command),
                                          std::regex("^(mkdir|mount|chown|chmod|start|stop|setparam) [^ ]")))
                << text_of(command);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"init", "post-fs-data", "param:persist.memmgr.enable=1",
                                               "param:persist.memmgr.enable=0", "param:memmgr.reload=1"}));
    const cJSON *daemon = cJSON_GetArrayItem(member(json, "services"), 0);
    EXPECT_EQ(text_of(member(daemon, "name")), "memmgrd");
    EXPECT_EQ(text_of(member(daemon, "uid")), "memmgr");
    EXPECT_EQ(text_of(cJSON_GetArrayItem(member(daemon, "path"), 0)), "/system/bin/memmgrd");
}

// ---- output -------------------------------------------------------------------------------------------

TEST_F(Ctl, StatusForPeopleAndForPrograms)
{
    Outcome outcome = ask({"status"});

    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("memmgrd 1.2.3, pid 77"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("of 1 GiB available"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("no PSI here"), std::string::npos);
    EXPECT_EQ(outcome.output.find('\033'), std::string::npos);
    Json json = ask_json({"status"});
    EXPECT_EQ(number_of(member(member(json, "daemon"), "pid")), 77);
}

TEST_F(Ctl, StatusShowsWhatClientsSaidOfTheDevice)
{
    EXPECT_EQ(ask({"status"}).output.find("device"), std::string::npos);
    for (const char *word : {"screen-on", "boot-completed", "screen-off"})
        EXPECT_EQ(ask({"event", word}).exit_code, 0) << word;
    Outcome outcome = ask({"status"});
    EXPECT_NE(outcome.output.find("\ndevice      boot-completed, screen-off\n"), std::string::npos)
        << outcome.output;
}

TEST_F(Ctl, ADryRunSavesNothing)
{
    const std::string kept = "kept in memory: dry run";

    server.run([](World &world) { world.config->saved_state.is_enabled = true; });
    EXPECT_EQ(ask({"status"}).output.find(kept), std::string::npos);
    server.run([](World &world) { world.facts.is_dry_run = true; });
    std::string output = ask({"status"}).output;
    EXPECT_NE(output.find(kept), std::string::npos) << output;
    EXPECT_EQ(output.find("s ago"), std::string::npos) << output;
}

TEST_F(Ctl, SaysWhyReportsAreNotSaved)
{
    const auto error_of = [this] {
        return text_of(member(member(ask_json({"status"}), "saved_state"), "error"));
    };

    EXPECT_EQ(error_of(), "");
    server.run([](World &world) {
        mm_simulated_fail(world.kernel, "write_saved", ENOSPC, 1);
        EXPECT_EQ(mm_priority_manager_save(world.manager), -ENOSPC);
    });
    EXPECT_EQ(error_of(), strerror(ENOSPC));
    const std::string output = ask({"status"}).output;
    EXPECT_NE(output.find("cannot be written: " + std::string(strerror(ENOSPC))), std::string::npos)
        << output;
    server.run([](World &world) { EXPECT_EQ(mm_priority_manager_save(world.manager), 0); });
    EXPECT_EQ(error_of(), "");
    EXPECT_EQ(ask({"status"}).output.find("cannot be written"), std::string::npos);
}

TEST_F(Ctl, SaysWhenTheNumbersAreOpenHarmonys)
{
    Server upstream(16, MM_PRIORITY_COMPAT_UPSTREAM);
    const std::string said = "OpenHarmony's numbers, defects included (priorityCompat upstream)";

    EXPECT_EQ(ask({"status"}).output.find("priorityCompat"), std::string::npos);
    EXPECT_NE(run({"--socket", upstream.path, "status"}).output.find(said), std::string::npos);
    /* The same event, and why. */
    for (const std::string &path : {server.path, upstream.path}) {
        EXPECT_EQ(run({"--socket", path, "event", "create", "101", "--name", "com.example.player"}).exit_code,
                  0);
        EXPECT_EQ(run({"--socket", path, "event", "ready", "101"}).exit_code, 0);
    }
    EXPECT_NE(ask({"list", "--why", "101"}).output.find("inherited for its grace"), std::string::npos);
    EXPECT_NE(run({"--socket", upstream.path, "list", "--why", "101"}).output.find("400 background"),
              std::string::npos);
}

TEST_F(Ctl, ListIsAlignedAndNamesAreHarmless)
{
    server.run([](World &world) {
        world.spawn(5000, 1000, "\x1b[31mred");
        ASSERT_EQ(mm_priority_manager_scan(world.manager), 0);
    });
    EXPECT_EQ(ask({"event", "background", "101", "--name", "com.example.player"}).exit_code, 0);
    Outcome outcome = ask({"list"});
    std::vector<std::string> lines = lines_of(outcome.output);

    EXPECT_EQ(outcome.exit_code, 0);
    ASSERT_GT(lines.size(), 3U);
    EXPECT_EQ(outcome.output.find('\033'), std::string::npos);
    EXPECT_NE(outcome.output.find("\\x1b[31mred"), std::string::npos);
    EXPECT_NE(lines[1].find("com.example.player"), std::string::npos) << lines[1];
    // Numbers end, and texts begin, where their titles do.
    size_t pid_end = lines[0].find("PID") + 3, name = lines[0].find("NAME"), why = lines[0].find("WHY");
    for (size_t i = 1; i < lines.size(); i++) {
        EXPECT_TRUE(isdigit(lines[i][pid_end - 1])) << lines[i];
        EXPECT_EQ(lines[i].substr(pid_end, 2), "  ") << lines[i];
        EXPECT_EQ(lines[i][name - 1], ' ') << lines[i];
        EXPECT_NE(lines[i][name], ' ') << lines[i];
        EXPECT_EQ(lines[i][why - 1], ' ') << lines[i];
        EXPECT_NE(lines[i].back(), ' ');
    }
    EXPECT_EQ(lines_of(ask({"list", "--registered"}).output).size(), 2U);
    EXPECT_EQ(lines_of(ask({"list", "--why", "101"}).output).size(), 2U);
    EXPECT_EQ(lines_of(ask({"list", "--limit", "2"}).output).size(), 3U);
    EXPECT_EQ(cJSON_GetArraySize(member(ask_json({"list"}), "processes")), (int)lines.size() - 1);
}

TEST_F(Ctl, ListJoinsAllPages)
{
    server.run([](World &world) {
        for (pid_t pid = 5000; pid < 7000; pid++)
            world.spawn(pid, 1000, "many");
        ASSERT_EQ(mm_priority_manager_scan(world.manager), 0);
    });
    EXPECT_GE(cJSON_GetArraySize(member(ask_json({"list"}), "processes")), 2000);
    EXPECT_EQ(cJSON_GetArraySize(member(ask_json({"list", "--limit", "1500"}), "processes")), 1500);
}

TEST_F(Ctl, EventsAreReportedAndRefused)
{
    Outcome done =
        ask({"event", "foreground", "--pid", "100", "--name", "com.example.mail", "--uid", "1000"});

    EXPECT_EQ(done.exit_code, 0) << done.errors;
    EXPECT_EQ(done.output.rfind("process 100: priority 0 (", 0), 0U) << done.output;
    EXPECT_EQ(done.output.find("account"), std::string::npos) << done.output;
    done = ask({"event", "foreground", "100", "--account", "107"});
    EXPECT_NE(done.output.find("; it is registered for account 0, and stays so\n"), std::string::npos)
        << done.output;
    EXPECT_EQ(ask({"event", "foreground", "100", "--account", "0"}).output.find("stays so"),
              std::string::npos);
    EXPECT_NE(ask({"status"}).output.find("1 named another account than the process is registered for"),
              std::string::npos);
    EXPECT_EQ(ask({"event", "account-hot-switch", "101"}).exit_code, 0);
    EXPECT_EQ(ask({"event", "bind", "100", "--caller=101"}).exit_code, 0);

    Outcome refused = ask({"event", "foreground", "999999"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.errors.find("no process has pid 999999"), std::string::npos) << refused.errors;
    Outcome json = ask({"event", "foreground", "--json", "1"});
    EXPECT_EQ(json.exit_code, 1);
    EXPECT_EQ(text_of(member(member(parse(json.output), "error"), "code")), "protected-process");
}

TEST_F(Ctl, TheDevicesWordsAreTold)
{
    for (const char *word :
         {"boot-completed", "screen-on", "screen-off", "power-connected", "power-disconnected"})
        EXPECT_EQ(ask({"event", word}).output, "told: " + std::string(word) + "\n");
}

TEST_F(Ctl, SaysWhatIsIgnoredOfAProcessThatIsNotRegistered)
{
    const std::string ignored = "; not registered: ignored\n";

    server.run([](World &world) { world.spawn(105, 1000, "sync"); });
    for (const std::vector<std::string> &words : {std::vector<std::string>{"bind", "--caller", "100"},
                                                  {"suspend"},
                                                  {"foreground"},
                                                  {"visible"},
                                                  {"ready", "--name", "com.example.sync"}}) {
        std::vector<std::string> arguments = {"event", "--pid", "105"};

        arguments.insert(arguments.end(), words.begin(), words.end());
        Outcome outcome = ask(arguments);
        EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
        EXPECT_NE(outcome.output.find(ignored), std::string::npos) << words[0] << ": " << outcome.output;
        EXPECT_FALSE(cJSON_IsTrue(member(ask_json(arguments), "registered"))) << words[0];
    }
    EXPECT_EQ(ask({"event", "create", "105", "--name", "com.example.sync"}).output.find(ignored),
              std::string::npos);
    EXPECT_TRUE(cJSON_IsTrue(member(ask_json({"event", "bind", "105", "--caller", "100"}), "registered")));
    EXPECT_EQ(ask({"event", "terminated", "105"}).output.find(ignored), std::string::npos);
    EXPECT_NE(ask({"event", "background", "105"}).output.find(ignored), std::string::npos);
}

TEST_F(Ctl, DecisionsAndKills)
{
    EXPECT_EQ(ask({"explain"}).output, "nothing has been decided yet\n");
    EXPECT_EQ(ask({"kills"}).output, "nothing has been killed since the daemon's start\n");
    server.run([](World &world) {
        for (int i = 0; i < 30; i++) {
            mm_decision decision{};

            decision.source = MM_DECISION_KILL;
            decision.action = "none";
            decision.acted = i % 10 == 0;
            mm_decide(world.center, &decision, "because of %d", i);
        }
    });
    std::vector<std::string> lines = lines_of(ask({"explain"}).output);
    ASSERT_EQ(lines.size(), 21U);
    EXPECT_NE(lines.back().find("because of 29"), std::string::npos) << lines.back();
    EXPECT_NE(lines[1].find("because of 10"), std::string::npos) << lines[1];
    EXPECT_EQ(lines_of(ask({"explain", "--acted"}).output).size(), 4U);
    EXPECT_EQ(cJSON_GetArraySize(member(ask_json({"explain", "--limit", "5"}), "decisions")), 5);
    EXPECT_EQ(cJSON_GetArraySize(member(ask_json({"kills"}), "kills")), 0);
}

TEST_F(Ctl, LogLevel)
{
    EXPECT_EQ(ask({"log-level", "warning"}).exit_code, 0);
    Outcome refused = ask({"log-level", "loud"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.errors.find("level"), std::string::npos);
}

TEST_F(Ctl, FlowsAreShownAndSwitched)
{
    static const mm_flow_ops engine = {"memflow", nullptr, "the engine", nullptr};
    static const mm_flow_ops fake = {"fakeflow", "mm-fake", "a fake", [](mm_flow *flow, void *) {
                                         int result = 0;

                                         mm_flow_begin(flow);
                                         while (result == 0)
                                             result = mm_flow_wait(flow, -1, 1000);
                                         return result == -ECANCELED ? 0 : result;
                                     }};

    EXPECT_EQ(lines_of(ask({"flows"}).output).size(), 1U) << "nothing but the titles";
    server.run([](World &world) {
        ASSERT_EQ(mm_flows_new(world.center, &world.context.flows), 0);
        ASSERT_EQ(mm_flows_add(world.context.flows, &engine, nullptr), 0);
        ASSERT_EQ(mm_flows_add(world.context.flows, &fake, nullptr), 0);
    });
    std::vector<std::string> lines = lines_of(ask({"flows"}).output);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(std::regex_search(lines[1], std::regex("^memflow +running +for ")));
    EXPECT_TRUE(std::regex_search(lines[2], std::regex("^fakeflow +off +- ")));
    EXPECT_EQ(ask({"flows", "start", "fakeflow"}).output, "fakeflow: starting\n");
    EXPECT_EQ(text_of(member(ask_json({"flows", "stop", "fakeflow"}), "name")), "fakeflow");
    Outcome refused = ask({"flows", "stop", "memflow"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.errors.find("memflow is the engine itself"), std::string::npos) << refused.errors;
    EXPECT_NE(ask({"flows", "stop", "fake"}).errors.find("no flow \"fake\""), std::string::npos);
}

// A reload ends some time after it was asked for, well or badly.
TEST_F(Ctl, ReloadWaitsForItsOutcome)
{
    static mm_timer timer;
    // static, as the server's thread may look at it until the server ends
    static struct Reload {
        World *world;
        int error;
    } state{nullptr, 0};
    auto ended = [](mm_timer *its_timer, void *user) {
        const auto *reload = static_cast<Reload *>(user);

        (void)its_timer;
        reload->world->facts.reload_count++;
        reload->world->facts.reload_error = reload->error;
        mm_copy_text(reload->world->facts.reload_message, sizeof(reload->world->facts.reload_message),
                     reload->error ? "line 3: nonsense" : "2 changes are in force");
    };
    auto asked = [](const mm_event *event, void *user) {
        const auto *reload = static_cast<Reload *>(user);

        (void)event;
        mm_event_center_arm(reload->world->center, &timer,
                            mm_event_center_now_ns(reload->world->center) + 80 * MM_NS_PER_MS);
    };

    server.run([&](World &world) {
        state.world = &world;
        mm_timer_init(&timer, ended, &state);
        ASSERT_EQ(
            mm_event_center_subscribe(world.center, MM_RANK_OBSERVER, 1U << MM_EVENT_RELOAD, asked, &state),
            0);
    });
    Outcome good = ask({"reload"});
    EXPECT_EQ(good.exit_code, 0) << good.errors;
    EXPECT_EQ(good.output, "2 changes are in force\n");
    server.run([&](World &world) {
        (void)world;
        state.error = -EINVAL;
    });
    Outcome bad = ask({"reload"});
    EXPECT_EQ(bad.exit_code, 1);
    EXPECT_NE(bad.errors.find("the old configuration stays: line 3: nonsense"), std::string::npos)
        << bad.errors;
}

// ---- terminals and closed outputs ---------------------------------------------------------------------

// What the program writes to a terminal, with this environment.
std::string on_terminal(const std::vector<std::string> &arguments,
                        const std::vector<std::string> &environment)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    std::string text;
    char buffer[65536];
    ssize_t length;

    EXPECT_EQ(grantpt(master), 0);
    EXPECT_EQ(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    Program program(command_line(arguments), slave, environment);
    close(slave);
    // The end of the last writer is an error on a terminal.
    while ((length = read(master, buffer, sizeof(buffer))) > 0)
        text.append(buffer, (size_t)length);
    EXPECT_EQ(program.finish(), 0) << program.errors;
    close(master);
    return text;
}

TEST_F(Ctl, ColoursOnlyOnATerminalThatWantsThem)
{
    std::vector<std::string> arguments = {"--socket", server.path, "status"};

    EXPECT_NE(on_terminal(arguments, {"TERM=xterm"}).find("\033[1m"), std::string::npos);
    EXPECT_NE(on_terminal(arguments, {"TERM=xterm", "NO_COLOR="}).find("\033[1m"), std::string::npos);
    EXPECT_EQ(on_terminal(arguments, {"TERM=xterm", "NO_COLOR=1"}).find('\033'), std::string::npos);
    EXPECT_EQ(on_terminal(arguments, {"TERM=dumb"}).find('\033'), std::string::npos);
    EXPECT_EQ(on_terminal(arguments, {"A=b"}).find('\033'), std::string::npos);
}

TEST_F(Ctl, AnOutputThatCannotBeWrittenIsAFailure)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    for (const char *command : {"status", "list", "help"}) {
        Program to_full(command_line({"--socket", server.path, command}), full);
        EXPECT_EQ(to_full.finish(), 1) << command;
        EXPECT_NE(to_full.errors.find("cannot write"), std::string::npos);
        Program to_nothing(command_line({"--socket", server.path, command}), -2);
        EXPECT_EQ(to_nothing.finish(), 1) << command;
    }
    close(full);
}

} // namespace
