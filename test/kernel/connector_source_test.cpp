// SPDX-License-Identifier: Apache-2.0
// The event source of the process connector against the running kernel. Needs root and the initial pid namespace.
#include "kernel_fixture.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/connector_source.h"
#pragma GCC diagnostic pop
#include "event_center/connector.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace
{

// The loop runs in a thread of its own; what it hears is the test's under the mutex.
class Connector : public testing::Test
{
  protected:
    void SetUp() override
    {
        mm_connector_options source_options{};

        ASSERT_EQ(mm_event_center_new(kernel.kernel, &center), 0);
        ASSERT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER,
                                            1U << MM_EVENT_PROCESS_STARTED | 1U << MM_EVENT_PROCESS_RENAMED |
                                                1U << MM_EVENT_PROCESS_EXITED,
                                            hear, this),
                  0);
        stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        ASSERT_EQ(mm_event_center_add_source(center, &stop_ops, this), 0);
        ASSERT_EQ(mm_event_center_watch_fd(center, this, stop_fd, EPOLLIN, 0), 0);
        source_options.notify = [](mm_connector_notice notice, void *user) {
            auto *self = static_cast<Connector *>(user);
            std::lock_guard<std::mutex> lock(self->mutex);

            self->notices.push_back(notice);
            mm_connector_source_read_status(self->source, &self->status);
            self->changed.notify_all();
        };
        source_options.user = this;
        ASSERT_EQ(mm_connector_source_add(center, kernel.kernel, &source_options, &source), 0);
        EXPECT_TRUE(notices.empty());
        loop = std::thread([this] { EXPECT_EQ(mm_event_center_run(center), 0); });
        ASSERT_TRUE(run([this] { return !notices.empty(); }));
        ASSERT_TRUE(status.is_settled);
        if (!status.is_available)
            GTEST_SKIP() << status.reason;
    }
    void TearDown() override
    {
        const uint64_t one = 1;

        if (loop.joinable()) {
            ASSERT_EQ(write(stop_fd, &one, sizeof(one)), (ssize_t)sizeof(one));
            loop.join();
        }
        mm_event_center_free(center);
        close(stop_fd);
    }

    static void hear(const mm_event *event, void *user)
    {
        auto *self = static_cast<Connector *>(user);
        std::lock_guard<std::mutex> lock(self->mutex);

        self->events.push_back(*event);
        self->changed.notify_all();
    }
    // Waits until that holds of what was heard; false when it does not in time.
    bool run(const std::function<bool()> &until)
    {
        std::unique_lock<std::mutex> lock(mutex);

        return changed.wait_for(lock, std::chrono::milliseconds(patience_ms), until);
    }
    // What the function finds, while nothing more is heard.
    template <typename Function> auto look(const Function &function)
    {
        std::lock_guard<std::mutex> lock(mutex);

        return function();
    }
    size_t count(mm_event_kind kind, pid_t pid) const
    {
        return static_cast<size_t>(std::count_if(events.begin(), events.end(), [&](const mm_event &event) {
            return event.kind == kind && event.pid == pid;
        }));
    }
    const mm_event *last(mm_event_kind kind, pid_t pid) const
    {
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            if (event->kind == kind && event->pid == pid)
                return &*event;
        }
        return nullptr;
    }

    static void stop(void *self, uint64_t, uint32_t)
    {
        mm_event_center_stop(static_cast<Connector *>(self)->center);
    }
    static constexpr mm_event_source_ops stop_ops = {"test", stop, nullptr, nullptr};

    Kernel kernel;
    mm_event_center *center = nullptr;
    mm_connector_source *source = nullptr;
    std::thread loop;
    int stop_fd = -1;
    std::mutex mutex;
    std::condition_variable changed;
    mm_connector_status status{};
    std::vector<mm_event> events;
    std::vector<mm_connector_notice> notices;
};

