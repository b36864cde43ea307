// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compat.c - structures that were shorter in older versions of the protocol
 *
 * A daemon of version 7.5 to 7.11 gets and sends them as they were then; all
 * that was added lies at the end, and is 0 where it did not come.
 */
#include <string.h>

#include "fuse/conn.h"

/* The reply to CREATE as it is now. */
struct created {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

void um_fuse_shorten(const struct um_fuse *c, struct um_fuse_call *k)
{
	if (c->minor < 12 && k->opcode == FUSE_MKNOD)
		k->in[0].iov_len = FUSE_COMPAT_MKNOD_IN_SIZE;
	if (c->minor < 12 && k->opcode == FUSE_CREATE)
		k->in[0].iov_len = sizeof(struct fuse_open_in);
	if (c->minor >= 9)
		return;
	switch (k->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
		k->outmax = FUSE_COMPAT_ENTRY_OUT_SIZE;
		break;
	case FUSE_CREATE:
		k->outmax = FUSE_COMPAT_ENTRY_OUT_SIZE +
			    sizeof(struct fuse_open_out);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		k->outmax = FUSE_COMPAT_ATTR_OUT_SIZE;
		break;
	case FUSE_WRITE:
		k->in[0].iov_len = FUSE_COMPAT_WRITE_IN_SIZE;
		break;
	default:
		break;
	}
}

void um_fuse_lengthen(const struct um_fuse *c, const struct um_fuse_call *k)
{
	struct created *made = k->out;

	if (c->minor >= 9 || k->opcode != FUSE_CREATE)
		return;
	memmove(&made->open, (char *)made + FUSE_COMPAT_ENTRY_OUT_SIZE,
		sizeof(made->open));
	memset((char *)made + FUSE_COMPAT_ENTRY_OUT_SIZE, 0,
	       sizeof(made->entry) - FUSE_COMPAT_ENTRY_OUT_SIZE);
}
