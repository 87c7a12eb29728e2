// SPDX-License-Identifier: Apache-2.0
// Process rules that are valid: what they become, in which order, and those that take nothing.
#include "config_layers.hpp"

#include "common/common.h"

namespace
{

std::string rule(const std::string &name, const std::string &conditions)
{
    return "<processRule><name>" + name + "</name>" + conditions + "</processRule>";
}

std::string section(const std::string &rules)
{
    return "<processRules>" + rules + "</processRules>";
}

// "a b c": the rules in the order in which they are tried.
std::string order(const mm_config *config)
{
    std::string names;

    for (size_t i = 0; i < config->process_rules.rule_count; i++)
        names += (i > 0 ? " " : "") + std::string(config->process_rules.rules[i].name);
    return names;
}

TEST(ProcessRules, ARuleIsReadWhole)
{
    Loaded loaded = load_body(section("<builtInRules>no</builtInRules><processRule><priority>-7</"
                                      "priority><class>session</class><bundle> x %{pid} "
                                      "</bundle><oomScoreAdj>-5..5</oomScoreAdj><uid>0-9</uid><unit>u</"
                                      "unit><cgroup>regex:^/a</cgroup><comm>\\*</comm>"
                                      "<cmdline>l</cmdline><exe> /e* </exe><name>n</name></processRule>"));

    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    EXPECT_FALSE(loaded.config->process_rules.has_built_in);
    ASSERT_EQ(loaded.config->process_rules.rule_count, 1U);
    const mm_process_rule &rule = loaded.config->process_rules.rules[0];
    const char *texts[] = {rule.name, rule.exe, rule.cmdline,       rule.comm,  rule.cgroup,
                           rule.unit, rule.uid, rule.oom_score_adj, rule.bundle};
    const char *wanted[] = {"n", "/e*", "l", "\\*", "regex:^/a", "u", "0-9", "-5..5", "x %{pid}"};
    for (size_t i = 0; i < MM_ARRAY_SIZE(texts); i++)
        EXPECT_STREQ(texts[i], wanted[i]);
    EXPECT_EQ(rule.process_class, MM_CLASS_SESSION);
    EXPECT_EQ(rule.priority, -7);
}

TEST(ProcessRules, WhatIsNotSaidIsThatOfTheClass)
{
    for (int each = 0; each < MM_CLASS_COUNT; each++) {
        const auto process_class = static_cast<mm_process_class>(each);
        Loaded loaded = load_body(section(rule("a", "<comm>a</comm>") +
                                          rule("b", std::string("<comm>b</comm><class>") +
                                                        mm_process_class_name(process_class) + "</class>")));
        ASSERT_TRUE(loaded.config);
        const mm_process_rule *rules = loaded.config->process_rules.rules;
        EXPECT_EQ(rules[0].process_class, MM_CLASS_APPLICATION);
        EXPECT_EQ(rules[0].priority, 200);
        EXPECT_EQ(rules[0].bundle, nullptr);
        EXPECT_STREQ(mm_process_condition_text(&rules[0], 0), "");
        EXPECT_EQ(rules[1].process_class, process_class);
        EXPECT_EQ(rules[1].priority, mm_process_class_priority(process_class));
    }
    EXPECT_STREQ(mm_process_class_name(MM_CLASS_COUNT), "unknown");
}

TEST(ProcessRules, LaterLayersComeFirst)
{
    struct {
        std::vector<std::string> bodies;
        const char *order;
    } cases[] = {
        {{section(rule("a", "<comm>a</comm>") + rule("b", "<comm>b</comm>"))}, "a b"},
        {{section(rule("a", "<comm>a</comm>") + rule("b", "<comm>b</comm>")),
          section(rule("c", "<comm>c</comm>") + rule("d", "<comm>d</comm>")),
          section(rule("e", "<comm>e</comm>"))},
         "e c d a b"},
        // one that is changed stays where it was, also under an id
        {{section(rule("a", "<comm>a</comm>") + rule("b", "<comm>b</comm>")),
          section(rule("c", "<comm>c</comm>") + rule("a", "<class>batch</class>"))},
         "c a b"},
        {{section(rule("a", "<comm>a</comm>") + rule("b", "<comm>b</comm>")),
          section("<processRule id='x'><name>a</name><class>batch</class></processRule>")},
         "a b"},
        {{section(rule("a", "<comm>a</comm>") + rule("b", "<comm>b</comm>")),
          section("<remove name='a'/>" + rule("c", "<comm>c</comm>"))},
         "c b"},
        {{profile("minRamMB='1'", section(rule("p", "<comm>p</comm>"))) +
          section(rule("a", "<comm>a</comm>"))},
         "p a"},
    };
    for (const auto &entry : cases) {
        Merged merged;

        merge(entry.bodies, {1024, 0, nullptr}, merged);
        EXPECT_EQ(merged.problems, std::vector<std::string>());
        ASSERT_TRUE(merged.config);
        EXPECT_EQ(order(merged.config.get()), entry.order);
    }
}

TEST(ProcessRules, ALaterFileTakesAConditionOrTheBundleAway)
{
    Merged merged;

    merge({section(rule("a", "<comm>a</comm><uid>0</uid><bundle>b</bundle>")),
           section(rule("a", "<uid/><bundle/>"))},
          {}, merged);
    ASSERT_TRUE(merged.config);
    EXPECT_STREQ(mm_process_condition_text(&merged.config->process_rules.rules[0], 0), "");
    EXPECT_STREQ(merged.config->process_rules.rules[0].bundle, "");
}

std::string shadowed(const std::string &name, const std::string &by, const std::string &place)
{
    return "warning: processRule \"" + name + "\" takes no process: \"" + by + "\" (" + place +
           ") is tried before it and asks for no more";
}

TEST(ProcessRules, ThoseThatTakeNothingAreSaid)
{
    struct {
        const char *first, *second;
        bool is_shadowed;
    } cases[] = {
        {"<comm>x*</comm>", "<comm>x*</comm>", true},
        {"<comm>x*</comm>", "<uid>0</uid><comm>x*</comm>", true},
        {"<uid>0</uid><comm>x*</comm>", "<comm>x*</comm>", false},
        {"<exe>*</exe>", "<comm>y</comm>", true},
        {"<oomScoreAdj>-1000..1000</oomScoreAdj>", "<comm>y</comm>", true},
        {"<uid>5</uid>", "<uid> 5..5 </uid><comm>y</comm>", true},
        {"<unit>regex:a</unit>", "<unit>regex:a</unit><class>batch</class>", true},
        // that "a*" takes what "ab" does is not looked for
        {"<comm>a*</comm>", "<comm>ab</comm>", false},
        {"<uid>0..9</uid>", "<uid>5</uid>", false},
        {"<comm>a</comm>", "<unit>a</unit>", false},
    };
    for (const auto &entry : cases) {
        SCOPED_TRACE(entry.first + std::string(" then ") + entry.second);
        Loaded loaded =
            load_body("\n" + section("\n" + rule("a", entry.first) + "\n" + rule("b", entry.second)));
        std::vector<std::string> wanted;

        if (entry.is_shadowed)
            wanted.push_back("f.xml:4:20: " + shadowed("b", "a", "line 3"));
        EXPECT_TRUE(loaded.config);
        EXPECT_EQ(loaded.problems, wanted);
    }
    Merged merged;
    merge({section(rule("a", "<comm>a</comm>")), section(rule("b", "<comm>a</comm>"))}, {}, merged);
    EXPECT_EQ(merged.problems, std::vector<std::string>{"1.xml:1:42: " + shadowed("a", "b", "2.xml:1")});
}

TEST(ProcessRules, UsersProgramsAreTakenByBuiltInRulesOnly)
{
    Loaded off = load_body(section("")), on = load_body(section("<userPrograms>true</userPrograms>"));
    Loaded in_vain =
        load_body("\n" + section("\n<builtInRules>false</builtInRules>\n<userPrograms>true</userPrograms>"));

    ASSERT_TRUE(off.config && on.config && in_vain.config);
    EXPECT_FALSE(off.config->process_rules.has_user_programs);
    EXPECT_TRUE(on.config->process_rules.has_user_programs);
    EXPECT_EQ(on.problems, std::vector<std::string>());
    EXPECT_EQ(in_vain.problems, std::vector<std::string>{"f.xml:4:15: warning: userPrograms has no effect: "
                                                         "builtInRules is false (line 3)"});
}

TEST(ProcessRules, PrintedTheyReadBackTheSame)
{
    Loaded loaded = load_body(section(rule("b", "<comm>regex:a&lt;b</comm>") + rule("a", "<uid>1-2</uid>")));
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    ASSERT_TRUE(loaded.config);
    ASSERT_EQ(mm_config_write_xml(stream, loaded.config.get()), 0);
    fclose(stream);
    EXPECT_EQ(std::string(text).find("<exe>"), std::string::npos);
    EXPECT_EQ(std::string(text).find("<bundle>"), std::string::npos);
    Loaded again = load_text(text);
    free(text);
    EXPECT_EQ(again.problems, std::vector<std::string>());
    ASSERT_TRUE(again.config);
    EXPECT_EQ(order(again.config.get()), "b a");
    EXPECT_STREQ(again.config->process_rules.rules[0].comm, "regex:a<b");
}

} // namespace
