// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * super.c - mounting, flushing and unmounting an image
 *
 * While mounted for writing the superblock says "not clean"; the last write of
 * an unmount says "clean" again, after everything else is on the medium. So a
 * crash at any time leaves an image that e2fsck knows it has to look at.
 */
#include "ext2.h"

#include <errno.h>
#include <fuse_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_SECONDS 5
#define ICACHE_SIZE   16

static void say(const struct e2 *e, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void say(const struct e2 *e, const char *fmt, va_list ap)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, ap);
	fuse_log(FUSE_LOG_ERR, E2_PROGRAM ": %s: %s\n", e->source, line);
}

void e2_say(const struct e2 *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(e, fmt, ap);
	va_end(ap);
}

void e2_note(const struct e2 *e, const char *fmt, ...)
{
	va_list ap;

	if (e->opt.silent)
		return;
	va_start(ap, fmt);
	say(e, fmt, ap);
	va_end(ap);
}

int e2_err(errcode_t err)
{
	static const struct {
		errcode_t err;
		int ret;
	} table[] = {
		{ EXT2_ET_NO_MEMORY, -ENOMEM },
		{ EXT2_ET_BLOCK_ALLOC_FAIL, -ENOSPC },
		{ EXT2_ET_INODE_ALLOC_FAIL, -ENOSPC },
		{ EXT2_ET_DIR_NO_SPACE, -ENOSPC },
		{ EXT2_ET_EA_NO_SPACE, -ENOSPC },
		{ EXT2_ET_EXTENT_NO_SPACE, -ENOSPC },
		{ EXT2_ET_CANT_SPLIT_EXTENT, -ENOSPC },
		{ EXT2_ET_CANT_INSERT_EXTENT, -ENOSPC },
		{ EXT2_ET_TOO_MANY_REFS, -EMLINK },
		{ EXT2_ET_FILE_NOT_FOUND, -ENOENT },
		{ EXT2_ET_NO_DIRECTORY, -ENOTDIR },
		{ EXT2_ET_FILE_TOO_BIG, -EFBIG },
		{ EXT2_ET_RO_FILSYS, -EROFS },
		{ EXT2_ET_FILE_RO, -EROFS },
		{ EXT2_ET_EA_KEY_NOT_FOUND, -ENODATA },
		{ EXT2_ET_FILE_EXISTS, -EEXIST },
		{ EXT2_ET_DIR_EXISTS, -EEXIST },
		{ EXT2_ET_UNIMPLEMENTED, -EOPNOTSUPP },
		{ EXT2_ET_OP_NOT_SUPPORTED, -EOPNOTSUPP },
		{ EXT2_ET_INVALID_ARGUMENT, -EINVAL },
	};
	size_t i;

	if (err >= 0 && err < 4096)
		return (int)-err;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].err == err)
			return table[i].ret;
	return -EIO;
}

/* ---- opening ---- */

static void say_why(const struct e2 *e, errcode_t err)
{
	switch (err) {
	case EXT2_ET_BAD_MAGIC:
	case EXT2_ET_SHORT_READ:
		e2_say(e, "not an ext2/3/4 file system");
		break;
	case EXT2_ET_UNSUPP_FEATURE:
		e2_say(e, "has features this program does not know");
		break;
	case EXT2_ET_REV_TOO_HIGH:
		e2_say(e, "has a revision this program does not know");
		break;
	case EXT2_ET_SB_CSUM_INVALID:
		e2_say(e, "the superblock's checksum is wrong (try e2fsck)");
		break;
	case EIO:
		e2_say(e, "truncated, or not an ext2/3/4 file system");
		break;
	default:
		e2_say(e, "corrupt: %s (try e2fsck)", error_message(err));
	}
}

static errcode_t open_at(struct e2 *e, int flags)
{
	uint64_t sb = e->opt.sb;
	errcode_t err = EXT2_ET_BAD_MAGIC;
	unsigned int size;

	if (!sb)
		return io_open_fs(e->io, flags, 0, 0, &e->fs);
	for (size = 1024; size <= 65536 && err; size *= 2)
		err = io_open_fs(e->io, flags, (int)sb, size, &e->fs);
	/* mount(8) counts in units of 1 KiB, e2fsck(8) in blocks */
	for (size = 1024; size <= 65536 && err; size *= 2)
		if (sb * 1024 % size == 0)
			err = io_open_fs(e->io, flags, (int)(sb * 1024 / size),
					 size, &e->fs);
	return err;
}

static int open_fs(struct e2 *e)
{
	int flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP;
	errcode_t err;

	err = open_at(e, e->ro ? flags : flags | EXT2_FLAG_RW);
	if (err == EXT2_ET_RO_UNSUPP_FEATURE && !e->ro) {
		e2_note(e, "has features this program can only read: "
			   "mounted read-only");
		e->ro = true;
		err = open_at(e, flags);
	}
	if (err) {
		e->fs = NULL;
		say_why(e, err);
		return err == EXT2_ET_NO_MEMORY ? -ENOMEM : -EINVAL;
	}
	e->fs->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	e->fs->priv_data = e;
	return e2_err(ext2fs_create_inode_cache(e->fs, ICACHE_SIZE));
}

