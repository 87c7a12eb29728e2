/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the vocabulary (vocabulary_row.h): what wakes the daemon, whom it talks to, and the daemon itself. */

ELEMENT("waterlineWatch", ROW(SECTION),
        .help = "Looks at available memory itself; works without PSI and without swap.")
ELEMENT("waterlineWatch/enabled", ROW(BOOLEAN, FIELD(waterline_watch.is_enabled), .default_text = "true"),
        .help =
            "false: only pressure events wake the killer, and without swap pressure can stay 0 while memory "
            "ends.",
        .example = "false")
ELEMENT("waterlineWatch/fillRate",
        ROW(NUMBER(MM_TYPE_SIZE, "per second", 1048576, 1099511627776), .words = rate_words,
            FIELD(waterline_watch.fill_rate_bytes_per_s), .default_text = "auto"),
        .help = "The fastest this machine can fill memory: the next look is after the distance to the next "
                "waterline divided by it. auto: measured at start.",
        .example = "2G")
ELEMENT("waterlineWatch/minIntervalMs",
        ROW(MS(1, 10000), FIELD(waterline_watch.min_interval_ms), .default_text = "2"),
        .help =
            "Never look more often than this. 2: a look costs some 30 microseconds, so at most 2 % of one "
            "core, and only beside a waterline; 1 GB/s fills 2 MB in it.",
        .example = "5")
ELEMENT("waterlineWatch/maxIntervalMs",
        ROW(MS(1, HOUR_MS), FIELD(waterline_watch.max_interval_ms), .default_text = "10000"),
        .help = "Look at least this often. 10000: 0.1 wake-ups per second when calm.", .example = "60000")
ELEMENT("waterlineWatch/exhaustedIntervalMs",
        ROW(MS(1, HOUR_MS), FIELD(waterline_watch.exhausted_interval_ms), .default_text = "100"),
        .help =
            "How often to look while available memory is below every waterline. 100: nobody is left to be "
            "killed then, or a kill is under way, which looks by itself.",
        .example = "50")

ELEMENT(
    "pressureTriggers", ROW(SECTION),
    .help = "Pressure stall (PSI) events that wake the killer, of the domain. An empty section: none at all.",
    .upstream = "One trigger, some 10000 in 1000000, compiled in.")
ELEMENT(
    "pressureTriggers/pressureTrigger",
    ROW(ROWS(MM_CONFIG_PRESSURE_TRIGGERS_MAX), .flags = MM_ELEMENT_RESTART | MM_ELEMENT_EMPTY_IS_NONE,
        LIST(MM_STORE_ROW, MM_LIST_INLINE, pressure_triggers, pressure_trigger_count),
        .default_text = "some 70000 1000000, full 700000 1000000"),
    .help = "One trigger: stalled for stallUs within windowUs. The built-in two are those of Android's lmkd.")
ELEMENT("pressureTriggers/pressureTrigger/kind",
        ROW(WORD(stall_words), .flags = MM_ELEMENT_RESTART | MM_ELEMENT_REQUIRED,
            FIELD_OF(mm_pressure_trigger_config, is_full)),
        .help = "some: at least one task waits for memory; full: all do.", .example = "some")
ELEMENT("pressureTriggers/pressureTrigger/stallUs",
        ROW(US(1, 10000000), .flags = MM_ELEMENT_RESTART | MM_ELEMENT_REQUIRED,
            FIELD_OF(mm_pressure_trigger_config, stall_us)),
        .help = "Stall time that fires the trigger.", .example = "70000")
ELEMENT(
    "pressureTriggers/pressureTrigger/windowUs",
    ROW(US(500000, 10000000), .flags = MM_ELEMENT_RESTART | MM_ELEMENT_REQUIRED,
        FIELD_OF(mm_pressure_trigger_config, window_us)),
    .help = "Within this window; the kernel documents 0.5 to 10 s. Without CAP_SYS_RESOURCE 2 s is taken.",
    .example = "1000000")
