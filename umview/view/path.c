// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * path.c - the canonical walk
 *
 * `cur` is where the walk stands: a canonical name in the view. `rest` is what
 * is still to be walked; a symbolic link is put in front of it. The walk stays
 * `native` as long as the guest's kernel, walking the same name, would stand
 * at the same node: nothing virtual was entered and no virtual root mattered.
 * A native result in the real file system is left to the kernel.
 */
#include "view/path.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "guest/self.h"
#include "guest/shared.h"
#include "view/cwd.h"
#include "view/magic.h"
#include "view/perm.h"

#define MAX_LINKS 40

void (*um_walk_hook)(const struct um_req *r);

struct walk {
	struct um_req *r;
	const char *root;
	const char *under;
	struct um_mount *mount;
	struct um_mount *anchor;
	const char *rel;
	bool native;
	bool slash;
	bool special;
	bool exists;
	bool stop;
	bool confined;
	bool gone;
	bool checks;
	int links;
	uint32_t gen;
	uint64_t from;
	unsigned int flags;
	struct stat st;
	struct um_obj *obj;
	char cur[UM_VIEW_PATH_MAX + NAME_MAX + 2];
	char rest[2 * PATH_MAX];
	char comp[NAME_MAX + 1];
};

const char *um_view_path_of(struct um_req *r, const struct um_mount *m,
			    const char *rel)
{
	if (um_mount_is_real(m) || !strcmp(m->point, "/"))
		return um_req_strdup(r, rel);
	return um_req_printf(r, "%s%s", m->point, strcmp(rel, "/") ? rel : "");
}

char *um_obj_label(struct um_req *r, struct um_obj *o)
{
	UM_FREE char *was = um_obj_was(o);
	const char *path = was ? um_view_path_of(r, o->mount, was) : "/";

	return path ? um_req_printf(r, "%s (deleted)", path) : NULL;
}

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
static void start_under(struct walk *w)
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

/* Who answers for a name, seen from where the walk came from. */
static struct um_mount *find_mount(struct walk *w, const char *path,
				   const char **rel)
{
	if (w->under && um_path_beneath(path, w->under)) {
		*rel = path;
		return um_mount_real();
	}
	w->under = NULL;
	if (w->anchor) {
		*rel = um_path_beneath(path, w->anchor->point);
		if (*rel && !**rel)
			*rel = "/";
		if (*rel)
			return w->anchor;
	}
	w->anchor = NULL;
	return um_list_find(w->r->list, path, rel);
}

static int set_cur(struct walk *w, const char *path)
{
	if (strlen(path) >= UM_VIEW_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->cur, path, strlen(path) + 1);
	return 0;
}

uint64_t um_cwd_key(const struct um_mount *m, const char *path)
{
	return um_hash_str(path, um_mount_is_real(m) ? 0 : m->id) | 1;
}

/*
 * The guest's agent may go by the name of its working directory, if the page
 * is its own: a vfork child has another directory on the same page.
 */
static void tell_cwd(struct walk *w, const struct um_mount *m, const char *path,
		     bool is_virtual)
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
 * A directory that is open on a mount that was taken out of the view (umount
 * -l): what is beneath it is found in that mount still.
 */
static int set_anchor(struct walk *w, struct um_mount *m)
{
	if (um_mount_is_real(m) || um_list_has(w->r->list, m))
		return 0;
	w->anchor = m;
	return um_req_hold(w->r, um_mount_get(m), put_mount);
}

/* The same of a working directory. 1: the walk begins there. */
static int start_detached(struct walk *w)
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
	if (found == 1 && path && !um_list_has(w->r->list, m))
		ret = set_anchor(w, m);
	um_mount_put(m);
	if (!w->anchor || ret < 0)
		return ret;
	w->native = false;
	tell_cwd(w, w->anchor, path, true);
	ret = set_cur(w, path);
	return ret < 0 ? ret : 1;
}

/*
 * Return of a start: a real directory that has no name any more, or none that
 * is short enough. What lies beneath is the kernel's.
 */
#define UNNAMED 1

static bool has_no_name(int err)
{
	return err == -ENOENT || err == -ENAMETOOLONG;
}

