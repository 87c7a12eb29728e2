// SPDX-License-Identifier: Apache-2.0
// Clients' requests: what each answers, and what is refused. Bad packets are in request_packets_test.cpp.
#include "service_fixture.h"

#include <cerrno>
#include <set>

using namespace service_test;

namespace
{

// ---- status -------------------------------------------------------------------------------------------

TEST(Status, TellsEverythingThatIsKnown)
{
    World world;
    Client client(world, 1000);
    Json answer = client.ask("status");

    ASSERT_EQ(Client::code(answer), "");
    const cJSON *daemon = member(answer, "daemon");
    EXPECT_EQ(text_of(member(daemon, "version")), "1.2.3");
    EXPECT_EQ(number_of(member(daemon, "pid")), OwnPid);
    EXPECT_TRUE(cJSON_IsFalse(member(daemon, "dry_run")));
    EXPECT_EQ(number_of(member(member(answer, "memory"), "total_bytes")), 1024.0 * MM_MIB);
    EXPECT_EQ(cJSON_GetArraySize(member(member(answer, "kill"), "levels")),
              (int)world.config->kill.level_count);
    EXPECT_EQ(number_of(member(member(answer, "list"), "processes")),
              mm_priority_manager_counters(world.manager)->processes);
    EXPECT_EQ(cJSON_GetArraySize(member(answer, "features")), MM_FEATURE_COUNT);
    const cJSON *source = cJSON_GetArrayItem(member(answer, "sources"), 0);
    EXPECT_EQ(text_of(member(source, "name")), "psi");
    EXPECT_EQ(text_of(member(source, "detail")), "no PSI here");
}

TEST(Status, SaysWhoseNumbersProcessesHave)
{
    World ours, upstream(MM_PRIORITY_COMPAT_UPSTREAM);
    Client client(ours), other(upstream);

    EXPECT_EQ(text_of(member(member(client.ask("status"), "list"), "compat")), "none");
    EXPECT_EQ(text_of(member(member(other.ask("status"), "list"), "compat")), "upstream");
    /* as of the start, whatever was read since */
    ours.config->reclaim_priority.compat = MM_PRIORITY_COMPAT_UPSTREAM;
    EXPECT_EQ(text_of(member(member(client.ask("status"), "list"), "compat")), "none");
}

TEST(Status, SaysNullForWhatCannotBeRead)
{
    World world;
    Client client(world);

    mm_simulated_fail(world.kernel, "read_memory", EIO, 1);
    mm_simulated_fail(world.kernel, "read_pressure", EOPNOTSUPP, 1);
    Json answer = client.ask("status");
    EXPECT_EQ(Client::code(answer), "");
    EXPECT_TRUE(cJSON_IsNull(member(answer, "memory")));
    EXPECT_TRUE(cJSON_IsNull(member(answer, "pressure")));
}

int told_stalls(mm_stall_totals *ret_totals, void *user)
{
    if (!user)
        return -EOPNOTSUPP;
    *ret_totals = *static_cast<mm_stall_totals *>(user);
    return 0;
}

TEST(Status, TellsOfStallsWhereSomebodyDoes)
{
    World world;
    Client client(world);
    mm_stall_totals totals = {};

    EXPECT_TRUE(cJSON_IsNull(member(client.ask("status"), "stalls")));
    world.context.read_stall_totals = told_stalls;
    EXPECT_TRUE(cJSON_IsNull(member(client.ask("status"), "stalls")));
    totals.in_progress = 2;
    totals.kinds[MM_STALL_COMPACTION] = {3, 4500000, 2500000};
    world.context.stalls_user = &totals;
    Json answer = client.ask("status");
    const cJSON *stalls = member(answer, "stalls"), *kinds = member(stalls, "kinds");
    EXPECT_EQ(member(stalls, "in_progress")->valuedouble, 2);
    ASSERT_EQ(cJSON_GetArraySize(kinds), MM_STALL_KIND_COUNT);
    for (int i = 0; i < MM_STALL_KIND_COUNT; i++) {
        const cJSON *kind = cJSON_GetArrayItem(kinds, i);
        const bool is_told = i == MM_STALL_COMPACTION;

        EXPECT_EQ(text_of(member(kind, "kind")), mm_stall_kind_name(static_cast<mm_stall_kind>(i)));
        EXPECT_EQ(member(kind, "count")->valuedouble, is_told ? 3 : 0);
        EXPECT_EQ(member(kind, "total_us")->valuedouble, is_told ? 4500 : 0);
        EXPECT_EQ(member(kind, "longest_us")->valuedouble, is_told ? 2500 : 0);
    }
}

// ---- list ---------------------------------------------------------------------------------------------

struct Pages {
    std::vector<pid_t> pids;
    unsigned count = 0;
};

// Follows the cursors; between(page) is called after each page but the last.
template <typename Between> Pages read_pages(Client &client, const std::string &fields, Between between)
{
    Pages pages;
    std::string cursor;

    do {
        Json answer = client.ask("list", fields + (cursor.empty() ? "" : ",\"cursor\":\"" + cursor + "\""));
        const cJSON *process;

        EXPECT_EQ(Client::code(answer), "");
        cJSON_ArrayForEach (process, member(answer, "processes"))
            pages.pids.push_back((pid_t)number_of(member(process, "pid")));
        cursor = text_of(member(answer, "cursor"));
        pages.count++;
        if (!cursor.empty())
            between(pages.count);
    } while (!cursor.empty() && pages.count < 10000);
    return pages;
}

TEST(List, TellsEachProcessOnceInTheOrderOfTheListOverManyPages)
{
    World world;
    Client client(world, 1000);

    for (pid_t pid = 1000; pid < 4000; pid++)
        world.spawn(pid, (uid_t)(1000 + pid % 7), "process");
    ASSERT_EQ(mm_priority_manager_scan(world.manager), 0);
    Pages pages = read_pages(client, "", [](unsigned) {});
    EXPECT_EQ(pages.pids, list_order(world));
    EXPECT_GE(pages.pids.size(), 3000U);
    EXPECT_GT(pages.count, 3U);
}

TEST(List, OrderIsThatOfDeathsWithTheReasons)
{
    World world;
    Client client(world);

    EXPECT_EQ(Client::code(client.ask("event", ",\"event\":\"foreground\",\"pid\":100,\"name\":\"mail\"")),
              "");
    EXPECT_EQ(Client::code(client.ask("event", ",\"event\":\"background\",\"pid\":101,\"name\":\"player\"")),
              "");
    Json answer = client.ask("list", ",\"registered\":true");
    const cJSON *processes = member(answer, "processes");
    ASSERT_EQ(cJSON_GetArraySize(processes), 2);
    const cJSON *first = cJSON_GetArrayItem(processes, 0), *second = cJSON_GetArrayItem(processes, 1);
    EXPECT_EQ(text_of(member(first, "name")), "player");
    EXPECT_EQ(number_of(member(first, "priority")), MM_PRIORITY_BACKGROUND);
    EXPECT_NE(text_of(member(first, "why")).find("400"), std::string::npos);
    EXPECT_EQ(text_of(member(second, "name")), "mail");
    EXPECT_EQ(number_of(member(second, "priority")), 0);
    EXPECT_EQ(text_of(cJSON_GetArrayItem(member(second, "flags"), 0)), "foreground");
    EXPECT_TRUE(cJSON_IsNull(member(answer, "cursor")));
}

TEST(List, TellsTheWholeChainOfOneProcess)
{
    World world;
    Client client(world);
    const struct {
        const char *pid, *why;
    } rows[] = {
        {",\"pid\":101", "400 background; extension of 103 (foreground) min(400,0)+100 -> 100"},
        {",\"pid\":103", "0 foreground; account 100 active -50 -> 0"},
        {",\"pid\":102", "0 oom_score_adj, not registered"},
    };

    for (const char *event : {",\"event\":\"background\",\"pid\":101,\"name\":\"player\"",
                              ",\"event\":\"foreground\",\"pid\":103,\"name\":\"caller\"",
                              ",\"event\":\"account-activate\",\"account\":100",
                              ",\"event\":\"bind\",\"pid\":101,\"caller_pid\":103"})
        EXPECT_EQ(Client::code(client.ask("event", event)), "") << event;
    for (const auto &row : rows) {
        Json answer = client.ask("list", row.pid);
        const cJSON *processes = member(answer, "processes");

        ASSERT_EQ(cJSON_GetArraySize(processes), 1) << row.pid;
        EXPECT_EQ(text_of(member(cJSON_GetArrayItem(processes, 0), "why")), row.why);
    }
}

TEST(List, LimitEndsAPageAndTheCursorGoesOn)
{
    World world;
    Client client(world);
    std::vector<pid_t> order = list_order(world);

    Pages pages = read_pages(client, ",\"limit\":2", [](unsigned) {});
    EXPECT_EQ(pages.pids, order);
    EXPECT_EQ(pages.count, (order.size() + 1) / 2);
}

TEST(List, OneProcess)
{
    World world;
    Client client(world);
    Json answer = client.ask("list", ",\"pid\":101");

    ASSERT_EQ(Client::code(answer), "");
    ASSERT_EQ(cJSON_GetArraySize(member(answer, "processes")), 1);
    EXPECT_EQ(number_of(member(cJSON_GetArrayItem(member(answer, "processes"), 0), "pid")), 101);
    EXPECT_EQ(Client::code(client.ask("list", ",\"pid\":999")), "no-such-process");
}

// ---- explain and kills --------------------------------------------------------------------------------

void decide(World &world, int number, bool acted)
{
    mm_decision decision{};

    decision.source = MM_DECISION_RECLAIM;
    decision.action = acted ? "squeeze" : "none";
    decision.acted = acted;
    mm_copy_text(decision.target, sizeof(decision.target), ("target " + std::to_string(number)).c_str());
    mm_decide(world.center, &decision, "reason number %d", number);
}

std::vector<std::string> read_reasons(Client &client, const std::string &fields)
{
    std::vector<std::string> reasons;
    std::string cursor;

    do {
        Json answer =
            client.ask("explain", fields + (cursor.empty() ? "" : ",\"cursor\":\"" + cursor + "\""));
        const cJSON *decision;

        EXPECT_EQ(Client::code(answer), "");
        cJSON_ArrayForEach (decision, member(answer, "decisions"))
            reasons.push_back(text_of(member(decision, "reason")));
        cursor = text_of(member(answer, "cursor"));
    } while (!cursor.empty() && reasons.size() < 5000);
    return reasons;
}

TEST(Explain, NewestFirstOverPages)
{
    World world;
    Client client(world, 1000);

    for (int i = 0; i < 600; i++)
        decide(world, i, i % 2 == 0);
    std::vector<std::string> all = read_reasons(client, "");
    ASSERT_EQ(all.size(), (size_t)MM_DECISION_LOG_SIZE);
    EXPECT_EQ(all.front(), "reason number 599");
    EXPECT_EQ(all.back(), "reason number 88");
    EXPECT_EQ(read_reasons(client, ",\"limit\":10"), all);
    std::vector<std::string> acted = read_reasons(client, ",\"acted\":true,\"limit\":100");
    ASSERT_EQ(acted.size(), (size_t)MM_DECISION_LOG_SIZE / 2);
    EXPECT_EQ(acted.front(), "reason number 598");
    EXPECT_EQ(Client::code(client.ask("explain", ",\"cursor\":\"7:8\"")), "bad-cursor");
    EXPECT_EQ(Client::code(client.ask("explain", ",\"cursor\":\"-1\"")), "bad-cursor");
}

// The packets of kills as a subscriber gets them.
void keep_kill(const mm_event *event, void *user)
{
    auto *kept = static_cast<std::pair<mm_requests *, std::vector<std::string>> *>(user);
    size_t length;
    const char *packet = mm_requests_event_packet(kept->first, event, &length);

    ASSERT_NE(packet, nullptr);
    kept->second.emplace_back(packet, length);
}

TEST(Kills, TheRecordOfOne)
{
    World world;
    Client client(world, 1000);
    mm_event waterline{};

    Json nothing = client.ask("kills");
    EXPECT_EQ(cJSON_GetArraySize(member(nothing, "kills")), 0);

    ASSERT_GT(world.config->kill.level_count, 0U);
    mm_simulated_process hog{};
    hog.pid = 500;
    hog.ppid = 1;
    hog.uid = 1000;
    hog.comm = "hog";
    hog.anonymous_bytes = 900 * MM_MIB;
    ASSERT_EQ(mm_simulated_spawn(world.kernel, &hog), 0);
    Client root(world);
    ASSERT_EQ(
        Client::code(root.ask("event", ",\"event\":\"create\",\"pid\":500,\"name\":\"com.example.hog\"")),
        "");
    ASSERT_EQ(Client::code(root.ask("event", ",\"event\":\"background\",\"pid\":500")), "");
    std::pair<mm_requests *, std::vector<std::string>> told{world.requests, {}};
    ASSERT_EQ(
        mm_event_center_subscribe(world.center, MM_RANK_OBSERVER, 1U << MM_EVENT_KILL, keep_kill, &told), 0);
    waterline.kind = MM_EVENT_WATERLINE;
    mm_event_center_publish(world.center, &waterline);
    for (int i = 0; i < 1000; i++) {
        mm_simulated_advance(world.kernel, MM_NS_PER_MS);
        mm_event_center_step(world.center);
    }
    Json answer = client.ask("kills");
    const cJSON *record = cJSON_GetArrayItem(member(answer, "kills"), 0);
    ASSERT_TRUE(record);
    EXPECT_EQ(text_of(member(record, "name")), "com.example.hog");
    EXPECT_EQ(number_of(member(record, "pid")), 500);
    EXPECT_EQ(number_of(member(record, "priority")), MM_PRIORITY_BACKGROUND);
    EXPECT_TRUE(cJSON_IsNumber(member(record, "decided_to_signal_us")));
    EXPECT_GT(number_of(member(record, "freed_bytes")), 100.0 * MM_MIB);
    EXPECT_NE(text_of(member(record, "reason")), "");
    ASSERT_EQ(told.second.size(), 2U);
    Json begun = parse(told.second[0]), ended = parse(told.second[1]);
    EXPECT_TRUE(cJSON_IsFalse(member(begun, "ended")));
    EXPECT_EQ(text_of(member(begun, "outcome")), "pending");
    EXPECT_EQ(number_of(member(begun, "pid")), 500);
    EXPECT_TRUE(cJSON_IsTrue(member(ended, "ended")));
    EXPECT_EQ(text_of(member(ended, "outcome")), text_of(member(record, "outcome")));
    EXPECT_EQ(text_of(member(ended, "name")), "com.example.hog");
    Json status = client.ask("status");
    EXPECT_EQ(number_of(member(member(status, "kill"), "kills")), 1);
}

// ---- subscribe ----------------------------------------------------------------------------------------

TEST(Subscribe, KindsByName)
{
    World world;
    Client client(world, 1000);
    Json answer = client.ask("subscribe", R"(,"events":["decision","kill-end"])");

    EXPECT_EQ(Client::code(answer), "");
    EXPECT_EQ(client.request_client.subscriptions, 1U << MM_EVENT_DECISION | 1U << MM_EVENT_KILL_END);
    EXPECT_EQ(cJSON_GetArraySize(member(answer, "events")), 2);
    client.ask("subscribe");
    EXPECT_EQ(client.request_client.subscriptions, mm_requests_event_kinds());
    EXPECT_FALSE(mm_requests_event_kinds() & 1U << MM_EVENT_NOTICE);
    client.ask("subscribe", R"(,"events":[])");
    EXPECT_EQ(client.request_client.subscriptions, 0U);
}

TEST(Subscribe, UnknownKindsAreRefusedAndChangeNothing)
{
    World world;
    Client client(world);

    client.ask("subscribe", R"(,"events":["decision"])");
    Json answer = client.ask("subscribe", R"(,"events":["priority","decisoin"])");
    EXPECT_EQ(Client::code(answer), "bad-field");
    EXPECT_NE(Client::message(answer).find("\"decision\" meant"), std::string::npos)
        << Client::message(answer);
    EXPECT_EQ(Client::code(client.ask("subscribe", R"(,"events":["notice"])")), "bad-field");
    EXPECT_EQ(Client::code(client.ask("subscribe", R"(,"events":[1])")), "bad-field");
    EXPECT_EQ(Client::code(client.ask("subscribe", R"(,"events":"decision")")), "bad-field");
    EXPECT_EQ(client.request_client.subscriptions, 1U << MM_EVENT_DECISION);
}

TEST(EventPackets, EveryKindIsOneJsonObjectWithItsName)
{
    World world;

    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++) {
        mm_event event{};
        size_t length = 0;

        event.kind = (mm_event_kind)kind;
        event.time_ns = 123;
        if (event.kind == MM_EVENT_DECISION)
            event.payload.decision.action = "none";
        const char *packet = mm_requests_event_packet(world.requests, &event, &length);
        if (event.kind == MM_EVENT_NOTICE) {
            EXPECT_EQ(packet, nullptr);
            continue;
        }
        ASSERT_NE(packet, nullptr) << kind;
        EXPECT_EQ(strlen(packet), length);
        Json json = parse(packet);
        ASSERT_TRUE(json) << packet;
        EXPECT_EQ(text_of(member(json, "event")), mm_event_kind_name(event.kind));
        EXPECT_EQ(number_of(member(json, "time_ns")), 123);
    }
}

