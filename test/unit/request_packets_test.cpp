// SPDX-License-Identifier: Apache-2.0
// What clients send: every word of "event" with what it becomes, and every kind of bad packet.
#include "service_fixture.h"

#include "service/shared/event_words.h"

#include <cerrno>

using namespace service_test;

namespace
{

// ---- packets that are no requests ----------------------------------------------------------------------

struct BadPacket {
    const char *name;
    std::string packet;
    const char *code;
};

std::vector<BadPacket> bad_packets()
{
    using namespace std::string_literals;

    std::string deep, wide = "[";
    for (int i = 0; i < 20000; i++)
        deep += "[";
    for (int i = 0; i < 30000; i++)
        wide += "1,";
    return {
        {"empty", "", "not-json"},
        {"blank", "   ", "not-json"},
        {"text", "hello", "not-json"},
        {"binary", "\x00\x01\xff\xfe"s, "not-json"},
        {"NUL within", "{\"version\":1,\"id\":1,\"request\":\"status\"}\0{}"s, "not-json"},
        {"NUL escaped", R"({"version":1,"id":1,"request":"sta\u0000tus"})", "not-json"},
        {"truncated", R"({"version":1,"id":1,"requ)", "not-json"},
        {"two objects", R"({"version":1,"id":1,"request":"status"}{})", "not-json"},
        {"lone surrogate", R"({"version":1,"id":1,"request":"\ud800"})", "not-json"},
        {"array", "[]", "not-json"},
        {"number", "7", "not-json"},
        {"null", "null", "not-json"},
        {"nested deeply", deep, "too-complex"},
        {"nested deeply in a field", "{\"version\":1,\"id\":1,\"request\":\"status\",\"x\":" + deep,
         "too-complex"},
        {"too many items", wide + "1]", "too-complex"},
        {"no version", R"({"id":1,"request":"status"})", "missing-field"},
        {"other version", R"({"version":2,"id":1,"request":"status"})", "unsupported-version"},
        {"version as text", R"({"version":"1","id":1,"request":"status"})", "unsupported-version"},
        {"no id", R"({"version":1,"request":"status"})", "missing-field"},
        {"negative id", R"({"version":1,"id":-1,"request":"status"})", "bad-field"},
        {"id with a fraction", R"({"version":1,"id":1.5,"request":"status"})", "bad-field"},
        {"id beyond 2^53", R"({"version":1,"id":9007199254740993,"request":"status"})", "bad-field"},
        {"id infinite", R"({"version":1,"id":1e999,"request":"status"})", "bad-field"},
        {"id as text", R"({"version":1,"id":"1","request":"status"})", "bad-field"},
        {"id null", R"({"version":1,"id":null,"request":"status"})", "bad-field"},
        {"no request", R"({"version":1,"id":1})", "missing-field"},
        {"request as number", R"({"version":1,"id":1,"request":7})", "bad-field"},
        {"unknown request", R"({"version":1,"id":1,"request":"frobnicate"})", "unknown-request"},
        {"case counts", R"({"version":1,"id":1,"request":"STATUS"})", "unknown-request"},
        {"case of a field counts", R"({"Version":1,"id":1,"request":"status"})", "missing-field"},
        {"unknown field", R"({"version":1,"id":1,"request":"status","colour":"red"})", "unknown-field"},
        {"field without name", R"({"version":1,"id":1,"request":"status","":1})", "unknown-field"},
        {"field twice", R"({"version":1,"id":1,"request":"list","limit":1,"limit":2})", "bad-field"},
        {"id twice", R"({"version":1,"id":1,"id":1,"request":"status"})", "bad-field"},
        {"field of another request", R"({"version":1,"id":1,"request":"kills","pid":2})", "unknown-field"},
        {"limit 0", R"({"version":1,"id":1,"request":"list","limit":0})", "bad-field"},
        {"limit as bool", R"({"version":1,"id":1,"request":"list","limit":true})", "bad-field"},
        {"bool as number", R"({"version":1,"id":1,"request":"list","registered":1})", "bad-field"},
        {"empty cursor", R"({"version":1,"id":1,"request":"list","cursor":""})", "bad-field"},
    };
}

TEST(Packets, BadOnesGetOneClearErrorEach)
{
    World world;
    Listener listener(world, ~0U >> (32 - MM_EVENT_KIND_COUNT));

    for (const BadPacket &bad : bad_packets()) {
        Client client(world);
        Json answer = client.raw(bad.packet);

        EXPECT_EQ(Client::code(answer), bad.code) << bad.name << ": " << client.packets.back();
        EXPECT_EQ(number_of(member(answer, "version")), 1) << bad.name;
    }
    EXPECT_TRUE(listener.events.empty());
}

TEST(Packets, TheLongestOneIsAnswered)
{
    World world;
    Client client(world);
    std::string head = R"({"version":1,"id":3,"request":"event","event":"foreground","pid":100,"name":")";

