// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zisofs.c - files that are compressed block by block
 *
 * A head, a table of offsets, one more than there are blocks, and the blocks,
 * each a zlib stream; a block of no length is zeros. Version 2 has a longer
 * head and offsets of 8 bytes. What the head says must agree with the record.
 */
#include "iso.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define NO_BLOCK UINT64_MAX

static const uint8_t magic[2][8] = {
	{ 0x37, 0xe4, 0x53, 0x96, 0xc9, 0xdb, 0xd6, 0x07 },
	{ 0xef, 0x22, 0x55, 0xa1, 0xbc, 0x1b, 0x95, 0xa0 },
};

struct head {
	uint64_t size;
	uint32_t length;
	unsigned int log;
};

static bool parse_head(const uint8_t *p, int version, struct head *out)
{
	if (memcmp(p, magic[version - 1], 8) != 0)
		return false;
	if (version == 1) {
		*out = (struct head){ .size = iso_le32(p + 8),
				      .length = 4u * p[12],
				      .log = p[13] };
		return out->length >= 16 && out->log >= 15 && out->log <= 17;
	}
	*out = (struct head){ .size = iso_le64(p + 12),
			      .length = 4u * p[9],
			      .log = p[11] };
	return p[8] == 0 && p[10] == 1 && out->length >= 24 && out->log >= 15 &&
	       out->log <= 20;
}

int iso_unzip_open(const struct iso *iso, const struct iso_node *node,
		   struct iso_unzip **out)
{
	uint8_t p[24] = { 0 };
	struct head h;
	struct iso_unzip *z;
	ssize_t n = iso_read_packed(iso, node, p, sizeof(p), 0);

	if (n < 16 || !parse_head(p, node->zisofs, &h) || h.size != node->size)
		return -EIO;
	z = calloc(1, sizeof(*z));
	if (!z)
		return -ENOMEM;
	z->block_size = UINT32_C(1) << h.log;
	z->table = h.length;
	z->have = NO_BLOCK;
	z->block = malloc(z->block_size);
	if (!z->block) {
		free(z);
		return -ENOMEM;
	}
	pthread_mutex_init(&z->lock, NULL);
	*out = z;
	return 0;
}

void iso_unzip_close(struct iso_unzip *z)
{
	if (!z)
		return;
	pthread_mutex_destroy(&z->lock);
	free(z->block);
	free(z);
}

/* Where block number `no` lies in the packed file. */
static int find_block(const struct iso *iso, const struct iso_node *node,
		      const struct iso_unzip *z, uint64_t no, uint64_t *off,
		      uint64_t *size)
{
	const size_t each = node->zisofs == 1 ? 4 : 8;
	uint8_t p[16];
	uint64_t end;

	if (iso_read_packed(iso, node, p, 2 * each, z->table + no * each) !=
	    (ssize_t)(2 * each))
		return -EIO;
	*off = each == 4 ? iso_le32(p) : iso_le64(p);
	end = each == 4 ? iso_le32(p + each) : iso_le64(p + each);
	if (end < *off || end > node->packed)
		return -EIO;
	*size = end - *off;
	return 0;
}

static int unpack(const struct iso *iso, const struct iso_node *node,
		  struct iso_unzip *z, uint64_t off, size_t size)
{
	uint8_t *packed = malloc(size);
	uLongf got = z->block_size;
	int err = packed ? 0 : -ENOMEM;

	if (!err &&
	    iso_read_packed(iso, node, packed, size, off) != (ssize_t)size)
		err = -EIO;
	if (!err && uncompress(z->block, &got, packed, size) != Z_OK)
		err = -EIO;
	free(packed);
	z->have_size = err ? 0 : got;
	return err;
}

static int load_block(const struct iso *iso, const struct iso_node *node,
		      struct iso_unzip *z, uint64_t no)
{
	uint64_t off, size;
	int err;

	if (z->have == no)
		return 0;
	z->have = NO_BLOCK;
	err = find_block(iso, node, z, no, &off, &size);
	if (err)
		return err;
	/* zlib never doubles what it cannot make smaller */
	if (size > 2u * z->block_size)
		return -EIO;
	if (size == 0) {
		memset(z->block, 0, z->block_size);
		z->have_size = z->block_size;
	} else {
		err = unpack(iso, node, z, off, (size_t)size);
	}
	if (!err)
		z->have = no;
	return err;
}

static ssize_t read_locked(const struct iso *iso, const struct iso_node *node,
			   struct iso_unzip *z, uint8_t *buf, size_t n,
			   uint64_t off)
{
	size_t done = 0;

	while (done < n) {
		uint64_t no = (off + done) / z->block_size;
		size_t in = (size_t)((off + done) % z->block_size);
		size_t part = z->block_size - in;
		int err = load_block(iso, node, z, no);

		if (err)
			return err;
		if (part > n - done)
			part = n - done;
		if (in + part > z->have_size)
			return -EIO;
		memcpy(buf + done, z->block + in, part);
		done += part;
	}
	return (ssize_t)n;
}

ssize_t iso_unzip_read(const struct iso *iso, const struct iso_node *node,
		       struct iso_unzip *z, uint8_t *buf, size_t n,
		       uint64_t off)
{
	ssize_t ret;

	if (off >= node->size)
		return 0;
	if (n > node->size - off)
		n = (size_t)(node->size - off);
	pthread_mutex_lock(&z->lock);
	ret = read_locked(iso, node, z, buf, n, off);
	pthread_mutex_unlock(&z->lock);
	return ret;
}
