/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memmgr-config: all that reads or writes configuration files, apart from the daemon, so that libxml2 is never in
 * it and a parser's mistakes happen without privileges. The daemon runs it as "memmgr-config --items"; people as
 * "memmgrctl config".
 */
#include "service/config_tool/config_tool.h"

#include <signal.h>
#include <string.h>

/* What memmgrctl calls us, so that usage and help show what people type. */
#define CALLED_BY_MEMMGRCTL "memmgrctl config"

static const struct mm_ctl_command *const commands[] = {
    &mm_config_check_command,  &mm_config_show_command,
    &mm_config_diff_command,   &mm_config_explain_command,
    &mm_config_init_command,   &mm_config_migrate_command,
    &mm_config_schema_command, &mm_config_items_command,
    &mm_ctl_help_command,      NULL,
};

static const struct mm_ctl_option options[] = {
    {"ram-mb", "N", "for a device with N MB of RAM, instead of this one"},
    {"screen-inches", "N", "with a screen of N inches"},
    {"device", "NAME", "of this name"},
    {"search-path", "DIRS", "DIR[:DIR...]: where files are looked for when none is named"},
    {"max-bytes", "N", "in all files together, 8 MiB without it"},
    {.name = NULL},
};

int main(int argc, char **argv)
{
    const struct mm_ctl_program program = {
        .name = argc > 0 && strcmp(argv[0], CALLED_BY_MEMMGRCTL) == 0 ? CALLED_BY_MEMMGRCTL : "memmgr-config",
        .purpose =
            "Checks memmgr's configuration files, shows and compares what they mean, and writes new ones.",
        .statuses = "  0  fine\n"
                    "  1  check --strict: nothing worse than warnings; diff: different\n"
                    "  2  a file is not valid, or what was asked for cannot be done\n"
                    "  3  wrong usage\n"
                    "  4  no memory, or the output could not be written",
        .options = options,
        .commands = commands,
        .wrong_usage = MM_CONFIG_USAGE,
        .failure = MM_CONFIG_FAILED,
    };
    struct mm_ctl ctl = {.program = &program};
    bool is_done = false;
    int result, flushed;

    mm_ctl_occupy_streams();
    /* A daemon that went away is an error of writing, not a death; so is a file that may not grow. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    ctl.is_coloured = mm_ctl_wants_colour();
    /* The daemon's spelling. */
    if (argc > 1 && strcmp(argv[1], "--items") == 0)
        argv[1] += strlen("--");
    result = mm_ctl_parse(argc, argv, &ctl, &is_done);
    if (!is_done)
        result = ctl.command->run(&ctl);
    flushed = mm_flush_output(&ctl);
    return result != MM_CONFIG_OK ? result : flushed;
}
