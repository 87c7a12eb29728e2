/* SPDX-License-Identifier: Apache-2.0 */
/* The table of vocabulary.h. Upstream's names stand as upstream spells them; ours follow their camelCase. */
#include "config/vocabulary_table.h"

#ifndef MM_RUNTIME_DIRECTORY
#define MM_RUNTIME_DIRECTORY "/run/memmgr"
#endif

/* 16 TiB: above any machine this runs on, and far from where bytes in 64 bits would wrap. */
#define MB_MAX 16777216
/* 8 EiB: bytes in 63 bits. A quota counts what is written in a life, not what is there at once. */
#define QUOTA_MB_MAX 8796093022207
/* An hour and a day: longer pauses are mistakes in the unit. */
#define HOUR_MS 3600000
#define DAY_MS  86400000

#define STORAGE_OF(field)                                                                                    \
    _Generic((field),                                                                                        \
        bool: MM_STORE_BOOL,                                                                                 \
        int: MM_STORE_INT,                                                                                   \
        unsigned: MM_STORE_UNSIGNED,                                                                         \
        uint64_t: MM_STORE_U64,                                                                              \
        char *: MM_STORE_STRING)
#define MEMBER(type, member) (((struct type *)0)->member)

#define FIELD_OF(type, member)                                                                               \
    .target = {.storage = STORAGE_OF(MEMBER(type, member)),                                                  \
               .offset = offsetof(struct type, member),                                                      \
               .size = sizeof(MEMBER(type, member))}
#define FIELD(member) FIELD_OF(mm_config, member)
#define TEXT_FIELD(member)                                                                                   \
    .max = sizeof(MEMBER(mm_config, member)) - 1, .target = {.storage = MM_STORE_CHARACTERS,                 \
                                                             .offset = offsetof(struct mm_config, member),   \
                                                             .size = sizeof(MEMBER(mm_config, member))}
#define LIST(store, kind, array, count)                                                                      \
    .target = {.storage = (store),                                                                           \
               .list = (kind),                                                                               \
               .offset = offsetof(struct mm_config, array),                                                  \
               .size = sizeof(MEMBER(mm_config, array)[0]),                                                  \
               .count_offset = offsetof(struct mm_config, count)}

#define SECTION(place)                .path = (place), .type = MM_TYPE_SECTION, .unit = ""
#define ROWS(place, most)             .path = (place), .type = MM_TYPE_ROW, .unit = "", .max_count = (most)
#define ALIAS(place, other)           .path = (place), .type = MM_TYPE_SECTION, .unit = "", .alias_of = (other)
#define NUMBER(kind, word, low, high) .type = (kind), .unit = (word), .min = (low), .max = (high)
#define COUNT(low, high)              NUMBER(MM_TYPE_UNSIGNED, "", low, high)
#define PRIORITY                      NUMBER(MM_TYPE_SIGNED, "", -1000, 1000)
#define MB(low, high)                 NUMBER(MM_TYPE_SIZE_MB, "MB", low, high)
#define PERCENT(low, high)            NUMBER(MM_TYPE_PERCENT, "percent", low, high)
#define MS(low, high)                 NUMBER(MM_TYPE_MILLISECONDS, "milliseconds", low, high)
#define US(low, high)                 NUMBER(MM_TYPE_MICROSECONDS, "microseconds", low, high)
#define BOOLEAN                       .type = MM_TYPE_BOOL, .unit = "", .max = 1
#define WORD(list)                    .type = MM_TYPE_WORD, .unit = "", .words = (list)
/* OpenHarmony's longest bundle name. */
#define NAME .type = MM_TYPE_NAME, .unit = "", .max = 127

static const struct mm_word order_words[] = {{"oldestUse", MM_ORDER_OLDEST_USE},
                                             {"heaviest", MM_ORDER_HEAVIEST},
                                             {"newestUse", MM_ORDER_NEWEST_USE},
                                             {0}};
static const struct mm_word unregistered_words[] = {
    {"never", MM_UNREGISTERED_NEVER}, {"raised", MM_UNREGISTERED_RAISED}, {"any", MM_UNREGISTERED_ANY}, {0}};
