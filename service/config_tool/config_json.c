/* SPDX-License-Identifier: Apache-2.0 */
/* From visits to a tree of JSON. */
#include "service/config_tool/config_json.h"

#include "config/visit.h"
#include "service/config_tool/config_tool.h"

struct builder {
    const struct mm_config *config;
    bool with_origins;
    /* The objects and arrays that are open, the root first. */
    cJSON *open[MM_CONFIG_DEPTH_MAX + 1];
    unsigned depth;
    bool has_failed;
};

/* Takes the item over: into the object that is open under its element's name, or into the array. */
static void add(struct builder *builder, unsigned element, cJSON *item)
{
    cJSON *holder = builder->open[builder->depth - 1];
    bool is_added = cJSON_IsArray(holder)
                        ? mm_config_tool_json_append(holder, item)
                        : mm_config_tool_json_add(holder, mm_vocabulary_name(element), item);

    builder->has_failed = builder->has_failed || !is_added;
}

static void descend(struct builder *builder, unsigned element, cJSON *item)
{
    if (builder->has_failed || builder->depth > MM_CONFIG_DEPTH_MAX) {
        cJSON_Delete(item);
        builder->has_failed = true;
        return;
    }
    add(builder, element, item);
    if (!builder->has_failed)
        builder->open[builder->depth++] = item;
}

static void ascend(void *user, unsigned element)
{
    struct builder *builder = user;

    (void)element;
    if (!builder->has_failed)
        builder->depth--;
}

static void open_holder(void *user, unsigned element, unsigned instance)
{
    struct builder *builder = user;
    struct mm_origin origin;
    cJSON *object = cJSON_CreateObject();

    if (mm_vocabulary_at(element)->type == MM_TYPE_ROW &&
        mm_config_origin(builder->config, element, instance, &origin) && origin.id && object &&
        !mm_config_tool_json_add(object, "id", cJSON_CreateString(origin.id)))
        builder->has_failed = true;
    descend(builder, element, object);
}

static void open_list(void *user, unsigned element)
{
    descend(user, element, cJSON_CreateArray());
}

static cJSON *value_json(const struct mm_visited_value *value)
{
    switch (value->kind) {
    case MM_VISITED_NUMBER:
        return mm_config_tool_json_number(value->number);
    case MM_VISITED_TRUTH:
        return cJSON_CreateBool(value->number != 0);
    case MM_VISITED_TEXT:
        break;
    }
    /* From XML, so that it is UTF-8. */
    return cJSON_CreateString(value->text);
}

static cJSON *with_origin(const struct builder *builder, const struct mm_visited_value *value)
{
    struct mm_origin origin = {0};
    bool is_given = mm_config_origin(builder->config, value->element, value->instance, &origin);
    cJSON *json = cJSON_CreateObject();

    if (json && mm_config_tool_json_add(json, "value", value_json(value)) &&
        mm_config_tool_json_add(json, "file",
                                is_given ? mm_config_tool_json_text(origin.file) : cJSON_CreateNull()) &&
        mm_config_tool_json_add(json, "line",
                                is_given ? cJSON_CreateNumber(origin.line) : cJSON_CreateNull()) &&
        mm_config_tool_json_add(json, "profile",
                                origin.profile ? cJSON_CreateString(origin.profile) : cJSON_CreateNull()))
        return json;
    cJSON_Delete(json);
    return NULL;
}

static void take_value(void *user, const struct mm_visited_value *value)
{
    struct builder *builder = user;

    if (builder->has_failed)
        return;
    add(builder, value->element, builder->with_origins ? with_origin(builder, value) : value_json(value));
}

cJSON *mm_config_json(const struct mm_config *config, unsigned only, bool with_origins)
{
    struct builder builder = {
        .config = config, .with_origins = with_origins, .open = {cJSON_CreateObject()}, .depth = 1};
    const struct mm_config_visitor visitor = {.open = open_holder,
                                              .close = ascend,
                                              .value = take_value,
                                              .open_list = open_list,
                                              .close_list = ascend,
                                              .user = &builder};

    if (!builder.open[0])
        return NULL;
    mm_config_visit(config, only, &visitor);
    if (!builder.has_failed)
        return builder.open[0];
    cJSON_Delete(builder.open[0]);
    return NULL;
}