static int start_at_cwd(struct walk *w)
{
	struct um_mount *m = um_mount_real();
	const char *path;
	const char *rel;
	int ret = start_detached(w);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = um_cwd_of(w->r, w->r->tid, &path);
	if (has_no_name(ret) && w->r->engine != &um_engine_self)
		return UNNAMED;
	if (ret < 0 || !path)
		return ret;
	if (ret > 0) {
		m = um_list_find(w->r->list, path, &rel);
		w->native = false;
	}
	tell_cwd(w, m, path, ret > 0);
	w->gone = ret == UM_CWD_REMOVED;
	if (set_cur(w, path) < 0)
		return -ENAMETOOLONG;
	if (ret == 0)
		start_under(w);
	return 0;
}

static int start_at_obj(struct walk *w, struct um_obj *o)
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
	if (!path || set_anchor(w, o->mount) < 0)
		return -ENOMEM;
	return set_cur(w, path);
}

static int start_at_fd(struct walk *w, int dirfd)
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
		return w->r->engine == &um_engine_self ? -ENOENT : UNNAMED;
	ret = set_cur(w, text);
	start_under(w);
	return ret;
}

static int start(struct walk *w, int dirfd, const char *path)
{
	if (path[0] == '/') {
		w->native = !strcmp(w->root, "/");
		return set_cur(w, w->root);
	}
	if (dirfd == AT_FDCWD)
		return start_at_cwd(w);
	return start_at_fd(w, dirfd);
}

/* Take the next component off `rest`; false when there is none. */
static bool next_comp(struct walk *w, int *err)
{
	char *p = w->rest;
	size_t n;

	while (*p == '/')
		p++;
	n = strcspn(p, "/");
	*err = 0;
	if (!n)
		return false;
	if (n > NAME_MAX) {
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

static void place(struct walk *w)
{
	w->mount = find_mount(w, w->cur, &w->rel);
	if (!um_mount_is_real(w->mount))
		w->native = false;
}

static int push_link(struct walk *w, const char *target)
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
	w->under = NULL;
	w->anchor = NULL;
	return set_cur(w, w->root);
}

static int go_up(struct walk *w)
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
	place(w);
	return 0;
}

static void append(struct walk *w)
{
	size_t n = strlen(w->cur);

	if (n == 1)
		n = 0;
	w->cur[n] = '/';
	memcpy(w->cur + n + 1, w->comp, strlen(w->comp) + 1);
}

static void drop_last(struct walk *w)
{
	char *slash = strrchr(w->cur, '/');

	slash[slash == w->cur] = '\0';
}

static bool follows(const struct walk *w)
{
	if (*w->rest)
		return true;
	if (w->slash && !(w->flags & UM_ENTRY))
		return true;
	return (w->flags & UM_FOLLOW) != 0;
}

/* A component in the real file system: only links matter here. */
static int step_real(struct walk *w)
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

static bool is_mountpoint(const struct walk *w)
{
	return (w->flags & UM_MOUNTPOINT) && !*w->rest && !strcmp(w->rel, "/");
}

static int step_virtual(struct walk *w)
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

/* A magic link of /proc. Return: 1 handled, 0 not one of ours, -errno. */
static int step_magic(struct walk *w)
{
	struct um_magic mg;
	int ret = um_magic_find(w->r, w->cur, &mg);

	/* a real directory whose name is too long to be told: the kernel's */
	if (ret == -ENAMETOOLONG && w->native) {
		w->stop = true;
		return 1;
	}
	if (ret <= 0)
		return ret;
	if (mg.rename)
		return set_cur(w, mg.path) < 0 ? -ENAMETOOLONG : 1;
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
	if (!mg.is_virtual) {
		w->stop = !*w->rest;
		return w->stop ? 1
			       : (set_cur(w, mg.path) < 0 ? -ENAMETOOLONG : 1);
	}
	w->native = false;
	ret = set_cur(w, mg.path);
	place(w);
	if (ret == 0 && !um_mount_is_real(w->mount))
		w->exists = um_fs_getattr(w->mount, w->rel, NULL, &w->st) == 0;
	return ret < 0 ? ret : 1;
}

static bool is_in_proc(const char *path)
{
	return !strncmp(path, "/proc/", 6);
}

/* "." and ".." want a directory to stand in. */
static int check_dir(struct walk *w)
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
static int may_search(struct walk *w)
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

static int step(struct walk *w)
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
	if (is_in_proc(w->cur)) {
		ret = step_magic(w);
		w->links += ret > 0;
		if (ret != 0)
			return ret < 0 ? ret : 0;
	}
	return step_real(w);
}

