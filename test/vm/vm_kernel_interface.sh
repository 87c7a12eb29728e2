# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/library.sh
#
# The kernel tests of the Linux implementation where the development machines cannot run them: the memory
# controller on v2, CAP_SYS_RESOURCE, swap on zram, and the other ways to mount cgroups.
. /test/library.sh

run_tests() {
    local program

    for program in linux_kernel_test linux_group_test; do
        say "$program $1"
        "$program" --gtest_brief=1 --gtest_color=no
        check_equal "$program $1" 0 $?
    done
}

# The first group below the root with the cpuset controller makes the kernel patch its page allocator, which QEMU's
# emulation on two threads does not always survive ("Oops: int3").
if grep -q cpuset /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
    echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control
fi
mkdir -p /var/tmp
run_tests "without swap"
wake_test --gtest_filter='LimitWake.*' --gtest_brief=1 --gtest_color=no
check_equal "wake_test: limits" 0 $?
echo $((128 << 20)) >/sys/block/zram0/disksize
mkswap /dev/zram0 >/dev/null
check "swap on zram" swapon /dev/zram0
run_tests "with swap"
done_testing
