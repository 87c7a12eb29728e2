/* SPDX-License-Identifier: Apache-2.0 */
/* What one look at the ring makes of the records of many processes. */
#include "event_center/bpf_gather.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace
{

struct Step {
    uint8_t type;
    int32_t tgid;
    const char *comm;
};

struct mm_bpf_record record(const Step &step)
{
    struct mm_bpf_record made = {};

    made.type = step.type;
    made.tgid = step.tgid;
    strcpy(made.comm, step.comm);
    return made;
}

void note(const struct mm_bpf_record *record, void *user)
{
    static const char *const names[] = {"?", "exit", "adj", "fork", "exec", "comm"};
    std::string text = std::string(names[record->type < 6 ? record->type : 0]) + std::to_string(record->tgid);

    if (record->comm[0])
        text += std::string(":") + record->comm;
    static_cast<std::vector<std::string> *>(user)->push_back(text);
}

constexpr uint8_t EXIT = MM_BPF_RECORD_EXIT, ADJ = MM_BPF_RECORD_OOM_SCORE_ADJ, FORK = MM_BPF_RECORD_FORK,
                  EXEC = MM_BPF_RECORD_EXEC, COMM = MM_BPF_RECORD_COMM;

TEST(BpfGather, ToldOnceAndNotOfWhatIsGone)
{
    const struct {
        const char *what;
        std::vector<Step> steps;
        std::vector<std::string> told;
        uint64_t absorbed;
    } cases[] = {
        {"nothing", {}, {}, 0},
        {"a newcomer", {{FORK, 1, "a"}}, {"fork1:a"}, 0},
        {"a newcomer under its last name",
         {{FORK, 1, "sh"}, {COMM, 1, "b"}, {EXEC, 1, "ls"}},
         {"fork1:ls"},
         0},
        {"another program", {{EXEC, 1, "b"}}, {"exec1:b"}, 0},
        {"a name and then another program", {{COMM, 1, "a"}, {EXEC, 1, "b"}}, {"exec1:b"}, 0},
        {"another program and then a name", {{EXEC, 1, "a"}, {COMM, 1, "b"}}, {"exec1:b"}, 0},
        {"gone: only its end, for who found it by other ways",
         {{FORK, 1, "a"}, {EXEC, 1, "b"}, {EXIT, 1, ""}},
         {"exit1"},
         1},
        {"an old one's last program", {{EXEC, 1, "b"}, {EXIT, 1, ""}}, {"exit1"}, 0},
        {"the number again", {{FORK, 1, "a"}, {EXIT, 1, ""}, {FORK, 1, "b"}}, {"exit1", "fork1:b"}, 1},
        {"a change after the newcomer it is about",
         {{FORK, 1, "a"}, {FORK, 2, "b"}, {ADJ, 2, ""}},
         {"fork2:b", "adj2", "fork1:a"},
         0},
        {"strangers do not meet",
         {{FORK, 1, "a"}, {EXIT, 2, ""}, {ADJ, 3, ""}},
         {"exit2", "adj3", "fork1:a"},
         0},
        {"a type of another time", {{FORK, 1, "a"}, {200, 1, ""}}, {"?1", "fork1:a"}, 0},
    };

    for (const auto &c : cases) {
        struct mm_bpf_gather gather = {};
        std::vector<std::string> told;

        SCOPED_TRACE(c.what);
        for (const Step &step : c.steps) {
            const struct mm_bpf_record made = record(step);

            mm_bpf_gather_take(&gather, &made, note, &told);
        }
        mm_bpf_gather_flush(&gather, note, &told);
        EXPECT_EQ(told, c.told);
        EXPECT_EQ(gather.absorbed, c.absorbed);
        EXPECT_EQ(gather.count, 0u);
    }
}

TEST(BpfGather, IsFullWhenItSaysSo)
{
    struct mm_bpf_gather gather = {};
    std::vector<std::string> told;

    for (int32_t i = 1; i <= MM_BPF_GATHER_MAX; i++) {
        const struct mm_bpf_record made = record({FORK, i, ""});

        EXPECT_FALSE(mm_bpf_gather_is_full(&gather));
        mm_bpf_gather_take(&gather, &made, note, &told);
    }
    EXPECT_TRUE(mm_bpf_gather_is_full(&gather));
    EXPECT_TRUE(told.empty());
    mm_bpf_gather_flush(&gather, note, &told);
    EXPECT_EQ(told.size(), static_cast<size_t>(MM_BPF_GATHER_MAX));
    EXPECT_EQ(told.front(), "fork1");
    EXPECT_FALSE(mm_bpf_gather_is_full(&gather));
}

} // namespace
