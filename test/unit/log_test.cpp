// SPDX-License-Identifier: Apache-2.0
// The log: its lines, and the thread that writes them.
#include "common/common.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

// Sends standard error into a pipe for the length of a test.
class LogTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        int ends[2];

        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        read_end = ends[0];
        saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        ASSERT_GE(saved_stderr, 0);
        ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
        (void)close(ends[1]);
        (void)unsetenv("JOURNAL_STREAM");
        mm_log_init("test", MM_LOG_INFO);
    }

    void TearDown() override
    {
        // Whatever a failed test left in the pipe must not hold up the writer.
        std::thread drain([this] { (void)read_to_end(); });

        mm_log_stop_writer(10000);
        restore();
        drain.join();
        (void)close(read_end);
    }

    // Ends the stream, so that a reader sees its end.
    void restore()
    {
        if (saved_stderr < 0)
            return;
        (void)dup2(saved_stderr, STDERR_FILENO);
        (void)close(saved_stderr);
        saved_stderr = -1;
    }

    std::string read_to_end() const
    {
        std::string text;
        char buffer[4096];

        for (ssize_t count; (count = read(read_end, buffer, sizeof(buffer))) > 0;)
            text.append(buffer, static_cast<size_t>(count));
        return text;
    }

    // What is in the pipe now.
    std::string read_available() const
    {
        std::string text;
        struct pollfd readable = {read_end, POLLIN, 0};

        while (poll(&readable, 1, 0) == 1 && (readable.revents & POLLIN)) {
            char buffer[4096];
            ssize_t count = read(read_end, buffer, sizeof(buffer));

            if (count <= 0)
                break;
            text.append(buffer, static_cast<size_t>(count));
        }
        return text;
    }

    // Fills the pipe to the last byte; returns how many bytes that took.
    static size_t fill_pipe()
    {
        const std::string filler(4096, '.');
        const int flags = fcntl(STDERR_FILENO, F_GETFL);
        size_t total = 0;

        (void)fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
        for (size_t step = filler.size(); step > 0; step = step == 1 ? 0 : 1) {
            for (ssize_t count; (count = write(STDERR_FILENO, filler.data(), step)) > 0;)
                total += static_cast<size_t>(count);
        }
        (void)fcntl(STDERR_FILENO, F_SETFL, flags);
        return total;
    }

    int read_end = -1;
    int saved_stderr = -1;
};

TEST_F(LogTest, SynchronousLine)
{
    errno = ENOENT;
    mm_warning("cannot open %s: %m", "/x");
    EXPECT_EQ(errno, ENOENT);
    EXPECT_EQ(read_available(), "test: warning: cannot open /x: No such file or directory\n");
}

TEST_F(LogTest, LevelsBelowTheChosenOneAreSilent)
{
    mm_debug("no");
    mm_info("yes");
    mm_log_set_level(MM_LOG_ERROR);
    mm_warning("no");
    mm_error("yes");
    EXPECT_EQ(read_available(), "test: info: yes\ntest: error: yes\n");
}

TEST_F(LogTest, LevelNames)
{
    enum mm_log_level level = MM_LOG_DEBUG;

    EXPECT_EQ(mm_log_level_parse("warning", &level), 0);
    EXPECT_EQ(level, MM_LOG_WARNING);
    EXPECT_EQ(mm_log_level_parse("Warning", &level), -EINVAL);
    EXPECT_EQ(mm_log_level_parse("", &level), -EINVAL);
    EXPECT_EQ(level, MM_LOG_WARNING);
}

TEST_F(LogTest, MessageCannotForgeALine)
{
    mm_info("name=%s", "a\ntest: error: forged\x1b[2J\x7f");
    EXPECT_EQ(read_available(), "test: info: name=a test: error: forged [2J \n");
}

