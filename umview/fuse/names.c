// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - operations of a FUSE file system that make and remove names */
#include <linux/fs.h>
#include <sys/sysmacros.h>

#include "fuse/ops.h"
#include "fuse/perm.h"

/* A name in a directory. */
struct place {
	struct um_fuse *c;
	struct um_fuse_node *dir;
	const char *name;
};

static int find_place(struct um_fs *fs, const char *path, struct place *p)
{
	*p = (struct place){ .c = um_fuse_of(fs) };
	return um_fuse_resolve_parent(p->c, path, &p->dir, &p->name);
}

static void changed(const struct place *p)
{
	um_fuse_forget_attr(p->c, p->dir);
}

static void place_fini(struct place *p)
{
	um_fuse_node_put(p->c, p->dir);
}

/* A request whose reply is the new entry. */
static int make(struct um_fs *fs, const char *path, struct um_fuse_call *k)
{
	struct fuse_entry_out e;
	struct um_fuse_node *n = NULL;
	struct place p;
	ssize_t ret = find_place(fs, path, &p);

	if (ret == 0)
		ret = um_fuse_may(p.c, p.dir, UM_FUSE_W | UM_FUSE_X);
	if (ret < 0)
		goto out;
	k->node = p.dir->id;
	k->out = &e;
	k->outmax = sizeof(e);
	k->exact = true;
	k->always = true;
	k->in[k->nin++] = (struct iovec)UM_FUSE_STR(p.name);
	if (k->opcode == FUSE_SYMLINK) {
		struct iovec target = k->in[0];

		k->in[0] = k->in[1];
		k->in[1] = target;
	}
	ret = um_fuse_call(p.c, k);
	changed(&p);
	if (ret < 0)
		um_fuse_drop_name(p.c, p.dir, p.name);
	else
		ret = um_fuse_entry(p.c, p.dir, p.name, &e, &n);
	um_fuse_node_put(p.c, n);
out:
	place_fini(&p);
	return ret < 0 ? (int)ret : 0;
}

/* As the kernel packs it; see decode_dev() in node.c. */
static uint32_t encode_dev(dev_t dev)
{
	unsigned int low = minor(dev);

	return (low & 0xff) | (major(dev) << 8) | ((low & ~0xffu) << 12);
}

int um_fuse_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev)
{
	struct fuse_mknod_in in = { .mode = mode,
				    .rdev = encode_dev(rdev),
				    .umask = um_caller()->umask };
	struct um_fuse_call k = { .opcode = FUSE_MKNOD,
				  .in = { UM_FUSE_ARG(in) },
				  .nin = 1 };

	if (!(in.mode & S_IFMT))
		in.mode |= S_IFREG;
	return make(fs, path, &k);
}

int um_fuse_mkdir(struct um_fs *fs, const char *path, mode_t mode)
{
	struct fuse_mkdir_in in = { .mode = mode & 07777,
				    .umask = um_caller()->umask };
	struct um_fuse_call k = { .opcode = FUSE_MKDIR,
				  .in = { UM_FUSE_ARG(in) },
				  .nin = 1 };

	return make(fs, path, &k);
}

int um_fuse_symlink(struct um_fs *fs, const char *target, const char *path)
{
	struct um_fuse_call k = { .opcode = FUSE_SYMLINK,
				  .in = { UM_FUSE_STR(target) },
				  .nin = 1 };

	return make(fs, path, &k);
}

int um_fuse_link(struct um_fs *fs, const char *from, const char *to)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct fuse_link_in in = { 0 };
	struct um_fuse_call k = { .opcode = FUSE_LINK,
				  .in = { UM_FUSE_ARG(in) },
				  .nin = 1 };
	struct um_fuse_node *n;
	int ret = um_fuse_resolve(c, from, &n);

	if (ret < 0)
		return ret;
	in.oldnodeid = n->id;
	ret = make(fs, to, &k);
	um_fuse_forget_attr(c, n);
	um_fuse_node_put(c, n);
	return ret == -ENOSYS ? -EPERM : ret;
}

