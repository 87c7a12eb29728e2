/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon as a process of this machine, in a dry run: what it costs when nothing happens. Needs root. */
#include "kernel_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

namespace
{

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

    void start()
    {
        const std::string place = directory;
        char message[256];
        ssize_t length;

        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            setenv("NOTIFY_SOCKET", (place + "/notify").c_str(), 1);
            execl(MM_MEMMGRD, MM_MEMMGRD, "--dry-run", "--config", "", "--runtime-directory", place.c_str(),
                  "--socket", (place + "/control.sock").c_str(), "--log-level", "error", nullptr);
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

    // Until it has not woken for half a second: the BPF programs are in, or never will be.
    void wait_until_settled() const
    {
        uint64_t before = sleeps();

        for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += 500) {
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            if (sleeps() - before <= 1)
                return;
            before = sleeps();
        }
        FAIL() << "never at rest";
    }

    char directory[64] = "/run/memmgr-test-XXXXXX";
    int notify_fd = -1;
    pid_t pid = -1;
};

// Nobody talks to it and memory is plentiful: two seconds hold a look at memory or two, and what pressure other work on
// this machine makes; a loop that turns for nothing shows thousands.
TEST_F(Daemon, SleepsWhenItIsCalm)
{
    start();
    wait_until_settled();

    const uint64_t before = sleeps();

    std::this_thread::sleep_for(std::chrono::seconds(2));
    EXPECT_LE(sleeps() - before, 30u);
}

// Processes nobody registered come and go by the hundred on any machine that builds or runs scripts.
TEST_F(Daemon, SleepsThroughTheEndsOfStrangers)
{
    start();
    wait_until_settled();

    const uint64_t before = sleeps();

    for (int i = 0; i < 400; i++) {
        const pid_t child = fork();

        if (child == 0)
            _exit(0);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
    }
    EXPECT_LE(sleeps() - before, 60u);
}

// Whatever a kill runs through must not have to be read from a disk under pressure.
TEST_F(Daemon, HasAllOfItsOwnCodeInMemory)
{
    uint64_t size_kib = 0, resident_kib = 0;
    std::string line;
    bool is_code = false;

    start();
    std::istringstream smaps(read_text("/proc/" + std::to_string(pid) + "/smaps"));
    while (std::getline(smaps, line)) {
        if (line.find('-') != std::string::npos && line.find('-') < line.find(' '))
            is_code = line.find(" r-xp ") != std::string::npos && line.find("/memmgrd") != std::string::npos;
        else if (is_code && line.rfind("Size:", 0) == 0)
            size_kib += std::stoull(line.substr(5));
        else if (is_code && line.rfind("Rss:", 0) == 0)
            resident_kib += std::stoull(line.substr(4));
    }
    EXPECT_GT(size_kib, 0u);
    EXPECT_EQ(resident_kib, size_kib);
}

TEST_F(Daemon, EndsCleanlyWhenAsked)
{
    start();

    const int status = end(SIGTERM);

    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_FALSE(std::filesystem::exists(std::string(directory) + "/control.sock"));
}

} // namespace
