/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - options of ramfs */
#ifndef RAMFS_OPTIONS_H
#define RAMFS_OPTIONS_H

#include "tree.h"

/* Comma-separated words into l. 0 or -errno. */
int ram_take_options(const char *options, struct ram_limits *l);
int ramfs_remount(struct um_fs *fs, unsigned long flags, const char *options);

#endif
