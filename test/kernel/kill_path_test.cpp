/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole kill against the running kernel: the engine on a domain of its own, an application of two processes of which
 * one is known, until the killer rests. Nothing of it allocates, in any thread. Needs root.
 */
#include "kernel_fixture.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "service/daemon/engine.h"
#pragma GCC diagnostic pop

/* The linker wraps these. */
static std::atomic<bool> is_counting;
static std::atomic<unsigned> calls;

extern "C" {
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    calls += is_counting;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    calls += is_counting;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    calls += is_counting;
    return __real_realloc(memory, size);
}

void __wrap_free(void *memory)
{
    calls += is_counting;
    __real_free(memory);
}
}

namespace
{

class KillPath : public KernelGroup
{
  protected:
    void SetUp() override
    {
        KernelGroup::SetUp();
        if (IsSkipped())
            return;
        if (!kernel_.has(MM_FEATURE_CGROUP_KILL))
            GTEST_SKIP() << kernel_.reason(MM_FEATURE_CGROUP_KILL);
        set_limit(256 * mib);
        inner_ = std::make_unique<Directory>(where_.memory, name_ + "/inner");
        if (!where_.memory.is_v2) {
            twin_ = std::make_unique<Directory>(where_.unified, name_);
            inner_twin_ = std::make_unique<Directory>(where_.unified, name_ + "/inner");
        }
        domain_ = std::make_unique<Kernel>(path_);
        start_engine();
    }

    void TearDown() override
    {
        is_counting = false;
        mm_engine_free(engine_, 0);
        domain_.reset();
        application_.reset();
        if (other_ && *other_ > 0)
            kill(*other_, SIGKILL);
        inner_twin_.reset();
        inner_.reset();
        KernelGroup::TearDown();
    }

    /* One row that always applies. */
    void start_engine()
    {
        struct mm_config *config = mm_config_new();

        ASSERT_NE(config, nullptr);
        config->squeeze.is_enabled = false;
        config->pressure_trigger_count = 0;
        config->kill.level_count = 1;
        config->kill.levels[0].memory_bytes = 1ULL << 40;
        config->kill.levels[0].min_priority = 100;
        ASSERT_EQ(mm_engine_new(domain_->kernel, config, 1000 * mib, &engine_), 0);
        ASSERT_EQ(mm_event_center_subscribe(engine_->center, MM_RANK_OBSERVER, 1u << MM_EVENT_KILL_END,
                                            on_end, this),
                  0);
        ASSERT_EQ(mm_engine_start(engine_), 0);
    }

    static void on_end(const struct mm_event *, void *user)
    {
        auto *self = static_cast<KillPath *>(user);

        is_counting = false;
        mm_event_center_stop(self->engine_->center);
    }

    /* In the application: a second process, which nobody reports. The first holds next to nothing, so that it may have
       left its group and its child when the signal was hardly sent. */
    static void fork_another(void *argument)
    {
        auto *other = static_cast<std::atomic<pid_t> *>(argument);
        const pid_t pid = fork();

        if (pid == 0) {
            for (;;)
                pause();
        }
        *other = pid;
    }

    /* In memory that the application shares with us. */
    void start_application()
    {
        void *memory =
            mmap(nullptr, sizeof(*other_), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        ASSERT_NE(memory, MAP_FAILED);
        other_ = new (memory) std::atomic<pid_t>(0);
        application_ = std::make_unique<Child>(fork_another, other_);
        inner_->add(application_->pid);
        if (inner_twin_)
            inner_twin_->add(application_->pid);
        application_->let_go();
        ASSERT_GT(*other_, 0);
        for (enum mm_application_reason reason : {MM_REASON_CREATE_PROCESS, MM_REASON_BACKGROUND}) {
            struct mm_event event = {};

            event.kind = MM_EVENT_APPLICATION;
            event.pid = application_->pid;
            event.payload.application.reason = reason;
            event.payload.application.account_id = -1;
            mm_copy_text(event.payload.application.name, sizeof(event.payload.application.name), "victim");
            mm_event_center_publish(engine_->center, &event);
        }
    }

    bool other_has_died() const
    {
        for (int i = 0; i < patience_ms; i++) {
            if (waitpid(*other_, nullptr, WNOHANG) == *other_)
                return true;
            usleep(1000);
        }
        return false;
    }

    struct mm_engine *engine_ = nullptr;
    std::unique_ptr<Kernel> domain_;
    std::unique_ptr<Directory> inner_, twin_, inner_twin_;
    std::unique_ptr<Child> application_;
    std::atomic<pid_t> *other_ = nullptr;
};

TEST_F(KillPath, NothingIsAllocatedFromTheReadingToTheEndOfTheSweep)
{
    const struct mm_kill_record *record;

    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    start_application();
    if (HasFatalFailure())
        return;
    calls = 0;
    is_counting = true;
    mm_waterline_source_check(engine_->waterline);
    ASSERT_EQ(mm_event_center_run(engine_->center), 0);
    EXPECT_EQ(calls, 0u);
    record = mm_kill_strategy_record(engine_->kill, 0);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->pid, application_->pid);
    EXPECT_EQ(record->process_count, 1u) << "the other was not on the list";
    EXPECT_TRUE(WIFSIGNALED(application_->wait()));
    EXPECT_TRUE(other_has_died()) << "it is ours once its parent is dead";
}

} // namespace
