/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: what it leaves behind, and how its failures are explained. Needs root. */
#include "bpf_support.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>

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

} // namespace
