# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/library.sh
#
# The guest itself: has it what the other vm tests build on? And does the observer see a kill by the kernel as it
# was, when no daemon is there to prevent it?
. /test/library.sh
protect

check "cgroup v2 has the memory controller" grep -qw memory /sys/fs/cgroup/cgroup.controllers
group=$(group_make boot)
check "the root hands the memory controller down" test -w "$group/memory.high"
check "a group has memory.reclaim" test -w "$group/memory.reclaim"
check "the machine has PSI" grep -q '^full avg10=' /proc/pressure/memory
check "a group has PSI" grep -q '^some avg10=' "$group/memory.pressure"
check "BTF is there for BPF" test -s /sys/kernel/btf/vmlinux
check "tracefs is mounted" test -d /sys/kernel/tracing/events
check "bpffs is mounted" grep -q '^bpf /sys/fs/bpf bpf ' /proc/mounts

# shellcheck disable=SC2317 # check calls it
reclaim_works() {
    local before after

    before=$(cat "$group/memory.current")
    echo 32M >"$group/memory.reclaim" || return
    after=$(cat "$group/memory.current")
    say "memory.reclaim: $before -> $after"
    [ "$after" -le $((before - 30 * 1024 * 1024)) ]
}

# A first observer, with swap: nobody dies, and the record says so.
check "zram becomes swap" zram_swap_on 128
observer_open
start_application sleeper 64 --compressible --cgroup "$group"
check "memory.reclaim takes memory from a group" reclaim_works
check "the memory lies in swap" test "$(($(meminfo SwapTotal) - $(meminfo SwapFree)))" -ge 30
observe wait-quiet 200 5000
check_equal "nobody has died" "" "$answer"
observer_finish
check_equal "no deaths are recorded" "[]" "$(record deaths)"
check_equal "the survivor is recorded" sleeper "$(record 'survivors[*]')"
swapoff /dev/zram0

# A second one, without swap or daemon: the kernel kills the hog, and only it.
observer_open 200,100
start_application bystander 32 --oom-score-adj 100
bystander=$application_pid
start_application hog 32 --oom-score-adj 900 --grow-mb-per-s 200
hog=$application_pid
check "the hog dies" observe wait hog 60000
check_equal "of SIGKILL" "signal 9" "$answer"
check "the bystander can be sent a signal" observe signal bystander TERM
check "and dies" observe wait bystander 10000
observer_finish

check_equal "the deaths in their order" "hog bystander" "$(record 'deaths[*].name')"
check_equal "their pids" "$hog $bystander" "$(record 'deaths[*].pid')"
check_equal "their signals" "9 15" "$(record 'deaths[*].signal')"
check_equal "nobody exited" "-1 -1" "$(record 'deaths[*].status')"
check_equal "no survivor is left" "[]" "$(record survivors)"
check_equal "the kernel has killed once" 1 "$(record oom_kill)"
check_equal "and said so once" 1 "$(record 'oom_lines#')"
case $(record 'oom_lines[0]') in
"Out of memory: Killed process $hog (vm_hog)"*) named=true ;;
*) named=false ;;
esac
check "of the hog" "$named"
check_equal "the waterlines were crossed" "200 100" "$(record 'crossings[*].waterline_mb')"
check "in time's order" test "$(record 'crossings[0].time_ms')" -le "$(record 'crossings[1].time_ms')"
check "before the hog died" test "$(record 'crossings[1].time_ms')" -le "$(record 'deaths[0].time_ms')"
done_testing
