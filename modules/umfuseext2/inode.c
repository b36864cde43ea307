// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inode.c - inodes: reading, writing, making, freeing; and the open ones
 *
 * An open inode has a `struct node` in a hash. If its last name goes it is put
 * on the orphan list of the superblock, and freed at the last release.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysmacros.h>

#define N_NODES	      256u
#define INHERIT_ALL   (EXT2_NODUMP_FL | EXT2_NOATIME_FL)
#define INHERIT_FILE  (INHERIT_ALL | EXT2_SYNC_FL | EXT3_JOURNAL_DATA_FL)
#define INHERIT_DIR   (INHERIT_FILE | EXT2_DIRSYNC_FL | EXT4_PROJINHERIT_FL)
#define HAS(in, f, e) has_field(e, in, offsetof(struct ext2_inode_large, f))

int inode_read(struct e2 *e, ext2_ino_t no, struct inode *out)
{
	errcode_t err;

	memset(out, 0, sizeof(*out));
	if (!no || no > e->fs->super->s_inodes_count)
		return -EIO;
	out->no = no;
	err = ext2fs_read_inode_full(e->fs, no, small(out), sizeof(out->d));
	return err ? e2_err(err) : 0;
}

int inode_write(struct e2 *e, struct inode *in)
{
	return e2_err(ext2fs_write_inode_full(e->fs, in->no, small(in),
					      sizeof(in->d)));
}

/* ---- times ---- */

/* A 32-bit field at off is within the part of the inode that is in use. */
static bool has_field(struct e2 *e, const struct inode *in, size_t off)
{
	return e->inode_size > EXT2_GOOD_OLD_INODE_SIZE &&
	       off + 4 <= EXT2_GOOD_OLD_INODE_SIZE + 0u + in->d.i_extra_isize;
}

static uint32_t extra_of(const struct timespec *ts)
{
	uint64_t epoch = (uint64_t)(ts->tv_sec - (int32_t)ts->tv_sec) >> 32;

	return ((uint32_t)ts->tv_nsec << EXT4_EPOCH_BITS) |
	       (uint32_t)(epoch & EXT4_EPOCH_MASK);
}

/* The nearest time that can be kept; as the kernel does, the limits are whole. */
static struct timespec clamped(const struct timespec *ts, bool extra)
{
	int64_t max = extra ? 0x37fffffffLL : INT32_MAX;

	if (ts->tv_sec <= INT32_MIN)
		return (struct timespec){ .tv_sec = INT32_MIN };
	if (ts->tv_sec >= max)
		return (struct timespec){ .tv_sec = max };
	return *ts;
}

void inode_set_time(struct e2 *e, struct inode *in, int which,
		    const struct timespec *from)
{
	bool extra = HAS(in, i_ctime_extra, e);
	struct timespec ts = clamped(from, extra);

	if (which & E2_ATIME)
		in->d.i_atime = (uint32_t)ts.tv_sec;
	if (which & E2_MTIME)
		in->d.i_mtime = (uint32_t)ts.tv_sec;
	if (which & E2_CTIME)
		in->d.i_ctime = (uint32_t)ts.tv_sec;
	if (which & E2_ATIME && HAS(in, i_atime_extra, e))
		in->d.i_atime_extra = extra_of(&ts);
	if (which & E2_MTIME && HAS(in, i_mtime_extra, e))
		in->d.i_mtime_extra = extra_of(&ts);
	if (which & E2_CTIME && extra)
		in->d.i_ctime_extra = extra_of(&ts);
	if (which & E2_CRTIME && HAS(in, i_crtime_extra, e)) {
		in->d.i_crtime = (uint32_t)ts.tv_sec;
		in->d.i_crtime_extra = extra_of(&ts);
	}
}

void inode_touch(struct e2 *e, struct inode *in, int which)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	inode_set_time(e, in, which, &now);
}

static struct timespec time_of(uint32_t sec, uint32_t extra)
{
	struct timespec ts = { .tv_sec = (int32_t)sec };

