// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * volume.c - an image: where its data is, its sessions, its descriptors
 *
 * An image grown by several sessions has descriptors for each; the last ones
 * describe the newest tree, which is what a CD drive would show. They follow
 * where the session before ends, at a multiple of 16 sectors. What looks like
 * one must have its root directory behind its own begin: an image that lies in
 * the image as a file has not.
 */
#include "iso.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DESCRIPTOR 16
#define MAX_DESCRIPTORS	 64
#define MAX_SESSIONS	 1000
#define SESSION_ALIGN	 16
#define RAW_SECTOR	 2352

enum { VD_BOOT = 0, VD_PRIMARY = 1, VD_SUPPLEMENTARY = 2, VD_END = 255 };

/* Offsets in a descriptor. */
enum {
	VD_ID = 1,
	VD_SPACE = 80,
	VD_ESCAPE = 88,
	VD_BLOCK = 128,
	VD_ROOT = 156,
};

int iso_read(const struct iso *iso, uint64_t off, void *buf, size_t n)
{
	uint8_t *to = buf;

	while (n) {
		uint64_t sector = off / ISO_SECTOR;
		size_t in = (size_t)(off % ISO_SECTOR), part = n;
		uint64_t at = off;
		ssize_t got;

		if (iso->stride != ISO_SECTOR) {
			at = sector * iso->stride + iso->lead + in;
			part = n < ISO_SECTOR - in ? n : ISO_SECTOR - in;
		}
		if (off > iso->size || part > iso->size - off)
			return -EIO;
		got = um_next_pread(iso->file, to, part, (off_t)at);
		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		to += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

bool iso_has(const struct iso *iso, uint64_t block, uint64_t size)
{
	uint64_t at = block * iso->block_size;

	return at <= iso->size && size <= iso->size - at;
}

static bool has_id(const uint8_t *vd)
{
	return memcmp(vd + VD_ID, "CD001", 5) == 0;
}

static bool has_volume(const struct iso *iso)
{
	uint8_t vd[8];

	return iso_read(iso, FIRST_DESCRIPTOR * (uint64_t)ISO_SECTOR, vd,
			sizeof(vd)) == 0 &&
	       has_id(vd);
}

/* Plain sectors, or whole ones as a CD has them (mode 1; mode 2 form 1). */
static bool find_layout(struct iso *iso, uint64_t bytes)
{
	static const uint32_t leads[] = { 16, 24 };

	iso->stride = ISO_SECTOR;
	iso->lead = 0;
	iso->size = bytes;
	if (has_volume(iso))
		return true;
	iso->stride = RAW_SECTOR;
	iso->size = bytes / RAW_SECTOR * ISO_SECTOR;
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		iso->lead = leads[i];
		if (has_volume(iso))
			return true;
	}
	iso->stride = ISO_SECTOR;
	iso->lead = 0;
	iso->size = bytes;
	return false;
}

static bool is_block_size(uint32_t n)
{
	return n == 512 || n == 1024 || n == 2048;
}

/* Reads the primary descriptor of the session that begins at a sector. */
static int read_primary(const struct iso *iso, uint64_t start,
			uint8_t vd[ISO_SECTOR])
{
	uint64_t at = (start + FIRST_DESCRIPTOR) * ISO_SECTOR;
	int err = 0;

	for (int i = 0; i < MAX_DESCRIPTORS; i++, at += ISO_SECTOR) {
		err = iso_read(iso, at, vd, ISO_SECTOR);
		if (err || !has_id(vd) || vd[0] == VD_END)
			break;
		if (vd[0] == VD_PRIMARY &&
		    is_block_size(iso_le16(vd + VD_BLOCK)))
			return 0;
	}
	return err ? err : -EINVAL;
}

static bool is_session(const struct iso *iso, uint64_t start,
		       uint8_t vd[ISO_SECTOR])
{
	uint64_t root;

	if (read_primary(iso, start, vd) < 0)
		return false;
	root = (uint64_t)iso_le32(vd + VD_ROOT + REC_BLOCK) *
	       iso_le16(vd + VD_BLOCK) / ISO_SECTOR;
	return root >= start && root * ISO_SECTOR < iso->size;
}

static uint64_t round_up(uint64_t n)
{
	return (n + SESSION_ALIGN - 1) / SESSION_ALIGN * SESSION_ALIGN;
}

/*
 * Where the session after the one at `start` begins; 0: nowhere. Some count
 * the size of a session from its own begin, some from that of the image.
 */
static uint64_t next_session(const struct iso *iso, uint64_t start,
			     uint8_t vd[ISO_SECTOR])
{
	uint64_t size, ends[2];

	if (!is_session(iso, start, vd))
		return 0;
	size = (uint64_t)iso_le32(vd + VD_SPACE) * iso_le16(vd + VD_BLOCK) /
	       ISO_SECTOR;
	ends[0] = round_up(size);
	ends[1] = round_up(start + size);
	for (int i = 0; i < 2; i++)
		for (int more = 0; more <= 2 * SESSION_ALIGN;
		     more += SESSION_ALIGN)
			if (ends[i] + (uint64_t)more > start &&
			    is_session(iso, ends[i] + (uint64_t)more, vd))
				return ends[i] + (uint64_t)more;
	return 0;
}

/* Return: the first sector of the session that is asked for, or -errno */
static int64_t find_session(const struct iso *iso)
{
	uint8_t vd[ISO_SECTOR];
	uint64_t start = 0, next;
	int n = 0;

	if (iso->opt.sector >= 0)
		return iso->opt.sector;
	while (n < MAX_SESSIONS && n != iso->opt.session &&
	       (next = next_session(iso, start, vd))) {
		start = next;
		n++;
	}
	return iso->opt.session < 0 || n == iso->opt.session ? (int64_t)start
							     : -ENOENT;
}

static bool is_joliet(const uint8_t *vd)
{
	const uint8_t *e = vd + VD_ESCAPE;

	return vd[0] == VD_SUPPLEMENTARY && e[0] == '%' && e[1] == '/' &&
	       (e[2] == '@' || e[2] == 'C' || e[2] == 'E');
}

static void take_descriptor(struct iso *iso, const uint8_t *vd)
{
	const uint8_t *root = vd + VD_ROOT;

	iso->block_size = iso_le16(vd + VD_BLOCK);
	iso->blocks = iso_le32(vd + VD_SPACE);
	iso->root_block = iso_le32(root + REC_BLOCK);
	iso->root_size = iso_le32(root + REC_SIZE);
}

/* Rock Ridge is preferred to Joliet: it has modes, owners, links. */
static bool has_rock(struct iso *iso)
{
	uint8_t rec[256] = { 0 };

	if (iso_read(iso, (uint64_t)iso->root_block * iso->block_size, rec,
		     sizeof(rec) - 1) < 0)
		return false;
	return iso_rock_detect(iso, rec);
}

static void find_joliet(struct iso *iso, uint64_t at)
{
	uint8_t vd[ISO_SECTOR];

	for (int i = 0; i < MAX_DESCRIPTORS; i++, at += ISO_SECTOR) {
		if (iso_read(iso, at, vd, sizeof(vd)) < 0 || !has_id(vd) ||
		    vd[0] == VD_END)
			return;
		if (is_joliet(vd) && is_block_size(iso_le16(vd + VD_BLOCK))) {
			take_descriptor(iso, vd);
			iso->names = ISO_JOLIET;
			return;
		}
	}
}

static int read_volume(struct iso *iso)
{
	int64_t start = find_session(iso);
	uint8_t vd[ISO_SECTOR];
	int err;

	if (start < 0)
		return (int)start;
	err = read_primary(iso, (uint64_t)start, vd);
	if (err)
		return err;
	take_descriptor(iso, vd);
	iso->names = ISO_PLAIN;
	if (!iso->opt.norock && has_rock(iso))
		iso->names = ISO_ROCK;
	else if (!iso->opt.nojoliet)
		find_joliet(iso,
			    ((uint64_t)start + FIRST_DESCRIPTOR) * ISO_SECTOR);
	return iso_has(iso, iso->root_block, iso->root_size) ? 0 : -EIO;
}

static int refuse(const char *path, int err)
{
	const char *why = strerror(-err);

	if (err == -EINVAL)
		why = "not an ISO 9660 image";
	else if (err == -EIO)
		why = "the image is damaged or cut off";
	else if (err == -ENXIO)
		why = "no such session";
	fuse_log(FUSE_LOG_ERR, ISO_PROGRAM ": %s: %s\n", path, why);
	return err;
}

static int open_volume(struct iso *iso)
{
	struct iso_node root;
	uint64_t bytes;
	int err = um_next_size(iso->file, &bytes);

	if (err)
		return err;
	if (!find_layout(iso, bytes) && iso->opt.sector < 0)
		return -EINVAL;
	err = read_volume(iso);
	if (err == -ENOENT)
		return -ENXIO;
	if (!err)
		err = iso_root(iso, &root);
	if (!err)
		iso_node_fini(&root);
	return err;
}

int iso_open(struct iso *iso, const char *path, const struct iso_options *opt)
{
	int err;

	*iso = (struct iso){ .opt = *opt };
	err = um_next_open(um_next_current(), path, O_RDONLY, 0, &iso->file);
	if (err)
		return refuse(path, err);
	pthread_mutex_init(&iso->lock, NULL);
	err = open_volume(iso);
	if (!err)
		return 0;
	iso_close(iso);
	return refuse(path, err);
}

void iso_close(struct iso *iso)
{
	iso_forget_dirs(iso);
	pthread_mutex_destroy(&iso->lock);
	um_next_close(iso->file);
}
