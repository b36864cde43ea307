// SPDX-License-Identifier: GPL-2.0-or-later
/* node.c - from a directory record to a node */
#include "iso.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As the kernel shows what has no modes: everybody may read. */
#define PLAIN_FILE 0555
#define PLAIN_DIR  0555

/* More would not fit into the sizes the format has for a file's end. */
#define MAX_EXTENTS 65536

static time_t to_seconds(int year, int month, int day, int hour, int minute,
			 int second, int zone)
{
	struct tm tm = { .tm_year = year - 1900,
			 .tm_mon = month - 1,
			 .tm_mday = day,
			 .tm_hour = hour,
			 .tm_min = minute,
			 .tm_sec = second };

	/* in quarters of an hour; what is out of range is nonsense */
	if (zone < -52 || zone > 52)
		zone = 0;
	return timegm(&tm) - zone * (15 * 60);
}

struct timespec iso_time7(const uint8_t *p)
{
	struct timespec t = { 0 };

	if (p[1])
		t.tv_sec = to_seconds(1900 + p[0], p[1], p[2], p[3], p[4], p[5],
				      (int8_t)p[6]);
	return t;
}

static int digits(const uint8_t *p, int n)
{
	int value = 0;

	while (n--) {
		if (*p < '0' || *p > '9')
			return 0;
		value = value * 10 + (*p++ - '0');
	}
	return value;
}

struct timespec iso_time17(const uint8_t *p)
{
	struct timespec t = { 0 };

	if (digits(p, 4)) {
		t.tv_sec = to_seconds(digits(p, 4), digits(p + 4, 2),
				      digits(p + 6, 2), digits(p + 8, 2),
				      digits(p + 10, 2), digits(p + 12, 2),
				      (int8_t)p[16]);
		t.tv_nsec = digits(p + 14, 2) * 10000000L;
	}
	return t;
}

/* --- names --- */

/* The version (";1") and an empty extension are not part of the name. */
static size_t cut_version(const uint8_t *name, size_t n)
{
	size_t at = n;

	while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
		at--;
	if (at > 0 && at < n && name[at - 1] == ';')
		n = at - 1;
	if (n > 1 && name[n - 1] == '.')
		n--;
	return n;
}

static void plain_name(const struct iso *iso, const uint8_t *name, size_t n,
		       char *out)
{
	if (!iso->opt.map_off)
		n = cut_version(name, n);
	for (size_t i = 0; i < n; i++) {
		char c = (char)name[i];

		if (!iso->opt.map_off && c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		*out++ = c;
	}
	*out = '\0';
}

static char *put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	return out;
}

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* UCS-2 by the standard, UTF-16 in practice. */
static void joliet_name(const uint8_t *name, size_t n, char *out)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		uint32_t c = be16(name + i);
		uint32_t low = i + 3 < n ? be16(name + i + 2) : 0;

		if (c == ';' && i > 0)
			break;
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 &&
		    low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		out = put_utf8(out, c);
	}
	*out = '\0';
}

static void read_name(const struct iso *iso, struct iso_record *r)
{
	const uint8_t *name = r->rec + REC_NAME;
	size_t n = r->rec[REC_NAME_LENGTH];

	if (n == 1 && name[0] <= 1)
		memcpy(r->name, name[0] ? ".." : ".", name[0] ? 3 : 2);
	else if (iso->names == ISO_JOLIET)
		joliet_name(name, n, r->name);
	else
		plain_name(iso, name, n, r->name);
}

/* --- nodes --- */

int iso_node_add_extent(struct iso_node *node, const uint8_t *rec)
{
	struct iso_extent *grown;
	struct iso_extent e = { .block = iso_le32(rec + REC_BLOCK),
				.size = iso_le32(rec + REC_SIZE) };

	if (node->nextents >= MAX_EXTENTS)
		return -EIO;
	grown = reallocarray(node->extents, node->nextents + 1, sizeof(e));
	if (!grown)
		return -ENOMEM;
	node->extents = grown;
	grown[node->nextents++] = e;
	node->packed += e.size;
	return 0;
}

static void apply_modes(const struct iso *iso, struct iso_node *node)
{
	int mode = S_ISDIR(node->mode) ? iso->opt.dmode : iso->opt.mode;

	if (mode >= 0 && !S_ISLNK(node->mode))
		node->mode = (node->mode & S_IFMT) | (mode_t)mode;
}

/*
 * iso_record_read() - what a record says
 * @r: rec and at are set; rec has its whole length and a name that fits
 *
 * A directory is known by its first block: so it is the same node by its own
 * name and by "." and "..". Files are known by where their record is.
 */
int iso_record_read(const struct iso *iso, struct iso_record *r)
{
	const uint8_t *rec = r->rec;
	bool dir = rec[REC_FLAGS] & REC_IS_DIR;
	struct iso_node *node = &r->node;
	int err;

	*node = (struct iso_node){
		.ino = r->at + 1,
		.mode = dir ? S_IFDIR | PLAIN_DIR : S_IFREG | PLAIN_FILE,
		.nlink = 1,
		.uid = iso->uid,
		.gid = iso->gid,
	};
	r->hidden = rec[REC_FLAGS] & REC_IS_ASSOCIATED;
	node->mtime = iso_time7(rec + REC_TIME);
	node->atime = node->ctime = node->mtime;
	read_name(iso, r);
	err = iso_node_add_extent(node, rec);
	node->size = node->packed;
	if (!err && iso->names == ISO_ROCK)
		err = iso_rock_read(iso, r);
	if (err) {
		iso_node_fini(node);
		return err;
	}
	/* interleaved files are of the days of slow drives */
	if (rec[REC_UNIT] && !S_ISDIR(node->mode))
		node->nextents = 0;
	if (S_ISDIR(node->mode))
		node->ino =
			(uint64_t)node->extents[0].block * iso->block_size + 1;
	apply_modes(iso, node);
	return 0;
}

int iso_node_copy(struct iso_node *to, const struct iso_node *from)
{
	*to = *from;
	to->link = NULL;
	to->extents = NULL;
	if (from->link && !(to->link = strdup(from->link)))
		return -ENOMEM;
	if (from->nextents) {
		to->extents = calloc(from->nextents, sizeof(*from->extents));
		if (!to->extents) {
			free(to->link);
			return -ENOMEM;
		}
		memcpy(to->extents, from->extents,
		       from->nextents * sizeof(*from->extents));
	}
	return 0;
}

void iso_node_fini(struct iso_node *node)
{
	free(node->link);
	free(node->extents);
	node->link = NULL;
	node->extents = NULL;
}

void iso_node_stat(const struct iso *iso, const struct iso_node *node,
		   struct stat *out)
{
	memset(out, 0, sizeof(*out));
	out->st_ino = node->ino;
	out->st_mode = node->mode;
	out->st_nlink = node->nlink;
	out->st_uid = node->uid;
	out->st_gid = node->gid;
	out->st_rdev = node->rdev;
	out->st_size = (off_t)(node->link ? strlen(node->link) : node->size);
	if (S_ISREG(node->mode) || S_ISDIR(node->mode))
		out->st_blocks = (blkcnt_t)((node->packed + 511) / 512);
	out->st_blksize = (blksize_t)iso->block_size;
	out->st_atim = node->atime;
	out->st_mtim = node->mtime;
	out->st_ctim = node->ctime;
}