    Json answer = client.raw(head + std::string(MM_CONTROL_PACKET_MAX - head.size() - 2, 'n') + "\"}");
    EXPECT_EQ(Client::code(answer), "bad-field");
    EXPECT_EQ(number_of(member(answer, "id")), 3);
}

TEST(Packets, AnErrorNamesTheFieldAndTheNearestName)
{
    World world;
    Client client(world);

    EXPECT_NE(Client::message(client.ask("list", ",\"limt\":3")).find("\"limt\", is \"limit\" meant"),
              std::string::npos);
    EXPECT_NE(Client::message(client.ask("statsu")).find("is \"status\" meant"), std::string::npos);
    EXPECT_NE(
        Client::message(client.ask("event", R"(,"event":"foregroud","pid":1)")).find("\"foreground\" meant"),
        std::string::npos);
    EXPECT_NE(Client::message(client.ask("event", R"(,"event":"bind","pid":100)")).find("\"caller_pid\""),
              std::string::npos);
    // What a client wrote comes back harmless.
    Json odd = client.ask("list", ",\"\\u001b[2J\":3");
    EXPECT_NE(Client::message(odd).find("\\x1b[2J"), std::string::npos) << Client::message(odd);
}

TEST(Packets, NothingOfAnEarlierOneIsLeft)
{
    World world;
    Client client(world);

    for (int i = 0; i < 3000; i++) {
        ASSERT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)")), "");
        ASSERT_EQ(Client::code(client.raw("{\"a\":[1,2,3,{\"b\":\"c\"}")), "not-json");
    }
}

// ---- words of "event" ---------------------------------------------------------------------------------

TEST(Event, EachWordBecomesItsReason)
{
    World world;
    Client client(world);
    size_t count;
    const mm_event_word *words = mm_event_words(&count);
    std::map<int, int> reasons;

    for (size_t i = 0; i < count; i++) {
        const mm_event_word &word = words[i];
        Listener listener(world, 1U << MM_EVENT_APPLICATION | 1U << MM_EVENT_ACCOUNT | 1U << MM_EVENT_DEVICE);
        std::string fields = std::string(",\"event\":\"") + word.word + "\"";

        if (word.required & MM_EVENT_FIELD_PID)
            fields += ",\"pid\":100";
        if (word.required & MM_EVENT_FIELD_CALLER_PID)
            fields += ",\"caller_pid\":101";
        if (word.required & MM_EVENT_FIELD_ACCOUNT)
            fields += ",\"account\":101";
        if (word.subject == MM_SUBJECT_LEVEL)
            continue; // the tests of levels below
        ASSERT_EQ(Client::code(client.ask("event", fields)), "") << word.word;
        ASSERT_EQ(listener.events.size(), 1U) << word.word;
        const mm_event &event = listener.events[0];
        if (word.subject == MM_SUBJECT_ACCOUNT) {
            EXPECT_EQ(event.kind, MM_EVENT_ACCOUNT);
            EXPECT_EQ(event.payload.account.change, word.change);
            EXPECT_EQ(event.payload.account.account_id, 101);
            continue;
        }
        if (word.subject == MM_SUBJECT_DEVICE) {
            EXPECT_EQ(event.kind, MM_EVENT_DEVICE);
            EXPECT_EQ(event.payload.device.change, word.change);
            EXPECT_STREQ(mm_device_change_name(event.payload.device.change), word.word);
            continue;
        }
        EXPECT_EQ(event.kind, MM_EVENT_APPLICATION);
        EXPECT_EQ(event.payload.application.reason, word.reason) << word.word;
        EXPECT_EQ(event.pid, 100);
        EXPECT_EQ(event.uid, 1000U);
        EXPECT_EQ(event.payload.application.account_id, -1);
        EXPECT_NE(event.payload.application.start_time_ticks, 0U);
        reasons[word.reason]++;
    }
    // All reasons but the one that the account words say and the two of the request "critical", each by one word.
    EXPECT_EQ(reasons.size(), (size_t)MM_REASON_COUNT - 3);
    EXPECT_EQ(reasons.count(MM_REASON_CRITICAL_BEGIN) + reasons.count(MM_REASON_CRITICAL_END), 0U);
    EXPECT_EQ(reasons.count(MM_REASON_OS_ACCOUNT_CHANGED), 0U);
}

