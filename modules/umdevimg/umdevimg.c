// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevimg.c - images of virtual machines as disks: qcow2, VDI, VMDK, VHD(X)
 *
 * A raw image is a file like any other (um_dev_use_file()). The other formats
 * are QEMU's to know: a qemu-nbd of our own, which nobody else can reach and
 * which ends with the mount, is asked by the NBD protocol. libnbd starts it and
 * speaks with it. It locks the image as any QEMU does.
 *
 * That process opens the image by name, so the image lies on the host's file
 * system; a raw one may lie anywhere in the view.
 */
#include <errno.h>
#include <fcntl.h>
#include <libnbd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <umview/dev.h>
#include <unistd.h>

/* NBD counts in 32 bits. */
#define MOST ((uint64_t)1 << 30)

/* ---- formats ---- */

/**
 * struct format - how images begin
 * @name: as QEMU calls it
 * @at: where its magic stands; negative: from the end
 */
struct format {
	const char *name;
	off_t at;
	size_t len;
	const char *magic;
};

static const struct format formats[] = {
	{ "qcow2", 0, 4, "QFI\xfb" },
	{ "vmdk", 0, 4, "KDMV" },
	{ "vmdk", 0, 4, "COWD" },
	{ "vmdk", 0, 21, "# Disk DescriptorFile" },
	{ "vhdx", 0, 8, "vhdxfile" },
	{ "vdi", 64, 4, "\x7f\x10\xda\xbe" },
	{ "vpc", 0, 8, "conectix" },
	{ "vpc", -512, 8, "conectix" },
	{ "qed", 0, 4, "QED\0" },
	{ "parallels", 0, 16, "WithoutFreeSpace" },
	{ "parallels", 0, 16, "WithouFreSpacExt" },
};

/* Other names of formats. */
static const char *const aliases[][2] = { { "vhd", "vpc" } };

static bool is_format(struct um_next_file *f, uint64_t size,
		      const struct format *fmt)
{
	char head[32];
	off_t at = fmt->at < 0 ? (off_t)size + fmt->at : fmt->at;

	return at >= 0 &&
	       um_next_pread(f, head, fmt->len, at) == (ssize_t)fmt->len &&
	       !memcmp(head, fmt->magic, fmt->len);
}

static const char *probe(struct um_next_file *f)
{
	uint64_t size = 0;

	if (um_next_size(f, &size) < 0)
		return "raw";
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (is_format(f, size, &formats[i]))
			return formats[i].name;
	return "raw";
}

/* gives: what the option says, or what the image is; NULL: no memory. */
static char *format_of(const char *option, struct um_next_file *f)
{
	const char *name = option ? option : probe(f);

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(name, aliases[i][0]))
			name = aliases[i][1];
	return strdup(name);
}

/* ---- operations ---- */

/**
 * struct img - an image that is served
 * @align: what transfers must be multiples of, place and size
 * @lock: a part of such a unit is written by one at a time
 */
struct img {
	struct nbd_handle *nbd;
	uint64_t align;
	pthread_mutex_t lock;
};

/* Of [off, off + n) the whole units that it touches; at most one MOST. */
static size_t widen(const struct img *i, size_t n, uint64_t *off)
{
	uint64_t end = *off + (n < MOST ? n : MOST) + i->align - 1;

	*off -= *off % i->align;
	return (size_t)(end - end % i->align - *off);
}

static int error_of_library(void)
{
	int err = nbd_get_errno();

	return err ? -err : -EIO;
}

/* Without its server nothing is read or written; libnbd calls that EINVAL. */
static int failed(struct img *i)
{
	if (nbd_aio_is_dead(i->nbd) || nbd_aio_is_closed(i->nbd))
		return -EIO;
	return error_of_library();
}

/* A unit is only partly meant: the rest of it is read too. */
static ssize_t bounce(struct img *i, void *in, const void *out, size_t n,
		      uint64_t off)
{
	uint64_t at = off;
	size_t size = widen(i, n, &at);
	char *buf = malloc(size);
	ssize_t ret = buf ? (ssize_t)n : -ENOMEM;

	pthread_mutex_lock(&i->lock);
	if (buf && nbd_pread(i->nbd, buf, size, at, 0) < 0)
		ret = failed(i);
	if (ret >= 0 && out) {
		memcpy(buf + (off - at), out, n);
		if (nbd_pwrite(i->nbd, buf, size, at, 0) < 0)
			ret = failed(i);
	}
	pthread_mutex_unlock(&i->lock);
	if (ret >= 0 && in)
		memcpy(in, buf + (off - at), n);
	free(buf);
	return ret;
}

static ssize_t img_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			size_t n, off_t off)
{
	struct img *i = dev->priv;

	(void)fh;
	n = n < MOST ? n : MOST;
	if (((uint64_t)off | n) % i->align)
		return bounce(i, buf, NULL, n, (uint64_t)off);
	if (nbd_pread(i->nbd, buf, n, (uint64_t)off, 0) < 0)
		return failed(i);
	return (ssize_t)n;
}

static ssize_t img_write(struct um_dev *dev, struct um_dev_fh *fh,
			 const void *buf, size_t n, off_t off)
{
	struct img *i = dev->priv;

	(void)fh;
	n = n < MOST ? n : MOST;
	if (((uint64_t)off | n) % i->align)
		return bounce(i, NULL, buf, n, (uint64_t)off);
	if (nbd_pwrite(i->nbd, buf, n, (uint64_t)off, 0) < 0)
		return failed(i);
	return (ssize_t)n;
}

static int img_sync(struct um_dev *dev)
{
	struct img *i = dev->priv;
	int can = nbd_can_flush(i->nbd);

	if (can < 0)
		return -EIO;
	return can && nbd_flush(i->nbd, 0) < 0 ? failed(i) : 0;
}

