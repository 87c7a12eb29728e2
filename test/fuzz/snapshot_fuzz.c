/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a daemon left for the next one: as they are, and as records behind a header that is right, which no
 * search would find the checksum of. What is taken for good is written and read again.
 */
#include "priority_manager/priority_manager.h"
#include "priority_manager/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define CAPACITY 65536

static const uint8_t boot_id[MM_BOOT_ID_BYTES] = "the same boot.."; /* and its NUL */

static void require(int is_true)
{
    if (!is_true)
        abort();
}

static void take_account(const struct mm_snapshot_account *account, void *user)
{
    require(account->id >= 0);
    mm_snapshot_add_account(user, account);
}

static void take_process(const struct mm_snapshot_process *process, void *user)
{
    require(process->pid > 1 && process->account_id >= 0);
    require((process->flags & ~(uint32_t)MM_SNAPSHOT_FLAGS) == 0);
    require(memchr(process->name, '\0', sizeof(process->name)) != NULL && process->name[0] != '\0');
    mm_snapshot_add_process(user, process);
}

static void take_binding(const struct mm_snapshot_binding *binding, void *user)
{
    require(binding->target_pid > 1 && binding->caller_pid >= 0);
    mm_snapshot_add_binding(user, binding);
}

static size_t copy(const uint8_t *bytes, size_t length, uint8_t *copied)
{
    struct mm_snapshot_writer writer = {.bytes = copied, .capacity = CAPACITY};
    const struct mm_snapshot_visitor visitor = {take_account, take_process, take_binding, &writer};
    uint64_t written_ns = 0;

    mm_snapshot_begin(&writer, boot_id, 7);
    if (mm_snapshot_read(bytes, length, boot_id, &visitor, &written_ns) != MM_SNAPSHOT_GOOD)
        return 0;
    require(writer.left_out == 0 && mm_snapshot_end(&writer) == 0);
    return writer.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static uint8_t framed[CAPACITY], first[CAPACITY], second[CAPACITY];
    struct mm_snapshot_writer writer = {.bytes = framed, .capacity = CAPACITY};
    size_t size;

    (void)copy(bytes, length, first);
    mm_snapshot_begin(&writer, boot_id, 7);
    if (length > CAPACITY - writer.size)
        return 0;
    memcpy(framed + writer.size, bytes, length);
    writer.size += length;
    require(mm_snapshot_end(&writer) == 0);
    size = copy(framed, writer.size, first);
    if (size > 0)
        require(copy(first, size, second) == size && memcmp(first, second, size) == 0);
    return 0;
}
