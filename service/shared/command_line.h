/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs for people that have commands, memmgrctl and memmgr-config: their command line, help and colours, all
 * from tables.
 */
#ifndef MM_SERVICE_COMMAND_LINE_H
#define MM_SERVICE_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mm_ctl_exit {
    MM_CTL_OK = 0,
    MM_CTL_REFUSED = 1,   /* the daemon said no, or the output could not be written */
    MM_CTL_USAGE = 2,     /* wrong command, option or argument */
    MM_CTL_NO_DAEMON = 3, /* nobody listens, or we may not connect */
    MM_CTL_PROTOCOL = 4,  /* an answer that makes no sense, or none in time */
};

/* "--limit N", "--limit=N"; -l where no other option of its table begins with that letter. */
struct mm_ctl_option {
    const char *name;    /* "limit" for --limit; NULL ends a table */
    const char *value;   /* what stands for the value in help, "N"; NULL: a flag */
    const char *summary; /* one line of help */
};

/* No command and no program has more. */
#define MM_CTL_OPTIONS_MAX 16

struct mm_ctl;

struct mm_ctl_command {
    const char *name;
    const char *summary;   /* one line of help */
    const char *arguments; /* "WORD [PID]"; "" for none */
    const char *details;   /* lines of help after the options, no newline behind; NULL: none */
    const struct mm_ctl_option *options;
    unsigned min_arguments, max_arguments;
    bool asks_no_daemon; /* help does not offer the program's daemon_option */
    bool takes_rest; /* all that follows its name is an argument, options too: they are another program's */
    int (*run)(struct mm_ctl *ctl); /* returns the exit status */
};

struct mm_ctl_program {
    const char *name;
    const char *purpose;  /* a sentence or two of the overview */
    const char *statuses; /* what the exit statuses mean, a line each; no newline behind */
    const struct mm_ctl_option
        *options;              /* of the program and each command; help, version and json are known */
    const char *daemon_option; /* of these the one that says how the daemon is reached; NULL: none */
    const struct mm_ctl_command *const *commands; /* in the order of help; the last is NULL */
    int wrong_usage, failure;                     /* exit statuses; failure: no memory, no output */
};

/* One invocation. */
struct mm_ctl {
    const struct mm_ctl_program *program;
    const struct mm_ctl_command *command;
    const char *socket_path; /* memmgrctl's; NULL: the default one */
    bool is_json;            /* an option "json" was given */
    bool is_coloured;
    const char *values[MM_CTL_OPTIONS_MAX]; /* of the command's options, in their order; "" for a flag */
    const char *program_values[MM_CTL_OPTIONS_MAX]; /* of the program's */
    char **arguments;
    unsigned argument_count;
};

/* ---- the command line (command_line.c) ---------------------------------------------------------------- */

/* Sets everything in ctl, of which program is set, from the command line; 0, or an exit status with
   *ret_is_done: help was printed, or the usage was wrong and has been explained. */
int mm_ctl_parse(int argc, char **argv, struct mm_ctl *ctl, bool *ret_is_done);

/* The option's text, the command's or the program's; "" for a flag that is given, NULL when it is not. */
const char *mm_ctl_option(const struct mm_ctl *ctl, const char *name);

/* A whole number from an option or argument; name is what the complaint calls it. 0 or an exit status. */
int mm_ctl_number(const struct mm_ctl *ctl, const char *name, const char *text, int64_t min, int64_t max,
                  int64_t *ret_value);

/* Says on standard error what is wrong with the usage; returns the exit status for it. */
__attribute__((format(printf, 2, 3))) int mm_ctl_usage(const struct mm_ctl *ctl, const char *format, ...);

/* "help [COMMAND]", for a program's table; of a command that takes the rest also that program's own commands. */
extern const struct mm_ctl_command mm_ctl_help_command;

/* ---- the standard streams (command_output.c) ----------------------------------------------------------- */

/*
 * A closed standard descriptor would be the next one that is opened: a socket or a file, into which help and
 * tables would then go. What is put in its place can be written by nobody, so that the output's error shows.
 */
void mm_ctl_occupy_streams(void);

/* Standard output is a terminal that shows colours, and NO_COLOR (no-color.org) does not forbid them. */
bool mm_ctl_wants_colour(void);

enum mm_style {
    MM_STYLE_PLAIN,
    MM_STYLE_TITLE,
    MM_STYLE_GOOD,
    MM_STYLE_WARN,
    MM_STYLE_BAD,
    MM_STYLE_FAINT,
    MM_STYLE_COUNT
};

/* "\033[1m" or, where there is no colour, "". */
const char *mm_style_begin(const struct mm_ctl *ctl, enum mm_style style);
const char *mm_style_end(const struct mm_ctl *ctl, enum mm_style style);

/* What is on its way to standard output is written; 0, or program->failure after saying why not. */
int mm_flush_output(const struct mm_ctl *ctl);

#ifdef __cplusplus
}
#endif

#endif
