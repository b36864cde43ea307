// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * viewfs.c - trees of the view at other places, over one another, or without
 * some of their names
 *
 * A mount begins here: its options are read (opts.c), its store is taken and
 * looked through (scan.c). What a name means is found in place.c; what is
 * changed goes to the store by copyup.c, make.c, change.c, move.c and attr.c.
 *
 * Lock: `change`, by whoever changes something. Looks take none but those of
 * names.c and mark.c.
 */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void viewfs_umount(struct um_fs *fs)
{
	struct viewfs *v = fs->priv;

	viewfs_names_fini(&v->names);
	viewfs_redirects_fini(&v->redirects);
	viewfs_moves_fini(&v->moves);
	viewfs_marks_fini(&v->marks);
	viewfs_marks_fini(&v->given);
	viewfs_marks_fini(&v->made);
	if (v->store_fd >= 0)
		close(v->store_fd);
	for (size_t i = 0; i < v->nlower; i++) {
		if (v->kept)
			um_next_unkeep(v->kept[i]);
		free(v->lower[i]);
	}
	free(v->kept);
	free(v->lower);
	free(v->store);
	free(v->point);
	free(v->hide);
	pthread_mutex_destroy(&v->change);
	free(v);
}

/* Whether `covers` is there says if names are left to what lies beneath. */
#define OPERATIONS                                                             \
	.size = sizeof(struct um_fs_ops), .getattr = viewfs_getattr,           \
	.readlink = viewfs_readlink, .readdir = viewfs_readdir,                \
	.mknod = viewfs_mknod, .mkdir = viewfs_mkdir, .unlink = viewfs_unlink, \
	.rmdir = viewfs_rmdir, .symlink = viewfs_symlink,                      \
	.rename = viewfs_rename, .link = viewfs_link, .chmod = viewfs_chmod,   \
	.chown = viewfs_chown, .utimens = viewfs_utimens,                      \
	.truncate = viewfs_truncate, .statfs = viewfs_statfs,                  \
	.setxattr = viewfs_setxattr, .getxattr = viewfs_getxattr,              \
	.listxattr = viewfs_listxattr, .removexattr = viewfs_removexattr,      \
	.syncfs = viewfs_syncfs, .umount = viewfs_umount,                      \
	.access = viewfs_access, .give = viewfs_give, .where = viewfs_where,   \
	.name_of = viewfs_name_of, .dress = viewfs_dress

static const struct um_fs_ops viewfs_ops = { OPERATIONS };
static const struct um_fs_ops layer_ops = { OPERATIONS, .covers = viewfs_covers,
					    .moved = viewfs_moved };

static int must_be_dir(const char *path)
{
	struct stat st;
	int ret = stat(path, &st) < 0 ? -errno : 0;

	if (ret == 0 && !S_ISDIR(st.st_mode))
		ret = -ENOTDIR;
	if (ret < 0)
		um_err("viewfs: %s: %s", path, strerror(-ret));
	return ret;
}