// A child that runs a function and stays until it is told to end.
class Held
{
  public:
    explicit Held(const std::function<void()> &function = [] {})
    {
        EXPECT_EQ(pipe2(gate, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
            char byte;

            close(gate[1]);
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            function();
            (void)!read(gate[0], &byte, 1);
            _exit(0);
        }
        close(gate[0]);
    }
    ~Held()
    {
        end();
    }
    void end()
    {
        if (pid <= 0)
            return;
        close(gate[1]);
        waitpid(pid, nullptr, 0);
        pid = -1;
    }
    Held(const Held &) = delete;
    Held &operator=(const Held &) = delete;

    pid_t pid = -1;

  private:
    int gate[2] = {-1, -1};
};

TEST_F(Connector, AProcessFromItsBeginningToItsEnd)
{
    Held child([] { (void)prctl(PR_SET_NAME, "connected"); });
    const pid_t pid = child.pid;

    ASSERT_TRUE(run([&] {
        const mm_event *seen = last(MM_EVENT_PROCESS_STARTED, pid);

        return seen && (std::string(seen->payload.process.comm) == "connected" ||
                        count(MM_EVENT_PROCESS_RENAMED, pid) > 0);
    }));
    mm_process_info info;
    ASSERT_EQ(kernel->read_process(kernel.kernel, pid, MM_PROCESS_STAT, &info), 0);
    EXPECT_EQ(look([&] { return last(MM_EVENT_PROCESS_STARTED, pid)->payload.process.start_time_ticks; }),
              info.start_time_ticks);
    EXPECT_EQ(look([&] { return count(MM_EVENT_PROCESS_EXITED, pid); }), 0U);
    child.end();
    ASSERT_TRUE(run([&] { return count(MM_EVENT_PROCESS_EXITED, pid) > 0; }));
    const uint64_t ticks =
        look([&] { return last(MM_EVENT_PROCESS_EXITED, pid)->payload.process.start_time_ticks; });
    EXPECT_TRUE(ticks == 0 || ticks == info.start_time_ticks) << ticks;
    EXPECT_EQ(look([&] { return count(MM_EVENT_PROCESS_EXITED, pid); }), 1U);
}

TEST_F(Connector, AnotherProgramIsTold)
{
    int gate[2];
    ASSERT_EQ(pipe2(gate, O_CLOEXEC), 0);
    const pid_t pid = fork();

    if (pid == 0) {
        (void)dup2(gate[0], STDIN_FILENO);
        (void)execl("/bin/cat", "cat", nullptr);
        _exit(127);
    }
    close(gate[0]);
    EXPECT_TRUE(run([&] {
        const mm_event *seen = last(MM_EVENT_PROCESS_STARTED, pid);

        return seen && std::string(seen->payload.process.comm) == "cat";
    }));
    close(gate[1]);
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

TEST_F(Connector, ThreadsAreNoProcesses)
{
    Held child([] {
        for (int i = 0; i < 20; i++) {
            std::thread([] { (void)prctl(PR_SET_NAME, "thread"); }).join();
        }
    });
    const pid_t pid = child.pid;

    ASSERT_TRUE(run([&] { return count(MM_EVENT_PROCESS_STARTED, pid) > 0; }));
    child.end();
    ASSERT_TRUE(run([&] { return count(MM_EVENT_PROCESS_EXITED, pid) > 0; }));
    EXPECT_EQ(look([&] { return count(MM_EVENT_PROCESS_EXITED, pid); }), 1U);
    for (const mm_event &event : look([&] { return events; }))
        EXPECT_STRNE(event.payload.process.comm, "thread");
}

TEST_F(Connector, TheFirstThreadsEndIsNotTheProcesses)
{
    int gate[2], said[2];
    ASSERT_EQ(pipe2(gate, O_CLOEXEC), 0);
    ASSERT_EQ(pipe2(said, O_CLOEXEC), 0);
    const pid_t pid = fork();

    if (pid == 0) {
        static int inner_gate, inner_said;
        inner_gate = gate[0];
        inner_said = said[1];
        close(gate[1]);
        std::thread([] {
            char byte;

            // The leader is a zombie once /proc says so.
            while (read_text("/proc/self/stat").find(") Z ") == std::string::npos)
                sched_yield();
            (void)!write(inner_said, "z", 1);
            (void)!read(inner_gate, &byte, 1);
        }).detach();
        // Not pthread_exit, which unwinds the test.
        (void)syscall(SYS_exit, 0);
    }
    close(gate[0]);
    char byte;
    ASSERT_EQ(read(said[0], &byte, 1), 1);
    // Another process's end, seen afterwards: what the leader's end made has been heard by then.
    Held marker;
    const pid_t marker_pid = marker.pid;
    marker.end();
    ASSERT_TRUE(run([&] { return count(MM_EVENT_PROCESS_EXITED, marker_pid) > 0; }));
    EXPECT_EQ(look([&] { return count(MM_EVENT_PROCESS_EXITED, pid); }), 0U);
    close(gate[1]);
    ASSERT_TRUE(run([&] { return count(MM_EVENT_PROCESS_EXITED, pid) > 0; }));
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
    close(said[0]);
    close(said[1]);
}

TEST_F(Connector, ABurstIsHeardAndNobodyIsLeftOver)
{
    const int children = 2000;
    std::set<pid_t> pids;
    std::thread maker([&] {
        for (int i = 0; i < children; i++) {
            const pid_t pid = fork();

            if (pid == 0) {
                (void)execl("/bin/true", "true", nullptr);
                _exit(127);
            }
            pids.insert(pid);
            waitpid(pid, nullptr, 0);
        }
    });

    maker.join();
    ASSERT_TRUE(
        run([&] { return count(MM_EVENT_PROCESS_EXITED, *pids.rbegin()) > 0 || notices.size() > 1; }));
    // Who started is followed by its end: nobody is left over.
    Held marker;
    const pid_t marker_pid = marker.pid;
    marker.end();
    ASSERT_TRUE(run([&] { return count(MM_EVENT_PROCESS_EXITED, marker_pid) > 0 || notices.size() > 1; }));
    const auto told = look([&] { return notices; });

    if (told.size() > 1) {
        EXPECT_EQ(told[1], MM_CONNECTOR_LOST) << "a rescan is asked for";
        return;
    }
    std::map<pid_t, int> balance;

    for (const mm_event &event : look([&] { return events; })) {
        if (pids.count(event.pid))
            balance[event.pid] = event.kind == MM_EVENT_PROCESS_EXITED ? 0 : 1;
    }
    EXPECT_EQ(balance.size(), pids.size()) << "each of them ended";
    for (const auto &[pid, left] : balance)
        EXPECT_EQ(left, 0) << pid;
}

TEST(ConnectorSocket, ALossIsSaid)
{
    const int small = 1;
    int fd = -1;

    ASSERT_EQ(mm_connector_open(&fd), 0);
    ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    for (int i = 0; i < 50; i++) {
        const pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        waitpid(pid, nullptr, 0);
    }
    const mm_connector_handler handler = {[](int, void *) {}, [](const mm_bpf_record *, void *) {},
                                          [](pid_t, pid_t, uint64_t, void *) {}};
    int result = 0;

    for (int i = 0; i < 1000 && result >= 0; i++)
        result = mm_connector_read(fd, 10, &handler, nullptr);
    EXPECT_EQ(result, -ENOBUFS);
    close(fd);
}

// Whoever may send to it: only the kernel is believed.
TEST(ConnectorSocket, AForgedMessageIsLeftOut)
{
    int fd = -1;
    ASSERT_EQ(mm_connector_open(&fd), 0);
    sockaddr_nl own{};
    socklen_t size = sizeof(own);
    ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr *>(&own), &size), 0);
    int forger = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
    ASSERT_GE(forger, 0);
    nlmsghdr netlink{};
    cn_msg connector{};
    proc_event event{};
    std::string forged;

