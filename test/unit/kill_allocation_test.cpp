/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the reading that leads to a kill until the killer is at rest nothing of the engine allocates or frees. A
 * program of its own, as it counts every call of the allocator. What the simulated machine does on its side of
 * the table of operations does not count: it is a machine, not the daemon. A call of an operation that may allocate on
 * Linux does.
 */
#include "engine_fixture.h"

#include <errno.h>

#include <cstdlib>

namespace
{

bool is_counting = false;
unsigned machine_depth = 0; /* calls into the machine that are under way */
unsigned calls = 0;

void count_call()
{
    if (is_counting && machine_depth == 0)
        calls++;
}

} // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MM_COUNTS_BY_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MM_COUNTS_BY_SANITIZER 1
#endif
#endif

#ifdef MM_COUNTS_BY_SANITIZER
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                                         void (*free_hook)(const volatile void *));
namespace
{
void install_hooks()
{
    (void)__sanitizer_install_malloc_and_free_hooks([](const volatile void *, size_t) { count_call(); },
                                                    [](const volatile void *) { count_call(); });
}
} // namespace
constexpr bool CAN_COUNT = true;
#elif !defined(__GLIBC__)
/* No way to the real allocator behind a wrapper. */
namespace
{
void install_hooks()
{
}
} // namespace
constexpr bool CAN_COUNT = false;
#else
constexpr bool CAN_COUNT = true;
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size)
{
    count_call();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_call();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    count_call();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_call();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    count_call();
    *ret_memory = __libc_memalign(alignment, size);
    return *ret_memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    count_call();
    __libc_free(memory);
}
}
namespace
{
void install_hooks()
{
}
} // namespace
#endif

namespace
{

/* Every operation of the machine, marked as the machine's. */
const mm_kernel_ops *real_ops = nullptr;

struct InMachine {
    InMachine()
    {
        machine_depth++;
    }
    ~InMachine()
    {
        machine_depth--;
    }
};

template <typename Member, Member member> struct Marked;

template <typename Result, typename... Arguments, Result (*mm_kernel_ops::*member)(mm_kernel *, Arguments...)>
struct Marked<Result (*mm_kernel_ops::*)(mm_kernel *, Arguments...), member> {
    static Result call(mm_kernel *kernel, Arguments... arguments)
    {
        InMachine mark;

        return (real_ops->*member)(kernel, arguments...);
    }
};

template <typename Member, Member member> struct Allocating;

template <typename Result, typename... Arguments, Result (*mm_kernel_ops::*member)(mm_kernel *, Arguments...)>
struct Allocating<Result (*mm_kernel_ops::*)(mm_kernel *, Arguments...), member> {
    static Result call(mm_kernel *kernel, Arguments... arguments)
    {
        count_call();
        return Marked<Result (*mm_kernel_ops::*)(mm_kernel *, Arguments...), member>::call(kernel,
                                                                                           arguments...);
    }
};

#define MARK_ALLOCATING(operation)                                                                           \
    ops.operation = Allocating<decltype(&mm_kernel_ops::operation), &mm_kernel_ops::operation>::call

#define MARK(operation)                                                                                      \
    ops.operation = Marked<decltype(&mm_kernel_ops::operation), &mm_kernel_ops::operation>::call

mm_kernel *mark_operations(mm_kernel *kernel)
{
    static mm_kernel_ops ops;

    real_ops = kernel->ops;
    ops = *kernel->ops;
    MARK(now_ns);
    MARK(feature);
    MARK(read_memory);
    MARK(read_process);
    MARK(write_oom_score_adj);
    MARK(read_process_group);
    MARK(open_process);
    MARK(close_process);
    MARK(kill_process);
    MARK(reap_process);
    MARK(watch_process);
    MARK(has_exited);
    MARK_ALLOCATING(scan_processes);
    MARK_ALLOCATING(open_group);
    MARK(borrow_group);
    MARK(close_group);
    MARK(group_id);
    MARK(read_group);
    MARK(read_group_processes);
    MARK(kill_group);
    MARK(submit_job);
    MARK(cancel_jobs);
    kernel->ops = &ops;
    return kernel;
}

class KillAllocation : public EngineTest
{
  protected:
    void SetUp() override
    {
        if (!CAN_COUNT)
            GTEST_SKIP() << "calls of the allocator can be counted with glibc or a sanitizer only";
        install_hooks();
    }

    void TearDown() override
    {
        is_counting = false;
        if (kernel && real_ops)
            kernel->ops = real_ops;
    }

    /* Counts from the event that shows a row to apply until the killer rests. */
    static void watch(const mm_event *event, void *user)
    {
        auto *self = static_cast<KillAllocation *>(user);

        if (event->kind == MM_EVENT_WATERLINE && event->payload.memory.available_bytes < 500 * MIB)
            is_counting = true;
        if (event->kind != MM_EVENT_KILL_END)
            return;
        is_counting = false;
        self->ends++;
    }

    void start_counting()
    {
        calls = 0;
        ASSERT_EQ(mm_event_center_subscribe(engine->center, MM_RANK_PRIORITY_MANAGER,
                                            1u << MM_EVENT_WATERLINE, watch, this),
                  0);
        ASSERT_EQ(
            mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_KILL_END, watch, this),
            0);
    }

    void drive(uint64_t duration_ns)
    {
        uint64_t end_ns = now_ns() + duration_ns;

        while (now_ns() < end_ns) {
            uint64_t next_ns = std::min(mm_event_center_next_deadline_ns(engine->center), end_ns);
            uint64_t present_ns = now_ns();

            machine_depth++;
            if (next_ns > present_ns)
                mm_simulated_advance(kernel, next_ns - present_ns);
            machine_depth--;
            mm_event_center_step(engine->center);
        }
    }

    unsigned ends = 0;
};

TEST_F(KillAllocation, TheCounterCounts)
{
    void *volatile memory = nullptr;

    calls = 0;
    is_counting = true;
    memory = malloc(1);
    free(memory);
    is_counting = false;
    EXPECT_EQ(calls, 2u);
    machine_depth++;
    is_counting = true;
    memory = malloc(1);
    is_counting = false;
    machine_depth--;
    free(memory);
    EXPECT_EQ(calls, 2u);
}

TEST_F(KillAllocation, NothingIsAllocatedFromTheReadingUntilTheKillerRests)
{
    config->squeeze.is_enabled = true;
    make_machine();
    for (pid_t pid = 100; pid < 400; pid++) {
        mm_simulated_process one = process(pid, MIB);

        one.oom_score_adj = 500 + pid % 7;
        spawn(one);
    }
    start(mark_operations);
    for (pid_t pid = 1000; pid < 1200; pid += 10)
        add_application(pid, pid % 20 == 0 ? 800 : 200, 60 * MIB, "application " + std::to_string(pid),
                        ("/app/" + std::to_string(pid)).c_str(), 5);
    mm_simulated_process child = process(4000, MIB, "/app/1000");
    child.ppid = 1000;
    spawn(child);
    start_counting();
    crowd(90 * MIB);
    drive(5 * SECOND);
    EXPECT_GE(records().size(), 5u);
    EXPECT_GE(ends, 1u);
    EXPECT_EQ(calls, 0u);
    EXPECT_GE(available(), 500 * MIB);
}

} // namespace
