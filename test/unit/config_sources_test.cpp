// SPDX-License-Identifier: Apache-2.0
// Which files are found in a search path and in directories, in which order, and what is no file to be read.
#include "config_helpers.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace
{

// Directories a, b and c below one of its own; a.xml in them says ringKB 4, b.xml 8, ...
class ConfigSources : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/mm_sources_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        top = name;
    }
    void TearDown() override
    {
        std::filesystem::remove_all(top);
    }
    std::string path(const std::string &name) const
    {
        return top + "/" + name;
    }
    std::string directory(const std::string &name, mode_t mode = 0755)
    {
        std::filesystem::create_directories(path(name));
        EXPECT_EQ(chmod(path(name).c_str(), mode), 0);
        return path(name);
    }
    std::string write(const std::string &name, const std::string &body, mode_t mode = 0644)
    {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << "<Memmgr>" << body << "</Memmgr>";
        EXPECT_EQ(chmod(path(name).c_str(), mode), 0);
        return path(name);
    }
    int read(const mm_config_sources &sources)
    {
        Items items;
        mm_problems_fini(&problems.value);
        int r = mm_config_read(&sources, nullptr, &items.value, &problems.value);

        files.clear();
        if (r != 0 && r != -EINVAL)
            return r;
        for (size_t i = 0; i < items.value.file_count; i++)
            files.emplace_back(items.value.files[i]);
        mm_config *built = nullptr;
        (void)mm_config_build(&items.value, nullptr, &built, &problems.value);
        config.reset(built);
        return r;
    }
    int read_path(const std::string &search_path)
    {
        mm_config_sources sources{};

        sources.search_path = search_path.c_str();
        return read(sources);
    }
    int read_files(const std::vector<std::string> &names, bool is_watched = false)
    {
        mm_config_sources sources{};
        std::vector<const char *> words;

        for (const std::string &name : names)
            words.push_back(name.c_str());
        sources.files = words.data();
        sources.file_count = words.size();
        sources.is_watched = is_watched;
        return read(sources);
    }
    std::string top;
    Problems problems;
    std::vector<std::string> files;
    ConfigPointer config;
};

const std::string ring_8 = "<bpf><ringKB>8</ringKB></bpf>", ring_16 = "<bpf><ringKB>16</ringKB></bpf>";

using Strings = std::vector<std::string>;

TEST_F(ConfigSources, TheSearchPathInItsOrderAndDropInsByTheirBytes)
{
    Strings expected = {write("a/memmgr_config.xml", ""),         write("a/memmgr_config.d/10-x.xml", ""),
                        write("a/memmgr_config.d/9-x.xml", ""),   write("a/memmgr_config.d/B.xml", ""),
                        write("a/memmgr_config.d/a.xml", ""),     write("a/memmgr_config.d/\xc3\xa4.xml", ""),
                        write("b/memmgr_config.d/1.xml", ring_8), write("c/memmgr_config.xml", ring_16)};

    ASSERT_EQ(read_path(path("a") + ":" + path("missing") + "::" + path("b") + ":" + path("c") + "/"), 0)
        << problems.joined();
    EXPECT_EQ(files, expected);
    EXPECT_EQ(config->bpf.ring_bytes, 16384U);
    ASSERT_EQ(read_path(path("c") + ":" + path("b")), 0);
    EXPECT_EQ(config->bpf.ring_bytes, 8192U);
}

TEST_F(ConfigSources, WhatIsNoConfigurationIsLeftAlone)
{
    Strings expected = {write("a/memmgr_config.d/1.xml", "")};

    for (const char *name : {"1.xml~", ".1.xml", ".#1.xml", "1.xml.bak", "README", ".xml", "1.XML", "xml"})
        write(std::string("a/memmgr_config.d/") + name, "<broken");
    directory("a/memmgr_config.d/sub");
    write("a/other.xml", "<broken");
    ASSERT_EQ(read_path(path("a")), 0) << problems.joined();
    EXPECT_EQ(files, expected);
}

TEST_F(ConfigSources, NothingAtAllIsTheBuiltInAndSaid)
{
    const std::string nowhere = path("a") + ":" + path("b");

    ASSERT_EQ(read_path(nowhere), 0);
    EXPECT_EQ(problems.lines(),
              Strings{"note: there is no configuration in " + nowhere + ": the built-in values are used"});
    directory("a");
    directory("b/memmgr_config.d");
    ASSERT_EQ(read_path(nowhere), 0);
    EXPECT_EQ(problems.value.count, 1U);
    EXPECT_EQ(mm_config_file_count(config.get()), 0U);
}

