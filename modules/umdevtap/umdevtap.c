// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevtap.c - /dev/net/tun
 *
 * A descriptor is a socket (um_dev.packets), whose other end is given away with
 * TUNSETIFF: to the process umdevtap-plug, if an option of the mount says what an
 * interface of that name is plugged into, else to the stack of the guest that
 * asks. From then on packets go between the two, and ioctls by here. Before, reads
 * and writes fail as the kernel's do.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <umview/dev.h>
#include <umview/net.h>

#include "netproc.h"
#include "options.h"
#include "words.h"

#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER 0x0040
#endif

enum {
	FEATURES = IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_ONE_QUEUE |
		   IFF_VNET_HDR | IFF_NO_CARRIER,
	PROGRAM_MAX = 4096, /* BPF_MAXINSNS */
	ADDRESS = 6,
};

/* A mount; net: of its umdevtap-plug, or NULL. */
struct tap {
	struct um_net *net;
};

/* An open descriptor. fd: the other end, until it has an interface. */
struct file {
	pthread_mutex_t lock;
	int fd;
	int index;
	struct um_net_tun *tun;
};

static struct file *file_of(const struct um_dev_fh *fh)
{
	return (struct file *)(uintptr_t)fh->fh;
}

static int tap_open(struct um_dev *dev, struct um_dev_fh *fh)
{
	struct file *f = calloc(1, sizeof(*f));

	(void)dev;
	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->fd = -1;
	fh->fh = (uintptr_t)f;
	um_dev_hold(fh, -EBADFD);
	return 0;
}

