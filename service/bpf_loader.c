/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memmgr-bpf-loader: loads the BPF programs for the daemon, hands over their descriptors and ends.
 *
 * The daemon runs it with a socket as standard input. By hand, `memmgr-bpf-loader --check` says what this
 * kernel allows.
 */
#include "bpf/load.h"
#include "bpf/load_cpu.h"
#include "bpf/load_gpu.h"
#include "common/common.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* As in the man page. */
enum exit_status {
    STATUS_LOADED = 0,
    STATUS_NO_BPF = 1,
    STATUS_USAGE = 2,
};

/* Younger than the oldest headers this builds with. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* Options that take a number. */
enum number { NUMBER_RING_BYTES, NUMBER_TIMEOUT_MS, NUMBER_DAEMON, NUMBER_DOMAIN_GROUP, NUMBER_COUNT };

static const struct {
    uint64_t min, max, without;
} numbers[NUMBER_COUNT] = {
    [NUMBER_RING_BYTES] = {1, MM_BPF_RING_BYTES_MAX, MM_BPF_RING_BYTES_DEFAULT},
    [NUMBER_TIMEOUT_MS] = {1, 3600000, MM_BPF_TIMEOUT_MS_DEFAULT},
    [NUMBER_DAEMON] = {1, INT32_MAX, 0},
    [NUMBER_DOMAIN_GROUP] = {0, UINT64_MAX, 0},
};

/* And those that are a word. */
enum word { WORD_CLASSIC = NUMBER_COUNT, WORD_UNTIMED, WORD_CHECK, WORD_HELP, WORD_CPU, WORD_GPU, WORD_END };

/* And those that take a text. */
enum text { TEXT_PIN_DIRECTORY = WORD_END, TEXT_TRACEFS, TEXT_END };

static const struct option options[] = {
    {"ring-bytes", required_argument, NULL, NUMBER_RING_BYTES},
    {"timeout-ms", required_argument, NULL, NUMBER_TIMEOUT_MS},
    {"daemon", required_argument, NULL, NUMBER_DAEMON},
    {"domain-group", required_argument, NULL, NUMBER_DOMAIN_GROUP},
    {"classic", no_argument, NULL, WORD_CLASSIC},
    {"untimed", no_argument, NULL, WORD_UNTIMED},
    {"check", no_argument, NULL, WORD_CHECK},
    {"help", no_argument, NULL, WORD_HELP},
    {"cpu", no_argument, NULL, WORD_CPU},
    {"gpu", no_argument, NULL, WORD_GPU},
    {"pin-directory", required_argument, NULL, TEXT_PIN_DIRECTORY},
    {"tracefs", required_argument, NULL, TEXT_TRACEFS},
    {NULL, 0, NULL, 0},
};

struct arguments {
    uint64_t numbers[NUMBER_COUNT];
    bool words[WORD_END];                   /* which were given */
    const char *texts[TEXT_END - WORD_END]; /* NULL: not given */
};

static int print_usage(FILE *stream)
{
    (void)fputs("Usage: memmgr-bpf-loader --check [--cpu | --gpu] [--classic | --untimed]\n"
                "\n"
                "Loads memmgr's BPF programs. memmgrd runs it; --check tells what this kernel allows.\n"
                "\n"
                "  --check           load, print the outcome, detach\n"
                "  --classic         use classic tracepoints although the kernel has BTF\n"
                "  --untimed         use programs without timers although the kernel has them\n"
                "  --ring-bytes N    size of the ring (65536)\n"
                "  --timeout-ms N    give up after so many milliseconds (5000)\n"
                "  --daemon PID      whose own writes are not to be reported\n"
                "  --domain-group N  only of the control group with this inode, and below it; 0: of all\n"
                "  --cpu             the programs of cpuflow instead of those of processes' lives\n"
                "  --gpu             the programs of gpuflow instead\n"
                "  --pin-directory D with --cpu or --gpu: in a bpffs, where maps are kept and taken over\n"
                "  --tracefs D       with --gpu, for tests: where events are looked for\n"
                "  --help            print this\n"
                "\n"
                "Exit status: 0 at least one program was attached, 1 none, 2 wrong usage.\n",
                stream);
    return stream == stdout ? 0 : STATUS_USAGE;
}

static int parse_number(const struct option *option, const char *text, uint64_t *ret_value)
{
    uint64_t min = numbers[option->val].min, max = numbers[option->val].max;

    if (mm_parse_u64(text, min, max, ret_value) == 0)
        return 0;
    (void)fprintf(stderr, "memmgr-bpf-loader: --%s: '%s' is no number from %llu to %llu\n", option->name,
                  text, (unsigned long long)min, (unsigned long long)max);
    return -EINVAL;
}

