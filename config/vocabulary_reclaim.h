/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the vocabulary (vocabulary_row.h): how memory is had back before anybody is killed. */

ELEMENT("availBufferConfig", ROW(SECTION),
        .help = "When to squeeze background applications, and how far; minAvailBuffer <= availBuffer <= "
                "highAvailBuffer.",
        .upstream =
            "Written to memory.avail_buffers at start; a set that was not in order was not written at all.")
ELEMENT("availBufferConfig/availBuffer",
        ROW(MEMORY(0), FIELD(avail_buffer.avail_bytes), .default_text = "800"),
        .help = "The available memory that counts as normal.",
        .upstream = "zswapd works until available memory is back at it. Shipped as 100.", .example = "810")
ELEMENT("availBufferConfig/minAvailBuffer",
        ROW(MEMORY(0), FIELD(avail_buffer.min_avail_bytes), .default_text = "750"),
        .help =
            "Below this available memory squeezing begins. 750: above the highest kill row (500), so that "
            "squeezing always begins before killing.",
        .upstream = "Below it zswapd is woken to reclaim anonymous pages. Shipped as 50.", .example = "700")
ELEMENT("availBufferConfig/highAvailBuffer",
        ROW(MEMORY(0), FIELD(avail_buffer.high_avail_bytes), .default_text = "850"),
        .help = "Squeezing ends when available memory has come up to this.",
        .upstream = "zswapd aims to reclaim what is missing to it. Shipped as 150.", .example = "900")
ELEMENT("availBufferConfig/swapReserve",
        ROW(MEMORY(0), FIELD(avail_buffer.swap_reserve_bytes), .default_text = "200"),
        .help = "Squeezing ends when free swap is down to this: the rest is for the applications in front.",
        .upstream = "The threshold of free swap below which zswapd rests.", .example = "100")

ELEMENT("squeezeConfig", ROW(SECTION), .help = "How background applications are squeezed (memory.reclaim).")
ELEMENT("squeezeConfig/enabled", ROW(BOOLEAN, FIELD(squeeze.is_enabled), .default_text = "true"),
        .help = "false: nobody is squeezed, killing alone keeps memory available.", .example = "false")
ELEMENT("squeezeConfig/minPriority", ROW(PRIORITY, FIELD(squeeze.min_priority), .default_text = "300"),
        .help =
            "Applications with this priority or a higher number may be squeezed, the highest first. 300: "
            "below the background of the active account (350), above all that a user hears or feels (260 and "
            "less).",
        .example = "400")
ELEMENT("squeezeConfig/chunkMB", ROW(MB(1, 1024), FIELD(squeeze.chunk_bytes), .default_text = "16"),
        .help =
            "At most this much is asked of the kernel at once. 16: 10 to 30 ms of work, which is the longest "
            "that a decision to kill finds it busy; large requests were measured at seconds.",
        .example = "8")
ELEMENT("squeezeConfig/minGroupMB", ROW(MB(0, MB_MAX), FIELD(squeeze.min_group_bytes), .default_text = "8"),
        .help = "A smaller group is left alone: what can be had of it is less than the work.",
        .example = "16")
ELEMENT(
    "squeezeConfig/worthPercent", ROW(PERCENT(0, 100), FIELD(squeeze.worth_percent), .default_text = "10"),
    .help = "A group that gave less than this share of what was asked is left alone for retryMs. 10: less is "
            "the kernel's rounding.",
    .example = "25")
ELEMENT("squeezeConfig/retryMs", ROW(MS(100, HOUR_MS), FIELD(squeeze.retry_ms), .default_text = "10000"),
        .help =
            "A group that gave nothing is left alone this long. 10000: longer than an application stays as "
            "cold as it was.",
        .example = "30000")
