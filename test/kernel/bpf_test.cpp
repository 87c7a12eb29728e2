/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF programs and their loader against the running kernel. Needs root; forks, so no threads of its own.
 */
#include "bpf/bpf.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/bpf_source.h"
#pragma GCC diagnostic pop

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif
#define CAP_SYS_ADMIN 21

namespace
{

using Clock = std::chrono::steady_clock;

/* Far above what anything here takes, on a busy machine too. */
constexpr int PATIENCE_MS = 20000;

std::string read_text(const std::string &path)
{
    std::ifstream stream(path);
    std::stringstream text;

    text << stream.rdbuf();
    return text.str();
}

/* Field 22 of stat; the comm before it holds no bracket here. */
uint64_t start_ticks(pid_t pid)
{
    std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string word;

    for (int field = 3; field <= 22; field++)
        fields >> word;
    return std::stoull(word);
}

uint64_t to_ticks(uint64_t start_ns)
{
    return start_ns / (1000000000ull / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

bool write_adj(pid_t pid, int value)
{
    std::ofstream stream("/proc/" + std::to_string(pid) + "/oom_score_adj");

    stream << value << std::flush;
    return stream.good();
}

/* pthread_exit without its exception, which the test's own catch would stop. */
[[noreturn]] void leave_thread()
{
    for (;;)
        (void)syscall(SYS_exit, 0);
}

/* A child that runs body when it is told to, and whose end is awaited. */
class Child
{
  public:
    explicit Child(std::function<void()> body = [] {})
    {
        int ends[2];

        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        pid_ = fork();
        if (pid_ == 0) {
            char byte;

            close(ends[1]);
            if (read(ends[0], &byte, 1) >= 0) body();
            _exit(0);
        }
        close(ends[0]);
        gate_ = ends[1];
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;
    ~Child()
    {
        end();
    }

    void go()
    {
        if (gate_ >= 0) close(gate_);
        gate_ = -1;
    }

    void end()
    {
        go();
        if (pid_ <= 0) return;
        EXPECT_EQ(waitpid(pid_, nullptr, 0), pid_);
        pid_ = -1;
    }

    pid_t pid() const
    {
        return pid_;
    }

  private:
    pid_t pid_ = -1;
    int gate_ = -1;
};

/* One handle and what came out of its ring. */
class Watcher
{
  public:
    Watcher()
    {
        EXPECT_EQ(mm_bpf_new(&bpf), 0);
    }
    Watcher(const Watcher &) = delete;
    Watcher &operator=(const Watcher &) = delete;
    ~Watcher()
    {
        mm_bpf_free(bpf);
    }

    int load(struct mm_bpf_options options)
    {
        int result;

        if (!options.loader_path) options.loader_path = MM_BPF_LOADER_PATH;
        result = mm_bpf_start(bpf, &options);
        return result < 0 ? result : mm_bpf_wait(bpf);
    }

    bool load(bool is_classic = false)
    {
        struct mm_bpf_options options = {};
        int result;

        options.is_classic = is_classic;
        result = load(options);
        EXPECT_EQ(result, 0) << mm_bpf_reason(bpf);
        return result == 0;
    }

    int drain(unsigned max = UINT32_MAX)
    {
        return mm_bpf_consume(
            bpf, max,
            [](const struct mm_bpf_record *record, void *user) {
                static_cast<std::vector<struct mm_bpf_record> *>(user)->push_back(*record);
            },
            &seen);
    }

    unsigned count(uint32_t type, pid_t pid) const
    {
        unsigned found = 0;

        for (const auto &record : seen)
            found += record.type == type && record.tgid == pid;
        return found;
    }

    const struct mm_bpf_record *find(uint32_t type, pid_t pid) const
    {
        for (const auto &record : seen) {
            if (record.type == type && record.tgid == pid) return &record;
        }
        return nullptr;
    }

    /* Reads until the record is there, woken by nothing but the ring. */
    const struct mm_bpf_record *await(uint32_t type, pid_t pid)
    {
        auto deadline = Clock::now() + std::chrono::milliseconds(PATIENCE_MS);

        while (Clock::now() < deadline) {
            struct pollfd pollfd = {mm_bpf_ring_fd(bpf), POLLIN, 0};

            EXPECT_GE(drain(), 0);
            if (find(type, pid)) return find(type, pid);
            if (poll(&pollfd, 1, PATIENCE_MS) <= 0) break;
        }
        ADD_FAILURE() << "no record of type " << type << " for " << pid;
        return nullptr;
    }

    /* Everything that happened before now is in seen afterwards: a record made now comes last. */
    void settle()
    {
        Child marker;
        pid_t pid = marker.pid();

        marker.end();
        await(MM_BPF_RECORD_EXIT, pid);
    }

    struct mm_bpf *bpf = nullptr;
    std::vector<struct mm_bpf_record> seen;
};

int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    return static_cast<int>(syscall(SYS_bpf, command, attributes, sizeof(*attributes)));
}

std::string program_name(uint32_t id)
{
    struct bpf_prog_info info = {};
    union bpf_attr attributes = {};
    std::string name;
    int fd;

    attributes.prog_id = id;
    fd = bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
    if (fd < 0) return "";
    attributes = {};
    attributes.info.bpf_fd = static_cast<uint32_t>(fd);
    attributes.info.info_len = sizeof(info);
    attributes.info.info = reinterpret_cast<uintptr_t>(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) == 0) name = info.name;
    close(fd);
    return name;
}

/* Ours among all programs of the machine, by name (which the kernel cuts). */
std::set<uint32_t> loaded_programs()
{
    std::set<uint32_t> found;
    union bpf_attr attributes = {};

    while (bpf(BPF_PROG_GET_NEXT_ID, &attributes) == 0) {
        uint32_t id = attributes.next_id;
        std::string name = program_name(id);

        if (name == "mm_exit" || name == "mm_oom_score_ad") found.insert(id);
        attributes = {};
        attributes.start_id = id;
    }
    return found;
}

std::set<uint32_t> new_programs(const std::set<uint32_t> &before)
{
    std::set<uint32_t> found;

    for (uint32_t id : loaded_programs()) {
        if (before.count(id) == 0) found.insert(id);
    }
    return found;
}

/* The kernel frees programs some time after their last descriptor closed, and says so to nobody. */
bool only_remain(const std::set<uint32_t> &before)
{
    auto deadline = Clock::now() + std::chrono::milliseconds(PATIENCE_MS);

    while (!new_programs(before).empty()) {
        if (Clock::now() > deadline) return false;
        sched_yield();
    }
    return true;
}

std::set<std::string> open_descriptors()
{
    std::set<std::string> found;

    for (int fd = 0; fd < 256; fd++) {
        char target[256];
        ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof(target));

        if (length > 0) found.insert(std::to_string(fd) + " " + std::string(target, size_t(length)));
    }
    return found;
}

/* A program of its own in the loader's place. */
class FakeLoader
{
  public:
    explicit FakeLoader(const std::string &script)
    {
        char path[] = "/tmp/memmgr-fake-loader-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);
        std::string text = "#!/bin/sh\n" + script + "\n";

        path_ = path;
        EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        EXPECT_EQ(fchmod(fd, 0755), 0);
        close(fd);
    }
    FakeLoader(const FakeLoader &) = delete;
    FakeLoader &operator=(const FakeLoader &) = delete;
    ~FakeLoader()
    {
        unlink(path_.c_str());
    }

