/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interp.h - program interpreters that stay open
 *
 * Nearly every program has the same one. Agents open it by the monitor's
 * descriptor, which costs less than to be given one.
 */
#ifndef UM_SYS_INTERP_H
#define UM_SYS_INTERP_H

#include <stdbool.h>

#include "base/cleanup.h"

/**
 * um_interp_open - open an interpreter of the host's
 * @path: its name on the host
 * @stays: whether the descriptor stays open as long as the session; else it is
 *	the caller's to close
 * Return: a descriptor, or -errno
 */
int um_interp_open(const char *path, bool *stays) UM_MUST_CHECK;
/* Is fd one of those that stay open? */
bool um_interp_is_kept(int fd);

#endif
