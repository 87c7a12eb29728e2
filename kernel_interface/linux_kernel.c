/* SPDX-License-Identifier: Apache-2.0 */
/* The Linux implementation put together: the table of operations, set-up and the end. */
#include "kernel_interface/linux_kernel.h"
#include "kernel_interface/saved_state.h"

#include "common/common.h"
#include "kernel_interface/group_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>

/* 32 MiB: below a tenth of a second of reclaim on a slow device. Taken where the options say 0. */
#define DEFAULT_CHUNK_BYTES (32 * MM_MIB)

static void take_spare_back(struct mm_linux_kernel *kernel)
{
    mm_group_fini(&kernel->spare_group);
    if (kernel->spare_twin_fd >= 0)
        (void)close(kernel->spare_twin_fd);
    kernel->is_spare_lent = false;
}

static void linux_free(struct mm_kernel *base)
{
    struct mm_linux_kernel *kernel = mm_linux(base);

    /* The threads first: they use the groups and push notices. */
    mm_worker_free(kernel->worker);
    mm_reaper_free(kernel->reaper);
    mm_slow_close_join(&kernel->slow_close);
    mm_exit_watch_fini(&kernel->exits);
    mm_notice_queue_free(kernel->notices);
    for (unsigned i = 0; i < kernel->level_count; i++)
        mm_group_close(kernel->levels[i]);
    if (kernel->is_spare_lent)
        take_spare_back(kernel);
    for (unsigned i = 0; i < kernel->state_count; i++)
        mm_state_file_unmap(&kernel->states[i]);
    mm_hierarchies_close(&kernel->hierarchies);
    mm_hot_file_close(&kernel->meminfo);
    mm_hot_file_close(&kernel->vmstat);
    mm_hot_file_close(&kernel->zoneinfo);
    mm_hot_file_close(&kernel->pressure);
    mm_hot_file_close(&kernel->zswapd_buffer);
    if (kernel->lock_fd >= 0)
        (void)close(kernel->lock_fd);
    if (kernel->spare_fd >= 0)
        (void)close(kernel->spare_fd);
    if (kernel->held.directory_fd >= 0)
        (void)close(kernel->held.directory_fd);
    free(kernel->scanned_pids);
    if (kernel->sys_fd >= 0)
        (void)close(kernel->sys_fd);
    if (kernel->proc_fd >= 0)
        (void)close(kernel->proc_fd);
    free(kernel->runtime_directory);
    free(kernel);
}

static uint64_t linux_now_ns(struct mm_kernel *base)
{
    struct timespec now;

    (void)base;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MM_NS_PER_S + (uint64_t)now.tv_nsec;
}

static const struct mm_feature *linux_feature(struct mm_kernel *base, enum mm_feature_id feature)
{
    static const struct mm_feature unknown = {false, "no such feature"};
    struct mm_linux_kernel *kernel = mm_linux(base);

    if ((unsigned)feature >= MM_FEATURE_COUNT)
        return &unknown;
    if (kernel->features[feature].reason[0] == '\0')
        mm_linux_probe_triggers(kernel);
    return &kernel->features[feature];
}

static int linux_open_group(struct mm_kernel *base, const char *path, struct mm_group **ret_group)
{
    return mm_group_open(&mm_linux(base)->hierarchies.memory, path, ret_group);
}

static int linux_borrow_group(struct mm_kernel *base, const char *path, struct mm_group **ret_group)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    int r;

    if (kernel->is_spare_lent)
        return -EBUSY;
    r = mm_group_init(&kernel->hierarchies.memory, path, &kernel->spare_group);
    if (r < 0)
        return r;
    kernel->is_spare_lent = true;
    kernel->spare_twin_fd = mm_group_open_twin(&kernel->hierarchies.unified, &kernel->spare_group);
    *ret_group = &kernel->spare_group;
    return 0;
}

static void linux_close_group(struct mm_kernel *base, struct mm_group *group)
{
    struct mm_linux_kernel *kernel = mm_linux(base);

    if (group == &kernel->spare_group)
        take_spare_back(kernel);
    else
        mm_group_close(group);
}

static const char *linux_group_path(struct mm_kernel *base, const struct mm_group *group)
{
    (void)base;
    return group->path;
}