TEST_F(ConfigSources, NamedFilesReplaceTheSearchPathInTheirOrder)
{
    std::string one = write("one.xml", ring_8), two = write("two.xml", ring_16);

    ASSERT_EQ(read_files({one, two}), 0) << problems.joined();
    EXPECT_EQ(files, (Strings{one, two}));
    EXPECT_EQ(config->bpf.ring_bytes, 16384U);
    ASSERT_EQ(read_files({two, one}), 0);
    EXPECT_EQ(config->bpf.ring_bytes, 8192U);
}

TEST_F(ConfigSources, ANamedDirectoryStandsForItsFiles)
{
    std::string b = write("d/b.xml", ring_16), a = write("d/a.xml", ring_8);

    for (const char *slash : {"", "/"}) {
        ASSERT_EQ(read_files({path("d") + slash}), 0) << problems.joined();
        EXPECT_EQ(files, (Strings{a, b}));
    }
    directory("empty");
    EXPECT_EQ(read_files({path("empty")}), 0);
    EXPECT_EQ(problems.lines(), Strings{path("empty") + ": warning: has no files *.xml"});
    EXPECT_EQ(files, Strings{});
}

TEST_F(ConfigSources, WhatIsNamedMustBeThere)
{
    std::string one = write("one.xml", "<bpf><ringKB>x</ringKB></bpf>");

    EXPECT_EQ(read_files({path("missing"), one}), -EINVAL);
    // and the others are looked at all the same
    EXPECT_EQ(
        problems.lines(),
        (Strings{path("missing") + ": error: cannot be opened: No such file or directory",
                 one + ":1:22: error: ringKB is \"x\", expected a whole number of KB from 4 to 16384"}));
}

TEST_F(ConfigSources, ALinkToNothingIsNoMissingFile)
{
    directory("a");
    ASSERT_EQ(symlink("nowhere", path("a/memmgr_config.xml").c_str()), 0);
    EXPECT_EQ(read_path(path("a")), -EINVAL);
    EXPECT_EQ(problems.lines(),
              Strings{path("a/memmgr_config.xml") + ": error: cannot be opened: No such file or directory"});
}

// Each kind of thing that may stand where a file, or a directory, is expected.
TEST_F(ConfigSources, WhatIsNoFileAndNoDirectory)
{
    const struct {
        const char *where;
        std::function<void(const std::string &)> make;
        std::string problem;
    } cases[] = {
        {"a/memmgr_config.xml", [](const std::string &place) { ASSERT_EQ(mkfifo(place.c_str(), 0600), 0); },
         "is a FIFO, expected a regular file"},
        {"a/memmgr_config.d/1.xml",
         [](const std::string &place) { ASSERT_EQ(mkfifo(place.c_str(), 0600), 0); },
         "is a FIFO, expected a regular file"},
        {"a/memmgr_config.d/1.xml",
         [](const std::string &place) { ASSERT_EQ(mkdir(place.c_str(), 0755), 0); },
         "is a directory, expected a regular file"},
        {"a/memmgr_config.d/1.xml",
         [](const std::string &place) { ASSERT_EQ(symlink("1.xml", place.c_str()), 0); },
         "is a loop of symbolic links, expected a regular file"},
        {"a/memmgr_config.d/1.xml",
         [](const std::string &place) { ASSERT_EQ(symlink("/dev/zero", place.c_str()), 0); },
         "is a character device, expected a regular file"},
        {"a/memmgr_config.d/1.xml",
         [](const std::string &place) {
             std::ofstream(place) << "<Memmgr/>";
             ASSERT_EQ(chmod(place.c_str(), 0646), 0);
         },
         "is writable by everybody (mode 0646), so anybody could say who is killed: chmod o-w"},
        {"a/memmgr_config.d/1.xml", [](const std::string &place) { std::ofstream{place}; },
         "is empty, expected <Memmgr> ... </Memmgr>"},
        {"a/memmgr_config.d", [](const std::string &place) { std::ofstream{place}; },
         "is no directory, expected one"},
        {"a/memmgr_config.d", [](const std::string &place) { ASSERT_EQ(mkfifo(place.c_str(), 0600), 0); },
         "is no directory, expected one"},
        {"a/memmgr_config.d",
         [](const std::string &place) { ASSERT_EQ(symlink("memmgr_config.d", place.c_str()), 0); },
         "cannot be opened: Too many levels of symbolic links"},
        {"a/memmgr_config.d",
         [](const std::string &place) {
             ASSERT_EQ(mkdir(place.c_str(), 0700), 0);
             ASSERT_EQ(chmod(place.c_str(), 01777), 0);
         },
         "is a directory writable by everybody (mode 1777), so anybody could say who is killed: chmod o-w"},
        {"a", [](const std::string &place) { std::ofstream{place}; }, "is no directory, expected one"},
        {"a", [](const std::string &place) { ASSERT_EQ(symlink("nowhere", place.c_str()), 0); },
         "cannot be opened: No such file or directory"},
    };
    for (const auto &entry : cases) {
        std::filesystem::remove_all(path("a"));
        std::filesystem::create_directories(std::filesystem::path(path(entry.where)).parent_path());
        entry.make(path(entry.where));
        EXPECT_EQ(read_path(path("a")), -EINVAL) << entry.problem;
        EXPECT_EQ(problems.lines(), Strings{path(entry.where) + ": error: " + entry.problem});
    }
}

