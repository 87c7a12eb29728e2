# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/library.sh
#
# The guest's other ways to mount cgroups, and PSI switched off: what the daemon's fallbacks are tested on must be
# there, and what they do without must be missing.
. /test/library.sh

mounted() {
    awk -v where="$1" '$2 == where { print $3 }' /proc/mounts
}

option() {
    tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"
}

for controller in memory freezer cpu; do
    check_equal "$controller is on v1" cgroup "$(mounted /sys/fs/cgroup/$controller)"
done
mkdir /sys/fs/cgroup/memory/mounts
check "a v1 group has a limit" test -w /sys/fs/cgroup/memory/mounts/memory.limit_in_bytes
check "a v1 group has vmpressure" test -e /sys/fs/cgroup/memory/mounts/memory.pressure_level

case $(option cgroup) in
hybrid)
    check_equal "v2 is beside it" cgroup2 "$(mounted /sys/fs/cgroup/unified)"
    mkdir /sys/fs/cgroup/unified/mounts
    check "a v2 group can be killed" test -w /sys/fs/cgroup/unified/mounts/cgroup.kill
    check "a v2 group can be frozen" test -w /sys/fs/cgroup/unified/mounts/cgroup.freeze
    check "but has no memory controller" test ! -e /sys/fs/cgroup/unified/mounts/memory.high
    ;;
v1) check_equal "v2 is nowhere" "" "$(awk '$3 == "cgroup2"' /proc/mounts)" ;;
*) fail "cgroup= is not on the command line" ;;
esac

psi_answers() {
    cat /proc/pressure/memory >/dev/null 2>&1
}
if [ "$(option psi)" = 0 ]; then
    check_equal "PSI is off" off "$(psi_answers && echo on || echo off)"
else
    check_equal "PSI is on" on "$(psi_answers && echo on || echo off)"
fi
done_testing
