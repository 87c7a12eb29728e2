/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other killers' configurations turned into drafts of ours: what each parameter means there, and what comes nearest
 * to it here, or that nothing does. No effects: a text or words in, a draft out. What is wrong with the source is an
 * error among the draft's notes.
 */
#ifndef MM_SERVICE_MIGRATE_H
#define MM_SERVICE_MIGRATE_H

#include "service/config_tool/config_draft.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Android's lmkd: a property file, NAME=VALUE a line, or what getprop prints. Properties that are not there have
 * lmkd's defaults (Android 16). The text is NUL-terminated.
 */
void mm_migrate_lmkd(const char *text, const struct mm_config_device *device, struct mm_draft *draft);

/* earlyoom 1.9: its arguments, without its name. */
void mm_migrate_earlyoom(const char *const *words, size_t count, const struct mm_config_device *device,
                         struct mm_draft *draft);
/* The same from /etc/default/earlyoom, or from one argument that holds all of them. */
void mm_migrate_earlyoom_text(const char *text, const struct mm_config_device *device,
                              struct mm_draft *draft);

/* Meta's oomd 0.5: its JSON, in which comments are allowed. */
void mm_migrate_oomd(const char *text, const struct mm_config_device *device, struct mm_draft *draft);

/* OpenHarmony's memmgr, as its README or its source spell it: what the reader made of the file. */
void mm_migrate_memmgr(const struct mm_config_items *items, struct mm_draft *draft);

#ifdef __cplusplus
}
#endif

#endif
