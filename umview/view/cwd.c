// SPDX-License-Identifier: GPL-2.0-or-later
/* cwd.c - placeholders for working directories in virtual trees */
#include "view/cwd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/lock.h"
#include "base/path.h"
#include "base/tempdir.h"

struct place {
	struct place *next;
	dev_t dev;
	ino_t ino;
	int fd;
	struct um_mount *mount;
	char *rel;
	bool removed;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_GUEST);
static struct place *places;

bool um_cwd_any(void)
{
	return __atomic_load_n(&places, __ATOMIC_RELAXED) != NULL;
}

/* A directory that has no name any more, open. */
static int make_nameless(void)
{
	char dir[UM_TEMPDIR_MAX];
	int ret = um_tempdir(dir);

	if (ret < 0)
		return ret;
	ret = (int)UM_SYS(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	rmdir(dir);
	return ret;
}

static void place_free(struct place *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	um_mount_put(p->mount);
	free(p->rel);
	free(p);
}

static struct place *place_new(struct um_mount *m, const char *rel)
{
	struct place *p = calloc(1, sizeof(*p));
	struct stat st;

	if (!p)
		return NULL;
	p->mount = um_mount_get(m);
	p->rel = strdup(rel);
	p->fd = make_nameless();
	if (!p->rel || p->fd < 0 || fstat(p->fd, &st) < 0) {
		place_free(p);
		return NULL;
	}
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return p;
}

static struct place *find_locked(struct um_mount *m, const char *rel)
{
	struct place *p = places;

	while (p && (p->mount != m || p->removed || strcmp(p->rel, rel) != 0))
		p = p->next;
	return p;
}

int um_cwd_placeholder(struct um_mount *m, const char *rel)
{
	struct place *fresh;
	struct place *p;
	int fd;

	um_lock(&lock);
	p = find_locked(m, rel);
	um_unlock(&lock);
	if (p)
		return p->fd;
	fresh = place_new(m, rel);
	if (!fresh)
		return -ENOMEM;
	um_lock(&lock);
	p = find_locked(m, rel);
	if (!p) {
		p = um_steal(fresh);
		p->next = places;
		places = p;
	}
	fd = p->fd;
	um_unlock(&lock);
	place_free(fresh);
	return fd;
}

int um_cwd_find(const struct stat *st, struct um_mount **m, char **rel)
{
	struct place *p;
	int found = 0;

	if (st->st_nlink != 0 || !S_ISDIR(st->st_mode))
		return 0;
	um_lock(&lock);
	p = places;
	while (p && (p->ino != st->st_ino || p->dev != st->st_dev))
		p = p->next;
	if (p) {
		*m = um_mount_get(p->mount);
		*rel = strdup(p->rel);
		found = p->removed ? 2 : 1;
	}
	um_unlock(&lock);
	return found;
}

static bool is_in_use(const struct place *p)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	bool used = false;

	while (dir && !used && (e = readdir(dir))) {
		char path[300];
		struct stat st;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cwd", e->d_name);
		used = stat(path, &st) == 0 && st.st_ino == p->ino &&
		       st.st_dev == p->dev;
	}
	if (dir)
		closedir(dir);
	return used;
}

size_t um_cwd_busy(struct um_mount *m)
{
	size_t n = 0;

	um_lock(&lock);
	for (struct place *p = places; p; p = p->next)
		if (p->mount == m && is_in_use(p))
			n++;
	um_unlock(&lock);
	return n;
}

void um_cwd_renamed(struct um_mount *m, const char *from, const char *to,
		    bool exchange)
{
	um_lock(&lock);
	for (struct place *p = places; p; p = p->next) {
		const char *rest, *head = to;
		char *now;

		if (p->mount != m || p->removed)
			continue;
		rest = um_path_beneath(p->rel, from);
		if (!rest && exchange) {
			rest = um_path_beneath(p->rel, to);
			head = from;
		}
		if (!rest || asprintf(&now, "%s%s", head, rest) < 0)
			continue;
		free(p->rel);
		p->rel = now;
	}
	um_unlock(&lock);
}

void um_cwd_removed(struct um_mount *m, const char *rel)
{
	struct place *p;

	um_lock(&lock);
	p = find_locked(m, rel);
	if (p)
		p->removed = true;
	um_unlock(&lock);
}

void um_cwd_drop(struct um_mount *m)
{
	struct place *out = NULL;
	struct place **at = &places;

	um_lock(&lock);
	while (*at) {
		struct place *p = *at;

		if (p->mount != m) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		p->next = out;
		out = p;
	}
	um_unlock(&lock);
	while (out) {
		struct place *p = out;

		out = p->next;
		place_free(p);
	}
}
