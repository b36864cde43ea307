/* SPDX-License-Identifier: GPL-2.0-or-later */
/* veth.h - interfaces of a network namespace: cables out of it, their settings */
#ifndef UMNET_KERN_VETH_H
#define UMNET_KERN_VETH_H

#include <stdbool.h>

/*
 * A cable: one end is `name` here, the other one, of the same name, in the
 * namespace that netns is a descriptor of. 0 or -errno.
 */
int veth_make(const char *name, int mtu, int netns);
/* Of an interface in the namespace of the socket sock. */
int veth_set_up(int sock, const char *name);
int veth_index(int sock, const char *name);
/* The kernel fills checksums in, and sends no more than a frame, itself. */
void veth_plain_frames(int sock, const char *name);
/* An address, with its netmask, and where all else is. */
int veth_address(int sock, const char *name, const char *addr, const char *mask,
		 const char *gateway);

#endif