    netlink.nlmsg_len = sizeof(netlink) + sizeof(connector) + sizeof(event);
    netlink.nlmsg_type = NLMSG_DONE;
    connector.id = {CN_IDX_PROC, CN_VAL_PROC};
    connector.len = sizeof(event);
    event.what = proc_event::PROC_EVENT_EXIT;
    event.event_data.exit.process_pid = event.event_data.exit.process_tgid = 1;
    forged.append(reinterpret_cast<const char *>(&netlink), sizeof(netlink));
    forged.append(reinterpret_cast<const char *>(&connector), sizeof(connector));
    forged.append(reinterpret_cast<const char *>(&event), sizeof(event));
    if (sendto(forger, forged.data(), forged.size(), 0, reinterpret_cast<sockaddr *>(&own), size) < 0)
        GTEST_SKIP() << "the kernel lets nobody send: " << strerror(errno);
    const mm_connector_handler handler = {
        [](int, void *) {}, [](const mm_bpf_record *, void *) {},
        [](pid_t pid, pid_t, uint64_t, void *) { EXPECT_NE(pid, 1) << "somebody else's word"; }};
    int result;

    do {
        result = mm_connector_read(fd, 1, &handler, nullptr);
    } while (result > 0);
    EXPECT_EQ(result, 0);
    close(forger);
    close(fd);
}

} // namespace
