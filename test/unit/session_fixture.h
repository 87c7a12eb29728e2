// SPDX-License-Identifier: Apache-2.0
// A daemon that the test is itself: it hears requests, answers as it is told to, goes and comes back.
#ifndef MM_TEST_SESSION_FIXTURE_H
#define MM_TEST_SESSION_FIXTURE_H

#include "service_server.h"

#include <condition_variable>
#include <memmgr_client.h>
#include <memmgr_session.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace session_test
{

using namespace service_test;

class FakeDaemon
{
  public:
    // What it says to a request: packets, of which @ stands for its id. None: it says nothing.
    using Answers = std::function<std::vector<std::string>(const std::string &request)>;

    FakeDaemon()
    {
        path = directory.path + "/s";
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        thread = std::thread([this] { run(); });
    }
    ~FakeDaemon()
    {
        command([this] { is_over = true; });
        thread.join();
        down_now();
        close(wake_fd);
    }
    FakeDaemon(const FakeDaemon &) = delete;
    FakeDaemon &operator=(const FakeDaemon &) = delete;

    void up()
    {
        command([this] {
            sockaddr_un address{};

            address.sun_family = AF_UNIX;
            mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
            listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            EXPECT_EQ(bind(listen_fd, (const sockaddr *)&address, sizeof(address)), 0);
            EXPECT_EQ(listen(listen_fd, 8), 0);
        });
    }
    void down()
    {
        command([this] { down_now(); });
    }
    void hang_up()
    {
        command([this] { hang_up_now(); });
    }
    void tell(const std::string &packet)
    {
        command([this, packet] { say(packet); });
    }
    void set_answers(const Answers &wanted)
    {
        command([this, wanted] { answers = wanted; });
    }
    // What it has heard since the last time, without version and id.
    std::vector<std::string> take_heard()
    {
        std::vector<std::string> taken;

        command([&] { taken.swap(heard); });
        return taken;
    }
    unsigned connections()
    {
        unsigned count = 0;

        command([&] { count = connection_count; });
        return count;
    }
    // A descriptor of the caller's own of its connection, to say more over it.
    int take_connection_fd()
    {
        int taken = -1;

        command([&] { taken = fcntl(fd, F_DUPFD_CLOEXEC, 0); });
        EXPECT_GE(taken, 0);
        return taken;
    }
    static std::vector<std::string> yes(const std::string &)
    {
        return {R"({"version":1,"id":@,"ok":true})"};
    }
    void hang_up_now()
    {
        if (fd >= 0)
            close(fd);
        fd = -1;
    }

    TemporaryDirectory directory;
    std::string path;
    bool hangs_up_at_once = false; // set before up()

  private:
    void down_now()
    {
        hang_up_now();
        if (listen_fd >= 0) {
            close(listen_fd);
            unlink(path.c_str());
        }
        listen_fd = -1;
    }
    void command(const std::function<void()> &function)
    {
        std::promise<void> done;
        uint64_t one = 1;

        {
            std::lock_guard<std::mutex> lock(mutex);
            commands.push_back([&] {
                function();
                done.set_value();
            });
        }
        EXPECT_EQ(write(wake_fd, &one, sizeof(one)), (ssize_t)sizeof(one));
        done.get_future().wait();
    }
    void say(const std::string &packet)
    {
        if (fd >= 0)
            (void)send(fd, packet.data(), packet.size(), MSG_NOSIGNAL);
    }
    void hear()
    {
        std::string packet(MEMMGR_CLIENT_PACKET_MAX, '\0');
        ssize_t length = recv(fd, packet.data(), packet.size(), 0);

        if (length <= 0) {
            hang_up_now();
            return;
        }
        packet.resize((size_t)length);
        Json request = parse(packet);
        ASSERT_TRUE(request) << packet;
        const std::string id = std::to_string((uint64_t)number_of(member(request, "id")));
        const std::string start = "{\"version\":1,\"id\":" + id + ",";
        ASSERT_EQ(packet.substr(0, start.size()), start);
        heard.push_back(packet.substr(start.size(), packet.size() - start.size() - 1));
        for (std::string answer : answers(heard.back())) {
            size_t at = answer.find('@');

            if (at != std::string::npos)
                answer.replace(at, 1, id);
            say(answer);
        }
    }
    void take_connection()
    {
        int taken = accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);

        ASSERT_GE(taken, 0);
        hang_up_now();
        fd = taken;
        connection_count++;
        if (hangs_up_at_once)
            hang_up_now();
    }
    void run()
    {
        while (!is_over) {
            pollfd pollers[] = {{wake_fd, POLLIN, 0}, {listen_fd, POLLIN, 0}, {fd, POLLIN, 0}};
            std::vector<std::function<void()>> todo;
            uint64_t count;

            ASSERT_GT(poll(pollers, 3, -1), 0);
            if (pollers[1].revents)
                take_connection();
            else if (pollers[2].revents)
                hear();
            (void)!read(wake_fd, &count, sizeof(count));
            {
                std::lock_guard<std::mutex> lock(mutex);
                todo.swap(commands);
            }
            for (const auto &task : todo)
                task();
        }
    }

    std::thread thread;
    std::mutex mutex;
    std::vector<std::function<void()>> commands;
    int wake_fd = -1, listen_fd = -1, fd = -1;
    bool is_over = false;
    unsigned connection_count = 0;
    std::vector<std::string> heard;
    Answers answers = yes;
};

struct SessionFree {
    void operator()(memmgr_session *session) const
    {
        memmgr_session_free(session);
    }
};
using Session = std::unique_ptr<memmgr_session, SessionFree>;

inline Session open_session(const std::string &path, int timeout_ms = 10000, uint32_t remember_max = 1024)
{
    memmgr_options options = MEMMGR_OPTIONS_INIT;
    memmgr_session *session = nullptr;

    options.path = path.c_str();
    options.timeout_ms = timeout_ms;
    options.remember_max = remember_max;
    EXPECT_EQ(memmgr_session_new(&options, &session), 0);
    return Session(session);
}

// The next event, of kind 0 when none comes in that time.
inline memmgr_event next_event(const Session &session, int timeout_ms = 10000)
{
    memmgr_event event = MEMMGR_EVENT_INIT;
    int result = memmgr_session_next(session.get(), timeout_ms, &event);

    EXPECT_TRUE(result == 0 || result == -ETIMEDOUT) << result;
    return event;
}

inline int report(const Session &session, int word, int pid, const char *name = nullptr, int caller = 0,
                  memmgr_outcome *outcome = nullptr)
{
    memmgr_report one = MEMMGR_REPORT_INIT;

    one.word = word;
    one.pid = pid;
    one.name = name;
    one.caller_pid = caller;
    one.start_time = 5;
    return memmgr_session_report(session.get(), &one, outcome);
}

inline int report_account(const Session &session, int word, int64_t account)
{
    memmgr_report one = MEMMGR_REPORT_INIT;

    one.word = word;
    one.account = account;
    return memmgr_session_report(session.get(), &one, nullptr);
}

} // namespace session_test

#endif
