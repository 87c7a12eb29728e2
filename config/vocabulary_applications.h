/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the vocabulary (vocabulary_row.h): whose place on the list is special, and the times of the rules. */

ELEMENT(
    "reclaimPriorityConfig", ROW(SECTION),
    .help = "Applications whose place on the list is special, and whose rules make the numbers.",
    .upstream = "Read from here; an unknown element, or the right spelling of killalbeSystemApps, ended it.")
ELEMENT(
    "reclaimPriorityConfig/killalbeSystemApps", ROW(SECTION),
    .help =
        "Resident applications, spelt as OpenHarmony does: kept at -800, never chosen by the shipped kill "
        "table.",
    .upstream = "The same; events do not move them.")
ELEMENT("reclaimPriorityConfig/killalbeSystemApps/killableSysApp",
        ROW(NAME, .flags = MM_ELEMENT_REPEATABLE,
            LIST(MM_STORE_STRING, MM_LIST_HEAP, reclaim_priority.killable_system_apps,
                 reclaim_priority.killable_system_app_count),
            .max_count = 1024),
        .help = "A bundle name.", .upstream = "The same, with the blanks around it; an empty one is ignored.",
        .example = "com.example.launcher")
ELEMENT("reclaimPriorityConfig/killableSystemApps", ROW(ALIAS("reclaimPriorityConfig/killalbeSystemApps")),
        .help = "killalbeSystemApps under its right spelling; only one of the two may be used.",
        .upstream = "Unknown: it ended the section.")
ELEMENT("reclaimPriorityConfig/importantBgApps", ROW(SECTION),
        .help = "Applications that stay important in the background.",
        .upstream = "A bound on the number, no protection: it is the minimum of this and what the rules say.")
ELEMENT("reclaimPriorityConfig/importantBgApps/importantBgApp",
        ROW(ROWS(1024), LIST(MM_STORE_ROW, MM_LIST_HEAP, reclaim_priority.important_apps,
                             reclaim_priority.important_app_count)),
        .help = "One application; a process name may stand here once.",
        .upstream = "The first of two with one name counted.")
ELEMENT("reclaimPriorityConfig/importantBgApps/importantBgApp/procName",
        ROW(NAME, .flags = MM_ELEMENT_REQUIRED | MM_ELEMENT_KEY, FIELD_OF(mm_important_app, process_name)),
        .help = "The process name (killableSysApp takes a bundle name, this does not).",
        .upstream = "The same, with the blanks around it.", .example = "com.example.player")
ELEMENT("reclaimPriorityConfig/importantBgApps/importantBgApp/minPriority",
        ROW(PRIORITY, .flags = MM_ELEMENT_REQUIRED, FIELD_OF(mm_important_app, min_priority)),
        .help = "The highest number (the least importance) the process may get.",
        .upstream = "The same; missing or bad became 1001, and a process was created with that.",
        .example = "200")

ELEMENT("reclaimPriorityConfig/priorityCompat",
        ROW(WORD(compat_words), FIELD(reclaim_priority.compat), .default_text = "none",
            .flags = MM_ELEMENT_RESTART),
        .help =
            "upstream: the numbers are OpenHarmony's, its defects included, as memmgr_priorities(7) lists "
            "them.",
        .example = "upstream")

ELEMENT("systemApps", ROW(SECTION),
        .help = "Applications that are never killed, by whatever row: kept at -1000.",
        .upstream = "The README speaks of such a white list; nothing reads one.")
ELEMENT(
    "systemApps/app",
    ROW(NAME, .flags = MM_ELEMENT_REPEATABLE,
        LIST(MM_STORE_STRING, MM_LIST_HEAP, reclaim_priority.system_apps, reclaim_priority.system_app_count),
        .max_count = 1024),
    .help =
        "A bundle name or a process name; of a process that nobody registered the first 15 bytes, which is "
        "all that the kernel keeps. Name few: what is here can take all memory.",
    .example = "com.example.systemui")

ELEMENT("processTimes", ROW(SECTION), .help = "Times of the rules that give a process its priority.")
ELEMENT(
    "processTimes/newProcessGraceMs",
    ROW(MS(0, 600000), FIELD(reclaim_priority.new_process_grace_ms), .default_text = "15000"),
    .help =
        "A new process counts as foreground this long, or until it says otherwise. 15000, as OpenHarmony.",
    .example = "20000")
ELEMENT(
    "processTimes/abilityStartMs",
    ROW(MS(0, 600000), FIELD(reclaim_priority.ability_start_ms), .default_text = "10000"),
    .help = "A process whose ability starts counts as foreground at most this long. 10000, as OpenHarmony.",
    .example = "5000")
ELEMENT("processTimes/deadCheckMs",
        ROW(MS(1000, DAY_MS), FIELD(reclaim_priority.dead_check_ms), .default_text = "180000"),
        .help = "How often processes that nobody reported dead are looked for. 180000, as OpenHarmony.",
        .example = "60000")
