// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * path.c - the canonical walk
 *
 * `cur` is where the walk stands: a canonical name in the view. `rest` is what
 * is still to be walked; a symbolic link is put in front of it. The walk stays
 * `native` as long as the guest's kernel, walking the same name, would stand
 * at the same node: nothing virtual was entered and no virtual root mattered.
 * A native result in the real file system is left to the kernel. Where the walk
 * begins is in start.c, what the agents are told of it in known.c.
 */
#include "view/path.h"

#include <stddef.h>
#include <string.h>

#include "base/path.h"
#include "guest/self.h"
#include "guest/shared.h"
#include "view/cwd.h"
#include "view/magic.h"
#include "view/perm.h"
#include "view/walk.h"

#define MAX_LINKS 40

void (*um_walk_hook)(const struct um_req *r);

char *um_view_path_of(struct um_req *r, const struct um_mount *m,
		      const char *rel)
{
	const char *point = um_list_point_of(r->list, m);

	if (um_mount_is_real(m) || !strcmp(point, "/"))
		return um_req_strdup(r, rel);
	/* its names are all over the view */
	if (m->devices && rel[1])
		return um_req_strdup(r, rel);
	return um_req_printf(r, "%s%s", point, strcmp(rel, "/") ? rel : "");
}

char *um_obj_label(struct um_req *r, struct um_obj *o)
{
	UM_FREE char *was = um_obj_was(o);
	const char *path = was ? um_view_path_of(r, o->mount, was) : "/";

	return path ? um_req_printf(r, "%s (deleted)", path) : NULL;
}

/* What the call wants of the name where the walk stands. */
static int how_used(const struct um_walk *w)
{
	if (w->rest[strspn(w->rest, "/")])
		return UM_COVERS_PASS;
	if (!(w->flags & UM_READ))
		return UM_COVERS_CHANGE;
	return (w->flags & UM_ENTER) ? UM_COVERS_PASS : UM_COVERS_READ;
}

/* Who answers for a name, seen from where the walk came from. */
static struct um_mount *find_mount(struct um_walk *w, const char *path,
				   const char **rel)
{
	if (w->anchor) {
		*rel = um_path_beneath(path,
				       um_list_point_of(w->r->list, w->anchor));
		if (*rel && !**rel)
			*rel = "/";
		if (*rel)
			return w->anchor;
	}
	w->anchor = NULL;
	return um_list_find_without(w->r->list, w->hidden, path, how_used(w),
				    rel);
}

int um_walk_set_cur(struct um_walk *w, const char *path)
{
	if (strlen(path) >= UM_VIEW_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->cur, path, strlen(path) + 1);
	return 0;
}

/* Take the next component off `rest`; false when there is none. */
static bool next_comp(struct um_walk *w, int *err)
{
	char *p = w->rest;
	size_t most =
		w->mount && w->mount->long_names ? UM_LONG_NAME : NAME_MAX;
	size_t n;

	while (*p == '/')
		p++;
	n = strcspn(p, "/");
	*err = 0;
	if (!n)
		return false;
	if (n > most) {
		*err = -ENAMETOOLONG;
		return false;
	}
	memcpy(w->comp, p, n);
	w->comp[n] = '\0';
	p += n;
	w->slash = *p == '/';
	while (*p == '/')
		p++;
	memmove(w->rest, p, strlen(p) + 1);
	return true;
}

static bool is_mountpoint(const struct um_walk *w)
{
	return (w->flags & UM_MOUNTPOINT) && !*w->rest && !strcmp(w->rel, "/");
}

/* What the kernel makes up for who asks is walked where it has it. */
static void jump(struct um_walk *w)
{
	size_t n = strlen(w->mount->jump);
	size_t len = strcmp(w->rel, "/") ? strlen(w->rel) : 0;

	w->native = false;
	if (n + len >= UM_VIEW_PATH_MAX)
		return;
	memmove(w->cur + n, w->rel, len);
	memcpy(w->cur, w->mount->jump, n);
	w->cur[n + len] = '\0';
	w->mount = um_mount_real();
	w->rel = w->cur;
}

static void place(struct um_walk *w)
{
	w->mount = find_mount(w, w->cur, &w->rel);
	if (w->mount->jump && !is_mountpoint(w)) {
		jump(w);
		w->mount = find_mount(w, w->cur, &w->rel);
	}
	if (!um_mount_is_real(w->mount))
		w->native = false;
}

