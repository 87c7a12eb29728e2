/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl top": the list and the state of memory on the whole screen, until a key or a signal ends it. */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"
#include "service/ctl/top_model.h"
#include "service/ctl/top_screen.h"
#include "service/shared/clean_text.h"

#include <errno.h>
#include <memmgr_client.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define INTERVAL_MS_DEFAULT 2000

static const struct mm_ctl_option options[] = {
    {"interval", "SECONDS", "how long between two looks, 1 to 3600; 2"},
    {"sort", "WORD", "death (who would die first), size, name, pid, cpu, gpu or gpu-memory"},
    {"reverse", NULL, "the other way round"},
    {"filter", "TEXT", "only processes with that in their name, or of that pid"},
    {"count", "N", "look N times, then end; once where the output is no terminal"},
    {.name = NULL},
};

struct top {
    const struct mm_ctl *ctl;
    struct mm_session session;
    bool is_connected;
    struct mm_top_model model;
    struct mm_top_screen screen;
    cJSON *status; /* as last told; NULL: never */
    int signal_fd;
    int error_fd, stderr_fd;   /* what is said while the screen is ours, and where it would go */
    int64_t interval_ms, left; /* looks to take; negative: any number */
    bool is_full_screen;
};

/* ---- the daemon ----------------------------------------------------------------------------------------- */

static int ask_both(struct top *top, cJSON **ret_list)
{
    cJSON *request, *status;
    int result = mm_session_ask(&top->session, top->ctl, mm_session_request("status"), &status);

    if (result != MM_CTL_OK)
        return result;
    cJSON_Delete(top->status);
    top->status = status;
    request = mm_session_request("list");
    result = mm_session_ask_pages(&top->session, top->ctl, request, "processes", "pid", -1, ret_list);
    cJSON_Delete(request);
    return result;
}

static void disconnect(struct top *top)
{
    if (top->is_connected)
        mm_session_close(&top->session);
    top->is_connected = false;
}

/* One look: connects where need be. 0 or an exit status, after saying why on standard error. */
static int look(struct top *top, cJSON **ret_list)
{
    int result = MM_CTL_OK;

    if (!top->is_connected) {
        result = mm_session_open(top->ctl, &top->session);
        top->is_connected = result == MM_CTL_OK;
    }
    if (result == MM_CTL_OK)
        result = ask_both(top, ret_list);
    if (result == MM_CTL_OK && mm_top_model_take(&top->model, *ret_list) < 0) {
        (void)fputs("memmgrctl: no memory\n", stderr);
        cJSON_Delete(*ret_list);
        result = MM_CTL_REFUSED;
    }
    if (result != MM_CTL_OK)
        disconnect(top);
    return result;
}

/* ---- without a screen ----------------------------------------------------------------------------------- */

static void print_rows(const struct top *top)
{
    const struct mm_top_model *model = &top->model;
    struct mm_column columns[7 + MM_TOP_MEASURE_COUNT] = {
        {"BUNDLE", true}, {"PRIORITY", true}, {"PID", true}, {"UID", true}, {"SIZE", true},
    };
    unsigned column_count = 5;
    struct mm_table *table;
    char text[MM_TOP_MEASURE_MAX];
    char size[MM_SIZE_TEXT_MAX];

    for (int i = 0; i < MM_TOP_MEASURE_COUNT; i++) {
        if (model->has_measure[i])
            columns[column_count++] = (struct mm_column){mm_top_measure_title((enum mm_top_measure)i), true};
    }
    columns[column_count++] = (struct mm_column){"NAME", false};
    columns[column_count++] = (struct mm_column){"WHY", false};
    table = mm_table_new(columns, column_count);
    for (size_t i = 0; i < model->count; i++) {
        const struct mm_top_row *row = &model->rows[i];

        mm_table_cell(table, MM_STYLE_PLAIN, "%lld", (long long)row->bundle_priority);
        mm_table_cell(table, MM_STYLE_PLAIN, "%lld", (long long)row->priority);
        mm_table_cell(table, MM_STYLE_PLAIN, "%lld", (long long)row->pid);
        mm_table_cell(table, MM_STYLE_PLAIN, "%lld", (long long)row->uid);
        mm_table_cell(table, MM_STYLE_PLAIN, "%s",
                      mm_size_text((uint64_t)MM_MAX(row->resident_bytes, 0), size, sizeof(size)));
        for (int j = 0; j < MM_TOP_MEASURE_COUNT; j++) {
            if (model->has_measure[j])
                mm_table_cell(table, MM_STYLE_PLAIN, "%s",
                              mm_top_measure_text((enum mm_top_measure)j, row->measures[j], text));
        }
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", row->name);
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", row->why);
    }
    mm_table_print(table, top->ctl);
    mm_table_free(table);
}

