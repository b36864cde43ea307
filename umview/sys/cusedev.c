// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cusedev.c - /dev/cuse: character devices of the view that programs serve
 *
 * The device is opened as /dev/fuse is (fusedev.c), and the first request,
 * CUSE_INIT, is sent at once: there is no mount(2). Its answer names the device,
 * which is then in /dev of all views of the session, until its daemon ends.
 *
 * Each device is a file system with one node (um_mount_new_devices()). An
 * opening of it is a LAZY object with a vnode of its own, so data calls need
 * nothing special. What differs from a file's: all requests are about node 0, at
 * offset 0, and an ioctl may have the daemon ask for any of the guest's memory.
 */
#include "sys/cusedev.h"

#include <linux/ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <umview/log.h>

#include "fuse/ops.h"
#include "guest/shared.h"
#include "sys/fusedev.h"
#include "sys/rw.h"
#include "view/vmap.h"

#define MAX_NAME  64
#define MAX_IOCTL 65536
#define MAX_IOVS  256

/**
 * struct device - a character device that a daemon serves
 * @c: ref
 * @m: its file system; lives as long as the session
 */
struct device {
	struct device *next;
	char path[MAX_NAME + 6];
	dev_t rdev;
	bool unrestricted;
	struct um_fuse *c;
	struct um_mount *m;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct device *devices;

/* Of those of this name the newest; one whose daemon has gone is none. */
static struct device *find_device(const char *path)
{
	struct device *d;

	um_lock(&lock);
	d = devices;
	while (d && strcmp(d->path, path) != 0)
		d = d->next;
	um_unlock(&lock);
	return d && !um_fuse_is_dead(d->c) ? d : NULL;
}

static struct um_mount *find(const char *path)
{
	struct device *d = strncmp(path, "/dev/", 5) ? NULL : find_device(path);

	return d ? d->m : NULL;
}

static bool names(const struct um_list *l, const char *dir, um_fill_fn fill,
		  void *arg)
{
	struct device *all;
	bool any = false;

	if (!um_fusedev_shows_in(l, dir))
		return false;
	um_lock(&lock);
	all = devices;
	um_unlock(&lock);
	/* none is ever taken out */
	for (struct device *d = all; d; d = d->next) {
		if (find_device(d->path) != d)
			continue;
		if (fill)
			fill(arg, d->path + 5, d->rdev + 1, S_IFCHR >> 12);
		any = true;
	}
	return any;
}

static struct um_dev_class class = { .find = find, .names = names };

/* ---- the file system of one node ---- */

static int cuse_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	const struct device *d = find_device(path ? path : "");

	(void)fh;
	if (path && (!d || &d->m->fs != fs))
		return -ENOENT;
	*out = (struct stat){ .st_ino = d ? d->rdev + 1 : 1,
			      .st_mode = S_IFCHR | 0600,
			      .st_nlink = 1,
			      .st_uid = getuid(),
			      .st_gid = getgid(),
			      .st_rdev = d ? d->rdev : 0,
			      .st_blksize = 4096 };
	return 0;
}

static int cuse_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct um_fuse *c = um_fuse_of(fs);
	int ret = um_fuse_open_node(c, c->root, fh);

	(void)path;
	fs->polls = c->polls;
	if (ret == 0) /* there is no FLUSH of a device */
		um_fuse_file_of(fh)->flushed = true;
	return ret;
}

static ssize_t cuse_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t size, off_t off)
{
	const struct um_fuse *c = um_fuse_of(fs);

	(void)off;
	return um_fuse_read(fs, fh, buf,
			    size < c->max_read ? size : c->max_read, 0);
}

static ssize_t cuse_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t size, off_t off)
{
	const struct um_fuse *c = um_fuse_of(fs);

	(void)off;
	return um_fuse_write(fs, fh, buf,
			     size < c->max_write ? size : c->max_write, 0);
}

static void cuse_release(struct um_fs *fs, struct um_fh *fh)
{
	um_fuse_file_of(fh)->flushed = true;
	um_fuse_release(fs, fh);
}

static const struct um_fs_ops ops = {
	.size = sizeof(ops),
	.getattr = cuse_getattr,
	.open = cuse_open,
	.read = cuse_read,
	.write = cuse_write,
	.release = cuse_release,
	.poll = um_fuse_poll,
};

bool um_cusedev_is(const struct um_mount *m)
{
	return m->fs.ops == &ops;
}

/* ---- ioctl ---- */

/**
 * struct control - an ioctl at work
 * @iov: of the guest's memory: what the daemon gets, then what it fills
 */