static int remove_name(struct um_fs *fs, const char *path, uint32_t opcode)
{
	struct um_fuse_node *n = NULL;
	struct place p;
	ssize_t ret = find_place(fs, path, &p);

	if (ret == 0)
		ret = um_fuse_resolve(p.c, path, &n);
	if (ret == 0)
		ret = um_fuse_may_remove(p.c, p.dir, n);
	if (ret == 0) {
		struct um_fuse_call k = { .opcode = opcode,
					  .node = p.dir->id,
					  .in = { UM_FUSE_STR(p.name) },
					  .nin = 1 };

		ret = um_fuse_call(p.c, &k);
		changed(&p);
		um_fuse_forget_attr(p.c, n);
		um_fuse_drop_name(p.c, p.dir, p.name);
	}
	um_fuse_node_put(p.c, n);
	place_fini(&p);
	return ret == -ENOSYS ? -EPERM : (int)ret;
}

int um_fuse_unlink(struct um_fs *fs, const char *path)
{
	return remove_name(fs, path, FUSE_UNLINK);
}

int um_fuse_rmdir(struct um_fs *fs, const char *path)
{
	return remove_name(fs, path, FUSE_RMDIR);
}

static ssize_t send_rename(const struct place *from, const struct place *to,
			   unsigned int flags)
{
	struct fuse_rename_in in = { .newdir = to->dir->id };
	struct fuse_rename2_in in2 = { .newdir = to->dir->id, .flags = flags };
	struct um_fuse_call k = { .opcode = flags ? FUSE_RENAME2 : FUSE_RENAME,
				  .node = from->dir->id,
				  .in = { UM_FUSE_ARG(in),
					  UM_FUSE_STR(from->name),
					  UM_FUSE_STR(to->name) },
				  .nin = 3 };
	ssize_t ret;

	if (flags)
		k.in[0] = (struct iovec)UM_FUSE_ARG(in2);
	if (flags &&
	    (from->c->minor < 23 || um_fuse_lacks(from->c, FUSE_RENAME2)))
		return -EINVAL;
	ret = um_fuse_call(from->c, &k);
	return ret == -ENOSYS ? -EINVAL : ret;
}

static int may_rename(struct um_fs *fs, const char *from_path,
		      const struct place *from, const char *to_path,
		      const struct place *to)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n = NULL;
	int ret;

	if (!c->check_modes)
		return 0;
	ret = um_fuse_resolve(c, from_path, &n);
	if (ret == 0)
		ret = um_fuse_may_remove(c, from->dir, n);
	um_fuse_node_put(c, n);
	n = NULL;
	if (ret < 0)
		return ret;
	ret = um_fuse_resolve(c, to_path, &n);
	if (ret == 0 || ret == -ENOENT)
		ret = um_fuse_may_remove(c, to->dir, n);
	um_fuse_node_put(c, n);
	return ret;
}

#define RENAME_FLAGS (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)

int um_fuse_rename(struct um_fs *fs, const char *from_path, const char *to_path,
		   unsigned int flags)
{
	struct um_fuse_node *n = NULL;
	struct place from;
	struct place to = { 0 };
	ssize_t ret;

	if (flags & ~(unsigned int)RENAME_FLAGS)
		return -EINVAL;
	ret = find_place(fs, from_path, &from);
	if (ret == 0)
		ret = find_place(fs, to_path, &to);
	if (ret == 0)
		ret = may_rename(fs, from_path, &from, to_path, &to);
	if (ret == 0 && um_fuse_resolve(from.c, from_path, &n) == 0)
		um_fuse_forget_attr(from.c, n);
	if (ret == 0) {
		ret = send_rename(&from, &to, flags);
		um_fuse_drop_name(from.c, from.dir, from.name);
		um_fuse_drop_name(to.c, to.dir, to.name);
		changed(&from);
		changed(&to);
	}
	um_fuse_node_put(from.c, n);
	if (to.c)
		place_fini(&to);
	place_fini(&from);
	return (int)ret;
}

ssize_t um_fuse_readlink(struct um_fs *fs, const char *path, char *buf,
			 size_t size)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_call k = { .opcode = FUSE_READLINK };
	struct um_fuse_node *n;
	char target[4096];
	ssize_t ret = um_fuse_resolve(c, path, &n);

	if (ret < 0)
		return ret;
	k.node = n->id;
	k.out = target;
	k.outmax = sizeof(target) - 1;
	ret = um_fuse_call(c, &k);
	um_fuse_node_put(c, n);
	if (ret > 0 && (size_t)ret > size)
		ret = (ssize_t)size;
	if (ret > 0)
		memcpy(buf, target, (size_t)ret);
	return ret == -ENOSYS ? -EINVAL : ret;
}
