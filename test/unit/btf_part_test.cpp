/* SPDX-License-Identifier: Apache-2.0 */
/* A part of the kernel's BTF: what is found, what is taken along, and bytes that are none. */
#include "bpf/btf_part.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/btf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace
{

/* Builds bytes of BTF, type by type. */
class Builder
{
  public:
    uint32_t name(const std::string &text)
    {
        uint32_t at = static_cast<uint32_t>(strings.size());

        if (text.empty())
            return 0;
        strings += text + '\0';
        return at;
    }
    /* Returns its id. */
    uint32_t add(unsigned kind, const std::string &text, uint32_t size_or_type,
                 const std::vector<uint32_t> &tail = {}, unsigned count = 0)
    {
        const uint32_t words[] = {name(text), kind << 24 | count, size_or_type};

        types.insert(types.end(), std::begin(words), std::end(words));
        types.insert(types.end(), tail.begin(), tail.end());
        return ++last;
    }
    std::string bytes() const
    {
        struct btf_header header = {};
        std::string all;

        header.magic = BTF_MAGIC;
        header.version = BTF_VERSION;
        header.hdr_len = sizeof(header);
        header.type_len = header.str_off = static_cast<uint32_t>(types.size() * 4);
        header.str_len = static_cast<uint32_t>(strings.size());
        all.assign(reinterpret_cast<const char *>(&header), sizeof(header));
        all.append(reinterpret_cast<const char *>(types.data()), types.size() * 4);
        return all + strings;
    }

  private:
    std::vector<uint32_t> types;
    std::string strings = std::string(1, '\0');
    uint32_t last = 0;
};

/* "struct outer { struct inner in; struct far *away; int many[4]; enum colour tint; }", and what has no part in it. */
std::string sample()
{
    Builder builder;
    const uint32_t number = builder.add(BTF_KIND_INT, "int", 4, {32});
    const uint32_t far = builder.add(BTF_KIND_STRUCT, "far", 4, {builder.name("deep"), number, 0}, 1);
    const uint32_t pointer = builder.add(BTF_KIND_PTR, "", far);
    const uint32_t array = builder.add(BTF_KIND_ARRAY, "", 0, {number, number, 4});
    const uint32_t constant = builder.add(BTF_KIND_CONST, "", number);
    const uint32_t inner = builder.add(BTF_KIND_STRUCT, "inner", 4, {builder.name("leaf"), constant, 0}, 1);
    const uint32_t colour =
        builder.add(BTF_KIND_ENUM, "colour", 4, {builder.name("RED"), 1, builder.name("BLUE"), 2}, 2);

    builder.add(BTF_KIND_STRUCT, "outer", 32,
                {builder.name("in"), inner, 0, builder.name("away"), pointer, 64, builder.name("many"), array,
                 128, builder.name("tint"), colour, 256},
                4);
    builder.add(BTF_KIND_TYPEDEF, "btf_trace_first", pointer);
    builder.add(BTF_KIND_TYPEDEF, "first", pointer);
    builder.add(BTF_KIND_TYPEDEF, "btf_trace_first", number);
    builder.add(BTF_KIND_STRUCT, "stranger", 4, {builder.name("x"), number, 0}, 1);
    return builder.bytes();
}

/* A view with its end. */
struct View {
    explicit View(std::string text)
        : bytes(std::move(text)), result(mm_btf_view_init(&view, bytes.data(), bytes.size()))
    {
    }
    ~View()
    {
        mm_btf_view_fini(&view);
    }
    View(const View &) = delete;
    View &operator=(const View &) = delete;

    std::string bytes;
    mm_btf_view view;
    int result;
};

std::string part_of(const View &whole, const std::vector<const char *> &names)
{
    void *data = nullptr;
    size_t size = 0;
    std::string part;

    EXPECT_EQ(mm_btf_take_part(&whole.view, names.data(), names.size(), &data, &size), 0);
    if (data)
        part.assign(static_cast<const char *>(data), size);
    free(data);
    return part;
}

const struct btf_type *find(const View &whole, const std::string &name)
{
    for (uint32_t id = 1; id <= whole.view.count; id++) {
        auto type = reinterpret_cast<const struct btf_type *>(whole.view.types + whole.view.offsets[id]);

        if (whole.view.strings + type->name_off == name)
            return type;
    }
    return nullptr;
}

const struct btf_type *at(const View &whole, uint32_t id)
{
    return reinterpret_cast<const struct btf_type *>(whole.view.types + whole.view.offsets[id]);
}

TEST(BtfPart, HooksAreFoundByTheirTypedefs)
{
    View whole(sample());
    mm_btf_hook hooks[] = {{"second", 7}, {"first", 7}, {nullptr, 7}};

    ASSERT_EQ(whole.result, 0);
    EXPECT_EQ(whole.view.count, 12u);
    mm_btf_find_hooks(&whole.view, hooks, 3);
    EXPECT_EQ(hooks[0].id, 0u);
    EXPECT_EQ(hooks[1].id, 9u) << "the first of them";
    EXPECT_EQ(hooks[2].id, 0u);
}

TEST(BtfPart, HasWhatATypeIsMadeOfAndNotWhatItPointsTo)
{
    View whole(sample());
    View part(part_of(whole, {"outer", "nobody", "colour"}));

    ASSERT_EQ(part.result, 0);
    EXPECT_EQ(part.view.count, 7u) << "outer, inner, const, int, the pointer, the array, colour";
    for (const char *name : {"far", "stranger", "first"})
        EXPECT_EQ(find(part, name), nullptr) << name;
    const struct btf_type *outer = find(part, "outer");
    ASSERT_NE(outer, nullptr);
    EXPECT_EQ(outer->size, 32u);
    ASSERT_EQ(BTF_INFO_VLEN(outer->info), 4u);
    auto members = reinterpret_cast<const struct btf_member *>(outer + 1);
    const char *names[] = {"in", "away", "many", "tint"};
    const uint32_t offsets[] = {0, 64, 128, 256};
    const unsigned kinds[] = {BTF_KIND_STRUCT, BTF_KIND_PTR, BTF_KIND_ARRAY, BTF_KIND_ENUM};
    for (int i = 0; i < 4; i++) {
        EXPECT_STREQ(part.view.strings + members[i].name_off, names[i]);
        EXPECT_EQ(members[i].offset, offsets[i]) << names[i];
        EXPECT_EQ(BTF_INFO_KIND(at(part, members[i].type)->info), kinds[i]) << names[i];
    }
    EXPECT_EQ(at(part, members[1].type)->type, 0u) << "a pointer is to void";
    auto array = reinterpret_cast<const struct btf_array *>(at(part, members[2].type) + 1);
    EXPECT_EQ(at(part, array->type), find(part, "int"));
    EXPECT_EQ(array->nelems, 4u);
    auto values = reinterpret_cast<const struct btf_enum *>(find(part, "colour") + 1);
    EXPECT_STREQ(part.view.strings + values[1].name_off, "BLUE");
    EXPECT_EQ(values[1].val, 2);
}

TEST(BtfPart, OfNoNameIsEmpty)
{
    View whole(sample());
    View part(part_of(whole, {}));

    EXPECT_EQ(part.result, 0);
    EXPECT_EQ(part.view.count, 0u);
}

TEST(BtfPart, BytesThatAreNoneAreRefused)
{
    const std::string good = sample();
    mm_btf_view view;

    for (size_t length = 0; length < good.size(); length++)
        EXPECT_EQ(mm_btf_view_init(&view, good.data(), length), -EBADMSG) << length;
    for (size_t field : {size_t(0), offsetof(struct btf_header, hdr_len),
                         offsetof(struct btf_header, type_off), offsetof(struct btf_header, type_len),
                         offsetof(struct btf_header, str_off), offsetof(struct btf_header, str_len)}) {
        std::string bad = good;

        bad[field] = static_cast<char>(bad[field] + 1);
        bad[field + 1] = '\x7f';
        EXPECT_EQ(mm_btf_view_init(&view, bad.data(), bad.size()), -EBADMSG) << field;
    }
}

/* Whatever is in it, nothing is read behind it: for the sanitizers. */
TEST(BtfPart, NonsenseDoesNoHarm)
{
    std::mt19937 random(20261127);
    const std::string good = sample();
    unsigned taken = 0;

    for (int i = 0; i < 20000; i++) {
        std::string bad = good;

        for (int k = 0; k < 3; k++)
            bad[sizeof(struct btf_header) + random() % (bad.size() - sizeof(struct btf_header) - 1)] =
                static_cast<char>(random());
        View whole(bad);
        const char *names[] = {"outer", "inner", "far", "stranger", "colour"};
        void *data = nullptr;
        size_t size = 0;

        if (whole.result < 0)
            continue;
        if (mm_btf_take_part(&whole.view, names, 5, &data, &size) == 0) {
            View part(std::string(static_cast<const char *>(data), size));

            EXPECT_EQ(part.result, 0);
            taken++;
        }
        free(data);
    }
    EXPECT_GT(taken, 1000u);
}

TEST(BtfPart, OfTheRunningKernelHasItsTasks)
{
    std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
    View whole(std::string(std::istreambuf_iterator<char>(file), {}));
    mm_btf_hook hook = {"sched_process_exit", 0};

    if (whole.bytes.empty())
        GTEST_SKIP() << "no /sys/kernel/btf/vmlinux";
    ASSERT_EQ(whole.result, 0);
    mm_btf_find_hooks(&whole.view, &hook, 1);
    EXPECT_GT(hook.id, 0u);
    View part(part_of(whole, {"task_struct"}));
    ASSERT_EQ(part.result, 0);
    ASSERT_NE(find(part, "task_struct"), nullptr);
    EXPECT_EQ(find(part, "task_struct")->size, find(whole, "task_struct")->size);
    EXPECT_LT(part.bytes.size() * 10, whole.bytes.size());
}

} // namespace
