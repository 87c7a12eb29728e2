// SPDX-License-Identifier: Apache-2.0
// memmgr-config's commands as their users meet them.
#include "config_program.hpp"

#include "common/text.h"
#include "config/vocabulary.h"

#include <fcntl.h>
#include <regex>

namespace
{

const std::string shipped = MM_SOURCE_DIRECTORY "/config/memmgr_config.xml";
const std::string upstream = MM_FIXTURES "/config/upstream_shipped.xml";
const std::string mended = MM_FIXTURES "/config/readme_mended.xml";
const std::string unmended = MM_FIXTURES "/config/readme_unmended.xml";

JsonPointer json_of(const Outcome &outcome)
{
    JsonPointer json(cJSON_Parse(outcome.output.c_str()));
    EXPECT_TRUE(json) << outcome.output << outcome.errors;
    return json;
}

// ---- usage -------------------------------------------------------------------------------------------------

TEST(ConfigUsage, WrongArgumentsAreStatus3WithAHint)
{
    const struct {
        std::vector<std::string> arguments;
        const char *hint;
    } cases[] = {
        {{}, "no command is given"},
        {{"chek"}, "is \"check\" meant?"},
        {{"check", "--strikt"}, "is --strict meant?"},
        {{"check", "--ram-mb"}, "needs a value"},
        {{"check", "--ram-mb", "4G"}, "no whole number"},
        {{"check", "--ram-mb", "99999999999999999999"}, "no whole number"},
        {{"check", "--screen-inches=-1"}, "no whole number"},
        {{"show", "--section"}, "needs a value"},
        {{"show", "--section", "kilConfig"}, "is \"killConfig\" meant?"},
        {{"show", "--section", "enabled"}, "is the name of "},
        {{"diff", "a"}, "something is missing: A B"},
        {{"diff", "a", "b", "c"}, "\"c\" is too much"},
        {{"explain", "memorymb"}, "is \"killConfig/killLevel/memoryMB\" meant?"},
        {{"explain", "qqqqqqqqqqqqqq"}, "there is no element \"qqqqqqqqqqqqqq\""},
        {{"explain", "a\x1b[1m"}, "\"a\\x1b[1m\""},
        {{"explain", "minPriority"}, "  reclaimPriorityConfig/importantBgApps/importantBgApp/minPriority\n"},
        {{"schema", "x"}, "\"x\" is too much"},
        {{"init", "a", "b"}, "\"b\" is too much"},
        {{"migrate", "x"}, "--from lmkd, earlyoom, oomd or memmgr is missing"},
        {{"migrate", "--from", "lmdk", "x"}, "is \"lmkd\" meant?"},
        {{"migrate", "--from", "something", "x"}, "expected lmkd, earlyoom, oomd or memmgr"},
        {{"migrate", "--from", "lmkd"}, "something is missing: FILE"},
        {{"migrate", "--from", "oomd", "a", "b"}, "\"b\" is too much"},
        {{"help", "nothing"}, "unknown command \"nothing\""},
    };

    for (const auto &entry : cases) {
        Outcome outcome = run_config(entry.arguments);
        EXPECT_EQ(outcome.status, 3) << outcome.errors;
        EXPECT_NE(outcome.errors.find(entry.hint), std::string::npos) << entry.hint << "\n" << outcome.errors;
        EXPECT_EQ(outcome.output, "");
    }
}

std::vector<std::string> section_of(const std::string &help, const std::string &title)
{
    std::stringstream lines(help);
    std::vector<std::string> names;
    bool is_inside = false;

    for (std::string line; std::getline(lines, line);) {
        if (line == title + ":")
            is_inside = true;
        else if (line.empty())
            is_inside = false;
        else if (is_inside)
            names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    return names;
}

// The manual knows every command and option; no line of help is longer than a terminal's.
TEST(ConfigUsage, HelpAndManualTellEveryCommandAndItsOptions)
{
    const std::string manual = std::regex_replace(
        read_whole(MM_SOURCE_DIRECTORY "/service/man/memmgr-config.1"), std::regex("\\\\-"), "-");
    Outcome overview = run_config({"help"});
    const std::vector<std::string> commands = section_of(overview.output, "commands");

    EXPECT_EQ(overview.status, 0);
    EXPECT_EQ(run_config({"--help"}).output, overview.output);
    EXPECT_GE(commands.size(), 8U);
    for (const std::string &command : commands) {
        Outcome help = run_config({"help", command});

        EXPECT_EQ(help.status, 0);
        EXPECT_EQ(run_config({command, "--help"}).output, help.output);
        EXPECT_TRUE(std::regex_search(manual, std::regex("\\.BR? \"?" + command + "\\b"))) << command;
        for (const std::string &option : section_of(help.output, "options"))
            EXPECT_NE(manual.find(option), std::string::npos) << command << " " << option;
        std::stringstream lines(help.output);
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(line.size(), 100U) << line;
    }
    EXPECT_EQ(run_config({"--version"}).output.rfind("memmgr-config ", 0), 0U);
}

TEST(ConfigUsage, AnOutputThatCannotBeWrittenIsStatus4)
{
    const auto to_a_full_disk = [] { dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO); };
    const auto to_nobody = [] { close(STDOUT_FILENO); };

    for (const std::vector<std::string> &arguments :
         {std::vector<std::string>{"schema"},
          {"help"},
          {"explain"},
          {"explain", "memoryMB", "--json"},
          {"init", "-"},
          {"show", upstream},
          {"show", upstream, "--json"},
          {"check", "--ram-mb", "4096", upstream},
          {"items", upstream},
          {"diff", upstream, mended},
          {"migrate", "--from", "memmgr", "--ram-mb", "4096", upstream}}) {
        EXPECT_EQ(run_config(arguments, "", to_a_full_disk).status, arguments[0] == "diff" ? 1 : 4)
            << arguments[0];
        EXPECT_NE(run_config(arguments, "", to_nobody).status, 0) << arguments[0];
    }
}

// ---- check -------------------------------------------------------------------------------------------------

TEST_F(ConfigProgram, CheckFindsAllProblemsOfAllFilesInOnePass)
{
    const std::string a = file("a.xml", "\n<bfp/>\n<bpf><ringKB>x</ringKB></bpf>\n"),
                      b = file("b.xml", "<killPolicy><enabled>perhaps</enabled></killPolicy>"),
                      c = file("c.xml", "<?xml version='1.0'?><Memmgr><a></b></Memmgr>");
    Outcome outcome = run_config({"check", "--ram-mb", "4096", a, b, directory + "/none.xml", c});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output,
              a + ":2:1: warning: unknown element <bfp> in <Memmgr> is ignored; did you mean <bpf>?\n" + a +
                  ":3:14: error: ringKB is \"x\", expected a whole number of KB from 4 to 16384\n" + b +
                  ":1:30: error: enabled is \"perhaps\", expected true or false (yes, no, on, off, 1, 0)\n" +
                  c + ":1:30: warning: unknown element <a> in <Memmgr> is ignored\n" + c +
                  ":1:33: error: </b> ends <a> of line 1, expected </a>\n" + directory +
                  "/none.xml: error: cannot be opened: No such file or directory\n")
        << outcome.output;
    EXPECT_EQ(outcome.errors, "4 errors, 2 warnings in 3 files, for a device with 4096 MB of RAM\n");
}

