// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * keep.c - a tree that a mount shows elsewhere stays when it is unmounted
 *
 * A bind goes by names in the view beneath it. That list never changes, but a
 * file system that has ended is passed by in it: the bind would show, and write
 * to, what lay beneath. So whoever shows a tree keeps the mounts that its name
 * leads through, and those in it. One that is kept is unmounted as by the
 * kernel: the view has it no more, and it ends with the last that keeps it.
 */
#include <stdlib.h>

#include "base/path.h"
#include "guest/self.h"
#include "view/path.h"

struct um_next_kept {
	size_t n;
	struct um_mount *mounts[];
};

/* One is in the other: the tree at one name needs the mount at the other. */
static bool concerns(const char *a, const char *b)
{
	return um_path_beneath(a, b) || um_path_beneath(b, a);
}

int um_next_keep(struct um_next *next, const char *path,
		 struct um_next_kept **out)
{
	const struct um_list *l = (const struct um_list *)next;
	struct um_next_kept *k =
		calloc(1, sizeof(*k) + l->nmounts * sizeof(struct um_mount *));
	UM_FREE char *at = NULL;
	int ret = um_next_canonical(next, path, &at);

	if (!k)
		ret = -ENOMEM;
	for (size_t i = 0; ret == 0 && i < l->nmounts; i++)
		if (concerns(at, um_list_point(l, i)) &&
		    um_mount_keep(l->mounts[i]))
			k->mounts[k->n++] = um_mount_get(l->mounts[i]);
	if (ret < 0)
		free(um_steal(k));
	*out = k;
	return ret;
}

void um_next_unkeep(struct um_next_kept *k)
{
	UM_CORE_CODE;

	for (size_t i = 0; k && i < k->n; i++) {
		um_mount_unkeep(k->mounts[i]);
		um_mount_put(k->mounts[i]);
	}
	free(k);
}
