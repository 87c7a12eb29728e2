/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lmkd's properties. Sample:
 *
 *     # vendor build properties
 *     ro.config.low_ram=true
 *     ro.lmk.psi_partial_stall_ms=150
 *     persist.device_config.lmkd_native.thrashing_limit=60       overrides ro.lmk.thrashing_limit
 *     [ro.lmk.kill_timeout_ms]: [200]                            as getprop prints it
 *     sys.lmk.minfree_levels=18432:0,23040:100                   pages:oom_score_adj, set at run time
 */
#include "service/config_tool/migrate.h"

#include "common/common.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* lmkd's levels count pages of this size on the kernels it has been shipped with so far. */
#define PAGE_BYTES 4096
/* LMK_TARGET takes six pairs. */
#define MINFREE_LEVELS_MAX 6
/* What the elements for them allow. */
#define EXIT_TIMEOUT_MIN_MS 10
#define EXIT_TIMEOUT_MAX_MS 60000
#define WINDOW_MIN_MS       500
#define WINDOW_MAX_MS       10000

enum property {
    LOW_RAM,
    PER_APP_MEMCG,
    MINFREE_LEVELS,
    USE_PSI,
    USE_NEW_STRATEGY,
    USE_MINFREE_LEVELS,
    LEVEL_LOW,
    LEVEL_MEDIUM,
    LEVEL_CRITICAL,
    CRITICAL_UPGRADE,
    UPGRADE_PRESSURE,
    DOWNGRADE_PRESSURE,
    KILL_HEAVIEST_TASK,
    KILL_TIMEOUT_MS,
    PRESSURE_AFTER_KILL_MIN_SCORE,
    SWAP_FREE_LOW_PERCENTAGE,
    PSI_PARTIAL_STALL_MS,
    PSI_COMPLETE_STALL_MS,
    PSI_WINDOW_SIZE_MS,
    THRASHING_LIMIT,
    THRASHING_LIMIT_DECAY,
    THRASHING_LIMIT_CRITICAL,
    SWAP_UTIL_MAX,
    FILECACHE_MIN_KB,
    STALL_LIMIT_CRITICAL,
    DELAY_MONITORS_UNTIL_BOOT,
    DIRECT_RECLAIM_THRESHOLD_MS,
    SWAP_COMPRESSION_RATIO,
    SWAP_COMPRESSION_RATIO_DIV,
    RELAXED_AVAILABLE_MEMORY,
    LOWMEM_MIN_OOM_SCORE,
    DEBUG,
    LOG_STATS,
    PROPERTY_COUNT
};

enum property_type { NUMBER, BOOLEAN, LEVELS };

static const char thrashing[] =
    "no counterpart: memmgr does not measure thrashing, it kills by available memory; "
    "pressureTriggers wake it when tasks stall";
static const char swap[] = "no counterpart: free swap is no reason to kill; squeezing stops at "
                           "availBufferConfig/swapReserve";
static const char upgrade[] =
    "no counterpart: pressure levels are not upgraded or downgraded by the share of swap";
static const char level[] =
    "no counterpart: vmpressure levels have no amount of memory; the kill table is by "
    "available memory";

