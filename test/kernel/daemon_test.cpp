/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon as a process of this machine, in a dry run: what it costs when nothing happens. Needs root. */
#include "daemon_fixture.h"

namespace
{

// Nobody talks to it and memory is plentiful; a loop that turns for nothing shows thousands.
TEST_F(Daemon, SleepsWhenItIsCalm)
{
    start();
    wait_until_settled();

    const uint64_t before = sleeps();
    const auto begin = std::chrono::steady_clock::now();

    std::this_thread::sleep_for(std::chrono::seconds(2));
    EXPECT_LE(sleeps() - before, sleeps_allowed(begin));
}

// Processes nobody registered come and go by the hundred on any machine that builds or runs scripts.
TEST_F(Daemon, SleepsThroughTheEndsOfStrangers)
{
    start();
    wait_until_settled();

    const uint64_t before = sleeps();
    const auto begin = std::chrono::steady_clock::now();

    for (int i = 0; i < 400; i++) {
        const pid_t child = fork();

        if (child == 0)
            _exit(0);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
    }
    EXPECT_LE(sleeps() - before, sleeps_allowed(begin));
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
