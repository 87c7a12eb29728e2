/* SPDX-License-Identifier: Apache-2.0 */
/* Events of drivers that this machine does not have: their format files, and records laid out as those say. */
#ifndef MM_TEST_KERNEL_FAKE_TRACEFS_H
#define MM_TEST_KERNEL_FAKE_TRACEFS_H

#include "bpf_support.h"

#include <cstring>
#include <filesystem>

namespace bpf_test
{

/* Type and name, as in "unsigned int freq". */
struct Field {
    std::string type;
    unsigned offset, size;
};

/* Gone with it. */
class FakeTracefs
{
  public:
    FakeTracefs()
    {
        char name[] = "/tmp/memmgr-tracefs-XXXXXX";

        path = mkdtemp(name);
        std::filesystem::create_directories(path + "/events");
    }
    FakeTracefs(const FakeTracefs &) = delete;
    FakeTracefs &operator=(const FakeTracefs &) = delete;
    ~FakeTracefs()
    {
        std::filesystem::remove_all(path);
    }
    /* id: that of a tracepoint of this kernel, to which the program then is attached. */
    void add(const std::string &event, const std::vector<Field> &fields, const std::string &id = "") const
    {
        const std::string directory = path + "/events/" + event;
        std::filesystem::create_directories(directory);
        std::ofstream format(directory + "/format");

        format << "name: " << event.substr(event.find('/') + 1) << "\nID: 1\nformat:\n"
               << "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";
        for (const Field &field : fields)
            format << "\tfield:" << field.type << ";\toffset:" << field.offset << ";\tsize:" << field.size
                   << ";\tsigned:0;\n";
        if (!id.empty())
            std::ofstream(directory + "/id") << id;
    }
    void clear() const
    {
        std::filesystem::remove_all(path + "/events");
    }
    std::string path;
};

/* A record, whose fields are written where the format has them. */
class Record
{
  public:
    explicit Record(std::vector<Field> format) : fields(std::move(format))
    {
    }
    Record &set(const std::string &name, uint64_t value)
    {
        for (const Field &field : fields) {
            if (field.type.substr(field.type.rfind(' ') + 1) == name)
                memcpy(bytes + field.offset, &value, field.size); /* little endian, as this machine */
        }
        return *this;
    }
    /* The most that may be given to a raw tracepoint. */
    static constexpr size_t SIZE = 96;
    alignas(8) unsigned char bytes[SIZE] = {};

  private:
    std::vector<Field> fields;
};

} // namespace bpf_test

#endif
