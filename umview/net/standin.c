// SPDX-License-Identifier: GPL-2.0-or-later
/* standin.c - which AF_UNIX sockets of guests stand for sockets of a stack */
#include "net/standin.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/shared.h"

enum { BUCKETS = 1024, SWEEP_EVERY = 512 };

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_standin *table[BUCKETS];
static unsigned int made;
static atomic_bool any;

bool um_standin_any(void)
{
	return atomic_load(&any);
}

static struct um_standin *get(struct um_standin *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void um_standin_put(struct um_standin *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	um_mount_put(s->stack);
	if (s->ring)
		um_shared_add_polls(-1);
	free(s);
}

void um_standin_cleanup(struct um_standin **s)
{
	um_standin_put(*s);
}

/* A socket of sock_diag(7) for AF_UNIX, or -1. */
static int open_diag(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static bool is_alive(int diag, ino_t inode)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST },
		  .r = { .sdiag_family = AF_UNIX,
			 .udiag_states = ~0U,
			 .udiag_ino = (uint32_t)inode,
			 .udiag_cookie = { ~0U, ~0U } } };
	union {
		struct nlmsghdr h;
		char bytes[1024];
	} answer;
	const struct nlmsgerr *err;

	if (diag < 0 || send(diag, &ask, sizeof(ask), 0) < 0 ||
	    recv(diag, &answer, sizeof(answer), 0) <
		    (ssize_t)NLMSG_LENGTH(sizeof(*err)) ||
	    answer.h.nlmsg_type != NLMSG_ERROR)
		return true;
	err = NLMSG_DATA(&answer.h);
	return err->error != -ENOENT;
}

/* Take out the entries whose sockets are gone; to be put by the caller. */
static struct um_standin *take_dead_locked(int diag)
{
	struct um_standin *dead = NULL;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct um_standin **p = &table[i]; *p;) {
			struct um_standin *s = *p;

			if (is_alive(diag, s->inode)) {
				p = &s->next;
				continue;
			}
			*p = s->next;
			s->next = dead;
			dead = s;
		}
	return dead;
}

void um_standin_sweep(void)
{
	UM_CLOSE int diag = open_diag();
	struct um_standin *dead;

	um_lock(&lock);
	dead = take_dead_locked(diag);
	um_unlock(&lock);
	while (dead) {
		struct um_standin *s = dead;

		dead = s->next;
		um_standin_put(s);
	}
}

int um_standin_add(int fd, struct um_mount *stack, uint64_t id, int domain,
		   int type)
{
	struct um_standin *s = calloc(1, sizeof(*s));
	struct stat st;
	bool full;

	if (!s || fstat(fd, &st) < 0) {
		free(s);
		return -ENOMEM;
	}
	atomic_init(&s->refs, 1);
	s->inode = st.st_ino;
	s->id = id;
	s->stack = um_mount_get(stack);
	s->domain = domain;
	s->type = type;
	s->packets = type != SOCK_STREAM;
	if (!atomic_exchange(&any, true))
		um_shared_set_standins();
	um_lock(&lock);
	s->next = table[s->inode % BUCKETS];
	table[s->inode % BUCKETS] = s;
	full = ++made % SWEEP_EVERY == 0;
	um_unlock(&lock);
	if (full)
		um_standin_sweep();
	return 0;
}

struct um_standin *um_standin_of(struct um_req *r, um_gfd fd)
{
	struct um_standin *s = NULL;
	struct stat st;

	if (!um_standin_any() || um_gfd_stat(r, fd, &st) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return NULL;
	um_lock(&lock);
	for (s = table[st.st_ino % BUCKETS]; s && s->inode != st.st_ino;
	     s = s->next)
		;
	if (s)
		get(s);
	um_unlock(&lock);
	return s;
}

bool um_standin_has_ring(ino_t inode)
{
	bool found = false;

	um_lock(&lock);
	for (struct um_standin *s = table[inode % BUCKETS]; s; s = s->next)
		found |= s->inode == inode && s->ring;
	um_unlock(&lock);
	return found;
}

struct um_standin *um_standin_arg(struct um_req *r, int n)
{
	return um_standin_of(r, um_gfd_of(r->arg[n]));
}

bool um_standin_busy(struct um_mount *stack)
{
	bool busy = false;

	if (!um_standin_any())
		return false;
	um_standin_sweep();
	um_lock(&lock);
	for (size_t i = 0; i < BUCKETS && !busy; i++)
		for (struct um_standin *s = table[i]; s; s = s->next)
			busy = busy || s->stack == stack;
	um_unlock(&lock);
	return busy;
}

/* ---- the end of a stack ---- */

static bool is_stream_of(const struct um_net *net, ino_t inode)
{
	bool found = false;

	um_lock(&lock);
	for (struct um_standin *s = table[inode % BUCKETS]; s; s = s->next)
		found |= s->inode == inode && !s->packets &&
			 s->stack->fs.net == net;
	um_unlock(&lock);
	return found;
}

static void shut_down(pid_t pid, int theirs)
{
	UM_CLOSE int process = (int)syscall(SYS_pidfd_open, pid, 0);
	UM_CLOSE int fd = -1;

	if (process >= 0)
		fd = (int)syscall(SYS_pidfd_getfd, process, theirs, 0);
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

/* Those descriptors of a process that are such sockets. */
static void look_through(const struct um_net *net, pid_t pid)
{
	char path[64], link[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link,
				       sizeof(link) - 1);
		unsigned long inode;

		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) == 1 &&
		    is_stream_of(net, inode))
			shut_down(pid, (int)strtol(e->d_name, NULL, 10));
	}
	if (dir)
		closedir(dir);
}

void um_standin_end(const struct um_net *net)
{
	struct dirent *e;
	DIR *dir;

	if (!um_standin_any())
		return;
	dir = opendir("/proc");
	while (dir && (e = readdir(dir))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			look_through(net, pid);
	}
	if (dir)
		closedir(dir);
}