	ts.tv_sec += (int64_t)(extra & EXT4_EPOCH_MASK) << 32;
	ts.tv_nsec = extra >> EXT4_EPOCH_BITS;
	if (ts.tv_nsec > 999999999)
		ts.tv_nsec = 0;
	return ts;
}

/* ---- stat ---- */

static dev_t rdev_of(const struct inode *in)
{
	uint32_t v = in->d.i_block[0];

	if (v)
		return makedev((v >> 8) & 0xff, v & 0xff);
	v = in->d.i_block[1];
	return makedev((v >> 8) & 0xfff, (v & 0xff) | ((v >> 12) & 0xfff00));
}

void inode_stat(struct e2 *e, struct inode *in, struct stat *out)
{
	struct ext2_inode_large *d = &in->d;

	memset(out, 0, sizeof(*out));
	out->st_ino = in->no;
	out->st_mode = d->i_mode;
	out->st_nlink = d->i_links_count;
	out->st_uid = inode_uid(*d);
	out->st_gid = inode_gid(*d);
	out->st_size = (off_t)EXT2_I_SIZE(d);
	out->st_blksize = (blksize_t)e->fs->blocksize;
	out->st_blocks = (blkcnt_t)ext2fs_get_stat_i_blocks(e->fs, small(in));
	if (S_ISCHR(d->i_mode) || S_ISBLK(d->i_mode))
		out->st_rdev = rdev_of(in);
	out->st_atim = time_of(
		d->i_atime, HAS(in, i_atime_extra, e) ? d->i_atime_extra : 0);
	out->st_mtim = time_of(
		d->i_mtime, HAS(in, i_mtime_extra, e) ? d->i_mtime_extra : 0);
	out->st_ctim = time_of(
		d->i_ctime, HAS(in, i_ctime_extra, e) ? d->i_ctime_extra : 0);
}

bool inode_is_fast_symlink(struct inode *in)
{
	return S_ISLNK(in->d.i_mode) &&
	       EXT2_I_SIZE(&in->d) < sizeof(in->d.i_block) &&
	       !(in->d.i_flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL));
}

/* ---- making and freeing ---- */

static uint32_t flags_for(struct e2 *e, const struct inode *dir, mode_t mode)
{
	uint32_t flags = dir->d.i_flags & INHERIT_ALL;

	if (S_ISDIR(mode))
		flags = dir->d.i_flags & INHERIT_DIR;
	else if (S_ISREG(mode))
		flags = dir->d.i_flags & INHERIT_FILE;
	if (ext2fs_has_feature_extents(e->fs->super) &&
	    (S_ISDIR(mode) || S_ISREG(mode)))
		flags |= EXT4_EXTENTS_FL;
	return flags;
}

static void set_owner(struct e2 *e, const struct inode *dir, mode_t mode,
		      struct inode *in)
{
	gid_t gid = e->gid;

	if (dir->d.i_mode & S_ISGID) {
		gid = inode_gid(dir->d);
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	}
	in->d.i_mode = (uint16_t)mode;
	in->d.i_uid = (uint16_t)e->uid;
	in->d.i_uid_high = (uint16_t)(e->uid >> 16);
	in->d.i_gid = (uint16_t)gid;
	in->d.i_gid_high = (uint16_t)(gid >> 16);
}

/* An empty extent tree. */
static int init_extents(struct e2 *e, struct inode *in)
{
	ext2_extent_handle_t handle;
	errcode_t err;

	if (!(in->d.i_flags & EXT4_EXTENTS_FL))
		return 0;
	err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
	if (err)
		return e2_err(err);
	ext2fs_extent_free(handle);
	return 0;
}

static int fill_new(struct e2 *e, const struct inode *dir, mode_t mode,
		    struct inode *in)
{
	uint32_t generation = 0;
	errcode_t err;
	int ret;

