// SPDX-License-Identifier: GPL-2.0-or-later
/* stream.c - character devices whose open descriptors are sockets */
#include "dev/stream.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/proto.h"
#include "dev/opennode.h"
#include "guest/shared.h"

/**
 * struct stream - an open device
 * @inode: of the guest's end
 * @fd: a duplicate of the module's end, to see the guest's go
 * @mount: whose device it is; its count of users keeps it
 * @held: the guest's end has no mark yet
 */
struct stream {
	struct stream *next;
	uint64_t inode;
	int fd;
	struct um_mount *mount;
	struct um_open_node *node;
	atomic_int refs;
	atomic_bool held;
};

static struct um_mutex table = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct stream *streams;
static atomic_int count;
static int epoll_fd = -1;
static bool watching;

bool um_stream_any(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed) != 0;
}

static void stream_put(struct stream *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	um_open_node_release(s->mount, s->node);
	atomic_fetch_sub(&s->mount->users, 1);
	um_mount_put(s->mount);
	close(s->fd);
	free(s);
}

/* ref */
static struct stream *stream_find(const struct stat *st)
{
	struct stream *s;

	if (!um_stream_any() || !S_ISSOCK(st->st_mode))
		return NULL;
	um_lock(&table);
	for (s = streams; s && s->inode != st->st_ino; s = s->next)
		;
	if (s)
		atomic_fetch_add(&s->refs, 1);
	um_unlock(&table);
	return s;
}

/* No guest has it any more. */
static void hung_up(uint64_t inode)
{
	struct stream **at = &streams;
	struct stream *s;

	um_lock(&table);
	while (*at && (*at)->inode != inode)
		at = &(*at)->next;
	s = *at;
	if (s)
		*at = s->next;
	um_unlock(&table);
	if (!s)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	if (atomic_exchange(&s->held, false))
		um_shared_add_held(-1);
	atomic_fetch_sub(&count, 1);
	um_shared_add_chans(-1);
	stream_put(s);
}

static void *watcher(void *arg)
{
	struct epoll_event e;

	(void)arg;
	for (;;)
		if (epoll_wait(epoll_fd, &e, 1, -1) == 1)
			hung_up(e.data.u64);
	return NULL;
}

static int start_watcher(void)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	int ret = 0;

	pthread_mutex_lock(&once);
	if (epoll_fd < 0)
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0) {
		ret = -errno;
	} else if (!watching) {
		ret = -pthread_create(&thread, NULL, watcher, NULL);
		watching = ret == 0;
		if (watching)
			pthread_detach(thread);
	}
	pthread_mutex_unlock(&once);
	return ret;
}

/* What its agents look for: reads and writes are the kernel's. */
static void mark(int guest_end)
{
	int value = UM_STREAM_MARK;

	setsockopt(guest_end, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof(value));
}

static void hold(struct stream *s)
{
	struct um_req *r = um_req_current();

	atomic_store(&s->held, true);
	um_shared_add_held(1);
	if (r)
		um_req_add_flag(r, UM_PAGE_CHAN);
}

/* Its module may have said that it is held no longer. */
static void let_go(struct um_req *r, struct stream *s)
{
	UM_CLOSE int fd = -1;

	if (!atomic_load(&s->held) || atomic_load(&s->node->error))
		return;
	fd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (fd < 0 || !atomic_exchange(&s->held, false))
		return;
	mark(fd);
	um_shared_add_held(-1);
}

/* Into the table, and watched; the guest's end identifies it. */
static int enter(struct stream *s, int guest_end)
{
	struct epoll_event e = { .events = EPOLLHUP };
	struct stat st;

	if (fstat(guest_end, &st) < 0)
		return -errno;
	s->inode = st.st_ino;
	e.data.u64 = st.st_ino;
	um_lock(&table);
	s->next = streams;
	streams = s;
	um_unlock(&table);
	atomic_fetch_add(&count, 1);
	um_shared_add_chans(1);
	if (atomic_load(&s->node->error))
		hold(s);
	else
		mark(guest_end);
	/* an end that is gone already is told at once */
	return (int)UM_SYS(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &e));
}

static struct stream *stream_new(struct um_mount *m, struct um_open_node *o,
				 int fd)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->fd = fd;
	s->mount = um_mount_get(m);
	s->node = o;
	atomic_fetch_add(&m->users, 1);
	return s;
}

int um_stream_open(struct um_mount *m, struct um_open_node *o, int flags)
{
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
	struct stream *s = NULL;
	int ends[2] = { -1, -1 };
	int ret = start_watcher();
	int theirs;

	if (ret == 0)
		ret = (int)UM_SYS(socketpair(AF_UNIX, type, 0, ends));
	if (ret == 0)
		s = stream_new(m, o, ends[1]);
	if (!s) {
		um_open_node_release(m, o);
		if (ends[0] >= 0)
			close(ends[0]);
		if (ends[1] >= 0)
			close(ends[1]);
		return ret < 0 ? ret : -ENOMEM;
	}
	theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
	ret = theirs < 0 ? -errno : um_open_node_stream(m, o, theirs);
	if (ret == 0 && (flags & O_NONBLOCK))
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
	if (ret == 0)
		ret = enter(s, ends[0]);
	else
		stream_put(s);
	if (ret == 0)
		return ends[0];
	close(ends[0]);
	return ret;
}

bool um_stream_fstat(const struct stat *inside, struct stat *out)
{
	struct stream *s = stream_find(inside);
	struct um_fh fh = { .fh = s ? (uint64_t)(uintptr_t)s->node : 0 };
	bool found = s && um_fs_getattr(s->mount, NULL, &fh, out) == 0;

	stream_put(s);
	return found;
}

void um_dev_hold(struct um_dev_fh *fh, int error)
{
	struct um_open_node *o = um_container(fh, struct um_open_node, fh);

	atomic_store(&o->error, error);
}

int um_stream_error(struct um_req *r)
{
	struct stream *s;
	struct stat st;
	int ret = 0;

	if (!um_stream_any() || um_gfd_stat(r, um_gfd_of(r->arg[0]), &st) < 0)
		return 0;
	s = stream_find(&st);
	if (s && atomic_load(&s->held))
		ret = atomic_load(&s->node->error);
	stream_put(s);
	return ret;
}

bool um_stream_ioctl(struct um_req *r, unsigned int cmd, long *ret)
{
	struct stream *s;
	struct stat st;

	if (!um_stream_any() || um_gfd_stat(r, um_gfd_of(r->arg[0]), &st) < 0)
		return false;
	s = stream_find(&st);
	if (!s)
		return false;
	*ret = um_open_node_ioctl(r, s->mount, s->node, cmd);
	let_go(r, s);
	stream_put(s);
	return true;
}
