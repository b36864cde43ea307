/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount.h - one start for the two modules: umnetlwip, umlwip */
#ifndef UMNETLWIP_MOUNT_H
#define UMNETLWIP_MOUNT_H

#include <umview/module.h>

/* What both say of their options. */
extern const char um_lwip_options[];

int um_lwip_start(const char *source, const char *options, struct um_fs *fs);

#endif
