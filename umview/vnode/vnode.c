// SPDX-License-Identifier: GPL-2.0-or-later
/* vnode.c - regular files: finding, opening, caching and closing them */
#include "vnode/vnode.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "guest/shared.h"
#include "vnode/attrcache.h"
#include "vnode/internal.h"

/* Largest file of a remote mount that is read as a whole when it is opened. */
#define REMOTE_LIMIT (1 << 20)

struct um_vnode_state um_vn = {
	.table = UM_MUTEX_INIT(UM_RANK_VNODE),
	.inotify = -1,
};

static uint64_t node_key(const struct um_mount *m, ino_t ino)
{
	return ((uint64_t)m->id << 48) ^ (uint64_t)ino;
}

static struct um_vnode *find_locked(struct um_mount *m, ino_t ino)
{
	struct um_hnode *n = um_hash_get(&um_vn.by_node, node_key(m, ino));

	for (; n; n = um_hash_next(n)) {
		struct um_vnode *v = um_container(n, struct um_vnode, node);

		if (v->mount == m && v->ino == ino)
			return v;
	}
	return NULL;
}

static void vnode_free(struct um_vnode *v)
{
	um_vnode_release_fh(v);
	v->populated = false;
	um_vnode_account(v);
	close(v->lease_fd);
	close(v->memfd);
	free(v->path);
	free(v->was);
	um_mount_put(v->mount);
	um_mutex_fini(&v->io);
	um_mutex_fini(&v->file.io);
	free(v);
}

void um_vnode_put(struct um_vnode *v)
{
	bool last;

	if (!v)
		return;
	um_lock(&um_vn.table);
	last = --v->refs == 0;
	um_unlock(&um_vn.table);
	if (last)
		vnode_free(v);
}