TEST(EventPackets, CarryWhatHappened)
{
    World world;
    mm_event event{};
    size_t length = 0;

    event.kind = MM_EVENT_APPLICATION;
    event.pid = 100;
    event.payload.application.reason = MM_REASON_BACKGROUND_RUNNING_START;
    event.payload.application.account_id = -1;
    mm_copy_text(event.payload.application.name, MM_NAME_MAX, "mail \"x\"\n");
    Json application = parse(mm_requests_event_packet(world.requests, &event, &length));
    EXPECT_EQ(text_of(member(application, "what")), "continuous-start");
    EXPECT_EQ(text_of(member(application, "name")), "mail \"x\"\\x0a");
    EXPECT_EQ(member(application, "account"), nullptr);

    event = mm_event{};
    event.kind = MM_EVENT_ACCOUNT;
    event.payload.account.account_id = 101;
    event.payload.account.change = MM_ACCOUNT_COLD_SWITCH;
    Json account = parse(mm_requests_event_packet(world.requests, &event, &length));
    EXPECT_EQ(text_of(member(account, "what")), "account-cold-switch");
    EXPECT_EQ(number_of(member(account, "account")), 101);

    event = mm_event{};
    event.kind = MM_EVENT_MEMORY_LEVEL;
    event.payload.level.level = MM_LEVEL_LOW;
    event.payload.level.available_bytes = MM_UNKNOWN;
    Json level = parse(mm_requests_event_packet(world.requests, &event, &length));
    EXPECT_EQ(text_of(member(level, "level")), "low");
    EXPECT_EQ(text_of(member(level, "previous")), "none");
    EXPECT_TRUE(cJSON_IsNull(member(level, "available_bytes")));
}