static int push_link(struct um_walk *w, const char *target)
{
	size_t n = strlen(target);
	size_t have = strlen(w->rest);

	if (++w->links > MAX_LINKS || (w->flags & UM_NO_LINKS))
		return -ELOOP;
	if ((w->flags & UM_BENEATH) && target[0] == '/')
		return -EXDEV;
	if (!n)
		return -ENOENT;
	if (n + 1 + have >= sizeof(w->rest))
		return -ENAMETOOLONG;
	/* a trailing slash after the link stays one after its target */
	if (have || w->slash) {
		memmove(w->rest + n + 1, w->rest, have + 1);
		w->rest[n] = '/';
	} else {
		w->rest[n] = '\0';
	}
	memcpy(w->rest, target, n);
	if (target[0] != '/')
		return 0;
	if (strcmp(w->root, "/") != 0 && !w->confined)
		w->native = false;
	um_walk_unbind(w);
	return um_walk_set_cur(w, w->root);
}

static int go_up(struct um_walk *w)
{
	char *slash;

	w->special = true;
	if (!strcmp(w->cur, w->root) && (w->flags & UM_BENEATH))
		return -EXDEV;
	if (!strcmp(w->cur, w->root)) {
		if (strcmp(w->root, "/") != 0 && !w->confined)
			w->native = false;
		return 0;
	}
	slash = strrchr(w->cur, '/');
	if (slash)
		slash[slash == w->cur] = '\0';
	um_walk_rise(w);
	place(w);
	return 0;
}

static void append(struct um_walk *w)
{
	size_t n = strlen(w->cur);

	if (n == 1)
		n = 0;
	w->cur[n] = '/';
	memcpy(w->cur + n + 1, w->comp, strlen(w->comp) + 1);
}

static void drop_last(struct um_walk *w)
{
	char *slash = strrchr(w->cur, '/');

	slash[slash == w->cur] = '\0';
}

static bool follows(const struct um_walk *w)
{
	if (*w->rest)
		return true;
	if (w->slash && !(w->flags & UM_ENTRY))
		return true;
	return (w->flags & UM_FOLLOW) != 0;
}

/* A component in the real file system: only links matter here. */
static int step_real(struct um_walk *w)
{
	char target[PATH_MAX];
	ssize_t n;

	if (!follows(w))
		return 0;
	n = readlink(w->cur, target, sizeof(target) - 1);
	if (n < 0) {
		/* the kernel tells the guest itself what is wrong */
		if (errno == EINVAL || w->native || !*w->rest)
			return 0;
		return -errno;
	}
	target[n] = '\0';
	drop_last(w);
	return push_link(w, target);
}

static int step_virtual(struct um_walk *w)
{
	char target[PATH_MAX];
	ssize_t n;
	int ret;

	if (is_mountpoint(w))
		return 0;
	ret = um_fs_getattr(w->mount, w->rel, NULL, &w->st);
	w->exists = ret == 0;
	if (ret == -ENOENT && !*w->rest)
		return 0;
	if (ret < 0)
		return ret;
	if (S_ISLNK(w->st.st_mode) && follows(w)) {
		n = um_fs_readlink(w->mount, w->rel, target,
				   sizeof(target) - 1);
		if (n < 0)
			return (int)n;
		target[n] = '\0';
		drop_last(w);
		/* the link may be all that its file system has here */
		place(w);
		w->exists = false;
		return push_link(w, target);
	}
	if (!S_ISDIR(w->st.st_mode) && *w->rest)
		return -ENOTDIR;
	return 0;
}

static int stand_at(struct um_walk *w, const struct um_magic *mg)
{
	if (mg->mount)
		return um_walk_stand(w, mg->mount, mg->path);
	um_walk_unbind(w);
	return um_walk_set_cur(w, mg->path);
}

