// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * journal.c - replaying a journal that was left behind (JBD2)
 *
 * The log is a ring of blocks. A transaction is descriptor blocks, each with
 * tags that say where the data blocks after it belong; revoke blocks, with
 * blocks not to be written from this or an earlier transaction; and a commit
 * block. Three passes: scan finds the last transaction that is complete,
 * revoke collects, replay writes. All numbers are big-endian.
 *
 * With a read-only mount what is written stays in the cache (io.c, overlay).
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0xc03b3998u

enum { DESCRIPTOR = 1, COMMIT = 2, SUPER_V1 = 3, SUPER_V2 = 4, REVOKE = 5 };
enum { TAG_ESCAPE = 1, TAG_SAME_UUID = 2, TAG_LAST = 8 };
enum {
	COMPAT_CHECKSUM = 1,
	INCOMPAT_REVOKE = 1,
	INCOMPAT_64BIT = 2,
	INCOMPAT_ASYNC = 4,
	INCOMPAT_CSUM_V2 = 8,
	INCOMPAT_CSUM_V3 = 16,
	INCOMPAT_FAST = 32,
	INCOMPAT_KNOWN = 63,
};
enum { HEADER = 12, REVOKE_HEADER = 16, TAIL = 4, FAST_TAG_HEAD = 9 };
enum pass { SCAN, COLLECT, REPLAY };

struct revoked {
	uint64_t blk;
	uint32_t seq;
};

/**
 * struct journal - one replay
 * @first, @last: the ring is first..last-1
 * @start, @seq: where the log begins, and with which transaction
 * @end: the first transaction that is not complete (after SCAN)
 * @seed: of all checksums
 * @crc: of the blocks of a transaction (old kind of checksum)
 */