TEST_F(ConfigProgram, ChecksStatusSaysTheWorst)
{
    const struct {
        std::string body;
        std::vector<std::string> options;
        int status;
    } cases[] = {
        {"<bpf/>", {}, 0},
        {"<bpf/>", {"--strict"}, 0},
        {"<bfp/>", {}, 0},
        {"<bfp/>", {"--strict"}, 2},          // what is unknown is an error then
        {"<switchConfig/>", {"--strict"}, 0}, // a note is no warning
        {"<bpf>x</bpf>", {}, 2},
        {"<bpf>x</bpf><bfp/>", {"--strict"}, 2},
        {"<availBufferConfig><minAvailBuffer>300</minAvailBuffer></availBufferConfig>", {}, 0},
        {"<availBufferConfig><minAvailBuffer>300</minAvailBuffer></availBufferConfig>", {"--strict"}, 1},
    };

    for (const auto &entry : cases) {
        std::vector<std::string> arguments = {"check", "--ram-mb", "8192", file("a.xml", entry.body)};
        arguments.insert(arguments.end(), entry.options.begin(), entry.options.end());
        Outcome outcome = run_config(arguments);
        EXPECT_EQ(outcome.status, entry.status) << entry.body << outcome.output;
        arguments.emplace_back("--json");
        EXPECT_EQ(run_config(arguments).status, entry.status) << entry.body;
    }
}