    struct mm_bpf_options options(uint32_t timeout_ms = PATIENCE_MS) const
    {
        struct mm_bpf_options made = {};

        made.loader_path = path_.c_str();
        made.timeout_ms = timeout_ms;
        return made;
    }

  private:
    std::string path_;
};

/* What a process of its own answers: for tests that give up privileges or namespaces for good. */
std::string in_child(const std::function<std::string()> &body)
{
    std::string answer;
    char buffer[512];
    int ends[2];
    ssize_t length;
    pid_t pid;

    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        std::string text = body();

        _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    while ((length = read(ends[0], buffer, sizeof(buffer))) > 0)
        answer.append(buffer, static_cast<size_t>(length));
    close(ends[0]);
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
    return answer;
}

/* ---- the programs ----------------------------------------------------------------------------------- */

class Variant : public ::testing::TestWithParam<bool>
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(geteuid(), 0u) << "needs root";
        ASSERT_TRUE(watcher.load(is_classic()));
        ASSERT_EQ(mm_bpf_programs(watcher.bpf), static_cast<unsigned>(MM_BPF_PROGRAM_ALL))
            << mm_bpf_reason(watcher.bpf);
    }

    static bool is_classic()
    {
        return GetParam();
    }

    Watcher watcher;
};

TEST_P(Variant, SaysHowItIsAttached)
{
    EXPECT_STREQ(mm_bpf_reason(watcher.bpf), is_classic() ? "classic tracepoints: exit, oom_score_adj"
                                                          : "BTF tracepoints: exit, oom_score_adj");
    EXPECT_EQ(mm_bpf_progress_fd(watcher.bpf), -1);
    EXPECT_EQ(mm_bpf_lost(watcher.bpf), 0u);
}

