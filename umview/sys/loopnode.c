// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loopnode.c - the file system of the nodes of virtual loop devices
 *
 * It stands in no view's list: view/path.c asks for it by name. An open node is
 * a vnode of its own (um_vnode_open_device()), so that data calls need nothing
 * special, and a module that is handed /dev/loopN reads it by um_next_open().
 */
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "sys/loop.h"
#include "sys/loopdev.h"
#include "sys/rw.h"

#define CONTROL_RDEV makedev(10, 237)

static struct um_mount *loop_mount;

enum kind { NONE, CONTROL_NODE, DEVICE_NODE, LINK, DIR, FILE_NODE };

/**
 * struct place - what a path of the file system leads to
 * @name: in /sys/block/loopN, "" or begins with a slash
 */
struct place {
	enum kind kind;
	struct um_loop *l;
	const char *name;
};

static struct um_mount *mount_of(const char *path)
{
	const char *rest;
	int n;

	if (strncmp(path, "/dev/loop", 9) != 0 &&
	    strncmp(path, "/sys/", 5) != 0)
		return NULL;
	if (um_loop_host_serves())
		return NULL;
	if (!strcmp(path, UM_LOOP_CONTROL) || um_loop_find(path))
		return loop_mount;
	n = um_loop_number(path, UM_LOOP_DIR, &rest);
	if (n < 0)
		n = um_loop_number(path, UM_LOOP_LINK, &rest);
	return n >= 0 && um_loop_by_number(n) ? loop_mount : NULL;
}

/* What guests closed a moment ago counts as closed. */
void um_loop_heed_closes(void)
{
	um_vnode_busy(loop_mount);
}

static enum kind sys_kind(struct um_loop *l, const char *name)
{
	switch (um_loop_sys_type(l, name)) {
	case S_IFDIR:
		return DIR;
	case S_IFREG:
		return FILE_NODE;
	default:
		return NONE;
	}
}

static struct place place_of(const char *path)
{
	struct place p = { .kind = NONE };
	const char *rest;

	if (!path)
		return p;
	if (!strcmp(path, UM_LOOP_CONTROL))
		return (struct place){ .kind = CONTROL_NODE };
	p.l = um_loop_find(path);
	if (p.l)
		return (struct place){ .kind = DEVICE_NODE, .l = p.l };
	p.l = um_loop_by_number(um_loop_number(path, UM_LOOP_LINK, &rest));
	if (p.l)
		return (struct place){ *rest ? NONE : LINK, p.l, rest };
	p.l = um_loop_by_number(um_loop_number(path, UM_LOOP_DIR, &rest));
	if (p.l)
		p = (struct place){ sys_kind(p.l, rest), p.l, rest };
	return p;
}

static int node_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	/* a file is another each time: what it says may have changed */
	static _Atomic ino_t serial = 1 << 24;
	static const mode_t modes[] = { 0,
					S_IFCHR | 0660,
					S_IFBLK | 0660,
					S_IFLNK | 0777,
					S_IFDIR | 0555,
					S_IFREG | 0444 };
	struct place p = place_of(path);

	(void)fs;
	(void)fh;
	if (p.kind == NONE)
		return -ENOENT;
	out->st_mode = modes[p.kind];
	out->st_ino = p.l ? 8 * (ino_t)p.l->n + p.kind : 1;
	if (p.kind == DIR && *p.name)
		out->st_ino++;
	if (p.kind == FILE_NODE)
		out->st_ino = atomic_fetch_add(&serial, 1);
	if (p.kind == CONTROL_NODE)
		out->st_rdev = CONTROL_RDEV;
	if (p.kind == DEVICE_NODE && p.l)
		out->st_rdev = makedev(UM_LOOP_MAJOR, (unsigned int)p.l->n);
	out->st_nlink = 1;
	out->st_uid = getuid();
	out->st_gid = getgid();
	out->st_blksize = 4096;
	return 0;
}

static ssize_t node_readlink(struct um_fs *fs, const char *path, char *buf,
			     size_t size)
{
	struct place p = place_of(path);
	char text[64];
	size_t n;

	(void)fs;
	if (p.kind != LINK)
		return p.kind == NONE ? -ENOENT : -EINVAL;
	n = (size_t)snprintf(text, sizeof(text), "../../block/loop%d", p.l->n);
	n = n < size ? n : size;
	memcpy(buf, text, n);
	return (ssize_t)n;
}

static int node_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			void *arg)
{
	struct place p = place_of(path);

	(void)fs;
	return p.kind == DIR ? um_loop_sys_list(p.l, p.name, fill, arg)
			     : -ENOTDIR;
}

