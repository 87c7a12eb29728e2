// SPDX-License-Identifier: Apache-2.0
// The reader as a program: memmgr-config itself, and programs that are none.
#include "config_helpers.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

const std::string program = MM_CONFIG_PROGRAM;
const std::string shipped = MM_SOURCE_DIRECTORY "/config/memmgr_config.xml";
// Its profile says what is built in.
const mm_config_device four_gigabytes = {4096ULL << 20, 0, nullptr};
const char *const a_name = "a.xml";
const mm_config_sources a_file = {&a_name, 1, nullptr, 0, false};
const char *const shipped_name = MM_SOURCE_DIRECTORY "/config/memmgr_config.xml";
const mm_config_sources shipped_file = {&shipped_name, 1, nullptr, 0, false};

size_t open_descriptors()
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");

    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

class ConfigLoad : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/mm_load_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        directory = name;
        (void)chmod(name, 0755);
        descriptors = open_descriptors();
    }
    // Whatever happened, nothing stays open and no child stays behind.
    void TearDown() override
    {
        EXPECT_EQ(open_descriptors(), descriptors);
        EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
        EXPECT_EQ(errno, ECHILD);
        for (const char *name : {"/reader", "/f.xml"})
            (void)unlink((directory + name).c_str());
        (void)rmdir(directory.c_str());
    }
    std::string script(const std::string &text)
    {
        std::string path = directory + "/reader";
        std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
        EXPECT_EQ(chmod(path.c_str(), 0755), 0);
        return path;
    }
    std::string file(const std::string &text)
    {
        std::string path = directory + "/f.xml";
        std::ofstream(path) << text;
        return path;
    }
    int load(const std::string &reader, const std::string &name, unsigned timeout_ms = 10000)
    {
        mm_config *loaded = nullptr;
        const char *names[] = {name.c_str()};
        mm_config_sources sources{};

        sources.files = names;
        sources.file_count = 1;
        int r = mm_config_load(reader.c_str(), &sources, nullptr, timeout_ms, &loaded, &problems.value);
        config.reset(loaded);
        return r;
    }
    std::string directory;
    size_t descriptors = 0;
    Problems problems;
    ConfigPointer config;
};

TEST_F(ConfigLoad, ReadsTheShippedFileWithoutAWord)
{
    mm_config *loaded = nullptr;

    ASSERT_EQ(
        mm_config_load(program.c_str(), &shipped_file, &four_gigabytes, 10000, &loaded, &problems.value), 0);
    config.reset(loaded);
    EXPECT_EQ(problems.joined(), "");
    ConfigPointer built_in(mm_config_new());
    EXPECT_EQ(printed(config.get()), printed(built_in.get()));
}

TEST_F(ConfigLoad, NoFileMeansTheBuiltInValues)
{
    mm_config *loaded = nullptr;

    ASSERT_EQ(mm_config_load("/nonexistent", nullptr, nullptr, 10, &loaded, &problems.value), 0);
    config.reset(loaded);
    EXPECT_EQ(config->kill.level_count, 5U);
    EXPECT_EQ(mm_config_file_count(config.get()), 0U);
}

