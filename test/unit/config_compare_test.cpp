// SPDX-License-Identifier: Apache-2.0
// What two configurations differ in, by meaning.
#include "config_layers.hpp"

#include "config/compare.h"
#include "config/value.h"

namespace
{

ConfigPointer configuration(const std::vector<std::string> &bodies)
{
    Merged merged;

    merge(bodies, {}, merged);
    EXPECT_NE(merged.config, nullptr) << (merged.problems.empty() ? "" : merged.problems[0]);
    return std::move(merged.config);
}

std::vector<std::string> differences(const mm_config *a, const mm_config *b)
{
    std::vector<std::string> lines;
    int count = mm_config_compare(
        a, b,
        [](const mm_difference *difference, void *user) {
            char text[MM_DIFFERENCE_PATH_MAX + 2 * MM_DIFFERENCE_TEXT_MAX];
            static_cast<std::vector<std::string> *>(user)->emplace_back(
                mm_difference_text(difference, text, sizeof(text)));
        },
        &lines);

    EXPECT_EQ(count, static_cast<int>(lines.size()));
    EXPECT_EQ(mm_config_compare(a, b, nullptr, nullptr), count);
    return lines;
}

std::string table(const std::string &rows)
{
    return "<killConfig>" + rows + "</killConfig>";
}

std::string row(const std::string &id, int memory, int priority)
{
    return "<killLevel" + (id.empty() ? "" : " id='" + id + "'") + "><memoryMB>" + std::to_string(memory) +
           "</memoryMB><minPriority>" + std::to_string(priority) + "</minPriority></killLevel>";
}

std::string apps(const std::string &rows)
{
    return "<reclaimPriorityConfig><importantBgApps>" + rows + "</importantBgApps></reclaimPriorityConfig>";
}

std::string app(const std::string &name, int priority)
{
    return "<importantBgApp><procName>" + name + "</procName><minPriority>" + std::to_string(priority) +
           "</minPriority></importantBgApp>";
}

struct Case {
    const char *name;
    std::string before, after;
    std::vector<std::string> expected;
};

class ConfigCompare : public testing::TestWithParam<Case>
{
};

const std::string built_in_rows =
    row("", 100, 0) + row("", 200, 100) + row("", 300, 200) + row("", 400, 300) + row("", 500, 400);

std::vector<Case> cases()
{
    const std::string list = "<reclaimPriorityConfig><killalbeSystemApps>",
                      end = "</killalbeSystemApps></reclaimPriorityConfig>";

    return {
        {"Nothing", "", "", {}},
        {"TheBuiltInWrittenOut",
         "",
         table(row("a", 500, 400) + row("b", 100, 0) + row("c", 300, 200) + row("d", 200, 100) +
               row("e", 400, 300)) +
             "<bpf><ringKB>64</ringKB></bpf>",
         {}},
        {"AnotherSpellingOfOneValue",
         "<bpf><enabled>no</enabled></bpf>",
         "<bpf><enabled>false</enabled></bpf>",
         {}},
        {"AValue", "", "<bpf><ringKB>128</ringKB></bpf>", {"bpf/ringKB: 64 -> 128"}},
        {"AValueBackToBuiltIn", "<bpf><ringKB>128</ringKB></bpf>", "", {"bpf/ringKB: 128 -> 64"}},
        {"AWord", "", "<logging><level>debug</level></logging>", {"logging/level: info -> debug"}},
        {"ASize",
         "",
         "<waterlineWatch><fillRate>1G</fillRate></waterlineWatch>",
         {"waterlineWatch/fillRate: auto -> 1G"}},
        {"AText",
         "",
         "<controlSocket><group>g\xc2\x85</group></controlSocket>",
         {"controlSocket/group: (empty) -> g\\xc2\\x85"}},
        {"ARowsValue",
         table(row("1", 100, 0) + row("2", 200, 100)),
         table(row("1", 100, 0) + row("2", 250, 100)),
         {"killConfig/killLevel[id=2]/memoryMB: 200 -> 250"}},
        {"TheOrderOfRowsIsNone",
         table(row("1", 100, 0) + row("2", 200, 100)),
         table(row("2", 200, 100) + row("1", 100, 0)),
         {}},
        {"ARowThatMovesPastAnother",
         table(row("1", 100, 0) + row("2", 200, 100)),
         table(row("2", 50, 0) + row("1", 100, 100)),
         {"killConfig/killLevel[id=1]/minPriority: 0 -> 100",
          "killConfig/killLevel[id=2]/memoryMB: 200 -> 50",
          "killConfig/killLevel[id=2]/minPriority: 100 -> 0"}},
        {"ARowAdded",
         table(row("1", 100, 0)),
         table(row("1", 100, 0) + row("2", 200, 100)),
         {"killConfig/killLevel[id=2]: added (memoryMB 200, minPriority 100)"}},
        {"ARowRemoved",
         table(row("1", 100, 0) + row("2", 200, 100)),
         table(row("1", 100, 0)),
         {"killConfig/killLevel[id=2]: removed (memoryMB 200, minPriority 100)"}},
        {"AnotherId",
         table(row("1", 100, 0) + row("2", 200, 100)),
         table(row("1", 100, 0) + row("3", 200, 100)),
         {}},
        {"AnotherIdAndValue",
         table(row("1", 100, 0) + row("2", 200, 100)),
         table(row("1", 100, 0) + row("3", 201, 100)),
         {"killConfig/killLevel[id=2]: removed (memoryMB 200, minPriority 100)",
          "killConfig/killLevel[id=3]: added (memoryMB 201, minPriority 100)"}},
        {"RowsWithoutIdsByTheirPlace",
         table(built_in_rows),
         table(row("", 100, 0) + row("", 200, 100) + row("", 300, 200) + row("", 410, 300) +
               row("", 500, 400)),
         {"killConfig/killLevel[4]/memoryMB: 400 -> 410"}},
        {"FromTheBuiltInToRowsWithIds",
         "",
         table(row("a", 100, 0) + row("b", 210, 100) + row("c", 300, 200) + row("d", 400, 300) +
               row("e", 500, 400)),
         {"killConfig/killLevel[id=b]/memoryMB: 200 -> 210"}},
        {"FewerRowsWithoutIds",
         table(row("", 100, 0) + row("", 200, 100)),
         table(row("", 200, 100)),
         {"killConfig/killLevel[1]: removed (memoryMB 100, minPriority 0)"}},
        {"ByKey",
         apps(app("a", 1) + app("b", 2)),
         apps(app("b", 3) + app("c", 4)),
         {"reclaimPriorityConfig/importantBgApps/importantBgApp[a]: removed (procName a, minPriority 1)",
          "reclaimPriorityConfig/importantBgApps/importantBgApp[b]/minPriority: 2 -> 3",
          "reclaimPriorityConfig/importantBgApps/importantBgApp[c]: added (procName c, minPriority 4)"}},
        {"Names",
         list + "<killableSysApp>a</killableSysApp><killableSysApp>b</killableSysApp>" + end,
         list + "<killableSysApp>c</killableSysApp><killableSysApp>b</killableSysApp>" + end,
         {"reclaimPriorityConfig/killalbeSystemApps/killableSysApp: removed (a)",
          "reclaimPriorityConfig/killalbeSystemApps/killableSysApp: added (c)"}},
        {"Uids",
         "<controlSocket><allowedUid>1</allowedUid></controlSocket>",
         "<controlSocket><allowedUid>01</allowedUid><allowedUid>2</allowedUid></controlSocket>",
         {"controlSocket/allowedUid: added (2)"}},
        {"ControlCharactersInAnId",
         table(row("1", 100, 0)),
         table(row("1", 100, 0) + row("a\xc2\x85", 200, 100)),
         {"killConfig/killLevel[id=a\\xc2\\x85]: added (memoryMB 200, minPriority 100)"}},
    };
}

TEST_P(ConfigCompare, FindsThis)
{
    const Case &entry = GetParam();
    ConfigPointer before = configuration({entry.before}), after = configuration({entry.after});

    ASSERT_TRUE(before && after);
    EXPECT_EQ(differences(before.get(), after.get()), entry.expected);
    EXPECT_EQ(differences(before.get(), before.get()), std::vector<std::string>{});
    // the other way round there are as many
    EXPECT_EQ(differences(after.get(), before.get()).size(), entry.expected.size());
}

INSTANTIATE_TEST_SUITE_P(All, ConfigCompare, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case> &tested) {
                             return std::string(tested.param.name);
                         });

