// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * data.c - random reads and writes of all kinds, a model in memory as oracle
 *
 * A few names, each of which leads to a node: what the file is to hold, in
 * memory. A few descriptors, each of a node, opened in different ways; a node
 * lives as long as a name or a descriptor has it. Each step does one thing to
 * file and model, or compares them. Contents are kept from byte `base` on: a
 * base above the limit up to which files are held in memory has the other road
 * tested.
 */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct chance c;
struct slot slots[SLOTS];
unsigned char *buf;
off_t top;

static struct node *names[NAMES];

static const char *path_of(int name)
{
	static char path[2][4096];
	static int turn;

	turn ^= 1;
	if (c.file)
		return c.file;
	snprintf(path[turn], sizeof(path[0]), "%s/f%d", c.dir, name);
	return path[turn];
}

static struct node *node_new(void)
{
	struct node *n = calloc(1, sizeof(*n));

	n->data = calloc(1, (size_t)c.size);
	n->refs = 1;
	return n;
}

static void node_put(struct node *n)
{
	if (--n->refs)
		return;
	free(n->data);
	free(n);
}

off_t least(off_t a, off_t b)
{
	return a < b ? a : b;
}

/* ---- the model ---- */

/* Contents of off..off+len as they are to be, zeros below the window. */
void model_read(const struct node *n, unsigned char *to, off_t off, off_t len)
{
	off_t i;

	for (i = 0; i < len; i++)
		to[i] = off + i < c.base || off + i >= top
				? 0
				: n->data[off + i - c.base];
}

void model_write(struct node *n, const unsigned char *from, off_t off,
		 off_t len)
{
	if (len <= 0)
		return;
	memcpy(n->data + (off - c.base), from, (size_t)len);
	if (off + len > n->size)
		n->size = off + len;
}

void model_zero(struct node *n, off_t off, off_t len)
{
	off_t end = least(off + len, n->size);

	if (end > off)
		memset(n->data + (off - c.base), 0, (size_t)(end - off));
}

static void model_resize(struct node *n, off_t size)
{
	off_t at = size < c.base ? 0 : size - c.base;

	if (size < n->size)
		memset(n->data + at, 0, (size_t)(c.size - at));
	n->size = size;
}

/* ---- choosing ---- */

off_t some_place(void)
{
	off_t off = one_in(3) ? (off_t)rnd(2000) : (off_t)rnd((uint64_t)c.size);

	if (one_in(4))
		off &= ~(PAGE - 1);
	else if (one_in(6))
		off &= ~1023L;
	return c.base + off;
}

off_t some_length(off_t off)
{
	static const off_t most[] = { 16, 600, 5000, 9000, 70000 };
	off_t len = 1 + (off_t)rnd((uint64_t)most[rnd(5)]);

	if (one_in(4))
		len = (len + PAGE - 1) & ~(PAGE - 1);
	return least(len, top - off);
}

void fill(off_t len)
{
	unsigned char seed = (unsigned char)(1 + rnd(255));
	off_t i;

	for (i = 0; i < len; i++)
		buf[i] = (unsigned char)(seed + i * 7 + i / 253);
}

bool can_write(const struct slot *s)
{
	return (s->flags & O_ACCMODE) != O_RDONLY;
}

bool can_read(const struct slot *s)
{
	return (s->flags & O_ACCMODE) != O_WRONLY;
}

/* ---- files and descriptors ---- */

static void close_slot(struct slot *s)
{
	if (s->fd < 0)
		return;
	if (close(s->fd) < 0)
		blame("close");
	node_put(s->node);
	s->fd = -1;
	s->node = NULL;
}

static void open_slot(struct slot *s)
{
	static const int ways[] = { O_RDWR,	     O_RDWR,
				    O_RDWR,	     O_RDONLY,
				    O_WRONLY,	     O_RDWR | O_APPEND,
				    O_RDWR | O_TRUNC };
	int name = c.file ? 0 : (int)rnd(NAMES);
	int flags = ways[rnd(one_in(6) ? 7 : 6)];

	close_slot(s);
	if (!names[name]) {
		if ((flags & O_ACCMODE) == O_RDONLY)
			flags = O_RDWR;
		flags |= O_CREAT | O_EXCL;
		names[name] = node_new();
	}
	step("open f%d flags %#o", name, (unsigned int)flags);
	s->fd = open(path_of(name), flags | O_CLOEXEC, 0644);
	if (s->fd < 0)
		blame("open f%d", name);
	s->node = names[name];
	s->node->refs++;
	s->flags = flags;
	if (flags & O_TRUNC)
		model_resize(s->node, 0);
}

static void do_open(struct slot *s)
{
	open_slot(s);
}

static void do_close_all(struct slot *s)
{
	int i;

	(void)s;
	if (!one_in(4))
		return;
	step("close all");
	for (i = 0; i < SLOTS; i++)
		close_slot(&slots[i]);
}

static void do_unlink(struct slot *s)
{
	int name = (int)rnd(NAMES);

	(void)s;
	if (!names[name] || c.file || !chance_has(&c, "unlink"))
		return;
	if (!chance_has(&c, "unlink-open") && names[name]->refs > 1)
		return;
	step("unlink f%d", name);
	if (unlink(path_of(name)) < 0)
		blame("unlink f%d", name);
	node_put(names[name]);
	names[name] = NULL;
}

