// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loop.c - virtual loop devices; see loop(4)
 *
 * mount(8) puts a loop device before an image whose type libblkid knows. Where
 * the host lets the user have none, these names are ours, in every view of the
 * session:
 *
 *   /dev/loop-control	always
 *   /dev/loopN		once LOOP_CTL_GET_FREE or LOOP_CTL_ADD told N; numbers
 *			that the host has are left alone
 *
 *   /sys/block/loopN, /sys/dev/block/7:N	likewise: what libmount goes by
 *
 * They are the nodes of a file system of the core's own that stands in no
 * view's list: view/path.c asks for it by name. An open node is a vnode of its
 * own (um_vnode_open_device()), so that data calls need nothing special, and a
 * module that is handed /dev/loopN reads it by um_next_open().
 *
 * A bound device holds its backing file open, as the view had it then. Bound
 * with LO_FLAGS_AUTOCLEAR, or cleared while open, it lets go with the last
 * close; a mount whose source it is keeps it open. Devices are never freed:
 * LOOP_CTL_REMOVE hides one.
 *
 * Lock: `lock` guards the table and all devices; no other code runs under it.
 */
#include "sys/loop.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/lock.h"
#include "sys/rw.h"
#include "vnode/attrcache.h"

#define CONTROL	     "/dev/loop-control"
#define DEVICE	     "/dev/loop"
#define SYS_DIR	     "/sys/block/loop"
#define SYS_LINK     "/sys/dev/block/7:"
#define CONTROL_RDEV makedev(10, 237)
#define LOOP_MAJOR   7
#define MAX_NUMBER   (1 << 20)
#define SECTOR	     512u
/* What LOOP_SET_STATUS can change, and LOOP_CONFIGURE set. */
#define FLAGS_STATUS (LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define FLAGS_ALL    (FLAGS_STATUS | LO_FLAGS_READ_ONLY | LO_FLAGS_DIRECT_IO)

/**
 * struct backing - the file behind a bound device
 * @path: in the view that bound it
 * @st: which file it is
 */
struct backing {
	atomic_int refs;
	struct um_next_file *file;
	char *path;
	struct stat st;
};

/**
 * struct loop - a device
 * @opens: how often it is open, by guests, modules and mounts
 * @backing: NULL: not bound; ref
 * @info: offset, limit, flags, name
 * @size: bytes that it shows
 */
struct loop {
	struct loop *next;
	int n;
	bool removed;
	int opens;
	struct backing *backing;
	struct loop_info64 info;
	uint32_t block;
	uint64_t size;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct loop *loops;
static struct um_mount *loop_mount;

static void backing_put(struct backing *b)
{
	if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	um_next_close(b->file);
	free(b->path);
	free(b);
}

static bool is_bound(const struct loop *l)
{
	return l->backing && !l->removed;
}

static struct loop *find_locked(int n)
{
	struct loop *l = loops;

	while (l && l->n != n)
		l = l->next;
	return l;
}

/* N of "<prefix>N<rest>", where rest is "" or begins with a slash; -ENOENT. */
static int number_of(const char *path, const char *prefix, const char **rest)
{
	size_t len = strlen(prefix);
	char *end;
	long n;

	path += strncmp(path, prefix, len) == 0 ? len : strlen(path);
	if (path[0] < '0' || path[0] > '9' || (path[0] == '0' && path[1] > '/'))
		return -ENOENT;
	n = strtol(path, &end, 10);
	*rest = end;
	return (*end && *end != '/') || n >= MAX_NUMBER ? -ENOENT : (int)n;
}

static struct loop *find_number(int n)
{
	struct loop *l;

	um_lock(&lock);
	l = n < 0 ? NULL : find_locked(n);
	if (l && l->removed)
		l = NULL;
	um_unlock(&lock);
	return l;
}

/* The device whose node the path is; NULL: none. */
static struct loop *find(const char *path)
{
	const char *rest;
	int n = number_of(path, DEVICE, &rest);

	return n < 0 || *rest ? NULL : find_number(n);
}

/* Whether the host's own devices serve the user. */
static bool host_serves(void)
{
	static atomic_int answer;

	if (!atomic_load(&answer)) {
		int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
		atomic_store(&answer, fd < 0 ? 1 : 2);
		if (fd >= 0)
			close(fd);
	}
	return atomic_load(&answer) == 2;
}

static struct um_mount *mount_of(const char *path)
{
	const char *rest;
	int n;