TEST_F(LogTest, LongLineIsCut)
{
    mm_info("%s", std::string(2000, 'x').c_str());
    const std::string text = read_available();

    EXPECT_EQ(text.size(), static_cast<size_t>(MM_LOG_LINE_MAX));
    EXPECT_EQ(text.back(), '\n');
    EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST_F(LogTest, JournalPrefixOnlyWhenStandardErrorIsTheJournal)
{
    struct stat status = {};
    char stream[64];

    ASSERT_EQ(fstat(STDERR_FILENO, &status), 0);
    (void)snprintf(stream, sizeof(stream), "%llu:%llu", static_cast<unsigned long long>(status.st_dev),
                   static_cast<unsigned long long>(status.st_ino));
    ASSERT_EQ(setenv("JOURNAL_STREAM", stream, 1), 0);
    mm_log_init("test", MM_LOG_INFO);
    mm_notice("one");
    ASSERT_EQ(setenv("JOURNAL_STREAM", "1:1", 1), 0);
    mm_log_init("test", MM_LOG_INFO);
    mm_notice("two");
    EXPECT_EQ(read_available(), "<5>one\ntest: notice: two\n");
}

TEST_F(LogTest, WriterKeepsOrderAndStopWritesEverything)
{
    std::string expected;

    ASSERT_EQ(mm_log_start_writer(), 0);
    ASSERT_EQ(mm_log_start_writer(), 0);
    for (int i = 0; i < 500; i++) {
        mm_info("line %d", i);
        expected += "test: info: line " + std::to_string(i) + "\n";
    }
    mm_log_stop_writer(10000);
    EXPECT_EQ(read_available(), expected);
    mm_info("after");
    EXPECT_EQ(read_available(), "test: info: after\n");
    mm_log_stop_writer(10000);
}

TEST_F(LogTest, RingWrapsWithoutTearingLines)
{
    const uint64_t lost = mm_log_lost_lines();

    ASSERT_EQ(mm_log_start_writer(), 0);
    // Several times the ring, of lengths that do not divide it; each batch fits and is awaited.
    for (int batch = 0; batch < 40; batch++) {
        std::string expected, text;

        for (int i = 0; i < 50; i++) {
            const std::string line(static_cast<size_t>((batch * 50 + i) % 397),
                                   static_cast<char>('a' + i % 26));

            mm_info("%s", line.c_str());
            expected += "test: info: " + line + "\n";
        }
        text.resize(expected.size());
        for (size_t got = 0; got < text.size();) {
            const ssize_t count = read(read_end, &text[got], text.size() - got);

            ASSERT_GT(count, 0);
            got += static_cast<size_t>(count);
        }
        ASSERT_EQ(text, expected) << "batch " << batch;
    }
    EXPECT_EQ(mm_log_lost_lines(), lost);
}

TEST_F(LogTest, FullPipeHoldsUpNobodyAndLossesAreCounted)
{
    const int lines = 5000;
    const uint64_t lost_before = mm_log_lost_lines();
    const size_t filled = fill_pipe();
    std::string text;

    ASSERT_GT(filled, 0U);
    ASSERT_EQ(mm_log_start_writer(), 0);
    // Were a call to wait for the pipe, it would wait for ever: nobody reads before all lines are logged.
    for (int i = 0; i < lines; i++)
        mm_info("storm %04d ..................................................", i);
    const uint64_t lost = mm_log_lost_lines() - lost_before;

    EXPECT_GT(lost, 0U);
    EXPECT_LT(lost, static_cast<uint64_t>(lines));
    const auto before_stop = std::chrono::steady_clock::now();
    mm_log_stop_writer(50);
    EXPECT_GE(std::chrono::steady_clock::now() - before_stop, std::chrono::milliseconds(50));

    std::thread reader([&] { text = read_to_end(); });
    mm_log_stop_writer(10000);
    restore();
    reader.join();
    text.erase(0, filled);
    size_t kept = 0;
    for (size_t at = text.find("storm"); at != std::string::npos; at = text.find("storm", at + 1))
        kept++;
    EXPECT_EQ(kept + lost, static_cast<uint64_t>(lines));
    EXPECT_EQ(text.find("test: info: storm 0000 "), 0U);
    EXPECT_NE(text.find("test: warning: " + std::to_string(lost) + " log lines were lost\n"),
              std::string::npos);
}

TEST_F(LogTest, ClosedPipeCountsLines)
{
    const uint64_t lost = mm_log_lost_lines();
    int ends[2];

    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    (void)close(ends[0]);
    ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(ends[1]);
    // The writer blocks SIGPIPE, so the program lives.
    ASSERT_EQ(mm_log_start_writer(), 0);
    mm_info("one");
    mm_info("two");
    mm_log_stop_writer(10000);
    EXPECT_GE(mm_log_lost_lines(), lost + 2);
}

TEST_F(LogTest, ManyThreadsTearNoLine)
{
    std::vector<std::thread> threads;
    std::string text;
    const uint64_t lost_before = mm_log_lost_lines();
    std::thread reader([&] { text = read_to_end(); });
    size_t count = 0;

    ASSERT_EQ(mm_log_start_writer(), 0);
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([t] {
            for (int i = 0; i < 1000; i++)
                mm_info("thread %d says %s.", t, std::string(50, static_cast<char>('a' + t)).c_str());
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    mm_log_stop_writer(10000);
    restore();
    reader.join();
    for (size_t at = 0, end; at < text.size(); at = end + 1) {
        end = text.find('\n', at);
        ASSERT_NE(end, std::string::npos);
        const std::string line = text.substr(at, end - at);

        if (line.find("were lost") != std::string::npos)
            continue;
        const char t = line.at(19);
        EXPECT_EQ(line, std::string("test: info: thread ") + t + " says " +
                            std::string(50, static_cast<char>('a' + t - '0')) + ".");
        count++;
    }
    EXPECT_EQ(count + (mm_log_lost_lines() - lost_before), 4000U);
}

TEST_F(LogTest, WriterThreadHasItsNameAndBlocksSignals)
{
    int found = 0;
    char first = 0;

    ASSERT_EQ(mm_log_start_writer(), 0);
    mm_info("up");
    // The line's arrival shows that the thread has named itself.
    ASSERT_EQ(read(read_end, &first, 1), 1);
    for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(task.path() / "status");
        std::string line;
        bool is_writer = false;

        while (std::getline(status, line)) {
            if (line == "Name:\tmemmgr-log")
                is_writer = true;
            if (!is_writer || line.rfind("SigBlk:", 0) != 0)
                continue;
            const uint64_t blocked = std::stoull(line.substr(8), nullptr, 16);

            found++;
            for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE})
                EXPECT_TRUE(blocked & 1ULL << (number - 1)) << number;
        }
    }
    EXPECT_EQ(found, 1);
}

} // namespace
