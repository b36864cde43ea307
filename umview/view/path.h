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
/*
 * The call changes nothing: a mount that leaves names to what lies beneath it
 * (um_fs_is_layer()) is passed by for those. Without this flag it is asked.
 */
#define UM_READ 256u
/* With it: a directory is only to be stood in, not listed, nor looked at. */
#define UM_ENTER 512u

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
/*
 * known.c: this absolute name was walked before, links and all, and led where
 * the host's kernel finds it too
 */
bool um_walk_is_known(const struct um_req *r, const char *path);

/**
 * struct um_dev_class - devices that take the place of real names, and what
 * mounts of devices (um_mount.devices) have beside their mount points
 * @find: the file system that has this canonical path and stands in no list,
 *	or NULL
 * @names: the names that a directory shows in a view of this list (fill may be
 *	NULL); whether there are any. Mount points are shown without it.
 * @covers: whether a mount of devices answers for the path
 * @each_name: names, as last components, that agents must ask about
 * @is_foreign: whether nodes of the host may be nodes of these devices
 * @by_number: the device of this number in the request's view: its mount, and
 *	its name inside; or NULL
 * Each may be NULL. Until um_dev_any is set or a list has mounts, there is but
 * /dev/loop-control, fuse and cuse.
 */
struct um_dev_class {
	const struct um_dev_class *next;
	struct um_mount *(*find)(const char *path);
	bool (*names)(const struct um_list *l, const char *dir, um_fill_fn fill,
		      void *arg);
	bool (*covers)(const struct um_mount *m, const char *path);
	void (*each_name)(const struct um_list *l,
			  void (*add)(void *arg, const char *name), void *arg);
	bool (*is_foreign)(const struct um_list *l);
	struct um_mount *(*by_number)(struct um_req *r, mode_t type, dev_t rdev,
				      const char **rel);
};

/* At start, before the first guest. */
void um_dev_add(struct um_dev_class *class);
extern atomic_bool um_dev_any;
void um_dev_each_name(const struct um_list *l,
		      void (*add)(void *arg, const char *name), void *arg);
/* Real nodes may have numbers of the view's devices. */
bool um_dev_is_foreign(const struct um_list *l);
struct um_mount *um_dev_by_number(struct um_req *r, mode_t type, dev_t rdev,
				  const char **rel);

/*
 * The mount of the list that answers for a canonical path; rel inside it.
 * um_list_find() is for a call that may change something; how: UM_COVERS_*.
 */
struct um_mount *um_list_find(const struct um_list *l, const char *path,
			      const char **rel);
struct um_mount *um_list_find_for(const struct um_list *l, const char *path,
				  int how, const char **rel);
/* The same where those mounts that are true in `hidden` cannot be seen. */
struct um_mount *um_list_find_without(const struct um_list *l,
				      const bool *hidden, const char *path,
				      int how, const char **rel);
/* Does mount i answer for the directory of this name? Its part of it, or NULL. */
const char *um_list_covers(const struct um_list *l, size_t i, const char *path);
/* The mount that mount i stands on: its place plus 1; 0: the host's. */
size_t um_list_parent(const struct um_list *l, size_t i);
/* Some mount of the list leaves names to what lies beneath it. */
bool um_list_has_layers(const struct um_list *l);
/*
 * The canonical name of what a name beneath stands for in the view: the store
 * of a mount that shows it elsewhere (arena), or NULL: its own.
 */
char *um_list_name_of(struct um_req *r, const char *below);
/*
 * A directory of the host's that was a mount's until that moved it (arena, name
 * inside the mount): NULL: it is what it is called.
 */
struct um_mount *um_list_moved(struct um_req *r, const char *path,
			       const char **rel);
/* A guest has a file open of which the mount gave it the descriptor. */
bool um_layer_is_busy(struct um_mount *m);
/* Attributes of a real descriptor, as its mount shows them: changed? */
bool um_list_dress(const struct um_list *l, struct stat *st);
/*
 * A descriptor of the host's that a change is asked of: the node that is to
 * change instead. Return: 0, out is set; UM_FD_NATIVE: none, it is what it is;
 * -errno.
 */
#define UM_FD_NATIVE 1
int um_fd_for_change(struct um_req *r, int fd, struct um_loc *out);
/*
 * The node keeps this name until it is let go. Return: false: it has lost it
 * already, and nothing is held.
 */
bool um_fd_hold(struct um_req *r, int fd, struct um_loc *loc);
void um_fd_let_go(const struct um_loc *loc);
/* The newest mount whose mount point is exactly this. */
struct um_mount *um_list_mount_at(const struct um_list *l, const char *path);
/* Names of mount points in directory `path` that the directory itself lacks. */
bool um_list_has_phantoms(const struct um_list *l, const char *path);
/* List a directory with such names merged in. */
/*
 * The mount (ref) whose root `path` names in the view beneath; -ENOTSUP: it is
 * not a mount's root.
 */
int um_next_mount(struct um_next *next, const char *path,
		  struct um_mount **out);

/* Where a name of the view beneath leads, links and all (caller frees). */
int um_next_canonical(struct um_next *next, const char *path, char **out);

int um_list_readdir(const struct um_list *l, const struct um_loc *dir,
		    um_fill_fn fill, void *arg);
/* Canonical name of a node of a mount, in the request's arena. */
char *um_view_path_of(struct um_req *r, const struct um_mount *m,
		      const char *rel);

/* "NAME (deleted)": what /proc calls an open file that lost its name (arena). */
char *um_obj_label(struct um_req *r, struct um_obj *o);

/**
 * struct um_cwd - a working directory; lives as long as the request
 * @mount: what it is on
 * @rel: its name inside that (real: @path)
 * @path: what it is called in the view, whatever is mounted there by now
 */
struct um_cwd {
	struct um_mount *mount;
	const char *rel;
	const char *path;
};

/*
 * The working directory of thread `tid`.
 * Return: 1 virtual, UM_CWD_REMOVED virtual and removed since, UM_CWD_DETACHED
 * virtual on a mount that was taken out of the view, 0 real, -ENOENT real and
 * removed.
 */
#define UM_CWD_REMOVED	2
#define UM_CWD_DETACHED 3
int um_cwd_of(struct um_req *r, pid_t tid, struct um_cwd *out);

/* The mount lives as long as the request. 0 or -ENOMEM. */
int um_req_hold_mount(struct um_req *r, struct um_mount *m);

/*
 * A magic link of /proc: its text as the view shows it (arena). Return: 0,
 * -ENOENT: the kernel's own answer is right, or another errno.
 */
int um_magic_text(struct um_req *r, const char *path, const char **text);

#endif
