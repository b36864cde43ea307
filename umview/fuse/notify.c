// SPDX-License-Identifier: GPL-2.0-or-later
/* notify.c - what a daemon tells without being asked */
#include "fuse/ops.h"
#include "vnode/vnode.h"

#define NOTIFY_NAME_MAX 1024

/* Content that was read before is not to be trusted at the next open. */
static void content_changed(struct um_fuse *c, const struct um_fuse_node *n)
{
	struct um_vnode *v = NULL;

	um_fuse_lock(c);
	if (c->mount)
		v = um_vnode_lookup(c->mount, n->ino);
	um_fuse_unlock(c);
	if (v)
		atomic_store(&v->stale, true);
	um_vnode_put(v);
}

static int inval_inode(struct um_fuse *c, uint64_t id, bool content)
{
	struct um_fuse_node *n = um_fuse_node_by_id(c, id);

	if (!n)
		return -ENOENT;
	um_fuse_forget_attr(c, n);
	if (content)
		content_changed(c, n);
	um_fuse_node_put(c, n);
	return 0;
}

static int take_inval_inode(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_inval_inode_out out;
	int ret;

	if (src->len != sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	return ret < 0 ? ret : inval_inode(c, out.ino, out.off >= 0);
}

/* The name that follows, with its NUL, and the directory that it is in. */
static int forget_entry(struct um_fuse *c, struct um_fuse_src *src,
			uint64_t parent, uint32_t len)
{
	struct um_fuse_node *dir;
	char name[NOTIFY_NAME_MAX];
	int ret;

	if (len >= sizeof(name))
		return -ENAMETOOLONG;
	if (!len || src->len != (size_t)len + 1)
		return -EINVAL;
	ret = src->copy(src, name, (size_t)len + 1);
	if (ret < 0)
		return ret;
	name[len] = '\0';
	dir = um_fuse_node_by_id(c, parent);
	if (!dir)
		return -ENOENT;
	um_fuse_forget_attr(c, dir);
	um_fuse_drop_name(c, dir, name);
	um_fuse_node_put(c, dir);
	return 0;
}

static int take_inval_entry(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_inval_entry_out out;
	int ret;

	if (src->len < sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	src->len -= sizeof(out);
	return ret < 0 ? ret : forget_entry(c, src, out.parent, out.namelen);
}

static int take_delete(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_delete_out out;
	int ret;

	if (src->len < sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	src->len -= sizeof(out);
	if (ret == 0)
		ret = forget_entry(c, src, out.parent, out.namelen);
	if (ret == 0)
		(void)inval_inode(c, out.child, false);
	return ret;
}

/* The daemon would answer a read with the same: the next open asks for it. */
static int take_store(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_store_out out;
	int ret;

	if (src->len < sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	if (ret == 0 && out.size != src->len - sizeof(out))
		ret = -EINVAL;
	return ret < 0 ? ret : inval_inode(c, out.nodeid, true);
}

/* Nothing is held here that the daemon lacks: the answer is no bytes. */
static int take_retrieve(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_retrieve_out out;
	struct fuse_notify_retrieve_in in = { 0 };
	struct um_fuse_call k = { .opcode = FUSE_NOTIFY_REPLY,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	int ret;

	if (src->len != sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	if (ret < 0)
		return ret;
	in.offset = out.offset;
	k.node = out.nodeid;
	um_fuse_tell_as(c, &k, out.notify_unique);
	return 0;
}

long um_fuse_notify(struct um_fuse *c, int code, struct um_fuse_src *src)
{
	switch (code) {
	case FUSE_NOTIFY_INVAL_INODE:
		return take_inval_inode(c, src);
	case FUSE_NOTIFY_INVAL_ENTRY:
		return take_inval_entry(c, src);
	case FUSE_NOTIFY_DELETE:
		return take_delete(c, src);
	case FUSE_NOTIFY_STORE:
		return take_store(c, src);
	case FUSE_NOTIFY_RETRIEVE:
		return take_retrieve(c, src);
	case FUSE_NOTIFY_POLL:
		/* files are always ready for their readers here */
		return 0;
	default:
		return -EINVAL;
	}
}
