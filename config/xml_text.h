/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MM_CONFIG_XML_TEXT_H
#define MM_CONFIG_XML_TEXT_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the content of an element; not for attributes. */
void mm_xml_write_escaped(FILE *stream, const char *text);

#ifdef __cplusplus
}
#endif

#endif
