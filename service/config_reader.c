/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memmgr-config: reads a configuration apart from the daemon, so that libxml2 is never in it and a parser's
 * mistakes happen without privileges. The daemon runs it with --items; people use --check.
 */
#include "common/common.h"
#include "config/config.h"
#include "config/xml_reader.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_WARNINGS = 1, /* --check --strict: nothing worse than a warning */
    EXIT_INVALID = 2,  /* --check: at least one error */
    EXIT_USAGE = 3,
    EXIT_SYSTEM = 4, /* no memory, or the output could not be written */
};

/* The user and group "nobody" of every Linux; the name need not be in any file. */
#define NOBODY 65534

enum command { COMMAND_NONE, COMMAND_ITEMS, COMMAND_CHECK, COMMAND_XSD, COMMAND_HELP, COMMAND_VERSION };

struct options {
    enum command command;
    bool is_strict, is_wrong;
    struct mm_config_device device;
    const char *file;
};

static const char help[] =
    "Reads memmgr_config.xml for memmgrd, and checks it for people.\n"
    "\n"
    "  memmgr-config --check [--strict] [--ram-mb N] FILE  print what is wrong with FILE\n"
    "  memmgr-config --items FILE                          write FILE's items for memmgrd to standard "
    "output\n"
    "  memmgr-config --xsd                                 print the XML schema\n"
    "  memmgr-config --help | --version\n"
    "\n"
    "  --strict    warnings count: exit status 1 when there are any\n"
    "  --ram-mb N  check for a device with N MB of RAM instead of this one\n"
    "\n"
    "Exit status: 0 fine, 1 warnings (with --strict), 2 errors in FILE, 3 wrong options, 4 no memory or "
    "output.\n";

/* ---- giving up privileges ----------------------------------------------------------------------------- */

/* The sanitizers reserve terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MM_IS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MM_IS_SANITIZED
#endif
#endif

/* A macro, as the C libraries do not agree on the resource's type. */
#define LIMIT(resource, value) ((void)setrlimit((resource), &(struct rlimit){(value), (value)}))

/*
 * For good, as far as the kernel lets us: in a user namespace without "nobody" the ids stay what they are.
 * The largest file allowed takes some 50 MiB and half a second; what needs ten times that is an attack or a
 * mistake.
 */
static void drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct no_capabilities[_LINUX_CAPABILITY_U32S_3] = {0};

    if (geteuid() == 0) {
        (void)setgroups(0, NULL);
        if (setresgid(NOBODY, NOBODY, NOBODY) == 0)
            (void)setresuid(NOBODY, NOBODY, NOBODY);
    }
    /* Where the ids could not be changed there may still be capabilities. */
    (void)syscall(SYS_capset, &header, no_capabilities);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    LIMIT(RLIMIT_CORE, 0);
    LIMIT(RLIMIT_CPU, 5);
    LIMIT(RLIMIT_NOFILE, 16);
#ifndef MM_IS_SANITIZED
    LIMIT(RLIMIT_AS, 512 * MM_MIB);
#endif
}

/* ---- commands ----------------------------------------------------------------------------------------- */

static int read_file(const char *file, struct mm_config_items *items, struct mm_problems *problems)
{
    MM_CLEANUP_CLOSE int fd = -1;
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0;
    int r = mm_config_open(file, &fd, problems);

    drop_privileges();
    if (r >= 0)
        r = mm_config_read_bytes(fd, file, &bytes, &length, problems);
    if (r < 0)
        return r;
    return mm_config_parse_xml(file, bytes, length, items, problems);
}

static enum exit_code write_items(const struct options *options)
{
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    int r = read_file(options->file, &items, &problems);

    /* An invalid file is no failure of this program: its problems are part of the answer. */
    if (r == 0 || r == -EINVAL)
        r = mm_config_items_write(STDOUT_FILENO, &items, &problems);
    if (r < 0)
        (void)fprintf(stderr, "%s: %s\n", options->file, strerror(-r));
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
    return r < 0 ? EXIT_SYSTEM : EXIT_OK;
}

