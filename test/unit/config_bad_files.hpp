// SPDX-License-Identifier: Apache-2.0
// Bad files, each with all that is to be said of it: "line:column: severity: text". The config_bad_*_test files hold
// them.
#pragma once

#include "config_helpers.hpp"

#include <cerrno>

struct BadFile {
    const char *name;
    std::string text;
    std::vector<std::string> problems; // without the file's name
    uint64_t ram_mb = 0;               // of the device; 0: not known
};

inline std::string whole(const std::string &text)
{
    return text;
}

// What stands in the root, from line 2, column 1 on.
inline std::string content(const std::string &text)
{
    return "<Memmgr>\n" + text + "\n</Memmgr>\n";
}

class ConfigBadFile : public testing::TestWithParam<BadFile>
{
};

inline std::string bad_file_name(const testing::TestParamInfo<BadFile> &info)
{
    return info.param.name;
}
