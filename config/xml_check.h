/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told of a file before it is parsed. */
#ifndef MM_CONFIG_XML_CHECK_H
#define MM_CONFIG_XML_CHECK_H

#include "config/config.h"
#include "config/xml_position.h"

#ifdef __cplusplus
extern "C" {
#endif

/* UTF-8 without NUL, and with tags that libxml2 is quick with; false with a problem for anything else. The
   text is terminated by a NUL that does not count. */
bool mm_xml_is_readable(struct mm_xml_position *position, const char *file, struct mm_problems *problems);

#ifdef __cplusplus
}
#endif

#endif