TEST_P(Variant, ReportsEachExitOnceWithItsIdentity)
{
    std::map<pid_t, uint64_t> children;

    for (int i = 0; i < 100; i++) {
        Child child([] {
            prctl(PR_SET_NAME, "mm (test)\n\xff");
            if (setuid(10001) < 0) _exit(1);
        });

        children[child.pid()] = start_ticks(child.pid());
        child.end();
    }
    watcher.settle();
    for (const auto &[pid, ticks] : children) {
        const struct mm_bpf_record *record = watcher.find(MM_BPF_RECORD_EXIT, pid);

        ASSERT_TRUE(record) << pid;
        EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 1u);
        EXPECT_STREQ(record->comm, "mm (test)\n\xff");
        EXPECT_EQ(record->uid, 10001u);
        EXPECT_TRUE(record->flags & MM_BPF_FLAG_UID);
        EXPECT_GT(record->time_ns, 0u);
        if (!is_classic()) {
            EXPECT_TRUE(record->flags & MM_BPF_FLAG_START);
            EXPECT_EQ(to_ticks(record->start_ns), ticks);
        }
    }
}

TEST_P(Variant, AThreadsExitIsNoProcessesExit)
{
    Child child([] {
        for (int i = 0; i < 3; i++) {
            pthread_t thread;

            pthread_create(
                &thread, nullptr, [](void *) -> void * { return nullptr; }, nullptr);
            pthread_join(thread, nullptr);
        }
        kill(getpid(), SIGSTOP);
    });
    pid_t pid = child.pid();
    int status;

    child.go();
    ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 0u);
    kill(pid, SIGCONT);
    child.end();
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 1u);
}

/* The leader goes first; the process dies with its last thread, under the leader's number and name. */
TEST_P(Variant, AProcessOutlivesItsLeader)
{
    Child child([] {
        pthread_t thread;

        prctl(PR_SET_NAME, "leader");
        pthread_create(
            &thread, nullptr,
            [](void *) -> void * {
                char state = ' ';

                prctl(PR_SET_NAME, "heir");
                /* the leader is a zombie from the moment it has exited */
                while (state != 'Z') {
                    std::string text = read_text("/proc/self/stat");

                    state = text[text.rfind(')') + 2];
                }
                kill(getpid(), SIGSTOP);
                _exit(0);
            },
            nullptr);
        leave_thread();
    });
    pid_t pid = child.pid();
    uint64_t ticks = start_ticks(pid);
    int status;

    child.go();
    ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
    ASSERT_TRUE(WIFSTOPPED(status));
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 0u);
    kill(pid, SIGCONT);
    child.end();
    watcher.settle();
    const struct mm_bpf_record *record = watcher.find(MM_BPF_RECORD_EXIT, pid);

    ASSERT_TRUE(record);
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 1u);
    if (!is_classic()) {
        EXPECT_EQ(to_ticks(record->start_ns), ticks);
        EXPECT_STREQ(record->comm, "leader");
    }
}

TEST_P(Variant, AdjWrittenByAnotherIsReported)
{
    Child target;
    pid_t target_pid = target.pid();
    uint64_t ticks = start_ticks(target_pid);
    Child writer([target_pid] { (void)write_adj(target_pid, 321); });
    pid_t writer_pid = writer.pid();

    writer.end();
    const struct mm_bpf_record *record = watcher.await(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid);

    ASSERT_TRUE(record);
    EXPECT_EQ(record->value, 321);
    EXPECT_EQ(record->actor, writer_pid);
    if (!is_classic()) {
        EXPECT_EQ(to_ticks(record->start_ns), ticks);
        EXPECT_EQ(record->uid, 0u);
    }
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid), 1u);
}

