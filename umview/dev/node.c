// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * node.c - the file system of a mount of devices, and open devices
 *
 * An open block device, and a character device that is no stream, is a vnode
 * of its own (um_vnode_open_device()), so that data calls need nothing special,
 * and a module that is handed /dev/hda1 reads it by um_next_open().
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>

#include "dev/opennode.h"
#include "dev/stream.h"

static struct um_mount *mount_of(struct um_fs *fs)
{
	return um_container(fs, struct um_mount, fs);
}

static void fill_stat(const struct um_dev_place *p, struct stat *out)
{
	static const mode_t modes[] = { [UM_DEV_LINK] = S_IFLNK | 0777,
					[UM_DEV_DIR] = S_IFDIR | 0555,
					[UM_DEV_FILE] = S_IFREG | 0444 };
	/* a file is another each time: what it says may have changed */
	static _Atomic ino_t serial = (ino_t)1 << 33;
	const struct um_devnode *d = p->node;

	out->st_nlink = 1;
	out->st_blksize = 4096;
	out->st_uid = d->uid;
	out->st_gid = d->gid;
	out->st_atim = out->st_mtim = out->st_ctim = d->mtime;
	if (p->kind == UM_DEV_NODE) {
		out->st_mode = d->mode;
		out->st_rdev = d->rdev;
		out->st_ino = d->ino;
		return;
	}
	out->st_uid = 0;
	out->st_gid = 0;
	out->st_mode = modes[p->kind];
	if (p->kind == UM_DEV_LINK)
		out->st_ino = d->ino + ((ino_t)1 << 31);
	else if (p->kind == UM_DEV_DIR)
		out->st_ino = ((ino_t)1 << 32) + (d->ino << 8) +
			      (ino_t)strlen(p->rest);
	else
		out->st_ino = atomic_fetch_add(&serial, 1);
}

static int node_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	struct um_open_node *o = fh ? (void *)(uintptr_t)fh->fh : NULL;
	struct um_dev_place p = { .kind = UM_DEV_NODE };
	int ret = 0;

	/* a loop device that lets go with its last close has, in /sys too */
	if (path && !strncmp(path, "/sys/", 5))
		um_obj_settle();
	um_lock(&um_dev_lock);
	if (path)
		p = um_dev_place_locked(mount_of(fs), path);
	else if (o)
		p.node = o->node;
	if (p.kind == UM_DEV_NONE || p.kind == UM_DEV_ABSENT || !p.node)
		ret = -ENOENT;
	else
		fill_stat(&p, out);
	um_unlock(&um_dev_lock);
	return ret;
}

static ssize_t node_readlink(struct um_fs *fs, const char *path, char *buf,
			     size_t size)
{
	struct um_dev_place p;
	ssize_t n = -EINVAL;

	um_lock(&um_dev_lock);
	p = um_dev_place_locked(mount_of(fs), path);
	if (p.kind == UM_DEV_LINK)
		n = um_dev_sys_link(p.node, path, buf, size);
	um_unlock(&um_dev_lock);
	return n;
}

static int node_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			void *arg)
{
	return um_dev_sys_list(mount_of(fs), path, fill, arg);
}

/* ---- attributes ---- */

struct change {
	bool chmod;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const struct timespec *ts;
};

