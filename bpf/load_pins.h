/* SPDX-License-Identifier: Apache-2.0 */
/* Maps that outlive the daemon under names in a bpffs, and are taken over by the next one; a part of the loader. */
#ifndef MM_BPF_LOAD_PINS_H
#define MM_BPF_LOAD_PINS_H

#include "bpf/load.h"

#include <stdbool.h>
#include <stddef.h>

struct bpf_object;

/* How the maps of an object are kept. The first three are the caller's; fd begins with -1. */
struct mm_bpf_pins {
    const char *directory; /* in a bpffs; made where it is missing; NULL: they are not */
    const char *const *maps;
    size_t map_count;
    int fd;    /* the directory, locked while anybody has it open; -1: they are not */
    int error; /* why */
    bool are_taken_over;
};

/*
 * Loads the object, with the pinned maps where all of them are there and of its shape, else with its own, which are then
 * pinned. What is foreign there is left alone, and nothing pinned: -EBUSY of another one's lock, -EEXIST of something
 * foreign and others of a directory that cannot be had are pins->error. 0 or the negative errno of loading.
 */
int mm_bpf_pins_load(struct mm_bpf_pins *pins, struct bpf_object *object);

/* Says in the message how that went, sets its flags and passes the directory, which comes last. */
int mm_bpf_pins_pass(const struct mm_bpf_pins *pins, struct mm_bpf_load_result *result);

/* error: that of what came after; then those that were pinned here are gone. */
void mm_bpf_pins_end(struct mm_bpf_pins *pins, int error);

#endif