/* none says why there is no counterpart; NULL where there is one. */
static const struct {
    const char *name; /* below ro.lmk. unless it is whole */
    enum property_type type;
    const char *none;
} properties[PROPERTY_COUNT] = {
    [LOW_RAM] = {"ro.config.low_ram", BOOLEAN, NULL},
    [PER_APP_MEMCG] = {"ro.config.per_app_memcg", BOOLEAN,
                       "no counterpart: memmgr finds each application's group by itself"},
    [MINFREE_LEVELS] = {"sys.lmk.minfree_levels", LEVELS, NULL},
    [USE_PSI] = {"use_psi", BOOLEAN,
                 "no counterpart: PSI is used where the kernel has it, the waterline watch always"},
    [USE_NEW_STRATEGY] = {"use_new_strategy", BOOLEAN, NULL},
    [USE_MINFREE_LEVELS] = {"use_minfree_levels", BOOLEAN, NULL},
    [LEVEL_LOW] = {"low", NUMBER, level},
    [LEVEL_MEDIUM] = {"medium", NUMBER, level},
    [LEVEL_CRITICAL] = {"critical", NUMBER, level},
    [CRITICAL_UPGRADE] = {"critical_upgrade", BOOLEAN, upgrade},
    [UPGRADE_PRESSURE] = {"upgrade_pressure", NUMBER, upgrade},
    [DOWNGRADE_PRESSURE] = {"downgrade_pressure", NUMBER, upgrade},
    [KILL_HEAVIEST_TASK] = {"kill_heaviest_task", BOOLEAN, NULL},
    [KILL_TIMEOUT_MS] = {"kill_timeout_ms", NUMBER, NULL},
    [PRESSURE_AFTER_KILL_MIN_SCORE] =
        {"pressure_after_kill_min_score", NUMBER,
         "no counterpart: after a kill the row of the kill table decides again"},
    [SWAP_FREE_LOW_PERCENTAGE] = {"swap_free_low_percentage", NUMBER, swap},
    [PSI_PARTIAL_STALL_MS] = {"psi_partial_stall_ms", NUMBER, NULL},
    [PSI_COMPLETE_STALL_MS] = {"psi_complete_stall_ms", NUMBER, NULL},
    [PSI_WINDOW_SIZE_MS] = {"psi_window_size_ms", NUMBER, NULL},
    [THRASHING_LIMIT] = {"thrashing_limit", NUMBER, thrashing},
    [THRASHING_LIMIT_DECAY] = {"thrashing_limit_decay", NUMBER, thrashing},
    [THRASHING_LIMIT_CRITICAL] = {"thrashing_limit_critical", NUMBER, thrashing},
    [SWAP_UTIL_MAX] = {"swap_util_max", NUMBER, swap},
    [FILECACHE_MIN_KB] =
        {"filecache_min_kb", NUMBER,
         "no counterpart: file pages count as available memory, which the kill table is about"},
    [STALL_LIMIT_CRITICAL] =
        {"stall_limit_critical", NUMBER,
         "no counterpart: a stall wakes the killer, the row of the kill table decides who may "
         "die"},
    [DELAY_MONITORS_UNTIL_BOOT] = {"delay_monitors_until_boot", BOOLEAN,
                                   "no counterpart: start memmgrd when it is to begin"},
    [DIRECT_RECLAIM_THRESHOLD_MS] =
        {"direct_reclaim_threshold_ms", NUMBER,
         "no counterpart: that tasks stand in direct reclaim shows as a PSI stall"},
    [SWAP_COMPRESSION_RATIO] = {"swap_compression_ratio", NUMBER, swap},
    [SWAP_COMPRESSION_RATIO_DIV] = {"swap_compression_ratio_div", NUMBER, swap},
    [RELAXED_AVAILABLE_MEMORY] = {"relaxed_available_memory", BOOLEAN,
                                  "no counterpart: available memory is the kernel's MemAvailable"},
    [LOWMEM_MIN_OOM_SCORE] =
        {"lowmem_min_oom_score", NUMBER,
         "no counterpart: it belongs to the kernel's low watermark, which is no amount of "
         "memory here; the rows of killConfig say who may die at which amount"},
    [DEBUG] = {"debug", BOOLEAN, NULL},
    [LOG_STATS] = {"log_stats", BOOLEAN,
                   "no counterpart: each kill is recorded, \"memmgrctl kills\" shows them"},
};

struct setting {
    char *text; /* NULL: not given */
    char name[128];
    unsigned line;
    bool is_override; /* persist.device_config.lmkd_native */
};

struct lmkd {
    struct mm_draft *draft;
    struct setting settings[PROPERTY_COUNT];
    unsigned others; /* properties of other parts of the system */
};

/* ---- reading ------------------------------------------------------------------------------------------ */

static bool skip_prefix(const char **name, const char *prefix)
{
    size_t length = strlen(prefix);

    if (strncmp(*name, prefix, length) != 0)
        return false;
    *name += length;
    return true;
}