/* A magic link of /proc. Return: 1 handled, 0 not one of ours, -errno. */
static int step_magic(struct um_walk *w)
{
	struct um_magic mg;
	const char *rel;
	int ret = um_magic_find(w->r, w->cur, &mg);

	/* a real directory whose name is too long to be told: the kernel's */
	if (ret == -ENAMETOOLONG && w->native) {
		w->stop = true;
		return 1;
	}
	if (ret <= 0)
		return ret;
	if (mg.rename)
		return um_walk_set_cur(w, mg.path) < 0 ? -ENAMETOOLONG : 1;
	if (!follows(w))
		return 0;
	if (w->flags & UM_NO_MAGIC)
		return -ELOOP;
	if (mg.obj) {
		w->obj = mg.obj;
		w->native = false;
		w->stop = true;
		return 1;
	}
	/* opened to be read, and now to be changed by that way */
	if (!mg.is_virtual && !mg.is_label && !(w->flags & UM_READ) &&
	    mg.path[0] == '/')
		mg.is_virtual = !um_mount_is_real(
			um_list_find(w->r->list, mg.path, &rel));
	if (!mg.is_virtual) {
		if (mg.is_label && *w->rest)
			return -ENOTDIR;
		w->stop = !*w->rest;
		ret = w->stop ? 0 : stand_at(w, &mg);
		return ret < 0 ? ret : 1;
	}
	w->native = false;
	ret = stand_at(w, &mg);
	place(w);
	if (ret == 0 && !um_mount_is_real(w->mount))
		w->exists = um_fs_getattr(w->mount, w->rel, NULL, &w->st) == 0;
	if (ret == 0 && w->exists && *w->rest && !S_ISDIR(w->st.st_mode))
		return -ENOTDIR;
	return ret < 0 ? ret : 1;
}

