/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl demo": the engine at its main job, safely. */
#include "service/demo/demo.h"

#include "common/common.h"
#include "service/ctl/memmgrctl_commands.h"
#include "service/shared/runtime.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Own readings of the domain: often enough to see a crossing to the millisecond or two. */
#define SAMPLE_MS 1
/* Between two drawings of the meter: on a terminal smooth, elsewhere a line now and then. */
#define DRAW_LIVE_NS  (100 * MM_NS_PER_MS)
#define DRAW_PLAIN_NS (1000 * MM_NS_PER_MS)
/* Nobody has died, and available memory has not moved by so much, for so long: it is over. */
#define QUIET_NS   (1500 * MM_NS_PER_MS)
#define MOVE_BYTES (4 * MM_MIB)
/* The whole has to end within a minute; this leaves time to clean up. */
#define LONGEST_NS (50 * MM_NS_PER_S)
/* Shares of the limit, in permille: five applications begin with 62 % of it; the one that grows would need
   140 % with all others alive, and fits when they are gone. */
#define HOLD_PERMILLE   125
#define GROWTH_PERMILLE 740
/* All of the growth in about seven seconds. */
#define GROWTH_PERMILLE_PER_S 100

static const struct mm_ctl_option options[] = {
    {"states", "NAME=STATE,...", "other states than these: background, playing, task, foreground"},
    {.name = NULL},
};

static const struct mm_demo_cast first_cast = {
    .count = 5,
    .apps =
        {
            {.name = "mail", .state = MM_DEMO_BACKGROUND},
            {.name = "gallery", .state = MM_DEMO_BACKGROUND},
            {.name = "music", .state = MM_DEMO_PLAYING},
            {.name = "upload", .state = MM_DEMO_TASK},
            {.name = "game", .state = MM_DEMO_FOREGROUND, .grows = true},
        },
};

struct demo {
    const struct mm_ctl *ctl;
    struct mm_demo_show show;
    struct mm_demo_stage stage;
    struct mm_demo_cast cast;
    struct mm_ctl daemon_ctl; /* how requests reach the private daemon */
    struct mm_session session;
    bool has_session;
    int signal_fd;
    uint64_t lowest_bytes; /* since the last death */
    uint64_t moved_bytes;  /* available, when it last moved noticeably */
    uint64_t drawn_ns, changed_ns, last_death_ns;
    /* When each row of the table was last crossed downwards, 0: never; and whether available is below it now.
     */
    uint64_t crossed_ns[MM_CONFIG_KILL_LEVELS_MAX];
    bool is_below[MM_CONFIG_KILL_LEVELS_MAX];
};

static uint64_t now_ns(const struct demo *demo)
{
    return demo->stage.kernel->ops->now_ns(demo->stage.kernel);
}

/* ---- talking to the daemon ------------------------------------------------------------------------------
 */

static int ask(struct demo *demo, const char *request_name, const char *key, const char *unique,
               cJSON **ret_answer)
{
    cJSON *request = mm_session_request(request_name);
    int result =
        mm_session_ask_pages(&demo->session, &demo->daemon_ctl, request, key, unique, -1, ret_answer);

    cJSON_Delete(request);
    return result;
}

static int show_list(struct demo *demo)
{
    cJSON *answer = NULL;
    int result = ask(demo, "list", "processes", "pid", &answer);

    if (result == MM_CTL_OK)
        mm_demo_show_list(&demo->show, answer);
    cJSON_Delete(answer);
    return result;
}

/* Through the states a real application passes: started, in the foreground, then where it is to stay. */
static int bring_to_state(struct demo *demo, const struct mm_demo_app *app)
{
    const struct mm_demo_state_info *state = &mm_demo_states[app->state];
    const char *const words[] = {"create", "ready", "foreground",
                                 app->state == MM_DEMO_FOREGROUND ? NULL : "background",
                                 app->state == MM_DEMO_FOREGROUND ? NULL : state->event};

    for (size_t i = 0; i < MM_ARRAY_SIZE(words); i++) {
        int result = words[i] ? mm_demo_report(&demo->session, &demo->daemon_ctl, app, words[i]) : MM_CTL_OK;

        if (result != MM_CTL_OK)
            return result;
    }
    mm_demo_say(&demo->show, "%s is in state %s", app->name, state->word);
    return MM_CTL_OK;
}

/* ---- the course -----------------------------------------------------------------------------------------
 */

static bool is_interrupted(struct demo *demo)
{
    struct pollfd descriptor = {.fd = demo->signal_fd, .events = POLLIN};

    if (poll(&descriptor, 1, 0) <= 0)
        return false;
    mm_demo_say(&demo->show, "interrupted");
    return true;
}

