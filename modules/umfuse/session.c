// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * session.c - sessions of libfuse 3, as far as high-level programs see them
 *
 * fuse_get_session() gives the handle under another type. The low-level API
 * is refused: libfuse3 would go and open /dev/fuse.
 */
#include "umfuse.h"

#include <cuse_lowlevel.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NO_NOTIFY (-ENOSYS)

static struct fuse *handle(struct fuse_session *se)
{
	return (struct fuse *)(void *)se;
}

struct fuse_session *fuse_get_session(struct fuse *f)
{
	return (struct fuse_session *)(void *)f;
}

void fuse_session_exit(struct fuse_session *se)
{
	umfuse_stop(handle(se)->mnt);
}

int fuse_session_exited(struct fuse_session *se)
{
	return atomic_load(&handle(se)->mnt->stop);
}

void fuse_session_reset(struct fuse_session *se)
{
	(void)se;
}

/* For programs that set flags on it; there is nothing to read. */
int fuse_session_fd(struct fuse_session *se)
{
	struct fuse *f = handle(se);

	if (f->session_fd < 0)
		f->session_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return f->session_fd;
}

int fuse_session_mount(struct fuse_session *se, const char *mountpoint)
{
	(void)se;
	(void)mountpoint;
	return 0;
}

void fuse_session_unmount(struct fuse_session *se)
{
	(void)se;
}

int fuse_session_loop(struct fuse_session *se)
{
	return umfuse_loop(handle(se), true);
}

void fuse_session_destroy(struct fuse_session *se)
{
	(void)se;
}

/* The core keeps signals away from modules. */
int fuse_set_signal_handlers(struct fuse_session *se)
{
	(void)se;
	return 0;
}

void fuse_remove_signal_handlers(struct fuse_session *se)
{
	(void)se;
}

/* --- refused --- */

static void *refuse(const char *what)
{
	struct umfuse *mnt = umfuse_self();

	um_err("umfuse: %s: only the high-level FUSE API is supported", what);
	if (mnt)
		mnt->error = ENOSYS;
	return NULL;
}

struct fuse_session *fuse_session_new(struct fuse_args *args,
				      const struct fuse_lowlevel_ops *op,
				      size_t op_size, void *data)
{
	(void)args;
	(void)op;
	(void)op_size;
	(void)data;
	return refuse("fuse_session_new");
}

/* NOLINTBEGIN(readability-non-const-parameter): libfuse's signature */
struct fuse_session *cuse_lowlevel_setup(int argc, char *argv[],
					 const struct cuse_info *ci,
					 const struct cuse_lowlevel_ops *clop,
					 int *multithreaded, void *data)
{
	(void)argc;
	(void)argv;
	(void)ci;
	(void)clop;
	(void)multithreaded;
	(void)data;
	return refuse("cuse_lowlevel_setup");
}
/* NOLINTEND(readability-non-const-parameter) */

int cuse_lowlevel_main(int argc, char *argv[], const struct cuse_info *ci,
		       const struct cuse_lowlevel_ops *clop, void *data)
{
	(void)argc;
	(void)argv;
	(void)ci;
	(void)clop;
	(void)data;
	refuse("cuse_lowlevel_main");
	return 1;
}

int fuse_open_channel(const char *mountpoint, const char *options)
{
	(void)mountpoint;
	(void)options;
	refuse("fuse_open_channel");
	errno = ENOSYS;
	return 0 - 1; /* libfuse's convention */
}

int fuse_lowlevel_notify_inval_inode(struct fuse_session *se, fuse_ino_t ino,
				     off_t off, off_t len)
{
	(void)se;
	(void)ino;
	(void)off;
	(void)len;
	return NO_NOTIFY;
}

int fuse_lowlevel_notify_inval_entry(struct fuse_session *se, fuse_ino_t parent,
				     const char *name, size_t namelen)
{
	(void)se;
	(void)parent;
	(void)name;
	(void)namelen;
	return NO_NOTIFY;
}

int fuse_lowlevel_notify_expire_entry(struct fuse_session *se,
				      fuse_ino_t parent, const char *name,
				      size_t namelen,
				      enum fuse_expire_flags flags)
{
	(void)se;
	(void)parent;
	(void)name;
	(void)namelen;
	(void)flags;
	return NO_NOTIFY;
}

int fuse_lowlevel_notify_delete(struct fuse_session *se, fuse_ino_t parent,
				fuse_ino_t child, const char *name,
				size_t namelen)
{
	(void)se;
	(void)parent;
	(void)child;
	(void)name;
	(void)namelen;
	return NO_NOTIFY;
}

int fuse_lowlevel_notify_store(struct fuse_session *se, fuse_ino_t ino,
			       off_t offset, struct fuse_bufvec *bufv,
			       enum fuse_buf_copy_flags flags)
{
	(void)se;
	(void)ino;
	(void)offset;
	(void)bufv;
	(void)flags;
	return NO_NOTIFY;
}
