// SPDX-License-Identifier: Apache-2.0
// "memmgrctl top": the order and choice of rows, and the program on a terminal.
#include "flow_support.h"
#include "service_server.h"
#include "terminal.h"

#include "service/ctl/top_model.h"
#include "service/flows/cpu_figures.h"
#include "service/flows/gpu_figures.h"

using namespace service_test;

namespace
{

// ---- the model ----------------------------------------------------------------------------------------

class TopModel : public testing::Test
{
  protected:
    TopModel()
    {
        list = parse(R"({"processes":[
            {"pid":30,"name":"mail","bundle_priority":400,"priority":400,"resident_bytes":1000,"cpu_permille":5,"why":"background"},
            {"pid":20,"name":"Player","bundle_priority":200,"priority":200,"resident_bytes":3000,"cpu_permille":15,"registered":true},
            {"pid":10,"name":"desk\u001b[2Jtop","bundle_priority":0,"priority":0,"resident_bytes":3000}]})");
    }
    ~TopModel() override
    {
        mm_top_model_fini(&model);
    }
    std::vector<int64_t> pids()
    {
        std::vector<int64_t> all;

        EXPECT_EQ(mm_top_model_take(&model, list.get()), 0);
        for (size_t i = 0; i < model.count; i++)
            all.push_back(model.rows[i].pid);
        return all;
    }
    Json list;
    mm_top_model model = {};
};

TEST_F(TopModel, EachOrderAndItsReverse)
{
    const struct {
        const char *word;
        std::vector<int64_t> plain, reversed;
    } rows[] = {
        {"death", {30, 20, 10}, {30, 20, 10}}, {"size", {20, 10, 30}, {30, 20, 10}},
        {"name", {20, 10, 30}, {30, 10, 20}},  {"pid", {10, 20, 30}, {30, 20, 10}},
        {"cpu", {20, 30, 10}, {10, 30, 20}},
    };

    for (const auto &row : rows) {
        ASSERT_EQ(mm_top_order_parse(row.word, &model.order), 0);
        model.is_reversed = false;
        EXPECT_EQ(pids(), row.plain) << row.word;
        if (std::string(row.word) == "death")
            continue;
        model.is_reversed = true;
        EXPECT_EQ(pids(), row.reversed) << row.word << " reversed: equals stay in the order of death";
    }
    mm_top_order order = MM_TOP_BY_PID;
    EXPECT_EQ(mm_top_order_parse("Size", &order), -EINVAL);
    EXPECT_EQ(order, MM_TOP_BY_PID);
}

TEST_F(TopModel, DeathReversedBeginsWithWhoDiesLast)
{
    model.is_reversed = true;
    EXPECT_EQ(pids(), (std::vector<int64_t>{10, 20, 30}));
}

TEST_F(TopModel, FilterTakesPartsOfNamesAndWholePids)
{
    const struct {
        const char *filter;
        std::vector<int64_t> pids;
    } rows[] = {{"", {30, 20, 10}}, {"PLAY", {20}}, {"a", {30, 20}}, {"10", {10}}, {"3", {}}, {"none", {}}};

    for (const auto &row : rows) {
        mm_copy_text(model.filter, sizeof(model.filter), row.filter);
        EXPECT_EQ(pids(), row.pids) << row.filter;
        EXPECT_EQ(model.total, 3U);
    }
}

TEST_F(TopModel, KnowsWhetherRunTimeIsCollected)
{
    (void)pids();
    EXPECT_TRUE(model.has_measure[MM_TOP_CPU]);
    list = parse(R"({"processes":[{"pid":30,"name":"mail"}]})");
    (void)pids();
    EXPECT_FALSE(model.has_measure[MM_TOP_CPU]);
}

