/* SPDX-License-Identifier: Apache-2.0 */
/*
 * earlyoom's arguments. Sample, from /etc/default/earlyoom:
 *
 *     EARLYOOM_ARGS="-r 3600 -m 10,5 -s 5 --avoid '(^|/)(init|X|sshd)$'"
 *
 * earlyoom kills when both available memory and free swap are below their minimums; memmgr has no say about swap.
 */
#include "service/config_tool/migrate.h"

#include "common/common.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_NAME "EARLYOOM_ARGS="
/* What systemApps and its app take. */
#define NAMES_MAX       1024
#define NAME_LENGTH_MAX 127
/* 16 TiB, as much as a level can be. */
#define KIB_MAX ((uint64_t)1 << 34)

enum option {
    MEMORY_PERCENT,
    SWAP_PERCENT,
    MEMORY_KIB,
    SWAP_KIB,
    KERNEL_OOM,
    IGNORE_POSITIVE,
    NOTIFY,
    GROUP,
    NOTIFY_SCRIPT,
    PRE_SCRIPT,
    DEBUG,
    VERSION,
    REPORT_INTERVAL,
    PRIORITY,
    HELP,
    PREFER,
    AVOID,
    IGNORE,
    DRY_RUN,
    IGNORE_ROOT,
    SORT_BY_RSS,
    SYSLOG,
    OPTION_COUNT
};

/* none says why there is no counterpart; NULL where the value is looked at. */
static const struct {
    const char *word; /* as it is typed */
    bool has_value;
    const char *none;
} options[OPTION_COUNT] = {
    [MEMORY_PERCENT] = {"-m", true, NULL},
    [SWAP_PERCENT] = {"-s", true, NULL},
    [MEMORY_KIB] = {"-M", true, NULL},
    [SWAP_KIB] = {"-S", true, NULL},
    [KERNEL_OOM] = {"-k", false, "no counterpart: earlyoom itself ignores it since 1.2"},
    [IGNORE_POSITIVE] = {"-i", false, "no counterpart: earlyoom itself ignores it since 1.7"},
    [NOTIFY] = {"-n", false, "no counterpart: \"memmgrctl monitor\" tells of each kill"},
    [GROUP] =
        {"-g", false,
         "no counterpart: memmgr kills all processes of an application that was registered, whatever their "
         "process group"},
    [NOTIFY_SCRIPT] = {"-N", true,
                       "no counterpart: \"memmgrctl monitor --events kill-end --json\" tells a script"},
    [PRE_SCRIPT] = {"-P", true, "no counterpart: nothing is run before a kill"},
    [DEBUG] = {"-d", false, NULL},
    [VERSION] = {"-v", false, "no counterpart: earlyoom prints its version and ends"},
    [REPORT_INTERVAL] = {"-r", true, "no counterpart: \"memmgrctl status\" reports when asked"},
    [PRIORITY] = {"-p", false,
                  "no counterpart: memmgrd always takes a real-time priority and protects itself"},
    [HELP] = {"-h", false, "no counterpart: earlyoom prints its help and ends"},
    [PREFER] =
        {"--prefer", true,
         "no counterpart: who is to go first gets a higher oom_score_adj, or is registered by a client"},
    [AVOID] = {"--avoid", true, NULL},
    [IGNORE] = {"--ignore", true, NULL},
    [DRY_RUN] = {"--dryrun", false, "no counterpart in a file: start memmgrd with its option dry-run"},
    [IGNORE_ROOT] = {"--ignore-root-user", false,
                     "no counterpart: owners do not count; name root's processes in systemApps"},
    [SORT_BY_RSS] = {"--sort-by-rss", false, NULL},
    [SYSLOG] = {"--syslog", false,
                "no counterpart: memmgrd logs to standard error, or to the journal under systemd"},
};

struct earlyoom {
    struct mm_draft *draft;
    const char *values[OPTION_COUNT]; /* NULL: not given; "" for a flag */
};

