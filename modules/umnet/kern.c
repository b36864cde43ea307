// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kern.c - umnetkern: a stack of the kernel's own
 *
 * A process (kern/main.c) is alone in a user and a network namespace. It makes
 * the sockets, whose descriptors the guests get: from then on all is the kernel's
 * work. The user owns the user namespace, and so may configure the stack from
 * outside of it. Interfaces are those of umnetlwip (kern/uplink.h).
 */
#include "kern.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <umview/log.h>

#include "interfaces.h"
#include "netproc.h"
#include "words.h"

static bool any_family(int domain)
{
	(void)domain;
	return true;
}

static bool has_adverts(char *const *words)
{
	for (; words && *words; words++)
		if (!strncmp(*words, "ra=", 3))
			return true;
	return false;
}

int um_kern_mount(const char *source, const char *options, struct um_fs *fs)
{
	char **words = NULL;
	int ret;

	if (!*options && (!*source || !strcmp(source, "none")))
		return um_netproc_start("umnetkern-stack", NULL, any_family,
					fs);
	ret = um_interfaces_parse(source, options, &words);
	if (ret == 0 && has_adverts(words)) {
		um_err("umnetkern: ra=FILE: the kernel does not advertise");
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = um_netproc_start("umnetkern-stack", words, any_family,
				       fs);
	words_free(words);
	return ret;
}