/* 0, or a negative errno after a message. */
static int parse_arguments(int argument_count, char **argument_list, struct arguments *ret_arguments)
{
    int result = 0;
    int index;
    int option;

    *ret_arguments = (struct arguments){0};
    for (int i = 0; i < NUMBER_COUNT; i++)
        ret_arguments->numbers[i] = numbers[i].without;
    while (result == 0 && (option = getopt_long(argument_count, argument_list, "", options, &index)) != -1) {
        if (option < NUMBER_COUNT)
            result = parse_number(&options[index], optarg, &ret_arguments->numbers[option]);
        else if (option < WORD_END)
            ret_arguments->words[option] = true;
        else if (option < TEXT_END)
            ret_arguments->texts[option - WORD_END] = optarg;
        else
            result = -EINVAL;
    }
    return optind < argument_count ? -EINVAL : result;
}

static uint64_t bit(unsigned capability)
{
    return UINT64_C(1) << capability;
}

/*
 * Keeps what loading takes and gives up the rest. CAP_SYS_RESOURCE: before 5.11 maps count against the limit
 * of locked memory, which libbpf then raises. CAP_SYS_ADMIN: only where it stands in for the two younger
 * ones, or tracefs may have to be mounted.
 */
static void drop_capabilities(bool may_mount)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    uint64_t keep = bit(CAP_BPF) | bit(CAP_PERFMON) | bit(CAP_SYS_RESOURCE);
    uint64_t needed = bit(CAP_BPF) | bit(CAP_PERFMON);
    uint64_t permitted;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_capget, &header, data) < 0)
        return;
    permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    if (may_mount || (permitted & needed) != needed)
        keep |= bit(CAP_SYS_ADMIN);
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= (uint32_t)(keep >> (i > 0 ? 32 : 0));
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    (void)syscall(SYS_capset, &header, data);
}

/* The clock ends the process: whatever it hangs in, the daemon sees its end of the socket close. */
static void limit_time(uint32_t timeout_ms)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = timeout_ms / 1000, .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000},
    };

    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static int send_result(const struct mm_bpf_load_result *result)
{
    union {
        char bytes[CMSG_SPACE(sizeof(result->fds))];
        struct cmsghdr alignment;
    } control = {{0}};
    struct mm_bpf_loader_message message = result->message;
    struct iovec vector = {.iov_base = &message, .iov_len = sizeof(message)};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    size_t fd_bytes = message.fd_count * sizeof(int);

    if (fd_bytes > 0) {
        control.alignment.cmsg_level = SOL_SOCKET;
        control.alignment.cmsg_type = SCM_RIGHTS;
        control.alignment.cmsg_len = CMSG_LEN(fd_bytes);
        memcpy(CMSG_DATA(&control.alignment), result->fds, fd_bytes);
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(fd_bytes);
    }
    return sendmsg(MM_BPF_LOADER_FD, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static bool is_socket(int fd)
{
    int type = 0;
    socklen_t length = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

struct teller {
    bool is_check;
    unsigned told;
};

/* Where the daemon is gone or has given up nothing is to be done: with this process the programs go. */
static void tell(const struct mm_bpf_load_result *result, void *user)
{
    struct teller *teller = user;
    const char *what = teller->told++ > 0 ? "memory: " : "";

    if (teller->is_check)
        (void)printf("%s%s%s\n", what, result->message.error < 0 ? "no BPF: " : "", result->message.reason);
    else
        (void)send_result(result);
}

int main(int argument_count, char **argument_list)
{
    struct arguments arguments;
    struct mm_bpf_load_request request;
    struct teller teller = {.told = 0};
    int (*load)(const struct mm_bpf_load_request *, mm_bpf_load_visit, void *);

    if (parse_arguments(argument_count, argument_list, &arguments) < 0)
        return print_usage(stderr);
    if (arguments.words[WORD_HELP])
        return print_usage(stdout);
    teller.is_check = arguments.words[WORD_CHECK];
    if (!teller.is_check && !is_socket(MM_BPF_LOADER_FD))
        return print_usage(stderr);
    request = (struct mm_bpf_load_request){
        .ring_bytes = (uint32_t)arguments.numbers[NUMBER_RING_BYTES],
        .daemon = (pid_t)arguments.numbers[NUMBER_DAEMON],
        .domain_group = arguments.numbers[NUMBER_DOMAIN_GROUP],
        .is_classic = arguments.words[WORD_CLASSIC],
        .is_untimed = arguments.words[WORD_UNTIMED],
        .pin_directory = arguments.texts[TEXT_PIN_DIRECTORY - WORD_END],
        .tracefs = arguments.texts[TEXT_TRACEFS - WORD_END],
    };
    limit_time((uint32_t)arguments.numbers[NUMBER_TIMEOUT_MS]);
    drop_capabilities(request.is_classic || arguments.words[WORD_GPU] ||
                      access("/sys/kernel/btf/vmlinux", R_OK) < 0);
    load = arguments.words[WORD_CPU]   ? mm_bpf_load_cpu
           : arguments.words[WORD_GPU] ? mm_bpf_load_gpu
                                       : mm_bpf_load;
    return load(&request, tell, &teller) < 0 ? STATUS_NO_BPF : STATUS_LOADED;
}
