# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# For the storms: the installed daemon, applications that report their states to it, and what the daemon says of
# its kills held against what the observer saw. A script sources it in place of library.sh.
#
# shellcheck source=library.sh
. /test/library.sh
PATH=$PATH:/usr/local/bin:/usr/local/sbin
installed_config=/etc/memmgr/memmgr_config.xml
config=/tmp/memmgr_config.xml
export NO_COLOR=1
daemons_started=0
daemon_name=
six="suspended background device player task front"
# The pids of applications are in application_NAME.

# configure NAME=VALUE...: the installed configuration with elements of it changed; each stands there once. A
# guest's processor is up to 25 times slower than the machine, so that a victim's exit takes as much longer.
configure() {
    local pair

    # One table for every size of guest: what stands outside of the profiles.
    sed '/<ramProfile/,/<\/ramProfile>/d' "$installed_config" >"$config" || fail "there is no $installed_config"
    for pair in exitTimeoutMs=15000 recoveryTimeoutMs=5000 "$@"; do
        grep -q "<${pair%%=*}>" "$config" || fail "$installed_config has no element ${pair%%=*}"
        sed -i "s|<${pair%%=*}>[^<]*<|<${pair%%=*}>${pair#*=}<|" "$config"
    done
}

# configure_section SECTION NAME=VALUE...: the same for elements whose names stand in several sections.
configure_section() {
    local section=$1 pair

    shift
    for pair in "$@"; do
        sed -i "/<$section>/,/<\/$section>/s|<${pair%%=*}>[^<]*<|<${pair%%=*}>${pair#*=}<|" "$config"
        sed -n "/<$section>/,/<\/$section>/p" "$config" | grep -qF "<${pair%%=*}>${pair#*=}<" ||
            fail "$section has no ${pair%%=*} that could be changed"
    done
}

# Also when it has ended: there is nothing to wait for any more.
daemon_answers() {
    memmgrctl status >/dev/null 2>&1 && return
    observe alive "$daemon_name" && [ "$answer" = dead ]
}

# daemon_start: under the observer, so that its end is seen, too; its name there is in $daemon_name.
daemon_start() {
    daemons_started=$((daemons_started + 1))
    daemon_name=memmgrd-$daemons_started
    answer=
    rm -f /tmp/features
    must_observe start "$daemon_name" "memmgrd --config $config >>/tmp/memmgrd.log 2>&1"
    if ! wait_until 20 daemon_answers || [ "$answer" = dead ]; then
        cat /tmp/memmgrd.log
        observe wait "$daemon_name" 1
        fail "memmgrd does not answer: $answer"
    fi
}

# daemon_stop: by SIGTERM, which it obeys in order.
daemon_stop() {
    must_observe signal "$daemon_name" TERM
    observe wait "$daemon_name" 10000
    [ "$answer" = "status 0" ] || tail -n 30 /tmp/memmgrd.log
    check_equal "the daemon ends when told to" "status 0" "$answer"
}

# daemon_field PATH...: of its status.
daemon_field() {
    local path

    memmgrctl status --json >/tmp/status.json
    # shellcheck disable=SC2005,SC2046 # one line out of many is the purpose
    echo $(for path in "$@"; do vm_json "$path" /tmp/status.json; done)
}

# feature_field NAME FIELD: what the daemon says of a feature of the kernel, asked once in its life.
feature_field() {
    if [ ! -e /tmp/features ]; then
        memmgrctl status --json >/tmp/status.json || fail "memmgrctl status"
        vm_json 'features[*].name' /tmp/status.json >/tmp/feature.names
        vm_json 'features[*].available' /tmp/status.json >/tmp/feature.values
        vm_json 'features[*].reason' /tmp/status.json >/tmp/feature.reasons
        paste /tmp/feature.names /tmp/feature.values /tmp/feature.reasons >/tmp/features
    fi
    sed -n "s/^$1	//p" /tmp/features | cut -f "$2"
}

# feature NAME: "true" or "false".
feature() {
    feature_field "$1" 1
}

feature_reason() {
    feature_field "$1" 2
}

# pid_of NAME: of an application that enter has started.
pid_of() {
    eval "echo \"\$application_$1\""
}

# report NAME WORD...: the application NAME tells the daemon what it does.
report() {
    local name=$1 word pid

    pid=$(pid_of "$name")
    shift
    for word in "$@"; do
        case $word in
        suspend) memmgrctl event "$word" "$pid" >/dev/null ;;
        *) memmgrctl event "$word" "$pid" --name "$name" >/dev/null ;;
        esac || fail "memmgrctl event $word $pid ($name)"
    done
}

# enter NAME "WORD..." MB [HOG OPTION]...: an application starts, holds its memory and reports its state; no word:
# it is none that the daemon hears of.
enter() {
    local name=$1 words=$2 hold_mb=$3

    shift 3
    start_application "$name" "$hold_mb" "$@"
    eval "application_$name=$application_pid"
    # shellcheck disable=SC2086 # the words are split on purpose
    report "$name" $words
}

