# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# For the scripts that run in the guest as /test/main (busybox sh). A script begins with
#
#   . /test/library.sh
#
# makes its checks, and ends with done_testing, without which it fails: a script that stops halfway has not passed.
set -u
answer=
application_pid=
checks_passed=0
checks_failed=0
testing_is_done=false
observer_is_open=false

say() {
    echo "# $*"
}

# check DESCRIPTION COMMAND...: passes when the command succeeds.
check() {
    local description=$1

    shift
    if "$@"; then
        checks_passed=$((checks_passed + 1))
        echo "ok - $description"
    else
        checks_failed=$((checks_failed + 1))
        echo "FAILED - $description ($*)"
    fi
}

# check_equal DESCRIPTION EXPECTED FOUND
check_equal() {
    if [ "$2" = "$3" ]; then
        checks_passed=$((checks_passed + 1))
        echo "ok - $1"
    else
        checks_failed=$((checks_failed + 1))
        echo "FAILED - $1: expected \"$2\", found \"$3\""
    fi
}

# fail REASON...: the rest of the script makes no sense.
fail() {
    echo "FAILED - $*"
    exit 1
}

# skip REASON...
skip() {
    echo "SKIPPED: $*"
    testing_is_done=true
    exit 77
}

# wait_until SECONDS COMMAND...: tries ten times a second.
wait_until() {
    local tries=$(($1 * 10))

    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        usleep 100000
    done
}

done_testing() {
    testing_is_done=true
    [ "$((checks_passed + checks_failed))" -gt 0 ] || fail "no check was made"
    echo "$checks_passed checks passed, $checks_failed failed"
    [ "$checks_failed" -eq 0 ]
    exit
}

# shellcheck disable=SC2317 # the trap calls it
library_exit() {
    local status=$?

    if ! "$testing_is_done"; then
        echo "FAILED - the script ended early, with status $status"
        [ "$status" -ne 0 ] || status=1
    fi
    exit "$status"
}
trap library_exit EXIT

# protect: the kernel does not choose this script as a victim. Commands it starts inherit that, unless they are
# started by unprotected, or by the observer.
protect() {
    echo -1000 >/proc/$$/oom_score_adj
}

# unprotected COMMAND...: with oom_score_adj 0; in place of a subshell's own process, so "unprotected x & pid=$!".
unprotected() {
    sh -c 'echo 0 >/proc/self/oom_score_adj && exec "$@"' sh "$@"
}

# meminfo FIELD: in MiB.
meminfo() {
    sed -n "s/^$1: *\([0-9]*\) kB\$/\1/p" /proc/meminfo | { read -r kib && echo $((kib / 1024)); }
}

# vmstat FIELD
vmstat() {
    sed -n "s/^$1 //p" /proc/vmstat
}

# zram_swap_on SIZE_MB [COMPRESSOR]: swap on a RAM disk that compresses; lzo-rle, lz4 or zstd.
zram_swap_on() {
    modprobe zram num_devices=1 || return
    if [ $# -gt 1 ]; then
        echo "$2" >/sys/block/zram0/comp_algorithm || return
    fi
    echo "${1}M" >/sys/block/zram0/disksize || return
    mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
}

# group_make NAME: a cgroup v2 group with the memory controller; prints its directory.
group_make() {
    mkdir -p "/sys/fs/cgroup/$1" || return
    echo "/sys/fs/cgroup/$1"
}

# observer_open [WATERLINE,WATERLINE,...]: starts vm_observer; its commands stand in its source.
observer_open() {
    mkfifo /tmp/observer.commands /tmp/observer.replies || return
    if [ $# -gt 0 ]; then
        set -- --waterlines-mb "$1"
    fi
    vm_observer "$@" </tmp/observer.commands >/tmp/observer.replies &
    exec 8>/tmp/observer.commands 9</tmp/observer.replies
    rm /tmp/observer.commands /tmp/observer.replies
    observer_is_open=true
}

# observe COMMAND...: gives the observer a command; what it answers behind "ok " is in $answer, and printed on
# failure.
observe() {
    local reply

    answer=
    "$observer_is_open" || fail "the observer is not open"
    echo "$*" >&8
    IFS= read -r reply <&9 || fail "the observer is gone; the command was: $*"
    case $reply in
    ok) ;;
    "ok "*) answer=${reply#ok } ;;
    *)
        echo "# observer: $*: $reply"
        return 1
        ;;
    esac
}

# must_observe COMMAND...: the test makes no sense without it.
must_observe() {
    observe "$@" || fail "observer: $*"
}

# start_application NAME MB [HOG OPTION]...: waits until it holds its memory; its pid is in $application_pid.
start_application() {
    local name=$1 hold_mb=$2

    shift 2
    must_observe start "$name" vm_hog --hold-mb "$hold_mb" "$@"
    # shellcheck disable=SC2034 # for the caller
    application_pid=$answer
    must_observe expect "$name" 30000 ready
}

# observer_finish: ends all that it started; its record is in /tmp/record.json, see record.
observer_finish() {
    "$observer_is_open" || fail "the observer is not open"
    echo finish >&8
    IFS= read -r answer <&9 || fail "the observer is gone before its record"
    exec 8>&- 9<&-
    observer_is_open=false
    echo "$answer" >/tmp/record.json
    say "record: $answer"
}

# record PATH: from the observer's record, as vm_json does; the values on one line, "" when there is none.
record() {
    # shellcheck disable=SC2005,SC2046 # one line out of many is the purpose
    echo $(vm_json "$1" /tmp/record.json)
}
