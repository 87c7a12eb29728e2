// SPDX-License-Identifier: Apache-2.0
// Configurations from texts, and what was found in them, for the config_*_test programs.
#pragma once

#include "config/config.h"
#include "config/xml_reader.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

struct ConfigDeleter {
    void operator()(mm_config *config) const
    {
        mm_config_free(config);
    }
};
using ConfigPointer = std::unique_ptr<mm_config, ConfigDeleter>;

struct Items {
    mm_config_items value{};
    ~Items()
    {
        mm_config_items_fini(&value);
    }
};

struct Problems {
    mm_problems value{};
    ~Problems()
    {
        mm_problems_fini(&value);
    }
    std::vector<std::string> lines() const
    {
        std::vector<std::string> all;
        for (size_t i = 0; i < value.count; i++) {
            char line[MM_PROBLEM_TEXT_MAX];
            all.emplace_back(mm_problem_text(&value.items[i], line, sizeof(line)));
        }
        return all;
    }
    std::string joined() const
    {
        std::string all;
        for (const std::string &line : lines())
            all += line + "\n";
        return all;
    }
};

struct Loaded {
    int result = 0;
    ConfigPointer config;
    std::vector<std::string> problems; // "f.xml:1:2: error: text"
};

// The text as a file "f.xml", read and built.
inline Loaded load_text(const std::string &text, uint64_t ram_bytes = 0, bool is_strict = false)
{
    Loaded loaded;
    Items file, items;
    Problems problems;
    mm_config *config = nullptr;
    mm_config_device device{};

    problems.value.is_strict = is_strict;
    int r = mm_config_parse_xml("f.xml", text.data(), text.size(), &file.value, &problems.value);

    device.ram_bytes = ram_bytes;
    EXPECT_TRUE(r == 0 || r == -EINVAL) << r;
    r = mm_config_merge(&file.value, 1, &device, &items.value, &problems.value);
    EXPECT_TRUE(r == 0 || r == -EINVAL) << r;
    loaded.result = mm_config_build(&items.value, &device, &config, &problems.value);
    loaded.config.reset(config);
    loaded.problems = problems.lines();
    return loaded;
}

// The same with the content of the root element; that begins in line 1, column 9.
inline Loaded load_body(const std::string &body, uint64_t ram_bytes = 0)
{
    return load_text("<Memmgr>" + body + "</Memmgr>", ram_bytes);
}

inline std::string read_whole(const std::string &path)
{
    std::ifstream stream(path, std::ios::binary);
    std::stringstream content;

    EXPECT_TRUE(stream.good()) << path;
    content << stream.rdbuf();
    return content.str();
}

// The configuration as mm_config_write_xml prints it: equal texts are equal configurations.
inline std::string printed(const mm_config *config)
{
    char *bytes = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);

    EXPECT_EQ(mm_config_write_xml(stream, config), 0);
    fclose(stream);
    std::string text(bytes, length);
    free(bytes);
    return text;
}
