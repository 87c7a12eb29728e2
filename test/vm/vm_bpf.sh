# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/library.sh
#
# The BPF programs on kernels that the development machines do not run: other arguments of tracepoints, another verifier,
# groups and limits on v2; and direct reclaim, which no limit of a group brings about.
. /test/library.sh

export MM_BPF_LOADER=/usr/bin/memmgr-bpf-loader

# As in vm_kernel_interface.sh.
if grep -q cpuset /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
    echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control
fi
mkdir -p /var/tmp
say "$(memmgr-bpf-loader --check)"
say "$(memmgr-bpf-loader --check --gpu)"
for program in bpf_test bpf_group_test bpf_memory_test bpf_direct_test bpf_gpu_test; do
    "$program" --gtest_brief=1 --gtest_color=no
    check_equal "$program" 0 $?
done
done_testing
