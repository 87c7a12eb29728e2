/* SPDX-License-Identifier: Apache-2.0 */
/* Privileges and limits of the process itself. */
#include "service/shared/privileges.h"

#include "common/common.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The user and group "nobody" of every Linux; the name need not be in any file. */
#define NOBODY 65534

/* The sanitizers reserve terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MM_IS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MM_IS_SANITIZED
#endif
#endif

/* A macro, as the C libraries do not agree on the resource's type. */
#define LIMIT(resource, value) ((void)setrlimit((resource), &(struct rlimit){(value), (value)}))

static int become_nobody(void)
{
    (void)setgroups(0, NULL);
    return setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 ? -errno : 0;
}

/* Cores and descriptors; memory where the build allows it. */
static void bound(rlim_t address_bytes)
{
    LIMIT(RLIMIT_CORE, 0);
    LIMIT(RLIMIT_NOFILE, 16);
#ifndef MM_IS_SANITIZED
    LIMIT(RLIMIT_AS, address_bytes);
#else
    (void)address_bytes;
#endif
}

/* The largest configuration allowed takes some 50 MiB and half a second; what needs ten times that is an attack or a
   mistake. */
int mm_privileges_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct no_capabilities[_LINUX_CAPABILITY_U32S_3] = {0};
    int error = become_nobody();

    /* Where the ids could not be changed there may still be capabilities. */
    (void)syscall(SYS_capset, &header, no_capabilities);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    LIMIT(RLIMIT_CPU, 5);
    bound(512 * MM_MIB);
    return geteuid() == 0 ? error : 0;
}

int mm_privileges_drop_but_reading(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3] = {0};
    const uint32_t reading = 1U << CAP_SYS_PTRACE;
    int error = syscall(SYS_capget, &header, capabilities) < 0 ? -errno : 0;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* 256 rules with their regular expressions take some 4 MiB */
    bound(64 * MM_MIB);
    if (error == 0 && !(capabilities[0].permitted & reading))
        error = -EPERM;
    if (error == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        error = -errno;
    if (error == 0)
        error = become_nobody();
    if (error < 0)
        return error;
    memset(capabilities, 0, sizeof(capabilities));
    capabilities[0].permitted = capabilities[0].effective = reading;
    return syscall(SYS_capset, &header, capabilities) < 0 ? -errno : 0;
}
