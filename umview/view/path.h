/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path.h - the one place where a guest's name becomes a node
 *
 * The walk goes component by component through the request's view, from the
 * guest's root, working directory or directory descriptor, and honours
 * symbolic links, `..`, mount points and the links of /proc that the kernel
 * follows by magic. See path_resolution(7), proc(5).
 */
#ifndef UM_VIEW_PATH_H
#define UM_VIEW_PATH_H

#include <string.h>

#include "view/view.h"

/* Canonical names may be longer than what one call may name. */
#define UM_VIEW_PATH_MAX 16384

/* Follow a symbolic link as last component. */
#define UM_FOLLOW 1u
/* The last component is to be made or removed: a trailing slash names it. */
#define UM_ENTRY 2u
/* A mount point as last component is named, not asked: its daemon may be gone. */
#define UM_MOUNTPOINT 4u
/* openat2(2): RESOLVE_* */
#define UM_NO_LINKS 8u
#define UM_NO_MAGIC 16u
#define UM_NO_XDEV  32u
#define UM_BENEATH  64u
#define UM_IN_ROOT  128u

/**
 * struct um_loc - where a name leads; lives as long as the request
 * @mount: file system that answers; um_mount_real() for the host's
 * @path: canonical name in the view
 * @rel: name inside mount (for the real file system: @path)
 * @native: the kernel, given the guest's own name, reaches the same node
 * @slash: the name ended in a slash: the node must be a directory
 * @last_special: last component was ".", ".." or the root: it cannot be made, removed
 * @exists: mount is virtual and the node exists; @st is set
 * @obj: the node is open and has no name any more (ref, um_loc_fini())
 */
struct um_loc {
	struct um_mount *mount;
	const char *path;
	const char *rel;
	bool native;
	bool slash;
	bool last_special;
	bool exists;
	struct stat st;
	struct um_obj *obj;
};

/* Walk `path` from dirfd (AT_FDCWD or a guest's descriptor). 0 or -errno. */
int um_walk(struct um_req *r, int dirfd, const char *path, unsigned int flags,
	    struct um_loc *out);
/* The same with all fields set, idle view or not. */
int um_walk_always(struct um_req *r, int dirfd, const char *path,
		   unsigned int flags, struct um_loc *out);
/* Copy in the path at `name` first. */
int um_walk_user(struct um_req *r, int dirfd, uint64_t name, unsigned int flags,
		 struct um_loc *out);
void um_loc_fini(struct um_loc *loc);
#define UM_LOC __attribute__((cleanup(um_loc_fini)))

static inline bool um_loc_is_real(const struct um_loc *loc)
{
	return um_mount_is_real(loc->mount) && !loc->obj;
}

/* Real, and the guest's own call does what it should. */
static inline bool um_loc_is_native(const struct um_loc *loc)
{
	return loc->native && um_loc_is_real(loc);
}

/* Guests may be told what names of the mount mean (guest/shared.h). */
bool um_mount_may_tell(const struct um_mount *m);
/*
 * What an open directory or file is (from: um_dir_key() of its object), or a
 * working directory (its um_cwd_key()).
 */
void um_tell_start(struct um_req *r, struct um_mount *m, const char *rel,
		   uint64_t from);
/*
 * What memos and told names call a working directory. Two mounts may have one
 * path, when the older was taken out of the view (umount -l).
 */
uint64_t um_cwd_key(const struct um_mount *m, const char *path);
/* Called before each walk; higher layers may have something to finish first. */
extern void (*um_walk_hook)(const struct um_req *r);

/* Nothing in the request's view can make a path mean anything but itself. */
bool um_walk_is_idle(const struct um_req *r, const char *path);

/**
 * struct um_dev_class - devices of the core's own, which stand in no list and
 * take the place of real names
 * @find: the file system that has this canonical path, or NULL
 * @names: the names it adds to a real directory (fill may be NULL); whether
 *	there are any
 * Until um_dev_any is set there is but /dev/loop-control, fuse and cuse.
 */
struct um_dev_class {
	const struct um_dev_class *next;
	struct um_mount *(*find)(const char *path);
	bool (*names)(const char *dir, um_fill_fn fill, void *arg);
};

/* At start, before the first guest. */
void um_dev_add(struct um_dev_class *class);
extern atomic_bool um_dev_any;

/* Length of a canonical path, the root's being 0. */
static inline int um_point_len(const char *path)
{
	return path[1] ? (int)strlen(path) : 0;
}

/* The mount of the list that answers for a canonical path; rel inside it. */
struct um_mount *um_list_find(const struct um_list *l, const char *path,
			      const char **rel);
/*
 * The same for who comes from a directory of m that may be covered by newer
 * mounts: they count where their points have `from` characters or more
 * (um_point_len()), on the way from there. NULL: the path is not m's.
 */
struct um_mount *um_list_find_from(const struct um_list *l, struct um_mount *m,
				   const char *path, int from,
				   const char **rel);
/* The newest mount whose mount point is exactly this. */
struct um_mount *um_list_mount_at(const struct um_list *l, const char *path);
/* Names of mount points in directory `path` that the directory itself lacks. */
bool um_list_has_phantoms(const struct um_list *l, const char *path);
/* List a directory with such names merged in. */
int um_list_readdir(const struct um_list *l, const struct um_loc *dir,
		    um_fill_fn fill, void *arg);
/* Canonical name of a node of a mount, in the request's arena. */
const char *um_view_path_of(struct um_req *r, const struct um_mount *m,
			    const char *rel);

/* "NAME (deleted)": what /proc calls an open file that lost its name (arena). */
char *um_obj_label(struct um_req *r, struct um_obj *o);

/*
 * The working directory of thread `tid` in its view; arena string.
 * Return: 1 virtual, UM_CWD_REMOVED virtual and removed since, 0 real, -ENOENT
 * real and removed.
 */
#define UM_CWD_REMOVED 2
int um_cwd_of(struct um_req *r, pid_t tid, const char **path);

/*
 * A magic link of /proc: its text as the view shows it (arena). Return: 0,
 * -ENOENT: the kernel's own answer is right, or another errno.
 */
int um_magic_text(struct um_req *r, const char *path, const char **text);

#endif
