/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only layers have:
 *
 *     <ramProfile minRamMB="3073" maxRamMB="6144" name="4 GB">
 *         <killConfig>
 *             <remove id="3"/>
 */
#include "common/common.h"
#include "config/items.h"
#include "config/problems.h"
#include "config/xml_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- profiles ------------------------------------------------------------------------------------------- */

static struct mm_config_profile *profile_at_hand(struct mm_xml_reader *reader)
{
    return &reader->items->profiles[reader->profile - 1];
}

static void refuse_number(struct mm_xml_reader *reader, const struct mm_attribute *attribute,
                          const char *text, size_t offset)
{
    char shown[MM_SHOWN_MAX];

    profile_at_hand(reader)->is_refused = true;
    if (mm_text_is_blank(text))
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset,
                      "%s is empty, expected a whole number of %s from %lld to %lld", attribute->name,
                      attribute->unit, (long long)attribute->min, (long long)attribute->max);
    else
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset,
                      "%s is \"%s\", expected a whole number of %s from %lld to %lld", attribute->name,
                      mm_shown(text, shown), attribute->unit, (long long)attribute->min,
                      (long long)attribute->max);
}

/* What there is none of is left at `absent`. */
static uint64_t take_number(struct mm_xml_reader *reader, const struct mm_xml_tag *tag,
                            const struct mm_attribute *attribute, uint64_t absent)
{
    char text[MM_XML_ATTRIBUTE_MAX + 1];
    size_t offset = 0;
    uint64_t number = absent;

    if (mm_xml_attribute(reader, tag, attribute->name, text, &offset) &&
        mm_parse_u64(text, (uint64_t)attribute->min, (uint64_t)attribute->max, &number) < 0)
        refuse_number(reader, attribute, text, offset);
    return number;
}

/* NULL for what there is none of, or an empty one. */
static char *take_name(struct mm_xml_reader *reader, const struct mm_xml_tag *tag,
                       const struct mm_attribute *attribute)
{
    char text[MM_XML_ATTRIBUTE_MAX + 1];
    size_t offset = 0;
    char *copy;

    if (!mm_xml_attribute(reader, tag, attribute->name, text, &offset) || text[0] == '\0')
        return NULL;
    copy = strdup(text);
    if (!copy)
        mm_xml_stop(reader, -ENOMEM);
    return copy;
}

static void check_range(struct mm_xml_reader *reader, const struct mm_xml_tag *tag, size_t min_attribute,
                        uint64_t min, uint64_t max)
{
    const struct mm_attribute *attribute = &mm_profile_attributes[min_attribute];

    if (min <= max || profile_at_hand(reader)->is_refused)
        return;
    profile_at_hand(reader)->is_refused = true;
    mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin, "%s %llu is above %s %llu, expected %s <= %s",
                  attribute[0].name, (unsigned long long)min, attribute[1].name, (unsigned long long)max,
                  attribute[0].name, attribute[1].name);
}

/* In the order of mm_profile_attributes. */
static void take_attributes(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    const struct mm_attribute *attributes = mm_profile_attributes;
    struct mm_config_profile *profile = profile_at_hand(reader);

    mm_xml_check_attributes(reader, tag, attributes);
    profile->min_ram_mb = take_number(reader, tag, &attributes[0], 0);
    profile->max_ram_mb = take_number(reader, tag, &attributes[1], UINT64_MAX);
    profile->min_screen_inches = (unsigned)take_number(reader, tag, &attributes[2], 0);
    profile->max_screen_inches = (unsigned)take_number(reader, tag, &attributes[3], UINT_MAX);
    profile->device = take_name(reader, tag, &attributes[4]);
    profile->name = take_name(reader, tag, &attributes[5]);
    check_range(reader, tag, 0, profile->min_ram_mb, profile->max_ram_mb);
    check_range(reader, tag, 2, profile->min_screen_inches, profile->max_screen_inches);
}

bool mm_xml_open_profile(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    struct mm_config_profile profile = {.file = (unsigned)reader->items->file_count - 1};
    int r;

    if (mm_xml_top(reader)->kind != MM_XML_ROOT) {
        mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin,
                      "<%s> stands in <%s>, expected it directly in <%s>", MM_PROFILE_NAME,
                      mm_xml_level_name(mm_xml_top(reader)), MM_VOCABULARY_ROOT_NAME);
        return false;
    }
    mm_xml_position_move(&reader->position, tag->begin);
    profile.line = reader->position.line;
    profile.column = reader->position.column;
    if (reader->items->profile_count >= MM_CONFIG_PROFILES_MAX) {
        mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin, "more than %d <%s>", MM_CONFIG_PROFILES_MAX,
                      MM_PROFILE_NAME);
        mm_xml_stop(reader, 0);
        return false;
    }
    r = mm_config_items_add_profile(reader->items, &profile);
    if (r < 0) {
        mm_xml_stop(reader, r);
        return false;
    }
    reader->profile = (unsigned)reader->items->profile_count;
    reader->levels[reader->depth++] =
        (struct mm_xml_level){.kind = MM_XML_PROFILE, .element = MM_ELEMENT_NONE};
    take_attributes(reader, tag);
    return true;
}

