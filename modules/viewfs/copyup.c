// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * copyup.c - a name of a lower directory comes into the store
 *
 * What is to be changed is copied first: made in META, complete, and then
 * renamed, so that a name of the store never means half a file. Before it the
 * directories above. Of the lower directories nothing is changed, ever.
 */
#include "viewfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHUNK (1 << 20)

int viewfs_work_name(struct viewfs *v, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s" META "/\xfe%u", v->store,
			 v->work++);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static ssize_t copy_some(int from, int to, off_t at, size_t n)
{
	static _Thread_local char *buf;
	loff_t in = at;
	loff_t out = at;
	ssize_t got = copy_file_range(from, &in, to, &out, n, 0);

	if (got > 0)
		return got;
	if (!buf)
		buf = malloc(CHUNK);
	if (!buf)
		return -ENOMEM;
	got = pread(from, buf, n < CHUNK ? n : CHUNK, at);
	if (got <= 0)
		return got < 0 ? -errno : 0;
	return SYS(pwrite(to, buf, (size_t)got, at));
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		ssize_t n = copy_some(from, to, at, (size_t)(end - at));

		if (n <= 0)
			return (int)n;
		at += n;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_data(int from, int to, off_t size)
{
	off_t at = 0;
	int ret = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while (ret == 0 && at < size) {
		off_t data = lseek(from, at, SEEK_DATA);
		off_t hole;

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			data = at;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || hole > size)
			hole = size;
		ret = copy_range(from, to, data, hole);
		at = hole > at ? hole : size;
	}
	return ret < 0 ? ret : (int)SYS(ftruncate(to, size));
}

static int copy_file(const char *from, const char *to, const struct stat *st,
		     bool data)
{
	SHUT int in = -1;
	SHUT int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (out < 0)
		return -errno;
	if (!data || !st->st_size)
		return 0;
	in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return in < 0 ? -errno : copy_data(in, out, st->st_size);
}

static int copy_link(const char *from, const char *to)
{
	char text[PATH_MAX];
	ssize_t n = readlink(from, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return (int)SYS(symlink(text, to));
}

/* A device that this user may not make is an empty file with a mark. */
static int copy_device(const char *to, const struct stat *st,
		       struct viewfs_mark *m)
{
	int ret =
		(int)SYS(mknod(to, (st->st_mode & S_IFMT) | 0600, st->st_rdev));

	if (ret != -EPERM)
		return ret;
	m->set |= MARK_MODE | MARK_RDEV;
	m->mode = st->st_mode;
	m->rdev = st->st_rdev;
	return (int)SYS(mknod(to, S_IFREG | 0600, 0));
}

static int copy_node(const char *from, const char *to, const struct stat *st,
		     bool data, struct viewfs_mark *m)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, to, st, data);
	case S_IFDIR:
		return (int)SYS(mkdir(to, 0700));
	case S_IFLNK:
		return copy_link(from, to);
	default:
		return copy_device(to, st, m);
	}
}

/* As many of them as may be set: those of the kernel's are the host's. */
static void copy_xattrs(const char *from, const char *to)
{
	static const size_t room = 65536;
	FREE char *names = malloc(room);
	FREE char *value = malloc(room);
	ssize_t n = names && value ? llistxattr(from, names, room) : -1;

	for (char *name = names; n > 0 && name < names + n;
	     name += strlen(name) + 1) {
		ssize_t len;

		if (viewfs_is_own_xattr(name))
			continue;
		len = lgetxattr(from, name, value, room);
		if (len >= 0)
			lsetxattr(to, name, value, (size_t)len, 0);
	}
}

/* The mode that the node itself gets, so that its user can go on with it. */
static mode_t real_mode(mode_t want, bool kept_owner)
{
	mode_t mode = want & 07777;

	if (geteuid() == 0)
		return mode;
	if (!kept_owner)
		mode &= ~(mode_t)06000;
	return mode | (S_ISDIR(want) ? 0700 : 0600);
}

int viewfs_give_attrs(struct viewfs *v, const char *path, const char *real,
		      const struct stat *want, struct viewfs_mark *m)
{
	bool kept = true;
	struct stat st;
	mode_t mode;

	if (lstat(real, &st) < 0)
		return -errno;
	if (st.st_uid != want->st_uid || st.st_gid != want->st_gid)
		kept = lchown(real, want->st_uid, want->st_gid) == 0;
	if (!kept) {
		m->set |= MARK_UID | MARK_GID;
		m->uid = want->st_uid;
		m->gid = want->st_gid;
	}
	mode = real_mode(want->st_mode, kept);
	if (!S_ISLNK(st.st_mode) && chmod(real, mode) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode) && mode != (want->st_mode & 07777) &&
	    !(m->set & MARK_MODE)) {
		m->set |= MARK_MODE;
		m->mode = want->st_mode & 07777;
	}
	return m->set ? viewfs_mark_put(v, path, real, &st, m) : 0;
}

