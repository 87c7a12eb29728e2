/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/swap_source.h"

#include "common/common.h"
#include "event_center/wake_source.h"

#include <string.h>

#define NAME "swap changes"

/* As much as status shows. */
#define DETAIL_SIZE 96

static void describe(const struct mm_swap_state *swap, char *text, size_t size)
{
    char total[MM_SIZE_TEXT_MAX], stored[MM_SIZE_TEXT_MAX], memory[MM_SIZE_TEXT_MAX];

    if (swap->device_count == 0)
        mm_copy_text(text, size, "no swap now");
    else if (swap->zram_count == 0)
        (void)mm_format(text, size, "%s of swap in %u devices",
                        mm_size_text(swap->total_bytes, total, sizeof(total)), swap->device_count);
    else
        (void)mm_format(text, size, "%s of swap in %u devices, %u of them zram, which holds %s in %s",
                        mm_size_text(swap->total_bytes, total, sizeof(total)), swap->device_count,
                        swap->zram_count, mm_size_text(swap->zram_stored_bytes, stored, sizeof(stored)),
                        mm_size_text(swap->zram_memory_bytes, memory, sizeof(memory)));
}

/* Reads and says it; 0, or why not. */
static int look(struct mm_wake_source *source, struct mm_swap_state *swap)
{
    char text[DETAIL_SIZE];
    int result = source->kernel->ops->read_swap(source->kernel, swap);

    if (result < 0) {
        mm_source_tell(&source->note, NAME, false, "swap cannot be read: %s", strerror(-result));
        return result;
    }
    describe(swap, text, sizeof(text));
    mm_source_tell(&source->note, NAME, true, "%s", text);
    return 0;
}

static int begin(struct mm_wake_source *source)
{
    struct mm_swap_state swap;

    /* one that cannot be read now may be readable when it has changed */
    (void)look(source, &swap);
    return 0;
}

static void woken(struct mm_wake_source *source)
{
    struct mm_event event = {.kind = MM_EVENT_SWAP};
    char text[DETAIL_SIZE];

    if (look(source, &event.payload.swap) < 0)
        return;
    describe(&event.payload.swap, text, sizeof(text));
    mm_notice("swap has changed: %s", text);
    mm_waterline_source_hint(source->waterline);
    mm_event_center_publish(source->center, &event);
}

static const struct mm_wake_source_ops source_ops = {
    .name = NAME,
    .size = sizeof(struct mm_wake_source),
    .feature = MM_FEATURE_SWAP_EVENTS,
    .wake = MM_WAKE_SWAP,
    .without = "",
    .consequence = "changes are not noticed any more",
    .begin = begin,
    .woken = woken,
};

int mm_swap_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    return mm_wake_source_add(center, kernel, waterline, note, &source_ops);
}
