/* SPDX-License-Identifier: Apache-2.0 */
/* What the observer reads of memory and of the kernel's own kills. */
#include "test/vm/tools/observer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* About the guest's clock tick. A reading takes an emulated processor half a millisecond: more often it would
 * be the observer that fills the guest. */
#define SAMPLE_EVERY_NS INT64_C(5000000)
/* The thread's stack is locked; this is enough for what it does, and no less than any libc's minimum. */
#define STACK_BYTES ((size_t)64 * 1024)
#define NS_PER_S    INT64_C(1000000000)
#define NS_PER_MS   INT64_C(1000000)

int64_t mm_observer_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t mm_observer_now_ms(void)
{
    return mm_observer_now_ns() / NS_PER_MS;
}

/* "MemTotal:        2014076 kB\nMemFree:         1650356 kB\nMemAvailable:    1785672 kB\n..." */
static int64_t read_available_kib(int fd)
{
    static const char key[] = "\nMemAvailable:";
    char text[512]; /* the line is the third */
    const char *line;
    const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

    if (length < 0)
        return -errno;
    text[length] = '\0';
    line = strstr(text, key);
    return line ? strtoll(line + sizeof(key) - 1, NULL, 10) : -EBADMSG;
}

static void note_sample(struct mm_observer_memory *memory, int64_t time_ms, int64_t available_kib)
{
    atomic_store(&memory->available_kib, available_kib);
    if (available_kib < atomic_load(&memory->low_kib))
        atomic_store(&memory->low_kib, available_kib);
    if (available_kib < memory->lowest_kib)
        memory->lowest_kib = available_kib;
    memory->samples++;
    for (size_t i = 0; i < memory->crossing_count; i++) {
        struct mm_observer_crossing *crossing = &memory->crossings[i];

        if (crossing->time_ms < 0 && available_kib < crossing->waterline_mb * 1024) {
            crossing->time_ms = time_ms;
            crossing->available_mb = available_kib / 1024;
        }
    }
}

static void *sample(void *argument)
{
    struct mm_observer_memory *memory = argument;
    int64_t next_ns = mm_observer_now_ns();
    int64_t last_ns = next_ns;

    while (!atomic_load(&memory->stop)) {
        const int64_t available_kib = read_available_kib(memory->meminfo_fd);
        const int64_t now_ns = mm_observer_now_ns();
        struct timespec until;

        if (available_kib < 0) {
            atomic_store(&memory->failed, -available_kib);
            break;
        }
        note_sample(memory, now_ns / NS_PER_MS, available_kib);
        if ((now_ns - last_ns) / NS_PER_MS > memory->longest_gap_ms)
            memory->longest_gap_ms = (now_ns - last_ns) / NS_PER_MS;
        last_ns = now_ns;
        /* What was missed is not made up for. */
        next_ns = next_ns + SAMPLE_EVERY_NS > now_ns ? next_ns + SAMPLE_EVERY_NS : now_ns + SAMPLE_EVERY_NS;
        until.tv_sec = (time_t)(next_ns / NS_PER_S);
        until.tv_nsec = (long)(next_ns % NS_PER_S);
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
    }
    return NULL;
}

int mm_observer_memory_start(struct mm_observer_memory *memory)
{
    const struct sched_param parameter = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
    pthread_attr_t attributes;
    int64_t available_kib;
    int error;

    memory->meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    if (memory->meminfo_fd < 0)
        return -errno;
    available_kib = read_available_kib(memory->meminfo_fd);
    if (available_kib < 0)
        return (int)available_kib;
    memory->lowest_kib = available_kib;
    atomic_store(&memory->available_kib, available_kib);
    atomic_store(&memory->low_kib, available_kib);

    error = pthread_attr_init(&attributes);
    if (error)
        return -error;
    error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (!error)
        error = pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    if (!error)
        error = pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    if (!error)
        error = pthread_attr_setschedparam(&attributes, &parameter);
    if (!error)
        error = pthread_create(&memory->thread, &attributes, sample, memory);
    (void)pthread_attr_destroy(&attributes);
    return -error;
}

int mm_observer_memory_stop(struct mm_observer_memory *memory)
{
    atomic_store(&memory->stop, true);
    (void)pthread_join(memory->thread, NULL);
    (void)close(memory->meminfo_fd);
    return -(int)atomic_load(&memory->failed);
}

int64_t mm_observer_memory_take_low(struct mm_observer_memory *memory)
{
    return atomic_exchange(&memory->low_kib, atomic_load(&memory->available_kib));
}

/* "nr_free_pages 452342\n...\noom_kill 0\n..." */
int64_t mm_observer_oom_kills(void)
{
    static const char key[] = "oom_kill ";
    FILE *file = fopen("/proc/vmstat", "re");
    char line[128];
    int64_t value = -ENOENT;

    if (!file)
        return -errno;
    while (value < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, key, sizeof(key) - 1) == 0)
            value = strtoll(line + sizeof(key) - 1, NULL, 10);
    }
    (void)fclose(file);
    return value;
}

int mm_observer_kmsg_open(struct mm_observer *observer)
{
    observer->kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (observer->kmsg_fd < 0 || lseek(observer->kmsg_fd, 0, SEEK_END) < 0)
        return -errno;
    return 0;
}

/*
 * A record: "3,688,5423190,-;Out of memory: Killed process 123 (vm_hog) total-vm:..., oom_score_adj:0\n", and
 * after it lines that begin with a blank. A group's own kill begins with "Memory cgroup out of memory: Killed
 * process".
 */
static void note_kmsg_record(struct mm_observer *observer, char *record)
{
    char *text = strchr(record, ';');
    size_t length;

    if (!text || !strstr(text, "ut of memory: Killed process"))
        return;
    if (observer->oom_line_count == MM_OBSERVER_MAX_OOM_LINES)
        return;
    text++;
    length = strcspn(text, "\n");
    if (length > MM_OBSERVER_LINE_SIZE - 1)
        length = MM_OBSERVER_LINE_SIZE - 1;
    memcpy(observer->oom_lines[observer->oom_line_count], text, length);
    observer->oom_lines[observer->oom_line_count][length] = '\0';
    observer->oom_line_count++;
}

void mm_observer_kmsg_read(struct mm_observer *observer)
{
    char record[8192]; /* the kernel refuses to fill a buffer smaller than the record */
    ssize_t length;

    /* EPIPE: older lines were overwritten before they were read; the next read goes on behind the gap. */
    while ((length = read(observer->kmsg_fd, record, sizeof(record) - 1)) >= 0 || errno == EPIPE) {
        if (length < 0)
            continue;
        if (length == 0)
            return;
        record[length] = '\0';
        note_kmsg_record(observer, record);
    }
}
