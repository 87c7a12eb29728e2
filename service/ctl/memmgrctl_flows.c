/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl flows": what is collected beside the engine, and switching it on and off. */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"

#include <stdio.h>
#include <string.h>

#define FIGURES_TEXT_MAX 512

static enum mm_style style_of(const char *phase)
{
    static const struct {
        const char *phase;
        enum mm_style style;
    } styles[] = {
        {"running", MM_STYLE_GOOD},
        {"waiting", MM_STYLE_WARN},
        {"off", MM_STYLE_FAINT},
        {"unsupported", MM_STYLE_FAINT},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(styles); i++) {
        if (strcmp(styles[i].phase, phase) == 0)
            return styles[i].style;
    }
    return MM_STYLE_PLAIN;
}

/* "for 3.1 s", "again in 2 s". */
static void print_duration(struct mm_table *table, const cJSON *flow)
{
    const cJSON *running = mm_json_get(flow, "running_ms"), *retry = mm_json_get(flow, "retry_in_ms");
    char text[MM_DURATION_TEXT_MAX];

    if (cJSON_IsNumber(running))
        mm_table_cell(table, MM_STYLE_PLAIN, "for %s",
                      mm_duration_text(running->valuedouble, text, sizeof(text)));
    else if (cJSON_IsNumber(retry))
        mm_table_cell(table, MM_STYLE_PLAIN, "again in %s",
                      mm_duration_text(retry->valuedouble, text, sizeof(text)));
    else
        mm_table_cell(table, MM_STYLE_PLAIN, "-");
}

static void describe_cpu(const cJSON *cpu, char *text, size_t size)
{
    (void)mm_format(text, size, "%.0f processes, %.1f %% of a processor; ",
                    mm_json_get_number(cpu, "processes"), mm_json_get_number(cpu, "busy_permille") / 10);
}

/* "3 processes, gpu 0 at 710 MHz and 37.5 % busy; ": of the devices those parts that are known. */
static void describe_gpu(const cJSON *gpu, char *text, size_t size)
{
    size_t used = mm_format(text, size, "%.0f processes", mm_json_get_number(gpu, "processes"));
    const cJSON *device;

    cJSON_ArrayForEach (device, mm_json_get(gpu, "devices")) {
        const cJSON *khz = mm_json_get(device, "khz"), *busy = mm_json_get(device, "busy_permille");

        if (!khz && !busy)
            continue;
        used += mm_format(text + used, size - used, ", gpu %.0f", mm_json_get_number(device, "gpu"));
        if (khz)
            used += mm_format(text + used, size - used, " at %.0f MHz", khz->valuedouble / 1000);
        if (busy)
            used += mm_format(text + used, size - used, "%s %.1f %% busy", khz ? " and" : "",
                              busy->valuedouble / 10);
    }
    (void)mm_format(text + used, size - used, "; ");
}

/* What it has found of late, then how it finds it. */
static void print_how(struct mm_table *table, const cJSON *flow)
{
    static const struct {
        const char *member;
        void (*describe)(const cJSON *figures, char *text, size_t size);
    } kinds[] = {{"cpu", describe_cpu}, {"gpu", describe_gpu}};
    char text[FIGURES_TEXT_MAX] = "";

    for (size_t i = 0; i < MM_ARRAY_SIZE(kinds); i++) {
        const cJSON *figures = mm_json_get(flow, kinds[i].member);

        if (cJSON_IsObject(figures))
            kinds[i].describe(figures, text, sizeof(text));
    }
    mm_table_cell(table, MM_STYLE_PLAIN, "%s%s", text, mm_json_get_text(flow, "reason"));
}

static void print_flows(const struct mm_ctl *ctl, const cJSON *answer)
{
    static const struct mm_column columns[] = {
        {"FLOW", false},    {"STATE", false}, {"TIME", false},
        {"FAILURES", true}, {"WHAT", false},  {"HOW", false},
    };
    struct mm_table *table = mm_table_new(columns, MM_ARRAY_SIZE(columns));
    const cJSON *flow;

    cJSON_ArrayForEach (flow, mm_json_get(answer, "flows")) {
        const char *phase = mm_json_get_text(flow, "phase");

        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(flow, "name"));
        mm_table_cell(table, style_of(phase), "%s", phase);
        print_duration(table, flow);
        mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(flow, "failures"));
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(flow, "summary"));
        print_how(table, flow);
    }
    mm_table_print(table, ctl);
    mm_table_free(table);
}

/* The request for what stands on the command line; NULL, and an exit status, where that makes no sense. */
static cJSON *make_request(const struct mm_ctl *ctl, int *ret_status)
{
    const char *word = ctl->argument_count > 0 ? ctl->arguments[0] : NULL;
    cJSON *request;

    if (!word)
        return mm_session_request("flows");
    if (strcmp(word, "start") != 0 && strcmp(word, "stop") != 0) {
        *ret_status = mm_ctl_usage(ctl, "\"%s\" is none of start and stop", word);
        return NULL;
    }
    if (ctl->argument_count < 2) {
        *ret_status = mm_ctl_usage(ctl, "something is missing: NAME");
        return NULL;
    }
    request = mm_session_request("flow");
    (void)cJSON_AddStringToObject(request, "name", ctl->arguments[1]);
    (void)cJSON_AddBoolToObject(request, "on", strcmp(word, "start") == 0);
    return request;
}

static int run(struct mm_ctl *ctl)
{
    int result = MM_CTL_OK;
    cJSON *request = make_request(ctl, &result), *answer;

    if (!request)
        return result;
    result = mm_session_ask_once(ctl, request, &answer);
    if (result != MM_CTL_OK)
        return result;
    if (ctl->is_json)
        mm_print_json(answer);
    else if (ctl->argument_count > 0)
        (void)printf("%s: %s\n", ctl->arguments[1], mm_json_get_text(answer, "phase"));
    else
        print_flows(ctl, answer);
    cJSON_Delete(answer);
    return MM_CTL_OK;
}

const struct mm_ctl_command mm_ctl_flows = {
    .name = "flows",
    .summary = "show what is collected beside the engine, and switch it on or off",
    .arguments = "[start NAME | stop NAME]",
    .max_arguments = 2,
    .details = "What is switched here stays so until the daemon ends, or the configuration changes it.\n"
               "memflow is the engine itself and cannot be switched.",
    .run = run,
};
