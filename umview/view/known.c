// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * known.c - what a walk has found, for the agents
 *
 * An agent that knows what a name leads to makes the call itself, or answers
 * it, without the monitor (guest/shared.h). So each walk that ends well leaves
 * there what it learned, where that is sure to hold until the view changes.
 */
#include <string.h>

#include "guest/shared.h"
#include "view/walk.h"

void um_walk_remember(const struct um_walk *w, const char *path,
		      const struct um_loc *loc)
{
	struct um_memo_of of = { w->r->attr->view, w->gen, w->from,
				 UM_MEMO_DIR };
	const char *slash = strrchr(path, '/');

	if (!um_loc_is_native(loc) || um_path_is_in_proc(loc->path) ||
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
	return m->fs.quick && m->cache && !um_fs_gives(m) && !m->merge &&
	       !m->nexcept && !atomic_load(&m->dead) &&
	       !atomic_load(&m->crashed);
}

void um_walk_tell(const struct um_walk *w, const char *path,
		  const struct um_loc *loc)
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
