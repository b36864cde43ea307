// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open.c - regular files by their names: opening and making them
 *
 * A name, and the number behind it, may go to another file at any moment. So
 * what a walk found is asked for once more, and the vnode taken, in one hold of
 * m->names; from then on the vnode is the file (vnode.c). What kind of
 * descriptor the guest gets is decided here too: ready or LAZY (vnode.h).
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <unistd.h>

#include "guest/req.h"
#include "guest/shared.h"
#include "vnode/attrcache.h"
#include "vnode/internal.h"

/* Largest file of a remote mount that is read as a whole when it is opened. */
#define REMOTE_LIMIT (1 << 20)

/*
 * The vnode of what the name means now (ref), and its attributes: since the
 * walk the name, and even the number, may have gone to another file.
 */
static int get_named(struct um_mount *m, const char *path, struct stat *st,
		     struct um_vnode **out)
{
	uint32_t names = um_names_of(m, path);
	int ret;

	um_names_lock(m, names);
	ret = um_fs_getattr(m, path, NULL, st);
	if (ret >= 0)
		ret = S_ISREG(st->st_mode) ? um_vnode_get(m, path, st, out)
					   : -ENOENT;
	um_names_unlock(m, names);
	return ret;
}

/* A vnode for this opening alone: a number that no node has. */
static int get_device(struct um_mount *m, const char *path,
		      const struct stat *st, int flags, struct um_vnode **out)
{
	static _Atomic ino_t serial = (ino_t)1 << 32;
	struct stat own = *st;
	int ret;

	own.st_ino = atomic_fetch_add(&serial, 1);
	own.st_size = 0;
	ret = um_vnode_get(m, path, &own, out);
	if (ret < 0)
		return ret;
	(*out)->device = (*out)->volatile_data = true;
	(*out)->node_ino = st->st_ino;
	(*out)->open_flags = flags & (O_EXCL | O_NOFOLLOW);
	return 0;
}

/* A block device tells its size; others have none. */
void um_device_measure(struct um_vnode *v)
{
	uint64_t size;

	if (um_vnode_ioctl(v, BLKGETSIZE64, &size, sizeof(size)) == 0)
		um_vnode_resized(v, (off_t)size);
}

int um_vnode_get_path(struct um_mount *m, const char *path,
		      const struct stat *st, int flags, struct um_vnode **out)
{
	bool device = m->devices && !S_ISREG(st->st_mode);
	struct stat now;
	struct um_vnode *v;
	int ret = device ? get_device(m, path, st, flags, &v)
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
	if (device)
		um_device_measure(v);
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
int um_vnode_give_locked(struct um_vnode *v, int flags)
{
	int ret;

	if (v->nonseekable || (v->direct && reads(flags)))
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
	int ret = um_vnode_ask_open(v, flags);

	if (ret == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) ||
			 !v->populated))
		ret = um_vnode_need_fh(v, flags & O_ACCMODE);
	if (ret == 0 && (flags & O_TRUNC))
		ret = um_vnode_truncate_locked(v, 0);
	return ret < 0 ? ret : um_vnode_give_locked(v, flags & ~O_TRUNC);
}

void um_vnode_hear_closes(const struct um_mount *m)
{
	const struct um_req *r = um_req_current();

	/* who hears of closes may be waiting for such a one */
	if (m->fs.remote && r && r->attr && !r->attr->helper)
		um_watch_drain();
}

/*
 * Whoever removes a name looks whether the file is open, and if so has the
 * module open it too, for what may be asked of it afterwards (remove.c). Who
 * opens it meanwhile, unseen, does that here. -ESTALE: the name has gone.
 */
static int keep_locked(struct um_vnode *v)
{
	bool goes;
	int ret;

	um_lock(&um_vn.table);
	goes = v->withheld || v->orphan || !v->path;
	um_unlock(&um_vn.table);
	if (!goes)
		return 0;
	ret = um_vnode_need_fh(v, O_RDONLY);
	return ret == -ENOENT ? -ESTALE : 0;
}

/*
 * Of a file that others write and close, attributes that were asked for before
 * may have the size of then: to go by it would be to append over what they
 * wrote; so they are asked for again, under the lock. -ESTALE: the name has
 * gone to another file.
 */
static int refresh_locked(struct um_vnode *v, const char *path, struct stat *st,
			  int flags)
{
	int ret;

	if (!v->mount->fs.remote)
		return 0;
	ret = um_fs_getattr(v->mount, path, NULL, st);
	if (ret == -ENOENT || (ret == 0 && st->st_ino != v->ino))
		return -ESTALE;
	return ret < 0 ? ret : um_vnode_refresh_locked(v, st, flags);
}

