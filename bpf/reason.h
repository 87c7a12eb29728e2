/* SPDX-License-Identifier: Apache-2.0 */
/* Out of all that libbpf prints while it fails, the one line that says why. */
#ifndef MM_BPF_REASON_H
#define MM_BPF_REASON_H

#include "bpf/bpf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialised: nothing heard yet. */
struct mm_bpf_reason {
    int rank; /* how telling line is; 0: none */
    char line[MM_BPF_REASON_MAX];
};

/*
 * Looks at one message, of one line or many (a verifier log), and keeps its most telling line when that
 * beats what was kept before. Of lines equally telling the first stays: later ones are consequences.
 */
void mm_bpf_reason_hear(struct mm_bpf_reason *reason, const char *message);

#ifdef __cplusplus
}
#endif

#endif
