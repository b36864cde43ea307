// SPDX-License-Identifier: GPL-2.0-or-later
/* object.c - the objects that guests' descriptors refer to, by inode */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/path.h"
#include "guest/shared.h"
#include "vnode/internal.h"

static dev_t memfd_dev;

void (*um_obj_closed_hook)(uint64_t inode);
void (*um_vnode_closed_hook)(struct um_vnode *v);

/* What open(2) flags mean something in the reopening of a memfd. */
#define KEEP_FLAGS                                                             \
	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_NOATIME)

int um_reopen(int memfd, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	/* EAGAIN, with O_NONBLOCK: um_vnode_is_open() has its lease now */
	do
		fd = (int)UM_SYS(open(path, (flags & KEEP_FLAGS) | O_CLOEXEC));
	while (fd == -EAGAIN);
	return fd;
}

bool um_obj_any(void)
{
	return um_vn.by_inode.count != 0;
}

int um_vnode_lock_fd(struct um_vnode *v, int flags)
{
	return um_reopen(v->memfd, flags);
}

static void obj_free(struct um_obj *o)
{
	if (o->lazy_fd >= 0)
		close(o->lazy_fd);
	if (o->beneath_fd >= 0)
		close(o->beneath_fd);
	if (o->release_list)
		o->release_list(o->list);
	free(o->entries);
	free(o->names);
	free(o->path);
	free(o->last);
	um_mount_put(o->mount);
	um_vnode_put(o->vnode);
	um_mutex_fini(&o->io);
	free(o);
}

struct um_obj *um_obj_find(const struct stat *st)
{
	struct um_obj *o = NULL;
	struct um_hnode *n;

	if (!S_ISREG(st->st_mode) || st->st_dev != memfd_dev)
		return NULL;
	um_lock(&um_vn.table);
	n = um_hash_get(&um_vn.by_inode, st->st_ino);
	if (n) {
		o = um_container(n, struct um_obj, node);
		if (o->kind == UM_OBJ_FILE)
			o->vnode->refs++;
		else
			o->refs++;
	}
	um_unlock(&um_vn.table);
	return o;
}

struct stat um_obj_stat_of(uint64_t inode)
{
	return (struct stat){ .st_dev = memfd_dev,
			      .st_ino = inode,
			      .st_mode = S_IFREG };
}

void um_obj_put(struct um_obj *o)
{
	bool last;

	if (!o)
		return;
	if (o->kind == UM_OBJ_FILE) {
		um_vnode_put(o->vnode);
		return;
	}
	um_lock(&um_vn.table);
	last = --o->refs == 0;
	um_unlock(&um_vn.table);
	if (last)
		obj_free(o);
}

void um_obj_cleanup(struct um_obj **o)
{
	um_obj_put(*o);
}

char *um_obj_path(struct um_obj *o)
{
	char *copy = NULL;

	if (o->vnode)
		return um_vnode_path(o->vnode);
	um_lock(&um_vn.table);
	if (o->path)
		copy = strdup(o->path);
	um_unlock(&um_vn.table);
	return copy;
}

char *um_obj_was(struct um_obj *o)
{
	char *copy = NULL;

	um_lock(&um_vn.table);
	if (o->vnode && o->vnode->was)
		copy = strdup(o->vnode->was);
	um_unlock(&um_vn.table);
	return copy;
}

static struct um_obj *obj_new(enum um_obj_kind kind, struct um_mount *m,
			      const char *path, int flags)
{
	struct um_obj *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->refs = 1;
	o->kind = kind;
	o->mount = um_mount_get(m);
	o->flags = flags;
	o->lazy_fd = -1;
	o->beneath_fd = -1;
	o->wd = -1;
	um_mutex_init(&o->io, UM_RANK_IO);
	if (path)
		o->path = strdup(path);
	return o;
}

static void lazy_link_locked(struct um_obj *o)
{
	if (o->kind != UM_OBJ_LAZY)
		return;
	o->lazy_next = o->vnode->lazy;
	o->vnode->lazy = o;
}

static void lazy_unlink_locked(struct um_obj *o)
{
	struct um_obj **p;

	if (o->kind != UM_OBJ_LAZY)
		return;
	for (p = &o->vnode->lazy; *p; p = &(*p)->lazy_next) {
		if (*p == o) {
			*p = o->lazy_next;
			return;
		}
	}
}

