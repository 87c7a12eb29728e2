// SPDX-License-Identifier: Apache-2.0
// Messages of the process connector, good and bad, and those whose first thread ended early.
#include "event_center/connector.h"
#include "event_center/lingering.h"

#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string>
#include <vector>

namespace
{

struct Heard {
    std::vector<int> answers;
    std::vector<mm_bpf_record> changes;
    std::vector<std::pair<pid_t, pid_t>> exits;
};

const mm_connector_handler handler = {
    [](int error, void *user) { static_cast<Heard *>(user)->answers.push_back(error); },
    [](const mm_bpf_record *record, void *user) { static_cast<Heard *>(user)->changes.push_back(*record); },
    [](pid_t tgid, pid_t pid, uint64_t time_ns, void *user) {
        EXPECT_EQ(time_ns, 77U);
        static_cast<Heard *>(user)->exits.emplace_back(tgid, pid);
    },
};

// One message as the kernel sends it; idx and len of the connector's header can be wrong.
std::string message(const proc_event &event, uint32_t idx = CN_IDX_PROC, size_t len = sizeof(proc_event))
{
    nlmsghdr netlink{};
    cn_msg connector{};
    std::string bytes;

    netlink.nlmsg_len = static_cast<uint32_t>(sizeof(netlink) + sizeof(connector) + sizeof(event));
    netlink.nlmsg_type = NLMSG_DONE;
    connector.id.idx = idx;
    connector.id.val = CN_VAL_PROC;
    connector.len = static_cast<uint16_t>(len);
    bytes.append(reinterpret_cast<const char *>(&netlink), sizeof(netlink));
    bytes.append(reinterpret_cast<const char *>(&connector), sizeof(connector));
    bytes.append(reinterpret_cast<const char *>(&event), sizeof(event));
    return bytes;
}

proc_event event_of(uint32_t what)
{
    proc_event event{};

    event.what = static_cast<decltype(event.what)>(what);
    event.timestamp_ns = 77;
    return event;
}

proc_event fork_of(pid_t parent, pid_t pid, pid_t tgid)
{
    proc_event event = event_of(proc_event::PROC_EVENT_FORK);

    event.event_data.fork.parent_tgid = parent;
    event.event_data.fork.child_pid = pid;
    event.event_data.fork.child_tgid = tgid;
    return event;
}

proc_event exit_of(pid_t pid, pid_t tgid)
{
    proc_event event = event_of(proc_event::PROC_EVENT_EXIT);

    event.event_data.exit.process_pid = pid;
    event.event_data.exit.process_tgid = tgid;
    return event;
}

int parse(const std::string &bytes, Heard *heard)
{
    // Not aligned: nothing says that a datagram is.
    std::vector<char> shifted(bytes.size() + 1);

    std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
    return mm_connector_parse(shifted.data() + 1, bytes.size(), &handler, heard);
}

TEST(Connector, EachKindOfMessage)
{
    Heard heard;
    proc_event exec = event_of(proc_event::PROC_EVENT_EXEC), comm = event_of(proc_event::PROC_EVENT_COMM),
               answer = event_of(proc_event::PROC_EVENT_NONE);

    exec.event_data.exec.process_pid = 41; // a thread that called exec; it is the process now
    exec.event_data.exec.process_tgid = 40;
    comm.event_data.comm.process_pid = comm.event_data.comm.process_tgid = 40;
    memcpy(comm.event_data.comm.comm, "fifteen bytes xyZ", 16); // no NUL within
    answer.event_data.ack.err = EPERM;
    EXPECT_EQ(parse(message(answer) + message(fork_of(1, 40, 40)) + message(exec) + message(comm) +
                        message(exit_of(41, 40)) + message(exit_of(40, 40)),
                    &heard),
              6);
    EXPECT_EQ(heard.answers, std::vector<int>{-EPERM});
    ASSERT_EQ(heard.changes.size(), 3U);
    EXPECT_EQ(heard.changes[0].type, MM_BPF_RECORD_FORK);
    EXPECT_EQ(heard.changes[0].actor, 1);
    EXPECT_EQ(heard.changes[1].type, MM_BPF_RECORD_EXEC);
    EXPECT_EQ(heard.changes[2].type, MM_BPF_RECORD_COMM);
    EXPECT_STREQ(heard.changes[2].comm, "fifteen bytes x") << "cut, and closed";
    for (const mm_bpf_record &record : heard.changes) {
        EXPECT_EQ(record.tgid, 40);
        EXPECT_EQ(record.time_ns, 77U);
        EXPECT_EQ(record.flags, 0) << "neither owner nor start are known";
    }
    EXPECT_EQ(heard.exits, (std::vector<std::pair<pid_t, pid_t>>{{40, 41}, {40, 40}}));
}

TEST(Connector, ThreadsAndWhatIsNoneOfOursAreLeftOut)
{
    Heard heard;
    proc_event comm = event_of(proc_event::PROC_EVENT_COMM);

    comm.event_data.comm.process_pid = 41;
    comm.event_data.comm.process_tgid = 40;
    EXPECT_EQ(parse(message(fork_of(1, 41, 40)) + message(comm) +
                        message(event_of(proc_event::PROC_EVENT_UID)) + message(fork_of(1, 50, 50), 9) +
                        message(fork_of(1, 0, 0)) + message(fork_of(1, -5, -5)),
                    &heard),
              6);
    EXPECT_TRUE(heard.changes.empty());
}

TEST(Connector, EveryCutIsRefusedAndReadsNothingBehindIt)
{
    const std::string whole = message(exit_of(40, 40));

    for (size_t length = 1; length < whole.size(); length++) {
        Heard heard;

        EXPECT_EQ(parse(whole.substr(0, length), &heard), -EBADMSG) << length;
        EXPECT_TRUE(heard.exits.empty()) << length;
    }
}

TEST(Connector, LengthsThatLie)
{
    const struct {
        const char *what;
        size_t offset;
        uint32_t value;
        size_t bytes;
    } rows[] = {
        {"netlink length 0", 0, 0, 4},
        {"netlink length below its header", 0, 15, 4},
        {"netlink length above all", 0, UINT32_MAX, 4},
        {"room for no connector header", 0, 16 + 19, 4},
        {"connector length 0", 16 + 16, 0, 2},
        {"connector length below the kind", 16 + 16, 20, 2},
        {"connector length above the message", 16 + 16, UINT16_MAX, 2},
    };

    for (const auto &row : rows) {
        std::string bytes = message(fork_of(1, 40, 40));
        Heard heard;

        memcpy(&bytes[row.offset], &row.value, row.bytes);
        EXPECT_EQ(parse(bytes, &heard), -EBADMSG) << row.what;
        EXPECT_TRUE(heard.changes.empty()) << row.what;
    }
    Heard heard;
    EXPECT_EQ(parse("", &heard), 0);
}

TEST(Lingering, HoldsThirtyTwoAndForgetsTheOldest)
{
    mm_lingering lingering = {};

    for (pid_t pid = 1; pid <= MM_LINGERING_MAX; pid++)
        mm_lingering_put(&lingering, pid);
    mm_lingering_put(&lingering, 5);
    EXPECT_TRUE(mm_lingering_holds(&lingering, 1)) << "what is there is not put again";
    mm_lingering_put(&lingering, 100);
    EXPECT_FALSE(mm_lingering_holds(&lingering, 1));
    EXPECT_TRUE(mm_lingering_holds(&lingering, 2));
    mm_lingering_take_out(&lingering, 2);
    EXPECT_FALSE(mm_lingering_holds(&lingering, 2));
    mm_lingering_take_out(&lingering, 4711);
}

} // namespace