static int img_wipe(struct um_dev *dev, enum um_dev_wipe how, uint64_t off,
		    uint64_t n)
{
	struct img *i = dev->priv;
	struct nbd_handle *nbd = i->nbd;
	bool zero = how == UM_DEV_ZERO;

	if ((zero ? nbd_can_zero(nbd) : nbd_can_trim(nbd)) <= 0)
		return -EOPNOTSUPP;
	while (n) {
		uint64_t part = n < MOST ? n : MOST;

		if ((zero ? nbd_zero(nbd, part, off, 0)
			  : nbd_trim(nbd, part, off, 0)) < 0)
			return failed(i);
		off += part;
		n -= part;
	}
	return 0;
}

static void img_free(struct img *i)
{
	if (!i)
		return;
	nbd_close(i->nbd);
	pthread_mutex_destroy(&i->lock);
	free(i);
}

/* The server ends when its one client goes. */
static void img_umount(struct um_dev *dev)
{
	int ret = dev->readonly ? 0 : img_sync(dev);
	struct img *i = dev->priv;

	if (ret < 0)
		um_err("umdevimg: %s", nbd_get_error());
	nbd_shutdown(i->nbd, 0);
	img_free(i);
}

static const struct um_dev_ops ops = { .size = sizeof(ops),
				       .read = img_read,
				       .write = img_write,
				       .sync = img_sync,
				       .wipe = img_wipe,
				       .umount = img_umount };

/* ---- the server ---- */

/*
 * In a session of its own: the terminal's Ctrl-C is for guests. libnbd gives it
 * its socket, and the server serves one client.
 */
static int start_server(struct nbd_handle *nbd, const char *path,
			const char *format, bool readonly)
{
	/* the library's type lacks a const */
	union {
		const char *ours[9];
		char *theirs[9];
	} argv = { .ours = { "setsid", "qemu-nbd", "--discard=unmap",
			     "--cache=writeback", "--format", format, path,
			     readonly ? "--read-only" : NULL, NULL } };

	if (nbd_connect_systemd_socket_activation(nbd, argv.theirs) < 0)
		return error_of_library();
	return 0;
}

static int describe(struct img *i, struct um_dev *dev)
{
	int64_t size = nbd_get_size(i->nbd);
	int64_t align = nbd_get_block_size(i->nbd, LIBNBD_SIZE_MINIMUM);

	if (size < 0)
		return failed(i);
	/* a last unit that is not whole would be out of reach */
	i->align = align > 1 ? (uint64_t)align : 1;
	dev->size = (uint64_t)size;
	dev->size -= dev->size % (i->align < 512 ? 512 : i->align);
	if (!dev->size)
		return -EINVAL;
	if (nbd_is_read_only(i->nbd) > 0)
		dev->readonly = true;
	dev->ops = &ops;
	dev->priv = i;
	dev->type = S_IFBLK;
	/* its socket is of no interest to the view */
	dev->host_libc = true;
	um_dev_set_geometry(dev);
	return 0;
}

static struct img *img_new(void)
{
	struct img *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	pthread_mutex_init(&i->lock, NULL);
	i->nbd = nbd_create();
	if (i->nbd)
		return i;
	img_free(i);
	return NULL;
}

static int serve(const struct um_mount_req *req, const char *format,
		 struct um_dev *dev)
{
	struct img *i = img_new();
	int ret;

	if (!i)
		return -ENOMEM;
	if (!dev->readonly && access(req->source, W_OK) < 0) {
		um_warn("umdevimg: %s is write-protected: the device is "
			"read-only",
			req->source);
		dev->readonly = true;
	}
	ret = start_server(i->nbd, req->source, format, dev->readonly);
	if (ret == 0)
		ret = describe(i, dev);
	if (ret == 0)
		return 0;
	um_err("umdevimg: %s: qemu-nbd does not serve it as %s", req->source,
	       format);
	img_free(i);
	return ret == -ENOENT ? -ENODEV : -EINVAL;
}

/* ---- the mount ---- */

static int take_options(const char *options, const char **format)
{
	*format = NULL;
	if (!*options)
		return 0;
	if (!strncmp(options, "format=", 7) && options[7] &&
	    !strchr(options, ',')) {
		*format = options + 7;
		return 0;
	}
	um_err("umdevimg: %s: no such option, or not its value", options);
	return -EINVAL;
}

/* Is it the host's own file that the name leads to? */
static bool is_on_host(struct um_next_file *f, const char *path)
{
	struct stat here;
	struct stat there;

	return um_next_fstat(f, &there) == 0 && stat(path, &here) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int img_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	struct um_next_file *f = NULL;
	const char *option;
	char *format = NULL;
	bool on_host = false;
	int ret = take_options(req->options, &option);

	if (ret < 0)
		return ret;
	ret = -ENOENT;
	if (req->source[0] == '/')
		ret = um_next_open(dev->next, req->source, O_RDONLY, 0, &f);
	if (ret < 0) {
		um_err("umdevimg: %s: %s", req->source, strerror(-ret));
		return ret;
	}
	format = format_of(option, f);
	on_host = is_on_host(f, req->source);
	um_next_close(f);
	dev->partitions = true;
	dev->readonly = req->flags & MS_RDONLY;
	if (!format)
		return -ENOMEM;
	if (!strcmp(format, "raw")) {
		ret = um_dev_use_file(req, dev);
	} else if (!on_host) {
		um_err("umdevimg: %s lies on a file system of the view: only a "
		       "raw image may",
		       req->source);
		ret = -EOPNOTSUPP;
	} else {
		ret = serve(req, format, dev);
	}
	free(format);
	return ret;
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevimg",
	.description = "an image of a virtual machine as a disk",
	.mount = img_mount,
};
