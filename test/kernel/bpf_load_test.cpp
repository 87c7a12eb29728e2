/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the loader by themselves, when what they call fails: read, mmap and strndup are wrapped. */
#include "bpf/load_minimal_btf.h"
#include "bpf/load_pass.h"

#include <bpf/libbpf.h>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace
{

// What is to go wrong; nothing otherwise.
struct {
    int interrupted_reads;
    bool has_no_mmap;
    int copies_before_none; /* negative: all succeed */
} failing = {0, false, -1};

} // namespace

// The linker's names for them.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
ssize_t __real_read(int fd, void *buffer, size_t size);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
char *__real_strndup(const char *text, size_t size);

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
    if (failing.interrupted_reads == 0)
        return __real_read(fd, buffer, size);
    failing.interrupted_reads--;
    errno = EINTR;
    return -1;
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (!failing.has_no_mmap)
        return __real_mmap64(address, length, protection, flags, fd, offset);
    errno = ENODEV;
    return MAP_FAILED;
}

char *__wrap_strndup(const char *text, size_t size)
{
    if (failing.copies_before_none < 0 || failing.copies_before_none-- > 0)
        return __real_strndup(text, size);
    return nullptr;
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace
{

class BpfLoad : public testing::Test
{
  protected:
    void SetUp() override
    {
        object = bpf_object__open_file(MM_BPF_OBJECT, nullptr);
        ASSERT_NE(object, nullptr) << MM_BPF_OBJECT << ": " << strerror(errno);
    }
    ~BpfLoad() override
    {
        mm_bpf_minimal_btf_end(&minimal);
        bpf_object__close(object);
    }
    int begin()
    {
        const int result = mm_bpf_minimal_btf_begin(&minimal, object);

        failing = {0, false, -1};
        return result;
    }

    struct bpf_object *object = nullptr;
    struct mm_bpf_minimal_btf minimal = {};
};

// As kernels before 6.16 have it, which do not map the file.
TEST_F(BpfLoad, ASignalDoesNotEndTheReadingOfTheKernelsBtf)
{
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
        GTEST_SKIP() << "/sys/kernel/btf/vmlinux: " << strerror(errno);
    failing.has_no_mmap = true;
    failing.interrupted_reads = 3;
    EXPECT_EQ(begin(), 0);
    EXPECT_STRNE(minimal.path, "");
}

// Without one of the names the programs would be loaded without that type.
TEST_F(BpfLoad, NoNameOfATypeIsLeftOut)
{
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
        GTEST_SKIP() << "/sys/kernel/btf/vmlinux: " << strerror(errno);
    for (int copies : {0, 1, 7}) {
        SCOPED_TRACE(copies);
        failing.copies_before_none = copies;
        EXPECT_EQ(begin(), -ENOMEM);
        EXPECT_STREQ(minimal.path, "");
    }
    EXPECT_EQ(begin(), 0);
}

// One way to load after the other: libbpf 1.1 frees what it then goes on with.
TEST_F(BpfLoad, ItCanBeBegunAgain)
{
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
        GTEST_SKIP() << "/sys/kernel/btf/vmlinux: " << strerror(errno);
    ASSERT_EQ(begin(), 0);
    mm_bpf_minimal_btf_end(&minimal);
    // who comes next is given what was freed
    std::vector<std::string> others;
    others.reserve(2000);
    for (size_t i = 0; i < others.capacity(); i++)
        others.emplace_back(40 + i % 4 * 16 - 1, 'x');
    EXPECT_EQ(begin(), 0);
    for (const std::string &other : others)
        EXPECT_EQ(other.find_first_not_of('x'), std::string::npos) << other.size();
}

TEST_F(BpfLoad, AMapThatTheObjectLacksIsNotThere)
{
    const char *const names[] = {"mm_none"};
    struct mm_bpf_load_result result = {};

    EXPECT_EQ(mm_bpf_pass_maps(object, names, 1, &result), -ENOENT);
    EXPECT_EQ(mm_bpf_pass_fd(-EINVAL, &result), -EINVAL) << "an error in a descriptor's place";
    EXPECT_EQ(result.message.fd_count, 0U);
}

} // namespace
