// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * known.c - what a walk has found, for the agents
 *
 * An agent that knows what a name leads to makes the call itself, or answers
 * it, without the monitor (guest/shared.h). So each walk that ends well leaves
 * there what it learned, where that is sure to hold until the view changes.
 */
#include <string.h>

#include "base/path.h"
#include "guest/shared.h"
#include "view/perm.h"
#include "view/walk.h"

/* A node of the host's, in a view that may answer for it by its number. */
static bool may_be_ours(const struct um_walk *w, const struct um_loc *loc)
{
	struct stat st;

	return um_dev_is_foreign(w->r->list) &&
	       (stat(loc->path, &st) < 0 || S_ISBLK(st.st_mode) ||
		S_ISCHR(st.st_mode));
}

/*
 * Beneath a layer what is made in a directory that is not there must not be
 * taken for the host's: of such a one nothing is remembered.
 */
static bool is_in_dir(const struct um_walk *w, const struct um_loc *loc)
{
	const char *slash = strrchr(loc->path, '/');
	struct stat st;
	char *dir;

	if (!um_list_has_layers(w->r->list) || !slash || slash == loc->path)
		return true;
	dir = um_req_strdup(w->r, loc->path);
	if (!dir)
		return false;
	dir[slash - loc->path] = '\0';
	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
}

void um_walk_remember(const struct um_walk *w, const char *path,
		      const struct um_loc *loc)
{
	struct um_memo_of of = { w->r->attr->view, w->gen, w->from,
				 UM_MEMO_DIR };
	const char *slash = strrchr(path, '/');

	if (!um_loc_is_native(loc) || um_path_is_in_proc(loc->path) ||
	    (path[0] != '/' && !w->from) || strcmp(w->root, "/") != 0)
		return;
	if (slash && is_in_dir(w, loc))
		um_shared_remember(&of, path, (size_t)(slash - path));
	of.kind = UM_MEMO_WHOLE;
	if ((w->flags & UM_FOLLOW) && strcmp(loc->path, "/proc") != 0 &&
	    !um_list_has_phantoms(w->r->list, loc->path) &&
	    !may_be_ours(w, loc))
		um_shared_remember(&of, path, strlen(path));
}

bool um_walk_is_known(const struct um_req *r, const char *path)
{
	const struct um_memo_of of = { .view = r->attr->view,
				       .gen = um_shared_gen(),
				       .kind = UM_MEMO_WHOLE };

	return path[0] == '/' && r->attr->view < UM_NVMAPS - 1 &&
	       strcmp(r->attr->root, "/") == 0 &&
	       um_shared_remembers(&of, path, strlen(path));
}

bool um_mount_may_tell(const struct um_mount *m)
{
	return ((m->fs.quick && m->cache) || m->tell) && !um_fs_gives(m) &&
	       !m->merge && !atomic_load(&m->dead) && !atomic_load(&m->crashed);
}

/* Permissions are asked of the caller: what one may know, another may not. */
static bool may_tell(const struct um_req *r)
{
	return !um_perm_holds_in(r->list) && strcmp(r->attr->root, "/") == 0;
}

void um_tell_start(struct um_req *r, struct um_mount *m, const char *rel,
		   uint64_t from)
{
	const struct um_told name = { .view = r->attr->view,
				      .dir = from,
				      .hash = UM_HASH_SEED,
				      .mount = m->id,
				      .path = rel };
	struct stat st;

	if (!may_tell(r) || !um_mount_may_tell(m) || !um_shared_lacks(&name) ||
	    um_fs_getattr(m, rel, NULL, &st) < 0)
		return;
	um_vnode_tell(m, &name);
}

/* What path[0..n) means, whose last name begins after `at`. False: not told. */
static bool tell_one(struct um_req *r, char *path, size_t at, size_t n,
		     uint64_t *place)
{
	struct um_told name = { .view = r->attr->view, .dir = UM_IN_PLACE };
	const char end = path[n];
	struct um_mount *m;
	struct stat st;
	bool is_there = false;

	name.hash = um_place_of(*place, path + at, n - at);
	path[n] = '\0';
	m = um_list_find(r->list, path, &name.path);
	if (um_mount_may_tell(m)) {
		is_there = um_fs_getattr(m, name.path, NULL, &st) == 0;
		name.mount = m->id;
		*place = um_shared_place(m->id, name.path);
		if (um_shared_lacks(&name))
			um_vnode_tell(m, &name);
	}
	path[n] = end;
	return is_there;
}

/* All names of the canonical path, from path[at] on; that much is `place`. */
static void tell_names(struct um_req *r, char *path, size_t at, uint64_t place)
{
	while (path[at] == '/' && path[at + 1]) {
		size_t n = at + 1 + strcspn(path + at + 1, "/");

		if (!tell_one(r, path, at, n, &place))
			return;
		at = n;
	}
}

/* The first mount on the way to path: how much of it leads there, or 0. */
static size_t find_entry(struct um_req *r, char *path, struct um_mount **m)
{
	const char *rel;

	size_t n = 1;

	for (;;) {
		const char end = path[n];

		path[n] = '\0';
		*m = um_list_find(r->list, path, &rel);
		path[n] = end;
		if (!um_mount_is_real(*m))
			return strcmp(rel, "/") == 0 ? n : 0;
		if (n == 1)
			n = 0;
		if (!path[n] || !path[n + 1])
			return 0;
		n += 1 + strcspn(path + n + 1, "/");
	}
}

/*
 * A name that begins at what is real, and is written as it is canonically: its
 * first part leads to a mount, whatever is beneath that.
 */
static void tell_from_real(const struct um_walk *w, const char *text,
			   char *path)
{
	struct um_told name = { .view = w->r->attr->view, .dir = w->from };
	const char *rest = text[0] == '/' ? path : NULL;
	struct um_mount *m;
	size_t n;

	if (!rest && w->from) {
		rest = um_path_beneath(path, w->start);
		if (rest && *rest == '/')
			rest++;
	}
	if (!rest || strncmp(text, rest, strlen(rest)) != 0)
		return;
	n = find_entry(w->r, path, &m);
	if (!n || path + n < rest || !um_mount_may_tell(m))
		return;
	/* a mount at the root has no name */
	if (n == 1)
		n = 0;
	name.hash = um_hash_text(rest, (size_t)(path + n - rest));
	name.mount = m->id;
	name.path = "/";
	if (um_fs_getattr(m, "/", NULL, &(struct stat){ 0 }) < 0)
		return;
	if (um_shared_lacks(&name))
		um_vnode_tell(m, &name);
	tell_names(w->r, path, n, um_shared_place(m->id, "/"));
}

static void tell_from_start(const struct um_walk *w, char *path)
{
	struct um_mount *m;
	const char *rel;

	if (!w->from)
		return;
	m = um_list_find(w->r->list, w->start, &rel);
	um_tell_start(w->r, m, rel, w->from);
	if (um_path_beneath(path, w->start) && um_mount_may_tell(m))
		tell_names(w->r, path,
			   strcmp(w->start, "/") ? strlen(w->start) : 0,
			   um_shared_place(m->id, rel));
}

void um_walk_tell(const struct um_walk *w, const char *text, const char *to)
{
	char *path = um_req_strdup(w->r, to);

	if (!path || w->links || w->gone || w->anchor || w->covered ||
	    !may_tell(w->r) || um_path_is_in_proc(path))
		return;
	if (w->starts_inside)
		tell_from_start(w, path);
	else
		tell_from_real(w, text, path);
}
