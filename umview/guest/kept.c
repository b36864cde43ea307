// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kept.c - duplicates of guests' descriptors where pidfd_getfd is refused
 *
 * Some hosts (default containers, Yama) do not let the monitor take a guest's
 * descriptor. Then it keeps a duplicate of each that it gives out, found again
 * by inode. Several openings of one file have one inode: the one that the
 * guest means is told by moving a candidate's offset for a moment and looking
 * at what the guest's fdinfo shows. Keeping a duplicate hides the guests' last
 * close, so from time to time, and before it matters (umount), /proc is
 * searched for who still has which; the rest is closed.
 */
#include "guest/kept.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

#include <umview/log.h>

#include "base/lock.h"

/* No file has this offset by itself. */
#define MARK_OFFSET 0x3ffffffffff1234L

struct kept {
	struct kept *next;
	dev_t dev;
	ino_t ino;
	int fd;
	bool seen;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct kept *all;
static bool refused;

bool um_kept_wanted(void)
{
	return refused;
}

void um_kept_probe(pid_t child)
{
	UM_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	UM_CLOSE int fd = -1;

	if (pidfd >= 0)
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, STDERR_FILENO, 0);
	refused = fd < 0 && errno != EBADF;
	if (refused)
		um_info("this host refuses pidfd_getfd: descriptors are kept "
			"here too");
}

void um_kept_add(int fd)
{
	struct kept *k;
	struct stat st;

	if (!refused || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_nlink)
		return;
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	k->dev = st.st_dev;
	k->ino = st.st_ino;
	k->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	um_lock(&lock);
	k->next = all;
	all = k;
	um_unlock(&lock);
}

/* Offset and flags that the guest's own descriptor shows. */
static int read_info(struct um_req *r, um_gfd fd, off_t *pos, int *flags)
{
	char path[64];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)r->tid, fd.n);
	f = fopen(path, "re");
	if (!f)
		return -EBADF;
	n = fscanf(f, "pos: %ld flags: %o", pos, (unsigned int *)flags);
	fclose(f);
	return n == 2 ? 0 : -EBADF;
}

/* Is the kept one the guest's? Its offset is marked and put back. */
static bool is_same(struct um_req *r, um_gfd fd, const struct kept *k)
{
	off_t before = lseek(k->fd, 0, SEEK_CUR);
	off_t shown = 0;
	int flags;
	bool same;

	lseek(k->fd, MARK_OFFSET, SEEK_SET);
	same = read_info(r, fd, &shown, &flags) == 0 && shown == MARK_OFFSET;
	lseek(k->fd, before, SEEK_SET);
	return same;
}

static int find_locked(struct um_req *r, um_gfd fd, const struct stat *st)
{
	const struct kept *only = NULL;
	size_t n = 0;

	for (const struct kept *k = all; k; k = k->next) {
		if (k->ino != st->st_ino || k->dev != st->st_dev)
			continue;
		only = k;
		n++;
	}
	for (const struct kept *k = all; n > 1 && k; k = k->next)
		if (k->ino == st->st_ino && k->dev == st->st_dev &&
		    is_same(r, fd, k))
			return fcntl(k->fd, F_DUPFD_CLOEXEC, 0);
	return n == 1 ? fcntl(only->fd, F_DUPFD_CLOEXEC, 0) : -1;
}

/* A real file or pipe: another opening of it, at the same place. */
static int reopen(struct um_req *r, um_gfd fd)
{
	char path[64];
	off_t pos;
	int flags;
	int mine;
	int ret = read_info(r, fd, &pos, &flags);

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)r->tid, fd.n);
	mine = open(path, (flags & (O_ACCMODE | O_APPEND | O_NONBLOCK)) |
				  O_CLOEXEC | O_NOCTTY);
	if (mine < 0)
		return -errno;
	lseek(mine, pos, SEEK_SET);
	return mine;
}

int um_kept_dup(struct um_req *r, um_gfd fd)
{
	struct stat st;
	int mine;
	int ret = um_gfd_stat(r, fd, &st);

	if (ret < 0)
		return ret;
	um_lock(&lock);
	mine = find_locked(r, fd, &st);
	um_unlock(&lock);
	return mine >= 0 ? mine : reopen(r, fd);
}

static void mark_seen(const struct stat *st)
{
	for (struct kept *k = all; k; k = k->next)
		if (k->ino == st->st_ino && k->dev == st->st_dev)
			k->seen = true;
}

static void look_at_process(const char *pid)
{
	char path[300];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		struct stat st;

		if (isdigit((unsigned char)e->d_name[0]) &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
			mark_seen(&st);
	}
	if (dir)
		closedir(dir);
}

static void drop_unseen_locked(void)
{
	struct kept **at = &all;

	while (*at) {
		struct kept *k = *at;

		if (k->seen) {
			k->seen = false;
			at = &k->next;
			continue;
		}
		*at = k->next;
		close(k->fd);
		free(k);
	}
}

void um_kept_sweep(void)
{
	DIR *dir;
	struct dirent *e;

	if (!refused)
		return;
	dir = opendir("/proc");
	um_lock(&lock);
	while (dir && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]) &&
		    strtol(e->d_name, NULL, 10) != getpid())
			look_at_process(e->d_name);
	drop_unseen_locked();
	um_unlock(&lock);
	if (dir)
		closedir(dir);
}
