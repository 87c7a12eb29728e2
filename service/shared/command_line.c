/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a program with commands, and its help, both from the tables of commands and options. */
#include "service/shared/command_line.h"

#include "common/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of every program. */
static const struct mm_ctl_option common_options[] = {
    {"help", NULL, "print this help"},
    {"version", NULL, "print the version"},
    {.name = NULL},
};

static const struct mm_ctl_option no_options[] = {{.name = NULL}};

static const struct mm_ctl_option *options_of(const struct mm_ctl_command *command)
{
    return command && command->options ? command->options : no_options;
}

/* An option as it was typed: --name, --name=value, -l, -lvalue. */
struct typed_option {
    const char *word;
    const char *name; /* NULL for a letter */
    size_t length;    /* of the name */
    char letter;
    const char *attached; /* value; NULL: none */
};

static struct typed_option take_apart(const char *word)
{
    struct typed_option typed = {.word = word};

    if (word[1] != '-') {
        typed.letter = word[1];
        typed.attached = word[2] ? word + 2 : NULL;
        return typed;
    }
    typed.name = word + 2;
    typed.length = strcspn(typed.name, "=");
    typed.attached = typed.name[typed.length] == '=' ? typed.name + typed.length + 1 : NULL;
    return typed;
}

static const struct mm_ctl_option *find_option(const struct mm_ctl_option *options,
                                               const struct typed_option *typed)
{
    const struct mm_ctl_option *found = NULL;

    for (; options->name; options++) {
        if (typed->name && strlen(options->name) == typed->length &&
            strncmp(options->name, typed->name, typed->length) == 0)
            return options;
        if (typed->name || options->name[0] != typed->letter)
            continue;
        if (found)
            return NULL;
        found = options;
    }
    return found;
}

static const char *nearest_option(const struct mm_ctl *ctl, const char *written)
{
    const struct mm_ctl_option *const tables[] = {options_of(ctl->command), ctl->program->options,
                                                  common_options};
    struct mm_nearest nearest = mm_nearest_to(written);

    for (size_t i = 0; i < MM_ARRAY_SIZE(tables); i++) {
        for (const struct mm_ctl_option *option = tables[i]; option->name; option++)
            mm_nearest_offer(&nearest, option->name);
    }
    return nearest.name;
}

static const struct mm_ctl_command *find_command(const struct mm_ctl_program *program, const char *name)
{
    for (size_t i = 0; program->commands[i]; i++) {
        if (strcmp(program->commands[i]->name, name) == 0)
            return program->commands[i];
    }
    return NULL;
}

static const char *nearest_command(const struct mm_ctl_program *program, const char *written)
{
    struct mm_nearest nearest = mm_nearest_to(written);

    for (size_t i = 0; program->commands[i]; i++)
        mm_nearest_offer(&nearest, program->commands[i]->name);
    return nearest.name;
}

int mm_ctl_usage(const struct mm_ctl *ctl, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "%s: ", ctl->program->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\nTry: %s help%s%s\n", ctl->program->name, ctl->command ? " " : "",
                  ctl->command ? ctl->command->name : "");
    return ctl->program->wrong_usage;
}

static const char *value_in(const struct mm_ctl_option *options, const char *const *values, const char *name)
{
    for (size_t i = 0; options[i].name; i++) {
        if (strcmp(options[i].name, name) == 0)
            return values[i];
    }
    return NULL;
}

const char *mm_ctl_option(const struct mm_ctl *ctl, const char *name)
{
    const char *value = value_in(options_of(ctl->command), ctl->values, name);

    return value ? value : value_in(ctl->program->options, ctl->program_values, name);
}

int mm_ctl_number(const struct mm_ctl *ctl, const char *name, const char *text, int64_t min, int64_t max,
                  int64_t *ret_value)
{
    if (mm_parse_i64(text, min, max, ret_value) == 0)
        return 0;
    return mm_ctl_usage(ctl, "%s: \"%s\" is no whole number from %lld to %lld", name, text, (long long)min,
                        (long long)max);
}

static int unknown_command(const struct mm_ctl *ctl, const char *name)
{
    const char *nearest = nearest_command(ctl->program, name);

    if (nearest)
        return mm_ctl_usage(ctl, "unknown command \"%s\", is \"%s\" meant?", name, nearest);
    return mm_ctl_usage(ctl, "unknown command \"%s\"", name);
}

/* ---- help -------------------------------------------------------------------------------------------- */

/* Without the one of that name, which may be NULL. */
static void print_options(const struct mm_ctl_option *options, const char *left_out)
{
    for (; options->name; options++) {
        char left[64];

        if (left_out && strcmp(options->name, left_out) == 0)
            continue;
        (void)mm_format(left, sizeof(left), "--%s%s%s", options->name, options->value ? " " : "",
                        options->value ? options->value : "");
        (void)printf("  %-22s %s\n", left, options->summary);
    }
}

static void print_overview(const struct mm_ctl_program *program)
{
    (void)printf("usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\n%s\n\ncommands:\n", program->name,
                 program->purpose);
    for (size_t i = 0; program->commands[i]; i++)
        (void)printf("  %-22s %s\n", program->commands[i]->name, program->commands[i]->summary);
    (void)puts("\noptions:");
    print_options(program->options, NULL);
    print_options(common_options, NULL);
    (void)printf("\nexit status:\n%s\n", program->statuses);
}

static void print_command(const struct mm_ctl_program *program, const struct mm_ctl_command *command)
{
    (void)printf("usage: %s %s [OPTIONS]%s%s\n\n%s\n\noptions:\n", program->name, command->name,
                 command->arguments[0] ? " " : "", command->arguments, command->summary);
    print_options(options_of(command), NULL);
    print_options(program->options, command->asks_no_daemon ? program->daemon_option : NULL);
    print_options(common_options, NULL);
    if (command->details)
        (void)printf("\n%s\n", command->details);
}

