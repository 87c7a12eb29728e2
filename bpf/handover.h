/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's end of the loader's socket: running the loader, and taking a message with its descriptors. */
#ifndef MM_BPF_HANDOVER_H
#define MM_BPF_HANDOVER_H

#include "bpf/loader_protocol.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* arguments: the first is its name; ends with NULL. ends_with_us: as of struct mm_program. Negative errno, and nothing is
   left. *ret_fd: our end of the socket. */
int mm_bpf_handover_begin(char *const *arguments, bool ends_with_us, pid_t *ret_pid, int *ret_fd);

/* One message as it came; zero-initialised: none. */
struct mm_bpf_handover {
    struct mm_bpf_loader_message message;
    int fds[MM_BPF_LOADER_FDS_MAX];
    unsigned fd_count;
};

/* Never waits. Bytes of the message, 0 at the socket's end, or a negative errno: -EAGAIN, none is there yet; -EMFILE, this
   process may not have all the descriptors; -EMSGSIZE, it is longer than any. The descriptors are the caller's in any
   case. */
ssize_t mm_bpf_handover_receive(int fd, struct mm_bpf_handover *handover);

/*
 * 0 when the message fits, of this version, and with more than so many descriptors. Else the loader's own error, or
 * -EPROTO. length: what mm_bpf_handover_receive has returned, of which an error is returned as it is, but that too long
 * is -EPROTO. reason, of MM_BPF_REASON_MAX bytes, is filled in any case, harmless to print.
 */
int mm_bpf_handover_read(struct mm_bpf_handover *handover, ssize_t length, uint32_t version,
                         unsigned descriptors, char *reason);

/* Into the reason, in the same words where the caller finds something: "the loader does not fit ..."; -EPROTO. */
int mm_bpf_handover_refuse(const char *complaint, char *reason);

/* Those that nobody has taken out (mm_take_fd). */
void mm_bpf_handover_close(struct mm_bpf_handover *handover);

#ifdef __cplusplus
}
#endif

#endif
