/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: typed, complete, valid.
 *
 * An XML file becomes a list of items (element, instance, text, file, line, column); the items of several files
 * are laid over each other for a device; a struct mm_config is built from the merged items through one table,
 * the vocabulary (vocabulary.h), which holds every element's type, unit, range, default and line of help.
 *
 * libxml2 is never in the resident daemon: a program, memmgr-config, reads the XML, merges, and hands the
 * merged items over as a byte stream; the daemon builds from those. The target mm_config has all but the XML
 * reader, mm_config_xml has the reader.
 *
 * All sizes are bytes here, whatever unit an element has; all times are milliseconds unless named otherwise.
 */
#ifndef MM_CONFIG_CONFIG_H
#define MM_CONFIG_CONFIG_H

#include "common/memory_level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_CONFIG_KILL_LEVELS_MAX       10 /* upstream's limit */
#define MM_CONFIG_PRESSURE_TRIGGERS_MAX 8
#define MM_CONFIG_LIMIT_HIT_GROUPS_MAX  8
#define MM_CONFIG_ZSWAPD_PARAMS_MAX     10 /* the kernel's limit */
#define MM_CONFIG_UIDS_MAX              16
#define MM_CONFIG_PATH_MAX              108 /* sun_path */
#define MM_CONFIG_GROUP_PATH_MAX        512
#define MM_CONFIG_WORD_MAX              64
#define MM_CONFIG_PROCESS_RULES_MAX     256
#define MM_RULE_NAME_MAX                64  /* with its NUL */
#define MM_PATTERN_MAX                  255 /* without it, as is the next */
#define MM_NAME_TEMPLATE_MAX            127

/* killConfig */
struct mm_kill_level {
    uint64_t memory_bytes; /* the waterline: the row applies when available is below it */
    int min_priority;      /* bundles at or above it may be killed */
};

enum mm_bucket_order {
    MM_ORDER_OLDEST_USE,
    MM_ORDER_HEAVIEST,
    MM_ORDER_NEWEST_USE,
    MM_ORDER_OLDEST, /* by when it was started */
    MM_ORDER_NEWEST,
    MM_ORDER_HIGHEST_UID, /* OpenHarmony's: of priorityCompat, and no word of killPolicy/order */
};

enum mm_unregistered_policy {
    MM_UNREGISTERED_NEVER,  /* processes that nobody registered are never killed */
    MM_UNREGISTERED_RAISED, /* only those whose oom_score_adj somebody set above 0 */
    MM_UNREGISTERED_ANY,    /* at their oom_score_adj, as the kernel's own killer would */
};

struct mm_kill_config {
    bool is_enabled;
    struct mm_kill_level levels[MM_CONFIG_KILL_LEVELS_MAX]; /* ascending by memory */
    size_t level_count;
    uint64_t margin_bytes;    /* a kill series ends when available is this far above the row's waterline */
    uint64_t exit_timeout_ms; /* SIGKILL to exit; then the victim is set aside */
    uint64_t recovery_timeout_ms; /* exit to memory back; then the next choice is made from what is there */
    uint64_t set_aside_ms;        /* how long a victim that would not die is left out */
    unsigned reread_candidates;   /* 1..8: candidates whose size is read anew before choosing the heaviest */
    enum mm_bucket_order order;   /* within a priority */
    int heaviest_from_priority;   /* at and below it the heaviest goes first, as lmkd does at 200 */
    enum mm_unregistered_policy unregistered_policy;
    uint64_t unregistered_min_bytes; /* a smaller unregistered process is not worth a kill */
    uint64_t unregistered_scan_ms;   /* how often they are looked for where memory is critical */
    unsigned reaper_threads;         /* 1..8 */
};

/* availBufferConfig */
struct mm_avail_buffer_config {
    uint64_t avail_bytes, min_avail_bytes, high_avail_bytes, swap_reserve_bytes;
};

/* reclaimConfig */
struct mm_squeeze_config {
    bool is_enabled;
    int min_priority;         /* bundles at or above it may be squeezed */
    uint64_t chunk_bytes;     /* at most this much per memory.reclaim */
    uint64_t min_group_bytes; /* a smaller group is left alone */
    unsigned worth_percent;   /* a group that gave less of what was asked has nothing to give */
    uint64_t retry_ms;        /* such a group is left alone this long */
    uint64_t rest_ms;         /* when there was nobody the list is not walked again before */
};

