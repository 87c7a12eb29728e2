// SPDX-License-Identifier: Apache-2.0
// A memmgrd in a dry run, as a process of this machine. Needs root.
#ifndef MM_TEST_KERNEL_DAEMON_FIXTURE_H
#define MM_TEST_KERNEL_DAEMON_FIXTURE_H

#include "kernel_fixture.h"

#include <chrono>
#include <sys/socket.h>
#include <sys/un.h>

// A memmgrd of its own directory, asked to tell when it is ready.
class Daemon : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        struct sockaddr_un address = {};
        const struct timeval timeout = {patience_ms / 1000, 0};

        ASSERT_EQ(geteuid(), 0u) << "needs root";
        ASSERT_NE(mkdtemp(directory), nullptr);
        address.sun_family = AF_UNIX;
        strcpy(address.sun_path, (std::string(directory) + "/notify").c_str());
        notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ASSERT_EQ(bind(notify_fd, reinterpret_cast<const struct sockaddr *>(&address), sizeof(address)), 0);
        ASSERT_EQ(setsockopt(notify_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
    }

    void TearDown() override
    {
        if (pid > 0)
            (void)end(SIGKILL);
        close(notify_fd);
        std::filesystem::remove_all(directory);
    }

    // config: a file, or none.
    void start(const std::string &config = "")
    {
        start_with(config, "--dry-run");
    }

    // Not in a dry run: only where all that it may touch is the test's.
    void start_for_real(const std::string &config)
    {
        start_with(config, "--foreground");
    }

    void start_with(const std::string &config, const char *mode)
    {
        const std::string place = directory;
        char message[256];
        ssize_t length;

        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (dropped_capability >= 0)
                prctl(PR_CAPBSET_DROP, dropped_capability, 0, 0, 0);
            setenv("NOTIFY_SOCKET", (place + "/notify").c_str(), 1);
            execl(MM_MEMMGRD, MM_MEMMGRD, mode, "--config", config.c_str(), "--runtime-directory",
                  place.c_str(), "--socket", (place + "/control.sock").c_str(), "--log-level", "error",
                  nullptr);
            _exit(127);
        }
        do {
            length = recv(notify_fd, message, sizeof(message) - 1, 0);
            ASSERT_GT(length, 0) << "not ready in time";
            message[length] = '\0';
        } while (!strstr(message, "READY=1"));
    }

    // Its wait status.
    int end(int number)
    {
        int status = 0;

        kill(pid, number);
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        pid = -1;
        return status;
    }

    // Times that any of its threads went to sleep: as often as they woke.
    uint64_t sleeps() const
    {
        uint64_t sum = 0;

        for (const auto &task :
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
            const std::string status = read_text(task.path().string() + "/status");
            const char key[] = "\nvoluntary_ctxt_switches:\t";
            const size_t position = status.find(key);

            if (position != std::string::npos)
                sum += std::stoull(status.substr(position + sizeof(key) - 1));
        }
        return sum;
    }

    std::string command(const std::string &words) const
    {
        return std::string(MM_MEMMGRCTL) + " " + words + " --socket " + directory + "/control.sock";
    }

    // What memmgrctl says.
    std::string ask(const std::string &words) const
    {
        FILE *pipe = popen(command(words).c_str(), "re");
        std::string answer;
        char buffer[4096];
        size_t length;

        while ((length = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
            answer.append(buffer, length);
        EXPECT_EQ(pclose(pipe), 0) << words;
        return answer;
    }

    // Asks until the answer is yes, in the pace in which the daemon answers.
    template <typename Question> bool comes_true(Question question) const
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);

        while (!question()) {
            if (std::chrono::steady_clock::now() > end)
                return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    }

    // Until the BPF programs are in, or never will be.
    void wait_until_settled() const
    {
        EXPECT_TRUE(comes_true([this] { return ask("status").find("being loaded") == std::string::npos; }));
    }

    // What it may wake in that time: 50 times a second for processes that come and go, and as they do on this machine
    // whatever the test does, and for a look at memory, or pressure that other work makes.
    static uint64_t sleeps_allowed(std::chrono::steady_clock::time_point begin)
    {
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;

        return static_cast<uint64_t>(time.count() * 55) + 30;
    }

    int dropped_capability = -1; // from what the daemon may have
    char directory[64] = "/run/memmgr-test-XXXXXX";
    int notify_fd = -1;
    pid_t pid = -1;
};

#endif
