/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * viewfs.h - what the files of this module share
 *
 * A mount shows names of the view beneath at another place (bind), or one tree
 * of them over another (merge, cow...). All files are those of the view
 * beneath: guests get their descriptors. The module asks libc for them; the
 * core answers that from the view beneath.
 *
 * Words: the *store* is the directory that changes go to, or that is laid over
 * the rest; the *lower* directories are what it is laid over. A name is *gone*
 * when it was removed although a lower directory has it, and a directory
 * *opaque* when nothing of the lower ones is to be seen in it.
 */
#ifndef VIEWFS_H
#define VIEWFS_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <umview/module.h>

#define SYS(call)                                                              \
	({                                                                     \
		long _n = (call);                                              \
		_n < 0 ? (long)-errno : _n;                                    \
	})

/* Directory of the store that is no part of what is shown. */
#define META "/.-"
#define FREE __attribute__((cleanup(viewfs_free)))
#define SHUT __attribute__((cleanup(viewfs_shut)))

enum viewfs_mode {
	VIEWFS_BIND,
	VIEWFS_MERGE,
	VIEWFS_COW,
	VIEWFS_MINCOW,
	VIEWFS_WORM,
	VIEWFS_GONE,
};

/* What the store has under a name. */
enum viewfs_kind {
	KIND_NONE,   /* nothing */
	KIND_DIR,    /* a directory, in which the lower ones are seen too */
	KIND_OPAQUE, /* a directory that is all there is */
	KIND_FILE,   /* anything else */
	KIND_GONE,   /* the note that it is gone */
};

/* The names of the store (names.c). */
struct viewfs_names {
	pthread_rwlock_t lock;
	struct viewfs_name *root;
	struct viewfs_name **table;
	size_t room;
	size_t count;
};

/**
 * struct viewfs_mark - what a node of the store cannot say by itself
 * @dev, @ino: the node
 * @set: MARK_*: which of the others hold
 * @from_dev, @from_ino: the node it was copied from, whose numbers it keeps
 * @maker, @since: of a worm's node: the process that made it (worm.c)
 * @opened: and it has opened it for writing
 */
struct viewfs_mark {
	struct viewfs_mark *next;
	dev_t dev;
	ino_t ino;
	unsigned int set;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	dev_t from_dev;
	ino_t from_ino;
	pid_t maker;
	unsigned long long since;
	bool opened;
};
#define MARK_MODE 1u
#define MARK_UID  2u
#define MARK_GID  4u
#define MARK_RDEV 8u
#define MARK_FROM 16u

struct viewfs_marks {
	pthread_mutex_t lock;
	struct viewfs_mark **table;
	size_t room;
	size_t count;
};

/* Directories of the store that lie elsewhere beneath (redirect.c). */
struct viewfs_redirects {
	pthread_rwlock_t lock;
	struct viewfs_redirect *first;
};

/* Where directories beneath are now (moved.c). */
struct viewfs_moves {
	pthread_rwlock_t lock;
	struct viewfs_moved *first;
};

/**
 * struct viewfs - one mount
 * @store: NULL: none; names below are absolute, in the view beneath
 * @store_fd: its META directory, locked as long as the mount lives; or -1
 * @lower: topmost first
 * @kept: of each lower directory: it stays what it is; see um_next_keep()
 * @point: the mount point
 * @in_place: lower[0] is what was at the mount point
 * @layer: names that the store does not have are left to the view beneath
 * @plain_xattrs: the store has no extended attributes of users
 * @given: nodes of which a descriptor was given: where a file has a name both
 *	here and in the view beneath, this one is meant
 * @made: worm: nodes that came while it is mounted, and by whom
 * @change: held by whatever changes something, and again by what that calls
 * @work: number of the next file in META
 */
struct viewfs {
	enum viewfs_mode mode;
	bool in_place;
	bool layer;
	bool wok;
	bool readonly;
	bool vstat;
	bool no_xattrs;
	bool debug;
	char *store;
	int store_fd;
	char **lower;
	size_t nlower;
	struct um_next_kept **kept;
	char *point;
	char *hide;
	struct viewfs_names names;
	struct viewfs_redirects redirects;
	struct viewfs_moves moves;
	struct viewfs_marks marks;
	struct viewfs_marks given;
	struct viewfs_marks made;
	pthread_mutex_t change;
	unsigned int work;
};

/* Where a name is found now. */
struct viewfs_place {
	enum viewfs_kind kind;
	bool lower;
	bool in_store;
	char path[PATH_MAX];
	struct stat st;
};

/* opts.c */
int viewfs_options(struct viewfs *v, const struct um_mount_req *req);

