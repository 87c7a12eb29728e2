/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of OpenHarmony's memmgr, whose README has other names than its parser. What the reader took from it is
 * written down under the names that both know.
 */
#include "service/config_tool/migrate.h"

#include "config/vocabulary.h"

#include <stdlib.h>
#include <string.h>

static bool is_row(unsigned element)
{
    return element != MM_ELEMENT_NONE && mm_vocabulary_at(element)->type == MM_TYPE_ROW;
}

/* Without the blanks around it, the caller's to free. */
static char *trimmed(const char *text)
{
    static const char blanks[] = " \t\r\n";
    size_t length;

    text += strspn(text, blanks);
    length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    return strndup(text, length);
}

static void note_alias(struct mm_draft *draft, const struct mm_config_item *item, unsigned resolved)
{
    const char *upstream = mm_vocabulary_text(item->element)->upstream;

    mm_draft_note(draft, item->line, "%s is %s now%s%s", mm_vocabulary_at(item->element)->path,
                  mm_vocabulary_at(resolved)->path, upstream ? "; in OpenHarmony: " : "",
                  upstream ? upstream : "");
}

static void take(struct mm_draft *draft, const struct mm_config_item *item)
{
    unsigned element = mm_vocabulary_resolve(item->element);
    const char *path = mm_vocabulary_at(element)->path;
    bool belongs_to_row = is_row(element) || is_row(mm_vocabulary_parent(element));
    char *text;

    if (item->kind != MM_ITEM_VALUE || item->profile != 0) {
        mm_draft_error(draft, item->line,
                       "ramProfile and remove are not OpenHarmony's: this file is one of ours");
        return;
    }
    if (element != item->element)
        note_alias(draft, item, element);
    text = trimmed(item->text ? item->text : "");
    if (!text)
        draft->has_no_memory = true;
    else if (text[0])
        mm_draft_add(draft, path, belongs_to_row ? item->instance : 0, text, NULL);
    else if (mm_vocabulary_at(element)->type == MM_TYPE_SECTION)
        mm_draft_add_section(draft, path);
    free(text);
}

void mm_migrate_memmgr(const struct mm_config_items *items, struct mm_draft *draft)
{
    for (size_t i = 0; i < items->count; i++)
        take(draft, &items->items[i]);
    mm_draft_note(draft, 0, "comments are not carried over");
}
