/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a request: checked against a table, then read. */
#include "service/requests/request.h"

#include "common/common.h"
#include "service/shared/clean_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Texts in an array are names of events. */
#define LIST_TEXT_MAX 63

static const struct mm_field envelope[] = {
    {"version", MM_FIELD_INTEGER, true, MM_PROTOCOL_VERSION, MM_PROTOCOL_VERSION},
    {"id", MM_FIELD_INTEGER, true, 0, MM_JSON_INTEGER_MAX},
    {"request", MM_FIELD_TEXT, true, 1, 63},
    {.name = NULL},
};

static const char *field_name(size_t index, const void *user)
{
    const struct mm_field *fields = user;

    return fields[index].name;
}

static int refuse_unknown(struct mm_request *request, const char *name, const struct mm_field *fields)
{
    const char *nearest = mm_nearest_name(name, field_name, fields);

    if (nearest)
        return mm_request_refuse(request, "unknown-field", "unknown field \"%.64s\", is \"%s\" meant?", name,
                                 nearest);
    return mm_request_refuse(request, "unknown-field", "unknown field \"%.64s\"", name);
}

static int check_integer(struct mm_request *request, const cJSON *item, const struct mm_field *field)
{
    /* Compared as doubles: both ends are exact in one, and infinity is a number, too. */
    if (cJSON_IsNumber(item) && item->valuedouble >= (double)field->min &&
        item->valuedouble <= (double)field->max && item->valuedouble == (double)(int64_t)item->valuedouble)
        return 0;
    return mm_request_refuse(request, "bad-field",
                             "field \"%s\" is a whole number from %" PRId64 " to %" PRId64, field->name,
                             field->min, field->max);
}

static int check_text(struct mm_request *request, const cJSON *item, const struct mm_field *field)
{
    size_t length = cJSON_IsString(item) ? strlen(item->valuestring) : 0;

    if (!cJSON_IsString(item) || length < (size_t)field->min || length > (size_t)field->max)
        return mm_request_refuse(request, "bad-field",
                                 "field \"%s\" is a text of %" PRId64 " to %" PRId64 " bytes", field->name,
                                 field->min, field->max);
    if (!mm_text_is_clean(item->valuestring))
        return mm_request_refuse(request, "bad-field",
                                 "field \"%s\" holds a control character or is not UTF-8", field->name);
    return 0;
}

static int check_texts(struct mm_request *request, const cJSON *item, const struct mm_field *field)
{
    const cJSON *element;
    int64_t count = 0;
    bool is_good = cJSON_IsArray(item);

    if (is_good) {
        cJSON_ArrayForEach (element, item) {
            count++;
            is_good = is_good && cJSON_IsString(element) && strlen(element->valuestring) <= LIST_TEXT_MAX;
        }
    }
    if (is_good && count <= field->max)
        return 0;
    return mm_request_refuse(request, "bad-field",
                             "field \"%s\" is an array of at most %" PRId64 " texts of at most %d bytes",
                             field->name, field->max, LIST_TEXT_MAX);
}

static int check_bool(struct mm_request *request, const cJSON *item, const struct mm_field *field)
{
    if (cJSON_IsBool(item))
        return 0;
    return mm_request_refuse(request, "bad-field", "field \"%s\" is true or false", field->name);
}

static int check_value(struct mm_request *request, const cJSON *item, const struct mm_field *field)
{
    static int (*const checks[])(struct mm_request * request, const cJSON *item,
                                 const struct mm_field *field) = {
        [MM_FIELD_INTEGER] = check_integer,
        [MM_FIELD_TEXT] = check_text,
        [MM_FIELD_BOOL] = check_bool,
        [MM_FIELD_TEXTS] = check_texts,
    };

    return checks[field->type](request, item, field);
}

static const struct mm_field *find_field(const struct mm_field *fields, const char *name)
{
    for (; fields->name; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields;
    }
    return NULL;
}

/* True when an earlier member has the same name: which of the two is meant nobody can tell. */
static bool is_repeated(const cJSON *object, const cJSON *item)
{
    return cJSON_GetObjectItemCaseSensitive(object, item->string) != item;
}

int mm_request_check_fields(struct mm_request *request, const struct mm_field *fields)
{
    const cJSON *item;

    cJSON_ArrayForEach (item, request->object) {
        const struct mm_field *field = find_field(envelope, item->string);
        int result;

        if (!field)
            field = find_field(fields, item->string);
        if (!field)
            return refuse_unknown(request, item->string, fields);
        if (is_repeated(request->object, item))
            return mm_request_refuse(request, "bad-field", "field \"%s\" is given twice", field->name);
        result = check_value(request, item, field);
        if (result < 0)
            return result;
    }
    for (; fields->name; fields++) {
        if (fields->is_required && !mm_request_has(request, fields->name))
            return mm_request_refuse(request, "missing-field", "field \"%s\" is missing", fields->name);
    }
    return 0;
}

bool mm_request_has(const struct mm_request *request, const char *field)
{
    return cJSON_GetObjectItemCaseSensitive(request->object, field) != NULL;
}

int64_t mm_request_integer(const struct mm_request *request, const char *field, int64_t missing)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->object, field);

    return item ? (int64_t)item->valuedouble : missing;
}

const char *mm_request_text(const struct mm_request *request, const char *field, const char *missing)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->object, field);

    return item ? item->valuestring : missing;
}

bool mm_request_bool(const struct mm_request *request, const char *field, bool missing)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->object, field);

    return item ? cJSON_IsTrue(item) : missing;
}

int mm_cursor_parse(const char *text, int64_t *ret_numbers, unsigned count)
{
    const char *end = text + strlen(text);

    for (unsigned i = 0; i < count; i++) {
        bool is_negative = *text == '-';
        uint64_t magnitude;

        text += is_negative;
        if (*text < '0' || *text > '9')
            return -EINVAL;
        if (mm_scan_u64(&text, end, &magnitude) < 0 || magnitude > INT64_MAX)
            return -EINVAL;
        ret_numbers[i] = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
        if (i + 1 < count && *text++ != ':')
            return -EINVAL;
    }
    return *text == '\0' ? 0 : -EINVAL;
}
