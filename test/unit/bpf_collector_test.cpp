/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow that collects by BPF leaves behind, without a loader: the descriptors are of the test's own. */
#include "bpf/collector.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

// The second time there is nothing left that is the collector's: the directory may be another's by then.
TEST(Collector, ASecondEndDoesNothing)
{
    char directory[] = "/tmp/memmgr-collector-XXXXXX";
    static const char *const map_names[] = {"mm_first", "mm_second"};
    struct mm_bpf_collector_kind kind = {};
    struct mm_bpf_collector collector = {};

    ASSERT_NE(mkdtemp(directory), nullptr);
    kind.map_names = map_names;
    kind.map_count = 2;
    collector.kind = &kind;
    collector.progress_fd = -1;
    collector.flags = MM_BPF_COLLECTOR_IS_PINNED;
    collector.pin_directory = directory;
    collector.fds[0] = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    collector.fd_count = 1;
    close(openat(collector.fds[0], "mm_second", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    mm_bpf_collector_end(&collector);
    ASSERT_LT(access(directory, F_OK), 0);
    ASSERT_EQ(mkdir(directory, 0700), 0);
    mm_bpf_collector_end(&collector);
    EXPECT_EQ(rmdir(directory), 0) << strerror(errno);
}

} // namespace
