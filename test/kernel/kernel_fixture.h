// SPDX-License-Identifier: Apache-2.0
// What the tests of the Linux implementation against the running kernel share: groups and children that are
// gone at the end, and a kernel object that waits for notices. Needs root. The groups are named
// memmgr-test-<pid>.
#ifndef MM_TEST_KERNEL_KERNEL_FIXTURE_H
#define MM_TEST_KERNEL_KERNEL_FIXTURE_H

#include "common/common.h"
#include "kernel_interface/hierarchy.h"
#include "kernel_interface/kernel_interface.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <linux/magic.h>
#include <memory>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

inline constexpr uint64_t mib = 1024 * 1024;

// Far above what anything here takes, on a busy machine too.
inline constexpr int patience_ms = 20000;

inline std::string read_text(const std::string &path)
{
    std::ifstream stream(path);
    std::stringstream text;

    text << stream.rdbuf();
    return text.str();
}

// A file of cgroup v2 that says when it changes, as cgroup.events.
inline bool comes_to_say(const std::string &path, const std::string &wanted)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    bool is_said = false;
    int ready = fd >= 0;

    while (ready > 0 && !is_said) {
        struct pollfd change = {fd, POLLPRI, 0};
        char text[256] = "";

        if (pread(fd, text, sizeof(text) - 1, 0) < 0)
            break;
        is_said = strstr(text, wanted.c_str()) != nullptr;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (!is_said)
            ready = left.count() > 0 ? poll(&change, 1, static_cast<int>(left.count())) : 0;
    }
    if (fd >= 0)
        close(fd);
    return is_said;
}

inline bool write_text(const std::string &path, const std::string &text)
{
    int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool is_written =
        fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());

    if (fd >= 0)
        close(fd);
    return is_written;
}

inline bool has_capability(unsigned bit)
{
    const std::string status = read_text("/proc/self/status");
    const size_t position = status.find("CapEff:\t");

    return std::stoull(status.substr(position + 8, 16), nullptr, 16) >> bit & 1;
}

// Where the hierarchies of this machine are.
struct Hierarchies : mm_hierarchies {
    Hierarchies()
    {
        EXPECT_EQ(mm_hierarchies_find("", this), 0);
    }
    ~Hierarchies()
    {
        mm_hierarchies_close(this);
    }
    Hierarchies(const Hierarchies &) = delete;
    Hierarchies &operator=(const Hierarchies &) = delete;
};

// A directory in a hierarchy, removed at the end with what is below it.
class Directory
{
  public:
    Directory(const struct mm_hierarchy &hierarchy, const std::string &name)
        : path_(std::string(hierarchy.mount_point) + "/" + name)
    {
        EXPECT_EQ(mkdir(path_.c_str(), 0755), 0) << path_ << ": " << strerror(errno);
    }
    ~Directory()
    {
        remove();
    }
    Directory(const Directory &) = delete;
    Directory &operator=(const Directory &) = delete;
    void remove()
    {
        // A child that has just been waited for may hold its group for a moment.
        for (int i = 0; i < patience_ms && rmdir(path_.c_str()) < 0 && errno == EBUSY; i++)
            usleep(1000);
    }
    void add(pid_t pid) const
    {
        EXPECT_TRUE(write_text(path_ + "/cgroup.procs", std::to_string(pid)))
            << path_ << ": " << strerror(errno);
    }
    bool has(const char *file) const
    {
        return access((path_ + "/" + file).c_str(), F_OK) == 0;
    }
    std::string file(const char *name) const
    {
        return path_ + "/" + name;
    }

  private:
    std::string path_;
};

// A group of v1's freezer.
inline bool set_v1_frozen(const Directory &group, bool is_frozen)
{
    return write_text(group.file("freezer.state"), is_frozen ? "FROZEN" : "THAWED");
}

