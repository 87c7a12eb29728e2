/* SPDX-License-Identifier: Apache-2.0 */
/* From files to items. */
#include "service/config_tool.h"

#include "common/common.h"
#include "config/xml_reader.h"
#include "service/privileges.h"

int mm_config_tool_read(const char *file, struct mm_config_items *items, struct mm_problems *problems)
{
    MM_CLEANUP_CLOSE int fd = -1;
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0;
    int r = mm_config_open(file, &fd, problems);

    mm_privileges_drop();
    if (r >= 0)
        r = mm_config_read_bytes(fd, file, &bytes, &length, problems);
    if (r < 0)
        return r;
    return mm_config_parse_xml(file, bytes, length, items, problems);
}
