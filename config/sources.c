/* SPDX-License-Identifier: Apache-2.0 */
/* Which files there are, and what is in them. */
#include "common/common.h"
#include "config/problems.h"
#include "config/xml_reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef MM_CONFIG_SEARCH_PATH
#define MM_CONFIG_SEARCH_PATH "/etc/memmgr"
#endif

/* So that a directory of a million other files costs no more than this. */
#define DIRECTORY_ENTRIES_MAX 65536

struct gatherer {
    const struct mm_config_sources *sources;
    size_t max_bytes;
    struct mm_config_texts *texts;
    struct mm_problems *problems;
};

void mm_config_texts_fini(struct mm_config_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->items[i].file);
        free(texts->items[i].bytes);
    }
    free(texts->items);
    *texts = (struct mm_config_texts){0};
}

/* ---- one file ------------------------------------------------------------------------------------------- */

/* What a file or directory that is not taken costs: a problem, which is reported already. */
static int pass_over(int r)
{
    return r == -EINVAL ? 0 : r;
}

/* Takes bytes over. */
static int add_text(struct mm_config_texts *texts, const char *file, char *bytes, size_t length)
{
    struct mm_config_text *larger = reallocarray(texts->items, texts->count + 1, sizeof(*larger));
    char *copy;

    if (!larger)
        return -ENOMEM;
    texts->items = larger;
    copy = strdup(file);
    if (!copy)
        return -ENOMEM;
    larger[texts->count++] = (struct mm_config_text){.file = copy, .bytes = bytes, .length = length};
    texts->bytes += length;
    return 0;
}

static int take_file(struct gatherer *gatherer, const char *file)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0;
    int r = mm_config_read_file(file, gatherer->max_bytes, gatherer->sources->is_watched, &bytes, &length,
                                gatherer->problems);

    if (r < 0)
        return pass_over(r);
    if (length > gatherer->max_bytes - gatherer->texts->bytes) {
        mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, file, 0, 0,
                        "makes it more than %zu bytes in all files together", gatherer->max_bytes);
        return 0;
    }
    if (gatherer->texts->count >= MM_CONFIG_FILES_MAX) {
        mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, file, 0, 0,
                        "is one of more than %d files, expected fewer", MM_CONFIG_FILES_MAX);
        return 0;
    }
    r = add_text(gatherer->texts, file, bytes, length);
    if (r >= 0)
        bytes = NULL;
    return r;
}

/* ---- a directory ---------------------------------------------------------------------------------------- */

struct names {
    char *items[MM_CONFIG_FILES_MAX];
    size_t count;
};

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names);
}

/* Editors keep their locks and copies under names that begin with a dot. */
static bool is_configuration(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > strlen(MM_CONFIG_SUFFIX) &&
           strcmp(name + length - strlen(MM_CONFIG_SUFFIX), MM_CONFIG_SUFFIX) == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(struct gatherer *gatherer, const char *path, DIR *directory, struct names *names)
{
    const struct dirent *entry;

    for (unsigned seen = 0; (errno = 0, entry = readdir(directory)); seen++) {
        if (seen >= DIRECTORY_ENTRIES_MAX) {
            mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0,
                            "has more than %d entries, expected a directory of configurations",
                            DIRECTORY_ENTRIES_MAX);
            return -EINVAL;
        }
        if (!is_configuration(entry->d_name))
            continue;
        if (names->count == MM_CONFIG_FILES_MAX) {
            mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0,
                            "has more than %d files *.xml, expected fewer", MM_CONFIG_FILES_MAX);
            return -EINVAL;
        }
        names->items[names->count] = strdup(entry->d_name);
        if (!names->items[names->count])
            return -ENOMEM;
        names->count++;
    }
    if (errno != 0) {
        mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0, "cannot be read: %s",
                        strerror(errno));
        return -EINVAL;
    }
    qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
    return 0;
}

static char *join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    size_t size = length + strlen(name) + 2;
    char *path = malloc(size);

    if (path)
        (void)mm_format(path, size, "%s%s%s", directory,
                        length > 0 && directory[length - 1] == '/' ? "" : "/", name);
    return path;
}

static int take_names(struct gatherer *gatherer, const char *path, const struct names *names)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < names->count; i++) {
        char *file = join(path, names->items[i]);

        r = file ? take_file(gatherer, file) : -ENOMEM;
        free(file);
    }
    return r;
}

/* The *.xml of a directory that is there. */
static int take_directory(struct gatherer *gatherer, const char *path)
{
    struct names *names;
    DIR *directory = opendir(path);
    int r;

    if (!directory) {
        mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0, "cannot be opened: %s",
                        strerror(errno));
        return 0;
    }
    names = calloc(1, sizeof(*names));
    r = names ? list(gatherer, path, directory, names) : -ENOMEM;
    (void)closedir(directory);
    if (r >= 0)
        r = take_names(gatherer, path, names);
    if (names)
        free_names(names);
    return pass_over(r);
}

/* Is the path a directory that not everybody may write? */
static bool is_good_directory(struct gatherer *gatherer, const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0, "cannot be opened: %s",
                        strerror(errno));
    else if (!S_ISDIR(status.st_mode))
        mm_problems_add(gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0, "is no directory, expected one");
    else if (status.st_mode & S_IWOTH)
        mm_problems_add(
            gatherer->problems, MM_PROBLEM_ERROR, path, 0, 0,
            "is a directory writable by everybody (mode %04o), so anybody could say who is killed: "
            "chmod o-w",
            (unsigned)status.st_mode & 07777U);
    else
        return true;
    return false;
}

