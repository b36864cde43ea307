// SPDX-License-Identifier: GPL-2.0-or-later
/* place.c - where a name is found: in the store, or in a lower directory */
#include "viewfs.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

void viewfs_shut(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int viewfs_join(char out[PATH_MAX], const char *dir, const char *rel)
{
	int n = snprintf(out, PATH_MAX, "%s%s", strcmp(dir, "/") ? dir : "",
			 strcmp(rel, "/") ? rel : "");

	if (n == 0)
		memcpy(out, "/", 2);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

void viewfs_parent(char out[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = (size_t)(slash - path);

	memcpy(out, path, n);
	memcpy(out + n, n ? "" : "/", n ? 1 : 2);
}

const char *viewfs_last(const char *path)
{
	return strrchr(path, '/') + 1;
}

const char *viewfs_beneath(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		n = 0;
	if (strncmp(path, dir, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n : "/";
}

static bool matches_some(const char *pattern, const char *path)
{
	char name[NAME_MAX + 1];

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		if (n < sizeof(name) && fnmatch(pattern, name, FNM_PERIOD) == 0)
			return true;
		path += n;
	}
	return false;
}

/* A pattern with a slash is of the whole name; without one, of any part. */
bool viewfs_hides(const struct viewfs *v, const char *path)
{
	if (!v->hide)
		return false;
	if (v->hide[0] != '/')
		return matches_some(v->hide, path);
	return fnmatch(v->hide, path,
		       FNM_PERIOD | FNM_PATHNAME | FNM_LEADING_DIR) == 0;
}

bool viewfs_is_whiteout(const char *path, const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return st->st_rdev == makedev(0, 0);
	return S_ISREG(st->st_mode) && st->st_size == 0 &&
	       (lgetxattr(path, "user.overlay.whiteout", NULL, 0) >= 0 ||
		lgetxattr(path, "trusted.overlay.whiteout", NULL, 0) >= 0);
}

bool viewfs_is_opaque(const char *path)
{
	char text[2];

	return (lgetxattr(path, "user.overlay.opaque", text, 1) == 1 ||
		lgetxattr(path, "trusted.overlay.opaque", text, 1) == 1) &&
	       text[0] == 'y';
}

/*
 * Does this lower directory shut out those below it at some part of the name?
 * With one of them there is nobody below to ask for.
 */
static bool shuts_out(const char *dir, const char *path)
{
	char part[PATH_MAX];
	char at[PATH_MAX];
	struct stat st;

	for (size_t n = 1; path[n]; n++) {
		n += strcspn(path + n, "/");
		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		if (viewfs_join(at, dir, part) < 0 || lstat(at, &st) < 0)
			return false;
		if (!S_ISDIR(st.st_mode) || viewfs_is_opaque(at))
			return true;
		if (!path[n])
			break;
	}
	return false;
}

int viewfs_find_lower(struct viewfs *v, const char *path, char out[PATH_MAX],
		      struct stat *st)
{
	bool layers = v->nlower > 1 && strcmp(path, "/") != 0;
	char name[PATH_MAX];
	int ret = viewfs_lower_name(v, path, name);

	if (ret < 0)
		return ret;
	ret = -ENOENT;

	for (size_t i = 0; i < v->nlower; i++) {
		ret = viewfs_join(out, v->lower[i], name);
		if (ret == 0)
			ret = (int)SYS(lstat(out, st));
		if (ret == 0 && layers && viewfs_is_whiteout(out, st))
			return -ENOENT;
		if (ret != -ENOENT && ret != -ENOTDIR)
			return ret;
		if (layers && shuts_out(v->lower[i], name))
			break;
	}
	return ret;
}

bool viewfs_sees_lower(struct viewfs *v, const char *path)
{
	char at[PATH_MAX];
	struct stat st;
	bool lower = true;

	if (v->store)
		viewfs_names_find(&v->names, path, &lower);
	return lower && viewfs_find_lower(v, path, at, &st) == 0;
}

/* What the kernel's overlay says of links to a directory that is of several. */
static void mend_dir(struct viewfs_place *p)
{
	if (S_ISDIR(p->st.st_mode) && p->kind == KIND_DIR)
		p->st.st_nlink = 1;
}

static int find_in_store(struct viewfs *v, const char *path,
			 struct viewfs_place *out)
{
	int ret = viewfs_join(out->path, v->store, path);

	if (ret == 0)
		ret = (int)SYS(lstat(out->path, &out->st));
	out->in_store = true;
	if (ret == 0) {
		viewfs_dress_st(v, &out->st);
		mend_dir(out);
	}
	return ret;
}

/* The root is that of the first lower directory, whatever the store's is. */
static int find_root(struct viewfs *v, struct viewfs_place *out)
{
	struct viewfs_mark m;
	struct stat st;
	int ret = viewfs_find_lower(v, "/", out->path, &out->st);

	if (ret < 0)
		return ret;
	mend_dir(out);
	if (v->store && lstat(v->store, &st) == 0 &&
	    viewfs_mark_get(v, &st, &m)) {
		if (m.set & MARK_MODE)
			out->st.st_mode = S_IFDIR | (m.mode & 07777);
		if (m.set & MARK_UID)
			out->st.st_uid = m.uid;
		if (m.set & MARK_GID)
			out->st.st_gid = m.gid;
	}
	return 0;
}

/*
 * What the host does not let this user look at is not there for who is root in
 * the view alone, nor where the store has the directory already: a name may be
 * made there.
 */
static int find_kept_secret(struct viewfs *v, const char *path)
{
	char dir[PATH_MAX];
	bool lower;

	if (!v->store || v->mode == VIEWFS_MERGE)
		return -EACCES;
	viewfs_parent(dir, path);
	if (um_caller()->uid == 0 ||
	    viewfs_names_find(&v->names, dir, &lower) == KIND_DIR)
		return -ENOENT;
	return -EACCES;
}

static int find(struct viewfs *v, const char *path, struct viewfs_place *out)
{
	int ret;

	out->kind = KIND_NONE;
	out->in_store = false;
	out->lower = true;
	if (v->mode == VIEWFS_GONE || viewfs_hides(v, path))
		return -ENOENT;
	if (v->store)
		out->kind = viewfs_names_find(&v->names, path, &out->lower);
	if (!strcmp(path, "/") && v->nlower)
		return find_root(v, out);
	switch (out->kind) {
	case KIND_FILE:
	case KIND_OPAQUE:
	case KIND_DIR:
		return find_in_store(v, path, out);
	case KIND_GONE:
		return -ENOENT;
	case KIND_NONE:
		break;
	}
	if (!out->lower)
		return -ENOENT;
	ret = viewfs_find_lower(v, path, out->path, &out->st);
	return ret == -EACCES ? find_kept_secret(v, path) : ret;
}

int viewfs_find(struct viewfs *v, const char *path, struct viewfs_place *out)
{
	int ret = find(v, path, out);

	if (ret == 0 && v->wok && !S_ISLNK(out->st.st_mode))
		out->st.st_mode |= 0222;
	return ret;
}

bool viewfs_hides_below(const struct viewfs *v, const char *path)
{
	return v->hide && v->hide[0] == '/' && viewfs_beneath(v->hide, path);
}

/* In place: is the name hidden, or does it list one that is? */
static bool covers_hidden(const struct viewfs *v, const char *path, int how)
{
	char dir[PATH_MAX];

	if (viewfs_hides(v, path))
		return true;
	/* by a change what is hidden might come to light elsewhere */
	if (how != UM_COVERS_READ)
		return how == UM_COVERS_CHANGE;
	viewfs_parent(dir, v->hide);
	return !strcmp(path, dir);
}

/* Over the whole tree: what is written there is said to the kernel. */
static bool is_of_kernel(const struct viewfs *v, const char *path)
{
	return !v->point[1] &&
	       (viewfs_beneath(path, "/proc") || viewfs_beneath(path, "/sys") ||
		viewfs_beneath(path, "/dev"));
}

bool viewfs_covers(struct um_fs *fs, const char *path, int how)
{
	struct viewfs *v = fs->priv;
	enum viewfs_kind kind;
	bool lower;

	if (!v->layer)
		return true;
	if (is_of_kernel(v, path))
		return false;
	if (!v->store)
		return covers_hidden(v, path, how);
	if (v->hide && viewfs_hides(v, path))
		return true;
	if (how == UM_COVERS_CHANGE && v->mode != VIEWFS_MERGE)
		return true;
	kind = viewfs_names_find(&v->names, path, &lower);
	if (kind == KIND_NONE)
		return !lower || viewfs_is_redirected(v, path) ||
		       (v->hide && covers_hidden(v, path, how));
	return kind != KIND_DIR || how != UM_COVERS_PASS || !lower ||
	       viewfs_is_redirected(v, path);
}

int viewfs_where(struct um_fs *fs, const char *path, char *out, size_t size)
{
	struct viewfs_place p;
	int ret = viewfs_find(fs->priv, path, &p);

	if (ret < 0)
		return ret;
	return snprintf(out, size, "%s", p.path) < (int)size ? 0
							     : -ENAMETOOLONG;
}

#define DELETED " (deleted)"

/* What /proc calls a file without a name keeps its end. */
static bool is_deleted(const char *path)
{
	size_t n = strlen(path);
	size_t end = strlen(DELETED);

	return n > end && !strcmp(path + n - end, DELETED);
}

static const char *name_in_lower(struct viewfs *v, const char *below)
{
	const char *rel = NULL;

	for (size_t i = 0; !rel && !v->in_place && i < v->nlower; i++)
		rel = viewfs_beneath(below, v->lower[i]);
	if (!rel)
		return NULL;
	return is_deleted(rel)		    ? (viewfs_gave_any(v) ? rel : NULL)
	       : viewfs_was_given(v, below) ? rel
					    : NULL;
}

int viewfs_name_of(struct um_fs *fs, const char *below, char *out, size_t size)
{
	struct viewfs *v = fs->priv;
	const char *rel = v->store ? viewfs_beneath(below, v->store) : NULL;
	bool lower;

	if (rel && !is_deleted(rel) &&
	    viewfs_names_find(&v->names, rel, &lower) == KIND_NONE)
		rel = NULL;
	if (!rel)
		rel = name_in_lower(v, below);
	if (!rel)
		return -ENOENT;
	return snprintf(out, size, "%s", rel) < (int)size ? 0 : -ENOENT;
}

int viewfs_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		   struct stat *out)
{
	struct viewfs_place p;
	int ret = path ? viewfs_find(fs->priv, path, &p) : -ENOENT;

	(void)fh;
	if (ret == 0)
		*out = p.st;
	return ret;
}

ssize_t viewfs_readlink(struct um_fs *fs, const char *path, char *buf,
			size_t size)
{
	struct viewfs_place p;
	int ret = viewfs_find(fs->priv, path, &p);

	return ret < 0 ? ret : SYS(readlink(p.path, buf, size));
}

int viewfs_statfs(struct um_fs *fs, struct statfs *out)
{
	struct viewfs *v = fs->priv;

	if (v->store && v->mode != VIEWFS_MERGE)
		return (int)SYS(statfs(v->store, out));
	return v->nlower ? (int)SYS(statfs(v->lower[0], out)) : -ENOENT;
}

/* Without a store of its own it is the host's to say; with one, who asks may. */
int viewfs_access(struct um_fs *fs, const char *path, int mask)
{
	struct viewfs *v = fs->priv;
	struct viewfs_place p;
	int ret;

	if (v->wok || (v->store && v->mode != VIEWFS_MERGE))
		return -ENOSYS;
	ret = viewfs_find(v, path, &p);
	if (ret < 0)
		return ret;
	if (p.in_store && (mask & W_OK))
		return -EROFS;
	return (int)SYS(faccessat(AT_FDCWD, p.path, mask,
				  AT_EACCESS | AT_SYMLINK_NOFOLLOW));
}