TEST(Event, FieldsArriveAndTheAnswerTellsTheOutcome)
{
    World world;
    Client client(world);
    Listener listener(world, 1U << MM_EVENT_APPLICATION);
    Json answer = client.ask("event", R"(,"event":"foreground","pid":103,"uid":20010001,"account":107,)"
                                      R"("name":"com.example.mail","process_name":"mail:remote")");

    ASSERT_EQ(Client::code(answer), "");
    EXPECT_EQ(number_of(member(answer, "priority")), 0);
    EXPECT_TRUE(cJSON_IsTrue(member(answer, "listed")));
    ASSERT_EQ(listener.events.size(), 1U);
    const mm_event_application &application = listener.events[0].payload.application;
    EXPECT_STREQ(application.name, "com.example.mail");
    EXPECT_STREQ(application.process_name, "mail:remote");
    EXPECT_EQ(application.account_id, 107);
    EXPECT_EQ(listener.events[0].uid, 20010001U);

    ASSERT_EQ(
        Client::code(client.ask("event", R"(,"event":"bind","pid":103,"caller_pid":102,"caller_uid":1001)")),
        "");
    EXPECT_EQ(listener.events[1].payload.application.caller_pid, 102);
    EXPECT_EQ(listener.events[1].payload.application.caller_uid, 1001U);
}

TEST(Event, ForAnotherAccountIsCountedAndTheAnswerTellsWhoseItIs)
{
    World world;
    Client client(world);

    ASSERT_EQ(
        Client::code(client.ask("event", R"(,"event":"background","pid":103,"name":"mail","account":107)")),
        "");
    Json answer = client.ask("event", R"(,"event":"foreground","pid":103,"account":108)");
    ASSERT_EQ(Client::code(answer), "");
    EXPECT_EQ(number_of(member(answer, "account")), 107);
    EXPECT_EQ(number_of(member(answer, "priority")), 0);
    Json status = client.ask("status");
    EXPECT_EQ(number_of(member(member(status, "list"), "foreign_claims")), 1);
}

struct BadEvent {
    const char *fields, *code;
};

TEST(Event, BadOnesAreRefusedAndNothingHappens)
{
    const BadEvent cases[] = {
        {R"("pid":100)", "missing-field"},
        {R"("event":7,"pid":100)", "bad-field"},
        {R"("event":"","pid":100)", "bad-field"},
        {R"("event":"jump","pid":100)", "bad-field"},
        {R"("event":"foreground")", "missing-field"},
        {R"("event":"foreground","account":100)", "missing-field"},
        {R"("event":"foreground","pid":"100")", "bad-field"},
        {R"("event":"foreground","pid":0)", "bad-field"},
        {R"("event":"foreground","pid":-100)", "bad-field"},
        {R"("event":"foreground","pid":100.5)", "bad-field"},
        {R"("event":"foreground","pid":4294967396)", "bad-field"},
        {R"("event":"foreground","pid":999999)", "no-such-process"},
        {R"("event":"foreground","pid":1)", "protected-process"},
        {R"("event":"foreground","pid":77)", "protected-process"},
        {R"("event":"terminated","pid":1)", "protected-process"},
        {R"("event":"terminated","pid":999999)", "no-such-process"},
        {R"("event":"foreground","pid":100,"uid":1001)", "wrong-owner"},
        {R"("event":"foreground","pid":100,"uid":0)", "wrong-owner"},
        {R"("event":"foreground","pid":100,"uid":-1)", "bad-field"},
        {R"("event":"foreground","pid":100,"uid":4294967295)", "bad-field"},
        {R"("event":"foreground","pid":100,"start_time":987654)", "no-such-process"},
        {R"("event":"foreground","pid":100,"caller_pid":101)", "unknown-field"},
        {R"("event":"foreground","pid":100,"name":"")", "bad-field"},
        {R"("event":"foreground","pid":100,"name":"a\nb")", "bad-field"},
        {R"("event":"foreground","pid":100,"name":"\u202e"))", "not-json"},
        {R"("event":"foreground","pid":100,"name":"\u202egnp")", "bad-field"},
        {"\"event\":\"foreground\",\"pid\":100,\"name\":\"\xff\xfe\"", "bad-field"},
        {R"("event":"foreground","pid":100,"account":-1)", "bad-field"},
        {R"("event":"bind","pid":100)", "missing-field"},
        {R"("event":"bind","pid":100,"caller_pid":100)", "bad-field"},
        {R"("event":"bind","pid":100,"caller_pid":999999)", "no-such-process"},
        {R"("event":"bind","pid":100,"caller_pid":102,"caller_uid":1000)", "wrong-owner"},
        {R"("event":"render","pid":100,"caller_uid":1000)", "missing-field"},
        {R"("event":"account-activate")", "missing-field"},
        {R"("event":"account-activate","account":100,"pid":100)", "unknown-field"},
        {R"("event":"account-activate","account":"100")", "bad-field"},
        {R"("event":"level")", "missing-field"},
        {R"("event":"level","level":"Critical")", "bad-field"},
        {R"("event":"level","level":4)", "bad-field"},
        {R"("event":"level","level":"low","pid":100)", "unknown-field"},
        {R"("event":"foreground","pid":100,"level":"low")", "unknown-field"},
    };
    World world;
    Client client(world);
    Listener listener(world,
                      1U << MM_EVENT_APPLICATION | 1U << MM_EVENT_ACCOUNT | 1U << MM_EVENT_MEMORY_LEVEL);

    for (const BadEvent &bad : cases) {
        Json answer = client.raw(std::string(R"({"version":1,"id":5,"request":"event",)") + bad.fields + "}");

        EXPECT_EQ(Client::code(answer), bad.code) << bad.fields << ": " << client.packets.back();
    }
    EXPECT_TRUE(listener.events.empty());
    // The name of 127 bytes is the longest.
    std::string name(MM_NAME_MAX - 1, 'n');
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"create","pid":100,"name":")" + name + "\"")), "");
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"create","pid":100,"name":")" + name + "n\"")),
              "bad-field");
}