TEST(EventPackets, AMoveNamesTheApplicationAsLongAsItIsThere)
{
    World world;
    mm_event event{};
    size_t length = 0;

    event.kind = MM_EVENT_PRIORITY;
    event.pid = 100;
    event.payload.priority.previous = MM_PRIORITY_BACKGROUND;
    Json move = parse(mm_requests_event_packet(world.requests, &event, &length));
    EXPECT_EQ(text_of(member(move, "name")), "mail");
    EXPECT_EQ(number_of(member(move, "previous")), MM_PRIORITY_BACKGROUND);
    event.pid = 999;
    Json gone = parse(mm_requests_event_packet(world.requests, &event, &length));
    EXPECT_EQ(text_of(member(gone, "name")), "");
}

// ---- who may ------------------------------------------------------------------------------------------

TEST(Permission, ReadingIsOpenChangingIsNot)
{
    struct Case {
        const char *request, *fields;
        bool changes;
    };
    const Case cases[] = {
        {"status", "", false},
        {"list", "", false},
        {"explain", "", false},
        {"kills", "", false},
        {"subscribe", "", false},
        {"event", R"(,"event":"foreground","pid":100)", true},
        {"event", R"(,"event":"account-activate","account":100)", true},
        {"reload", "", true},
        {"log-level", R"(,"level":"warning")", true},
    };
    World world;

    world.config->control_socket.allowed_uids[0] = 1234;
    world.config->control_socket.allowed_uid_count = 1;
    for (const Case &tested : cases) {
        for (uid_t uid : {(uid_t)0, OwnUid, (uid_t)1234, (uid_t)1000, (uid_t)65534}) {
            Client client(world, uid);
            bool may = uid == 0 || uid == OwnUid || uid == 1234;

            EXPECT_EQ(Client::code(client.ask(tested.request, tested.fields)),
                      tested.changes && !may ? "permission-denied" : "")
                << tested.request << " " << uid;
        }
    }
}