/* ---- the command line --------------------------------------------------------------------------------- */

static const char *following(struct earlyoom *earlyoom, enum option option, const char *const *words,
                             size_t count, size_t *index)
{
    if (*index + 1 < count)
        return words[++*index];
    mm_draft_error(earlyoom->draft, 0, "%s: a value is missing", options[option].word);
    return "";
}

static void set(struct earlyoom *earlyoom, enum option option, const char *value)
{
    char shown[MM_DRAFT_SHOWN_MAX];

    if (earlyoom->values[option] && options[option].has_value)
        mm_draft_note(earlyoom->draft, 0, "%s %s: given again, the last one counts", options[option].word,
                      mm_draft_shown(earlyoom->values[option], shown));
    earlyoom->values[option] = value;
}

static void note_unknown(struct earlyoom *earlyoom, const char *word)
{
    char shown[MM_DRAFT_SHOWN_MAX];

    mm_draft_note(earlyoom->draft, 0, "%s: no counterpart: not an option of earlyoom 1.9",
                  mm_draft_shown(word, shown));
}

/* "-dm10" is -d and -m 10, as getopt has it. */
static void take_letters(struct earlyoom *earlyoom, const char *const *words, size_t count, size_t *index)
{
    for (const char *letter = words[*index] + 1; *letter; letter++) {
        enum option option = 0;

        while (option < OPTION_COUNT &&
               (options[option].word[1] == '-' || options[option].word[1] != *letter))
            option++;
        if (option == OPTION_COUNT) {
            note_unknown(earlyoom, words[*index]);
            return;
        }
        if (!options[option].has_value) {
            set(earlyoom, option, "");
            continue;
        }
        set(earlyoom, option, letter[1] ? letter + 1 : following(earlyoom, option, words, count, index));
        return;
    }
}

static enum option find_long(const char *word, size_t length)
{
    if (length == strlen("--help") && strncmp(word, "--help", length) == 0)
        return HELP;
    for (enum option option = 0; option < OPTION_COUNT; option++) {
        if (strlen(options[option].word) == length && strncmp(options[option].word, word, length) == 0)
            return option;
    }
    return OPTION_COUNT;
}

static void take_long(struct earlyoom *earlyoom, const char *const *words, size_t count, size_t *index)
{
    const char *word = words[*index], *equals = strchr(word, '=');
    enum option option = find_long(word, equals ? (size_t)(equals - word) : strlen(word));

    if (option == OPTION_COUNT)
        note_unknown(earlyoom, word);
    else if (!options[option].has_value)
        set(earlyoom, option, "");
    else
        set(earlyoom, option, equals ? equals + 1 : following(earlyoom, option, words, count, index));
}

/* ---- amounts ------------------------------------------------------------------------------------------ */

/* A decimal number in hundredths, "10" is 1000; false when it is none, or above most. */
static bool parse_hundredths(const char *text, size_t length, uint64_t most, uint64_t *ret_hundredths)
{
    uint64_t value = 0;
    unsigned decimals = 0;
    bool is_fraction = false, has_digit = false;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9')
            return false;
        has_digit = true;
        decimals += is_fraction;
        if (decimals <= 2)
            value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > most * 100)
            return false;
    }
    for (; decimals < 2; decimals++)
        value *= 10;
    *ret_hundredths = value;
    return has_digit && value <= most * 100;
}

/* "NUMBER" or "NUMBER,KILL_NUMBER": the first one in hundredths; false when it is not given or wrong. */
static bool amount_of(struct earlyoom *earlyoom, enum option option, uint64_t most, uint64_t *ret_hundredths)
{
    const char *value = earlyoom->values[option];
    uint64_t kill_hundredths;
    size_t length;
    char shown[MM_DRAFT_SHOWN_MAX];

    if (!value)
        return false;
    length = strcspn(value, ",");
    if (parse_hundredths(value, length, most, ret_hundredths) && *ret_hundredths > 0 &&
        (!value[length] ||
         parse_hundredths(value + length + 1, strlen(value + length + 1), most, &kill_hundredths)))
        return true;
    mm_draft_error(earlyoom->draft, 0,
                   "%s is \"%s\", expected a number up to %" PRIu64 ", or two with a comma",
                   options[option].word, mm_draft_shown(value, shown), most);
    return false;
}

