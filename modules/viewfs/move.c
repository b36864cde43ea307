// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * move.c - rename
 *
 * What is moved is copied into the store first, a directory with all that is
 * in it: an ordinary user cannot leave the word that it lies elsewhere in the
 * lower directory, as the kernel reads such words of root only. The move
 * itself is one rename(2); the note that the old name is gone comes after it,
 * so that a crash between the two leaves the node twice rather than never.
 */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int names_of(struct viewfs *v, const char *from, const char *to,
		    char a[PATH_MAX], char b[PATH_MAX])
{
	int ret = viewfs_join(a, v->store, from);

	return ret < 0 ? ret : viewfs_join(b, v->store, to);
}

/* A directory over another one, which shows nothing. */
static int clear_target(struct viewfs *v, const char *to,
			const struct viewfs_place *was)
{
	char real[PATH_MAX];
	bool lower;

	if (was && S_ISDIR(was->st.st_mode) && was->in_store)
		return viewfs_remove_dir(v, to, KIND_NONE);
	/* a note is a file: no directory goes over it */
	if (viewfs_names_find(&v->names, to, &lower) != KIND_GONE)
		return 0;
	if (viewfs_join(real, v->store, to) < 0)
		return -ENAMETOOLONG;
	return unlink(real) < 0 && errno != ENOENT ? -errno : 0;
}

static int move_in_store(struct viewfs *v, const char *from, const char *to,
			 bool dir, const struct viewfs_place *was)
{
	char a[PATH_MAX];
	char b[PATH_MAX];
	struct stat st;
	bool lower;
	int ret = names_of(v, from, to, a, b);

	if (ret == 0 && dir)
		ret = viewfs_opaque(v, a, "y");
	if (ret == -EOPNOTSUPP)
		ret = viewfs_sees_lower(v, to) ? -EXDEV : 0;
	if (ret == 0 && dir)
		ret = clear_target(v, to, was);
	if (ret == 0 && was && was->in_store && !dir && lstat(b, &st) == 0 &&
	    st.st_nlink == 1)
		viewfs_mark_drop(v, &st);
	lower = viewfs_sees_lower(v, from);
	if (ret == 0) {
		um_fs_cover_name(viewfs_last(to), true);
		ret = (int)SYS(rename(a, b));
	}
	if (ret < 0)
		return ret;
	viewfs_mark_move_notes(v, from, to);
	ret = viewfs_names_move(&v->names, from, to,
				lower ? KIND_GONE : KIND_NONE);
	if (dir)
		um_fs_covered();
	viewfs_covered(v, from);
	viewfs_covered(v, to);
	if (ret == 0 && lower)
		ret = viewfs_put_gone(v, from);
	return ret;
}

static int parents(struct viewfs *v, const char *from, const char *to)
{
	char dir[PATH_MAX];
	int ret;

	viewfs_parent(dir, from);
	ret = viewfs_copy_up(v, dir, true);
	if (ret < 0)
		return ret;
	viewfs_parent(dir, to);
	return viewfs_copy_up(v, dir, true);
}

static int exchange(struct viewfs *v, const char *from, const char *to)
{
	char a[PATH_MAX];
	char b[PATH_MAX];
	int ret = names_of(v, from, to, a, b);

	if (ret == 0)
		ret = viewfs_copy_up_tree(v, to);
	if (ret < 0)
		return ret;
	um_fs_cover_name(viewfs_last(to), true);
	um_fs_cover_name(viewfs_last(from), true);
	ret = (int)SYS(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
	if (ret == 0)
		ret = viewfs_names_swap(&v->names, from, to);
	viewfs_move_forget(v, from);
	viewfs_move_forget(v, to);
	um_fs_covered();
	return ret;
}

/* mincow: where both lie in the lower directories, and may be changed there. */
static int rename_lower(struct viewfs *v, const char *from, const char *to,
			unsigned int flags, const struct viewfs_place *p)
{
	enum viewfs_kind kind;
	char b[PATH_MAX];
	bool lower;

	if (p->in_store)
		return -EPERM;
	kind = viewfs_names_find(&v->names, to, &lower);
	(void)from;
	if (kind != KIND_NONE || !lower || viewfs_lower_path(v, 0, to, b) < 0)
		return -EPERM;
	return (int)SYS(renameat2(AT_FDCWD, p->path, AT_FDCWD, b, flags));
}

static int rename_locked(struct viewfs *v, const char *from, const char *to,
			 unsigned int flags)
{
	struct viewfs_place p;
	struct viewfs_place q;
	int ret = viewfs_find(v, from, &p);
	FREE char *origin = NULL;
	bool there;

	if (ret < 0)
		return ret;
	if (v->mode == VIEWFS_MINCOW) {
		ret = rename_lower(v, from, to, flags, &p);
		if (!viewfs_is_refusal(ret) && ret != -EXDEV)
			return ret;
	}
	there = viewfs_find(v, to, &q) == 0;
	if (there && S_ISDIR(q.st.st_mode) && !(flags & RENAME_EXCHANGE)) {
		struct um_fs fs = { .priv = v };

		/* it must show nothing, and is then as good as gone */
		ret = viewfs_rmdir(&fs, to);
		if (ret < 0)
			return ret;
		there = false;
	}
	if (S_ISDIR(p.st.st_mode))
		origin = viewfs_move_begin(v, from);
	ret = viewfs_copy_up_tree(v, from);
	if (ret == 0)
		ret = parents(v, from, to);
	if (ret < 0)
		return ret;
	if (flags & RENAME_EXCHANGE)
		return exchange(v, from, to);
	ret = move_in_store(v, from, to, S_ISDIR(p.st.st_mode),
			    there ? &q : NULL);
	if (ret == 0 && S_ISDIR(p.st.st_mode))
		viewfs_move_end(v, origin, from, to);
	return ret;
}

static int rename_beneath(struct viewfs *v, const char *from, const char *to,
			  unsigned int flags)
{
	struct viewfs_place p;
	char b[PATH_MAX];
	int ret = viewfs_find(v, from, &p);

	if (ret == 0)
		ret = viewfs_join(b, v->lower[0], to);
	return ret < 0 ? ret
		       : (int)SYS(renameat2(AT_FDCWD, p.path, AT_FDCWD, b,
					    flags));
}

int viewfs_rename(struct um_fs *fs, const char *from, const char *to,
		  unsigned int flags)
{
	struct viewfs *v = fs->priv;
	int ret = viewfs_check_change(v, from);

	if (ret == 0)
		ret = viewfs_worm_check_move(v, from, to);
	if (ret < 0)
		return ret;
	if (viewfs_hides(v, to))
		return -EROFS;
	/* it would come to light */
	if (viewfs_hides_below(v, from) || viewfs_hides_below(v, to))
		return -EBUSY;
	if (!v->store)
		return rename_beneath(v, from, to, flags);
	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	pthread_mutex_lock(&v->change);
	ret = rename_locked(v, from, to, flags);
	pthread_mutex_unlock(&v->change);
	return ret;
}
