/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the vocabulary (vocabulary_row.h): who is killed, when and how. */

ELEMENT("killConfig", ROW(SECTION),
        .help = "The kill table: at which available memory which applications may be killed.",
        .upstream = "Read from here; anything wrong in it silently gave the built-in table instead.")
ELEMENT("killConfig/killLevel",
        ROW(ROWS(MM_CONFIG_KILL_LEVELS_MAX), .flags = MM_ELEMENT_EMPTY_IS_NONE,
            LIST(MM_STORE_ROW, MM_LIST_INLINE, kill.levels, kill.level_count),
            .default_text = "100 0, 200 100, 300 200, 400 300, 500 400"),
        .help =
            "One row; the row with the smallest memoryMB above available memory applies. Rows in the file "
            "replace all built-in ones; more memory goes with a higher minPriority.",
        .upstream = "At most 10 rows in any order; an eleventh, or one bad row, discarded them all.")
ELEMENT("killConfig/killLevel/memoryMB",
        ROW(MEMORY(1), .flags = MM_ELEMENT_REQUIRED | MM_ELEMENT_ORDER,
            FIELD_OF(mm_kill_level, memory_bytes)),
        .help = "The waterline: the row applies when available memory is below it.",
        .upstream = "The same, looked at once per pressure event; above 4 TB it wrapped to something small.",
        .example = "500")
ELEMENT(
    "killConfig/killLevel/minPriority",
    ROW(PRIORITY, .flags = MM_ELEMENT_REQUIRED, FIELD_OF(mm_kill_level, min_priority)),
    .help = "Applications with this reclaim priority or a higher number may be killed, the highest first.",
    .upstream = "The same; numbers outside -1000 to 1000 were taken as they stood.", .example = "400")

ELEMENT("killPolicy", ROW(SECTION), .help = "How a kill is done, and who goes first among equals.")
ELEMENT("killPolicy/enabled", ROW(BOOLEAN, FIELD(kill.is_enabled), .default_text = "true"),
        .help = "false: nobody is killed, the kernel's own killer is left alone with it.", .example = "false")
ELEMENT("killPolicy/marginMB", ROW(MEMORY(0), FIELD(kill.margin_bytes), .default_text = "50"),
        .help =
            "Killing goes on until available memory is this far above the row's waterline. 50: half the "
            "distance of two rows, so that a series neither ends on the line nor reaches into the next row.",
        .example = "100")
ELEMENT(
    "killPolicy/exitTimeoutMs", ROW(MS(10, 60000), FIELD(kill.exit_timeout_ms), .default_text = "500"),
    .help =
        "How long a victim may take to exit before it is set aside; up to ten times as long while available "
        "memory grows noticeably, which says that a large one is still giving back. 500: taking down 512 "
        "MB was measured at 31 ms on an idle machine, and the machine is not idle when it matters.",
    .example = "1000")
ELEMENT(
    "killPolicy/recoveryTimeoutMs", ROW(MS(1, 60000), FIELD(kill.recovery_timeout_ms), .default_text = "250"),
    .help = "How long to wait after the exit for the memory to come back before the next choice. 250: "
            "freeing lags the exit by tens of milliseconds, longer only when somebody else takes the memory "
            "at once.",
    .example = "400")
ELEMENT("killPolicy/setAsideMs", ROW(MS(100, HOUR_MS), FIELD(kill.set_aside_ms), .default_text = "30000"),
        .help =
            "How long a victim that would not die is left out of the choice. 30000: long enough for a stuck "
            "device to come back, short enough that nobody becomes immortal.",
        .example = "60000")
ELEMENT("killPolicy/rereadCandidates", ROW(COUNT(1, 8), FIELD(kill.reread_candidates), .default_text = "8"),
        .help = "How many candidates have their size read anew when the heaviest is looked for. 8: a reading "
                "costs some 10 microseconds, and the kill path must stay short.",
        .example = "4")
ELEMENT("killPolicy/order", ROW(WORD(order_words), FIELD(kill.order), .default_text = "oldestUse"),
        .help = "Who goes first within one priority: whose last use is the oldest or the newest, the "
                "heaviest, or who "
                "was started first (oldest) or last (newest). Those that no client registered come behind, "
                "the heaviest "
                "first. oldestUse: the application least likely to be missed.",
        .example = "heaviest")
ELEMENT("killPolicy/heaviestFromPriority",
        ROW(PRIORITY, FIELD(kill.heaviest_from_priority), .default_text = "200"),
        .help = "At this priority and below it the heaviest goes first, whatever the order says. 200, as "
                "Android's lmkd: when perceptible applications must go, as few as possible should.",
        .example = "100")
ELEMENT("killPolicy/reaperThreads",
        ROW(COUNT(1, 8), FIELD(kill.reaper_threads), .default_text = "2", .flags = MM_ELEMENT_RESTART),
        .help =
            "Threads that take victims' memory down while they exit. 2: one victim at a time, and one that "
            "hangs.",
        .example = "4")

ELEMENT("unregisteredProcesses", ROW(SECTION),
        .help = "What may happen to processes that no client registered.")
ELEMENT(
    "unregisteredProcesses/policy",
    ROW(WORD(unregistered_words), FIELD(kill.unregistered_policy), .default_text = "raised"),
    .help =
        "never: they are never killed; raised: only those that somebody put above 0, by oom_score_adj or a "
        "process rule; any: at their number, as the kernel would. raised: does not hurt a desktop or a "
        "server that never heard of us.",
    .example = "never")
ELEMENT("unregisteredProcesses/minSizeMB",
        ROW(MB(0, MB_MAX), FIELD(kill.unregistered_min_bytes), .default_text = "32"),
        .help = "A smaller one is not worth a kill. 32: less than what is filled while a kill takes place.",
        .example = "64")
ELEMENT(
    "unregisteredProcesses/scanIntervalMs",
    ROW(MS(50, HOUR_MS), FIELD(kill.unregistered_scan_ms), .default_text = "500"),
    .help =
        "Where memory is critical, processes that nobody reported are looked for this often, in slices of "
        "2 ms and with at most 5 % of a processor. 500: a hog that grows by 200 MB per second is found "
        "before it has crossed one row of the kill table.",
    .example = "1000")
