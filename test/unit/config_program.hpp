// SPDX-License-Identifier: Apache-2.0
// memmgr-config as a program: run with arguments, its output caught; and a directory for its files.
#pragma once

#include "config_helpers.hpp"

#include <cjson/cJSON.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct Outcome {
    int status = -1;
    std::string output, errors;
};

inline std::string content_of(int fd)
{
    std::string text;
    char bytes[65536];

    (void)lseek(fd, 0, SEEK_SET);
    while (ssize_t n = read(fd, bytes, sizeof(bytes))) {
        if (n < 0)
            break;
        text.append(bytes, static_cast<size_t>(n));
    }
    return text;
}

// before runs in the child, before the program does.
inline Outcome run_config(const std::vector<std::string> &arguments, const std::string &input = "",
                          const std::function<void()> &before = nullptr)
{
    int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC),
        err = memfd_create("err", MFD_CLOEXEC);
    EXPECT_EQ(write(in, input.data(), input.size()), static_cast<ssize_t>(input.size()));
    (void)lseek(in, 0, SEEK_SET);
    pid_t pid = fork();
    if (pid == 0) {
        std::vector<char *> words = {const_cast<char *>(MM_CONFIG_PROGRAM)};
        for (const std::string &argument : arguments)
            words.push_back(const_cast<char *>(argument.c_str()));
        words.push_back(nullptr);
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        if (before)
            before();
        execv(words[0], words.data());
        _exit(127);
    }
    Outcome outcome;
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    outcome.output = content_of(out);
    outcome.errors = content_of(err);
    close(in);
    close(out);
    close(err);
    return outcome;
}

struct JsonDeleter {
    void operator()(cJSON *json) const
    {
        cJSON_Delete(json);
    }
};
using JsonPointer = std::unique_ptr<cJSON, JsonDeleter>;

// A member by a path such as "problems/0/line"; nullptr when there is none.
inline const cJSON *json_at(const cJSON *json, const std::string &path)
{
    std::stringstream parts(path);

    for (std::string part; json && std::getline(parts, part, '/');)
        json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, std::stoi(part))
                                   : cJSON_GetObjectItemCaseSensitive(json, part.c_str());
    return json;
}

inline std::string json_text(const cJSON *json)
{
    char *text = json ? cJSON_PrintUnformatted(json) : nullptr;
    std::string result = text ? text : "(none)";

    cJSON_free(text);
    return result;
}

class ConfigProgram : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/mm_config_program_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        directory = name;
        std::filesystem::permissions(directory, std::filesystem::perms(0755));
    }
    void TearDown() override
    {
        std::filesystem::remove_all(directory);
    }
    // A file in the directory; body stands in the root element unless it begins with one itself.
    std::string file(const std::string &name, const std::string &body) const
    {
        std::string path = directory + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << (body.rfind("<?xml", 0) == 0 ? body : "<Memmgr>" + body + "</Memmgr>\n");
        return path;
    }
    std::vector<std::string> names() const
    {
        std::vector<std::string> all;
        for (const auto &entry : std::filesystem::directory_iterator(directory))
            all.push_back(entry.path().filename());
        std::sort(all.begin(), all.end());
        return all;
    }
    std::string directory;
};
