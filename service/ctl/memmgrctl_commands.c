/* SPDX-License-Identifier: Apache-2.0 */
/* The table of memmgrctl's commands, in the order of help. */
#include "service/ctl/memmgrctl_commands.h"

const struct mm_ctl_command *const mm_ctl_commands[] = {
    &mm_ctl_status,    &mm_ctl_list,  &mm_ctl_top,    &mm_ctl_event,        &mm_ctl_monitor,
    &mm_ctl_explain,   &mm_ctl_kills, &mm_ctl_config, &mm_ctl_match,        &mm_ctl_reload,
    &mm_ctl_log_level, &mm_ctl_flows, &mm_ctl_demo,   &mm_ctl_help_command, NULL,
};