	if (strncmp(path, "/dev/loop", 9) != 0 &&
	    strncmp(path, "/sys/", 5) != 0)
		return NULL;
	if (host_serves())
		return NULL;
	if (!strcmp(path, CONTROL) || find(path))
		return loop_mount;
	n = number_of(path, SYS_DIR, &rest);
	if (n < 0)
		n = number_of(path, SYS_LINK, &rest);
	return n >= 0 && find_number(n) ? loop_mount : NULL;
}

/* ---- numbers ---- */

static bool host_has(int n)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/loop%d", n);
	if (lstat(path, &st) == 0)
		return true;
	snprintf(path, sizeof(path), "/sys/block/loop%d", n);
	return lstat(path, &st) == 0;
}

/* What guests closed a moment ago counts as closed. */
static void heed_closes(void)
{
	um_vnode_busy(loop_mount);
}

static int add(int n)
{
	struct loop *l;
	int ret = n;

	if (n < 0 || n >= MAX_NUMBER)
		return -EINVAL;
	if (host_has(n))
		return -EEXIST;
	um_lock(&lock);
	l = find_locked(n);
	if (l && !l->removed) {
		ret = -EEXIST;
	} else if (l) {
		l->removed = false;
	} else if (!(l = calloc(1, sizeof(*l)))) {
		ret = -ENOMEM;
	} else {
		l->n = n;
		l->next = loops;
		loops = l;
	}
	um_unlock(&lock);
	atomic_store(&um_dev_any, true);
	return ret;
}

static int get_free(void)
{
	int n = -ENOENT;

	heed_closes();
	um_lock(&lock);
	for (const struct loop *l = loops; l; l = l->next)
		if (!l->backing && !l->removed && (n < 0 || l->n < n))
			n = l->n;
	um_unlock(&lock);
	for (int i = 0; n < 0 && i < MAX_NUMBER; i++) {
		n = add(i);
		if (n < 0 && n != -EEXIST)
			return n;
	}
	return n;
}

static int remove_number(int n)
{
	struct loop *l;
	int ret = 0;

	um_lock(&lock);
	l = find_locked(n);
	if (!l || l->removed)
		ret = -ENODEV;
	else if (l->backing || l->opens)
		ret = -EBUSY;
	else
		l->removed = true;
	um_unlock(&lock);
	return ret;
}

static long control_ioctl(unsigned int cmd, int arg)
{
	switch (cmd) {
	case LOOP_CTL_GET_FREE:
		return get_free();
	case LOOP_CTL_ADD:
		return arg < 0 ? get_free() : add(arg);
	case LOOP_CTL_REMOVE:
		return remove_number(arg);
	default:
		return -ENOSYS;
	}
}

/* ---- binding ---- */

/* Bytes that the device shows of a file of so many. */
static uint64_t visible(const struct loop_info64 *info, uint64_t size)
{
	size = size > info->lo_offset ? size - info->lo_offset : 0;
	if (info->lo_sizelimit && info->lo_sizelimit < size)
		size = info->lo_sizelimit;
	return size & ~(uint64_t)(SECTOR - 1);
}

/* The backing file (ref), or NULL. */
static struct backing *backing_of(struct loop *l)
{
	struct backing *b;

	um_lock(&lock);
	b = l->backing;
	if (b)
		atomic_fetch_add(&b->refs, 1);
	um_unlock(&lock);
	return b;
}

/* Look at the file's size anew. */
static int measure(struct loop *l, struct um_vnode *v)
{
	struct backing *b = backing_of(l);
	uint64_t size = 0;
	int ret = b ? um_next_size(b->file, &size) : -ENXIO;

	if (ret == 0) {
		um_lock(&lock);
		size = visible(&l->info, size);
		l->size = size;
		um_unlock(&lock);
		um_vnode_resized(v, (off_t)size);
	}
	backing_put(b);
	return ret;
}

