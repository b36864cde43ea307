// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * link_vde.c - links by libvdeplug: vde_plug(1), vdeplug's VNLs
 *
 * The argument is any VNL (vde://, vxvde://, tap://, ptp://, cmd://...) or the path
 * of a switch. A link whose switch went away tries again every two seconds;
 * meanwhile it has no carrier.
 */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "loop.h"
#include "vnl.h"

enum { AGAIN_MS = 2000, BURST = 64 };

struct vde {
	struct st_iface *i;
	VDECONN *conn;
	char vnl[320];
	struct st_watch data, ctl;
	struct st_timer again;
};

static void plug_again(struct vde *v);

static void unplug(struct vde *v)
{
	if (!v->conn)
		return;
	st_watch_del(&v->data);
	if (v->ctl.fd >= 0)
		st_watch_del(&v->ctl);
	vde_close(v->conn);
	v->conn = NULL;
}

static void lost(struct vde *v)
{
	unplug(v);
	st_iface_set_carrier(v->i, false);
	st_timer_set(&v->again, AGAIN_MS);
}

static void on_data(struct st_watch *w, uint32_t events)
{
	struct vde *v = (void *)((char *)w - offsetof(struct vde, data));
	static uint8_t frame[VDE_ETHBUFSIZE];

	for (int n = 0; n < BURST; n++) {
		ssize_t len;

		if (n && !vnl_is_ready(v->conn))
			break;
		len = vnl_receive(v->conn, frame, sizeof(frame));
		if (len < 0) {
			lost(v);
			return;
		}
		if (len == 0)
			break;
		st_iface_input(v->i, frame, (size_t)len);
	}
	if ((events & (EPOLLHUP | EPOLLERR)) && v->conn)
		lost(v);
}

static void on_ctl(struct st_watch *w, uint32_t events)
{
	struct vde *v = (void *)((char *)w - offsetof(struct vde, ctl));
	char waste[64];

	if ((events & (EPOLLHUP | EPOLLERR)) ||
	    read(w->fd, waste, sizeof(waste)) == 0)
		lost(v);
}

static int plug(struct vde *v)
{
	struct passwd *pw = getpwuid(getuid());
	char descr[128];
	int ctl, ret;

	snprintf(descr, sizeof(descr), "umview if=%s user=%s pid=%d",
		 v->i->name, pw ? pw->pw_name : "?", (int)getpid());
	ret = vnl_open(v->vnl, descr, &v->conn);
	if (ret < 0)
		return ret;
	v->data.fd = vde_datafd(v->conn);
	v->data.ready = on_data;
	ctl = vde_ctlfd(v->conn);
	v->ctl.fd = ctl == v->data.fd ? -1 : ctl;
	v->ctl.ready = on_ctl;
	if (st_watch_add(&v->data, EPOLLIN) < 0) {
		vde_close(v->conn);
		v->conn = NULL;
		return -EIO;
	}
	if (v->ctl.fd >= 0 && st_watch_add(&v->ctl, EPOLLIN) < 0)
		v->ctl.fd = -1;
	v->i->carrier = true;
	return 0;
}

static void on_again(struct st_timer *t)
{
	plug_again((void *)((char *)t - offsetof(struct vde, again)));
}

static void plug_again(struct vde *v)
{
	if (plug(v) < 0) {
		st_timer_set(&v->again, AGAIN_MS);
		return;
	}
	v->i->carrier = false;
	st_iface_set_carrier(v->i, true);
}

/* vnl NULL: the default switch, if there is one; else unplugged. */
static int open_vnl(struct st_iface *i, const char *vnl)
{
	struct vde *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return -ENOBUFS;
	v->i = i;
	v->again.fire = on_again;
	snprintf(v->vnl, sizeof(v->vnl), "%s", vnl ? vnl : "");
	ret = plug(v);
	if (ret < 0 && vnl) {
		st_link_set_why("cannot plug into %s: %s", vnl, strerror(-ret));
		free(v);
		return ret;
	}
	i->priv = v;
	return 0;
}

static int vde_link_open(struct st_iface *i, const char *arg)
{
	return open_vnl(i, arg);
}

static int tap_link_open(struct st_iface *i, const char *arg)
{
	char vnl[300];

	snprintf(vnl, sizeof(vnl), "tap://%s", arg ? arg : i->name);
	return open_vnl(i, vnl);
}

static void vde_link_close(struct st_iface *i)
{
	struct vde *v = i->priv;

	if (!v)
		return;
	unplug(v);
	st_timer_stop(&v->again);
	free(v);
	i->priv = NULL;
	i->carrier = false;
}

/*
 * That it may wait is as well: a frame that a switch has no room for is not lost
 * so.
 */
static int vde_link_send(struct st_iface *i, const void *frame, size_t len)
{
	struct vde *v = i->priv;

	if (!v || !v->conn)
		return -ENETDOWN;
	return vde_send(v->conn, frame, len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

const struct st_link_ops st_link_vde = {
	.kind = "vde",
	.window = 65535,
	.open = vde_link_open,
	.close = vde_link_close,
	.send = vde_link_send,
};

const struct st_link_ops st_link_tap = {
	.kind = "tap",
	.open = tap_link_open,
	.close = vde_link_close,
	.send = vde_link_send,
};
