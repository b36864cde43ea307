// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attr.c - mode, owner, times of a file; figures of the file system
 */
#include "ext2.h"

#include <errno.h>
#include <string.h>

int attr_chmod(struct e2 *e, ext2_ino_t ino, mode_t mode)
{
	struct inode in;
	int ret = inode_read(e, ino, &in);

	if (!ret)
		ret = flags_refuse(&in, E2_FROZEN);
	if (!ret)
		ret = acl_chmod(e, ino, mode);
	if (!ret)
		ret = inode_read(e, ino, &in);
	if (ret)
		return ret;
	if (S_ISLNK(in.d.i_mode))
		return -EOPNOTSUPP;
	in.d.i_mode = (uint16_t)((in.d.i_mode & S_IFMT) | (mode & 07777));
	inode_touch(e, &in, E2_CTIME);
	return inode_write(e, &in);
}

int attr_chown(struct e2 *e, ext2_ino_t ino, uid_t uid, gid_t gid)
{
	struct inode in;
	int ret = inode_read(e, ino, &in);

	if (!ret)
		ret = flags_refuse(&in, E2_FROZEN);
	if (ret)
		return ret;
	if (uid != (uid_t)-1) {
		in.d.i_uid = (uint16_t)uid;
		in.d.i_uid_high = (uint16_t)(uid >> 16);
	}
	if (gid != (gid_t)-1) {
		in.d.i_gid = (uint16_t)gid;
		in.d.i_gid_high = (uint16_t)(gid >> 16);
	}
	if (!S_ISDIR(in.d.i_mode)) {
		in.d.i_mode &= (uint16_t)~S_ISUID;
		if (in.d.i_mode & S_IXGRP)
			in.d.i_mode &= (uint16_t)~S_ISGID;
	}
	inode_touch(e, &in, E2_CTIME);
	return inode_write(e, &in);
}

static void set_one(struct e2 *e, struct inode *in, int which,
		    const struct timespec *ts)
{
	if (ts->tv_nsec == UTIME_NOW)
		inode_touch(e, in, which);
	else if (ts->tv_nsec != UTIME_OMIT)
		inode_set_time(e, in, which, ts);
}

/* touch(1): who may write may do that. */
static bool is_now(const struct timespec ts[2])
{
	return ts[0].tv_nsec == UTIME_NOW && ts[1].tv_nsec == UTIME_NOW;
}

int attr_utimens(struct e2 *e, ext2_ino_t ino, const struct timespec ts[2])
{
	static const struct timespec now[2] = { { .tv_nsec = UTIME_NOW },
						{ .tv_nsec = UTIME_NOW } };
	struct inode in;
	int ret = inode_read(e, ino, &in);

	if (!ts)
		ts = now;
	if (!ret)
		ret = flags_refuse(&in,
				   is_now(ts) ? EXT2_IMMUTABLE_FL : E2_FROZEN);
	if (ret)
		return ret;
	set_one(e, &in, E2_ATIME, &ts[0]);
	set_one(e, &in, E2_MTIME, &ts[1]);
	inode_touch(e, &in, E2_CTIME);
	return inode_write(e, &in);
}

/* ---- statfs ---- */

static uint64_t journal_blocks(struct e2 *e)
{
	struct inode in;

	if (!ext2fs_has_feature_journal(e->fs->super) ||
	    !e->fs->super->s_journal_inum ||
	    inode_read(e, e->fs->super->s_journal_inum, &in))
		return 0;
	return EXT2_I_SIZE(&in.d) / e->fs->blocksize;
}

/* Blocks that can never hold data: tables, bitmaps, copies, the journal. */
uint64_t attr_overhead(struct e2 *e)
{
	struct ext2_super_block *sb = e->fs->super;
	uint64_t n = sb->s_first_data_block;
	blk_t used;
	dgrp_t i;

	if (sb->s_overhead_clusters)
		return EXT2FS_C2B(e->fs, (uint64_t)sb->s_overhead_clusters);
	for (i = 0; i < e->fs->group_desc_count; i++) {
		ext2fs_super_and_bgd_loc2(e->fs, i, NULL, NULL, NULL, &used);
		n += used + 2 + e->fs->inode_blocks_per_group;
	}
	return n + journal_blocks(e);
}

/* What ext4 keeps back for extents it may have to split. */
static uint64_t kept_back(struct e2 *e)
{
	uint64_t n = ext2fs_blocks_count(e->fs->super) / 50;
	uint64_t most = 4096ULL * (uint64_t)EXT2FS_CLUSTER_RATIO(e->fs);

	if (!ext2fs_has_feature_extents(e->fs->super))
		return 0;
	return n < most ? n : most;
}

void attr_statfs(struct e2 *e, struct statvfs *out)
{
	struct ext2_super_block *sb = e->fs->super;
	uint64_t total = ext2fs_blocks_count(sb);
	uint64_t kept = ext2fs_r_blocks_count(sb) + kept_back(e);
	uint64_t uuid[2];

	memset(out, 0, sizeof(*out));
	memcpy(uuid, sb->s_uuid, sizeof(uuid));
	out->f_bsize = e->fs->blocksize;
	out->f_frsize = e->fs->blocksize;
	out->f_blocks = total > e->overhead ? total - e->overhead : total;
	out->f_bfree = ext2fs_free_blocks_count(sb);
	out->f_bavail = out->f_bfree > kept ? out->f_bfree - kept : 0;
	out->f_files = sb->s_inodes_count;
	out->f_ffree = sb->s_free_inodes_count;
	out->f_favail = out->f_ffree;
	out->f_fsid = uuid[0] ^ uuid[1];
	out->f_flag = e->ro ? ST_RDONLY : 0;
	out->f_namemax = E2_NAME_MAX;
}
