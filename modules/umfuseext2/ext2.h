/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ext2.h - private interface of the ext2/3/4 file system
 *
 * One mounted image is a `struct e2`. A FUSE operation (ops.c) takes its lock,
 * so that everything below runs alone: libext2fs knows no threads. From top to
 * bottom: ops.c, then namei.c (names), file.c (data), attr.c and xattr.c; they
 * stand on dir.c and dirx.c (directories on disk and indexed in memory), map.c
 * (logical to physical blocks), inode.c; all I/O is in io.c.
 *
 * Functions return 0 or a count, or -errno. Those of libext2fs return an
 * errcode_t, which e2_err() translates.
 */
#ifndef UMFUSEEXT2_EXT2_H
#define UMFUSEEXT2_EXT2_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

/* The library's headers cast away const in their inline functions. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#include <ext2fs/ext2fs.h>
#pragma GCC diagnostic pop

#define E2_PROGRAM  "umfuseext2"
#define E2_LINK_MAX 65000
#define E2_NAME_MAX 255

struct um_next;
struct um_next_file;

/* ---- io.c: the image, through a cache of pages ---- */

struct io;

/**
 * io_open() - open an image in the view beneath
 * @writable: in: wanted; out: what it is
 * @out: given to the caller; io_close() it
 */
int io_open(struct um_next *next, const char *path, bool *writable,
	    struct io **out);
void io_close(struct io *io);
uint64_t io_size(const struct io *io);
/* From now on what is written stays in memory and never gets to the image. */
void io_set_overlay(struct io *io);
int io_read(struct io *io, uint64_t off, void *buf, size_t len);
/* data: file contents, written back before what refers to them. */
int io_write(struct io *io, uint64_t off, const void *buf, size_t len,
	     bool data);
/* As above for large transfers of file contents; do not fill the cache. */
int io_read_direct(struct io *io, uint64_t off, void *buf, size_t len);
int io_write_direct(struct io *io, uint64_t off, const void *buf, size_t len);
int io_zero(struct io *io, uint64_t off, uint64_t len);
/* Hands all dirty pages down; does not wait for the medium. */
int io_writeback(struct io *io);
/* Contents first, then metadata; both are on the medium on return. */
int io_sync(struct io *io);
/* ext2fs_open2() on an open image. */
errcode_t io_open_fs(struct io *io, int flags, int superblock,
		     unsigned int blocksize, ext2_filsys *out);

/* ---- super.c: mounting ---- */

struct e2_options {
	bool ro;
	bool rw;
	bool force;
	bool debug;
	bool silent;
	bool sync;
	uint64_t sb;
};

struct node;
struct dirx;

/**
 * struct e2 - a mounted image
 * @lock: taken by every operation
 * @uid, @gid: who asks
 * @valid: EXT2_VALID_FS was set at mount, so it will be at unmount
 * @dirty: something changed since the last flush
 * @nodes: hash of inodes that are open
 * @orphans: unlinked but open inodes, in the order of the list on disk
 * @dirs: indexed directories, most recently used first
 * @dir_entries: entries in all of them
 * @block: room for one block
 */
struct e2 {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t flusher;
	bool flushing, stop;
	struct e2_options opt;
	const char *source;
	uid_t uid;
	gid_t gid;
	struct io *io;
	ext2_filsys fs;
	bool ro;
	bool valid;
	bool dirty;
	unsigned int inode_size;
	struct node *nodes[256];
	struct node *orphans;
	struct dirx *dirs[256];
	struct dirx *dirs_first, *dirs_last;
	size_t dir_entries;
	uint64_t overhead;
	char *block;
};