TEST_P(Variant, OwnWritesDoNotEcho)
{
    Child target;
    pid_t target_pid = target.pid();
    Child writer([target_pid] { (void)write_adj(target_pid, 333); });

    ASSERT_TRUE(write_adj(target_pid, 222));
    pthread_t thread;
    ASSERT_EQ(pthread_create(
                  &thread, nullptr,
                  [](void *user) -> void * {
                      EXPECT_TRUE(write_adj(*static_cast<pid_t *>(user), 223));
                      return nullptr;
                  },
                  &target_pid),
              0);
    pthread_join(thread, nullptr);
    writer.end();
    const struct mm_bpf_record *record = watcher.await(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid);

    ASSERT_TRUE(record);
    EXPECT_EQ(record->value, 333);
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid), 1u);
}

INSTANTIATE_TEST_SUITE_P(Kernel, Variant, ::testing::Values(false, true),
                         [](const auto &variant) { return variant.param ? "Classic" : "Btf"; });

/* ---- what is seen from within a pid namespace --------------------------------------------------------- */

/* /proc is still the outer one there: each process writes to its own file only. */
bool write_own_adj(int value)
{
    std::ofstream stream("/proc/self/oom_score_adj");

    stream << value << std::flush;
    return stream.good();
}

TEST(Namespace, NumbersAreThoseOfTheDaemon)
{
    std::string answer = in_child([]() -> std::string {
        if (unshare(CLONE_NEWPID) < 0) return "no pid namespace";
        return in_child([]() -> std::string {
            Watcher watcher;
            Child child([] { (void)write_own_adj(444); });
            pid_t pid = child.pid();

            if (!watcher.load()) return mm_bpf_reason(watcher.bpf);
            if (!write_own_adj(111)) return "cannot write";
            child.end();
            if (!watcher.await(MM_BPF_RECORD_EXIT, pid)) return "no exit";
            if (!watcher.find(MM_BPF_RECORD_OOM_SCORE_ADJ, pid)) return "no adj";
            for (const auto &record : watcher.seen) {
                /* the loader itself is the next one, and may end after it has attached */
                if (record.tgid != pid && record.tgid != pid + 1) return "saw " + std::to_string(record.tgid);
                if (record.type == MM_BPF_RECORD_OOM_SCORE_ADJ && record.actor != pid)
                    return "actor " + std::to_string(record.actor);
            }
            return "pid " + std::to_string(getpid()) + " saw " + std::to_string(pid);
        });
    });

    EXPECT_EQ(answer, "pid 1 saw 2");
}

/* ---- the ring ----------------------------------------------------------------------------------------- */

TEST(BpfRing, AFullRingCountsWhatItLost)
{
    struct mm_bpf_options options = {};
    Watcher watcher;
    const unsigned children = 200;

    options.ring_bytes = 1; /* a page: 63 records of 64 bytes */
    ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
    for (unsigned i = 0; i < children; i++)
        Child().end();
    uint64_t lost = mm_bpf_lost(watcher.bpf);

    EXPECT_GT(lost, 0u);
    ASSERT_GT(watcher.drain(), 0);
    EXPECT_LE(watcher.seen.size(), static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 64);
    EXPECT_GE(watcher.seen.size() + mm_bpf_lost(watcher.bpf), children);
    /* and it goes on */
    watcher.settle();
}

TEST(BpfRing, ABatchLeavesTheRestReadable)
{
    Watcher watcher;

    ASSERT_TRUE(watcher.load());
    for (int i = 0; i < 10; i++)
        Child().end();
    EXPECT_EQ(watcher.drain(4), 4);
    struct pollfd pollfd = {mm_bpf_ring_fd(watcher.bpf), POLLIN, 0};

    EXPECT_EQ(poll(&pollfd, 1, 0), 1);
    EXPECT_GE(watcher.drain(), 6);
}

/* ---- the loader --------------------------------------------------------------------------------------- */

