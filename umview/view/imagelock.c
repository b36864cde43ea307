// SPDX-License-Identifier: GPL-2.0-or-later
/* imagelock.c - locks of images of the host, one for each file in a session */
#include "view/imagelock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lock.h"

/**
 * struct um_imagelock - the session's lock of one file
 * @fd: an opening of its own: the lock goes with it; negative: there is none
 * @writes: it is exclusive
 */
struct um_imagelock {
	struct um_imagelock *next;
	int refs;
	int fd;
	bool writes;
	dev_t dev;
	ino_t ino;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_imagelock *all;

static struct um_imagelock *find_locked(const struct stat *st)
{
	struct um_imagelock *l = all;

	while (l && (l->dev != st->st_dev || l->ino != st->st_ino))
		l = l->next;
	return l;
}

/* Where a file system has no locks, nobody else has one. */
static int set_lock(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &fl) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : 0;
}

/* The same file, with an open file description of its own. */
static int reopen(int fd, bool writes)
{
	char path[32];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
	return own < 0 ? -errno : own;
}

/* The old lock stays until the new one is there; it would be in its way. */
static int make_exclusive(struct um_imagelock *l, int fd)
{
	int own = reopen(fd, true);
	int ret;

	if (own < 0)
		return 0;
	if (l->fd >= 0)
		set_lock(l->fd, F_UNLCK);
	ret = set_lock(own, F_WRLCK);
	if (ret < 0) {
		close(own);
		/* those who kept it from us are readers, as we are */
		return l->fd >= 0 && set_lock(l->fd, F_RDLCK) < 0 ? -EBUSY
								  : ret;
	}
	if (l->fd >= 0)
		close(l->fd);
	l->fd = own;
	l->writes = true;
	return 0;
}

static int make_locked(int fd, const struct stat *st, bool writes,
		       struct um_imagelock **out)
{
	struct um_imagelock *l = calloc(1, sizeof(*l));
	int ret;

	if (!l)
		return -ENOMEM;
	l->fd = reopen(fd, writes);
	ret = l->fd < 0 ? 0 : set_lock(l->fd, writes ? F_WRLCK : F_RDLCK);
	if (ret < 0) {
		close(l->fd);
		free(l);
		return ret;
	}
	l->writes = writes;
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	l->next = all;
	all = l;
	*out = l;
	return 0;
}

int um_imagelock_take(int fd, bool writes, struct um_imagelock **out)
{
	struct um_imagelock *l = *out;
	struct stat st;
	int ret = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	um_lock(&lock);
	if (!l)
		l = find_locked(&st);
	if (l && writes && !l->writes)
		ret = make_exclusive(l, fd);
	else if (!l)
		ret = make_locked(fd, &st, writes, &l);
	if (ret == 0 && l != *out) {
		l->refs++;
		*out = l;
	}
	um_unlock(&lock);
	return ret;
}

void um_imagelock_put(struct um_imagelock *l)
{
	struct um_imagelock **at = &all;

	if (!l)
		return;
	um_lock(&lock);
	if (--l->refs == 0) {
		while (*at != l)
			at = &(*at)->next;
		*at = l->next;
		if (l->fd >= 0)
			close(l->fd);
		free(l);
	}
	um_unlock(&lock);
}