static void keep(struct lmkd *lmkd, enum property property, const char *name, const char *value,
                 unsigned line, bool is_override)
{
    struct setting *setting = &lmkd->settings[property];
    char shown[MM_DRAFT_SHOWN_MAX];
    char *copy;

    /* A read-only property keeps its first value; an override counts whatever the order. */
    if (setting->text && (setting->is_override || !is_override)) {
        mm_draft_note(lmkd->draft, line, "%s: set again, what counts is line %u", mm_draft_shown(name, shown),
                      setting->line);
        return;
    }
    if (setting->text)
        mm_draft_note(lmkd->draft, setting->line, "%s: line %u overrides it", setting->name, line);
    copy = strdup(value);
    if (!copy)
        lmkd->draft->has_no_memory = true;
    free(setting->text);
    *setting = (struct setting){.text = copy, .line = line, .is_override = is_override};
    mm_copy_text(setting->name, sizeof(setting->name), name);
}

static void take_property(struct lmkd *lmkd, const char *name, const char *value, unsigned line)
{
    const char *below = name;
    bool is_override = skip_prefix(&below, "persist.device_config.lmkd_native.");
    bool is_lmkds = is_override || skip_prefix(&below, "ro.lmk.");
    char shown[MM_DRAFT_SHOWN_MAX];

    for (enum property property = 0; property < PROPERTY_COUNT; property++) {
        bool is_whole = strchr(properties[property].name, '.') != NULL;

        if (is_whole == is_lmkds || strcmp(properties[property].name, below) != 0)
            continue;
        keep(lmkd, property, name, value, line, is_override);
        return;
    }
    if (is_lmkds || skip_prefix(&below, "sys.lmk.") || skip_prefix(&below, "lmkd."))
        mm_draft_note(lmkd->draft, line, "%s: no counterpart: not one of Android's lmkd",
                      mm_draft_shown(name, shown));
    else
        lmkd->others++;
}

static char *trim(char *text)
{
    static const char blanks[] = " \t\r";
    size_t length;

    text += strspn(text, blanks);
    length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* "[name]: [value]" in place; false for anything else. */
static bool take_getprop_line(char *line, char **ret_name, char **ret_value)
{
    char *middle = strstr(line, "]: [");
    size_t length = strlen(line);

    if (line[0] != '[' || !middle || line[length - 1] != ']')
        return false;
    *middle = line[length - 1] = '\0';
    *ret_name = line + 1;
    *ret_value = middle + strlen("]: [");
    return true;
}

static void take_line(struct lmkd *lmkd, char *text, unsigned line)
{
    char *name, *value, *equals;
    char shown[MM_DRAFT_SHOWN_MAX];

    text = trim(text);
    if (!text[0] || text[0] == '#')
        return;
    equals = strchr(text, '=');
    if (!take_getprop_line(text, &name, &value)) {
        if (!equals) {
            mm_draft_note(lmkd->draft, line, "%s: passed over, expected NAME=VALUE",
                          mm_draft_shown(text, shown));
            return;
        }
        *equals = '\0';
        name = trim(text);
        value = trim(equals + 1);
    }
    take_property(lmkd, name, value, line);
}

static void read_properties(struct lmkd *lmkd, const char *text)
{
    char *copy = strdup(text), *rest = copy, *line;
    unsigned number = 0;

    if (!copy)
        lmkd->draft->has_no_memory = true;
    while (rest && (line = strsep(&rest, "\n")))
        take_line(lmkd, line, ++number);
    free(copy);
}

/* ---- values ------------------------------------------------------------------------------------------ */

static bool is_given(const struct lmkd *lmkd, enum property property)
{
    return lmkd->settings[property].text != NULL;
}

static int64_t number_of(struct lmkd *lmkd, enum property property, int64_t fallback)
{
    const struct setting *setting = &lmkd->settings[property];
    char shown[MM_DRAFT_SHOWN_MAX];
    int64_t number;

    if (!setting->text)
        return fallback;
    if (mm_parse_i64(setting->text, 0, INT32_MAX, &number) == 0)
        return number;
    mm_draft_error(lmkd->draft, setting->line, "%s is \"%s\", expected a whole number from 0 to %d",
                   setting->name, mm_draft_shown(setting->text, shown), INT32_MAX);
    return fallback;
}

/* The words of Android's property_get_bool. */
static bool truth_of(struct lmkd *lmkd, enum property property, bool fallback)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"1", true},  {"y", true},  {"yes", true}, {"on", true},   {"true", true},
                 {"0", false}, {"n", false}, {"no", false}, {"off", false}, {"false", false}};
    const struct setting *setting = &lmkd->settings[property];
    char shown[MM_DRAFT_SHOWN_MAX];

    if (!setting->text)
        return fallback;
    for (size_t i = 0; i < MM_ARRAY_SIZE(words); i++) {
        if (strcmp(setting->text, words[i].word) == 0)
            return words[i].value;
    }
    mm_draft_error(lmkd->draft, setting->line, "%s is \"%s\", expected true or false", setting->name,
                   mm_draft_shown(setting->text, shown));
    return fallback;
}