TEST_F(ConfigSources, ADirectoryThatMayNotBeRead)
{
    directory("a/memmgr_config.d", 0000);
    ASSERT_EQ(chmod(top.c_str(), 0755), 0);
    pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        // Root reads every directory; nobody does not.
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        EXPECT_EQ(read_path(path("a")), -EINVAL);
        EXPECT_EQ(problems.lines(),
                  Strings{path("a/memmgr_config.d") + ": error: cannot be opened: Permission denied"});
        _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
}

TEST_F(ConfigSources, NamesWithControlCharactersAreShownEscaped)
{
    write("a/memmgr_config.d/\x1b[2Jx\xff.xml", "<bpf><ringKB>x</ringKB></bpf>");
    EXPECT_EQ(read_path(path("a")), -EINVAL);
    EXPECT_EQ(problems.lines(),
              Strings{path("a/memmgr_config.d/") +
                      "\\x1b[2Jx\\xff.xml:1:22: error: ringKB is \"x\", expected a whole number of "
                      "KB from 4 to 16384"});
}

TEST_F(ConfigSources, ADropInDirectoryWithTenThousandFiles)
{
    directory("a/memmgr_config.d");
    for (int i = 0; i < 10000; i++)
        std::ofstream(path("a/memmgr_config.d/") + std::to_string(i) + ".xml") << "<Memmgr/>";
    EXPECT_EQ(read_path(path("a")), -EINVAL);
    EXPECT_EQ(problems.lines(),
              Strings{path("a/memmgr_config.d") + ": error: has more than 1024 files *.xml, expected fewer"});
    EXPECT_EQ(files, Strings{});
}

TEST_F(ConfigSources, AsManyFilesAsThereMayBe)
{
    directory("a/memmgr_config.d");
    for (int i = 0; i < MM_CONFIG_FILES_MAX; i++)
        std::ofstream(path("a/memmgr_config.d/") + std::to_string(i) + ".xml")
            << "<Memmgr>" << ring_8 << "</Memmgr>";
    ASSERT_EQ(read_path(path("a")), 0) << problems.joined();
    EXPECT_EQ(files.size(), static_cast<size_t>(MM_CONFIG_FILES_MAX));
    EXPECT_EQ(mm_config_file_count(config.get()), static_cast<size_t>(MM_CONFIG_FILES_MAX));
    std::string more = write("z/memmgr_config.xml", "");
    EXPECT_EQ(read_path(path("a") + ":" + path("z")), -EINVAL);
    EXPECT_EQ(problems.lines(), Strings{more + ": error: is one of more than 1024 files, expected fewer"});
}

TEST_F(ConfigSources, TheBoundIsForAllFilesTogether)
{
    std::string one = write("one.xml", ""), two = write("two.xml", "");
    const char *names[] = {one.c_str(), two.c_str()};
    mm_config_sources sources{};

    sources.files = names;
    sources.file_count = 2;
    sources.max_bytes = 2 * strlen("<Memmgr></Memmgr>");
    EXPECT_EQ(read(sources), 0) << problems.joined();
    sources.max_bytes--;
    EXPECT_EQ(read(sources), -EINVAL);
    EXPECT_EQ(problems.lines(), Strings{two + ": error: makes it more than 33 bytes in all files together"});
    sources.max_bytes = 16;
    EXPECT_EQ(read(sources), -EINVAL);
    EXPECT_EQ(problems.lines()[0], one + ": error: has 17 bytes, expected at most 16");
}