// What a process itself did counts before what its user did.
TEST_F(TopModel, TakesTheUsersShareOfGraphicsWhereThereIsNoOther)
{
    char text[MM_TOP_MEASURE_MAX];

    list = parse(R"({"processes":[{"pid":30,"gpu_user_permille":120},{"pid":20,"gpu_user_permille":75,
        "gpu_permille":990}]})");
    model.order = MM_TOP_BY_GPU;
    EXPECT_EQ(pids(), (std::vector<int64_t>{20, 30}));
    EXPECT_TRUE(model.has_measure[MM_TOP_GPU]);
    EXPECT_FALSE(model.has_measure[MM_TOP_GPU_MEMORY]);
    EXPECT_STREQ(mm_top_measure_text(MM_TOP_GPU, model.rows[0].measures[MM_TOP_GPU], text), "99.0");
    EXPECT_STREQ(mm_top_measure_text(MM_TOP_GPU, model.rows[1].measures[MM_TOP_GPU], text), "12.0");
    EXPECT_STREQ(mm_top_measure_text(MM_TOP_GPU_MEMORY, 2048, text), "2 KiB");
}

TEST_F(TopModel, NamesAreHarmlessForATerminal)
{
    (void)pids();
    EXPECT_EQ(std::string(model.rows[2].name).find('\x1b'), std::string::npos);
}

TEST_F(TopModel, AnswersWithoutProcesses)
{
    for (const char *text :
         {"{}", R"({"processes":[]})", R"({"processes":3})", R"({"processes":[1,null]})"}) {
        list = parse(text);
        EXPECT_EQ(mm_top_model_take(&model, list.get()), 0) << text;
    }
}

// ---- the program --------------------------------------------------------------------------------------

class Top : public testing::Test
{
  protected:
    std::vector<std::string> command(const std::vector<std::string> &arguments = {})
    {
        std::vector<std::string> all = {MM_MEMMGRCTL, "--socket", server.path, "top"};

        all.insert(all.end(), arguments.begin(), arguments.end());
        return all;
    }
    // Named applications; the filter leaves the machine's own processes out.
    void add_applications(int count)
    {
        server.run([count](World &world) {
            Client client(world);

            for (int i = 0; i < count; i++) {
                const std::string pid = std::to_string(1000 + i);

                world.spawn(1000 + i, 1000, ("app" + std::to_string(i)).c_str());
                EXPECT_EQ(Client::code(client.ask("event", R"(,"event":"background","pid":)" + pid +
                                                               R"(,"name":"app)" + std::to_string(i) + "\"")),
                          "");
            }
        });
    }
    // Switched on beside those that there are.
    void add_flow(const mm_flow_ops &ops, void *user)
    {
        server.run([&](World &world) {
            if (!world.context.flows) {
                ASSERT_EQ(mm_flows_new(world.center, &world.context.flows), 0);
            }
            ASSERT_EQ(mm_flows_add(world.context.flows, &ops, user), 0);
            ASSERT_EQ(mm_flows_switch(world.context.flows, ops.name, true), 0);
        });
    }
    Server server;
};

TEST_F(Top, ShowsSortsAndQuits)
{
    add_applications(3);
    Terminal terminal(command(), 24, 100);

    ASSERT_TRUE(terminal.shows("by order of death")) << terminal.screen();
    ASSERT_TRUE(terminal.shows("q quit")) << terminal.screen();
    EXPECT_EQ(terminal.line_with("q quit"), 23) << terminal.screen();
    EXPECT_EQ(terminal.line_with("available"), 1) << terminal.screen();
    EXPECT_GE(terminal.line_with(" app2 "), 4) << terminal.screen();
    const auto is_above = [](const Terminal &seen, const char *upper, const char *lower) {
        return seen.line_with(upper) >= 0 && seen.line_with(upper) < seen.line_with(lower);
    };

    terminal.type("n");
    EXPECT_TRUE(terminal.shows([&](const Terminal &seen) {
        return seen.line_with("by name") == 3 && is_above(seen, " app0 ", " app1 ") &&
               is_above(seen, " app1 ", " app2 ");
    })) << terminal.screen();
    terminal.type("r");
    EXPECT_TRUE(terminal.shows([&](const Terminal &seen) {
        return seen.line_with("by name, reversed") == 3 && is_above(seen, " app2 ", " app1 ") &&
               is_above(seen, " app1 ", " app0 ");
    })) << terminal.screen();
    terminal.type("/app1\r");
    EXPECT_TRUE(terminal.shows([](const Terminal &seen) {
        return seen.line_with("(1 of ") == 3 && seen.line_with(" app1 ") == 4 && seen.line_with(" app2 ") < 0;
    })) << terminal.screen();
    EXPECT_FALSE(terminal.is_restored());
    terminal.type("q");
    EXPECT_EQ(terminal.finish(), 0);
    EXPECT_TRUE(terminal.is_restored());
}