/*
 * Give the object an inode and a descriptor in access mode 3: it neither reads
 * nor writes, but seeks, and dup and fork treat it as any other. The object is
 * taken. Return: descriptor of ours, or -errno.
 */
static int publish(struct um_obj *o)
{
	int memfd = memfd_create("umview", MFD_CLOEXEC);
	struct stat st;
	int fd;

	if (memfd < 0 || fstat(memfd, &st) < 0) {
		int err = errno;

		obj_free(o);
		return -err;
	}
	o->lazy_fd = memfd;
	o->inode = st.st_ino;
	if (o->vnode && ftruncate(memfd, o->vnode->size) < 0)
		um_warn("page cache: %s", strerror(errno));
	fd = um_reopen(memfd, O_ACCMODE | (o->flags & KEEP_FLAGS));
	um_watch_add(o, memfd);
	um_lock(&um_vn.table);
	if (um_hash_add(&um_vn.by_inode, &o->node, o->inode) ||
	    um_hash_add(&um_vn.by_wd, &o->wd_node, um_watch_key(o)))
		um_warn("out of memory for the object table");
	lazy_link_locked(o);
	um_shared_set_objs(um_vn.by_inode.count);
	um_unlock(&um_vn.table);
	return fd;
}

/* The list is taken. Return: descriptor of ours, or -errno. */
static int open_again(struct um_obj *o, int flags, void *list,
		      void (*release_list)(void *))
{
	int fd = um_reopen(o->lazy_fd, O_ACCMODE | (flags & KEEP_FLAGS));

	release_list(list);
	o->flags = flags;
	if (fd < 0)
		um_obj_end(o);
	return fd;
}

int um_obj_open_dir(struct um_mount *m, const char *path, int flags, void *list,
		    void (*release_list)(void *))
{
	struct um_obj *o = um_obj_unpark(m, path, list);

	if (o)
		return open_again(o, flags, list, release_list);
	o = obj_new(UM_OBJ_DIR, m, path, flags);
	if (!o) {
		release_list(list);
		return -ENOMEM;
	}
	o->list = list;
	o->release_list = release_list;
	return publish(o);
}

void um_obj_lay_over(struct um_obj *o, int fd)
{
	struct stat st;

	fd = um_fd_move_up(fd);
	if (o->kind != UM_OBJ_DIR || o->beneath_fd >= 0 || fstat(fd, &st) < 0) {
		close(fd);
		return;
	}
	o->beneath_fd = fd;
	um_shared_lay_beneath(o->inode, &st, fd);
}

int um_obj_open_path(struct um_mount *m, const char *path, int flags)
{
	struct um_obj *o = obj_new(UM_OBJ_PATH, m, path, flags);

	return o ? publish(o) : -ENOMEM;
}

/* The vnode's io lock is held; the object takes a ref of the vnode. */
int um_obj_open_lazy(struct um_vnode *v, int flags)
{
	struct um_obj *o = obj_new(UM_OBJ_LAZY, v->mount, NULL, flags);

	if (!o)
		return -ENOMEM;
	um_lock(&um_vn.table);
	v->refs++;
	um_unlock(&um_vn.table);
	o->vnode = v;
	return publish(o);
}

int um_obj_reopen(struct um_obj *o, int flags)
{
	UM_FREE char *path = um_obj_path(o);
	struct stat st;
	int ret;

	if (o->kind == UM_OBJ_FILE && !path) {
		ret = (flags & O_TRUNC) ? um_vnode_truncate(o->vnode, 0) : 0;
		return ret < 0 ? ret : um_vnode_ready_fd(o->vnode, flags);
	}
	if (!path)
		return -ENOENT;
	ret = um_fs_getattr(o->mount, path, NULL, &st);
	if (ret < 0)
		return ret;
	if (S_ISREG(st.st_mode))
		return um_vnode_open(o->mount, path, flags);
	if (o->mount->devices)
		return um_vnode_open_device(o->mount, path, &st, flags);
	return -ENXIO;
}

static void leave_locked(struct um_obj *o)
{
	um_hash_del(&um_vn.by_inode, &o->node);
	um_hash_del(&um_vn.by_wd, &o->wd_node);
	um_shared_set_objs(um_vn.by_inode.count);
	lazy_unlink_locked(o);
	um_watch_del(o);
}

void um_obj_end(struct um_obj *o)
{
	um_lock(&um_vn.table);
	leave_locked(o);
	um_unlock(&um_vn.table);
	if (o->kind == UM_OBJ_DIR)
		um_shared_unlist(o->inode);
	if (o->beneath_fd >= 0)
		um_shared_lift(o->inode);
	um_obj_put(o);
}

