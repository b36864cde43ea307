// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layer.c - real files that a mount shows as its own
 *
 * A mount whose files are those of the view beneath (um_fs_gives()) hands out
 * the descriptors of these. What the kernel says of such a descriptor tells of
 * the file beneath: its name there, its owner there. Here that is turned into
 * what the mount shows.
 *
 * And a mount that leaves names to what lies beneath (um_fs_is_layer()) has
 * descriptors that nobody opened through it: a file of the host, opened to be
 * read, is in the view a file of the mount, and what is changed by way of the
 * descriptor (fchmod, /proc/self/fd/N) must not change the host's.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "guest/shared.h"
#include "view/path.h"

bool um_list_has_layers(const struct um_list *l)
{
	for (size_t i = 0; i < l->nmounts; i++)
		if (um_fs_is_layer(l->mounts[i]))
			return true;
	return false;
}

char *um_list_name_of(struct um_req *r, const char *below)
{
	char rel[PATH_MAX];

	for (size_t i = r->list->nmounts; i-- > 0;) {
		struct um_mount *m = r->list->mounts[i];

		if (!atomic_load(&m->dead) &&
		    um_fs_name_of(m, below, rel, sizeof(rel)) == 0)
			return um_view_path_of(r, m, rel);
	}
	return NULL;
}

struct um_mount *um_list_moved(struct um_req *r, const char *path,
			       const char **rel)
{
	char now[PATH_MAX];

	if (!um_shared_moves())
		return NULL;
	for (size_t i = r->list->nmounts; i-- > 0;) {
		struct um_mount *m = r->list->mounts[i];
		const char *at =
			um_path_beneath(path, um_list_point(r->list, i));

		if (!at || atomic_load(&m->dead) ||
		    um_fs_moved(m, *at ? at : "/", now, sizeof(now)) < 0)
			continue;
		*rel = um_req_strdup(r, now);
		return *rel ? m : NULL;
	}
	return NULL;
}

bool um_list_dress(const struct um_list *l, struct stat *st)
{
	for (size_t i = l->nmounts; i-- > 0;)
		if (um_fs_gives(l->mounts[i]) && um_fs_dress(l->mounts[i], st))
			return true;
	return false;
}

/* Does the name still mean what the descriptor is of? */
static bool is_same(struct um_req *r, struct um_loc *loc, struct stat *st)
{
	loc->exists = um_fs_getattr(loc->mount, loc->rel, NULL, &loc->st) == 0;
	um_list_dress(r->list, st);
	return loc->exists && loc->st.st_ino == st->st_ino &&
	       loc->st.st_dev == st->st_dev;
}

int um_fd_for_change(struct um_req *r, int fd, struct um_loc *out)
{
	const um_gfd gfd = um_gfd_of((uint64_t)fd);
	char text[PATH_MAX];
	const char *shown;
	struct stat st;
	int ret;

	if (!um_list_has_layers(r->list) || fd < 0)
		return UM_FD_NATIVE;
	ret = um_gfd_stat(r, gfd, &st);
	if (ret < 0)
		return ret;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return UM_FD_NATIVE;
	ret = um_gfd_link(r, gfd, text, sizeof(text));
	if (ret < 0 || text[0] != '/')
		return UM_FD_NATIVE;
	shown = um_list_name_of(r, text);
	*out = (struct um_loc){ .path = shown };
	if (!shown)
		out->path = um_req_strdup(r, text);
	if (!out->path)
		return -ENOMEM;
	out->mount = um_list_find(r->list, out->path, &out->rel);
	if (um_mount_is_real(out->mount) || !um_fs_gives(out->mount))
		return UM_FD_NATIVE;
	if (is_same(r, out, &st))
		return 0;
	/* without a name in the store it is nobody else's; beneath, not ours */
	return shown || !st.st_nlink ? UM_FD_NATIVE : -EROFS;
}

bool um_fd_hold(struct um_req *r, int fd, struct um_loc *loc)
{
	uint32_t names = um_names_of(loc->mount, loc->rel);
	struct stat st;

	um_names_lock(loc->mount, names);
	if (um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st) == 0 &&
	    is_same(r, loc, &st))
		return true;
	um_names_unlock(loc->mount, names);
	return false;
}

void um_fd_let_go(const struct um_loc *loc)
{
	um_names_unlock(loc->mount, um_names_of(loc->mount, loc->rel));
}

/* Is the process a guest of a view that has the mount? */
static bool is_in_view(pid_t pid, const struct um_mount *m)
{
	bool has_page;
	const struct um_attr *attr = um_attr_of(pid, &has_page);
	struct um_list *l = um_view_list(attr->view);
	bool has = l && um_list_has(l, m);

	um_list_put(l);
	return has;
}

static bool has_open(pid_t pid, struct um_mount *m)
{
	char text[PATH_MAX];
	char rel[PATH_MAX];
	char name[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	dir = opendir(name);
	while (dir && !found && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, text,
				       sizeof(text) - 1);

		if (n <= 0)
			continue;
		text[n] = '\0';
		found = um_fs_name_of(m, text, rel, sizeof(rel)) == 0;
	}
	if (dir)
		closedir(dir);
	return found && is_in_view(pid, m);
}

bool um_layer_is_busy(struct um_mount *m)
{
	DIR *proc = um_fs_gives(m) && !m->jump ? opendir("/proc") : NULL;
	bool busy = false;
	struct dirent *e;

	while (proc && !busy && (e = readdir(proc)))
		if (isdigit((unsigned char)e->d_name[0]) &&
		    (pid_t)strtol(e->d_name, NULL, 10) != getpid())
			busy = has_open((pid_t)strtol(e->d_name, NULL, 10), m);
	if (proc)
		closedir(proc);
	return busy;
}