struct control {
	struct um_req *r;
	struct um_fuse *c;
	struct fuse_ioctl_in in;
	struct fuse_ioctl_iovec iov[2 * MAX_IOVS];
	uint32_t n_in;
	uint32_t n_out;
	char *data;
	struct fuse_ioctl_out *out;
};

static int sum(const struct fuse_ioctl_iovec *iov, uint32_t n, uint32_t *out)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (iov[i].len > MAX_IOCTL)
			return -ENOMEM;
		all += iov[i].len;
	}
	*out = (uint32_t)all;
	return all > MAX_IOCTL ? -ENOMEM : 0;
}

static int gather(struct control *k)
{
	size_t at = 0;
	int ret = sum(k->iov, k->n_in, &k->in.in_size);

	if (ret == 0)
		ret = sum(k->iov + k->n_in, k->n_out, &k->in.out_size);
	for (uint32_t i = 0; i < k->n_in && ret == 0; i++) {
		ret = um_copy_in(k->r, um_uptr_of(k->iov[i].base), k->data + at,
				 k->iov[i].len);
		at += k->iov[i].len;
	}
	return ret;
}

static int scatter(struct control *k, size_t len)
{
	const char *from = (const char *)(k->out + 1);

	for (uint32_t i = 0; i < k->n_out && len; i++) {
		const struct fuse_ioctl_iovec *to = &k->iov[k->n_in + i];
		size_t n = to->len < len ? to->len : len;
		int ret = um_copy_out(k->r, um_uptr_of(to->base), from, n);

		if (ret < 0)
			return ret;
		from += n;
		len -= n;
	}
	return 0;
}

static ssize_t ask(struct control *k)
{
	struct um_fuse_call call = { .opcode = FUSE_IOCTL,
				     .in = { UM_FUSE_ARG(k->in),
					     { k->data, k->in.in_size } },
				     .nargs = 2,
				     .out = k->out,
				     .outmax = sizeof(*k->out) + MAX_IOCTL };
	ssize_t ret = um_fuse_call(k->c, &call);

	if (ret == -ENOSYS)
		return -ENOTTY;
	return ret >= 0 && (size_t)ret < sizeof(*k->out) ? -EIO : ret;
}

/* The daemon wants other memory: which it is comes with the reply. */
static int take_iovs(struct control *k, size_t len)
{
	uint32_t in = k->out->in_iovs;
	uint32_t out = k->out->out_iovs;

	if (!(k->in.flags & FUSE_IOCTL_UNRESTRICTED))
		return -EIO;
	if (in > MAX_IOVS || out > MAX_IOVS)
		return -ENOMEM;
	if (len != (in + out) * sizeof(k->iov[0]))
		return -EIO;
	memcpy(k->iov, k->out + 1, len);
	k->n_in = in;
	k->n_out = out;
	return 0;
}

#define MAX_RETRIES 8

static int run(struct control *k)
{
	for (int i = 0; i < MAX_RETRIES; i++) {
		ssize_t ret = gather(k);

		if (ret == 0)
			ret = ask(k);
		if (ret < 0)
			return (int)ret;
		if (!(k->out->flags & FUSE_IOCTL_RETRY)) {
			int err = scatter(k, (size_t)ret - sizeof(*k->out));

			return err < 0 ? err : k->out->result;
		}
		ret = take_iovs(k, (size_t)ret - sizeof(*k->out));
		if (ret < 0)
			return (int)ret;
	}
	return -EIO;
}

/* Without the daemon's wish for more: the number says what the data is. */
static void restrict_to(struct control *k, unsigned int cmd, uint64_t arg)
{
	if (_IOC_DIR(cmd) & _IOC_WRITE) {
		k->iov[0].base = arg;
		k->iov[0].len = _IOC_SIZE(cmd);
		k->n_in = 1;
	}
	if (_IOC_DIR(cmd) & _IOC_READ) {
		k->iov[k->n_in].base = arg;
		k->iov[k->n_in].len = _IOC_SIZE(cmd);
		k->n_out = 1;
	}
}

static int with_file(struct um_fh *fh, void *arg)
{
	struct control *k = arg;

	k->in.fh = um_fuse_file_of(fh)->fh;
	return run(k);
}

