// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start.c - where a walk begins
 *
 * At the guest's root, its working directory or a directory descriptor. The
 * last two are nodes, not names: the host's has a name that /proc tells, or
 * none; a virtual one is told by its inode (view/cwd.h, vnode/vnode.h). Either
 * may have been mounted over since, or its mount taken out of the view
 * (`anchor`).
 *
 * Of a directory that newer mounts cover, the walk knows which these are
 * (`hidden`, by the places in the list), and what was mounted on them: none of
 * that can be reached from there. `..` comes out beneath the mount points, and
 * at each of them the mount that stands there is entered, as in the kernel.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "guest/self.h"
#include "guest/shared.h"
#include "view/cwd.h"
#include "view/walk.h"

static void put_mount(void *m)
{
	um_mount_put(m);
}

int um_req_hold_mount(struct um_req *r, struct um_mount *m)
{
	return um_req_hold(r, um_mount_get(m), put_mount);
}

/* What the placeholder stands for. `found` as um_cwd_find() has it. */
static int virtual_cwd(struct um_req *r, int found, struct um_cwd *out,
		       const char *rel)
{
	out->rel = rel ? um_req_strdup(r, rel) : NULL;
	out->path = rel ? um_view_path_of(r, out->mount, rel) : NULL;
	if (!out->rel || !out->path)
		return -ENOMEM;
	if (found == 1 && !um_list_has(r->list, out->mount))
		return UM_CWD_DETACHED;
	return found;
}

int um_cwd_of(struct um_req *r, pid_t tid, struct um_cwd *out)
{
	UM_FREE char *rel = NULL;
	char text[PATH_MAX];
	struct um_mount *m = NULL;
	char link[64];
	struct stat st;
	int found = 0;
	ssize_t n;

	*out = (struct um_cwd){ .mount = um_mount_real(),
				.rel = "",
				.path = "" };
	snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
	if (stat(link, &st) < 0)
		return -errno;
	if (um_cwd_any())
		found = um_cwd_find(&st, &m, &rel);
	if (found) {
		out->mount = m;
		if (um_req_hold(r, m, put_mount) < 0)
			return -ENOMEM;
		return virtual_cwd(r, found, out, rel);
	}
	n = readlink(link, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	out->path = out->rel = um_req_strdup(r, text);
	if (st.st_nlink == 0)
		return -ENOENT;
	m = um_list_moved(r, text, &out->rel);
	if (m) {
		out->mount = m;
		out->path = um_view_path_of(r, m, out->rel);
		return out->path ? 1 : -ENOMEM;
	}
	return out->path ? 0 : -ENOMEM;
}

/*
 * Covers where the walk began, and the walk has not come up to its point. What
 * a layer leaves as it was is the layer's all the same.
 */
static bool is_over(const struct um_walk *w, size_t i)
{
	const struct um_list *l = w->r->list;

	return !um_fs_is_layer(l->mounts[i]) &&
	       strlen(um_list_point(l, i)) < w->low &&
	       um_list_covers(l, i, w->origin);
}

static void hide(struct um_walk *w)
{
	const struct um_list *l = w->r->list;
	bool any = false;

	for (size_t i = w->base; i < l->nmounts; i++) {
		size_t on = um_list_parent(l, i);

		w->hidden[i] =
			is_over(w, i) || (on > w->base && w->hidden[on - 1]);
		any |= w->hidden[i];
	}
	if (!any)
		w->hidden = NULL;
}

void um_walk_unbind(struct um_walk *w)
{
	w->hidden = NULL;
	w->anchor = NULL;
}

void um_walk_rise(struct um_walk *w)
{
	if (!w->hidden || strlen(w->cur) >= w->low)
		return;
	w->low = strlen(w->cur);
	hide(w);
}

/* What was mounted over the directory, or above it, after its own mount. */
static int set_hidden(struct um_walk *w)
{
	const struct um_list *l = w->r->list;
	size_t i = w->base;

	w->low = strlen(w->cur) + 1;
	w->origin = w->cur;
	while (i < l->nmounts && !is_over(w, i))
		i++;
	if (i == l->nmounts)
		return 0;
	w->covered = true;
	w->origin = um_req_strdup(w->r, w->cur);
	w->hidden = um_req_alloc(w->r, l->nmounts * sizeof(bool));
	if (!w->origin || !w->hidden)
		return -ENOMEM;
	memset(w->hidden, 0, l->nmounts * sizeof(bool));
	hide(w);
	return 0;
}

int um_walk_stand(struct um_walk *w, struct um_mount *m, const char *path)
{
	const struct um_list *l = w->r->list;

	um_walk_unbind(w);
	w->base = 0;
	if (um_walk_set_cur(w, path) < 0)
		return -ENAMETOOLONG;
	if (um_mount_is_real(m))
		return set_hidden(w);
	while (w->base < l->nmounts && l->mounts[w->base] != m)
		w->base++;
	if (w->base++ < l->nmounts)
		return set_hidden(w);
	w->anchor = m;
	return um_req_hold_mount(w->r, m);
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
	struct um_cwd cwd;
	int ret = um_cwd_of(w->r, w->r->tid, &cwd);

	if (has_no_name(ret) && w->r->engine != &um_engine_self)
		return UM_WALK_UNNAMED;
	if (ret < 0)
		return ret;
	/* the placeholder is an empty directory without a name, too */
	if (ret == UM_CWD_REMOVED && is_dot(name) &&
	    w->r->engine != &um_engine_self)
		return UM_WALK_UNNAMED;
	if (ret > 0)
		w->native = false;
	tell_cwd(w, cwd.mount, cwd.path, ret > 0);
	w->gone = ret == UM_CWD_REMOVED;
	return um_walk_stand(w, cwd.mount, cwd.path);
}

static int start_at_obj(struct um_walk *w, struct um_obj *o)
{
	UM_FREE char *rel = um_obj_path(o);
	struct stat st;
	const char *path;

	if (!rel)
		return -ENOENT;
	if (um_fs_getattr(o->mount, rel, NULL, &st) == 0 &&
	    !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	w->native = um_mount_is_real(o->mount);
	path = um_view_path_of(w->r, o->mount, rel);
	return path ? um_walk_stand(w, o->mount, path) : -ENOMEM;
}

static int start_at_fd(struct um_walk *w, int dirfd)
{
	char text[PATH_MAX];
	struct um_mount *m;
	const char *rel;
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
	m = um_list_moved(w->r, text, &rel);
	if (!m)
		return um_walk_stand(w, um_mount_real(), text);
	w->native = false;
	rel = um_view_path_of(w->r, m, rel);
	return rel ? um_walk_stand(w, m, rel) : -ENOMEM;
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
