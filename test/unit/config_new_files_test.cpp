// SPDX-License-Identifier: Apache-2.0
// memmgr-config's commands that write files, and the privileges that all of them give up.
#include "config_program.hpp"

#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <regex>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace
{

const std::string upstream = MM_FIXTURES "/config/upstream_shipped.xml";
const std::string mended = MM_FIXTURES "/config/readme_mended.xml";
const std::string unmended = MM_FIXTURES "/config/readme_unmended.xml";

// ---- init --------------------------------------------------------------------------------------------------

TEST_F(ConfigProgram, InitMakesAFileThatChangesNothing)
{
    const std::string path = directory + "/new.xml";
    Outcome outcome = run_config({"init", path});

    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.output + outcome.errors, "");
    EXPECT_EQ(run_config({"init", "-"}).output, read_whole(path));
    outcome = run_config({"check", "--strict", path});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(run_config({"diff", path, file("empty.xml", "")}).status, 0);
    outcome = run_config({"init", path});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.errors,
              "memmgr-config: " + path + " is not written: it is there already; --force replaces it\n");
    std::ofstream(path) << "mine";
    EXPECT_EQ(run_config({"init", path}).status, 2);
    EXPECT_EQ(read_whole(path), "mine");
    EXPECT_EQ(run_config({"init", "--force", path}).status, 0);
    EXPECT_NE(read_whole(path), "mine");
    EXPECT_EQ(names(), (std::vector<std::string>{"empty.xml", "new.xml"}));
}

TEST_F(ConfigProgram, InitsDefaultIsInThisDirectory)
{
    const auto in_directory = [this] { (void)!chdir(directory.c_str()); };

    EXPECT_EQ(run_config({"init"}, "", in_directory).status, 0);
    EXPECT_EQ(names(), std::vector<std::string>{"memmgr_config.xml"});
}

TEST_F(ConfigProgram, WritingThatFailsIsAPlainErrorAndLeavesNothing)
{
    const std::string path = directory + "/new.xml", prop = file("a.prop", "<?xml");
    const auto full = [] {
        const rlimit limit = {100, 100};
        (void)setrlimit(RLIMIT_FSIZE, &limit);
    };
    const struct {
        std::string path;
        int status;
        const char *error;
    } cases[] = {
        {directory, 2, "it is a directory"},
        {directory + "/none/new.xml", 4, "No such file or directory"},
        {prop + "/new.xml", 4, "Not a directory"},
        {"/proc/new.xml", 4, ""},
        {directory + "/" + std::string(300, 'x'), 4, "File name too long"},
        {"/dev/full", 2, "it is there already"},
    };
    const std::vector<std::string> migration = {"migrate", "--from", "earlyoom", "--", "-m", "5"};

    for (const auto &entry : cases) {
        Outcome outcome = run_config({"init", entry.path});
        EXPECT_EQ(outcome.status, entry.status) << outcome.errors;
        EXPECT_NE(outcome.errors.find(entry.error), std::string::npos) << outcome.errors;
        outcome = run_config({"migrate", "--from", "earlyoom", "-o", entry.path, "--", "-m", "5"});
        EXPECT_EQ(outcome.status, entry.status) << outcome.errors;
        EXPECT_NE(outcome.errors.find(entry.error), std::string::npos) << outcome.errors;
    }
    EXPECT_EQ(run_config({"init", "--force", "/dev/full"}).status, 2);
    // The messages are longer than the limit, too: they go to a pipe's place.
    const auto full_file = [&full] {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        full();
    };
    EXPECT_EQ(run_config({"init", path}, "", full_file).status, 4);
    EXPECT_EQ(
        run_config({"migrate", "--from", "earlyoom", "-o", path, "--", "-m", "5"}, "", full_file).status, 4);
    EXPECT_EQ(names(), std::vector<std::string>{"a.prop"});
}

// Ctrl-C, which all of the terminal's process group gets, and a signal for the program alone.
TEST_F(ConfigProgram, ASignalLeavesNothingBehind)
{
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        for (bool is_for_group : {true, false}) {
            const std::string path = directory + "/new.xml";
            int in[2], status = 0;
            ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
            pid_t pid = fork();
            ASSERT_GE(pid, 0);
            if (pid == 0) {
                const rlimit none = {0, 0};
                (void)setrlimit(RLIMIT_CORE, &none);
                (void)setpgid(0, 0);
                dup2(in[0], STDIN_FILENO);
                execl(MM_CONFIG_PROGRAM, MM_CONFIG_PROGRAM, "migrate", "--from", "lmkd", "-o", path.c_str(),
                      "-", nullptr);
                _exit(127);
            }
            close(in[0]);
            while (names().empty() && waitpid(pid, &status, WNOHANG) == 0)
                sched_yield();
            ASSERT_EQ(names().size(), 1U);
            ASSERT_EQ(kill(is_for_group ? -pid : pid, number), 0);
            EXPECT_EQ(waitpid(pid, &status, 0), pid);
            close(in[1]);
            EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number) << status;
            EXPECT_EQ(names(), std::vector<std::string>());
        }
    }
}