/* Name in the view of the guest's descriptor, and whether it can be written. */
static int file_of(struct um_req *r, int fd, const char **path, bool *writes)
{
	um_gfd gfd = um_gfd_of((uint64_t)fd);
	UM_CLOSE int ofd = um_gfd_dup(r, gfd);
	struct um_obj *o UM_OBJ = NULL;
	UM_FREE char *rel = NULL;
	char text[PATH_MAX];
	struct stat st;

	if (ofd < 0)
		return -EBADF;
	if (fstat(ofd, &st) < 0)
		return -errno;
	o = um_obj_find(&st);
	if (o) {
		rel = um_obj_path(o);
		*path = rel ? um_view_path_of(r, o->mount, rel) : NULL;
		*writes = um_obj_writes(um_obj_flags(o, ofd));
		return *path ? 0 : -EINVAL;
	}
	if (um_gfd_link(r, gfd, text, sizeof(text)) < 0 || !st.st_nlink)
		return -EINVAL;
	*path = um_req_strdup(r, text);
	*writes = um_obj_writes(fcntl(ofd, F_GETFL));
	return *path ? 0 : -ENOMEM;
}

static int backing_open(struct um_req *r, const char *path, bool writes,
			struct backing **out)
{
	struct backing *b = calloc(1, sizeof(*b));
	int ret;

	if (!b)
		return -ENOMEM;
	atomic_init(&b->refs, 1);
	b->path = strdup(path);
	ret = um_next_open((struct um_next *)r->list, path,
			   writes ? O_RDWR : O_RDONLY, 0, &b->file);
	if (ret == 0)
		ret = um_next_fstat(b->file, &b->st);
	if (ret == 0 && !S_ISREG(b->st.st_mode) && !S_ISBLK(b->st.st_mode))
		ret = -EINVAL;
	if (ret == 0 && !b->path)
		ret = -ENOMEM;
	if (ret < 0)
		backing_put(um_steal(b));
	*out = b;
	return ret;
}

static void name_info(struct loop_info64 *info, const char *path)
{
	info->lo_file_name[LO_NAME_SIZE - 1] = '\0';
	if (!info->lo_file_name[0])
		snprintf((char *)info->lo_file_name, LO_NAME_SIZE, "%s", path);
}

static int check_info(const struct loop_info64 *info)
{
	if (info->lo_offset > INT64_MAX || info->lo_sizelimit > INT64_MAX)
		return -EOVERFLOW;
	return info->lo_encrypt_type ? -EINVAL : 0;
}

static int bind_to(struct um_req *r, struct um_obj *o, struct loop *l,
		   const struct loop_config *c)
{
	struct loop_info64 info = c->info;
	struct backing *b = NULL;
	const char *path = "";
	bool writes = false;
	int ret = check_info(&info);

	if (ret == 0 && (info.lo_flags & ~(uint32_t)FLAGS_ALL))
		ret = -EINVAL;
	if (ret >= 0)
		ret = file_of(r, (int)c->fd, &path, &writes);
	if (ret < 0)
		return ret;
	writes = writes && um_obj_writes(o->flags) &&
		 !(info.lo_flags & LO_FLAGS_READ_ONLY);
	ret = backing_open(r, path, writes, &b);
	if (ret < 0)
		return ret;
	name_info(&info, path);
	if (!writes)
		info.lo_flags |= LO_FLAGS_READ_ONLY;
	um_lock(&lock);
	if (l->backing) {
		ret = -EBUSY;
	} else {
		l->backing = um_steal(b);
		l->info = info;
		l->block = c->block_size ? c->block_size : SECTOR;
	}
	um_unlock(&lock);
	backing_put(b);
	return ret < 0 ? ret : measure(l, o->vnode);
}

static long configure(struct um_req *r, struct um_obj *o, struct loop *l,
		      bool whole)
{
	struct loop_config c = { .fd = (uint32_t)r->arg[2] };

	if (whole && um_copy_in(r, um_uptr_of(r->arg[2]), &c, sizeof(c)) < 0)
		return -EFAULT;
	if (c.block_size && (c.block_size < SECTOR || c.block_size > 4096 ||
			     (c.block_size & (c.block_size - 1))))
		return -EINVAL;
	return bind_to(r, o, l, &c);
}

/* The last to use it closes it. */
static long clear(struct loop *l)
{
	struct backing *b = NULL;
	int ret = 0;

	heed_closes();
	um_lock(&lock);
	if (!l->backing)
		ret = -ENXIO;
	else if (l->opens > 1)
		l->info.lo_flags |= LO_FLAGS_AUTOCLEAR;
	else
		b = um_steal(l->backing);
	if (b)
		l->size = 0;
	um_unlock(&lock);
	backing_put(b);
	return ret;
}

