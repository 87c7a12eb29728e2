# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# A storm on a machine where no application ever speaks to the daemon: what the policy for such processes allows
# dies, in the order of their oom_score_adj; all others live. First with the shipped policy, then with "any".
. /test/storm.sh
protect

# Nobody reports anything: "" for the words.
stranger() {
    local name=$1

    shift
    enter "$name" "" "$@"
}

# Only what somebody has marked: batch and tab first, then the hog; a small one is not worth it, whatever its mark.
raised() {
    say "--- policy raised"
    configure
    observer_open 500,400,300,200,100
    stranger server 128
    stranger database 64 --oom-score-adj -500
    stranger sshd 40 --oom-score-adj -1000
    daemon_start
    stranger batch 64 --oom-score-adj 900
    stranger small 8 --oom-score-adj 950
    stranger tab 64 --oom-score-adj 500
    stranger hog 16 --oom-score-adj 350 --grow-mb-per-s 80
    check "the hog dies" observe wait hog 60000
    # Below the last row, which reaches down to 0, by one whom nobody may touch.
    must_observe available
    stranger filler $((answer - 120)) --oom-score-adj -1000
    # Meanwhile the last of the hog's memory may have come back.
    must_observe available
    stranger rest $((answer - 70)) --oom-score-adj -1000
    must_observe wait-quiet 2000 20000
    keep_kills
    check "the others at 0 are kept out by the policy" grep -q "below 100 MB: .* kept out by the policy: [1-9]" \
        /tmp/explain.text
    check_equal "nobody is registered" 0 "$(daemon_field list.registered_processes)"
    daemon_stop
    observer_finish
    check_storm "500 500 400" batch tab hog
    check_equal "who is left" "server database sshd small filler rest" "$(record 'survivors[*]')"
    check_kills vm_hog vm_hog vm_hog
    check_equal "none of them as an application" "false false false" "$(kill_record 'kills[*].registered')"
}

# As the kernel would, but before it: the heaviest at 0 is the hog, and below 0 nobody is reached.
any() {
    say "--- policy any"
    configure policy=any minSizeMB=0
    observer_open 500,400,300,200,100
    daemon_start
    stranger server 96
    stranger neighbour 48
    stranger database 96 --oom-score-adj -500
    stranger sshd 40 --oom-score-adj -1000
    stranger tab 56 --oom-score-adj 150
    stranger hog 16 --grow-mb-per-s 80
    check "the hog dies" observe wait hog 60000
    must_observe wait-quiet 1000 20000
    keep_kills
    daemon_stop
    observer_finish
    check_storm "200 100" tab hog
    check_equal "who is left" "server neighbour database sshd" "$(record 'survivors[*]')"
    check_kills vm_hog vm_hog
}

raised
any
check_equal "init lives" 1 "$(sed -n 's/^PPid:[^0-9]*//p' /proc/$$/status)"
done_testing
