/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/snapshot.h"

#include "common/common.h"
#include "priority_manager/manager.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define MAGIC "mmstate"
/* To be counted up with every change of what a record, a flag or a number in it means. */
#define VERSION 3

/* What this build makes of a record: another build of the same version may differ in it. */
struct layout {
    uint32_t account_bytes, process_bytes, binding_bytes;
    uint32_t flags; /* those that are kept */
};

struct header {
    char magic[8];
    uint32_t version, size; /* size: of all, the header too */
    uint64_t checksum;      /* of all from boot_id */
    struct layout layout;
    uint8_t boot_id[MM_BOOT_ID_BYTES];
    uint64_t written_ns;
};

enum tag {
    TAG_ACCOUNT = 'a',
    TAG_PROCESS = 'p',
    TAG_BINDING = 'b',
};

/* Of a process all but the unused end of its name; `name` is the last member. */
#define PROCESS_BYTES offsetof(struct mm_snapshot_process, name)

static const struct layout layout_here = {
    .account_bytes = sizeof(struct mm_snapshot_account),
    .process_bytes = PROCESS_BYTES,
    .binding_bytes = sizeof(struct mm_snapshot_binding),
    .flags = MM_SNAPSHOT_FLAGS,
};

/* Whoever changes one of these counts VERSION up, too. Of 64 bits; on others the header tells. */
_Static_assert(MM_SNAPSHOT_FLAGS == 0x29bff, "VERSION");
#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(struct mm_snapshot_account) == 16, "VERSION");
_Static_assert(PROCESS_BYTES == 64, "VERSION");
_Static_assert(sizeof(struct mm_snapshot_binding) == 16, "VERSION");
#endif