/* The file's identity and page cache; its inode is what descriptors show. */
static int new_memfd(off_t size, uint64_t *inode)
{
	int fd = memfd_create("umview", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || ftruncate(fd, size) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	*inode = st.st_ino;
	return fd;
}

static struct um_vnode *vnode_new(struct um_mount *m, const char *path,
				  const struct stat *st)
{
	struct um_vnode *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->memfd = new_memfd(st->st_size, &v->file.inode);
	v->lease_fd = v->memfd < 0 ? -1 : um_reopen(v->memfd, O_RDONLY);
	v->path = strdup(path);
	if (v->lease_fd < 0 || !v->path) {
		if (v->lease_fd >= 0)
			close(v->lease_fd);
		if (v->memfd >= 0)
			close(v->memfd);
		free(v->path);
		free(v);
		return NULL;
	}
	um_mutex_init(&v->io, UM_RANK_IO);
	um_mutex_init(&v->file.io, UM_RANK_IO);
	v->refs = 2;
	v->mount = um_mount_get(m);
	v->ino = st->st_ino;
	v->size = st->st_size;
	v->file.kind = UM_OBJ_FILE;
	v->file.mount = m;
	v->file.vnode = v;
	v->file.wd = um_watch_add(v->memfd);
	return v;
}

/* Into the hashes; the table lock is held. */
static void enter_locked(struct um_vnode *v)
{
	if (um_hash_add(&um_vn.by_node, &v->node, node_key(v->mount, v->ino)) ||
	    um_hash_add(&um_vn.by_inode, &v->file.node, v->file.inode) ||
	    um_hash_add(&um_vn.by_wd, &v->file.wd_node, (uint64_t)v->file.wd))
		um_warn("out of memory for the vnode table");
	um_shared_set_objs(um_vn.by_inode.count);
}

struct um_vnode *um_vnode_lookup(struct um_mount *m, ino_t ino)
{
	struct um_vnode *v;

	um_lock(&um_vn.table);
	v = find_locked(m, ino);
	if (v)
		v->refs++;
	um_unlock(&um_vn.table);
	return v;
}

/* Find or make; a ref. The resident ref is the table's. */
static int get(struct um_mount *m, const char *path, const struct stat *st,
	       struct um_vnode **out)
{
	struct um_vnode *v = um_vnode_lookup(m, st->st_ino);
	struct um_vnode *fresh;

	if (!v) {
		fresh = vnode_new(m, path, st);
		if (!fresh)
			return -ENOMEM;
		um_lock(&um_vn.table);
		v = find_locked(m, st->st_ino);
		if (v) {
			v->refs++;
		} else {
			v = um_steal(fresh);
			enter_locked(v);
		}
		um_unlock(&um_vn.table);
		if (fresh)
			vnode_free(fresh);
	}
	um_lock(&um_vn.table);
	/* the name known so far may be no more */
	if (m->fs.remote && v->path && !v->hidden && strcmp(v->path, path) != 0)
		free(um_steal(v->path));
	if (!v->path)
		v->path = strdup(path);
	um_unlock(&um_vn.table);
	*out = v;
	return 0;
}

/*
 * The vnode of what the name means now (ref), and its attributes: since the
 * walk the name, and even the number, may have gone to another file.
 */
static int get_named(struct um_mount *m, const char *path, struct stat *st,
		     struct um_vnode **out)
{
	int ret;

	um_lock(&m->names);
	ret = um_fs_getattr(m, path, NULL, st);
	if (ret >= 0)
		ret = S_ISREG(st->st_mode) ? get(m, path, st, out) : -ENOENT;
	um_unlock(&m->names);
	return ret;
}

bool um_vnode_is_open(struct um_vnode *v)
{
	if (fcntl(v->lease_fd, F_SETLEASE, F_WRLCK) < 0)
		return true;
	fcntl(v->lease_fd, F_SETLEASE, F_UNLCK);
	return false;
}

/* Out of the hashes: no name and no descriptor leads to it any more. */
static void leave_locked(struct um_vnode *v)
{
	if (v->gone)
		return;
	v->gone = true;
	um_hash_del(&um_vn.by_node, &v->node);
	um_hash_del(&um_vn.by_inode, &v->file.node);
	um_hash_del(&um_vn.by_wd, &v->file.wd_node);
	um_shared_set_objs(um_vn.by_inode.count);
	um_watch_del(v->file.wd);
}

static void remove_hidden(struct um_vnode *v)
{
	UM_FREE char *path = um_vnode_path(v);

	if (!path)
		return;
	um_lock(&v->mount->names);
	if (um_fs_unlink(v->mount, path) == 0) {
		um_lock(&um_vn.table);
		um_vnode_orphan_locked(v);
		um_unlock(&um_vn.table);
	}
	um_unlock(&v->mount->names);
}

/*
 * Nobody has it open: write what mappings left, close the module's files.
 * The content stays cached unless the node is gone.
 */
static void last_close(struct um_vnode *v)
{
	if (atomic_load(&v->shared))
		um_vnode_sync(v);
	um_lock(&v->io);
	/* opened again meanwhile? an open is done under this lock */
	if (!um_vnode_is_open(v))
		um_vnode_release_fh(v);
	um_unlock(&v->io);
	if (v->hidden && !um_vnode_is_open(v))
		remove_hidden(v);
}

static int refs_of(struct um_vnode *v)
{
	int n;

	um_lock(&um_vn.table);
	n = v->refs;
	um_unlock(&um_vn.table);
	return n;
}

/* A close was seen: was it the last? */
void um_vnode_check(struct um_vnode *v)
{
	bool drop;

	/* a ref besides the table's and the caller's: somebody works on it */
	if (um_vnode_is_open(v) || (refs_of(v) > 2 && !v->device) || v->lazy)
		return;
	last_close(v);
	um_lock(&um_vn.table);
	drop = (v->orphan || v->hidden || v->volatile_data) && !v->gone &&
	       (v->refs == 2 || v->device) && !v->lazy && !um_vnode_is_open(v);
	if (drop) {
		leave_locked(v);
		v->refs--;
	}
	um_unlock(&um_vn.table);
	um_vnode_trim();
}

/* Cached files that nobody has open, oldest first, while there are too many. */
void um_vnode_trim(void)
{
	struct um_vnode *victims[32];
	size_t n = 0;

	um_lock(&um_vn.table);
	for (size_t i = 0; i < um_vn.by_node.nslots && n < 32; i++) {
		struct um_hnode *h;

		if (um_vn.by_node.count < um_vn.max_vnodes &&
		    atomic_load(&um_vn.bytes) < um_vn.cache_limit)
			break;
		h = um_vn.by_node.slot[(i + um_vn.hand) % um_vn.by_node.nslots];
		for (; h && n < 32; h = h->next) {
			struct um_vnode *v =
				um_container(h, struct um_vnode, node);

			if (v->refs == 1 && !v->lazy && !um_vnode_is_open(v) &&
			    !v->has_wfh && !atomic_load(&v->shared))
				victims[n++] = v;
		}
		um_vn.hand += h ? 0 : 1;
	}
	for (size_t i = 0; i < n; i++)
		leave_locked(victims[i]);
	um_unlock(&um_vn.table);
	for (size_t i = 0; i < n; i++)
		um_vnode_put(victims[i]);
}

char *um_vnode_path(struct um_vnode *v)
{
	char *copy = NULL;

	um_lock(&um_vn.table);
	if (v->path)
		copy = strdup(v->path);
	um_unlock(&um_vn.table);
	return copy;
}

void um_vnode_let_go(struct um_vnode *v)
{
	if (v->device)
		um_vnode_check(v);
	um_vnode_put(v);
}

/* A vnode for this opening alone: a number that no node has. */
static int get_device(struct um_mount *m, const char *path,
		      const struct stat *st, struct um_vnode **out)
{
	static _Atomic ino_t serial = (ino_t)1 << 32;
	struct stat own = *st;
	int ret;

	own.st_ino = atomic_fetch_add(&serial, 1);
	own.st_size = 0;
	ret = get(m, path, &own, out);
	if (ret == 0)
		(*out)->device = (*out)->volatile_data = true;
	return ret;
}

int um_vnode_get_path(struct um_mount *m, const char *path,
		      const struct stat *st, int flags, struct um_vnode **out)
{
	bool device = m->devices && !S_ISREG(st->st_mode);
	struct stat now;
	struct um_vnode *v;
	uint64_t size;
	int ret = device ? get_device(m, path, st, &v)
			 : get_named(m, path, &now, &v);

	if (ret < 0)
		return ret;
	um_lock(&v->io);
	ret = um_vnode_need_fh(v, flags & O_ACCMODE);
	um_unlock(&v->io);
	if (ret < 0) {
		um_vnode_let_go(v);
		return ret;
	}
	if (device && um_vnode_ioctl(v, BLKGETSIZE64, &size, sizeof(size)) == 0)
		um_vnode_resized(v, (off_t)size);
	*out = v;
	return 0;
}

int um_vnode_open_device(struct um_mount *m, const char *path,
			 const struct stat *st, int flags)
{
	struct um_vnode *v;
	int ret = um_vnode_get_path(m, path, st, flags, &v);

	if (ret < 0)
		return ret;
	um_lock(&v->io);
	ret = um_obj_open_lazy(v, flags);
	um_unlock(&v->io);
	if (ret < 0)
		um_vnode_let_go(v);
	else
		um_vnode_put(v);
	return ret;
}

static bool reads(int flags)
{
	return (flags & O_ACCMODE) != O_WRONLY;
}

/*
 * To read what nobody will use costs time where the data comes from another
 * process, or over a network.
 */
static off_t ready_limit(const struct um_vnode *v)
{
	return v->mount->fs.remote && um_vn.ready_limit > REMOTE_LIMIT
		       ? REMOTE_LIMIT
		       : um_vn.ready_limit;
}

/* A descriptor for a file whose module side is in order; io lock held. */
static int give_locked(struct um_vnode *v, int flags)
{
	int ret;

	if (v->direct && reads(flags))
		return um_obj_open_lazy(v, flags);
	if (!reads(flags) || v->populated)
		return um_reopen(v->memfd, flags);
	if (v->size > ready_limit(v))
		return um_obj_open_lazy(v, flags);
	ret = um_vnode_populate_locked(v);
	/* what cannot be read can be open still: read(2) is to tell */
	if (ret < 0 && v->mount->fs.remote)
		return um_obj_open_lazy(v, flags);
	return ret < 0 ? ret : um_reopen(v->memfd, flags);
}

static int open_locked(struct um_vnode *v, int flags)
{
	int ret = 0;

	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) ||
	    !v->populated)
		ret = um_vnode_need_fh(v, flags & O_ACCMODE);
	if (ret == 0 && (flags & O_TRUNC))
		ret = um_vnode_truncate_locked(v, 0);
	return ret < 0 ? ret : give_locked(v, flags & ~O_TRUNC);
}