static int change_node(struct um_fs *fs, const char *path, struct um_fh *fh,
		       const struct change *c)
{
	struct um_open_node *o = fh ? (void *)(uintptr_t)fh->fh : NULL;
	struct um_dev_place p = { .kind = UM_DEV_NODE };
	int ret = 0;

	um_lock(&um_dev_lock);
	if (path)
		p = um_dev_place_locked(mount_of(fs), path);
	else if (o)
		p.node = o->node;
	if (p.kind != UM_DEV_NODE || !p.node)
		ret = p.kind == UM_DEV_NONE ? -ENOENT : -EPERM;
	if (ret == 0 && c->chmod)
		p.node->mode = (p.node->mode & S_IFMT) | (c->mode & 07777);
	if (ret == 0 && c->uid != (uid_t)-1)
		p.node->uid = c->uid;
	if (ret == 0 && c->gid != (gid_t)-1)
		p.node->gid = c->gid;
	if (ret == 0 && c->ts && c->ts[1].tv_nsec != UTIME_OMIT)
		p.node->mtime = c->ts[1];
	if (ret == 0 && c->ts && c->ts[1].tv_nsec == UTIME_NOW)
		clock_gettime(CLOCK_REALTIME, &p.node->mtime);
	um_unlock(&um_dev_lock);
	return ret;
}

static int node_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		      mode_t mode)
{
	struct change c = { true, mode, (uid_t)-1, (gid_t)-1, NULL };

	return change_node(fs, path, fh, &c);
}

static int node_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		      uid_t uid, gid_t gid)
{
	struct change c = { false, 0, uid, gid, NULL };

	return change_node(fs, path, fh, &c);
}

static int node_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
			const struct timespec ts[2])
{
	struct change c = { false, 0, (uid_t)-1, (gid_t)-1, ts };

	return change_node(fs, path, fh, &c);
}

static int node_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
			 off_t size)
{
	(void)fs;
	(void)path;
	(void)fh;
	(void)size;
	return -EINVAL;
}

/* ---- opening ---- */

static bool is_claimed(const struct um_devnode *d)
{
	return d->excl || d->held;
}

/*
 * O_EXCL: for one alone, and not while somebody has the disk that it is part
 * of, or a part of it. Mounts share with mounts.
 */
static int claim_locked(struct um_devnode *d, bool holds)
{
	struct um_devset *s = d->set;

	if (d->excl || (d->held && !holds))
		return -EBUSY;
	if (d->n && is_claimed(s->nodes))
		return -EBUSY;
	for (const struct um_devnode *part = s->nodes->next; part && !d->n;
	     part = part->next)
		if (is_claimed(part))
			return -EBUSY;
	if (holds)
		d->held++;
	else
		d->excl++;
	return 0;
}

static void unclaim_locked(struct um_open_node *o)
{
	if (!(o->fh.flags & O_EXCL))
		return;
	if (o->held)
		o->node->held--;
	else
		o->node->excl--;
}

static int open_locked(struct um_open_node *o, const struct um_dev_place *p)
{
	int ret = 0;

	if (p->kind == UM_DEV_FILE) {
		if ((o->fh.flags & O_ACCMODE) != O_RDONLY)
			return -EACCES;
		o->text = um_dev_sys_text(p->node, p->rest);
		return o->text ? 0 : -ENOMEM;
	}
	if (p->kind != UM_DEV_NODE)
		return p->kind == UM_DEV_DIR ? -EISDIR : -ENXIO;
	o->set = p->set;
	o->node = p->node;
	o->fh.sub = p->node->n;
	if (o->fh.flags & O_EXCL)
		ret = claim_locked(o->node, o->held);
	if (ret == 0)
		o->node->opens++;
	return ret;
}

static void close_node(struct um_open_node *o)
{
	struct um_devset *s = o->set;

	if (s) {
		um_lock(&um_dev_lock);
		unclaim_locked(o);
		o->node->opens--;
		um_unlock(&um_dev_lock);
		if (s->own && s->own->closed)
			s->own->closed(s);
	}
	free(o->text);
	free(o);
}

static int open_new(struct um_mount *m, const char *path, int flags,
		    struct um_open_node **out)
{
	struct um_open_node *o = calloc(1, sizeof(*o));
	struct um_dev_place p;
	int ret;

