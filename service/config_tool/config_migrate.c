/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config migrate": other killers' configurations turned into one of ours. */
#include "service/config_tool/config_tool.h"

#include "common/common.h"
#include "service/config_tool/migrate.h"
#include "service/config_tool/new_file.h"
#include "service/shared/privileges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct migration {
    struct mm_ctl *ctl;
    const struct source *source;
    struct mm_config_device device;
    struct mm_draft draft;
};

/* A kind of configuration; text is NULL where the arguments themselves are it. */
struct source {
    const char *name, *program;
    int (*convert)(struct migration *migration, const char *text, size_t length);
    bool takes_words; /* the arguments may be another program's, instead of one file */
};

/* ---- the sources ---------------------------------------------------------------------------------------- */

static int convert_lmkd(struct migration *migration, const char *text, size_t length)
{
    (void)length;
    mm_migrate_lmkd(text, &migration->device, &migration->draft);
    return 0;
}

static int convert_earlyoom(struct migration *migration, const char *text, size_t length)
{
    const struct mm_ctl *ctl = migration->ctl;

    (void)length;
    if (text)
        mm_migrate_earlyoom_text(text, &migration->device, &migration->draft);
    else if (ctl->argument_count == 1)
        mm_migrate_earlyoom_text(ctl->arguments[0], &migration->device, &migration->draft);
    else
        mm_migrate_earlyoom((const char *const *)ctl->arguments, ctl->argument_count, &migration->device,
                            &migration->draft);
    return 0;
}

static int convert_oomd(struct migration *migration, const char *text, size_t length)
{
    (void)length;
    mm_migrate_oomd(text, &migration->device, &migration->draft);
    return 0;
}

/* Whatever is wrong with the file is told at its place in it. */
static int convert_memmgr(struct migration *migration, const char *text, size_t length)
{
    const char *name = migration->draft.source;
    struct mm_config_input input = {0};
    struct mm_config_items items = {0};
    struct mm_problems known = {0};
    int r = mm_config_tool_verify(name, text, length, &migration->device, &input);

    mm_draft_take_problems(&migration->draft, &input.problems);
    /* As they stand in the file: merging has turned other names into ours. */
    if (r == 0)
        r = mm_config_parse_xml(name, text, length, &items, &known);
    if (r == 0)
        mm_migrate_memmgr(&items, &migration->draft);
    mm_problems_fini(&known);
    mm_config_items_fini(&items);
    mm_config_input_fini(&input);
    return r == -EINVAL ? 0 : r;
}

static const struct source sources[] = {
    {"lmkd", "Android's lmkd", convert_lmkd, false},
    {"earlyoom", "earlyoom", convert_earlyoom, true},
    {"oomd", "oomd", convert_oomd, false},
    {"memmgr", "OpenHarmony's memmgr", convert_memmgr, false},
};

static int find_source(const struct mm_ctl *ctl, const struct source **ret_source)
{
    const char *name = mm_ctl_option(ctl, "from");
    struct mm_nearest nearest = mm_nearest_to(name ? name : "");

    if (!name)
        return mm_ctl_usage(ctl, "migrate: --from lmkd, earlyoom, oomd or memmgr is missing");
    for (size_t i = 0; i < MM_ARRAY_SIZE(sources); i++) {
        if (strcmp(name, sources[i].name) == 0) {
            *ret_source = &sources[i];
            return 0;
        }
        mm_nearest_offer(&nearest, sources[i].name);
    }
    if (nearest.name)
        return mm_ctl_usage(ctl, "--from: \"%s\" is not known, is \"%s\" meant?", name, nearest.name);
    return mm_ctl_usage(ctl, "--from: \"%s\" is not known, expected lmkd, earlyoom, oomd or memmgr", name);
}

/* ---- from the source to a text -------------------------------------------------------------------------- */

/* Arguments instead of a file: any number but one, or one that can be no name of a file. */
static bool has_words(const struct migration *migration)
{
    const struct mm_ctl *ctl = migration->ctl;
    const char *first;

    if (!migration->source->takes_words)
        return false;
    if (ctl->argument_count != 1)
        return true;
    first = ctl->arguments[0];
    return (first[0] == '-' && first[1]) || strchr(first, '=') || strchr(first, ' ');
}

/* The source's bytes, after privileges have gone. 0, -EINVAL with a problem among the draft's notes, -ENOMEM. */
static int read_source(struct migration *migration, char **ret_bytes, size_t *ret_length)
{
    const char *file = migration->ctl->arguments[0];
    MM_CLEANUP_CLOSE int fd = -1;
    int r = 0;

    if (strcmp(file, "-") == 0)
        fd = dup(STDIN_FILENO);
    else
        r = mm_config_open(file, MM_CONFIG_MAX_BYTES, &fd, &migration->draft.notes);
    (void)mm_privileges_drop();
    return r < 0 ? r
                 : mm_config_tool_read_text(fd, migration->draft.source, ret_bytes, ret_length,
                                            &migration->draft.notes);
}

static int convert(struct migration *migration)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0;
    int r = 0;

    if (has_words(migration)) {
        migration->draft.source = migration->source->name;
        (void)mm_privileges_drop();
    } else {
        migration->draft.source =
            strcmp(migration->ctl->arguments[0], "-") == 0 ? "standard input" : migration->ctl->arguments[0];
        r = read_source(migration, &bytes, &length);
        /* No source has NUL bytes: what follows one would be lost without a word. */
        if (r == 0 && memchr(bytes, '\0', length)) {
            mm_draft_error(&migration->draft, 0, "a NUL byte in it: this is no text file");
            r = -EINVAL;
        }
    }
    if (r == 0)
        r = migration->source->convert(migration, bytes, length);
    return r == 0 && migration->draft.has_no_memory ? -ENOMEM : r;
}