static void do_rename(struct slot *s)
{
	int a = (int)rnd(NAMES), b = (int)rnd(NAMES);

	(void)s;
	if (!names[a] || a == b || c.file || !chance_has(&c, "rename"))
		return;
	if (!chance_has(&c, "rename-open") &&
	    (names[a]->refs > 1 || (names[b] && names[b]->refs > 1)))
		return;
	if (!chance_has(&c, "unlink-open") && names[b] && names[b]->refs > 1)
		return;
	step("rename f%d f%d", a, b);
	if (rename(path_of(a), path_of(b)) < 0)
		blame("rename f%d f%d", a, b);
	if (names[b])
		node_put(names[b]);
	names[b] = names[a];
	names[a] = NULL;
}

static void check_size(const struct node *n, const struct stat *st,
		       const char *what)
{
	if (st->st_size != n->size)
		blame("%s: size %lld, not %lld", what, (long long)st->st_size,
		      (long long)n->size);
}

static void do_stat(struct slot *s)
{
	struct stat st;
	int name = c.file ? 0 : (int)rnd(NAMES);

	step("stat");
	if (fstat(s->fd, &st) < 0)
		blame("fstat");
	check_size(s->node, &st, "fstat");
	if (lseek(s->fd, 0, SEEK_END) != s->node->size)
		blame("SEEK_END");
	if (!names[name])
		return;
	if (stat(path_of(name), &st) < 0)
		blame("stat f%d", name);
	check_size(names[name], &st, "stat");
}

static void do_truncate(struct slot *s)
{
	off_t size = one_in(30) ? 0 : some_place();

	if (!can_write(s))
		return;
	step("ftruncate %lld", (long long)size);
	if (ftruncate(s->fd, size) < 0)
		blame("ftruncate %lld", (long long)size);
	model_resize(s->node, size);
}

static void do_truncate_name(struct slot *s)
{
	int name = c.file ? 0 : (int)rnd(NAMES);
	off_t size = some_place();

	(void)s;
	if (!names[name])
		return;
	step("truncate f%d %lld", name, (long long)size);
	if (truncate(path_of(name), size) < 0)
		blame("truncate f%d %lld", name, (long long)size);
	model_resize(names[name], size);
}

static bool is_named(const struct node *n)
{
	int i;

	for (i = 0; i < NAMES && names[i] != n; i++)
		;
	return i < NAMES;
}

static void do_fsync(struct slot *s)
{
	bool data = one_in(2);

	if (!is_named(s->node) && !chance_has(&c, "fsync-unlinked"))
		return;
	step(data ? "fdatasync" : "fsync");
	if ((data ? fdatasync(s->fd) : fsync(s->fd)) < 0)
		blame("fsync");
}

/* ---- the run ---- */

static void check_all(void)
{
	struct stat st;
	off_t off;
	int i, fd;

	step("compare all");
	for (i = 0; i < (c.file ? 1 : NAMES); i++) {
		if (!names[i]) {
			if (stat(path_of(i), &st) == 0)
				blame("f%d is there", i);
			continue;
		}
		fd = open(path_of(i), O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			blame("open f%d", i);
		check_size(names[i], &st, "fstat");
		for (off = c.base; off < names[i]->size; off += 65536)
			compare(names[i], buf, off, pread(fd, buf, 65536, off),
				"compare");
		close(fd);
	}
}

static void run(void)
{
	static void (*const ops[])(struct slot *) = {
		do_read,	do_read,       do_read,		 do_read_seek,
		do_read_map,	do_write,      do_write,	 do_write,
		do_write,	do_write_seek, do_write_seek,	 do_write_map,
		do_write_map,	do_truncate,   do_truncate_name, do_stat,
		do_stat,	do_seek,       do_room,		 do_punch,
		do_punch,	do_zero,       do_collapse,	 do_insert,
		do_copy,	do_copy,       do_fsync,	 do_open,
		do_open,	do_close_all,  do_unlink,	 do_rename,
		do_write_child,
	};
	long next = 2000;

	while (step_count() < c.ops) {
		struct slot *s = &slots[rnd(SLOTS)];

		if (s->fd < 0)
			open_slot(s);
		else
			ops[rnd(sizeof(ops) / sizeof(ops[0]))](s);
		if (step_count() >= next) {
			check_all();
			next = step_count() + 2000;
		}
	}
}

/* What the file should hold, elsewhere: for who mounts it again. */
static void leave_copy(int name)
{
	const struct node *n = names[name];
	off_t size = n->size < c.base ? 0 : n->size - c.base;
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/f%d", c.leave, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || pwrite(fd, n->data, (size_t)size, c.base) != size ||
	    ftruncate(fd, n->size) < 0 || close(fd) < 0)
		blame("%s", path);
}

static void finish(void)
{
	int i;

	check_all();
	for (i = 0; i < SLOTS; i++)
		close_slot(&slots[i]);
	check_all();
	for (i = 0; i < NAMES; i++) {
		if (!names[i])
			continue;
		if (c.leave)
			leave_copy(i);
		else if (!c.file && unlink(path_of(i)) < 0)
			blame("unlink f%d", i);
		node_put(names[i]);
	}
}

int main(int argc, char **argv)
{
	int i;

	chance_init(&c, argc, argv);
	umask(022);
	top = c.base + c.size;
	buf = malloc((size_t)c.size + 2 * 65536);
	for (i = 0; i < SLOTS; i++)
		slots[i].fd = -1;
	/* a mount point that is a file begins as it is: empty */
	if (c.file)
		names[0] = node_new();
	run();
	finish();
	free(buf);
	chance_done(&c);
	return 0;
}
