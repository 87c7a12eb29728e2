/* SPDX-License-Identifier: Apache-2.0 */
/* memmgrctl as its users meet it: a program with output, colours and exit codes, and a daemon's socket. */
#ifndef MM_TEST_UNIT_MEMMGRCTL_FIXTURE_H
#define MM_TEST_UNIT_MEMMGRCTL_FIXTURE_H

#include "service_server.h"

#include <fstream>
#include <sstream>

namespace service_test
{

struct Outcome {
    int exit_code;
    std::string output, errors;
};

inline std::vector<std::string> command_line(const std::vector<std::string> &arguments)
{
    std::vector<std::string> all = {MM_MEMMGRCTL};

    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

inline Outcome run(const std::vector<std::string> &arguments)
{
    Program program(command_line(arguments));
    int exit_code = program.finish();

    return {exit_code, program.output, program.errors};
}

inline std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    EXPECT_TRUE(file) << path;
    text << file.rdbuf();
    return text.str();
}

inline std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    std::stringstream stream(text);
    std::string line;

    while (std::getline(stream, line))
        lines.push_back(line);
    return lines;
}

class Ctl : public testing::Test
{
  protected:
    Outcome ask(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), {"--socket", server.path});
        return run(arguments);
    }
    // With --json: the answer.
    Json ask_json(const std::vector<std::string> &arguments)
    {
        std::vector<std::string> all = arguments;

        all.emplace_back("--json");
        Outcome outcome = ask(all);
        Json json = parse(outcome.output);
        EXPECT_TRUE(json) << outcome.output << outcome.errors;
        return json;
    }
    Server server;
};

} // namespace service_test

#endif
