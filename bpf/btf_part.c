/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/btf_part.h"

#include "common/common.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of a part: some thousand types. A limit on mistakes. */
#define PART_BYTES_MAX (16u << 20)

#define NAME_BUCKETS 256

/* ---- a view of all ------------------------------------------------------------------------------------- */

/* What follows the common head of a type; -EBADMSG for a kind that is not known. */
static int64_t tail_bytes(const struct btf_type *type)
{
    static const struct {
        uint8_t fixed, each; /* bytes */
    } tails[] = {
        [BTF_KIND_INT] = {4, 0},
        [BTF_KIND_PTR] = {0, 0},
        [BTF_KIND_ARRAY] = {sizeof(struct btf_array), 0},
        [BTF_KIND_STRUCT] = {0, sizeof(struct btf_member)},
        [BTF_KIND_UNION] = {0, sizeof(struct btf_member)},
        [BTF_KIND_ENUM] = {0, sizeof(struct btf_enum)},
        [BTF_KIND_FUNC_PROTO] = {0, sizeof(struct btf_param)},
        [BTF_KIND_VAR] = {sizeof(struct btf_var), 0},
        [BTF_KIND_DATASEC] = {0, sizeof(struct btf_var_secinfo)},
        [BTF_KIND_DECL_TAG] = {sizeof(struct btf_decl_tag), 0},
        [BTF_KIND_ENUM64] = {0, sizeof(struct btf_enum64)},
    };
    unsigned kind = BTF_INFO_KIND(type->info);

    if (kind == BTF_KIND_UNKN || kind > BTF_KIND_ENUM64)
        return -EBADMSG;
    return tails[kind].fixed + (int64_t)tails[kind].each * BTF_INFO_VLEN(type->info);
}

static const struct btf_type *type_at(const struct mm_btf_view *view, uint32_t id)
{
    return (const struct btf_type *)(view->types + view->offsets[id]);
}

static const char *name_at(const struct mm_btf_view *view, uint32_t offset)
{
    return offset < view->string_bytes ? view->strings + offset : "";
}

static int index_types(struct mm_btf_view *view, uint32_t bytes)
{
    const uint32_t most = bytes / (uint32_t)sizeof(struct btf_type);
    uint32_t offset = 0;

    view->offsets = malloc(((size_t)most + 1) * sizeof(*view->offsets));
    if (!view->offsets)
        return -ENOMEM;
    while (bytes - offset >= sizeof(struct btf_type)) {
        const struct btf_type *type = (const struct btf_type *)(view->types + offset);
        int64_t tail = tail_bytes(type);

        if (tail < 0 || tail > (int64_t)(bytes - offset - sizeof(*type)))
            break;
        view->offsets[++view->count] = offset;
        offset += (uint32_t)sizeof(*type) + (uint32_t)tail;
    }
    return offset == bytes ? 0 : -EBADMSG;
}

int mm_btf_view_init(struct mm_btf_view *view, const void *data, size_t size)
{
    struct btf_header header;
    const char *bytes = data;
    uint64_t types_end, strings_end;
    int result;

    *view = (struct mm_btf_view){.count = 0};
    if (size < sizeof(header))
        return -EBADMSG;
    memcpy(&header, bytes, sizeof(header));
    types_end = (uint64_t)header.hdr_len + header.type_off + header.type_len;
    strings_end = (uint64_t)header.hdr_len + header.str_off + header.str_len;
    if (header.magic != BTF_MAGIC || header.hdr_len < sizeof(header) || types_end > size ||
        strings_end > size || header.str_len == 0 || bytes[strings_end - 1] != '\0' ||
        (header.hdr_len + header.type_off) % sizeof(uint32_t) != 0)
        return -EBADMSG;
    view->types = bytes + header.hdr_len + header.type_off;
    view->strings = bytes + header.hdr_len + header.str_off;
    view->string_bytes = header.str_len;
    result = index_types(view, header.type_len);
    if (result < 0)
        mm_btf_view_fini(view);
    return result;
}

void mm_btf_view_fini(struct mm_btf_view *view)
{
    free(view->offsets);
    view->offsets = NULL;
    view->count = 0;
}

/* ---- many names, looked for at once ------------------------------------------------------------------------ */

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    while (*name)
        hash = (hash ^ (uint8_t)*name++) * 16777619u;
    return hash % NAME_BUCKETS;
}