static uint64_t linux_group_id(struct mm_kernel *base, const struct mm_group *group)
{
    (void)base;
    return group->id;
}

static int linux_read_group(struct mm_kernel *base, struct mm_group *group, enum mm_group_value value,
                            uint64_t *ret_bytes)
{
    (void)base;
    return mm_group_read(group, value, ret_bytes);
}

static int linux_raise_group(struct mm_kernel *base, struct mm_group *group, enum mm_group_value value,
                             uint64_t bytes)
{
    (void)base;
    return mm_group_raise(group, value, bytes);
}

static ssize_t linux_read_group_processes(struct mm_kernel *base, struct mm_group *group, pid_t *ret_pids,
                                          size_t capacity)
{
    (void)base;
    return mm_group_processes(group->directory_fd, ret_pids, capacity);
}

static int linux_submit_job(struct mm_kernel *base, const struct mm_job *job)
{
    return mm_worker_submit(mm_linux(base)->worker, job);
}

static void linux_cancel_jobs(struct mm_kernel *base)
{
    mm_worker_cancel(mm_linux(base)->worker);
}

static int linux_notice_fd(struct mm_kernel *base)
{
    return mm_linux(base)->exits.epoll_fd;
}

static void linux_drain_notices(struct mm_kernel *base, mm_notice_visit visit, void *user)
{
    mm_exit_watch_drain(&mm_linux(base)->exits, visit, user);
}

static int linux_map_state(struct mm_kernel *base, const char *name, size_t size_bytes, void **ret_memory)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_state_file *state;
    int r;

    if (kernel->state_count == MM_STATE_FILES_MAX)
        return -ENFILE;
    state = &kernel->states[kernel->state_count];
    r = mm_state_file_map(kernel->runtime_directory, name, size_bytes, state);
    if (r < 0) {
        mm_error("%s/%s cannot be used: %s", kernel->runtime_directory, name, strerror(-r));
        return r;
    }
    kernel->state_count++;
    if (state->lock_error < 0)
        mm_warning("%s/%s is not locked in memory: %s", kernel->runtime_directory, name,
                   strerror(-state->lock_error));
    *ret_memory = state->memory;
    return 0;
}

static int linux_open_group_watch(struct mm_kernel *base, enum mm_group_tree tree,
                                  struct mm_group_watch **ret_watch)
{
    const struct mm_linux_kernel *kernel = mm_linux(base);
    const struct mm_hierarchy *unified = &kernel->hierarchies.unified, *memory = &kernel->hierarchies.memory;
    int top_fd = tree == MM_GROUP_TREE_FREEZER ? kernel->hierarchies.freezer.top_fd
                 : kernel->is_group_domain     ? kernel->levels[0]->directory_fd
                 : unified->top_fd >= 0        ? unified->top_fd
                                               : memory->top_fd;

    return top_fd < 0 ? -EOPNOTSUPP : mm_group_watch_new(top_fd, tree, ret_watch);
}

static ssize_t linux_read_saved(struct mm_kernel *base, const char *name, void *ret_bytes, size_t capacity)
{
    return mm_saved_state_read(mm_linux(base)->runtime_directory, name, ret_bytes, capacity);
}

static int linux_write_saved(struct mm_kernel *base, const char *name, const void *bytes, size_t size)
{
    return mm_saved_state_write(mm_linux(base)->runtime_directory, name, bytes, size);
}

static int linux_remove_saved(struct mm_kernel *base, const char *name)
{
    return mm_saved_state_remove(mm_linux(base)->runtime_directory, name);
}