ELEMENT(
    "squeezeConfig/restMs", ROW(MS(10, HOUR_MS), FIELD(squeeze.rest_ms), .default_text = "1000"),
    .help =
        "When nobody could be squeezed the list is not walked again before this, unless somebody moves on "
        "it. 1000: the walk reads some files of each group.",
    .example = "2000")

ELEMENT("memoryHighConfig", ROW(SECTION), .help = "A memory.high for applications that do not run.")
ELEMENT("memoryHighConfig/enabled", ROW(BOOLEAN, FIELD(memory_high.is_enabled), .default_text = "false"),
        .help =
            "Sets memory.high on those applications and takes it back when they come forward. false: one "
            "write was measured to take up to 75 % of a group at once and then slows its processes down; "
            "squeezing does the same in exact steps. Good for products that freeze or suspend applications.",
        .example = "true")
ELEMENT("memoryHighConfig/minPriority", ROW(PRIORITY, FIELD(memory_high.min_priority), .default_text = "600"),
        .help = "Applications with this priority or a higher number get one. 600: frozen (600) and suspended "
                "(800) ones, which do not notice.",
        .example = "800")
ELEMENT("memoryHighConfig/sharePercent",
        ROW(PERCENT(10, 100), FIELD(memory_high.share_percent), .default_text = "80"),
        .help = "The limit as a share of what the group uses at that moment. 80: the coldest fifth goes.",
        .example = "60")
ELEMENT("memoryHighConfig/minMB", ROW(MB(1, MB_MAX), FIELD(memory_high.min_bytes), .default_text = "16"),
        .help = "Never a lower limit than this: a small group would only thrash.", .example = "32")
ELEMENT("memoryHighConfig/settleMs",
        ROW(MS(0, HOUR_MS), FIELD(memory_high.settle_ms), .default_text = "1000"),
        .help = "Limits are set this long after the last move on the list. 1000: an application that is only "
                "passing through is not limited for it.",
        .example = "5000")

ELEMENT("systemMemoryLevelConfig", ROW(SECTION),
        .help = "When clients are told that memory is short; purgeable >= moderate >= low >= critical.",
        .upstream =
            "Looked at on pressure events; without this section, or with a comment in it, all four were 0 "
            "and nobody was ever told.")
ELEMENT(
    "systemMemoryLevelConfig/purgeable",
    ROW(MEMORY(0), FIELD(memory_level.purgeable_bytes), .default_text = "1024"),
    .help = "At or below it: drop what can be made again. 1024: the first to be told, well before squeezing.",
    .upstream = "At or below it purgeable memory is reclaimed.", .example = "1200")
ELEMENT("systemMemoryLevelConfig/moderate",
        ROW(MEMORY(0), FIELD(memory_level.moderate_bytes), .default_text = "800"),
        .help = "At or below it: memory is getting short. 800: where squeezing is about to begin.",
        .upstream = "At or below it every application is told, idle system abilities are unloaded.",
        .example = "850")
ELEMENT("systemMemoryLevelConfig/low", ROW(MEMORY(0), FIELD(memory_level.low_bytes), .default_text = "700"),
        .help = "At or below it: free what is not needed now. 700: squeezing alone does not hold it.",
        .upstream = "As moderate, at level low.", .example = "720")
ELEMENT("systemMemoryLevelConfig/critical",
        ROW(MEMORY(0), FIELD(memory_level.critical_bytes), .default_text = "600"),
        .help = "At or below it: killing is near. 600: above the highest kill row (500).",
        .upstream = "As moderate, at level critical; above low it merely hid that one.", .example = "620")
ELEMENT("systemMemoryLevelConfig/hysteresisPercent",
        ROW(PERCENT(0, 100), FIELD(memory_level.hysteresis_percent), .default_text = "5"),
        .help =
            "A better level is told when available memory is this much above the line that was crossed. 5: "
            "readings around a line do not flutter.",
        .example = "10")