// What a reload's log line needs: the places in both lists, by which mm_config_origin finds the files.
TEST(ConfigCompareOrigin, PlacesAreThoseOfTheTwoConfigurations)
{
    ConfigPointer before = configuration({table(row("1", 100, 0) + row("2", 200, 100))}),
                  after = configuration(
                      {table(row("1", 100, 0) + row("2", 200, 100)), "\n" + table(row("2", 50, -5))});
    struct Found {
        const mm_config *config;
        std::vector<std::string> lines;
    } found{after.get(), {}};

    ASSERT_TRUE(before && after);
    mm_config_compare(
        before.get(), after.get(),
        [](const mm_difference *difference, void *user) {
            Found *self = static_cast<Found *>(user);
            mm_origin origin{};
            ASSERT_TRUE(
                mm_config_origin(self->config, difference->element, difference->new_instance, &origin));
            self->lines.push_back(std::string(difference->path) + " " + origin.file + ":" +
                                  std::to_string(origin.line) + " " +
                                  std::to_string(difference->old_instance));
        },
        &found);
    EXPECT_EQ(found.lines, (std::vector<std::string>{"killConfig/killLevel[id=2]/memoryMB 2.xml:2 1",
                                                     "killConfig/killLevel[id=2]/minPriority 2.xml:2 1"}));
}

TEST(ConfigCompareText, IsCutToFit)
{
    mm_difference difference{};
    char text[8];

    difference.path = "bpf/ringKB";
    difference.old_text = "64";
    difference.new_text = "";
    EXPECT_STREQ(mm_difference_text(&difference, text, sizeof(text)), "bpf/rin");
    EXPECT_STREQ(mm_difference_text(&difference, text, 1), "");
}

// Every value of the vocabulary counts: one of each is changed, and found.
TEST(ConfigCompareAll, EveryValueCounts)
{
    ConfigPointer before(mm_config_new()), after(mm_config_new());
    unsigned values = 0;

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const mm_element *element = mm_vocabulary_at(i);
        const mm_target *target = &element->target;
        unsigned parent = mm_vocabulary_parent(i);

        if (element->alias_of || target->storage == MM_STORE_NONE || target->list != MM_LIST_NONE ||
            (parent != MM_ELEMENT_NONE && mm_vocabulary_at(parent)->type == MM_TYPE_ROW))
            continue;
        mm_value value{};
        value.text = "other";
        value.length = 5;
        value.number = mm_field_number(target, before.get()) == 0;
        ASSERT_EQ(mm_field_store(target, after.get(), &value), 0);
        values++;
    }
    EXPECT_GT(values, 30U);
    EXPECT_EQ(mm_config_compare(before.get(), after.get(), nullptr, nullptr), static_cast<int>(values));
}

} // namespace
