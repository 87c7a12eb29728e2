// SPDX-License-Identifier: Apache-2.0
// The life of a flow without its thread.
#include "service/flows/flow_state.h"

#include "common/common.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace
{

class FlowState : public testing::Test
{
  protected:
    mm_flow_action ended(int result)
    {
        return mm_flow_state_ended(&state, now_ns, result, &is_news);
    }
    void start()
    {
        EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_START);
        mm_flow_state_began(&state, now_ns);
        EXPECT_EQ(state.phase, MM_FLOW_RUNNING);
    }
    // Fails, waits as long as it says and begins again.
    unsigned fail_and_retry()
    {
        EXPECT_EQ(ended(-EIO), MM_FLOW_NOTHING);
        EXPECT_EQ(state.phase, MM_FLOW_WAITING);
        now_ns = state.retry_ns - 1;
        EXPECT_EQ(mm_flow_state_due(&state, now_ns), MM_FLOW_NOTHING);
        now_ns++;
        EXPECT_EQ(mm_flow_state_due(&state, now_ns), MM_FLOW_START);
        mm_flow_state_began(&state, now_ns);
        return state.backoff_ms;
    }
    mm_flow_state state = {};
    uint64_t now_ns = MM_NS_PER_S;
    bool is_news = false;
};

TEST_F(FlowState, IsStartedAndStopped)
{
    start();
    EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_NOTHING) << "it runs already";
    EXPECT_EQ(mm_flow_state_switch(&state, false), MM_FLOW_CANCEL);
    EXPECT_EQ(state.phase, MM_FLOW_STOPPING);
    EXPECT_EQ(mm_flow_state_switch(&state, false), MM_FLOW_NOTHING);
    EXPECT_EQ(ended(0), MM_FLOW_NOTHING);
    EXPECT_EQ(state.phase, MM_FLOW_OFF);
    EXPECT_EQ(state.failures, 0U);
}

TEST_F(FlowState, BacksOffLongerEachTimeAndSaysSoOnce)
{
    const unsigned expected[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

    start();
    for (unsigned backoff_ms : expected) {
        EXPECT_EQ(fail_and_retry(), backoff_ms);
        EXPECT_EQ(is_news, backoff_ms == 1000);
    }
    EXPECT_EQ(state.failures, 8U);
}

TEST_F(FlowState, BeginsAnewAfterASteadyRun)
{
    start();
    (void)fail_and_retry();
    (void)fail_and_retry();
    now_ns += MM_FLOW_STEADY_MS * MM_NS_PER_MS;
    EXPECT_EQ(fail_and_retry(), 1000U);
    EXPECT_TRUE(is_news);
    // one nanosecond less is not steady
    now_ns += MM_FLOW_STEADY_MS * MM_NS_PER_MS - 1;
    EXPECT_EQ(fail_and_retry(), 2000U);
    EXPECT_FALSE(is_news);
}

TEST_F(FlowState, AnEndByItselfIsAFailureEvenWithoutAnError)
{
    start();
    EXPECT_EQ(ended(0), MM_FLOW_NOTHING);
    EXPECT_EQ(state.phase, MM_FLOW_WAITING);
    EXPECT_EQ(state.failures, 1U);
}

TEST_F(FlowState, WhatIsUnsupportedIsNotTriedAgain)
{
    EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_START);
    EXPECT_EQ(ended(-EOPNOTSUPP), MM_FLOW_NOTHING);
    EXPECT_EQ(state.phase, MM_FLOW_UNSUPPORTED);
    EXPECT_TRUE(is_news);
    EXPECT_EQ(mm_flow_state_due(&state, UINT64_MAX), MM_FLOW_NOTHING);
    EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_START) << "unless somebody asks for it";
    EXPECT_EQ(ended(-EOPNOTSUPP), MM_FLOW_NOTHING);
    EXPECT_EQ(mm_flow_state_switch(&state, false), MM_FLOW_NOTHING);
    EXPECT_EQ(state.phase, MM_FLOW_OFF);
}

TEST_F(FlowState, SwitchedOnWhileItStopsItBeginsWhenItHasEnded)
{
    start();
    EXPECT_EQ(mm_flow_state_switch(&state, false), MM_FLOW_CANCEL);
    EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_NOTHING) << "two threads at once are one too many";
    EXPECT_EQ(state.phase, MM_FLOW_STOPPING);
    EXPECT_EQ(ended(-EIO), MM_FLOW_START);
    EXPECT_EQ(state.phase, MM_FLOW_STARTING);
}

TEST_F(FlowState, WaitingEndsAtOnceEitherWay)
{
    start();
    (void)ended(-EIO);
    EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_START) << "somebody asks for it now";
    (void)ended(-EIO);
    EXPECT_EQ(state.backoff_ms, 1000U);
    EXPECT_EQ(mm_flow_state_switch(&state, false), MM_FLOW_NOTHING);
    EXPECT_EQ(state.phase, MM_FLOW_OFF);
    EXPECT_EQ(mm_flow_state_due(&state, UINT64_MAX), MM_FLOW_NOTHING);
}

TEST_F(FlowState, CancelledBeforeItBeganItNeverRuns)
{
    EXPECT_EQ(mm_flow_state_switch(&state, true), MM_FLOW_START);
    EXPECT_EQ(mm_flow_state_switch(&state, false), MM_FLOW_CANCEL);
    mm_flow_state_began(&state, now_ns);
    EXPECT_EQ(state.phase, MM_FLOW_STOPPING);
}

TEST(FlowPhase, HasANameEach)
{
    for (int phase = 0; phase < MM_FLOW_PHASE_COUNT; phase++)
        EXPECT_NE(mm_flow_phase_name(static_cast<mm_flow_phase>(phase)), nullptr) << phase;
}

} // namespace
