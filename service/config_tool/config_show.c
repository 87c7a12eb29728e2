/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config show": what is in force, and where each value comes from. */
#include "service/config_tool/config_tool.h"

#include "config/vocabulary.h"
#include "config/write_xml.h"
#include "service/config_tool/config_json.h"
#include "service/config_tool/config_names.h"

#include <errno.h>

static int show(const struct mm_ctl *ctl, const struct mm_config *config, unsigned section)
{
    const struct mm_xml_choice choice = {
        .only = section, .with_ids = true, .with_origins = mm_ctl_option(ctl, "origin") != NULL};

    if (ctl->is_json)
        return mm_config_tool_print_json(ctl, mm_config_json(config, section, choice.with_origins));
    /* That the output fails shows when it is flushed. */
    (void)mm_config_write_xml_choice(stdout, config, &choice);
    return MM_CONFIG_OK;
}

static int run(struct mm_ctl *ctl)
{
    const char *section_name = mm_ctl_option(ctl, "section");
    unsigned section = MM_ELEMENT_NONE;
    struct mm_config_sources sources;
    struct mm_config_device device;
    struct mm_config_input input = {0};
    int r, result = mm_config_tool_device(ctl, &device);

    if (result == 0)
        result = mm_config_tool_sources(ctl, &sources);
    if (result == 0 && section_name)
        result = mm_config_names_resolve(ctl, section_name, &section);
    if (result != 0)
        return result;
    if (section != MM_ELEMENT_NONE)
        section = mm_vocabulary_resolve(section);
    r = mm_config_tool_load(&sources, &device, &input);
    if (r == 0 || r == -EINVAL)
        mm_config_tool_print_problems(ctl, stderr, &input.problems, MM_PROBLEM_NOTE);
    if (r == 0)
        result = show(ctl, input.config, section);
    else
        result = r == -EINVAL ? MM_CONFIG_INVALID : mm_config_tool_fail(ctl, "show", r);
    mm_config_input_fini(&input);
    return result;
}

static const struct mm_ctl_option options[] = {
    {"origin", NULL, "say of each value which line of which file it comes from"},
    {"section", "NAME", "only this section, or this element"},
    {"json", NULL, "print JSON instead of XML"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_show_command = {
    .name = "show",
    .summary = "print the whole configuration that the files make, as XML or JSON",
    .arguments = "[FILE|DIRECTORY...]",
    .details = "The files lie over each other in the order given, a directory stands for its *.xml; without\n"
               "any, it is those of the search path. The XML can be read again, and means the same.",
    .options = options,
    .max_arguments = MM_CONFIG_FILES_MAX,
    .run = run,
};