/* ---- the search path ------------------------------------------------------------------------------------- */

/* Is there anything at all of that name, be it a link to nothing? */
static bool is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int take_place(struct gatherer *gatherer, const char *directory)
{
    char *file = join(directory, MM_CONFIG_MAIN_FILE), *drop_ins = join(directory, MM_CONFIG_DROP_INS);
    int r = file && drop_ins ? 0 : -ENOMEM;

    /* What is not there is a partition that this device does not have. */
    if (r >= 0 && is_there(directory) && is_good_directory(gatherer, directory)) {
        r = is_there(file) ? take_file(gatherer, file) : 0;
        if (r >= 0 && is_there(drop_ins) && is_good_directory(gatherer, drop_ins))
            r = take_directory(gatherer, drop_ins);
    }
    free(file);
    free(drop_ins);
    return r;
}

static int take_search_path(struct gatherer *gatherer, const char *search_path)
{
    char *directories = strdup(search_path), *rest = directories;
    size_t errors_before = gatherer->problems->error_count;
    const char *directory;
    int r = directories ? 0 : -ENOMEM;

    while (r >= 0 && (directory = strtok_r(rest, ":", &rest)))
        r = take_place(gatherer, directory);
    free(directories);
    /* nor one that was refused */
    if (r >= 0 && gatherer->texts->count == 0 && gatherer->problems->error_count == errors_before)
        mm_problems_add(gatherer->problems, MM_PROBLEM_NOTE, "", 0, 0,
                        "there is no configuration in %s: the built-in values are used", search_path);
    return r;
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

/* What was named must be there. */
static int take_named(struct gatherer *gatherer, const char *path)
{
    struct stat status;

    size_t count = gatherer->texts->count, errors = gatherer->problems->error_count;
    int r;

    if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
        return take_file(gatherer, path);
    r = is_good_directory(gatherer, path) ? take_directory(gatherer, path) : 0;
    if (r >= 0 && gatherer->texts->count == count && gatherer->problems->error_count == errors)
        mm_problems_add(gatherer->problems, MM_PROBLEM_WARNING, path, 0, 0,
                        "has no files *" MM_CONFIG_SUFFIX);
    return r;
}

int mm_config_gather(const struct mm_config_sources *sources, struct mm_config_texts *ret_texts,
                     struct mm_problems *problems)
{
    static const struct mm_config_sources built_in;
    struct mm_config_texts texts = {0};
    struct gatherer gatherer = {
        .sources = sources ? sources : &built_in, .texts = &texts, .problems = problems};
    size_t errors_before = problems->error_count;
    int r = 0;

    gatherer.max_bytes = gatherer.sources->max_bytes ? gatherer.sources->max_bytes : MM_CONFIG_MAX_BYTES;
    for (size_t i = 0; r >= 0 && i < gatherer.sources->file_count; i++)
        r = take_named(&gatherer, gatherer.sources->files[i]);
    if (gatherer.sources->file_count == 0)
        r = take_search_path(&gatherer, gatherer.sources->search_path ? gatherer.sources->search_path
                                                                      : MM_CONFIG_SEARCH_PATH);
    if (r < 0) {
        mm_config_texts_fini(&texts);
        return r;
    }
    *ret_texts = texts;
    return problems->error_count > errors_before ? -EINVAL : 0;
}

int mm_config_merge_texts(const struct mm_config_texts *texts, const struct mm_config_device *device,
                          struct mm_config_items *ret_items, struct mm_problems *problems)
{
    struct mm_config_items *files = calloc(texts->count + 1, sizeof(*files));
    size_t count = 0, item_count = 0;
    int r = files ? 0 : -ENOMEM;

    while (r >= 0 && count < texts->count && item_count <= MM_CONFIG_ITEMS_MAX) {
        const struct mm_config_text *text = &texts->items[count];

        r = mm_config_parse_xml(text->file, text->bytes, text->length, &files[count], problems);
        if (r == -EINVAL)
            r = 0;
        if (r >= 0)
            item_count += files[count++].count;
    }
    if (r >= 0 && item_count > MM_CONFIG_ITEMS_MAX) {
        mm_problems_add(problems, MM_PROBLEM_ERROR, texts->items[count - 1].file, 0, 0,
                        "makes it more than %d elements in all files together", MM_CONFIG_ITEMS_MAX);
        /* The rules would miss what is left out. */
        if (--count > 0)
            files[0].is_cut = true;
    }
    if (r >= 0)
        r = mm_config_merge(files, count, device, ret_items, problems);
    for (size_t i = 0; files && i < texts->count; i++)
        mm_config_items_fini(&files[i]);
    free(files);
    return r;
}

int mm_config_read(const struct mm_config_sources *sources, const struct mm_config_device *device,
                   struct mm_config_items *ret_items, struct mm_problems *problems)
{
    struct mm_config_texts texts = {0};
    int r = mm_config_gather(sources, &texts, problems);

    if (r < 0 && r != -EINVAL)
        return r;
    r = mm_config_merge_texts(&texts, device, ret_items, problems);
    mm_config_texts_fini(&texts);
    return r;
}