/* ---- status ---- */

static long set_status(struct loop *l, struct um_obj *o,
		       struct loop_info64 *info)
{
	int ret = check_info(info);

	if (ret < 0)
		return ret;
	um_lock(&lock);
	if (!l->backing) {
		ret = -ENXIO;
	} else {
		info->lo_flags = (l->info.lo_flags & ~(uint32_t)FLAGS_STATUS) |
				 (info->lo_flags & FLAGS_STATUS);
		name_info(info, l->backing->path);
		l->info = *info;
	}
	um_unlock(&lock);
	return ret < 0 ? ret : measure(l, o->vnode);
}

static int get_status(struct loop *l, struct loop_info64 *out)
{
	int ret = 0;

	um_lock(&lock);
	if (l->backing) {
		*out = l->info;
		out->lo_number = (uint32_t)l->n;
		out->lo_device = l->backing->st.st_dev;
		out->lo_inode = l->backing->st.st_ino;
		out->lo_rdevice = 0;
	} else {
		ret = -ENXIO;
	}
	um_unlock(&lock);
	return ret;
}

/* The structures' older form, with narrower fields. */
static long get_old_status(struct um_req *r, struct loop *l)
{
	struct loop_info64 now;
	struct loop_info old = { 0 };
	int ret = get_status(l, &now);

	if (ret < 0)
		return ret;
	old.lo_number = (int)now.lo_number;
	old.lo_device = (__kernel_old_dev_t)now.lo_device;
	old.lo_inode = now.lo_inode;
	old.lo_offset = (int)now.lo_offset;
	old.lo_flags = (int)now.lo_flags;
	memcpy(old.lo_name, now.lo_file_name, LO_NAME_SIZE);
	if (now.lo_offset > INT32_MAX)
		return -EOVERFLOW;
	return um_copy_out(r, um_uptr_of(r->arg[2]), &old, sizeof(old));
}

static long set_old_status(struct um_req *r, struct um_obj *o, struct loop *l)
{
	struct loop_info64 info = { 0 };
	struct loop_info old;
	int ret = um_copy_in(r, um_uptr_of(r->arg[2]), &old, sizeof(old));

	if (ret < 0)
		return ret;
	info.lo_offset = (uint64_t)(int64_t)old.lo_offset;
	info.lo_flags = (uint32_t)old.lo_flags;
	info.lo_encrypt_type = (uint32_t)old.lo_encrypt_type;
	memcpy(info.lo_file_name, old.lo_name, LO_NAME_SIZE);
	return set_status(l, o, &info);
}

static long status_ioctl(struct um_req *r, struct um_obj *o, struct loop *l,
			 unsigned int cmd)
{
	struct loop_info64 info;
	int ret;

	switch (cmd) {
	case LOOP_SET_STATUS:
		return set_old_status(r, o, l);
	case LOOP_GET_STATUS:
		return get_old_status(r, l);
	case LOOP_SET_STATUS64:
		ret = um_copy_in(r, um_uptr_of(r->arg[2]), &info, sizeof(info));
		return ret < 0 ? ret : set_status(l, o, &info);
	default:
		ret = get_status(l, &info);
		return ret < 0 ? ret
			       : um_copy_out(r, um_uptr_of(r->arg[2]), &info,
					     sizeof(info));
	}
}

/* ---- what block devices answer ---- */

static long put(struct um_req *r, const void *value, size_t size)
{
	return um_copy_out(r, um_uptr_of(r->arg[2]), value, size);
}

static long sync_backing(struct loop *l)
{
	struct backing *b = backing_of(l);
	int ret = b ? um_next_fsync(b->file, false) : 0;

	backing_put(b);
	return ret;
}

static long set_block(struct loop *l, unsigned long size)
{
	int ret = 0;

	if (size < SECTOR || size > 4096 || (size & (size - 1)))
		return -EINVAL;
	um_lock(&lock);
	if (l->backing)
		l->block = (uint32_t)size;
	else
		ret = -ENXIO;
	um_unlock(&lock);
	return ret;
}

