/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the vocabulary (vocabulary_row.h): which process is what, where no client says so. */

ELEMENT("processRules", ROW(SECTION),
        .help = "Which processes that no client registered are what: so a desktop, a server or an image is "
                "managed without any client.")
ELEMENT(
    "processRules/builtInRules", ROW(BOOLEAN, FIELD(process_rules.has_built_in), .default_text = "true"),
    .help =
        "Whether the rules that come with memmgr follow after those of the files. They protect what a system "
        "and its session stand on, and move no other process that has an oom_score_adj. true: without them "
        "the kill table may reach a display server.",
    .example = "false")
ELEMENT("processRules/userPrograms",
        ROW(BOOLEAN, FIELD(process_rules.has_user_programs), .default_text = "false"),
        .help = "Whether the built-in rules go on with the programs of users, with uid 1000 to 59999 and an "
                "oom_score_adj "
                "of 0: shells, terminals and sessions stay where they are, all others become applications at "
                "200, of which "
                "the heaviest is the first to go. Services and what root runs are left alone. false: who is "
                "at 0 is not "
                "killed where no client and no other rule says so.",
        .example = "true")
ELEMENT(
    "processRules/processRule",
    ROW(ROWS(MM_CONFIG_PROCESS_RULES_MAX), .flags = MM_ELEMENT_LATER_FIRST,
        LIST(MM_STORE_ROW, MM_LIST_HEAP, process_rules.rules, process_rules.rule_count)),
    .help =
        "One rule: it takes a process that all of its conditions are true of, at least one of exe, cmdline, "
        "comm, cgroup, unit, uid and oomScoreAdj. The first rule that takes a process counts. They are tried "
        "as they stand in a file, those of later files before those of earlier ones, so that a product's "
        "go before a vendor's, and the built-in ones last; one that a later file changes stays where it was.")
ELEMENT("processRules/processRule/name",
        ROW(NUMBER(MM_TYPE_NAME, "", 0, MM_RULE_NAME_MAX - 1), .flags = MM_ELEMENT_REQUIRED | MM_ELEMENT_KEY,
            FIELD_OF(mm_process_rule, name)),
        .help = "What the rule is called where a process shows the reason of its number, and what a later "
                "file changes it by.",
        .example = "browser tabs")
ELEMENT("processRules/processRule/exe", ROW(PATTERN, FIELD_OF(mm_process_rule, exe)),
        .help = "The program's file, as the link /proc/PID/exe says, whole; nothing where we may not know.",
        .example = "/usr/lib/firefox/*")
ELEMENT("processRules/processRule/cmdline", ROW(PATTERN, FIELD_OF(mm_process_rule, cmdline)),
        .help = "The command line, its words with a blank between them; of a long one the first 4095 bytes.",
        .example = "regex:type=(renderer|utility)")
ELEMENT("processRules/processRule/comm", ROW(PATTERN, FIELD_OF(mm_process_rule, comm)),
        .help = "The name of the process, of which the kernel keeps 15 bytes; a process may choose it.",
        .example = "chrom*|firefox*")
ELEMENT("processRules/processRule/cgroup", ROW(PATTERN, FIELD_OF(mm_process_rule, cgroup)),
        .help = "The path of its cgroup: of cgroup v2, or where nothing is there of systemd's own hierarchy.",
        .example = "/user.slice/*")
ELEMENT("processRules/processRule/unit", ROW(PATTERN, FIELD_OF(mm_process_rule, unit)),
        .help = "The systemd unit, taken from that path: the innermost service, scope or the like, else the "
                "innermost slice.",
        .example = "app-*.scope")
ELEMENT("processRules/processRule/uid",
        ROW(NUMBER(MM_TYPE_RANGE, "", 0, UINT32_MAX - 1), FIELD_OF(mm_process_rule, uid)),
        .help = "Its real user id, or a range of them.", .example = "1000-59999")
ELEMENT("processRules/processRule/oomScoreAdj",
        ROW(NUMBER(MM_TYPE_RANGE, "", -1000, 1000), FIELD_OF(mm_process_rule, oom_score_adj)),
        .help = "Its oom_score_adj when the rule is tried, or a range of them.", .example = "1..1000")
ELEMENT(
    "processRules/processRule/bundle",
    ROW(NUMBER(MM_TYPE_TEMPLATE, "", 0, MM_NAME_TEMPLATE_MAX), .words = template_words,
        FIELD_OF(mm_process_rule, bundle)),
    .help =
        "The application that the process belongs to: all of one user to whom rules give the same name are "
        "one bundle, which is killed as a whole and is as important as the most important of them, never "
        "killed where one of them never is. With %{cgroup} in it all that are in one cgroup, whoever their "
        "users, are one; with %{pid}, or where the name comes to nothing, each process is its own. "
        "Without this element, too: each is killed by itself, and shown by its comm.",
    .example = "%{unit}")
ELEMENT(
    "processRules/processRule/class",
    ROW(WORD(class_words), FIELD_OF(mm_process_rule, process_class), .default_text = "application"),
    .help =
        "protected: never killed or squeezed; system: a service that the system needs, killed only where the "
        "kill table reaches below 0; session: what a user's session stands on, the last to go; application: "
        "what somebody may be using; background: what nobody looks at now; batch: what can be run again, the "
        "first to go.",
    .example = "background")
ELEMENT(
    "processRules/processRule/priority", ROW(PRIORITY, FIELD_OF(mm_process_rule, priority)),
    .help =
        "Its place on the list, not written to oom_score_adj. Without it that of the class: protected -1000, "
        "system -800, session 0, application 200, background 400, batch 800.",
    .example = "300")