// All of the command line arrives: the search path, the device, the bound.
TEST_F(ConfigLoad, PassesOnTheSourcesAndTheDevice)
{
    const std::string text = "<Memmgr><ramProfile minRamMB='2000' maxRamMB='2000' minScreenInches='7' "
                             "maxScreenInches='7' device='d' "
                             "name='p'><bpf><ringKB>8</ringKB></bpf></ramProfile></Memmgr>";
    const std::string path = directory + "/" MM_CONFIG_MAIN_FILE;
    const std::string search_path = "/nonexistent:" + directory;
    mm_config_sources sources{};
    mm_config_device device{};
    mm_config *loaded = nullptr;

    std::ofstream(path) << text;
    sources.search_path = search_path.c_str();
    device.ram_bytes = 2000ULL << 20;
    device.screen_inches = 7;
    device.device = "d";
    ASSERT_EQ(mm_config_load(program.c_str(), &sources, &device, 10000, &loaded, &problems.value), 0)
        << problems.joined();
    config.reset(loaded);
    EXPECT_EQ(problems.joined(), "");
    EXPECT_EQ(config->bpf.ring_bytes, 8192U);
    ASSERT_EQ(mm_config_file_count(config.get()), 1U);
    EXPECT_EQ(mm_config_file_at(config.get(), 0), path);
    EXPECT_STREQ(mm_config_file_profile(config.get(), 0), "p");
    sources.max_bytes = text.size() - 1;
    EXPECT_EQ(mm_config_load(program.c_str(), &sources, &device, 10000, &loaded, &problems.value), -EINVAL);
    EXPECT_EQ(problems.joined(), path + ": error: has " + std::to_string(text.size()) +
                                     " bytes, expected at most " + std::to_string(text.size() - 1) + "\n");
    (void)unlink(path.c_str());
}

TEST_F(ConfigLoad, AFileThatIsOpenForWritingIsNotReadWhenNobodyAskedForIt)
{
    const std::string path = file("<Memmgr/>");
    const char *name = path.c_str();
    mm_config_sources sources{};
    mm_config *loaded = nullptr;
    int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);

    ASSERT_GE(fd, 0);
    sources.files = &name;
    sources.file_count = 1;
    EXPECT_EQ(mm_config_load(program.c_str(), &sources, nullptr, 10000, &loaded, &problems.value), 0);
    mm_config_free(loaded);
    sources.is_watched = true;
    EXPECT_EQ(mm_config_load(program.c_str(), &sources, nullptr, 10000, &loaded, &problems.value), -EINVAL);
    EXPECT_EQ(problems.joined(),
              path + ": error: is open for writing: it is read when its writer has closed it\n");
    close(fd);
    mm_problems_fini(&problems.value);
    EXPECT_EQ(mm_config_load(program.c_str(), &sources, nullptr, 10000, &loaded, &problems.value), 0)
        << problems.joined();
    config.reset(loaded);
}

TEST_F(ConfigLoad, AnInvalidFileGivesAllItsProblems)
{
    std::string path = file("<Memmgr>\n<loging/>\n<bpf><ringKB>x</ringKB></bpf>\n</Memmgr>\n");

    EXPECT_EQ(load(program, path), -EINVAL);
    EXPECT_EQ(
        problems.joined(),
        path + ":2:1: warning: unknown element <loging> in <Memmgr> is ignored; did you mean <logging>?\n" +
            path + ":3:14: error: ringKB is \"x\", expected a whole number of KB from 4 to 16384\n");
    EXPECT_FALSE(config);
}

TEST_F(ConfigLoad, ReadsWhatOnlyRootMayRead)
{
    std::string path = file("<Memmgr/>");

    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(load(program, path), 0) << problems.joined();
}

TEST_F(ConfigLoad, AFileNamedLikeAnOption)
{
    EXPECT_EQ(load(program, "--version"), -EINVAL);
    EXPECT_EQ(problems.joined(), "--version: error: cannot be opened: No such file or directory\n");
}

TEST_F(ConfigLoad, AMissingFile)
{
    EXPECT_EQ(load(program, "/nonexistent.xml"), -EINVAL);
    EXPECT_EQ(problems.joined(), "/nonexistent.xml: error: cannot be opened: No such file or directory\n");
}

TEST_F(ConfigLoad, AMissingProgram)
{
    EXPECT_EQ(load("/nonexistent/reader", "a.xml"), -ENOENT);
    EXPECT_EQ(problems.joined(), "a.xml: error: the configuration reader /nonexistent/reader cannot be "
                                 "started: No such file or directory\n");
}

TEST_F(ConfigLoad, AProgramThatMayNotBeRun)
{
    std::string path = script("exit 0");

    ASSERT_EQ(chmod(path.c_str(), 0644), 0);
    EXPECT_EQ(load(path, "a.xml"), -EACCES);
}

