// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mounter.c - mount -t of what a program of the view serves
 *
 * mount(8) runs a program /sbin/mount.TYPE where there is one. In a view there
 * is one for each type of view/mounters.def, and for fuse.PROGRAM: a symbolic
 * link of the core's own to umview-mounter, a guest like any other. So the
 * file system's program has the terminal, the signals and the directory of
 * the one who asked, and its messages and exit status go there.
 *
 * What the core takes for itself of the options must be known when the program
 * mounts, and the program does not know them. They lie in the attribute set of
 * umview-mounter, and are inherited by what it starts (um_mounter_begin()).
 */
#include "sys/mounter.h"

#include <string.h>
#include <sys/mount.h>

#include "guest/shared.h"
#include "view/mountopts.h"
#include "view/perm.h"

#define MAX_TEXT 4096

static struct um_mount *node_mount;
static const char *mounter;

bool um_mounter_serves(const char *type)
{
	static const char *const types[] = {
#define UM_MOUNTER(type, program, package, words, options) type,
#define UM_MOUNTER_ALIAS(alias, type)
#include "view/mounters.def"
#undef UM_MOUNTER
#undef UM_MOUNTER_ALIAS
	};

	for (size_t i = 0; i < UM_ARRAY_SIZE(types); i++)
		if (!strcmp(types[i], type))
			/* somebody's own module comes first */
			return !um_service_exists(type);
	return false;
}

const char *um_mounter_of(const char *program)
{
	static const char *const types[][2] = {
#define UM_MOUNTER(type, program, package, words, options) { program, type },
#define UM_MOUNTER_ALIAS(alias, type)
#include "view/mounters.def"
#undef UM_MOUNTER
#undef UM_MOUNTER_ALIAS
	};

	for (size_t i = 0; i < UM_ARRAY_SIZE(types); i++)
		if (!strcmp(types[i][0], program))
			return types[i][1];
	return NULL;
}

/* The type in /sbin/mount.TYPE, or NULL. */
static const char *type_in(const char *path)
{
	static const char *const heads[] = { "/usr/sbin/mount.",
					     "/sbin/mount." };

	for (size_t i = 0; i < UM_ARRAY_SIZE(heads); i++) {
		size_t n = strlen(heads[i]);

		if (!strncmp(path, heads[i], n) && path[n])
			return path + n;
	}
	return NULL;
}

static struct um_mount *find(const char *path)
{
	const struct um_req *r = um_req_current();
	const char *type = type_in(path);

	if (!type || !r || !r->list)
		return NULL;
	if (!strncmp(type, "fuse.", 5) && type[5])
		return node_mount;
	return um_mounter_serves(um_list_alias(r->list, type)) ? node_mount
							       : NULL;
}

/* They are not shown: nobody looks for them but by name. */
static int node_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	(void)fs;
	(void)fh;
	if (!path || !type_in(path))
		return -ENOENT;
	*out = (struct stat){ .st_ino = 1,
			      .st_mode = S_IFLNK | 0777,
			      .st_nlink = 1,
			      .st_size = (off_t)strlen(mounter),
			      .st_blksize = 4096 };
	return 0;
}

static ssize_t node_readlink(struct um_fs *fs, const char *path, char *buf,
			     size_t size)
{
	size_t n = strnlen(mounter, size);

	(void)fs;
	(void)path;
	memcpy(buf, mounter, n);
	return (ssize_t)n;
}

static const struct um_fs_ops node_ops = {
	.size = sizeof(node_ops),
	.getattr = node_getattr,
	.readlink = node_readlink,
};

static struct um_dev_class class = { .find = find };

int um_mounter_setup(const char *program)
{
	mounter = program;
	node_mount = um_mount_new_devices("mounters", &node_ops);
	if (!node_mount)
		return -ENOMEM;
	um_dev_add(&class);
	return 0;
}

/* mount(8) looks like root; what it starts for the user is the user. */
static int enter(struct um_req *r, char *options, unsigned long flags)
{
	struct um_attr want = *r->attr;
	const struct um_attr *attr;

	want.mount_options = options;
	want.mount_flags = flags;
	/* what it starts is there for the file system */
	want.helper = true;
	if (!um_perm_is_secure())
		memset(&want.ids, 0, sizeof(want.ids));
	attr = um_attr_intern(&want);
	return attr ? um_req_set_attr(r, attr) : -ENOMEM;
}

long um_mounter_begin(struct um_req *r)
{
	struct um_mount m = { .flags = r->arg[2] & UM_MS_KEPT,
			      .relayed = true };
	const char *text;
	char *options;
	size_t n;
	int ret = um_copy_in_str(r, um_uptr_of(r->arg[1]), MAX_TEXT, &options);

	if (ret < 0)
		return ret;
	ret = um_mountopts_take(&m, options);
	text = um_req_printf(
		r, "%s%s%s", m.flags & MS_RDONLY ? "ro" : "",
		m.flags & MS_RDONLY && m.options && *m.options ? "," : "",
		m.options ? m.options : "");
	um_mountopts_drop(&m);
	if (ret < 0 || !text)
		return ret < 0 ? ret : -ENOMEM;
	n = strlen(text) + 1;
	if (n > r->arg[4])
		return -ERANGE;
	ret = um_copy_out(r, um_uptr_of(r->arg[3]), text, n);
	if (ret == 0)
		ret = enter(r, options, m.flags);
	return ret < 0 ? ret : (long)n;
}