TEST_F(ConfigProgram, WhoMayNotWriteIsTold)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can become somebody who may not write";
    const auto nobody = [] {
        (void)setgroups(0, nullptr);
        (void)!setgid(65534);
        (void)!setuid(65534);
    };
    for (const std::vector<std::string> &arguments :
         {std::vector<std::string>{"init", directory + "/new.xml"},
          {"migrate", "--from", "earlyoom", "-o", directory + "/new.xml", "--", "-m", "5"}}) {
        Outcome outcome = run_config(arguments, "", nobody);
        EXPECT_EQ(outcome.status, 4);
        EXPECT_NE(outcome.errors.find("Permission denied"), std::string::npos) << outcome.errors;
    }
    EXPECT_EQ(names(), std::vector<std::string>());
}

// ---- migrate -----------------------------------------------------------------------------------------------

TEST_F(ConfigProgram, EachMigrationPassesCheck)
{
    const struct {
        std::vector<std::string> arguments;
        int ram_mb;
    } cases[] = {
        {{"--from", "lmkd", MM_FIXTURES "/migrate/lmkd_low_ram.prop"}, 1024},
        {{"--from", "lmkd", MM_FIXTURES "/migrate/lmkd_minfree.getprop"}, 1024},
        {{"--from", "lmkd", MM_FIXTURES "/migrate/lmkd_minfree.getprop"}, 512},
        {{"--from", "earlyoom", MM_FIXTURES "/migrate/earlyoom.default"}, 4096},
        {{"--from", "earlyoom", "EARLYOOM_ARGS=\"-m 10 -s 5 --avoid '^(init|sshd)$'\""}, 512},
        {{"--from", "earlyoom"}, 65536},
        {{"--from", "oomd", MM_FIXTURES "/migrate/oomd_desktop.json"}, 2048},
        {{"--from", "memmgr", MM_FIXTURES "/migrate/memmgr_readme.xml"}, 4096},
        {{"--from", "memmgr", mended}, 4096},
    };

    for (const auto &entry : cases) {
        std::vector<std::string> arguments = {"migrate", "--ram-mb", std::to_string(entry.ram_mb)};
        arguments.insert(arguments.end(), entry.arguments.begin(), entry.arguments.end());
        Outcome outcome = run_config(arguments);
        ASSERT_EQ(outcome.status, 0) << outcome.errors;
        const std::string path = file("out.xml", outcome.output);
        Outcome check = run_config({"check", "--strict", "--ram-mb", std::to_string(entry.ram_mb), path});
        EXPECT_EQ(check.status, 0) << check.output << outcome.output;
        // What was said stands in the file, too.
        std::stringstream lines(outcome.errors);
        const std::string comment = std::regex_replace(outcome.output, std::regex("\\s+"), " ");
        size_t notes = 0;
        for (std::string line; std::getline(lines, line); notes++) {
            std::string note = std::regex_replace(line, std::regex("^.*: (note|warning): "), "");
            note = std::regex_replace(note, std::regex("--"), "-\\x2d");
            EXPECT_NE(comment.find(note), std::string::npos) << note << "\n" << outcome.output;
        }
        EXPECT_GT(notes, 0U);
        arguments.insert(arguments.begin() + 1, {"--force", "-o", path});
        EXPECT_EQ(run_config(arguments).status, 0);
        EXPECT_EQ(read_whole(path), outcome.output);
    }
    EXPECT_EQ(names(), std::vector<std::string>{"out.xml"});
}

TEST_F(ConfigProgram, MigrateReadsStandardInputToo)
{
    Outcome outcome =
        run_config({"migrate", "--from", "lmkd", "-"}, "ro.lmk.kill_timeout_ms=150\nro.lmk.x=1\n");

    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.output.find("<exitTimeoutMs>150</exitTimeoutMs>"), std::string::npos);
    EXPECT_NE(outcome.errors.find("standard input:2: note: ro.lmk.x: no counterpart"), std::string::npos);
}