/* One mount alone may write to a store. */
static int take_store(struct viewfs *v)
{
	char meta[PATH_MAX];
	int ret = viewfs_join(meta, v->store, META);
	bool fresh;

	if (ret < 0 || v->mode == VIEWFS_MERGE || v->readonly)
		return ret;
	fresh = mkdir(meta, 0700) == 0;
	if (!fresh && errno != EEXIST) {
		ret = -errno;
		um_err("viewfs: the changes cannot be kept in %s: %s", v->store,
		       strerror(errno));
		return ret;
	}
	v->store_fd = open(meta, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v->store_fd < 0)
		return -errno;
	if (flock(v->store_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		um_err("viewfs: %s is in use by another mount", v->store);
		return -EBUSY;
	}
	ret = viewfs_probe(v);
	if (ret < 0 && fresh)
		rmdir(meta);
	if (ret == 0)
		viewfs_probe_xattrs(v, meta);
	return ret;
}

/* A name that is hidden, and the directory that would list it. */
static void tell_hidden(const struct viewfs *v)
{
	char path[PATH_MAX];
	char name[PATH_MAX];

	snprintf(path, sizeof(path), "%s", v->hide);
	while (path[0] == '/' && path[1]) {
		um_fs_cover_name(viewfs_last(path), true);
		viewfs_parent(name, path);
		um_fs_cover_name(strcmp(name, "/") ? viewfs_last(name)
						   : viewfs_last(v->point),
				 false);
		break;
	}
}

static int start(struct viewfs *v)
{
	int ret = 0;

	if (v->mode == VIEWFS_GONE)
		return 0;
	/* a bind may be of a file; an overlay's layers are directories */
	for (size_t i = 0; ret == 0 && i < v->nlower; i++)
		if (v->store || v->nlower > 1 || v->hide)
			ret = must_be_dir(v->lower[i]);
		else if (access(v->lower[i], F_OK) < 0)
			ret = -errno;
	if (ret < 0 || !v->store)
		return ret;
	ret = must_be_dir(v->store);
	if (ret == 0 && v->in_place && !strcmp(v->store, v->point)) {
		um_err("viewfs: %s cannot be laid over itself", v->store);
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = take_store(v);
	return ret < 0 ? ret : viewfs_scan(v);
}

/* What is shown in its own place goes when it is unmounted there. */
static int keep_lowers(struct viewfs *v, struct um_next *next)
{
	int ret = 0;

	if (v->in_place || !v->nlower)
		return 0;
	v->kept = calloc(v->nlower, sizeof(*v->kept));
	if (!v->kept)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < v->nlower; i++)
		ret = um_next_keep(next, v->lower[i], &v->kept[i]);
	return ret;
}

struct starting {
	struct viewfs *v;
	struct um_next *next;
	int ret;
};

static void *start_beneath(void *arg)
{
	struct starting *s = arg;

	um_next_set_current(s->next);
	s->ret = start(s->v);
	um_next_set_current(NULL);
	return NULL;
}

/* In a thread of its own: there the view beneath answers what libc is asked. */
static int start_there(struct viewfs *v, struct um_next *next)
{
	struct starting s = { v, next, 0 };
	pthread_t thread;
	int ret = -pthread_create(&thread, NULL, start_beneath, &s);

	if (ret < 0)
		return ret;
	pthread_join(thread, NULL);
	return s.ret;
}

static struct viewfs *viewfs_new(const char *point)
{
	struct viewfs *v = calloc(1, sizeof(*v));
	pthread_mutexattr_t again;

	if (!v)
		return NULL;
	v->store_fd = -1;
	viewfs_redirects_init(&v->redirects);
	viewfs_moves_init(&v->moves);
	pthread_mutexattr_init(&again);
	pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&v->change, &again);
	pthread_mutexattr_destroy(&again);
	v->point = strdup(point);
	return v;
}

static int viewfs_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct viewfs *v = viewfs_new(req->target);
	int ret;

	if (!v)
		return -ENOMEM;
	fs->priv = v;
	ret = v->point ? viewfs_names_init(&v->names) : -ENOMEM;
	if (ret == 0)
		ret = viewfs_marks_init(&v->marks);
	if (ret == 0)
		ret = viewfs_marks_init(&v->given);
	if (ret == 0)
		ret = viewfs_marks_init(&v->made);
	if (ret == 0)
		ret = viewfs_options(v, req);
	if (ret == 0)
		ret = start_there(v, fs->next);
	if (ret == 0)
		ret = keep_lowers(v, fs->next);
	if (ret < 0) {
		um_err("viewfs: cannot mount `%s': %s", req->source,
		       strerror(-ret));
		viewfs_umount(fs);
		return ret;
	}
	if (v->hide && v->layer)
		tell_hidden(v);
	fs->ops = v->layer ? &layer_ops : &viewfs_ops;
	fs->readonly = v->readonly;
	fs->unlink_open = true;
	return 0;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "viewfs",
	.description = "trees of the view elsewhere, over one another, or with "
		       "names hidden",
	.options =
		"bind           show the source, and nothing else (also: move)\n"
		"merge          the source over what is there; new names go "
		"beneath\n"
		"cow            the same; all changes go to the source\n"
		"mincow         cow, where what is there may not be changed\n"
		"worm           cow, but what is there stays as it is\n"
		"hide=PATTERN   names not to show; with a slash: of the whole "
		"name\n"
		"lowerdir=A:B   directories to show, the first topmost\n"
		"upperdir=DIR   where their changes go; without it: read-only\n"
		"vstat          owners and devices are remembered (always, in "
		"cow)\n"
		"wok            everything is shown as writable\n"
		"except=PATH    stays as it was (repeatable)\n"
		"renew          an earlier mount of this source covers what was "
		"mounted since\n"
		"permanent      cannot be unmounted\n"
		"debug          (umview --log-level trace tells more)\n",
	.mount = viewfs_mount,
};
