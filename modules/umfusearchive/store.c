// SPDX-License-Identifier: GPL-2.0-or-later
/* store.c - contents of files in a file without a name */
#include "arc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK 4096u

/* A directory that takes files without names; memory where there is none. */
int store_open(struct store *s, uint64_t limit)
{
	const char *tmp = getenv("TMPDIR");
	const char *const dirs[] = { tmp, "/var/tmp", "/tmp" };

	*s = (struct store){ .fd = -1 };
	s->limit =
		limit / BLOCK < UINT32_MAX - 1 ? limit / BLOCK : UINT32_MAX - 1;
	for (size_t i = 0; s->fd < 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (dirs[i])
			s->fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC,
				     0600);
	if (s->fd < 0)
		s->fd = memfd_create(ARC_PROGRAM, MFD_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

void store_close(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->spare);
	*s = (struct store){ .fd = -1 };
}

static int pread_all(int fd, uint8_t *buf, size_t n, uint64_t off)
{
	while (n) {
		ssize_t got = pread(fd, buf, n, (off_t)off);

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		buf += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static int pwrite_all(int fd, const uint8_t *buf, size_t n, uint64_t off)
{
	while (n) {
		ssize_t put = pwrite(fd, buf, n, (off_t)off);

		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		buf += put;
		off += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}

static uint32_t block_at(const struct content *c, uint64_t no)
{
	return no < c->n ? c->map[no] : 0;
}

/*
 * How much of n bytes at off lies in one piece in the store (or is all zeros):
 * what follows one another there is read and written at once.
 */
static size_t run_of(const struct content *c, uint64_t off, size_t n)
{
	uint64_t no = off / BLOCK;
	uint32_t first = block_at(c, no);
	size_t run = BLOCK - (size_t)(off % BLOCK);
	uint32_t more = 1;

	while (run < n &&
	       block_at(c, no + more) == (first ? first + more : 0)) {
		run += BLOCK;
		more++;
	}
	return run < n ? run : n;
}

static uint64_t place_of(uint32_t block, uint64_t off)
{
	return (uint64_t)(block - 1) * BLOCK + off % BLOCK;
}

int store_read(const struct store *s, const struct content *c, void *buf,
	       size_t n, uint64_t off)
{
	uint8_t *to = buf;

	while (n) {
		uint32_t block = block_at(c, off / BLOCK);
		size_t run = run_of(c, off, n);
		int err = 0;

		if (block)
			err = pread_all(s->fd, to, run, place_of(block, off));
		else
			memset(to, 0, run);
		if (err)
			return err;
		to += run;
		off += run;
		n -= run;
	}
	return 0;
}

static int grow_map(struct content *c, uint64_t blocks)
{
	size_t room = c->n ? 2 * c->n : 4;
	uint32_t *grown;

	if (blocks <= c->n)
		return 0;
	if (blocks > SIZE_MAX / sizeof(*grown) / 2)
		return -EFBIG;
	if (room < blocks)
		room = (size_t)blocks;
	grown = reallocarray(c->map, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + c->n, 0, (room - c->n) * sizeof(*grown));
	c->map = grown;
	c->n = room;
	return 0;
}

static int new_block(struct store *s, uint32_t *out)
{
	if (s->used >= s->limit || (!s->nspare && s->next == UINT32_MAX - 1))
		return -ENOSPC;
	s->used++;
	*out = 1 + (s->nspare ? s->spare[--s->nspare] : s->next++);
	return 0;
}

/* Out of memory: the block is lost, and nothing else. */
static void give_back(struct store *s, uint32_t block)
{
	uint32_t *grown;

	s->used--;
	if (s->nspare == s->room) {
		size_t room = s->room ? 2 * s->room : 256;

		grown = reallocarray(s->spare, room, sizeof(*grown));
		if (!grown)
			return;
		s->spare = grown;
		s->room = room;
	}
	s->spare[s->nspare++] = block - 1;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* A part of a block that is not in the store yet; what is zero stays so. */
static int fill_block(struct store *s, struct content *c, const uint8_t *from,
		      size_t n, uint64_t off)
{
	uint8_t whole[BLOCK] = { 0 };
	uint32_t block = 0;
	int err;

	if (is_zero(from, n))
		return 0;
	err = grow_map(c, off / BLOCK + 1);
	if (!err)
		err = new_block(s, &block);
	if (err)
		return err;
	memcpy(whole + off % BLOCK, from, n);
	c->map[off / BLOCK] = block;
	return pwrite_all(s->fd, whole, BLOCK, place_of(block, 0));
}

int store_write(struct store *s, struct content *c, const void *buf, size_t n,
		uint64_t off)
{
	const uint8_t *from = buf;

	while (n) {
		uint32_t block = block_at(c, off / BLOCK);
		size_t run = BLOCK - (size_t)(off % BLOCK);
		int err;

		if (block)
			run = run_of(c, off, n);
		if (run > n)
			run = n;
		err = block ? pwrite_all(s->fd, from, run, place_of(block, off))
			    : fill_block(s, c, from, run, off);
		if (err)
			return err;
		from += run;
		off += run;
		n -= run;
	}
	return 0;
}

void store_forget(struct store *s, struct content *c, uint64_t from,
		  uint64_t to)
{
	uint64_t end = to / BLOCK < c->n ? to / BLOCK : c->n;

	for (uint64_t no = (from + BLOCK - 1) / BLOCK; no < end; no++) {
		if (c->map[no])
			give_back(s, c->map[no]);
		c->map[no] = 0;
	}
}

bool store_next(const struct content *c, uint64_t from, uint64_t *at,
		uint64_t *n)
{
	uint64_t no = from / BLOCK, end;

	while (no < c->n && !c->map[no])
		no++;
	for (end = no; end < c->n && c->map[end];)
		end++;
	*at = no * BLOCK;
	*n = (end - no) * BLOCK;
	return end > no;
}

int store_truncate(struct store *s, struct content *c, uint64_t size)
{
	static const uint8_t zeros[BLOCK];
	uint32_t block = block_at(c, size / BLOCK);

	store_forget(s, c, size, (uint64_t)c->n * BLOCK);
	if (!block || size % BLOCK == 0)
		return 0;
	return pwrite_all(s->fd, zeros, BLOCK - (size_t)(size % BLOCK),
			  place_of(block, size));
}

void store_drop(struct store *s, struct content *c)
{
	store_forget(s, c, 0, (uint64_t)c->n * BLOCK);
	free(c->map);
	*c = (struct content){ 0 };
}
