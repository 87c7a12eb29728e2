/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses a packet with cJSON into memory set aside at start: the daemon allocates nothing while pressure
 * lasts, whatever clients send.
 */
#ifndef MM_SERVICE_JSON_ARENA_H
#define MM_SERVICE_JSON_ARENA_H

#include <cjson/cJSON.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most items, and the texts of the longest packet twice over, as cJSON may need them. A usual request takes 3
   KiB; pages that no packet touches cost nothing. */
#define MM_JSON_ARENA_BYTES 262144

/* Members and elements of a packet. A request has a dozen fields and names each kind of event once. */
#define MM_JSON_ITEMS_MAX 256

/* A request is an object with at most one array in it; the rest of the depth is for what clients add. */
#define MM_JSON_DEPTH_MAX 8

struct mm_json_arena {
    size_t used; /* a multiple of 16 */
    unsigned char memory[MM_JSON_ARENA_BYTES] __attribute__((aligned(16)));
};

/*
 * The items live until the next parse into the same arena; nobody frees them. packet is length bytes and a
 * NUL. cJSON's allocator is the arena's only during the call.
 * -EBADMSG: no JSON, or something behind it, or a NUL in it; -E2BIG: nested too deeply, or too many items.
 */
int mm_json_parse(struct mm_json_arena *arena, const char *packet, size_t length, const cJSON **ret_item);

#ifdef __cplusplus
}
#endif

#endif
