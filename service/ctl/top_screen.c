/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ctl/top_screen.h"

#include "common/common.h"
#include "service/ctl/memmgrctl.h"
#include "service/shared/clean_text.h"

#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* Summary above the rows and, below them, the line of keys. */
#define HEAD_LINES         4
#define FOOT_LINES         1
#define NAME_COLUMNS       24
#define LINE_MAX_BYTES     1024
#define MEASURES_MAX_BYTES 128

static const char key_help[] =
    "q quit  d death s size n name i pid c cpu g gpu  r turn  / filter  space pause  arrows, pages scroll";

int mm_top_screen_open(struct mm_top_screen *screen)
{
    (void)setlocale(LC_CTYPE, "");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !newterm(NULL, stdout, stdin))
        return -ENOTTY;
    *screen = (struct mm_top_screen){.first = 0};
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)curs_set(0);
    /* an Escape alone ends the filter: it need not be waited for */
    (void)set_escdelay(25);
    return 0;
}

void mm_top_screen_close(void)
{
    if (stdscr && !isendwin())
        (void)endwin();
}

void mm_top_screen_resize(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        (void)resizeterm(size.ws_row, size.ws_col);
    (void)clear();
}

/* ---- drawing -------------------------------------------------------------------------------------------- */

/* How many bytes of the text take at most that many columns. */
static size_t fitting_bytes(const char *text, int columns)
{
    size_t length = strlen(text), used = 0;
    mbstate_t state = {0};
    wchar_t character;

    while (used < length) {
        size_t bytes = mbrtowc(&character, text + used, length - used, &state);
        int width;

        /* not of this locale's encoding: a column each, and the terminal makes of it what it can */
        if (bytes == (size_t)-1 || bytes == (size_t)-2 || bytes == 0) {
            state = (mbstate_t){0};
            bytes = 1;
            width = 1;
        } else {
            width = MM_MAX(wcwidth(character), 0);
        }
        if (width > columns)
            break;
        columns -= width;
        used += bytes;
    }
    return used;
}

static int columns_of(const char *text, size_t bytes)
{
    int columns = 0;

    /* the width at which one byte more would fit */
    while (fitting_bytes(text, columns) < bytes)
        columns++;
    return columns;
}

/* The line is cut at the edge, and padded with blanks up to it where is_bar. */
static void draw_line(int line, attr_t attributes, bool is_bar, const char *text)
{
    if (line < 0 || line >= LINES)
        return;
    (void)attrset((int)attributes);
    (void)move(line, 0);
    (void)clrtoeol();
    if (is_bar) {
        for (int column = 0; column < COLS; column++)
            (void)mvaddch(line, column, ' ');
        (void)move(line, 0);
    }
    (void)addnstr(text, (int)fitting_bytes(text, COLS));
    (void)attrset(A_NORMAL);
}

static const char *size_of(const cJSON *object, const char *name, char *text)
{
    return mm_size_text((uint64_t)MM_MAX(mm_json_get_number(object, name), 0), text, MM_SIZE_TEXT_MAX);
}

static void draw_title(const cJSON *status)
{
    const cJSON *daemon = mm_json_get(status, "daemon"), *kill = mm_json_get(status, "kill"),
                *reclaim = mm_json_get(status, "reclaim"), *memory = mm_json_get(status, "memory");
    char line[LINE_MAX_BYTES], clock[16] = "", uptime[MM_DURATION_TEXT_MAX];
    time_t now = time(NULL);
    struct tm local;

    if (localtime_r(&now, &local))
        (void)strftime(clock, sizeof(clock), "%H:%M:%S", &local);
    (void)mm_format(line, sizeof(line), "memmgr top  %s  up %s  level %s  %.0f kills%s%s%s", clock,
                    mm_duration_text(mm_json_get_number(daemon, "uptime_ms"), uptime, sizeof(uptime)),
                    mm_json_get_text(memory, "level"), mm_json_get_number(kill, "kills"),
                    mm_json_get_bool(kill, "is_killing") ? "  killing" : "",
                    mm_json_get_bool(reclaim, "is_squeezing") ? "  squeezing" : "",
                    mm_json_get_bool(daemon, "dry_run") ? "  dry run: nothing is changed" : "");
    draw_line(0, A_BOLD, false, line);
}

