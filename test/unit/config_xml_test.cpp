// SPDX-License-Identifier: Apache-2.0
// Files that may be anything: places, entities, encodings, broken XML, and files that are no files.
#include "config/vocabulary.h"
#include "config/xml_position.h"
#include "config_helpers.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace
{

struct TextCase {
    const char *name;
    std::string text;
    std::vector<std::string> problems; // without "f.xml:"
};

std::string nested(unsigned depth)
{
    std::string open = "<Memmgr>", close = "</Memmgr>";

    for (unsigned i = 1; i < depth; i++) {
        open += "<x>";
        close = "</x>" + close;
    }
    return open + close;
}

const std::string declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::vector<TextCase> text_cases()
{
    const std::string bpf = "<Memmgr><bpf><ringKB>x</ringKB></bpf></Memmgr>";
    const std::string ring = "error: ringKB is \"x\", expected a whole number of KB from 4 to 16384";

    return {
        {"Minimal", "<Memmgr/>", {}},
        {"Declaration", declaration + "<Memmgr/>", {}},
        {"ByteOrderMarkIsNoColumn", "\xef\xbb\xbf" + bpf, {"1:22: " + ring}},
        {"LinesOfWindows", "<Memmgr>\r\n<bpf>\r\n<ringKB>\r\n x</ringKB></bpf></Memmgr>", {"4:2: " + ring}},
        {"TabsAreOneColumn", "<Memmgr>\n\t\t<bpf><ringKB>\tx</ringKB></bpf></Memmgr>", {"2:17: " + ring}},
        {"CharactersNotBytes",
         "<Memmgr><!-- \xc3\xa9\xe2\x82\xac --><bpf><ringKB>x</ringKB></bpf></Memmgr>",
         {"1:33: " + ring}},
        {"TagOverSeveralLines",
         "<Memmgr><killConfig><killLevel\n  id='1'\n></killLevel></killConfig></Memmgr>",
         {"1:21: error: killLevel has no memoryMB, expected one in each killLevel",
          "1:21: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"GreaterInAttribute",
         "<Memmgr><killConfig><killLevel id='a>b'><memoryMB>x</memoryMB><minPriority>1"
         "</minPriority></killLevel></killConfig></Memmgr>",
         {"1:51: error: memoryMB is \"x\", expected a whole number of MB from 1 to 16777216, the same with "
          "its unit (512M, 2G), or a share of RAM (10%)"}},
        {"CData", "<Memmgr><bpf><ringKB><![CDATA[ 64 ]]></ringKB></bpf></Memmgr>", {}},
        {"CDataPlace", "<Memmgr><bpf><ringKB> <![CDATA[ x]]></ringKB></bpf></Memmgr>", {"1:33: " + ring}},
        {"CharacterReference", "<Memmgr><bpf><ringKB>&#54;&#x34;</ringKB></bpf></Memmgr>", {}},
        {"ProcessingInstruction", "<Memmgr><?x y?><bpf><ringKB><?z?>64</ringKB></bpf></Memmgr>", {}},
        {"WrongRoot",
         "<memmgr><bpf/></memmgr>",
         {"1:1: error: the root element is <memmgr>, expected <Memmgr>"}},
        {"OtherRoot", "<html><body/></html>", {"1:1: error: the root element is <html>, expected <Memmgr>"}},
        {"PrefixedRootIsTheRoot",
         "<Memmgr xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
         "xsi:noNamespaceSchemaLocation='memmgr_config.xsd'/>",
         {}},
        {"PrefixedElement",
         "<Memmgr xmlns:a='urn:a'><a:bpf/></Memmgr>",
         {"1:25: warning: unknown element <a:bpf> in <Memmgr> is ignored"}},
        {"IdOnRows", "<Memmgr><reclaimConfig><ZswapdParam id='1'/></reclaimConfig></Memmgr>", {}},
        {"UnknownAttribute",
         "<Memmgr version='1'><bpf id='1'/></Memmgr>",
         {"1:1: warning: unknown attribute version of <Memmgr> is ignored",
          "1:21: warning: unknown attribute id of <bpf> is ignored"}},
        {"TextInRoot",
         "<Memmgr>\n  stray\n<bpf/>more</Memmgr>",
         {"2:3: error: text in <Memmgr>, which holds elements only",
          "3:7: error: text in <Memmgr>, which holds elements only"}},
        {"TextInSection",
         "<Memmgr><availBufferConfig> <!-- a --> 800 <!-- b --> 900</availBufferConfig></Memmgr>",
         {"1:40: error: text in <availBufferConfig>, which holds elements only"}},
        {"ElementInValue",
         "<Memmgr><bpf><ringKB>64<b>5</b></ringKB></bpf></Memmgr>",
         {"1:24: error: <b> stands in <ringKB>, which holds a value, not elements"}},
        {"ValueTooLong",
         "<Memmgr><bpf><ringKB>" + std::string(4097, '1') + "</ringKB></bpf></Memmgr>",
         {"1:22: error: ringKB is longer than 4096 bytes"}},
        {"LongTag",
         "<Memmgr>\n<bpf a='>'" + std::string(4100, ' ') + "/></Memmgr>",
         {"2:1: error: a tag is longer than 4096 bytes"}},
        {"LongCommentIsNoTag", "<Memmgr><!-- <bpf " + std::string(5000, 'x') + " --></Memmgr>", {}},
        {"LongCDataIsNoTag",
         "<Memmgr><bpf><ringKB>64<![CDATA[<x" + std::string(3000, ' ') + "]]>x</ringKB></bpf></Memmgr>",
         {"1:22: error: ringKB is \"64<x" + std::string(52, ' ') +
          "...\", expected a whole number of KB from 4 to 16384"}},
        {"DeepestAllowed", nested(16), {"1:9: warning: unknown element <x> in <Memmgr> is ignored"}},
        {"TooDeep",
         nested(17),
         {"1:9: warning: unknown element <x> in <Memmgr> is ignored",
          "1:54: error: elements nest deeper than 16"}},
        // not well-formed
        {"Mismatch",
         "<Memmgr>\n<bpf></bfp></Memmgr>",
         {"2:6: error: </bfp> ends <bpf> of line 2, expected </bpf>"}},
        {"TruncatedTag",
         "<Memmgr>\n<bpf><ring",
         {"2:11: error: not well-formed XML: Couldn't find end of Start Tag ring line 2"}},
        {"TruncatedContent",
         "<Memmgr>\n<bpf>\n",
         {"3:1: error: the file ends in <bpf> of line 2, expected </bpf>"}},
        {"TwoRoots",
         "<Memmgr/><Memmgr/>",
         {"1:10: error: not well-formed XML: Extra content at the end of the document"}},
        {"NoXml", "killConfig = 500", {"1:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"UnquotedAttribute",
         "<Memmgr><killConfig id=1/></Memmgr>",
         {"1:24: error: not well-formed XML: AttValue: \" or ' expected"}},
        {"ErrorsBeforeTheBreakAreTold",
         "<Memmgr><bpf><ringKB>x</ringKB></bpf>\n<killConfig><killLevel></Memmgr>",
         {"1:22: " + ring, "2:24: error: </Memmgr> ends <killLevel> of line 2, expected </killLevel>"}},
        {"BrokenUtf8",
         "<Memmgr><!-- \xff\xfe\xfd --></Memmgr>",
         {"1:14: error: not well-formed XML: Input is not proper UTF-8, indicate encoding !"}},
        // encodings
        {"LowerCaseUtf8", "<?xml version='1.0' encoding='utf-8'?><Memmgr/>", {}},
        {"Latin1",
         "<?xml version='1.0' encoding='ISO-8859-1'?>\n<Memmgr/>",
         {"1:31: error: the encoding is \"ISO-8859-1\", expected UTF-8"}},
        {"Utf16Declared",
         "<?xml version=\"1.0\" encoding = \"UTF-16\"?>\n<Memmgr/>",
         {"1:33: error: the encoding is \"UTF-16\", expected UTF-8"}},
        {"Utf16", std::string("\xff\xfe<\0M\0", 6), {"1:1: error: the encoding is UTF-16, expected UTF-8"}},
        {"NulByte",
         std::string("<Memmgr>\n\0</Memmgr>", 19),
         {"2:1: error: a NUL byte: this is no text file"}},
        // entities
        {"EntityOfPlainText",
         "<!DOCTYPE Memmgr [<!ENTITY ring '64'>]><Memmgr><bpf><ringKB>&ring;</ringKB></bpf></Memmgr>",
         {}},
        {"EntityTwice",
         "<!DOCTYPE Memmgr [<!ENTITY one '1'>]><Memmgr><killConfig><killLevel><memoryMB>&one;&one;</memoryMB>"
         "<minPriority>&one;</minPriority></killLevel></killConfig><bpf><ringKB>&one;</ringKB></bpf></"
         "Memmgr>",
         {"1:170: error: ringKB is \"1\", expected a whole number of KB from 4 to 16384"}},
        {"EntityUnknown",
         "<Memmgr><bpf><ringKB>&ring;</ringKB></bpf></Memmgr>",
         {"1:22: error: not well-formed XML: Entity 'ring' not defined"}},
        {"EntityOfFile",
         "<!DOCTYPE Memmgr [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><Memmgr>&f;</Memmgr>",
         {"1:19: error: entity f is not plain text in this file"}},
        {"EntityParameter",
         "<!DOCTYPE Memmgr [<!ENTITY % p '<!ENTITY q \"1\">'> %p;]><Memmgr/>",
         {"1:33: error: entity p is not plain text in this file"}},
        {"EntityOfMarkup",
         "<!DOCTYPE Memmgr [<!ENTITY b '<bpf/>'>]><Memmgr>&b;</Memmgr>",
         {"1:19: error: entity b holds markup or another entity, expected plain text"}},
        {"EntityBomb",
         "<!DOCTYPE Memmgr [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
         "<Memmgr>&b;</Memmgr>",
         {"1:43: error: entity b holds markup or another entity, expected plain text"}},
        {"DocumentTypeFromElsewhere",
         "<!DOCTYPE Memmgr SYSTEM 'http://example.com/a.dtd'><Memmgr/>",
         {"1:1: error: a document type from elsewhere is not read, expected none"}},
    };
}

class ConfigXml : public testing::TestWithParam<TextCase>
{
};

TEST_P(ConfigXml, GivesTheseProblems)
{
    const TextCase &wanted = GetParam();
    Loaded loaded = load_text(wanted.text);
    std::vector<std::string> expected;
    bool has_error = false;

    for (const std::string &problem : wanted.problems) {
        expected.push_back("f.xml:" + problem);
        has_error |= problem.find("error:") != std::string::npos;
    }
    EXPECT_EQ(loaded.problems, expected);
    EXPECT_EQ(loaded.result, has_error ? -EINVAL : 0);
}

INSTANTIATE_TEST_SUITE_P(All, ConfigXml, testing::ValuesIn(text_cases()),
                         [](const auto &entry) { return std::string(entry.param.name); });

TEST(ConfigXmlStrict, MakesUnknownNamesErrors)
{
    Loaded loaded =
        load_text("<Memmgr>\n<loging/>\n<bpf speed='1'><ringKB>128</ringKB><x/></bpf></Memmgr>", 0, true);

    EXPECT_EQ(loaded.problems,
              (std::vector<std::string>{
                  "f.xml:2:1: error: unknown element <loging> in <Memmgr>; did you mean <logging>?",
                  "f.xml:3:1: error: unknown attribute speed of <bpf>",
                  "f.xml:3:36: error: unknown element <x> in <bpf>"}));
    EXPECT_EQ(loaded.result, -EINVAL);
}

TEST(ConfigXmlItems, HaveElementInstanceTextAndPlace)
{
    const std::string text =
        "<Memmgr>\n <killConfig>\n  <killLevel>\n   <memoryMB> 5 </memoryMB>\n  </killLevel>\n"
        "  <killLevel>\n   <minPriority>6</minPriority>\n  </killLevel>\n </killConfig>\n</Memmgr>";
    Items items;
    Problems problems;
    struct {
        const char *path;
        unsigned instance;
        const char *text;
        unsigned line, column;
    } expected[] = {
        {"killConfig", 0, nullptr, 2, 2},
        {"killConfig/killLevel", 0, nullptr, 3, 3},
        {"killConfig/killLevel/memoryMB", 0, " 5 ", 4, 15},
        {"killConfig/killLevel", 1, nullptr, 6, 3},
        {"killConfig/killLevel/minPriority", 1, "6", 7, 17},
    };

    ASSERT_EQ(mm_config_parse_xml("a.xml", text.data(), text.size(), &items.value, &problems.value), 0);
    ASSERT_EQ(items.value.count, 5U);
    ASSERT_EQ(items.value.file_count, 1U);
    EXPECT_STREQ(items.value.files[0], "a.xml");
    for (size_t i = 0; i < 5; i++) {
        const mm_config_item &item = items.value.items[i];

        EXPECT_STREQ(mm_vocabulary_at(item.element)->path, expected[i].path);
        EXPECT_EQ(item.instance, expected[i].instance);
        EXPECT_EQ(std::string(item.text ? item.text : "NULL"), expected[i].text ? expected[i].text : "NULL");
        EXPECT_EQ(item.line, expected[i].line);
        EXPECT_EQ(item.column, expected[i].column);
        EXPECT_EQ(item.file, 0U);
    }
}

// The parser moves its buffer on in large files; places must not move with it.
TEST(ConfigXmlItems, PlacesHoldInALargeFile)
{
    std::string text = "<Memmgr>\n";

    for (int i = 0; i < 20000; i++)
        text += "<!-- a comment of some length, so that the file grows -->\n";
    text += "<bpf><ringKB>x</ringKB></bpf></Memmgr>";
    Loaded loaded = load_text(text);
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_EQ(loaded.problems[0].substr(0, 15), "f.xml:20002:14:");
}

TEST(ConfigXmlItems, AreBounded)
{
    std::string text = "<Memmgr><purgeablememConfig>";

    for (int i = 0; i < MM_CONFIG_ITEMS_MAX; i++)
        text += "<purgeWhiteAppList/>";
    Loaded loaded = load_text(text + "</purgeablememConfig></Memmgr>");
    ASSERT_FALSE(loaded.problems.empty());
    EXPECT_NE(loaded.problems.back().find("more than 65536 elements"), std::string::npos);
}

TEST(ConfigXmlItems, ManyEntityReferencesAreRefused)
{
    std::string text = "<!DOCTYPE Memmgr [<!ENTITY a '" + std::string(4000, 'a') + "'>]><Memmgr>";

    for (int i = 0; i < 2000; i++)
        text += "&a;";
    Loaded loaded = load_text(text + "</Memmgr>");
    ASSERT_EQ(loaded.problems.size(), 2U);
    EXPECT_NE(loaded.problems[1].find("more than 1024 references to entities"), std::string::npos);
}

// No cut of the shipped file may crash, and each is refused.
TEST(ConfigXmlItems, EveryTruncationIsAnError)
{
    const std::string whole = read_whole(MM_FIXTURES "/config/upstream_shipped.xml");

    for (size_t length = 1; length < whole.find("</Memmgr>") + 9; length++) {
        Items items;
        Problems problems;
        ASSERT_EQ(mm_config_parse_xml("f.xml", whole.data(), length, &items.value, &problems.value), -EINVAL)
            << length;
        ASSERT_GE(problems.value.error_count, 1U);
    }
}

TEST(XmlPosition, MovesBothWays)
{
    const std::string text = "ab\n\xc3\xa9 c\n\nd";
    mm_xml_position position;
    struct {
        size_t offset;
        unsigned line, column;
    } steps[] = {{0, 1, 1}, {8, 3, 1}, {9, 4, 1},  {5, 2, 2}, {3, 2, 1},
                 {6, 2, 3}, {1, 1, 2}, {99, 4, 2}, {2, 1, 3}};

    mm_xml_position_init(&position, text.data(), text.size());
    for (const auto &step : steps) {
        mm_xml_position_move(&position, step.offset);
        EXPECT_EQ(position.line, step.line) << step.offset;
        EXPECT_EQ(position.column, step.column) << step.offset;
    }
}

// ---- files -----------------------------------------------------------------------------------------------

class ConfigFileKind : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/mm_config_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        directory = name;
        path = directory + "/memmgr_config.xml";
    }
    void TearDown() override
    {
        std::string other = directory + "/other";
        (void)chmod(path.c_str(), 0600);
        (void)unlink(path.c_str());
        (void)unlink(other.c_str());
        (void)rmdir(path.c_str());
        (void)rmdir(directory.c_str());
    }
    void write(const std::string &content, mode_t mode = 0644)
    {
        std::ofstream(path, std::ios::binary) << content;
        ASSERT_EQ(chmod(path.c_str(), mode), 0);
    }
    void expect(const std::string &text)
    {
        Items items;
        Problems problems;
        EXPECT_EQ(mm_config_read_xml(path.c_str(), &items.value, &problems.value), -EINVAL);
        ASSERT_EQ(problems.value.count, 1U) << problems.joined();
        EXPECT_EQ(problems.lines()[0], path + ": error: " + text);
    }
    std::string directory, path;
};

TEST_F(ConfigFileKind, Regular)
{
    Items items;
    Problems problems;

    write("<Memmgr><bpf/></Memmgr>");
    EXPECT_EQ(mm_config_read_xml(path.c_str(), &items.value, &problems.value), 0) << problems.joined();
    EXPECT_EQ(items.value.count, 1U);
}

TEST_F(ConfigFileKind, SymbolicLinkToARegularFile)
{
    Items items;
    Problems problems;
    std::string other = directory + "/other";

    std::ofstream(other) << "<Memmgr/>";
    ASSERT_EQ(symlink("other", path.c_str()), 0);
    EXPECT_EQ(mm_config_read_xml(path.c_str(), &items.value, &problems.value), 0) << problems.joined();
}

TEST_F(ConfigFileKind, Missing)
{
    expect("cannot be opened: No such file or directory");
}

TEST_F(ConfigFileKind, Empty)
{
    write("");
    expect("is empty, expected <Memmgr> ... </Memmgr>");
}

TEST_F(ConfigFileKind, WritableByEverybody)
{
    write("<Memmgr/>", 0666);
    expect("is writable by everybody (mode 0666), so anybody could say who is killed: chmod o-w");
}

TEST_F(ConfigFileKind, Unreadable)
{
    write("<Memmgr/>", 0000);
    ASSERT_EQ(chmod(directory.c_str(), 0755), 0);
    pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        // Root reads every file; nobody does not.
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        expect("cannot be opened: Permission denied");
        _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
}

TEST_F(ConfigFileKind, FifoWithoutAWriterDoesNotBlock)
{
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    expect("is a FIFO, expected a regular file");
}

// A regular file when it is looked at, a FIFO when it is opened.
TEST_F(ConfigFileKind, BecomingAFifoMeanwhileDoesNotBlock)
{
    const std::string other = directory + "/other";
    std::atomic<bool> is_done{false};

    write("<Memmgr/>");
    ASSERT_EQ(mkfifo(other.c_str(), 0600), 0);
    std::thread swapper([&] {
        while (!is_done)
            (void)renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    });
    for (int i = 0; i < 5000; i++) {
        Items items;
        Problems problems;
        int r = mm_config_read_xml(path.c_str(), &items.value, &problems.value);
        if (r == 0)
            continue;
        EXPECT_EQ(r, -EINVAL);
        EXPECT_EQ(problems.lines(),
                  std::vector<std::string>{path + ": error: is a FIFO, expected a regular file"});
    }
    is_done = true;
    swapper.join();
}

TEST_F(ConfigFileKind, Directory)
{
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    expect("is a directory, expected a regular file");
}

TEST_F(ConfigFileKind, Socket)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};

    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
    close(fd);
    expect("is a socket, expected a regular file");
}

TEST_F(ConfigFileKind, Device)
{
    path = "/dev/zero";
    expect("is a character device, expected a regular file");
    path = directory + "/memmgr_config.xml";
}

TEST_F(ConfigFileKind, LoopOfSymbolicLinks)
{
    ASSERT_EQ(symlink("memmgr_config.xml", path.c_str()), 0);
    expect("is a loop of symbolic links, expected a regular file");
}

TEST_F(ConfigFileKind, TooLargeIsNotRead)
{
    write("<Memmgr/>");
    ASSERT_EQ(truncate(path.c_str(), 100L << 20), 0);
    expect("has 104857600 bytes, expected at most 8388608");
}

TEST_F(ConfigFileKind, GrowingWhileItIsRead)
{
    Problems problems;
    char *bytes = nullptr;
    size_t length = 0;

    write("");
    ASSERT_EQ(truncate(path.c_str(), 9L << 20), 0);
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(mm_config_read_bytes(fd, "f.xml", MM_CONFIG_MAX_BYTES, &bytes, &length, &problems.value),
              -EINVAL);
    close(fd);
    EXPECT_EQ(problems.joined(), "f.xml: error: has more than 8388608 bytes, expected fewer\n");
}

} // namespace