/* ---- removals ------------------------------------------------------------------------------------------- */

/* Has it rows, or entries, that a removal could mean? */
static bool holds_rows(unsigned element)
{
    for (unsigned child = mm_vocabulary_first_child(element); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        const struct mm_element *found = mm_vocabulary_at(child);

        if (found->type == MM_TYPE_ROW ||
            ((found->flags & MM_ELEMENT_REPEATABLE) && found->type != MM_TYPE_SECTION))
            return true;
    }
    return false;
}

/* What <remove element="path"/> names; MM_ELEMENT_NONE when that is nothing it may. */
static unsigned removed_element(struct mm_xml_reader *reader, const char *path, size_t offset)
{
    unsigned element = mm_vocabulary_find(path);
    unsigned nearest;
    char shown[MM_SHOWN_MAX], hint[192] = "";

    if (element == MM_ELEMENT_NONE) {
        nearest = mm_vocabulary_nearest(MM_ELEMENT_NONE, path);
        if (nearest != MM_ELEMENT_NONE)
            (void)mm_format(hint, sizeof(hint), "; did you mean \"%s\"?", mm_vocabulary_at(nearest)->path);
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset,
                      "element is \"%s\", expected the path of an element below <%s>%s",
                      mm_shown(path, shown), MM_VOCABULARY_ROOT_NAME, hint);
        return MM_ELEMENT_NONE;
    }
    element = mm_vocabulary_resolve(element);
    if (mm_vocabulary_parent(element) != MM_ELEMENT_NONE &&
        mm_vocabulary_at(mm_vocabulary_parent(element))->type == MM_TYPE_ROW) {
        mm_xml_report(
            reader, MM_PROBLEM_ERROR, offset,
            "element is \"%s\", which is in a row, expected a section, rows or a value outside of rows",
            path);
        return MM_ELEMENT_NONE;
    }
    return element;
}

/* A refused one is kept, too: the section is not an empty one. */
static void add_removal(struct mm_xml_reader *reader, const struct mm_xml_tag *tag,
                        enum mm_config_item_kind kind, unsigned element, char *text, bool is_refused)
{
    mm_xml_position_move(&reader->position, tag->begin);
    mm_xml_add_item(reader, &(struct mm_config_item){.kind = kind,
                                                     .element = element,
                                                     .instance = mm_xml_top(reader)->instance,
                                                     .text = text,
                                                     .is_refused = is_refused,
                                                     .line = reader->position.line,
                                                     .column = reader->position.column});
}

/* At the root, or in a profile. */
static void take_element_removal(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    char text[MM_XML_ATTRIBUTE_MAX + 1];
    size_t offset = 0;
    unsigned element;

    if (!mm_xml_attribute(reader, tag, "element", text, &offset)) {
        mm_xml_report(
            reader, MM_PROBLEM_ERROR, tag->begin,
            "<remove> in <%s> has no element, expected the path of what goes back to its built-in value",
            mm_xml_level_name(mm_xml_top(reader)));
        return;
    }
    element = removed_element(reader, text, offset);
    if (element != MM_ELEMENT_NONE)
        add_removal(reader, tag, MM_ITEM_REMOVE_ELEMENT, element, text, false);
}

/* In a section. */
static void take_row_removal(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    const struct mm_xml_level *parent = mm_xml_top(reader);
    char id[MM_XML_ATTRIBUTE_MAX + 1] = "", name[MM_XML_ATTRIBUTE_MAX + 1] = "";
    size_t offset = tag->begin;
    bool has_id = mm_xml_attribute(reader, tag, "id", id, &offset) && id[0] != '\0';
    bool has_name = mm_xml_attribute(reader, tag, "name", name, &offset) && name[0] != '\0';

    bool has_rows = holds_rows(mm_vocabulary_resolve(parent->element));

    if (!has_rows)
        mm_xml_report(
            reader, MM_PROBLEM_ERROR, tag->begin,
            "<remove> stands in <%s>, which has no rows and no list to take something from; <remove "
            "element=\"...\"/> directly in <%s> puts values back",
            mm_xml_level_name(parent), MM_VOCABULARY_ROOT_NAME);
    else if (has_id == has_name)
        mm_xml_report(reader, MM_PROBLEM_ERROR, tag->begin,
                      "<remove> in <%s> has %s, expected one of id and name", mm_xml_level_name(parent),
                      has_id ? "both" : "neither id nor name");
    add_removal(reader, tag, has_id ? MM_ITEM_REMOVE_ID : MM_ITEM_REMOVE_NAME, parent->element,
                has_id ? id : name, !has_rows || has_id == has_name);
}

void mm_xml_open_removal(struct mm_xml_reader *reader, const struct mm_xml_tag *tag)
{
    mm_xml_check_attributes(reader, tag, mm_remove_attributes);
    if (mm_xml_top(reader)->kind == MM_XML_HOLDER)
        take_row_removal(reader, tag);
    else
        take_element_removal(reader, tag);
    reader->levels[reader->depth++] =
        (struct mm_xml_level){.kind = MM_XML_REMOVAL, .element = MM_ELEMENT_NONE};
}
