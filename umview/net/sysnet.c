// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sysnet.c - /sys/class/net and /proc/sys/net of the network stack
 *
 * Who has a stack of the view sees its interfaces and settings there, in a mount
 * of the core's own. All is asked of the stack (um_net_ops.file), each time: a
 * directory is what it has names for, a file what it has a text of. /sys/class/net
 * is wholly the stack's; of /proc/sys/net it has what it answers for, the rest is
 * the host's. What is written goes to the stack (um_net_ops.store).
 */
#include "net/sysnet.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/path.h"
#include "net/stack.h"
#include "view/path.h"

#define TOP	 "/sys/class/net"
#define SETTINGS "/proc/sys/net/"

static struct um_mount *node_mount;

/* The stack of the guest that asks (ref), or NULL. */
static struct um_mount *stack_of_caller(void)
{
	struct um_req *r = um_req_current();
	struct um_mount *m;

	if (!r || !r->list || !r->attr)
		return NULL;
	m = um_stack_of(r, AF_INET);
	if (m && m->fs.net && m->fs.net->ops->file)
		return m;
	um_mount_put(m);
	return NULL;
}

/* What the stack says of a path, which is whole here. */
static ssize_t text_of(const char *path, const char *slash, char **out,
		       unsigned int *stack)
{
	struct um_mount *m = stack_of_caller();
	char name[512];
	ssize_t n = -ENOENT;

	*out = NULL;
	if (!m)
		return -ENOENT;
	if (snprintf(name, sizeof(name), "%s%s", path, slash) <
	    (int)sizeof(name))
		n = UM_STACK_CALL(m, file, -ENOENT, name, out);
	*stack = m->id;
	um_mount_put(m);
	return n;
}

static bool is_setting(const char *path)
{
	UM_FREE char *text = NULL;
	unsigned int stack;

	if (strncmp(path, SETTINGS, sizeof(SETTINGS) - 1) != 0)
		return false;
	if (text_of(path, "", &text, &stack) >= 0)
		return true;
	free(text);
	text = NULL;
	return text_of(path, "/", &text, &stack) >= 0;
}

static struct um_mount *find(const char *path)
{
	struct um_mount *m;

	if (is_setting(path))
		return node_mount;
	if (!um_path_beneath(path, TOP))
		return NULL;
	m = stack_of_caller();
	um_mount_put(m);
	return m ? node_mount : NULL;
}

static struct um_dev_class class = { .find = find };

static int node_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	UM_FREE char *text = NULL;
	unsigned int stack = 0;
	ssize_t n;

	(void)fs;
	(void)fh;
	if (!path)
		return -ENOENT;
	*out = (struct stat){ .st_nlink = 1, .st_blksize = 4096 };
	n = text_of(path, "/", &text, &stack);
	if (n >= 0) {
		out->st_mode = S_IFDIR | 0755;
		out->st_nlink = 2;
	} else {
		n = text_of(path, "", &text, &stack);
		out->st_mode =
			S_IFREG | (um_path_beneath(path, TOP) ? 0444 : 0644);
		out->st_size = um_path_beneath(path, TOP) ? n : 0;
	}
	out->st_ino = um_hash_str(path, stack) | 1;
	return n < 0 ? (int)n : 0;
}

static int node_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			void *arg)
{
	UM_FREE char *text = NULL;
	char *rest, *line;
	unsigned int stack;
	ssize_t n = text_of(path, "/", &text, &stack);
	int ret = 0;

	(void)fs;
	if (n < 0)
		return n == -ENOENT ? -ENOTDIR : (int)n;
	rest = strndup(text ? text : "", (size_t)n);
	free(text);
	text = rest;
	ret = fill(arg, ".", 0, DT_DIR) || fill(arg, "..", 0, DT_DIR);
	while (ret == 0 && rest && (line = strsep(&rest, "\n")))
		if (*line)
			ret = fill(arg, line, 0, DT_UNKNOWN);
	return 0;
}

struct text {
	size_t len;
	char *bytes;
	char *path; /* of what may be written */
};

static void text_free(struct text *t)
{
	if (!t)
		return;
	free(t->bytes);
	free(t->path);
	free(t);
}

static int node_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct text *t = calloc(1, sizeof(*t));
	unsigned int stack;
	ssize_t n = t ? text_of(path, "", &t->bytes, &stack) : -ENOMEM;

	(void)fs;
	if (n >= 0 && (fh->flags & O_ACCMODE) != O_RDONLY) {
		t->path = strdup(path);
		n = um_path_beneath(path, TOP) ? -EACCES
		    : t->path		       ? n
					       : -ENOMEM;
	}
	if (n < 0) {
		text_free(t);
		return (int)n;
	}
	t->len = (size_t)n;
	fh->fh = (uintptr_t)t;
	/* A setting is never what it was when it was written. */
	fh->direct = !um_path_beneath(path, TOP);
	return 0;
}

static ssize_t node_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t size, off_t off)
{
	const struct text *t = (const struct text *)(uintptr_t)fh->fh;
	size_t left = (size_t)off < t->len ? t->len - (size_t)off : 0;

	(void)fs;
	if (size > left)
		size = left;
	if (size)
		memcpy(buf, t->bytes + off, size);
	return (ssize_t)size;
}

static ssize_t node_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t size, off_t off)
{
	const struct text *t = (const struct text *)(uintptr_t)fh->fh;
	struct um_mount *m = stack_of_caller();
	ssize_t n = -EACCES;

	(void)fs;
	if (!m || !t->path)
		n = -EACCES;
	else if (m->fs.net->ops->size > offsetof(struct um_net_ops, store))
		n = UM_STACK_CALL(m, store, -EACCES, t->path, buf, size, off);
	um_mount_put(m);
	return n;
}

/* As of all of /proc/sys: whoever writes replaces. */
static int node_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
			 off_t size)
{
	(void)fs;
	(void)path;
	(void)fh;
	(void)size;
	return 0;
}

static void node_release(struct um_fs *fs, struct um_fh *fh)
{
	(void)fs;
	text_free((struct text *)(uintptr_t)fh->fh);
}

static const struct um_fs_ops node_ops = {
	.size = sizeof(node_ops),
	.getattr = node_getattr,
	.readdir = node_readdir,
	.open = node_open,
	.read = node_read,
	.write = node_write,
	.truncate = node_truncate,
	.release = node_release,
};

int um_sysnet_setup(void)
{
	node_mount = um_mount_new_devices("sysnet", &node_ops);
	if (!node_mount)
		return -ENOMEM;
	node_mount->fs.remote = true;
	um_dev_add(&class);
	return 0;
}
