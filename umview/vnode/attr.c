// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attr.c - attributes of what is open: by its name, or by the module's open
 * file when the name is gone
 */
#include <fcntl.h>
#include <string.h>

#include "vnode/internal.h"

/*
 * The attributes' last resort is the open file: its name may be gone. Where a
 * name may come to mean another file it is the first. *fh is valid while the io
 * lock is held.
 */
static int with_node(struct um_vnode *v, char **path, struct um_fh **fh)
{
	int ret;

	*path = um_vnode_path(v);
	*fh = NULL;
	if (*path && !v->mount->fs.remote)
		return 0;
	*fh = um_vnode_any_fh(v);
	if (*path || *fh)
		return 0;
	ret = um_vnode_need_fh(v, O_RDONLY);
	*fh = um_vnode_any_fh(v);
	return ret;
}

struct change {
	enum { GETATTR, CHMOD, CHOWN, UTIMENS } what;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const struct timespec *ts;
	struct stat *out;
};

static int apply(struct um_mount *m, const char *path, struct um_fh *fh,
		 const struct change *c)
{
	switch (c->what) {
	case GETATTR:
		return um_fs_getattr(m, path, fh, c->out);
	case CHMOD:
		return um_fs_chmod(m, path, fh, c->mode);
	case CHOWN:
		return um_fs_chown(m, path, fh, c->uid, c->gid);
	case UTIMENS:
		return um_fs_utimens(m, path, fh, c->ts);
	}
	return -EINVAL;
}

static int apply_locked(struct um_vnode *v, const struct change *c, char **path)
{
	struct um_fh *fh;
	int ret;

	um_lock(&v->io);
	ret = with_node(v, path, &fh);
	if (ret == 0)
		ret = apply(v->mount, *path, fh, c);
	um_unlock(&v->io);
	return ret;
}

static bool has_name(struct um_vnode *v, const char *path)
{
	UM_FREE char *now = um_vnode_path(v);

	return path && now ? !strcmp(now, path) : path == now;
}

/*
 * What was asked by name may have been answered for another file, or for none,
 * when the name goes at that moment. Return: true if it was not.
 */
static bool ask(struct um_vnode *v, const struct change *c, int *ret)
{
	UM_FREE char *path = NULL;

	*ret = apply_locked(v, c, &path);
	if (!path)
		return true;
	return *ret != -ENOENT && has_name(v, path) &&
	       (*ret < 0 || c->out->st_ino == v->ino || v->device);
}

/* While nobody takes the name away. Return: false if it had gone before. */
static bool apply_held(struct um_vnode *v, const struct change *c, int *ret)
{
	UM_FREE char *held = um_vnode_path(v);
	UM_FREE char *path = NULL;
	uint32_t names = held ? um_names_of(v->mount, held) : 0;
	bool same;

	um_names_lock(v->mount, names);
	same = has_name(v, held);
	if (same)
		*ret = apply_locked(v, c, &path);
	um_names_unlock(v->mount, names);
	return same;
}

/* Asked first without the name held, as a name seldom goes meanwhile. */
static int apply_vnode(struct um_vnode *v, const struct change *c)
{
	int ret = -ENOENT;
	bool done;

	done = c->what == GETATTR && ask(v, c, &ret);
	while (!done)
		done = apply_held(v, c, &ret);
	if (ret == 0 && c->what == GETATTR && v->orphan)
		c->out->st_nlink = 0;
	else if (ret == 0 && c->what == GETATTR && v->hidden)
		c->out->st_nlink--;
	if (ret == 0 && c->what == GETATTR && v->volatile_data && !v->device)
		c->out->st_size = v->size;
	return ret;
}

static int apply_obj(struct um_obj *o, const struct change *c)
{
	UM_FREE char *path = NULL;

	if (o->vnode)
		return apply_vnode(o->vnode, c);
	path = um_obj_path(o);
	if (!path)
		return c->what == GETATTR ? um_obj_last(o, c->out) : -ENOENT;
	return apply(o->mount, path, NULL, c);
}

int um_obj_getattr(struct um_obj *o, struct stat *out)
{
	struct change c = { .what = GETATTR, .out = out };

	return apply_obj(o, &c);
}

int um_obj_chmod(struct um_obj *o, mode_t mode)
{
	struct change c = { .what = CHMOD, .mode = mode };

	return apply_obj(o, &c);
}

int um_obj_chown(struct um_obj *o, uid_t uid, gid_t gid)
{
	struct change c = { .what = CHOWN, .uid = uid, .gid = gid };

	return apply_obj(o, &c);
}

int um_obj_utimens(struct um_obj *o, const struct timespec ts[2])
{
	struct change c = { .what = UTIMENS, .ts = ts };

	return apply_obj(o, &c);
}

int um_obj_birth(struct um_obj *o, struct timespec *out)
{
	UM_FREE char *path = um_obj_path(o);
	struct um_fh *fh = NULL;
	int ret;

	if (path)
		return um_fs_birth(o->mount, path, NULL, out);
	if (!o->vnode)
		return -ENOENT;
	ret = um_vnode_pin(o->vnode, &fh);
	if (ret < 0)
		return ret;
	ret = um_fs_birth(o->mount, NULL, fh, out);
	um_vnode_unpin(o->vnode);
	return ret;
}
