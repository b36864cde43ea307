// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flags.c - what lsattr(1) shows and chattr(1) changes
 *
 * Flags of an inode, its project and its generation, by ioctl(2); the rules
 * are those of the kernel's ext4. See FS_IOC_SETFLAGS in ioctl_iflags(2). Who
 * may change them the core decides; what an immutable or append-only node
 * refuses, the operations ask of flags_refuse().
 */
#include "ext2.h"

#include <errno.h>
#include <linux/fs.h>
#include <stddef.h>
#include <string.h>

/* What the kernel's ext4 shows, and what of that can be set. */
#define VISIBLE	   0x725bdfffu
#define MODIFIABLE 0x624bc0ffu

/* Changes that take more than a flag: the kernel moves data for them. */
#define NOT_HERE (EXT3_JOURNAL_DATA_FL | EXT4_CASEFOLD_FL | FS_DAX_FL)

static const struct {
	uint32_t flag;
	uint32_t xflag;
} common[] = {
	{ EXT2_SYNC_FL, FS_XFLAG_SYNC },
	{ EXT2_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE },
	{ EXT2_APPEND_FL, FS_XFLAG_APPEND },
	{ EXT2_NODUMP_FL, FS_XFLAG_NODUMP },
	{ EXT2_NOATIME_FL, FS_XFLAG_NOATIME },
	{ FS_DAX_FL, FS_XFLAG_DAX },
	{ EXT4_PROJINHERIT_FL, FS_XFLAG_PROJINHERIT },
};
#define N_COMMON (sizeof(common) / sizeof(common[0]))

static uint32_t get_flags(const struct inode *in)
{
	uint32_t flags = in->d.i_flags & VISIBLE;

	return S_ISREG(in->d.i_mode) ? flags & ~(uint32_t)EXT4_PROJINHERIT_FL
				     : flags;
}

/* Of +e and -e what is small: one run of blocks that the inode itself maps. */
struct small_map {
	uint32_t lblk;
	uint32_t n;
	uint32_t pblk;
};

static int small_extent(struct e2 *e, const struct inode *in,
			struct small_map *out)
{
	const struct ext3_extent_header *h = (const void *)in->d.i_block;
	const struct ext3_extent *x = (const void *)(h + 1);

	memset(out, 0, sizeof(*out));
	if (EXT2FS_CLUSTER_RATIO(e->fs) > 1 || h->eh_depth ||
	    ext2fs_le16_to_cpu(h->eh_entries) > 1)
		return -EOPNOTSUPP;
	if (!h->eh_entries)
		return 0;
	out->lblk = ext2fs_le32_to_cpu(x->ee_block);
	out->n = ext2fs_le16_to_cpu(x->ee_len);
	out->pblk = ext2fs_le32_to_cpu(x->ee_start);
	if (x->ee_start_hi || out->lblk >= EXT2_NDIR_BLOCKS ||
	    out->n > EXT2_NDIR_BLOCKS - out->lblk)
		return -EOPNOTSUPP;
	return 0;
}

static int small_blocks(struct e2 *e, const struct inode *in,
			struct small_map *out)
{
	const uint32_t *b = in->d.i_block;
	uint32_t i = 0;

	memset(out, 0, sizeof(*out));
	if (!ext2fs_has_feature_extents(e->fs->super))
		return -EOPNOTSUPP;
	while (i < EXT2_NDIR_BLOCKS && !b[i])
		i++;
	out->lblk = i;
	out->pblk = i < EXT2_NDIR_BLOCKS ? b[i] : 0;
	while (i < EXT2_NDIR_BLOCKS && b[i] == out->pblk + out->n && b[i]) {
		out->n++;
		i++;
	}
	while (i < EXT2_N_BLOCKS && !b[i])
		i++;
	return i == EXT2_N_BLOCKS ? 0 : -EOPNOTSUPP;
}

static int to_blocks(struct e2 *e, struct inode *in)
{
	struct small_map m;
	int ret = in->d.i_flags & EXT4_INLINE_DATA_FL ? -EOPNOTSUPP
						      : small_extent(e, in, &m);

	if (ret)
		return ret;
	memset(in->d.i_block, 0, sizeof(in->d.i_block));
	for (uint32_t i = 0; i < m.n; i++)
		in->d.i_block[m.lblk + i] = m.pblk + i;
	in->d.i_flags &= ~(uint32_t)EXT4_EXTENTS_FL;
	return 0;
}

static int to_extents(struct e2 *e, struct inode *in)
{
	struct ext3_extent_header *h = (void *)in->d.i_block;
	struct ext3_extent *x = (void *)(h + 1);
	struct small_map m;
	int ret = in->d.i_flags & EXT4_INLINE_DATA_FL ? -EOPNOTSUPP
						      : small_blocks(e, in, &m);

	if (ret)
		return ret;
	memset(in->d.i_block, 0, sizeof(in->d.i_block));
	h->eh_magic = ext2fs_cpu_to_le16(EXT3_EXT_MAGIC);
	h->eh_max = ext2fs_cpu_to_le16((sizeof(in->d.i_block) - sizeof(*h)) /
				       sizeof(*x));
	if (m.n) {
		h->eh_entries = ext2fs_cpu_to_le16(1);
		x->ee_block = ext2fs_cpu_to_le32(m.lblk);
		x->ee_len = ext2fs_cpu_to_le16((uint16_t)m.n);
		x->ee_start = ext2fs_cpu_to_le32(m.pblk);
	}
	in->d.i_flags |= EXT4_EXTENTS_FL;
	return 0;
}