/* Below how much memory earlyoom acts: the lower one of -m and -M. */
static struct mm_draft_amount threshold_of(struct earlyoom *earlyoom, uint64_t ram_bytes,
                                           const char **ret_why)
{
    uint64_t percent = 0, kib = 0;
    bool has_percent = amount_of(earlyoom, MEMORY_PERCENT, 100, &percent);
    bool has_size = amount_of(earlyoom, MEMORY_KIB, KIB_MAX, &kib);
    uint64_t size_mb = MM_MAX((kib / 100 + 1023) / 1024, 1U), share_mb;

    *ret_why = has_percent ? "from -m" : "earlyoom's default of -m";
    if (!has_percent && !has_size)
        percent = 1000;
    share_mb = MM_MAX(ram_bytes / MM_MIB * percent / 10000, 1U);
    if (has_size && (!has_percent || size_mb < share_mb)) {
        *ret_why = has_percent ? "from -M, which is the lower one on this device" : "from -M";
        return (struct mm_draft_amount){size_mb, false};
    }
    if (percent % 100 == 0)
        return (struct mm_draft_amount){percent / 100, true};
    *ret_why = "from -m, of this device's RAM: a share in percent has no decimals here";
    return (struct mm_draft_amount){share_mb, false};
}

static void migrate_amounts(struct earlyoom *earlyoom, uint64_t ram_bytes)
{
    const char *why;
    const struct mm_draft_amount memory = threshold_of(earlyoom, ram_bytes, &why);
    uint64_t percent = 1000, kib;
    bool has_percent = amount_of(earlyoom, SWAP_PERCENT, 100, &percent);
    bool has_size = amount_of(earlyoom, SWAP_KIB, KIB_MAX, &kib);

    mm_draft_add_kill_level(earlyoom->draft, 0, memory, 0, why);
    mm_draft_fit_buffers(earlyoom->draft, memory, ram_bytes);
    mm_draft_note(
        earlyoom->draft, 0,
        "the second number of -m and -M: no counterpart: memmgr sends SIGKILL at once, nobody gets SIGTERM "
        "first");
    if (memory.is_percent)
        mm_draft_note(earlyoom->draft, 0,
                      "-m: percent are of all RAM here, of what user space can have at most in earlyoom");
    if (!has_percent || has_size || percent < 10000)
        mm_draft_note(
            earlyoom->draft, 0,
            "%s: no counterpart: memmgr kills by available memory alone, however much swap is free; it "
            "squeezes applications into swap before that",
            has_size      ? "-S"
            : has_percent ? "-s"
                          : "-s, whose default is 10");
}

/* ---- names -------------------------------------------------------------------------------------------- */

static bool is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@:+~ ", text[i]))
            return false;
    }
    return length > 0 && length <= NAME_LENGTH_MAX;
}

/* What stands between an anchor at the beginning and one at the end; *ret_anchors counts both. */
static void strip_anchors(const char **text, size_t *length, unsigned *ret_anchors)
{
    static const char *const beginnings[] = {"(^|/)", "^"};

    for (size_t i = 0; i < MM_ARRAY_SIZE(beginnings); i++) {
        size_t prefix = strlen(beginnings[i]);

        if (*length < prefix || strncmp(*text, beginnings[i], prefix) != 0)
            continue;
        *text += prefix;
        *length -= prefix;
        (*ret_anchors)++;
        break;
    }
    if (*length > 0 && (*text)[*length - 1] == '$') {
        (*length)--;
        (*ret_anchors)++;
    }
}

