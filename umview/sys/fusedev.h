/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fusedev.h - /dev/fuse and /dev/cuse as guests see them */
#ifndef UM_SYS_FUSEDEV_H
#define UM_SYS_FUSEDEV_H

#include "fuse/mount.h"
#include "sys/sys.h"

/* Have view/path.c know the name. 0 or -ENOMEM. */
int um_fusedev_setup(void);
/* The file system whose nodes are the two devices. */
bool um_fusedev_is(const struct um_mount *m);
/* The directory is the host's /dev: the nodes are in it. */
bool um_fusedev_shows_in(const struct um_list *l, const char *dir);
/* A descriptor of ours for the guest, or -errno. */
int um_fusedev_open(struct um_req *r, const char *path, int flags);

/* The device behind argument n (ref), or NULL. */
struct um_chan *um_arg_chan(struct um_req *r, int n);
/* What fstat(2) says of the device behind a socket; false: it is a socket. */
bool um_fusedev_fstat(const struct stat *inside, struct stat *out);
long um_fusedev_read(struct um_req *r, struct um_chan *ch,
		     const struct iovec *iov, int n);
long um_fusedev_write(struct um_req *r, struct um_chan *ch,
		      const struct iovec *iov, int n);
/* True: the call is about a device, and *ret the answer. */
bool um_fusedev_splice(struct um_req *r, long *ret);
bool um_fusedev_ioctl(struct um_req *r, unsigned int cmd, long *ret);

/* Serve m as the options of mount(2) say. 0 or -errno. */
UM_MUST_CHECK int um_fusedev_mount(struct um_req *r, struct um_mount *m,
				   const char *data);

#endif
