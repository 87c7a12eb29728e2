# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# kill -9 of the daemon at every step of a limit's life: before and after it is journalled, before and after it is
# written, before and after it is taken back. Whatever the step, the next start gives the old value back, and
# leaves alone what somebody else has written meanwhile.
. /test/storm.sh
protect
group=$(group_make application)
original=209715200

# The values of all that could have been written.
settings() {
    for file in memory.high memory.max memory.swap.max; do
        echo "$file $(cat "$group/$file")"
    done
}

limit_stands() {
    [ "$(cat "$group/memory.high")" != "$original" ]
}

# start_calm: a daemon that limits nobody; it restores what the one before has left. Nothing else is under way, so
# what the group's files hold when it answers they hold for good.
start_calm() {
    cp /tmp/calm.xml "$config"
    daemon_start
    check_equal "$1: the next start has restored everything" "$(cat /tmp/settings.before)" "$(settings)"
    check_equal "$1: and nothing is left in its journal" "0 0" \
        "$(daemon_field reclaim.limits_held reclaim.limits_left)"
}

# halt_daemon STEP COMMAND...: the daemon dies at that step of what the command makes it do with the limit; how is
# in $halted.
halt_daemon() {
    local step=$1 pid

    shift
    pid=$(cat /run/memmgr/lock)
    : >/tmp/halted
    vm_halt "$pid" application/memory.high "$step" 8000 >/tmp/halted &
    wait_until 5 grep -q ready /tmp/halted || fail "the daemon cannot be traced"
    "$@" >/dev/null 2>&1
    wait $!
    halted=$(sed -n 2p /tmp/halted)
}

# sweep NAME COMMAND...: at step 1, 2 and so on, until there are no more. PREPARE is run before each.
sweep() {
    local name=$1 prepare=$2 step=0 steps="" moment met

    shift 2
    while :; do
        step=$((step + 1))
        "$prepare"
        halt_daemon "$step" "$@"
        [ "$halted" != idle ] || break
        steps="$steps, $halted"
        observe wait "$daemon_name" 5000
        check_equal "$name, step $step: $halted, memory.high $(cat "$group/memory.high")" "signal 9" "$answer"
        start_calm "$name, step $step"
    done
    # The journal's entry is made behind a read, and taken out behind a write.
    for moment in "behind read" "before write" "after write" "behind write"; do
        case $steps in *"$moment"*) met=true ;; *) met=false ;; esac
        check "$name: it was killed $moment" "$met"
    done
}

nothing() {
    :
}

# Until it has a limit.
limited() {
    cp /tmp/limiting.xml "$config"
    memmgrctl reload >/dev/null || fail "reload"
    wait_until 10 limit_stands || fail "the group gets no limit"
}

begin_to_limit() {
    cp /tmp/limiting.xml "$config"
    memmgrctl reload
}

stop_limiting() {
    cp /tmp/calm.xml "$config"
    memmgrctl reload
}

configure
# It starts a dozen times.
configure_section bpf enabled=false
cp "$config" /tmp/calm.xml
configure_section memoryHighConfig enabled=true minPriority=400 sharePercent=90
cp "$config" /tmp/limiting.xml
echo "$original" >"$group/memory.high"
settings >/tmp/settings.before
observer_open 100
# The daemon finds it by its oom_score_adj, whenever it starts.
start_application application 48 --cgroup "$group" --oom-score-adj 600

start_calm "at first"
sweep "setting the limit" nothing begin_to_limit
sweep "taking it back" limited stop_limiting

say "--- somebody else's value"
limited
must_observe signal "$daemon_name" KILL
must_observe wait "$daemon_name" 5000
echo 150M >"$group/memory.high"
cp /tmp/calm.xml "$config"
daemon_start
check_equal "is left alone" 157286400 "$(cat "$group/memory.high")"
check_equal "and the journal forgets it" "0 0" \
    "$(daemon_field reclaim.limits_held reclaim.limits_left)"
daemon_stop
check_equal "at the end, too" 157286400 "$(cat "$group/memory.high")"
done_testing