TEST_F(ConfigProgram, CheckTellsProgramsTheSame)
{
    const std::string a = file("a\nb.xml", "<bfp/><bpf>x</bpf>");
    Outcome outcome =
        run_config({"check", "--json", "--ram-mb", "2048", "--screen-inches", "7", "--device", "tv\x01", a});
    JsonPointer json = json_of(outcome);
    const std::string shown = directory + "/a\\\\x0ab.xml";

    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.errors, "");
    const struct {
        const char *path;
        std::string value;
    } cases[] = {
        {"valid", "false"},
        {"errors", "1"},
        {"warnings", "1"},
        {"notes", "0"},
        {"device", R"({"ram_mb":2048,"screen_inches":7,"name":"tv\\x01"})"},
        {"files", "[\"" + shown + "\"]"},
        {"problems/0/severity", "\"warning\""},
        {"problems/0/file", "\"" + shown + "\""},
        {"problems/0/line", "1"},
        {"problems/0/column", "9"},
        {"problems/1/severity", "\"error\""},
        {"problems/1/text", "\"text in <bpf>, which holds elements only\""},
    };
    for (const auto &entry : cases)
        EXPECT_EQ(json_text(json_at(json.get(), entry.path)), entry.value) << entry.path;
    EXPECT_EQ(cJSON_GetArraySize(json_at(json.get(), "problems")), 2);
    JsonPointer none = json_of(run_config({"check", "--json", directory + "/none.xml"}));
    EXPECT_EQ(json_text(json_at(none.get(), "problems/0/line")), "null");
}

TEST_F(ConfigProgram, CheckReadsTheSearchPathWhereNoFileIsNamed)
{
    file("one/memmgr_config.xml", "<bpf><ringKB>64</ringKB></bpf>");
    const std::string drop_in = file("one/memmgr_config.d/10.xml", "<bpf><ringKB>y</ringKB></bpf>");
    file("one/other.xml", "<bpf><ringKB>z</ringKB></bpf>");
    Outcome outcome = run_config({"check", "--search-path", directory + "/none:" + directory + "/one"});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output.rfind(drop_in + ":1:22: error: ringKB is \"y\"", 0), 0U) << outcome.output;
    EXPECT_NE(outcome.errors.find("1 error in 2 files"), std::string::npos) << outcome.errors;
    outcome = run_config({"check", "--search-path", directory + "/none"});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_NE(outcome.errors.find("in 0 files"), std::string::npos) << outcome.errors;
}

// ---- show --------------------------------------------------------------------------------------------------

TEST_F(ConfigProgram, ShowReadsBackTheSame)
{
    for (const std::string &source : {shipped, upstream, mended}) {
        for (const char *ram : {"1024", "4096", "16384"}) {
            Outcome shown = run_config({"show", "--origin", "--ram-mb", ram, source});
            ASSERT_EQ(shown.status, 0) << source << " " << ram << "\n" << shown.errors;
            const std::string copy = file("copy.xml", shown.output);
            Outcome again = run_config({"diff", "--ram-mb", ram, source, copy});
            EXPECT_EQ(again.status, 0) << source << " " << ram << "\n" << again.output << again.errors;
            EXPECT_EQ(run_config({"show", "--ram-mb", ram, copy}).output,
                      run_config({"show", "--ram-mb", ram, source}).output);
        }
    }
}

// Where an item's value is in the JSON of show: rows and list entries by their place.
std::string json_path_of(const mm_config_items &items, size_t index)
{
    const mm_config_item &item = items.items[index];
    const unsigned element = mm_vocabulary_resolve(item.element), parent = mm_vocabulary_parent(element);
    std::string path = mm_vocabulary_at(element)->path;

    if (parent != MM_ELEMENT_NONE && mm_vocabulary_at(parent)->type == MM_TYPE_ROW)
        path.insert(path.rfind('/'), "/" + std::to_string(item.instance));
    else if (mm_vocabulary_at(element)->flags & MM_ELEMENT_REPEATABLE)
        path += "/" + std::to_string(item.instance);
    return path;
}

