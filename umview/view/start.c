// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start.c - where a walk begins
 *
 * At the guest's root, its working directory or a directory descriptor. The
 * last two are nodes, not names: the host's has a name that /proc tells, or
 * none, and may have been mounted over since (`under`); a virtual one is told
 * by its inode (view/cwd.h, vnode/vnode.h), and its mount may have been covered,
 * or taken out of the view, since (`anchor`).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "guest/self.h"
#include "guest/shared.h"
#include "view/cwd.h"
#include "view/walk.h"

int um_cwd_of(struct um_req *r, pid_t tid, const char **path)
{
	char link[64];
	char text[PATH_MAX];
	struct um_mount *m;
	struct stat st;
	UM_FREE char *rel = NULL;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
	*path = NULL;
	if (stat(link, &st) < 0)
		return -errno;
	if (um_cwd_any()) {
		int found = um_cwd_find(&st, &m, &rel);

		if (found) {
			/* umount -l: its names would lead elsewhere now */
			if (!um_list_has(r->list, m))
				found = UM_CWD_REMOVED;
			*path = rel ? um_view_path_of(r, m, rel) : NULL;
			um_mount_put(m);
			return *path ? found : -ENOMEM;
		}
	}
	n = readlink(link, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	*path = um_req_strdup(r, text);
	if (st.st_nlink == 0)
		return -ENOENT;
	return *path ? 0 : -ENOMEM;
}

/*
 * A real directory that somebody stands in, or has open, stays what it is when
 * something is mounted over it or above it: names from there lead beneath that
 * mount, up to its point.
 */
static void start_under(struct um_walk *w)
{
	const struct um_list *l = w->r->list;

	for (size_t i = 0; i < l->nmounts; i++) {
		const char *point = l->mounts[i]->point;

		if (!atomic_load(&l->mounts[i]->dead) &&
		    um_path_beneath(w->cur, point) &&
		    (!w->under || strlen(point) < strlen(w->under)))
			w->under = point;
	}
}

uint64_t um_cwd_key(const struct um_mount *m, const char *path)
{
	return um_hash_str(path, um_mount_is_real(m) ? 0 : m->id) | 1;
}

/*
 * The guest's agent may go by the name of its working directory, if the page
 * is its own: a vfork child has another directory on the same page.
 */
static void tell_cwd(struct um_walk *w, const struct um_mount *m,
		     const char *path, bool is_virtual)
{
	struct um_req *r = w->r;

	w->from = um_cwd_key(m, path);
	if (r->has_page && r->page.owner == r->tid)
		um_req_set_cwd(r, is_virtual, w->from);
}

static void put_mount(void *m)
{
	um_mount_put(m);
}

/*
 * A newer mount has the name of the directory, which is at `path` of m. Where
 * mounts merge, the newer one may have got it just now, and by that name.
 */
static bool is_covered(const struct um_list *l, const struct um_mount *m,
		       const char *path)
{
	const char *rel;
	const struct um_mount *now = um_list_find(l, path, &rel);

	return now != m && !now->merge;
}

int um_walk_anchor(struct um_walk *w, struct um_mount *m)
{
	const struct um_list *l = w->r->list;

	if (um_mount_is_real(m) ||
	    (um_list_has(l, m) && !is_covered(l, m, w->cur)))
		return 0;
	w->anchor = m;
	w->anchor_from = um_point_len(w->cur) + 1;
	return um_req_hold(w->r, um_mount_get(m), put_mount);
}

/* The same of a working directory. 1: the walk begins there. */
static int start_anchored(struct um_walk *w)
{
	UM_FREE char *rel = NULL;
	struct um_mount *m;
	const char *path;
	char link[64];
	struct stat st;
	int found;
	int ret = 0;

	snprintf(link, sizeof(link), "/proc/%d/cwd", (int)w->r->tid);
	if (!um_cwd_any() || stat(link, &st) < 0)
		return 0;
	found = um_cwd_find(&st, &m, &rel);
	if (!found)
		return 0;
	path = rel ? um_view_path_of(w->r, m, rel) : NULL;
	if (found == 1 && path) {
		ret = um_walk_set_cur(w, path);
		if (ret == 0)
			ret = um_walk_anchor(w, m);
	}
	um_mount_put(m);
	if (!w->anchor || ret < 0)
		return ret;
	w->native = false;
	tell_cwd(w, w->anchor, path, true);
	return 1;
}

static bool has_no_name(int err)
{
	return err == -ENOENT || err == -ENAMETOOLONG;
}

/* "." and its like: the directory itself, which has no name to be found by. */
static bool is_dot(const char *path)
{
	for (; *path; path++)
		if (*path != '/' &&
		    (path[0] != '.' || (path[1] && path[1] != '/')))
			return false;
	return true;
}

static int start_at_cwd(struct um_walk *w, const char *name)
{
	struct um_mount *m = um_mount_real();
	const char *path;
	const char *rel;
	int ret = start_anchored(w);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = um_cwd_of(w->r, w->r->tid, &path);
	if (has_no_name(ret) && w->r->engine != &um_engine_self)
		return UM_WALK_UNNAMED;
	if (ret < 0 || !path)
		return ret;
	/* the placeholder is an empty directory without a name, too */
	if (ret == UM_CWD_REMOVED && is_dot(name) &&
	    w->r->engine != &um_engine_self)
		return UM_WALK_UNNAMED;
	if (ret > 0) {
		m = um_list_find(w->r->list, path, &rel);
		w->native = false;
	}
	tell_cwd(w, m, path, ret > 0);
	w->gone = ret == UM_CWD_REMOVED;
	if (um_walk_set_cur(w, path) < 0)
		return -ENAMETOOLONG;
	if (ret == 0)
		start_under(w);
	return 0;
}

static int start_at_obj(struct um_walk *w, struct um_obj *o)
{
	UM_FREE char *rel = um_obj_path(o);
	struct stat st;
	const char *path;
	int ret;

	if (!rel)
		return -ENOENT;
	if (um_fs_getattr(o->mount, rel, NULL, &st) == 0 &&
	    !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	w->native = um_mount_is_real(o->mount);
	path = um_view_path_of(w->r, o->mount, rel);
	if (!path)
		return -ENOMEM;
	ret = um_walk_set_cur(w, path);
	return ret < 0 ? ret : um_walk_anchor(w, o->mount);
}

static int start_at_fd(struct um_walk *w, int dirfd)
{
	char text[PATH_MAX];
	struct um_obj *o;
	struct stat st;
	int ret = um_gfd_stat(w->r, um_gfd_of((uint64_t)dirfd), &st);

	if (ret < 0)
		return ret;
	o = um_obj_find(&st);
	if (o) {
		w->from = um_dir_key(st.st_ino);
		ret = start_at_obj(w, o);
		um_obj_put(o);
		/* our stand-in is no directory for the kernel */
		w->native = false;
		return ret;
	}
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	ret = um_gfd_link(w->r, um_gfd_of((uint64_t)dirfd), text, sizeof(text));
	if (ret < 0 || !st.st_nlink)
		return w->r->engine == &um_engine_self ? -ENOENT
						       : UM_WALK_UNNAMED;
	ret = um_walk_set_cur(w, text);
	start_under(w);
	return ret;
}

int um_walk_start(struct um_walk *w, int dirfd, const char *path)
{
	if (path[0] == '/') {
		w->native = !strcmp(w->root, "/");
		return um_walk_set_cur(w, w->root);
	}
	if (dirfd == AT_FDCWD)
		return start_at_cwd(w, path);
	return start_at_fd(w, dirfd);
}

int um_walk_leave(const struct um_walk *w, int dirfd, const char *path,
		  struct um_loc *out)
{
	struct um_req *r = w->r;
	const char *rel =
		dirfd == AT_FDCWD
			? um_req_printf(r, "/proc/%d/cwd/%s", (int)r->tid, path)
			: um_req_printf(r, "/proc/%d/fd/%d/%s", (int)r->tid,
					dirfd, path);

	*out = (struct um_loc){ .mount = um_mount_real(),
				.path = rel,
				.rel = rel,
				.native = true,
				.slash = path[strlen(path) - 1] == '/' };
	return rel ? 0 : -ENOMEM;
}