/* "." and ".." want a directory to stand in. */
static int check_dir(struct um_walk *w)
{
	struct stat st;
	int ret;

	if (um_mount_is_real(w->mount))
		return 0;
	ret = um_fs_getattr(w->mount, w->rel, NULL, &st);
	if (ret < 0)
		return ret;
	w->st = st;
	w->exists = true;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* Search permission on the directory that the next name is looked up in. */
static int may_search(struct um_walk *w)
{
	struct stat st;
	int ret;

	place(w);
	if (!um_perm_holds_for(w->mount) || w->gone)
		return 0;
	ret = um_fs_getattr(w->mount, w->rel, NULL, &st);
	if (ret < 0 || !S_ISDIR(st.st_mode))
		return ret;
	return um_may(w->r, w->mount, &st, X_OK);
}

static int step(struct um_walk *w)
{
	int ret = w->checks ? may_search(w) : 0;

	if (ret < 0)
		return ret;
	w->exists = false;
	w->special = false;
	if (!strcmp(w->comp, ".")) {
		w->special = true;
		return check_dir(w);
	}
	if (!strcmp(w->comp, "..")) {
		ret = w->gone ? 0 : check_dir(w);
		w->gone = false;
		if (ret == 0)
			ret = go_up(w);
		return ret < 0 ? ret : check_dir(w);
	}
	if (w->gone)
		return -ENOENT;
	append(w);
	if (strlen(w->cur) >= UM_VIEW_PATH_MAX)
		return -ENAMETOOLONG;
	place(w);
	if (!um_mount_is_real(w->mount))
		return step_virtual(w);
	if (um_path_is_in_proc(w->cur)) {
		ret = step_magic(w);
		w->links += ret > 0;
		if (ret != 0)
			return ret < 0 ? ret : 0;
	}
	return step_real(w);
}

/* A node of the host's that its kernel is not given the guest's name of. */
static int check_slash(const struct um_walk *w, const struct um_loc *loc)
{
	struct stat st;

	if (loc->native || !loc->slash || loc->obj || (w->flags & UM_ENTRY))
		return 0;
	return lstat(loc->rel, &st) == 0 && !S_ISDIR(st.st_mode) ? -ENOTDIR : 0;
}

static int finish(struct um_walk *w, struct um_loc *out)
{
	place(w);
	*out = (struct um_loc){
		.mount = w->mount,
		.native = w->native,
		.slash = w->slash,
		.last_special = w->special || !strcmp(w->cur, w->root),
		.obj = w->obj,
	};
	out->path = um_req_strdup(w->r, w->cur);
	if (!out->path)
		return -ENOMEM;
	out->mount = find_mount(w, out->path, &out->rel);
	if (um_loc_is_real(out))
		return check_slash(w, out);
	if (out->obj || is_mountpoint(w))
		return 0;
	if (w->exists) {
		out->st = w->st;
		out->exists = true;
	} else {
		out->exists = um_fs_getattr(out->mount, out->rel, NULL,
					    &out->st) == 0;
	}
	if (out->slash && out->exists && !S_ISDIR(out->st.st_mode) &&
	    !(w->flags & UM_ENTRY))
		return -ENOTDIR;
	return 0;
}

bool um_walk_is_idle(const struct um_req *r, const char *path)
{
	if (r->list->nmounts || um_obj_any() || um_cwd_any() ||
	    atomic_load(&um_dev_any) || strcmp(r->attr->root, "/") != 0)
		return false;
	return !strstr(path, "exe") && !strstr(path, "root") &&
	       !strstr(path, "maps") && !strstr(path, "loop-control") &&
	       !strstr(path, "fuse") && !strstr(path, "cuse") &&
	       !strstr(path, "mount.");
}

/* openat2(2): the directory that the walk starts from becomes its root. */
static int confine(struct um_walk *w, int dirfd, const char *path)
{
	int ret = 0;

	if (path[0] == '/' && (w->flags & UM_BENEATH))
		return -EXDEV;
	if (path[0] == '/')
		ret = um_walk_start(w, dirfd, ".");
	w->root = um_req_strdup(w->r, w->cur);
	w->confined = true;
	return w->root ? ret : -ENOMEM;
}

static int run(struct um_walk *w)
{
	struct um_mount *from;
	int err = 0;
	int ret;

	place(w);
	from = w->mount;
	while (!w->stop && next_comp(w, &err)) {
		ret = step(w);
		if (ret < 0)
			return ret;
		if ((w->flags & UM_NO_XDEV) && w->mount != from)
			return -EXDEV;
	}
	return err;
}

static int walk(struct um_req *r, int dirfd, const char *path,
		unsigned int flags, struct um_loc *out)
{
	struct um_walk *w;
	int ret;

	if (!*path)
		return -ENOENT;
	w = um_req_alloc(r, sizeof(*w));
	if (!w)
		return -ENOMEM;
	memset(w, 0, offsetof(struct um_walk, cur));
	w->rest[0] = '\0';
	w->r = r;
	w->flags = flags;
	w->root = r->attr->root;
	w->native = true;
	w->gen = um_shared_gen();
	w->checks = um_perm_holds_in(r->list);
	ret = um_walk_start(w, dirfd, path);
	if (ret == UM_WALK_UNNAMED)
		return um_walk_leave(w, dirfd, path, out);
	if (ret == 0 && (flags & (UM_BENEATH | UM_IN_ROOT)))
		ret = confine(w, dirfd, path);
	if (ret < 0)
		return ret;
	w->start = um_req_strdup(r, w->cur);
	w->starts_inside = path[0] != '/' && !w->native;
	if (!w->start)
		return -ENOMEM;
	memcpy(w->rest, path, strlen(path) + 1);
	ret = run(w);
	if (ret == -ENOENT && !w->obj)
		um_walk_tell(w, path, w->cur);
	if (ret == 0)
		ret = finish(w, out);
	else if (w->obj)
		um_obj_put(w->obj);
	/* what a module finds beneath its mount is not what the guests find */
	if (ret == 0 && r->engine != &um_engine_self &&
	    !(flags & ~(UM_FOLLOW | UM_ENTRY | UM_READ))) {
		um_walk_remember(w, path, out);
		if (!out->obj && !um_loc_is_real(out))
			um_walk_tell(w, path, out->path);
	}
	return ret;
}

int um_walk(struct um_req *r, int dirfd, const char *path, unsigned int flags,
	    struct um_loc *out)
{
	*out = (struct um_loc){ .mount = um_mount_real(),
				.path = path,
				.rel = path,
				.native = true };
	if (um_walk_is_idle(r, path))
		return 0;
	if (um_walk_hook)
		um_walk_hook(r);
	return walk(r, dirfd, path, flags, out);
}

int um_walk_always(struct um_req *r, int dirfd, const char *path,
		   unsigned int flags, struct um_loc *out)
{
	*out = (struct um_loc){ .mount = um_mount_real(),
				.path = path,
				.rel = path,
				.native = true };
	if (um_walk_hook)
		um_walk_hook(r);
	return walk(r, dirfd, path, flags, out);
}

int um_walk_user(struct um_req *r, int dirfd, uint64_t name, unsigned int flags,
		 struct um_loc *out)
{
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(name), &path);

	*out = (struct um_loc){ .mount = um_mount_real() };
	return ret < 0 ? ret : um_walk(r, dirfd, path, flags, out);
}

void um_loc_fini(struct um_loc *loc)
{
	um_obj_put(loc->obj);
	loc->obj = NULL;
}