	*out = o;
	if (!o)
		return -ENOMEM;
	o->held = (flags & UM_DEV_HOLD) == UM_DEV_HOLD;
	o->fh.flags = flags & (O_ACCMODE | O_EXCL);
	um_lock(&um_dev_lock);
	p = um_dev_place_locked(m, path);
	ret = open_locked(o, &p);
	um_unlock(&um_dev_lock);
	if (ret < 0) {
		free(o->text);
		free(um_steal(*out));
		return ret;
	}
	if (o->set && o->set->dev.ops->open) {
		ret = UM_DEV_OP(o->set,
				o->set->dev.ops->open(&o->set->dev, &o->fh));
		if (ret < 0)
			close_node(um_steal(*out));
	}
	return ret;
}

static int node_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct um_open_node *o;
	int ret = open_new(mount_of(fs), path, fh->flags, &o);

	fh->fh = (uint64_t)(uintptr_t)o;
	return ret;
}

static void release(struct um_open_node *o)
{
	struct um_devset *s = o->set;
	struct um_self self;

	if (s && s->dev.ops->release) {
		self = um_self_enter(s->beneath);
		um_contain_resume(self.contained);
		s->dev.ops->release(&s->dev, &o->fh);
		um_self_restore(&self);
	}
	close_node(o);
}

static void node_release(struct um_fs *fs, struct um_fh *fh)
{
	(void)fs;
	release((struct um_open_node *)(uintptr_t)fh->fh);
}

/* ---- data ---- */

static ssize_t read_text(const char *text, void *buf, size_t n, off_t off)
{
	size_t size = strlen(text);

	if (off < 0 || (size_t)off >= size)
		return 0;
	size -= (size_t)off;
	n = n < size ? n : size;
	memcpy(buf, text + off, n);
	return (ssize_t)n;
}

static void trace(const struct um_open_node *o, const char *what, off_t off,
		  size_t n, ssize_t ret)
{
	if (o->set->spec.debug)
		um_info("%s: %s %zu at %lld = %zd", o->node->path, what, n,
			(long long)off, ret);
}

static ssize_t node_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t n, off_t off)
{
	struct um_open_node *o = (struct um_open_node *)(uintptr_t)fh->fh;
	struct um_devset *s = o->set;
	ssize_t ret = -EINVAL;

	(void)fs;
	if (o->text)
		return read_text(o->text, buf, n, off);
	if (um_devset_is_block(s))
		ret = um_blk_read(o->node, &o->fh, buf, n, off);
	else if (s->dev.ops->read)
		ret = UM_DEV_OP(s,
				s->dev.ops->read(&s->dev, &o->fh, buf, n, off));
	trace(o, "read", off, n, ret);
	return ret;
}

static ssize_t node_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t n, off_t off)
{
	struct um_open_node *o = (struct um_open_node *)(uintptr_t)fh->fh;
	struct um_devset *s = o->set;
	ssize_t ret = -EINVAL;

	(void)fs;
	if (!s)
		return -EBADF;
	if (um_devset_is_block(s))
		ret = um_blk_write(o->node, &o->fh, buf, n, off);
	else if (s->dev.ops->write)
		ret = UM_DEV_OP(
			s, s->dev.ops->write(&s->dev, &o->fh, buf, n, off));
	trace(o, "write", off, n, ret);
	return ret;
}

static int node_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	struct um_open_node *o = (struct um_open_node *)(uintptr_t)fh->fh;

	(void)fs;
	(void)datasync;
	if (!o->set || !um_devset_is_block(o->set))
		return -EINVAL;
	return um_blk_sync(o->set);
}

