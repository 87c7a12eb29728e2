/* SPDX-License-Identifier: Apache-2.0 */
/* The text the loader reads: libbpf's complaints and the format files of tracefs. */
#include "bpf/reason.h"
#include "bpf/tracefs.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace
{

std::string decisive(const std::vector<std::string> &messages)
{
    struct mm_bpf_reason reason = {};

    for (const std::string &message : messages)
        mm_bpf_reason_hear(&reason, message.c_str());
    return reason.line;
}

TEST(BpfReason, ChoosesTheTellingLine)
{
    const struct {
        const char *what;
        std::vector<std::string> messages;
        const char *expected;
    } cases[] = {
        {"nothing was said", {}, ""},
        {"blank lines", {"\n", "  \n"}, ""},
        {"one line, its prefix cut",
         {"libbpf: map 'x': failed to create: No space left on device(-28)\n"},
         "map 'x': failed to create: No space left on device(-28)"},
        {"the first of equals",
         {"libbpf: map 'x': failed to create: -28\n", "libbpf: prog 'a': failed to attach\n"},
         "map 'x': failed to create: -28"},
        {"a consequence does not hide the cause",
         {"libbpf: failed to load object 'lifecycle_bpf'\n", "libbpf: prog 'mm_exit': no\n"},
         "prog 'mm_exit': no"},
        {"a missing hook",
         {"libbpf: prog 'mm_exit': something\n",
          "libbpf: failed to find kernel BTF type ID of 'btf_trace_gone': -3\n"},
         "failed to find kernel BTF type ID of 'btf_trace_gone': -3"},
        {"advice only for want of better",
         {"libbpf: Failed to bump RLIMIT_MEMLOCK (err = -1), you might need to do it explicitly!\n",
          "libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial "
          "BPF "
          "program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is "
          "set "
          "to big enough value.\n"},
         "Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF "
         "program. "
         "Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK"},
        {"the verifier's complaint",
         {"libbpf: prog 'mm_exit': BPF program load failed: Permission denied\n",
          "libbpf: prog 'mm_exit': -- BEGIN PROG LOAD LOG --\n0: R1=ctx(off=0,imm=0) R10=fp0\n"
          "; int BPF_PROG(mm_exit)\n0: (79) r1 = *(u64 *)(r1 +64)\n"
          "invalid bpf_context access off=64 size=8\n"
          "processed 1 insns (limit 1000000) max_states_per_insn 0\n-- END PROG LOAD LOG --\n",
          "libbpf: failed to load object 'lifecycle_bpf'\n"},
         "invalid bpf_context access off=64 size=8"},
        {"an empty verifier log",
         {"libbpf: prog 'a': BPF program load failed: Invalid argument\n",
          "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\n-- END PROG LOAD LOG --\n"},
         "prog 'a': BPF program load failed: Invalid argument"},
    };

    for (const auto &c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(decisive(c.messages).substr(0, 180), std::string(c.expected).substr(0, 180));
    }
}

TEST(BpfReason, CutsALongLine)
{
    EXPECT_EQ(decisive({std::string(5000, 'x')}).size(), MM_BPF_REASON_MAX - 1u);
}

const char FORMAT[] = "name: oom_score_adj_update\n"
                      "ID: 611\n"
                      "format:\n"
                      "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
                      "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
                      "\n"
                      "\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;\n"
                      "\tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n"
                      "\tfield:__data_loc char[] path;\toffset:30;\tsize:4;\tsigned:0;\n"
                      "\tfield:short oom_score_adj;\toffset:28;\tsize:2;\tsigned:1;\n"
                      "\tfield:int far;\toffset:99999999999;\tsize:4;\tsigned:1;\n"
                      "\tfield:int torn;\toffset:";

TEST(Tracefs, FindsTheOffsetOfAField)
{
    const struct {
        const char *name;
        unsigned size;
        int result;
        uint32_t offset;
    } cases[] = {
        {"pid", 4, 0, 8}, /* not common_pid, which ends alike */
        {"common_pid", 4, 0, 4}, {"comm", 16, 0, 12},           {"oom_score_adj", 2, 0, 28},
        {"pid", 8, -EINVAL, 0}, /* another size is another kernel's field */
        {"comm", 4, -EINVAL, 0}, {"group_dead", 1, -ENOENT, 0}, {"far", 4, -EINVAL, 0},
        {"torn", 4, -EINVAL, 0}, {"id", 4, -ENOENT, 0},
    };

    for (const auto &c : cases) {
        uint32_t offset = 0;

        SCOPED_TRACE(c.name);
        EXPECT_EQ(mm_tracefs_field(FORMAT, c.name, c.size, &offset), c.result);
        EXPECT_EQ(offset, c.offset);
    }
}

TEST(Tracefs, TellsWhereAFieldStandsAndHowLargeItIs)
{
    uint32_t offset = 0, size = 0;

    EXPECT_EQ(mm_tracefs_place(FORMAT, "comm", &offset, &size), 0);
    EXPECT_EQ(offset, 12U);
    EXPECT_EQ(size, 16U);
    EXPECT_EQ(mm_tracefs_place("\tfield:long huge;\toffset:8;\tsize:4097;\n", "huge", &offset, &size),
              -EINVAL);
    EXPECT_EQ(mm_tracefs_place(FORMAT, "none", &offset, &size), -ENOENT);
    EXPECT_EQ(offset, 12U);
}

TEST(Tracefs, ReadsTheNumberOfAnEvent)
{
    char root[] = "/tmp/memmgr-tracefs-XXXXXX";
    const struct {
        const char *text;
        int result;
    } cases[] = {{"611\n", 0}, {"611", 0}, {"", -EINVAL}, {"six\n", -EINVAL}, {"4294967296\n", -ERANGE}};
    uint32_t id = 0;

    ASSERT_NE(mkdtemp(root), nullptr);
    const std::string directory = std::string(root) + "/events/power/gpu_frequency";
    std::filesystem::create_directories(directory);
    EXPECT_EQ(mm_tracefs_read_id(root, "power/gpu_frequency", &id), -ENOENT);
    for (const auto &c : cases) {
        std::ofstream(directory + "/id") << c.text;
        id = 7;
        EXPECT_EQ(mm_tracefs_read_id(root, "power/gpu_frequency", &id), c.result) << c.text;
        EXPECT_EQ(id, c.result == 0 ? 611U : 7U) << c.text;
    }
    std::filesystem::remove_all(root);
}

TEST(Tracefs, TextWithoutFieldsHasNone)
{
    uint32_t offset = 7;

    for (const char *text : {"", "\n", ";", "field:;\toffset:1;\tsize:4;", "pid;\toffset:1;\tsize:4;"})
        EXPECT_LT(mm_tracefs_field(text, "pid", 4, &offset), 0) << text;
    EXPECT_EQ(offset, 7u);
}

} // namespace
