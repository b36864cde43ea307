// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - operations of a FUSE file system that make and remove names */
#include <linux/fs.h>
#include <sys/sysmacros.h>

#include "base/path.h"
#include "fuse/ops.h"
#include "fuse/perm.h"
#include "fuse/settle.h"
#include "guest/shared.h"

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
	struct fuse_entry_out e = { 0 };
	struct um_fuse_node *n = NULL;
	struct place p;
	ssize_t ret = find_place(fs, path, &p);
	uint64_t asked = um_fuse_asked(p.c);

	if (ret == 0)
		ret = um_fuse_may(p.c, p.dir, UM_FUSE_W | UM_FUSE_X);
	if (ret < 0)
		goto out;
	k->node = p.dir->id;
	k->out = &e;
	k->outmax = sizeof(e);
	k->exact = true;
	k->always = true;
	k->in[k->nargs++] = (struct iovec)UM_FUSE_STR(p.name);
	if (k->opcode == FUSE_SYMLINK) {
		struct iovec target = k->in[0];

		k->in[0] = k->in[1];
		k->in[1] = target;
	}
	ret = um_fuse_call(p.c, k);
	if (ret >= 0)
		ret = um_fuse_entry(p.c, p.dir, p.name, &e, asked, &n);
	changed(&p);
	if (ret < 0)
		um_fuse_drop_name(p.c, p.dir, p.name);
	um_fuse_node_put(p.c, n);
out:
	k->out = NULL;
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
				  .nargs = 1 };

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
				  .nargs = 1 };

	return make(fs, path, &k);
}

int um_fuse_symlink(struct um_fs *fs, const char *target, const char *path)
{
	struct um_fuse_call k = { .opcode = FUSE_SYMLINK,
				  .in = { UM_FUSE_STR(target) },
				  .nargs = 1 };

	return make(fs, path, &k);
}

/* Another name, or the first, for n. */
static int link_node(struct um_fs *fs, struct um_fuse_node *n, const char *to)
{
	struct fuse_link_in in = { .oldnodeid = n->id };
	struct um_fuse_call k = { .opcode = FUSE_LINK,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	int ret = make(fs, to, &k);

	um_fuse_forget_attr(um_fuse_of(fs), n);
	return ret == -ENOSYS ? -EPERM : ret;
}

int um_fuse_link(struct um_fs *fs, const char *from, const char *to)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	struct stat st;
	int ret = um_fuse_resolve(c, from, &n);

	if (ret < 0)
		return ret;
	ret = um_fuse_attr_of(c, n, NULL, &st);
	/* the kernel gives no name to what has none left */
	if (ret == 0 && !st.st_nlink)
		ret = -ENOENT;
	if (ret == 0)
		ret = link_node(fs, n, to);
	um_fuse_node_put(c, n);
	return ret;
}

int um_fuse_link_open(struct um_fs *fs, struct um_fh *fh, const char *to)
{
	return link_node(fs, um_fuse_file_of(fh)->node, to);
}

/* The daemon may keep the file until its last release. */
static void lost_name(struct um_fuse *c, struct um_fuse_node *n)
{
	bool first;

	um_fuse_lock(c);
	first = n->files && !n->nameless;
	if (first)
		n->nameless = true;
	um_fuse_unlock(c);
	if (first)
		um_fuse_file_written();
	um_fuse_forget_attr(c, n);
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
					  .nargs = 1 };

		um_fuse_settle_node(p.c, n);
		ret = um_fuse_call(p.c, &k);
		changed(&p);
		lost_name(p.c, n);
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
				  .nargs = 3 };
	ssize_t ret;

	if (flags)
		k.in[0] = (struct iovec)UM_FUSE_ARG(in2);
	if (flags &&
	    (from->c->minor < 23 || um_fuse_lacks(from->c, FUSE_RENAME2)))
		return -EINVAL;
	ret = um_fuse_call(from->c, &k);
	return ret == -ENOSYS ? -EINVAL : ret;
}

/* What a rename is about: the nodes (refs) of both names; to: NULL, none. */
struct pair {
	struct um_fuse_node *from;
	struct um_fuse_node *to;
};