/* "from ro.lmk.debug", or where the value is lmkd's own. */
static const char *origin_of(const struct lmkd *lmkd, enum property property, char *buffer, size_t size)
{
    if (is_given(lmkd, property))
        (void)mm_format(buffer, size, "from %s", lmkd->settings[property].name);
    else
        (void)mm_format(buffer, size, "lmkd's default of %s", properties[property].name);
    return buffer;
}

/* ---- pressure ----------------------------------------------------------------------------------------- */

struct trigger {
    const char *kind;
    int64_t stall_ms;
    enum property property;
};

static void add_trigger(struct lmkd *lmkd, const struct trigger *trigger, unsigned row, int64_t window_ms)
{
    int64_t stall_ms = trigger->stall_ms;
    char origin[256];

    if (stall_ms > window_ms) {
        mm_draft_note(lmkd->draft, lmkd->settings[trigger->property].line,
                      "%s: a stall of %" PRId64 " ms does not fit into the window, %" PRId64 " ms is taken",
                      properties[trigger->property].name, stall_ms, window_ms);
        stall_ms = window_ms;
    }
    mm_draft_add(lmkd->draft, "pressureTriggers/pressureTrigger/kind", row, trigger->kind, "%s",
                 trigger->property == PROPERTY_COUNT
                     ? "lmkd's old strategy has these three built in"
                     : origin_of(lmkd, trigger->property, origin, sizeof(origin)));
    mm_draft_add_number(lmkd->draft, "pressureTriggers/pressureTrigger/stallUs", row, stall_ms * 1000, NULL);
    mm_draft_add_number(lmkd->draft, "pressureTriggers/pressureTrigger/windowUs", row, window_ms * 1000,
                        NULL);
}

static void add_triggers(struct lmkd *lmkd, const struct trigger *triggers, size_t count, int64_t window_ms)
{
    unsigned row = 0;

    mm_draft_add_section(lmkd->draft, "pressureTriggers");
    for (size_t i = 0; i < count; i++) {
        if (triggers[i].stall_ms > 0)
            add_trigger(lmkd, &triggers[i], row++, window_ms);
    }
    if (row == 0)
        mm_draft_note(lmkd->draft, 0,
                      "both PSI monitors are off: the waterline watch alone wakes the killer");
}

static int64_t window_of(struct lmkd *lmkd)
{
    int64_t window_ms = number_of(lmkd, PSI_WINDOW_SIZE_MS, 1000);
    int64_t fitting = MM_MIN(MM_MAX(window_ms, WINDOW_MIN_MS), WINDOW_MAX_MS);

    if (fitting != window_ms)
        mm_draft_note(lmkd->draft, lmkd->settings[PSI_WINDOW_SIZE_MS].line,
                      "psi_window_size_ms: %" PRId64 " is outside of what the kernel documents, %" PRId64
                      " is taken",
                      window_ms, fitting);
    return fitting;
}

