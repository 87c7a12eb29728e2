/* SPDX-License-Identifier: Apache-2.0 */
/* "memory": how much there is, how scarce it is, and which row of the kill table that is; a few hundred bytes. */
#include "service/requests/request.h"

#include "kill_strategy/kill_decide.h"

#include <string.h>

/* Upstream counts rows from the most severe, which is 1, and says its mildest where none applies. Here 0 is none. */
static void write_kill_level(struct mm_request *request, uint64_t available_bytes)
{
    const struct mm_kill_config *config = &request->context->config->kill;
    const struct mm_kill_level *level =
        config->is_enabled ? mm_kill_level_for(config, available_bytes) : NULL;
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "kill", '{');
    mm_json_unsigned(writer, "levels", config->is_enabled ? config->level_count : 0);
    mm_json_unsigned(writer, "level", level ? (uint64_t)(level - config->levels) + 1 : 0);
    if (level) {
        mm_json_unsigned(writer, "memory_bytes", level->memory_bytes);
        mm_json_signed(writer, "min_priority", level->min_priority);
    }
    mm_json_close(writer, '}');
}

int mm_request_memory(struct mm_request *request)
{
    struct mm_json_writer *writer = request->writer;
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_reclaim_status status = {0};
    struct mm_memory_state memory;
    int result = kernel->ops->read_memory(kernel, &memory);

    if (result < 0)
        return mm_request_refuse(request, "failed", "memory cannot be read: %s", strerror(-result));
    if (request->context->reclaim)
        mm_reclaim_strategy_status(request->context->reclaim, &status);
    mm_json_amount(writer, "total_bytes", memory.total_bytes);
    mm_json_amount(writer, "available_bytes", memory.available_bytes);
    mm_json_text(writer, "level", mm_memory_level_name(status.level));
    mm_json_text(writer, "level_cause", mm_level_cause_name(status.level_cause));
    write_kill_level(request, memory.available_bytes);
    return 0;
}
