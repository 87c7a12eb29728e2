// SPDX-License-Identifier: Apache-2.0
// What is generated from the vocabulary, and the shipped file against it.
#include "config_helpers.hpp"

#include "config/vocabulary.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <functional>
#include <set>

namespace
{

const std::string xsd_path = MM_SOURCE_DIRECTORY "/config/memmgr_config.xsd";
const std::string shipped = MM_SOURCE_DIRECTORY "/config/memmgr_config.xml";

std::string written(const std::function<int(FILE *)> &write)
{
    char *bytes = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);

    EXPECT_EQ(write(stream), 0);
    fclose(stream);
    std::string text(bytes, length);
    free(bytes);
    return text;
}

void expect_committed(const std::function<int(FILE *)> &write, const std::string &path, const char *command)
{
    std::string generated = written(write);
    // The one default that a build may change.
    const std::string runtime = MM_RUNTIME_DIRECTORY "/control.sock";
    generated.replace(generated.find(runtime), runtime.size(), "/run/memmgr/control.sock");
    std::stringstream wanted(generated), committed(read_whole(path));
    std::string a, b;

    for (int line = 1; getline(wanted, a); line++) {
        getline(committed, b);
        ASSERT_EQ(a, b) << path << ":" << line << "; run " << command << " > " << path;
    }
    EXPECT_FALSE(getline(committed, b));
}

TEST(ConfigSchema, IsTheCommittedOne)
{
    expect_committed(mm_config_write_xsd, xsd_path, "memmgrctl config schema");
}

TEST(ConfigManual, IsTheCommittedOne)
{
    expect_committed(mm_config_write_man, MM_SOURCE_DIRECTORY "/service/man/memmgr_config.xml.5",
                     "memmgrctl config schema --man");
}

// Who looks an element up finds it, and what it does.
TEST(ConfigManual, NamesEveryElement)
{
    const std::string manual = written(mm_config_write_man);

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const std::string path = mm_vocabulary_at(i)->path;
        size_t slash = path.find('/');
        const std::string heading =
            slash == std::string::npos ? ".SS " + path + "\n" : ".B " + path.substr(slash + 1) + "\n";

        EXPECT_NE(manual.find(heading), std::string::npos) << path;
    }
}

// As xmllint --schema does it: 0 valid, above 0 not.
int validate(const std::string &text)
{
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(xsd_path.c_str());
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    xmlSchemaFreeParserCtxt(parser);
    EXPECT_NE(schema, nullptr);
    xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
    xmlDocPtr document =
        xmlReadMemory(text.data(), static_cast<int>(text.size()), "f.xml", nullptr, XML_PARSE_NONET);
    EXPECT_NE(document, nullptr);
    int r = xmlSchemaValidateDoc(validator, document);
    xmlFreeDoc(document);
    xmlSchemaFreeValidCtxt(validator);
    xmlSchemaFree(schema);
    return r;
}

TEST(ConfigSchema, AcceptsWhatLoads)
{
    for (const std::string &path : {shipped, std::string(MM_FIXTURES "/config/upstream_shipped.xml"),
                                    std::string(MM_FIXTURES "/config/readme_mended.xml")})
        EXPECT_EQ(validate(read_whole(path)), 0) << path;
    ConfigPointer built_in(mm_config_new());
    EXPECT_EQ(validate(printed(built_in.get())), 0);
    EXPECT_EQ(validate("<Memmgr><waterlineWatch><fillRate> 2 GiB </fillRate></waterlineWatch></Memmgr>"), 0);
    EXPECT_EQ(validate("<Memmgr><reclaimPriorityConfig><importantBgApps/><killableSystemApps/>"
                       "</reclaimPriorityConfig></Memmgr>"),
              0);
    EXPECT_EQ(
        validate("<Memmgr><remove element='bpf'/><ramProfile name='4 GB' minRamMB='3073' maxRamMB='4096'>"
                 "<killConfig><killLevel id='1'><memoryMB> 10% </memoryMB></killLevel><remove "
                 "id='3'/></killConfig>"
                 "<availBufferConfig><availBuffer>1G</availBuffer></availBufferConfig></ramProfile>"
                 "<domain/><ramProfile device='a' minScreenInches='7'/></Memmgr>"),
        0);
}

// Each loads, and is valid by the schema.
TEST(ConfigExample, OfEachElementIsAConfiguration)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const std::string text = written([i](FILE *stream) { return mm_config_write_example(stream, i); });
        SCOPED_TRACE(text);
        Loaded loaded = load_text(text);

        EXPECT_NE(text.find(std::string("<") + mm_vocabulary_name(i) + ">"), std::string::npos);
        EXPECT_EQ(loaded.result, 0);
        for (const std::string &problem : loaded.problems)
            EXPECT_NE(problem.find(": note: "), std::string::npos) << problem;
        EXPECT_EQ(validate(text), 0);
    }
}

TEST(ConfigExample, HoldsWhatItsRowMustHave)
{
    unsigned element = mm_vocabulary_find("killConfig/killLevel/memoryMB");

    EXPECT_EQ(
        written([=](FILE *stream) { return mm_config_write_example(stream, element); }),
        "<Memmgr>\n    <killConfig>\n        <killLevel>\n            <memoryMB>500</memoryMB>\n"
        "            <minPriority>400</minPriority>\n        </killLevel>\n    </killConfig>\n</Memmgr>\n");
}

