// SPDX-License-Identifier: Apache-2.0
// Programs that are started.
#include "common/spawn.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

// Of the signals that have names: above them the C library keeps some to itself.
unsigned long mask_of(const std::string &status, const char *name)
{
    const size_t at = status.find(name);

    return at == std::string::npos ? ~0UL
                                   : strtoul(status.c_str() + at + strlen(name), nullptr, 16) & 0x7fffffffUL;
}

// What the program has of ours: the named descriptors, and nothing that we ignore or block.
TEST(Spawn, GivesTheNamedDescriptorsAndSignalsAsOfNobody)
{
    char program[] = "/bin/sh", option[] = "-c";
    char script[] =
        "read line; echo \"[$line] $HOME $(grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t')\"";
    char *const arguments[] = {program, option, script, nullptr};
    char variable[] = "HOME=/nowhere", path[] = "PATH=/bin:/usr/bin";
    char *const environment[] = {variable, path, nullptr};
    int ends[2], status = 0;
    pid_t pid = 0;
    sigset_t blocked, before;
    std::string said;
    char byte;

    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const mm_spawn_descriptor descriptors[] = {{MM_SPAWN_NULL, STDIN_FILENO}, {ends[1], STDOUT_FILENO}};
    const mm_program wanted = {program, arguments, environment, descriptors, 2, false};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    const auto handler = signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(mm_spawn(&wanted, &pid), 0);
    signal(SIGPIPE, handler);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        said += byte;
    close(ends[0]);
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(said.find("[] /nowhere "), 0U) << said;
    EXPECT_EQ(mask_of(said, "SigBlk:"), 0U) << said;
    EXPECT_EQ(mask_of(said, "SigIgn:"), 0U) << said;
}

TEST(Spawn, SaysWhatKeepsAProgramFromRunning)
{
    char program[] = "/nowhere/at/all";
    char *const arguments[] = {program, nullptr};
    char *const environment[] = {nullptr};
    const mm_program wanted = {program, arguments, environment, nullptr, 0, false};
    pid_t pid = 4242;

    EXPECT_EQ(mm_spawn(&wanted, &pid), -ENOENT);
}

} // namespace