struct mm_memory_high_config {
    bool is_enabled;
    int min_priority;       /* bundles at or above it get a memory.high */
    unsigned share_percent; /* of the group's present usage, 10..100 */
    uint64_t min_bytes;     /* never lower than this */
    uint64_t settle_ms;     /* set this long after the last move on the list */
};

struct mm_zswapd_param {
    unsigned min_score, max_score; /* the groups it is for, 0..1000, both included */
    unsigned mem2zram_percent;     /* of the anonymous memory: what may be compressed */
    unsigned zram2ufs_percent;     /* of what is compressed: what may be written out */
    unsigned refault_percent;      /* above it the group is left alone */
};

/* nandLifeConfig; 0: unlimited */
struct mm_nand_life_config {
    uint64_t daily_quota_bytes, total_quota_bytes;
};

/* switchConfig */
struct mm_switch_config {
    uint64_t big_mem_kill;
};

/* purgeablememConfig: processes whose purgeable memory may be purged */
struct mm_purgeable_config {
    char **process_names;
    size_t process_name_count;
};

/* systemMemoryLevelConfig */
struct mm_memory_level_config {
    uint64_t purgeable_bytes, moderate_bytes, low_bytes, critical_bytes;
    unsigned hysteresis_percent; /* a better level holds this much above the line that was crossed */
    int some_pressure_level, full_pressure_level; /* enum mm_memory_level: at least that while tasks stall */
    int stall_level;                              /* the same while threads look for memory themselves */
    unsigned stall_ms;                            /* for at least that long */
    unsigned pressure_hold_ms;                    /* how long after the last sign of any of them */
};

/* reclaimPriorityConfig */
struct mm_important_app {
    char *process_name;
    int min_priority;
};

/* Whose rules and defects the numbers follow. */
enum mm_priority_compat {
    MM_PRIORITY_COMPAT_NONE,
    MM_PRIORITY_COMPAT_UPSTREAM, /* OpenHarmony's memmgr, bit for bit */
};

struct mm_reclaim_priority_config {
    enum mm_priority_compat compat; /* as of the start: a reload leaves it */
    char **system_apps; /* systemApps: names of bundles or processes that are never killed, -1000 */
    size_t system_app_count;
    char **killable_system_apps; /* bundle names: resident, -800 */
    size_t killable_system_app_count;
    struct mm_important_app *important_apps; /* process names with the highest number they may have */
    size_t important_app_count;
    uint64_t new_process_grace_ms; /* a new process stays at 0 this long */
    uint64_t ability_start_ms;     /* the boost of an ability that starts */
    uint64_t dead_check_ms;        /* how often processes nobody reported dead are looked for */
};

/* What a process is; with the priority that goes with it in mm_process_class_priority. */
enum mm_process_class {
    MM_CLASS_PROTECTED,
    MM_CLASS_SYSTEM,
    MM_CLASS_SESSION,
    MM_CLASS_APPLICATION,
    MM_CLASS_BACKGROUND,
    MM_CLASS_BATCH,
    MM_CLASS_COUNT
};

/* "protected"; "unknown" outside the enumeration. */
const char *mm_process_class_name(enum mm_process_class process_class);
int mm_process_class_priority(enum mm_process_class process_class);

/* What %{word} of a bundle's name stands for. */
enum mm_template_field {
    MM_TEMPLATE_COMM,
    MM_TEMPLATE_UNIT,
    MM_TEMPLATE_EXE, /* the last part of the path */
    MM_TEMPLATE_CGROUP,
    MM_TEMPLATE_PID,
};

struct mm_process_rule {
    char *name;
    /* Conditions; NULL or "": none. */
    char *exe, *cmdline, *comm, *cgroup, *unit; /* patterns */
    char *uid, *oom_score_adj;                  /* ranges */
    char *bundle;                               /* a template */
    int process_class;                          /* enum mm_process_class */
    int priority;
};

