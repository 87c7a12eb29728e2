/* SPDX-License-Identifier: Apache-2.0 */
/* The table of vocabulary.h. Upstream's names stand as upstream spells them; ours follow their camelCase. */
#include "config/vocabulary_row.h"

static const struct mm_word order_words[] = {
    {"oldestUse", MM_ORDER_OLDEST_USE}, {"heaviest", MM_ORDER_HEAVIEST}, {"newestUse", MM_ORDER_NEWEST_USE},
    {"oldest", MM_ORDER_OLDEST},        {"newest", MM_ORDER_NEWEST},     {0}};
static const struct mm_word unregistered_words[] = {
    {"never", MM_UNREGISTERED_NEVER}, {"raised", MM_UNREGISTERED_RAISED}, {"any", MM_UNREGISTERED_ANY}, {0}};
static const struct mm_word compat_words[] = {
    {"none", MM_PRIORITY_COMPAT_NONE}, {"upstream", MM_PRIORITY_COMPAT_UPSTREAM}, {0}};
static const struct mm_word stall_words[] = {{"some", 0}, {"full", 1}, {0}};
static const struct mm_word level_words[] = {{"error", MM_LOG_ERROR},   {"warning", MM_LOG_WARNING},
                                             {"notice", MM_LOG_NOTICE}, {"info", MM_LOG_INFO},
                                             {"debug", MM_LOG_DEBUG},   {0}};
static const struct mm_word memory_level_words[] = {
    {"none", MM_LEVEL_NONE}, {"purgeable", MM_LEVEL_PURGEABLE}, {"moderate", MM_LEVEL_MODERATE},
    {"low", MM_LEVEL_LOW},   {"critical", MM_LEVEL_CRITICAL},   {0}};
static const struct mm_word class_words[] = {{"protected", MM_CLASS_PROTECTED},
                                             {"system", MM_CLASS_SYSTEM},
                                             {"session", MM_CLASS_SESSION},
                                             {"application", MM_CLASS_APPLICATION},
                                             {"background", MM_CLASS_BACKGROUND},
                                             {"batch", MM_CLASS_BATCH},
                                             {0}};
static const struct mm_word template_words[] = {{"comm", MM_TEMPLATE_COMM}, {"unit", MM_TEMPLATE_UNIT},
                                                {"exe", MM_TEMPLATE_EXE},   {"cgroup", MM_TEMPLATE_CGROUP},
                                                {"pid", MM_TEMPLATE_PID},   {0}};
static const struct mm_word vmpressure_words[] = {{"auto", MM_VMPRESSURE_WITHOUT_PSI},
                                                  {"always", MM_VMPRESSURE_ALWAYS},
                                                  {"never", MM_VMPRESSURE_NEVER},
                                                  {0}};
/* as enum mm_vmpressure_mode, which config does not know */
static const struct mm_word vmpressure_mode_words[] = {{"default", 0}, {"hierarchy", 1}, {"local", 2}, {0}};
static const struct mm_word rate_words[] = {{"auto", 0}, {0}};

#define ELEMENT(place, row, ...) {.path = (place), row},

/* In document order: as an integrator reads about it. */
const struct mm_element mm_vocabulary_table[] = {
/* clang-format off */
#include "config/vocabulary_kill.h"
#include "config/vocabulary_reclaim.h"
#include "config/vocabulary_applications.h"
#include "config/vocabulary_rules.h"
#include "config/vocabulary_service.h"
    /* clang-format on */
};

const size_t mm_vocabulary_table_count = MM_ARRAY_SIZE(mm_vocabulary_table);
_Static_assert(MM_ARRAY_SIZE(mm_vocabulary_table) <= MM_VOCABULARY_MAX, "raise MM_VOCABULARY_MAX");
