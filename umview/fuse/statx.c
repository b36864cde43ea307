// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * statx.c - FUSE_STATX, for the one attribute that GETATTR does not tell: when a
 * node was made
 *
 * It came with 7.39, which the header of Linux 6.1 does not know. As the kernel
 * does, a daemon is asked by statx(2) with STATX_BTIME only.
 */
#include <linux/stat.h>

#include "fuse/ops.h"
#include "guest/shared.h"

#define OPCODE	     52
#define SINCE_MINOR  39
#define NS_IN_SECOND 1000000000u

struct request {
	uint32_t getattr_flags;
	uint32_t reserved;
	uint64_t fh;
	uint32_t sx_flags;
	uint32_t sx_mask;
};

struct sx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t reserved;
};

struct reply {
	uint64_t attr_valid;
	uint32_t attr_valid_nsec;
	uint32_t flags;
	uint64_t spare[2];
	uint32_t mask;
	uint32_t blksize;
	uint64_t attributes;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t spare0;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct sx_time atime;
	struct sx_time btime;
	struct sx_time ctime;
	struct sx_time mtime;
	uint32_t rdev[2];
	uint32_t dev[2];
	uint64_t spare2[14];
};

_Static_assert(sizeof(struct reply) == 32 + 256, "as long as a struct statx");

void um_fuse_offer_births(struct um_fuse *c)
{
	c->births = c->minor >= SINCE_MINOR;
	if (c->births)
		um_shared_add_births(1);
}

static int ask(struct um_fuse *c, const struct um_fuse_node *n,
	       const struct um_fuse_file *f, struct timespec *out)
{
	struct request in = { .sx_mask = STATX_BASIC_STATS | STATX_BTIME };
	struct reply x = { 0 };
	struct um_fuse_call k = { .opcode = OPCODE,
				  .node = n->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &x,
				  .outmax = sizeof(x),
				  .exact = true };
	ssize_t ret;

	if (f && !f->virtual) {
		in.getattr_flags = FUSE_GETATTR_FH;
		in.fh = f->fh;
	}
	ret = um_fuse_call(c, &k);
	if (ret < 0)
		return (int)ret;
	if (!(x.mask & STATX_BTIME) || x.btime.nsec >= NS_IN_SECOND)
		return -ENOSYS;
	*out = (struct timespec){ x.btime.sec, x.btime.nsec };
	return 0;
}

int um_fuse_birth(struct um_fs *fs, const char *path, struct um_fh *fh,
		  struct timespec *out)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	int ret;

	if (c->minor < SINCE_MINOR || um_fuse_lacks(c, OPCODE))
		return -ENOSYS;
	ret = um_fuse_target(c, path, fh, &n);
	if (ret < 0)
		return ret;
	ret = ask(c, n, um_fuse_file_of(fh), out);
	um_fuse_node_put(c, n);
	return ret;
}
