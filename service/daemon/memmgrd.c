/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of memmgrd. */
#include "common/common.h"
#include "config/config.h"
#include "service/daemon/daemon.h"
#include "service/shared/runtime.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: memmgrd [OPTION]...\n"
    "Watch memory, keep every process on one list of priorities, squeeze first and kill last.\n"
    "\n"
    "  -c, --config FILE             a file, or a directory for its *.xml, in place of the search path;\n"
    "                                may be given several times, later ones win; \"\": the built-in\n"
    "                                values alone\n"
    "  -p, --search-path DIR[:DIR]   of each memmgr_config.xml, then memmgr_config.d/*.xml; later ones\n"
    "                                win\n"
    "                                (default " MM_CONFIG_SEARCH_PATH ")\n"
    "      --config-max-bytes N      in all files together (default 8388608)\n"
    "      --screen-inches N         of this device, for profiles that ask for it\n"
    "      --device NAME             likewise\n"
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

/* Without a letter of their own. */
enum { OPTION_MAX_BYTES = 256, OPTION_SCREEN_INCHES, OPTION_DEVICE };

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"search-path", required_argument, NULL, 'p'},
    {"config-max-bytes", required_argument, NULL, OPTION_MAX_BYTES},
    {"screen-inches", required_argument, NULL, OPTION_SCREEN_INCHES},
    {"device", required_argument, NULL, OPTION_DEVICE},
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

static int take_number(const char *name, uint64_t max, uint64_t *ret_number)
{
    if (mm_parse_u64(optarg, 1, max, ret_number) == 0)
        return -1;
    (void)fprintf(stderr, "memmgrd: %s %s: expected a whole number from 1 to %llu\n", name, optarg,
                  (unsigned long long)max);
    return MM_DAEMON_INVALID;
}

static int take_file(struct mm_daemon_options *options)
{
    static const char *files[MM_CONFIG_FILES_MAX];

    if (options->sources.file_count == MM_CONFIG_FILES_MAX) {
        (void)fprintf(stderr, "memmgrd: --config: more than %d files\n", MM_CONFIG_FILES_MAX);
        return MM_DAEMON_INVALID;
    }
    files[options->sources.file_count++] = optarg;
    options->sources.files = files;
    return -1;
}

/* What says which configuration, and for which device. */
static int take_config_option(int option, struct mm_daemon_options *options)
{
    uint64_t number = 0;
    int code = -1;

    switch (option) {
    case 'c':
        return take_file(options);
    case 'p':
        options->sources.search_path = optarg;
        break;
    case OPTION_MAX_BYTES:
        code = take_number("--config-max-bytes", 1U << 30, &number);
        options->sources.max_bytes = (size_t)number;
        break;
    case OPTION_SCREEN_INCHES:
        code = take_number("--screen-inches", 1000, &number);
        options->screen_inches = (unsigned)number;
        break;
    default:
        options->device_name = optarg;
    }
    return code;
}

/* Returns an exit code, or -1 to go on. */
static int take_option(int option, struct mm_daemon_options *options)
{
    enum mm_log_level level;

    switch (option) {
    case 'c':
    case 'p':
    case OPTION_MAX_BYTES:
    case OPTION_SCREEN_INCHES:
    case OPTION_DEVICE:
        return take_config_option(option, options);
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
        .runtime_directory = MM_RUNTIME_DIRECTORY,
        .log_level = -1,
    };
    int option;
    int result = mm_runtime_open_streams();

    if (result < 0)
        return MM_DAEMON_FAILED; /* there is no stream to say it on */
    mm_runtime_ignore_signals();
    while ((option = getopt_long(argc, argv, "c:p:knfs:r:l:Vh", long_options, NULL)) != -1) {
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