static int finish(struct walk *w, struct um_loc *out)
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
	if (um_loc_is_real(out) || out->obj || is_mountpoint(w))
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

/*
 * The kernel finds by this name what the view has there: the agents need not
 * ask again. Names below /proc are never that sure, nor is a directory that
 * shows more than it has.
 */
static void remember(struct walk *w, const char *path, const struct um_loc *loc)
{
	struct um_memo_of of = { w->r->attr->view, w->gen, w->from,
				 UM_MEMO_DIR };
	const char *slash = strrchr(path, '/');

	if (!um_loc_is_native(loc) || is_in_proc(loc->path) ||
	    (path[0] != '/' && !w->from) || strcmp(w->root, "/") != 0)
		return;
	if (slash)
		um_shared_remember(&of, path, (size_t)(slash - path));
	of.kind = UM_MEMO_WHOLE;
	if ((w->flags & UM_FOLLOW) && strcmp(loc->path, "/proc") != 0 &&
	    !um_list_has_phantoms(w->r->list, loc->path))
		um_shared_remember(&of, path, strlen(path));
}

bool um_mount_may_tell(const struct um_mount *m)
{
	return m->fs.quick && m->cache && !m->merge && !m->nexcept &&
	       !atomic_load(&m->dead);
}

/* What the name means in its mount: the agents need not ask for attributes. */
static void tell(struct walk *w, const char *path, const struct um_loc *loc)
{
	const struct um_told name = { .view = w->r->attr->view,
				      .dir = w->from,
				      .text = path,
				      .n = strlen(path),
				      .mount = loc->mount->id,
				      .path = loc->rel };

	if (loc->obj || um_loc_is_real(loc) || w->links || w->checks ||
	    w->gone || strcmp(w->root, "/") != 0 ||
	    (path[0] != '/' && !w->from) || !um_mount_may_tell(loc->mount))
		return;
	um_vnode_tell(loc->mount, &name);
}

bool um_walk_is_idle(const struct um_req *r, const char *path)
{
	if (r->list->nmounts || um_obj_any() || um_cwd_any() ||
	    atomic_load(&um_dev_any) || strcmp(r->attr->root, "/") != 0)
		return false;
	return !strstr(path, "exe") && !strstr(path, "root") &&
	       !strstr(path, "maps") && !strstr(path, "loop-control") &&
	       !strstr(path, "fuse");
}

/* openat2(2): the directory that the walk starts from becomes its root. */
static int confine(struct walk *w, int dirfd, const char *path)
{
	int ret = 0;

	if (path[0] == '/' && (w->flags & UM_BENEATH))
		return -EXDEV;
	if (path[0] == '/')
		ret = start(w, dirfd, ".");
	w->root = um_req_strdup(w->r, w->cur);
	w->confined = true;
	return w->root ? ret : -ENOMEM;
}

static int run(struct walk *w)
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

/* From a directory without a name: the guest's own name, or the long way. */
static int leave_to_kernel(struct walk *w, int dirfd, const char *path,
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

static int walk(struct um_req *r, int dirfd, const char *path,
		unsigned int flags, struct um_loc *out)
{
	struct walk *w;
	int ret;

	if (!*path)
		return -ENOENT;
	w = um_req_alloc(r, sizeof(*w));
	if (!w)
		return -ENOMEM;
	memset(w, 0, offsetof(struct walk, cur));
	w->rest[0] = '\0';
	w->r = r;
	w->flags = flags;
	w->root = r->attr->root;
	w->native = true;
	w->gen = um_shared_gen();
	w->checks = um_perm_holds_in(r->list);
	ret = start(w, dirfd, path);
	if (ret == UNNAMED)
		return leave_to_kernel(w, dirfd, path, out);
	if (ret == 0 && (flags & (UM_BENEATH | UM_IN_ROOT)))
		ret = confine(w, dirfd, path);
	if (ret < 0)
		return ret;
	memcpy(w->rest, path, strlen(path) + 1);
	ret = run(w);
	if (ret == 0)
		ret = finish(w, out);
	else if (w->obj)
		um_obj_put(w->obj);
	if (ret == 0 && !(flags & ~(UM_FOLLOW | UM_ENTRY))) {
		remember(w, path, out);
		tell(w, path, out);
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
