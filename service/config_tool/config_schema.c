/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config schema": what is generated from the vocabulary. */
#include "service/config_tool/config_tool.h"

#include <stdio.h>

static int run(struct mm_ctl *ctl)
{
    /* That the output fails shows when it is flushed. */
    if (mm_ctl_option(ctl, "man"))
        (void)mm_config_write_man(stdout);
    else
        (void)mm_config_write_xsd(stdout);
    return MM_CONFIG_OK;
}

static const struct mm_ctl_option options[] = {
    {"man", NULL, "the man page memmgr_config.xml(5) instead, in troff"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_schema_command = {
    .name = "schema",
    .summary = "print the XML schema (XSD), for editors and xmllint",
    .arguments = "",
    .options = options,
    .run = run,
};