ELEMENT("systemMemoryLevelConfig/somePressureLevel",
        ROW(WORD(memory_level_words), FIELD(memory_level.some_pressure_level), .default_text = "moderate"),
        .help = "At least this level while a \"some\" pressure trigger fires, whatever is available: none, "
                "purgeable, moderate, low or critical. moderate: a task waits for memory, and others run.",
        .upstream = "Pressure only had available memory looked at.", .example = "purgeable")
ELEMENT("systemMemoryLevelConfig/fullPressureLevel",
        ROW(WORD(memory_level_words), FIELD(memory_level.full_pressure_level), .default_text = "low"),
        .help = "The same for a \"full\" trigger. low: every task waits, what is not needed now must go.",
        .upstream = "Pressure only had available memory looked at.", .example = "critical")
ELEMENT("systemMemoryLevelConfig/stallLevel",
        ROW(WORD(memory_level_words), FIELD(memory_level.stall_level), .default_text = "moderate"),
        .help =
            "At least this level after a thread had to look for memory itself (direct reclaim, compaction, "
            "throttling) for stallMs; heard through BPF. moderate: as a \"some\" trigger, which it often "
            "comes before.",
        .upstream = "Stalls are not looked at.", .example = "low")
ELEMENT("systemMemoryLevelConfig/stallMs",
        ROW(MS(1, HOUR_MS), FIELD(memory_level.stall_ms), .default_text = "50"),
        .help =
            "How long such a stall must have lasted to count. 50: what a user notices; shorter ones are the "
            "daily business of a full machine.",
        .upstream = "Stalls are not looked at.", .example = "100")
ELEMENT("systemMemoryLevelConfig/pressureHoldMs",
        ROW(MS(0, HOUR_MS), FIELD(memory_level.pressure_hold_ms), .default_text = "5000"),
        .help = "How long a level that pressure raised is held after the trigger last fired. 5000: several "
                "windows, so that a stall that comes and goes is one change.",
        .example = "10000")

ELEMENT("reclaimConfig", ROW(SECTION, .flags = MM_ELEMENT_UNUSED),
        .help = "How much of a group zswapd compresses and writes out, by the group's score.",
        .upstream = "Written to memory.zswapd_memcgs_param at start and to each account's group later.")
ELEMENT("reclaimConfig/availbufferSize", ROW(ALIAS("availBufferConfig")),
        .help = "availBufferConfig, as OpenHarmony's README has it; only one of the two may be used.",
        .upstream = "Documented in the README, but taken for a ZswapdParam.")
ELEMENT(
    "reclaimConfig/ZswapdParam",
    ROW(ROWS(MM_CONFIG_ZSWAPD_PARAMS_MAX),
        LIST(MM_STORE_ROW, MM_LIST_INLINE, zswapd_params, zswapd_param_count),
        .default_text = "0 1000 60 10 50"),
    .help = "One range of scores; the kernel takes at most 10. Ranges do not overlap and leave no score out.",
    .upstream = "The first one's values held for all: more than one never worked.")
ELEMENT("reclaimConfig/ZswapdParam/minScore",
        ROW(COUNT(0, 1000), FIELD_OF(mm_zswapd_param, min_score), .default_text = "0"),
        .help = "First score of the range.", .upstream = "The same; out of range became 0.", .example = "0")
ELEMENT("reclaimConfig/ZswapdParam/maxScore",
        ROW(COUNT(0, 1000), FIELD_OF(mm_zswapd_param, max_score), .default_text = "1000"),
        .help = "Last score of the range.", .upstream = "The same; out of range became 1000.",
        .example = "1000")
ELEMENT("reclaimConfig/ZswapdParam/mem2zramRatio",
        ROW(PERCENT(0, 100), FIELD_OF(mm_zswapd_param, mem2zram_percent), .default_text = "60"),
        .help = "How much of the anonymous memory may be compressed.",
        .upstream = "memory.ub_mem2zram_ratio; shipped as 0, with which zswapd passes the group over.",
        .example = "70")
