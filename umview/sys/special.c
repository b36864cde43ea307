// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * special.c - FIFOs, sockets and devices whose names lie on a virtual file
 * system
 *
 * Behind the name stands a kernel object of the right kind: a nameless FIFO, a
 * socket bound where nobody else looks and then unlinked. It is kept by an
 * O_PATH descriptor, through which others open or connect to it, and found by
 * the node's identity. Devices are the host's, by their number.
 */
#include "sys/special.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/lock.h"
#include "base/tempdir.h"
#include "dev/dev.h"
#include "guest/shared.h"
#include "guest/wait.h"
#include "sys/fusedev.h"

struct special {
	struct special *next;
	unsigned int mount;
	ino_t ino;
	int fd;
	dev_t dev;
	ino_t inside;
	struct um_mount *m;
	char *rel;
	char real[108];
	char *shown;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct special *specials;

static struct special *find_locked(unsigned int mount, ino_t ino)
{
	struct special *s = specials;

	while (s && (s->mount != mount || s->ino != ino))
		s = s->next;
	return s;
}

static void free_special(struct special *s)
{
	close(s->fd);
	um_mount_put(s->m);
	free(s->rel);
	free(s->shown);
	free(s);
}

/*
 * Keep fd, which is taken, as what stands behind the node. The descriptor
 * kept, or -errno: two who open a FIFO for the first time at once must meet in
 * one, so whoever comes second gets the first one's.
 */
static int remember(struct um_mount *m, const char *rel, ino_t ino, int fd,
		    const char *real, const char *shown)
{
	struct special *s = calloc(1, sizeof(*s));
	struct special *before;
	struct stat st;

	if (!s || fstat(fd, &st) < 0) {
		free(s);
		close(fd);
		return -ENOMEM;
	}
	s->dev = st.st_dev;
	s->inside = st.st_ino;
	s->m = um_mount_get(m);
	s->rel = strdup(rel);
	s->mount = m->id;
	s->ino = ino;
	s->fd = fd;
	s->shown = shown ? strdup(shown) : NULL;
	if (real)
		snprintf(s->real, sizeof(s->real), "%s", real);
	um_lock(&lock);
	before = find_locked(m->id, ino);
	if (before) {
		fd = before->fd;
	} else {
		s->next = specials;
		specials = s;
		um_shared_set_specials(true);
	}
	um_unlock(&lock);
	if (before)
		free_special(s);
	return fd;
}

static int find_fd(const struct um_mount *m, ino_t ino)
{
	struct special *s;
	int fd;

	um_lock(&lock);
	s = find_locked(m->id, ino);
	fd = s ? s->fd : -ENOENT;
	um_unlock(&lock);
	return fd;
}

/* The node is gone; who has it open keeps it. */
void um_special_forget(const struct um_mount *m, ino_t ino)
{
	struct special **at = &specials;

	um_lock(&lock);
	while (*at) {
		struct special *s = *at;

		if (s->mount != m->id || s->ino != ino) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free_special(s);
	}
	um_shared_set_specials(specials != NULL);
	um_unlock(&lock);
}

/*
 * The virtual FIFO that the stat is the inside of. Its attributes are those of
 * its name, where it has one still.
 */
int um_special_getattr(const struct stat *inside, struct stat *out)
{
	struct um_mount *m = NULL;
	UM_FREE char *rel = NULL;
	ino_t ino = 0;
	int ret;

	um_lock(&lock);
	for (struct special *s = specials; s && !m; s = s->next) {
		if (!s->rel || s->inside != inside->st_ino ||
		    s->dev != inside->st_dev)
			continue;
		m = um_mount_get(s->m);
		rel = strdup(s->rel);
		ino = s->ino;
	}
	um_unlock(&lock);
	if (!m)
		return -ENOENT;
	ret = rel ? um_fs_getattr(m, rel, NULL, out) : -ENOMEM;
	um_mount_put(m);
	return ret == 0 && out->st_ino == ino ? 0 : -ENOENT;
}

static int make_fifo(void)
{
	char dir[UM_TEMPDIR_MAX];
	char path[108];
	int fd = -1;
	int ret = um_tempdir(dir);

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%s/f", dir);
	if (mkfifo(path, 0600) == 0)
		fd = open(path, O_PATH | O_CLOEXEC);
	ret = fd < 0 ? -errno : fd;
	unlink(path);
	rmdir(dir);
	return ret;
}

int um_fifo_open(struct um_req *r, const char *path, int flags)
{
	long ret;

	flags &= O_ACCMODE | O_NONBLOCK | O_APPEND;
	um_wait_settle();
	do {
		um_wait_begin(r);
		ret = UM_SYS(open(path, flags | O_CLOEXEC));
		um_wait_end();
	} while (ret == -EINTR && um_wait_again(r, &ret));
	return (int)ret;
}

static int open_fifo(struct um_req *r, const struct um_loc *loc, int flags)
{
	char path[64];
	int fd = find_fd(loc->mount, loc->st.st_ino);

	if (fd < 0) {
		fd = make_fifo();
		if (fd >= 0)
			fd = remember(loc->mount, loc->rel, loc->st.st_ino, fd,
				      NULL, NULL);
		if (fd < 0)
			return fd;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return um_fifo_open(r, path, flags);
}

static bool is_device(const char *path, const struct stat *want)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_rdev == want->st_rdev &&
	       (st.st_mode & S_IFMT) == (want->st_mode & S_IFMT);
}

/* The host's name of a device number. */
static int find_device(const struct stat *want, char *path, size_t size)
{
	DIR *dir;
	struct dirent *e;
	int ret = -ENXIO;

	snprintf(path, size, "/dev/%s/%u:%u",
		 S_ISCHR(want->st_mode) ? "char" : "block",
		 major(want->st_rdev), minor(want->st_rdev));
	if (access(path, F_OK) == 0)
		return 0;
	dir = opendir("/dev");
	while (dir && ret < 0 && (e = readdir(dir))) {
		snprintf(path, size, "/dev/%s", e->d_name);
		if (is_device(path, want))
			ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* A device by its number: of the view, else of the host. */
static int open_device(struct um_req *r, const struct um_loc *loc, int flags)
{
	struct um_mount *m;
	const char *rel;
	char path[300];
	int ret;

	if (loc->mount->flags & MS_NODEV)
		return -EACCES;
	m = um_dev_by_number(r, loc->st.st_mode & S_IFMT, loc->st.st_rdev,
			     &rel);
	if (m)
		return um_dev_open(m, rel, &loc->st, flags);
	ret = find_device(&loc->st, path, sizeof(path));
	if (ret < 0)
		return ret;
	flags &= ~(O_CREAT | O_EXCL | O_NOFOLLOW);
	return (int)UM_SYS(open(path, flags | O_CLOEXEC | O_NOCTTY));
}

int um_special_open(struct um_req *r, const struct um_loc *loc, int flags)
{
	switch (loc->st.st_mode & S_IFMT) {
	case S_IFIFO:
		return open_fifo(r, loc, flags);
	case S_IFCHR:
	case S_IFBLK:
		if (um_fusedev_is(loc->mount))
			return um_fusedev_open(r, loc->rel, flags);
		if (loc->mount->devices)
			return um_dev_open(loc->mount, loc->rel, &loc->st,
					   flags);
		return open_device(r, loc, flags);
	default:
		return -ENXIO;
	}
}

int um_special_bind(const struct um_loc *loc, ino_t ino, int sock,
		    const char *shown)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char dir[UM_TEMPDIR_MAX];
	int fd = -1;
	int ret = um_tempdir(dir);

	if (ret < 0)
		return ret;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", dir);
	ret = (int)UM_SYS(bind(sock, (void *)&sun, sizeof(sun)));
	if (ret == 0)
		fd = (int)UM_SYS(open(sun.sun_path, O_PATH | O_CLOEXEC));
	unlink(sun.sun_path);
	rmdir(dir);
	if (ret < 0)
		return ret;
	if (fd < 0)
		return fd;
	fd = remember(loc->mount, loc->rel, ino, fd, sun.sun_path, shown);
	return fd < 0 ? fd : 0;
}

int um_special_socket(const struct um_loc *loc)
{
	int fd;

	if (!S_ISSOCK(loc->st.st_mode))
		return -ECONNREFUSED;
	fd = find_fd(loc->mount, loc->st.st_ino);
	return fd < 0 ? -ECONNREFUSED : fd;
}

bool um_special_any(void)
{
	return __atomic_load_n(&specials, __ATOMIC_RELAXED) != NULL;
}

const char *um_special_shown(struct um_req *r, const char *real)
{
	const char *shown = NULL;

	um_lock(&lock);
	for (struct special *s = specials; s && !shown; s = s->next)
		if (s->shown && !strcmp(s->real, real))
			shown = um_req_strdup(r, s->shown);
	um_unlock(&lock);
	return shown;
}

bool um_special_beneath(struct um_req *r, const struct um_loc *loc,
			const char **out)
{
	char path[PATH_MAX];
	struct um_mount *m = loc->mount;
	const char *rel;

	if (!um_fs_gives(m) ||
	    um_fs_where(m, loc->rel, path, sizeof(path)) < 0 ||
	    !um_mount_is_real(
		    um_list_find_for(m->beneath, path, UM_COVERS_READ, &rel)))
		return false;
	*out = um_req_strdup(r, path);
	return *out != NULL;
}
