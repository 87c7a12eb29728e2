// SPDX-License-Identifier: Apache-2.0
// Several texts as files that lie over each other.
#pragma once

#include "config_helpers.hpp"

struct Device {
    uint64_t ram_mb = 0;
    unsigned screen_inches = 0;
    const char *name = nullptr;
};

struct Merged {
    int result = 0;
    Items items;
    ConfigPointer config;
    std::vector<std::string> problems; // "1.xml:1:9: error: text"
};

// Each text as the content of the root of a file: 1.xml, 2.xml, ...; it begins in line 1, column 9.
inline void merge(const std::vector<std::string> &bodies, const Device &device, Merged &merged)
{
    std::vector<mm_config_items> files;
    Problems problems;
    mm_config *config = nullptr;
    mm_config_device asked{};

    asked.ram_bytes = device.ram_mb << 20;
    asked.screen_inches = device.screen_inches;
    asked.device = device.name;
    for (const std::string &body : bodies) {
        const std::string name = std::to_string(files.size() + 1) + ".xml",
                          text = "<Memmgr>" + body + "</Memmgr>";
        mm_config_items items{};
        int r = mm_config_parse_xml(name.c_str(), text.data(), text.size(), &items, &problems.value);
        EXPECT_TRUE(r == 0 || r == -EINVAL) << r;
        files.push_back(items);
    }
    int r = mm_config_merge(files.data(), files.size(), &asked, &merged.items.value, &problems.value);
    EXPECT_EQ(r, problems.value.error_count > 0 ? -EINVAL : 0);
    merged.result = mm_config_build(&merged.items.value, &asked, &config, &problems.value);
    merged.config.reset(config);
    merged.problems = problems.lines();
    for (mm_config_items &items : files)
        mm_config_items_fini(&items);
}

inline std::string profile(const std::string &attributes, const std::string &body)
{
    return "<ramProfile " + attributes + ">" + body + "</ramProfile>";
}

inline std::string ring(const std::string &kilobytes)
{
    return "<bpf><ringKB>" + kilobytes + "</ringKB></bpf>";
}
