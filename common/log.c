/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: lines go to standard error, directly at first, through the ring once the writer runs. */
#include "common/log.h"

#include "common/common.h"
#include "common/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Some 250 usual lines: a storm's fifty kills with all that is said of each, while the console stands still. It is
   resident as a whole. */
#define RING_BYTES ((size_t)32 * 1024)

/* One write of at most PIPE_BUF bytes is never torn by another writer of the same pipe. */
#define CHUNK_BYTES ((size_t)4096)

/* How long the writer waits for a full pipe before it looks again whether the pipe is still one. */
#define POLL_MS 1000

static struct logger {
    char program[32];
    atomic_int level;
    atomic_bool has_journal;
    atomic_uint_fast64_t lost_lines;
    atomic_bool is_queued; /* the writer runs: lines go into the ring */

    /* Below: under the mutex, which is held for a copy at most, never for a write. */
    pthread_mutex_t mutex;
    pthread_cond_t line_queued;
    pthread_cond_t writer_done;
    pthread_t writer;
    bool has_writer; /* a thread to be joined */
    bool is_stopping;
    bool is_done;
    size_t first, used; /* the ring's content: whole lines, each with its newline */

    uint64_t reported_lines; /* the writer's own: how many of lost_lines it has told */
} logger = {.program = "memmgr", .level = MM_LOG_INFO};

/* Apart from the logger, whose initial values would put their zeroes into every program's file. */
static char ring[RING_BYTES];
static char chunk[CHUNK_BYTES]; /* the writer's own */

static pthread_once_t locks_once = PTHREAD_ONCE_INIT;

static const struct {
    enum mm_log_level level;
    const char *name;
} level_names[] = {
    {MM_LOG_ERROR, "error"}, {MM_LOG_WARNING, "warning"}, {MM_LOG_NOTICE, "notice"},
    {MM_LOG_INFO, "info"},   {MM_LOG_DEBUG, "debug"},
};

static const char *level_name(enum mm_log_level level)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(level_names); i++) {
        if (level_names[i].level == level)
            return level_names[i].name;
    }
    return "log";
}

int mm_log_level_parse(const char *text, enum mm_log_level *ret_level)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(level_names); i++) {
        if (strcmp(level_names[i].name, text) == 0) {
            *ret_level = level_names[i].level;
            return 0;
        }
    }
    return -EINVAL;
}

/*
 * journald tells what it reads as "device:inode" in JOURNAL_STREAM, "JOURNAL_STREAM=8:31415". The variable is
 * inherited by a program whose standard error was sent elsewhere, so the numbers are compared.
 */
static bool is_journal_stream(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char own[48];

    if (!stream || fstat(fd, &status) < 0)
        return false;
    (void)mm_format(own, sizeof(own), "%llu:%llu", (unsigned long long)status.st_dev,
                    (unsigned long long)status.st_ino);
    return strcmp(own, stream) == 0;
}

void mm_log_init(const char *program, enum mm_log_level level)
{
    mm_copy_text(logger.program, sizeof(logger.program), program);
    atomic_store(&logger.level, (int)level);
    atomic_store(&logger.has_journal, is_journal_stream(STDERR_FILENO));
}

void mm_log_set_level(enum mm_log_level level)
{
    atomic_store(&logger.level, (int)level);
}

uint64_t mm_log_lost_lines(void)
{
    return atomic_load(&logger.lost_lines);
}

/* Line breaks within a message become blanks: what a client sends must not be able to forge a line. */
static void flatten(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
    }
}

/* Makes the line with its newline; returns its length. buffer holds MM_LOG_LINE_MAX bytes. */
__attribute__((format(printf, 3, 0))) static size_t format_line(char *buffer, enum mm_log_level level,
                                                                const char *format, va_list arguments)
{
    int saved_errno = errno; /* for %m */
    size_t prefix, length;
    int r;

    if (atomic_load(&logger.has_journal))
        prefix = mm_format(buffer, MM_LOG_LINE_MAX, "<%d>", (int)level);
    else
        prefix = mm_format(buffer, MM_LOG_LINE_MAX, "%s: %s: ", logger.program, level_name(level));
    errno = saved_errno;
    r = vsnprintf(buffer + prefix, MM_LOG_LINE_MAX - prefix, format, arguments);
    length = MM_MIN(prefix + (size_t)MM_MAX(r, 0), (size_t)MM_LOG_LINE_MAX - 1);
    flatten(buffer + prefix, length - prefix);
    buffer[length] = '\n';
    return length + 1;
}

/*
 * Writes everything, or returns a negative errno. A descriptor that somebody made non-blocking is waited for
 * when may_wait, else given up.
 */
static int write_all(const char *text, size_t length, bool may_wait)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);

        if (written >= 0) {
            text += written;
            length -= (size_t)written;
            continue;
        }
        if (errno == EAGAIN && may_wait) {
            struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};

            (void)poll(&writable, 1, POLL_MS);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static void count_lost(uint64_t lines)
{
    atomic_fetch_add(&logger.lost_lines, lines);
}

/* Copies a line into the ring, or counts it. Returns false when there is no writer to queue for. */
static bool queue_line(const char *line, size_t length)
{
    bool is_queued;

    (void)pthread_mutex_lock(&logger.mutex);
    is_queued = atomic_load(&logger.is_queued);
    if (is_queued && logger.used + length > RING_BYTES) {
        count_lost(1);
    } else if (is_queued) {
        size_t end = (logger.first + logger.used) % RING_BYTES;
        size_t head = MM_MIN(length, RING_BYTES - end);

        memcpy(ring + end, line, head);
        memcpy(ring, line + head, length - head);
        logger.used += length;
        (void)pthread_cond_signal(&logger.line_queued);
    }
    (void)pthread_mutex_unlock(&logger.mutex);
    return is_queued;
}