/* The one open file description of the object is closed. */
struct um_vnode *um_obj_closed(struct um_obj *o)
{
	struct um_vnode *v = o->vnode;

	if (um_obj_closed_hook)
		um_obj_closed_hook(o->inode);
	if (um_obj_park(o))
		return NULL;
	if (v) {
		um_lock(&um_vn.table);
		v->refs++;
		um_unlock(&um_vn.table);
	}
	um_obj_end(o);
	return v;
}

/* Seeking to the end and past it is native: lazy objects show the size. */
void um_lazy_resize(struct um_vnode *v)
{
	um_lock(&um_vn.table);
	for (struct um_obj *o = v->lazy; o; o = o->lazy_next)
		if (ftruncate(o->lazy_fd, v->size) < 0)
			um_warn("page cache: %s", strerror(errno));
	um_unlock(&um_vn.table);
}

typedef void (*obj_fn)(struct um_obj *o, void *arg);

/* For every object; the table lock is held. */
static void for_each_locked(obj_fn fn, void *arg)
{
	for (size_t i = 0; i < um_vn.by_inode.nslots; i++) {
		struct um_hnode *h = um_vn.by_inode.slot[i];

		for (; h; h = h->next)
			fn(um_container(h, struct um_obj, node), arg);
	}
}

struct count {
	struct um_mount *m;
	size_t n;
};

static void count_one(struct um_obj *o, void *arg)
{
	struct count *c = arg;

	if (o->kind != UM_OBJ_FILE && !o->parked && o->mount == c->m)
		c->n++;
}

size_t um_obj_count(struct um_mount *m)
{
	struct count c = { m, 0 };

	um_lock(&um_vn.table);
	for_each_locked(count_one, &c);
	um_unlock(&um_vn.table);
	return c.n;
}

struct move {
	struct um_mount *m;
	const char *from;
	const char *to;
	bool exchange;
};

static char *join(const char *a, const char *b)
{
	char *p;

	return asprintf(&p, "%s%s", a, b) < 0 ? NULL : p;
}

static void move_one(struct um_obj *o, void *arg)
{
	const struct move *mv = arg;
	char **path = o->vnode ? &o->vnode->path : &o->path;
	const char *rest;
	char *now = NULL;

	if (o->mount != mv->m || !*path || o->kind == UM_OBJ_LAZY)
		return;
	rest = um_path_beneath(*path, mv->from);
	if (rest) {
		now = join(mv->to, rest);
	} else if (mv->exchange) {
		rest = um_path_beneath(*path, mv->to);
		now = rest ? join(mv->from, rest) : NULL;
	}
	if (now) {
		free(*path);
		*path = now;
	}
}

void um_vnode_renamed(struct um_mount *m, const char *from, const char *to,
		      bool exchange)
{
	struct move mv = { m, from, to, exchange };

	um_lock(&um_vn.table);
	for_each_locked(move_one, &mv);
	um_unlock(&um_vn.table);
}

struct removal {
	struct um_mount *m;
	const char *path;
	const struct stat *st;
};

static void remove_one(struct um_obj *o, void *arg)
{
	const struct removal *rm = arg;

	if (o->mount != rm->m || o->vnode || !o->path ||
	    strcmp(o->path, rm->path) != 0)
		return;
	free(um_steal(o->path));
	o->last = malloc(sizeof(*o->last));
	if (!o->last)
		return;
	*o->last = *rm->st;
	if (S_ISDIR(rm->st->st_mode))
		o->last->st_nlink = 0;
	else if (o->last->st_nlink)
		o->last->st_nlink--;
}

/* Open directories and O_PATH descriptors of a name that is gone. */
void um_obj_removed(struct um_mount *m, const char *path, const struct stat *st)
{
	struct removal rm = { m, path, st };

	um_lock(&um_vn.table);
	for_each_locked(remove_one, &rm);
	um_unlock(&um_vn.table);
}

int um_obj_last(struct um_obj *o, struct stat *out)
{
	int ret = -ENOENT;

	um_lock(&um_vn.table);
	if (o->last) {
		*out = *o->last;
		ret = 0;
	}
	um_unlock(&um_vn.table);
	return ret;
}

/* Called once: memfds all lie on one device. */
int um_obj_setup(void)
{
	UM_CLOSE int fd = memfd_create("umview", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	memfd_dev = st.st_dev;
	return 0;
}
