# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119,SC2317
#
# What the kernel tells of single groups, and a subscriber hears: limits that a group meets, many at a time told as one
# and none lost, the pressure in a named group and in no other, and that a group is frozen or thawed.
. /test/storm.sh
protect
events=/tmp/events

cgroup_option() {
    tr ' ' '\n' </proc/cmdline | sed -n 's/^cgroup=//p'
}

case $(cgroup_option) in
"" | v2) memory=/sys/fs/cgroup unified=/sys/fs/cgroup ;;
hybrid) memory=/sys/fs/cgroup/memory unified=/sys/fs/cgroup/unified ;;
*) memory=/sys/fs/cgroup/memory unified="" ;;
esac

# has_event PATTERN: a line of those that the daemon has told.
has_event() {
    grep -q "$1" "$events"
}

# told GROUP FIELD: the sum over all events of limits that the group met, by "field=number".
told() {
    sed -n "s|.*group-memory *group=$1 .* $2=\\([0-9]*\\).*|\\1|p" "$events" | awk '{ sum += $1 } END { print sum + 0 }'
}

# counted GROUP FIELD: what the kernel says of it.
counted() {
    sed -n "s/^$2 //p" "$memory$1/memory.events"
}

# has_told_all GROUP FIELD
has_told_all() {
    [ "$(told "$@")" = "$(counted "$@")" ]
}

# events_of GROUP: how many.
events_of() {
    grep -c "group-memory *group=$1 " "$events"
}

# make GROUP...
make() {
    local group

    for group in "$@"; do
        mkdir "$memory/$group" || fail "no group $memory/$group"
        [ -z "$unified" ] || [ -d "$unified/$group" ] || mkdir "$unified/$group" || fail "no group $unified/$group"
    done
}

# remove GROUP
remove() {
    rmdir "$memory/$1" || fail "the group $memory/$1 stays"
    [ ! -d "$unified/$1" ] || rmdir "$unified/$1" || fail "the group $unified/$1 stays"
}

# observed_start [GROUP]: the daemon, and one who hears all of the machine, or of GROUP and what is below it.
observed_start() {
    daemon_start
    : >"$events"
    must_observe start "monitor-$daemon_name" \
        "memmgrctl monitor --events group-memory,pressure,group >$events 2>/tmp/monitor.log"
    # The events of this group come when the monitor is there.
    wait_until 30 is_heard "${1-}" || fail "nobody hears of groups: $(cat /tmp/monitor.log "$events")"
    [ ! -d "$memory/${1-}/probe" ] || remove "${1-}/probe"
}

# It stays from one look to the next: without BPF nobody sees a group that is gone when its making is heard of.
is_heard() {
    has_event "group .*change=removed.* name=probe" && return
    if [ -d "$memory/$1/probe" ]; then
        remove "$1/probe"
    else
        make "$1/probe"
    fi
    return 1
}

observed_stop() {
    must_observe signal "monitor-$daemon_name" TERM
    observe wait "monitor-$daemon_name" 10000
    daemon_stop
}

# trigger ID GROUP
trigger() {
    echo "<pressureTrigger id=\"$1\"><kind>some</kind><stallUs>70000</stallUs>" \
        "<windowUs>1000000</windowUs><groupPath>$2</groupPath></pressureTrigger>"
}

status_has() {
    memmgrctl status | grep -q "$1"
}

stalls_are_told() {
    status_has '^bpf memory *yes *BTF tracepoints'
}