ELEMENT("reclaimConfig/ZswapdParam/zram2ufsRatio",
        ROW(PERCENT(0, 100), FIELD_OF(mm_zswapd_param, zram2ufs_percent), .default_text = "10"),
        .help = "How much of the compressed memory may be written out.",
        .upstream = "memory.ub_zram2ufs_ratio; shipped as 0.", .example = "20")
ELEMENT("reclaimConfig/ZswapdParam/zran2ufsRation",
        ROW(.type = MM_TYPE_PERCENT, .unit = "", .alias_of = "reclaimConfig/ZswapdParam/zram2ufsRatio"),
        .help = "zram2ufsRatio, as OpenHarmony's README has it; only one of the two may be used.",
        .upstream = "Documented in the README, but not known to the parser: the default was taken.",
        .example = "20")
ELEMENT("reclaimConfig/ZswapdParam/refaultThreshold",
        ROW(PERCENT(0, 100), FIELD_OF(mm_zswapd_param, refault_percent), .default_text = "50"),
        .help = "Above this share of refaults the group is left alone.",
        .upstream = "memory.refault_threshold; above 100 it became 50.", .example = "60")

ELEMENT("nandLifeConfig", ROW(SECTION, .flags = MM_ELEMENT_UNUSED),
        .help = "How much may be swapped out to flash.",
        .upstream = "Counted every 15 minutes; at a quota ESwap is switched off.")
ELEMENT("nandLifeConfig/dailySwapOutQuotaMB",
        ROW(MB(0, QUOTA_MB_MAX), FIELD(nand_life.daily_quota_bytes), .default_text = "0"),
        .help = "In 24 hours of running; 0: unlimited.",
        .upstream = "The same where both are 0; alone it was a quota of nothing.", .example = "50")
ELEMENT("nandLifeConfig/totalSwapOutQuotaMB",
        ROW(MB(0, QUOTA_MB_MAX), FIELD(nand_life.total_quota_bytes), .default_text = "0"),
        .help = "In the device's life; 0: unlimited.",
        .upstream = "The same where both are 0; alone it switched ESwap off for good at the first start.",
        .example = "20000")
ELEMENT("nandlife", ROW(ALIAS("nandLifeConfig")),
        .help = "nandLifeConfig, as OpenHarmony's README has it; only one of the two may be used.",
        .upstream = "Documented in the README, but it ended the reading of the file.")

ELEMENT("switchConfig", ROW(SECTION, .flags = MM_ELEMENT_UNUSED), .help = "Switches of OpenHarmony.",
        .upstream = "Parsed and shown.")
ELEMENT("switchConfig/bigMemKillSwitch",
        ROW(COUNT(0, INT64_MAX), FIELD(switches.big_mem_kill), .default_text = "0"),
        .help = "Kept for those who read it back; it changes nothing.", .upstream = "Nothing reads it.",
        .example = "1")

ELEMENT("purgeablememConfig", ROW(SECTION, .flags = MM_ELEMENT_UNUSED),
        .help = "Whose purgeable memory may be purged.",
        .upstream = "A list of victims in spite of its name: ashmem of all others is left alone.")
ELEMENT("purgeablememConfig/purgeWhiteAppList", ROW(SECTION, .flags = MM_ELEMENT_REPEATABLE),
        .help = "A list of names; several are joined.",
        .upstream = "Only the first procName of each counted: to name several, one repeated the list.")
ELEMENT("purgeablememConfig/purgeWhiteAppList/procName",
        ROW(NAME, .flags = MM_ELEMENT_REPEATABLE,
            LIST(MM_STORE_STRING, MM_LIST_HEAP, purgeable.process_names, purgeable.process_name_count),
            .max_count = 1024),
        .help = "A process name.", .upstream = "The same, compared with the comm of the buffer's owner.",
        .example = "com.example.gallery")
