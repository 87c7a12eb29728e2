/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm_json PATH [FILE]: prints what PATH names in the JSON of FILE or of standard input, one value a line. A
 * path is made of .member, [index], [*] for each element and # for their number: "deaths[*].name", "deaths#",
 * "deaths[0].signal". Strings are printed bare, numbers without a fraction where they have none, the rest as
 * JSON. Exit status: 0; 1 nothing is there; 2 wrong usage, or no JSON.
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INPUT_BYTES ((size_t)16 << 20) /* far above any answer of the daemon */

static void print_value(const cJSON *value)
{
    char *text;

    if (cJSON_IsString(value)) {
        (void)puts(value->valuestring);
        return;
    }
    if (cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble)) {
        (void)printf("%.0f\n", value->valuedouble);
        return;
    }
    text = cJSON_PrintUnformatted(value);
    if (text)
        (void)puts(text);
    cJSON_free(text);
}

/* "[3]" or "[*]" at the start of path; the paths of the elements go on behind it. */
static int print_path(const cJSON *value, const char *path);

static int print_element(const cJSON *array, const char *path)
{
    const char *close = strchr(path, ']');
    const cJSON *element;
    int printed = 0;
    char *end;
    long index;

    if (!close || !cJSON_IsArray(array))
        return 0;
    if (strncmp(path, "[*]", 3) == 0) {
        cJSON_ArrayForEach (element, array)
            printed += print_path(element, close + 1);
        return printed;
    }
    index = strtol(path + 1, &end, 10);
    if (end == path + 1 || end != close || index < 0 || index >= cJSON_GetArraySize(array))
        return 0;
    return print_path(cJSON_GetArrayItem(array, (int)index), close + 1);
}

/* Returns how many values were printed. */
static int print_path(const cJSON *value, const char *path)
{
    char name[128];
    size_t length;

    if (!value)
        return 0;
    if (!*path) {
        print_value(value);
        return 1;
    }
    if (*path == '[')
        return print_element(value, path);
    if (strcmp(path, "#") == 0) {
        if (!cJSON_IsArray(value) && !cJSON_IsObject(value))
            return 0;
        (void)printf("%d\n", cJSON_GetArraySize(value));
        return 1;
    }
    if (*path == '.')
        path++;
    length = strcspn(path, ".[#");
    if (length == 0 || length >= sizeof(name))
        return 0;
    memcpy(name, path, length);
    name[length] = '\0';
    return print_path(cJSON_GetObjectItemCaseSensitive(value, name), path + length);
}

int main(int argument_count, char **arguments)
{
    FILE *file = stdin;
    size_t length;
    cJSON *root;
    char *text;
    bool found;

    if (argument_count == 3)
        file = fopen(arguments[2], "re");
    if (argument_count < 2 || argument_count > 3 || !file) {
        (void)fputs("usage: vm_json PATH [FILE]\n", stderr);
        return 2;
    }
    text = malloc(MAX_INPUT_BYTES);
    if (!text)
        return 2;
    length = fread(text, 1, MAX_INPUT_BYTES, file);
    (void)fclose(file);
    root = cJSON_ParseWithLength(text, length);
    free(text);
    if (!root) {
        (void)fputs("vm_json: this is not JSON\n", stderr);
        return 2;
    }
    found = print_path(root, arguments[1]) > 0;
    cJSON_Delete(root);
    return found && !fflush(stdout) ? 0 : 1;
}
