// SPDX-License-Identifier: Apache-2.0
// What is made from the vocabulary and from a configuration: effective XML and JSON, examples, the starter file; and
// the comments and files they are written to.
#include "config_helpers.hpp"

#include "config/visit.h"
#include "config/write_xml.h"
#include "config/xml_text.h"
#include "service/config_tool/config_example.h"
#include "service/config_tool/config_json.h"
#include "service/config_tool/config_names.h"
#include "service/config_tool/new_file.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <regex>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

std::string written(const std::function<void(FILE *)> &write)
{
    char *bytes = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);

    write(stream);
    fclose(stream);
    std::string text(bytes, length);
    free(bytes);
    return text;
}

std::string xml_of(const mm_config *config, unsigned only, bool with_ids = false, bool with_origins = false)
{
    const mm_xml_choice choice = {only, with_ids, with_origins};

    return written([&](FILE *stream) { EXPECT_EQ(mm_config_write_xml_choice(stream, config, &choice), 0); });
}

std::string json_of(const mm_config *config, unsigned only = MM_ELEMENT_NONE, bool with_origins = false)
{
    cJSON *json = mm_config_json(config, only, with_origins);
    char *text = cJSON_PrintUnformatted(json);
    std::string result = text ? text : "";

    cJSON_Delete(json);
    cJSON_free(text);
    return result;
}

const char all_kinds[] =
    "<Memmgr>\n"
    "  <killConfig>\n"
    "    <killLevel id='a&amp;b'><memoryMB>1G</memoryMB><minPriority>-7</minPriority></killLevel>\n"
    "  </killConfig>\n"
    "  <killPolicy><enabled>no</enabled><order>newestUse</order></killPolicy>\n"
    "  <switchConfig><bigMemKillSwitch>9223372036854775807</bigMemKillSwitch></switchConfig>\n"
    "  <systemApps><app>one</app><app>two &lt;\"x\"></app></systemApps>\n"
    "  <waterlineWatch><fillRate>1536M</fillRate></waterlineWatch>\n"
    "  <controlSocket><mode>7</mode><allowedUid>4294967294</allowedUid></controlSocket>\n"
    "  <ramProfile name='any' minRamMB='1'><logging><level>debug</level></logging></ramProfile>\n"
    "</Memmgr>\n";

const uint64_t eight_gib = 8ULL << 30;

// ---- the effective configuration --------------------------------------------------------------------------

TEST(ConfigXml, ReadsBackTheSameWhateverItShows)
{
    Loaded loaded = load_text(all_kinds, eight_gib);

    ASSERT_TRUE(loaded.config) << loaded.problems.size();
    for (bool with_ids : {false, true}) {
        for (bool with_origins : {false, true}) {
            Loaded again =
                load_text(xml_of(loaded.config.get(), MM_ELEMENT_NONE, with_ids, with_origins), eight_gib);
            ASSERT_TRUE(again.config);
            EXPECT_EQ(printed(again.config.get()), printed(loaded.config.get()));
        }
    }
}

TEST(ConfigXml, OneSectionWithinWhatItStandsIn)
{
    Loaded loaded = load_text(all_kinds, eight_gib);

    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(xml_of(loaded.config.get(), mm_vocabulary_find("systemApps")),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Memmgr>\n    <systemApps>\n"
              "        <app>one</app>\n        <app>two &lt;&quot;x&quot;&gt;</app>\n    "
              "</systemApps>\n</Memmgr>\n");
    EXPECT_EQ(xml_of(loaded.config.get(), mm_vocabulary_find("killPolicy/order")),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Memmgr>\n    <killPolicy>\n"
              "        <order>newestUse</order>\n    </killPolicy>\n</Memmgr>\n");
    EXPECT_EQ(
        xml_of(loaded.config.get(), mm_vocabulary_find("killConfig"), true),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Memmgr>\n    <killConfig>\n"
        "        <killLevel id=\"a&amp;b\">\n            <memoryMB>1024</memoryMB>\n"
        "            <minPriority>-7</minPriority>\n        </killLevel>\n    </killConfig>\n</Memmgr>\n");
}