ELEMENT("pressureTriggers/pressureTrigger/groupPath",
        ROW(.type = MM_TYPE_PATH, .unit = "", .max = MM_CONFIG_GROUP_PATH_MAX - 1, .default_text = "",
            .flags = MM_ELEMENT_RESTART,
            .target = {.storage = MM_STORE_CHARACTERS,
                       .offset = offsetof(struct mm_pressure_trigger_config, group_path),
                       .size = sizeof(MEMBER(mm_pressure_trigger_config, group_path))}),
        .help =
            "The group whose stalls count, from the root of the cgroup tree: it wakes the killer, and does "
            "not raise the memory level, as others may be well. Empty: the domain.",
        .example = "/apps/browser")

ELEMENT("kernelEvents", ROW(SECTION),
        .help = "What else of the kernel wakes the daemon, where this kernel has it; memmgrctl status says "
                "which.")
ELEMENT("kernelEvents/usageThreshold",
        ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_usage_threshold),
            .default_text = "true"),
        .help = "cgroup v1: the kernel tells when the domain's usage is where available memory comes down to "
                "the next waterline. true: sooner than the watch where something fills memory faster than "
                "fillRate; and while it is sure to tell on the way the watch sleeps up to four times longer, "
                "at most maxIntervalMs.",
        .example = "false")

ELEMENT("kernelEvents/vmpressure",
        ROW(WORD(vmpressure_words), .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.vmpressure),
            .default_text = "auto"),
        .help = "cgroup v1's memory.pressure_level as a sign of pressure: auto, always or never. auto: where "
                "no PSI trigger can be armed, as PSI measures what vmpressure guesses.",
        .example = "never")
ELEMENT("kernelEvents/vmpressureMode",
        ROW(WORD(vmpressure_mode_words), .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.vmpressure_mode),
            .default_text = "hierarchy"),
        .help = "Whose reclaim it tells of: hierarchy (the domain and all below it), default (the same, but "
                "not what a group below was told already) or local (the domain's own pages).",
        .example = "local")
ELEMENT(
    "kernelEvents/limitHits",
    ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_limit_hits), .default_text = "true"),
    .help = "The kernel tells when the domain's group, or one of limitHitGroup, met a limit of its own, and "
            "whether it killed there for it (memory.events; v1: memory.oom_control). true: memmgrctl "
            "explain then knows of deaths that were not ours.",
    .example = "false")
ELEMENT("kernelEvents/limitHitGroup",
        ROW(.type = MM_TYPE_PATH, .unit = "", .max = MM_CONFIG_GROUP_PATH_MAX - 1,
            .flags = MM_ELEMENT_RESTART | MM_ELEMENT_REPEATABLE,
            LIST(MM_STORE_CHARACTERS, MM_LIST_INLINE, kernel_events.limit_hit_groups,
                 kernel_events.limit_hit_group_count),
            .max_count = MM_CONFIG_LIMIT_HIT_GROUPS_MAX),
        .help = "One more group of which this is told, from the root of the cgroup tree. May stand several "
                "times.",
        .example = "/apps/browser")

ELEMENT(
    "kernelEvents/limitChanges",
    ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_limit_changes), .default_text = "true"),
    .help = "Where the domain is a group: inotify tells when somebody sets another limit for it, or for one "
            "above it; memory is looked at once it stands, 50 ms later. false: a lowered limit is seen at "
            "the next look of the waterline watch, at most maxIntervalMs later.",
    .example = "false")

ELEMENT("kernelEvents/swapChanges",
        ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_swap_changes),
            .default_text = "true"),
        .help = "The kernel tells when somebody adds or takes swap: memory is then looked at anew. true: "
                "nothing wakes for it before.",
        .example = "false")
ELEMENT("kernelEvents/resume",
        ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_resume), .default_text = "true"),
        .help = "After the machine was suspended memory is looked at anew. true: it costs two readings of "
                "the clock at each wake-up, and no wake-up.",
        .example = "false")
