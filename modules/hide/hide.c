// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hide.c - a directory without some of its names
 *
 * The template of a module that transforms what is beneath it: every operation
 * goes to the view beneath (um_next_*) on the source directory, but for paths
 * with a component that matches the pattern. Those do not exist (ENOENT) and
 * cannot be made (EROFS).
 */
#include "hide.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

bool hide_matches(const struct hide *hide, const char *path)
{
	char name[NAME_MAX + 1];

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		if (n < sizeof(name) &&
		    fnmatch(hide->pattern, name, FNM_PERIOD) == 0)
			return true;
		path += n;
	}
	return false;
}

int hide_below(struct um_fs *fs, const char *path, int hidden,
	       char out[PATH_MAX])
{
	const struct hide *hide = fs->priv;
	int n;

	if (!path || hide_matches(hide, path))
		return hidden;
	n = snprintf(out, PATH_MAX, "%s%s", hide->source, path[1] ? path : "");
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void hide_umount(struct um_fs *fs)
{
	struct hide *hide = fs->priv;

	free(hide->source);
	free(hide->pattern);
	free(hide);
}

static struct um_fs_ops ops = { .size = sizeof(ops), .umount = hide_umount };

static int hide_init(const char *args)
{
	(void)args;
	hide_names(&ops);
	hide_attrs(&ops);
	hide_files(&ops);
	return 0;
}

static int hide_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct hide *hide = calloc(1, sizeof(*hide));

	if (strncmp(req->options, "hide=", 5) != 0 || !req->options[5]) {
		um_err("hide: option hide=PATTERN is needed");
		free(hide);
		return -EINVAL;
	}
	fs->priv = hide;
	fs->ops = &ops;
	fs->readonly = req->flags & MS_RDONLY;
	fs->unlink_open = true;
	if (hide) {
		hide->source = strdup(req->source);
		hide->pattern = strdup(req->options + 5);
	}
	if (hide && hide->source && hide->pattern)
		return 0;
	um_err("hide: out of memory");
	if (hide)
		hide_umount(fs);
	return -ENOMEM;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "hide",
	.description = "a directory without the names that match a pattern",
	.options = "hide=PATTERN  names to hide, as fnmatch(3)\n",
	.init = hide_init,
	.mount = hide_mount,
};
