// SPDX-License-Identifier: Apache-2.0
// What is generated from the vocabulary, and the shipped file against it.
#include "config_helpers.hpp"

#include "config/vocabulary.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <set>

namespace
{

const std::string xsd_path = MM_SOURCE_DIRECTORY "/config/memmgr_config.xsd";
const std::string shipped = MM_SOURCE_DIRECTORY "/config/memmgr_config.xml";

TEST(ConfigSchema, IsTheCommittedOne)
{
    char *bytes = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);

    ASSERT_EQ(mm_config_write_xsd(stream), 0);
    fclose(stream);
    std::string generated(bytes, length);
    free(bytes);
    // The one default that a build may change.
    const std::string runtime = MM_RUNTIME_DIRECTORY "/control.sock";
    generated.replace(generated.find(runtime), runtime.size(), "/run/memmgr/control.sock");
    std::stringstream wanted(generated), committed(read_whole(xsd_path));
    std::string a, b;
    for (int line = 1; getline(wanted, a); line++) {
        getline(committed, b);
        ASSERT_EQ(a, b) << "line " << line << "; run memmgrctl config schema > config/memmgr_config.xsd";
    }
    EXPECT_FALSE(getline(committed, b));
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
}

TEST(ConfigSchema, RefusesWhatDoesNot)
{
    for (const char *body :
         {"<bpf><ringKB>x</ringKB></bpf>", "<bpf><ringKB>3</ringKB></bpf>", "<unheard/>", "<bpf/><bpf/>",
          "<killConfig><killLevel><memoryMB>5</memoryMB></killLevel></killConfig>",
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