/* The draft as XML in new memory, the caller's to free; NULL without memory. */
static char *draft_text(const struct migration *migration, size_t *ret_length)
{
    char title[2 * MM_DRAFT_SHOWN_MAX], source[MM_DRAFT_SHOWN_MAX];
    char *text = NULL;
    FILE *stream = open_memstream(&text, ret_length);

    if (!stream)
        return NULL;
    (void)mm_format(
        title, sizeof(title),
        "Made from %s (%s) by \"memmgrctl config migrate\", for a device with %llu MB of RAM. Notes say "
        "what is not the same.",
        mm_draft_shown(migration->draft.source, source), migration->source->program,
        (unsigned long long)(migration->device.ram_bytes / MM_MIB));
    mm_draft_write(&migration->draft, title, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* What came out has to be a valid file; only the device can have made it none: a level above its RAM. */
static int verify(const struct migration *migration, const char *text, size_t length)
{
    struct mm_config_input input = {0};
    int r = mm_config_tool_verify("(output)", text, length, &migration->device, &input);

    mm_config_tool_print_problems(migration->ctl, stderr, &input.problems, MM_PROBLEM_WARNING);
    mm_config_input_fini(&input);
    return r;
}

/* file NULL: to standard output. Returns an exit status. */
static int migrate(struct migration *migration, struct mm_new_file *file, const char *file_name)
{
    const struct mm_ctl *ctl = migration->ctl;
    MM_CLEANUP_FREE char *text = NULL;
    size_t length = 0;
    int r = convert(migration);

    mm_problems_sort(&migration->draft.notes);
    mm_config_tool_print_problems(ctl, stderr, &migration->draft.notes, MM_PROBLEM_NOTE);
    if (r == -EINVAL || migration->draft.notes.error_count > 0)
        return MM_CONFIG_INVALID;
    if (r == 0) {
        text = draft_text(migration, &length);
        r = text ? verify(migration, text, length) : -ENOMEM;
    }
    if (r == -EINVAL)
        return MM_CONFIG_INVALID;
    if (r < 0)
        return mm_config_tool_fail(ctl, migration->draft.source, r);
    r = file ? mm_new_file_write(file, text, length) : 0;
    if (r < 0)
        return mm_config_tool_refuse_output(ctl, file_name, r);
    /* That standard output fails shows when it is flushed. */
    if (!file)
        (void)fwrite(text, 1, length, stdout);
    return MM_CONFIG_OK;
}

/* ---- the output ----------------------------------------------------------------------------------------- */

/* A child without privileges writes; who it was waits, and puts the file in its place. */
static int migrate_to_file(struct migration *migration, const char *name)
{
    struct mm_new_file file;
    const struct mm_ctl *ctl = migration->ctl;
    int status = 0, result;
    pid_t pid;
    int r = mm_new_file_open(name, mm_ctl_option(ctl, "force") != NULL, &file);

    if (r < 0)
        return mm_config_tool_refuse_output(ctl, name, r);
    pid = fork();
    if (pid == 0) {
        result = migrate(migration, &file, name);
        mm_draft_fini(&migration->draft);
        _exit(result);
    }
    r = pid < 0 ? -errno : 0;
    while (r == 0 && waitpid(pid, &status, 0) < 0)
        r = errno == EINTR ? 0 : -errno;
    result = WIFEXITED(status) ? WEXITSTATUS(status) : MM_CONFIG_FAILED;
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "%s: %s: the conversion was ended by signal %d\n", ctl->program->name, name,
                      WTERMSIG(status));
    if (r == 0 && result == MM_CONFIG_OK) {
        r = mm_new_file_commit(&file);
        return r < 0 ? mm_config_tool_refuse_output(ctl, name, r) : MM_CONFIG_OK;
    }
    mm_new_file_discard(&file);
    return r < 0 ? mm_config_tool_fail(ctl, name, r) : result;
}

static int check_arguments(const struct mm_ctl *ctl, const struct source *source)
{
    if (source->takes_words)
        return 0;
    if (ctl->argument_count == 0)
        return mm_ctl_usage(ctl, "migrate: something is missing: FILE");
    if (ctl->argument_count > 1)
        return mm_ctl_usage(ctl, "migrate: \"%s\" is too much", ctl->arguments[1]);
    return 0;
}

static int run(struct mm_ctl *ctl)
{
    struct migration migration = {.ctl = ctl};
    const char *output = mm_ctl_option(ctl, "output");
    int result = find_source(ctl, &migration.source);

    if (!migration.source)
        return result;
    result = check_arguments(ctl, migration.source);
    if (result == 0)
        result = mm_config_tool_device(ctl, &migration.device);
    if (result != 0)
        return result;
    result = output ? migrate_to_file(&migration, output) : migrate(&migration, NULL, NULL);
    mm_draft_fini(&migration.draft);
    return result;
}

static const struct mm_ctl_option options[] = {
    {"from", "KIND", "lmkd, earlyoom, oomd or memmgr"},
    {"output", "FILE", "write to FILE instead of standard output; -o does the same"},
    {"force", NULL, "replace FILE where it is there already"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_migrate_command = {
    .name = "migrate",
    .summary = "turn another killer's configuration into one of ours, with notes",
    .arguments = "FILE|-|-- ARGUMENT...",
    .details = "kinds:\n"
               "  lmkd      a property file of Android (ro.lmk.*), or what getprop prints\n"
               "  earlyoom  /etc/default/earlyoom, or its arguments behind --\n"
               "  oomd      a JSON ruleset\n"
               "  memmgr    an XML file of OpenHarmony, as its README or its source spell it\n"
               "\n"
               "\"-\" is standard input. Notes go to standard error and into the file.",
    .options = options,
    .max_arguments = 1000,
    .run = run,
};
