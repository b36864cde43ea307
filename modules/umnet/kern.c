// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kern.c - umnetkern: a stack of the kernel's own
 *
 * A process (kern/main.c) is alone in a user and a network namespace. It makes
 * the sockets, whose descriptors the guests get: from then on all is the kernel's
 * work. The user owns the user namespace, and so may configure the stack from
 * outside of it.
 */
#include "kern.h"

#include <stddef.h>

#include "netproc.h"

static bool any_family(int domain)
{
	(void)domain;
	return true;
}

int um_kern_mount(struct um_fs *fs)
{
	return um_netproc_start("umnetkern-stack", NULL, any_family, fs);
}
