/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fs.h - what a file system module implements
 *
 * A mount is one `struct um_fs`. The core resolves names (symbolic links,
 * `..`, mount points), keeps descriptors and the page cache, and calls the
 * operations below with a path inside the file system. Model: the high-level
 * FUSE API (libfuse's fuse.h); the errors are those of the system call of the
 * same name in section 2 of the manual.
 *
 * Conventions that hold for every operation:
 *  - Return: 0 or a count on success, -errno on failure; never -1, never errno.
 *  - `path` begins with '/', has no "." or "..", no double slash and no
 *    trailing slash ("/" is the root). It may be NULL when `fh` is given and
 *    the name is gone. It is borrowed for the call.
 *  - Links are never followed: an operation acts on the named node itself.
 *  - Operations may be called from any thread, several at once, unless the
 *    module sets `serial` in struct um_fs. No core lock is held meanwhile.
 *  - An operation left NULL answers, as the kernel does where a file system
 *    lacks it: EPERM for mknod, mkdir, unlink, rmdir, symlink, rename, link,
 *    chmod, chown, utimens and truncate; EINVAL for readlink, read and write;
 *    ENOTDIR for readdir; EOPNOTSUPP for fallocate and the four xattr
 *    operations; ENOTTY for ioctl; ENOSYS for getattr, statfs and open.
 *    fsync and syncfs answer 0. create, lseek and copy_file_range: see
 *    there.
 *  - Who asks: um_caller().
 */
#ifndef UMVIEW_FS_H
#define UMVIEW_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <time.h>

struct um_binfmt_req;
struct um_fs;
struct um_net;
struct um_next;
struct flock;

/* See the operations lock and flock. */
#define UM_LOCK_DROP  (-1)
#define UM_FLOCK_DROP 0x10000

/**
 * struct um_cred - the guest on whose behalf an operation runs
 * @uid, @gid: (virtual) file system ids of the guest; owner of what it creates
 * @pid: thread group id of the guest, in the monitor's pid namespace
 * @umask: the guest's umask. Modes given to create, mkdir and mknod have it
 *	applied already.
 */
struct um_cred {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	mode_t umask;
};

/* The guest of the running request, of the calling thread; never NULL. */
const struct um_cred *um_caller(void);

/**
 * struct um_fh - an open file of a module
 * @fh: for the module's own use (set it in open or create)
 * @flags: open(2) flags; set by the core before open and create. Only the
 *	access mode, O_TRUNC, O_APPEND and O_SYNC matter; writes always come
 *	with an explicit offset.
 * @direct: set by open: each read of a guest is one of the module's
 * @keep_cache: set by open, where struct um_fs is @remote: what was read before
 *	is still the file's content
 * @nonseekable: set by open, where @remote: the guest cannot set its offset;
 * @stream: there is none, reads and writes are asked for at 0
 * @empty_writes: set by open: a write(2) of no bytes is the module's, too; else
 *	it answers 0
 */
struct um_fh {
	uint64_t fh;
	int flags;
	bool direct;
	bool keep_cache;
	bool empty_writes;
	bool nonseekable;
	bool stream;
};

/*
 * Receives one directory entry: its name, inode number (0: unknown), file type
 * as DT_* (DT_UNKNOWN allowed). Return: 0, or non-zero to stop the listing.
 */
typedef int (*um_fill_fn)(void *arg, const char *name, uint64_t ino,
			  unsigned char type);

/* How a name is used; for @covers. */
#define UM_COVERS_CHANGE 0 /* the call may change something */
#define UM_COVERS_READ	 1 /* the node is looked at */
#define UM_COVERS_PASS	 2 /* a directory, on the way to another name */

/**
 * struct um_fs_ops - operations of a file system
 * @size: sizeof(struct um_fs_ops) when the module was built, so that modules
 *	older than the core load.
 * @getattr: lstat(2)/fstat(2). st_dev is overwritten by the core. st_ino must
 *	be non-zero, stable while the node lives and equal for all hard links
 *	of one node: the core takes it for the node's identity.
 * @readlink: target into buf, not terminated. Return: its length (cut at size).
 * @readdir: calls fill once for each entry, "." and ".." included.
 * @open: sets fh->fh. Called for regular files only, without O_CREAT/O_EXCL.
 * @create: makes and opens a regular file (O_CREAT|O_EXCL). NULL, or it answers
 *	ENOSYS: mknod + open.
 * @release: last use of fh. Its return value is ignored.
 * @read: Return: bytes read; short only at end of file.
 * @write: Return: bytes written; short only together with a stored prefix
 *	(ENOSPC after some bytes: return the count).
 * @truncate: by path, or by fh when not NULL.
 * @fallocate: mode as fallocate(2).
 * @fsync: data and metadata of the file are on stable storage on return.
 * @rename: flags as renameat2(2); unknown flags: EINVAL.
 * @utimens: ts[0] access, ts[1] modification time; UTIME_NOW and UTIME_OMIT
 *	as utimensat(2).
 * @chown: id (uid_t)-1 / (gid_t)-1: leave as it is.
 * @getxattr, @listxattr: size 0 asks for the length; ERANGE when too small.
 * @setxattr: flags XATTR_CREATE, XATTR_REPLACE.
 * @lseek: SEEK_DATA and SEEK_HOLE only. NULL, or it answers ENOSYS: the
 *	file is all data.
 * @ioctl: cmd and its data in `data` (in and out, `size` bytes).
 * @syncfs: everything written so far is on stable storage on return.
 * @copy_file_range: the file system moves `size` bytes from file to file by
 *	itself; the ranges do not overlap. Return: bytes copied; short is
 *	allowed. NULL, or it answers ENOSYS, EOPNOTSUPP or EXDEV: the core reads
 *	and writes. Modules built before it have a smaller @size.
 * @umount: called once, last; flush and free fs->priv. May print, cannot fail.
 * @access: access(2), mask of R_OK, W_OK, X_OK. NULL, or it answers ENOSYS:
 *	the core's own answer holds.
 * @binfmt: a file is executed, anywhere in the view: see umview/binfmt.h.
 *	Return: 1 if this mount says how, 0, or -errno for the guest. Modules
 *	built before it have a smaller @size.
 * @flush: a guest closes a descriptor by which the file may be written; what
 *	this fails with its close(2) fails with. There may be several before
 *	the release, or none. NULL: close tells nothing.
 * @lock: where struct um_fs says @locks: fcntl(2), F_GETLK, F_SETLK, F_SETLKW,
 *	with absolute offsets; or UM_LOCK_DROP: unlock, and do not wait. The
 *	owner is a number for the process.
 * @flock: where struct um_fs says @flocks: flock(2), with LOCK_NB always; or
 *	with UM_FLOCK_DROP: unlock, or LOCK_SH in the place of LOCK_EX, and do
 *	not wait. The owner is a number for the file.
 * @poll: where struct um_fs says @polls: poll(2): which of `events` hold; POLLERR
 *	for good where nothing will come any more. When that changes, the file
 *	system says so by um_fs_ready(handle). Answers ENOSYS: always ready.
 * @birth: when the node was made, for statx(2). NULL, or it answers an error:
 *	nobody knows.
 * @tmpfile: open(2) with O_TMPFILE: makes and opens a regular file that has no
 *	name, as one of directory `path`, and tells its attributes. NULL, or it
 *	answers ENOSYS: the core makes one with a hidden name.
 * @link_open: linkat(2) of such a file, which gets its first name.
 * @ioctl_dir: ioctl of an open directory. NULL: ENOTTY.
 * @remount: mount -o remount: MS_* and the options as in struct um_mount_req.
 *	NULL: only the flags that the core heeds itself change.
 *
 * For a file system whose files are those of the view beneath:
 *
 * @give: open(2): the descriptor that the guest itself is given. Flags as the
 *	guest's, O_CREAT included (mode has the umask applied). Reads, writes and
 *	maps are then the kernel's, and so open, read and write are not needed.
 *	st_dev of getattr is kept, and attributes are not cached.
 * @where: name in the view beneath of the node as it is now. Return: 0.
 * @covers: does the file system answer for this name itself? Where it does not,
 *	the view beneath does, at the same place: the name means there what it
 *	meant before the mount. @how: UM_COVERS_*. Must be quick. NULL: always.
 * @name_of: the reverse of @where: name in the file system of a node that the
 *	view beneath has at @below. Return: 0 or -ENOENT.
 * @moved: where @covers is: name that a directory of the view beneath has by now,
 *	which was left to it until it was moved: who stands in it goes on there.
 *	@path: as it was. Return: 0 or -ENOENT; asked after um_fs_moves() only.
 * @dress: attributes of an open descriptor that @give returned, as the kernel
 *	tells them: make them those of getattr. Return: whether they changed.
 */
struct um_fs_ops {
	size_t size;
	int (*getattr)(struct um_fs *fs, const char *path, struct um_fh *fh,
		       struct stat *out);
	ssize_t (*readlink)(struct um_fs *fs, const char *path, char *buf,
			    size_t size);
	int (*readdir)(struct um_fs *fs, const char *path, um_fill_fn fill,
		       void *arg);
	int (*mknod)(struct um_fs *fs, const char *path, mode_t mode,
		     dev_t rdev);
	int (*mkdir)(struct um_fs *fs, const char *path, mode_t mode);
	int (*unlink)(struct um_fs *fs, const char *path);
	int (*rmdir)(struct um_fs *fs, const char *path);
	int (*symlink)(struct um_fs *fs, const char *target, const char *path);
	int (*rename)(struct um_fs *fs, const char *from, const char *to,
		      unsigned int flags);
	int (*link)(struct um_fs *fs, const char *from, const char *to);
	int (*chmod)(struct um_fs *fs, const char *path, struct um_fh *fh,
		     mode_t mode);
	int (*chown)(struct um_fs *fs, const char *path, struct um_fh *fh,
		     uid_t uid, gid_t gid);
	int (*utimens)(struct um_fs *fs, const char *path, struct um_fh *fh,
		       const struct timespec ts[2]);
	int (*truncate)(struct um_fs *fs, const char *path, struct um_fh *fh,
			off_t size);
	int (*statfs)(struct um_fs *fs, struct statfs *out);
	int (*setxattr)(struct um_fs *fs, const char *path, const char *name,
			const void *value, size_t size, int flags);
	ssize_t (*getxattr)(struct um_fs *fs, const char *path,
			    const char *name, void *buf, size_t size);
	ssize_t (*listxattr)(struct um_fs *fs, const char *path, char *buf,
			     size_t size);
	int (*removexattr)(struct um_fs *fs, const char *path,
			   const char *name);
	int (*open)(struct um_fs *fs, const char *path, struct um_fh *fh);
	int (*create)(struct um_fs *fs, const char *path, mode_t mode,
		      struct um_fh *fh);
	ssize_t (*read)(struct um_fs *fs, struct um_fh *fh, void *buf,
			size_t size, off_t off);
	ssize_t (*write)(struct um_fs *fs, struct um_fh *fh, const void *buf,
			 size_t size, off_t off);
	int (*fallocate)(struct um_fs *fs, struct um_fh *fh, int mode,
			 off_t off, off_t len);
	int (*fsync)(struct um_fs *fs, struct um_fh *fh, bool datasync);
	off_t (*lseek)(struct um_fs *fs, struct um_fh *fh, off_t off,
		       int whence);
	int (*ioctl)(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		     void *data, size_t size);
	void (*release)(struct um_fs *fs, struct um_fh *fh);
	int (*syncfs)(struct um_fs *fs);
	void (*umount)(struct um_fs *fs);
	ssize_t (*copy_file_range)(struct um_fs *fs, struct um_fh *in,
				   off_t in_off, struct um_fh *out,
				   off_t out_off, size_t size);
	int (*access)(struct um_fs *fs, const char *path, int mask);
	int (*binfmt)(struct um_fs *fs, struct um_binfmt_req *req);
	int (*flush)(struct um_fs *fs, struct um_fh *fh);
	int (*lock)(struct um_fs *fs, struct um_fh *fh, int cmd,
		    struct flock *fl, uint64_t owner);
	int (*flock)(struct um_fs *fs, struct um_fh *fh, int op,
		     uint64_t owner);
	int (*give)(struct um_fs *fs, const char *path, int flags, mode_t mode);
	int (*where)(struct um_fs *fs, const char *path, char *out,
		     size_t size);
	bool (*covers)(struct um_fs *fs, const char *path, int how);
	int (*name_of)(struct um_fs *fs, const char *below, char *out,
		       size_t size);
	bool (*dress)(struct um_fs *fs, struct stat *st);
	int (*ioctl_dir)(struct um_fs *fs, const char *path, unsigned int cmd,
			 void *data, size_t size);
	int (*remount)(struct um_fs *fs, unsigned long flags,
		       const char *options);
	int (*birth)(struct um_fs *fs, const char *path, struct um_fh *fh,
		     struct timespec *out);
	int (*tmpfile)(struct um_fs *fs, const char *path, mode_t mode,
		       struct um_fh *fh, struct stat *out);
	int (*link_open)(struct um_fs *fs, struct um_fh *fh, const char *to);
	int (*poll)(struct um_fs *fs, struct um_fh *fh, unsigned int events,
		    uint64_t handle);
	int (*moved)(struct um_fs *fs, const char *path, char *out,
		     size_t size);
};

/**
 * struct um_fs - one mounted file system
 * @ops: set by the module's mount function
 * @priv: for the module
 * @next: the view beneath the mount point; valid until umount returns
 * @serial: the core calls one operation at a time
 * @readonly: the core answers EROFS itself to whatever changes the tree
 * @unlink_open: a node stays usable by its open um_fh after unlink removed its
 *	last name. Where false the core keeps such a file under a hidden name
 *	until its last close.
 * @quick: getattr answers at once, from this process, and nothing changes
 *	but by calls of the core: attributes may be fetched ahead, and guests
 *	told of them
 * @remote: names and files change without the core: nothing is taken for known
 *	from one open of a file to the next but what open says
 * @net: set by a network stack (net.h) in place of @ops
 * @locks, @flocks: locks of fcntl(2) and flock(2) are kept by the operations
 *	lock and flock, else by the core
 * @core: the core's own
 * @ttl_ms: where @remote: attributes are known for so long; 0: not at all
 * @asks_open: whether a file may be opened for writing can change, and depends
 *	on O_APPEND: open, and then release, is called for each such opening,
 *	whether or not the file is open already, with the guest's O_APPEND
 * @polls: set before the first open returns: files are ready when the
 *	operation poll says so
 * @behind: writes are kept for later: syncfs is called now and then
 * @limited, @keep: at most so many bytes are kept of files that nobody has open
 */
struct um_fs {
	const struct um_fs_ops *ops;
	void *priv;
	struct um_next *next;
	bool serial;
	bool readonly;
	bool unlink_open;
	bool quick;
	bool remote;
	struct um_net *net;
	bool locks;
	bool flocks;
	void *core;
	unsigned int ttl_ms;
	bool limited;
	uint64_t keep;
	bool asks_open;
	bool polls;
	bool behind;
};

/*
 * Of an open file that was polled by this handle: of these events `asked` (POLLIN,
 * POLLOUT...) those in `ready` hold now. Other handles are not heeded.
 */
void um_fs_ready(uint64_t handle, unsigned int asked, unsigned int ready);

/*
 * For a file system with @covers: from now on it answers for names whose last
 * component is @name. @beneath: and for what may be below such a name. To be
 * called before it does, and um_fs_covered() as soon as it does.
 */
void um_fs_cover_name(const char *name, bool beneath);
void um_fs_covered(void);
/* The same, where the view beneath has no directory and no link of that name. */
void um_fs_covered_file(void);
/* @moved has something to say from now on. */
void um_fs_moves(void);
/* @dress has something to say of the node with these numbers. */
void um_fs_cover_node(dev_t dev, ino_t ino);

#endif