int um_vnode_open(struct um_mount *m, const char *path, int flags)
{
	struct um_vnode *v;
	struct stat st;
	int ret = get_named(m, path, &st, &v);

	if (ret < 0)
		return ret;
	um_lock(&v->io);
	if (m->fs.remote)
		ret = um_vnode_refresh_locked(v, &st, flags);
	if (ret == 0)
		ret = open_locked(v, flags);
	um_unlock(&v->io);
	um_vnode_put(v);
	return ret;
}

/* The new file and its vnode (ref). */
static int make(struct um_mount *m, const char *path, mode_t mode,
		struct um_fh *fh, struct um_vnode **out)
{
	struct stat st;
	int ret;

	um_lock(&m->names);
	ret = um_fs_create(m, path, mode, fh);
	if (ret >= 0) {
		ret = um_fs_getattr(m, path, NULL, &st);
		if (ret >= 0)
			ret = get(m, path, &st, out);
		if (ret < 0)
			um_fs_release(m, fh);
	}
	um_unlock(&m->names);
	return ret;
}

static int create(struct um_mount *m, const char *path, int flags, mode_t mode,
		  bool hidden)
{
	/* whoever reads the file next does so through this */
	struct um_fh fh = { .flags = (flags & ~(O_CREAT | O_EXCL | O_ACCMODE)) |
				     O_RDWR };
	struct um_vnode *v = NULL;
	int ret;

	ret = make(m, path, mode, &fh, &v);
	if (ret < 0)
		return ret;
	v->hidden = hidden;
	um_lock(&v->io);
	if (v->has_wfh) {
		um_fs_release(m, &fh);
	} else {
		v->wfh = fh;
		um_vnode_set_wfh(v, true);
	}
	ret = give_locked(v, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
	um_unlock(&v->io);
	um_vnode_put(v);
	return ret;
}

int um_vnode_create(struct um_mount *m, const char *path, int flags,
		    mode_t mode)
{
	return create(m, path, flags, mode, false);
}

int um_vnode_create_hidden(struct um_mount *m, const char *path, int flags,
			   mode_t mode)
{
	return create(m, path, flags, mode, true);
}

int um_vnode_ready_fd(struct um_vnode *v, int flags)
{
	int ret;

	if (v->device)
		return -ENODEV;
	um_lock(&v->io);
	ret = v->populated ? 0 : um_vnode_populate_locked(v);
	if (ret == 0)
		ret = um_reopen(v->memfd, flags & ~(O_CREAT | O_EXCL | O_TRUNC |
						    O_NOFOLLOW | O_DIRECTORY));
	um_unlock(&v->io);
	return ret;
}

int um_vnode_open_whole(struct um_mount *m, const char *path)
{
	struct um_vnode *v;
	struct stat st;
	int ret = get_named(m, path, &st, &v);

	if (ret < 0)
		return ret;
	if (m->fs.remote) {
		um_lock(&v->io);
		ret = um_vnode_refresh_locked(v, &st, O_RDONLY);
		um_unlock(&v->io);
	}
	if (ret == 0)
		ret = um_vnode_ready_fd(v, O_RDONLY);
	um_vnode_put(v);
	return ret;
}

void um_vnode_tell(struct um_mount *m, const struct um_told *name)
{
	struct um_vnode *v = NULL;
	struct stat st;
	bool hidden;

	if (um_attrcache_get(m->cache, name->path, &st) == 0)
		v = um_vnode_lookup(m, st.st_ino);
	hidden = v && v->hidden;
	um_vnode_put(v);
	if (!hidden)
		um_attrcache_tell(m->cache, name);
}

int um_vnode_truncate_path(struct um_mount *m, const char *path, off_t size)
{
	struct um_vnode *v;
	struct stat st;
	int ret;

	um_lock(&m->names);
	v = um_vnode_known(m, path, &st);
	um_unlock(&m->names);
	if (!v)
		return um_fs_truncate(m, path, NULL, size);
	ret = um_vnode_truncate(v, size);
	um_vnode_put(v);
	return ret;
}

typedef void (*vnode_fn)(struct um_vnode *v, void *arg);

/* Call fn for every vnode of m (NULL: all), with a ref and no lock. */
static void for_each(struct um_mount *m, vnode_fn fn, void *arg)
{
	struct um_vnode **all;
	size_t n = 0;

	um_lock(&um_vn.table);
	all = calloc(um_vn.by_inode.count + 1, sizeof(struct um_vnode *));
	for (size_t i = 0; all && i < um_vn.by_inode.nslots; i++) {
		struct um_hnode *h = um_vn.by_inode.slot[i];

		for (; h; h = h->next) {
			struct um_obj *o = um_container(h, struct um_obj, node);

			if (o->kind != UM_OBJ_FILE || (m && o->mount != m))
				continue;
			o->vnode->refs++;
			all[n++] = o->vnode;
		}
	}
	um_unlock(&um_vn.table);
	for (size_t i = 0; i < n; i++) {
		fn(all[i], arg);
		um_vnode_put(all[i]);
	}
	free(all);
}

static void sync_one(struct um_vnode *v, void *arg)
{
	int *first = arg;
	int ret;

	if (!atomic_load(&v->shared))
		return;
	ret = um_vnode_sync(v);
	if (ret < 0 && *first == 0)
		*first = ret;
}

int um_vnode_sync_mount(struct um_mount *m)
{
	int ret = 0;

	for_each(m, sync_one, &ret);
	return ret;
}

static void count_open(struct um_vnode *v, void *arg)
{
	if (um_vnode_is_open(v))
		(*(size_t *)arg)++;
}

size_t um_vnode_busy(struct um_mount *m)
{
	size_t n;

	um_watch_drain();
	n = um_obj_count(m);
	for_each(m, count_open, &n);
	return n;
}

static void drop_one(struct um_vnode *v, void *arg)
{
	bool drop;

	(void)arg;
	if (um_vnode_is_open(v))
		return;
	last_close(v);
	um_lock(&um_vn.table);
	drop = !v->gone && !v->lazy;
	if (drop) {
		leave_locked(v);
		v->refs--;
	}
	um_unlock(&um_vn.table);
}

void um_vnode_drop(struct um_mount *m)
{
	for_each(m, drop_one, NULL);
}

int um_vnode_setup(off_t ready_limit, uint64_t cache_limit)
{
	um_vn.ready_limit = ready_limit;
	um_vn.cache_limit = cache_limit;
	um_vn.max_vnodes = 4096;
	return um_watch_setup();
}

void um_vnode_fini(void)
{
	um_watch_fini();
	for_each(NULL, drop_one, NULL);
}
