// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * publish.c - what a daemon said of names and attributes, for the agents
 *
 * What the kernel would answer from its cache they answer too, for as long as
 * the daemon allowed (guest/shared.h). All of it is taken from the dentries and
 * nodes, under their lock, and marked there: where one of these is changed,
 * expired or dropped, node.c takes back what was told of it. So guests never
 * know more than the monitor does, nor longer.
 */
#include <limits.h>
#include <string.h>

#include "fuse/mount.h"
#include "fuse/node.h"
#include "guest/shared.h"

/* May everybody search it? How long that is sure. */
static bool is_open_to_all(const struct um_fuse *c, struct um_fuse_node *n,
			   uint64_t *until)
{
	if (!c->check_modes)
		return true;
	if ((c->flags & FUSE_POSIX_ACL) || !n->attr_until ||
	    (n->attr.mode & 0111) != 0111)
		return false;
	if (n->attr_until < *until)
		*until = n->attr_until;
	n->told = true;
	return true;
}

/*
 * The dentry of a path, and how long the way there is sure. The root has none:
 * *d is NULL then, and if the path is not known false is returned.
 */
static bool find_path_locked(struct um_fuse *c, const char *path,
			     struct um_fuse_dentry **d, uint64_t *until)
{
	struct um_fuse_node *at = c->root;
	char name[UM_LONG_NAME + 1];

	*d = NULL;
	*until = UINT64_MAX;
	while (*path == '/' && path[1]) {
		size_t n = strcspn(++path, "/");

		if (!at || n > UM_LONG_NAME || !is_open_to_all(c, at, until))
			return false;
		memcpy(name, path, n);
		name[n] = '\0';
		*d = um_fuse_find_name(c, at, name);
		if (!*d || um_fuse_now() >= (*d)->until)
			return false;
		at = (*d)->node;
		path += n;
	}
	return true;
}

static void publish_locked(struct um_fuse *c, const struct um_told *name,
			   dev_t dev)
{
	struct um_told told = *name;
	struct um_fuse_dentry *d;
	struct um_fuse_node *n;
	struct stat st;

	if (c->state != UM_FUSE_READY ||
	    !find_path_locked(c, name->path, &d, &told.until))
		return;
	n = d ? d->node : c->root;
	if (n && (!n->ino || um_fuse_now() >= n->attr_until))
		return;
	if (d && d->until < told.until)
		told.until = d->until;
	if (n) {
		um_fuse_fill_stat(n, &n->attr, &st);
		st.st_dev = dev;
		told.node_until = n->attr_until;
		n->told = true;
	}
	if (d) {
		d->told = true;
		d->bucket = um_shared_bucket(name->mount, name->path);
	}
	um_shared_tell(&told, n ? &st : NULL);
}

void um_fuse_publish(struct um_mount *m, const struct um_told *name)
{
	struct um_fuse *c = um_fuse_of_mount(m);

	um_fuse_lock(c);
	publish_locked(c, name, m->dev);
	um_fuse_unlock(c);
}
