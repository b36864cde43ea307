/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount.h - mount(2) of a FUSE daemon's file system, and its end */
#ifndef UM_FUSE_MOUNT_H
#define UM_FUSE_MOUNT_H

#include "fuse/conn.h"
#include "guest/req.h"

/* Types that are served through an open /dev/fuse: fuse, fuse.X, fuseblk. */
bool um_fuse_is_type(const char *type);

/**
 * struct um_fuse_opts - options of mount(2)
 * @fd: of the guest
 */
struct um_fuse_opts {
	int fd;
	mode_t rootmode;
	bool has_fd, has_mode, has_uid, has_gid;
	bool check_modes;
	uint32_t max_read;
};

/* 0, or -EINVAL as the kernel would. */
UM_MUST_CHECK int um_fuse_parse(const char *data, struct um_fuse_opts *out);
/* The options without fd and rootmode: what /proc/mounts shows; caller frees. */
char *um_fuse_shown(const char *data);

/* r's guest has m served through ch. 0 or -errno. */
UM_MUST_CHECK int um_fuse_start(struct um_req *r, struct um_mount *m,
				struct um_chan *ch,
				const struct um_fuse_opts *opts);
/*
 * Is process tgid a daemon whose mount at this point has ended? libfuse would
 * see that by POLLERR of the device, which a socket cannot show for that
 * reason, and unmounts what stands at the place, by then perhaps another's.
 * Tells once.
 */
bool um_fuse_was_at(pid_t tgid, const char *point);
/* umount -f: whoever waits for the daemon gets ENOTCONN; the mount is ending. */
void um_fuse_cut(struct um_fuse *c);

/*
 * The daemon is gone. With its option auto_unmount, fusermount(1) has lived on
 * to unmount now. It asks for a name space of its own to look about first, which
 * it cannot have here; so that is done for it.
 */
void um_fuse_left_alone(struct um_fuse *c);

/* The connection of a mount, borrowed; NULL: it is no FUSE daemon's. */
struct um_fuse *um_fuse_of_mount(const struct um_mount *m);

#endif