ELEMENT("kernelEvents/powerSupply",
        ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_power_supply),
            .default_text = "true"),
        .help = "The kernel tells when the machine begins to run on battery or ends to; clients are told. "
                "true: nothing wakes for it where there is no battery.",
        .example = "false")
ELEMENT("kernelEvents/kswapdMonitor",
        ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(kernel_events.has_kswapd_monitor),
            .default_text = "true"),
        .help = "/proc/kswapd_monitor of OpenHarmony's kernels: the kernel tells when it begins to reclaim "
                "in the background, and memory is then looked at. true: other kernels do not have it.",
        .example = "false")

ELEMENT("domain", ROW(SECTION, .flags = MM_ELEMENT_NO_PROFILE),
        .help = "What is managed: the whole machine, or one cgroup and all below it.")
ELEMENT("domain/groupPath",
        ROW(.type = MM_TYPE_PATH, .unit = "", TEXT_FIELD(domain.group_path), .default_text = "",
            .flags = MM_ELEMENT_RESTART),
        .help =
            "The group, from the root of the cgroup tree; its limit then plays the part of RAM. Once it is "
            "removed and made anew the daemon ends, to be started again for the new one. Empty: the machine.",
        .example = "/apps")

ELEMENT("controlSocket", ROW(SECTION),
        .help = "The socket of memmgrctl and of the clients that report events.")
ELEMENT("controlSocket/path",
        ROW(.type = MM_TYPE_PATH, .unit = "", TEXT_FIELD(control_socket.path),
            .default_text = MM_RUNTIME_DIRECTORY "/control.sock", .flags = MM_ELEMENT_RESTART),
        .help = "Where it is. Empty: no socket.", .example = "/run/memmgr/control.sock")
ELEMENT("controlSocket/group",
        ROW(.type = MM_TYPE_TEXT, .unit = "", TEXT_FIELD(control_socket.group), .default_text = "",
            .flags = MM_ELEMENT_RESTART),
        .help = "The group it belongs to, which may read state. Empty: the daemon's own.", .example = "adm")
ELEMENT("controlSocket/mode",
        ROW(NUMBER(MM_TYPE_OCTAL, "", 0, 0777), FIELD(control_socket.mode), .default_text = "0660",
            .flags = MM_ELEMENT_RESTART),
        .help = "Its file mode, octal. 0660: owner and group, nobody else.", .example = "0600")
ELEMENT(
    "controlSocket/maxClients",
    ROW(COUNT(1, 1024), FIELD(control_socket.max_clients), .default_text = "64", .flags = MM_ELEMENT_RESTART),
    .help =
        "Connections at once. When all are taken one of those who may only read makes room: for who may "
        "change anything the one that was silent for longest, for another reader one of a user who has "
        "more than that reader has then; else the newcomer is refused. 64: each has buffers that are held "
        "ready.",
    .example = "128")
ELEMENT("controlSocket/allowedUid",
        ROW(COUNT(0, 4294967294), .flags = MM_ELEMENT_REPEATABLE,
            LIST(MM_STORE_UNSIGNED, MM_LIST_INLINE, control_socket.allowed_uids,
                 control_socket.allowed_uid_count),
            .max_count = MM_CONFIG_UIDS_MAX),
        .help = "A user id that may report events and change state, besides root. May stand several times.",
        .upstream = "uid 5523 (foundation) alone may report windows and abilities; others may do the rest.",
        .example = "5523")

ELEMENT("criticalProcesses", ROW(SECTION),
        .help = "Processes that say of themselves that the rest depends on them, by the client library.")
ELEMENT("criticalProcesses/maxPerUser", ROW(COUNT(0, 64), FIELD(critical.max_per_user), .default_text = "0"),
        .help = "How many the clients of one user may have at once. 0: nobody is critical by its own word.",
        .upstream = "Any process may call SetCritical for itself; it is only logged.", .example = "2")