/* What makes no sense for the kind of node, ext4 does not take. */
static uint32_t mask_flags(const struct inode *in, uint32_t flags)
{
	if (S_ISDIR(in->d.i_mode))
		return flags;
	flags &= ~(uint32_t)(EXT2_DIRSYNC_FL | EXT2_TOPDIR_FL |
			     EXT4_CASEFOLD_FL | EXT4_PROJINHERIT_FL);
	return S_ISREG(in->d.i_mode)
		       ? flags
		       : flags & (EXT2_NODUMP_FL | EXT2_NOATIME_FL);
}

static int set_flags(struct e2 *e, struct inode *in, uint32_t flags)
{
	const uint32_t old = in->d.i_flags;
	int ret = 0;

	if (flags & ~VISIBLE)
		return -EOPNOTSUPP;
	flags &= MODIFIABLE;
	if (mask_flags(in, flags) != flags)
		return -EOPNOTSUPP;
	if ((old & flags & EXT2_IMMUTABLE_FL) &&
	    ((old ^ flags) & MODIFIABLE & ~(uint32_t)EXT2_IMMUTABLE_FL))
		return -EPERM;
	if ((old ^ flags) & NOT_HERE)
		return -EOPNOTSUPP;
	if ((old ^ flags) & EXT4_EXTENTS_FL)
		ret = flags & EXT4_EXTENTS_FL ? to_extents(e, in)
					      : to_blocks(e, in);
	if (ret)
		return ret;
	in->d.i_flags = (in->d.i_flags & ~MODIFIABLE) | flags;
	inode_touch(e, in, E2_CTIME);
	return inode_write(e, in);
}

static bool has_project(struct e2 *e, const struct inode *in)
{
	return ext2fs_has_feature_project(e->fs->super) &&
	       e->inode_size > EXT2_GOOD_OLD_INODE_SIZE &&
	       EXT2_GOOD_OLD_INODE_SIZE + (size_t)in->d.i_extra_isize >=
		       offsetof(struct ext2_inode_large, i_projid) +
			       sizeof(in->d.i_projid);
}

static void get_fsx(struct e2 *e, const struct inode *in, struct fsxattr *out)
{
	const uint32_t flags = get_flags(in);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < N_COMMON; i++)
		if (flags & common[i].flag)
			out->fsx_xflags |= common[i].xflag;
	if (has_project(e, in))
		out->fsx_projid = in->d.i_projid;
}

static int set_fsx(struct e2 *e, struct inode *in, const struct fsxattr *fsx)
{
	uint32_t flags = get_flags(in);

	if (fsx->fsx_projid && !has_project(e, in))
		return -EOPNOTSUPP;
	if (fsx->fsx_extsize || fsx->fsx_cowextsize)
		return -EINVAL;
	if (has_project(e, in)) {
		if ((in->d.i_flags & EXT2_IMMUTABLE_FL) &&
		    (fsx->fsx_xflags & FS_XFLAG_IMMUTABLE) &&
		    fsx->fsx_projid != in->d.i_projid)
			return -EPERM;
		in->d.i_projid = fsx->fsx_projid;
	}
	for (size_t i = 0; i < N_COMMON; i++) {
		flags &= ~common[i].flag;
		if (fsx->fsx_xflags & common[i].xflag)
			flags |= common[i].flag;
	}
	return set_flags(e, in, flags);
}

static int set_version(struct e2 *e, struct inode *in, uint32_t version)
{
	/* the checksums of its blocks have it in them */
	if (ext2fs_has_feature_metadata_csum(e->fs->super))
		return -ENOTTY;
	in->d.i_generation = version;
	inode_touch(e, in, E2_CTIME);
	return inode_write(e, in);
}

bool flags_is_change(unsigned int cmd)
{
	return cmd == FS_IOC_SETFLAGS || cmd == FS_IOC_FSSETXATTR ||
	       cmd == FS_IOC_SETVERSION;
}

int flags_ioctl(struct e2 *e, ext2_ino_t ino, unsigned int cmd, void *data)
{
	uint32_t *word = data;
	struct inode in;
	int ret = inode_read(e, ino, &in);

	if (ret)
		return ret;
	switch (cmd) {
	case FS_IOC_GETFLAGS:
		*word = get_flags(&in);
		return 0;
	case FS_IOC_SETFLAGS:
		return set_flags(e, &in, *word);
	case FS_IOC_GETVERSION:
		*word = in.d.i_generation;
		return 0;
	case FS_IOC_SETVERSION:
		return set_version(e, &in, *word);
	case FS_IOC_FSGETXATTR:
		get_fsx(e, &in, data);
		return 0;
	case FS_IOC_FSSETXATTR:
		return set_fsx(e, &in, data);
	default:
		return -ENOTTY;
	}
}