struct mm_process_rules_config {
    bool has_built_in;
    bool has_user_programs; /* the built-in ones go on with users' programs; counts with has_built_in alone */
    struct mm_process_rule *rules; /* in the order in which they are tried */
    size_t rule_count;
};

/* The conditions of a rule, in the order in which they are tried: the cheap ones first. */
struct mm_process_condition {
    const char *name; /* as its element is called */
    size_t offset;    /* of its text in struct mm_process_rule */
    bool is_range;
    int64_t min, max; /* of a range */
};
#define MM_PROCESS_CONDITION_COUNT 7
extern const struct mm_process_condition mm_process_conditions[MM_PROCESS_CONDITION_COUNT];
/* Its text in the rule; "" where the rule does not ask for it. */
const char *mm_process_condition_text(const struct mm_process_rule *rule, unsigned condition);

struct mm_waterline_watch_config {
    bool is_enabled;
    uint64_t fill_rate_bytes_per_s; /* the fastest this machine can fill memory; 0: measured at start */
    uint64_t min_interval_ms, max_interval_ms;
    uint64_t exhausted_interval_ms; /* below every waterline */
};

struct mm_pressure_trigger_config {
    bool is_full; /* false: some */
    uint64_t stall_us, window_us;
    char group_path[MM_CONFIG_GROUP_PATH_MAX]; /* "": the domain */
};

enum mm_vmpressure_use {
    MM_VMPRESSURE_WITHOUT_PSI, /* where no PSI trigger could be armed */
    MM_VMPRESSURE_ALWAYS,
    MM_VMPRESSURE_NEVER,
};

/* What wakes the daemon besides the watch and PSI, where the kernel has it. */
struct mm_kernel_events_config {
    bool has_usage_threshold;
    int vmpressure;      /* enum mm_vmpressure_use */
    int vmpressure_mode; /* enum mm_vmpressure_mode of the kernel interface */
    bool has_limit_hits;
    char limit_hit_groups[MM_CONFIG_LIMIT_HIT_GROUPS_MAX]
                         [MM_CONFIG_GROUP_PATH_MAX]; /* besides the domain's */
    size_t limit_hit_group_count;
    bool has_limit_changes, has_swap_changes, has_resume, has_power_supply, has_kswapd_monitor;
};

struct mm_domain_config {
    char group_path[MM_CONFIG_GROUP_PATH_MAX]; /* "": the whole machine */
};

struct mm_control_socket_config {
    char path[MM_CONFIG_PATH_MAX]; /* "": no socket */
    char group[MM_CONFIG_WORD_MAX];
    unsigned mode;
    unsigned max_clients;
    uid_t allowed_uids[MM_CONFIG_UIDS_MAX]; /* besides root, may change state */
    size_t allowed_uid_count;
};

/* What a process may say of itself: that the rest depends on it. */
struct mm_critical_config {
    unsigned
        max_per_user; /* processes that the clients of one user may hold critical at once; 0: none at all */
    int floor;        /* such a process is no less important than this: 0..1000 */
};

struct mm_bpf_config {
    bool is_enabled;
    uint64_t ring_bytes; /* power of two, at least a page */
    uint64_t load_timeout_ms;
};

struct mm_process_connector_config {
    bool is_enabled;
};

struct mm_process_scan_config {
    unsigned interval_ms;
};

/* What cannot be read from the machine. */
struct mm_device_config {
    unsigned screen_inches;        /* 0: not told */
    char name[MM_CONFIG_WORD_MAX]; /* "": not told */
};

/* The daemon itself. */
struct mm_daemon_config {
    bool locks_memory;
    unsigned realtime_priority; /* 1..99; 0: as it was started */
    int oom_score_adj;
};

struct mm_logging_config {
    int level; /* enum mm_log_level */
};

struct mm_reload_config {
    bool is_watched;    /* the files: a change of one of them is a reload */
    uint64_t settle_ms; /* of quiet after a change, before the files are read */
};

struct mm_saved_state_config {
    bool is_enabled; /* what clients reported outlives a restart */
};

/* What is collected beside the engine. */
struct mm_flow_config {
    bool is_enabled;
    unsigned interval_ms; /* from one reading to the next */
};

