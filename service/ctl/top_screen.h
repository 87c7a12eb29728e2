/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of "memmgrctl top": draws what the model holds, and gives the terminal back as it was. */
#ifndef MM_SERVICE_TOP_SCREEN_H
#define MM_SERVICE_TOP_SCREEN_H

#include "service/ctl/top_model.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a key asks for; the screen itself scrolls and reads the filter. */
enum mm_top_action {
    MM_TOP_NOTHING,
    MM_TOP_REDRAW,  /* order, place or filter changed: the rows at hand */
    MM_TOP_REFRESH, /* the daemon is to be asked now */
    MM_TOP_QUIT,
};

struct mm_top_screen {
    size_t first;      /* row at the top */
    bool is_paused;    /* nothing is asked for until a key says so */
    bool reads_filter; /* keys go into the model's filter */
    char message[160]; /* what went wrong last; "": nothing */
};

/* Takes the terminal. -ENOTTY where standard input or output is none or its type is not known. */
int mm_top_screen_open(struct mm_top_screen *screen);
/* Gives it back; more than once does no harm. */
void mm_top_screen_close(void);

/* status: the daemon's answer to "status"; NULL where there is none yet. */
void mm_top_screen_draw(struct mm_top_screen *screen, const struct mm_top_model *model, const cJSON *status);

/* The terminal has another size. */
void mm_top_screen_resize(void);

/* Handles the keys that wait, until one asks for something; MM_TOP_NOTHING when none is left. */
enum mm_top_action mm_top_screen_take_key(struct mm_top_screen *screen, struct mm_top_model *model);

#ifdef __cplusplus
}
#endif

#endif