static void tap_release(struct um_dev *dev, struct um_dev_fh *fh)
{
	struct file *f = file_of(fh);

	(void)dev;
	um_net_tun_close(f->tun);
	if (f->fd >= 0)
		close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static int tap_stream(struct um_dev *dev, struct um_dev_fh *fh, int fd)
{
	(void)dev;
	file_of(fh)->fd = fd;
	return 0;
}

/* ---- ioctls ---- */

static bool is_request_of_sockets(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == SOCK_IOC_TYPE;
}

static int tap_ioctl_size(struct um_dev *dev, unsigned int cmd)
{
	const int both = UM_DEV_IN | UM_DEV_OUT;

	(void)dev;
	if (is_request_of_sockets(cmd))
		return both | (int)sizeof(struct ifreq);
	switch (cmd) {
	case TUNSETIFF:
	case TUNSETQUEUE:
		return both | (int)sizeof(struct ifreq);
	case TUNGETIFF:
		return UM_DEV_OUT | (int)sizeof(struct ifreq);
	case TUNSETNOCSUM:
	case TUNSETDEBUG:
	case TUNSETPERSIST:
	case TUNSETOWNER:
	case TUNSETLINK:
	case TUNSETGROUP:
	case TUNSETOFFLOAD:
	case TUNDETACHFILTER:
		return 0; /* the argument itself */
	case TUNSETTXFILTER:
		return UM_DEV_IN | (int)sizeof(struct tun_filter);
	case TUNSETSTEERINGEBPF: /* the number says the wrong way */
	case TUNSETFILTEREBPF:
		return UM_DEV_IN | (int)sizeof(int);
	default:
		return -ENOTTY; /* as the number says */
	}
}

/* A switch first, if the mount has one for that name. */
static int attach_locked(const struct tap *tap, struct file *f,
			 struct ifreq *ifr)
{
	struct ifreq other = *ifr;
	int ret = -ENODEV;

	if (tap->net)
		ret = um_net_tun_open(tap->net, f->fd, ifr, f->index, &f->tun);
	if (ret == -ENODEV) {
		*ifr = other;
		ret = um_net_tun_open(NULL, f->fd, ifr, f->index, &f->tun);
	}
	if (ret == -ENODEV)
		um_err("umdevtap: no stack of the view, and no option for the interface `%.16s'",
		       other.ifr_name);
	return ret;
}

static int set_iff(const struct tap *tap, struct um_dev_fh *fh,
		   struct ifreq *ifr)
{
	struct file *f = file_of(fh);
	int ret = -EEXIST;

	pthread_mutex_lock(&f->lock);
	if (!f->tun)
		ret = attach_locked(tap, f, ifr);
	if (ret == 0) {
		close(f->fd);
		f->fd = -1;
		um_dev_hold(fh, 0);
	}
	pthread_mutex_unlock(&f->lock);
	return ret;
}

static int set_index(struct file *f, int index)
{
	if (index < 0)
		return -EINVAL;
	f->index = index;
	return 0;
}

/* The instructions behind a struct sock_fprog. */
static long attach_filter(struct um_net_tun *t, const void *data)
{
	struct sock_filter *code;
	struct sock_fprog p;
	size_t size;
	long ret;

	memcpy(&p, data, sizeof(p));
	if (!p.len || p.len > PROGRAM_MAX)
		return -EINVAL;
	size = p.len * sizeof(*code);
	code = malloc(size);
	if (!code)
		return -ENOMEM;
	ret = um_dev_copy_in((uintptr_t)p.filter, code, size);
	if (ret == 0)
		ret = um_net_tun_call(t, TUNATTACHFILTER, code, size);
	free(code);
	return ret;
}

/* The addresses behind a struct tun_filter. */
static long set_txfilter(struct um_net_tun *t, const void *data,
			 unsigned long at)
{
	struct tun_filter head;
	uint8_t *all;
	size_t size;
	long ret;

	memcpy(&head, data, sizeof(head));
	if (!head.count)
		return um_net_tun_call(t, TUNSETTXFILTER, &head, sizeof(head));
	size = sizeof(head) + head.count * (size_t)ADDRESS;
	all = malloc(size);
	if (!all)
		return -ENOMEM;
	ret = um_dev_copy_in(at, all, size);
	memcpy(all, &head, sizeof(head));
	if (ret == 0)
		ret = um_net_tun_call(t, TUNSETTXFILTER, all, size);
	free(all);
	return ret;
}

/* A request of a descriptor that has an interface. */
static long call(struct um_net_tun *t, unsigned int cmd, unsigned long arg,
		 void *data)
{
	size_t size = is_request_of_sockets(cmd) || cmd == TUNGETIFF
			      ? sizeof(struct ifreq)
			      : _IOC_SIZE(cmd);

	if (cmd == TUNATTACHFILTER)
		return attach_filter(t, data);
	if (cmd == TUNSETTXFILTER)
		return set_txfilter(t, data, arg);
	if (!data)
		return um_net_tun_call(t, cmd, &arg, sizeof(arg));
	return um_net_tun_call(t, cmd, data, size);
}

static long tap_ioctl(struct um_dev *dev, struct um_dev_fh *fh,
		      unsigned int cmd, unsigned long arg, void *data)
{
	struct file *f = file_of(fh);
	struct um_net_tun *t;
	int v = FEATURES;

	switch (cmd) {
	case TUNGETFEATURES:
		memcpy(data, &v, sizeof(v));
		return 0;
	case TUNSETQUEUE:
		return -EINVAL; /* there is one */
	case SIOCGSKNS:
		return -EPERM;
	case TUNSETIFF:
		return set_iff(dev->priv, fh, data);
	default:
		break;
	}
	pthread_mutex_lock(&f->lock);
	t = f->tun;
	pthread_mutex_unlock(&f->lock);
	if (t)
		return call(t, cmd, arg, data);
	if (cmd != TUNSETIFINDEX)
		return -EBADFD;
	memcpy(&v, data, sizeof(v));
	return set_index(f, v);
}

/* ---- the mount ---- */

static void tap_umount(struct um_dev *dev)
{
	struct tap *tap = dev->priv;

	if (tap->net)
		tap->net->ops->umount(tap->net);
	free(tap);
}

static const struct um_dev_ops ops = {
	.size = sizeof(ops),
	.open = tap_open,
	.release = tap_release,
	.stream = tap_stream,
	.ioctl = tap_ioctl,
	.ioctl_size = tap_ioctl_size,
	.umount = tap_umount,
};

/* It has no sockets. */
static bool has_family(int domain)
{
	(void)domain;
	return false;
}

static int start_plug(struct tap *tap, char **words)
{
	struct um_fs fs = { 0 };
	int ret;

	if (!words)
		return 0;
	ret = um_netproc_start("umdevtap-plug", words, has_family, &fs);
	tap->net = fs.net;
	return ret;
}

static int tap_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	char **words = NULL;
	int ret = tap ? tap_options_parse(req->source, req->options, &words)
		      : -ENOMEM;

	if (ret == 0)
		ret = start_plug(tap, words);
	words_free(words);
	if (ret < 0) {
		free(tap);
		return ret;
	}
	dev->ops = &ops;
	dev->priv = tap;
	dev->packets = true;
	dev->host_libc = true;
	dev->number = makedev(10, 200);
	return 0;
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevtap",
	.description = "/dev/net/tun: interfaces whose frames a program moves",
	.mount = tap_mount,
};
