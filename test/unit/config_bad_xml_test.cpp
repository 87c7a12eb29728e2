// SPDX-License-Identifier: Apache-2.0
// Files that are no XML, or whose elements stand where they do not belong.
#include "config_bad_files.hpp"

namespace
{

std::vector<BadFile> not_xml()
{
    return {
        {"NothingAtAll",
         whole("   \n"),
         {"2:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"PlainText",
         whole("minAvailBuffer = 750\n"),
         {"1:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"Json",
         whole("{\"killConfig\": []}\n"),
         {"1:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"OnlyADeclaration",
         whole("<?xml version=\"1.0\"?>\n"),
         {"2:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"OnlyAComment",
         whole("<!-- nothing yet -->\n"),
         {"2:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"RootNotClosed",
         whole("<Memmgr>\n    <bpf>\n    </bpf>\n"),
         {"4:1: error: the file ends in <Memmgr> of line 1, expected </Memmgr>"}},
        {"SectionNotClosed",
         whole("<Memmgr>\n    <bpf>\n</Memmgr>\n"),
         {"3:1: error: </Memmgr> ends <bpf> of line 2, expected </bpf>"}},
        {"TagsCrossed",
         whole("<Memmgr>\n    <bpf><ringKB>64</bpf></ringKB>\n</Memmgr>\n"),
         {"2:20: error: </bpf> ends <ringKB> of line 2, expected </ringKB>"}},
        {"CaseOfEndTag",
         whole("<Memmgr>\n    <killConfig>\n    </KillConfig>\n</Memmgr>\n"),
         {"3:5: error: </KillConfig> ends <killConfig> of line 2, expected </killConfig>"}},
        {"SlashForgotten",
         whole("<Memmgr>\n    <bpf>\n        <ringKB>64<ringKB>\n    </bpf>\n</Memmgr>\n"),
         {"3:19: error: <ringKB> stands in <ringKB>, which holds a value, not elements",
          "4:5: error: </bpf> ends <ringKB> of line 3, expected </ringKB>"}},
        {"CutInATag",
         whole("<Memmgr>\n    <bpf>\n        <ringK"),
         {"3:15: error: not well-formed XML: Couldn't find end of Start Tag ringK line 3"}},
        {"CutInAValue",
         whole("<Memmgr>\n    <bpf>\n        <ringKB>6"),
         {"3:18: error: the file ends in <ringKB> of line 3, expected </ringKB>"}},
        {"CutInAnAttribute",
         whole("<Memmgr>\n    <killConfig>\n        <killLevel id=\""),
         {"3:24: error: not well-formed XML: AttValue: ' expected"}},
        {"CutInAComment",
         whole("<Memmgr>\n    <!-- so far\n</Memmgr>\n"),
         {"4:1: error: not well-formed XML: Comment not terminated"}},
        {"CutInCData",
         whole("<Memmgr>\n    <bpf><ringKB><![CDATA[64</ringKB></bpf>\n</Memmgr>\n"),
         {"4:1: error: not well-formed XML: CData section not finished"}},
        {"HyphensInAComment",
         whole("<Memmgr>\n    <!-- use --dry-run -->\n</Memmgr>\n"),
         {"2:14: error: not well-formed XML: Double hyphen within comment"}},
        {"TwoRoots",
         whole("<Memmgr>\n</Memmgr>\n<Memmgr>\n</Memmgr>\n"),
         {"3:1: error: not well-formed XML: Extra content at the end of the document"}},
        {"TextBehindTheRoot",
         whole("<Memmgr>\n</Memmgr>\nthe end\n"),
         {"3:1: error: not well-formed XML: Extra content at the end of the document"}},
        {"TextBeforeTheRoot",
         whole("memmgr\n<Memmgr/>\n"),
         {"1:1: error: not well-formed XML: Start tag expected, '<' not found"}},
        {"AttributeWithoutQuotes",
         whole("<Memmgr>\n    <killConfig>\n        <killLevel id=1/>\n    </killConfig>\n</Memmgr>\n"),
         {"3:23: error: not well-formed XML: AttValue: \" or ' expected"}},
        {"AttributeWithoutValue",
         whole("<Memmgr>\n    <killConfig>\n        <killLevel id/>\n    </killConfig>\n</Memmgr>\n"),
         {"3:22: error: not well-formed XML: Specification mandates value for attribute id"}},
        {"AttributeTwice",
         whole("<Memmgr>\n    <killConfig>\n        <killLevel id=\"1\" id=\"2\"/>\n    "
               "</killConfig>\n</Memmgr>\n"),
         {"3:33: error: not well-formed XML: Attribute id redefined"}},
        {"LessInAValue",
         whole("<Memmgr>\n    <domain><groupPath>/a<b</groupPath></domain>\n</Memmgr>\n"),
         {"2:28: error: not well-formed XML: error parsing attribute name"}},
        {"LessInAnAttribute",
         whole("<Memmgr>\n    <ramProfile name=\"<4\"/>\n</Memmgr>\n"),
         {"2:23: error: not well-formed XML: Unescaped '<' not allowed in attributes values"}},
        {"AmpersandAlone",
         whole("<Memmgr>\n    <domain><groupPath>/a&b</groupPath></domain>\n</Memmgr>\n"),
         {"2:28: error: not well-formed XML: EntityRef: expecting ';'"}},
        {"NameBeginsWithADigit",
         whole("<Memmgr>\n    <1st/>\n</Memmgr>\n"),
         {"2:6: error: not well-formed XML: StartTag: invalid element name"}},
        {"BlankInATagName",
         whole("<Memmgr>\n    < bpf/>\n</Memmgr>\n"),
         {"2:6: error: not well-formed XML: StartTag: invalid element name"}},
        {"CharacterReferenceOfNul",
         whole("<Memmgr>\n    <domain><groupPath>/a&#0;</groupPath></domain>\n</Memmgr>\n"),
         {"2:26: error: not well-formed XML: xmlParseCharRef: invalid xmlChar value 0"}},
        {"ControlCharacter",
         whole("<Memmgr>\n    <domain><groupPath>/a\001</groupPath></domain>\n</Memmgr>\n"),
         {"2:26: error: not well-formed XML: PCDATA invalid Char value 1"}},
        {"DeclarationNotFirst",
         whole("\n<?xml version=\"1.0\"?>\n<Memmgr/>\n"),
         {"2:6: error: not well-formed XML: XML declaration allowed only at the start of the document"}},
        {"PrefixUnknown",
         whole("<Memmgr>\n    <x:bpf/>\n    <bpf><ringKB>1</ringKB></bpf>\n</Memmgr>\n"),
         {"2:5: warning: unknown element <x:bpf> in <Memmgr> is ignored",
          "2:11: error: not well-formed XML: Namespace prefix x on bpf is not defined",
          "3:18: error: ringKB is \"1\", expected a whole number of KB from 4 to 16384"}},
    };
}

INSTANTIATE_TEST_SUITE_P(NotXml, ConfigBadFile, testing::ValuesIn(not_xml()), bad_file_name);

std::vector<BadFile> encodings()
{
    return {
        {"Utf16",
         whole(std::string("\377\376<\000M\000e\000m\000m\000g\000r\000/\000>\000", 20)),
         {"1:1: error: the encoding is UTF-16, expected UTF-8"}},
        {"Utf16BigEndian",
         whole(std::string("\376\377\000<\000M\000/\000>", 10)),
         {"1:1: error: the encoding is UTF-16, expected UTF-8"}},
        {"Latin1Declared",
         whole("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<Memmgr/>\n"),
         {"1:31: error: the encoding is \"ISO-8859-1\", expected UTF-8"}},
        {"Utf16Declared",
         whole("<?xml version='1.0' encoding='UTF-16'?>\n<Memmgr/>\n"),
         {"1:31: error: the encoding is \"UTF-16\", expected UTF-8"}},
        {"NonsenseDeclared",
         whole("<?xml version=\"1.0\" encoding=\"none\"?>\n<Memmgr/>\n"),
         {"1:31: error: the encoding is \"none\", expected UTF-8"}},
        {"NotUtf8",
         whole("<Memmgr>\n    <!-- caf\351 -->\n    <bpf/>\n</Memmgr>\n"),
         {"2:13: error: not well-formed XML: Input is not proper UTF-8, indicate encoding !"}},
        {"NulByte",
         whole(std::string("<Memmgr>\n    <bpf/>\000\n</Memmgr>\n", 31)),
         {"2:11: error: a NUL byte: this is no text file"}},
        {"ColumnsAreCharacters",
         content("    <!-- \303\274 --> <bpf><ringKB>1</ringKB></bpf>"),
         {"2:29: error: ringKB is \"1\", expected a whole number of KB from 4 to 16384"}},
    };
}

INSTANTIATE_TEST_SUITE_P(Encoding, ConfigBadFile, testing::ValuesIn(encodings()), bad_file_name);

std::vector<BadFile> document_types()
{
    return {
        {"External",
         whole("<!DOCTYPE Memmgr SYSTEM \"memmgr.dtd\">\n<Memmgr/>\n"),
         {"1:1: error: a document type from elsewhere is not read, expected none"}},
        {"Public",
         whole("<!DOCTYPE Memmgr PUBLIC \"-//X//Y\" \"http://example.com/memmgr.dtd\">\n<Memmgr/>\n"),
         {"1:1: error: a document type from elsewhere is not read, expected none"}},
        {"EntityOfAFile",
         whole("<!DOCTYPE Memmgr [\n    <!ENTITY secret SYSTEM "
               "\"file:///etc/shadow\">\n]>\n<Memmgr>&secret;</Memmgr>\n"),
         {"2:5: error: entity secret is not plain text in this file"}},
        {"EntityOfTheNet",
         whole("<!DOCTYPE Memmgr [\n    <!ENTITY x SYSTEM "
               "\"http://example.com/x\">\n]>\n<Memmgr>&x;</Memmgr>\n"),
         {"2:5: error: entity x is not plain text in this file"}},
        {"EntityOfEntities",
         whole("<!DOCTYPE Memmgr [\n    <!ENTITY a \"aaaa\">\n    <!ENTITY b "
               "\"&a;&a;\">\n]>\n<Memmgr>&b;</Memmgr>\n"),
         {"3:5: error: entity b holds markup or another entity, expected plain text"}},
        {"EntityOfMarkup",
         whole("<!DOCTYPE Memmgr [\n    <!ENTITY row \"<killLevel/>\">\n]>\n<Memmgr/>\n"),
         {"2:5: error: entity row holds markup or another entity, expected plain text"}},
        {"EntityOfParameters",
         whole("<!DOCTYPE Memmgr [\n    <!ENTITY % p \"x\">\n]>\n<Memmgr/>\n"),
         {"2:5: error: entity p is not plain text in this file"}},
        {"EntityUndefined",
         whole("<Memmgr>\n    <bpf><ringKB>&size;</ringKB></bpf>\n</Memmgr>\n"),
         {"2:18: error: not well-formed XML: Entity 'size' not defined"}},
        {"EntityWithABadValue",
         whole("<!DOCTYPE Memmgr [<!ENTITY size \"6x\">]>\n<Memmgr>\n    "
               "<bpf><ringKB>&size;</ringKB></bpf>\n</Memmgr>\n"),
         {"3:18: error: ringKB is \"6x\", expected a whole number of KB from 4 to 16384"}},
    };
}

INSTANTIATE_TEST_SUITE_P(DocumentType, ConfigBadFile, testing::ValuesIn(document_types()), bad_file_name);

std::vector<BadFile> structures()
{
    return {
        {"RootOfAnotherName",
         whole(R"(<MemMgr>
</MemMgr>
)"),
         {"1:1: error: the root element is <MemMgr>, expected <Memmgr>"}},
        {"RootIsASection",
         whole(R"(<killConfig>
</killConfig>
)"),
         {"1:1: error: the root element is <killConfig>, expected <Memmgr>"}},
        {"TextInTheRoot", content("    750"), {"2:5: error: text in <Memmgr>, which holds elements only"}},
        {"TextInASection",
         content(R"(    <bpf>
        on
        <ringKB>64</ringKB>
    </bpf>)"),
         {"3:9: error: text in <bpf>, which holds elements only"}},
        {"TextInARow",
         content(R"(    <killConfig>
        <killLevel>500 400</killLevel>
    </killConfig>)"),
         {"3:9: error: killLevel has no memoryMB, expected one in each killLevel",
          "3:9: error: killLevel has no minPriority, expected one in each killLevel",
          "3:20: error: text in <killLevel>, which holds elements only"}},
        {"TextBetweenRows",
         content(R"(    <reclaimConfig>
        <ZswapdParam/>,
        <mystery/>
    </reclaimConfig>)"),
         {"3:23: error: text in <reclaimConfig>, which holds elements only",
          "4:9: warning: unknown element <mystery> in <reclaimConfig> is ignored"}},
        {"CDataInASection",
         content("    <logging><![CDATA[debug]]></logging>"),
         {"2:23: error: text in <logging>, which holds elements only"}},
        {"ElementInAValue",
         content(R"(    <bpf>
        <ringKB><b>64</b></ringKB>
    </bpf>)"),
         {"3:17: error: <b> stands in <ringKB>, which holds a value, not elements"}},
        {"ElementBesideAValue",
         content(R"(    <bpf>
        <ringKB>64<b/></ringKB>
    </bpf>)"),
         {"3:19: error: <b> stands in <ringKB>, which holds a value, not elements"}},
        {"NestedTooDeep",
         content(R"(    <a><b><c><d><e><f><g><h><i><j><k><l><m><n><o>
    <p/></o></n></m></l></k></j></i></h></g></f></e></d></c></b></a>)"),
         {"2:5: warning: unknown element <a> in <Memmgr> is ignored",
          "3:5: error: elements nest deeper than 16"}},
        {"SectionInASection",
         content(R"(    <killConfig>
        <bpf/>
    </killConfig>)"),
         {"2:5: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how nobody "
          "is killed)",
          "3:9: warning: unknown element <bpf> in <killConfig> is ignored; it belongs in <Memmgr>"}},
        {"ValueInTheRoot",
         content(R"(    <ringKB>64</ringKB>
    <bpf><ringKB>1</ringKB></bpf>)"),
         {"2:5: warning: unknown element <ringKB> in <Memmgr> is ignored; it belongs in <bpf>",
          "3:18: error: ringKB is \"1\", expected a whole number of KB from 4 to 16384"}},
        {"ValueTwice",
         content(R"(    <bpf>
        <ringKB>64</ringKB>
        <ringKB>64</ringKB>
    </bpf>)"),
         {"4:17: error: ringKB is given twice (first in line 3), expected it once"}},
        {"ValueTwiceInTwoSections",
         content(R"(    <bpf><ringKB>64</ringKB></bpf>
    <logging/>
    <bpf><ringKB>128</ringKB></bpf>)"),
         {"4:5: warning: bpf is there again (first in line 2): both are taken as one",
          "4:18: error: ringKB is given twice (first in line 2), expected it once"}},
        {"ValueTwiceInARow",
         content(R"(    <killConfig>
        <killLevel>
            <memoryMB>500</memoryMB>
            <minPriority>400</minPriority>
            <memoryMB>400</memoryMB>
        </killLevel>
    </killConfig>)"),
         {"6:23: error: memoryMB is given twice (first in line 4), expected it once"}},
        {"BothSpellings",
         content(R"(    <reclaimPriorityConfig>
        <killalbeSystemApps/>
        <killableSystemApps/>
    </reclaimPriorityConfig>)"),
         {"4:9: error: killableSystemApps and killalbeSystemApps (line 3) are two names of one thing, "
          "expected one of them"}},
        {"BothAvailBuffers",
         content(R"(    <availBufferConfig/>
    <reclaimConfig>
        <availbufferSize/>
    </reclaimConfig>)"),
         {"4:9: error: availbufferSize and availBufferConfig (line 2) are two names of one thing, expected "
          "one of them"}},
        {"BothQuotas",
         content(R"(    <nandlife/>
    <nandLifeConfig/>)"),
         {"3:5: error: nandLifeConfig and nandlife (line 2) are two names of one thing, expected one of "
          "them"}},
        {"BothRatios",
         content(R"(    <reclaimConfig>
        <ZswapdParam>
            <zram2ufsRatio>10</zram2ufsRatio>
            <zran2ufsRation>10</zran2ufsRation>
        </ZswapdParam>
    </reclaimConfig>)"),
         {"5:29: error: zran2ufsRation and zram2ufsRatio (line 4) are two names of one thing, expected one "
          "of them"}},
        {"ValueTooLong",
         content("    <domain>\n        <groupPath>/" + std::string(5000, 'x') +
                 "</groupPath>\n    </domain>"),
         {"3:20: error: groupPath is longer than 4096 bytes"}},
    };
}

INSTANTIATE_TEST_SUITE_P(Structure, ConfigBadFile, testing::ValuesIn(structures()), bad_file_name);

} // namespace
