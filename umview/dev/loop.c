// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loop.c - the ioctls of virtual loop devices; see loop(4)
 *
 * mount(8) puts a loop device before an image whose type libblkid knows. Where
 * the host lets the user have none, these are ours, in every view of the
 * session: /dev/loop-control always, /dev/loopN once LOOP_CTL_GET_FREE or
 * LOOP_CTL_ADD told N.
 *
 * A bound device holds its backing file open, as the view had it then. Bound
 * with LO_FLAGS_AUTOCLEAR, or cleared while open, it lets go with the last
 * close; a mount whose source it is keeps it open.
 */
#include "dev/loop.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>

#include "dev/loopdev.h"

/* What LOOP_SET_STATUS can change, and LOOP_CONFIGURE set. */
#define FLAGS_STATUS (LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define FLAGS_ALL    (FLAGS_STATUS | LO_FLAGS_READ_ONLY | LO_FLAGS_DIRECT_IO)

static bool is_writer(int flags)
{
	return (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR;
}

static long control_ioctl(struct um_devset *s, struct um_dev_call *c)
{
	int arg = (int)c->r->arg[2];

	(void)s;
	switch (c->cmd) {
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
static int measure(struct um_loop *l, struct um_dev_call *c)
{
	struct um_backing *b = um_backing_of(l);
	uint64_t size = 0;
	int ret = b ? um_next_size(b->file, &size) : -ENXIO;

	um_backing_put(b);
	if (ret < 0)
		return ret;
	um_lock(&um_dev_lock);
	size = visible(&l->info, size);
	um_unlock(&um_dev_lock);
	um_dev_set_size(&l->set->dev, size);
	c->resized = true;
	return 0;
}

/* With LO_FLAGS_PARTSCAN the table is read. */
static void scan(struct um_loop *l)
{
	bool wanted;

	um_lock(&um_dev_lock);
	wanted = (l->info.lo_flags & LO_FLAGS_PARTSCAN) != 0;
	l->set->dev.partitions = wanted;
	um_unlock(&um_dev_lock);
	if (wanted && um_parts_scan(l->set) == 0)
		um_dev_names_changed();
}

/* Name in the view of the guest's descriptor, and whether it can be written. */
static int file_of(struct um_req *r, int fd, const char **path, bool *writes)
{
	um_gfd gfd = um_gfd_of((uint64_t)fd);
	UM_CLOSE int ofd = um_gfd_dup(r, gfd);
	struct um_obj *o UM_OBJ = NULL;
	UM_FREE char *rel = NULL;
	char name[PATH_MAX];
	struct stat st;

	if (ofd < 0)
		return -EBADF;
	if (fstat(ofd, &st) < 0)
		return -errno;
	o = um_obj_find(&st);
	if (o) {
		rel = um_obj_path(o);
		*path = rel ? um_view_path_of(r, o->mount, rel) : NULL;
		*writes = is_writer(o->kind == UM_OBJ_FILE ? fcntl(ofd, F_GETFL)
							   : o->flags);
		return *path ? 0 : -EINVAL;
	}
	if (um_gfd_link(r, gfd, name, sizeof(name)) < 0 || !st.st_nlink)
		return -EINVAL;
	*path = um_req_strdup(r, name);
	*writes = is_writer(fcntl(ofd, F_GETFL));
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

static int bind_locked(struct um_loop *l, struct um_backing *b,
		       const struct loop_info64 *info, uint32_t block)
{
	if (l->backing)
		return -EBUSY;
	l->backing = b;
	l->info = *info;
	l->set->dev.block = block;
	l->set->dev.readonly = (info->lo_flags & LO_FLAGS_READ_ONLY) != 0;
	return 0;
}

static int bind_to(struct um_dev_call *c, struct um_loop *l,
		   const struct loop_config *config)
{
	struct loop_info64 info = config->info;
	struct um_backing *b = NULL;
	const char *path = "";
	bool may_write = false;
	int ret = check_info(&info);

	if (ret == 0 && (info.lo_flags & ~(uint32_t)FLAGS_ALL))
		ret = -EINVAL;
	if (ret >= 0)
		ret = file_of(c->r, (int)config->fd, &path, &may_write);
	if (ret < 0)
		return ret;
	may_write = may_write && is_writer(c->fh->flags) &&
		    !(info.lo_flags & LO_FLAGS_READ_ONLY);
	ret = backing_open(c->r, path, may_write, &b);
	if (ret < 0)
		return ret;
	name_info(&info, path);
	if (!may_write)
		info.lo_flags |= LO_FLAGS_READ_ONLY;
	um_lock(&um_dev_lock);
	ret = bind_locked(l, b, &info, config->block_size);
	um_unlock(&um_dev_lock);
	if (ret < 0)
		um_backing_put(b);
	else
		ret = measure(l, c);
	if (ret == 0)
		scan(l);
	return ret;
}

static bool is_block_size(unsigned long size)
{
	return size >= UM_LOOP_SECTOR && size <= 4096 && !(size & (size - 1));
}

static long configure(struct um_dev_call *c, struct um_loop *l, bool whole)
{
	struct loop_config config = { .fd = (uint32_t)c->r->arg[2] };

	if (whole && um_copy_in(c->r, um_uptr_of(c->r->arg[2]), &config,
				sizeof(config)) < 0)
		return -EFAULT;
	if (config.block_size && !is_block_size(config.block_size))
		return -EINVAL;
	return bind_to(c, l, &config);
}

/* The last to use it closes it. */
static long clear(struct um_loop *l, struct um_dev_call *c)
{
	struct um_backing *b = NULL;
	int ret = 0;

	um_lock(&um_dev_lock);
	if (!l->backing)
		ret = -ENXIO;
	else if (um_loop_opens(l) > 1)
		l->info.lo_flags |= LO_FLAGS_AUTOCLEAR;
	else
		b = um_loop_unbind(l);
	um_unlock(&um_dev_lock);
	um_backing_put(b);
	c->resized = b != NULL;
	return ret;
}

/* The set has one opening less. */
static void closed(struct um_devset *s)
{
	struct um_loop *l = s->dev.priv;
	struct um_backing *b = NULL;

	um_lock(&um_dev_lock);
	if (l->backing && (l->info.lo_flags & LO_FLAGS_AUTOCLEAR) &&
	    !um_loop_opens(l))
		b = um_loop_unbind(l);
	um_unlock(&um_dev_lock);
	um_backing_put(b);
}

/* ---- status ---- */

static long set_status(struct um_loop *l, struct um_dev_call *c,
		       struct loop_info64 *info)
{
	int ret = check_info(info);
	bool scans = false;

	if (ret < 0)
		return ret;
	um_lock(&um_dev_lock);
	if (!l->backing) {
		ret = -ENXIO;
	} else {
		info->lo_flags = (l->info.lo_flags & ~(uint32_t)FLAGS_STATUS) |
				 (info->lo_flags & FLAGS_STATUS);
		/* partitions stay, once they are there */
		info->lo_flags |= l->info.lo_flags & LO_FLAGS_PARTSCAN;
		scans = (info->lo_flags & ~l->info.lo_flags) &
			LO_FLAGS_PARTSCAN;
		name_info(info, l->backing->path);
		l->info = *info;
	}
	um_unlock(&um_dev_lock);
	if (ret == 0)
		ret = measure(l, c);
	if (ret == 0 && scans)
		scan(l);
	return ret;
}

static int get_status(struct um_loop *l, struct loop_info64 *out)
{
	int ret = 0;

	um_lock(&um_dev_lock);
	if (l->backing) {
		*out = l->info;
		out->lo_number = (uint32_t)l->n;
		out->lo_device = l->backing->st.st_dev;
		out->lo_inode = l->backing->st.st_ino;
		out->lo_rdevice = 0;
	} else {
		ret = -ENXIO;
	}
	um_unlock(&um_dev_lock);
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

static long set_old_status(struct um_loop *l, struct um_dev_call *c)
{
	struct loop_info64 info = { 0 };
	struct loop_info old;
	int ret = um_copy_in(c->r, um_uptr_of(c->r->arg[2]), &old, sizeof(old));

	if (ret < 0)
		return ret;
	info.lo_offset = (uint64_t)(int64_t)old.lo_offset;
	info.lo_flags = (uint32_t)old.lo_flags;
	info.lo_encrypt_type = (uint32_t)old.lo_encrypt_type;
	memcpy(info.lo_file_name, old.lo_name, LO_NAME_SIZE);
	return set_status(l, c, &info);
}

static long status_ioctl(struct um_loop *l, struct um_dev_call *c)
{
	um_uptr at = um_uptr_of(c->r->arg[2]);
	struct loop_info64 info;
	int ret;

	switch (c->cmd) {
	case LOOP_SET_STATUS:
		return set_old_status(l, c);
	case LOOP_GET_STATUS:
		return get_old_status(c->r, l);
	case LOOP_SET_STATUS64:
		ret = um_copy_in(c->r, at, &info, sizeof(info));
		return ret < 0 ? ret : set_status(l, c, &info);
	default:
		ret = get_status(l, &info);
		return ret < 0 ? ret
			       : um_copy_out(c->r, at, &info, sizeof(info));
	}
}

static long set_block(struct um_loop *l, unsigned long size)
{
	int ret = 0;

	if (!is_block_size(size))
		return -EINVAL;
	um_lock(&um_dev_lock);
	if (l->backing)
		l->set->dev.block = (uint32_t)size;
	else
		ret = -ENXIO;
	um_unlock(&um_dev_lock);
	return ret;
}

static long loop_ioctl(struct um_devset *s, struct um_dev_call *c)
{
	struct um_loop *l = s->dev.priv;

	if (c->node->n)
		return -UM_ENOIOCTLCMD;
	switch (c->cmd) {
	case LOOP_CONFIGURE:
		return configure(c, l, true);
	case LOOP_SET_FD:
		return configure(c, l, false);
	case LOOP_CLR_FD:
		return clear(l, c);
	case LOOP_SET_STATUS:
	case LOOP_GET_STATUS:
	case LOOP_SET_STATUS64:
	case LOOP_GET_STATUS64:
		return status_ioctl(l, c);
	case LOOP_SET_CAPACITY:
		return measure(l, c);
	case LOOP_SET_BLOCK_SIZE:
		return set_block(l, c->r->arg[2]);
	case LOOP_SET_DIRECT_IO:
		return c->r->arg[2] ? -EINVAL : 0;
	case LOOP_CHANGE_FD:
		return -EINVAL;
	default:
		return -UM_ENOIOCTLCMD;
	}
}

/* ---- /sys ---- */

static const char *const files[] = {
	"loop/backing_file", "loop/autoclear", "loop/offset", "loop/sizelimit",
	"loop/partscan",     "loop/dio",       NULL
};

static bool has_files(const struct um_devset *s)
{
	const struct um_loop *l = s->dev.priv;

	return l->backing != NULL;
}

static char *text(const struct um_devset *s, const char *file)
{
	const struct um_loop *l = s->dev.priv;
	unsigned long long value = 0;
	char *out = NULL;

	if (!strcmp(file, "loop/backing_file"))
		return asprintf(&out, "%s\n", l->backing->path) < 0 ? NULL
								    : out;
	if (!strcmp(file, "loop/offset"))
		value = l->info.lo_offset;
	else if (!strcmp(file, "loop/sizelimit"))
		value = l->info.lo_sizelimit;
	else if (!strcmp(file, "loop/autoclear"))
		value = !!(l->info.lo_flags & LO_FLAGS_AUTOCLEAR);
	else if (!strcmp(file, "loop/partscan"))
		value = !!(l->info.lo_flags & LO_FLAGS_PARTSCAN);
	return asprintf(&out, "%llu\n", value) < 0 ? NULL : out;
}

const struct um_devset_own um_loop_own = { .ioctl = loop_ioctl,
					   .files = files,
					   .has_files = has_files,
					   .text = text,
					   .closed = closed };

static const struct um_devset_own control_own = { .ioctl = control_ioctl };

int um_loop_setup(void)
{
	return um_loop_devices_setup(&control_own);
}

/* ---- mounts ---- */

static bool is_same_file(struct um_req *r, const struct um_backing *b)
{
	struct stat st;

	return um_next_stat((struct um_next *)r->list, b->path, &st) == 0 &&
	       st.st_dev == b->st.st_dev && st.st_ino == b->st.st_ino;
}

int um_loop_backing(struct um_req *r, const struct um_devset *s,
		    const char **out)
{
	struct um_loop *l = s->dev.priv;
	struct um_backing *b;
	bool whole;

	if (s->own != &um_loop_own)
		return 0;
	b = um_backing_of(l);
	if (!b)
		return -ENXIO;
	um_lock(&um_dev_lock);
	whole = !l->info.lo_offset && !l->info.lo_sizelimit;
	um_unlock(&um_dev_lock);
	if (whole && is_same_file(r, b))
		*out = um_req_strdup(r, b->path);
	um_backing_put(b);
	return *out ? 1 : -ENOMEM;
}
