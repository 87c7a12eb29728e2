/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config schema". */
#include "service/config_tool.h"

#include <stdio.h>

static int run(struct mm_ctl *ctl)
{
    (void)ctl;
    /* That the output fails shows when it is flushed. */
    (void)mm_config_write_xsd(stdout);
    return MM_CONFIG_OK;
}

const struct mm_ctl_command mm_config_schema_command = {
    .name = "schema",
    .summary = "print the XML schema (XSD), for editors and xmllint",
    .arguments = "",
    .run = run,
};
