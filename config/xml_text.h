/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in XML that is written. */
#ifndef MM_CONFIG_XML_TEXT_H
#define MM_CONFIG_XML_TEXT_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the content of an element, or of an attribute in double quotes. Characters that would move a terminal's cursor
   or turn the reading direction become references, which mean the same. */
void mm_xml_write_escaped(FILE *stream, const char *text);

/* Within a comment, which may not hold two hyphens in a row: the second one becomes \x2d. The text is to be
   printable. */
void mm_xml_write_comment_text(FILE *stream, const char *text);

/*
 * The text as a comment of its own, its lines broken at blanks so that none is longer than MM_XML_COLUMNS where
 * its words allow, indented by that many blanks. Newlines in it stay.
 */
#define MM_XML_COLUMNS 110
void mm_xml_write_comment(FILE *stream, unsigned indentation, const char *text);

#ifdef __cplusplus
}
#endif

#endif
