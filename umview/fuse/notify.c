// SPDX-License-Identifier: GPL-2.0-or-later
/* notify.c - what a daemon tells without being asked */
#include "fuse/ops.h"
#include "vnode/vnode.h"

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
			uint64_t parent, uint32_t len, bool expire)
{
	struct um_fuse_node *dir;
	char name[UM_LONG_NAME + 1];
	int ret;

	if (len > UM_LONG_NAME)
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
	if (expire)
		um_fuse_expire_name(c, dir, name);
	else
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
	return ret < 0 ? ret
		       : forget_entry(c, src, out.parent, out.namelen,
				      out.flags & FUSE_EXPIRE_ONLY);
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
		ret = forget_entry(c, src, out.parent, out.namelen, false);
	if (ret == 0)
		(void)inval_inode(c, out.child, false);
	return ret;
}

/* The vnode (ref) of a node's content, or NULL; *n the node (ref) or NULL. */
static struct um_vnode *content_of(struct um_fuse *c, uint64_t id,
				   struct um_fuse_node **n)
{
	struct um_vnode *v = NULL;

	*n = um_fuse_node_by_id(c, id);
	if (!*n)
		return NULL;
	um_fuse_lock(c);
	if (c->mount && S_ISREG((*n)->attr.mode))
		v = um_vnode_lookup(c->mount, (*n)->ino);
	um_fuse_unlock(c);
	return v;
}

static int store(struct um_fuse *c, uint64_t id, const void *buf, size_t size,
		 uint64_t off)
{
	struct um_fuse_node *n;
	struct um_vnode *v = content_of(c, id, &n);
	int ret = n ? 0 : -ENOENT;

	/* where nothing is cached, the next open asks for it */
	if (v && !um_vnode_store(v, buf, size, (off_t)off))
		atomic_store(&v->stale, true);
	if (n)
		um_fuse_forget_attr(c, n);
	um_vnode_put(v);
	um_fuse_node_put(c, n);
	return ret;
}

static int take_store(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_store_out out;
	UM_FREE char *buf = NULL;
	int ret;

	if (src->len < sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	if (ret < 0)
		return ret;
	if (out.size != src->len - sizeof(out) ||
	    out.offset > (uint64_t)INT64_MAX - out.size)
		return -EINVAL;
	buf = malloc(out.size + 1);
	if (!buf)
		return -ENOMEM;
	ret = src->copy(src, buf, out.size);
	return ret < 0 ? ret : store(c, out.nodeid, buf, out.size, out.offset);
}

/* What is cached of the file, up to the first byte that is not. */
static int take_retrieve(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_retrieve_out out;
	struct fuse_notify_retrieve_in in = { 0 };
	struct um_fuse_node *n;
	struct um_fuse_call k = { .opcode = FUSE_NOTIFY_REPLY,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 2 };
	UM_FREE char *buf = NULL;
	struct um_vnode *v;
	int ret;

	if (src->len != sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	if (ret < 0)
		return ret;
	if (out.offset > (uint64_t)INT64_MAX - out.size)
		return -EINVAL;
	if (out.size > c->max_write)
		out.size = c->max_write;
	buf = malloc(out.size + 1);
	if (!buf)
		return -ENOMEM;
	v = content_of(c, out.nodeid, &n);
	if (v)
		in.size = (uint32_t)um_vnode_retrieve(v, buf, out.size,
						      (off_t)out.offset);
	in.offset = out.offset;
	k.in[1] = (struct iovec){ buf, in.size };
	k.node = out.nodeid;
	if (n)
		um_fuse_tell_as(c, &k, out.notify_unique);
	um_vnode_put(v);
	um_fuse_node_put(c, n);
	return n ? 0 : -ENOENT;
}

static int take_poll(struct um_fuse *c, struct um_fuse_src *src)
{
	struct fuse_notify_poll_wakeup_out out;
	int ret;

	if (src->len != sizeof(out))
		return -EINVAL;
	ret = src->copy(src, &out, sizeof(out));
	if (ret == 0)
		um_fuse_poll_told(c, out.kh);
	return ret;
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
		return take_poll(c, src);
	default:
		return -EINVAL;
	}
}