	if (getrandom(&generation, sizeof(generation), 0) < 0)
		generation = (uint32_t)time(NULL) ^ in->no;
	set_owner(e, dir, mode, in);
	in->d.i_links_count = 1;
	in->d.i_generation = generation;
	in->d.i_flags = flags_for(e, dir, mode);
	ret = init_extents(e, in);
	if (ret)
		return ret;
	err = ext2fs_write_new_inode(e->fs, in->no, small(in));
	if (err)
		return e2_err(err);
	ret = inode_read(e, in->no, in);
	if (ret)
		return ret;
	inode_touch(e, in, E2_ATIME | E2_MTIME | E2_CTIME | E2_CRTIME);
	if (in->d.i_flags & EXT4_PROJINHERIT_FL && HAS(in, i_projid, e) &&
	    HAS(dir, i_projid, e))
		in->d.i_projid = dir->d.i_projid;
	return inode_write(e, in);
}

int inode_new(struct e2 *e, struct inode *dir, mode_t mode, struct inode *out)
{
	errcode_t err;
	int ret;

	memset(out, 0, sizeof(*out));
	err = ext2fs_new_inode(e->fs, dir->no, (int)mode, NULL, &out->no);
	if (err)
		return e2_err(err);
	ret = fill_new(e, dir, mode, out);
	if (!ret)
		ext2fs_inode_alloc_stats2(e->fs, out->no, 1, S_ISDIR(mode));
	return ret;
}

int inode_free(struct e2 *e, struct inode *in)
{
	bool isdir = S_ISDIR(in->d.i_mode);
	errcode_t err = 0;
	int ret = 0;

	if (ext2fs_has_feature_ea_inode(e->fs->super)) {
		ret = xattr_drop_all(e, in->no);
		if (!ret)
			ret = inode_read(e, in->no, in);
	}
	if (!ret && !inode_is_fast_symlink(in) &&
	    !(in->d.i_flags & EXT4_INLINE_DATA_FL) &&
	    ext2fs_inode_has_valid_blocks2(e->fs, small(in)))
		ret = map_punch(e, in, 0, ~0ULL);
	if (!ret)
		err = ext2fs_free_ext_attr(e->fs, in->no, &in->d);
	if (ret || err)
		return ret ? ret : e2_err(err);
	in->d.i_links_count = 0;
	in->d.i_dtime = (uint32_t)time(NULL);
	ret = inode_write(e, in);
	if (!ret)
		ext2fs_inode_alloc_stats2(e->fs, in->no, -1, isdir);
	if (isdir)
		dirx_forget(e, in->no);
	return ret;
}

int inode_drop(struct e2 *e, struct inode *in, unsigned int links)
{
	struct node *node;

	if (in->d.i_links_count > links)
		in->d.i_links_count = (uint16_t)(in->d.i_links_count - links);
	else
		in->d.i_links_count = 0;
	inode_touch(e, in, E2_CTIME);
	if (in->d.i_links_count)
		return inode_write(e, in);
	node = node_find(e, in->no);
	return node ? orphan_add(e, node, in) : inode_free(e, in);
}

/* ---- open inodes ---- */

struct node *node_find(struct e2 *e, ext2_ino_t ino)
{
	struct node *n = e->nodes[ino % N_NODES];

	while (n && n->ino != ino)
		n = n->next;
	return n;
}

int node_open(struct e2 *e, ext2_ino_t ino, struct node **out)
{
	struct node *n = node_find(e, ino);

	if (!n) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->ino = ino;
		n->next = e->nodes[ino % N_NODES];
		e->nodes[ino % N_NODES] = n;
	}
	n->opens++;
	*out = n;
	return 0;
}

int node_release(struct e2 *e, struct node *node)
{
	struct node **at = &e->nodes[node->ino % N_NODES];
	struct inode in;
	int ret = 0;

	if (--node->opens)
		return 0;
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	if (node->orphan) {
		ret = inode_read(e, node->ino, &in);
		if (!ret)
			ret = orphan_del(e, node, &in);
		if (!ret)
			ret = inode_free(e, &in);
	}
	free(node);
	return ret;
}
