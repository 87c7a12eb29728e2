/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of configuration files, made from the vocabulary. */
#ifndef MM_SERVICE_CONFIG_EXAMPLE_H
#define MM_SERVICE_CONFIG_EXAMPLE_H

#include "config/vocabulary.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A valid file that shows the element in its place: with the others of its row, and with the others of its section
 * where it would not be valid alone. In new memory, the caller's to free; NULL without memory.
 */
char *mm_config_example(unsigned element);

/*
 * A commented file to begin with: every section, every value in it within a comment of its own, as it is built in,
 * so that the file changes nothing until a comment is opened.
 */
void mm_config_write_starter(FILE *stream);

#ifdef __cplusplus
}
#endif

#endif
