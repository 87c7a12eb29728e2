/* SPDX-License-Identifier: Apache-2.0 */
#include "common/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

static int place(posix_spawn_file_actions_t *actions, const struct mm_spawn_descriptor *descriptor)
{
    if (descriptor->from == MM_SPAWN_NULL)
        return posix_spawn_file_actions_addopen(actions, descriptor->to, "/dev/null", O_RDONLY, 0);
    return posix_spawn_file_actions_adddup2(actions, descriptor->from, descriptor->to);
}

static int reset_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int error;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0)
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

int mm_spawn(const struct mm_program *program, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return -error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return -error;
    }
    for (size_t i = 0; i < program->descriptor_count && error == 0; i++)
        error = place(&actions, &program->descriptors[i]);
    if (error == 0)
        error = reset_signals(&attributes);
    if (error == 0)
        error = posix_spawn(ret_pid, program->path, &actions, &attributes, program->arguments,
                            program->environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -error;
}