// A forked process that runs once it is let go, and is dead at the latest when this object is.
class Child
{
  public:
    // run is called in the child, which then waits for its end; the process is multi-threaded before the
    // fork, so nothing there may allocate.
    explicit Child(void (*run)(void *) = nullptr, void *argument = nullptr)
    {
        int go[2], ready[2];
        char byte = 0;

        EXPECT_EQ(pipe2(go, O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(go[1]);
            close(ready[0]);
            if (read(go[0], &byte, 1) == 1 && run)
                run(argument);
            if (write(ready[1], &byte, 1) == 1) {
                for (;;)
                    pause();
            }
            _exit(1);
        }
        close(go[0]);
        close(ready[1]);
        go_ = go[1];
        ready_ = ready[0];
    }
    ~Child()
    {
        if (!is_waited_) {
            kill(pid, SIGKILL);
            wait();
        }
        close(go_);
        close(ready_);
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;
    // A byte into it lets it run.
    int gate() const
    {
        return go_;
    }
    // Lets it run, and waits until it has.
    void let_go()
    {
        char byte = 0;

        EXPECT_EQ(write(go_, &byte, 1), 1);
        EXPECT_EQ(read(ready_, &byte, 1), 1) << "the child has died";
    }
    int wait()
    {
        int status = 0;

        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        is_waited_ = true;
        return status;
    }
    bool is_running() const
    {
        siginfo_t information = {};

        return waitid(P_PID, static_cast<id_t>(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               information.si_pid == 0;
    }

    pid_t pid;

  private:
    int go_ = -1, ready_ = -1;
    bool is_waited_ = false;
};

inline void touch_memory(void *argument)
{
    const size_t size = *static_cast<const size_t *>(argument);
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        _exit(2);
    memset(memory, 1, size);
}

// The page cache of a new file, clean, charged to the group of whoever writes it.
inline void fill_cache(void *argument)
{
    static char block[64 * 1024];
    int fd = open(static_cast<const char *>(argument), O_RDWR | O_CREAT | O_TRUNC, 0600);

    for (size_t written = 0; written < 24 * mib; written += sizeof(block)) {
        if (write(fd, block, sizeof(block)) != static_cast<ssize_t>(sizeof(block)))
            _exit(2);
    }
    if (fsync(fd) < 0)
        _exit(2);
    close(fd);
}

// A file whose pages can be dropped: on a disk, which an initramfs for one is not.
class DiskFile
{
  public:
    DiskFile()
    {
        struct statfs status;
        int fd = mkstemp(path);

        is_on_disk = fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type != TMPFS_MAGIC &&
                     status.f_type != RAMFS_MAGIC && status.f_type != OVERLAYFS_SUPER_MAGIC;
        if (fd >= 0)
            close(fd);
    }
    ~DiskFile()
    {
        unlink(path);
    }
    DiskFile(const DiskFile &) = delete;
    DiskFile &operator=(const DiskFile &) = delete;

    char path[40] = "/var/tmp/memmgr-test-XXXXXX";
    bool is_on_disk;
};

class Kernel
{
  public:
    explicit Kernel(const std::string &domain = "")
    {
        struct mm_linux_kernel_options options = {};

        options.domain.is_group = !domain.empty();
        mm_copy_text(options.domain.group_path, sizeof(options.domain.group_path), domain.c_str());
        options.runtime_directory = "/tmp";
        options.root = "";
        options.reaper_threads = 1;
        options.reclaim_chunk_bytes = 4 * mib;
        EXPECT_EQ(mm_linux_kernel_new(&options, &kernel), 0);
    }
    ~Kernel()
    {
        mm_kernel_free(kernel);
    }
    Kernel(const Kernel &) = delete;
    Kernel &operator=(const Kernel &) = delete;
    const struct mm_kernel_ops *operator->() const
    {
        return kernel->ops;
    }
    bool has(enum mm_feature_id feature) const
    {
        return kernel->ops->feature(kernel, feature)->available;
    }
    const char *reason(enum mm_feature_id feature) const
    {
        return kernel->ops->feature(kernel, feature)->reason;
    }
    std::vector<struct mm_notice> drain() const
    {
        std::vector<struct mm_notice> notices;

        kernel->ops->drain_notices(
            kernel,
            [](const struct mm_notice *notice, void *user) {
                static_cast<std::vector<struct mm_notice> *>(user)->push_back(*notice);
            },
            &notices);
        return notices;
    }
    // Waits for notices until as many have come.
    std::vector<struct mm_notice> await(size_t count) const
    {
        std::vector<struct mm_notice> notices;
        struct pollfd ready = {kernel->ops->notice_fd(kernel), POLLIN, 0};

        while (notices.size() < count && poll(&ready, 1, patience_ms) > 0) {
            for (const struct mm_notice &notice : drain())
                notices.push_back(notice);
        }
        EXPECT_EQ(notices.size(), count);
        notices.resize(count);
        return notices;
    }
    uint64_t value(struct mm_group *group, enum mm_group_value value) const
    {
        uint64_t bytes = 0;

        EXPECT_EQ(kernel->ops->read_group(kernel, group, value, &bytes), 0) << value;
        return bytes;
    }

    struct mm_kernel *kernel = nullptr;
};

// A group of the memory hierarchy, opened; on v2 a test that needs limits is skipped where they are not
// there.
class KernelGroup : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (where_.memory.top_fd < 0)
            GTEST_SKIP() << "no hierarchy with the memory controller";
        directory_ = std::make_unique<Directory>(where_.memory, name_);
        if (!directory_->has(where_.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes"))
            GTEST_SKIP() << "the memory controller is not enabled for groups";
        ASSERT_EQ(kernel_->open_group(kernel_.kernel, path_.c_str(), &group_), 0);
    }
    void TearDown() override
    {
        if (group_)
            kernel_->close_group(kernel_.kernel, group_);
    }
    void set_limit(uint64_t bytes) const
    {
        ASSERT_TRUE(write_text(directory_->file(where_.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes"),
                               std::to_string(bytes)));
    }
    // A child in the group that has run.
    std::unique_ptr<Child> spawn(void (*run)(void *) = nullptr, void *argument = nullptr) const
    {
        auto child = std::make_unique<Child>(run, argument);

        directory_->add(child->pid);
        child->let_go();
        return child;
    }

    Hierarchies where_;
    Kernel kernel_;
    const std::string name_ = "memmgr-test-" + std::to_string(getpid());
    const std::string path_ = "/" + name_;
    std::unique_ptr<Directory> directory_;
    struct mm_group *group_ = nullptr;
};

// What an earlier run that was killed has left behind.
class Sweep : public testing::Environment
{
  public:
    void SetUp() override
    {
        Hierarchies where;

        ASSERT_EQ(geteuid(), 0U) << "these tests need root";
        for (const struct mm_hierarchy *hierarchy : {&where.memory, &where.unified, &where.freezer}) {
            if (hierarchy->top_fd < 0)
                continue;
            for (const auto &entry : std::filesystem::directory_iterator(hierarchy->mount_point)) {
                const std::string name = entry.path().filename();
                int pid = 0;

                if (sscanf(name.c_str(), "memmgr-test-%d", &pid) != 1 || kill(pid, 0) == 0)
                    continue;
                rmdir((entry.path() / "inner").c_str());
                rmdir(entry.path().c_str());
            }
        }
    }
};

inline const auto *const sweep = testing::AddGlobalTestEnvironment(new Sweep);

#endif