TEST_F(ConfigLoad, ACrashIsToldWithItsLastWords)
{
    EXPECT_EQ(load(script("echo 'assertion\tfailed' >&2; kill -SEGV $$"), "a.xml"), -EPROTO);
    EXPECT_EQ(problems.joined(),
              "a.xml: error: the configuration reader was ended by signal 11: assertion\\x09failed\n");
}

TEST_F(ConfigLoad, AFailureIsToldWithItsWords)
{
    EXPECT_EQ(load(script("echo no memory >&2; exit 4"), "a.xml"), -EPROTO);
    EXPECT_EQ(problems.joined(),
              "a.xml: error: the configuration reader failed with exit status 4: no memory\n");
}

TEST_F(ConfigLoad, NonsenseIsRefused)
{
    EXPECT_EQ(load(script("echo hello"), "a.xml"), -EPROTO);
    EXPECT_EQ(problems.joined(),
              "a.xml: error: the configuration reader answered what this version does not understand\n");
}

TEST_F(ConfigLoad, SilenceIsRefused)
{
    EXPECT_EQ(load(script("exit 0"), "a.xml"), -EPROTO);
}

TEST_F(ConfigLoad, MoreThanWasSaidIsRefused)
{
    EXPECT_EQ(load(script(program + " --items " + shipped + "; echo more"), "a.xml"), -EPROTO);
}

TEST_F(ConfigLoad, AnEndlessAnswerIsRefused)
{
    EXPECT_EQ(load(script("exec cat /dev/zero"), "a.xml"), -EPROTO);
}

TEST_F(ConfigLoad, ALongComplaintIsCut)
{
    EXPECT_EQ(load(script("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1"), "a.xml"), -EPROTO);
    ASSERT_EQ(problems.value.count, 1U);
    EXPECT_LT(problems.lines()[0].size(), 700U);
}

// A hung reader holds the daemon up for as long as was said, no longer.
TEST_F(ConfigLoad, AHangIsEnded)
{
    for (const char *hang : {"exec sleep 1000", "exec >&- 2>&-; exec sleep 1000"}) {
        Problems found;
        mm_config *loaded = nullptr;
        auto begin = std::chrono::steady_clock::now();

        EXPECT_EQ(mm_config_load(script(hang).c_str(), &a_file, nullptr, 100, &loaded, &found.value),
                  -ETIMEDOUT);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
        EXPECT_EQ(found.joined(), "a.xml: error: the configuration reader did not end within 100 ms\n");
    }
}

// Nor does it outlive who waits for it.
TEST_F(ConfigLoad, AHungReaderEndsWithItsParent)
{
    std::string pid_file = directory + "/pid";
    std::string path =
        script("echo $$ >" + pid_file + ".new; mv " + pid_file + ".new " + pid_file + "; exec sleep 1000");
    pid_t parent = fork();
    pid_t reader = 0;

    ASSERT_GE(parent, 0);
    if (parent == 0) {
        (void)load(path, "a.xml", 60000);
        _exit(0);
    }
    for (int i = 0; i < 20000 && access(pid_file.c_str(), F_OK) < 0; i++)
        (void)poll(nullptr, 0, 1);
    std::ifstream(pid_file) >> reader;
    ASSERT_GT(reader, 1);
    pollfd end = {static_cast<int>(syscall(SYS_pidfd_open, reader, 0)), POLLIN, 0};
    ASSERT_GE(end.fd, 0);
    EXPECT_EQ(poll(&end, 1, 0), 0) << "it hangs";
    ASSERT_EQ(kill(parent, SIGKILL), 0);
    ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
    EXPECT_EQ(poll(&end, 1, 5000), 1);
    (void)kill(reader, SIGKILL);
    close(end.fd);
    unlink(pid_file.c_str());
}