long um_cusedev_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd)
{
	UM_FREE char *path = um_obj_path(o);
	const struct device *d = path ? find_device(path) : NULL;
	struct control *k = um_req_alloc(r, sizeof(*k));
	int ret;

	if (!d || !k)
		return d ? -ENOMEM : -ENODEV;
	*k = (struct control){ .r = r,
			       .c = d->c,
			       .in = { .cmd = cmd, .arg = r->arg[2] } };
	k->data = um_req_alloc(r, MAX_IOCTL);
	k->out = um_req_alloc(r, sizeof(*k->out) + MAX_IOCTL);
	if (!k->data || !k->out)
		return -ENOMEM;
	if (d->unrestricted)
		k->in.flags = FUSE_IOCTL_UNRESTRICTED;
	else
		restrict_to(k, cmd, r->arg[2]);
	ret = um_vnode_with_file(o->vnode, with_file, k);
	return ret < -511 ? -EIO : ret;
}

/* ---- CUSE_INIT ---- */

struct handshake {
	struct cuse_init_in in;
	struct {
		struct cuse_init_out head;
		char info[CUSE_INIT_INFO_MAX + 1];
	} out;
};

/* The value of DEVNAME in "KEY=VALUE" texts, each with its NUL. */
static const char *device_name(const char *info)
{
	const char *end = info + CUSE_INIT_INFO_MAX;

	for (; info < end && *info; info += strlen(info) + 1)
		if (!strncmp(info, "DEVNAME=", 8))
			return info + 8;
	return "";
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n && n < MAX_NAME && !strchr(name, '/') && name[0] != '.';
}

static int add_device(struct um_fuse *c, const struct handshake *h)
{
	const char *name = device_name(h->out.info);
	struct device *d = calloc(1, sizeof(*d));
	struct stat st;

	if (!d)
		return -ENOMEM;
	snprintf(d->path, sizeof(d->path), "/dev/%s", name);
	d->unrestricted = h->out.head.flags & CUSE_UNRESTRICTED_IOCTL;
	d->rdev = makedev(h->out.head.dev_major ? h->out.head.dev_major : 243,
			  h->out.head.dev_minor);
	if (!is_name(name) || lstat(d->path, &st) == 0 ||
	    find_device(d->path)) {
		um_err("cuse: there is a %s already, or that is no name",
		       d->path);
		free(d);
		return -EEXIST;
	}
	d->m = um_mount_new_devices("cuse", &ops);
	if (!d->m) {
		free(d);
		return -ENOMEM;
	}
	d->m->fs.priv = d->c = um_fuse_get(c);
	um_lock(&lock);
	d->next = devices;
	devices = d;
	um_unlock(&lock);
	um_vmap_add_device(d->path + 5);
	atomic_store(&um_dev_any, true);
	um_shared_set_devs();
	um_view_republish();
	return 0;
}

static uint32_t limit(uint32_t n)
{
	return n < 4096 ? 4096 : n > 1 << 20 ? 1 << 20 : n;
}

static void answered(struct um_fuse *c, void *arg, int error)
{
	struct handshake *h = arg;
	int ret = error;

	if (ret == 0 && (h->out.head.major != FUSE_KERNEL_VERSION ||
			 h->out.head.minor < 12))
		ret = -EPROTO;
	um_lock(&c->lock);
	c->minor = h->out.head.minor;
	c->max_read = limit(h->out.head.max_read);
	c->max_write = limit(h->out.head.max_write);
	if (c->state == UM_FUSE_STARTING)
		c->state = UM_FUSE_READY;
	um_unlock(&c->lock);
	if (ret == 0)
		ret = add_device(c, h);
	if (ret < 0)
		um_fuse_abort(c);
	free(h);
}

static void send_init(struct um_fuse *c)
{
	struct handshake *h = calloc(1, sizeof(*h));
	struct um_fuse_call k = { .opcode = CUSE_INIT, .nargs = 1 };

	if (!h) {
		um_fuse_abort(c);
		return;
	}
	h->in = (struct cuse_init_in){ .major = FUSE_KERNEL_VERSION,
				       .minor = FUSE_KERNEL_MINOR_VERSION,
				       .flags = CUSE_UNRESTRICTED_IOCTL };
	k.in[0] = (struct iovec)UM_FUSE_ARG(h->in);
	k.out = &h->out;
	k.outmax = sizeof(h->out) - 1;
	um_fuse_post(c, &k, answered, h);
}

int um_cusedev_start(struct um_chan *ch)
{
	struct um_fuse *c = um_fuse_new();
	int ret = c ? um_fuse_nodes_init(c) : -ENOMEM;

	if (ret == 0)
		ret = um_chan_attach(ch, c);
	if (ret == 0) {
		/* the node that all requests are about */
		c->root->id = 0;
		atomic_fetch_add(&ch->refs, 1);
		c->chan = ch;
		send_init(c);
	}
	/* the channel has its own ref */
	um_fuse_put(c);
	return ret;
}

void um_cusedev_setup(void)
{
	um_dev_add(&class);
}
