/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of memmgrd. */
#include "common/common.h"
#include "config/config.h"
#include "service/daemon.h"
#include "service/runtime.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: memmgrd [OPTION]...\n"
    "Watch memory, keep every process on one list of priorities, squeeze first and kill last.\n"
    "\n"
    "  -c, --config FILE             configuration (default " MM_CONFIG_FILE ")\n"
    "  -k, --check                   check the configuration and end\n"
    "  -n, --dry-run                 decide and record everything, change nothing\n"
    "  -f, --foreground              stay in the foreground (it always does)\n"
    "  -s, --socket PATH             control socket, instead of the configured one\n"
    "  -r, --runtime-directory DIR   sockets, lock and journal (default " MM_RUNTIME_DIRECTORY ")\n"
    "  -l, --log-level LEVEL         error, warning, notice, info or debug\n"
    "  -V, --version                 print the version\n"
    "  -h, --help                    print this\n"
    "\n"
    "Signals: TERM and INT end it, HUP reloads the configuration, USR1 logs the state.\n"
    "Exit: 0 ended by a signal, 1 failed, 2 configuration or command line not valid, 3 another one runs.\n";

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, 'k'},
    {"dry-run", no_argument, NULL, 'n'},
    {"foreground", no_argument, NULL, 'f'},
    {"socket", required_argument, NULL, 's'},
    {"runtime-directory", required_argument, NULL, 'r'},
    {"log-level", required_argument, NULL, 'l'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Returns an exit code, or -1 to go on. */
static int take_option(int option, struct mm_daemon_options *options)
{
    enum mm_log_level level;

    switch (option) {
    case 'c':
        options->config_file = optarg;
        return -1;
    case 'k':
        options->is_check = true;
        return -1;
    case 'n':
        options->is_dry_run = true;
        return -1;
    case 'f':
        return -1;
    case 's':
        if (strlen(optarg) >= MM_CONFIG_PATH_MAX) {
            (void)fprintf(stderr, "memmgrd: --socket: a socket's path has at most %d bytes\n",
                          MM_CONFIG_PATH_MAX - 1);
            return MM_DAEMON_INVALID;
        }
        options->socket_path = optarg;
        return -1;
    case 'r':
        options->runtime_directory = optarg;
        return -1;
    case 'l':
        if (mm_log_level_parse(optarg, &level) < 0) {
            (void)fprintf(stderr, "memmgrd: --log-level %s: expected error, warning, notice, info or debug\n",
                          optarg);
            return MM_DAEMON_INVALID;
        }
        options->log_level = (int)level;
        return -1;
    case 'V':
        (void)puts("memmgrd " MM_VERSION);
        return MM_DAEMON_STOPPED;
    case 'h':
        (void)fputs(usage, stdout);
        return MM_DAEMON_STOPPED;
    default:
        (void)fputs("Try 'memmgrd --help'.\n", stderr);
        return MM_DAEMON_INVALID;
    }
}

int main(int argc, char **argv)
{
    struct mm_daemon_options options = {
        .config_file = MM_CONFIG_FILE,
        .runtime_directory = MM_RUNTIME_DIRECTORY,
        .log_level = -1,
    };
    int option;
    int result = mm_runtime_open_streams();

    if (result < 0)
        return MM_DAEMON_FAILED; /* there is no stream to say it on */
    mm_runtime_ignore_signals();
    while ((option = getopt_long(argc, argv, "c:knfs:r:l:Vh", long_options, NULL)) != -1) {
        int code = take_option(option, &options);

        if (code >= 0)
            return code;
    }
    if (optind < argc) {
        (void)fprintf(stderr, "memmgrd: unexpected argument '%s'\nTry 'memmgrd --help'.\n", argv[optind]);
        return MM_DAEMON_INVALID;
    }
    mm_log_init("memmgrd", options.log_level >= 0 ? (enum mm_log_level)options.log_level : MM_LOG_NOTICE);
    return (int)mm_daemon_run(&options);
}