TEST_F(Top, ScrollsAndFollowsTheSizeOfTheTerminal)
{
    add_applications(60);
    Terminal terminal(command({"--sort", "pid", "--filter", "app"}), 20, 90);

    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with(" app14 ") == 18; }))
        << terminal.screen();
    terminal.type("\x1b?s\x1b?s"); // VT52's page down is not known to curses: nothing happens
    terminal.type("r");
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with(" app59 ") == 4; }))
        << terminal.screen();
    terminal.type("\x1b"
                  "B"); // down
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with(" app58 ") == 4; }))
        << terminal.screen();
    terminal.resize(30, 60);
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) {
        return seen.line_with(" app58 ") == 4 && seen.line_with(" app34 ") == 28 &&
               seen.line_with("q quit") == 29;
    })) << terminal.screen();
    terminal.resize(5, 20);
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with("q quit") == 4; }))
        << terminal.screen();
    terminal.resize(1, 1);
    terminal.resize(24, 100);
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with("q quit") == 23; }))
        << terminal.screen();
}

// cpuflow as far as its clients see it: process 1001 ran for an eighth of the time.
int publish_run_time(mm_flow *flow, void *)
{
    auto *figures = static_cast<mm_cpu_figures *>(calloc(1, sizeof(mm_cpu_figures) + sizeof(mm_cpu_process)));

    figures->interval_ns = MM_NS_PER_S;
    figures->count = 1;
    figures->processes[0] = {1001, 125, 125, 0};
    mm_flow_publish(flow, figures);
    return stay(flow);
}

// And gpuflow: process 1000 is busy and has some memory there, process 1002 has more.
int publish_graphics(mm_flow *flow, void *user)
{
    // more than the stack of such a thread should take
    auto before = std::make_unique<mm_bpf_gpu_snapshot>(), now = std::make_unique<mm_bpf_gpu_snapshot>();

    now->taken_ns = MM_NS_PER_S;
    now->programs = *static_cast<const unsigned *>(user);
    now->device_count = 1;
    now->devices[0] = {1, 250, 1000, 0, 710000, 0};
    now->busy_count = 1;
    now->busy_keys[0] = {0, 1000};
    now->busy[0] = {375 * MM_NS_PER_MS, 9};
    now->memory_count = 2;
    now->memory_keys[0] = {0, 1000};
    now->memory_keys[1] = {0, 1002};
    now->memory_bytes[0] = 3 * MM_MIB;
    now->memory_bytes[1] = 7 * MM_MIB;
    mm_flow_publish(flow, mm_gpu_figures_new(before.get(), now.get()));
    return stay(flow);
}

const mm_flow_ops run_time = {MM_CPUFLOW_NAME, "mm-fake", "a fake", publish_run_time};
const mm_flow_ops graphics = {MM_GPUFLOW_NAME, "mm-fake", "a fake", publish_graphics};

TEST_F(Top, ShowsRunTimeWhereItIsCollected)
{
    add_applications(3);
    Terminal terminal(command({"--sort", "pid", "--filter", "app", "--interval", "1"}), 20, 110);
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with(" app0 ") == 4; }))
        << terminal.screen();
    EXPECT_EQ(terminal.line_with("CPU %"), -1) << terminal.screen();
    add_flow(run_time, nullptr);
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) {
        return seen.line_with("CPU %") == 3 && seen.line_with(" 12.5  app1 ") == 5 &&
               seen.line_with(" 0.0  app0 ") == 4;
    })) << terminal.screen();
    terminal.type("c");
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) {
        return seen.line_with("by cpu") == 3 && seen.line_with(" app1 ") == 4;
    })) << terminal.screen();
    terminal.type("q");
    EXPECT_EQ(terminal.finish(), 0);

    Program program(command({"--sort", "cpu", "--filter", "app"}));
    EXPECT_EQ(program.finish(), 0) << program.errors;
    EXPECT_NE(program.output.find("CPU %"), std::string::npos) << program.output;
    EXPECT_EQ(program.output.find("GPU"), std::string::npos) << program.output;
    EXPECT_LT(program.output.find("12.5"), program.output.find("app0")) << program.output;
}

