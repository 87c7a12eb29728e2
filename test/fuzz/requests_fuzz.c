/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of clients, one a line, over a small simulated machine: whatever they hold, each gets one answer
 * that is JSON and fits a packet, and so does each event that they cause.
 */
#include "common/common.h"
#include "kernel_interface/simulated_kernel.h"
#include "service/requests/requests.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Few enough that a run builds its machine in less time than it takes to parse the packets. */
#define PROCESSES 6

struct world {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_decision_log *decisions;
    struct mm_priority_manager *manager;
    struct mm_kill_strategy *kill;
    struct mm_config *config;
    struct mm_daemon_facts facts;
    struct mm_service_context context;
    struct mm_requests *requests;
    unsigned answers, events;
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, or the fuzzer stops. */
static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void check_json(const char *packet, size_t length)
{
    cJSON *json;

    require(length <= MM_CONTROL_PACKET_MAX && packet[length] == '\0' && strlen(packet) == length);
    json = cJSON_ParseWithLengthOpts(packet, length + 1, NULL, 1);
    require(cJSON_IsObject(json));
    cJSON_Delete(json);
}

static void keep_answer(struct mm_request_client *client, const char *packet, size_t length)
{
    struct world *world = client->user;

    world->answers++;
    check_json(packet, length);
}

static void check_event(const struct mm_event *event, void *user)
{
    struct world *world = user;
    size_t length;
    const char *packet = mm_requests_event_packet(world->requests, event, &length);

    world->events++;
    if (packet)
        check_json(packet, length);
}

static void spawn_processes(struct world *world)
{
    for (int i = 0; i < PROCESSES; i++) {
        /* 1 is init, 2 the daemon, the others belong to two users of two accounts. */
        const struct mm_simulated_process process = {
            .pid = i + 1,
            .ppid = i == 0 ? 0 : 1,
            .uid = i < 2 ? 0U : 200000U * (unsigned)(i % 2) + 1000U,
            .comm = i % 2 ? "odd\x1b\xff" : "even",
            .anonymous_bytes = MM_MIB,
        };

        require(mm_simulated_spawn(world->kernel, &process) == 0);
    }
}

static void open_world(struct world *world)
{
    const struct mm_simulated_machine machine = {.ram_bytes = 64 * MM_MIB, .own_pid = 2};

    *world = (struct world){.facts = {.pid = 2, .version = "0"}};
    require(mm_simulated_kernel_new(&machine, &world->kernel) == 0);
    spawn_processes(world);
    world->config = mm_config_new();
    require(world->config != NULL);
    require(mm_event_center_new(world->kernel, &world->center) == 0);
    require(mm_decision_log_new(world->center, &world->decisions) == 0);
    require(mm_priority_manager_new(world->kernel, world->center, world->config, &world->manager) == 0);
    require(mm_kill_strategy_new(world->kernel, world->center, world->manager, world->config, &world->kill) ==
            0);
    require(mm_priority_manager_scan(world->manager) == 0);
    world->context = (struct mm_service_context){
        .kernel = world->kernel,
        .center = world->center,
        .manager = world->manager,
        .kill = world->kill,
        .decisions = world->decisions,
        .config = world->config,
        .facts = &world->facts,
    };
    require(mm_requests_new(&world->context, &world->requests) == 0);
    require(mm_event_center_subscribe(world->center, MM_RANK_OBSERVER, mm_requests_event_kinds(), check_event,
                                      world) == 0);
}

static void close_world(struct world *world)
{
    mm_requests_free(world->requests);
    mm_kill_strategy_free(world->kill);
    mm_priority_manager_free(world->manager);
    mm_decision_log_free(world->decisions);
    mm_event_center_free(world->center);
    mm_config_free(world->config);
    mm_kernel_free(world->kernel);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    /* Packets that change it are part of the input; what they log is not wanted. */
    mm_log_init("fuzz", MM_LOG_ERROR);
    return 0;
}

/* Handles one packet, and lets the time pass that follows what it caused. */
static void handle_packet(struct world *world, struct mm_request_client *client, const uint8_t *data,
                          size_t length)
{
    unsigned answers = world->answers;
    /* Of exactly its size, so that reading past it shows. */
    char *packet = malloc(length + 1);

    require(packet != NULL);
    memcpy(packet, data, length);
    packet[length] = '\0';
    mm_requests_handle(world->requests, client, packet, length);
    require(world->answers == answers + 1);
    free(packet);
    if (world->events == 0)
        return;
    mm_simulated_advance(world->kernel, 10 * MM_NS_PER_MS);
    mm_event_center_step(world->center);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Making the machine costs a hundred times what a packet does. It is kept until an event has changed it:
       most packets cause none, and an input means the same whatever ran before. */
    static struct world world;
    static bool is_open;
    struct mm_request_client client = {.send = keep_answer, .user = &world};

    if (!is_open)
        open_world(&world);
    is_open = true;
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t length = newline ? (size_t)(newline - data) : size;

        handle_packet(&world, &client, data, length);
        data += length + (newline != NULL);
        size -= length + (newline != NULL);
    }
    if (world.events > 0) {
        close_world(&world);
        is_open = false;
    }
    return 0;
}