static int find_pair(struct um_fuse *c, const char *from, const char *to,
		     struct pair *p)
{
	int ret = um_fuse_resolve(c, from, &p->from);

	if (ret == 0)
		ret = um_fuse_resolve(c, to, &p->to);
	return ret == -ENOENT && p->from ? 0 : ret;
}

static void pair_fini(struct um_fuse *c, struct pair *p)
{
	um_fuse_node_put(c, p->from);
	um_fuse_node_put(c, p->to);
}

/*
 * What the kernel refuses before a file system is asked. libfuse relies on it:
 * a directory moved into itself makes it wait for its own lock.
 */
static int check_pair(const struct pair *p, const char *from, const char *to,
		      unsigned int flags)
{
	bool from_dir = S_ISDIR(p->from->attr.mode);

	if ((flags & RENAME_NOREPLACE) && p->to)
		return -EEXIST;
	if (um_path_beneath(to, from) && strcmp(to, from) != 0)
		return -EINVAL;
	if (um_path_beneath(from, to) && strcmp(to, from) != 0)
		return (flags & RENAME_EXCHANGE) ? -EINVAL : -ENOTEMPTY;
	if (!p->to)
		return (flags & RENAME_EXCHANGE) ? -ENOENT : 0;
	if (flags & RENAME_EXCHANGE)
		return 0;
	if (from_dir && !S_ISDIR(p->to->attr.mode))
		return -ENOTDIR;
	return !from_dir && S_ISDIR(p->to->attr.mode) ? -EISDIR : 0;
}

static int rename_pair(const struct place *from, const struct place *to,
		       const struct pair *p, unsigned int flags)
{
	ssize_t ret = um_fuse_may_remove(from->c, from->dir, p->from);

	if (ret == 0)
		ret = um_fuse_may_remove(to->c, to->dir, p->to);
	if (ret < 0 || p->from == p->to)
		return (int)ret;
	if (p->to && !(flags & RENAME_EXCHANGE))
		um_fuse_settle_node(to->c, p->to);
	ret = send_rename(from, to, flags);
	if (ret == 0) {
		um_fuse_move_name(from->c, from->dir, from->name, to->dir,
				  to->name, flags & RENAME_EXCHANGE);
	} else {
		um_fuse_drop_name(from->c, from->dir, from->name);
		um_fuse_drop_name(to->c, to->dir, to->name);
	}
	changed(from);
	changed(to);
	/* every name below it is another now */
	if (S_ISDIR(p->from->attr.mode))
		um_shared_all_changed();
	um_fuse_forget_attr(from->c, p->from);
	if (p->to && ret == 0 && !(flags & RENAME_EXCHANGE))
		lost_name(from->c, p->to);
	return (int)ret;
}

#define RENAME_FLAGS (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)

int um_fuse_rename(struct um_fs *fs, const char *from_path, const char *to_path,
		   unsigned int flags)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct pair p = { 0 };
	struct place from;
	struct place to = { 0 };
	int ret;

	if (flags & ~(unsigned int)RENAME_FLAGS)
		return -EINVAL;
	ret = find_place(fs, from_path, &from);
	if (ret == 0)
		ret = find_place(fs, to_path, &to);
	if (ret == 0)
		ret = find_pair(c, from_path, to_path, &p);
	if (ret == 0)
		ret = check_pair(&p, from_path, to_path, flags);
	if (ret == 0)
		ret = rename_pair(&from, &to, &p, flags);
	pair_fini(c, &p);
	um_fuse_node_put(c, to.dir);
	place_fini(&from);
	return ret;
}

/* The kernel asks for the text of links alone, and daemons rely on it. */
static bool is_link(struct um_fuse *c, struct um_fuse_node *n)
{
	mode_t mode;

	um_fuse_lock(c);
	mode = n == c->root ? c->rootmode : n->attr.mode;
	um_fuse_unlock(c);
	return S_ISLNK(mode);
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
	if (!is_link(c, n)) {
		um_fuse_node_put(c, n);
		return -EINVAL;
	}
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
