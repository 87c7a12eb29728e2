/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/swap_source.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "swap changes"

struct swap_source {
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_waterline_source *waterline;
    struct mm_source_note note;
    struct mm_wake_watch watch;
};

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
static int look(struct swap_source *source, struct mm_swap_state *swap)
{
    char text[96]; /* as much as status shows */
    int result = source->kernel->ops->read_swap(source->kernel, swap);

    if (result < 0) {
        mm_source_tell(&source->note, NAME, false, "swap cannot be read: %s", strerror(-result));
        return result;
    }
    describe(swap, text, sizeof(text));
    mm_source_tell(&source->note, NAME, true, "%s", text);
    return 0;
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct swap_source *source = self;
    struct mm_event event = {.kind = MM_EVENT_SWAP};
    char text[96];

    (void)tag;
    (void)events;
    if (mm_wake_watch_serve(&source->watch, &source->note, NAME, "changes are not noticed any more") <= 0 ||
        look(source, &event.payload.swap) < 0)
        return;
    describe(&event.payload.swap, text, sizeof(text));
    mm_notice("swap has changed: %s", text);
    mm_waterline_source_hint(source->waterline);
    mm_event_center_publish(source->center, &event);
}

static void close_source(void *self)
{
    struct swap_source *source = self;

    mm_wake_watch_close(&source->watch);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "swap",
    .ready = ready,
    .close = close_source,
};

static int open_watch(struct swap_source *source, struct mm_kernel *kernel)
{
    const struct mm_wake_request request = {.kind = MM_WAKE_SWAP};

    return mm_wake_watch_open(&source->watch, source->center, kernel, &source_ops, source, &request, 0);
}

int mm_swap_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    const struct mm_feature *feature = kernel->ops->feature(kernel, MM_FEATURE_SWAP_EVENTS);
    struct mm_swap_state swap;
    struct swap_source *source;
    int result;

    if (!feature->available) {
        mm_source_tell_absent(note, NAME, feature->reason);
        return -EOPNOTSUPP;
    }
    source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->center = center;
    source->note = *note;
    source->kernel = kernel;
    source->waterline = waterline;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    /* the source itself is closed with the center */
    result = open_watch(source, kernel);
    if (result < 0)
        mm_source_tell(note, NAME, false, "%s", strerror(-result));
    else
        (void)look(source, &swap);
    return result;
}
