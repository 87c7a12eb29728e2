/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what memmgr-config answers: refused, or decoded, built and encoded to the same bytes. */
#include "config/config.h"
#include "config/items.h"
#include "config/vocabulary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_true)
{
    if (!is_true)
        abort();
}

/* A right header before any body: nothing would ever find the hash by chance. */
static unsigned char *seal(const uint8_t *body, size_t length)
{
    uint32_t numbers[4] = {MM_STREAM_VERSION, mm_vocabulary_hash(), (uint32_t)length, 2166136261U};
    static const unsigned char header[MM_STREAM_HEADER] = MM_STREAM_MAGIC;
    unsigned char *bytes = malloc(MM_STREAM_HEADER + length);

    require(bytes != NULL);
    for (size_t i = 0; i < length; i++)
        numbers[3] = (numbers[3] ^ body[i]) * 16777619U;
    memcpy(bytes, header, sizeof(header));
    memcpy(bytes + strlen(MM_STREAM_MAGIC), numbers, sizeof(numbers));
    if (length > 0)
        memcpy(bytes + MM_STREAM_HEADER, body, length);
    return bytes;
}

static void take(const unsigned char *bytes, size_t length)
{
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;
    unsigned char *again = NULL;
    size_t again_length = 0;
    int r = mm_stream_decode(bytes, length, &items, &problems);

    require(r == 0 || r == -EBADMSG);
    if (r == 0) {
        require(mm_stream_encode(&items, &problems, &again, &again_length) == 0);
        r = mm_config_build(&items, NULL, &config, &problems);
        require(r == 0 || r == -EINVAL || r == -EBADMSG);
    }
    free(again);
    mm_config_free(config);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    unsigned char *sealed = seal(bytes, length);

    take(bytes, length);
    take(sealed, MM_STREAM_HEADER + length);
    free(sealed);
    return 0;
}
