// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * binfmt.c - which format a file is of: the view's mounts, then the host
 *
 * The host's entries are read from its /proc/sys/fs/binfmt_misc, which anybody
 * may, and kept for two seconds, so that an exec does not pay for them. They
 * are read anew before a file that nothing else can run is given up.
 */
#include "sys/binfmt.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>

#include "base/lock.h"

#define HOST_DIR      "/proc/sys/fs/binfmt_misc"
#define BINFMTFS_TYPE 0x42494e4d
#define KEPT_SECONDS  2

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_binfmt **entries;
static size_t nentries;
static time_t read_at;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec + 1;
}

/* O_PATH: an autofs there stays as it is, as with the kernel's own look. */
static int open_dir(void)
{
	UM_CLOSE int at = open(HOST_DIR, O_PATH | O_CLOEXEC);
	struct statfs st;

	if (at < 0 || fstatfs(at, &st) < 0 || st.f_type != BINFMTFS_TYPE)
		return -ENOENT;
	return (int)UM_SYS(openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int read_text(int dir, const char *name, char text[UM_BINFMT_TEXT + 1])
{
	UM_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, UM_BINFMT_TEXT);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

static void forget_locked(void)
{
	for (size_t i = 0; i < nentries; i++)
		um_binfmt_free(entries[i]);
	free(entries);
	entries = NULL;
	nentries = 0;
}

static void add_locked(struct um_binfmt *f)
{
	struct um_binfmt **more =
		realloc(entries, (nentries + 1) * sizeof(struct um_binfmt *));

	if (!more) {
		um_binfmt_free(f);
		return;
	}
	entries = more;
	entries[nentries++] = f;
}

/* The kernel lists its newest entry first. */
static void read_host_locked(void)
{
	char text[UM_BINFMT_TEXT + 1];
	struct dirent *e;
	int fd = open_dir();
	DIR *dir;

	forget_locked();
	read_at = now();
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (read_text(fd, "status", text) < 0 || strcmp(text, "enabled\n") != 0)
		e = NULL;
	else
		e = readdir(dir);
	for (; e; e = readdir(dir)) {
		struct um_binfmt *f;

		if (e->d_type != DT_DIR && strcmp(e->d_name, "register") != 0 &&
		    strcmp(e->d_name, "status") != 0 &&
		    read_text(fd, e->d_name, text) == 0 &&
		    um_binfmt_read(e->d_name, text, &f) == 0)
			add_locked(f);
	}
	closedir(dir);
}

static int find_locked(struct um_binfmt_req *q)
{
	for (size_t i = 0; i < nentries; i++) {
		if (!um_binfmt_match(entries[i], q))
			continue;
		q->flags = entries[i]->flags;
		q->interpreter = strdup(entries[i]->interpreter);
		return q->interpreter ? 1 : -ENOMEM;
	}
	return 0;
}

/* Nothing else would run it. */
static bool is_strange(const unsigned char *head)
{
	return memcmp(head, "#!", 2) != 0 && memcmp(head, "\177ELF\2", 5) != 0;
}

static bool is_foreign(const unsigned char *head)
{
	/* e_machine of x86_64 */
	return is_strange(head) ||
	       (head[0] == 0177 && (head[18] != 62 || head[19]));
}

static int find_host(struct um_binfmt_req *q)
{
	time_t t = now();
	int ret;

	um_lock(&lock);
	if (!read_at || t - read_at >= KEPT_SECONDS)
		read_host_locked();
	ret = find_locked(q);
	if (ret == 0 && is_foreign(q->head)) {
		read_host_locked();
		ret = find_locked(q);
	}
	um_unlock(&lock);
	return ret;
}

int um_binfmt_find(struct um_exec *x, struct um_binfmt_req *q, bool *by_host)
{
	const struct um_list *l = x->r->list;
	int ret = 0;

	*q = (struct um_binfmt_req){ .path = x->loc.path,
				     .name = x->interp,
				     .head = x->head };
	*by_host = false;
	for (size_t i = l->nmounts; ret == 0 && !q->alone && i-- > 0;)
		ret = um_fs_binfmt(l->mounts[i], q);
	if (ret == 0 && !q->alone) {
		ret = find_host(q);
		*by_host = ret > 0;
	}
	return ret;
}

int um_binfmt_open(const struct um_fs *fs, const char *path,
		   struct um_binfmt_file **out)
{
	struct um_req *r = um_req_current();
	struct um_exec x = { .r = r, .fd = -1 };
	struct um_binfmt_file *f;
	int ret = r ? um_execfile_walk(&x, path) : -ENOENT;

	if (ret == 0)
		ret = &x.loc.mount->fs == fs ? -EACCES : um_execfile_open(&x);
	f = ret == 0 ? calloc(1, sizeof(*f)) : NULL;
	if (f) {
		f->path = um_execfile_name(&x);
		f->st = x.st;
		f->fd = um_steal_fd(&x.fd);
	}
	um_execfile_fini(&x);
	if (ret == 0 && (!f || !f->path)) {
		um_binfmt_close(f);
		return -ENOMEM;
	}
	*out = f;
	return ret;
}

void um_binfmt_close(struct um_binfmt_file *file)
{
	if (!file)
		return;
	close(file->fd);
	free(file->path);
	free(file);
}