# By cgroup v2's memory.events alone: a v1 group tells of kills only.
limits() {
    local begin_s

    say "--- limits and pressure of groups"
    make tight capped calm
    echo 24M >$memory/tight/memory.high
    echo 24M >$memory/capped/memory.max
    configure
    sed -i "s|<!-- <limitHitGroup></limitHitGroup> -->|<limitHitGroup>/tight</limitHitGroup>\
<limitHitGroup>/capped</limitHitGroup>|; s|</pressureTriggers>|$(trigger 3 /tight)$(trigger 4 /calm)&|" "$config"
    observed_start
    check_equal "both groups are watched" "groups watched: 2 of 2" \
        "$(memmgrctl status | sed -n 's/^limit hits *yes *//p')"
    check_equal "and all triggers armed" "triggers armed: 4" "$(memmgrctl status | sed -n 's/^psi *yes *//p')"

    check "BPF tells of stalls" wait_until 30 stalls_are_told
    begin_s=$(cut -d . -f 1 /proc/uptime)
    must_observe start tight "vm_hog --cgroup $memory/tight --hold-mb 64"
    check "the group that is over its limit is told of" \
        wait_until 30 has_event "group-memory *group=/tight .*high=[1-9]"
    check "and the pressure in it" wait_until 60 has_event "pressure .*group_id=$(stat -c %i $memory/tight)"
    must_observe signal tight KILL
    must_observe wait tight 20000
    check "nothing of it is lost: $(counted /tight high) times" wait_until 20 has_told_all /tight high
    check "though not told singly, in $(events_of /tight) events" \
        test "$(events_of /tight)" -lt "$(counted /tight high)"
    check "at most ten times a second" \
        test "$(events_of /tight)" -le $((10 * ($(cut -d . -f 1 /proc/uptime) - begin_s + 1)))

    must_observe start capped "vm_hog --cgroup $memory/capped --hold-mb 64"
    must_observe wait capped 60000
    check_equal "the kernel kills in the group that may not grow" "signal 9" "$answer"
    check "which is told" wait_until 20 has_told_all /capped oom_kill
    check_equal "once" 1 "$(told /capped oom_kill)"
    check "with each time that it met its limit: $(counted /capped max)" \
        wait_until 20 has_told_all /capped max
    memmgrctl explain --json --acted --limit 1000 >/tmp/explain.json
    vm_json 'decisions[*].action' /tmp/explain.json >/tmp/actions
    vm_json 'decisions[*].target' /tmp/explain.json >/tmp/targets
    check "the log says that it was the kernel, in which group" \
        test "$(paste /tmp/actions /tmp/targets | grep -c '^kernel-kill	/capped$')" = 1
    memmgrctl status --json >/tmp/status.json
    paste -d ' ' - - - - <<END_OF_KINDS >/tmp/stalls
$(vm_json 'stalls.kinds[1].kind' /tmp/status.json)
$(vm_json 'stalls.kinds[1].count' /tmp/status.json)
$(vm_json 'stalls.kinds[1].total_us' /tmp/status.json)
$(vm_json 'stalls.in_progress' /tmp/status.json)
END_OF_KINDS
    check "the stalls at those limits are counted: $(cat /tmp/stalls)" \
        grep -q '^group-reclaim [1-9][0-9]* [1-9][0-9]* 0$' /tmp/stalls
    check "and shown: $(memmgrctl status | sed -n 's/^stalls *//p')" status_has '^stalls .*group-reclaim [1-9].* in all'
    check_equal "in the calm group nothing was heard" 0 "$(grep -c "group_id=$(stat -c %i $memory/calm)" "$events")"
    observed_stop
    rmdir $memory/tight $memory/capped $memory/calm
}

# freeze NAME PATH: a group below PATH is frozen and thawed by somebody else.
freeze() {
    make "$2$1"
    must_observe start "$1" "sh -c 'echo 0 >$unified/$2$1/cgroup.procs; exec vm_hog --hold-mb 4'"
    must_observe expect "$1" 30000 ready
    echo 1 >"$unified/$2$1/cgroup.freeze"
    check "$1: that it is frozen is heard" wait_until 20 has_event "group .*change=frozen name=$1"
    echo 0 >"$unified/$2$1/cgroup.freeze"
    check "$1: that it is thawed is heard" wait_until 20 has_event "group .*change=thawed name=$1"
    must_observe signal "$1" KILL
    must_observe wait "$1" 10000
}

freezing() {
    say "--- freezing, by BPF"
    configure
    observed_start
    freeze by-bpf ""
    observed_stop

    say "--- freezing in a domain, by BPF"
    make inner
    configure
    sed -i "/<domain>/,/<\/domain>/s|<groupPath></groupPath>|<groupPath>/inner</groupPath>|" "$config"
    observed_start inner
    freeze in-domain inner/
    observed_stop

    say "--- freezing, without BPF"
    configure
    configure_section bpf enabled=false
    configure_section processConnector enabled=false
    observed_start
    freeze by-inotify ""
    observed_stop
}

observer_open
[ "$memory" != "$unified" ] || limits
freezing
observer_finish
done_testing