static int start_apps(struct demo *demo)
{
    uint64_t permille = demo->stage.limit_bytes / 1000;

    for (unsigned i = 0; i < demo->cast.count; i++) {
        struct mm_demo_app *app = &demo->cast.apps[i];
        const struct mm_demo_size size = {
            .hold_bytes = permille * HOLD_PERMILLE,
            .growth_bytes = app->grows ? permille * GROWTH_PERMILLE : 0,
            .growth_bytes_per_s = permille * GROWTH_PERMILLE_PER_S,
        };
        int result;

        if (is_interrupted(demo))
            return MM_CTL_REFUSED;
        result = mm_demo_app_start(app, &size, demo->stage.groups);
        if (result < 0) {
            (void)fprintf(stderr, "memmgrctl: demo: %s: %s\n", app->name, strerror(-result));
            return MM_CTL_REFUSED;
        }
        result = bring_to_state(demo, app);
        if (result != MM_CTL_OK)
            return result;
    }
    return MM_CTL_OK;
}

static void sample(struct demo *demo)
{
    const struct mm_kill_config *kill = &demo->stage.config->kill;
    struct mm_memory_state memory;
    uint64_t time_ns = now_ns(demo);

    if (demo->stage.kernel->ops->read_memory(demo->stage.kernel, &memory) < 0)
        return;
    demo->lowest_bytes = MM_MIN(demo->lowest_bytes, memory.available_bytes);
    if (memory.available_bytes / MOVE_BYTES != demo->moved_bytes / MOVE_BYTES) {
        demo->moved_bytes = memory.available_bytes;
        demo->changed_ns = time_ns;
    }
    for (size_t i = 0; i < kill->level_count; i++) {
        bool is_below = memory.available_bytes < kill->levels[i].memory_bytes;

        if (is_below && !demo->is_below[i])
            demo->crossed_ns[i] = time_ns;
        demo->is_below[i] = is_below;
    }
    if (time_ns - demo->drawn_ns < (demo->show.is_live ? DRAW_LIVE_NS : DRAW_PLAIN_NS))
        return;
    demo->drawn_ns = time_ns;
    mm_demo_show_memory(&demo->show, &demo->cast, memory.available_bytes);
}

/* The mildest row that allows its priority: the one whose crossing cost it. */
static void note_waterline(struct demo *demo, struct mm_demo_app *app)
{
    const struct mm_kill_config *kill = &demo->stage.config->kill;

    for (size_t i = kill->level_count; i-- > 0;) {
        if (kill->levels[i].min_priority > mm_demo_states[app->state].priority)
            continue;
        app->waterline_bytes = kill->levels[i].memory_bytes;
        /* a crossing from before the last death cost somebody else */
        if (demo->crossed_ns[i] > demo->last_death_ns)
            app->crossed_ns = demo->crossed_ns[i];
        return;
    }
}

static void note_death(struct demo *demo, struct mm_demo_app *app)
{
    char size[MM_SIZE_TEXT_MAX];

    if (waitpid(app->pid, &app->wait_status, WNOHANG) != app->pid)
        return;
    app->is_dead = true;
    app->died_ns = now_ns(demo);
    app->place = ++demo->cast.deaths;
    app->lowest_bytes = demo->lowest_bytes;
    demo->lowest_bytes = UINT64_MAX;
    note_waterline(demo, app);
    demo->last_death_ns = app->died_ns;
    demo->changed_ns = app->died_ns;
    mm_demo_say(&demo->show, "%s%s died%s (%s, signal %d); available was down to %s",
                mm_style_begin(demo->ctl, MM_STYLE_WARN), app->name, mm_style_end(demo->ctl, MM_STYLE_WARN),
                mm_demo_states[app->state].word,
                WIFSIGNALED(app->wait_status) ? WTERMSIG(app->wait_status) : 0,
                mm_size_text(app->lowest_bytes, size, sizeof(size)));
}

/* Waits a millisecond at most. MM_CTL_OK to go on. */
static int watch(struct demo *demo)
{
    struct pollfd descriptors[MM_DEMO_APPS_MAX + 2];
    nfds_t count = 0;

    descriptors[count++] = (struct pollfd){.fd = demo->signal_fd, .events = POLLIN};
    descriptors[count++] = (struct pollfd){.fd = demo->stage.daemon_fd, .events = POLLIN};
    for (unsigned i = 0; i < demo->cast.count; i++) {
        const struct mm_demo_app *app = &demo->cast.apps[i];

        descriptors[count++] = (struct pollfd){.fd = app->is_dead ? -1 : app->pid_fd, .events = POLLIN};
    }
    if (poll(descriptors, count, SAMPLE_MS) < 0 && errno != EINTR)
        return MM_CTL_REFUSED;
    if (descriptors[0].revents) {
        mm_demo_say(&demo->show, "interrupted");
        return MM_CTL_REFUSED;
    }
    if (descriptors[1].revents) {
        (void)fputs("memmgrctl: demo: memmgrd has ended\n", stderr);
        return MM_CTL_REFUSED;
    }
    for (unsigned i = 0; i < demo->cast.count; i++) {
        if (descriptors[i + 2].revents)
            note_death(demo, &demo->cast.apps[i]);
    }
    return MM_CTL_OK;
}

