/* SPDX-License-Identifier: Apache-2.0 */
/* The effective configuration as XML: all of mm_config_write_xml, and what people ask for besides. */
#ifndef MM_CONFIG_WRITE_XML_H
#define MM_CONFIG_WRITE_XML_H

#include "config/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_xml_choice {
    unsigned only;     /* this section alone, within what it stands in; MM_ELEMENT_NONE: everything */
    bool with_ids;     /* of rows that have one; two configurations that mean the same may differ in them */
    bool with_origins; /* a comment behind each value: the file and line it comes from, or "built-in" */
};

/* Reads back as the same configuration, or as that section of it. -EIO. */
int mm_config_write_xml_choice(FILE *stream, const struct mm_config *config,
                               const struct mm_xml_choice *choice);

/* "/etc/memmgr/memmgr_config.xml:12 (profile 4gb)", printable, or "built-in"; cut to fit. Returns buffer. */
#define MM_ORIGIN_TEXT_MAX 512
const char *mm_config_origin_text(const struct mm_config *config, unsigned element, unsigned instance,
                                  char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