TEST(BpfLoader, DetachingLeavesNothing)
{
    std::set<uint32_t> before = loaded_programs();
    std::set<std::string> descriptors = open_descriptors();
    {
        Watcher watcher;

        ASSERT_TRUE(watcher.load());
        EXPECT_EQ(new_programs(before).size(), 2u);
    }
    EXPECT_TRUE(only_remain(before));
    EXPECT_EQ(open_descriptors(), descriptors);
    errno = 0;
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(BpfLoader, TheProgramsDieWithTheDaemon)
{
    std::set<uint32_t> before = loaded_programs();
    std::string answer = in_child([] {
        Watcher watcher;
        bool is_loaded = watcher.load();

        if (is_loaded) kill(getpid(), SIGKILL);
        return std::string("not loaded");
    });

    EXPECT_EQ(answer, "");
    EXPECT_TRUE(only_remain(before));
}

TEST(BpfLoader, KilledAtAnyMomentItLeavesNothing)
{
    std::set<uint32_t> before = loaded_programs();
    std::set<std::string> descriptors = open_descriptors();
    unsigned killed = 0;

    /* the loader's own clock ends it after so many milliseconds */
    for (uint32_t timeout_ms = 1; timeout_ms <= 60; timeout_ms++) {
        struct mm_bpf_options options = {};
        Watcher watcher;
        int result;

        options.timeout_ms = timeout_ms;
        result = watcher.load(options);
        if (result == 0) continue;
        killed++;
        EXPECT_TRUE(result == -ETIMEDOUT || result == -EPIPE) << result;
        EXPECT_EQ(std::string(mm_bpf_reason(watcher.bpf)),
                  "the loader was not done within " + std::to_string(timeout_ms) + " ms");
        EXPECT_EQ(mm_bpf_programs(watcher.bpf), 0u);
        EXPECT_EQ(watcher.drain(), -ENODATA);
    }
    EXPECT_GT(killed, 0u);
    EXPECT_TRUE(only_remain(before));
    EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(BpfLoader, AFreedHandleEndsIt)
{
    FakeLoader loader("read nothing");
    struct mm_bpf_options options = loader.options();
    struct mm_bpf *bpf = nullptr;

    ASSERT_EQ(mm_bpf_new(&bpf), 0);
    ASSERT_EQ(mm_bpf_start(bpf, &options), 0);
    EXPECT_EQ(mm_bpf_receive(bpf), -EAGAIN);
    EXPECT_EQ(mm_bpf_start(bpf, &options), -EBUSY);
    mm_bpf_free(bpf);
    errno = 0;
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(BpfLoader, FailuresAreExplained)
{
    const struct {
        const char *script;
        int result;
        const char *reason;
    } cases[] = {
        {"exit 3", -EPIPE, "the loader ended with status 3 and without an answer"},
        {"kill -9 $$", -EPIPE, "the loader was killed by signal 9"},
        {"printf garbage >&0", -EPROTO, "the loader does not fit this daemon: it is of another version"},
        {"head -c 216 /dev/zero >&0", -EPROTO,
         "the loader does not fit this daemon: it is of another version"},
        {"printf '\\001\\001mm' >&0", -EPROTO,
         "the loader does not fit this daemon: its answer is malformed"},
        /* a whole answer that says success and brings no descriptors */
        {"exec 3>&0; { printf '\\001\\001mm'; head -c 212 /dev/zero; } | dd bs=216 iflag=fullblock "
         "status=none >&3",
         -EPROTO, "the loader does not fit this daemon: its answer lacks descriptors"},
        /* an error with control characters in its reason */
        {"exec 3>&0; { printf '\\001\\001mm\\377\\377\\377\\377'; head -c 16 /dev/zero; printf 'a\\033b'; "
         "head -c 189 /dev/zero; } | dd bs=216 iflag=fullblock status=none >&3",
         -EPERM, "a\\x1bb"},
        {"exec sleep 100", -ETIMEDOUT, "the loader was not done within 500 ms"},
    };

    for (const auto &c : cases) {
        FakeLoader loader(c.script);
        Watcher watcher;

        SCOPED_TRACE(c.script);
        /* only the last one is waited for in vain */
        EXPECT_EQ(watcher.load(loader.options(c.result == -ETIMEDOUT ? 500 : PATIENCE_MS)), c.result);
        EXPECT_STREQ(mm_bpf_reason(watcher.bpf), c.reason);
        EXPECT_EQ(mm_bpf_ring_fd(watcher.bpf), -1);
        EXPECT_EQ(mm_bpf_progress_fd(watcher.bpf), -1);
    }
}

TEST(BpfLoader, CannotBeRun)
{
    const struct {
        const char *path;
        uint32_t ring_bytes;
        int result;
        const char *reason;
    } cases[] = {
        {"/nonexistent/memmgr-bpf-loader", 0, -ENOENT,
         "cannot run /nonexistent/memmgr-bpf-loader: No such file or directory"},
        {"/tmp", 0, -EACCES, "cannot run /tmp: Permission denied"},
        {MM_BPF_LOADER_PATH, UINT32_MAX, -EINVAL,
         "a ring of 4294967295 bytes is more than the limit of 67108864"},
    };

    for (const auto &c : cases) {
        struct mm_bpf_options options = {};
        Watcher watcher;

        options.loader_path = c.path;
        options.ring_bytes = c.ring_bytes;
        EXPECT_EQ(watcher.load(options), c.result);
        EXPECT_STREQ(mm_bpf_reason(watcher.bpf), c.reason);
    }
}

TEST(BpfLoader, ARefusalNamesTheCapabilities)
{
    const std::vector<std::vector<unsigned long>> cases = {
        {CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN},
        {CAP_BPF, CAP_SYS_ADMIN},
        {CAP_PERFMON, CAP_SYS_ADMIN},
    };

    for (const auto &dropped : cases) {
        for (bool is_classic : {false, true}) {
            std::string reason = in_child([&]() -> std::string {
                struct mm_bpf_options options = {};
                Watcher watcher;

                for (unsigned long capability : dropped)
                    (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
                options.is_classic = is_classic;
                return watcher.load(options) == 0 ? "loaded" : mm_bpf_reason(watcher.bpf);
            });

            if (is_classic && reason.find("tracefs") != std::string::npos) continue;
            EXPECT_NE(reason.find("the kernel does not permit it: CAP_BPF and CAP_PERFMON are needed"),
                      std::string::npos)
                << reason;
        }
    }
}

/* ---- the event source --------------------------------------------------------------------------------- */

/* The least of a kernel that an event center needs. */
struct mm_kernel *real_time()
{
    static const struct mm_kernel_ops ops = [] {
        struct mm_kernel_ops made = {};

        made.now_ns = [](struct mm_kernel *) -> uint64_t {
            struct timespec now;

            clock_gettime(CLOCK_MONOTONIC, &now);
            return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
        };
        made.notice_fd = [](struct mm_kernel *) { return -1; };
        made.drain_notices = [](struct mm_kernel *, mm_notice_visit, void *) {};
        return made;
    }();
    static struct mm_kernel kernel = {&ops, false};

    return &kernel;
}

class Source : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(mm_event_center_new(real_time(), &center), 0);
        ASSERT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER,
                                            1u << MM_EVENT_PROCESS_EXITED | 1u << MM_EVENT_OOM_SCORE_ADJ,
                                            hear, this),
                  0);
        mm_timer_init(
            &alarm,
            [](struct mm_timer *, void *user) { mm_event_center_stop(static_cast<Source *>(user)->center); },
            this);
        mm_event_center_arm(center, &alarm,
                            mm_event_center_now_ns(center) + PATIENCE_MS * static_cast<uint64_t>(1000000));
    }

    void TearDown() override
    {
        mm_event_center_free(center);
    }

    static void hear(const struct mm_event *event, void *user)
    {
        auto *self = static_cast<Source *>(user);

        self->events.push_back(*event);
        if (event->pid == self->last_pid) mm_event_center_stop(self->center);
    }

    static void notify(enum mm_bpf_source_notice notice, void *user)
    {
        auto *self = static_cast<Source *>(user);

        self->notices.push_back(notice);
        if (notice == MM_BPF_SOURCE_SETTLED && self->settled) self->settled();
        if (notice == self->last_notice) mm_event_center_stop(self->center);
    }

    void add(struct mm_bpf_options bpf)
    {
        struct mm_bpf_source_options options = {};

        options.bpf = bpf;
        if (!bpf.loader_path) options.bpf.loader_path = MM_BPF_LOADER_PATH;
        options.notify = notify;
        options.user = this;
        ASSERT_EQ(mm_bpf_source_add(center, &options, &source), 0);
        EXPECT_TRUE(notices.empty());
        mm_bpf_source_read_status(source, &status);
        EXPECT_FALSE(status.is_settled);
    }

    void run()
    {
        ASSERT_EQ(mm_event_center_run(center), 0);
        mm_bpf_source_read_status(source, &status);
    }

    struct mm_event_center *center = nullptr;
    struct mm_bpf_source *source = nullptr;
    struct mm_bpf_source_status status = {};
    struct mm_timer alarm = {};
    std::function<void()> settled;
    /* either ends the loop */
    enum mm_bpf_source_notice last_notice = MM_BPF_SOURCE_SETTLED;
    pid_t last_pid = -1;
    std::vector<struct mm_event> events;
    std::vector<enum mm_bpf_source_notice> notices;
};