# The six of the storms, at 800, 400, 260, 200, 100 and 0. enter_six MB [HOG OPTION]...; with "--groups" first,
# each in a group of its own. They start side by side.
enter_six() {
    local groups=false name options=""

    if [ "$1" = --groups ]; then
        groups=true
        shift
    fi
    for name in $six; do
        if "$groups"; then options="--cgroup $(group_make "$name")"; fi
        must_observe start "$name" "vm_hog $options --hold-mb $*"
        eval "application_$name=$answer"
    done
    for name in $six; do
        must_observe expect "$name" 60000 ready
    done
    report suspended background suspend
    report background background
    report device device-connected
    report player continuous-start
    report task transient-start
    report front foreground
}

# priorities NAME...: as the kernel has them, in oom_score_adj.
priorities() {
    local name found=""

    for name in "$@"; do
        found="$found $(cat "/proc/$(pid_of "$name")/oom_score_adj")"
    done
    echo "${found# }"
}

# reversed "WORD WORD..."
reversed() {
    local word found=""

    for word in $1; do
        found="$word $found"
    done
    echo "${found% }"
}

# nth N "WORD WORD...": 0 where there are fewer.
nth() {
    local n=$1

    # shellcheck disable=SC2086 # the words are split on purpose
    set -- $2
    if [ $# -ge "$n" ]; then
        shift $((n - 1))
        echo "$1"
    else
        echo 0
    fi
}

# keep_kills: what the daemon says of its kills, before it is stopped.
keep_kills() {
    memmgrctl kills --json >/tmp/kills.json || fail "memmgrctl kills"
    memmgrctl explain --json --acted --limit 1000 >/tmp/explain.json || fail "memmgrctl explain"
    { memmgrctl explain --limit 40; memmgrctl list; } >/tmp/explain.text
}

# kill_record PATH: oldest first.
kill_record() {
    reversed "$(vm_json "$1" /tmp/kills.json)"
}

# deaths FIELD: in their order, of all but daemons.
deaths() {
    record 'deaths[*].name' | tr ' ' '\n' >/tmp/death.names
    record "deaths[*].$1" | tr ' ' '\n' >/tmp/death.values
    # shellcheck disable=SC2005,SC2046 # one line out of many is the purpose
    echo $(paste /tmp/death.names /tmp/death.values | sed '/^memmgrd/d; s/^.*	//')
}

# How far above a row's waterline the daemon still kills: a series goes on until available is marginMB above.
margin_mb=50
# How much further available can sink than the observer, which samples, gets to see before a quick kill: a tenth of a
# second on a loaded machine at a hog's 80 MB/s.
sample_mb=8

# check_kills NAME...: the daemon recorded just these, in this order, each with the row and the reason, and
# explains each; what it says of pids and waterlines is held against the observer's record.
check_kills() {
    local name index=0 explained lows_mb rows_bytes low_mb row_mb

    [ "$(kill_record 'kills[*].name')" = "$*" ] || cat /tmp/explain.text
    check_equal "the daemon's records name the victims in order" "$*" "$(kill_record 'kills[*].name')"
    check_equal "with the pids that the observer saw die" "$(deaths pid)" "$(kill_record 'kills[*].pid')"
    vm_json 'kills[*].reason' /tmp/kills.json >/tmp/reasons
    check_equal "each has a reason" $# "$(grep -c '^available [0-9]* KiB is below [0-9]* MB' /tmp/reasons)"
    vm_json 'decisions[*].action' /tmp/explain.json >/tmp/actions
    vm_json 'decisions[*].target' /tmp/explain.json >/tmp/targets
    explained=$(paste /tmp/actions /tmp/targets | sed -n 's/^kill	//p' | tr '\n' ' ')
    check_equal "and explain tells of each" "$*" "$(reversed "$explained")"
    lows_mb=$(deaths available_low_mb)
    rows_bytes=$(kill_record 'kills[*].waterline_bytes')
    for name in "$@"; do
        index=$((index + 1))
        low_mb=$(nth "$index" "$lows_mb")
        row_mb=$(($(nth "$index" "$rows_bytes") / 1048576))
        check "the row it names for $name, $row_mb MB, fits what was seen, $low_mb MB" \
            test "$low_mb" -lt $((row_mb + margin_mb))
    done
}

# check_storm "WATERLINE..." NAME...: by the observer alone. NAME... died in this order and of SIGKILL, each not
# before available memory had sunk to about its WATERLINE, and the kernel has killed nobody. What the daemon saw at each
# kill is check_kills' subject.
check_storm() {
    local waterlines=$1 waterline index=0 signals="" lows_mb low_mb

    shift
    check_equal "they died in this order" "$*" "$(deaths name)"
    for _ in "$@"; do
        signals="$signals 9"
    done
    check_equal "each by SIGKILL" "${signals# }" "$(deaths signal)"
    lows_mb=$(deaths available_low_mb)
    for waterline in $waterlines; do
        index=$((index + 1))
        low_mb=$(nth "$index" "$lows_mb")
        check "number $index when $low_mb MB were available, its waterline being $waterline" \
            test "$low_mb" -lt $((waterline + margin_mb))
    done
    check "the first of them not before" test "${lows_mb%% *}" -lt $((${waterlines%% *} + sample_mb))
    check_equal "the kernel has killed nobody" 0 "$(record oom_kill)"
    check_equal "nor said so" 0 "$(record 'oom_lines#')"
}