static int check_shape(struct e2 *e)
{
	struct ext2_super_block *sb = e->fs->super;
	uint64_t blocks = ext2fs_blocks_count(sb);

	if (ext2fs_has_feature_journal_dev(sb)) {
		e2_say(e, "is an external journal, not a file system");
		return -EINVAL;
	}
	if (ext2fs_has_feature_journal(sb) && !sb->s_journal_inum &&
	    sb->s_journal_dev) {
		e2_say(e, "has an external journal: not supported");
		return -EINVAL;
	}
	if (blocks > io_size(e->io) / e->fs->blocksize) {
		e2_say(e, "truncated: %llu bytes where there should be %llu",
		       (unsigned long long)io_size(e->io),
		       (unsigned long long)blocks * e->fs->blocksize);
		return -EINVAL;
	}
	if (ext2fs_check_desc(e->fs)) {
		e2_say(e, "corrupt group descriptors (try e2fsck)");
		return -EINVAL;
	}
	return 0;
}

static void go_readonly(struct e2 *e, const char *why)
{
	e2_note(e, "%s: mounted read-only", why);
	e->ro = true;
	e->fs->flags &= ~EXT2_FLAG_RW;
}

static void check_state(struct e2 *e)
{
	struct ext2_super_block *sb = e->fs->super;

	if (e->ro)
		return;
	if (ext2fs_has_feature_readonly(sb) ||
	    ext2fs_has_feature_shared_blocks(sb))
		go_readonly(e, "the file system asks for it");
	else if (ext2fs_has_feature_casefold(sb))
		go_readonly(e, "names without case cannot be written");
	else if (ext2fs_has_feature_mmp(sb) && !e->opt.force)
		go_readonly(e, "protected against multiple mounts");
	else if ((sb->s_state & EXT2_ERROR_FS) && !e->opt.force)
		go_readonly(e, "has errors (try e2fsck)");
	else if (!(sb->s_state & EXT2_VALID_FS))
		e2_note(e, "was not cleanly unmounted, e2fsck is advised");
}

static int replay(struct e2 *e)
{
	int ret;

	if (!ext2fs_has_feature_journal_needs_recovery(e->fs->super))
		return 0;
	if (e->ro)
		io_set_overlay(e->io);
	ret = journal_replay(e);
	ext2fs_free(e->fs);
	e->fs = NULL;
	if (ret)
		return ret;
	ret = open_fs(e);
	if (ret)
		return ret;
	ext2fs_clear_feature_journal_needs_recovery(e->fs->super);
	if (e->ro)
		return 0;
	e->fs->super->s_state |= EXT2_VALID_FS;
	ext2fs_mark_super_dirty(e->fs);
	ret = e2_sync(e);
	if (ret)
		e2_say(e, "cannot write: %s", strerror(-ret));
	return ret;
}

/*
 * The kernel keeps the sums in the superblock up to date only at unmount; what
 * the groups say is true.
 */
static void recount(struct e2 *e)
{
	struct ext2_super_block *sb = e->fs->super;
	uint64_t blocks = 0, inodes = 0;
	dgrp_t i;

	for (i = 0; i < e->fs->group_desc_count; i++) {
		blocks += ext2fs_bg_free_blocks_count(e->fs, i);
		inodes += ext2fs_bg_free_inodes_count(e->fs, i);
	}
	blocks = EXT2FS_C2B(e->fs, blocks);
	if (blocks == ext2fs_free_blocks_count(sb) &&
	    inodes == sb->s_free_inodes_count)
		return;
	ext2fs_free_blocks_count_set(sb, blocks);
	sb->s_free_inodes_count = (uint32_t)inodes;
	ext2fs_mark_super_dirty(e->fs);
}

static int begin_writing(struct e2 *e)
{
	struct ext2_super_block *sb = e->fs->super;
	uint64_t now = (uint64_t)time(NULL);
	int ret;

	if (ext2fs_read_bitmaps(e->fs)) {
		go_readonly(e, "corrupt allocation bitmaps (try e2fsck)");
		return 0;
	}
	ret = orphan_cleanup(e);
	if (ret)
		e2_note(e, "cannot free all orphans: %s", strerror(-ret));
	e->valid = !ret && sb->s_state & EXT2_VALID_FS;
	sb->s_state &= (uint16_t)~EXT2_VALID_FS;
	sb->s_mtime = (uint32_t)now;
	sb->s_mtime_hi = (uint8_t)(now >> 32);
	sb->s_mnt_count++;
	ext2fs_mark_super_dirty(e->fs);
	ret = e2_sync(e);
	if (ret)
		e2_say(e, "cannot write: %s", strerror(-ret));
	return ret;
}

