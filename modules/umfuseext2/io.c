// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * io.c - the image file, through a write-back page cache
 *
 * The image is seen as pages of 4 KiB, whatever the block size. Pages are in a
 * hash and in a list from most to least recently used. A page is dirty when
 * the image has an older one; dirty pages are written in order of their place,
 * neighbours in one transfer, file contents before metadata: so metadata on
 * the medium never refer to contents that are not there after a sync.
 *
 * Large transfers of file contents go past the cache; the pages that happen to
 * be in it are kept coherent. An overlay (a journal replayed for a read-only
 * mount) is a cache whose dirty pages are neither written nor given up.
 */
#include "ext2.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <umview/next.h>

#define PAGE	   4096u
#define N_HASH	   8192u
#define MAX_PAGES  4096u
#define MAX_DIRTY  2048u
#define MAX_BATCH  256u
#define MIN_WINDOW 4u
#define MAX_WINDOW 64u

struct page {
	uint64_t no;
	struct page *hnext;
	struct page *prev, *next;
	bool dirty;
	bool data;
	char bytes[PAGE];
};

/**
 * struct io - an open image
 * @next_miss: page after the last one that was read; a miss there is a sign of
 *	sequential reading and doubles @window
 * @bounce: MAX_BATCH pages
 */
struct io {
	struct um_next_file *file;
	uint64_t size;
	bool writable;
	bool overlay;
	struct page *hash[N_HASH];
	struct page lru;
	unsigned int n_pages;
	unsigned int n_dirty;
	uint64_t next_miss;
	unsigned int window;
	char *bounce;
};

/* ---- pages ---- */

static unsigned int hash_of(uint64_t no)
{
	return (unsigned int)((no * 0x9e3779b97f4a7c15ULL) >> 40) % N_HASH;
}

static void lru_remove(struct page *p)
{
	p->prev->next = p->next;
	p->next->prev = p->prev;
}

static void lru_front(struct io *io, struct page *p)
{
	p->next = io->lru.next;
	p->prev = &io->lru;
	p->next->prev = p;
	io->lru.next = p;
}

static struct page *page_find(struct io *io, uint64_t no)
{
	struct page *p = io->hash[hash_of(no)];

	while (p && p->no != no)
		p = p->hnext;
	return p;
}

static void page_use(struct io *io, struct page *p)
{
	if (io->lru.next == p)
		return;
	lru_remove(p);
	lru_front(io, p);
}

static void page_unhash(struct io *io, struct page *p)
{
	struct page **at = &io->hash[hash_of(p->no)];

	while (*at != p)
		at = &(*at)->hnext;
	*at = p->hnext;
}

static void page_set_dirty(struct io *io, struct page *p, bool data)
{
	if (!p->dirty)
		io->n_dirty++;
	p->data = p->dirty ? p->data && data : data;
	p->dirty = true;
}

static void page_set_clean(struct io *io, struct page *p)
{
	if (p->dirty)
		io->n_dirty--;
	p->dirty = false;
}

/* Takes the least recently used clean page out of the cache. */
static struct page *page_evict(struct io *io)
{
	struct page *p = io->lru.prev;

	while (p != &io->lru && p->dirty)
		p = p->prev;
	if (p == &io->lru)
		return NULL;
	page_unhash(io, p);
	lru_remove(p);
	return p;
}

static struct page *page_new(struct io *io, uint64_t no)
{
	struct page *p = NULL;
	unsigned int h = hash_of(no);

	if (io->n_pages >= MAX_PAGES)
		p = page_evict(io);
	if (!p) {
		p = malloc(sizeof(*p));
		if (!p)
			return NULL;
		io->n_pages++;
	}
	p->no = no;
	p->dirty = false;
	p->data = false;
	p->hnext = io->hash[h];
	io->hash[h] = p;
	lru_front(io, p);
	return p;
}

