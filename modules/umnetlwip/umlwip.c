// SPDX-License-Identifier: GPL-2.0-or-later
/* umlwip.c - the module: a network stack of its own, for a whole view at once */
#include "mount.h"

static int lwip_stack(const char *args, struct um_fs *fs)
{
	return um_lwip_start("none", args, fs);
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(um_module),
	.name = "umlwip",
	.description = "all sockets of the view are of a stack of its own",
	.options = um_lwip_options,
	.stack = lwip_stack,
};