/* place.c: names */
int viewfs_join(char out[PATH_MAX], const char *dir, const char *rel);
/* The directory part; "/" for what lies in the root. */
void viewfs_parent(char out[PATH_MAX], const char *path);
const char *viewfs_last(const char *path);
/* What follows `dir` in path ("/" when they are equal), or NULL. */
const char *viewfs_beneath(const char *path, const char *dir);
bool viewfs_hides(const struct viewfs *v, const char *path);
/* What is hidden lies below this name. */
bool viewfs_hides_below(const struct viewfs *v, const char *path);
/* The node of the topmost lower directory that has it. 0 or -errno. */
int viewfs_find_lower(struct viewfs *v, const char *path, char out[PATH_MAX],
		      struct stat *st);
/* Is the name seen through the store? Sets its kind there. */
bool viewfs_sees_lower(struct viewfs *v, const char *path);
/* 0, with all of out set, or -errno. */
int viewfs_find(struct viewfs *v, const char *path, struct viewfs_place *out);
/* As the kernel's overlayfs marks them. */
bool viewfs_is_whiteout(const char *path, const struct stat *st);
bool viewfs_is_opaque(const char *path);
bool viewfs_covers(struct um_fs *fs, const char *path, int how);
int viewfs_where(struct um_fs *fs, const char *path, char *out, size_t size);
int viewfs_name_of(struct um_fs *fs, const char *below, char *out, size_t size);
int viewfs_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		   struct stat *out);
ssize_t viewfs_readlink(struct um_fs *fs, const char *path, char *buf,
			size_t size);
int viewfs_statfs(struct um_fs *fs, struct statfs *out);
int viewfs_access(struct um_fs *fs, const char *path, int mask);

/* names.c */
int viewfs_names_init(struct viewfs_names *n);
void viewfs_names_fini(struct viewfs_names *n);
/* lower: whether the lower directories are to be seen at this name. */
enum viewfs_kind viewfs_names_find(struct viewfs_names *n, const char *path,
				   bool *lower);
/* KIND_NONE takes the name away, and all below it. 0 or -ENOMEM. */
int viewfs_names_set(struct viewfs_names *n, const char *path,
		     enum viewfs_kind kind);
/* left: what the old name is then; KIND_NONE: not there. */
int viewfs_names_move(struct viewfs_names *n, const char *from, const char *to,
		      enum viewfs_kind left);
int viewfs_names_swap(struct viewfs_names *n, const char *a, const char *b);

/* redirect.c */
void viewfs_redirects_init(struct viewfs_redirects *all);
void viewfs_redirects_fini(struct viewfs_redirects *all);
/* A directory of the store, `real`: is there such a note? 0 or -errno. */
int viewfs_redirect_load(struct viewfs *v, const char *path, const char *real);
/* The name, and all below it, are not what they were. */
void viewfs_redirect_drop(struct viewfs *v, const char *path);
/* What the lower directories call it; 0 or -ENAMETOOLONG. */
int viewfs_lower_name(struct viewfs *v, const char *path, char out[PATH_MAX]);
bool viewfs_is_redirected(struct viewfs *v, const char *path);
/* In lower directory i. */
int viewfs_lower_path(struct viewfs *v, size_t i, const char *path,
		      char out[PATH_MAX]);

/* moved.c: for who stands in a directory beneath */
void viewfs_moves_init(struct viewfs_moves *all);
void viewfs_moves_fini(struct viewfs_moves *all);
/* Before and after a directory is moved; the first's result is for the other. */
char *viewfs_move_begin(struct viewfs *v, const char *from);
void viewfs_move_end(struct viewfs *v, const char *origin, const char *from,
		     const char *to);
/* It is gone. */
void viewfs_move_forget(struct viewfs *v, const char *path);
int viewfs_moved(struct um_fs *fs, const char *path, char *out, size_t size);

/* scan.c: what the store has when it is mounted */
int viewfs_scan(struct viewfs *v);
/* Tell everybody that the name is not what it was. */
void viewfs_covered(struct viewfs *v, const char *path);
/* Tell everybody, before and after: viewfs_names_set(). */
int viewfs_note(struct viewfs *v, const char *path, enum viewfs_kind kind);

/* mark.c */
int viewfs_marks_init(struct viewfs_marks *m);
void viewfs_marks_fini(struct viewfs_marks *m);
/* 0 or -ENOMEM; in the place of what was said of the node before. */
int viewfs_marks_enter(struct viewfs_marks *marks, const struct stat *st,
		       const struct viewfs_mark *m);
bool viewfs_marks_get(struct viewfs_marks *marks, const struct stat *st,
		      struct viewfs_mark *out);
bool viewfs_mark_get(struct viewfs *v, const struct stat *st,
		     struct viewfs_mark *out);
/* Keep it, and write it down: `real` is the node's place, path its name. */
int viewfs_mark_put(struct viewfs *v, const char *path, const char *real,
		    const struct stat *st, struct viewfs_mark *m);
