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

// What stands outside of the profiles.
std::string without_profiles(std::string text)
{
    const std::string end = "</ramProfile>";

    for (size_t begin; (begin = text.find("<ramProfile")) != std::string::npos;)
        text.erase(begin, text.find(end, begin) + end.size() - begin);
    return text;
}

TEST(ConfigShipped, LoadsWithoutAWordAndIsTheBuiltIn)
{
    Loaded loaded = load_text(without_profiles(read_whole(shipped)), 2048ULL * 1024 * 1024);
    ConfigPointer built_in(mm_config_new());

    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(printed(loaded.config.get()), printed(built_in.get()));
}

struct DeviceCase {
    const char *what;
    uint64_t ram_mb; // as the kernel reports it
    const char *profile;
    uint64_t highest_row_mb;
};

class ConfigProfiles : public testing::TestWithParam<DeviceCase>
{
};

TEST_P(ConfigProfiles, FitTheDevice)
{
    constexpr uint64_t MiB = 1024 * 1024;
    const DeviceCase &device = GetParam();
    Loaded loaded = load_text(read_whole(shipped), device.ram_mb * MiB);

    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    ASSERT_TRUE(loaded.config);
    const mm_config &config = *loaded.config;
    EXPECT_STREQ(mm_config_file_profile(&config, 0), device.profile);
    ASSERT_EQ(config.kill.level_count, 5U);
    for (size_t i = 0; i < 5; i++)
        EXPECT_EQ(config.kill.levels[i].min_priority, static_cast<int>(i) * 100);
    const uint64_t highest = config.kill.levels[4].memory_bytes;
    EXPECT_EQ(highest, device.highest_row_mb * MiB);
    EXPECT_LE(highest * 100, device.ram_mb * MiB * 15) << "too much of a small device";
    for (size_t i = 1; i < 5; i++)
        EXPECT_LT(config.kill.margin_bytes,
                  config.kill.levels[i].memory_bytes - config.kill.levels[i - 1].memory_bytes)
            << "one row's series reaches into the next";
    // Squeezing before killing, and everybody hears of it before it happens.
    EXPECT_GE(config.avail_buffer.min_avail_bytes, highest * 5 / 4);
    EXPECT_LT(config.avail_buffer.min_avail_bytes, config.avail_buffer.avail_bytes);
    EXPECT_LT(config.avail_buffer.avail_bytes, config.avail_buffer.high_avail_bytes);
    EXPECT_GT(config.memory_level.critical_bytes, highest);
    EXPECT_LT(config.memory_level.critical_bytes, config.avail_buffer.min_avail_bytes);
    EXPECT_GT(config.memory_level.purgeable_bytes, config.avail_buffer.high_avail_bytes);
    EXPECT_LE(config.memory_level.purgeable_bytes, device.ram_mb * MiB / 3) << "nothing would ever be calm";
    EXPECT_LE(config.avail_buffer.swap_reserve_bytes, device.ram_mb * MiB / 2 / 8)
        << "of a zram of half the RAM";
    ASSERT_EQ(config.pressure_trigger_count, 2U);
}

INSTANTIATE_TEST_SUITE_P(
    All, ConfigProfiles,
    testing::Values(DeviceCase{"of512MB", 512, "1 GB", 76}, DeviceCase{"of512MBReported", 472, "1 GB", 70},
                    DeviceCase{"of1GB", 1024, "1 GB", 153}, DeviceCase{"of1GBReported", 976, "1 GB", 146},
                    DeviceCase{"of1536MB", 1536, "1 GB", 230}, DeviceCase{"of2GB", 2048, "2 GB", 280},
                    DeviceCase{"of2GBReported", 1930, "2 GB", 280}, DeviceCase{"of3GB", 3072, "2 GB", 280},
                    DeviceCase{"of3GBReported", 2820, "2 GB", 280}, DeviceCase{"of4GB", 4096, "4 GB", 500},
                    DeviceCase{"of4GBReported", 3680, "4 GB", 500}, DeviceCase{"of6GB", 6144, "6 GB", 650},
                    DeviceCase{"of6GBReported", 5610, "6 GB", 650}, DeviceCase{"of8GB", 8192, "8 GB", 750},
                    DeviceCase{"of8GBReported", 7420, "8 GB", 750}, DeviceCase{"of12GB", 12288, "12 GB", 950},
                    DeviceCase{"of12GBReported", 11260, "12 GB", 950},
                    DeviceCase{"of16GB", 16384, "16 GB", 1150},
                    DeviceCase{"of16GBReported", 15100, "16 GB", 1150},
                    DeviceCase{"of24GB", 24576, "16 GB", 1150}, DeviceCase{"of64GB", 65536, "16 GB", 1150}),
    [](const auto &entry) { return std::string(entry.param.what); });

// From one profile to the next nothing that is a waterline falls, and no share of RAM rises.
TEST(ConfigProfiles, GrowMoreSlowlyThanRam)
{
    const uint64_t sizes_mb[] = {1024, 2048, 4096, 6144, 8192, 12288, 16384};
    uint64_t last_mb = 0, last_permille = 1000;

    for (uint64_t ram_mb : sizes_mb) {
        Loaded loaded = load_text(read_whole(shipped), ram_mb * 1024 * 1024);
        ASSERT_TRUE(loaded.config);
        uint64_t highest_mb = loaded.config->kill.levels[4].memory_bytes / 1024 / 1024;
        uint64_t permille = highest_mb * 1000 / ram_mb;

        EXPECT_GT(highest_mb, last_mb) << ram_mb;
        EXPECT_LT(permille, last_permille) << ram_mb;
        last_mb = highest_mb;
        last_permille = permille;
    }
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
    Loaded loaded = load_text(without_profiles(text.replace(real, end - real, table)));
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
