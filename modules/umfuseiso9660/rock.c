// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rock.c - Rock Ridge: what the system use area of a record says
 *
 * The area is a row of fields, each with two letters and its length. It may
 * go on elsewhere in the image (CE). A deep directory lies elsewhere than its
 * name (CL); where it lies it is not shown (RE).
 */
#include "iso.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define FIELD(a, b) ((uint32_t)(a) << 8 | (uint32_t)(b))
#define MAX_AREAS   64

#define NAME_CONTINUES 0x01
#define NAME_SPECIAL   0x06

enum { PART_CONTINUES = 1, PART_HERE = 2, PART_PARENT = 4, PART_ROOT = 8 };

/**
 * struct rock - what is gathered over the fields of a record
 * @name: of NM; @has_name: there was one
 * @link: of SL; @slash: one is due before the next part
 * @child: block of a relocated directory, 0: none
 * @number: RRIP's serial number of the file, 0: none
 */
struct rock {
	const struct iso *iso;
	struct iso_node *node;
	char name[ISO_NAME_MAX + 1];
	size_t name_used;
	bool has_name;
	char link[PATH_MAX];
	size_t link_used;
	bool slash;
	bool moved;
	uint32_t child;
	uint32_t number;
	uint64_t next_block;
	uint32_t next_off;
	uint32_t next_size;
};

/* Where the system use area of a record begins; past its end: none. */
static size_t area_of(const uint8_t *rec)
{
	size_t at = REC_NAME + rec[REC_NAME_LENGTH];

	return at + !(rec[REC_NAME_LENGTH] & 1);
}

static bool is_sp(const uint8_t *field, size_t left)
{
	return left >= 7 && field[0] == 'S' && field[1] == 'P' &&
	       field[2] >= 7 && field[4] == 0xbe && field[5] == 0xef;
}

/* A CD-ROM XA disc has 14 bytes of its own before. */
bool iso_rock_detect(struct iso *iso, const uint8_t *rec)
{
	static const size_t before[] = { 0, 14 };
	size_t at = area_of(rec);

	for (size_t i = 0; i < 2; i++) {
		if (at + before[i] < rec[REC_LENGTH] &&
		    is_sp(rec + at + before[i],
			  rec[REC_LENGTH] - at - before[i])) {
			iso->skip = (uint8_t)(rec + at + before[i])[6];
			return true;
		}
	}
	return false;
}

static void take_px(struct rock *k, const uint8_t *f, size_t n)
{
	if (n < 36)
		return;
	k->node->mode = iso_le32(f + 4);
	k->node->nlink = iso_le32(f + 12);
	k->node->uid = iso_le32(f + 20);
	k->node->gid = iso_le32(f + 28);
	if (n >= 44)
		k->number = iso_le32(f + 36);
}

/* Where the high half is empty, the low one has Linux's number in 32 bits. */
static void take_pn(struct rock *k, const uint8_t *f, size_t n)
{
	uint32_t high, low;

	if (n < 20)
		return;
	high = iso_le32(f + 4);
	low = iso_le32(f + 12);
	if (high == 0 && low > 0xff)
		k->node->rdev = makedev(low >> 8 & 0xfff,
					(low & 0xff) | (low >> 12 & 0xfff00));
	else
		k->node->rdev = makedev(high, low);
}

static void take_nm(struct rock *k, const uint8_t *f, size_t n)
{
	if (n < 5 || f[4] & NAME_SPECIAL || n - 5 > ISO_NAME_MAX - k->name_used)
		return;
	memcpy(k->name + k->name_used, f + 5, n - 5);
	k->name_used += n - 5;
	k->has_name = true;
}

static int add_to_link(struct rock *k, const void *text, size_t n)
{
	if (n >= sizeof(k->link) - k->link_used)
		return -ENAMETOOLONG;
	memcpy(k->link + k->link_used, text, n);
	k->link_used += n;
	return 0;
}

static int add_part(struct rock *k, const uint8_t *part)
{
	unsigned int flags = part[0];
	int err = 0;

	if (k->slash)
		err = add_to_link(k, "/", 1);
	k->slash = !(flags & (PART_CONTINUES | PART_ROOT));
	if (err)
		return err;
	if (flags & PART_HERE)
		return add_to_link(k, ".", 1);
	if (flags & PART_PARENT)
		return add_to_link(k, "..", 2);
	if (flags & PART_ROOT)
		return add_to_link(k, "/", 1);
	return add_to_link(k, part + 2, part[1]);
}

static int take_sl(struct rock *k, const uint8_t *f, size_t n)
{
	size_t at = 5;
	int err = 0;

	while (!err && at + 2 <= n && f[at + 1] <= n - at - 2) {
		err = add_part(k, f + at);
		at += 2u + f[at + 1];
	}
	return err;
}

static void take_tf(struct rock *k, const uint8_t *f, size_t n)
{
	struct timespec *to[] = { NULL, &k->node->mtime, &k->node->atime,
				  &k->node->ctime };
	size_t at = 5, size, i;

	if (n < 5)
		return;
	size = f[4] & 0x80 ? 17 : 7;
	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		if (!(f[4] & 1u << i))
			continue;
		if (at + size > n)
			return;
		if (to[i])
			*to[i] = size == 7 ? iso_time7(f + at)
					   : iso_time17(f + at);
		at += size;
	}
}