TEST(Permission, IsAskedBeforeAnythingIsSaidAboutProcesses)
{
    World world;
    Client client(world, 1000);
    Listener listener(world, 1U << MM_EVENT_APPLICATION);

    EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"foreground","pid":999999)")),
              "permission-denied");
    EXPECT_EQ(Client::code(client.ask("event", R"(,"nonsense":1)")), "permission-denied");
    EXPECT_TRUE(listener.events.empty());
}

// ---- reload and log-level -----------------------------------------------------------------------------

struct Reloader {
    World *world;
    int error;
};

void reload(const mm_event *event, void *user)
{
    const auto *reloader = static_cast<Reloader *>(user);

    (void)event;
    reloader->world->facts.reload_count++;
    reloader->world->facts.reload_error = reloader->error;
    mm_copy_text(reloader->world->facts.reload_message, sizeof(reloader->world->facts.reload_message),
                 reloader->error ? "line 3: nonsense" : "2 warnings");
}

TEST(Reload, TellsWhatCameOfIt)
{
    World world;
    Client client(world);

    Json later = client.ask("reload");
    EXPECT_EQ(Client::code(later), "");
    EXPECT_TRUE(cJSON_IsFalse(member(later, "done")));

    Reloader good{&world, 0};
    ASSERT_EQ(mm_event_center_subscribe(world.center, MM_RANK_OBSERVER, 1U << MM_EVENT_RELOAD, reload, &good),
              0);
    Json done = client.ask("reload");
    EXPECT_TRUE(cJSON_IsTrue(member(done, "done")));
    EXPECT_EQ(text_of(member(done, "message")), "2 warnings");
    mm_event_center_unsubscribe(world.center, reload, &good);

    Reloader bad{&world, -EINVAL};
    ASSERT_EQ(mm_event_center_subscribe(world.center, MM_RANK_OBSERVER, 1U << MM_EVENT_RELOAD, reload, &bad),
              0);
    Json refused = client.ask("reload");
    EXPECT_EQ(Client::code(refused), "failed");
    EXPECT_NE(Client::message(refused).find("line 3: nonsense"), std::string::npos);
}

TEST(Reload, OneThatIsUnderWayIsNotTheOneThatWasAskedFor)
{
    World world;
    Client client(world);

    world.facts.reload_count = 3;
    EXPECT_EQ(number_of(member(client.ask("reload"), "reloads")), 3);
    world.facts.is_reloading = true;
    EXPECT_EQ(number_of(member(client.ask("reload"), "reloads")), 4);
}

TEST(LogLevel, KnownWordsOnly)
{
    World world;
    Client client(world);

    EXPECT_EQ(Client::code(client.ask("log-level", R"(,"level":"warning")")), "");
    EXPECT_EQ(Client::code(client.ask("log-level", R"(,"level":"loud")")), "bad-field");
    EXPECT_EQ(Client::code(client.ask("log-level")), "missing-field");
}

} // namespace
