/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader hears while it tries, and how it tells the daemon of the outcome. */
#ifndef MM_BPF_LOAD_REASON_H
#define MM_BPF_LOAD_REASON_H

#include "bpf/load_variants.h"

/* libbpf's warnings are heard from now on. */
void mm_bpf_listen(void);
/* Forgets what was heard: something else is tried now. */
void mm_bpf_listen_anew(void);
/* Among what is heard in the course of an attempt, like libbpf's messages. */
__attribute__((format(printf, 1, 2))) void mm_bpf_say(const char *format, ...);
/* What was heard is why this program will be missing. Listens anew. */
void mm_bpf_blame(unsigned bit);
/* What is blamed on it is heard again: it is why all of them are missing. */
void mm_bpf_recall(unsigned bit);

/* "BTF tracepoints: fork, exit; without exec: ...": of the programs of the mask, those that the message has or lacks. */
void mm_bpf_describe_success(const char *variant, unsigned mask, struct mm_bpf_loader_message *message);
/* Adds to the reason why it went wrong this way, too. */
void mm_bpf_describe_failure(const char *variant, struct mm_bpf_loader_message *message);
/* None of the mask: the first one's reason for all. */
void mm_bpf_describe_absence(unsigned mask, struct mm_bpf_loader_message *message);

#endif
