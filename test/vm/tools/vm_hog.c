/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application as far as memory goes: takes memory, keeps it, may keep it warm, may take ever more. It ends
 * by signals only, after its arguments were understood.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Growth comes in steps of this: fine beside the waterlines (tens of MB), coarse beside the guest's clock
 * tick. */
#define TICK_NS INT64_C(10000000)
/* A hog that was stopped or throttled does not make up for it with one leap; this much it does. */
#define MAX_STEP_NS INT64_C(100000000)
/* How often warm pages are touched: well within the time in which the kernel ages a list under pressure. */
#define TOUCH_EVERY_NS INT64_C(500000000)
/* Address space set aside when no limit is given; more than any guest has memory. */
#define DEFAULT_LIMIT_MB UINT64_C(16384)
#define MAX_MB           (UINT64_C(1) << 20)
#define MIB              (UINT64_C(1) << 20)
#define NS_PER_S         INT64_C(1000000000)
/* Pages are copied from this much of random numbers, each from another place: to draw the numbers for every
 * page would take an emulated processor several times as long as the page fault. */
#define POOL_BYTES ((size_t)1 << 20)
/* How far the next page's place is on: no multiple of a page, so that pages are alike only after 512 MiB. */
#define POOL_STEP_BYTES ((size_t)4104)

struct hog_options {
    uint64_t hold_mb;
    uint64_t grow_mb_per_s;
    uint64_t limit_mb;
    const char *cgroup;
    const char *oom_score_adj;
    bool compressible;
    bool touch;
};

struct hog {
    unsigned char *memory;
    size_t page_bytes;
    uint64_t used_pages;
    unsigned char *pool; /* POOL_BYTES and a page */
    size_t pool_offset;
    bool compressible;
};

static const char usage_text[] =
    "usage: vm_hog [OPTION]...\n"
    "  --hold-mb N          take N MiB, then write \"ready\"\n"
    "  --grow-mb-per-s N    then grow at this rate (0, the default: not at all)\n"
    "  --limit-mb N         stop growing at N MiB in all, and write \"limit\"\n"
    "  --compressible       contents that shrink to about a quarter (default: that do not shrink)\n"
    "  --touch              touch every page twice a second, so that none grows cold\n"
    "  --cgroup DIRECTORY   enter this group first\n"
    "  --oom-score-adj N    write this first\n";

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "vm_hog: %s: %s\n", what, strerror(errno));
    exit(2);
}

static _Noreturn void usage(void)
{
    (void)fputs(usage_text, stderr);
    exit(2);
}

static uint64_t parse_mb(const char *text)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value > MAX_MB)
        usage();
    return value;
}