ELEMENT("criticalProcesses/floor",
        ROW(NUMBER(MM_TYPE_SIGNED, "", 0, 400), FIELD(critical.floor), .default_text = "100"),
        .help = "No such process is less important than this for as long as its connection lives. 100: as a "
                "short task in the background; the rows of the kill table above it do not reach it.",
        .example = "50")

ELEMENT("bpf", ROW(SECTION), .help = "The BPF programs that see processes come and go.")
ELEMENT("bpf/enabled",
        ROW(BOOLEAN, FIELD(bpf.is_enabled), .default_text = "true", .flags = MM_ELEMENT_RESTART),
        .help = "false: not even tried; the daemon then finds out more slowly.", .example = "false")
ELEMENT(
    "bpf/ringKB",
    ROW(NUMBER(MM_TYPE_SIZE_KB, "KB", 4, 16384), FIELD(bpf.ring_bytes), .default_text = "64",
        .flags = MM_ELEMENT_RESTART),
    .help =
        "Size of the ring, a power of two. 64: some 1,000 records, and its pages count twice as resident.",
    .example = "128")
ELEMENT("bpf/loadTimeoutMs",
        ROW(MS(100, 600000), FIELD(bpf.load_timeout_ms), .default_text = "5000", .flags = MM_ELEMENT_RESTART),
        .help =
            "How long the programs may take to load before it is given up. 5000: a slow device needs some "
            "hundred milliseconds, an emulated one seconds.",
        .example = "20000")

ELEMENT("processConnector", ROW(SECTION),
        .help = "The kernel's process connector, which tells of processes where the BPF programs do not.")
ELEMENT("processConnector/enabled",
        ROW(BOOLEAN, FIELD(process_connector.is_enabled), .default_text = "true",
            .flags = MM_ELEMENT_RESTART),
        .help = "false: not even tried; where there is no BPF, /proc is then read from time to time.",
        .example = "false")
ELEMENT("processScan", ROW(SECTION),
        .help = "Looking for processes from time to time, where neither BPF nor the connector tells of them; "
                "of a domain "
                "that is a group also beside the connector, which does not tell who enters or leaves it.")
ELEMENT(
    "processScan/intervalMs", ROW(MS(1000, DAY_MS), FIELD(process_scan.interval_ms), .default_text = "10000"),
    .help =
        "Milliseconds from one scan to the next; up to twice that while nothing else wakes the daemon. "
        "10000: "
        "0.1 to 0.05 wake-ups per second, and a new application is known before it is big. Where memory is "
        "critical, unregisteredProcesses/scanIntervalMs counts.",
    .example = "30000")

ELEMENT(
    "device", ROW(SECTION, .flags = MM_ELEMENT_NO_PROFILE),
    .help =
        "What this device is, where it cannot be read from it; a ramProfile may ask for it, so it may not "
        "stand in one.")
ELEMENT("device/screenInches", ROW(COUNT(0, 1000), FIELD(device.screen_inches), .default_text = "0"),
        .help = "The diagonal of its screen in whole inches. 0: not told.", .example = "7")
ELEMENT("device/name", ROW(.type = MM_TYPE_TEXT, .unit = "", TEXT_FIELD(device.name), .default_text = ""),
        .help = "Its name, as the device attribute of a ramProfile has it. Empty: not told.",
        .example = "rk3568")

ELEMENT("daemon", ROW(SECTION), .help = "The daemon itself, as long as it runs.")
ELEMENT(
    "daemon/lockMemory",
    ROW(BOOLEAN, .flags = MM_ELEMENT_RESTART, FIELD(daemon.locks_memory), .default_text = "true"),
    .help = "Keeps its memory resident. true: what is swapped out itself cannot act when memory is short.",
    .example = "false")
ELEMENT(
    "daemon/realtimePriority",
    ROW(COUNT(0, 99), .flags = MM_ELEMENT_RESTART, FIELD(daemon.realtime_priority), .default_text = "1"),
    .help =
        "Its real-time priority (SCHED_FIFO); 0: as it was started. 1: a hog's threads cannot keep it from "
        "the processor, every other real-time task can.",
    .example = "10")
