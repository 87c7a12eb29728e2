# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/storm.sh disable=SC2119
#
# The daemon as a device has it: started by init from the installed files, its configuration the installed one.
# Two groups in the background are squeezed into zram before anybody dies, what was written to them is taken back
# when the daemon ends, and the same storm kills fewer than without squeezing.
. /test/storm.sh
protect
service=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^services=//p')

# What may be set in a group, as this script reads it.
settings() {
    local group file

    for group in first second; do
        for file in memory.high memory.max memory.low memory.min memory.swap.max memory.swap.high \
            memory.oom.group cgroup.freeze; do
            echo "$group $file $(cat "/sys/fs/cgroup/$group/$file")"
        done
    done
}

# group_mb GROUP FILE
group_mb() {
    echo $(($(cat "/sys/fs/cgroup/$1/$2") / 1048576))
}

# One that the user sees, so that only the last row would reach it, takes so much that 470 MB are left without
# squeezing.
storm() {
    local hog_mb

    observer_open 750,500
    enter first background 96 --compressible --cgroup /sys/fs/cgroup/first
    enter second background 96 --compressible --cgroup /sys/fs/cgroup/second
    enter front foreground 32
    must_observe available
    hog_mb=$((answer - 470))
    enter hog visible 16 --grow-mb-per-s 80 --limit-mb "$hog_mb"
    check "the hog gets all it wants" observe expect hog 60000 limit
}

daemon_pid() {
    cat /run/memmgr/lock
}

check "init has started the daemon" daemon_answers
check_equal "which is init's child" 1 "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$(daemon_pid)/status")"
check_equal "and keeps to the installed configuration" "$installed_config" "$(daemon_field 'daemon.config_files[*].file')"
check_equal "the kernel may not choose it" -1000 "$(cat "/proc/$(daemon_pid)/oom_score_adj")"

check "zram becomes swap" zram_swap_on 512
group_make first >/dev/null
group_make second >/dev/null
echo 200M >/sys/fs/cgroup/second/memory.high
settings >/tmp/settings.before

say "--- with squeezing, and limits for what is in the background"
configure
configure_section memoryHighConfig enabled=true minPriority=400 sharePercent=90
cp "$config" "$installed_config"
check "the daemon takes the new configuration" memmgrctl reload
storm
must_observe wait-quiet 1000 10000
check_equal "nobody has died" "" "$answer"
for group in first second; do
    check "$group has memory in swap ($(group_mb "$group" memory.swap.current) MB)" \
        test "$(group_mb "$group" memory.swap.current)" -ge 8
    check "$group has a limit ($(cat /sys/fs/cgroup/$group/memory.high))" \
        test "$(cat /sys/fs/cgroup/$group/memory.high)" != "$(sed -n "s/^$group memory.high //p" /tmp/settings.before)"
done
pid=$(daemon_pid)
check_equal "the daemon says that two limits stand" 2 "$(daemon_field reclaim.limits_held)"
check "and that it squeezed" test "$(daemon_field reclaim.squeezes)" -gt 0
check "it stops when init tells it to" sh "$service" stop
# Nobody may have reaped it yet.
check_equal "and is gone" "" "$(readlink "/proc/$pid/exe")"
settings >/tmp/settings.after
check "all settings of the groups are what they were" diff /tmp/settings.before /tmp/settings.after
observer_finish
check_equal "the kernel has killed nobody" 0 "$(record oom_kill)"
with_squeezing=$(record 'deaths#')

say "--- the same without squeezing"
configure
configure_section squeezeConfig enabled=false
cp "$config" "$installed_config"
check "it starts again" sh "$service" start
storm
must_observe wait-quiet 1000 10000
keep_kills
check "it stops" sh "$service" stop
observer_finish
check_equal "the kernel has killed nobody" 0 "$(record oom_kill)"
without_squeezing=$(record 'deaths#')
check_equal "the least important has died" first "$(record 'deaths[0].name')"
check "with squeezing fewer die ($with_squeezing) than without ($without_squeezing)" \
    test "$with_squeezing" -lt "$without_squeezing"
done_testing
