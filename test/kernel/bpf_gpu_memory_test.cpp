/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of processes and of devices. */
#include "gpu_fixture.h"

namespace
{

using bpf_test::Gpu;
using bpf_test::MEM_TOTAL;
using bpf_test::Record;
using bpf_test::Snapshot;

TEST_F(Gpu, MemoryIsTheLastThatWasTold)
{
    bpf_test::Child alive, gone;
    auto told = [&](pid_t pid, uint64_t size) {
        run("mm_gpu_memory_total",
            Record(MEM_TOTAL).set("gpu_id", 1).set("pid", static_cast<uint64_t>(pid)).set("size", size));
    };

    event("gpu_mem/gpu_mem_total", MEM_TOTAL);
    ASSERT_EQ(open(), 0) << reason();
    told(getpid(), 4096);
    told(alive.pid(), 1ull << 33);
    told(gone.pid(), 77);
    told(0, 123456789);
    told(getpid(), 8192);
    Snapshot snapshot = read();
    EXPECT_EQ(memory(snapshot, getpid()), 8192);
    EXPECT_EQ(memory(snapshot, alive.pid()), 1ll << 33);
    ASSERT_NE(device(snapshot, 1), nullptr);
    EXPECT_EQ(device(snapshot, 1)->memory_bytes, 123456789U);

    const pid_t pid = gone.pid();
    gone.end();
    told(getpid(), 0);
    snapshot = read();
    EXPECT_EQ(memory(snapshot, getpid()), -1) << "given back";
    EXPECT_EQ(memory(snapshot, pid), -1) << "no driver told of its end";
    EXPECT_EQ(memory(snapshot, alive.pid()), 1ll << 33);
    EXPECT_EQ(snapshot->memory_count, 1U);
}

} // namespace