TEST_F(Source, PublishesExitsAndChanges)
{
    Child target;
    pid_t pid = target.pid();
    uint64_t ticks = start_ticks(pid);
    Child writer([pid] { (void)write_adj(pid, 555); });
    std::vector<struct mm_event> mine;

    settled = [&] {
        writer.end();
        target.end();
        last_pid = Child().pid(); /* ended at once: its exit comes after all the others */
    };
    last_notice = MM_BPF_SOURCE_BROKEN;
    add({});
    run();
    EXPECT_TRUE(status.is_settled);
    EXPECT_TRUE(status.is_available) << status.reason;
    EXPECT_EQ(status.programs, static_cast<unsigned>(MM_BPF_PROGRAM_ALL));
    for (const auto &event : events) {
        if (event.pid == pid) mine.push_back(event);
    }
    ASSERT_EQ(mine.size(), 2u);
    EXPECT_EQ(mine[0].kind, MM_EVENT_OOM_SCORE_ADJ);
    EXPECT_EQ(mine[0].payload.process.oom_score_adj, 555);
    EXPECT_EQ(mine[1].kind, MM_EVENT_PROCESS_EXITED);
    EXPECT_EQ(mine[1].payload.process.start_time_ticks, ticks);
    EXPECT_EQ(mine[1].uid, 0u);
    EXPECT_LE(mine[0].time_ns, mine[1].time_ns);
    EXPECT_GE(status.records, 3u);
    EXPECT_EQ(status.lost, 0u);
}

