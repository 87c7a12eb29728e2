/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's sources of the kernel's memory state besides PSI and the waterline watch. */
#ifndef MM_SERVICE_ENGINE_SOURCES_H
#define MM_SERVICE_ENGINE_SOURCES_H

#include "service/daemon/engine.h"

/* Once the waterline watch is there. Each may be missing: engine->note is told how it fares. */
void mm_engine_add_wakes(struct mm_engine *engine);

#endif