static void draw_memory(const cJSON *status)
{
    const cJSON *memory = mm_json_get(status, "memory"), *pressure = mm_json_get(status, "pressure");
    char line[LINE_MAX_BYTES], available[MM_SIZE_TEXT_MAX], total[MM_SIZE_TEXT_MAX], swap[MM_SIZE_TEXT_MAX];
    size_t used;

    if (!cJSON_IsObject(memory)) {
        draw_line(1, A_BOLD, false, "memory cannot be read");
        return;
    }
    used = mm_format(line, sizeof(line), "%s of %s available", size_of(memory, "available_bytes", available),
                     size_of(memory, "total_bytes", total));
    if (mm_json_get_number(memory, "swap_total_bytes") > 0)
        used += mm_format(line + used, sizeof(line) - used, ", %s of swap free",
                          size_of(memory, "swap_free_bytes", swap));
    else
        used += mm_format(line + used, sizeof(line) - used, ", no swap");
    if (cJSON_IsObject(pressure))
        (void)mm_format(line + used, sizeof(line) - used, "  stalled of 10 s: some %.2f %%, full %.2f %%",
                        mm_json_get_number(mm_json_get(pressure, "some"), "average_10s_centipercent") / 100,
                        mm_json_get_number(mm_json_get(pressure, "full"), "average_10s_centipercent") / 100);
    draw_line(1, A_NORMAL, false, line);
}

static void draw_waterlines(const cJSON *status)
{
    const cJSON *kill = mm_json_get(status, "kill"), *level;
    char line[LINE_MAX_BYTES], text[MM_SIZE_TEXT_MAX];
    size_t used = mm_format(line, sizeof(line), "squeezes below %s, kills",
                            size_of(mm_json_get(status, "reclaim"), "min_avail_bytes", text));

    cJSON_ArrayForEach (level, mm_json_get(kill, "levels")) {
        used += mm_format(line + used, sizeof(line) - used, "  below %s from %.0f",
                          size_of(level, "memory_bytes", text), mm_json_get_number(level, "min_priority"));
    }
    draw_line(2, A_NORMAL, false, mm_json_get_bool(kill, "enabled") ? line : "kills nobody: switched off");
}

/* The columns of what is collected, each as wide as its head or its texts; of the row, or of the head. */
static void format_measures(const struct mm_top_model *model, const struct mm_top_row *row, char *line,
                            size_t size)
{
    char text[MM_TOP_MEASURE_MAX];
    size_t used = 0;

    line[0] = '\0';
    for (int i = 0; i < MM_TOP_MEASURE_COUNT; i++) {
        enum mm_top_measure measure = (enum mm_top_measure)i;

        if (model->has_measure[i])
            used += mm_format(line + used, size - used, " %*s", measure == MM_TOP_GPU_MEMORY ? 10 : 7,
                              row ? mm_top_measure_text(measure, row->measures[i], text)
                                  : mm_top_measure_title(measure));
    }
}

static void draw_row(int line, const struct mm_top_row *row, const struct mm_top_model *model)
{
    const size_t name_bytes = fitting_bytes(row->name, NAME_COLUMNS);
    const int padding = NAME_COLUMNS - columns_of(row->name, name_bytes);
    char text[LINE_MAX_BYTES], size[MM_SIZE_TEXT_MAX], measures[MEASURES_MAX_BYTES];

    format_measures(model, row, measures, sizeof(measures));
    (void)mm_format(text, sizeof(text), "%6lld %8lld %8lld %8lld %10s%s  %.*s%*s  %s",
                    (long long)row->bundle_priority, (long long)row->priority, (long long)row->pid,
                    (long long)row->uid,
                    mm_size_text((uint64_t)MM_MAX(row->resident_bytes, 0), size, sizeof(size)), measures,
                    (int)name_bytes, row->name, padding, "", row->why);
    draw_line(line, row->is_registered ? A_BOLD : A_NORMAL, false, text);
}

static size_t rows_on_screen(void)
{
    return (size_t)MM_MAX(LINES - HEAD_LINES - FOOT_LINES, 1);
}

static void draw_foot(const struct mm_top_screen *screen, const struct mm_top_model *model)
{
    char line[LINE_MAX_BYTES];

    if (screen->reads_filter)
        (void)mm_format(line, sizeof(line), "only names with: %s_  (Enter takes it, Escape shows all)",
                        model->filter);
    else if (screen->message[0])
        mm_copy_text(line, sizeof(line), screen->message);
    else
        (void)mm_format(line, sizeof(line), "%s%s", screen->is_paused ? "PAUSED  " : "", key_help);
    draw_line(LINES - 1, screen->message[0] && !screen->reads_filter ? A_BOLD : A_DIM, false, line);
}

