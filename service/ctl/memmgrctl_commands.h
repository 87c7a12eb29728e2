/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of memmgrctl: a new one is declared here, listed in memmgrctl_commands.c. */
#ifndef MM_SERVICE_MEMMGRCTL_COMMANDS_H
#define MM_SERVICE_MEMMGRCTL_COMMANDS_H

#include "service/ctl/memmgrctl.h"

extern const struct mm_ctl_command mm_ctl_status;
extern const struct mm_ctl_command mm_ctl_list;
extern const struct mm_ctl_command mm_ctl_top;
extern const struct mm_ctl_command mm_ctl_event;
extern const struct mm_ctl_command mm_ctl_monitor;
extern const struct mm_ctl_command mm_ctl_explain;
extern const struct mm_ctl_command mm_ctl_kills;
extern const struct mm_ctl_command mm_ctl_config;
extern const struct mm_ctl_command mm_ctl_match;
extern const struct mm_ctl_command mm_ctl_reload;
extern const struct mm_ctl_command mm_ctl_log_level;
extern const struct mm_ctl_command mm_ctl_demo;
extern const struct mm_ctl_command mm_ctl_flows;

#endif
