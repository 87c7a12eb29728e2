/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of mm_config_read, for programs that do something in between: memmgr-config reads the files as root, gives
 * its privileges up, and only then looks at what is in them.
 */
#ifndef MM_CONFIG_XML_READER_H
#define MM_CONFIG_XML_READER_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- all sources (sources.c) ---------------------------------------------------------------------------- */

struct mm_config_text {
    char *file;
    char *bytes; /* terminated by a NUL that does not count */
    size_t length;
};

struct mm_config_texts {
    struct mm_config_text *items; /* in the order in which they lie over each other */
    size_t count;
    size_t bytes; /* of all of them */
};

void mm_config_texts_fini(struct mm_config_texts *texts);

/*
 * Finds the sources' files (NULL: those of the built-in search path) and reads them, without looking at what is in
 * them. A file or directory that cannot be taken is a problem and left out, so that the others are looked at, too. A
 * note says so where there is no file at all. 0, or -EINVAL for an error among the problems it found; ret_texts is the
 * caller's in both cases. -ENOMEM.
 */
int mm_config_gather(const struct mm_config_sources *sources, struct mm_config_texts *ret_texts,
                     struct mm_problems *problems);

/* Parses the texts and lays them over each other; as mm_config_merge. */
int mm_config_merge_texts(const struct mm_config_texts *texts, const struct mm_config_device *device,
                          struct mm_config_items *ret_items, struct mm_problems *problems);

/* ---- one file (xml_file.c, xml_reader.c) ------------------------------------------------------------------ */

/*
 * Opens a regular file that not everybody may write and that has at most max_bytes, without ever blocking, and never
 * opens a device. Anything else is a problem and -EINVAL. The descriptor is the caller's to close.
 */
int mm_config_open(const char *file, size_t max_bytes, int *ret_fd, struct mm_problems *problems);

/* The bytes of an open file, terminated by a NUL that does not count, the caller's to free. -EINVAL with a
   problem when it is empty or longer than max_bytes; -EAGAIN, without one, when it changed meanwhile; -ENOMEM. */
int mm_config_read_bytes(int fd, const char *file, size_t max_bytes, char **ret_bytes, size_t *ret_length,
                         struct mm_problems *problems);

/* Until it is closed nobody else can open it for writing (a lease): who tries, waits. -EBUSY: somebody has it open for
   writing already; -EOPNOTSUPP: the file system, or the lack of rights, does not let us know. */
int mm_config_keep_writers_out(int fd);

/* Opens and reads it, anew where it changed meanwhile. -EINVAL with a problem; -ENOMEM. */
int mm_config_read_file(const char *file, size_t max_bytes, bool must_be_closed, char **ret_bytes,
                        size_t *ret_length, struct mm_problems *problems);

/* As mm_config_read_xml, from memory; file is the name in messages. -ENOMEM too. */
int mm_config_parse_xml(const char *file, const char *bytes, size_t length, struct mm_config_items *ret_items,
                        struct mm_problems *problems);

#ifdef __cplusplus
}
#endif

#endif
