// SPDX-License-Identifier: Apache-2.0
// A pseudo-terminal with a program on it, and what its screen shows: a VT52, the terminal with the fewest commands.
#ifndef MM_TEST_TERMINAL_H
#define MM_TEST_TERMINAL_H

#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>
#include <vector>

class Terminal
{
  public:
    Terminal(const std::vector<std::string> &arguments, unsigned short rows, unsigned short columns,
             const std::string &type = "vt52")
    {
        winsize size{};

        size.ws_row = rows;
        size.ws_col = columns;
        EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
        EXPECT_EQ(tcgetattr(slave, &modes_before), 0);
        lines.assign(rows, std::string(columns, ' '));
        child = fork();
        if (child == 0)
            become(arguments, type);
        EXPECT_GT(child, 0);
    }
    ~Terminal()
    {
        if (child > 0) {
            kill(child, SIGKILL);
            waitpid(child, nullptr, 0);
        }
        close(slave);
        close(master);
    }
    Terminal(const Terminal &) = delete;
    Terminal &operator=(const Terminal &) = delete;

    void type(const std::string &keys) const
    {
        ASSERT_EQ(write(master, keys.data(), keys.size()), (ssize_t)keys.size());
    }

    void resize(unsigned short rows, unsigned short columns)
    {
        winsize size{};

        size.ws_row = rows;
        size.ws_col = columns;
        lines.assign(rows, std::string(columns, ' '));
        row = column = 0;
        ASSERT_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
        ASSERT_EQ(kill(child, SIGWINCH), 0);
    }

    // Takes in what is written until the screen is as wanted; false after ten seconds.
    bool shows(const std::function<bool(const Terminal &)> &is_wanted)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);

        while (!is_wanted(*this)) {
            if (std::chrono::steady_clock::now() > end || !take(1000))
                return is_wanted(*this);
        }
        return true;
    }
    bool shows(const std::string &text)
    {
        return shows([&text](const Terminal &terminal) { return terminal.line_with(text) >= 0; });
    }

    // The first line with the text in it; -1.
    int line_with(const std::string &text) const
    {
        for (size_t i = 0; i < lines.size(); i++) {
            if (lines[i].find(text) != std::string::npos)
                return (int)i;
        }
        return -1;
    }

    std::string screen() const
    {
        std::string all;

        for (const std::string &line : lines)
            all += line + "|\n";
        return all;
    }

    // Waits for the program's end; its wait status. All it wrote is in `written`.
    int finish()
    {
        int status = -1;
        pid_t done = 0;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);

        while ((done = waitpid(child, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < end)
            (void)take(10);
        while (take(0)) {
        }
        if (done == child)
            child = -1;
        return done == 0 ? -1 : status;
    }

    // The terminal is as it was given.
    bool is_restored() const
    {
        termios now{};

        return tcgetattr(slave, &now) == 0 && now.c_lflag == modes_before.c_lflag &&
               now.c_iflag == modes_before.c_iflag && now.c_oflag == modes_before.c_oflag;
    }

    pid_t child = -1;
    std::vector<std::string> lines;
    std::string written;

  private:
    [[noreturn]] void become(const std::vector<std::string> &arguments, const std::string &type) const
    {
        std::vector<char *> argv;

        for (const std::string &argument : arguments)
            argv.push_back(const_cast<char *>(argument.c_str()));
        argv.push_back(nullptr);
        (void)login_tty(dup(slave));
        (void)setenv("TERM", type.c_str(), 1);
        (void)setenv("LC_ALL", "C.UTF-8", 1);
        (void)unsetenv("LINES");
        (void)unsetenv("COLUMNS");
        (void)execv(argv[0], argv.data());
        _exit(127);
    }

    bool take(int timeout_ms)
    {
        pollfd descriptor = {master, POLLIN, 0};
        char buffer[4096];

        if (poll(&descriptor, 1, timeout_ms) != 1)
            return timeout_ms > 0;
        const ssize_t length = read(master, buffer, sizeof(buffer));
        if (length <= 0)
            return false;
        written.append(buffer, (size_t)length);
        for (ssize_t i = 0; i < length; i++)
            take_byte((unsigned char)buffer[i]);
        return true;
    }

    void put(char byte)
    {
        if (row < lines.size() && column < lines[row].size())
            lines[row][column] = byte;
        column = std::min(column + 1, lines.empty() ? 0 : lines[0].size() - 1);
    }

    void erase(bool to_the_end)
    {
        if (row < lines.size() && column < lines[row].size())
            lines[row].replace(column, std::string::npos, std::string(lines[row].size() - column, ' '));
        for (size_t i = row + 1; to_the_end && i < lines.size(); i++)
            lines[i].assign(lines[i].size(), ' ');
    }

    // After an Escape: a letter, or Y and the place.
    void take_command(unsigned char byte)
    {
        if (command == "\x1b") {
            command = byte == 'Y' ? "\x1bY" : "";
            if (byte == 'H')
                row = column = 0;
            else if (byte == 'J' || byte == 'K')
                erase(byte == 'J');
            else if (byte == 'A' && row > 0)
                row--;
            else if (byte == 'B')
                row++;
            else if (byte == 'C')
                column++;
            else if (byte == 'D' && column > 0)
                column--;
            return;
        }
        command += (char)byte;
        if (command.size() == 4) {
            row = (size_t)(unsigned char)command[2] - ' ';
            column = (size_t)(unsigned char)command[3] - ' ';
            command.clear();
        }
    }

    void take_byte(unsigned char byte)
    {
        if (!command.empty())
            take_command(byte);
        else if (byte == 0x1b)
            command = "\x1b";
        else if (byte == '\r')
            column = 0;
        else if (byte == '\n')
            row++;
        else if (byte == '\b' && column > 0)
            column--;
        else if (byte == '\t')
            column = (column / 8 + 1) * 8;
        else if (byte >= ' ')
            put((char)byte);
    }

    int master = -1, slave = -1;
    size_t row = 0, column = 0;
    std::string command;
    termios modes_before{};
};

#endif
