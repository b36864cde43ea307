// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * redirect.c - directories of the store that the kernel's overlayfs moved
 *
 * With redirect_dir=on overlayfs moves a directory by a note in its place in the
 * store: where the lower directories have it. That is another place than the
 * store's for all below it, too, and also for what was moved again there. The
 * notes are found when the store is looked through; viewfs makes none.
 *
 * There are few, if any: they are kept in a list, the newest first, and so each
 * before those that it lies below.
 */
#include "viewfs.h"

#include <stdio.h>
#include <sys/xattr.h>

/* @path: in the mount; @to: where the lower directories have it. */
struct viewfs_redirect {
	struct viewfs_redirect *next;
	char *path;
	char *to;
};

static void redirect_free(struct viewfs_redirect *r)
{
	free(r->path);
	free(r->to);
	free(r);
}

void viewfs_redirects_init(struct viewfs_redirects *all)
{
	pthread_rwlock_init(&all->lock, NULL);
	all->first = NULL;
}

void viewfs_redirects_fini(struct viewfs_redirects *all)
{
	while (all->first) {
		struct viewfs_redirect *r = all->first;

		all->first = r->next;
		redirect_free(r);
	}
	pthread_rwlock_destroy(&all->lock);
}

static const struct viewfs_redirect *find(const struct viewfs_redirects *all,
					  const char *path)
{
	const struct viewfs_redirect *r = all->first;

	while (r && !viewfs_beneath(path, r->path))
		r = r->next;
	return r;
}

int viewfs_lower_name(struct viewfs *v, const char *path, char out[PATH_MAX])
{
	const struct viewfs_redirect *r;
	int ret = 0;

	pthread_rwlock_rdlock(&v->redirects.lock);
	r = find(&v->redirects, path);
	if (r)
		ret = viewfs_join(out, r->to, viewfs_beneath(path, r->path));
	else
		snprintf(out, PATH_MAX, "%s", path);
	pthread_rwlock_unlock(&v->redirects.lock);
	return ret;
}

bool viewfs_is_redirected(struct viewfs *v, const char *path)
{
	bool is;

	pthread_rwlock_rdlock(&v->redirects.lock);
	is = find(&v->redirects, path) != NULL;
	pthread_rwlock_unlock(&v->redirects.lock);
	return is;
}

int viewfs_lower_path(struct viewfs *v, size_t i, const char *path,
		      char out[PATH_MAX])
{
	char name[PATH_MAX];
	int ret = viewfs_lower_name(v, path, name);

	return ret < 0 ? ret : viewfs_join(out, v->lower[i], name);
}

static int add(struct viewfs *v, const char *path, const char *to)
{
	struct viewfs_redirect *r = calloc(1, sizeof(*r));

	if (r) {
		r->path = strdup(path);
		r->to = strdup(to);
	}
	if (!r || !r->path || !r->to) {
		if (r)
			redirect_free(r);
		return -ENOMEM;
	}
	pthread_rwlock_wrlock(&v->redirects.lock);
	r->next = v->redirects.first;
	v->redirects.first = r;
	pthread_rwlock_unlock(&v->redirects.lock);
	/* nothing below means what it meant before the mount */
	um_fs_cover_name(viewfs_last(path), true);
	return 0;
}

static ssize_t read_note(const char *real, char *text, size_t size)
{
	ssize_t n = lgetxattr(real, "user.overlay.redirect", text, size);

	return n > 0 ? n
		     : lgetxattr(real, "trusted.overlay.redirect", text, size);
}

/* "/a/b" is from the root; a single name lies where the directory lay. */
static int target(struct viewfs *v, const char *path, const char *text,
		  char out[PATH_MAX])
{
	char dir[PATH_MAX];
	char beside[PATH_MAX];
	int n;
	int ret;

	if (text[0] == '/')
		return viewfs_join(out, text, "/");
	viewfs_parent(dir, path);
	ret = viewfs_lower_name(v, dir, beside);
	if (ret < 0 || strchr(text, '/'))
		return ret < 0 ? ret : -EINVAL;
	n = snprintf(out, PATH_MAX, "%s/%s", beside[1] ? beside : "", text);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int viewfs_redirect_load(struct viewfs *v, const char *path, const char *real)
{
	char text[PATH_MAX];
	char to[PATH_MAX];
	ssize_t n = read_note(real, text, sizeof(text) - 1);
	int ret;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	ret = target(v, path, text, to);
	if (ret == -ENOMEM)
		return ret;
	if (ret < 0 || strstr(to, "/../")) {
		um_warn("viewfs: %s: `%s' says nothing of where it was moved "
			"from, and is left out",
			real, text);
		return 0;
	}
	return add(v, path, to);
}

void viewfs_redirect_drop(struct viewfs *v, const char *path)
{
	struct viewfs_redirect **at = &v->redirects.first;

	pthread_rwlock_wrlock(&v->redirects.lock);
	while (*at) {
		struct viewfs_redirect *r = *at;

		if (viewfs_beneath(r->path, path)) {
			*at = r->next;
			redirect_free(r);
		} else {
			at = &r->next;
		}
	}
	pthread_rwlock_unlock(&v->redirects.lock);
}
