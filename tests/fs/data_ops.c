// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * data_ops.c - reads, writes, maps, holes and copies, each in file and model
 */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- reading ---- */

void compare(const struct node *n, const unsigned char *got, off_t off,
	     ssize_t len, const char *what)
{
	off_t want_len = off >= n->size ? 0 : n->size - off;
	static unsigned char *want;
	ssize_t i;

	if (!want)
		want = malloc((size_t)c.size + 2 * PAGE);
	if (len > want_len)
		blame("%s at %lld: %zd bytes, the file ends after %lld", what,
		      (long long)off, len, (long long)want_len);
	model_read(n, want, off, len);
	for (i = 0; i < len; i++)
		if (got[i] != want[i])
			blame("%s: byte %lld is %#x, not %#x", what,
			      (long long)off + (long long)i, got[i], want[i]);
}

static void check_read(const struct slot *s, off_t off, off_t len, ssize_t got,
		       const char *what)
{
	off_t want = off >= s->node->size ? 0 : least(len, s->node->size - off);

	if (got != want)
		blame("%s %lld at %lld: %zd, not %lld", what, (long long)len,
		      (long long)off, got, (long long)want);
	compare(s->node, buf, off, got, what);
}

void do_read(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);

	if (!can_read(s))
		return;
	step("pread %lld at %lld", (long long)len, (long long)off);
	memset(buf, 0xee, (size_t)len);
	check_read(s, off, len, pread(s->fd, buf, (size_t)len, off), "pread");
}

void do_read_seek(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);
	struct iovec iov[2] = { { buf, (size_t)(len / 3) },
				{ buf + len / 3, (size_t)(len - len / 3) } };

	if (!can_read(s))
		return;
	step("readv %lld at %lld", (long long)len, (long long)off);
	if (lseek(s->fd, off, SEEK_SET) != off)
		blame("lseek");
	check_read(s, off, len, readv(s->fd, iov, 2), "readv");
}

void do_read_map(struct slot *s)
{
	off_t off = some_place() & ~(PAGE - 1);
	off_t len, whole;
	void *map;

	if (!can_read(s) || off >= s->node->size)
		return;
	len = least(some_length(off), s->node->size - off);
	step("mmap, read %lld at %lld", (long long)len, (long long)off);
	map = mmap(NULL, (size_t)len, PROT_READ,
		   one_in(2) ? MAP_SHARED : MAP_PRIVATE, s->fd, off);
	if (map == MAP_FAILED)
		blame("mmap");
	compare(s->node, map, off, len, "mmap");
	/* behind the end, in the last page, there are zeros */
	whole = (len + PAGE - 1) & ~(PAGE - 1);
	if (off + len == s->node->size)
		for (; len < whole; len++)
			if (((unsigned char *)map)[len])
				blame("mmap: %#x behind the end",
				      ((unsigned char *)map)[len]);
	munmap(map, (size_t)len);
}

/* What is said to be a hole holds zeros; data and holes take turns. */
void do_seek(struct slot *s)
{
	off_t off = some_place(), data, hole;
	off_t i;

	if (!chance_has(&c, "seek"))
		return;
	step("seek data, hole from %lld", (long long)off);
	errno = 0;
	data = lseek(s->fd, off, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		blame("SEEK_DATA");
	hole = lseek(s->fd, off, SEEK_HOLE);
	if (off >= s->node->size) {
		if (data >= 0 || hole >= 0)
			blame("seek behind the end: %lld, %lld",
			      (long long)data, (long long)hole);
		return;
	}
	if (hole < off || hole > s->node->size ||
	    (data >= 0 && (data < off || data >= s->node->size)))
		blame("seek: data %lld, hole %lld", (long long)data,
		      (long long)hole);
	for (i = off; i < (data < 0 ? s->node->size : data); i++)
		if (s->node->data[i - c.base])
			blame("seek: byte %lld is no hole", (long long)i);
}

/* ---- writing ---- */

static void wrote(struct slot *s, off_t off, off_t len, ssize_t put)
{
	if (put != len)
		blame("write %lld at %lld: %zd", (long long)len, (long long)off,
		      put);
	model_write(s->node, buf, off, put);
}

void do_write(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);

	if (!can_write(s) || s->flags & O_APPEND)
		return;
	fill(len);
	step("pwrite %lld at %lld", (long long)len, (long long)off);
	wrote(s, off, len, pwrite(s->fd, buf, (size_t)len, off));
}

void do_write_seek(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);
	struct iovec iov[2] = { { buf, (size_t)(len / 2) },
				{ buf + len / 2, (size_t)(len - len / 2) } };

	if (!can_write(s))
		return;
	if (s->flags & O_APPEND) {
		off = s->node->size;
		if (off < c.base || off >= top)
			return;
		len = least(len, top - off);
		iov[0].iov_len = (size_t)(len / 2);
		iov[1].iov_base = buf + len / 2;
		iov[1].iov_len = (size_t)(len - len / 2);
	}
	fill(len);
	step("%s %lld at %lld", s->flags & O_APPEND ? "append" : "writev",
	     (long long)len, (long long)off);
	if (lseek(s->fd, one_in(2) ? off : off / 2, SEEK_SET) < 0 ||
	    (!(s->flags & O_APPEND) && lseek(s->fd, off, SEEK_SET) != off))
		blame("lseek");
	wrote(s, off, len, writev(s->fd, iov, 2));
	if (lseek(s->fd, 0, SEEK_CUR) != off + len)
		blame("the offset after a write is %lld, not %lld",
		      (long long)lseek(s->fd, 0, SEEK_CUR),
		      (long long)off + (long long)len);
}