struct mm_flows_config {
    struct mm_flow_config cpuflow, gpuflow;
};

struct mm_config_origins;

struct mm_config {
    struct mm_kill_config kill;
    struct mm_avail_buffer_config avail_buffer;
    struct mm_squeeze_config squeeze;
    struct mm_memory_high_config memory_high;
    struct mm_zswapd_param zswapd_params[MM_CONFIG_ZSWAPD_PARAMS_MAX];
    size_t zswapd_param_count;
    struct mm_nand_life_config nand_life;
    struct mm_switch_config switches;
    struct mm_purgeable_config purgeable;
    struct mm_memory_level_config memory_level;
    struct mm_reclaim_priority_config reclaim_priority;
    struct mm_process_rules_config process_rules;
    struct mm_waterline_watch_config waterline_watch;
    struct mm_pressure_trigger_config pressure_triggers[MM_CONFIG_PRESSURE_TRIGGERS_MAX];
    size_t pressure_trigger_count;
    struct mm_kernel_events_config kernel_events;
    struct mm_domain_config domain;
    struct mm_control_socket_config control_socket;
    struct mm_critical_config critical;
    struct mm_bpf_config bpf;
    struct mm_process_connector_config process_connector;
    struct mm_process_scan_config process_scan;
    struct mm_device_config device;
    struct mm_daemon_config daemon;
    struct mm_logging_config logging;
    struct mm_reload_config reload;
    struct mm_saved_state_config saved_state;
    struct mm_flows_config flows;
    /* Where each value came from, for mm_config_origin; owned. NULL: all are built-in. */
    struct mm_config_origins *origins;
};

/* ---- problems ---------------------------------------------------------------------------------------- */

enum mm_problem_severity {
    MM_PROBLEM_NOTE, /* for the log at info level: nothing is wrong with the file */
    MM_PROBLEM_WARNING,
    MM_PROBLEM_ERROR,
};

/* At most this many are kept, then one more that says so: nobody reads further in a file that is no
 * configuration. */
#define MM_CONFIG_PROBLEMS_MAX 200

/*
 * One finding, printed as "file:line:column: error: text". line and column are from 1; 0: not known. A column
 * counts characters, a tab being one.
 */
struct mm_problem {
    enum mm_problem_severity severity;
    char *file;
    unsigned line, column;
    char *text; /* what was found and what was expected; printable */
};

struct mm_problems {
    struct mm_problem *items;
    size_t count, error_count;
    bool is_strict; /* set it before reading: unknown elements and attributes are errors, not warnings */
};

void mm_problems_fini(struct mm_problems *problems);
__attribute__((format(printf, 6, 7))) void mm_problems_add(struct mm_problems *problems,
                                                           enum mm_problem_severity severity,
                                                           const char *file, unsigned line, unsigned column,
                                                           const char *format, ...);
/* By file, line and column; what is at the same place keeps its order. */
void mm_problems_sort(struct mm_problems *problems);
/* "file:line:column: error: text", printable, into buffer, cut to fit; size at least 1. Returns buffer. */
#define MM_PROBLEM_TEXT_MAX 1024
const char *mm_problem_text(const struct mm_problem *problem, char *buffer, size_t size);

/* ---- items ------------------------------------------------------------------------------------------- */

enum mm_config_item_kind {
    MM_ITEM_VALUE,          /* a section, a row or a value */
    MM_ITEM_REMOVE_ID,      /* <remove id="text"/> in the section element: its row of that id */
    MM_ITEM_REMOVE_NAME,    /* <remove name="text"/>: its row of that key, or the entry of its list */
    MM_ITEM_REMOVE_ELEMENT, /* <remove element="text"/> at the root: element is back at its built-in value */
};

/*
 * One thing as it stands in a file: element is an index into the vocabulary; instance tells the rows of a
 * repeated element apart (killLevel 0, 1, ...) and is that of its row for a value in a row, 0 elsewhere.
 * Each section and row that is present has an item of its own before those of its children.
 */