static struct hog_options parse_options(int argument_count, char **arguments)
{
    static const struct option long_options[] = {
        {"hold-mb", required_argument, NULL, 'h'},
        {"grow-mb-per-s", required_argument, NULL, 'g'},
        {"limit-mb", required_argument, NULL, 'l'},
        {"cgroup", required_argument, NULL, 'c'},
        {"oom-score-adj", required_argument, NULL, 'o'},
        {"compressible", no_argument, NULL, 'z'},
        {"touch", no_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    struct hog_options options = {.limit_mb = DEFAULT_LIMIT_MB};
    int option;

    while ((option = getopt_long(argument_count, arguments, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'h':
            options.hold_mb = parse_mb(optarg);
            break;
        case 'g':
            options.grow_mb_per_s = parse_mb(optarg);
            break;
        case 'l':
            options.limit_mb = parse_mb(optarg);
            break;
        case 'c':
            options.cgroup = optarg;
            break;
        case 'o':
            options.oom_score_adj = optarg;
            break;
        case 'z':
            options.compressible = true;
            break;
        case 't':
            options.touch = true;
            break;
        default:
            usage();
        }
    }
    if (optind != argument_count)
        usage();
    if (options.limit_mb < options.hold_mb)
        options.limit_mb = options.hold_mb;
    return options;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0 || fclose(file))
        die(path);
}

static void enter_cgroup(const char *directory)
{
    char path[512];

    if (snprintf(path, sizeof(path), "%s/cgroup.procs", directory) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        die(directory);
    }
    write_file(path, "0");
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t time_ns)
{
    const struct timespec until = {.tv_sec = (time_t)(time_ns / NS_PER_S),
                                   .tv_nsec = (long)(time_ns % NS_PER_S)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static void say(const char *line)
{
    /* Nobody may be listening any more; the memory is what matters. */
    if (puts(line) < 0 || fflush(stdout))
        clearerr(stdout);
}

/* xorshift64: its output does not compress. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state;

    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
    *state = value;
    return value;
}

static void fill_pool(struct hog *hog, uint64_t seed)
{
    const size_t bytes = POOL_BYTES + hog->page_bytes;
    uint64_t *words = malloc(bytes);

    if (!words)
        die("malloc");
    for (size_t i = 0; i < bytes / sizeof(*words); i++)
        words[i] = next_random(&seed);
    hog->pool = (unsigned char *)words;
}

static void fill_page(struct hog *hog)
{
    unsigned char *page = hog->memory + hog->used_pages * hog->page_bytes;
    /* A page that is the same all over would cost zram nothing, so a quarter of it is random even then. */
    const size_t random_bytes = hog->compressible ? hog->page_bytes / 4 : hog->page_bytes;

    memcpy(page, hog->pool + hog->pool_offset, random_bytes);
    memset(page + random_bytes, 'a', hog->page_bytes - random_bytes);
    hog->pool_offset = (hog->pool_offset + POOL_STEP_BYTES) % POOL_BYTES;
    hog->used_pages++;
}

static void grow_to(struct hog *hog, uint64_t bytes)
{
    const uint64_t pages = bytes / hog->page_bytes;

    if (pages <= hog->used_pages)
        return;
    /* All at once costs an emulated processor a third of a fault for each page; kernels before 5.14 refuse. */
    (void)madvise(hog->memory + hog->used_pages * hog->page_bytes,
                  (size_t)((pages - hog->used_pages) * hog->page_bytes), MADV_POPULATE_WRITE);
    while (hog->used_pages < pages)
        fill_page(hog);
}

static void touch_all(struct hog *hog)
{
    for (uint64_t page = 0; page < hog->used_pages; page++) {
        volatile unsigned char *byte = hog->memory + page * hog->page_bytes;

        *byte = (unsigned char)(*byte + 1);
    }
}

static _Noreturn void live(struct hog *hog, const struct hog_options *options)
{
    const uint64_t limit_bytes = options->limit_mb * MIB;
    const uint64_t bytes_per_ms = options->grow_mb_per_s * MIB / 1000;
    uint64_t due_bytes = options->hold_mb * MIB;
    int64_t grown_ns = now_ns();
    int64_t touched_ns = grown_ns;
    bool growing = options->grow_mb_per_s > 0;

    for (;;) {
        if (!growing && !options->touch) {
            (void)pause();
            continue;
        }
        sleep_until(growing ? now_ns() + TICK_NS : touched_ns + TOUCH_EVERY_NS);
        if (growing) {
            const int64_t elapsed_ns = now_ns() - grown_ns;

            grown_ns += elapsed_ns;
            due_bytes +=
                bytes_per_ms * (uint64_t)(elapsed_ns < MAX_STEP_NS ? elapsed_ns : MAX_STEP_NS) / 1000000;
            growing = due_bytes < limit_bytes;
            grow_to(hog, growing ? due_bytes : limit_bytes);
            if (!growing)
                say("limit");
        }
        if (options->touch && now_ns() - touched_ns >= TOUCH_EVERY_NS) {
            touch_all(hog);
            touched_ns = now_ns();
        }
    }
}

int main(int argument_count, char **arguments)
{
    const struct hog_options options = parse_options(argument_count, arguments);
    struct hog hog = {.page_bytes = (size_t)sysconf(_SC_PAGESIZE), .compressible = options.compressible};

    if (options.cgroup)
        enter_cgroup(options.cgroup);
    if (options.oom_score_adj)
        write_file("/proc/self/oom_score_adj", options.oom_score_adj);
    fill_pool(&hog, ((uint64_t)getpid() << 32) | 1);
    hog.memory = mmap(NULL, (size_t)(options.limit_mb * MIB) + hog.page_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (hog.memory == MAP_FAILED)
        die("mmap");
    /* Growth in small pages is even, and swaps in and out page by page, as most applications' heaps do. */
    if (madvise(hog.memory, (size_t)(options.limit_mb * MIB), MADV_NOHUGEPAGE) && errno != EINVAL)
        die("madvise");
    grow_to(&hog, options.hold_mb * MIB);
    say("ready");
    live(&hog, &options);
}
