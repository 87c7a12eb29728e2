# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# Six applications at 800, 400, 260, 200, 100 and 0 and one that grows far past RAM: who dies, in which order, and
# who lives. With the shipped kill table; without swap, and with zram. Booted with psi=0 as well, where without swap
# the waterline watch is all there is.
. /test/storm.sh
protect
hog_mb_per_s=80

has_psi() {
    ! grep -qw psi=0 /proc/cmdline
}

check_pressure() {
    check_equal "the daemon says whether there is PSI" "$(has_psi && echo true || echo false)" \
        "$(feature pressure_trigger)"
    say "pressure_trigger: $(feature_reason pressure_trigger)"
    check_equal "the waterline is watched" true "$(daemon_field waterline_watch.enabled)"
}

# The storm as it comes without swap: first a hog in the background, then one that the user sees, which only the
# lowest row reaches.
without_swap() {
    say "--- without swap"
    configure
    observer_open 500,400,300,200,100
    daemon_start
    check_pressure
    enter_six 56
    check_equal "the list is in oom_score_adj" "800 400 260 200 100 0" \
        "$(priorities suspended background device player task front)"
    observe wait-quiet 300 3000
    check_equal "nobody dies above the waterlines" "" "$answer"
    enter hog background 16 --grow-mb-per-s "$hog_mb_per_s"
    check "the hog in the background dies" observe wait hog 40000
    enter seen visible 16 --grow-mb-per-s "$hog_mb_per_s"
    check "the hog that is seen dies" observe wait seen 60000
    must_observe wait-quiet 1000 20000
    keep_kills
    check "the application in front lives" observe alive front
    check_equal "it is alive" alive "$answer"
    observer_finish
    check_storm "500 500 500 300 300 200 100" suspended background hog device player task seen
    check_equal "who is left" "memmgrd-$daemons_started front" "$(record 'survivors[*]')"
    check_kills suspended background hog device player task seen
}

# Each application in a group of its own, its memory worth squeezing.
with_zram() {
    local swapped

    say "--- with zram"
    check "zram becomes swap" zram_swap_on 384
    swapped=$(vmstat pswpout)
    configure
    observer_open 500,400,300,200,100
    daemon_start
    enter_six --groups 56 --compressible
    enter hog background 16 --compressible --grow-mb-per-s "$hog_mb_per_s" --cgroup "$(group_make hog)"
    check "the hog dies" observe wait hog 60000
    must_observe wait-quiet 1000 20000
    keep_kills
    daemon_stop
    observer_finish
    check_storm "500 500 500" suspended background hog
    check_equal "who is left" "device player task front" "$(record 'survivors[*]')"
    check_kills suspended background hog
    say "$((($(vmstat pswpout) - swapped) / 256)) MB went to zram"
    check "memory went to zram" test "$((($(vmstat pswpout) - swapped) / 256))" -ge 32
}

without_swap
if has_psi; then with_zram; fi
done_testing