struct mm_config_item {
    unsigned element;
    unsigned instance;
    enum mm_config_item_kind kind;
    bool is_refused; /* an error about it was reported: rules about it would only mislead */
    char *text;      /* the value; a row's id, NULL where it has none; NULL for a section */
    unsigned file;   /* index into the list's files */
    unsigned line, column;
    unsigned profile; /* index into the list's profiles plus 1; 0: it stands outside of any */
};

/* <ramProfile ...>: for which devices what stands in it counts. Both bounds belong to their range. */
struct mm_config_profile {
    char *name;                                    /* NULL: none given */
    char *device;                                  /* NULL: for any */
    uint64_t min_ram_mb, max_ram_mb;               /* 0 and UINT64_MAX where not given */
    unsigned min_screen_inches, max_screen_inches; /* 0 and UINT_MAX where not given */
    unsigned file;
    unsigned line, column;
    bool is_refused; /* an error about it was reported: it matches nothing */
};

/* Of one file as it was read, or merged: then of all files, for one device, without removals. */
struct mm_config_items {
    struct mm_config_item *items;
    size_t count;
    char **files; /* in the order in which they lie over each other */
    size_t file_count;
    struct mm_config_profile *profiles; /* merged: those that match */
    size_t profile_count;
    bool is_cut; /* a file was not well-formed, items end there: rules across fields would only mislead */
};

void mm_config_items_fini(struct mm_config_items *items);

/* More than any configuration has, few enough that their memory is bounded (a few MiB). */
#define MM_CONFIG_ITEMS_MAX    65536
#define MM_CONFIG_PROFILES_MAX 256 /* in one file */

/* The byte stream between memmgr-config and the daemon: problems and items. Return 0 or a negative errno;
   read refuses a stream that is cut short or of another version with -EBADMSG. */
int mm_config_items_write(int fd, const struct mm_config_items *items, const struct mm_problems *problems);
int mm_config_items_read(int fd, struct mm_config_items *ret_items, struct mm_problems *ret_problems);

/* ---- layers ------------------------------------------------------------------------------------------ */

/* What a configuration is for and is checked against. 0, NULL or "": not known; profiles that ask for it do not
   match, and rules that need it are skipped. */
struct mm_config_device {
    uint64_t ram_bytes;
    unsigned screen_inches; /* the diagonal */
    const char *device;     /* the product's name */
};

#define MM_CONFIG_DEVICE_NAME_MAX 128 /* a longer one is cut */

/*
 * Lays the items of count files over each other, later ones win: of each file first what stands outside of its
 * profiles, then what stands in the profile that matches the device.
 *
 * A value overrides the same value. A row has the identity of its id attribute, or where it has none of the value
 * of its key child (MM_ELEMENT_KEY): it is laid over the earlier row of that identity, value by value, or added.
 * Rows without an identity take the place of all earlier rows of their kind. Entries of name lists are added, each
 * name once. <remove> takes away what is earlier. Rows come out in the order of their MM_ELEMENT_ORDER child where
 * they have one.
 *
 * Removals of nothing are warnings, and so are profiles that ask for what is not known of the device. What the
 * device's fields leave open is taken from the elements device/screenInches and device/name.
 *
 * 0, or -EINVAL when there is an error among the problems, those that were there before included; ret_items is made
 * in both cases and the caller's. -ENOMEM.
 */
int mm_config_merge(const struct mm_config_items *files, size_t count, const struct mm_config_device *device,
                    struct mm_config_items *ret_items, struct mm_problems *problems);

/* Which files to read. All zero: the built-in search path. */
struct mm_config_sources {
    /* Each is a layer and must exist, a directory stands for its *.xml in byte order of their names. 0: the search
       path. */
    const char *const *files;
    size_t file_count;
    /* DIR[:DIR...]: of each memmgr_config.xml, then the *.xml in memmgr_config.d in byte order of their names; what
       is missing is passed over. NULL: MM_CONFIG_SEARCH_PATH of the build. */
    const char *search_path;
    size_t max_bytes; /* of all files together; 0: MM_CONFIG_MAX_BYTES */
    bool is_watched;  /* nobody said that the files are complete: one that is open for writing is refused */
};