TEST(Event, ALevelIsInjectedByRootAndMarked)
{
    for (const char *level : {"none", "purgeable", "moderate", "low", "critical"}) {
        World world;
        Client root(world, 0), reader(world, 0);
        Listener listener(world, 1U << MM_EVENT_MEMORY_LEVEL);
        const std::string fields = std::string(R"(,"event":"level","level":")") + level + "\"";

        Json answer = root.ask("event", fields);
        ASSERT_EQ(Client::code(answer), "") << level;
        EXPECT_STREQ(cJSON_GetStringValue(member(answer, "real_level")), "none");
        ASSERT_EQ(listener.events.size(), 1U);
        EXPECT_STREQ(mm_memory_level_name(listener.events[0].payload.level.level), level);
        EXPECT_EQ(listener.events[0].payload.level.cause, MM_LEVEL_INJECTED);
        EXPECT_EQ(listener.events[0].payload.level.previous, MM_LEVEL_NONE) << "the real one";
        EXPECT_GT(listener.events[0].payload.level.available_bytes, 0U);
        Json status = reader.ask("status");
        const cJSON *own = member(member(status, "memory"), "level");

        EXPECT_TRUE(!own || std::string(cJSON_GetStringValue(own)) == "none");
    }
}

TEST(Event, OfTheDeviceTheLastWordOnEachMatterStands)
{
    World world;
    Client client(world);
    const auto device = [&] {
        Json status = client.ask("status");
        const cJSON *word;
        std::string words;

        cJSON_ArrayForEach (word, member(status, "device"))
            words += std::string(cJSON_GetStringValue(word)) + " ";
        return words;
    };
    const auto tell = [&](const char *word) {
        EXPECT_EQ(Client::code(client.ask("event", std::string(R"(,"event":")") + word + "\"")), "") << word;
    };

    EXPECT_EQ(device(), "");
    for (const char *word : {"boot-completed", "screen-on", "screen-off", "power-disconnected"})
        tell(word);
    EXPECT_EQ(device(), "boot-completed screen-off power-disconnected ");
    tell("screen-on");
    tell("power-connected");
    EXPECT_EQ(device(), "boot-completed screen-on power-connected ");
}

TEST(Event, AnAccountThatCannotBeKeptIsRefused)
{
    World world;
    Client client(world);
    const unsigned most = 4096;
    const auto activate = [&](unsigned account) {
        return Client::code(
            client.ask("event", R"(,"event":"account-activate","account":)" + std::to_string(account)));
    };

    for (unsigned account = 1000; mm_priority_manager_counters(world.manager)->accounts < most; account++)
        ASSERT_EQ(activate(account), "") << account;
    EXPECT_EQ(activate(999999), "too-many");
    EXPECT_EQ(activate(1000), "") << "one that is known";
}