struct name_set {
    const char *const *names;
    uint32_t *next;               /* the index behind it in its bucket, plus one */
    uint32_t first[NAME_BUCKETS]; /* plus one; 0: none */
};

static int name_set_init(struct name_set *set, const char *const *names, size_t count)
{
    *set = (struct name_set){.names = names, .next = calloc(count + 1, sizeof(*set->next))};
    if (!set->next)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        uint32_t *first = &set->first[hash_of(names[i])];

        set->next[i] = *first;
        *first = (uint32_t)i + 1;
    }
    return 0;
}

static bool has_name(const struct name_set *set, const char *name)
{
    for (uint32_t i = set->first[hash_of(name)]; i > 0; i = set->next[i - 1]) {
        if (strcmp(set->names[i - 1], name) == 0)
            return true;
    }
    return false;
}

void mm_btf_find_hooks(const struct mm_btf_view *view, struct mm_btf_hook *hooks, size_t count)
{
    static const char prefix[] = "btf_trace_";

    for (size_t i = 0; i < count; i++)
        hooks[i].id = 0;
    for (uint32_t id = 1; id <= view->count; id++) {
        const struct btf_type *type = type_at(view, id);
        const char *name;

        if (BTF_INFO_KIND(type->info) != BTF_KIND_TYPEDEF)
            continue;
        name = name_at(view, type->name_off);
        if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
            continue;
        name += sizeof(prefix) - 1;
        for (size_t i = 0; i < count; i++) {
            if (hooks[i].id == 0 && hooks[i].name && strcmp(hooks[i].name, name) == 0)
                hooks[i].id = id;
        }
    }
}

/* ---- a part ------------------------------------------------------------------------------------------------ */

struct part {
    const struct mm_btf_view *view;
    uint32_t *new_ids; /* by old id; 0: not in it */
    uint32_t *old_ids; /* in the order of the new ones */
    uint32_t count;
    char *data; /* header, types, strings */
    size_t types_bytes, string_bytes;
};

static uint32_t include(struct part *part, uint32_t id)
{
    if (id == 0 || id > part->view->count)
        return 0;
    if (part->new_ids[id] == 0) {
        part->old_ids[part->count++] = id;
        part->new_ids[id] = part->count;
    }
    return part->new_ids[id];
}

/* What a type is made of gets an id, too; each is come to once. */
static int include_contents(struct part *part, const struct btf_type *type)
{
    const struct btf_member *members = (const struct btf_member *)(type + 1);
    const struct btf_array *array = (const struct btf_array *)(type + 1);

    switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_INT:
    case BTF_KIND_FLOAT:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
    case BTF_KIND_FWD:
    case BTF_KIND_PTR:
        return 0;
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_CONST:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
        (void)include(part, type->type);
        return 0;
    case BTF_KIND_ARRAY:
        (void)include(part, array->type);
        (void)include(part, array->index_type);
        return 0;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++)
            (void)include(part, members[i].type);
        return 0;
    default:
        return -EBADMSG; /* nothing is made of these */
    }
}

static int choose(struct part *part, const struct name_set *names)
{
    const uint32_t kinds =
        1u << BTF_KIND_STRUCT | 1u << BTF_KIND_UNION | 1u << BTF_KIND_ENUM | 1u << BTF_KIND_ENUM64;
    int result = 0;

    for (uint32_t id = 1; id <= part->view->count; id++) {
        const struct btf_type *type = type_at(part->view, id);

        if ((kinds >> BTF_INFO_KIND(type->info) & 1) && type->name_off != 0 &&
            has_name(names, name_at(part->view, type->name_off)))
            (void)include(part, id);
    }
    for (uint32_t i = 0; result == 0 && i < part->count; i++)
        result = include_contents(part, type_at(part->view, part->old_ids[i]));
    return result;
}

static uint32_t add_name(struct part *part, char *strings, uint32_t offset)
{
    const char *name = name_at(part->view, offset);
    size_t bytes = strlen(name) + 1;
    uint32_t at = (uint32_t)part->string_bytes;

    if (bytes == 1)
        return 0;
    if (strings)
        memcpy(strings + at, name, bytes);
    part->string_bytes += bytes;
    return at;
}