static enum exit_code print_problems(const struct options *options, const struct mm_problems *problems)
{
    enum exit_code code = EXIT_OK;
    char line[MM_PROBLEM_TEXT_MAX];

    for (size_t i = 0; i < problems->count; i++) {
        (void)puts(mm_problem_text(&problems->items[i], line, sizeof(line)));
        if (problems->items[i].severity == MM_PROBLEM_WARNING && options->is_strict)
            code = EXIT_WARNINGS;
    }
    if (problems->error_count > 0)
        code = EXIT_INVALID;
    return fflush(stdout) == 0 && !ferror(stdout) ? code : EXIT_SYSTEM;
}

static enum exit_code check(const struct options *options)
{
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;
    enum exit_code code;
    int r = read_file(options->file, &items, &problems);

    if (r == 0 || (r == -EINVAL && items.file_count > 0))
        r = mm_config_build(&items, &options->device, &config, &problems);
    if (r == 0 || r == -EINVAL) {
        code = print_problems(options, &problems);
    } else {
        (void)fprintf(stderr, "%s: %s\n", options->file, strerror(-r));
        code = EXIT_SYSTEM;
    }
    mm_config_free(config);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
    return code;
}

static enum exit_code print_schema(void)
{
    return mm_config_write_xsd(stdout) == 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_SYSTEM;
}

/* ---- options ------------------------------------------------------------------------------------------ */

static uint64_t installed_ram_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}

static void set_command(struct options *options, enum command command)
{
    if (options->command != COMMAND_NONE)
        options->is_wrong = true;
    options->command = command;
}

static void take_option(struct options *options, int option, const char *argument)
{
    uint64_t megabytes;

    switch (option) {
    case 'i':
        set_command(options, COMMAND_ITEMS);
        break;
    case 'c':
        set_command(options, COMMAND_CHECK);
        break;
    case 'x':
        set_command(options, COMMAND_XSD);
        break;
    case 'h':
        set_command(options, COMMAND_HELP);
        break;
    case 'v':
        set_command(options, COMMAND_VERSION);
        break;
    case 's':
        options->is_strict = true;
        break;
    case 'r':
        if (mm_parse_u64(argument, 1, 1U << 30, &megabytes) == 0)
            options->device.ram_bytes = megabytes * MM_MIB;
        else
            options->is_wrong = true;
        break;
    default:
        options->is_wrong = true;
    }
}

static struct options parse_options(int count, char **words)
{
    static const struct option long_options[] = {
        {"items", no_argument, NULL, 'i'},        {"check", no_argument, NULL, 'c'},
        {"xsd", no_argument, NULL, 'x'},          {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {"strict", no_argument, NULL, 's'},
        {"ram-mb", required_argument, NULL, 'r'}, {0}};
    struct options options = {.device.ram_bytes = installed_ram_bytes()};
    bool needs_file;
    int option;

    while ((option = getopt_long(count, words, "", long_options, NULL)) != -1)
        take_option(&options, option, optarg);
    needs_file = options.command == COMMAND_ITEMS || options.command == COMMAND_CHECK;
    if (needs_file && optind < count)
        options.file = words[optind++];
    if (options.command == COMMAND_NONE || optind < count || (needs_file && !options.file))
        options.is_wrong = true;
    return options;
}

int main(int count, char **words)
{
    struct options options = parse_options(count, words);

    /* A daemon that went away is an error of writing, not a death. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (options.is_wrong) {
        (void)fputs("Try memmgr-config --help.\n", stderr);
        return EXIT_USAGE;
    }
    switch (options.command) {
    case COMMAND_ITEMS:
        return (int)write_items(&options);
    case COMMAND_CHECK:
        return (int)check(&options);
    case COMMAND_XSD:
        return (int)print_schema();
    case COMMAND_VERSION:
        (void)puts("memmgr-config " MM_VERSION);
        return EXIT_OK;
    case COMMAND_NONE:
    case COMMAND_HELP:
        break;
    }
    (void)fputs(help, stdout);
    return EXIT_OK;
}