TEST(ConfigSchema, RefusesWhatDoesNot)
{
    for (const char *body :
         {"<bpf><ringKB>x</ringKB></bpf>", "<bpf><ringKB>3</ringKB></bpf>", "<unheard/>",
          "<bpf><ringKB>4</ringKB><ringKB>8</ringKB></bpf>", "<ramProfile minRamMB='x'/>",
          "<ramProfile minRamMB='-1'/>", "<ramProfile><domain/></ramProfile>",
          "<ramProfile><ramProfile/></ramProfile>", "<remove ids='1'/>",
          "<killConfig><killLevel><memoryMB>10p</memoryMB></killLevel></killConfig>",
          "<killConfig><killLevel><memoryMB>0</memoryMB></killLevel></killConfig>",
          "<bpf><remove id='1'/></bpf>",
          "<killConfig><killLevel><memoryMB>5</memoryMB><minPriority>1001</minPriority></killLevel></"
          "killConfig>",
          "<controlSocket><mode>888</mode></controlSocket>",
          "<controlSocket><path>run</path></controlSocket>",
          "<waterlineWatch><fillRate>fast</fillRate></waterlineWatch>",
          "<logging><level>loud</level></logging>", "<killPolicy><enabled>maybe</enabled></killPolicy>"})
        EXPECT_GT(validate(std::string("<Memmgr>") + body + "</Memmgr>"), 0) << body;
}

TEST(ConfigShipped, LoadsWithoutAWordAndIsTheBuiltIn)
{
    Loaded loaded = load_text(read_whole(shipped), 2048ULL * 1024 * 1024);
    ConfigPointer built_in(mm_config_new());

    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(printed(loaded.config.get()), printed(built_in.get()));
}

// Complete: an integrator finds every element of ours in it, if only in a comment.
TEST(ConfigShipped, NamesEveryElement)
{
    const std::string text = read_whole(shipped);

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const mm_element *element = mm_vocabulary_at(i);

        if (element->alias_of ||
            (element->target.storage == MM_STORE_NONE && element->type != MM_TYPE_SECTION))
            continue;
        EXPECT_NE(text.find(mm_vocabulary_name(i)), std::string::npos) << element->path;
    }
}

// Its alternative kill table, too, must load as it stands.
TEST(ConfigShipped, TheReadmesKillTableLoads)
{
    std::string text = read_whole(shipped);
    size_t real = text.find("    <killConfig>"), end = text.find("</killConfig>") + 13;
    size_t other = text.find("<killConfig>", end), other_end = text.find("</killConfig>", other) + 13;

    ASSERT_NE(other_end, std::string::npos);
    std::string table = text.substr(other, other_end - other);
    Loaded loaded = load_text(text.replace(real, end - real, table));
    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    ASSERT_TRUE(loaded.config);
    const mm_kill_config &kill = loaded.config->kill;
    const int priorities[] = {0, 100, 200, 600, 800};
    ASSERT_EQ(kill.level_count, 5U);
    for (size_t i = 0; i < 5; i++) {
        EXPECT_EQ(kill.levels[i].memory_bytes, (i + 1) * 100 * 1024 * 1024);
        EXPECT_EQ(kill.levels[i].min_priority, priorities[i]);
    }
}

TEST(ConfigPrinted, ReadsBackTheSame)
{
    Loaded loaded = load_body(
        "<killConfig><killLevel><memoryMB>90</memoryMB><minPriority>-7</minPriority></killLevel></killConfig>"
        "<killPolicy><enabled>no</enabled><order>newestUse</order></killPolicy>"
        "<reclaimPriorityConfig><killalbeSystemApps><killableSysApp>a&amp;&lt;b&gt;</killableSysApp>"
        "</killalbeSystemApps><importantBgApps><importantBgApp><procName>p \"q\"</procName>"
        "<minPriority>3</minPriority></importantBgApp></importantBgApps></reclaimPriorityConfig>"
        "<waterlineWatch><fillRate>1536M</fillRate></waterlineWatch><pressureTriggers/>"
        "<domain><groupPath>/a b</groupPath></domain>"
        "<controlSocket><mode>7</mode><allowedUid>1</allowedUid><allowedUid>4294967294</allowedUid></"
        "controlSocket>");

    ASSERT_TRUE(loaded.config);
    const std::string text = printed(loaded.config.get());
    EXPECT_NE(text.find("<fillRate>1536M</fillRate>"), std::string::npos);
    EXPECT_NE(text.find("<mode>0007</mode>"), std::string::npos);
    Loaded again = load_text(text);
    EXPECT_EQ(again.problems, std::vector<std::string>());
    ASSERT_TRUE(again.config);
    EXPECT_EQ(printed(again.config.get()), text);
    EXPECT_STREQ(again.config->reclaim_priority.killable_system_apps[0], "a&<b>");
    EXPECT_EQ(again.config->pressure_trigger_count, 0U);
    EXPECT_EQ(validate(text), 0);
}

} // namespace