/* Names and ids within a copy of the type; strings NULL: only counts. */
static void translate(struct part *part, struct btf_type *type, char *strings)
{
    struct btf_member *members = (struct btf_member *)(type + 1);
    struct btf_enum *values = (struct btf_enum *)(type + 1);
    struct btf_enum64 *long_values = (struct btf_enum64 *)(type + 1);
    struct btf_array *array = (struct btf_array *)(type + 1);
    const uint32_t kind = BTF_INFO_KIND(type->info), count = BTF_INFO_VLEN(type->info);

    type->name_off = add_name(part, strings, type->name_off);
    if (kind == BTF_KIND_PTR) {
        type->type = 0;
    } else if (kind == BTF_KIND_ARRAY) {
        array->type = include(part, array->type);
        array->index_type = include(part, array->index_type);
    } else if (kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE ||
               kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG) {
        type->type = include(part, type->type);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION) {
            members[i].name_off = add_name(part, strings, members[i].name_off);
            members[i].type = include(part, members[i].type);
        } else if (kind == BTF_KIND_ENUM) {
            values[i].name_off = add_name(part, strings, values[i].name_off);
        } else if (kind == BTF_KIND_ENUM64) {
            long_values[i].name_off = add_name(part, strings, long_values[i].name_off);
        }
    }
}

/* How long the types and their names are; the names twice counted that stand in two places. */
static void measure(struct part *part)
{
    part->string_bytes = 1;
    for (uint32_t i = 0; i < part->count; i++) {
        const struct btf_type *type = type_at(part->view, part->old_ids[i]);
        const struct btf_member *members = (const struct btf_member *)(type + 1);
        const uint32_t kind = BTF_INFO_KIND(type->info);
        size_t stride = kind == BTF_KIND_ENUM ? sizeof(struct btf_enum) : sizeof(struct btf_member);

        part->types_bytes += sizeof(*type) + (size_t)tail_bytes(type);
        (void)add_name(part, NULL, type->name_off);
        if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION && kind != BTF_KIND_ENUM &&
            kind != BTF_KIND_ENUM64)
            continue;
        /* each begins with its name; those of 64 bits have the members' size */
        for (uint32_t k = 0; k < BTF_INFO_VLEN(type->info); k++)
            (void)add_name(part, NULL, *(const uint32_t *)((const char *)members + k * stride));
    }
}

static int compose(struct part *part)
{
    struct btf_header header = {.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(header)};
    char *types, *strings;

    measure(part);
    if (part->types_bytes + part->string_bytes > PART_BYTES_MAX)
        return -EFBIG;
    header.type_len = header.str_off = (uint32_t)part->types_bytes;
    header.str_len = (uint32_t)part->string_bytes;
    part->data = calloc(1, sizeof(header) + part->types_bytes + part->string_bytes);
    if (!part->data)
        return -ENOMEM;
    memcpy(part->data, &header, sizeof(header));
    types = part->data + sizeof(header);
    strings = types + part->types_bytes;
    part->string_bytes = 1;
    for (uint32_t i = 0; i < part->count; i++) {
        const struct btf_type *type = type_at(part->view, part->old_ids[i]);
        size_t bytes = sizeof(*type) + (size_t)tail_bytes(type);

        memcpy(types, type, bytes);
        translate(part, (struct btf_type *)types, strings);
        types += bytes;
    }
    return 0;
}

int mm_btf_take_part(const struct mm_btf_view *view, const char *const *names, size_t count, void **ret_data,
                     size_t *ret_size)
{
    struct part part = {
        .view = view,
        .new_ids = calloc((size_t)view->count + 1, sizeof(uint32_t)),
        .old_ids = malloc(((size_t)view->count + 1) * sizeof(uint32_t)),
    };
    struct name_set set = {.next = NULL};
    int result = part.new_ids && part.old_ids ? name_set_init(&set, names, count) : -ENOMEM;

    if (result == 0)
        result = choose(&part, &set);
    if (result == 0)
        result = compose(&part);
    free(set.next);
    free(part.new_ids);
    free(part.old_ids);
    if (result < 0)
        return result;
    *ret_data = part.data;
    *ret_size = sizeof(struct btf_header) + part.types_bytes + part.string_bytes;
    return 0;
}
