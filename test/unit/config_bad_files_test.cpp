// SPDX-License-Identifier: Apache-2.0
// Each bad file is refused with exactly what is wrong with it, where it is wrong.
#include "config_bad_files.hpp"

TEST_P(ConfigBadFile, IsRefusedWithItsPlaces)
{
    const BadFile &file = GetParam();
    Loaded loaded = load_text(file.text, file.ram_mb * 1024 * 1024);
    std::vector<std::string> expected;

    for (const std::string &problem : file.problems)
        expected.push_back("f.xml:" + problem);
    EXPECT_EQ(loaded.problems, expected) << file.text;
    EXPECT_EQ(loaded.result, -EINVAL);
    EXPECT_FALSE(loaded.config);
}
