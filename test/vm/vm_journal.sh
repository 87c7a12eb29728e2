# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# kill -9 of the daemon at every step of a limit's life: before and after it is journalled, before and after it is
# written, before and after it is taken back. Whatever the step, the next start gives the old value back, and
# leaves alone what somebody else has written meanwhile. On v2 it is memory.high by priority; on v1 the limit that
# squeezing lowers and raises again.
. /test/storm.sh
protect
original=209715200
if grep -qw cgroup=v1 /proc/cmdline; then
    group=/sys/fs/cgroup/memory/application
    mkdir "$group"
    limit=memory.limit_in_bytes
    files="$limit memory.soft_limit_in_bytes"
else
    group=$(group_make application)
    limit=memory.high
    files="$limit memory.max memory.swap.max"
fi

# The values of all that could have been written.
settings() {
    for file in $files; do
        echo "$file $(cat "$group/$file")"
    done
}

limit_stands() {
    [ "$(cat "$group/$limit")" != "$original" ]
}

limit_is_back() {
    ! limit_stands
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

# halt_daemon STEP IS_OVER COMMAND...: the daemon dies at that step of what the command makes it do with the limit;
# how is in $halted, "idle" when IS_OVER came true and that step did not.
halt_daemon() {
    local step=$1 is_over=$2 pid halt

    shift 2
    pid=$(cat /run/memmgr/lock)
    : >/tmp/halted
    vm_halt "$pid" "application/$limit" "$step" 60000 >/tmp/halted &
    halt=$!
    wait_until 20 grep -q ready /tmp/halted || fail "the daemon cannot be traced"
    "$@" >/dev/null 2>&1
    wait_until 60 halted_or "$is_over" || fail "nothing has come of $*"
    # Behind the last write there is a step, too.
    wait_until 2 halted_or false || kill -ALRM "$halt"
    wait "$halt"
    halted=$(sed -n 2p /tmp/halted)
}

halted_or() {
    grep -q '^killed' /tmp/halted || "$1"
}

# sweep NAME COUNT PREPARE IS_OVER COMMAND...: at step 1, 2 and so on, until there are no more, COUNT at most.
# PREPARE is run before each.
sweep() {
    local name=$1 count=$2 prepare=$3 step=0 steps="" moment met

    shift 3
    while [ "$step" -lt "$count" ]; do
        step=$((step + 1))
        "$prepare"
        halt_daemon "$step" "$@"
        [ "$halted" != idle ] || break
        steps="$steps, $halted"
        observe wait "$daemon_name" 5000
        check_equal "$name, step $step: $halted, $limit $(cat "$group/$limit")" "signal 9" "$answer"
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

# memory.high is set when the configuration says so, and taken back when it says so no more.
by_priority() {
    configure_section memoryHighConfig enabled=true minPriority=400 sharePercent=90
    cp "$config" /tmp/limiting.xml
    start_application application 48 --cgroup "$group" --oom-score-adj 600
    start_calm "at first"
    sweep "setting the limit" 20 nothing limit_stands begin_to_limit
    sweep "taking it back" 20 limited limit_is_back stop_limiting

    say "--- somebody else's value"
    limited
    must_observe signal "$daemon_name" KILL
    must_observe wait "$daemon_name" 5000
    echo 150M >"$group/memory.high"
    cp /tmp/calm.xml "$config"
    daemon_start
    check_equal "is left alone" 157286400 "$(cat "$group/memory.high")"
    check_equal "and the journal forgets it" "0 0" "$(daemon_field reclaim.limits_held reclaim.limits_left)"
    daemon_stop
    check_equal "at the end, too" 157286400 "$(cat "$group/memory.high")"
}

# Below minAvailBuffer, one chunk after the other, each with its limit.
by_squeezing() {
    check "zram becomes swap" zram_swap_on 512
    configure_section squeezeConfig enabled=true
    cp "$config" /tmp/limiting.xml
    start_application application 128 --compressible --cgroup "$group" --oom-score-adj 600
    must_observe available
    start_application filler $((answer - 600)) --oom-score-adj -1000
    start_calm "at first"
    sweep "squeezing" 8 nothing false begin_to_limit
    daemon_stop
}

configure
# It starts a dozen times.
configure_section bpf enabled=false
configure_section squeezeConfig enabled=false
cp "$config" /tmp/calm.xml
echo "$original" >"$group/$limit"
settings >/tmp/settings.before
observer_open 100
# The daemon finds the application by its oom_score_adj, whenever it starts.
if [ "$limit" = memory.high ]; then
    by_priority
else
    by_squeezing
fi
done_testing