struct journal {
	struct e2 *e;
	struct inode in;
	uint32_t size;
	uint32_t first, last;
	uint32_t start;
	uint32_t seq, end;
	uint32_t compat, incompat;
	uint32_t seed;
	uint32_t crc;
	bool csum;
	struct revoked *revoked;
	size_t n_revoked, max_revoked;
	unsigned char *super, *block, *data;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t be16(const unsigned char *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static int seq_cmp(uint32_t a, uint32_t b)
{
	int32_t diff = (int32_t)(a - b);

	return diff < 0 ? -1 : diff > 0;
}

/* ---- blocks of the log ---- */

static int locate(struct journal *j, uint32_t blk, uint64_t *off)
{
	struct run run;
	int ret = map_find(j->e, &j->in, NULL, blk, 1, &run);

	if (ret)
		return ret;
	if (!run.pblk)
		return -EIO;
	*off = run.pblk * j->size;
	return 0;
}

static int log_read(struct journal *j, uint32_t blk, void *buf)
{
	uint64_t off;
	int ret = locate(j, blk, &off);

	return ret ? ret : io_read(j->e->io, off, buf, j->size);
}

static uint32_t wrap(const struct journal *j, uint64_t blk)
{
	return (uint32_t)(blk >= j->last ? blk - (j->last - j->first) : blk);
}

/* The checksum at `at` counts as zero. */
static bool block_csum_ok(struct journal *j, unsigned char *block, size_t at)
{
	uint32_t want = be32(block + at), crc;

	if (!j->csum)
		return true;
	put32(block + at, 0);
	crc = ext2fs_crc32c_le(j->seed, block, j->size);
	put32(block + at, want);
	return crc == want;
}

/* ---- tags ---- */

struct tag {
	uint64_t blk;
	uint32_t flags;
	uint32_t csum;
	size_t len;
};

static size_t tag_size(const struct journal *j)
{
	size_t n = 8;

	if (j->incompat & INCOMPAT_CSUM_V3)
		return 16;
	if (j->incompat & INCOMPAT_CSUM_V2)
		n += 2;
	return j->incompat & INCOMPAT_64BIT ? n + 4 : n;
}

/* Return: false when there is none at off. */
static bool tag_get(const struct journal *j, size_t off, struct tag *out)
{
	size_t end = j->size - (j->csum ? TAIL : 0), n = tag_size(j);
	const unsigned char *p = j->block + off;

	if (off + n > end)
		return false;
	out->blk = be32(p);
	if (j->incompat & INCOMPAT_CSUM_V3) {
		out->flags = be32(p + 4);
		out->csum = be32(p + 12);
	} else {
		out->csum = be16(p + 4);
		out->flags = be16(p + 6);
	}
	if (j->incompat & INCOMPAT_64BIT)
		out->blk |= (uint64_t)be32(p + 8) << 32;
	out->len = n + (out->flags & TAG_SAME_UUID ? 0 : 16);
	return true;
}

static bool tag_csum_ok(const struct journal *j, const struct tag *tag,
			uint32_t seq)
{
	unsigned char be[4];
	uint32_t crc;

	if (!j->csum)
		return true;
	put32(be, seq);
	crc = ext2fs_crc32c_le(j->seed, be, sizeof(be));
	crc = ext2fs_crc32c_le(crc, j->data, j->size);
	if (j->incompat & INCOMPAT_CSUM_V3)
		return crc == tag->csum;
	return (crc & 0xffff) == tag->csum;
}

/* ---- revoked blocks ---- */

static int revoke_add(struct journal *j, uint64_t blk, uint32_t seq)
{
	if (j->n_revoked == j->max_revoked) {
		size_t max = j->max_revoked ? j->max_revoked * 2 : 256;
		struct revoked *p = realloc(j->revoked, max * sizeof(*p));

		if (!p)
			return -ENOMEM;
		j->revoked = p;
		j->max_revoked = max;
	}
	j->revoked[j->n_revoked++] = (struct revoked){ blk, seq };
	return 0;
}

static int revoke_block(struct journal *j, uint32_t seq)
{
	size_t width = j->incompat & INCOMPAT_64BIT ? 8 : 4, off;
	size_t end = be32(j->block + HEADER);
	int ret = 0;

	if (end > j->size - (j->csum ? TAIL : 0))
		return -EIO;
	for (off = REVOKE_HEADER; off + width <= end && !ret; off += width) {
		uint64_t blk = be32(j->block + off);

		if (width == 8)
			blk = blk << 32 | be32(j->block + off + 4);
		ret = revoke_add(j, blk, seq);
	}
	return ret;
}

static int revoke_order(const void *a, const void *b)
{
	const struct revoked *p = a, *q = b;

	if (p->blk != q->blk)
		return p->blk < q->blk ? -1 : 1;
	return seq_cmp(p->seq, q->seq);
}

/* Is there a record for this block, of this transaction or a later one? */
static bool is_revoked(const struct journal *j, uint64_t blk, uint32_t seq)
{
	size_t lo = 0, hi = j->n_revoked;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (j->revoked[mid].blk <= blk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && j->revoked[lo - 1].blk == blk &&
	       seq_cmp(seq, j->revoked[lo - 1].seq) <= 0;
}

/* ---- passes ---- */

static int replay_tag(struct journal *j, const struct tag *tag, uint32_t seq)
{
	struct e2 *e = j->e;

	if (is_revoked(j, tag->blk, seq))
		return 0;
	if (tag->blk >= ext2fs_blocks_count(e->fs->super))
		return -EIO;
	if (tag->flags & TAG_ESCAPE)
		put32(j->data, MAGIC);
	return io_write(e->io, tag->blk * j->size, j->data, j->size, false);
}

/* Return: data blocks that follow the descriptor; -EBADMSG: it is broken. */
static int descriptor(struct journal *j, enum pass pass, uint32_t blk,
		      uint32_t seq)
{
	size_t off = HEADER;
	struct tag tag;
	int n = 0, ret = 0;

	if (pass == SCAN && !block_csum_ok(j, j->block, j->size - TAIL))
		return -EBADMSG;
	j->crc = ext2fs_crc32_be(j->crc, j->block, j->size);
	while (tag_get(j, off, &tag)) {
		n++;
		if (pass != COLLECT)
			ret = log_read(j, wrap(j, (uint64_t)blk + (uint32_t)n),
				       j->data);
		if (!ret && pass == SCAN && !tag_csum_ok(j, &tag, seq))
			ret = -EBADMSG;
		if (!ret && pass == SCAN)
			j->crc = ext2fs_crc32_be(j->crc, j->data, j->size);
		if (!ret && pass == REPLAY)
			ret = replay_tag(j, &tag, seq);
		if (ret)
			return ret;
		off += tag.len;
		if (tag.flags & TAG_LAST)
			break;
	}
	return n;
}

static bool commit_ok(struct journal *j)
{
	const unsigned char *p = j->block + HEADER;
	bool none = !p[0] && !p[1] && !be32(p + 4);

	if (j->csum)
		return block_csum_ok(j, j->block, HEADER + 4);
	if (!(j->compat & COMPAT_CHECKSUM) || none)
		return true;
	return p[0] == 1 && p[1] == 4 && be32(p + 4) == j->crc;
}

/* One block of the log. Return: how many to go on; 0: the log ends here. */
static int step(struct journal *j, enum pass pass, uint32_t blk, uint32_t *seq)
{
	int ret = log_read(j, blk, j->block);

	if (ret)
		return ret;
	if (be32(j->block) != MAGIC || be32(j->block + 8) != *seq)
		return 0;
	switch (be32(j->block + 4)) {
	case DESCRIPTOR:
		ret = descriptor(j, pass, blk, *seq);
		if (ret == -EBADMSG)
			return 0;
		return ret < 0 ? ret : ret + 1;
	case COMMIT:
		if (pass == SCAN && !commit_ok(j))
			return 0;
		j->crc = ~0u;
		++*seq;
		return 1;
	case REVOKE:
		if (!block_csum_ok(j, j->block, j->size - TAIL))
			return pass == SCAN ? 0 : -EIO;
		ret = pass == COLLECT ? revoke_block(j, *seq) : 0;
		return ret ? ret : 1;
	default:
		return 0;
	}
}

static int run_pass(struct journal *j, enum pass pass)
{
	uint32_t blk = j->start, seq = j->seq;
	uint64_t done = 0;

	j->crc = ~0u;
	while (done < j->last - j->first && (pass == SCAN || seq != j->end)) {
		int n = step(j, pass, blk, &seq);

		if (n < 0)
			return n;
		if (!n)
			break;
		done += (uint32_t)n;
		blk = wrap(j, (uint64_t)blk + (uint32_t)n);
	}
	if (pass == SCAN)
		j->end = seq;
	return 0;
}

/* ---- the journal's superblock ---- */

static int bad(struct e2 *e)
{
	e2_say(e, "the journal is corrupt (try e2fsck)");
	return -EINVAL;
}

static int parse_super(struct journal *j)
{
	const unsigned char *p = j->super;
	uint32_t type = be32(p + 4), fast, uuid_len = 16;

	if (be32(p) != MAGIC || (type != SUPER_V1 && type != SUPER_V2) ||
	    be32(p + 12) != j->size)
		return bad(j->e);
	j->last = be32(p + 16);
	j->first = be32(p + 20);
	j->seq = be32(p + 24);
	j->start = be32(p + 28);
	if (type == SUPER_V2) {
		j->compat = be32(p + 0x24);
		j->incompat = be32(p + 0x28);
	}
	if (j->incompat & ~(uint32_t)INCOMPAT_KNOWN) {
		e2_say(j->e, "the journal has features unknown here");
		return -EINVAL;
	}
	j->csum = j->incompat & (INCOMPAT_CSUM_V2 | INCOMPAT_CSUM_V3);
	j->seed = ext2fs_crc32c_le(~0u, p + 0x30, uuid_len);
	if (j->last > EXT2_I_SIZE(&j->in.d) / j->size)
		return bad(j->e);
	fast = be32(p + 0x54);
	if (j->incompat & INCOMPAT_FAST)
		j->last -= fast && fast < j->last ? fast : j->last / 64;
	if (!j->first || j->first >= j->last ||
	    (j->start && (j->start < j->first || j->start >= j->last)))
		return bad(j->e);
	return 0;
}

/* Fast commits after the last full one are not understood here. */
static int check_fast(struct journal *j)
{
	uint32_t tid;

	if (!(j->incompat & INCOMPAT_FAST) || log_read(j, j->last, j->data))
		return 0;
	memcpy(&tid, j->data + 8, sizeof(tid));
	if (j->data[0] != FAST_TAG_HEAD || j->data[1] ||
	    ext2fs_le32_to_cpu(tid) != j->end)
		return 0;
	e2_say(j->e, "the journal has fast commits (use e2fsck%s)",
	       j->e->opt.force ? "; they are lost" : "");
	return j->e->opt.force ? 0 : -EINVAL;
}

/* From now on the log is empty. */
static int reset(struct journal *j)
{
	uint64_t off = 0;
	int ret = io_sync(j->e->io);

	if (!ret)
		ret = locate(j, 0, &off);
	if (ret)
		return ret;
	put32(j->super + 24, j->end + 1);
	put32(j->super + 28, 0);
	if (j->csum) {
		put32(j->super + 0xfc, 0);
		put32(j->super + 0xfc, ext2fs_crc32c_le(~0u, j->super, 1024));
	}
	ret = io_write(j->e->io, off, j->super, j->size, false);
	return ret ? ret : io_sync(j->e->io);
}

static int replay(struct journal *j)
{
	int ret = log_read(j, 0, j->super);

	if (ret)
		return bad(j->e);
	ret = parse_super(j);
	if (ret || !j->start)
		return ret;
	ret = run_pass(j, SCAN);
	if (!ret)
		ret = check_fast(j);
	if (!ret)
		ret = run_pass(j, COLLECT);
	if (ret == -EINVAL)
		return ret;
	if (!ret && j->n_revoked)
		qsort(j->revoked, j->n_revoked, sizeof(*j->revoked),
		      revoke_order);
	if (!ret)
		ret = run_pass(j, REPLAY);
	if (!ret)
		ret = reset(j);
	if (ret)
		e2_say(j->e, "cannot replay the journal: %s", strerror(-ret));
	else
		e2_note(j->e, "journal replayed, %u transactions%s",
			j->end - j->seq, j->e->ro ? " (in memory)" : "");
	return ret;
}

int journal_replay(struct e2 *e)
{
	struct journal j = { .e = e, .size = e->fs->blocksize };
	unsigned char *buf;
	int ret;

	ret = inode_read(e, e->fs->super->s_journal_inum, &j.in);
	if (ret || !S_ISREG(j.in.d.i_mode) || !j.in.d.i_links_count)
		return bad(e);
	buf = malloc(3 * (size_t)j.size);
	if (!buf)
		return -ENOMEM;
	j.super = buf;
	j.block = buf + j.size;
	j.data = j.block + j.size;
	ret = replay(&j);
	free(j.revoked);
	free(buf);
	return ret;
}
