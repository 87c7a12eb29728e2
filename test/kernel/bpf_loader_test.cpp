/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: what it leaves behind, and how its failures are explained. Needs root. */
#include "bpf_support.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>

namespace
{

using namespace bpf_test;

TEST(BpfLoader, DetachingLeavesNothing)
{
    std::set<uint32_t> before = loaded_programs();
    std::set<std::string> descriptors = open_descriptors();
    {
        Watcher watcher;

        ASSERT_TRUE(watcher.load());
        EXPECT_EQ(new_programs(before).size(), 20u);
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

        if (is_loaded)
            kill(getpid(), SIGKILL);
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
        if (result == 0)
            continue;
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
        {"head -c 348 /dev/zero >&0", -EPROTO,
         "the loader does not fit this daemon: it is of another version"},
        {"printf '\\002\\003mm' >&0", -EPROTO,
         "the loader does not fit this daemon: its answer is malformed"},
        /* a whole answer that says success and brings no descriptors */
        {"exec 3>&0; { printf '\\002\\003mm'; head -c 344 /dev/zero; } | dd bs=348 iflag=fullblock "
         "status=none >&3",
         -EPROTO, "the loader does not fit this daemon: its answer lacks descriptors"},
        /* an error with control characters in its reason */
        {"exec 3>&0; { printf '\\002\\003mm\\377\\377\\377\\377'; head -c 20 /dev/zero; printf 'a\\033b'; "
         "head -c 317 /dev/zero; } | dd bs=348 iflag=fullblock status=none >&3",
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
        {loader_path(), UINT32_MAX, -EINVAL, "a ring of 4294967295 bytes is more than the limit of 67108864"},
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

            if (is_classic && reason.find("tracefs") != std::string::npos)
                continue;
            EXPECT_NE(reason.find("the kernel does not permit it: CAP_BPF and CAP_PERFMON are needed"),
                      std::string::npos)
                << reason;
        }
    }
}

/* What loading says in a mount namespace of its own, after it was changed. */
std::string load_after(const std::function<bool()> &change)
{
    return in_child([&]() -> std::string {
        struct mm_bpf_options options = {};
        Watcher watcher;

        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
            !change())
            return std::string("not changed: ") + strerror(errno);
        (void)watcher.load(options);
        return std::string(mm_bpf_reason(watcher.bpf)) + " | " + mm_bpf_memory_reason(watcher.bpf);
    });
}

/* Mounting is not for everybody. */
bool is_unchanged(const std::string &reason)
{
    return reason.rfind("not changed: ", 0) == 0;
}

/* Nothing is where a file system of its own hides it; where it is not mounted there is nothing to hide. */
bool hide(const char *path)
{
    return mount("none", path, "tmpfs", 0, nullptr) == 0 || errno == ENOENT;
}

/* The kernel's own BTF, in which two hooks are called something else. */
TEST(BpfLoader, HooksThatTheKernelLacksAreDoneWithout)
{
    std::string btf = read_text("/sys/kernel/btf/vmlinux");
    char path[] = "/tmp/memmgr-btf-XXXXXX";
    int fd;

    if (btf.empty())
        GTEST_SKIP() << "no /sys/kernel/btf/vmlinux";
    for (const char *hook : {"btf_trace_mark_victim", "btf_trace_cgroup_notify_frozen"}) {
        size_t at = btf.find(hook + std::string(1, '\0'));

        ASSERT_NE(at, std::string::npos) << hook;
        btf[at + strlen(hook) - 1] = 'X';
    }
    fd = mkostemp(path, O_CLOEXEC);
    ASSERT_EQ(write(fd, btf.data(), btf.size()), static_cast<ssize_t>(btf.size()));
    close(fd);
    std::string reason =
        load_after([&] { return mount(path, "/sys/kernel/btf/vmlinux", nullptr, MS_BIND, nullptr) == 0; });
    unlink(path);
    if (is_unchanged(reason))
        GTEST_SKIP() << reason;
    EXPECT_EQ(
        reason,
        "BTF tracepoints: fork, exec, exit, comm, oom_score_adj, moved, mkdir, rmdir, populated; without "
        "frozen: this kernel has no tracepoint cgroup_notify_frozen | BTF tracepoints: direct reclaim, group "
        "reclaim, compaction, throttling, kswapd; without OOM victims: this kernel has no tracepoint "
        "mark_victim");
}

TEST(BpfLoader, WithoutBtfTheClassicTracepointsDoIt)
{
    std::string reason = load_after([] { return hide("/sys/kernel/btf"); });

    if (is_unchanged(reason))
        GTEST_SKIP() << reason;
    EXPECT_EQ(reason.find("classic tracepoints: fork, exec, exit, comm, oom_score_adj; without moved"), 0u)
        << reason;
}

TEST(BpfLoader, WithoutBtfAndTracefsItSaysSo)
{
    std::string reason = load_after([] {
        return hide("/sys/kernel/btf") && hide("/sys/kernel/tracing") && hide("/sys/kernel/debug") &&
               prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) == 0;
    });

    if (is_unchanged(reason))
        GTEST_SKIP() << reason;
    EXPECT_NE(reason.find("classic tracepoints: tracefs is not mounted and cannot be"), std::string::npos)
        << reason;
}

/* Of a tracepoint that is there the file that says what is in it is not. */
TEST(BpfLoader, AClassicTracepointThatIsMissingIsDoneWithout)
{
    std::string reason = load_after([] {
        return hide("/sys/kernel/btf") &&
               (access("/sys/kernel/tracing/events", X_OK) == 0 ||
                mount("none", "/sys/kernel/tracing", "tracefs", 0, nullptr) == 0) &&
               hide("/sys/kernel/tracing/events/oom");
    });

    if (is_unchanged(reason))
        GTEST_SKIP() << reason;
    EXPECT_EQ(reason.find("classic tracepoints: fork, exec, exit, comm; without oom_score_adj"), 0u)
        << reason;
}

/* It reads the kernel's BTF once, 1,350 pages, or maps it where the kernel allows that; libbpf would copy it, and index it,
   which is 3,000 pages. */
TEST(BpfLoader, DoesNotTakeInAllTypesOfTheKernel)
{
    std::string faults = in_child([]() -> std::string {
        struct rusage before, after;
        Watcher watcher;

        getrusage(RUSAGE_CHILDREN, &before);
        if (!watcher.load())
            return "";
        getrusage(RUSAGE_CHILDREN, &after);
        return std::to_string(after.ru_minflt - before.ru_minflt);
    });

    ASSERT_NE(faults, "");
    EXPECT_GT(std::stol(faults), 100);
    EXPECT_LT(std::stol(faults), 2300);
}

/* What is left of a loader whose copying was cut short. */
TEST(BpfLoader, ATruncatedOneIsNone)
{
    std::string whole = read_text(loader_path());

    for (size_t length : {size_t(0), size_t(100), whole.size() / 3, whole.size() / 2}) {
        char path[] = "/tmp/memmgr-cut-loader-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);
        struct mm_bpf_options options = {};
        Watcher watcher;

        ASSERT_EQ(write(fd, whole.data(), length), static_cast<ssize_t>(length));
        ASSERT_EQ(fchmod(fd, 0755), 0);
        close(fd);
        options.loader_path = path;
        EXPECT_LT(watcher.load(options), 0) << length;
        EXPECT_EQ(mm_bpf_ring_fd(watcher.bpf), -1);
        EXPECT_STRNE(mm_bpf_reason(watcher.bpf), "loading") << length;
        RecordProperty("reason_" + std::to_string(length), mm_bpf_reason(watcher.bpf));
        unlink(path);
    }
}

} // namespace