/* Eight threads that leave together, many times: often two of them see that they are the last. */
TEST_F(Source, ThreadsThatLeaveTogetherAreOneExit)
{
    std::set<pid_t> pids;

    settled = [&] {
        for (int round = 0; round < 200; round++) {
            Child child([] {
                static pthread_barrier_t barrier;
                pthread_t thread;

                pthread_barrier_init(&barrier, nullptr, 8);
                for (int i = 0; i < 7; i++)
                    pthread_create(
                        &thread, nullptr,
                        [](void *) -> void * {
                            pthread_barrier_wait(&barrier);
                            return nullptr;
                        },
                        nullptr);
                pthread_barrier_wait(&barrier);
                leave_thread();
            });

            pids.insert(child.pid());
            child.end();
        }
        last_pid = Child().pid();
    };
    last_notice = MM_BPF_SOURCE_BROKEN;
    add({});
    run();
    std::map<pid_t, unsigned> exits;

    for (const auto &event : events)
        exits[event.pid] += event.kind == MM_EVENT_PROCESS_EXITED;
    for (pid_t pid : pids)
        EXPECT_EQ(exits[pid], 1u) << pid;
    RecordProperty("repeated", static_cast<int>(status.repeated));
}

TEST_F(Source, SaysWhenRecordsWereLost)
{
    struct mm_bpf_options options = {};

    options.ring_bytes = 1;
    settled = [&] {
        /* the loop stands still meanwhile */
        for (int i = 0; i < 200; i++)
            Child().end();
    };
    last_notice = MM_BPF_SOURCE_LOST;
    add(options);
    run();
    EXPECT_EQ(notices.back(), MM_BPF_SOURCE_LOST);
    EXPECT_GT(status.lost, 0u);
    EXPECT_TRUE(status.is_available);
}

TEST_F(Source, WithoutALoaderTheLoopGoesOn)
{
    struct mm_bpf_options options = {};

    options.loader_path = "/nonexistent";
    add(options);
    run();
    EXPECT_TRUE(status.is_settled);
    EXPECT_FALSE(status.is_available);
    EXPECT_STREQ(status.reason, "cannot run /nonexistent: No such file or directory");
    EXPECT_EQ(status.programs, 0u);
    EXPECT_EQ(notices, (std::vector<enum mm_bpf_source_notice>{MM_BPF_SOURCE_SETTLED}));
}

TEST_F(Source, ALoaderThatHangsIsGivenUp)
{
    FakeLoader loader("exec sleep 100");

    add(loader.options(100));
    run();
    EXPECT_FALSE(status.is_available);
    EXPECT_STREQ(status.reason, "the loader was not done within 100 ms");
    EXPECT_EQ(notices, (std::vector<enum mm_bpf_source_notice>{MM_BPF_SOURCE_SETTLED}));
}

TEST_F(Source, ClosingWhileItLoadsLeavesNothing)
{
    std::set<uint32_t> before = loaded_programs();

    add({});
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_TRUE(only_remain(before));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

} // namespace