// Rows stand in another order than in the file where they are sorted: by the id of the row in the file.
TEST_F(ConfigProgram, ShowGivesEveryValueOfUpstreamsFiles)
{
    for (const std::string &source : {upstream, mended}) {
        Items items;
        Problems problems;
        const std::string text = read_whole(source);
        ASSERT_EQ(mm_config_parse_xml("f.xml", text.data(), text.size(), &items.value, &problems.value), 0);
        JsonPointer json = json_of(run_config({"show", "--json", "--ram-mb", "4096", source}));
        size_t compared = 0;

        for (size_t i = 0; i < items.value.count; i++) {
            const mm_config_item &item = items.value.items[i];
            const unsigned element = mm_vocabulary_resolve(item.element);
            if (mm_element_has_children(mm_vocabulary_at(element)) || mm_text_is_blank(item.text))
                continue;
            std::string path = json_path_of(items.value, i);
            if (path.rfind("killConfig/killLevel/", 0) == 0) {
                const cJSON *rows = json_at(json.get(), "killConfig/killLevel");
                const int last = cJSON_GetArraySize(rows) - 1;
                path = std::regex_replace(path, std::regex("/[0-9]+/"),
                                          "/" + std::to_string(last - static_cast<int>(item.instance)) + "/");
            }
            const cJSON *value = json_at(json.get(), path);
            EXPECT_TRUE(value) << path;
            EXPECT_EQ(cJSON_IsString(value) ? value->valuestring : json_text(value), item.text) << path;
            compared++;
        }
        EXPECT_GE(compared, 20U);
    }
}

TEST_F(ConfigProgram, ShowTellsTheOriginOfEachValue)
{
    const std::string low = file("a--b\x01/10.xml", "\n<killPolicy><order>heaviest</order></killPolicy>"
                                                    "<logging><level>debug</level></logging>\n"),
                      high = file("a--b\x01/20.xml",
                                  "\n\n<ramProfile name='4gb' minRamMB='3000' maxRamMB='5000'><killPolicy>"
                                  "<order>newestUse</order></killPolicy></ramProfile>\n");
    Outcome outcome = run_config({"show", "--origin", "--ram-mb", "4096", directory + "/a--b\x01"});
    const std::string shown = directory + "/a-\\x2db\\x01/";

    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    for (const std::string &part : {"<order>newestUse</order> <!-- " + shown + "20.xml:3 (profile 4gb) -->",
                                    "<level>debug</level> <!-- " + shown + "10.xml:2 -->",
                                    std::string("<enabled>true</enabled> <!-- built-in -->")})
        EXPECT_NE(outcome.output.find(part), std::string::npos) << part << "\n" << outcome.output;
    EXPECT_EQ(run_config({"check", file("again.xml", outcome.output)}).status, 0);
    JsonPointer json = json_of(
        run_config({"show", "--origin", "--json", "--section", "killPolicy", "--ram-mb", "8192", low, high}));
    EXPECT_EQ(json_text(json_at(json.get(), "killPolicy/order")),
              "{\"value\":\"heaviest\",\"file\":\"" + directory +
                  "/a--b\\\\x01/10.xml\",\"line\":2,\"profile\":null}");
    EXPECT_EQ(json_text(json_at(json.get(), "killPolicy/enabled/file")), "null");
    EXPECT_EQ(cJSON_GetArraySize(json.get()), 1);
}

TEST_F(ConfigProgram, ShowLetsNoNameMoveATerminalsCursor)
{
    const std::string path = file("a.xml", "<systemApps><app>x\u009b2J\u202e\\</app></systemApps>");
    Outcome xml = run_config({"show", "--section", "systemApps", path}),
            json = run_config({"show", "--json", "--section", "systemApps", path});

    EXPECT_NE(xml.output.find("<app>x&#x9b;2J&#x202e;\\</app>"), std::string::npos) << xml.output;
    EXPECT_NE(json.output.find("\"x\\u009b2J\\u202e\\\\\""), std::string::npos) << json.output;
    EXPECT_STREQ(json_at(json_of(json).get(), "systemApps/app/0")->valuestring, "x\u009b2J\u202e\\");
}

