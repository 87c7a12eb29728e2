/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of <ramProfile> and <remove>. */
#include "config/vocabulary.h"

/* 1 PiB of RAM, and a wall of screens. */
#define RAM_MB_MAX        1073741824
#define SCREEN_INCHES_MAX 1000

const struct mm_attribute mm_profile_attributes[] = {
    {"minRamMB", MM_TYPE_UNSIGNED, 0, RAM_MB_MAX, "MB",
     "The least RAM of the devices it is for: what the kernel says there is, in whole MB, which is less than "
     "what was "
     "built in."},
    {"maxRamMB", MM_TYPE_UNSIGNED, 0, RAM_MB_MAX, "MB", "The most RAM, itself included."},
    {"minScreenInches", MM_TYPE_UNSIGNED, 1, SCREEN_INCHES_MAX, "inches",
     "The smallest screen, by its diagonal in whole inches."},
    {"maxScreenInches", MM_TYPE_UNSIGNED, 1, SCREEN_INCHES_MAX, "inches",
     "The largest screen, itself included."},
    {"device", MM_TYPE_NAME, 0, 127, "",
     "The name of the device, as device/name or the option for it gives it."},
    {"name", MM_TYPE_NAME, 0, 127, "", "What it is called where it is shown."},
    {0},
};

const struct mm_attribute mm_remove_attributes[] = {
    {"id", MM_TYPE_NAME, 0, 127, "", "In a section: takes away the row of that id."},
    {"name", MM_TYPE_NAME, 0, 127, "",
     "In a section: takes away the row of that key, or the entry of a name list."},
    {"element", MM_TYPE_NAME, 0, 127, "",
     "At the root or in a profile: puts a section or a value, by its path, back to what is built in."},
    {0},
};
