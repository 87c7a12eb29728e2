/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the simulated machine that outlives its daemon. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>
#include <string.h>

static void free_state(struct mm_machine_state *state)
{
    free(state->name);
    free(state->memory);
    free(state->at_halt);
    free(state);
}

static int new_state(struct mm_machine *machine, const char *name, size_t size_bytes,
                     struct mm_machine_state **ret_state)
{
    struct mm_machine_state *state = calloc(1, sizeof(*state));

    if (!state)
        return -ENOMEM;
    state->is_current = true;
    state->size_bytes = size_bytes;
    state->name = strdup(name);
    state->memory = calloc(1, size_bytes);
    state->at_halt = calloc(1, size_bytes);
    if (!state->name || !state->memory || !state->at_halt) {
        free_state(state);
        return -ENOMEM;
    }
    mm_list_push_back(&machine->states, &state->link);
    *ret_state = state;
    return 0;
}

int mm_machine_map_state(struct mm_kernel *kernel, const char *name, size_t size_bytes, void **ret_memory)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_state *state = NULL;
    struct mm_machine_state *former = NULL;
    int error = mm_machine_enter(machine, MM_OPERATION_map_state);

    if (error < 0)
        return error;
    if (size_bytes == 0 || name[0] == '\0' || strchr(name, '/'))
        return -EINVAL;
    MM_LIST_FOR_EACH (link, &machine->states) {
        struct mm_machine_state *other = MM_CONTAINER_OF(link, struct mm_machine_state, link);

        if (!other->is_current || strcmp(other->name, name) != 0)
            continue;
        if (other->size_bytes == size_bytes)
            state = other;
        else
            former = other;
    }
    if (!state)
        error = new_state(machine, name, size_bytes, &state);
    if (error == 0 && former) {
        memcpy(state->memory, former->memory, MM_MIN(size_bytes, former->size_bytes));
        former->is_current = false;
    }
    if (error == 0)
        *ret_memory = state->memory;
    return error;
}

/* A name with what no mapped state has in it: the two do not meet. */
static struct mm_machine_state *find_saved(struct mm_machine *machine, const char *name)
{
    MM_LIST_FOR_EACH (link, &machine->states) {
        struct mm_machine_state *state = MM_CONTAINER_OF(link, struct mm_machine_state, link);

        if (state->is_current && state->name[0] == '/' && strcmp(state->name + 1, name) == 0)
            return state;
    }
    return NULL;
}

ssize_t mm_machine_read_saved(struct mm_kernel *kernel, const char *name, void *ret_bytes, size_t capacity)
{
    const struct mm_machine_state *state = find_saved(mm_machine_of(kernel), name);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_saved);

    if (error < 0)
        return error;
    if (!state)
        return -ENOENT;
    if (state->size_bytes > capacity)
        return -EFBIG;
    memcpy(ret_bytes, state->memory, state->size_bytes);
    return (ssize_t)state->size_bytes;
}

int mm_machine_write_saved(struct mm_kernel *kernel, const char *name, const void *bytes, size_t size)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_state *former = find_saved(machine, name), *state;
    char marked[64];
    int error = mm_machine_enter(machine, MM_OPERATION_write_saved);

    if (error < 0)
        return error;
    (void)mm_format(marked, sizeof(marked), "/%s", name);
    error = new_state(machine, marked, size, &state);
    if (error < 0)
        return error;
    memcpy(state->memory, bytes, size);
    memcpy(state->at_halt, bytes, size);
    if (former) {
        mm_list_remove(&former->link);
        free_state(former);
    }
    return 0;
}

int mm_machine_remove_saved(struct mm_kernel *kernel, const char *name)
{
    struct mm_machine_state *state = find_saved(mm_machine_of(kernel), name);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_remove_saved);

    if (error < 0)
        return error;
    if (!state)
        return -ENOENT;
    mm_list_remove(&state->link);
    free_state(state);
    return 0;
}

int mm_machine_read_boot_id(struct mm_kernel *kernel, uint8_t *ret_id)
{
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_boot_id);

    if (error == 0)
        memset(ret_id, 0x5a, MM_BOOT_ID_BYTES);
    return error;
}

void mm_machine_save_states(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->states) {
        struct mm_machine_state *state = MM_CONTAINER_OF(link, struct mm_machine_state, link);

        memcpy(state->at_halt, state->memory, state->size_bytes);
    }
}

void mm_machine_restore_states(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->states) {
        struct mm_machine_state *state = MM_CONTAINER_OF(link, struct mm_machine_state, link);

        memcpy(state->memory, state->at_halt, state->size_bytes);
    }
}

void mm_machine_free_states(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->states)
        free_state(MM_CONTAINER_OF(link, struct mm_machine_state, link));
}
