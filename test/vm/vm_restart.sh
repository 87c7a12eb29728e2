# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# kill -9 of the daemon in mid-storm. The next one knows the applications again from what the first one had saved, or
# from their oom_score_adj, which that wrote, and from the clients that report anew, and the storm goes on in the order
# of the list.
. /test/storm.sh
protect

# list_says NAME...: their places on the daemon's list, by pid.
list_says() {
    local name found=""

    memmgrctl list --json >/tmp/list.json || fail "memmgrctl list"
    vm_json 'processes[*].pid' /tmp/list.json >/tmp/list.pids
    vm_json 'processes[*].bundle_priority' /tmp/list.json >/tmp/list.priorities
    vm_json 'processes[*].registered' /tmp/list.json >/tmp/list.registered
    paste -d ' ' /tmp/list.pids /tmp/list.priorities /tmp/list.registered >/tmp/list
    for name in "$@"; do
        found="$found $(sed -n "s/^$(pid_of "$name") //p" /tmp/list | sed 's/ true$//; s/ false$/ by-score/')"
    done
    echo "${found# }"
}

all_is_saved() {
    [ "$(daemon_field saved_state.unsaved_reports)" = false ]
}

configure killableSysApp=resident
observer_open 500,400,300,200,100
daemon_start
enter resident background 40
enter_six 72
check_equal "the list is in oom_score_adj, also below 0" "-800 800 400 260 200 100 0" \
    "$(priorities resident suspended background device player task front)"
check_equal "the kernel interface says that it may" true "$(feature oom_score_adj_lower)"
check_equal "and so says the list" "-800 800 400 260 200 100 0" \
    "$(list_says resident suspended background device player task front)"

check "all that was reported is saved" wait_until 20 all_is_saved

# The hog stands still for a while. The nudge goes a little below the waterline and no further, so that one death is
# enough however slow the machine is.
start_application hog 16 --grow-mb-per-s 40
must_observe signal hog STOP
# shellcheck disable=SC2034 # pid_of looks there
application_hog=$application_pid
report hog background
must_observe available
available_mb=$answer
enter nudge foreground $((available_mb - 530)) --grow-mb-per-s 40 --limit-mb $((available_mb - 490))
check "the storm takes its first" observe wait suspended 60000
must_observe wait-quiet 500 20000
must_observe signal "$daemon_name" KILL
must_observe wait "$daemon_name" 5000
check_equal "the daemon is gone without a word" "signal 9" "$answer"
check_equal "what it wrote has stayed" "-800 400 260 200 100 0" \
    "$(priorities resident background device player task front)"

daemon_start
check_equal "the next one has taken them up" "-800 400 260 200 100 0" \
    "$(list_says resident background device player task front)"
# it is saved, or not yet: then its score is what the next one has of it
check_equal "whom it has from there at least is where it was" 400 "$(list_says hog | sed 's/ by-score$//')"
report background background
report hog background
report front foreground
report resident background
check_equal "and from the clients that report again" "400 400 0 -800" "$(list_says background hog front resident)"
must_observe deaths
check_equal "all that without a further death" "suspended memmgrd-1" "$answer"

must_observe signal hog CONT
check "the storm goes on" observe wait hog 60000
enter seen visible 16 --grow-mb-per-s 80
check "down to the last row" observe wait seen 60000
must_observe wait-quiet 1000 20000
keep_kills
check_equal "the resident's place has not changed" -800 "$(priorities resident)"
daemon_stop
observer_finish
check_storm "500 500 500 300 300 200 100" suspended background hog device player task seen
check_equal "who is left" "resident front nudge" "$(record 'survivors[*]')"
pids=$(deaths pid)
check_equal "the second daemon killed all but the first of them" "${pids#* }" "$(kill_record 'kills[*].pid')"
check_equal "by their names" "background hog device player task seen" "$(kill_record 'kills[*].name')"
check_equal "each where the list had it" "400 400 260 200 100 50" "$(kill_record 'kills[*].priority')"
done_testing
