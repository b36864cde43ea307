// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * interp.c - program interpreters that stay open
 *
 * Only on the root file system, which nobody can unmount: elsewhere an open
 * file of the monitor's would make the host's umount(8) fail. A descriptor
 * that was told to an agent must not become another file's, so none is closed;
 * an interpreter that was replaced on the disk becomes another entry.
 */
#include "sys/interp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "sys/sys.h"

#define MAX_KEPT 16
/* Numbers below are for what comes and goes. */
#define FIRST_FD 1024

struct kept {
	struct stat st;
	int fd;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct kept kept[MAX_KEPT];
static size_t nkept;

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_gid == b->st_gid &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Whoever may not read it any longer finds another mode or owner. */
static int find(const struct stat *st)
{
	int fd = -1;

	um_lock(&lock);
	for (size_t i = 0; i < nkept && fd < 0; i++)
		if (is_same(&kept[i].st, st))
			fd = kept[i].fd;
	um_unlock(&lock);
	return fd;
}

bool um_interp_is_kept(int fd)
{
	bool found = false;

	um_lock(&lock);
	for (size_t i = 0; i < nkept && !found; i++)
		found = kept[i].fd == fd;
	um_unlock(&lock);
	return found;
}

static bool is_on_root(const struct stat *st)
{
	struct stat root;

	return S_ISREG(st->st_mode) && stat("/", &root) == 0 &&
	       root.st_dev == st->st_dev;
}

/* Return: the descriptor that stays, or -1. */
static int keep(int fd, const struct stat *st)
{
	int high = -1;

	um_lock(&lock);
	if (nkept < MAX_KEPT)
		high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
	if (high >= 0)
		kept[nkept++] = (struct kept){ *st, high };
	um_unlock(&lock);
	return high;
}

int um_interp_open(const char *path, bool *stays)
{
	struct stat st;
	int high;
	int fd;

	*stays = true;
	if (stat(path, &st) < 0)
		return -errno;
	fd = find(&st);
	if (fd >= 0)
		return fd;
	*stays = false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !is_on_root(&st))
		return fd;
	high = keep(fd, &st);
	if (high < 0)
		return fd;
	*stays = true;
	close(fd);
	return high;
}
