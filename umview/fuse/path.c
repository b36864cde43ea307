// SPDX-License-Identifier: GPL-2.0-or-later
/* path.c - from a path to its node, asking the daemon for what is not known */
#include <limits.h>
#include <string.h>

#include "fuse/node.h"
#include "fuse/perm.h"

/* Nobody wants to know any more, but the daemon has counted it. */
static void late_entry(struct um_fuse *c, uint64_t node, const void *in,
		       const void *out)
{
	const struct fuse_entry_out *e = out;

	(void)node;
	(void)in;
	um_fuse_forget_entry(c, e->nodeid);
}

static int ask(struct um_fuse *c, struct um_fuse_node *dir, const char *name,
	       struct um_fuse_node **out)
{
	struct fuse_entry_out e = { 0 };
	struct um_fuse_call k = { .opcode = FUSE_LOOKUP,
				  .node = dir->id,
				  .in = { UM_FUSE_STR(name) },
				  .nargs = 1,
				  .out = &e,
				  .outmax = sizeof(e),
				  .exact = true,
				  .late = late_entry };
	uint64_t asked = um_fuse_asked(c);
	ssize_t ret = um_fuse_call(c, &k);

	_Static_assert(sizeof(e) <= UM_FUSE_LATE_MAX, "late_entry()");
	if (ret == -ENOENT || (ret >= 0 && !e.nodeid)) {
		um_fuse_set_absent(c, dir, name, &e, asked);
		return -ENOENT;
	}
	if (ret < 0)
		return (int)ret;
	return um_fuse_entry(c, dir, name, &e, asked, out);
}

static int step(struct um_fuse *c, struct um_fuse_node *dir, const char *name,
		struct um_fuse_node **out)
{
	int ret = um_fuse_may(c, dir, UM_FUSE_X);

	if (ret == -EACCES && !S_ISDIR(dir->attr.mode))
		return -ENOTDIR;
	if (ret == 0)
		ret = um_fuse_known_name(c, dir, name, out);
	return ret == -EAGAIN ? ask(c, dir, name, out) : ret;
}

/* The first n bytes of a path. */
static int resolve_prefix(struct um_fuse *c, const char *path, size_t n,
			  struct um_fuse_node **out)
{
	struct um_fuse_node *at;
	const char *end = path + n;
	char name[UM_LONG_NAME + 1];

	/* what is still known of the names is of no use without a daemon */
	if (um_fuse_is_dead(c))
		return -ENOTCONN;
	at = um_fuse_node_get(c, c->root);
	while (path < end) {
		struct um_fuse_node *dir = at;
		size_t len;
		int ret;

		path++;
		len = strcspn(path, "/");
		if (!len)
			break;
		if (len > UM_LONG_NAME) {
			um_fuse_node_put(c, dir);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		ret = step(c, dir, name, &at);
		um_fuse_node_put(c, dir);
		if (ret < 0)
			return ret;
	}
	*out = at;
	return 0;
}

int um_fuse_resolve(struct um_fuse *c, const char *path,
		    struct um_fuse_node **out)
{
	return resolve_prefix(c, path, strlen(path), out);
}

int um_fuse_resolve_parent(struct um_fuse *c, const char *path,
			   struct um_fuse_node **dir, const char **name)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return -EBUSY;
	*name = slash + 1;
	return resolve_prefix(c, path, (size_t)(slash - path), dir);
}
