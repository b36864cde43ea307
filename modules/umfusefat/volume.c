// SPDX-License-Identifier: GPL-2.0-or-later
/* volume.c - the boot sector, and reading and writing the image */
#include "fat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MAGIC  0x61417272u
#define INFO_MAGIC2 0x41615252u
#define STATE_DIRTY 1

int fat_read(struct fat *fs, uint64_t off, void *buf, size_t n)
{
	ssize_t got = um_next_pread(fs->image, buf, n, (off_t)off);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -EIO;
}

int fat_write(struct fat *fs, uint64_t off, const void *buf, size_t n)
{
	ssize_t put = um_next_pwrite(fs->image, buf, n, (off_t)off);

	if (put < 0)
		return (int)put;
	return (size_t)put == n ? 0 : -EIO;
}

static int refuse(const char *path, const char *why, int err)
{
	fuse_log(FUSE_LOG_ERR, FAT_PROGRAM ": %s: %s\n", path, why);
	return err;
}

static bool is_power(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Fills in what the boot sector says. NULL, or what is wrong with it. */
static const char *parse(struct fat *fs, const uint8_t *b, uint64_t size)
{
	uint32_t sector = get16(b + 11);
	uint32_t reserved = get16(b + 14);
	uint64_t total = get16(b + 19) ? get16(b + 19) : get32(b + 32);
	uint64_t per_fat = get16(b + 22) ? get16(b + 22) : get32(b + 36);
	uint64_t before;

	if (!memcmp(b + 3, "EXFAT   ", 8))
		return "an exFAT file system: use mount -t exfat";
	if (!is_power(sector) || sector < 512 || sector > 4096 ||
	    !is_power(b[13]) || !reserved || !b[16] || !per_fat || !total)
		return "not a FAT file system";
	fs->cluster_size = sector * b[13];
	fs->nfats = b[16];
	fs->table_off = (uint64_t)reserved * sector;
	fs->table_size = per_fat * sector;
	fs->root_slots = get16(b + 17);
	fs->root_off = fs->table_off + fs->nfats * fs->table_size;
	before = fs->root_off +
		 ((uint64_t)fs->root_slots * FAT_SLOT + sector - 1) / sector *
			 sector;
	fs->data_off = before;
	if (before >= total * sector || total * sector > size)
		return "not a FAT file system, or cut off";
	before = (total * sector - before) / fs->cluster_size;
	if (before > 0x0ffffff5)
		return "more clusters than FAT32 has";
	fs->nclusters = (uint32_t)before;
	fs->bits = !get16(b + 22) ? 32 : fs->nclusters < 4085 ? 12 : 16;
	if (fs->bits == 16 && fs->nclusters >= 65525)
		return "not a FAT file system: too many clusters";
	if ((uint64_t)(fs->nclusters + 2) * (uint64_t)fs->bits / 8 >
	    fs->table_size)
		return "the table is smaller than the file system";
	return NULL;
}

static const char *parse_fat32(struct fat *fs, const uint8_t *b)
{
	uint32_t sector = get16(b + 11);

	fs->active = UINT32_MAX;
	if (fs->bits != 32)
		return fs->root_slots ? NULL : "not a FAT file system";
	if (get16(b + 40) & 0x80)
		fs->active = get16(b + 40) & 0xf;
	if (fs->active != UINT32_MAX && fs->active >= fs->nfats)
		return "the active table does not exist";
	fs->root_first = get32(b + 44);
	fs->root_slots = 0;
	if (!fat_is_cluster(fs, fs->root_first))
		return "the root directory lies outside";
	if (get16(b + 48) && get16(b + 48) != 0xffff)
		fs->info_off = get16(b + 48) * sector;
	return NULL;
}

static void read_info(struct fat *fs)
{
	uint8_t info[512];

	fs->free = FAT_END;
	fs->hint = 2;
	if (!fs->info_off || fat_read(fs, fs->info_off, info, 512) < 0 ||
	    get32(info) != INFO_MAGIC2 || get32(info + 484) != INFO_MAGIC) {
		fs->info_off = 0;
		return;
	}
	if (fat_is_cluster(fs, get32(info + 492)))
		fs->hint = get32(info + 492);
}

static int load(struct fat *fs, const char *path)
{
	const char *wrong;
	uint8_t boot[512];
	uint64_t size;
	int err = um_next_size(fs->image, &size);

	if (!err)
		err = fat_read(fs, 0, boot, sizeof(boot));
	if (err)
		return refuse(path, "too short for a FAT file system", -EINVAL);
	wrong = parse(fs, boot, size);
	if (!wrong)
		wrong = parse_fat32(fs, boot);
	if (wrong)
		return refuse(path, wrong, -EINVAL);
	if (boot[fs->bits == 32 ? 65 : 37] & STATE_DIRTY)
		fuse_log(FUSE_LOG_ERR,
			 FAT_PROGRAM ": %s: was not unmounted cleanly; "
				     "fsck.fat can check it\n",
			 path);
	else
		fs->dirty = false;
	read_info(fs);
	fs->window_off = UINT64_MAX;
	fs->window = malloc(FAT_WINDOW);
	return fs->window ? 0 : -ENOMEM;
}

int fat_open(struct fat *fs, const char *path, bool readonly)
{
	int err = um_next_open(um_next_current(), path,
			       readonly ? O_RDONLY : O_RDWR, 0, &fs->image);

	if (err)
		return refuse(path, strerror(-err), err);
	fs->readonly = readonly;
	err = um_next_lock(fs->image, !readonly);
	if (err)
		refuse(path, "another session or a virtual machine uses it",
		       err);
	else
		err = load(fs, path);
	if (err) {
		um_next_close(fs->image);
		fs->image = NULL;
	}
	return err;
}

/* The boot sector tells of a file system in use. */
static int set_state(struct fat *fs, bool dirty)
{
	uint64_t off = fs->bits == 32 ? 65 : 37;
	uint8_t state;
	int err = fat_read(fs, off, &state, 1);

	if (err)
		return err;
	state = (uint8_t)(dirty ? state | STATE_DIRTY : state & ~STATE_DIRTY);
	return fat_write(fs, off, &state, 1);
}

int fat_begin(struct fat *fs)
{
	if (fs->readonly)
		return -EROFS;
	if (fs->dirty)
		return 0;
	fs->dirty = true;
	return set_state(fs, true);
}

static int write_info(struct fat *fs)
{
	uint8_t info[8];

	if (!fs->info_off)
		return 0;
	put32(info, fs->free);
	put32(info + 4, fs->hint);
	return fat_write(fs, fs->info_off + 488, info, sizeof(info));
}

int fat_sync(struct fat *fs)
{
	int err;

	if (!fs->dirty || fs->readonly)
		return 0;
	err = fat_flush_table(fs);
	if (!err)
		err = write_info(fs);
	if (!err)
		err = um_next_fsync(fs->image, false);
	return err;
}

int fat_close(struct fat *fs)
{
	int err = fat_sync(fs);

	if (!err && fs->dirty && !fs->readonly)
		err = set_state(fs, false);
	fat_forget_dirs(fs);
	free(fs->window);
	um_next_close(fs->image);
	if (err)
		fuse_log(FUSE_LOG_ERR, FAT_PROGRAM ": cannot write back: %s\n",
			 strerror(-err));
	return err;
}
