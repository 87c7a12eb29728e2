/* SPDX-License-Identifier: Apache-2.0 */
/* Text that came from a process or over a socket, made harmless for a terminal and for JSON. */
#include "service/shared/clean_text.h"

#include "common/common.h"

#include <string.h>

/* The longest form of one input byte: \xNN. */
#define ESCAPE_LENGTH 4

const char *mm_clean_text(const char *text, char *buffer, size_t size)
{
    size_t used = 0;

    for (;;) {
        size_t segment = strcspn(text, "\\");

        (void)mm_printable(text, segment, buffer + used, size - used);
        used += strlen(buffer + used);
        text += segment;
        if (*text == '\0' || used + ESCAPE_LENGTH >= size)
            break;
        buffer[used++] = '\\';
        buffer[used] = '\0';
        text++;
    }
    return buffer;
}

bool mm_text_is_clean(const char *text)
{
    /* Looked at in pieces, so that no text is too long; a piece never ends within a character. */
    char piece[64];

    while (*text) {
        size_t length = strnlen(text, sizeof(piece) / ESCAPE_LENGTH);

        while (length > 1 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
        if (text[0] != '\\') {
            length = MM_MIN(length, strcspn(text, "\\"));
            (void)mm_printable(text, length, piece, sizeof(piece));
            if (strncmp(piece, text, length) != 0 || piece[length] != '\0')
                return false;
        } else {
            length = 1;
        }
        text += length;
    }
    return true;
}