static const struct mm_word stall_words[] = {{"some", 0}, {"full", 1}, {0}};
static const struct mm_word level_words[] = {{"error", MM_LOG_ERROR},   {"warning", MM_LOG_WARNING},
                                             {"notice", MM_LOG_NOTICE}, {"info", MM_LOG_INFO},
                                             {"debug", MM_LOG_DEBUG},   {0}};
static const struct mm_word rate_words[] = {{"auto", 0}, {0}};

const struct mm_element mm_vocabulary_table[] = {
    {SECTION("killConfig"),
     .help = "The kill table: at which available memory which applications may be killed."},
    {ROWS("killConfig/killLevel", MM_CONFIG_KILL_LEVELS_MAX),
     LIST(MM_STORE_ROW, MM_LIST_INLINE, kill.levels, kill.level_count),
     .default_text = "500 400, 400 300, 300 200, 200 100, 100 0",
     .help = "One row; the row with the smallest memoryMB above available memory applies. Rows in the file "
             "replace all "
             "built-in ones; more memory goes with a higher minPriority."},
    {.path = "killConfig/killLevel/memoryMB",
     MB(1, MB_MAX),
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_kill_level, memory_bytes),
     .help = "The waterline: the row applies when available memory is below it."},
    {.path = "killConfig/killLevel/minPriority",
     PRIORITY,
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_kill_level, min_priority),
     .help = "Applications with this reclaim priority or a higher number may be killed, the highest first."},

    {SECTION("killPolicy"), .help = "How a kill is done, and who goes first among equals."},
    {.path = "killPolicy/enabled",
     BOOLEAN,
     FIELD(kill.is_enabled),
     .default_text = "true",
     .help = "false: nobody is killed, the kernel's own killer is left alone with it."},
    {.path = "killPolicy/marginMB",
     MB(0, MB_MAX),
     FIELD(kill.margin_bytes),
     .default_text = "50",
     .help = "Killing goes on until available memory is this far above the row's waterline. 50: half the "
             "distance of "
             "two rows, so that a series neither ends on the line nor reaches into the next row."},
    {.path = "killPolicy/exitTimeoutMs",
     MS(10, 60000),
     FIELD(kill.exit_timeout_ms),
     .default_text = "500",
     .help = "How long a victim may take to exit before it is set aside. 500: taking down 512 MB was "
             "measured at 31 ms "
             "on an idle machine, and the machine is not idle when it matters."},
    {.path = "killPolicy/recoveryTimeoutMs",
     MS(1, 60000),
     FIELD(kill.recovery_timeout_ms),
     .default_text = "250",
     .help = "How long to wait after the exit for the memory to come back before the next choice. 250: "
             "freeing lags the "
             "exit by tens of milliseconds, longer only when somebody else takes the memory at once."},
    {.path = "killPolicy/setAsideMs",
     MS(100, HOUR_MS),
     FIELD(kill.set_aside_ms),
     .default_text = "30000",
     .help = "How long a victim that would not die is left out of the choice. 30000: long enough for a stuck "
             "device to "
             "come back, short enough that nobody becomes immortal."},
    {.path = "killPolicy/rereadCandidates",
     COUNT(1, 8),
     FIELD(kill.reread_candidates),
     .default_text = "8",
     .help = "How many candidates have their size read anew when the heaviest is looked for. 8: a reading "
             "costs some "
             "10 microseconds, and the kill path must stay short."},
    {.path = "killPolicy/order",
     WORD(order_words),
     FIELD(kill.order),
     .default_text = "oldestUse",
     .help = "Who goes first within one priority. oldestUse: the application least likely to be missed."},
    {.path = "killPolicy/heaviestFromPriority",
     PRIORITY,
     FIELD(kill.heaviest_from_priority),
     .default_text = "200",
     .help = "At this priority and below it the heaviest goes first, whatever the order says. 200, as "
             "Android's lmkd: "
             "when perceptible applications must go, as few as possible should."},
    {.path = "killPolicy/reaperThreads",
     COUNT(1, 8),
     FIELD(kill.reaper_threads),
     .default_text = "2",
     .help = "Threads that take victims' memory down while they exit. 2: one victim at a time, and one that "
             "hangs."},

    {SECTION("unregisteredProcesses"), .help = "What may happen to processes that no client registered."},
    {.path = "unregisteredProcesses/policy",
     WORD(unregistered_words),
     FIELD(kill.unregistered_policy),
     .default_text = "raised",
     .help = "never: they are never killed; raised: only those whose oom_score_adj somebody set above 0; "
             "any: at their "
             "oom_score_adj, as the kernel would. raised: does not hurt a desktop or a server that never "
             "heard of us."},
    {.path = "unregisteredProcesses/minSizeMB",
     MB(0, MB_MAX),
     FIELD(kill.unregistered_min_bytes),
     .default_text = "32",
     .help = "A smaller one is not worth a kill. 32: less than what is filled while a kill takes place."},

    {SECTION("availBufferConfig"), .help = "When to squeeze background applications, and how far; "
                                           "minAvailBuffer <= availBuffer <= highAvailBuffer."},
    {.path = "availBufferConfig/availBuffer",
     MB(0, MB_MAX),
     FIELD(avail_buffer.avail_bytes),
     .default_text = "800",
     .help = "The available memory that counts as normal."},
    {.path = "availBufferConfig/minAvailBuffer",
     MB(0, MB_MAX),
     FIELD(avail_buffer.min_avail_bytes),
     .default_text = "750",
     .help = "Below this available memory squeezing begins. 750: above the highest kill row (500), so that "
             "squeezing "
             "always begins before killing."},
    {.path = "availBufferConfig/highAvailBuffer",
     MB(0, MB_MAX),
     FIELD(avail_buffer.high_avail_bytes),
     .default_text = "850",
     .help = "Squeezing ends when available memory has come up to this."},
    {.path = "availBufferConfig/swapReserve",
     MB(0, MB_MAX),
     FIELD(avail_buffer.swap_reserve_bytes),
     .default_text = "200",
     .help = "Squeezing ends when free swap is down to this: the rest is for the applications in front."},

    {SECTION("squeezeConfig"), .help = "How background applications are squeezed (memory.reclaim)."},
    {.path = "squeezeConfig/enabled",
     BOOLEAN,
     FIELD(squeeze.is_enabled),
     .default_text = "true",
     .help = "false: nobody is squeezed, killing alone keeps memory available."},
    {.path = "squeezeConfig/minPriority",
     PRIORITY,
     FIELD(squeeze.min_priority),
     .default_text = "300",
     .help = "Applications with this priority or a higher number may be squeezed, the highest first. 300: "
             "below the "
             "background of the active account (350), above all that a user hears or feels (260 and less)."},
    {.path = "squeezeConfig/chunkMB",
     MB(1, 1024),
     FIELD(squeeze.chunk_bytes),
     .default_text = "16",
     .help = "At most this much is asked of the kernel at once. 16: 10 to 30 ms of work, which is the "
             "longest that "
             "a decision to kill finds it busy; large requests were measured at seconds."},
    {.path = "squeezeConfig/minGroupMB",
     MB(0, MB_MAX),
     FIELD(squeeze.min_group_bytes),
     .default_text = "8",
     .help = "A smaller group is left alone: what can be had of it is less than the work."},
    {.path = "squeezeConfig/retryMs",
     MS(100, HOUR_MS),
     FIELD(squeeze.retry_ms),
     .default_text = "10000",
     .help = "A group that gave nothing is left alone this long."},

    {SECTION("memoryHighConfig"), .help = "A memory.high for applications that do not run."},
    {.path = "memoryHighConfig/enabled",
     BOOLEAN,
     FIELD(memory_high.is_enabled),
     .default_text = "false",
     .help =
         "Sets memory.high on those applications and takes it back when they come forward. false: one write "
         "was measured to take up to 75 % of a group at once and then slows its processes down; squeezing "
         "does the "
         "same in exact steps. Good for products that freeze or suspend applications."},
    {.path = "memoryHighConfig/minPriority",
     PRIORITY,
     FIELD(memory_high.min_priority),
     .default_text = "600",
     .help = "Applications with this priority or a higher number get one. 600: frozen (600) and suspended "
             "(800) ones, "
             "which do not notice."},
    {.path = "memoryHighConfig/sharePercent",
     PERCENT(10, 100),
     FIELD(memory_high.share_percent),
     .default_text = "80",
     .help = "The limit as a share of what the group uses at that moment."},
    {.path = "memoryHighConfig/minMB",
     MB(1, MB_MAX),
     FIELD(memory_high.min_bytes),
     .default_text = "16",
     .help = "Never a lower limit than this: a small group would only thrash."},

    {SECTION("systemMemoryLevelConfig"),
     .help = "When clients are told that memory is short; purgeable >= moderate >= low >= critical."},
    {.path = "systemMemoryLevelConfig/purgeable",
     MB(0, MB_MAX),
     FIELD(memory_level.purgeable_bytes),
     .default_text = "1024",
     .help = "At or below it: drop what can be made again."},
    {.path = "systemMemoryLevelConfig/moderate",
     MB(0, MB_MAX),
     FIELD(memory_level.moderate_bytes),
     .default_text = "800",
     .help = "At or below it: memory is getting short."},
    {.path = "systemMemoryLevelConfig/low",
     MB(0, MB_MAX),
     FIELD(memory_level.low_bytes),
     .default_text = "700",
     .help = "At or below it: free what is not needed now."},
    {.path = "systemMemoryLevelConfig/critical",
     MB(0, MB_MAX),
     FIELD(memory_level.critical_bytes),
     .default_text = "600",
     .help = "At or below it: killing is near. 600: above the highest kill row (500)."},

    {SECTION("reclaimPriorityConfig"), .help = "Applications whose place on the list is special."},
    {SECTION("reclaimPriorityConfig/killalbeSystemApps"),
     .help = "Resident applications, spelt as OpenHarmony does: kept at -800, never chosen by the shipped "
             "kill table."},
    {.path = "reclaimPriorityConfig/killalbeSystemApps/killableSysApp",
     NAME,
     .flags = MM_ELEMENT_REPEATABLE,
     LIST(MM_STORE_STRING, MM_LIST_HEAP, reclaim_priority.killable_system_apps,
          reclaim_priority.killable_system_app_count),
     .max_count = 1024,
     .help = "A bundle name."},
    {ALIAS("reclaimPriorityConfig/killableSystemApps", "reclaimPriorityConfig/killalbeSystemApps"),
     .help = "The same under its right spelling; only one of the two may be used."},
    {SECTION("reclaimPriorityConfig/importantBgApps"),
     .help = "Applications that stay important in the background."},
    {ROWS("reclaimPriorityConfig/importantBgApps/importantBgApp", 1024),
     LIST(MM_STORE_ROW, MM_LIST_HEAP, reclaim_priority.important_apps, reclaim_priority.important_app_count),
     .help = "One application; a process name may stand here once."},
    {.path = "reclaimPriorityConfig/importantBgApps/importantBgApp/procName",
     NAME,
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_important_app, process_name),
     .help = "The process name."},
    {.path = "reclaimPriorityConfig/importantBgApps/importantBgApp/minPriority",
     PRIORITY,
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_important_app, min_priority),
     .help = "The highest number (the least importance) the process may get."},

    {SECTION("processTimes"), .help = "Times of the rules that give a process its priority."},
    {.path = "processTimes/newProcessGraceMs",
     MS(0, 600000),
     FIELD(reclaim_priority.new_process_grace_ms),
     .default_text = "15000",
     .help =
         "A new process counts as foreground this long, or until it says otherwise. 15000, as OpenHarmony."},
    {.path = "processTimes/abilityStartMs",
     MS(0, 600000),
     FIELD(reclaim_priority.ability_start_ms),
     .default_text = "10000",
     .help = "A process whose ability starts counts as foreground at most this long. 10000, as OpenHarmony."},
    {.path = "processTimes/deadCheckMs",
     MS(1000, DAY_MS),
     FIELD(reclaim_priority.dead_check_ms),
     .default_text = "180000",
     .help = "How often processes that nobody reported dead are looked for. 180000, as OpenHarmony."},

    {SECTION("waterlineWatch"),
     .help = "Looks at available memory itself; works without PSI and without swap."},
    {.path = "waterlineWatch/enabled",
     BOOLEAN,
     FIELD(waterline_watch.is_enabled),
     .default_text = "true",
     .help = "false: only pressure events wake the killer, and without swap pressure can stay 0 while memory "
             "ends."},
    {.path = "waterlineWatch/fillRate",
     NUMBER(MM_TYPE_SIZE, "per second", 1048576, 1099511627776),
     .words = rate_words,
     FIELD(waterline_watch.fill_rate_bytes_per_s),
     .default_text = "auto",
     .help = "The fastest this machine can fill memory: the next look is after the distance to the next "
             "waterline "
             "divided by it. auto: measured at start."},
    {.path = "waterlineWatch/minIntervalMs",
     MS(1, 10000),
     FIELD(waterline_watch.min_interval_ms),
     .default_text = "2",
     .help = "Never look more often than this. 2: a look costs some 30 microseconds, so at most 2 % of one "
             "core, and "
             "only beside a waterline; 1 GB/s fills 2 MB in it."},
    {.path = "waterlineWatch/maxIntervalMs",
     MS(1, HOUR_MS),
     FIELD(waterline_watch.max_interval_ms),
     .default_text = "10000",
     .help = "Look at least this often. 10000: 0.1 wake-ups per second when calm."},

    {SECTION("pressureTriggers"),
     .help = "Pressure stall (PSI) events that wake the killer. An empty section: none at all."},
    {ROWS("pressureTriggers/pressureTrigger", MM_CONFIG_PRESSURE_TRIGGERS_MAX),
     LIST(MM_STORE_ROW, MM_LIST_INLINE, pressure_triggers, pressure_trigger_count),
     .default_text = "some 70000 1000000, full 700000 1000000",
     .help =
         "One trigger: stalled for stallUs within windowUs. The built-in two are those of Android's lmkd."},
    {.path = "pressureTriggers/pressureTrigger/kind",
     WORD(stall_words),
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_pressure_trigger_config, is_full),
     .help = "some: at least one task waits for memory; full: all do."},
    {.path = "pressureTriggers/pressureTrigger/stallUs",
     US(1, 10000000),
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_pressure_trigger_config, stall_us),
     .help = "Stall time that fires the trigger."},
    {.path = "pressureTriggers/pressureTrigger/windowUs",
     US(500000, 10000000),
     .flags = MM_ELEMENT_REQUIRED,
     FIELD_OF(mm_pressure_trigger_config, window_us),
     .help = "Within this window; the kernel documents 0.5 to 10 s. Without CAP_SYS_RESOURCE 2 s is taken."},

    {SECTION("domain"), .help = "What is managed: the whole machine, or one cgroup and all below it."},
    {.path = "domain/groupPath",
     .type = MM_TYPE_PATH,
     .unit = "",
     TEXT_FIELD(domain.group_path),
     .default_text = "",
     .help = "The group, from the root of the cgroup tree; its limit then plays the part of RAM. Empty: the "
             "machine."},

    {SECTION("controlSocket"), .help = "The socket of memmgrctl and of the clients that report events."},
    {.path = "controlSocket/path",
     .type = MM_TYPE_PATH,
     .unit = "",
     TEXT_FIELD(control_socket.path),
     .default_text = MM_RUNTIME_DIRECTORY "/control.sock",
     .help = "Where it is. Empty: no socket."},
    {.path = "controlSocket/group",
     .type = MM_TYPE_TEXT,
     .unit = "",
     TEXT_FIELD(control_socket.group),
     .default_text = "",
     .help = "The group it belongs to, which may read state. Empty: the daemon's own."},
    {.path = "controlSocket/mode",
     NUMBER(MM_TYPE_OCTAL, "", 0, 0777),
     FIELD(control_socket.mode),
     .default_text = "0660",
     .help = "Its file mode, octal. 0660: owner and group, nobody else."},
    {.path = "controlSocket/maxClients",
     COUNT(1, 1024),
     FIELD(control_socket.max_clients),
     .default_text = "64",
     .help = "More connections at once are refused. 64: each has buffers that are held ready."},
    {.path = "controlSocket/allowedUid",
     COUNT(0, 4294967294),
     .flags = MM_ELEMENT_REPEATABLE,
     LIST(MM_STORE_UNSIGNED, MM_LIST_INLINE, control_socket.allowed_uids, control_socket.allowed_uid_count),
     .max_count = MM_CONFIG_UIDS_MAX,
     .help = "A user id that may report events and change state, besides root. May stand several times."},

    {SECTION("bpf"), .help = "The BPF programs that see processes come and go."},
    {.path = "bpf/enabled",
     BOOLEAN,
     FIELD(bpf.is_enabled),
     .default_text = "true",
     .help = "false: not even tried; the daemon then finds out more slowly."},
    {.path = "bpf/ringKB",
     NUMBER(MM_TYPE_SIZE_KB, "KB", 4, 16384),
     FIELD(bpf.ring_bytes),
     .default_text = "64",
     .help =
         "Size of the ring, a power of two. 64: some 1,000 records, and its pages count twice as resident."},

    {SECTION("logging"), .help = "What is written to the log."},
    {.path = "logging/level",
     WORD(level_words),
     FIELD(logging.level),
     .default_text = "info",
     .help = "The least important lines that are written. info: every kill, nothing per event."},

    {SECTION("reclaimConfig"), .flags = MM_ELEMENT_UNUSED,
     .help = "OpenHarmony: how much of a group zswapd compresses and writes out, by the group's score."},
    {ALIAS("reclaimConfig/availbufferSize", "availBufferConfig"),
     .help = "availBufferConfig, as OpenHarmony's README has it; only one of the two may be used."},
    {ROWS("reclaimConfig/ZswapdParam", 10), .help = "One range of scores; the kernel takes at most 10."},
    {.path = "reclaimConfig/ZswapdParam/minScore",
     COUNT(0, 1000),
     .default_text = "0",
     .help = "First score of the range."},
    {.path = "reclaimConfig/ZswapdParam/maxScore",
     COUNT(0, 1000),
     .default_text = "1000",
     .help = "Last score of the range."},
    {.path = "reclaimConfig/ZswapdParam/mem2zramRatio",
     PERCENT(0, 100),
     .default_text = "60",
     .help = "How much of the anonymous memory may be compressed."},
    {.path = "reclaimConfig/ZswapdParam/zram2ufsRatio",
     PERCENT(0, 100),
     .default_text = "10",
     .help = "How much of the compressed memory may be written out."},
    {.path = "reclaimConfig/ZswapdParam/zran2ufsRation",
     .type = MM_TYPE_PERCENT,
     .unit = "",
     .alias_of = "reclaimConfig/ZswapdParam/zram2ufsRatio",
     .help = "zram2ufsRatio, as OpenHarmony's README has it; only one of the two may be used."},
    {.path = "reclaimConfig/ZswapdParam/refaultThreshold",
     PERCENT(0, 100),
     .default_text = "50",
     .help = "Above this share of refaults the group is left alone."},

    {SECTION("nandLifeConfig"), .flags = MM_ELEMENT_UNUSED,
     .help = "OpenHarmony: how much may be swapped out to flash."},
    {.path = "nandLifeConfig/dailySwapOutQuotaMB",
     MB(0, QUOTA_MB_MAX),
     .default_text = "0",
     .help = "In 24 hours of running; 0: unlimited."},
    {.path = "nandLifeConfig/totalSwapOutQuotaMB",
     MB(0, QUOTA_MB_MAX),
     .default_text = "0",
     .help = "In the device's life; 0: unlimited."},
    {ALIAS("nandlife", "nandLifeConfig"),
     .help = "nandLifeConfig, as OpenHarmony's README has it; only one of the two may be used."},

    {SECTION("switchConfig"), .flags = MM_ELEMENT_UNUSED, .help = "OpenHarmony: switches."},
    {.path = "switchConfig/bigMemKillSwitch",
     COUNT(0, INT64_MAX),
     .default_text = "0",
     .help = "Nothing reads it upstream either."},

    {SECTION("purgeablememConfig"), .flags = MM_ELEMENT_UNUSED,
     .help = "OpenHarmony: whose purgeable memory may be purged."},
    {ROWS("purgeablememConfig/purgeWhiteAppList", 1024), .help = "One list; several are joined."},
    {.path = "purgeablememConfig/purgeWhiteAppList/procName",
     NAME,
     .flags = MM_ELEMENT_REPEATABLE,
     .max_count = 1024,
     .help = "A process name."},
};

const size_t mm_vocabulary_table_count = MM_ARRAY_SIZE(mm_vocabulary_table);
_Static_assert(MM_ARRAY_SIZE(mm_vocabulary_table) <= MM_VOCABULARY_MAX, "raise MM_VOCABULARY_MAX");