TEST_F(ConfigProgram, ShowOneSection)
{
    const struct {
        const char *name, *path;
    } cases[] = {
        {"killConfig", "killConfig"},
        {"killLevel", "killConfig"},
        {"nandlife", "nandLifeConfig"},
        {"reclaimPriorityConfig/killableSystemApps", "reclaimPriorityConfig/killalbeSystemApps"},
        {"ringKB", "bpf/ringKB"},
    };
    for (const auto &entry : cases) {
        JsonPointer json = json_of(run_config({"show", "--json", "--section", entry.name, upstream}));
        EXPECT_EQ(cJSON_GetArraySize(json.get()), 1) << entry.name;
        EXPECT_TRUE(json_at(json.get(), entry.path)) << entry.name << json_text(json.get());
    }
}

TEST_F(ConfigProgram, ShowAndDiffRefuseWhatIsNotValid)
{
    for (const std::vector<std::string> &arguments : {std::vector<std::string>{"show", unmended},
                                                      {"diff", unmended, mended},
                                                      {"diff", mended, unmended}}) {
        Outcome outcome = run_config(arguments);
        EXPECT_EQ(outcome.status, 2);
        EXPECT_EQ(outcome.output, "");
        EXPECT_NE(outcome.errors.find(unmended +
                                      ":9:3: error: </availbufferiSize> ends <availbufferSize> of line 4"),
                  std::string::npos)
            << outcome.errors;
    }
}

// ---- diff --------------------------------------------------------------------------------------------------