/* {"status":{...},"processes":[...]} in a line, the processes that the filter lets through, in the daemon's order. */
static int print_json(const struct top *top, cJSON *list)
{
    const cJSON *processes = mm_json_get(list, "processes");
    cJSON *shown = cJSON_CreateObject(), *rows = cJSON_AddArrayToObject(shown, "processes");
    char *text;

    (void)cJSON_AddItemReferenceToObject(shown, "status", top->status);
    for (size_t i = 0; i < top->model.count; i++)
        (void)cJSON_AddItemReferenceToArray(rows,
                                            cJSON_GetArrayItem(processes, (int)top->model.rows[i].place));
    text = cJSON_PrintUnformatted(shown);
    cJSON_Delete(shown);
    if (!text) {
        (void)fputs("memmgrctl: no memory\n", stderr);
        return MM_CTL_REFUSED;
    }
    (void)puts(text);
    cJSON_free(text);
    return MM_CTL_OK;
}

static int print_look(struct top *top)
{
    cJSON *list;
    int result = look(top, &list);

    if (result != MM_CTL_OK)
        return result;
    if (top->ctl->is_json)
        result = print_json(top, list);
    else
        print_rows(top);
    cJSON_Delete(list);
    return result == MM_CTL_OK ? mm_flush_output(top->ctl) : result;
}

static int run_plain(struct top *top)
{
    struct pollfd signals = {.fd = top->signal_fd, .events = POLLIN};
    int result = MM_CTL_OK;

    for (;;) {
        result = print_look(top);
        if (result != MM_CTL_OK || (top->left > 0 && --top->left == 0))
            return result;
        if (poll(&signals, 1, (int)top->interval_ms) > 0)
            return MM_CTL_OK;
    }
}

/* ---- on the screen -------------------------------------------------------------------------------------- */

/* What is said on standard error while the screen is ours goes into its last line. */
static int capture_errors(struct top *top)
{
    top->error_fd = memfd_create("memmgrctl", MFD_CLOEXEC);
    top->stderr_fd = dup(STDERR_FILENO);
    if (top->error_fd < 0 || top->stderr_fd < 0 || dup2(top->error_fd, STDERR_FILENO) < 0)
        return -errno;
    return 0;
}

static void release_errors(const struct top *top)
{
    if (top->stderr_fd >= 0 && dup2(top->stderr_fd, STDERR_FILENO) >= 0)
        (void)close(top->stderr_fd);
    if (top->error_fd >= 0)
        (void)close(top->error_fd);
}

static void take_message(struct top *top)
{
    char text[sizeof(top->screen.message)];
    ssize_t length;

    (void)fflush(stderr);
    length = pread(top->error_fd, text, sizeof(text) - 1, 0);
    (void)ftruncate(top->error_fd, 0);
    (void)lseek(top->error_fd, 0, SEEK_SET);
    text[MM_MAX(length, 0)] = '\0';
    text[strcspn(text, "\n")] = '\0';
    (void)mm_clean_text(text, top->screen.message, sizeof(top->screen.message));
}

static void look_and_draw(struct top *top)
{
    cJSON *list = NULL;

    if (look(top, &list) == MM_CTL_OK) {
        top->screen.message[0] = '\0';
        cJSON_Delete(list);
    } else {
        take_message(top);
    }
    mm_top_screen_draw(&top->screen, &top->model, top->status);
}

/* Returns true when it is to end. */
static bool take_signal(struct top *top)
{
    struct signalfd_siginfo info;

    if (read(top->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return false;
    if (info.ssi_signo != SIGWINCH)
        return true;
    mm_top_screen_resize();
    mm_top_screen_draw(&top->screen, &top->model, top->status);
    return false;
}

/* Returns true when it is to end. */
static bool take_keys(struct top *top)
{
    for (;;) {
        switch (mm_top_screen_take_key(&top->screen, &top->model)) {
        case MM_TOP_QUIT:
            return true;
        case MM_TOP_REFRESH:
            look_and_draw(top);
            break;
        case MM_TOP_REDRAW:
            mm_top_screen_draw(&top->screen, &top->model, top->status);
            break;
        default:
            return false;
        }
    }
}

static int run_on_screen(struct top *top)
{
    struct pollfd pollers[] = {
        {.fd = top->signal_fd, .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN},
    };
    int64_t next_ms = mm_ctl_now_ms();

    for (;;) {
        int64_t wait_ms = next_ms - mm_ctl_now_ms();

        if (wait_ms <= 0 && !top->screen.is_paused) {
            look_and_draw(top);
            if (top->left > 0 && --top->left == 0)
                return MM_CTL_OK;
            next_ms = mm_ctl_now_ms() + top->interval_ms;
            continue;
        }
        if (poll(pollers, MM_ARRAY_SIZE(pollers), top->screen.is_paused ? -1 : (int)wait_ms) < 0 &&
            errno != EINTR)
            return MM_CTL_REFUSED;
        if (pollers[0].revents && take_signal(top))
            return MM_CTL_OK;
        /* the terminal is gone */
        if (pollers[1].revents & (POLLERR | POLLHUP | POLLNVAL))
            return MM_CTL_OK;
        if (pollers[1].revents && take_keys(top))
            return MM_CTL_OK;
    }
}

/* ---- the command ---------------------------------------------------------------------------------------- */

static int block_signals(int *ret_fd)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGWINCH);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    *ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *ret_fd < 0 ? -errno : 0;
}