/* Without a root there is nothing to see, and nothing that may be changed. */
static int check_root(struct e2 *e)
{
	struct dirx *names = NULL;
	struct inode root;
	int ret = inode_read(e, EXT2_ROOT_INO, &root);

	if (!ret && !LINUX_S_ISDIR(small(&root)->i_mode))
		ret = -EUCLEAN;
	if (!ret)
		ret = dirx_get(e, EXT2_ROOT_INO, &names);
	if (names && names->bad && !names->n)
		ret = -EUCLEAN;
	if (ret == -ENOMEM || !ret)
		return ret;
	e2_say(e, "corrupt: the root directory cannot be read (try e2fsck)");
	return -EUCLEAN;
}

static int mount_steps(struct e2 *e)
{
	int ret = open_fs(e);

	if (!ret)
		ret = check_shape(e);
	if (!ret) {
		check_state(e);
		ret = replay(e);
	}
	if (!ret) {
		e->inode_size = EXT2_INODE_SIZE(e->fs->super);
		e->block = malloc(e->fs->blocksize);
		ret = e->block ? 0 : -ENOMEM;
	}
	if (!ret)
		ret = check_root(e);
	if (!ret)
		recount(e);
	if (!ret && !e->ro)
		ret = begin_writing(e);
	if (!ret)
		e->overhead = attr_overhead(e);
	return ret;
}

static void forget(struct e2 *e)
{
	dirx_free_all(e);
	if (e->fs)
		ext2fs_free(e->fs);
	io_close(e->io);
	free(e->block);
	e->fs = NULL;
	e->io = NULL;
	e->block = NULL;
}

int e2_mount(struct e2 *e, struct um_next *next)
{
	bool writable = !e->opt.ro;
	int ret;

	/* what exists comes as an absolute name */
	ret = e->source[0] == '/' ? io_open(next, e->source, &writable, &e->io)
				  : -ENOENT;
	if (ret) {
		e2_say(e, "%s",
		       ret == -EBUSY ? "another session, a virtual machine or "
				       "a device uses it"
				     : strerror(-ret));
		return ret;
	}
	if (!writable && e->opt.rw) {
		e2_say(e, "cannot be written: mount it with -o ro");
		io_close(e->io);
		e->io = NULL;
		return -EACCES;
	}
	e->ro = !writable;
	(void)add_error_table(&et_ext2_error_table);
	ret = mount_steps(e);
	(void)remove_error_table(&et_ext2_error_table);
	if (ret) {
		forget(e);
		return ret;
	}
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->wake, NULL);
	return 0;
}

/* ---- flushing ---- */

int e2_flush(struct e2 *e)
{
	errcode_t err;

	if (e->ro)
		return 0;
	e->dirty = false;
	if (!(e->fs->flags &
	      (EXT2_FLAG_DIRTY | EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY)))
		return 0;
	e->fs->flags |= EXT2_FLAG_DIRTY;
	err = ext2fs_flush2(e->fs, EXT2_FLAG_FLUSH_NO_SYNC);
	return e2_err(err);
}

int e2_sync(struct e2 *e)
{
	int ret = e2_flush(e);

	return ret ? ret : io_sync(e->io);
}

static void *flusher(void *arg)
{
	struct e2 *e = arg;
	struct timespec until;

	pthread_mutex_lock(&e->lock);
	while (!e->stop) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += FLUSH_SECONDS;
		pthread_cond_timedwait(&e->wake, &e->lock, &until);
		/* What fails stays dirty: fsync tries again and tells. */
		if (e->dirty && !e->stop && !e2_flush(e))
			(void)io_writeback(e->io);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

void e2_start_flusher(struct e2 *e)
{
	if (!e->ro)
		e->flushing = !pthread_create(&e->flusher, NULL, flusher, e);
}

void e2_stop_flusher(struct e2 *e)
{
	if (!e->flushing)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->flusher, NULL);
	e->flushing = false;
}

static void free_nodes(struct e2 *e)
{
	struct node *n;
	size_t i;

	for (i = 0; i < sizeof(e->nodes) / sizeof(e->nodes[0]); i++) {
		while ((n = e->nodes[i])) {
			n->opens = 1;
			(void)node_release(e, n);
		}
	}
}

void e2_umount(struct e2 *e)
{
	int ret = 0;

	if (!e->fs)
		return;
	e2_stop_flusher(e);
	free_nodes(e);
	if (!e->ro)
		ret = e2_sync(e);
	if (!e->ro && !ret && e->valid) {
		e->fs->super->s_state |= EXT2_VALID_FS;
		ext2fs_mark_super_dirty(e->fs);
		ret = e2_sync(e);
	}
	if (ret)
		e2_say(e, "cannot write all at unmount: %s", strerror(-ret));
	forget(e);
	pthread_cond_destroy(&e->wake);
	pthread_mutex_destroy(&e->lock);
}
