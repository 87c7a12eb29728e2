/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a request as JSON, without what is added when it is sent: version and id. */
#ifndef MEMMGR_REQUEST_BODY_H
#define MEMMGR_REQUEST_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Two names of 127 bytes, each of which may become six, and some numbers. */
#define MM_BODY_MAX 2048

struct mm_body {
    size_t length;
    int error; /* 0; -EMSGSIZE: too long; -EILSEQ: a text is no UTF-8 */
    char text[MM_BODY_MAX];
};

/* "request":"name" */
void mm_body_begin(struct mm_body *body, const char *request);
void mm_body_text(struct mm_body *body, const char *field, const char *text);
void mm_body_integer(struct mm_body *body, const char *field, int64_t number);
void mm_body_bool(struct mm_body *body, const char *field, bool is_so);
/* "field":["a","b"]; names are plain words, those whose bit is not in mask are left out. */
void mm_body_words(struct mm_body *body, const char *field, const char *const *words, size_t count,
                   uint32_t mask);

#ifdef __cplusplus
}
#endif

#endif
