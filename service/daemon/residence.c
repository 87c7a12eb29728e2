/* SPDX-License-Identifier: Apache-2.0 */
#include "service/daemon/residence.h"

#include "common/common.h"
#include "common/touch.h"

#include <link.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

/* Program, C library, linker, cJSON, vdso, and as many again that a build may bring; each has two or three segments that
   are not written. */
#define SEGMENTS_MAX 32

/* Twice the deepest way of a kill: lists of a group's processes, and a buffer for each level below it. */
#define STACK_BYTES ((size_t)48 * 1024)

struct segment {
    char *begin;
    size_t length;
    bool is_of_program;
    bool has_headers; /* the file's first: symbols and relocations, done with when main begins */
};

struct segments {
    unsigned count;
    struct segment at[SEGMENTS_MAX];
    struct segment unwinding; /* the program's tables for exceptions and debuggers, at the end of a segment */
    bool has_program;         /* it comes first */
};

static struct segment locate(const struct dl_phdr_info *object, const ElfW(Phdr) * header)
{
    uintptr_t begin = object->dlpi_addr + header->p_vaddr;
    uintptr_t lead = begin % MM_TOUCH_STEP;

    return (struct segment){
        .begin = (char *)(begin - lead), // NOLINT(performance-no-int-to-ptr)
        .length = header->p_filesz + lead,
        .has_headers = header->p_offset == 0,
    };
}

/* Segments that cannot be written hold nothing but the file's content: what the linker relocated stands in others. */
static int note_object(struct dl_phdr_info *object, size_t size, void *user)
{
    struct segments *segments = user;

    (void)size;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        struct segment segment = locate(object, header);

        segment.is_of_program = !segments->has_program;
        if (header->p_type == PT_GNU_EH_FRAME && segment.is_of_program)
            segments->unwinding = segment;
        if (header->p_type == PT_LOAD && !(header->p_flags & PF_W) && segments->count < SEGMENTS_MAX)
            segments->at[segments->count++] = segment;
    }
    segments->has_program = true;
    return 0;
}

/* All of a segment, also what a sanitizer lays between its variables. */
__attribute__((no_sanitize("address"))) static void touch(const struct segment *segment)
{
    for (size_t offset = 0; offset < segment->length; offset += MM_TOUCH_STEP)
        (void)*(const volatile char *)(segment->begin + offset);
}

static void forget(const struct segment *segment)
{
    (void)madvise(segment->begin, segment->length, MADV_DONTNEED);
}

/* The kernel brings in neighbours with each page, these tables with the constants in front of them. */
static void forget_unwinding(const struct segments *segments)
{
    const struct segment *tables = &segments->unwinding;

    for (unsigned i = 0; tables->begin && i < segments->count; i++) {
        const struct segment *host = &segments->at[i];
        struct segment rest = {.begin = tables->begin + MM_TOUCH_STEP};

        if (tables->begin < host->begin || rest.begin >= host->begin + host->length)
            continue;
        rest.length = (size_t)(host->begin + host->length - rest.begin);
        forget(&rest);
    }
}

/* Below the present frame, where a kill's frames will be. */
__attribute__((noinline)) static void touch_stack(void)
{
    char frame[STACK_BYTES];

    for (size_t offset = 0; offset < sizeof(frame); offset += MM_TOUCH_STEP)
        *(volatile char *)(frame + offset) = 0;
}

void mm_residence_settle(void)
{
    struct segments segments = {.count = 0};

    /* what tells of the segments stands in them: all are noted before the first is let go */
    (void)dl_iterate_phdr(note_object, &segments);
    for (unsigned i = 0; i < segments.count; i++)
        forget(&segments.at[i]);
#ifdef __GLIBC__
    /* other C libraries return it by themselves */
    (void)malloc_trim(0);
#endif
    for (unsigned i = 0; i < segments.count; i++) {
        if (segments.at[i].is_of_program && !segments.at[i].has_headers)
            touch(&segments.at[i]);
    }
    forget_unwinding(&segments);
    touch_stack();
}
