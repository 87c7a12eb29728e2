/* SPDX-License-Identifier: Apache-2.0 */
/* memmgrctl's command line and help, both from the tables of commands and options. */
#include "service/memmgrctl_commands.h"

#include "common/common.h"

#include <memmgr_client.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "Did you mean" is said up to this many edits. */
#define NEAREST_DISTANCE_MAX 3

static const struct mm_ctl_option global_options[] = {
    {"json", NULL, "print the daemon's answer as JSON"},
    {"socket", "PATH", "the daemon's control socket, instead of " MEMMGR_CLIENT_DEFAULT_PATH},
    {"help", NULL, "print this help"},
    {"version", NULL, "print the version"},
    {.name = NULL},
};

static const struct mm_ctl_option no_options[] = {{.name = NULL}};

static const struct mm_ctl_option *options_of(const struct mm_ctl_command *command)
{
    return command && command->options ? command->options : no_options;
}

static const struct mm_ctl_option *find_option(const struct mm_ctl_option *options, const char *name,
                                               size_t length)
{
    for (; options->name; options++) {
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    }
    return NULL;
}

/* Keeps the nearest of the names seen so far. */
static void consider(const char *written, const char *name, unsigned *best, const char **nearest)
{
    unsigned distance = mm_text_distance(written, name);

    if (distance < *best && distance < strlen(name)) {
        *best = distance;
        *nearest = name;
    }
}

static const char *nearest_option(const struct mm_ctl_command *command, const char *written)
{
    const struct mm_ctl_option *const tables[] = {options_of(command), global_options};
    unsigned best = NEAREST_DISTANCE_MAX + 1;
    const char *nearest = NULL;

    for (size_t i = 0; i < MM_ARRAY_SIZE(tables); i++) {
        for (const struct mm_ctl_option *option = tables[i]; option->name; option++)
            consider(written, option->name, &best, &nearest);
    }
    return nearest;
}

static const struct mm_ctl_command *find_command(const char *name)
{
    for (size_t i = 0; mm_ctl_commands[i]; i++) {
        if (strcmp(mm_ctl_commands[i]->name, name) == 0)
            return mm_ctl_commands[i];
    }
    return NULL;
}

static const char *nearest_command(const char *written)
{
    unsigned best = NEAREST_DISTANCE_MAX + 1;
    const char *nearest = NULL;

    for (size_t i = 0; mm_ctl_commands[i]; i++)
        consider(written, mm_ctl_commands[i]->name, &best, &nearest);
    return nearest;
}

int mm_ctl_usage(const struct mm_ctl *ctl, const char *format, ...)
{
    va_list arguments;

    (void)fputs("memmgrctl: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\nTry: memmgrctl help%s%s\n", ctl->command ? " " : "",
                  ctl->command ? ctl->command->name : "");
    return MM_CTL_USAGE;
}

const char *mm_ctl_option(const struct mm_ctl *ctl, const char *name)
{
    const struct mm_ctl_option *options = options_of(ctl->command);

    for (size_t i = 0; options[i].name; i++) {
        if (strcmp(options[i].name, name) == 0)
            return ctl->values[i];
    }
    return NULL;
}

int mm_ctl_number(const struct mm_ctl *ctl, const char *name, const char *text, int64_t min, int64_t max,
                  int64_t *ret_value)
{
    if (mm_parse_i64(text, min, max, ret_value) == 0)
        return MM_CTL_OK;
    return mm_ctl_usage(ctl, "%s: \"%s\" is no whole number from %lld to %lld", name, text, (long long)min,
                        (long long)max);
}

static int unknown_command(const struct mm_ctl *ctl, const char *name)
{
    const char *nearest = nearest_command(name);

    if (nearest)
        return mm_ctl_usage(ctl, "unknown command \"%s\", is \"%s\" meant?", name, nearest);
    return mm_ctl_usage(ctl, "unknown command \"%s\"", name);
}

/* ---- help -------------------------------------------------------------------------------------------- */

static void print_options(const struct mm_ctl_option *options)
{
    for (; options->name; options++) {
        char left[64];

        (void)mm_format(left, sizeof(left), "--%s%s%s", options->name, options->value ? " " : "",
                        options->value ? options->value : "");
        (void)printf("  %-22s %s\n", left, options->summary);
    }
}

static void print_overview(void)
{
    (void)puts("usage: memmgrctl [OPTIONS] COMMAND [ARGUMENTS]\n\n"
               "Asks the memory manager daemon memmgrd, and tells it what applications do.\n\ncommands:");
    for (size_t i = 0; mm_ctl_commands[i]; i++)
        (void)printf("  %-22s %s\n", mm_ctl_commands[i]->name, mm_ctl_commands[i]->summary);
    (void)puts("\noptions:");
    print_options(global_options);
    (void)puts("\nexit status:\n"
               "  0  done\n"
               "  1  the daemon refused, or the output could not be written\n"
               "  2  wrong usage\n"
               "  3  no daemon: nobody listens at the socket, or it may not be used\n"
               "  4  the daemon's answer was not understood, or did not come");
}

void mm_ctl_help(const struct mm_ctl_command *command)
{
    if (!command) {
        print_overview();
        return;
    }
    (void)printf("usage: memmgrctl %s [OPTIONS]%s%s\n\n%s\n\noptions:\n", command->name,
                 command->arguments[0] ? " " : "", command->arguments, command->summary);
    print_options(options_of(command));
    print_options(global_options);
    if (command->details)
        (void)printf("\n%s\n", command->details);
}