/* An open node: a device, a file with its content, or the control node. */
struct open_node {
	struct um_loop *l;
	char *text;
};

static struct open_node *node_of(const struct um_fh *fh)
{
	return (struct open_node *)(uintptr_t)fh->fh;
}

static int open_device(struct um_loop *l, int flags)
{
	int ret = 0;

	um_lock(&um_loop_lock);
	if (l->backing && (l->info.lo_flags & LO_FLAGS_READ_ONLY) &&
	    um_obj_writes(flags))
		ret = -EACCES;
	else
		l->opens++;
	um_unlock(&um_loop_lock);
	return ret;
}

static int node_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct place p = place_of(path);
	struct open_node *o;
	int ret = 0;

	(void)fs;
	if (p.kind == NONE)
		return -ENXIO;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	if (p.kind == FILE_NODE) {
		o->text = um_loop_sys_text(p.l, p.name);
		ret = o->text ? 0 : -ENOMEM;
	} else if (p.kind == DEVICE_NODE) {
		o->l = p.l;
		ret = open_device(p.l, fh->flags);
	}
	if (ret < 0)
		free(um_steal(o));
	fh->fh = (uint64_t)(uintptr_t)o;
	return ret;
}

static void node_release(struct um_fs *fs, struct um_fh *fh)
{
	struct open_node *o = node_of(fh);
	struct um_loop *l = o->l;
	struct um_backing *b = NULL;

	(void)fs;
	free(o->text);
	free(o);
	if (!l)
		return;
	um_lock(&um_loop_lock);
	if (--l->opens == 0 && (l->info.lo_flags & LO_FLAGS_AUTOCLEAR)) {
		b = um_steal(l->backing);
		l->size = 0;
	}
	um_unlock(&um_loop_lock);
	um_backing_put(b);
}

/* The part of a transfer that the device has. Return: file (ref) or NULL. */
static struct um_backing *range(const struct um_fh *fh, size_t *n, off_t *off)
{
	struct um_loop *l = node_of(fh)->l;
	struct um_backing *b = NULL;

	if (!l)
		return NULL;
	um_lock(&um_loop_lock);
	if (l->backing && *off >= 0 && (uint64_t)*off < l->size) {
		if (*n > l->size - (uint64_t)*off)
			*n = (size_t)(l->size - (uint64_t)*off);
		*off += (off_t)l->info.lo_offset;
		b = l->backing;
		atomic_fetch_add(&b->refs, 1);
	}
	um_unlock(&um_loop_lock);
	return b;
}

static ssize_t node_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t n, off_t off)
{
	struct um_backing *b = range(fh, &n, &off);
	ssize_t ret = b ? um_next_pread(b->file, buf, n, off) : 0;
	const char *text = node_of(fh)->text;

	(void)fs;
	if (text && off >= 0 && (size_t)off < strlen(text)) {
		ret = (ssize_t)strnlen(text + off, n);
		memcpy(buf, text + off, (size_t)ret);
	}
	um_backing_put(b);
	return ret;
}

static ssize_t node_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t n, off_t off)
{
	struct um_backing *b = range(fh, &n, &off);
	ssize_t ret = b ? um_next_pwrite(b->file, buf, n, off) : -ENOSPC;

	(void)fs;
	um_backing_put(b);
	return ret;
}

static int node_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	struct um_loop *l = node_of(fh)->l;

	(void)fs;
	(void)datasync;
	return l ? (int)um_loop_sync(l) : -EINVAL;
}

/* For the core and for modules, which ask how large it is. */
static int node_ioctl(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		      void *data, size_t size)
{
	const struct um_loop *l = node_of(fh)->l;

	(void)fs;
	if (!l || cmd != BLKGETSIZE64 || size < sizeof(uint64_t))
		return -ENOTTY;
	um_lock(&um_loop_lock);
	memcpy(data, &l->size, sizeof(uint64_t));
	um_unlock(&um_loop_lock);
	return 0;
}

static const struct um_fs_ops node_ops = {
	.size = sizeof(struct um_fs_ops),
	.getattr = node_getattr,
	.readlink = node_readlink,
	.readdir = node_readdir,
	.open = node_open,
	.release = node_release,
	.read = node_read,
	.write = node_write,
	.fsync = node_fsync,
	.ioctl = node_ioctl,
};

static struct um_dev_class class = { .find = mount_of, .names = um_loop_names };

int um_loop_setup(void)
{
	loop_mount = um_mount_new_devices("loop", &node_ops);
	if (!loop_mount)
		return -ENOMEM;
	um_dev_add(&class);
	return 0;
}