static long block_ioctl(struct um_req *r, struct loop *l, unsigned int cmd)
{
	uint64_t size;
	unsigned long sectors;
	int block;
	int readonly;

	um_lock(&lock);
	size = l->size;
	sectors = size / SECTOR;
	block = l->block ? (int)l->block : (int)SECTOR;
	readonly = (l->info.lo_flags & LO_FLAGS_READ_ONLY) && l->backing;
	um_unlock(&lock);
	switch (cmd) {
	case BLKGETSIZE64:
		return put(r, &size, sizeof(size));
	case BLKGETSIZE:
		return put(r, &sectors, sizeof(sectors));
	case BLKSSZGET:
	case BLKPBSZGET:
	case BLKIOMIN:
		return put(r, &block, sizeof(block));
	case BLKBSZGET:
		block = 4096;
		return put(r, &block, sizeof(block));
	case BLKROGET:
		return put(r, &readonly, sizeof(readonly));
	case BLKIOOPT:
	case BLKALIGNOFF:
		block = 0;
		return put(r, &block, sizeof(block));
	case BLKFLSBUF:
		return sync_backing(l);
	case BLKDISCARD:
	case BLKZEROOUT:
	case BLKSECDISCARD:
		return -EOPNOTSUPP;
	case BLKRRPART:
	case BLKPG:
		return -EINVAL;
	default:
		return -ENOTTY;
	}
}

static long loop_ioctl(struct um_req *r, struct um_obj *o, struct loop *l,
		       unsigned int cmd)
{
	switch (cmd) {
	case LOOP_CONFIGURE:
		return configure(r, o, l, true);
	case LOOP_SET_FD:
		return configure(r, o, l, false);
	case LOOP_CLR_FD:
		return clear(l);
	case LOOP_SET_STATUS:
	case LOOP_GET_STATUS:
	case LOOP_SET_STATUS64:
	case LOOP_GET_STATUS64:
		return status_ioctl(r, o, l, cmd);
	case LOOP_SET_CAPACITY:
		return measure(l, o->vnode);
	case LOOP_SET_BLOCK_SIZE:
		return set_block(l, r->arg[2]);
	case LOOP_SET_DIRECT_IO:
		return r->arg[2] ? -EINVAL : 0;
	case LOOP_CHANGE_FD:
		return -EINVAL;
	default:
		return block_ioctl(r, l, cmd);
	}
}

long um_loop_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd)
{
	UM_FREE char *rel = um_obj_path(o);
	struct loop *l;

	if (!rel)
		return -ENOMEM;
	if (!strcmp(rel, CONTROL))
		return control_ioctl(cmd, (int)r->arg[2]);
	l = find(rel);
	return l ? loop_ioctl(r, o, l, cmd) : -ENXIO;
}

/* ---- the file system of the nodes ---- */

enum kind { NONE, CONTROL_NODE, DEVICE_NODE, LINK, DIR, FILE_NODE };

static const char *const files[] = { "/dev",
				     "/ro",
				     "/size",
				     "/removable",
				     "/loop/backing_file",
				     "/loop/autoclear",
				     "/loop/offset",
				     "/loop/sizelimit",
				     "/loop/partscan",
				     "/loop/dio" };

/**
 * struct place - what a path of the file system leads to
 * @name: in /sys/block/loopN, "" or begins with a slash
 */
struct place {
	enum kind kind;
	struct loop *l;
	const char *name;
};

static struct place sys_place(struct loop *l, const char *name)
{
	struct place p = { NONE, l, name };
	bool bound;

	um_lock(&lock);
	bound = is_bound(l);
	um_unlock(&lock);
	if (!*name || (bound && !strcmp(name, "/loop")))
		p.kind = DIR;
	for (size_t i = 0; i < UM_ARRAY_SIZE(files); i++)
		if (!strcmp(name, files[i]) &&
		    (bound || strncmp(name, "/loop/", 6) != 0))
			p.kind = FILE_NODE;
	return p;
}

static struct place place_of(const char *path)
{
	struct place p = { .kind = NONE };
	const char *rest;

	if (!path)
		return p;
	if (!strcmp(path, CONTROL))
		return (struct place){ .kind = CONTROL_NODE };
	p.l = find(path);
	if (p.l)
		return (struct place){ .kind = DEVICE_NODE, .l = p.l };
	p.l = find_number(number_of(path, SYS_LINK, &rest));
	if (p.l)
		return (struct place){ *rest ? NONE : LINK, p.l, rest };
	p.l = find_number(number_of(path, SYS_DIR, &rest));
	return p.l ? sys_place(p.l, rest) : p;
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
		out->st_rdev = makedev(LOOP_MAJOR, (unsigned int)p.l->n);
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
	size_t n;
	int stop;