int mm_ctl_help_on(const char *name)
{
    const struct mm_ctl ctl = {.command = NULL};
    const struct mm_ctl_command *command = find_command(name);

    if (!command)
        return unknown_command(&ctl, name);
    mm_ctl_help(command);
    return MM_CTL_OK;
}

/* ---- the command line -------------------------------------------------------------------------------- */

/* Where the parser is. */
struct parser {
    int argc, next;
    char **argv;
    struct mm_ctl *ctl;
    bool wants_help, wants_version, is_past_options;
};

/* The text after "=", or the next argument; NULL after a complaint. */
static const char *value_of(struct parser *parser, const struct mm_ctl_option *option, const char *attached)
{
    if (attached)
        return attached;
    if (parser->next < parser->argc)
        return parser->argv[parser->next++];
    (void)mm_ctl_usage(parser->ctl, "option --%s needs a value: %s", option->name, option->value);
    return NULL;
}

static void set_global(struct parser *parser, const struct mm_ctl_option *option, const char *value)
{
    if (strcmp(option->name, "json") == 0)
        parser->ctl->is_json = true;
    if (strcmp(option->name, "socket") == 0)
        parser->ctl->socket_path = value;
    if (strcmp(option->name, "help") == 0)
        parser->wants_help = true;
    if (strcmp(option->name, "version") == 0)
        parser->wants_version = true;
}

/* One word that begins with a dash. */
static int parse_option(struct parser *parser, const char *word)
{
    const struct mm_ctl_option *own = options_of(parser->ctl->command);
    const char *name = strcmp(word, "-h") == 0 ? "help" : word + 2;
    size_t length = strcspn(name, "=");
    const char *attached = name[length] == '=' ? name + length + 1 : NULL;
    const struct mm_ctl_option *option = find_option(own, name, length);
    bool is_own = option != NULL;
    const char *value = "";

    if (word[1] != '-' && strcmp(word, "-h") != 0)
        return mm_ctl_usage(parser->ctl, "unknown option \"%s\"", word);
    if (!option)
        option = find_option(global_options, name, length);
    if (!option) {
        const char *nearest = nearest_option(parser->ctl->command, name);

        if (nearest)
            return mm_ctl_usage(parser->ctl, "unknown option \"%s\", is --%s meant?", word, nearest);
        return mm_ctl_usage(parser->ctl, "unknown option \"%s\"", word);
    }
    if (!option->value && attached)
        return mm_ctl_usage(parser->ctl, "option --%s takes no value", option->name);
    if (option->value)
        value = value_of(parser, option, attached);
    if (!value)
        return MM_CTL_USAGE;
    if (is_own)
        parser->ctl->values[option - own] = value;
    else
        set_global(parser, option, value);
    return MM_CTL_OK;
}

static int parse_words(struct parser *parser)
{
    struct mm_ctl *ctl = parser->ctl;

    while (parser->next < parser->argc) {
        char *word = parser->argv[parser->next++];
        int result = MM_CTL_OK;

        if (!parser->is_past_options && strcmp(word, "--") == 0) {
            parser->is_past_options = true;
        } else if (!parser->is_past_options && word[0] == '-' && word[1] != '\0') {
            result = parse_option(parser, word);
        } else if (!ctl->command) {
            ctl->command = find_command(word);
            if (!ctl->command)
                result = unknown_command(ctl, word);
        } else {
            /* Arguments are gathered at the front: every word there has been read. */
            parser->argv[ctl->argument_count++] = word;
        }
        if (result != MM_CTL_OK)
            return result;
    }
    ctl->arguments = parser->argv;
    return MM_CTL_OK;
}

int mm_ctl_parse(int argc, char **argv, struct mm_ctl *ctl, bool *ret_is_done)
{
    struct parser parser = {.argc = argc, .next = argc > 0 ? 1 : 0, .argv = argv, .ctl = ctl};
    int result = parse_words(&parser);

    *ret_is_done = true;
    if (result != MM_CTL_OK)
        return result;
    if (parser.wants_version) {
        (void)puts("memmgrctl " MM_VERSION);
        return MM_CTL_OK;
    }
    if (parser.wants_help) {
        mm_ctl_help(ctl->command);
        return MM_CTL_OK;
    }
    if (!ctl->command)
        return mm_ctl_usage(ctl, "no command is given");
    if (ctl->argument_count < ctl->command->min_arguments)
        return mm_ctl_usage(ctl, "%s: something is missing: %s", ctl->command->name, ctl->command->arguments);
    if (ctl->argument_count > ctl->command->max_arguments)
        return mm_ctl_usage(ctl, "%s: \"%s\" is too much", ctl->command->name,
                            ctl->arguments[ctl->command->max_arguments]);
    *ret_is_done = false;
    return MM_CTL_OK;
}

/* ---- the command "help" ------------------------------------------------------------------------------ */

static int run_help(struct mm_ctl *ctl)
{
    if (ctl->argument_count > 0)
        return mm_ctl_help_on(ctl->arguments[0]);
    mm_ctl_help(NULL);
    return MM_CTL_OK;
}

const struct mm_ctl_command mm_ctl_help_command = {
    .name = "help",
    .summary = "explain a command",
    .arguments = "[COMMAND]",
    .max_arguments = 1,
    .run = run_help,
};
