// SPDX-License-Identifier: Apache-2.0
// Process rules that are none, or that take nothing.
#include "config_bad_files.hpp"

namespace
{

const char *const pattern_expected =
    "expected at most 255 bytes: a glob (*, ?, [a-z], alternatives with |), or "
    "regex: and a Perl regular expression";
const char *const template_expected =
    "expected at most 127 bytes, in which %{comm}, %{unit}, %{exe}, %{cgroup} and "
    "%{pid} stand for what they name";

std::string rules(const std::string &text)
{
    return content("<processRules>\n" + text + "\n</processRules>");
}

std::string rule(const std::string &name, const std::string &conditions)
{
    return "<processRule><name>" + name + "</name>" + conditions + "</processRule>";
}

BadFile refused(const char *name, const std::string &element, const std::string &text,
                const std::string &expected)
{
    return {name,
            rules("<processRule><" + element + ">" + text + "</" + element + "><name>a</name></processRule>"),
            {"3:" + std::to_string(16 + element.size()) + ": error: " + element + " is \"" + text + "\", " +
             expected}};
}

std::vector<BadFile> values()
{
    const std::string uids = "expected a whole number from 0 to 4294967294, or two of them, as 1..1000";
    const std::string adjustments = "expected a whole number from -1000 to 1000, or two of them, as 1..1000";

    return {
        refused("SetWithoutEnd", "exe", "/usr/[a-z", pattern_expected),
        refused("SetOfItsEnd", "exe", "[]", pattern_expected),
        {"BackslashAtTheEnd",
         rules(rule("a", "<comm>a\\</comm>")),
         {std::string("3:34: error: comm is \"a\\x5c\", ") + pattern_expected}},
        refused("SecondAlternative", "comm", "a|[", pattern_expected),
        refused("RegexOfNothing", "unit", "regex:", pattern_expected),
        refused("UidIsAName", "uid", "root", uids),
        refused("UidBackwards", "uid", "1000-999", uids),
        refused("UidNegative", "uid", "-1", uids),
        refused("UidOpen", "uid", "1000-", uids),
        refused("UidThree", "uid", "1-2-3", uids),
        refused("UidOfNobodyAtAll", "uid", "4294967295", uids),
        refused("AdjustmentOutside", "oomScoreAdj", "0..1001", adjustments),
        refused("AdjustmentWithADash", "oomScoreAdj", "1-1000", adjustments),
        refused("AdjustmentBackwards", "oomScoreAdj", "-1..-2", adjustments),
        refused("UnknownName", "bundle", "a%{name}", template_expected),
        refused("NameWithoutEnd", "bundle", "%{comm", template_expected),
        refused("UnknownClass", "class", "vip",
                "expected one of protected, system, session, application, background, batch"),
        refused("Priority", "priority", "1001", "expected a whole number from -1000 to 1000"),
        {"RegexParenthesis",
         rules(rule("a", "<cmdline>regex:a(b</cmdline>")),
         {"3:37: error: cmdline is \"regex:a(b\", which is no regular expression: at offset 3 of what "
          "follows "
          "regex:, missing closing parenthesis"}},
        {"RegexQuantifier",
         rules(rule("a", "<comm> regex:*a </comm>")),
         {"3:35: error: comm is \"regex:*a\", which is no regular expression: at offset 0 of what follows "
          "regex:, quantifier does not follow a repeatable item"}},
        {"RegexWantsUtf",
         rules(rule("a", "<comm>regex:(*UTF)a</comm>")),
         {"3:34: error: comm is \"regex:(*UTF)a\", which is no regular expression: at offset 6 of what "
          "follows "
          "regex:, using UTF is disabled by the application"}},
        {"RegexInAProfile",
         content("<ramProfile minRamMB='1'><processRules>" + rule("a", "<comm>regex:[</comm>") +
                 "</processRules></ramProfile>"),
         {"2:1: warning: ramProfile asks for the RAM of the device, which is not known: it is left out",
          "2:73: error: comm is \"regex:[\", which is no regular expression: at offset 1 of what follows "
          "regex:, "
          "missing terminating ] for character class"}},
    };
}

INSTANTIATE_TEST_SUITE_P(ProcessValues, ConfigBadFile, testing::ValuesIn(values()), bad_file_name);

std::vector<BadFile> relations()
{
    return {
        {"NoName",
         rules("<processRule><comm>a</comm></processRule>"),
         {"3:1: error: processRule has no name, expected one in each processRule"}},
        {"OneNameTwice",
         rules(rule("a", "<comm>a</comm>") + "\n" + rule("a", "<comm>b</comm>")),
         {"4:20: error: name \"a\" stands in two rows (first in line 3), expected it in one"}},
        {"NoCondition",
         rules(rule("a", "<class>batch</class>")),
         {"3:1: error: processRule \"a\" has no condition, expected at least one of exe, cmdline, comm, "
          "cgroup, "
          "unit, uid and oomScoreAdj"}},
        {"EmptyConditions",
         rules(rule("a", "<comm/><uid> </uid>")),
         {"3:1: error: processRule \"a\" has no condition, expected at least one of exe, cmdline, comm, "
          "cgroup, "
          "unit, uid and oomScoreAdj"}},
    };
}

INSTANTIATE_TEST_SUITE_P(ProcessRelations, ConfigBadFile, testing::ValuesIn(relations()), bad_file_name);

} // namespace