TEST(ConfigXml, EachValueWithItsOrigin)
{
    Loaded loaded = load_text(all_kinds, eight_gib);

    ASSERT_TRUE(loaded.config);
    const std::string text = xml_of(loaded.config.get(), MM_ELEMENT_NONE, false, true);
    for (const char *line :
         {"<memoryMB>1024</memoryMB> <!-- f.xml:3 -->", "<order>newestUse</order> <!-- f.xml:5 -->",
          "<app>one</app> <!-- f.xml:7 -->", "<level>debug</level> <!-- f.xml:10 (profile any) -->",
          "<marginMB>50</marginMB> <!-- built-in -->", "<stallUs>70000</stallUs> <!-- built-in -->"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(ConfigJson, EachValueWithItsType)
{
    Loaded loaded = load_text(all_kinds, eight_gib);

    ASSERT_TRUE(loaded.config);
    const std::string text = json_of(loaded.config.get());
    for (const char *part :
         {R"("killLevel":[{"id":"a&b","memoryMB":1024,"minPriority":-7}])", R"("enabled":false)",
          R"("order":"newestUse")", R"("bigMemKillSwitch":9223372036854775807)",
          R"("app":["one","two <\"x\">"])", R"("fillRate":1610612736)", R"("mode":"0007")",
          R"("allowedUid":[4294967294])", R"("killableSysApp":[])", R"("groupPath":"")", R"("kind":"some")"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    ConfigPointer built_in(mm_config_new());
    EXPECT_NE(json_of(built_in.get()).find(R"("fillRate":"auto")"), std::string::npos);
}

TEST(ConfigJson, EachValueWithItsOrigin)
{
    Loaded loaded = load_text(all_kinds, eight_gib);

    ASSERT_TRUE(loaded.config);
    const std::string text = json_of(loaded.config.get(), MM_ELEMENT_NONE, true);
    for (const char *part : {R"("memoryMB":{"value":1024,"file":"f.xml","line":3,"profile":null})",
                             R"("app":[{"value":"one","file":"f.xml","line":7,"profile":null})",
                             R"("level":{"value":"debug","file":"f.xml","line":10,"profile":"any"})",
                             R"("marginMB":{"value":50,"file":null,"line":null,"profile":null})"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(ConfigJson, OneSection)
{
    ConfigPointer built_in(mm_config_new());

    EXPECT_EQ(json_of(built_in.get(), mm_vocabulary_find("logging/level")),
              R"({"logging":{"level":"info"}})");
    EXPECT_EQ(json_of(built_in.get(), mm_vocabulary_find("systemApps")), R"({"systemApps":{"app":[]}})");
}

TEST(XmlText, WhatMovesATerminalsCursorIsAReferenceThatMeansTheSame)
{
    const std::string name = "a\u009b31m\u202eb\\n\u2066";
    Loaded loaded = load_body("<systemApps><app>" + name + "</app></systemApps>");

    ASSERT_TRUE(loaded.config);
    const std::string text = printed(loaded.config.get());
    EXPECT_NE(text.find("<app>a&#x9b;31m&#x202e;b\\n&#x2066;</app>"), std::string::npos) << text;
    Loaded again = load_text(text);
    ASSERT_TRUE(again.config);
    EXPECT_EQ(again.config->reclaim_priority.system_apps[0], name);
    // JSON holds it as it is; the program escapes it when it is printed.
    EXPECT_NE(json_of(again.config.get()).find("\"app\":[\"a\u009b31m\u202eb\\\\n\u2066\"]"),
              std::string::npos);
    EXPECT_EQ(written([](FILE *stream) { mm_xml_write_escaped(stream, "\"<&>\xff\xc2"); }),
              "&quot;&lt;&amp;&gt;\xff\xc2");
}

// ---- comments ----------------------------------------------------------------------------------------------

TEST(XmlComment, HoldsNoTwoHyphensAndNoLongLines)
{
    const struct {
        const char *text, *comment;
    } cases[] = {
        {"a", "  <!-- a -->\n"},
        {"", "  <!--  -->\n"},
        {"--x -- y ---", "  <!-- -\\x2dx -\\x2d y -\\x2d- -->\n"},
        {"a\n\nb", "  <!-- a\n\n       b -->\n"},
    };
    for (const auto &entry : cases)
        EXPECT_EQ(written([&](FILE *stream) { mm_xml_write_comment(stream, 2, entry.text); }), entry.comment);
    const std::string text = written([](FILE *stream) {
        mm_xml_write_comment(stream, 4, std::string(2000, 'x').replace(50, 1, " ").c_str());
    });
    EXPECT_NE(text.find("\n         x"), std::string::npos);
    std::string many;
    for (int i = 0; i < 300; i++)
        many += "word" + std::to_string(i) + (i % 7 ? " " : " äöü ");
    std::stringstream lines(written([&](FILE *stream) { mm_xml_write_comment(stream, 8, many.c_str()); }));
    for (std::string line; std::getline(lines, line);) {
        size_t columns = 0;
        for (char character : line)
            columns += (static_cast<unsigned char>(character) & 0xc0) != 0x80;
        EXPECT_LE(columns, static_cast<size_t>(MM_XML_COLUMNS)) << line;
        EXPECT_NE(line.back(), ' ');
    }
    EXPECT_EQ(written([](FILE *stream) { mm_xml_write_comment_text(stream, "a--b"); }), "a-\\x2db");
}

// ---- examples ----------------------------------------------------------------------------------------------

class EveryElement : public testing::TestWithParam<unsigned>
{
};

TEST_P(EveryElement, HasAnExampleThatIsValidAndShowsIt)
{
    char *example = mm_config_example(GetParam());

    ASSERT_NE(example, nullptr);
    const std::string text = example;
    free(example);
    Loaded loaded = load_text(text, 64ULL << 30);
    EXPECT_EQ(loaded.result, 0) << text << (loaded.problems.empty() ? "" : loaded.problems[0]);
    EXPECT_NE(text.find(std::string("<") + mm_vocabulary_name(GetParam()) + ">"), std::string::npos) << text;
    for (const std::string &problem : loaded.problems)
        EXPECT_EQ(problem.find("unknown element"), std::string::npos) << problem << "\n" << text;
}

INSTANTIATE_TEST_SUITE_P(Vocabulary, EveryElement,
                         testing::Range(0U, static_cast<unsigned>(mm_vocabulary_count())),
                         [](const testing::TestParamInfo<unsigned> &element) {
                             return std::regex_replace(mm_vocabulary_at(element.param)->path, std::regex("/"),
                                                       "_");
                         });

// ---- the starter file --------------------------------------------------------------------------------------

std::string starter()
{
    return written([](FILE *stream) { mm_config_write_starter(stream); });
}

TEST(ConfigStarter, MeansNothingYet)
{
    Loaded loaded = load_text(starter(), eight_gib);
    ConfigPointer built_in(mm_config_new());

    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(printed(loaded.config.get()), printed(built_in.get()));
}

// What stands in its comments is the built-in configuration, lists and the profile apart: they have examples.
TEST(ConfigStarter, WithItsCommentsOpenedIsTheBuiltIn)
{
    std::string text = starter();
    text = std::regex_replace(text, std::regex("<!-- (<[A-Za-z0-9]+>[^\n]*</[A-Za-z0-9]+>) -->"), "$1");
    text = std::regex_replace(text, std::regex("\n *<!--\n"), "\n");
    text = std::regex_replace(text, std::regex("\n *-->\n"), "\n");
    text = std::regex_replace(text, std::regex("<ramProfile[^>]*>[^]*</ramProfile>"), "");
    Loaded loaded = load_text(text, eight_gib);

    ASSERT_TRUE(loaded.config) << text << (loaded.problems.empty() ? "" : loaded.problems[0]);
    ConfigPointer built_in(mm_config_new());
    std::stringstream opened(printed(loaded.config.get())), wanted(printed(built_in.get()));
    std::vector<std::string> more;
    std::string line, wanted_line;
    std::getline(wanted, wanted_line);
    while (std::getline(opened, line)) {
        if (line == wanted_line)
            std::getline(wanted, wanted_line);
        else
            more.push_back(line);
    }
    EXPECT_TRUE(wanted.eof()) << "missing or another: " << wanted_line;
    for (const std::string &entry : more)
        EXPECT_TRUE(std::regex_search(
            entry, std::regex("(killableSysApp|importantBgApp|procName|minPriority|app|"
                              "allowedUid|limitHitGroup|processRule|name|exe|cmdline|comm|cgroup|unit|uid|"
                              "oomScoreAdj|bundle|class|priority)>")))
            << entry;
}

TEST(ConfigStarter, NamesEveryElement)
{
    const std::string text = starter();

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        if (mm_vocabulary_at(i)->alias_of)
            continue;
        EXPECT_NE(text.find(std::string("<") + mm_vocabulary_name(i) + ">"), std::string::npos)
            << mm_vocabulary_at(i)->path;
    }
    for (const mm_attribute *attribute = mm_profile_attributes; attribute->name; attribute++)
        EXPECT_NE(text.find(attribute->name), std::string::npos) << attribute->name;
}

// ---- names -------------------------------------------------------------------------------------------------

TEST(ConfigNames, PathsEndsAndBareNames)
{
    const struct {
        const char *name;
        size_t count;
        const char *first;
    } cases[] = {
        {"killConfig/killLevel/memoryMB", 1, "killConfig/killLevel/memoryMB"},
        {"killLevel/memoryMB", 1, "killConfig/killLevel/memoryMB"},
        {"memoryMB", 1, "killConfig/killLevel/memoryMB"},
        {"domain", 1, "domain"},
        {"importantBgApp/minPriority", 1, "reclaimPriorityConfig/importantBgApps/importantBgApp/minPriority"},
        {"minPriority", 4, "killConfig/killLevel/minPriority"},
        {"emoryMB", 0, ""},
        {"", 0, ""},
        {"/memoryMB", 0, ""},
        {"killConfig/", 0, ""},
    };
    for (const auto &entry : cases) {
        unsigned found[8] = {};
        ASSERT_EQ(mm_config_names_find(entry.name, found, 8), entry.count) << entry.name;
        EXPECT_STREQ(entry.count > 0 ? mm_vocabulary_at(found[0])->path : "", entry.first);
    }
    unsigned one = 0;
    EXPECT_GT(mm_config_names_find("enabled", &one, 1), 1U);
}

TEST(ConfigNames, TheNearest)
{
    const struct {
        const char *name, *nearest;
    } cases[] = {
        {"memorymb", "killConfig/killLevel/memoryMB"},
        {"killConfg", "killConfig"},
        {"killConfig/kilLevel", "killConfig/killLevel"},
        {"killableSystemApp", "reclaimPriorityConfig/killableSystemApps"},
        {"qqqqqqqqqqqq", nullptr},
        {"", nullptr},
    };
    for (const auto &entry : cases) {
        unsigned nearest = mm_config_names_nearest(entry.name);
        if (entry.nearest)
            EXPECT_STREQ(nearest == MM_ELEMENT_NONE ? "" : mm_vocabulary_at(nearest)->path, entry.nearest);
        else
            EXPECT_EQ(nearest, MM_ELEMENT_NONE) << entry.name;
    }
}

// ---- new files ---------------------------------------------------------------------------------------------

class NewFile : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/mm_new_file_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        directory = name;
    }
    void TearDown() override
    {
        for (const std::string &name : names())
            EXPECT_EQ(remove((directory + "/" + name).c_str()), 0) << name;
        EXPECT_EQ(rmdir(directory.c_str()), 0);
    }
    std::vector<std::string> names() const
    {
        std::vector<std::string> all;
        DIR *stream = opendir(directory.c_str());
        while (const dirent *entry = readdir(stream)) {
            if (std::string(entry->d_name) != "." && std::string(entry->d_name) != "..")
                all.emplace_back(entry->d_name);
        }
        closedir(stream);
        return all;
    }
    int make(const std::string &name, const std::string &text, bool may_replace = false)
    {
        mm_new_file file{};
        int r = mm_new_file_open((directory + "/" + name).c_str(), may_replace, &file);

        if (r < 0)
            return r;
        r = mm_new_file_write(&file, text.data(), text.size());
        if (r == 0)
            return mm_new_file_commit(&file);
        mm_new_file_discard(&file);
        return r;
    }
    std::string directory;
};

TEST_F(NewFile, IsThereWholeWithAUsualMode)
{
    ASSERT_EQ(make("a.xml", "text"), 0);
    EXPECT_EQ(read_whole(directory + "/a.xml"), "text");
    EXPECT_EQ(names(), std::vector<std::string>{"a.xml"});
    struct stat status {
    };
    ASSERT_EQ(stat((directory + "/a.xml").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0133, 0U);
}

TEST_F(NewFile, ReplacesOnlyWhenItMay)
{
    ASSERT_EQ(make("a.xml", "old"), 0);
    EXPECT_EQ(make("a.xml", "new"), -EEXIST);
    EXPECT_EQ(read_whole(directory + "/a.xml"), "old");
    EXPECT_EQ(make("a.xml", "new", true), 0);
    EXPECT_EQ(read_whole(directory + "/a.xml"), "new");
    EXPECT_EQ(names(), std::vector<std::string>{"a.xml"});
}

TEST_F(NewFile, SomebodyElseIsQuicker)
{
    mm_new_file file{};

    ASSERT_EQ(mm_new_file_open((directory + "/a.xml").c_str(), false, &file), 0);
    std::ofstream(directory + "/a.xml") << "theirs";
    EXPECT_EQ(mm_new_file_write(&file, "ours", 4), 0);
    EXPECT_EQ(mm_new_file_commit(&file), -EEXIST);
    EXPECT_EQ(read_whole(directory + "/a.xml"), "theirs");
    EXPECT_EQ(names(), std::vector<std::string>{"a.xml"});
}

TEST_F(NewFile, NothingIsLeftOfOneThatIsGivenUp)
{
    mm_new_file file{};

    ASSERT_EQ(mm_new_file_open((directory + "/a.xml").c_str(), false, &file), 0);
    EXPECT_EQ(names().size(), 1U);
    EXPECT_EQ(mm_new_file_write(&file, "ours", 4), 0);
    mm_new_file_discard(&file);
    EXPECT_EQ(names(), std::vector<std::string>());
}

TEST_F(NewFile, OnlyARegularFileIsReplaced)
{
    ASSERT_EQ(mkfifo((directory + "/fifo").c_str(), 0600), 0);
    ASSERT_EQ(symlink("elsewhere", (directory + "/link").c_str()), 0);
    ASSERT_EQ(mkdir((directory + "/directory").c_str(), 0700), 0);
    EXPECT_EQ(make("fifo", "x"), -EEXIST);
    EXPECT_EQ(make("fifo", "x", true), -EINVAL);
    EXPECT_EQ(make("link", "x", true), -EINVAL);
    EXPECT_EQ(make("directory", "x", true), -EISDIR);
    EXPECT_EQ(make("directory/", "x", true), -EISDIR);
    EXPECT_EQ(make("none/a.xml", "x"), -ENOENT);
    EXPECT_EQ(make("fifo/a.xml", "x"), -ENOTDIR);
    EXPECT_EQ(make(std::string(300, 'x'), "x"), -ENAMETOOLONG);
    mm_new_file file{};
    EXPECT_EQ(mm_new_file_open("", false, &file), -ENOENT);
    EXPECT_EQ(names().size(), 3U);
}

// A limit of file sizes stands for a full disk: both come to light when buffers are written.
TEST_F(NewFile, AWriteThatFailsLeavesNothing)
{
    pid_t pid = fork();

    ASSERT_GE(pid, 0);
    if (pid == 0) {
        const rlimit limit = {1000, 1000};
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        bool is_right = make("a.xml", std::string(500, 'x')) == 0 &&
                        make("a.xml", std::string(100000, 'x'), true) == -EFBIG && names().size() == 1;
        _exit(is_right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_EQ(read_whole(directory + "/a.xml"), std::string(500, 'x'));
}

} // namespace