	(void)fs;
	if (p.kind != DIR)
		return -ENOTDIR;
	n = strlen(p.name);
	stop = fill(arg, ".", 0, 4) || fill(arg, "..", 0, 4);
	if (!stop && !n && sys_place(p.l, "/loop").kind == DIR)
		stop = fill(arg, "loop", 0, 4);
	for (size_t i = 0; !stop && i < UM_ARRAY_SIZE(files); i++) {
		const char *name = files[i];

		if (!strncmp(name, p.name, n) && name[n] == '/' &&
		    !strchr(name + n + 1, '/'))
			stop = fill(arg, name + n + 1, 0, 8);
	}
	return 0;
}

/* An open node: a device, a file with its content, or the control node. */
struct open_node {
	struct loop *l;
	char *text;
};

static struct open_node *node_of(const struct um_fh *fh)
{
	return (struct open_node *)(uintptr_t)fh->fh;
}

static char *text_of(struct loop *l, const char *name)
{
	char *text = NULL;
	int ret;

	um_lock(&lock);
	if (!strcmp(name, "/dev"))
		ret = asprintf(&text, "%d:%d\n", LOOP_MAJOR, l->n);
	else if (!strcmp(name, "/size"))
		ret = asprintf(&text, "%llu\n",
			       (unsigned long long)(l->size / SECTOR));
	else if (!strcmp(name, "/ro"))
		ret = asprintf(&text, "%d\n",
			       !!(l->info.lo_flags & LO_FLAGS_READ_ONLY));
	else if (!strcmp(name, "/loop/backing_file"))
		ret = asprintf(&text, "%s\n",
			       l->backing ? l->backing->path : "");
	else if (!strcmp(name, "/loop/offset"))
		ret = asprintf(&text, "%llu\n",
			       (unsigned long long)l->info.lo_offset);
	else if (!strcmp(name, "/loop/sizelimit"))
		ret = asprintf(&text, "%llu\n",
			       (unsigned long long)l->info.lo_sizelimit);
	else if (!strcmp(name, "/loop/autoclear"))
		ret = asprintf(&text, "%d\n",
			       !!(l->info.lo_flags & LO_FLAGS_AUTOCLEAR));
	else if (!strcmp(name, "/loop/partscan"))
		ret = asprintf(&text, "%d\n",
			       !!(l->info.lo_flags & LO_FLAGS_PARTSCAN));
	else
		ret = asprintf(&text, "0\n");
	um_unlock(&lock);
	return ret < 0 ? NULL : text;
}

static int open_device(struct loop *l, int flags)
{
	int ret = 0;

	um_lock(&lock);
	if (l->backing && (l->info.lo_flags & LO_FLAGS_READ_ONLY) &&
	    um_obj_writes(flags))
		ret = -EACCES;
	else
		l->opens++;
	um_unlock(&lock);
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
		o->text = text_of(p.l, p.name);
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
	struct loop *l = o->l;
	struct backing *b = NULL;

	(void)fs;
	free(o->text);
	free(o);
	if (!l)
		return;
	um_lock(&lock);
	if (--l->opens == 0 && (l->info.lo_flags & LO_FLAGS_AUTOCLEAR)) {
		b = um_steal(l->backing);
		l->size = 0;
	}
	um_unlock(&lock);
	backing_put(b);
}

/* The part of a transfer that the device has. Return: file (ref) or NULL. */
static struct backing *range(const struct um_fh *fh, size_t *n, off_t *off)
{
	struct loop *l = node_of(fh)->l;
	struct backing *b = NULL;

	if (!l)
		return NULL;
	um_lock(&lock);
	if (l->backing && *off >= 0 && (uint64_t)*off < l->size) {
		if (*n > l->size - (uint64_t)*off)
			*n = (size_t)(l->size - (uint64_t)*off);
		*off += (off_t)l->info.lo_offset;
		b = l->backing;
		atomic_fetch_add(&b->refs, 1);
	}
	um_unlock(&lock);
	return b;
}