TEST_F(ConfigSources, ElementsAreBoundedInAllFilesTogether)
{
    std::string many;

    for (int i = 0; i < 40000; i++)
        many += "<bpf/>";
    std::string one = write("one.xml", many), two = write("two.xml", many);
    EXPECT_EQ(read_files({one, two}), -EINVAL);
    bool is_said = false;
    for (const std::string &line : problems.lines())
        is_said |= line == two + ": error: makes it more than 65536 elements in all files together";
    EXPECT_TRUE(is_said);
}

// A thread that does the same over and over until the test is over.
class Background
{
  public:
    explicit Background(std::function<void(int)> work)
        : thread([this, work] {
              for (int i = 0; !is_done; i++)
                  work(i);
          })
    {
    }
    ~Background()
    {
        is_done = true;
        thread.join();
    }
    Background(const Background &) = delete;
    Background &operator=(const Background &) = delete;

  private:
    std::atomic<bool> is_done{false};
    std::thread thread;
};

// ---- files that change --------------------------------------------------------------------------------------

// Renamed into place all the time: each reading sees one whole file.
TEST_F(ConfigSources, AFileThatIsReplacedIsTheOldOrTheNewOne)
{
    const std::string filler(20000, ' ');
    const std::string name = write("c.xml", ring_8);
    Background writer([&](int i) {
        std::ofstream(path("new")) << "<Memmgr>" << filler << (i % 2 ? ring_8 : ring_16) << "</Memmgr>";
        std::filesystem::rename(path("new"), name);
    });

    for (int i = 0; i < 300; i++) {
        ASSERT_EQ(read_files({name}), 0) << problems.joined();
        ASSERT_TRUE(config->bpf.ring_bytes == 8192 || config->bpf.ring_bytes == 16384);
    }
}

// Written in place, both contents of one length, so that a mixture would be well-formed: with nobody's word that the
// file is complete it is never taken.
TEST_F(ConfigSources, AFileWrittenInPlaceIsNeverMixed)
{
    const std::string name = path("c.xml");
    std::string contents[2];
    unsigned taken = 0;

    for (int i = 0; i < 2; i++) {
        contents[i] = "<Memmgr><killPolicy><marginMB>" + std::to_string(50 + i) +
                      "</marginMB></killPolicy><!--" + std::string(200000, 'x') + "--><bpf><ringKB>" +
                      (i ? "08" : "16") + "</ringKB></bpf></Memmgr>";
        ASSERT_EQ(contents[i].size(), contents[0].size());
    }
    std::ofstream(name) << contents[0];
    {
        int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
        int r = mm_config_keep_writers_out(fd);
        close(fd);
        if (r == -EOPNOTSUPP)
            GTEST_SKIP() << "no leases here";
        ASSERT_EQ(r, 0);
    }
    Background writer([&](int i) {
        const std::string &content = contents[i % 2];
        int fd = open(name.c_str(), O_WRONLY | O_CLOEXEC);
        for (size_t offset = 0; offset < content.size(); offset += 4096)
            (void)!pwrite(fd, content.data() + offset, std::min<size_t>(4096, content.size() - offset),
                          static_cast<off_t>(offset));
        close(fd);
    });

    // How often the writer leaves a gap depends on what else the machine does.
    const auto begin = std::chrono::steady_clock::now();
    const auto lasts = [&] { return std::chrono::steady_clock::now() - begin; };

    while (taken < 50 && lasts() < std::chrono::seconds(taken > 0 ? 3 : 60)) {
        if (read_files({name}, true) != 0) {
            ASSERT_EQ(
                problems.lines(),
                Strings{name + ": error: is open for writing: it is read when its writer has closed it"});
            continue;
        }
        taken++;
        ASSERT_EQ(config->kill.margin_bytes >> 20, config->bpf.ring_bytes == 8192 ? 51U : 50U);
    }
    EXPECT_GT(taken, 0U);
}

TEST_F(ConfigSources, AFileThatGrowsForEverIsRefused)
{
    const std::string name = write("c.xml", "");
    std::atomic<unsigned> written{0};
    int fd = open(name.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);

    ASSERT_GE(fd, 0);
    {
        Background writer([&](int) { written += ::write(fd, " ", 1) == 1; });

        while (written == 0)
            std::this_thread::yield();
        for (int i = 0; i < 200; i++) {
            int r = read_files({name});
            if (r == 0)
                continue;
            ASSERT_EQ(r, -EINVAL);
            ASSERT_EQ(problems.lines(), Strings{name + ": error: changes while it is read"});
        }
    }
    close(fd);
}

} // namespace