// The caller's standard streams may be closed: its pipes then have the lowest numbers.
TEST_F(ConfigLoad, WithClosedStandardStreams)
{
    pid_t pid = fork();

    ASSERT_GE(pid, 0);
    if (pid == 0) {
        mm_config *loaded = nullptr;
        mm_problems found = {};

        for (int fd = 0; fd < 3; fd++)
            close(fd);
        int r = mm_config_load(program.c_str(), &shipped_file, &four_gigabytes, 10000, &loaded, &found);
        _exit(r == 0 && found.count == 0 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ConfigLoad, WithChildrenIgnored)
{
    auto before = signal(SIGCHLD, SIG_IGN);

    EXPECT_EQ(load(program, shipped), 0) << problems.joined();
    (void)signal(SIGCHLD, before);
}

TEST_F(ConfigLoad, TheCallersEnvironmentIsNotPassedOn)
{
    (void)setenv("MM_LOAD_TEST", "seen", 1);
    EXPECT_EQ(load(script("echo \"<$MM_LOAD_TEST>\" >&2; exit 1"), "a.xml"), -EPROTO);
    EXPECT_NE(problems.joined().find("<>"), std::string::npos) << problems.joined();
}

// ---- the program's own commands ---------------------------------------------------------------------------

struct Outcome {
    int status;
    std::string output;
};

Outcome run(const std::string &arguments)
{
    std::string command = program + " " + arguments + " 2>&1";
    FILE *stream = popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    Outcome outcome = {};

    while (size_t n = fread(buffer.data(), 1, buffer.size(), stream))
        outcome.output.append(buffer.data(), n);
    outcome.status = WEXITSTATUS(pclose(stream));
    return outcome;
}

TEST_F(ConfigLoad, OptionsAreChecked)
{
    for (const char *wrong :
         {"", "schema a", "check --items a", "check --ram-mb x a", "check --screen-inches -1 a",
          "check --max-bytes 0 a", "check --watched a", "--unheard", "a"})
        EXPECT_EQ(run(wrong).status, 3) << wrong;
    EXPECT_EQ(run("--help").status, 0);
    EXPECT_EQ(run("--version").output.substr(0, 14), "memmgr-config ");
    EXPECT_EQ(run("schema > /dev/full").status, 4);
    EXPECT_EQ(run("--items " + shipped + " > /dev/full").status, 4);
}

TEST_F(ConfigLoad, RunsWithoutPrivileges)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "only root has privileges to give up";
    std::string path = directory + "/f.xml";
    std::ofstream(path) << "<Memmgr/>";
    int out[2];
    ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
    // A full pipe holds the program up while it writes its answer.
    ASSERT_GE(fcntl(out[1], F_SETPIPE_SZ, 4096), 0);
    std::string filler(static_cast<size_t>(fcntl(out[1], F_GETPIPE_SZ)), 'x');
    ASSERT_EQ(write(out[1], filler.data(), filler.size()), static_cast<ssize_t>(filler.size()));
    pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        const gid_t group = 4;
        if (setgroups(1, &group) != 0)
            _exit(126);
        dup2(out[1], STDOUT_FILENO);
        execl(program.c_str(), program.c_str(), "--items", path.c_str(), nullptr);
        _exit(127);
    }
    close(out[1]);
    std::string status, state;
    for (int attempt = 0; attempt < 10000 && state != "S"; attempt++) {
        status = read_whole("/proc/" + std::to_string(pid) + "/status");
        size_t at = status.find("State:\t");
        state = status.find("NoNewPrivs:\t1") == std::string::npos ? "" : status.substr(at + 7, 1);
        sched_yield();
    }
    EXPECT_NE(status.find("Uid:\t65534\t65534\t65534\t65534"), std::string::npos) << status;
    EXPECT_NE(status.find("Gid:\t65534\t65534\t65534\t65534"), std::string::npos);
    EXPECT_NE(status.find("Groups:\t \n"), std::string::npos);
    EXPECT_NE(status.find("CapEff:\t0000000000000000"), std::string::npos);
    EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
    std::array<char, 65536> rest{};
    while (read(out[0], rest.data(), rest.size()) > 0) {
    }
    close(out[0]);
    int exit_status = 0;
    ASSERT_EQ(waitpid(pid, &exit_status, 0), pid);
    EXPECT_EQ(exit_status, 0);
}

} // namespace
