/* SPDX-License-Identifier: Apache-2.0 */
/* Files that change, on this machine's own file system, over a virtual clock. */
#include "event_center_fixture.h"

#include "event_center/center.h"
#include "event_center/file_watch.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

constexpr uint64_t settle_ns = 200 * MM_NS_PER_MS;

class FileWatch : public EventCenter
{
  protected:
    void SetUp() override
    {
        EventCenter::SetUp();
        char name[] = "/tmp/mm_watch_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        top = name;
        std::filesystem::create_directories(top + "/etc/memmgr_config.d");
        ASSERT_EQ(mm_file_watch_add(center, &watch), 0);
        /* after the watch, so that a wake-up serves it first */
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        static const mm_event_source_ops stop_ops = {
            "stop", [](void *self, uint64_t, uint32_t) { static_cast<FileWatch *>(self)->stop(); }, nullptr,
            nullptr};
        ASSERT_EQ(mm_event_center_add_source(center, &stop_ops, this), 0);
        ASSERT_EQ(mm_event_center_watch_fd(center, this, wake_fd, EPOLLIN, 0), 0);
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_RELOAD), [this](const mm_event &event) {
            EXPECT_TRUE(event.payload.reload.is_watched);
            reloads++;
        });
        paths = {path("etc/memmgr_config.xml"), path("etc/memmgr_config.d")};
    }

    void TearDown() override
    {
        EventCenter::TearDown();
        close(wake_fd);
        std::filesystem::remove_all(top);
    }

    void stop()
    {
        uint64_t count;

        EXPECT_EQ(read(wake_fd, &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
        mm_event_center_stop(center);
    }

    /* One wake-up: whatever has happened so far is seen. */
    void pump()
    {
        const uint64_t one = 1;

        ASSERT_EQ(::write(wake_fd, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
        center->is_stopping = false;
        ASSERT_EQ(mm_event_center_run(center), 0);
    }

    /* What has happened is seen, then that much time passes. */
    unsigned reloads_after(uint64_t time_ns)
    {
        pump();
        mm_simulated_advance(kernel, time_ns);
        mm_event_center_step(center);
        unsigned count = reloads;
        reloads = 0;
        return count;
    }

    void begin()
    {
        std::vector<const char *> words;
        mm_watch_set *set = nullptr;

        for (const std::string &word : paths)
            words.push_back(word.c_str());
        ASSERT_EQ(mm_watch_set_new(words.data(), words.size(), ".xml", &set), 0);
        ASSERT_GT(mm_watch_set_count(set), 0U);
        ASSERT_EQ(mm_file_watch_use(watch, set, settle_ns), 0);
    }

    std::string path(const std::string &name) const
    {
        return top + "/" + name;
    }

    void write(const std::string &name, const std::string &text = "x")
    {
        std::ofstream(path(name)) << text;
    }

    void move(const std::string &from, const std::string &to)
    {
        ASSERT_EQ(rename(path(from).c_str(), path(to).c_str()), 0);
    }

    void link(const std::string &target, const std::string &name)
    {
        ASSERT_EQ(symlink(target.c_str(), path(name).c_str()), 0);
    }

    mm_file_watch *watch = nullptr;
    std::string top;
    std::vector<std::string> paths;
    int wake_fd = -1;
    unsigned reloads = 0;
};

TEST_F(FileWatch, EachKindOfChange)
{
    const struct {
        const char *what;
        std::function<void()> prepare, change;
        unsigned expected;
    } rows[] = {
        {"nothing", [] {}, [] {}, 0},
        {"the file appears", [] {}, [this] { write("etc/memmgr_config.xml"); }, 1},
        {"it is written in place", [this] { write("etc/memmgr_config.xml"); },
         [this] { write("etc/memmgr_config.xml", "y"); }, 1},
        {"another one is renamed into its place",
         [this] {
             write("etc/memmgr_config.xml");
             write("etc/new");
         },
         [this] { move("etc/new", "etc/memmgr_config.xml"); }, 1},
        {"it is renamed away", [this] { write("etc/memmgr_config.xml"); },
         [this] { move("etc/memmgr_config.xml", "etc/old"); }, 1},
        {"it is removed", [this] { write("etc/memmgr_config.xml"); },
         [this] { unlink(path("etc/memmgr_config.xml").c_str()); }, 1},
        {"its mode is changed", [this] { write("etc/memmgr_config.xml"); },
         [this] { chmod(path("etc/memmgr_config.xml").c_str(), 0600); }, 1},
        {"it is read", [this] { write("etc/memmgr_config.xml"); },
         [this] { std::ifstream(path("etc/memmgr_config.xml")).get(); }, 0},
        {"a hard link appears", [this] { write("other"); },
         [this] { ASSERT_EQ(::link(path("other").c_str(), path("etc/memmgr_config.d/1.xml").c_str()), 0); },
         1},
        {"a link appears", [] {}, [this] { link("/nowhere", "etc/memmgr_config.d/1.xml"); }, 1},
        {"a drop-in appears", [] {}, [this] { write("etc/memmgr_config.d/1.xml"); }, 1},
        {"a drop-in is changed", [this] { write("etc/memmgr_config.d/1.xml"); },
         [this] { write("etc/memmgr_config.d/1.xml", "y"); }, 1},
        {"a drop-in goes", [this] { write("etc/memmgr_config.d/1.xml"); },
         [this] { unlink(path("etc/memmgr_config.d/1.xml").c_str()); }, 1},
        {"a directory by a file's name", [] {},
         [this] { std::filesystem::create_directory(path("etc/memmgr_config.d/1.xml")); }, 1},
        {"several at once count once", [] {},
         [this] {
             write("etc/memmgr_config.xml");
             write("etc/memmgr_config.d/1.xml");
             write("etc/memmgr_config.d/2.xml");
         },
         1},
        {"an editor's lock and copy", [] {},
         [this] {
             write("etc/memmgr_config.d/.1.xml.swp");
             link("me@here", "etc/memmgr_config.d/.#1.xml");
             write("etc/memmgr_config.d/1.xml~");
         },
         0},
        {"another file beside it", [] {}, [this] { write("etc/other.xml"); }, 0},
        {"the drop-in directory goes", [] {},
         [this] { std::filesystem::remove(path("etc/memmgr_config.d")); }, 1},
        {"the directory is moved away", [] {}, [this] { move("etc", "elsewhere"); }, 1},
        {"the drop-in directory appears", [this] { std::filesystem::remove(path("etc/memmgr_config.d")); },
         [this] { std::filesystem::create_directory(path("etc/memmgr_config.d")); }, 1},
        {"the directory appears", [this] { std::filesystem::remove_all(path("etc")); },
         [this] { std::filesystem::create_directory(path("etc")); }, 1},
        {"beside the directory that is missing", [this] { std::filesystem::remove_all(path("etc")); },
         [this] { write("other"); }, 0},
        {"the directory takes the place of a file",
         [this] {
             std::filesystem::remove_all(path("etc"));
             write("etc");
         },
         [this] {
             unlink(path("etc").c_str());
             std::filesystem::create_directory(path("etc"));
         },
         1},
        {"what a link points to is written",
         [this] {
             std::filesystem::create_directory(path("data"));
             write("data/real");
             link("../data/real", "etc/memmgr_config.xml");
         },
         [this] { write("data/real", "y"); }, 1},
        {"what a drop-in points to is written",
         [this] {
             std::filesystem::create_directory(path("data"));
             write("data/real");
             link(path("data/real"), "etc/memmgr_config.d/1.xml");
         },
         [this] { write("data/real", "y"); }, 1},
        {"beside what a link points to",
         [this] {
             std::filesystem::create_directory(path("data"));
             write("data/real");
             link("../data/real", "etc/memmgr_config.xml");
         },
         [this] { write("data/other"); }, 0},
        {"a link in the middle is exchanged, as containers do",
         [this] {
             std::filesystem::create_directories(path("etc/v1"));
             write("etc/v1/memmgr_config.xml");
             link("v1", "etc/data");
             link("data/memmgr_config.xml", "etc/memmgr_config.xml");
             std::filesystem::create_directories(path("etc/v2"));
             link("v2", "etc/data_new");
         },
         [this] { move("etc/data_new", "etc/data"); }, 1},
        {"a link to nothing: what it points to appears",
         [this] { link("../later", "etc/memmgr_config.xml"); }, [this] { write("later"); }, 1},
        {"a loop of links is left, and gone", [this] { link("memmgr_config.xml", "etc/memmgr_config.xml"); },
         [this] { unlink(path("etc/memmgr_config.xml").c_str()); }, 1},
    };

    for (const auto &row : rows) {
        std::filesystem::remove_all(top);
        std::filesystem::create_directories(top + "/etc/memmgr_config.d");
        row.prepare();
        begin();
        row.change();
        EXPECT_EQ(reloads_after(settle_ns), row.expected) << row.what;
        EXPECT_EQ(reloads_after(20 * settle_ns), 0U) << row.what << ", later";
    }
}

TEST_F(FileWatch, AFileThatIsBeingWrittenCountsWhenItIsClosed)
{
    begin();
    int fd = open(path("etc/memmgr_config.d/1.xml").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(::write(fd, "x", 1), 1);
        EXPECT_EQ(reloads_after(settle_ns), 0U);
    }
    close(fd);
    EXPECT_EQ(reloads_after(settle_ns - 1), 0U);
    EXPECT_EQ(reloads_after(1), 1U);
}

TEST_F(FileWatch, TheTimeOfQuietBeginsAnewWithEachChange)
{
    begin();
    write("etc/memmgr_config.xml");
    EXPECT_EQ(reloads_after(settle_ns - 1), 0U);
    write("etc/memmgr_config.d/1.xml");
    EXPECT_EQ(reloads_after(settle_ns - 1), 0U);
    EXPECT_EQ(reloads_after(1), 1U);
}

TEST_F(FileWatch, ChangesThatDoNotEndAreReadAllTheSame)
{
    unsigned count = 0, rounds = 0;

    begin();
    for (; count == 0 && rounds < 100; rounds++) {
        write("etc/memmgr_config.xml");
        count = reloads_after(settle_ns / 2);
    }
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(rounds, 20U); /* ten times the time of quiet */
}

TEST_F(FileWatch, LostEventsAreAChange)
{
    begin();
    /* none of these concerns us, and the kernel's queue holds 16,384 by default */
    for (int i = 0; i < 20000; i++) {
        int fd = open(path(i % 2 ? "etc/a" : "etc/b").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ASSERT_GE(fd, 0);
        close(fd);
    }
    for (int i = 0; i < 200; i++)
        pump();
    EXPECT_EQ(reloads_after(settle_ns), 1U);
}

TEST_F(FileWatch, ASetThatIsReplacedIsHeardNoMore)
{
    begin();
    write("etc/memmgr_config.xml");
    paths = {path("else.xml")};
    begin();
    EXPECT_EQ(reloads_after(settle_ns), 0U);
    write("else.xml");
    EXPECT_EQ(reloads_after(settle_ns), 1U);
}

TEST_F(FileWatch, NothingIsWatchedWithoutASet)
{
    begin();
    write("etc/memmgr_config.xml");
    pump();
    ASSERT_EQ(mm_file_watch_use(watch, nullptr, settle_ns), 0);
    EXPECT_EQ(reloads_after(settle_ns), 0U);
}

/* What happens between the making of a set and its use is not missed. */
TEST_F(FileWatch, ASetHearsFromItsMakingOn)
{
    const std::string file = path("etc/memmgr_config.xml");
    const char *word = file.c_str();
    mm_watch_set *set = nullptr;

    ASSERT_EQ(mm_watch_set_new(&word, 1, ".xml", &set), 0);
    write("etc/memmgr_config.xml");
    ASSERT_EQ(mm_file_watch_use(watch, set, settle_ns), 0);
    EXPECT_EQ(reloads_after(settle_ns), 1U);
}

TEST_F(FileWatch, RelativePathsAndOddOnes)
{
    const std::string before = std::filesystem::current_path();

    std::filesystem::current_path(top);
    paths = {"etc//memmgr_config.xml", "./etc/../etc/memmgr_config.d/", "/", "",
             std::string(5000, 'a'),   "/" + std::string(300, 'b')};
    begin();
    std::filesystem::current_path(before);
    write("etc/memmgr_config.xml");
    EXPECT_EQ(reloads_after(settle_ns), 1U);
    write("etc/memmgr_config.d/1.xml");
    EXPECT_EQ(reloads_after(settle_ns), 1U);
}

TEST_F(FileWatch, HundredsOfLinksAreBounded)
{
    const std::string directory = path("etc/memmgr_config.d");
    const char *word = directory.c_str();
    mm_watch_set *set = nullptr;

    for (int i = 0; i < 300; i++)
        link("../../data" + std::to_string(i) + "/x", "etc/memmgr_config.d/" + std::to_string(i) + ".xml");
    ASSERT_EQ(mm_watch_set_new(&word, 1, ".xml", &set), 0);
    EXPECT_EQ(mm_watch_set_count(set), static_cast<unsigned>(MM_WATCH_SET_MAX));
    mm_watch_set_free(set);
}

} // namespace
