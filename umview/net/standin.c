// SPDX-License-Identifier: GPL-2.0-or-later
/* standin.c - which AF_UNIX sockets of guests stand for sockets of a stack */
#include "net/standin.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/shared.h"

enum { BUCKETS = 1024, SWEEP_EVERY = 512, LOOKS = 3 };

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

/* ---- those that are gone ---- */

/* The inodes of all AF_UNIX sockets; in the end in order. */
struct inodes {
	uint64_t *at;
	size_t n, room;
};

static bool note(struct inodes *all, uint64_t inode)
{
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 1024;
		uint64_t *grown = realloc(all->at, room * sizeof(*grown));

		if (!grown)
			return false;
		all->at = grown;
		all->room = room;
	}
	all->at[all->n++] = inode;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The seventh column of /proc/net/unix, after a heading. sock_diag(7) could be
 * asked for each, but it takes a module that the kernel may not have, and then
 * says that none is there. While others come and go, one that stays may be passed
 * over: so it is read some times, and what one of them has, is there.
 */
static bool read_inodes(struct inodes *all)
{
	FILE *list = fopen("/proc/net/unix", "re");
	unsigned long long inode;
	bool good = list != NULL;
	char *line = NULL;
	size_t size = 0;

	while (good && getline(&line, &size, list) > 0)
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %llu", &inode) == 1)
			good = note(all, inode);
	free(line);
	if (!list)
		return false;
	good = good && !ferror(list);
	fclose(list);
	return good;
}

static bool has_inode(const struct inodes *all, uint64_t inode)
{
	return all->n &&
	       bsearch(&inode, all->at, all->n, sizeof(inode), compare);
}

/* Take out the entries that are not listed; to be put by the caller. */
static struct um_standin *take_dead_locked(const struct inodes *all,
					   unsigned int before)
{
	struct um_standin *dead = NULL;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct um_standin **p = &table[i]; *p;) {
			struct um_standin *s = *p;

			/* made while the list was read: not in it, perhaps */
			if ((int)(s->serial - before) > 0 ||
			    has_inode(all, s->inode)) {
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
	struct inodes all = { 0 };
	struct um_standin *dead = NULL;
	unsigned int before;
	bool known = true;

	um_lock(&lock);
	before = made;
	um_unlock(&lock);
	for (int i = 0; i < LOOKS && known; i++)
		known = read_inodes(&all);
	if (known && all.n)
		qsort(all.at, all.n, sizeof(*all.at), compare);
	um_lock(&lock);
	if (known)
		dead = take_dead_locked(&all, before);
	um_unlock(&lock);
	free(all.at);
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
	s->serial = ++made;
	full = made % SWEEP_EVERY == 0;
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