/* FNV-1a: it tells damage, not malice, which the owner of the file is checked for. */
static uint64_t checksum_of(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3ULL;
    return sum;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static void put(struct mm_snapshot_writer *writer, const void *bytes, size_t size)
{
    memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

static bool begin_record(struct mm_snapshot_writer *writer, enum tag tag, size_t size)
{
    uint8_t byte = (uint8_t)tag;

    if (writer->size < sizeof(struct header) || writer->capacity - writer->size < size + 1) {
        writer->left_out++;
        return false;
    }
    put(writer, &byte, 1);
    return true;
}

size_t mm_snapshot_process_bytes(const char *name)
{
    return 1 + PROCESS_BYTES + 1 + strnlen(name, MM_NAME_MAX - 1);
}

size_t mm_snapshot_bindings_bytes(size_t n)
{
    return n * (1 + sizeof(struct mm_snapshot_binding));
}

void mm_snapshot_begin(struct mm_snapshot_writer *writer, const uint8_t *boot_id, uint64_t now_ns)
{
    struct header header = {.magic = MAGIC, .version = VERSION, .layout = layout_here, .written_ns = now_ns};

    writer->size = 0;
    writer->left_out = 0;
    writer->capacity = MM_MIN(writer->capacity, MM_SNAPSHOT_BYTES_MAX);
    memcpy(header.boot_id, boot_id, sizeof(header.boot_id));
    if (writer->capacity >= sizeof(header))
        put(writer, &header, sizeof(header));
}

void mm_snapshot_add_account(struct mm_snapshot_writer *writer, const struct mm_snapshot_account *account)
{
    if (begin_record(writer, TAG_ACCOUNT, sizeof(*account)))
        put(writer, account, sizeof(*account));
}

void mm_snapshot_add_process(struct mm_snapshot_writer *writer, const struct mm_snapshot_process *process)
{
    size_t length = strnlen(process->name, MM_NAME_MAX - 1);
    uint8_t byte = (uint8_t)length;

    if (!begin_record(writer, TAG_PROCESS, PROCESS_BYTES + 1 + length))
        return;
    put(writer, process, PROCESS_BYTES);
    put(writer, &byte, 1);
    put(writer, process->name, length);
}

void mm_snapshot_add_binding(struct mm_snapshot_writer *writer, const struct mm_snapshot_binding *binding)
{
    if (begin_record(writer, TAG_BINDING, sizeof(*binding)))
        put(writer, binding, sizeof(*binding));
}

int mm_snapshot_end(struct mm_snapshot_writer *writer)
{
    const size_t summed = offsetof(struct header, boot_id);
    struct header header;

    if (writer->size < sizeof(header))
        return -ENOSPC;
    memcpy(&header, writer->bytes, sizeof(header));
    header.size = (uint32_t)writer->size;
    header.checksum = checksum_of(writer->bytes + summed, writer->size - summed);
    memcpy(writer->bytes, &header, sizeof(header));
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

const char *mm_snapshot_verdict_name(enum mm_snapshot_verdict verdict)
{
    static const char *const names[MM_SNAPSHOT_VERDICT_COUNT] = {
        [MM_SNAPSHOT_GOOD] = "good",
        [MM_SNAPSHOT_DAMAGED] = "damaged",
        [MM_SNAPSHOT_OF_ANOTHER_VERSION] = "of another version",
        [MM_SNAPSHOT_OF_ANOTHER_BOOT] = "of another boot",
    };

    return (unsigned)verdict < MM_SNAPSHOT_VERDICT_COUNT ? names[verdict] : "unknown";
}

struct cursor {
    const uint8_t *at, *end;
};

static bool take(struct cursor *cursor, void *ret_bytes, size_t size)
{
    if ((size_t)(cursor->end - cursor->at) < size)
        return false;
    memcpy(ret_bytes, cursor->at, size);
    cursor->at += size;
    return true;
}

static bool is_number(int value)
{
    return value >= MM_PRIORITY_MIN && value <= MM_PRIORITY_MAX;
}

static bool is_plausible(const struct mm_snapshot_process *process, size_t length)
{
    return process->pid > 1 && process->account_id >= 0 && !(process->flags & ~(uint32_t)MM_SNAPSHOT_FLAGS) &&
           is_number(process->inherited_oom_score_adj) && is_number(process->written_oom_score_adj) &&
           process->start_time_ticks != 0 && length > 0 && strlen(process->name) == length;
}

static bool read_process(struct cursor *cursor, const struct mm_snapshot_visitor *visitor)
{
    struct mm_snapshot_process process = {0};
    uint8_t length = 0;

    if (!take(cursor, &process, PROCESS_BYTES) || !take(cursor, &length, 1) || length >= MM_NAME_MAX ||
        !take(cursor, process.name, length) || !is_plausible(&process, length))
        return false;
    if (visitor)
        visitor->process(&process, visitor->user);
    return true;
}

static bool read_account(struct cursor *cursor, const struct mm_snapshot_visitor *visitor)
{
    uint8_t bytes[sizeof(struct mm_snapshot_account)];
    static const size_t flags[] = {
        offsetof(struct mm_snapshot_account, is_active),
        offsetof(struct mm_snapshot_account, is_removed),
        offsetof(struct mm_snapshot_account, is_ending),
    };
    struct mm_snapshot_account account;

    if (!take(cursor, bytes, sizeof(bytes)))
        return false;
    /* a bool of another value than 0 and 1 is nothing to read */
    for (size_t i = 0; i < MM_ARRAY_SIZE(flags); i++) {
        if (bytes[flags[i]] > 1)
            return false;
    }
    memcpy(&account, bytes, sizeof(bytes));
    if (account.id < 0)
        return false;
    if (visitor)
        visitor->account(&account, visitor->user);
    return true;
}

static bool read_binding(struct cursor *cursor, const struct mm_snapshot_visitor *visitor)
{
    struct mm_snapshot_binding binding;

    if (!take(cursor, &binding, sizeof(binding)) || binding.caller_pid < 0 || binding.target_pid <= 1 ||
        binding.caller_pid == binding.target_pid)
        return false;
    if (visitor)
        visitor->binding(&binding, visitor->user);
    return true;
}

static bool read_records(struct cursor cursor, const struct mm_snapshot_visitor *visitor)
{
    uint8_t tag = 0;
    bool is_good = true;

    while (is_good && take(&cursor, &tag, 1)) {
        switch (tag) {
        case TAG_ACCOUNT:
            is_good = read_account(&cursor, visitor);
            break;
        case TAG_PROCESS:
            is_good = read_process(&cursor, visitor);
            break;
        case TAG_BINDING:
            is_good = read_binding(&cursor, visitor);
            break;
        default:
            is_good = false;
        }
    }
    return is_good;
}

enum mm_snapshot_verdict mm_snapshot_read(const uint8_t *bytes, size_t size, const uint8_t *boot_id,
                                          const struct mm_snapshot_visitor *visitor, uint64_t *ret_written_ns)
{
    const size_t summed = offsetof(struct header, boot_id);
    struct cursor cursor = {bytes, bytes + size};
    struct header header;

    if (!take(&cursor, &header, sizeof(header)) || memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0)
        return MM_SNAPSHOT_DAMAGED;
    if (header.version != VERSION || memcmp(&header.layout, &layout_here, sizeof(layout_here)) != 0)
        return MM_SNAPSHOT_OF_ANOTHER_VERSION;
    if (header.size != size || header.checksum != checksum_of(bytes + summed, size - summed))
        return MM_SNAPSHOT_DAMAGED;
    if (memcmp(header.boot_id, boot_id, sizeof(header.boot_id)) != 0)
        return MM_SNAPSHOT_OF_ANOTHER_BOOT;
    if (!read_records(cursor, NULL))
        return MM_SNAPSHOT_DAMAGED;
    (void)read_records(cursor, visitor);
    *ret_written_ns = header.written_ns;
    return MM_SNAPSHOT_GOOD;
}