static void strip_group(const char **text, size_t *length)
{
    size_t prefix = strncmp(*text, "(?:", 3) == 0 ? 3 : 1;

    if (*length < 2 || (*text)[0] != '(' || (*text)[*length - 1] != ')')
        return;
    *text += prefix;
    *length -= MM_MIN(*length, prefix + 1);
}

struct names {
    char **names;
    size_t count;
    bool is_exact; /* anchors on both sides of each: it matches nothing else */
};

static void free_names(struct names *names)
{
    while (names->count > 0)
        free(names->names[--names->count]);
    free(names->names);
    names->names = NULL;
}

/* One alternative; false when it is no plain name. */
static bool add_name(struct names *names, const char *name, size_t length, unsigned outer_anchors)
{
    unsigned anchors = outer_anchors;
    char **larger = reallocarray(names->names, names->count + 1, sizeof(*larger));

    if (!larger)
        return false;
    names->names = larger;
    strip_anchors(&name, &length, &anchors);
    names->is_exact = names->is_exact && anchors >= 2;
    if (names->count == NAMES_MAX || !is_plain(name, length))
        return false;
    larger[names->count] = strndup(name, length);
    if (!larger[names->count])
        return false;
    names->count++;
    return true;
}

/* The names of "^(init|sshd)$" and its like; none for any other pattern. */
static struct names plain_names(const char *pattern)
{
    struct names names = {.is_exact = true};
    size_t length = strlen(pattern);
    unsigned anchors = 0;
    bool is_last = false;

    strip_anchors(&pattern, &length, &anchors);
    strip_group(&pattern, &length);
    while (!is_last) {
        const char *bar = memchr(pattern, '|', length);
        size_t part = bar ? (size_t)(bar - pattern) : length;

        if (!add_name(&names, pattern, part, anchors)) {
            free_names(&names);
            return names;
        }
        is_last = !bar;
        pattern += part + 1;
        length -= part + !is_last;
    }
    return names;
}

