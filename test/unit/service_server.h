// SPDX-License-Identifier: Apache-2.0
// The requests behind a real control socket, on a thread of its own; and programs that talk to it.
#ifndef MM_TEST_SERVICE_SERVER_H
#define MM_TEST_SERVICE_SERVER_H

#include "service_fixture.h"

#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <future>
#include <mutex>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace service_test
{

// A directory that goes with the test.
class TemporaryDirectory
{
  public:
    TemporaryDirectory()
    {
        char pattern[] = "/tmp/mm_service_test.XXXXXX";

        path = mkdtemp(pattern);
    }
    ~TemporaryDirectory()
    {
        std::string command = "rm -rf '" + path + "'";

        EXPECT_EQ(system(command.c_str()), 0);
    }
    TemporaryDirectory(const TemporaryDirectory &) = delete;
    TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;

    std::string path;
};

// The wall moves on while programs run, so the machine's clock is the real one.
inline uint64_t real_now_ns(mm_kernel *kernel)
{
    timespec now{};

    (void)kernel;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MM_NS_PER_S + (uint64_t)now.tv_nsec;
}

class Server
{
  public:
    explicit Server(unsigned max_clients = 16, mm_priority_compat compat = MM_PRIORITY_COMPAT_NONE)
        : world(compat)
    {
        mm_control_handlers handlers{};
        mm_control_options options{};

        path = directory.path + "/control.sock";
        world.ops.now_ns = real_now_ns;
        world.override_operations();
        world.facts.started_ns = real_now_ns(nullptr);
        mm_requests_control_handlers(world.requests, &handlers);
        options.path = path.c_str();
        options.mode = 0600;
        options.max_clients = max_clients;
        options.listen_fd = -1;
        EXPECT_EQ(mm_control_source_add(world.center, &options, &handlers), 0);
        EXPECT_EQ(mm_requests_watch_events(world.requests), 0);
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        EXPECT_EQ(mm_event_center_add_source(world.center, &wake_ops, this), 0);
        EXPECT_EQ(mm_event_center_watch_fd(world.center, this, wake_fd, EPOLLIN, 0), 0);
        thread = std::thread([this] { mm_event_center_run(world.center); });
    }
    ~Server()
    {
        run([](World &its_world) { mm_event_center_stop(its_world.center); });
        thread.join();
        close(wake_fd);
    }
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    // Runs the function on the server's thread, and returns when it is done.
    void run(const std::function<void(World &)> &function)
    {
        std::promise<void> done;
        uint64_t one = 1;

        {
            std::lock_guard<std::mutex> lock(mutex);
            tasks.push_back([&] {
                function(world);
                done.set_value();
            });
        }
        EXPECT_EQ(write(wake_fd, &one, sizeof(one)), (ssize_t)sizeof(one));
        done.get_future().wait();
    }

    TemporaryDirectory directory;
    std::string path;

  private:
    static void ready(void *source, uint64_t tag, uint32_t events)
    {
        auto *self = static_cast<Server *>(source);
        std::vector<std::function<void()>> todo;
        uint64_t count;

        (void)tag;
        (void)events;
        (void)!read(self->wake_fd, &count, sizeof(count));
        {
            std::lock_guard<std::mutex> lock(self->mutex);
            todo.swap(self->tasks);
        }
        for (const auto &task : todo)
            task();
    }
    static constexpr mm_event_source_ops wake_ops = {"test", ready, nullptr, nullptr};

    World world;
    int wake_fd = -1;
    std::thread thread;
    std::mutex mutex;
    std::vector<std::function<void()>> tasks;
};

// A program that runs beside the test, with its output in a pipe.
class Program
{
  public:
    // stdout_fd -1: a pipe of ours; -2: closed.
    explicit Program(const std::vector<std::string> &arguments, int stdout_fd = -1,
                     const std::vector<std::string> &environment = {"TERM=xterm", "LC_ALL=C.UTF-8"})
    {
        int output_pipe[2], error_pipe[2];
        posix_spawn_file_actions_t actions;

        EXPECT_EQ(pipe2(output_pipe, O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(error_pipe, O_CLOEXEC), 0);
        posix_spawn_file_actions_init(&actions);
        if (stdout_fd == -2)
            posix_spawn_file_actions_addclose(&actions, 1);
        else
            posix_spawn_file_actions_adddup2(&actions, stdout_fd >= 0 ? stdout_fd : output_pipe[1], 1);
        posix_spawn_file_actions_adddup2(&actions, error_pipe[1], 2);
        std::vector<char *> argv = pointers(arguments), envp = pointers(environment);
        EXPECT_EQ(posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), envp.data()), 0) << argv[0];
        posix_spawn_file_actions_destroy(&actions);
        close(output_pipe[1]);
        close(error_pipe[1]);
        output_fd = output_pipe[0];
        error_fd = error_pipe[0];
    }
    ~Program()
    {
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
        close_output();
        close(error_fd);
    }
    Program(const Program &) = delete;
    Program &operator=(const Program &) = delete;

    // Its exit status, or 128 + the signal; everything it wrote is in output and errors.
    int finish()
    {
        int status = 0;

        read_all(output_fd, output);
        read_all(error_fd, errors);
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // The next line of its output, "" at the end or when none comes within 10 s.
    std::string line()
    {
        size_t end;

        while ((end = unread.find('\n')) == std::string::npos) {
            pollfd poller{output_fd, POLLIN, 0};
            char buffer[4096];

            if (poll(&poller, 1, 10000) != 1)
                return "";
            ssize_t length = read(output_fd, buffer, sizeof(buffer));
            if (length <= 0)
                return "";
            unread.append(buffer, (size_t)length);
        }
        std::string text = unread.substr(0, end);
        unread.erase(0, end + 1);
        return text;
    }
    void close_output()
    {
        if (output_fd >= 0)
            close(output_fd);
        output_fd = -1;
    }
    void send(int signal) const
    {
        EXPECT_EQ(kill(pid, signal), 0);
    }

    std::string output, errors;

  private:
    static std::vector<char *> pointers(const std::vector<std::string> &texts)
    {
        std::vector<char *> result;

        for (const std::string &text : texts)
            result.push_back(const_cast<char *>(text.c_str()));
        result.push_back(nullptr);
        return result;
    }
    static void read_all(int fd, std::string &text)
    {
        char buffer[65536];
        ssize_t length;

        while (fd >= 0 && (length = read(fd, buffer, sizeof(buffer))) > 0)
            text.append(buffer, (size_t)length);
    }
    pid_t pid = 0;
    int output_fd = -1, error_fd = -1;
    std::string unread;
};

} // namespace service_test

#endif
