/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients reported, as bytes that outlive the daemon: pure, and without trust in what is read. A header with the
 * version, the layout of records, the boot and a checksum, then records. Start times and moments are those of one boot.
 */
#ifndef MM_PRIORITY_MANAGER_SNAPSHOT_H
#define MM_PRIORITY_MANAGER_SNAPSHOT_H

#include "event_center/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Some 40,000 processes; whoever finds no room is left out. */
#define MM_SNAPSHOT_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct mm_snapshot_account {
    int64_t id;
    bool is_active; /* else inactive */
    bool is_removed;
    bool is_ending; /* its bundles are to be killed */
};

struct mm_snapshot_process {
    pid_t pid; /* above 1 */
    uint64_t start_time_ticks;
    uid_t uid, bundle_uid;
    int64_t account_id;
    uint32_t flags; /* of enum mm_process_flag, those of MM_SNAPSHOT_FLAGS */
    int16_t inherited_oom_score_adj, written_oom_score_adj;
    uint64_t deadline_ns;        /* of the grace or of an ability that starts; 0: none */
    uint64_t ability_started_ns; /* by the event that said so */
    uint64_t process_name_hash;
    char name[MM_NAME_MAX]; /* of the bundle */
};

struct mm_snapshot_binding {
    pid_t caller_pid, target_pid;
    uint64_t caller_ticks; /* 0: the caller was not known */
};

struct mm_snapshot_writer {
    uint8_t *bytes; /* the caller's, of capacity */
    size_t capacity, size;
    unsigned left_out;
};

/* What a process whose bundle has that name, and n bindings, take. */
size_t mm_snapshot_process_bytes(const char *name);
size_t mm_snapshot_bindings_bytes(size_t n);

void mm_snapshot_begin(struct mm_snapshot_writer *writer, const uint8_t *boot_id, uint64_t now_ns);
void mm_snapshot_add_account(struct mm_snapshot_writer *writer, const struct mm_snapshot_account *account);
void mm_snapshot_add_process(struct mm_snapshot_writer *writer, const struct mm_snapshot_process *process);
void mm_snapshot_add_binding(struct mm_snapshot_writer *writer, const struct mm_snapshot_binding *binding);
/* 0, and the bytes are whole; -ENOSPC when there was not even room for the header. */
int mm_snapshot_end(struct mm_snapshot_writer *writer);

/* What it is worth. */
enum mm_snapshot_verdict {
    MM_SNAPSHOT_GOOD,
    MM_SNAPSHOT_DAMAGED,
    MM_SNAPSHOT_OF_ANOTHER_VERSION,
    MM_SNAPSHOT_OF_ANOTHER_BOOT,
    MM_SNAPSHOT_VERDICT_COUNT
};
const char *mm_snapshot_verdict_name(enum mm_snapshot_verdict verdict);

struct mm_snapshot_visitor {
    void (*account)(const struct mm_snapshot_account *account, void *user);
    void (*process)(const struct mm_snapshot_process *process, void *user);
    void (*binding)(const struct mm_snapshot_binding *binding, void *user);
    void *user;
};

/* Visits nobody unless all of it is good; ret_written_ns: when it was made. */
enum mm_snapshot_verdict mm_snapshot_read(const uint8_t *bytes, size_t size, const uint8_t *boot_id,
                                          const struct mm_snapshot_visitor *visitor,
                                          uint64_t *ret_written_ns);

#ifdef __cplusplus
}
#endif

#endif
