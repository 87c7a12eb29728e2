/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a packet with cJSON into memory set aside at start. */
#include "service/requests/json_arena.h"

#include "common/common.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What malloc promises to whoever stores a double or a pointer. */
#define ALIGNMENT 16

/* cJSON's hooks carry no pointer of the caller's, so the arena in use is known by a variable. */
static _Thread_local struct mm_json_arena *arena_in_use;
static _Thread_local bool is_exhausted;

static void *take(size_t size)
{
    struct mm_json_arena *arena = arena_in_use;
    void *memory;

    /* The first test keeps the sum of the second within range. */
    if (size > sizeof(arena->memory) || size + ALIGNMENT > sizeof(arena->memory) - arena->used) {
        is_exhausted = true;
        return NULL;
    }
    memory = arena->memory + arena->used;
    arena->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return memory;
}

/* The arena is emptied as a whole. */
static void leave(void *memory)
{
    (void)memory;
}

/*
 * Walks the text once before cJSON does: its recursion is only bounded at 1000, its items not at all, and \u0000
 * would end a string unseen. Brackets and commas count outside of strings alone.
 */
static int scan(const char *packet, size_t length)
{
    bool in_string = false;
    unsigned depth = 0, items = 0;

    for (size_t i = 0; i < length; i++) {
        char byte = packet[i];

        if (byte == '\0')
            return -EBADMSG;
        if (in_string) {
            if (byte == '\\') {
                if (strncmp(packet + i, "\\u0000", 6) == 0)
                    return -EBADMSG;
                i++;
            } else if (byte == '"') {
                in_string = false;
            }
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > MM_JSON_DEPTH_MAX || ++items > MM_JSON_ITEMS_MAX)
                return -E2BIG;
        } else if (byte == ',') {
            if (++items > MM_JSON_ITEMS_MAX)
                return -E2BIG;
        } else if ((byte == '}' || byte == ']') && depth > 0) {
            depth--;
        }
    }
    return 0;
}

int mm_json_parse(struct mm_json_arena *arena, const char *packet, size_t length, const cJSON **ret_item)
{
    cJSON_Hooks hooks = {.malloc_fn = take, .free_fn = leave};
    const cJSON *item;
    int result = scan(packet, length);

    if (result < 0)
        return result;
    arena->used = 0;
    arena_in_use = arena;
    is_exhausted = false;
    cJSON_InitHooks(&hooks);
    /* The length includes the NUL, and nothing but blanks may stand before it. */
    item = cJSON_ParseWithLengthOpts(packet, length + 1, NULL, 1);
    cJSON_InitHooks(NULL);
    arena_in_use = NULL;
    if (!item)
        return is_exhausted ? -E2BIG : -EBADMSG;
    *ret_item = item;
    return 0;
}