/* On one command, or on all when it is NULL; what is another program's is explained by that, which is asked for
   its command `detail`, or for all when that is NULL. */
static int explain(struct mm_ctl *ctl, const struct mm_ctl_command *command, char *detail)
{
    char word[] = "help";
    char *words[] = {word, detail};

    if (command && command->takes_rest) {
        ctl->arguments = words;
        ctl->argument_count = detail ? 2 : 1;
        return command->run(ctl);
    }
    if (command)
        print_command(ctl->program, command);
    else
        print_overview(ctl->program);
    return 0;
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

static int unknown_option(const struct mm_ctl *ctl, const struct typed_option *typed)
{
    const char *nearest = typed->name ? nearest_option(ctl, typed->name) : NULL;

    if (nearest)
        return mm_ctl_usage(ctl, "unknown option \"%s\", is --%s meant?", typed->word, nearest);
    return mm_ctl_usage(ctl, "unknown option \"%s\"", typed->word);
}

/* In the command's table, the program's, or that of all programs; *ret_slot is where its value goes, NULL for
   the last. */
static const struct mm_ctl_option *look_up(struct mm_ctl *ctl, const struct typed_option *typed,
                                           const char ***ret_slot)
{
    const struct mm_ctl_option *own = options_of(ctl->command), *shared = ctl->program->options;
    const struct mm_ctl_option *option = find_option(own, typed);

    if (option) {
        *ret_slot = &ctl->values[option - own];
        return option;
    }
    option = find_option(shared, typed);
    *ret_slot = option ? &ctl->program_values[option - shared] : NULL;
    return option ? option : find_option(common_options, typed);
}

/* One word that begins with a dash. */
static int parse_option(struct parser *parser, const char *word)
{
    struct mm_ctl *ctl = parser->ctl;
    const struct typed_option typed = take_apart(word);
    const char **slot;
    const struct mm_ctl_option *option = look_up(ctl, &typed, &slot);
    const char *value = "";

    if (!option)
        return unknown_option(ctl, &typed);
    if (!option->value && typed.attached)
        return mm_ctl_usage(ctl, "option --%s takes no value", option->name);
    if (option->value)
        value = value_of(parser, option, typed.attached);
    if (!value)
        return ctl->program->wrong_usage;
    if (slot)
        *slot = value;
    else if (strcmp(option->name, "help") == 0)
        parser->wants_help = true;
    else
        parser->wants_version = true;
    if (strcmp(option->name, "json") == 0)
        ctl->is_json = true;
    return 0;
}

static int parse_words(struct parser *parser)
{
    struct mm_ctl *ctl = parser->ctl;

    while (parser->next < parser->argc) {
        char *word = parser->argv[parser->next++];
        int result = 0;

        if (!parser->is_past_options && strcmp(word, "--") == 0) {
            parser->is_past_options = true;
        } else if (!parser->is_past_options && word[0] == '-' && word[1] != '\0') {
            result = parse_option(parser, word);
        } else if (!ctl->command) {
            ctl->command = find_command(ctl->program, word);
            if (!ctl->command)
                result = unknown_command(ctl, word);
            else if (ctl->command->takes_rest)
                parser->is_past_options = true;
        } else {
            /* Arguments are gathered at the front: every word there has been read. */
            parser->argv[ctl->argument_count++] = word;
        }
        if (result != 0)
            return result;
    }
    ctl->arguments = parser->argv;
    return 0;
}

int mm_ctl_parse(int argc, char **argv, struct mm_ctl *ctl, bool *ret_is_done)
{
    struct parser parser = {.argc = argc, .next = argc > 0 ? 1 : 0, .argv = argv, .ctl = ctl};
    int result = parse_words(&parser);

    *ret_is_done = true;
    if (result != 0)
        return result;
    if (parser.wants_version) {
        (void)printf("%s " MM_VERSION "\n", ctl->program->name);
        return 0;
    }
    if (parser.wants_help)
        return explain(ctl, ctl->command, NULL);
    if (!ctl->command)
        return mm_ctl_usage(ctl, "no command is given");
    if (ctl->argument_count < ctl->command->min_arguments)
        return mm_ctl_usage(ctl, "%s: something is missing: %s", ctl->command->name, ctl->command->arguments);
    if (ctl->argument_count > ctl->command->max_arguments)
        return mm_ctl_usage(ctl, "%s: \"%s\" is too much", ctl->command->name,
                            ctl->arguments[ctl->command->max_arguments]);
    *ret_is_done = false;
    return 0;
}

/* ---- the command "help" ------------------------------------------------------------------------------ */

static int run_help(struct mm_ctl *ctl)
{
    const struct mm_ctl overall = {.program = ctl->program};
    const struct mm_ctl_command *command = NULL;
    char *detail = ctl->argument_count > 1 ? ctl->arguments[1] : NULL;

    if (ctl->argument_count > 0) {
        command = find_command(ctl->program, ctl->arguments[0]);
        if (!command)
            return unknown_command(&overall, ctl->arguments[0]);
    }
    if (detail && !command->takes_rest)
        return mm_ctl_usage(ctl, "help: \"%s\" is too much", detail);
    return explain(ctl, command, detail);
}

const struct mm_ctl_command mm_ctl_help_command = {
    .name = "help",
    .summary = "explain a command",
    .arguments = "[COMMAND [ITS COMMAND]]",
    .max_arguments = 2,
    .asks_no_daemon = true,
    .run = run_help,
};