static int pread_all(struct io *io, char *buf, size_t len, uint64_t off)
{
	while (len) {
		ssize_t n = um_next_pread(io->file, buf, len, (off_t)off);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (!n)
			return -EIO;
		buf += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int pwrite_all(struct io *io, const char *buf, size_t len, uint64_t off)
{
	while (len) {
		ssize_t n = um_next_pwrite(io->file, buf, len, (off_t)off);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (!n)
			return -EIO;
		buf += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* The image may end within its last page. */
static size_t page_bytes(const struct io *io, uint64_t no, size_t n_pages)
{
	uint64_t off = no * PAGE, len = n_pages * PAGE;

	return off + len > io->size ? (size_t)(io->size - off) : (size_t)len;
}

/* How many pages to read at a miss when the caller wants `want`. */
static size_t window(struct io *io, uint64_t no, size_t want)
{
	uint64_t last = (io->size + PAGE - 1) / PAGE;
	size_t n;

	io->window = no == io->next_miss ? io->window * 2 : MIN_WINDOW;
	if (io->window > MAX_WINDOW)
		io->window = MAX_WINDOW;
	if (want < io->window)
		want = io->window;
	if (want > MAX_BATCH)
		want = MAX_BATCH;
	for (n = 1; n < want && no + n < last; n++)
		if (page_find(io, no + n))
			break;
	return n;
}

/* Reads a missing page, and some of those after it. */
static int page_fill(struct io *io, uint64_t no, size_t want, struct page **out)
{
	size_t n = window(io, no, want);
	size_t len = page_bytes(io, no, n);
	int ret = pread_all(io, io->bounce, len, no * PAGE);

	if (ret && n > 1) {
		n = 1;
		len = page_bytes(io, no, n);
		ret = pread_all(io, io->bounce, len, no * PAGE);
	}
	if (ret)
		return ret;
	memset(io->bounce + len, 0, n * PAGE - len);
	io->next_miss = no + n;
	while (n--) {
		struct page *p = page_new(io, no + n);

		if (!p)
			return -ENOMEM;
		memcpy(p->bytes, io->bounce + n * PAGE, PAGE);
		*out = p;
	}
	return 0;
}

static bool in_range(const struct io *io, uint64_t off, uint64_t len)
{
	return off <= io->size && len <= io->size - off;
}

/* ---- writing back ---- */

static int page_order(const void *a, const void *b)
{
	const struct page *p = *(struct page *const *)a;
	const struct page *q = *(struct page *const *)b;

	if (p->data != q->data)
		return p->data ? -1 : 1;
	return p->no < q->no ? -1 : p->no > q->no;
}

static size_t collect(struct io *io, bool data_only, struct page **out)
{
	struct page *p;
	size_t n = 0;

	for (p = io->lru.next; p != &io->lru; p = p->next)
		if (p->dirty && (p->data || !data_only))
			out[n++] = p;
	qsort(out, n, sizeof(*out), page_order);
	return n;
}

/* Writes n neighbours at once. */
static int write_batch(struct io *io, struct page **p, size_t n)
{
	const char *from = p[0]->bytes;
	size_t i;
	int ret;

	if (n > 1) {
		for (i = 0; i < n; i++)
			memcpy(io->bounce + i * PAGE, p[i]->bytes, PAGE);
		from = io->bounce;
	}
	ret = pwrite_all(io, from, page_bytes(io, p[0]->no, n),
			 p[0]->no * PAGE);
	for (i = 0; !ret && i < n; i++)
		page_set_clean(io, p[i]);
	return ret;
}

static int write_dirty(struct io *io, bool data_only)
{
	struct page **all;
	size_t n, i, run;
	int ret = 0, err;

	if (!io->n_dirty || io->overlay)
		return 0;
	all = malloc(io->n_dirty * sizeof(*all));
	if (!all)
		return -ENOMEM;
	n = collect(io, data_only, all);
	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && run < MAX_BATCH; run++)
			if (all[i + run]->no != all[i]->no + run ||
			    all[i + run]->data != all[i]->data)
				break;
		err = write_batch(io, all + i, run);
		if (err && !ret)
			ret = err;
	}
	free(all);
	return ret;
}

int io_writeback(struct io *io)
{
	return write_dirty(io, false);
}

int io_sync(struct io *io)
{
	int ret;

	if (!io->writable || io->overlay)
		return 0;
	ret = write_dirty(io, true);
	if (!ret && io->n_dirty)
		ret = um_next_fsync(io->file, true);
	if (!ret)
		ret = write_dirty(io, false);
	if (!ret)
		ret = um_next_fsync(io->file, true);
	return ret;
}

/* ---- reading and writing ---- */

int io_read(struct io *io, uint64_t off, void *buf, size_t len)
{
	char *to = buf;

	if (!in_range(io, off, len))
		return -EIO;
	while (len) {
		size_t at = off % PAGE, n = PAGE - at < len ? PAGE - at : len;
		struct page *p = page_find(io, off / PAGE);
		int ret = 0;

		if (!p)
			ret = page_fill(io, off / PAGE,
					(at + len + PAGE - 1) / PAGE, &p);
		if (ret)
			return ret;
		page_use(io, p);
		memcpy(to, p->bytes + at, n);
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

/* The page for a write of n bytes at `at`, read first unless all replaced. */
static int page_for_write(struct io *io, uint64_t no, size_t n,
			  struct page **out)
{
	*out = page_find(io, no);
	if (*out) {
		page_use(io, *out);
		return 0;
	}
	if (n < page_bytes(io, no, 1))
		return page_fill(io, no, 1, out);
	*out = page_new(io, no);
	if (!*out)
		return -ENOMEM;
	memset((*out)->bytes, 0, PAGE);
	page_set_dirty(io, *out, true);
	return 0;
}

int io_write(struct io *io, uint64_t off, const void *buf, size_t len,
	     bool data)
{
	const char *from = buf;
	int ret;

	if (!in_range(io, off, len))
		return -EIO;
	if (!io->writable && !io->overlay)
		return -EROFS;
	if (io->n_dirty > MAX_DIRTY) {
		ret = io_writeback(io);
		if (ret)
			return ret;
	}
	while (len) {
		size_t at = off % PAGE, n = PAGE - at < len ? PAGE - at : len;
		struct page *p;

		ret = page_for_write(io, off / PAGE, n, &p);
		if (ret)
			return ret;
		if (p->dirty || memcmp(p->bytes + at, from, n) != 0) {
			memcpy(p->bytes + at, from, n);
			page_set_dirty(io, p, data);
		}
		from += n;
		off += n;
		len -= n;
	}
	return 0;
}

int io_read_direct(struct io *io, uint64_t off, void *buf, size_t len)
{
	uint64_t no;
	int ret;

	if (!in_range(io, off, len))
		return -EIO;
	ret = pread_all(io, buf, len, off);
	if (ret || !io->n_dirty)
		return ret;
	for (no = off / PAGE; no * PAGE < off + len; no++) {
		struct page *p = page_find(io, no);
		uint64_t from = no * PAGE, to = from + PAGE;

		if (!p || !p->dirty)
			continue;
		if (from < off)
			from = off;
		if (to > off + len)
			to = off + len;
		memcpy((char *)buf + (from - off), p->bytes + from % PAGE,
		       to - from);
	}
	return 0;
}

/* Cached pages follow a write that went past them. */
static void refresh(struct io *io, uint64_t off, const char *buf, size_t len)
{
	uint64_t no;

	for (no = off / PAGE; no * PAGE < off + len; no++) {
		struct page *p = page_find(io, no);
		uint64_t from = no * PAGE, to = from + PAGE;

		if (!p)
			continue;
		if (from < off)
			from = off;
		if (to > off + len)
			to = off + len;
		memcpy(p->bytes + from % PAGE, buf + (from - off), to - from);
		if (to - from == page_bytes(io, no, 1))
			page_set_clean(io, p);
	}
}

int io_write_direct(struct io *io, uint64_t off, const void *buf, size_t len)
{
	int ret;

	if (!in_range(io, off, len))
		return -EIO;
	if (io->overlay)
		return io_write(io, off, buf, len, true);
	if (!io->writable)
		return -EROFS;
	ret = pwrite_all(io, buf, len, off);
	if (!ret)
		refresh(io, off, buf, len);
	return ret;
}

int io_zero(struct io *io, uint64_t off, uint64_t len)
{
	static const char zeroes[64 * 1024];
	int ret = 0;

	while (len && !ret) {
		size_t n = len < sizeof(zeroes) ? (size_t)len : sizeof(zeroes);

		ret = n < sizeof(zeroes) ? io_write(io, off, zeroes, n, false)
					 : io_write_direct(io, off, zeroes, n);
		off += n;
		len -= n;
	}
	return ret;
}

/* ---- opening ---- */

static int open_file(struct io *io, struct um_next *next, const char *path,
		     bool *writable)
{
	int ret = -EROFS;

	if (*writable)
		ret = um_next_open(next, path, O_RDWR, 0, &io->file);
	if (ret == -EROFS || ret == -EACCES || ret == -EPERM ||
	    ret == -ETXTBSY) {
		*writable = false;
		ret = um_next_open(next, path, O_RDONLY, 0, &io->file);
	}
	return ret ? ret : um_next_lock(io->file, *writable);
}

int io_open(struct um_next *next, const char *path, bool *writable,
	    struct io **out)
{
	struct io *io = calloc(1, sizeof(*io));
	int ret = -ENOMEM;

	if (!io)
		return -ENOMEM;
	io->lru.next = &io->lru;
	io->lru.prev = &io->lru;
	io->bounce = malloc((size_t)MAX_BATCH * PAGE);
	if (io->bounce)
		ret = open_file(io, next, path, writable);
	if (!ret)
		ret = um_next_size(io->file, &io->size);
	if (ret) {
		io_close(io);
		return ret;
	}
	io->writable = *writable;
	*out = io;
	return 0;
}

void io_close(struct io *io)
{
	struct page *p;

	if (!io)
		return;
	while (io->lru.next && (p = io->lru.next) != &io->lru) {
		lru_remove(p);
		free(p);
	}
	if (io->file)
		um_next_close(io->file);
	free(io->bounce);
	free(io);
}

uint64_t io_size(const struct io *io)
{
	return io->size;
}

void io_set_overlay(struct io *io)
{
	io->overlay = true;
}
