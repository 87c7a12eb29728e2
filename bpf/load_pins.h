/* SPDX-License-Identifier: Apache-2.0 */
/* Maps that outlive the daemon under names in a bpffs, and are taken over by the next one; a part of the loader. */
#ifndef MM_BPF_LOAD_PINS_H
#define MM_BPF_LOAD_PINS_H

#include <stdbool.h>
#include <stddef.h>

struct bpf_object;

struct mm_bpf_pins {
    const char *directory; /* in a bpffs; made where it is missing */
    const char *const *maps;
    size_t map_count;
};

/*
 * Before the object is loaded: has it use the pinned maps where all of them are there and of its shape. What is not is left
 * alone. 0, and *ret_fd: the directory, locked while anybody has it open. -EBUSY: another one has; -EEXIST: something
 * foreign is there; other negative errno where there is no bpffs or we may not write to it. Without 0 nothing is pinned.
 */
int mm_bpf_pins_adopt(const struct mm_bpf_pins *pins, struct bpf_object *object, int *ret_fd,
                      bool *ret_are_taken_over);

/* After it was loaded, where they were not taken over. 0 or a negative errno, and then none is pinned. */
int mm_bpf_pins_make(const struct mm_bpf_pins *pins, const struct bpf_object *object);

/* All of them that are there; for those that were made. */
void mm_bpf_pins_remove(const struct mm_bpf_pins *pins);

#endif