static int linux_read_boot_id(struct mm_kernel *base, uint8_t ret_id[MM_BOOT_ID_BYTES])
{
    int fd MM_CLEANUP_CLOSE =
        openat(mm_linux(base)->proc_fd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char text[64];
    ssize_t length;

    if (fd < 0)
        return -errno;
    length = read(fd, text, sizeof(text) - 1);
    if (length < 0)
        return -errno;
    text[length] = '\0';
    return mm_boot_id_parse(text, ret_id);
}

static const struct mm_kernel_ops linux_ops = {
    .free = linux_free,
    .now_ns = linux_now_ns,
    .feature = linux_feature,
    .read_memory = mm_linux_read_memory,
    .read_vmstat = mm_linux_read_vmstat,
    .read_zoneinfo = mm_linux_read_zoneinfo,
    .read_pressure = mm_linux_read_pressure,
    .open_pressure_trigger = mm_linux_open_pressure_trigger,
    .close_pressure_trigger = mm_linux_close_pressure_trigger,
    .read_process = mm_linux_read_process,
    .scan_processes = mm_linux_scan_processes,
    .write_oom_score_adj = mm_linux_write_oom_score_adj,
    .read_process_group = mm_linux_read_process_group,
    .is_in_domain = mm_linux_is_in_domain,
    .open_process = mm_linux_open_process,
    .close_process = mm_linux_close_process,
    .kill_process = mm_linux_kill_process,
    .reap_process = mm_linux_reap_process,
    .watch_process = mm_linux_watch_process,
    .has_exited = mm_linux_has_exited,
    .open_group = linux_open_group,
    .borrow_group = linux_borrow_group,
    .close_group = linux_close_group,
    .group_path = linux_group_path,
    .group_id = linux_group_id,
    .read_group = linux_read_group,
    .raise_group = linux_raise_group,
    .read_group_processes = linux_read_group_processes,
    .kill_group = mm_linux_kill_group,
    .submit_job = linux_submit_job,
    .cancel_jobs = linux_cancel_jobs,
    .notice_fd = linux_notice_fd,
    .drain_notices = linux_drain_notices,
    .map_state = linux_map_state,
    .open_group_watch = linux_open_group_watch,
    .open_wake = mm_linux_open_wake,
    .wake_fd = mm_linux_wake_fd,
    .take_wake = mm_linux_take_wake,
    .move_wake = mm_linux_move_wake,
    .close_wake = mm_linux_close_wake,
    .read_group_events = mm_linux_read_group_events,
    .read_swap = mm_linux_read_swap,
    .read_power = mm_linux_read_power,
    .suspended_ns = mm_linux_suspended_ns,
    .is_frozen = mm_linux_is_frozen,
    .read_frozen = mm_linux_read_frozen,
    .read_saved = linux_read_saved,
    .write_saved = linux_write_saved,
    .remove_saved = linux_remove_saved,
    .read_boot_id = linux_read_boot_id,
};

static int execute_job(void *user, const struct mm_job *job, uint64_t *ret_bytes)
{
    const struct mm_linux_kernel *kernel = (const struct mm_linux_kernel *)user;

    return mm_group_job_run(&kernel->job_settings, job, ret_bytes);
}

static bool is_job_cancelled(void *user)
{
    const struct mm_linux_kernel *kernel = (const struct mm_linux_kernel *)user;

    return mm_worker_is_cancelled(kernel->worker);
}

/* A missing file says so when it is read. */
static int open_system_files(struct mm_linux_kernel *kernel, const char *root)
{
    char path[PATH_MAX];

    (void)mm_format(path, sizeof(path), "%s/proc", root);
    kernel->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (kernel->proc_fd < 0)
        return -errno;
    (void)mm_format(path, sizeof(path), "%s/sys", root);
    kernel->sys_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    kernel->spare_fd = fcntl(kernel->proc_fd, F_DUPFD_CLOEXEC, 0); /* any will do */
    if (kernel->spare_fd < 0)
        return -errno;
    (void)mm_hot_file_open(&kernel->meminfo, kernel->proc_fd, "meminfo");
    (void)mm_hot_file_open(&kernel->vmstat, kernel->proc_fd, "vmstat");
    (void)mm_hot_file_open(&kernel->zoneinfo, kernel->proc_fd, "zoneinfo");
    (void)mm_hot_file_open(&kernel->pressure, kernel->proc_fd, MM_PRESSURE_FILE);
    return 0;
}

/* Opens the domain's group and every one above it: the limits of all of them hold for it. */
static int open_domain(struct mm_linux_kernel *kernel, const char *group_path)
{
    char path[MM_GROUP_PATH_MAX];

    if (strlen(group_path) >= sizeof(path))
        return -ENAMETOOLONG;
    mm_copy_text(path, sizeof(path), group_path);
    for (;;) {
        struct mm_group *group;
        char *slash;
        int r;

        if (kernel->level_count == MM_DOMAIN_LEVELS_MAX)
            return -ELOOP;
        r = mm_group_open(&kernel->hierarchies.memory, path, &group);
        if (r < 0)
            return r;
        kernel->levels[kernel->level_count++] = group;
        if (strcmp(group->path, "/") == 0)
            break;
        mm_copy_text(path, sizeof(path), group->path);
        slash = strrchr(path, '/');
        slash[slash == path] = '\0';
    }
    kernel->is_group_domain = true;
    return 0;
}

static int open_hierarchies(struct mm_linux_kernel *kernel, const char *root, const struct mm_domain *domain)
{
    int r = mm_hierarchies_find(root, &kernel->hierarchies);

    if (r < 0)
        return r;
    if (kernel->hierarchies.memory.top_fd >= 0 && !kernel->hierarchies.memory.is_v2)
        (void)mm_hot_file_open(&kernel->zswapd_buffer, kernel->hierarchies.memory.top_fd,
                               "memory.zswapd_pressure_show");
    return domain->is_group ? open_domain(kernel, domain->group_path) : 0;
}

/* Without one another may manage the same, which is no reason to have nobody do it. */
static int lock_domain(struct mm_linux_kernel *kernel, const struct mm_linux_kernel_options *options)
{
    int r = options->is_exclusive ? mm_linux_lock_domain(kernel) : 0;

    if (r < 0 && r != -EBUSY)
        mm_info("the domain is not locked against another memmgrd: %s", strerror(-r));
    return r == -EBUSY ? r : 0;
}

static int start_threads(struct mm_linux_kernel *kernel, const struct mm_linux_kernel_options *options)
{
    int r = mm_notice_queue_new(&kernel->notices);

    kernel->job_settings = (struct mm_group_job_settings){
        .chunk_bytes = options->reclaim_chunk_bytes > 0 ? options->reclaim_chunk_bytes : DEFAULT_CHUNK_BYTES,
        .is_cancelled = is_job_cancelled,
        .user = kernel,
        .interrupt_signal = MM_WORKER_CANCEL_SIGNAL,
    };
    if (r == 0)
        r = mm_exit_watch_init(&kernel->exits, kernel->notices);
    if (r == 0)
        r = mm_worker_new(execute_job, kernel, kernel->notices, &kernel->worker);
    if (r == 0)
        r = mm_reaper_new(options->reaper_threads, NULL, kernel->notices, &kernel->reaper);
    return r;
}

/* Nothing open yet, so that linux_free may be called at any point. */
static struct mm_linux_kernel *new_empty(const struct mm_linux_kernel_options *options)
{
    struct mm_linux_kernel *kernel = (struct mm_linux_kernel *)calloc(1, sizeof(*kernel));

    if (!kernel)
        return NULL;
    kernel->runtime_directory = strdup(options->runtime_directory ? options->runtime_directory : "");
    if (!kernel->runtime_directory) {
        free(kernel);
        return NULL;
    }
    kernel->base.ops = &linux_ops;
    kernel->base.own_pid = getpid();
    kernel->is_fake = options->root && options->root[0] != '\0';
    kernel->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    kernel->proc_fd = kernel->sys_fd = -1;
    kernel->spare_fd = kernel->lock_fd = -1;
    kernel->held.directory_fd = -1;
    kernel->exits.epoll_fd = -1;
    kernel->tightest.directory_fd = -1;
    kernel->hierarchies.memory.top_fd = -1;
    kernel->hierarchies.unified.top_fd = -1;
    kernel->hierarchies.freezer.top_fd = -1;
    kernel->meminfo.fd = kernel->vmstat.fd = kernel->zoneinfo.fd = -1;
    kernel->pressure.fd = kernel->zswapd_buffer.fd = -1;
    return kernel;
}

int mm_linux_kernel_new(const struct mm_linux_kernel_options *options, struct mm_kernel **ret_kernel)
{
    struct mm_linux_kernel *kernel = new_empty(options);
    const char *root = options->root ? options->root : "";
    int r;

    if (!kernel)
        return -ENOMEM;
    r = open_system_files(kernel, root);
    if (r == 0)
        r = open_hierarchies(kernel, root, &options->domain);
    if (r == 0)
        r = lock_domain(kernel, options);
    if (r == 0)
        r = start_threads(kernel, options);
    if (r < 0) {
        linux_free(&kernel->base);
        return r;
    }
    mm_linux_probe_features(kernel);
    *ret_kernel = &kernel->base;
    return 0;
}