int e2_mount(struct e2 *e, struct um_next *next);
void e2_umount(struct e2 *e);
/* Superblock, descriptors and bitmaps go to the cache. */
int e2_flush(struct e2 *e);
/* Everything is on the medium on return. */
int e2_sync(struct e2 *e);
int e2_err(errcode_t err);
/* One line on standard error, with the names of the program and the image. */
void e2_say(const struct e2 *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, unless the user asked for silence. */
void e2_note(const struct e2 *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void e2_start_flusher(struct e2 *e);
void e2_stop_flusher(struct e2 *e);

/* ---- journal.c, orphan.c ---- */

int journal_replay(struct e2 *e);
/* Frees what the last mount left unlinked but not freed. */
int orphan_cleanup(struct e2 *e);
struct inode;
int orphan_add(struct e2 *e, struct node *node, struct inode *in);
int orphan_del(struct e2 *e, struct node *node, struct inode *in);

/* ---- inode.c ---- */

/* An inode in memory; d is long enough for every field this code knows. */
struct inode {
	ext2_ino_t no;
	struct ext2_inode_large d;
};

/* Blocks lblk.. are at pblk..; pblk 0: a hole. len 0: nothing known. */
struct run {
	uint64_t lblk;
	uint64_t pblk;
	uint64_t len;
	bool uninit;
};

/**
 * struct node - an inode that is open
 * @opens: open descriptors
 * @run: the last run of blocks that was looked up
 */
struct node {
	ext2_ino_t ino;
	unsigned int opens;
	bool orphan;
	struct node *next;
	struct node *next_orphan;
	struct run run;
};

enum e2_time { E2_ATIME = 1, E2_MTIME = 2, E2_CTIME = 4, E2_CRTIME = 8 };

static inline struct ext2_inode *small(struct inode *in)
{
	return (struct ext2_inode *)&in->d;
}

/* ---- flags.c: chattr(1) ---- */

/* What an append-only node refuses, and an immutable one. */
#define E2_FROZEN (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL)

/* 0, or -EPERM if the node has one of the flags. */
static inline int flags_refuse(const struct inode *in, uint32_t flags)
{
	return (in->d.i_flags & flags) ? -EPERM : 0;
}

/* FS_IOC_GETFLAGS and its kin; -ENOTTY for others. */
int flags_ioctl(struct e2 *e, ext2_ino_t ino, unsigned int cmd, void *data);
bool flags_is_change(unsigned int cmd);

int inode_read(struct e2 *e, ext2_ino_t no, struct inode *out);
int inode_write(struct e2 *e, struct inode *in);
void inode_set_time(struct e2 *e, struct inode *in, int which,
		    const struct timespec *from);
/* The times named are now. */
void inode_touch(struct e2 *e, struct inode *in, int which);
void inode_stat(struct e2 *e, struct inode *in, struct stat *out);
bool inode_is_fast_symlink(struct inode *in);
/* Allocates a number and writes an inode with mode, links and owner set. */
int inode_new(struct e2 *e, struct inode *dir, mode_t mode, struct inode *out);
/* One link less; frees the inode with its last link unless it is open. */
int inode_drop(struct e2 *e, struct inode *in, unsigned int links);
/* Gives blocks, attributes and number back. */
int inode_free(struct e2 *e, struct inode *in);
struct node *node_find(struct e2 *e, ext2_ino_t ino);
int node_open(struct e2 *e, ext2_ino_t ino, struct node **out);
int node_release(struct e2 *e, struct node *node);

/* ---- map.c, punch.c ---- */

/* The run that begins at lblk, of at most max blocks; node may be NULL. */
int map_find(struct e2 *e, struct inode *in, struct node *node, uint64_t lblk,
	     uint64_t max, struct run *out);
/*
 * Allocates some of the hole at lblk, at most len blocks. The inode is written.
 * Return: the run allocated in *out, or -ENOSPC.
 */
int map_alloc(struct e2 *e, struct inode *in, uint64_t lblk, uint64_t len,
	      bool uninit, struct run *out);
/* Unwritten blocks become written ones. */
int map_convert(struct e2 *e, struct inode *in, const struct run *run);
/* Physical blocks are free again. */
void map_unclaim(struct e2 *e, struct inode *in, uint64_t pblk, uint64_t len);
/* punch.c: frees blocks first..last (~0: to the end). */
int map_punch(struct e2 *e, struct inode *in, uint64_t first, uint64_t last);
uint64_t map_max_size(struct e2 *e, struct inode *in);

/* ---- dirx.c: directories in memory; dir.c: on disk ---- */

struct dent {
	struct dent *next;
	uint32_t hash;
	ext2_ino_t ino;
	uint32_t blk;
	uint8_t type;
	uint8_t len;
	char name[];
};

/**
 * struct dirx - index of one directory
 * @room: of each block, the largest gap an entry could go in
 * @bad: some block could not be read
 */
struct dirx {
	ext2_ino_t ino;
	struct dirx *hnext, *prev, *next;
	struct dent **bucket;
	size_t n_buckets;
	size_t n;
	uint16_t *room;
	uint32_t n_blocks;
	uint32_t first_room;
	bool bad;
};

#define DIRX_NOWHERE UINT32_MAX

int dirx_get(struct e2 *e, ext2_ino_t dir, struct dirx **out);
void dirx_forget(struct e2 *e, ext2_ino_t dir);
void dirx_free_all(struct e2 *e);
/* Keeps the memory in bounds; for the end of an operation. */
void dirx_trim(struct e2 *e);
struct dent *dirx_find(struct dirx *x, const char *name, size_t len);
int dirx_add(struct e2 *e, struct dirx *x, const char *name, size_t len,
	     ext2_ino_t ino, uint8_t type, uint32_t blk);
void dirx_del(struct e2 *e, struct dirx *x, struct dent *dent);
int dirx_set_room(struct dirx *x, uint32_t blk, unsigned int room);
/* Looks again in which block each entry is. */
int dirx_rescan(struct e2 *e, struct dirx *x, struct inode *dir);
/* The largest gap of a directory block. */
unsigned int dirx_room(struct e2 *e, const char *block);
/* Space for entries in a directory block. */
unsigned int dir_space(struct e2 *e);
/* Checks one entry. Return: its length, 0 when broken. */
unsigned int dir_check(struct e2 *e, const char *block, unsigned int off);

int dir_lookup(struct e2 *e, ext2_ino_t dir, const char *name, size_t len,
	       struct dent **out);
int dir_add(struct e2 *e, struct inode *dir, const char *name, ext2_ino_t ino,
	    mode_t mode);
int dir_remove(struct e2 *e, struct inode *dir, const char *name);
/* The entry refers to another inode from now on. */
int dir_set(struct e2 *e, struct inode *dir, const char *name, ext2_ino_t ino,
	    mode_t mode);
bool dir_is_empty(struct dirx *x);
int dir_init(struct e2 *e, struct inode *dir, ext2_ino_t parent);
int dir_read_block(struct e2 *e, struct inode *dir, uint32_t lblk, char *buf,
		   uint64_t *pblk);
int dir_write_block(struct e2 *e, ext2_ino_t dir, uint64_t pblk, char *buf);
uint8_t dir_type(mode_t mode);

/* ---- namei.c ---- */

int namei_walk(struct e2 *e, const char *path, ext2_ino_t *out);
int namei_create(struct e2 *e, const char *path, mode_t mode, dev_t rdev,
		 ext2_ino_t *out);
int namei_symlink(struct e2 *e, const char *target, const char *path);
int namei_unlink(struct e2 *e, const char *path);
int namei_rmdir(struct e2 *e, const char *path);
int namei_link(struct e2 *e, const char *from, const char *to);
int namei_rename(struct e2 *e, const char *from, const char *to,
		 unsigned int flags);
/* rename.c uses them */
struct place {
	struct inode dir;
	const char *name;
	struct dent *dent;
};
int place_find(struct e2 *e, const char *path, struct place *out);
/* Its name may go: -EPERM where chattr(1) forbids it. */
int place_may_remove(const struct place *p, const struct inode *in);
int place_touch(struct e2 *e, struct place *p);
int dir_links(struct e2 *e, struct inode *dir, int change);

/* ---- file.c ---- */

ssize_t file_read(struct e2 *e, struct node *node, char *buf, size_t size,
		  uint64_t off);
ssize_t file_write(struct e2 *e, struct node *node, const char *buf,
		   size_t size, uint64_t off);
int file_truncate(struct e2 *e, struct inode *in, uint64_t size);
int file_fallocate(struct e2 *e, struct node *node, int mode, uint64_t off,
		   uint64_t len);
off_t file_lseek(struct e2 *e, struct node *node, uint64_t off, int whence);
/* Size is within the file. */
ssize_t file_read_blocks(struct e2 *e, struct inode *in, struct node *node,
			 char *buf, size_t size, uint64_t off);
/* One block of which only a part is given, the rest becoming zero. */
int file_put_padded(struct e2 *e, uint64_t pblk, uint64_t skip, const char *buf,
		    size_t len);

/* ---- inline.c ---- */

static inline bool is_inline(const struct inode *in)
{
	return in->d.i_flags & EXT4_INLINE_DATA_FL;
}

/* An empty file may keep its contents in the inode, as far as they fit. */
int inline_begin(struct e2 *e, struct inode *in, uint64_t end);
ssize_t inline_read(struct e2 *e, struct inode *in, char *buf, size_t size,
		    uint64_t off);
/* Return: 0 when done, -ENOSPC when the file now has blocks. */
int inline_write(struct e2 *e, struct inode *in, const char *buf, size_t size,
		 uint64_t off);
/* -ENOSPC: has to be uninlined. */
int inline_resize(struct e2 *e, struct inode *in, uint64_t size);
int file_readlink(struct e2 *e, struct inode *in, char *buf, size_t size);
int file_put_symlink(struct e2 *e, struct inode *in, const char *target);
/* Data kept in the inode go to blocks. */
int file_uninline(struct e2 *e, struct inode *in);

/* ---- attr.c, xattr.c, acl.c ---- */

int attr_chmod(struct e2 *e, ext2_ino_t ino, mode_t mode);
int attr_chown(struct e2 *e, ext2_ino_t ino, uid_t uid, gid_t gid);
int attr_utimens(struct e2 *e, ext2_ino_t ino, const struct timespec ts[2]);
void attr_statfs(struct e2 *e, struct statvfs *out);
uint64_t attr_overhead(struct e2 *e);
int xattr_get(struct e2 *e, ext2_ino_t ino, const char *name, char *buf,
	      size_t size);
int xattr_set(struct e2 *e, ext2_ino_t ino, const char *name, const char *buf,
	      size_t size, int flags);
int xattr_list(struct e2 *e, ext2_ino_t ino, char *buf, size_t size);
int xattr_remove(struct e2 *e, ext2_ino_t ino, const char *name);
/* The same without checks and without touching the times. */
int xattr_put(struct e2 *e, ext2_ino_t ino, const char *name, const void *buf,
	      size_t size);
int xattr_drop(struct e2 *e, ext2_ino_t ino, const char *name);
int xattr_drop_all(struct e2 *e, ext2_ino_t ino);
/* Gives *out to the caller: free() it. Return: its length or -ENODATA. */
int xattr_fetch(struct e2 *e, ext2_ino_t ino, const char *name, void **out);

/* What an access list that is about to be set says of the mode. */
int acl_to_mode(const void *acl, size_t size, mode_t *mode, bool *minimal);
/* As the kernel would show it. */
void acl_tidy(void *acl, size_t size);
/* chmod: the access list follows the mode. */
int acl_chmod(struct e2 *e, ext2_ino_t ino, mode_t mode);
/* A new inode takes after its directory; may change its mode. */
int acl_inherit(struct e2 *e, struct inode *dir, struct inode *in);

/* ---- ops.c ---- */

struct fuse_operations;
extern const struct fuse_operations e2_ops;

#endif