TEST(Event, ABindThatCannotBeKeptIsRefused)
{
    World world;
    Client client(world);
    const auto bind = [&](pid_t caller) {
        return Client::code(
            client.ask("event", R"(,"event":"bind","pid":100,"caller_pid":)" + std::to_string(caller)));
    };
    pid_t caller = 1000;

    ASSERT_EQ(Client::code(client.ask("event", R"(,"event":"create","pid":100,"name":"mail")")), "");
    // nobody has told of them: such callers are few
    for (; caller < 1256; caller++) {
        world.spawn(caller, 1000, "caller");
        ASSERT_EQ(bind(caller), "") << caller;
    }
    world.spawn(caller, 1000, "caller");
    EXPECT_EQ(bind(caller), "too-many");
    EXPECT_EQ(mm_priority_manager_counters(world.manager)->refused_events, 1U);
    EXPECT_EQ(bind(1000), "") << "it binds already";
    ASSERT_EQ(Client::code(client.ask("event", R"(,"event":"unbind","pid":100,"caller_pid":1000)")), "");
    EXPECT_EQ(bind(caller), "") << "there is room again";
}

TEST(Event, NobodyElseInjectsALevel)
{
    World world;
    Listener listener(world, 1U << MM_EVENT_MEMORY_LEVEL);

    world.config->control_socket.allowed_uids[0] = 1234;
    world.config->control_socket.allowed_uid_count = 1;
    for (uid_t uid : {(uid_t)1234, (uid_t)1000}) {
        Client client(world, uid);

        EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"level","level":"critical")")),
                  "permission-denied")
            << uid;
    }
    EXPECT_TRUE(listener.events.empty());
}

TEST(Event, AThreadIsNoProcess)
{
    World world;
    Client client(world);

    // The status of a number that is a thread's fails while its stat is there.
    mm_simulated_fail(world.kernel, "read_process", ESRCH, 1);
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)")), "not-a-process");
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)")), "");
    mm_simulated_fail(world.kernel, "read_process", EIO, 1);
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)")), "failed");
}

int read_kernel_thread(mm_kernel *kernel, pid_t pid, unsigned fields, mm_process_info *ret_info)
{
    (void)kernel;
    (void)fields;
    *ret_info = mm_process_info{};
    ret_info->pid = pid;
    ret_info->is_kernel_thread = true;
    return 0;
}

int is_outside(mm_kernel *kernel, pid_t pid)
{
    (void)kernel;
    (void)pid;
    return 0;
}

TEST(Event, KernelThreadsAndProcessesOutsideTheDomainAreRefused)
{
    World world;
    Client client(world);
    Listener listener(world, 1U << MM_EVENT_APPLICATION);

    world.override_operations();
    world.ops.is_in_domain = is_outside;
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)")), "not-in-domain");
    world.ops.read_process = read_kernel_thread;
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)")), "protected-process");
    EXPECT_TRUE(listener.events.empty());
}

TEST(Event, TheEndOfAProcessIsAcceptedAfterIt)
{
    World world;
    Client client(world);
    Listener listener(world, 1U << MM_EVENT_APPLICATION);

    ASSERT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100,"name":"mail")")), "");
    ASSERT_EQ(mm_simulated_exit(world.kernel, 100), 0);
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"background","pid":100)")), "no-such-process");
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"terminated","pid":100,"uid":1001)")),
              "wrong-owner");
    Json answer = client.ask("event", R"(,"event":"terminated","pid":100)");
    ASSERT_EQ(Client::code(answer), "");
    EXPECT_TRUE(cJSON_IsFalse(member(answer, "listed")));
    ASSERT_EQ(listener.events.size(), 2U);
    EXPECT_EQ(listener.events[1].uid, 1000U);
    EXPECT_EQ(mm_priority_manager_find(world.manager, 100), nullptr);
    // A second report finds nobody.
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"terminated","pid":100)")), "no-such-process");
}

TEST(Event, AReusedPidIsNotTakenForTheOldProcess)
{
    World world;
    Client client(world);
    mm_process_info info{};

    ASSERT_EQ(world.kernel->ops->read_process(world.kernel, 100, MM_PROCESS_STAT, &info), 0);
    std::string old = ",\"start_time\":" + std::to_string(info.start_time_ticks);
    ASSERT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":100)" + old)), "");
    ASSERT_EQ(mm_simulated_exit(world.kernel, 100), 0);
    mm_simulated_advance(world.kernel, MM_NS_PER_S);
    world.spawn(100, 1000, "another");
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"background","pid":100)" + old)),
              "no-such-process");
}

TEST(Event, ACallerThatHasEndedCanBeUnboundNotBound)
{
    World world;
    Client client(world);

    ASSERT_EQ(Client::code(client.ask("event", R"(,"event":"bind","pid":100,"caller_pid":101)")), "");
    ASSERT_EQ(mm_simulated_exit(world.kernel, 101), 0);
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"bind","pid":100,"caller_pid":101)")),
              "no-such-process");
    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"unbind","pid":100,"caller_pid":101)")), "");
}

} // namespace
