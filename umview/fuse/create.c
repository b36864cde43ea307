// SPDX-License-Identifier: GPL-2.0-or-later
/* create.c - files that are made and opened at once, with and without a name */
#include <fcntl.h>

#include "fuse/ops.h"
#include "fuse/perm.h"

/* What CREATE and TMPFILE answer. */
struct created {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

/* Takes nothing; *n: the new node (ref). @name NULL: TMPFILE. */
static int ask_create(struct um_fuse *c, struct um_fuse_node *dir,
		      const char *name, struct fuse_create_in *in,
		      struct created *out, struct um_fuse_node **n)
{
	/* the kernel's name for what has none */
	const char *sent = name ? name : "/";
	struct um_fuse_call k = { .opcode = name ? FUSE_CREATE : FUSE_TMPFILE,
				  .node = dir->id,
				  .in = { { in, sizeof(*in) },
					  UM_FUSE_STR(sent) },
				  .nargs = 2,
				  .out = out,
				  .outmax = sizeof(*out),
				  .exact = true,
				  .always = true };
	uint64_t asked = um_fuse_asked(c);
	ssize_t ret = um_fuse_call(c, &k);

	if (ret >= 0 && !S_ISREG(out->entry.attr.mode)) {
		um_fuse_forget_entry(c, out->entry.nodeid);
		ret = -EIO;
	}
	if (ret >= 0)
		ret = um_fuse_entry(c, dir, name, &out->entry, asked, n);
	um_fuse_forget_attr(c, dir);
	return ret < 0 ? (int)ret : 0;
}

static struct fuse_create_in creation(mode_t mode, uint32_t flags)
{
	return (struct fuse_create_in){ .flags = flags,
					.mode = (mode & 07777) | S_IFREG,
					.umask = um_caller()->umask };
}

static int create_in(struct um_fuse *c, struct um_fuse_node *dir,
		     const char *name, mode_t mode, struct um_fh *fh)
{
	struct fuse_create_in in =
		creation(mode, (uint32_t)(fh->flags & UM_FUSE_OPEN_FLAGS) |
				       O_CREAT | O_EXCL);
	struct created out = { 0 };
	struct um_fuse_node *n;
	int ret = ask_create(c, dir, name, &in, &out, &n);

	if (ret < 0) {
		um_fuse_drop_name(c, dir, name);
		return ret;
	}
	return um_fuse_file_new(c, n, &out.open, fh);
}

static int tmpfile_in(struct um_fuse *c, struct um_fuse_node *dir, mode_t mode,
		      struct um_fh *fh, struct stat *st)
{
	struct fuse_create_in in =
		creation(mode, (uint32_t)fh->flags | UM_FUSE_LARGEFILE);
	struct created out = { 0 };
	struct um_fuse_node *n;
	int ret = ask_create(c, dir, NULL, &in, &out, &n);

	if (ret < 0)
		return ret;
	um_fuse_lock(c);
	um_fuse_fill_stat(n, &n->attr, st);
	um_fuse_unlock(c);
	fh->flags &= ~O_TMPFILE;
	return um_fuse_file_new(c, n, &out.open, fh);
}

int um_fuse_tmpfile(struct um_fs *fs, const char *path, mode_t mode,
		    struct um_fh *fh, struct stat *out)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *dir;
	int ret;

	if (um_fuse_lacks(c, FUSE_TMPFILE))
		return -ENOSYS;
	ret = um_fuse_resolve(c, path, &dir);
	if (ret < 0)
		return ret;
	ret = um_fuse_may(c, dir, UM_FUSE_W | UM_FUSE_X);
	if (ret == 0)
		ret = tmpfile_in(c, dir, mode, fh, out);
	fs->polls = c->polls;
	um_fuse_node_put(c, dir);
	return ret == -EOPNOTSUPP ? -ENOSYS : ret;
}

int um_fuse_create(struct um_fs *fs, const char *path, mode_t mode,
		   struct um_fh *fh)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *dir;
	const char *name;
	int ret;

	if (um_fuse_lacks(c, FUSE_CREATE))
		return -ENOSYS;
	ret = um_fuse_resolve_parent(c, path, &dir, &name);
	if (ret < 0)
		return ret;
	ret = um_fuse_may(c, dir, UM_FUSE_W | UM_FUSE_X);
	if (ret == 0)
		ret = create_in(c, dir, name, mode, fh);
	fs->polls = c->polls;
	um_fuse_node_put(c, dir);
	return ret;
}
