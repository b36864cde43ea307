// SPDX-License-Identifier: GPL-2.0-or-later
/* umnetlwip.c - the module: a network stack of its own, mounted */
#include "mount.h"

static int lwip_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	return um_lwip_start(req->source, req->options, fs);
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(um_module),
	.name = "umnetlwip",
	.description = "a network stack of its own: TCP/IP in a process (lwIP)",
	.options = um_lwip_options,
	.mount = lwip_mount,
};
