/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of BPF share: children that end on demand, a handle with what came out of its ring. */
#ifndef MM_TEST_KERNEL_BPF_SUPPORT_H
#define MM_TEST_KERNEL_BPF_SUPPORT_H

#include "bpf/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace bpf_test
{

using Clock = std::chrono::steady_clock;

/* Far above what anything here takes, on a busy machine too. */
constexpr int PATIENCE_MS = 20000;

/* The variable is for a place where the build directory is not: a guest. */
inline const char *loader_path()
{
    const char *path = getenv("MM_BPF_LOADER");

    return path ? path : MM_BPF_LOADER_PATH;
}

inline std::string read_text(const std::string &path)
{
    std::ifstream stream(path);
    std::stringstream text;

    text << stream.rdbuf();
    return text.str();
}

inline uint64_t now_ns()
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

/* Field 22 of stat; the comm before it holds no bracket here. */
inline uint64_t start_ticks(pid_t pid)
{
    std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string word;

    for (int field = 3; field <= 22; field++)
        fields >> word;
    return std::stoull(word);
}

inline uint64_t to_ticks(uint64_t start_ns)
{
    return start_ns / (1000000000ull / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

inline bool write_adj(pid_t pid, int value)
{
    std::ofstream stream("/proc/" + std::to_string(pid) + "/oom_score_adj");

    stream << value << std::flush;
    return stream.good();
}

/* pthread_exit without its exception, which the test's own catch would stop. */
[[noreturn]] inline void leave_thread()
{
    for (;;)
        (void)syscall(SYS_exit, 0);
}

/* A child that runs body when it is told to, and whose end is awaited. */
class Child
{
  public:
    explicit Child(const std::function<void()> &body = [] {})
    {
        int ends[2];

        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        pid_ = fork();
        if (pid_ == 0) {
            char byte;

            close(ends[1]);
            if (read(ends[0], &byte, 1) >= 0)
                body();
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
        if (gate_ >= 0)
            close(gate_);
        gate_ = -1;
    }

    void end()
    {
        go();
        if (pid_ <= 0)
            return;
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

        if (!options.loader_path)
            options.loader_path = loader_path();
        if (options.timeout_ms == 0)
            options.timeout_ms = PATIENCE_MS;
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

    /* An exit that two last threads tell of, at the same moment, is one: the reader drops the second. */
    unsigned count(uint32_t type, pid_t pid) const
    {
        std::set<uint64_t> exits;
        unsigned found = 0;

        for (const auto &record : seen) {
            if (record.type == type && record.tgid == pid && type == MM_BPF_RECORD_EXIT)
                found += exits.insert(record.start_ns).second;
            else
                found += record.type == type && record.tgid == pid;
        }
        return found;
    }

    const struct mm_bpf_record *find(uint32_t type, pid_t pid) const
    {
        for (const auto &record : seen) {
            if (record.type == type && record.tgid == pid)
                return &record;
        }
        return nullptr;
    }

    /* Reads until the record is there, woken by nothing but the ring. */
    const struct mm_bpf_record *await(uint32_t type, pid_t pid)
    {
        mm_bpf_watch(bpf, pid);

        auto deadline = Clock::now() + std::chrono::milliseconds(PATIENCE_MS);

        while (Clock::now() < deadline) {
            struct pollfd pollfd = {mm_bpf_ring_fd(bpf), POLLIN, 0};

            EXPECT_GE(drain(), 0);
            if (find(type, pid))
                return find(type, pid);
            if (poll(&pollfd, 1, PATIENCE_MS) <= 0)
                break;
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

inline int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    return static_cast<int>(syscall(SYS_bpf, command, attributes, sizeof(*attributes)));
}

/* Info: struct bpf_prog_info or bpf_map_info, whichever the descriptor stands for. False, and errno, on failure. */
template <typename Info> bool read_info(int fd, Info *info)
{
    union bpf_attr attributes = {};

    attributes.info.bpf_fd = static_cast<uint32_t>(fd);
    attributes.info.info_len = sizeof(*info);
    attributes.info.info = reinterpret_cast<uintptr_t>(info);
    return bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) == 0;
}

inline int open_program(uint32_t id)
{
    union bpf_attr attributes = {};

    attributes.prog_id = id;
    return bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}

inline std::string program_name(uint32_t id)
{
    struct bpf_prog_info info = {};
    const int fd = open_program(id);
    const bool is_read = fd >= 0 && read_info(fd, &info);

    if (fd >= 0)
        close(fd);
    return is_read ? info.name : "";
}

/* Ours among all programs of the machine, by name (which the kernel cuts). */
inline std::set<uint32_t> loaded_programs()
{
    std::set<uint32_t> found;
    union bpf_attr attributes = {};

    while (bpf(BPF_PROG_GET_NEXT_ID, &attributes) == 0) {
        uint32_t id = attributes.next_id;
        std::string name = program_name(id);

        if (name.rfind("mm_", 0) == 0)
            found.insert(id);
        attributes = {};
        attributes.start_id = id;
    }
    return found;
}

inline std::set<uint32_t> new_programs(const std::set<uint32_t> &before)
{
    std::set<uint32_t> found;

    for (uint32_t id : loaded_programs()) {
        if (before.count(id) == 0)
            found.insert(id);
    }
    return found;
}

inline std::set<std::string> open_descriptors()
{
    std::set<std::string> found;

    for (int fd = 0; fd < 256; fd++) {
        char target[256];
        ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof(target));

        if (length > 0)
            found.insert(std::to_string(fd) + " " + std::string(target, size_t(length)));
    }
    return found;
}

/* Ids of what this process's own descriptors of that kind stand for: "anon_inode:bpf-map". */
template <typename Info> std::set<uint32_t> held(const std::string &kind)
{
    std::set<uint32_t> found;

    for (const std::string &descriptor : open_descriptors()) {
        Info info = {};

        if (descriptor.substr(descriptor.find(' ') + 1) == kind && read_info(std::stoi(descriptor), &info))
            found.insert(info.id);
    }
    return found;
}

/* Whether the program uses one of these maps. */
inline bool uses_any(uint32_t program, const std::set<uint32_t> &maps)
{
    std::vector<uint32_t> used(64);
    struct bpf_prog_info info = {};
    const int fd = open_program(program);
    bool is_read;

    info.nr_map_ids = static_cast<uint32_t>(used.size());
    info.map_ids = reinterpret_cast<uintptr_t>(used.data());
    is_read = fd >= 0 && read_info(fd, &info);
    if (fd >= 0)
        close(fd);
    used.resize(is_read ? std::min<size_t>(info.nr_map_ids, used.size()) : 0);
    return std::any_of(used.begin(), used.end(), [&](uint32_t id) { return maps.count(id) > 0; });
}

/* Those that this process holds, or that use a map that it holds: another memmgr's on this machine have the same names. */
inline std::set<uint32_t> own_programs()
{
    const std::set<uint32_t> maps = held<struct bpf_map_info>("anon_inode:bpf-map");
    std::set<uint32_t> found = held<struct bpf_prog_info>("anon_inode:bpf-prog");

    for (uint32_t id : loaded_programs()) {
        if (uses_any(id, maps))
            found.insert(id);
    }
    return found;
}

/* -1: none has that name. */
inline int open_own_program(const std::string &name)
{
    for (uint32_t id : own_programs()) {
        if (program_name(id) == name.substr(0, BPF_OBJ_NAME_LEN - 1))
            return open_program(id);
    }
    return -1;
}

/* Runs a raw tracepoint's program with that for its arguments. */
inline bool run_program(int program, const void *arguments, uint32_t size)
{
    union bpf_attr attributes = {};

    attributes.test.prog_fd = static_cast<uint32_t>(program);
    attributes.test.ctx_in = reinterpret_cast<uintptr_t>(arguments);
    attributes.test.ctx_size_in = size;
    return bpf(BPF_PROG_TEST_RUN, &attributes) == 0;
}

/* The kernel frees programs some time after their last descriptor closed, and says so to nobody. */
inline bool only_remain(const std::set<uint32_t> &before)
{
    auto deadline = Clock::now() + std::chrono::milliseconds(PATIENCE_MS);

    while (!new_programs(before).empty()) {
        if (Clock::now() > deadline)
            return false;
        sched_yield();
    }
    return true;
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

/* Whether there is such a file system at path, for this process and its children alone where it had to be mounted. */
inline bool has_mounted(const char *type, const char *path, unsigned long magic)
{
    struct statfs system = {};

    if (statfs(path, &system) == 0 && static_cast<unsigned long>(system.f_type) == magic)
        return true;
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount(type, path, type, 0, "mode=0700") == 0;
}

/* What a process of its own answers: for tests that give up privileges or namespaces for good. */
inline std::string in_child(const std::function<std::string()> &body)
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

} // namespace bpf_test

#endif