static int finish(struct viewfs *v, const char *path, const char *from,
		  const char *work, const struct stat *st,
		  struct viewfs_mark *m)
{
	const struct timespec ts[2] = { st->st_atim, st->st_mtim };
	char real[PATH_MAX];
	struct stat now;
	int ret = viewfs_join(real, v->store, path);

	if (ret < 0)
		return ret;
	copy_xattrs(from, work);
	/* two names of one file part here: they cannot keep one number */
	if (S_ISDIR(st->st_mode) || st->st_nlink == 1) {
		m->set |= MARK_FROM;
		m->from_dev = st->st_dev;
		m->from_ino = st->st_ino;
	}
	if (lstat(work, &now) == 0)
		viewfs_mark_drop(v, &now);
	ret = viewfs_give_attrs(v, path, work, st, m);
	if (ret == 0)
		ret = (int)SYS(
			utimensat(AT_FDCWD, work, ts, AT_SYMLINK_NOFOLLOW));
	return ret < 0 ? ret : (int)SYS(rename(work, real));
}

static int copy(struct viewfs *v, const char *path, bool data)
{
	struct viewfs_mark m = { 0 };
	char from[PATH_MAX];
	char work[PATH_MAX];
	struct stat st;
	int ret = viewfs_find_lower(v, path, from, &st);

	if (ret == 0)
		ret = viewfs_work_name(v, work);
	if (ret < 0)
		return ret;
	ret = copy_node(from, work, &st, data, &m);
	if (ret == 0)
		ret = finish(v, path, from, work, &st, &m);
	if (ret < 0) {
		if (unlink(work) < 0)
			rmdir(work);
		return ret;
	}
	return viewfs_note(v, path, S_ISDIR(st.st_mode) ? KIND_DIR : KIND_FILE);
}

static void keep_times(struct viewfs *v, const char *path, struct stat *st,
		       bool set)
{
	char real[PATH_MAX];

	if (viewfs_join(real, v->store, path) < 0)
		return;
	if (set) {
		const struct timespec ts[2] = { st->st_atim, st->st_mtim };

		utimensat(AT_FDCWD, real, ts, 0);
	} else if (lstat(real, st) < 0) {
		memset(st, 0, sizeof(*st));
	}
}

int viewfs_copy_up(struct viewfs *v, const char *path, bool data)
{
	char dir[PATH_MAX];
	struct stat times;
	bool lower;
	int ret;

	if (!strcmp(path, "/"))
		return 0;
	switch (viewfs_names_find(&v->names, path, &lower)) {
	case KIND_DIR:
	case KIND_OPAQUE:
	case KIND_FILE:
		return 0;
	case KIND_GONE:
		return -ENOENT;
	case KIND_NONE:
		break;
	}
	if (!lower)
		return -ENOENT;
	viewfs_parent(dir, path);
	ret = viewfs_copy_up(v, dir, true);
	if (ret < 0)
		return ret;
	/* nothing came that was not there before */
	keep_times(v, dir, &times, false);
	ret = copy(v, path, data);
	keep_times(v, dir, &times, true);
	return ret;
}

struct entries {
	char **names;
	size_t n;
	size_t room;
	int err;
};

static int collect(void *arg, const char *name, uint64_t ino,
		   unsigned char type)
{
	struct entries *e = arg;

	(void)ino;
	(void)type;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (e->n == e->room) {
		size_t room = e->room ? e->room * 2 : 32;
		char **grown = realloc(e->names, room * sizeof(char *));

		if (!grown) {
			e->err = -ENOMEM;
			return 1;
		}
		e->names = grown;
		e->room = room;
	}
	e->names[e->n] = strdup(name);
	if (!e->names[e->n])
		e->err = -ENOMEM;
	else
		e->n++;
	return e->err;
}

static int copy_up_entries(struct viewfs *v, const char *path)
{
	struct um_fs fs = { .priv = v };
	struct entries e = { 0 };
	int ret = viewfs_readdir(&fs, path, collect, &e);

	if (ret == 0)
		ret = e.err;
	for (size_t i = 0; i < e.n; i++) {
		char name[PATH_MAX];

		if (ret == 0 && snprintf(name, sizeof(name), "%s/%s", path,
					 e.names[i]) >= PATH_MAX)
			ret = -ENAMETOOLONG;
		if (ret == 0)
			ret = viewfs_copy_up_tree(v, name);
		free(e.names[i]);
	}
	free(e.names);
	return ret;
}

int viewfs_copy_up_tree(struct viewfs *v, const char *path)
{
	char real[PATH_MAX];
	struct stat times;
	bool lower;
	int ret = viewfs_copy_up(v, path, true);

	if (ret < 0 || viewfs_names_find(&v->names, path, &lower) != KIND_DIR)
		return ret;
	keep_times(v, path, &times, false);
	ret = copy_up_entries(v, path);
	if (ret == 0)
		ret = viewfs_join(real, v->store, path);
	if (ret == 0)
		ret = viewfs_opaque(v, real, "y");
	keep_times(v, path, &times, true);
	return ret < 0 ? ret : viewfs_note(v, path, KIND_OPAQUE);
}