TEST_F(Top, ShowsGraphicsWhereTheyAreCollected)
{
    static unsigned programs = MM_BPF_GPU_JOBS | MM_BPF_GPU_MEMORY;

    add_applications(3);
    add_flow(run_time, nullptr);
    add_flow(graphics, &programs);
    Terminal terminal(command({"--sort", "pid", "--filter", "app", "--interval", "1"}), 20, 120);
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) {
        return seen.line_with("CPU %   GPU %   GPU SIZE  NAME") == 3 &&
               seen.line_with(" 0.0    37.5      3 MiB  app0 ") == 4 &&
               seen.line_with(" 12.5     0.0        0 B  app1 ") == 5 &&
               seen.line_with(" 0.0     0.0      7 MiB  app2 ") == 6;
    })) << terminal.screen();
    terminal.type("g");
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with("by gpu,") == 3; }))
        << terminal.screen();
    EXPECT_EQ(terminal.line_with(" app0 "), 4) << terminal.screen();
    terminal.type("m");
    ASSERT_TRUE(terminal.shows([](const Terminal &seen) {
        return seen.line_with("by gpu memory") == 3 && seen.line_with(" app2 ") == 4 &&
               seen.line_with(" app0 ") == 5;
    })) << terminal.screen();
    terminal.type("q");
    EXPECT_EQ(terminal.finish(), 0);

    Program program(command({"--sort", "gpu-memory", "--filter", "app"}));
    EXPECT_EQ(program.finish(), 0) << program.errors;
    EXPECT_NE(program.output.find("GPU SIZE"), std::string::npos) << program.output;
    EXPECT_LT(program.output.find("7 MiB"), program.output.find("37.5")) << program.output;

    Program json(command({"--json", "--filter", "app0"}));
    EXPECT_EQ(json.finish(), 0) << json.errors;
    EXPECT_NE(json.output.find("\"gpu_permille\":375"), std::string::npos) << json.output;
    EXPECT_NE(json.output.find("\"gpu_memory_bytes\":3145728"), std::string::npos) << json.output;

    Program table({MM_MEMMGRCTL, "--socket", server.path, "flows"});
    EXPECT_EQ(table.finish(), 0) << table.errors;
    EXPECT_NE(table.output.find("2 processes, gpu 0 at 710 MHz and 25.0 % busy; "), std::string::npos)
        << table.output;
    EXPECT_NE(table.output.find("1 processes, 0.0 % of a processor; "), std::string::npos) << table.output;
}

TEST_F(Top, GivesTheTerminalBackAfterSignals)
{
    for (int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
        Terminal terminal(command(), 24, 80, "xterm");

        ASSERT_TRUE(terminal.shows([](const Terminal &seen) {
            return seen.written.find("\x1b[?1049h") != std::string::npos &&
                   seen.written.find("pause") != std::string::npos;
        }));
        ASSERT_EQ(kill(terminal.child, signal_number), 0);
        EXPECT_EQ(terminal.finish(), 0) << signal_number;
        EXPECT_TRUE(terminal.is_restored()) << signal_number;
        EXPECT_NE(terminal.written.find("\x1b[?1049l"), std::string::npos) << signal_number;
    }
}

TEST_F(Top, ControlCEndsIt)
{
    Terminal terminal(command(), 24, 80);

    ASSERT_TRUE(terminal.shows("q quit"));
    terminal.type("\x03");
    EXPECT_EQ(terminal.finish(), 0);
    EXPECT_TRUE(terminal.is_restored());
}