ELEMENT("daemon/oomScoreAdj",
        ROW(PRIORITY, .flags = MM_ELEMENT_RESTART, FIELD(daemon.oom_score_adj), .default_text = "-1000"),
        .help = "What the kernel's own killer sees of it. -1000: never the one that is ended.",
        .example = "-900")

ELEMENT("logging", ROW(SECTION), .help = "What is written to the log.")
ELEMENT("logging/level", ROW(WORD(level_words), FIELD(logging.level), .default_text = "info"),
        .help = "The least important lines that are written. info: every kill, nothing per event.",
        .example = "debug")

ELEMENT("savedState", ROW(SECTION),
        .help = "What clients reported outlives a restart of the daemon, in a file of the runtime directory.")
ELEMENT("savedState/enabled",
        ROW(BOOLEAN, FIELD(saved_state.is_enabled), .default_text = "true", .flags = MM_ELEMENT_RESTART),
        .help =
            "true: accounts, registered applications that live on, what they were reported to do and their "
            "bindings are taken up by the next daemon of the same boot. false: clients have to report anew, "
            "and until then an application in use may be taken for any process; what was saved before is "
            "removed.",
        .example = "false")

ELEMENT("reload", ROW(SECTION),
        .help = "When the configuration is read anew: always by SIGHUP and memmgrctl reload.")
ELEMENT("reload/watch", ROW(BOOLEAN, FIELD(reload.is_watched), .default_text = "false"),
        .help = "true: also when one of its files has changed. false: an administrator says when a change is "
                "complete.",
        .example = "true")
ELEMENT("reload/settleMs", ROW(MS(10, 60000), FIELD(reload.settle_ms), .default_text = "200"),
        .help =
            "How long the files must have been left alone before they are read. 200: longer than an editor "
            "or a package takes between two of its files, too short to wait for.",
        .example = "1000")

ELEMENT(
    "flows", ROW(SECTION),
    .help =
        "What is collected beside the engine, each in a thread of its own; memmgrctl flows shows them and "
        "switches them until the daemon ends.")
ELEMENT("flows/cpuflow", ROW(SECTION), .help = "Run time of every process, by BPF: memmgrctl top --sort cpu.")
ELEMENT(
    "flows/cpuflow/enabled", ROW(BOOLEAN, FIELD(flows.cpuflow.is_enabled), .default_text = "false"),
    .help =
        "true: it is collected from the start. false: it costs some 130 ns for each switch between threads, "
        "and 0.7 MB of the kernel's memory with 0.3 MB more for each processor.",
    .example = "true")
ELEMENT("flows/cpuflow/intervalMs",
        ROW(MS(100, HOUR_MS), FIELD(flows.cpuflow.interval_ms), .default_text = "5000"),
        .help = "From one reading to the next, over which figures are averages. 5000: a reading takes some "
                "milliseconds of its thread and shows who is busy while somebody looks.",
        .example = "1000")
ELEMENT(
    "flows/gpuflow", ROW(SECTION),
    .help =
        "Graphics hardware, by BPF: power levels, and who uses it and its memory: memmgrctl top --sort gpu.")
ELEMENT(
    "flows/gpuflow/enabled", ROW(BOOLEAN, FIELD(flows.gpuflow.is_enabled), .default_text = "false"),
    .help =
        "true: it is collected from the start, where a driver has tracepoints for it (kgsl, msm, those of "
        "Android's contract or the kernel's scheduler of graphics). false: it costs part of a microsecond "
        "for each job and 0.7 MB of the kernel's memory, and most machines have no such driver.",
    .example = "true")
ELEMENT("flows/gpuflow/intervalMs",
        ROW(MS(100, HOUR_MS), FIELD(flows.gpuflow.interval_ms), .default_text = "5000"),
        .help = "From one reading to the next, over which figures are averages. 5000: as for cpuflow.",
        .example = "1000")