void mm_top_screen_draw(struct mm_top_screen *screen, const struct mm_top_model *model, const cJSON *status)
{
    const size_t rows = rows_on_screen();
    char line[LINE_MAX_BYTES], measures[MEASURES_MAX_BYTES];

    screen->first = MM_MIN(screen->first, model->count > rows ? model->count - rows : 0);
    if (status) {
        draw_title(status);
        draw_memory(status);
        draw_waterlines(status);
    }
    format_measures(model, NULL, measures, sizeof(measures));
    (void)mm_format(line, sizeof(line),
                    "BUNDLE PRIORITY      PID      UID       SIZE%s  NAME (%zu of %zu, by %s%s%s%s)",
                    measures, model->count, model->total, mm_top_order_name(model->order),
                    model->is_reversed ? ", reversed" : "", model->filter[0] ? ", with " : "", model->filter);
    draw_line(HEAD_LINES - 1, A_REVERSE, true, line);
    for (size_t i = 0; i < rows; i++) {
        if (screen->first + i < model->count)
            draw_row(HEAD_LINES + (int)i, &model->rows[screen->first + i], model);
        else
            draw_line(HEAD_LINES + (int)i, A_NORMAL, false, "");
    }
    draw_foot(screen, model);
    (void)refresh();
}

/* ---- keys ----------------------------------------------------------------------------------------------- */

static enum mm_top_action take_filter_key(struct mm_top_screen *screen, struct mm_top_model *model, int key)
{
    size_t length = strlen(model->filter);

    if (key == '\n' || key == '\r' || key == KEY_ENTER) {
        screen->reads_filter = false;
    } else if (key == 27) {
        model->filter[0] = '\0';
        screen->reads_filter = false;
    } else if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
        /* a character of UTF-8 is taken away as a whole */
        while (length > 0 && ((unsigned char)model->filter[--length] & 0xc0) == 0x80)
            continue;
        model->filter[length] = '\0';
    } else if (key >= ' ' && key < 256 && length + 1 < sizeof(model->filter)) {
        model->filter[length] = (char)key;
        model->filter[length + 1] = '\0';
    } else {
        return MM_TOP_NOTHING;
    }
    screen->first = 0;
    return MM_TOP_REFRESH;
}

static bool take_order_key(struct mm_top_model *model, int key)
{
    static const struct {
        int key;
        enum mm_top_order order;
    } keys[] = {
        {'d', MM_TOP_BY_DEATH}, {'s', MM_TOP_BY_SIZE}, {'n', MM_TOP_BY_NAME},       {'i', MM_TOP_BY_PID},
        {'c', MM_TOP_BY_CPU},   {'g', MM_TOP_BY_GPU},  {'m', MM_TOP_BY_GPU_MEMORY},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(keys); i++) {
        if (keys[i].key == key) {
            model->order = keys[i].order;
            return true;
        }
    }
    if (key == 'r')
        model->is_reversed = !model->is_reversed;
    return key == 'r';
}

/* Drawing keeps the place within the rows there are. */
static bool take_place_key(struct mm_top_screen *screen, const struct mm_top_model *model, int key)
{
    const size_t page = rows_on_screen();
    const struct {
        int key;
        size_t first;
    } keys[] = {
        {KEY_UP, screen->first - MM_MIN(screen->first, (size_t)1)},
        {KEY_DOWN, screen->first + 1},
        {KEY_PPAGE, screen->first - MM_MIN(screen->first, page)},
        {KEY_NPAGE, screen->first + page},
        {KEY_HOME, 0},
        {KEY_END, model->count},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(keys); i++) {
        if (keys[i].key == key) {
            screen->first = keys[i].first;
            return true;
        }
    }
    return false;
}

static enum mm_top_action take_one(struct mm_top_screen *screen, struct mm_top_model *model, int key)
{
    if (screen->reads_filter)
        return take_filter_key(screen, model, key);
    if (take_order_key(model, key)) {
        mm_top_model_sort(model);
        screen->first = 0;
        return MM_TOP_REDRAW;
    }
    if (take_place_key(screen, model, key))
        return MM_TOP_REDRAW;
    switch (key) {
    case 'q':
    case 'Q':
        return MM_TOP_QUIT;
    case '/':
        screen->reads_filter = true;
        return MM_TOP_REDRAW;
    case ' ':
        screen->is_paused = !screen->is_paused;
        return screen->is_paused ? MM_TOP_REDRAW : MM_TOP_REFRESH;
    default:
        return MM_TOP_NOTHING;
    }
}

enum mm_top_action mm_top_screen_take_key(struct mm_top_screen *screen, struct mm_top_model *model)
{
    int key;

    while ((key = getch()) != ERR) {
        enum mm_top_action action = take_one(screen, model, key);

        if (action != MM_TOP_NOTHING)
            return action;
    }
    return MM_TOP_NOTHING;
}