static void take_zf(struct rock *k, const uint8_t *f, size_t n)
{
	if (n < 16)
		return;
	if (f[4] == 'p' && f[5] == 'z') {
		k->node->zisofs = 1;
		k->node->size = iso_le32(f + 8);
	} else if (f[4] == 'P' && f[5] == 'Z') {
		k->node->zisofs = 2;
		k->node->size = iso_le64(f + 8);
	}
}

static void take_ce(struct rock *k, const uint8_t *f, size_t n)
{
	if (n < 28)
		return;
	k->next_block = iso_le32(f + 4);
	k->next_off = iso_le32(f + 12);
	k->next_size = iso_le32(f + 20);
}

static int take_field(struct rock *k, const uint8_t *f, size_t n)
{
	switch (FIELD(f[0], f[1])) {
	case FIELD('P', 'X'):
		take_px(k, f, n);
		break;
	case FIELD('P', 'N'):
		take_pn(k, f, n);
		break;
	case FIELD('N', 'M'):
		take_nm(k, f, n);
		break;
	case FIELD('S', 'L'):
		return take_sl(k, f, n);
	case FIELD('T', 'F'):
		take_tf(k, f, n);
		break;
	case FIELD('Z', 'F'):
		take_zf(k, f, n);
		break;
	case FIELD('C', 'E'):
		take_ce(k, f, n);
		break;
	case FIELD('C', 'L'):
		if (n >= 12)
			k->child = iso_le32(f + 4);
		break;
	case FIELD('R', 'E'):
		k->moved = true;
		break;
	default:
		break;
	}
	return 0;
}

static int take_area(struct rock *k, const uint8_t *area, size_t n)
{
	size_t at = 0;
	int err = 0;

	k->next_size = 0;
	while (!err && at + 4 <= n) {
		size_t len = area[at + 2];

		if (len < 4 || len > n - at ||
		    (area[at] == 'S' && area[at + 1] == 'T'))
			break;
		err = take_field(k, area + at, len);
		at += len;
	}
	return err;
}

static int take_areas(struct rock *k, const uint8_t *rec)
{
	size_t at = area_of(rec) + k->iso->skip;
	uint8_t more[ISO_SECTOR];
	int err = 0;

	if (at < rec[REC_LENGTH])
		err = take_area(k, rec + at, rec[REC_LENGTH] - at);
	for (int i = 0; !err && k->next_size && i < MAX_AREAS; i++) {
		uint32_t size = k->next_size;

		if (size > sizeof(more))
			return -EIO;
		err = iso_read(k->iso,
			       k->next_block * k->iso->block_size + k->next_off,
			       more, size);
		if (!err)
			err = take_area(k, more, size);
	}
	return err;
}

/*
 * Files whose serial number and place are the same are one file. Others may
 * share their contents; they are told apart by where their record is.
 */
static void set_number(const struct rock *k)
{
	struct iso_node *node = k->node;

	if (S_ISREG(node->mode) && node->nlink > 1 && k->number && node->packed)
		node->ino = UINT64_C(1) << 62 |
			    (uint64_t)node->extents[0].block << 30 |
			    (k->number & 0x3fffffff);
}

/* The directory lies at k->child: its own "." describes it. */
static int enter_child(const struct rock *k)
{
	uint8_t rec[256] = { 0 };
	uint64_t at = (uint64_t)k->child * k->iso->block_size;
	struct iso_node *node = k->node;
	struct rock *own;
	int err = iso_read(k->iso, at, rec, sizeof(rec) - 1);

	if (err || rec[REC_LENGTH] < REC_NAME + 1)
		return -EIO;
	own = calloc(1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	own->iso = k->iso;
	own->node = node;
	err = take_areas(own, rec);
	free(own);
	node->mode = (node->mode & ~(mode_t)S_IFMT) | S_IFDIR;
	node->nextents = 0;
	node->packed = 0;
	if (!err)
		err = iso_node_add_extent(node, rec);
	if (!err && node->extents[0].block != k->child)
		err = -EIO;
	node->size = node->packed;
	return err;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What kind of node it is must agree with the record. */
static int settle(struct rock *k, struct iso_record *r, bool dir)
{
	struct iso_node *node = k->node;

	if (k->child && !is_dots(r->name))
		return enter_child(k);
	if (!(node->mode & S_IFMT))
		node->mode |= dir ? S_IFDIR : S_IFREG;
	if (S_ISDIR(node->mode) != dir)
		return -EIO;
	if (S_ISLNK(node->mode)) {
		node->link = strndup(k->link, k->link_used);
		if (!node->link)
			return -ENOMEM;
	}
	if (!S_ISREG(node->mode))
		node->zisofs = 0;
	if (node->size > INT64_MAX)
		return -EIO;
	set_number(k);
	return 0;
}

int iso_rock_read(const struct iso *iso, struct iso_record *r)
{
	bool dir = S_ISDIR(r->node.mode);
	struct rock *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->iso = iso;
	k->node = &r->node;
	err = take_areas(k, r->rec);
	if (!err)
		err = settle(k, r, dir);
	if (k->moved)
		r->hidden = true;
	if (!err && k->has_name && !is_dots(r->name)) {
		memcpy(r->name, k->name, k->name_used);
		r->name[k->name_used] = '\0';
	}
	free(k);
	return err;
}
