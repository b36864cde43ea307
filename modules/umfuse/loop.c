// SPDX-License-Identifier: GPL-2.0-or-later
/* loop.c - the loop a program sleeps in, and the context of its operations */
#include "umfuse.h"

#include <errno.h>

/* What kernel and libfuse offer by default; sizes in bytes. */
#define MAX_WRITE      (1 << 20)
#define PROTO_MINOR    38
#define MAX_BACKGROUND 12
#define CONGESTION     9

static _Thread_local struct umfuse *self;
static _Thread_local struct fuse_context context;

struct umfuse *umfuse_self(void)
{
	return self;
}

void umfuse_set_self(struct umfuse *mnt)
{
	self = mnt;
}

/* An operation may lead to one of another mount in the same thread. */
struct fuse_context umfuse_context_swap(struct fuse_context ctx)
{
	struct fuse_context old = context;

	context = ctx;
	return old;
}

/* Outside of operations: on behalf of who mounted. */
struct fuse_context umfuse_context_idle(struct fuse *f)
{
	const struct um_cred *who = &f->mnt->mounter;

	return (struct fuse_context){
		.fuse = f,
		.uid = who->uid,
		.gid = who->gid,
		.pid = who->pid,
		.private_data = f->data,
		.umask = who->umask,
	};
}

struct fuse_context *fuse_get_context(void)
{
	return &context;
}

void umfuse_stop(struct umfuse *mnt)
{
	pthread_mutex_lock(&mnt->lock);
	atomic_store(&mnt->stop, true);
	pthread_cond_broadcast(&mnt->changed);
	pthread_mutex_unlock(&mnt->lock);
}

static void init_program(struct fuse *f)
{
	const unsigned int caps =
		FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC |
		FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT |
		FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_DONT_MASK |
		FUSE_CAP_EXPORT_SUPPORT;
	struct fuse_conn_info *conn = &f->conn;

	conn->proto_major = 7;
	conn->proto_minor = PROTO_MINOR;
	conn->max_write = MAX_WRITE;
	conn->max_readahead = MAX_WRITE;
	conn->capable = caps;
	conn->want = FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC |
		     FUSE_CAP_PARALLEL_DIROPS;
	conn->max_background = MAX_BACKGROUND;
	conn->congestion_threshold = CONGESTION;
	conn->time_gran = 1;
	umfuse_context_swap(umfuse_context_idle(f));
	if (f->op.init)
		f->data = f->op.init(conn, &f->cfg);
	f->inited = true;
	umfuse_context_swap(umfuse_context_idle(f));
	if (conn->max_write == 0 || conn->max_write > MAX_WRITE)
		conn->max_write = MAX_WRITE;
}

static void set_alive(struct umfuse *mnt, bool alive)
{
	pthread_rwlock_wrlock(&mnt->tree);
	mnt->alive = alive;
	pthread_rwlock_unlock(&mnt->tree);
}

/*
 * umfuse_loop() - the file system works until it is told to stop
 * @serial: the program wants one operation at a time
 * Return: as fuse_loop(): 0, or -errno
 */
int umfuse_loop(struct fuse *f, bool serial)
{
	struct umfuse *mnt = f->mnt;

	if (f->inited)
		return -EINVAL;
	init_program(f);
	set_alive(mnt, true);
	pthread_mutex_lock(&mnt->lock);
	if (!atomic_load(&mnt->stop)) {
		mnt->serial = serial;
		mnt->state = UMFUSE_RUNNING;
		pthread_cond_broadcast(&mnt->changed);
	}
	while (!atomic_load(&mnt->stop))
		pthread_cond_wait(&mnt->changed, &mnt->lock);
	pthread_mutex_unlock(&mnt->lock);
	set_alive(mnt, false); /* waits for the last operation */
	return 0;
}
