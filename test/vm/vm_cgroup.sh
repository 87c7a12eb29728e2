# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# A short storm where cgroups are mounted the old way, v1 alone or v2 beside it: the right ones die, what is in the
# background is squeezed by what v1 offers, and the daemon says what it does without.
. /test/storm.sh
protect
memory=/sys/fs/cgroup/memory
unified=/sys/fs/cgroup/unified

cgroup_option() {
    tr ' ' '\n' </proc/cmdline | sed -n 's/^cgroup=//p'
}

# member NAME "WORD..." MB [HOG OPTION]...: an application in a group of its own, on each hierarchy there is.
member() {
    local name=$1 words=$2 hold_mb=$3 enter_unified=""

    shift 3
    mkdir "$memory/$name"
    if [ -d "$unified" ]; then
        mkdir "$unified/$name"
        enter_unified="echo 0 >$unified/$name/cgroup.procs;"
    fi
    must_observe start "$name" "sh -c '$enter_unified exec vm_hog --cgroup $memory/$name --hold-mb $hold_mb $*'"
    eval "application_$name=$answer"
    must_observe expect "$name" 60000 ready
    # shellcheck disable=SC2086 # the words are split on purpose
    report "$name" $words
}

limits() {
    for name in suspended background front; do
        echo "$name $(cat $memory/$name/memory.limit_in_bytes) $(cat $memory/$name/memory.soft_limit_in_bytes)"
    done
}

check_features() {
    local expected name

    for expected in "$@"; do
        name=${expected%%=*}
        check_equal "$name: $(feature_reason "$name")" "${expected#*=}" "$(feature "$name")"
        check "a reason is given" test -n "$(feature_reason "$name")"
    done
}

check "zram becomes swap" zram_swap_on 384
configure
observer_open 750,500
daemon_start
case $(cgroup_option) in
v1) check_features cgroup_v1_memory=true cgroup_v2_memory=false memory_high=false memory_reclaim=false \
    cgroup_kill=false group_pressure=false pressure=false pressure_trigger=false swap=true ;;
hybrid) check_features cgroup_v1_memory=true cgroup_v2_memory=false memory_high=false memory_reclaim=false \
    cgroup_kill=true group_pressure=true pressure=true pressure_trigger=true swap=true ;;
*) fail "cgroup= is not on the command line" ;;
esac
member suspended "background suspend" 72 --compressible
member background background 72 --compressible
member front foreground 72 --compressible
limits >/tmp/limits.before
member hog background 16 --grow-mb-per-s 80
check "the hog dies" observe wait hog 60000
must_observe wait-quiet 1000 20000
keep_kills
check "it squeezed first ($(daemon_field reclaim.squeezed_bytes) bytes)" \
    test "$(daemon_field reclaim.squeezed_bytes)" -ge 8388608
daemon_stop
limits >/tmp/limits.after
# The groups of the dead have theirs, too.
check "the limits are what they were" diff /tmp/limits.before /tmp/limits.after
observer_finish
check_storm "500 500 500" suspended background hog
check_equal "who is left" front "$(record 'survivors[*]')"
check_kills suspended background hog
done_testing