void mm_log(enum mm_log_level level, const char *format, ...)
{
    int saved_errno = errno;
    char line[MM_LOG_LINE_MAX];
    va_list arguments;
    size_t length;

    if ((int)level > atomic_load_explicit(&logger.level, memory_order_relaxed))
        return;
    va_start(arguments, format);
    length = format_line(line, level, format, arguments);
    va_end(arguments);
    if (!(atomic_load(&logger.is_queued) && queue_line(line, length)) && write_all(line, length, false) < 0)
        count_lost(1);
    errno = saved_errno;
}

/* Takes as many whole lines as fit the chunk out of the ring. Called with the mutex held. */
static size_t take_chunk(void)
{
    size_t length = MM_MIN(logger.used, CHUNK_BYTES);
    size_t head = MM_MIN(length, RING_BYTES - logger.first);

    memcpy(chunk, ring + logger.first, head);
    memcpy(chunk + head, ring, length - head);
    /* A line is shorter than a chunk and the ring ends with one, so there always is a newline. */
    while (length > 0 && chunk[length - 1] != '\n')
        length--;
    logger.first = (logger.first + length) % RING_BYTES;
    logger.used -= length;
    return length;
}

static void count_lines_lost(const char *text, size_t length)
{
    const char *end = text + length;

    while (text < end && (text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        count_lost(1);
        text++;
    }
}

__attribute__((format(printf, 1, 2))) static void write_own_line(const char *format, ...)
{
    char line[MM_LOG_LINE_MAX];
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = format_line(line, MM_LOG_WARNING, format, arguments);
    va_end(arguments);
    (void)write_all(line, length, true);
}

static void *run_writer(void *argument)
{
    (void)argument;
    mm_thread_begin("memmgr-log");
    (void)pthread_mutex_lock(&logger.mutex);
    for (;;) {
        uint64_t lost;
        size_t length;

        while (logger.used == 0 && !logger.is_stopping)
            (void)pthread_cond_wait(&logger.line_queued, &logger.mutex);
        if (logger.used == 0)
            break;
        length = take_chunk();
        (void)pthread_mutex_unlock(&logger.mutex);

        if (write_all(chunk, length, true) < 0)
            count_lines_lost(chunk, length);
        lost = atomic_load(&logger.lost_lines);
        if (lost != logger.reported_lines)
            write_own_line("%llu log lines were lost", (unsigned long long)(lost - logger.reported_lines));
        logger.reported_lines = lost;
        (void)pthread_mutex_lock(&logger.mutex);
    }
    /* Cleared under the mutex: whoever logs from here on finds no writer and writes itself. */
    atomic_store(&logger.is_queued, false);
    logger.is_done = true;
    (void)pthread_cond_signal(&logger.writer_done);
    (void)pthread_mutex_unlock(&logger.mutex);
    return NULL;
}

static void init_locks(void)
{
    pthread_condattr_t attributes;

    mm_mutex_init(&logger.mutex);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&logger.line_queued, &attributes);
    (void)pthread_cond_init(&logger.writer_done, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

int mm_log_start_writer(void)
{
    int r = 0;

    (void)pthread_once(&locks_once, init_locks);
    (void)pthread_mutex_lock(&logger.mutex);
    if (atomic_load(&logger.is_queued)) {
        logger.is_stopping = false; /* runs already, or was left behind by a stop that ran out of time */
    } else {
        /* One that ended after such a stop has nothing left to do but return. */
        if (logger.has_writer)
            (void)pthread_join(logger.writer, NULL);
        /* Touches every page now; under memory pressure it would be too late. */
        memset(ring, 0, sizeof(ring));
        memset(chunk, 0, sizeof(chunk));
        logger.first = 0;
        logger.used = 0;
        logger.is_stopping = false;
        logger.is_done = false;
        r = mm_thread_start(run_writer, NULL, &logger.writer);
        logger.has_writer = r == 0;
        atomic_store(&logger.is_queued, r == 0);
    }
    (void)pthread_mutex_unlock(&logger.mutex);
    return r;
}

/* Waits for the writer's end until the deadline. Called with the mutex held. */
static bool wait_for_writer(uint64_t deadline_ns)
{
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / MM_NS_PER_S),
        .tv_nsec = (long)(deadline_ns % MM_NS_PER_S),
    };
    int r = 0;

    while (!logger.is_done && r == 0)
        r = pthread_cond_timedwait(&logger.writer_done, &logger.mutex, &deadline);
    return logger.is_done;
}

void mm_log_stop_writer(unsigned timeout_ms)
{
    uint64_t deadline_ns = mm_thread_now_ns() + timeout_ms * MM_NS_PER_MS;

    (void)pthread_once(&locks_once, init_locks);
    (void)pthread_mutex_lock(&logger.mutex);
    if (logger.has_writer) {
        logger.is_stopping = true;
        (void)pthread_cond_signal(&logger.line_queued);
        if (wait_for_writer(deadline_ns)) {
            logger.has_writer = false;
            (void)pthread_mutex_unlock(&logger.mutex);
            (void)pthread_join(logger.writer, NULL);
            return;
        }
    }
    (void)pthread_mutex_unlock(&logger.mutex);
}
