// SPDX-License-Identifier: GPL-2.0-or-later
/* file.c - the descriptors that guests are given */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAKING (O_CREAT | O_EXCL)
/* So often a name comes and goes under one call. */
#define MAX_TRIES 64

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

static int open_at(const char *real, int flags)
{
	return (int)SYS(open(real, (flags & ~MAKING) | O_NOFOLLOW));
}

struct making {
	int flags;
	mode_t mode;
	int fd;
};

/* The mode is that of the node, whatever it is opened for. */
static int make_file(const char *real, void *arg)
{
	struct making *m = arg;

	if (m->fd >= 0)
		close(m->fd);
	m->fd = (int)SYS(open(real, m->flags | MAKING, m->mode));
	return m->fd < 0 ? m->fd : 0;
}

static int make_and_give(struct viewfs *v, const char *path, int flags,
			 mode_t mode)
{
	struct making m = { flags, mode, -1 };
	struct viewfs_place p;
	int ret = viewfs_make(v, path, S_IFREG | (mode & 07777), 0, make_file,
			      &m);

	if (ret == 0 && v->mode == VIEWFS_WORM &&
	    viewfs_find(v, path, &p) == 0 && writes(flags))
		(void)!viewfs_worm_open(v, &p);
	if (ret == 0)
		return m.fd;
	if (m.fd >= 0)
		close(m.fd);
	return ret;
}

static int may_write(struct viewfs *v, const struct viewfs_place *p)
{
	if (v->readonly || (v->mode == VIEWFS_MERGE && p->in_store))
		return -EROFS;
	return v->mode == VIEWFS_WORM ? viewfs_worm_open(v, p) : 0;
}

static int give_copy(struct viewfs *v, const char *path, int flags,
		     const struct viewfs_place *p)
{
	char real[PATH_MAX];
	int ret = -EPERM;

	if (v->mode == VIEWFS_MINCOW && !p->in_store)
		ret = open_at(p->path, flags);
	if (!viewfs_is_refusal(ret))
		return ret;
	ret = viewfs_copy_up(v, path, !(flags & O_TRUNC));
	if (ret == 0)
		ret = viewfs_join(real, v->store, path);
	return ret < 0 ? ret : open_at(real, flags);
}

static int give(struct viewfs *v, const char *path, int flags, mode_t mode)
{
	struct viewfs_place p;
	int ret = viewfs_find(v, path, &p);

	if (ret == -ENOENT && (flags & O_CREAT))
		return make_and_give(v, path, flags, mode);
	if (ret < 0)
		return ret;
	if ((flags & MAKING) == MAKING)
		return -EEXIST;
	if (!writes(flags) || !S_ISREG(p.st.st_mode))
		return open_at(p.path, flags);
	ret = may_write(v, &p);
	if (ret < 0)
		return ret;
	return v->store && v->mode != VIEWFS_MERGE
		       ? give_copy(v, path, flags, &p)
		       : open_at(p.path, flags);
}

int viewfs_give(struct um_fs *fs, const char *path, int flags, mode_t mode)
{
	struct viewfs *v = fs->priv;
	bool changes = v->store && (writes(flags) || (flags & O_CREAT));
	int tries = 0;
	int fd;

	/* what was found must still be there when it is opened */
	if (changes)
		pthread_mutex_lock(&v->change);
	do
		fd = give(v, path, flags, mode);
	while ((fd == -EEXIST || fd == -ENOENT) &&
	       (flags & MAKING) == O_CREAT && ++tries < MAX_TRIES);
	if (changes)
		pthread_mutex_unlock(&v->change);
	if (!v->in_place)
		viewfs_set_given(v, fd);
	return fd;
}

int viewfs_syncfs(struct um_fs *fs)
{
	struct viewfs *v = fs->priv;
	SHUT int fd = -1;

	if (!v->store)
		return 0;
	fd = open(v->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : (int)SYS(syncfs(fd));
}
