/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons, collected for each program and put in one line. */
#include "bpf/load_reason.h"

#include "bpf/reason.h"
#include "common/common.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* libbpf hands its messages to a function without a user pointer. */
static struct mm_bpf_reason heard;

/* Why a program is missing, by the number of its bit. */
static char blames[32][MM_BPF_REASON_MAX];

__attribute__((format(printf, 2, 0))) static int hear(enum libbpf_print_level level, const char *format,
                                                      va_list arguments)
{
    /* a verifier log is long and its end decides: libbpf's own buffer grows to 16 MiB, but what is refused
       here is refused within a few hundred lines */
    static char message[65536];

    if (level != LIBBPF_WARN)
        return 0;
    /* the analyzer does not see that libbpf began the list */
    (void)vsnprintf(message, sizeof(message), format, arguments); /* NOLINT(clang-analyzer-valist*) */
    mm_bpf_reason_hear(&heard, message);
    return 0;
}

void mm_bpf_listen(void)
{
    (void)libbpf_set_print(hear);
}

void mm_bpf_listen_anew(void)
{
    heard = (struct mm_bpf_reason){0};
}

void mm_bpf_say(const char *format, ...)
{
    char message[MM_BPF_REASON_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    mm_bpf_reason_hear(&heard, message);
}

static char *blame_of(unsigned bit)
{
    return blames[__builtin_ctz(bit)];
}

void mm_bpf_blame(unsigned bit)
{
    mm_copy_text(blame_of(bit), sizeof(blames[0]), heard.rank > 0 ? heard.line : "not known");
    mm_bpf_listen_anew();
}

void mm_bpf_recall(unsigned bit)
{
    mm_bpf_say("%s", blame_of(bit));
}

/* The programs of the mask that have a name; begin with -1. The count after the last. */
static size_t next_program(unsigned mask, size_t i)
{
    do {
        i++;
    } while (i < mm_bpf_load_program_count &&
             (!(mask & mm_bpf_load_programs[i].bit) || !mm_bpf_load_programs[i].name));
    return i;
}

/* "; without exec, comm: ...; without exit: ...": those in a row with the same reason share it. */
static void describe_missing(unsigned missing, struct mm_bpf_loader_message *message, size_t length)
{
    size_t size = sizeof(message->reason);
    const char *blame = NULL;

    for (size_t i = next_program(missing, SIZE_MAX); i < mm_bpf_load_program_count;
         i = next_program(missing, i)) {
        const char *why = blame_of(mm_bpf_load_programs[i].bit);
        bool is_same = blame && strcmp(blame, why) == 0;

        if (blame && !is_same)
            length += mm_format(message->reason + length, size - length, ": %s", blame);
        length += mm_format(message->reason + length, size - length, "%s%s", is_same ? ", " : "; without ",
                            mm_bpf_load_programs[i].name);
        blame = why;
    }
    if (blame)
        (void)mm_format(message->reason + length, size - length, ": %s", blame);
}

void mm_bpf_describe_success(const char *variant, unsigned mask, struct mm_bpf_loader_message *message)
{
    size_t size = sizeof(message->reason);
    size_t length = mm_format(message->reason, size, "%s: ", variant);
    const char *separator = "";
    unsigned present = message->programs & mask;

    for (size_t i = next_program(present, SIZE_MAX); i < mm_bpf_load_program_count;
         i = next_program(present, i)) {
        length += mm_format(message->reason + length, size - length, "%s%s", separator,
                            mm_bpf_load_programs[i].name);
        separator = ", ";
    }
    describe_missing(mask & ~present, message, length);
}

void mm_bpf_describe_failure(const char *variant, struct mm_bpf_loader_message *message)
{
    size_t length = strnlen(message->reason, sizeof(message->reason) - 1);

    if (message->error == -EPERM)
        (void)mm_format(message->reason, sizeof(message->reason),
                        "%s: the kernel does not permit it: CAP_BPF and CAP_PERFMON are needed (%s)", variant,
                        heard.line);
    else
        (void)mm_format(message->reason + length, sizeof(message->reason) - length, "%s%s: %s",
                        length > 0 ? "; " : "", variant,
                        heard.rank > 0 ? heard.line : strerror(-message->error));
}

void mm_bpf_describe_absence(unsigned mask, struct mm_bpf_loader_message *message)
{
    size_t i = next_program(mask, SIZE_MAX);

    mm_copy_text(message->reason, sizeof(message->reason),
                 i < mm_bpf_load_program_count ? blame_of(mm_bpf_load_programs[i].bit) : "");
}