static int read_options(struct top *top)
{
    const struct mm_ctl *ctl = top->ctl;
    const char *interval = mm_ctl_option(ctl, "interval"), *count = mm_ctl_option(ctl, "count");
    const char *sort = mm_ctl_option(ctl, "sort"), *filter = mm_ctl_option(ctl, "filter");
    int result = MM_CTL_OK;

    top->interval_ms = INTERVAL_MS_DEFAULT / 1000;
    top->left = top->is_full_screen ? -1 : 1;
    if (interval)
        result = mm_ctl_number(ctl, "--interval", interval, 1, 3600, &top->interval_ms);
    if (result == MM_CTL_OK && count)
        result = mm_ctl_number(ctl, "--count", count, 1, INT32_MAX, &top->left);
    top->interval_ms *= 1000;
    if (result == MM_CTL_OK && sort && mm_top_order_parse(sort, &top->model.order) < 0)
        result = mm_ctl_usage(
            ctl, "--sort: \"%s\" is none of death, size, name, pid, cpu, gpu and gpu-memory", sort);
    if (result == MM_CTL_OK && filter && strlen(filter) >= sizeof(top->model.filter))
        result =
            mm_ctl_usage(ctl, "--filter: the text is longer than %zu bytes", sizeof(top->model.filter) - 1);
    if (result == MM_CTL_OK && filter)
        mm_copy_text(top->model.filter, sizeof(top->model.filter), filter);
    top->model.is_reversed = mm_ctl_option(ctl, "reverse") != NULL;
    return result;
}

static int run_full_screen(struct top *top)
{
    int result;

    if (mm_top_screen_open(&top->screen) < 0) {
        (void)fputs("memmgrctl: this terminal's type (TERM) is not known; --count 1 shows the list once\n",
                    stderr);
        return MM_CTL_REFUSED;
    }
    if (capture_errors(top) < 0)
        result = MM_CTL_REFUSED;
    else
        result = run_on_screen(top);
    mm_top_screen_close();
    release_errors(top);
    return result;
}

static int run(struct mm_ctl *ctl)
{
    struct top top = {.ctl = ctl, .signal_fd = -1, .error_fd = -1, .stderr_fd = -1};
    int result;

    top.is_full_screen = !ctl->is_json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    result = read_options(&top);
    /* that nobody is there is said before the screen is taken */
    if (result == MM_CTL_OK)
        result = mm_session_open(ctl, &top.session);
    top.is_connected = result == MM_CTL_OK;
    if (result == MM_CTL_OK && block_signals(&top.signal_fd) < 0)
        result = MM_CTL_REFUSED;
    if (result == MM_CTL_OK)
        result = top.is_full_screen ? run_full_screen(&top) : run_plain(&top);
    disconnect(&top);
    cJSON_Delete(top.status);
    mm_top_model_fini(&top.model);
    if (top.signal_fd >= 0)
        (void)close(top.signal_fd);
    return result;
}

const struct mm_ctl_command mm_ctl_top = {
    .name = "top",
    .summary = "show the list and the state of memory on the whole screen, again and again",
    .arguments = "",
    .details =
        "keys:\n"
        "  d, s, n, i           order of death, by size, by name, by pid\n"
        "  c                    by run time, where cpuflow collects it: memmgrctl flows start cpuflow\n"
        "  g, m                 by use of graphics hardware and by its memory, likewise: gpuflow\n"
        "  r                    the other way round\n"
        "  /                    only names with what is typed (or that pid); Escape: all\n"
        "  arrows, pages, Home  scroll\n"
        "  space                pause\n"
        "  q                    end\n"
        "Where input or output is no terminal the list is printed; with --json one object a line.",
    .options = options,
    .run = run,
};