TEST_F(ConfigProgram, DiffIsByMeaningForTheDevice)
{
    const std::string
        a = file(
            "a.xml",
            "<killConfig><killLevel id='1'><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>"
            "<killLevel id='2'><memoryMB>100</memoryMB><minPriority>0</minPriority></killLevel></killConfig>"
            "<systemApps><app>one</app><app>two</app></systemApps>"),
        same = file("same.xml",
                    "<systemApps><app> two </app><app>one</app></systemApps><!-- another order -->"
                    "<killConfig>\n"
                    "<killLevel id='2'><minPriority> 0</minPriority><memoryMB>100</memoryMB></killLevel>\n"
                    "<killLevel id='1'><memoryMB>500M</memoryMB><minPriority>400</minPriority></killLevel>"
                    "</killConfig><logging><level>info</level></logging>"),
        b = file("b/10.xml", read_whole(a).substr(8, read_whole(a).size() - 18)),
        c = file("b/20.xml", "<ramProfile name='small' maxRamMB='4200'>\n<killConfig>\n"
                             "<killLevel id='1'>\n<memoryMB>350</memoryMB></killLevel></killConfig>"
                             "<systemApps><remove name='one'/>\n<app>three</app></systemApps></ramProfile>");

    EXPECT_EQ(run_config({"diff", a, same}).output, "");
    EXPECT_EQ(run_config({"diff", a, same}).status, 0);
    EXPECT_EQ(run_config({"diff", "--ram-mb", "8192", a, directory + "/b"}).status, 0);
    Outcome outcome = run_config({"diff", "--ram-mb", "4096", a, directory + "/b"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.output,
              "~ killConfig/killLevel[id=1]/memoryMB  500 -> 350  (" + c + ":4 (profile small))\n" +
                  "- systemApps/app                       one         (" + a + ":1)\n" +
                  "+ systemApps/app                       three       (" + c + ":5 (profile small))\n")
        << outcome.output << outcome.errors << b;
    outcome = run_config({"diff", "--json", "--ram-mb", "4096", a, directory + "/b"});
    JsonPointer json = json_of(outcome);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(json_text(json_at(json.get(), "same")), "false");
    EXPECT_EQ(json_text(json_at(json.get(), "differences/0/kind")), "\"changed\"");
    EXPECT_EQ(json_text(json_at(json.get(), "differences/0/path")),
              "\"killConfig/killLevel[id=1]/memoryMB\"");
    EXPECT_EQ(json_text(json_at(json.get(), "differences/0/old")), "\"500\"");
    EXPECT_EQ(json_text(json_at(json.get(), "differences/0/new_origin")), "\"" + c + ":4 (profile small)\"");
    EXPECT_EQ(json_text(json_at(json.get(), "differences/1/new")), "null");
    json = json_of(run_config({"diff", "--json", a, same}));
    EXPECT_EQ(json_text(json_at(json.get(), "same")), "true");
    EXPECT_EQ(cJSON_GetArraySize(json_at(json.get(), "differences")), 0);
}

// ---- explain and schema ------------------------------------------------------------------------------------

TEST(ConfigExplain, EveryElementForPeopleAndForPrograms)
{
    Outcome tree = run_config({"explain"});
    JsonPointer all = json_of(run_config({"explain", "--json"}));

    EXPECT_EQ(tree.status, 0);
    EXPECT_EQ(cJSON_GetArraySize(all.get()), static_cast<int>(mm_vocabulary_count()) + 2);
    std::stringstream lines(tree.output);
    std::string line;
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const std::string path = mm_vocabulary_at(i)->path;
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_EQ(line.find(mm_vocabulary_name(i)),
                  4 * static_cast<size_t>(std::count(path.begin(), path.end(), '/')));
        EXPECT_LE(line.size(), 100U) << line;
        EXPECT_EQ(json_text(json_at(all.get(), std::to_string(i) + "/path")), "\"" + path + "\"");
    }
    for (const char *path :
         {"killConfig", "killConfig/killLevel/memoryMB", "controlSocket/mode", "waterlineWatch/fillRate",
          "reclaimConfig/ZswapdParam/zran2ufsRation", "systemApps/app", "switchConfig"}) {
        const unsigned element = mm_vocabulary_find(path);
        Outcome outcome = run_config({"explain", path});
        JsonPointer json = json_of(run_config({"explain", path, "--json"}));

        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.output.rfind(std::string(path) + "\n", 0), 0U);
        std::string one_line = std::regex_replace(outcome.output, std::regex("\\s+"), " ");
        EXPECT_NE(one_line.find(mm_vocabulary_text(element)->help), std::string::npos) << outcome.output;
        if (mm_vocabulary_text(element)->upstream) {
            EXPECT_NE(one_line.find(mm_vocabulary_text(element)->upstream), std::string::npos)
                << outcome.output;
        }
        EXPECT_NE(outcome.output.find("example   <Memmgr>\n"), std::string::npos);
        EXPECT_EQ(json_text(json_at(json.get(), "help")),
                  json_text(json_at(all.get(), std::to_string(element) + "/help")));
        EXPECT_TRUE(json_at(json.get(), "example"));
    }
    JsonPointer memory = json_of(run_config({"explain", "memoryMB", "--json"}));
    EXPECT_EQ(json_text(json_at(memory.get(), "unit")), "\"MB\"");
    EXPECT_EQ(json_text(json_at(memory.get(), "min")), "1");
    EXPECT_EQ(json_text(json_at(memory.get(), "required")), "true");
    JsonPointer order = json_of(run_config({"explain", "order", "--json"}));
    EXPECT_EQ(json_text(json_at(order.get(), "words")),
              R"(["oldestUse","heaviest","newestUse","oldest","newest"])");
    EXPECT_EQ(json_text(json_at(order.get(), "default")), "\"oldestUse\"");
}

TEST_F(ConfigProgram, ExplainsProfilesAndRemovals)
{
    for (const char *name : {"ramProfile", "remove"}) {
        Outcome outcome = run_config({"explain", name});
        JsonPointer json = json_of(run_config({"explain", name, "--json"}));
        const std::string example = json_at(json.get(), "example")->valuestring;

        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.output.rfind(std::string(name) + "\n", 0), 0U);
        EXPECT_GT(cJSON_GetArraySize(json_at(json.get(), "attributes")), 2);
        Outcome check = run_config({"check", file("example.xml", "<?xml version='1.0'?>" + example)});
        EXPECT_EQ(check.status, 0) << check.output;
    }
}

TEST(ConfigSchemaCommand, PrintsWhatIsCommitted)
{
    EXPECT_EQ(run_config({"schema"}).output, read_whole(MM_SOURCE_DIRECTORY "/config/memmgr_config.xsd"));
}

} // namespace
