// SPDX-License-Identifier: Apache-2.0
// A draft, and what there is to say of it.
#pragma once

#include "config_helpers.hpp"

#include "config/vocabulary.h"
#include "service/config_tool/config_draft.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

struct Draft {
    mm_draft value{};
    Draft()
    {
        value.source = "source";
    }
    ~Draft()
    {
        mm_draft_fini(&value);
    }
    // "killConfig/killLevel[0]/memoryMB=72", rows only where they count.
    std::vector<std::string> values() const
    {
        std::vector<std::string> all;
        for (size_t i = 0; i < value.count; i++) {
            std::string path = mm_vocabulary_at(value.values[i].element)->path;
            unsigned parent = mm_vocabulary_parent(value.values[i].element);
            if (parent != MM_ELEMENT_NONE && mm_vocabulary_at(parent)->type == MM_TYPE_ROW)
                path.insert(path.rfind('/'), "[" + std::to_string(value.values[i].row) + "]");
            all.push_back(path + "=" + (value.values[i].text ? value.values[i].text : "(there)"));
        }
        return all;
    }
    std::string joined() const
    {
        std::string all;
        for (const std::string &line : values())
            all += line + "\n";
        return all;
    }
    bool has(const std::string &line) const
    {
        const std::vector<std::string> all = values();
        return std::find(all.begin(), all.end(), line) != all.end();
    }
    std::string notes() const
    {
        std::string all;
        for (size_t i = 0; i < value.notes.count; i++) {
            char line[MM_PROBLEM_TEXT_MAX];
            all += std::string(mm_problem_text(&value.notes.items[i], line, sizeof(line))) + "\n";
        }
        return all;
    }
    std::string xml() const
    {
        char *bytes = nullptr;
        size_t length = 0;
        FILE *stream = open_memstream(&bytes, &length);
        mm_draft_write(&value, "A title.", stream);
        fclose(stream);
        std::string text(bytes, length);
        free(bytes);
        return text;
    }
};

inline const mm_config_device device_4gb = {4ULL << 30, 0, nullptr};

inline std::string fixture(const std::string &name)
{
    return read_whole(MM_FIXTURES "/migrate/" + name);
}

// What every draft without an error has to be: a file that loads without an error or a warning.
inline void expect_valid(const Draft &draft, uint64_t ram_bytes = device_4gb.ram_bytes)
{
    Loaded loaded = load_text(draft.xml(), ram_bytes);

    EXPECT_FALSE(draft.value.has_no_memory);
    EXPECT_EQ(loaded.result, 0) << draft.xml();
    for (const std::string &problem : loaded.problems)
        EXPECT_NE(problem.find(": note: "), std::string::npos) << problem << "\n" << draft.xml();
}

inline void expect_notes(const Draft &draft, const std::vector<std::string> &parts)
{
    const std::string notes = draft.notes();

    for (const std::string &part : parts)
        EXPECT_NE(notes.find(part), std::string::npos) << "no \"" << part << "\" in\n" << notes;
}