TEST_F(Top, PausesUntilAsked)
{
    Terminal terminal(command({"--interval", "1"}), 24, 100);

    ASSERT_TRUE(terminal.shows("q quit"));
    terminal.type(" ");
    ASSERT_TRUE(terminal.shows("PAUSED")) << terminal.screen();
    add_applications(1);
    terminal.type("r");
    ASSERT_TRUE(terminal.shows("reversed"));
    EXPECT_LT(terminal.line_with("app0"), 0) << terminal.screen();
    terminal.type(" ");
    EXPECT_TRUE(terminal.shows("app0")) << terminal.screen();
}

TEST(TopAlone, ADaemonThatGoesIsSaidAndWaitedFor)
{
    auto server = std::make_unique<Server>();
    const std::vector<std::string> command = {MM_MEMMGRCTL, "--socket",   server->path,
                                              "top",        "--interval", "1"};
    Terminal terminal(command, 24, 100);

    ASSERT_TRUE(terminal.shows("q quit"));
    server.reset();
    EXPECT_TRUE(terminal.shows([](const Terminal &seen) { return seen.line_with("memmgrctl: ") == 23; }))
        << terminal.screen();
    terminal.type("q");
    EXPECT_EQ(terminal.finish(), 0);
    EXPECT_TRUE(terminal.is_restored());
}

TEST(TopAlone, WithoutADaemonTheScreenIsNotTaken)
{
    Terminal terminal({MM_MEMMGRCTL, "--socket", "/nonexistent/socket", "top"}, 24, 80, "xterm");
    int status = terminal.finish();

    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
    EXPECT_NE(terminal.written.find("no daemon listens at /nonexistent/socket"), std::string::npos);
    EXPECT_EQ(terminal.written.find("\x1b["), std::string::npos);
}

TEST_F(Top, AnUnknownTerminalIsSaid)
{
    Terminal terminal(command(), 24, 80, "no-such-terminal");
    int status = terminal.finish();

    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
    EXPECT_NE(terminal.written.find("(TERM)"), std::string::npos) << terminal.written;
    EXPECT_TRUE(terminal.is_restored());
}

// ---- without a terminal -------------------------------------------------------------------------------

TEST_F(Top, PrintsOnceWhereTheOutputIsNoTerminal)
{
    add_applications(2);
    Program program(command({"--sort", "pid", "--filter", "app"}));

    EXPECT_EQ(program.finish(), 0) << program.errors;
    EXPECT_NE(program.output.find("NAME"), std::string::npos) << program.output;
    EXPECT_LT(program.output.find("app0"), program.output.find("app1")) << program.output;
    EXPECT_EQ(program.output.find("mail"), std::string::npos) << program.output;
    EXPECT_EQ(program.output.find('\x1b'), std::string::npos);
}

TEST_F(Top, PrintsOneObjectALine)
{
    add_applications(2);
    Program program(command(
        {"--json", "--sort", "pid", "--reverse", "--filter", "app", "--count", "2", "--interval", "1"}));
    std::stringstream lines;
    std::string line;
    int count = 0;

    EXPECT_EQ(program.finish(), 0) << program.errors;
    lines.str(program.output);
    while (std::getline(lines, line)) {
        Json look = parse(line);
        const cJSON *processes = member(look, "processes");

        ASSERT_EQ(cJSON_GetArraySize(processes), 2) << line;
        EXPECT_STREQ(cJSON_GetStringValue(member(cJSON_GetArrayItem(processes, 0), "name")), "app1");
        EXPECT_TRUE(cJSON_IsObject(member(member(look, "status"), "memory"))) << line;
        count++;
    }
    EXPECT_EQ(count, 2);
}

TEST_F(Top, WrongOptionsAreRefused)
{
    const struct {
        std::vector<std::string> arguments;
        const char *said;
    } rows[] = {
        {{"--sort", "memory"}, "none of death, size, name, pid, cpu, gpu and gpu-memory"},
        {{"--interval", "0"}, "no whole number"},
        {{"--count", "-1"}, "no whole number"},
        {{"--filter", std::string(64, 'x')}, "longer than 63 bytes"},
    };

    for (const auto &row : rows) {
        Program program(command(row.arguments));

        EXPECT_EQ(program.finish(), 2) << row.arguments[0];
        EXPECT_NE(program.errors.find(row.said), std::string::npos) << program.errors;
    }
}

} // namespace