static ssize_t node_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t n, off_t off)
{
	struct backing *b = range(fh, &n, &off);
	ssize_t ret = b ? um_next_pread(b->file, buf, n, off) : 0;
	const char *text = node_of(fh)->text;

	(void)fs;
	if (text && off >= 0 && (size_t)off < strlen(text)) {
		ret = (ssize_t)strnlen(text + off, n);
		memcpy(buf, text + off, (size_t)ret);
	}
	backing_put(b);
	return ret;
}

static ssize_t node_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t n, off_t off)
{
	struct backing *b = range(fh, &n, &off);
	ssize_t ret = b ? um_next_pwrite(b->file, buf, n, off) : -ENOSPC;

	(void)fs;
	backing_put(b);
	return ret;
}

static int node_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	struct loop *l = node_of(fh)->l;

	(void)fs;
	(void)datasync;
	return l ? (int)sync_backing(l) : -EINVAL;
}

/* For the core and for modules, which ask how large it is. */
static int node_ioctl(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		      void *data, size_t size)
{
	const struct loop *l = node_of(fh)->l;

	(void)fs;
	if (!l || cmd != BLKGETSIZE64 || size < sizeof(uint64_t))
		return -ENOTTY;
	um_lock(&lock);
	memcpy(data, &l->size, sizeof(uint64_t));
	um_unlock(&lock);
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

/* What /dev and /sys/block show of it. */
static bool names_in(const char *dir, um_fill_fn fill, void *arg)
{
	unsigned char type = 6; /* DT_BLK */
	char name[32];
	int n = -1;

	if (!strcmp(dir, "/sys/block"))
		type = 4;
	else if (strcmp(dir, "/dev") != 0)
		return false;
	for (bool any = false;; any = true) {
		struct loop *next = NULL;

		um_lock(&lock);
		for (struct loop *l = loops; l; l = l->next)
			if (!l->removed && l->n > n &&
			    (!next || l->n < next->n))
				next = l;
		um_unlock(&lock);
		if (!next || !fill)
			return any || next;
		n = next->n;
		snprintf(name, sizeof(name), "loop%d", n);
		if (fill(arg, name, (uint64_t)n + 2, type))
			return true;
	}
}

static struct um_dev_class class = { .find = mount_of, .names = names_in };

int um_loop_setup(void)
{
	struct um_mount *m = um_mount_new();

	if (!m)
		return -ENOMEM;
	um_attrcache_free(um_steal(m->cache));
	m->fs.ops = &node_ops;
	m->point = strdup("/");
	m->source = strdup("loop");
	m->type = strdup("loop");
	m->options = strdup("");
	m->devices = true;
	loop_mount = m;
	um_dev_add(&class);
	return m->point && m->source && m->type && m->options ? 0 : -ENOMEM;
}

/* ---- mounts and /proc ---- */

static bool is_same_file(struct um_req *r, const struct backing *b)
{
	struct stat st;

	return um_next_stat((struct um_next *)r->list, b->path, &st) == 0 &&
	       st.st_dev == b->st.st_dev && st.st_ino == b->st.st_ino;
}

int um_loop_source(struct um_req *r, const char *path, bool readonly,
		   const char **out)
{
	struct loop *l = NULL;
	struct backing *b;
	bool whole;
	bool protects;

	*out = path;
	if (!strncmp(path, "/dev/loop", 9) && !host_serves())
		l = find(path);
	if (!l)
		return 0;
	b = backing_of(l);
	if (!b)
		return -ENXIO;
	um_lock(&lock);
	whole = !l->info.lo_offset && !l->info.lo_sizelimit;
	protects = l->info.lo_flags & LO_FLAGS_READ_ONLY;
	um_unlock(&lock);
	if (whole && is_same_file(r, b))
		*out = um_req_strdup(r, b->path);
	backing_put(b);
	if (protects && !readonly)
		return -EACCES;
	return *out ? 1 : -ENOMEM;
}

bool um_loop_any(void)
{
	bool any = false;

	um_lock(&lock);
	for (const struct loop *l = loops; l && !any; l = l->next)
		any = is_bound(l);
	um_unlock(&lock);
	return any;
}

void um_loop_partitions(FILE *out)
{
	um_lock(&lock);
	for (const struct loop *l = loops; l; l = l->next)
		if (is_bound(l))
			fprintf(out, "%4d  %7d %10llu loop%d\n", LOOP_MAJOR,
				l->n, (unsigned long long)(l->size / 1024),
				l->n);
	um_unlock(&lock);
}