void viewfs_mark_drop(struct viewfs *v, const struct stat *st);
void viewfs_set_given(struct viewfs *v, int fd);
bool viewfs_gave_any(struct viewfs *v);
bool viewfs_was_given(struct viewfs *v, const char *below);
/* What was written down of a node that the scan met. */
void viewfs_mark_load(struct viewfs *v, const char *real,
		      const struct stat *st);
void viewfs_mark_load_note(struct viewfs *v, const char *note,
			   const char *path);
/* The notes of a name, or of all below it, follow it; to NULL: are removed. */
void viewfs_mark_move_notes(struct viewfs *v, const char *from, const char *to);
bool viewfs_dress(struct um_fs *fs, struct stat *st);
bool viewfs_dress_st(struct viewfs *v, struct stat *st);

/* copyup.c */
/* The store has the name afterwards. data: with its content. 0 or -errno. */
int viewfs_copy_up(struct viewfs *v, const char *path, bool data);
/* And all that is below it, which is then opaque. */
int viewfs_copy_up_tree(struct viewfs *v, const char *path);
/* A name in META that nobody has. */
int viewfs_work_name(struct viewfs *v, char out[PATH_MAX]);
/* Owner and mode as shown; a mark says what the node itself cannot. */
int viewfs_give_attrs(struct viewfs *v, const char *path, const char *real,
		      const struct stat *want, struct viewfs_mark *m);

/* make.c: names that come */
typedef int (*viewfs_make_fn)(const char *real, void *arg);
int viewfs_make(struct viewfs *v, const char *path, mode_t mode, dev_t rdev,
		viewfs_make_fn make, void *arg);
int viewfs_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev);
int viewfs_mkdir(struct um_fs *fs, const char *path, mode_t mode);
int viewfs_symlink(struct um_fs *fs, const char *target, const char *path);
int viewfs_link(struct um_fs *fs, const char *from, const char *to);
int viewfs_opaque(struct viewfs *v, const char *real, const char *value);

/* change.c: names that go */
int viewfs_unlink(struct um_fs *fs, const char *path);
int viewfs_rmdir(struct um_fs *fs, const char *path);
/* The note that a name is gone takes its place. */
int viewfs_put_gone(struct viewfs *v, const char *path);
/* A directory of the store without any name that is shown: away with it. */
int viewfs_remove_dir(struct viewfs *v, const char *path,
		      enum viewfs_kind left);
int viewfs_check_change(struct viewfs *v, const char *path);

/* move.c */
int viewfs_rename(struct um_fs *fs, const char *from, const char *to,
		  unsigned int flags);

/* attr.c */
int viewfs_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		 mode_t mode);
int viewfs_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		 uid_t uid, gid_t gid);
int viewfs_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		   const struct timespec ts[2]);
int viewfs_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		    off_t size);
int viewfs_setxattr(struct um_fs *fs, const char *path, const char *name,
		    const void *value, size_t size, int flags);
ssize_t viewfs_getxattr(struct um_fs *fs, const char *path, const char *name,
			void *buf, size_t size);
ssize_t viewfs_listxattr(struct um_fs *fs, const char *path, char *buf,
			 size_t size);
int viewfs_removexattr(struct um_fs *fs, const char *path, const char *name);
bool viewfs_is_own_xattr(const char *name);
/* mincow: may the change be made where it lies? The answer refuses that. */
bool viewfs_is_refusal(int err);

/* probe.c: can the store's file system hold it? */
int viewfs_probe(struct viewfs *v);
/* Does it take attributes of users? An old store may have been without. */
void viewfs_probe_xattrs(struct viewfs *v, const char *meta);

/* worm.c: what is not settled yet */
/* The caller made the node of the store, `real`. */
void viewfs_worm_made(struct viewfs *v, const char *real);
/* To be opened for writing, once: 0 or -EROFS. */
int viewfs_worm_open(struct viewfs *v, const struct viewfs_place *p);
/* May the caller change a name or its attributes? 0 or -EROFS. */
int viewfs_worm_check(struct viewfs *v, const char *path);
int viewfs_worm_check_move(struct viewfs *v, const char *from, const char *to);
/* Mode and owner are as wanted already; -1: any. */
bool viewfs_worm_has(struct viewfs *v, const char *path, mode_t mode, uid_t uid,
		     gid_t gid);
bool viewfs_worm_is_dir(struct viewfs *v, const char *path);

/* file.c, list.c */
int viewfs_give(struct um_fs *fs, const char *path, int flags, mode_t mode);
int viewfs_syncfs(struct um_fs *fs);
int viewfs_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		   void *arg);

static inline void viewfs_free(void *p)
{
	free(*(void **)p);
}

void viewfs_shut(const int *fd);

#endif
