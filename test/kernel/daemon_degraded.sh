#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon without one thing after the other: capabilities, the programs beside it, BTF, tracefs. It starts, says what is
# missing, in the log once and in status, and goes on. It only looks (--dry-run).
#   daemon_degraded.sh DIRECTORY-OF-THE-PROGRAMS
# shellcheck source=test/kernel/daemon_shell.sh
. "$(dirname "$0")/daemon_shell.sh" "$1" degraded

if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: needs root"
    exit 77
fi
if ! "$programs/memmgr-bpf-loader" --check >/dev/null 2>&1; then
    echo "skipped: no BPF here: $("$programs/memmgr-bpf-loader" --check 2>&1)"
    exit 77
fi

whole=$programs
programs=$directory/programs
mkdir "$programs"
cp "$whole"/{memmgrd,memmgrctl,memmgr-config,memmgr-match,memmgr-bpf-loader} "$programs"

# The line of status that begins with the words $1.
line() {
    control status | grep -m 1 "^$1  "
}

# The loader has come to its end, or was never there.
# shellcheck disable=SC2317 # by until_true
settled() {
    line bpf | grep -qv 'being loaded' && line 'bpf memory' | grep -qv 'being loaded'
}

# without WHAT WORDS...: starts it behind those words and waits until all is settled.
without() {
    what=$1
    shift
    starter=("$@")
    : >"$log"
    start --search-path "$directory/none"
    until_true 20 settled || fail "without $what: BPF never settles: $(control status)"
}

# shows NAME PATTERN: status has that in the line.
shows() {
    line "$1" | grep -q -- "$2" || fail "without $what: status says of $1: $(line "$1")"
}

# shellcheck disable=SC2317 # by until_true
said() {
    grep -qF -- "$1" "$log"
}

# says TEXT: in one line of the log, which a thread of its own writes.
says() {
    local count
    until_true 20 said "$1" || fail "without $what: \"$1\" is not said: $(cat "$log")"
    count=$(grep -cF -- "$1" "$log")
    [ "$count" -eq 1 ] || fail "without $what: \"$1\" is said $count times: $(cat "$log")"
}

# shellcheck disable=SC2317 # by until_true
listed() {
    control list --why "$1" >/dev/null 2>&1
}

# Processes are seen in some way, and it ends in order.
goes_on() {
    local sleeper
    sleep 600 &
    sleeper=$!
    until_true 60 listed "$sleeper" || fail "without $what: a new process is not seen"
    kill "$sleeper"
    wait "$sleeper" 2>/dev/null
    kill -TERM "$daemon"
    wait "$daemon" || fail "without $what: exit $?: $(cat "$log")"
}

# drop CAPABILITIES: the words that take them away, in $words; false where setpriv does not know them.
drop() {
    words=(setpriv --bounding-set "-${1//,/,-}")
    "${words[@]}" true 2>/dev/null
}

# ---- capabilities -----------------------------------------------------------------------------------------
# each alone: none is needed to begin. What it is shown as, and what the log says, once: its name and what is lost.
while read -r capability row lost; do
    drop "$capability" || fail "$capability cannot be dropped"
    without "$capability" "${words[@]}"
    shows "$row" "no .*no CAP_${capability^^}: $lost"
    says "no CAP_${capability^^}: $lost"
    # sys_admin stands in for the younger two, and they for it
    shows bpf yes
    goes_on
done <<'TABLE'
kill kill_others only processes of uid 0 can be ended
sys_resource oom_score_adj_lower values below 0 are written as 0
dac_override cap_dac_override oom_score_adj and groups of other users are not written
dac_read_search cap_dac_read_search who is in a frozen group is found by asking all, later
sys_ptrace cap_sys_ptrace what others run, or /proc hides of them, is not seen
ipc_lock cap_ipc_lock memory is locked as far as RLIMIT_MEMLOCK goes
sys_nice cap_sys_nice no real-time scheduling
chown cap_chown the control socket is not given to its group
net_admin cap_net_admin no process connector
setuid cap_setuid what reads files and matches rules stays this user
setgid cap_setgid what reads files and matches rules stays of this group
TABLE
for capability in bpf perfmon sys_admin; do
    drop "$capability" || fail "$capability cannot be dropped"
    without "$capability" "${words[@]}"
    [ "$capability" = sys_admin ] || shows "cap_$capability" 'yes .*CAP_SYS_ADMIN stands in'
    shows bpf yes
    goes_on
done
for capabilities in bpf,sys_admin perfmon,sys_admin bpf,perfmon,sys_admin bpf,sys_admin,net_admin; do
    drop "$capabilities" || fail "$capabilities cannot be dropped"
    without "$capabilities" "${words[@]}"
    shows bpf 'no .*CAP_BPF and CAP_PERFMON are needed'
    case ,$capabilities, in *,bpf,*) says 'no CAP_BPF: no BPF programs' ;; esac
    case ,$capabilities, in *,perfmon,*) says 'no CAP_PERFMON: no BPF programs' ;; esac
    shows 'bpf memory' 'no .*not without the other BPF programs'
    says 'CAP_BPF and CAP_PERFMON are needed'
    goes_on
done

# ---- the loader -------------------------------------------------------------------------------------------
loader=$programs/memmgr-bpf-loader
mv "$loader" "$directory/loader"
# beside the daemon, else where it is installed
if [ ! -e /usr/libexec/memmgr/memmgr-bpf-loader ]; then
    without 'a loader' env
    shows bpf 'no .*cannot run .*memmgr-bpf-loader: No such file or directory'
    says 'memmgr-bpf-loader: No such file or directory'
    goes_on
fi

head -c 100 "$directory/loader" >"$loader"
chmod 755 "$loader"
without 'a whole loader' env
shows bpf 'no .*cannot run .*: Exec format error'
says 'Exec format error'
goes_on

head -c $(($(stat -c %s "$directory/loader") / 2)) "$directory/loader" >"$loader"
without 'half of a loader' env
shows bpf 'no  '
says 'no BPF events'
goes_on

printf '#!/bin/sh\nprintf garbage >&0\n' >"$loader"
without 'a loader of this build' env
shows bpf 'no .*the loader does not fit this daemon: it is of another version'
says 'the loader does not fit this daemon'
goes_on
mv "$directory/loader" "$loader"

# ---- the kernel's files -----------------------------------------------------------------------------------
# shellcheck disable=SC2016 # of the shell that mounts
if unshare -m mount -t tmpfs none /sys/kernel/btf 2>/dev/null; then
    without BTF unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"'
    shows bpf 'yes .*classic tracepoints'
    shows 'bpf memory' 'no .*not from classic tracepoints'
    says 'no BPF for memory: not from classic tracepoints'
    goes_on

    without 'BTF and tracefs' unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf &&
        mount -t tmpfs none /sys/kernel/tracing && { [ ! -d /sys/kernel/debug ] ||
        mount -t tmpfs none /sys/kernel/debug; } && exec setpriv --bounding-set -sys_admin "$0" "$@"'
    shows bpf 'no .*failed to find valid kernel BTF'
    says 'tracefs is not mounted and cannot be'
    goes_on
else
    echo "not looked at: BTF and tracefs, as this process may not mount"
fi

[ "$failures" -eq 0 ] && echo "all is as it should be"
exit $((failures > 0))