static const struct mm_demo_app *grower(const struct demo *demo)
{
    for (unsigned i = 0; i < demo->cast.count; i++) {
        if (demo->cast.apps[i].grows)
            return &demo->cast.apps[i];
    }
    return NULL;
}

static int let_it_grow(struct demo *demo)
{
    const struct mm_demo_app *app = grower(demo);
    uint64_t began_ns = now_ns(demo);

    /* whoever observes must not wait for the processor behind what is observed */
    (void)mm_runtime_raise_scheduling(1);
    mm_demo_say(&demo->show, "%s begins to grow", app->name);
    mm_demo_app_grow(app);
    demo->changed_ns = began_ns;
    while (now_ns(demo) < began_ns + LONGEST_NS) {
        int result = watch(demo);

        if (result != MM_CTL_OK)
            return result;
        sample(demo);
        if (app->is_dead || now_ns(demo) > demo->changed_ns + QUIET_NS)
            break;
    }
    return MM_CTL_OK;
}

static int judge(struct demo *demo)
{
    char verdict[256];
    cJSON *kills = NULL;
    bool is_right = mm_demo_verdict(&demo->cast, verdict, sizeof(verdict));
    int result = ask(demo, "kills", "kills", "sequence", &kills);

    if (result == MM_CTL_OK)
        mm_demo_show_result(&demo->show, &demo->cast, kills, verdict, is_right);
    cJSON_Delete(kills);
    if (result != MM_CTL_OK)
        return result;
    return is_right ? MM_CTL_OK : MM_CTL_REFUSED;
}

static int perform(struct demo *demo)
{
    int result = mm_demo_stage_build(&demo->stage);

    if (result != MM_CTL_OK)
        return result;
    demo->show.started_ns = now_ns(demo);
    result = mm_demo_stage_start_daemon(&demo->stage);
    if (result != MM_CTL_OK)
        return result;
    demo->daemon_ctl.socket_path = demo->stage.socket_path;
    result = mm_session_open(&demo->daemon_ctl, &demo->session);
    if (result != MM_CTL_OK)
        return result;
    demo->has_session = true;
    mm_demo_say(&demo->show, "memmgrd watches %s, a domain of %llu MiB",
                mm_own_groups_path(demo->stage.groups),
                (unsigned long long)(demo->stage.limit_bytes / MM_MIB));
    result = start_apps(demo);
    if (result == MM_CTL_OK)
        result = show_list(demo);
    if (result == MM_CTL_OK)
        result = let_it_grow(demo);
    return result == MM_CTL_OK ? judge(demo) : result;
}

static void clean_up(struct demo *demo, int *result)
{
    for (unsigned i = 0; i < demo->cast.count; i++)
        mm_demo_app_end(&demo->cast.apps[i]);
    if (demo->has_session)
        mm_session_close(&demo->session);
    if (mm_demo_stage_clear(&demo->stage) < 0) {
        (void)fprintf(stderr, "memmgrctl: demo: not everything could be removed: look for memmgr-demo-%d\n",
                      (int)getpid());
        *result = MM_CTL_REFUSED;
    }
}

static int catch_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct mm_ctl *ctl)
{
    MM_CLEANUP_CLOSE int signal_fd = catch_signals();
    struct demo demo = {.ctl = ctl,
                        .cast = first_cast,
                        .daemon_ctl = *ctl,
                        .signal_fd = signal_fd,
                        .lowest_bytes = UINT64_MAX};
    const char *states = mm_ctl_option(ctl, "states");
    char part[64] = "";
    int result;

    for (unsigned i = 0; i < demo.cast.count; i++) {
        demo.cast.apps[i].pid_fd = -1;
        demo.cast.apps[i].command_fd = -1;
    }
    if (states && mm_demo_set_states(&demo.cast, states, part, sizeof(part)) < 0)
        return mm_ctl_usage(
            ctl,
            "--states: '%s' is not NAME=STATE with a NAME of mail, gallery, music, upload, game "
            "and a STATE of background, playing, task, foreground",
            part);
    demo.show = (struct mm_demo_show){
        .ctl = ctl, .stage = &demo.stage, .is_live = !ctl->is_json && isatty(STDOUT_FILENO)};
    result = perform(&demo);
    clean_up(&demo, &result);
    return result;
}

const struct mm_ctl_command mm_ctl_demo = {
    .name = "demo",
    .summary = "show the engine at work in a cgroup of its own",
    .arguments = "",
    .details =
        "Makes a cgroup with a limit of a few hundred MiB, starts memmgrd for it with the shipped kill "
        "table\n"
        "scaled to it, and five applications that hold real memory. One of them grows. Shows who dies, in\n"
        "which order, why and how fast, and judges that by what it sees itself. Needs root; touches nothing\n"
        "outside its cgroup; leaves nothing behind. Exits with 0 when the order was right, else with 1.",
    .options = options,
    .asks_no_daemon = true,
    .run = run,
};
