/* SPDX-License-Identifier: Apache-2.0 */
/* The device that a configuration is looked at for: this one, or one that is not on the desk. */
#include "service/config_tool/config_tool.h"

#include "common/common.h"
#include "common/ram.h"

#include <inttypes.h>
#include <string.h>

/* 1 PiB, far above any device, far from where bytes in 64 bits would wrap; and a wall of screens. */
#define RAM_MB_MAX        ((int64_t)1 << 30)
#define SCREEN_INCHES_MAX 1000

int mm_config_tool_device(const struct mm_ctl *ctl, struct mm_config_device *ret_device)
{
    struct mm_config_device device = {.ram_bytes = mm_ram_bytes()};
    const char *ram_mb = mm_ctl_option(ctl, "ram-mb"), *inches = mm_ctl_option(ctl, "screen-inches");
    int64_t number = 0;
    int result = ram_mb ? mm_ctl_number(ctl, "--ram-mb", ram_mb, 0, RAM_MB_MAX, &number) : 0;

    if (result == 0 && ram_mb)
        device.ram_bytes = (uint64_t)number * MM_MIB;
    if (result == 0 && inches)
        result = mm_ctl_number(ctl, "--screen-inches", inches, 0, SCREEN_INCHES_MAX, &number);
    if (result == 0 && inches)
        device.screen_inches = (unsigned)number;
    device.device = mm_ctl_option(ctl, "device");
    if (result == 0)
        *ret_device = device;
    return result;
}

const char *mm_config_tool_device_text(const struct mm_config_device *device, char *buffer, size_t size)
{
    char shown[MM_DEVICE_TEXT_MAX / 2];
    size_t length = device->ram_bytes > 0 ? mm_format(buffer, size, "a device with %" PRIu64 " MB of RAM",
                                                      (uint64_t)(device->ram_bytes / MM_MIB))
                                          : mm_format(buffer, size, "a device with RAM that is not known");

    if (device->screen_inches > 0)
        length += mm_format(buffer + length, size - length, ", a screen of %u inches", device->screen_inches);
    if (device->device && device->device[0])
        (void)mm_format(buffer + length, size - length, ", called %s",
                        mm_printable(device->device, strlen(device->device), shown, sizeof(shown)));
    return buffer;
}

cJSON *mm_config_tool_device_json(const struct mm_config_device *device)
{
    cJSON *json = cJSON_CreateObject();
    bool has_name = device->device && device->device[0];

    if (json &&
        mm_config_tool_json_add(json, "ram_mb",
                                device->ram_bytes > 0
                                    ? mm_config_tool_json_number((int64_t)(device->ram_bytes / MM_MIB))
                                    : cJSON_CreateNull()) &&
        mm_config_tool_json_add(json, "screen_inches",
                                device->screen_inches > 0 ? cJSON_CreateNumber(device->screen_inches)
                                                          : cJSON_CreateNull()) &&
        mm_config_tool_json_add(json, "name",
                                has_name ? mm_config_tool_json_text(device->device) : cJSON_CreateNull()))
        return json;
    cJSON_Delete(json);
    return NULL;
}
