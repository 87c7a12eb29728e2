// SPDX-License-Identifier: Apache-2.0
// Packets are handled without a single allocation: clients are heard in a storm, too. Every malloc of the
// program and of its libraries comes by here.
#include "service_fixture.h"

#include <cstdlib>
#include <sys/socket.h>

// clang says by a feature what gcc says by a macro.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MM_COUNTS_ALLOCATIONS 1
#else
#define MM_COUNTS_ALLOCATIONS 0
#endif

namespace
{

unsigned long allocations;

} // namespace

#if MM_COUNTS_ALLOCATIONS
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}
}
#endif

using namespace service_test;

namespace
{

// A client that keeps nothing but the length and the first bytes.
struct QuietClient {
    mm_request_client client{};
    size_t length = 0;
    char begin[64] = "";

    QuietClient()
    {
        client.send = take;
        client.user = this;
    }
    static void take(mm_request_client *client, const char *packet, size_t packet_length)
    {
        auto *self = static_cast<QuietClient *>(client->user);

        self->length = packet_length;
        mm_copy_text(self->begin, sizeof(self->begin), packet);
    }
};

TEST(Memory, NoPacketAllocates)
{
    if (!MM_COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "a sanitizer or another C library owns malloc";
    const std::string packets[] = {
        R"({"version":1,"id":1,"request":"status"})",
        R"({"version":1,"id":1,"request":"list"})",
        R"({"version":1,"id":1,"request":"list","pid":100})",
        R"({"version":1,"id":1,"request":"explain"})",
        R"({"version":1,"id":1,"request":"kills"})",
        R"({"version":1,"id":1,"request":"subscribe","events":["decision","priority"]})",
        R"({"version":1,"id":1,"request":"event","event":"foreground","pid":100})",
        R"({"version":1,"id":1,"request":"event","event":"background","pid":100})",
        R"({"version":1,"id":1,"request":"event","event":"foreground","pid":99999})",
        R"({"version":1,"id":1,"request":"log-level","level":"warning"})",
        R"({"version":1,"id":1,"request":"reload"})",
        R"({"version":1,"id":1,"request":"lisst"})",
        "nonsense",
        std::string(60000, '['),
        "[" + std::string(60000, ' ') + "]",
    };
    World world;
    Client registering(world);
    ASSERT_EQ(Client::code(registering.ask("event", R"(,"event":"create","pid":100,"name":"mail")")), "");

    // The counter counts: otherwise what follows says nothing.
    unsigned long before = allocations;
    void *volatile memory = malloc(100); // volatile: a pair of malloc and free may be left out
    free(memory);
    cJSON_Delete(cJSON_CreateObject());
    ASSERT_GE(allocations, before + 2);

    for (const std::string &packet : packets) {
        QuietClient client;

        before = allocations;
        mm_requests_handle(world.requests, &client.client, packet.c_str(), packet.size());
        EXPECT_EQ(allocations, before) << packet.substr(0, 100);
        EXPECT_GT(client.length, 0U);
        EXPECT_STREQ(std::string(client.begin).substr(0, 13).c_str(), "{\"version\":1,");
    }
}

TEST(Memory, NoEventPacketAllocates)
{
    if (!MM_COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "a sanitizer or another C library owns malloc";
    World world;

    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++) {
        mm_event event{};
        size_t length = 0;

        event.kind = (mm_event_kind)kind;
        if (event.kind == MM_EVENT_DECISION)
            event.payload.decision.action = "none";
        unsigned long before = allocations;
        mm_requests_event_packet(world.requests, &event, &length);
        EXPECT_EQ(allocations, before) << kind;
    }
}

} // namespace
