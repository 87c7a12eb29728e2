/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and columns by byte offsets of our own; libxml2 counts neither reliably. */
#ifndef MM_CONFIG_XML_POSITION_H
#define MM_CONFIG_XML_POSITION_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Remembers where it was last, so that walking through a file costs no more than its length. */
struct mm_xml_position {
    const char *bytes;
    size_t length;
    size_t offset;
    unsigned line, column;
};

void mm_xml_position_init(struct mm_xml_position *position, const char *bytes, size_t length);
/* Line and column, from 1; a column is a character (UTF-8). An offset past the end is the end. */
void mm_xml_position_move(struct mm_xml_position *position, size_t offset);

/* The offset of the '<' that opens the tag in which offset lies; offset itself when there is none. */
size_t mm_xml_tag_begin(const char *bytes, size_t length, size_t offset);
/* The offset of the last `begin` before offset, "<!ENTITY" say, whose quotes may hide a '<'; offset itself when
   there is none. */
size_t mm_xml_declaration_begin(const char *bytes, size_t length, size_t offset, const char *begin);
/* The offset behind the '>' that closes the tag in which offset lies. */
size_t mm_xml_tag_end(const char *bytes, size_t length, size_t offset);
/* The first character of content from offset on: blanks, comments and processing instructions are passed
   over, a CDATA section is entered. */
size_t mm_xml_content_begin(const char *bytes, size_t length, size_t offset);

/* The offset of the first tag of more than `most` bytes; length when there is none. For files that nobody has
   parsed yet: libxml2 compares each attribute of a tag with all others. */
size_t mm_xml_find_long_tag(const char *bytes, size_t length, size_t most);

#ifdef __cplusplus
}
#endif

#endif
