// SPDX-License-Identifier: Apache-2.0
// The requests over a simulated machine, with a client that keeps what it is sent.
#ifndef MM_TEST_SERVICE_FIXTURE_H
#define MM_TEST_SERVICE_FIXTURE_H

#include "common/common.h"
#include "kernel_interface/simulated_kernel.h"
#include "priority_manager/priority_order.h"

// A C name may be a struct's and a function's; in C++ the function hides the constructor, which nobody calls.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "service/requests/requests.h"
#pragma GCC diagnostic pop

#include <cjson/cJSON.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace service_test
{

struct JsonDelete {
    void operator()(cJSON *json) const
    {
        cJSON_Delete(json);
    }
};
using Json = std::unique_ptr<cJSON, JsonDelete>;

inline Json parse(const std::string &text)
{
    return Json(cJSON_ParseWithOpts(text.c_str(), nullptr, 1));
}

inline const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

inline const cJSON *member(const Json &object, const char *name)
{
    return member(object.get(), name);
}

inline std::string text_of(const cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : "";
}

inline double number_of(const cJSON *item)
{
    return cJSON_IsNumber(item) ? item->valuedouble : -12345;
}

constexpr pid_t OwnPid = 77;
constexpr uid_t OwnUid = 990;

// Everything the handlers need. Processes: 1 (init), 77 (the daemon), 100 to 103.
class World
{
  public:
    explicit World(mm_priority_compat compat = MM_PRIORITY_COMPAT_NONE)
    {
        mm_simulated_machine machine{};

        machine.ram_bytes = 1024 * MM_MIB;
        machine.own_pid = OwnPid;
        EXPECT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
        // Moments are 0 where something has not happened: the clock must not stand there.
        mm_simulated_advance(kernel, MM_NS_PER_S);
        // A copy, so that a test can put an operation of its own in the table's place.
        ops = *kernel->ops;
        config.reset(mm_config_new());
        config->reclaim_priority.compat = compat;
        facts.pid = OwnPid;
        facts.uid = OwnUid;
        facts.version = "1.2.3";
        facts.source_count = 1;
        facts.sources[0].name = "psi";
        mm_copy_text(facts.sources[0].detail, sizeof(facts.sources[0].detail), "no PSI here");
        spawn(1, 0, "init");
        spawn(OwnPid, 0, "memmgrd");
        spawn(100, 1000, "mail");
        spawn(101, 1000, "player");
        spawn(102, 1001, "other user's");
        spawn(103, 20010001, "account 100");
        EXPECT_EQ(mm_event_center_new(kernel, &center), 0);
        EXPECT_EQ(mm_decision_log_new(center, &decisions), 0);
        EXPECT_EQ(mm_priority_manager_new(kernel, center, config.get(), &manager), 0);
        EXPECT_EQ(mm_kill_strategy_new(kernel, center, manager, config.get(), &kill), 0);
        EXPECT_EQ(mm_priority_manager_scan(manager), 0);
        context.kernel = kernel;
        context.center = center;
        context.manager = manager;
        context.kill = kill;
        context.decisions = decisions;
        context.config = config.get();
        context.facts = &facts;
        EXPECT_EQ(mm_requests_new(&context, &requests), 0);
    }
    ~World()
    {
        mm_requests_free(requests);
        mm_kill_strategy_free(kill);
        mm_priority_manager_free(manager);
        mm_decision_log_free(decisions);
        mm_event_center_free(center);
        mm_kernel_free(kernel);
    }
    World(const World &) = delete;
    World &operator=(const World &) = delete;

    void spawn(pid_t pid, uid_t uid, const char *comm)
    {
        mm_simulated_process process{};

        process.pid = pid;
        process.ppid = 1;
        process.uid = uid;
        process.comm = comm;
        process.anonymous_bytes = 64 * MM_KIB;
        EXPECT_EQ(mm_simulated_spawn(kernel, &process), 0) << pid;
    }
    void override_operations()
    {
        kernel->ops = &ops;
    }

    mm_kernel *kernel = nullptr;
    mm_kernel_ops ops{};
    mm_event_center *center = nullptr;
    mm_decision_log *decisions = nullptr;
    mm_priority_manager *manager = nullptr;
    mm_kill_strategy *kill = nullptr;
    mm_requests *requests = nullptr;
    mm_daemon_facts facts{};
    mm_service_context context{};
    struct ConfigFree {
        void operator()(mm_config *freed) const
        {
            mm_config_free(freed);
        }
    };
    std::unique_ptr<mm_config, ConfigFree> config;
};

// The pids of the list, in its order.
inline std::vector<pid_t> list_order(const World &world)
{
    const mm_priority_list *list = mm_priority_manager_list(world.manager);
    std::vector<pid_t> pids;
    mm_priority_walk walk;

    mm_priority_walk_begin(&walk, list);
    while (mm_priority_entry *entry = mm_priority_walk_next(&walk)) {
        mm_bundle *bundle = MM_BUNDLE_OF(entry);

        MM_LIST_FOR_EACH (link, &bundle->processes)
            pids.push_back(MM_CONTAINER_OF(link, mm_process, bundle_link)->pid);
    }
    return pids;
}

class Client
{
  public:
    explicit Client(World &its_world, uid_t uid = 0) : world(its_world)
    {
        request_client.peer.pid = 4000;
        request_client.peer.uid = uid;
        request_client.send = keep;
        request_client.user = this;
    }

    // One packet as it is; the answer parsed. Every packet has exactly one.
    Json raw(const std::string &packet)
    {
        std::vector<char> bytes(packet.begin(), packet.end());
        size_t before = packets.size();

        bytes.push_back('\0');
        mm_requests_handle(world.requests, &request_client, bytes.data(), packet.size());
        EXPECT_EQ(packets.size(), before + 1);
        if (packets.empty())
            return nullptr;
        EXPECT_LE(packets.back().size(), (size_t)MM_CONTROL_PACKET_MAX);
        Json answer = parse(packets.back());
        EXPECT_TRUE(answer) << packets.back();
        return answer;
    }
    // fields: what follows "request", with a leading comma or empty.
    Json ask(const std::string &request, const std::string &fields = "")
    {
        Json answer = raw("{\"version\":1,\"id\":" + std::to_string(++id) + ",\"request\":\"" + request +
                          "\"" + fields + "}");

        EXPECT_EQ(number_of(member(answer, "id")), (double)id);
        return answer;
    }
    // "" for an answer that is ok, else the error's code.
    static std::string code(const Json &answer)
    {
        if (cJSON_IsTrue(member(answer, "ok")))
            return "";
        EXPECT_TRUE(cJSON_IsFalse(member(answer, "ok")));
        EXPECT_NE(text_of(member(member(answer, "error"), "message")), "");
        return text_of(member(member(answer, "error"), "code"));
    }
    static std::string message(const Json &answer)
    {
        return text_of(member(member(answer, "error"), "message"));
    }

    World &world;
    mm_request_client request_client{};
    std::vector<std::string> packets;
    int64_t id = 0;

  private:
    static void keep(mm_request_client *client, const char *packet, size_t length)
    {
        static_cast<Client *>(client->user)->packets.emplace_back(packet, length);
    }
};

// Keeps copies of the events of some kinds.
class Listener
{
  public:
    Listener(World &world, uint32_t kinds) : center(world.center)
    {
        EXPECT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER, kinds, keep, this), 0);
    }
    ~Listener()
    {
        mm_event_center_unsubscribe(center, keep, this);
    }
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

    std::vector<mm_event> events;

  private:
    static void keep(const mm_event *event, void *user)
    {
        static_cast<Listener *>(user)->events.push_back(*event);
    }
    mm_event_center *center;
};

} // namespace service_test

#endif
