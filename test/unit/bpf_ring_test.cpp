/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's consumer over memory made by hand. */
#include "bpf/ring.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace
{

constexpr size_t SIZE = 4096;

/* Plays the kernel. */
class Ring : public ::testing::Test
{
  protected:
    Ring()
    {
        ring_.consumer = &consumer_;
        ring_.producer = &producer_;
        ring_.data = reinterpret_cast<const uint8_t *>(data_.data());
        ring_.size_bytes = SIZE;
    }

    void poke(size_t offset, const void *bytes, size_t length)
    {
        auto *memory = reinterpret_cast<uint8_t *>(data_.data());

        for (size_t i = 0; i < length; i++) {
            memory[(offset + i) % SIZE] = static_cast<const uint8_t *>(bytes)[i];
        }
    }

    void header(size_t offset, uint32_t word)
    {
        poke(offset, &word, sizeof(word));
    }

    /* Appends a record; flags are or-ed to its length. Returns where it begins. */
    size_t produce(const std::string &payload, uint32_t flags = 0)
    {
        size_t place = producer_;

        header(place, static_cast<uint32_t>(payload.size()) | flags);
        poke(place + MM_BPF_RING_HEADER_SIZE, payload.data(), payload.size());
        producer_ += (payload.size() + MM_BPF_RING_HEADER_SIZE + 7) & ~static_cast<size_t>(7);
        return place;
    }

    int consume(unsigned max = 1000)
    {
        return mm_bpf_ring_consume(
            &ring_, max,
            [](const void *payload, size_t length, void *user) {
                static_cast<std::vector<std::string> *>(user)->emplace_back(
                    static_cast<const char *>(payload), length);
            },
            &seen_);
    }

    void start_at(unsigned long position)
    {
        consumer_ = producer_ = position;
    }

    unsigned long consumer_ = 0, producer_ = 0;
    std::vector<uint64_t> data_ = std::vector<uint64_t>(SIZE / sizeof(uint64_t));
    struct mm_bpf_ring ring_ = {};
    std::vector<std::string> seen_;
};

TEST_F(Ring, EmptyHoldsNothing)
{
    EXPECT_EQ(consume(), 0);
    EXPECT_TRUE(seen_.empty());
}

TEST_F(Ring, KeepsOrderAndGivesTheRoomBack)
{
    produce("first");
    produce("");
    produce("twelve bytes");
    EXPECT_EQ(consume(), 3);
    EXPECT_EQ(seen_, (std::vector<std::string>{"first", "", "twelve bytes"}));
    EXPECT_EQ(consumer_, producer_);
    EXPECT_EQ(consumer_ % 8, 0u);
}

TEST_F(Ring, StopsAtTheMaximum)
{
    produce("a");
    produce("b");
    produce("c");
    EXPECT_EQ(consume(2), 2);
    EXPECT_EQ(seen_.size(), 2u);
    EXPECT_EQ(consume(2), 1);
    EXPECT_EQ(seen_.back(), "c");
}

TEST_F(Ring, StopsAtARecordBeingWritten)
{
    produce("done");
    size_t busy = produce("half", MM_BPF_RING_BUSY);

    produce("behind");
    EXPECT_EQ(consume(), 1);
    EXPECT_EQ(consumer_, busy);
    EXPECT_EQ(consume(), 0);
    header(busy, 4);
    EXPECT_EQ(consume(), 2);
    EXPECT_EQ(seen_, (std::vector<std::string>{"done", "half", "behind"}));
}

TEST_F(Ring, PassesDiscardedRecords)
{
    produce("gone", MM_BPF_RING_DISCARD);
    produce("kept");
    EXPECT_EQ(consume(), 2);
    EXPECT_EQ(seen_, (std::vector<std::string>{"kept"}));
}

TEST_F(Ring, WrapsWithinARecord)
{
    start_at(SIZE - 16);
    produce("this payload crosses the end of the ring");
    produce("next");
    EXPECT_EQ(consume(), 2);
    EXPECT_EQ(seen_, (std::vector<std::string>{"this payload crosses the end of the ring", "next"}));
}

TEST_F(Ring, WrapsWhereverTheEndFalls)
{
    const std::string payload = "0123456789abcdefghijklmnopqrstuv";

    for (size_t before = MM_BPF_RING_HEADER_SIZE; before <= payload.size() + 16; before += 8) {
        seen_.clear();
        start_at(SIZE - before);
        produce(payload);
        EXPECT_EQ(consume(), 1) << before;
        EXPECT_EQ(seen_, (std::vector<std::string>{payload})) << before;
    }
}

TEST_F(Ring, AWrappedPayloadThatIsNoneOfOursIsPassed)
{
    start_at(SIZE - 16);
    produce(std::string(MM_BPF_RING_WRAPPED_MAX, 'x'));
    produce(std::string(MM_BPF_RING_WRAPPED_MAX + 1, 'y')); /* does not wrap */
    EXPECT_EQ(consume(), 2);
    ASSERT_EQ(seen_.size(), 2u);
    seen_.clear();
    start_at(SIZE - 16);
    produce(std::string(MM_BPF_RING_WRAPPED_MAX + 1, 'x'));
    produce("next");
    EXPECT_EQ(consume(), 2);
    EXPECT_EQ(seen_, (std::vector<std::string>{"next"}));
}

TEST_F(Ring, PositionsMayOverflow)
{
    start_at(0ul - 8);
    produce("before and after");
    produce("zero");
    EXPECT_EQ(consume(), 2);
    EXPECT_EQ(seen_.size(), 2u);
    EXPECT_EQ(consumer_, producer_);
    EXPECT_LT(consumer_, 64u);
}

TEST_F(Ring, GoesRoundManyTimes)
{
    for (unsigned i = 0; i < 1000; i++) {
        produce(std::string(i % 100, static_cast<char>('a' + i % 26)));
        ASSERT_EQ(consume(), 1) << i;
        ASSERT_EQ(seen_.back().size(), i % 100);
        ASSERT_TRUE(i % 100 == 0 || seen_.back()[i % 100 - 1] == static_cast<char>('a' + i % 26));
    }
}

TEST_F(Ring, AFullRingIsRead)
{
    produce(std::string(SIZE - MM_BPF_RING_HEADER_SIZE, 'x'));
    EXPECT_EQ(consume(), 1);
    EXPECT_EQ(seen_[0].size(), SIZE - MM_BPF_RING_HEADER_SIZE);
}

TEST_F(Ring, RefusesImpossibleContent)
{
    struct {
        const char *what;
        unsigned long consumer, producer;
        uint32_t header;
    } const cases[] = {
        {"a length beyond what was produced", 0, 16, 9},
        {"a length beyond the ring", 0, SIZE, SIZE},
        {"the longest length there is", 0, SIZE, MM_BPF_RING_DISCARD - 1},
        {"a discarded length beyond the ring", 0, SIZE, MM_BPF_RING_DISCARD | SIZE},
        {"more produced than the ring holds", 0, SIZE + 8, 8},
        {"a producer behind the consumer", 64, 56, 8},
        {"less produced than a header", 0, 4, 0},
        {"a position between two records", 4, 20, 8},
    };

    for (const auto &c : cases) {
        SCOPED_TRACE(c.what);
        consumer_ = c.consumer;
        producer_ = c.producer;
        header(c.consumer, c.header);
        EXPECT_EQ(consume(), -EBADMSG);
        EXPECT_EQ(consumer_, c.consumer);
        EXPECT_TRUE(seen_.empty());
    }
}

TEST_F(Ring, KeepsWhatWasGoodBeforeTheBadRecord)
{
    produce("good");
    size_t bad = produce("bad");

    header(bad, 4000);
    EXPECT_EQ(consume(), -EBADMSG);
    EXPECT_EQ(seen_, (std::vector<std::string>{"good"}));
    EXPECT_EQ(consumer_, bad);
}

TEST_F(Ring, MappingNoMapFails)
{
    struct mm_bpf_ring ring = {};

    EXPECT_LT(mm_bpf_ring_map(&ring, -1, SIZE), 0);
    mm_bpf_ring_unmap(&ring);
    EXPECT_EQ(ring.consumer, nullptr);
}

} // namespace
