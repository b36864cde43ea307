/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - texts of /proc/net, /proc/sys/net, /sys/class/net, resolv.conf */
#ifndef ST_FILES_H
#define ST_FILES_H

#include <stddef.h>
#include <sys/types.h>

/* The text of a file, the caller's to free: its length, or -ENOENT. */
ssize_t st_file_text(const char *path, char **out);

#endif
