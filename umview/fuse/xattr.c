// SPDX-License-Identifier: GPL-2.0-or-later
/* xattr.c - extended attributes of a FUSE file system */
#include "fuse/ops.h"
#include "fuse/perm.h"

/* Send with the node of path. ENOSYS of the daemon: it has none. */
static ssize_t call_at(struct um_fs *fs, const char *path,
		       struct um_fuse_call *k, int need)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	ssize_t ret;

	if (um_fuse_lacks(c, k->opcode))
		return -EOPNOTSUPP;
	ret = um_fuse_resolve(c, path, &n);
	if (ret < 0)
		return ret;
	ret = um_fuse_may(c, n, need);
	k->node = n->id;
	if (ret == 0)
		ret = um_fuse_call(c, k);
	if (need == UM_FUSE_W)
		um_fuse_forget_attr(c, n);
	um_fuse_node_put(c, n);
	return ret == -ENOSYS ? -EOPNOTSUPP : ret;
}

int um_fuse_setxattr(struct um_fs *fs, const char *path, const char *name,
		     const void *value, size_t size, int flags)
{
	struct {
		uint32_t size;
		uint32_t flags;
	} in = { (uint32_t)size, (uint32_t)flags };
	/* the value is only read */
	struct um_fuse_call k = { .opcode = FUSE_SETXATTR,
				  .in = { UM_FUSE_ARG(in),
					  UM_FUSE_STR(name),
					  { (void *)(uintptr_t)value, size } },
				  .nargs = 3 };

	_Static_assert(sizeof(in) == FUSE_COMPAT_SETXATTR_IN_SIZE,
		       "the short form: FUSE_SETXATTR_EXT is not offered");
	return (int)call_at(fs, path, &k, UM_FUSE_W);
}

/* With size 0 the reply is a number, else the data. */
static ssize_t get(struct um_fs *fs, const char *path, struct um_fuse_call *k,
		   void *buf, size_t size)
{
	struct fuse_getxattr_out length = { 0 };
	ssize_t ret;

	k->out = size ? buf : &length;
	k->outmax = size ? size : sizeof(length);
	k->exact = !size;
	ret = call_at(fs, path, k, 0);
	k->out = NULL;
	return ret < 0 || size ? ret : (ssize_t)length.size;
}

ssize_t um_fuse_getxattr(struct um_fs *fs, const char *path, const char *name,
			 void *buf, size_t size)
{
	struct fuse_getxattr_in in = { .size = (uint32_t)size };
	struct um_fuse_call k = { .opcode = FUSE_GETXATTR,
				  .in = { UM_FUSE_ARG(in), UM_FUSE_STR(name) },
				  .nargs = 2 };

	return get(fs, path, &k, buf, size);
}

ssize_t um_fuse_listxattr(struct um_fs *fs, const char *path, char *buf,
			  size_t size)
{
	struct fuse_getxattr_in in = { .size = (uint32_t)size };
	struct um_fuse_call k = { .opcode = FUSE_LISTXATTR,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	return get(fs, path, &k, buf, size);
}

int um_fuse_removexattr(struct um_fs *fs, const char *path, const char *name)
{
	struct um_fuse_call k = { .opcode = FUSE_REMOVEXATTR,
				  .in = { UM_FUSE_STR(name) },
				  .nargs = 1 };

	return (int)call_at(fs, path, &k, UM_FUSE_W);
}