static void migrate_pattern(struct earlyoom *earlyoom, enum option option)
{
    const char *pattern = earlyoom->values[option], *word = options[option].word;
    char shown[MM_DRAFT_SHOWN_MAX];
    struct names names;

    if (!pattern)
        return;
    (void)mm_draft_shown(pattern, shown);
    names = plain_names(pattern);
    if (names.count == 0) {
        mm_draft_note(
            earlyoom->draft, 0,
            "%s %s: no counterpart: patterns of names are not known here, name the processes in systemApps",
            word, shown);
        return;
    }
    for (size_t i = 0; i < names.count; i++)
        mm_draft_add(earlyoom->draft, "systemApps/app", 0, names.names[i], i == 0 ? "from %s" : NULL,
                     word + 2);
    if (option == AVOID)
        mm_draft_note(earlyoom->draft, 0,
                      "%s %s: earlyoom only made them less likely, as systemApps they are never killed", word,
                      shown);
    if (!names.is_exact)
        mm_draft_note(earlyoom->draft, 0, "%s %s: matched longer names, too; systemApps are whole names",
                      word, shown);
    free_names(&names);
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void migrate_victims(struct earlyoom *earlyoom)
{
    mm_draft_add(earlyoom->draft, "killPolicy/order", 0, "heaviest", "%s",
                 earlyoom->values[SORT_BY_RSS] ? "from sort-by-rss" : "earlyoom kills the largest oom_score");
    mm_draft_add(earlyoom->draft, "unregisteredProcesses/policy", 0, "any",
                 "earlyoom looks at all processes; nobody registers them");
    mm_draft_note(
        earlyoom->draft, 0,
        "oom_score_adj: memmgr kills by it first and by size within one value, and nobody below 0; earlyoom "
        "adds it to the size and spares only -1000");
    migrate_pattern(earlyoom, IGNORE);
    migrate_pattern(earlyoom, AVOID);
}

void mm_migrate_earlyoom(const char *const *words, size_t count, const struct mm_config_device *device,
                         struct mm_draft *draft)
{
    struct earlyoom earlyoom = {.draft = draft};
    char shown[MM_DRAFT_SHOWN_MAX];

    for (size_t i = 0; i < count; i++) {
        if (strncmp(words[i], "--", 2) == 0 && words[i][2])
            take_long(&earlyoom, words, count, &i);
        else if (words[i][0] == '-' && words[i][1] && words[i][1] != '-')
            take_letters(&earlyoom, words, count, &i);
        else
            mm_draft_error(draft, 0, "\"%s\" is no option of earlyoom", mm_draft_shown(words[i], shown));
    }
    migrate_amounts(&earlyoom, device->ram_bytes);
    migrate_victims(&earlyoom);
    if (earlyoom.values[DEBUG])
        mm_draft_add(draft, "logging/level", 0, "debug", "from -d");
    for (enum option option = 0; option < OPTION_COUNT; option++) {
        const char *value = earlyoom.values[option];

        if (value && options[option].none)
            mm_draft_note(draft, 0, "%s%s%s: %s", options[option].word, value[0] ? " " : "",
                          mm_draft_shown(value, shown), options[option].none);
    }
}

/* ---- from a text -------------------------------------------------------------------------------------- */

/* A character within double quotes that a backslash takes its meaning from. */
static bool is_escapable(char character)
{
    return strchr("\"\\$`\n", character) != NULL;
}

/*
 * The next word as a shell makes it, without expansions: quotes are taken off, a backslash off the character behind
 * it. In place of *cursor, which ends behind it; NULL at the end.
 */
static char *next_word(char **cursor, const char *blanks)
{
    char *read = *cursor + strspn(*cursor, blanks), *write = read, *word = read;
    char quote = '\0';

    if (!*read)
        return NULL;
    for (; *read && (quote || !strchr(blanks, *read)); read++) {
        if (*read == quote) {
            quote = '\0';
        } else if (!quote && (*read == '"' || *read == '\'')) {
            quote = *read;
        } else if (*read == '\\' && read[1] && quote != '\'' && (!quote || is_escapable(read[1]))) {
            read++;
            if (*read != '\n')
                *write++ = *read;
        } else {
            *write++ = *read;
        }
    }
    *cursor = read + (*read != '\0');
    *write = '\0';
    return word;
}

/* The value of the last EARLYOOM_ARGS= of a file, or all of a text that has none. NULL: the file sets other things. */
static char *find_arguments(char *text)
{
    static char nothing[] = "";
    char *found = NULL, *line = text;
    bool has_assignment = false;

    while (line) {
        char *next = strchr(line, '\n');
        char *begin = line + strspn(line, " \t");

        if (strncmp(begin, ARGUMENTS_NAME, strlen(ARGUMENTS_NAME)) == 0)
            found = begin + strlen(ARGUMENTS_NAME);
        has_assignment = has_assignment || (begin[0] != '#' && begin[0] != '-' && strchr(begin, '='));
        line = next ? next + 1 : NULL;
    }
    if (!found)
        return has_assignment ? NULL : text;
    return strchr(" \t\r\n", *found) ? nothing : next_word(&found, " \t\r\n");
}

void mm_migrate_earlyoom_text(const char *text, const struct mm_config_device *device, struct mm_draft *draft)
{
    char *copy = strdup(text), *rest, *word;
    const char **words = NULL;
    size_t count = 0;

    if (!copy) {
        draft->has_no_memory = true;
        return;
    }
    rest = find_arguments(copy);
    if (!rest)
        mm_draft_note(draft, 0, "no " ARGUMENTS_NAME " in it: earlyoom's defaults");
    while (rest && (word = next_word(&rest, " \t\r\n"))) {
        const char **larger = reallocarray(words, count + 1, sizeof(*words));

        if (!larger) {
            draft->has_no_memory = true;
            break;
        }
        words = larger;
        words[count++] = word;
    }
    mm_migrate_earlyoom(words, count, device, draft);
    free(words);
    free(copy);
}