static void migrate_pressure(struct lmkd *lmkd, bool is_new_strategy, bool is_low_ram)
{
    static const struct trigger old[] = {
        {"some", 70, PROPERTY_COUNT}, {"some", 100, PROPERTY_COUNT}, {"full", 70, PROPERTY_COUNT}};
    const struct trigger new[] = {
        {"some", number_of(lmkd, PSI_PARTIAL_STALL_MS, is_low_ram ? 200 : 70), PSI_PARTIAL_STALL_MS},
        {"full", number_of(lmkd, PSI_COMPLETE_STALL_MS, 700), PSI_COMPLETE_STALL_MS}};
    const enum property unread[] = {PSI_PARTIAL_STALL_MS, PSI_COMPLETE_STALL_MS, PSI_WINDOW_SIZE_MS};
    int64_t window_ms = window_of(lmkd);

    if (is_new_strategy) {
        add_triggers(lmkd, new, MM_ARRAY_SIZE(new), window_ms);
        return;
    }
    add_triggers(lmkd, old, MM_ARRAY_SIZE(old), 1000);
    for (size_t i = 0; i < MM_ARRAY_SIZE(unread); i++) {
        const struct setting *setting = &lmkd->settings[unread[i]];

        if (setting->text)
            mm_draft_note(lmkd->draft, setting->line, "%s: lmkd's old strategy does not read it",
                          setting->name);
    }
}

/* ---- who dies, and when --------------------------------------------------------------------------------- */

static void migrate_policy(struct lmkd *lmkd)
{
    int64_t timeout_ms = number_of(lmkd, KILL_TIMEOUT_MS, 100);
    int64_t fitting = timeout_ms == 0 ? EXIT_TIMEOUT_MAX_MS
                                      : MM_MIN(MM_MAX(timeout_ms, EXIT_TIMEOUT_MIN_MS), EXIT_TIMEOUT_MAX_MS);
    char origin[256];

    if (fitting != timeout_ms)
        mm_draft_note(lmkd->draft, lmkd->settings[KILL_TIMEOUT_MS].line,
                      "kill_timeout_ms: %" PRId64 "%s cannot be said here, %" PRId64 " is taken", timeout_ms,
                      timeout_ms == 0 ? " (wait for ever)" : "", fitting);
    mm_draft_add_number(lmkd->draft, "killPolicy/exitTimeoutMs", 0, fitting, "%s",
                        origin_of(lmkd, KILL_TIMEOUT_MS, origin, sizeof(origin)));
    mm_draft_add(lmkd->draft, "killPolicy/order", 0,
                 truth_of(lmkd, KILL_HEAVIEST_TASK, false) ? "heaviest" : "oldestUse", "%s",
                 origin_of(lmkd, KILL_HEAVIEST_TASK, origin, sizeof(origin)));
    mm_draft_add_number(lmkd->draft, "killPolicy/heaviestFromPriority", 0, 200,
                        "lmkd: the heaviest of perceptible applications, whatever the order");
    mm_draft_add(lmkd->draft, "unregisteredProcesses/policy", 0, "never",
                 "lmkd knows of no process that was not registered");
}

/* One "pages:adj" of the list; false after a complaint. */
static bool parse_pair(struct lmkd *lmkd, char *pair, int64_t *ret_pages, int64_t *ret_adj)
{
    char *colon = strchr(pair, ':');
    char shown[MM_DRAFT_SHOWN_MAX];

    (void)mm_draft_shown(pair, shown);
    if (colon)
        *colon = '\0';
    if (colon && mm_parse_i64(pair, 0, INT32_MAX, ret_pages) == 0 &&
        mm_parse_i64(colon + 1, -1000, INT32_MAX, ret_adj) == 0)
        return true;
    mm_draft_error(lmkd->draft, lmkd->settings[MINFREE_LEVELS].line, "\"%s\", expected PAGES:OOM_SCORE_ADJ",
                   shown);
    return false;
}