static int open_once(struct um_mount *m, const char *path, int flags)
{
	struct um_vnode *v;
	struct stat st;
	int ret = get_named(m, path, &st, &v);
	int kept;

	if (ret < 0)
		return ret;
	/* what was closed a moment ago is not to serve this opening */
	if (v->lazy)
		um_vnode_hear_closes(m);
	um_lock(&v->io);
	ret = refresh_locked(v, path, &st, flags);
	if (ret == 0)
		ret = open_locked(v, flags);
	kept = ret >= 0 ? keep_locked(v) : 0;
	um_unlock(&v->io);
	if (kept < 0) {
		close(ret);
		ret = kept;
	}
	um_vnode_put(v);
	return ret;
}

/* So often a file is replaced under one call. */
#define MAX_TRIES 64

int um_vnode_open(struct um_mount *m, const char *path, int flags)
{
	int ret = -ESTALE;

	for (int i = 0; i < MAX_TRIES && ret == -ESTALE; i++)
		ret = open_once(m, path, flags);
	return ret == -ESTALE ? -ENOENT : ret;
}

/* The new file and its vnode (ref). */
static int make(struct um_mount *m, const char *path, mode_t mode,
		struct um_fh *fh, struct um_vnode **out)
{
	uint32_t names = um_names_of_entry(m, path);
	struct stat st;
	int ret;

	um_names_lock(m, names);
	ret = um_name_absent(m, path);
	if (ret == 0)
		ret = um_fs_create(m, path, mode, fh);
	if (ret >= 0) {
		ret = um_fs_getattr(m, path, NULL, &st);
		if (ret >= 0)
			ret = um_vnode_get(m, path, &st, out);
		if (ret < 0)
			um_fs_release(m, fh);
	}
	um_names_unlock(m, names);
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
		if (m->fs.remote)
			um_vnode_learn_locked(v, &fh);
	}
	ret = um_vnode_give_locked(v, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
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

	um_lock(&v->io);
	ret = v->populated ? 0 : um_vnode_populate_locked(v);
	if (ret == 0)
		ret = um_reopen(v->memfd, flags & ~(O_CREAT | O_EXCL | O_TRUNC |
						    O_NOFOLLOW | O_DIRECTORY));
	um_unlock(&v->io);
	return ret;
}

int um_vnode_to_map(struct um_vnode *v, int flags, struct um_vnode **out)
{
	if (v->device && !v->is_map)
		return um_devmap_get(v, flags, out);
	*out = um_vnode_ref(v);
	return 0;
}

int um_vnode_open_whole(struct um_mount *m, const char *path)
{
	struct um_vnode *v;
	struct stat st;
	int ret = get_named(m, path, &st, &v);

	if (ret < 0)
		return ret;
	um_lock(&v->io);
	ret = refresh_locked(v, path, &st, O_RDONLY);
	um_unlock(&v->io);
	if (ret == -ESTALE)
		ret = -ENOENT;
	if (ret == 0)
		ret = um_vnode_ready_fd(v, O_RDONLY);
	um_vnode_put(v);
	return ret;
}

void um_vnode_tell(struct um_mount *m, const struct um_told *name)
{
	struct um_told told = *name;
	struct um_vnode *v = NULL;
	struct stat st;

	if (m->tell) {
		um_fs_tell(m, name);
		return;
	}
	um_lock(&um_vn.table);
	if (um_attrcache_get(m->cache, name->path, &st) == 0)
		v = um_vnode_find_locked(m, st.st_ino);
	if (v) {
		told.ino = st.st_ino;
		told.object = v->file.inode;
		told.fd = um_vnode_fd_locked(v);
	}
	if (!v || !v->hidden)
		um_attrcache_tell(m->cache, &told);
	um_unlock(&um_vn.table);
}

int um_vnode_truncate_path(struct um_mount *m, const char *path, off_t size)
{
	uint32_t names = um_names_of(m, path);
	struct um_vnode *v;
	struct stat st;
	int ret;

	um_names_lock(m, names);
	v = um_vnode_known(m, path, &st);
	um_names_unlock(m, names);
	if (!v)
		return um_fs_truncate(m, path, NULL, size);
	ret = um_vnode_truncate(v, size);
	um_vnode_put(v);
	return ret;
}
