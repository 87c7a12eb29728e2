/* SPDX-License-Identifier: Apache-2.0 */
/* The flows of the daemon. */
#include "service/daemon_state.h"

#include "common/common.h"
#include "service/flows.h"

int mm_daemon_add_flows(struct mm_daemon *daemon)
{
    static const struct mm_flow_ops engine = {
        .name = "memflow",
        .summary = "memory: the list, squeezing and killing",
    };
    int result = mm_flows_new(daemon->engine->center, &daemon->context.flows);

    return result == 0 ? mm_flows_add(daemon->context.flows, &engine, daemon) : result;
}