static int node_fallocate(struct um_fs *fs, struct um_fh *fh, int mode,
			  off_t off, off_t len)
{
	struct um_open_node *o = (struct um_open_node *)(uintptr_t)fh->fh;
	uint64_t size;

	(void)fs;
	if (!o->set || !um_devset_is_block(o->set))
		return -ENODEV;
	if ((off | len) & (um_devset_block(o->set) - 1))
		return -EINVAL;
	um_lock(&um_dev_lock);
	size = o->node->size;
	um_unlock(&um_dev_lock);
	if ((uint64_t)off >= size)
		return -EINVAL;
	if ((uint64_t)len > size - (uint64_t)off) {
		if (!(mode & FALLOC_FL_KEEP_SIZE))
			return -EINVAL;
		len = (off_t)(size - (uint64_t)off);
	}
	if (um_blk_is_readonly(o->node))
		return -EPERM;
	if (!(mode & (FALLOC_FL_ZERO_RANGE | FALLOC_FL_PUNCH_HOLE)))
		return -EOPNOTSUPP;
	return um_blk_wipe(o->node, UM_DEV_ZERO, (uint64_t)off, (uint64_t)len);
}

static int node_syncfs(struct um_fs *fs)
{
	struct um_devset *s = fs->priv;

	return s && um_devset_is_block(s) ? um_blk_sync(s) : 0;
}

static int node_statfs(struct um_fs *fs, struct statfs *out)
{
	(void)fs;
	/* what /dev is on any Linux: a tmpfs, of no size to speak of */
	out->f_type = 0x01021994;
	out->f_bsize = 4096;
	out->f_namelen = 255;
	return 0;
}

static void node_umount(struct um_fs *fs)
{
	struct um_devset *s = fs->priv;
	struct um_dev_spec spec = s->spec;
	struct um_self self = um_self_enter(s->beneath);

	um_contain_resume(self.contained);
	if (s->dev.ops->umount)
		s->dev.ops->umount(&s->dev);
	um_self_restore(&self);
	um_devset_free(s);
	fs->priv = NULL;
	if (spec.ended)
		spec.ended(spec.arg);
}

const struct um_fs_ops um_dev_fs_ops = {
	.size = sizeof(struct um_fs_ops),
	.getattr = node_getattr,
	.readlink = node_readlink,
	.readdir = node_readdir,
	.chmod = node_chmod,
	.chown = node_chown,
	.utimens = node_utimens,
	.truncate = node_truncate,
	.statfs = node_statfs,
	.open = node_open,
	.release = node_release,
	.read = node_read,
	.write = node_write,
	.fallocate = node_fallocate,
	.fsync = node_fsync,
	.ioctl = um_open_node_call,
	.syncfs = node_syncfs,
	.umount = node_umount,
};

/* ---- for those who open nodes by name ---- */

void um_open_node_release(struct um_mount *m, struct um_open_node *o)
{
	struct um_fh fh = { .fh = (uint64_t)(uintptr_t)o };

	um_fs_release(m, &fh);
}

bool um_dev_is_open(struct um_mount *m)
{
	bool open = false;

	/* nobody was told of closes since */
	if (atomic_load(&m->crashed))
		return false;
	um_obj_settle();
	um_lock(&um_dev_lock);
	for (const struct um_devset *s = um_devsets; s; s = s->next)
		for (const struct um_devnode *d = s->nodes; d; d = d->next)
			open |= s->mount == m && d->opens;
	um_unlock(&um_dev_lock);
	return open;
}

static bool is_stream(const struct um_mount *m, const char *rel)
{
	struct um_dev_place p;
	bool yes;

	um_lock(&um_dev_lock);
	p = um_dev_place_locked(m, rel);
	yes = p.kind == UM_DEV_NODE && p.set->dev.packets;
	um_unlock(&um_dev_lock);
	return yes;
}

int um_dev_open(struct um_mount *m, const char *rel, const struct stat *st,
		int flags)
{
	struct um_fh fh = { .flags = flags & (O_ACCMODE | O_EXCL) };
	int ret;

	/* what was closed a moment ago is in nobody's way, and lets go */
	um_obj_settle();
	if (!is_stream(m, rel))
		return um_vnode_open_device(m, rel, st, flags);
	ret = um_fs_open(m, rel, &fh);
	if (ret < 0)
		return ret;
	return um_stream_open(m, (struct um_open_node *)(uintptr_t)fh.fh,
			      flags);
}
