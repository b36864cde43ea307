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
 * A bound device holds its backing file open, as the view had it then. Bound
 * with LO_FLAGS_AUTOCLEAR, or cleared while open, it lets go with the last
 * close; a mount whose source it is keeps it open.
 *
 * The table is in loopdev.c, the nodes in loopnode.c.
 */
#include "sys/loop.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>

#include "sys/loopdev.h"
#include "sys/rw.h"

/* What LOOP_SET_STATUS can change, and LOOP_CONFIGURE set. */
#define FLAGS_STATUS (LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define FLAGS_ALL    (FLAGS_STATUS | LO_FLAGS_READ_ONLY | LO_FLAGS_DIRECT_IO)

static long control_ioctl(unsigned int cmd, int arg)
{
	switch (cmd) {
	case LOOP_CTL_GET_FREE:
		return um_loop_get_free();
	case LOOP_CTL_ADD:
		return arg < 0 ? um_loop_get_free() : um_loop_add(arg);
	case LOOP_CTL_REMOVE:
		return um_loop_remove(arg);
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
	return size & ~(uint64_t)(UM_LOOP_SECTOR - 1);
}

/* Look at the file's size anew. */
static int measure(struct um_loop *l, struct um_vnode *v)
{
	struct um_backing *b = um_backing_of(l);
	uint64_t size = 0;
	int ret = b ? um_next_size(b->file, &size) : -ENXIO;

	if (ret == 0) {
		um_lock(&um_loop_lock);
		size = visible(&l->info, size);
		l->size = size;
		um_unlock(&um_loop_lock);
		um_vnode_resized(v, (off_t)size);
	}
	um_backing_put(b);
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
			struct um_backing **out)
{
	struct um_backing *b = calloc(1, sizeof(*b));
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
		um_backing_put(um_steal(b));
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

static int bind_to(struct um_req *r, struct um_obj *o, struct um_loop *l,
		   const struct loop_config *c)
{
	struct loop_info64 info = c->info;
	struct um_backing *b = NULL;
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
	um_lock(&um_loop_lock);
	if (l->backing) {
		ret = -EBUSY;
	} else {
		l->backing = um_steal(b);
		l->info = info;
		l->block = c->block_size ? c->block_size : UM_LOOP_SECTOR;
	}
	um_unlock(&um_loop_lock);
	um_backing_put(b);
	return ret < 0 ? ret : measure(l, o->vnode);
}

static long configure(struct um_req *r, struct um_obj *o, struct um_loop *l,
		      bool whole)
{
	struct loop_config c = { .fd = (uint32_t)r->arg[2] };

	if (whole && um_copy_in(r, um_uptr_of(r->arg[2]), &c, sizeof(c)) < 0)
		return -EFAULT;
	if (c.block_size &&
	    (c.block_size < UM_LOOP_SECTOR || c.block_size > 4096 ||
	     (c.block_size & (c.block_size - 1))))
		return -EINVAL;
	return bind_to(r, o, l, &c);
}

/* The last to use it closes it. */
static long clear(struct um_loop *l)
{
	struct um_backing *b = NULL;
	int ret = 0;

	um_loop_heed_closes();
	um_lock(&um_loop_lock);
	if (!l->backing)
		ret = -ENXIO;
	else if (l->opens > 1)
		l->info.lo_flags |= LO_FLAGS_AUTOCLEAR;
	else
		b = um_steal(l->backing);
	if (b)
		l->size = 0;
	um_unlock(&um_loop_lock);
	um_backing_put(b);
	return ret;
}

/* ---- status ---- */

static long set_status(struct um_loop *l, struct um_obj *o,
		       struct loop_info64 *info)
{
	int ret = check_info(info);

	if (ret < 0)
		return ret;
	um_lock(&um_loop_lock);
	if (!l->backing) {
		ret = -ENXIO;
	} else {
		info->lo_flags = (l->info.lo_flags & ~(uint32_t)FLAGS_STATUS) |
				 (info->lo_flags & FLAGS_STATUS);
		name_info(info, l->backing->path);
		l->info = *info;
	}
	um_unlock(&um_loop_lock);
	return ret < 0 ? ret : measure(l, o->vnode);
}

static int get_status(struct um_loop *l, struct loop_info64 *out)
{
	int ret = 0;

	um_lock(&um_loop_lock);
	if (l->backing) {
		*out = l->info;
		out->lo_number = (uint32_t)l->n;
		out->lo_device = l->backing->st.st_dev;
		out->lo_inode = l->backing->st.st_ino;
		out->lo_rdevice = 0;
	} else {
		ret = -ENXIO;
	}
	um_unlock(&um_loop_lock);
	return ret;
}

/* The structures' older form, with narrower fields. */
static long get_old_status(struct um_req *r, struct um_loop *l)
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

static long set_old_status(struct um_req *r, struct um_obj *o,
			   struct um_loop *l)
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

static long status_ioctl(struct um_req *r, struct um_obj *o, struct um_loop *l,
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

static long set_block(struct um_loop *l, unsigned long size)
{
	int ret = 0;

	if (size < UM_LOOP_SECTOR || size > 4096 || (size & (size - 1)))
		return -EINVAL;
	um_lock(&um_loop_lock);
	if (l->backing)
		l->block = (uint32_t)size;
	else
		ret = -ENXIO;
	um_unlock(&um_loop_lock);
	return ret;
}

static long block_ioctl(struct um_req *r, struct um_loop *l, unsigned int cmd)
{
	uint64_t size;
	unsigned long sectors;
	int block;
	int readonly;

	um_lock(&um_loop_lock);
	size = l->size;
	sectors = size / UM_LOOP_SECTOR;
	block = l->block ? (int)l->block : (int)UM_LOOP_SECTOR;
	readonly = (l->info.lo_flags & LO_FLAGS_READ_ONLY) && l->backing;
	um_unlock(&um_loop_lock);
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
		return um_loop_sync(l);
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

static long loop_ioctl(struct um_req *r, struct um_obj *o, struct um_loop *l,
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
	struct um_loop *l;

	if (!rel)
		return -ENOMEM;
	if (!strcmp(rel, UM_LOOP_CONTROL))
		return control_ioctl(cmd, (int)r->arg[2]);
	l = um_loop_find(rel);
	return l ? loop_ioctl(r, o, l, cmd) : -ENXIO;
}

/* ---- mounts ---- */

static bool is_same_file(struct um_req *r, const struct um_backing *b)
{
	struct stat st;

	return um_next_stat((struct um_next *)r->list, b->path, &st) == 0 &&
	       st.st_dev == b->st.st_dev && st.st_ino == b->st.st_ino;
}

int um_loop_source(struct um_req *r, const char *path, bool readonly,
		   const char **out)
{
	struct um_loop *l = NULL;
	struct um_backing *b;
	bool whole;
	bool protects;

	*out = path;
	if (!strncmp(path, "/dev/loop", 9) && !um_loop_host_serves())
		l = um_loop_find(path);
	if (!l)
		return 0;
	b = um_backing_of(l);
	if (!b)
		return -ENXIO;
	um_lock(&um_loop_lock);
	whole = !l->info.lo_offset && !l->info.lo_sizelimit;
	protects = l->info.lo_flags & LO_FLAGS_READ_ONLY;
	um_unlock(&um_loop_lock);
	if (whole && is_same_file(r, b))
		*out = um_req_strdup(r, b->path);
	um_backing_put(b);
	if (protects && !readonly)
		return -EACCES;
	return *out ? 1 : -ENOMEM;
}