static void add_levels(struct lmkd *lmkd, char *list, uint64_t ram_bytes)
{
    int64_t pages, adj, adj_before = -1001;
    uint64_t megabytes_before = 0;
    unsigned row = 0, line = lmkd->settings[MINFREE_LEVELS].line;
    char *pair;

    while ((pair = strsep(&list, ",")) && parse_pair(lmkd, pair, &pages, &adj)) {
        uint64_t megabytes = ((uint64_t)pages * PAGE_BYTES + MM_MIB - 1) / MM_MIB;

        if (row == MINFREE_LEVELS_MAX || adj > 1000 || megabytes <= megabytes_before || adj <= adj_before) {
            mm_draft_note(lmkd->draft, line,
                          "the level of %" PRId64 " pages for oom_score_adj %" PRId64
                          " is left out: both have to rise, to 1000 at most, in at most %d levels",
                          pages, adj, MINFREE_LEVELS_MAX);
            continue;
        }
        mm_draft_add_kill_level(lmkd->draft, row, (struct mm_draft_amount){megabytes, false}, (int)adj,
                                row == 0 ? "from sys.lmk.minfree_levels, pages of 4 KiB" : NULL);
        megabytes_before = megabytes;
        adj_before = adj;
        row++;
    }
    if (row > 0)
        mm_draft_fit_buffers(lmkd->draft, (struct mm_draft_amount){megabytes_before, false}, ram_bytes);
}

static void migrate_levels(struct lmkd *lmkd, bool is_used, uint64_t ram_bytes)
{
    struct setting *setting = &lmkd->settings[MINFREE_LEVELS];

    if (!is_used && setting->text) {
        mm_draft_note(
            lmkd->draft, setting->line,
            "sys.lmk.minfree_levels: lmkd's new strategy does not use the levels, so they are no rows of "
            "killConfig (with ro.lmk.use_minfree_levels=true and ro.lmk.use_new_strategy=false they are)");
    } else if (is_used && !setting->text) {
        mm_draft_note(
            lmkd->draft, lmkd->settings[USE_MINFREE_LEVELS].line,
            "the levels themselves come at run time; with a line sys.lmk.minfree_levels=... (getprop "
            "prints it) they become killConfig, without it the built-in table stays");
    } else if (is_used) {
        mm_draft_note(
            lmkd->draft, setting->line,
            "sys.lmk.minfree_levels: lmkd compares free memory and file pages each by itself, memmgr "
            "available memory, which is both together: raise the rows when kills come too late");
        add_levels(lmkd, setting->text, ram_bytes);
    }
    if (!is_used)
        mm_draft_note(
            lmkd->draft, 0,
            "lmkd's new strategy kills by the kernel's watermarks, thrashing and free swap, memmgr by rows "
            "of available memory: the built-in killConfig stays, look at it");
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void note_unmapped(struct lmkd *lmkd)
{
    char shown[MM_DRAFT_SHOWN_MAX];

    for (enum property property = 0; property < PROPERTY_COUNT; property++) {
        const struct setting *setting = &lmkd->settings[property];

        if (!setting->text || !properties[property].none)
            continue;
        if (properties[property].type == NUMBER)
            (void)number_of(lmkd, property, 0);
        else
            (void)truth_of(lmkd, property, false);
        mm_draft_note(lmkd->draft, setting->line, "%s=%s: %s", setting->name,
                      mm_draft_shown(setting->text, shown), properties[property].none);
    }
    if (lmkd->others > 0)
        mm_draft_note(lmkd->draft, 0, "properties of others than lmkd, passed over: %u", lmkd->others);
}

void mm_migrate_lmkd(const char *text, const struct mm_config_device *device, struct mm_draft *draft)
{
    struct lmkd lmkd = {.draft = draft};
    bool is_low_ram, uses_levels, is_new_strategy;

    read_properties(&lmkd, text);
    is_low_ram = truth_of(&lmkd, LOW_RAM, false);
    uses_levels = truth_of(&lmkd, USE_MINFREE_LEVELS, false);
    is_new_strategy = truth_of(&lmkd, USE_NEW_STRATEGY, is_low_ram || !uses_levels);
    migrate_levels(&lmkd, uses_levels && !is_new_strategy, device->ram_bytes);
    migrate_policy(&lmkd);
    migrate_pressure(&lmkd, is_new_strategy, is_low_ram);
    if (truth_of(&lmkd, DEBUG, false))
        mm_draft_add(draft, "logging/level", 0, "debug", "from %s", lmkd.settings[DEBUG].name);
    note_unmapped(&lmkd);
    for (enum property property = 0; property < PROPERTY_COUNT; property++)
        free(lmkd.settings[property].text);
}