TEST_F(ConfigProgram, MigrateRefusesWhatIsNoSource)
{
    const std::string out = directory + "/out.xml",
                      ours = file("ours.xml", "<ramProfile minRamMB='1'><bpf/></ramProfile>");
    const struct {
        std::vector<std::string> arguments;
        std::string error;
    } cases[] = {
        {{"--from", "memmgr", unmended}, unmended + ":9:3: error: </availbufferiSize> ends"},
        {{"--from", "memmgr", ours}, "error: ramProfile and remove are not OpenHarmony's"},
        {{"--from", "lmkd", directory + "/none"}, directory + "/none: error: cannot be opened"},
        {{"--from", "lmkd", directory}, directory + ": error: is a directory"},
        {{"--from", "oomd", upstream}, upstream + ":1:1: error: no valid JSON"},
        {{"--from", "earlyoom", "--", "-m", "lots"}, "earlyoom: error: -m is \"lots\""},
        {{"--from", "lmkd", "-"}, "standard input: error: a NUL byte in it"},
    };

    for (const auto &entry : cases) {
        std::vector<std::string> arguments = {"migrate", "-o", out};
        arguments.insert(arguments.end(), entry.arguments.begin(), entry.arguments.end());
        Outcome outcome = run_config(arguments, std::string("a=1\0b", 5));
        EXPECT_EQ(outcome.status, 2) << outcome.errors;
        EXPECT_NE(outcome.errors.find(entry.error), std::string::npos) << entry.error << "\n"
                                                                       << outcome.errors;
        EXPECT_EQ(outcome.output, "");
        EXPECT_EQ(names(), std::vector<std::string>{"ours.xml"});
    }
}

// Levels that the device has no memory for: nothing is written that would not be valid.
TEST_F(ConfigProgram, MigrateForADeviceThatIsTooSmall)
{
    Outcome outcome = run_config({"migrate", "--ram-mb", "64", "--from", "earlyoom", "--", "-M", "1048576"});

    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_EQ(outcome.output, "");
    EXPECT_NE(outcome.errors.find("(output):"), std::string::npos) << outcome.errors;
}

// ---- privileges --------------------------------------------------------------------------------------------

std::string field_of(const std::string &status, const std::string &name)
{
    size_t begin = status.find(name + ":\t");

    return begin == std::string::npos ? "" : status.substr(begin, status.find('\n', begin) - begin);
}

// A full pipe holds each command up while it writes what it made of the files.
TEST_F(ConfigProgram, EveryCommandThatReadsFilesGivesItsPrivilegesUp)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "only root has privileges to give up";
    const std::string bad = file("bad.xml", "<bfp/>");
    ASSERT_EQ(chmod(bad.c_str(), 0600), 0);

    for (const std::vector<std::string> &arguments :
         {std::vector<std::string>{"check", bad},
          {"check", "--json", bad},
          {"show", bad},
          {"show", "--json", bad},
          {"diff", bad, upstream},
          {"items", bad},
          {"migrate", "--from", "memmgr", bad},
          {"migrate", "--from", "lmkd", MM_FIXTURES "/migrate/lmkd_low_ram.prop"},
          {"migrate", "--from", "earlyoom", "--", "-m", "5"}}) {
        int out[2];
        ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
        ASSERT_GE(fcntl(out[1], F_SETPIPE_SZ, 4096), 0);
        const std::string filler(static_cast<size_t>(fcntl(out[1], F_GETPIPE_SZ)), 'x');
        ASSERT_EQ(write(out[1], filler.data(), filler.size()), static_cast<ssize_t>(filler.size()));
        pid_t pid = fork();
        ASSERT_GE(pid, 0);
        if (pid == 0) {
            const gid_t group = 4;
            std::vector<char *> words = {const_cast<char *>(MM_CONFIG_PROGRAM)};
            for (const std::string &argument : arguments)
                words.push_back(const_cast<char *>(argument.c_str()));
            words.push_back(nullptr);
            if (setgroups(1, &group) != 0)
                _exit(126);
            dup2(out[1], STDOUT_FILENO);
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
            execv(words[0], words.data());
            _exit(127);
        }
        close(out[1]);
        std::string status, state;
        for (int attempt = 0; attempt < 100000 && state != "S"; attempt++) {
            status = read_whole("/proc/" + std::to_string(pid) + "/status");
            state = field_of(status, "NoNewPrivs") == "NoNewPrivs:\t1"
                        ? field_of(status, "State").substr(7, 1)
                        : "";
            sched_yield();
        }
        EXPECT_EQ(field_of(status, "Uid"), "Uid:\t65534\t65534\t65534\t65534") << arguments[0] << status;
        EXPECT_EQ(field_of(status, "Gid"), "Gid:\t65534\t65534\t65534\t65534") << arguments[0];
        EXPECT_EQ(field_of(status, "Groups"), "Groups:\t ") << arguments[0];
        EXPECT_EQ(field_of(status, "CapEff"), "CapEff:\t0000000000000000") << arguments[0];
        std::array<char, 65536> rest{};
        while (read(out[0], rest.data(), rest.size()) > 0) {
        }
        close(out[0]);
        int exit_status = 0;
        ASSERT_EQ(waitpid(pid, &exit_status, 0), pid);
        EXPECT_TRUE(WIFEXITED(exit_status));
    }
}

} // namespace