/* Another process has the descriptor too. */
void do_write_child(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);
	int status;
	pid_t pid;

	if (!can_write(s) || s->flags & O_APPEND || !one_in(8))
		return;
	fill(len);
	step("a child's pwrite %lld at %lld", (long long)len, (long long)off);
	pid = fork();
	if (pid == 0)
		_exit(pwrite(s->fd, buf, (size_t)len, off) != len);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		blame("child");
	model_write(s->node, buf, off, len);
}

void do_write_map(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);
	off_t page = off & ~(PAGE - 1);
	size_t whole;
	char *map;

	if ((s->flags & O_ACCMODE) != O_RDWR || off + len > s->node->size ||
	    !chance_has(&c, "mmap-write"))
		return;
	/* the file is copied into memory for it */
	if (c.base && !one_in(20))
		return;
	whole = (size_t)(off - page + len);
	fill(len);
	step("mmap, write %lld at %lld", (long long)len, (long long)off);
	map = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		   page);
	if (map == MAP_FAILED)
		blame("mmap");
	memcpy(map + (off - page), buf, (size_t)len);
	model_write(s->node, buf, off, len);
	if (one_in(3) && msync(map, whole, MS_SYNC) < 0)
		blame("msync");
	munmap(map, whole);
}

/* ---- rooms and holes ---- */

static void try_fallocate(struct slot *s, const char *word, int mode, off_t off,
			  off_t len)
{
	step("fallocate %s %lld at %lld", word, (long long)len, (long long)off);
	if (fallocate(s->fd, mode, off, len) < 0)
		blame("fallocate %s", word);
}

void do_room(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);
	bool keep = one_in(2);

	if (!can_write(s) || !chance_has(&c, keep ? "keep" : "room"))
		return;
	try_fallocate(s, keep ? "keep" : "room", keep ? FALLOC_FL_KEEP_SIZE : 0,
		      off, len);
	if (!keep && off + len > s->node->size)
		s->node->size = off + len;
}

void do_punch(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);

	if (!can_write(s) || !chance_has(&c, "punch"))
		return;
	try_fallocate(s, "punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      off, len);
	model_zero(s->node, off, len);
}

void do_zero(struct slot *s)
{
	off_t off = some_place(), len = some_length(off);
	bool keep = one_in(2);

	if (!can_write(s) || !chance_has(&c, "zero"))
		return;
	try_fallocate(s, "zero",
		      FALLOC_FL_ZERO_RANGE | (keep ? FALLOC_FL_KEEP_SIZE : 0),
		      off, len);
	model_zero(s->node, off, len);
	if (!keep && off + len > s->node->size)
		s->node->size = off + len;
}

void do_collapse(struct slot *s)
{
	off_t off = some_place() & ~(PAGE - 1);
	off_t len = some_length(off) & ~(PAGE - 1), at = off - c.base;

	if (!can_write(s) || !chance_has(&c, "collapse") || !len ||
	    off + len >= s->node->size)
		return;
	try_fallocate(s, "collapse", FALLOC_FL_COLLAPSE_RANGE, off, len);
	memmove(s->node->data + at, s->node->data + at + len,
		(size_t)(c.size - at - len));
	memset(s->node->data + c.size - len, 0, (size_t)len);
	s->node->size -= len;
}

void do_insert(struct slot *s)
{
	off_t off = some_place() & ~(PAGE - 1);
	off_t len = some_length(off) & ~(PAGE - 1), at = off - c.base;

	if (!can_write(s) || !chance_has(&c, "insert") || !len ||
	    off >= s->node->size || s->node->size + len > top)
		return;
	try_fallocate(s, "insert", FALLOC_FL_INSERT_RANGE, off, len);
	memmove(s->node->data + at + len, s->node->data + at,
		(size_t)(c.size - at - len));
	memset(s->node->data + at, 0, (size_t)len);
	s->node->size += len;
}

/* ---- from file to file ---- */

static bool overlap(off_t a, off_t b, off_t len)
{
	return a < b + len && b < a + len;
}

void do_copy(struct slot *s)
{
	struct slot *to = &slots[rnd(SLOTS)];
	off_t from_off = some_place(), to_off = some_place(), len, want;
	bool by_sendfile = one_in(4);
	ssize_t put;

	if (to->fd < 0 || !can_read(s) || !can_write(to) ||
	    to->flags & O_APPEND)
		return;
	len = least(some_length(from_off), top - to_off);
	/* sendfile reads what it wrote */
	if (s->node == to->node &&
	    (by_sendfile || overlap(from_off, to_off, len)))
		return;
	want = from_off >= s->node->size ? 0
					 : least(len, s->node->size - from_off);
	model_read(s->node, buf, from_off, want);
	step("%s %lld from %lld to %lld", by_sendfile ? "sendfile" : "copy",
	     (long long)len, (long long)from_off, (long long)to_off);
	if (by_sendfile) {
		off_t at = from_off;

		if (lseek(to->fd, to_off, SEEK_SET) != to_off)
			blame("lseek");
		put = sendfile(to->fd, s->fd, &at, (size_t)len);
	} else {
		off_t in = from_off, out = to_off;

		put = copy_file_range(s->fd, &in, to->fd, &out, (size_t)len, 0);
		if (put >= 0 && (in != from_off + put || out != to_off + put))
			blame("copy: offsets");
	}
	/* less is allowed, nothing only at the end */
	if (put < 0 || put > want || (want && !put))
		blame("copy %lld: %zd, not %lld", (long long)len, put,
		      (long long)want);
	model_write(to->node, buf, to_off, put);
}