#define MM_CONFIG_MAIN_FILE "memmgr_config.xml"
#define MM_CONFIG_DROP_INS  "memmgr_config.d"
#define MM_CONFIG_SUFFIX    ".xml" /* of the files that count in a directory */
#define MM_CONFIG_MAX_BYTES ((size_t)8 * 1024 * 1024)
/* Above a thousand files somebody has mistaken the directory. */
#define MM_CONFIG_FILES_MAX 1024

/* ---- building ---------------------------------------------------------------------------------------- */

/* The built-in configuration; NULL without memory. */
struct mm_config *mm_config_new(void);
void mm_config_free(struct mm_config *config); /* accepts NULL */

/*
 * Builds from merged items: types, ranges, then the rules across fields. Every problem is reported, not the
 * first only. -EINVAL when one of them is an error, those that were there before (the reader's) included;
 * warnings and notes alone succeed. The problems are sorted. items and device may be NULL: nothing, nothing
 * known. -ENOMEM; -EBADMSG for items that no merging makes (rows out of order, removals).
 */
int mm_config_build(const struct mm_config_items *items, const struct mm_config_device *device,
                    struct mm_config **ret_config, struct mm_problems *problems);

/*
 * Runs the reader program on the sources (NULL: the built-in values alone) and builds. Blocks until the
 * program ends, at most timeout_ms; for start and for calm moments. reader_path is the program memmgr-config.
 * -EINVAL: a file is not valid, problems say why. Other errors, each with a problem that says more: the
 * program could not be run (the errno of starting it), did not end in time (-ETIMEDOUT, it is killed),
 * crashed or answered nonsense (-EPROTO). The child is always reaped.
 */
int mm_config_load(const char *reader_path, const struct mm_config_sources *sources,
                   const struct mm_config_device *device, unsigned timeout_ms, struct mm_config **ret_config,
                   struct mm_problems *problems);

/* ---- origins ----------------------------------------------------------------------------------------- */

/* All texts live as long as the configuration. */
struct mm_origin {
    const char *file;
    unsigned line, column;
    const char
        *profile;   /* the name of the profile it stands in, "" where that has none; NULL: outside of any */
    const char *id; /* of a row; NULL where it has none */
};

/*
 * Where a value, a row, a section or an entry of a list came from. instance is the place in its list of the row, of
 * the entry, or of the row the value is in; 0 for anything else. false, ret_origin untouched: it is built-in.
 */
bool mm_config_origin(const struct mm_config *config, unsigned element, unsigned instance,
                      struct mm_origin *ret_origin);

/* The files that are in effect, in the order in which they lie over each other. */
size_t mm_config_file_count(const struct mm_config *config);
const char *mm_config_file_at(const struct mm_config *config, size_t index);
/* The name of that file's profile that matched, "" where it has none; NULL: none did. */
const char *mm_config_file_profile(const struct mm_config *config, size_t index);

/* ---- the XML reader (target mm_config_xml) ------------------------------------------------------------ */

/*
 * Reads one file into items; no network, no external entities, bounded entity expansion and depth. Refused
 * with a problem each: a file that is no regular file (FIFO, directory, symlink loop), unreadable, too large,
 * writable by everybody, not XML, truncated. Unknown elements are warnings with the nearest known name. What is
 * wrong with the file by itself is reported, whether it counts for a device or not: values of a wrong type or out
 * of range, things given twice, profiles that overlap (gaps are warnings).
 * Returns 0, or -EINVAL when there is an error among the problems; ret_items then holds what could be read,
 * so that mm_config_build finds the other errors too. -ENOMEM.
 */
int mm_config_read_xml(const char *file, struct mm_config_items *ret_items, struct mm_problems *problems);

/* Finds, reads and merges the sources (NULL: the built-in search path). As mm_config_merge; where there is no file at
   all a note says so. */
int mm_config_read(const struct mm_config_sources *sources, const struct mm_config_device *device,
                   struct mm_config_items *ret_items, struct mm_problems *problems);

/* The XSD of the vocabulary, its man page, and the effective configuration as XML, to the stream; 0 or -EIO. */
int mm_config_write_xsd(FILE *stream);
int mm_config_write_man(FILE *stream);
int mm_config_write_xml(FILE *stream, const struct mm_config *config);

#ifdef __cplusplus
}
#endif

#endif
