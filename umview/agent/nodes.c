// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nodes.c - names of virtual files, and attributes, that the monitor told
 *
 * A name is walked component by component, as the kernel walks its dentries:
 * each leads to a place, where the next is looked up, and to a node's key, the
 * key to attributes. The walk begins at a directory that is known to be
 * virtual, or at the first part of the name that leads to a mount point. Where
 * a link or ".." comes in between, nothing is known.
 *
 * Both tables are written by the monitor while they are read: an entry counts
 * if its sequence number is even, and the same before and after it was copied;
 * and while the version of the name, and the epoch, are those it was written
 * in. What a FUSE daemon said holds for a time besides.
 */
#include "agent/names.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#define NOTHING_KNOWN (-EAGAIN)

#define barrier() __asm__ volatile("" ::: "memory")

#define CLOCK_MONOTONIC_COARSE 6

/* Where a walk stands; now: 0, nobody asked yet. */
struct place {
	uint64_t node;
	uint64_t place;
	uint32_t now;
	int is_dir;
};

static int is_over(uint32_t until, uint32_t *now)
{
	uint64_t ts[2] = { 0 };

	if (!until)
		return 0;
	if (!*now) {
		um_native(__NR_clock_gettime, CLOCK_MONOTONIC_COARSE, (long)ts,
			  0, 0, 0, 0);
		*now = um_tick(ts[0] * 1000000000 + ts[1]);
	}
	return um_tick_is_over(until, *now);
}

/* The monitor may change it at any time. */
static uint32_t sequence(const volatile uint32_t *seq)
{
	uint32_t now = __atomic_load_n(seq, __ATOMIC_SEQ_CST);

	barrier();
	return now;
}

static int read_name(uint64_t tag, unsigned long at, struct place *p)
{
	const volatile struct um_name *n = &um_shared->name[at % UM_NNAMES];
	uint32_t until;
	uint32_t seq;
	int good;

	if (n->tag != tag)
		return 0;
	seq = sequence(&n->seq);
	good = n->tag == tag && n->epoch == um_shared->epoch &&
	       n->version == um_shared->versions[n->bucket % UM_NVERSIONS];
	p->node = n->node;
	p->place = n->place;
	p->is_dir = n->is_dir;
	until = n->until;
	barrier();
	return good && !(seq & 1) && sequence(&n->seq) == seq &&
	       !is_over(until, &p->now);
}

static int find(uint64_t hash, uint64_t dir, struct place *p)
{
	uint64_t tag = um_name_tag(hash, dir, um_page.view, um_shared->lists);

	for (unsigned long i = 0; i < UM_NPLACES; i++)
		if (read_name(tag, tag + i, p))
			return 1;
	return 0;
}

static int read_node(struct place *p, unsigned long at, struct um_told *out)
{
	const volatile struct um_node *n = &um_shared->node[at % UM_NNODES];
	const uint64_t key = p->node;
	uint32_t until;
	uint32_t seq;
	int good;

	if (n->key != key)
		return 0;
	seq = sequence(&n->seq);
	good = n->key == key && n->epoch == um_shared->epoch;
	for (int i = 0; good && i < UM_STAT_USED; i++)
		out->st[i] = n->st[i];
	for (int i = UM_STAT_USED; i < UM_STAT_WORDS; i++)
		*(volatile uint64_t *)&out->st[i] = 0;
	out->object = n->object;
	out->fd = n->fd;
	until = n->until;
	out->until = until;
	barrier();
	return good && !(seq & 1) && sequence(&n->seq) == seq &&
	       !is_over(until, &p->now);
}

static int tell_node(struct place *p, struct um_told *out)
{
	for (unsigned long i = 0; i < UM_NPLACES; i++)
		if (read_node(p, p->node + i, out))
			return 1;
	return NOTHING_KNOWN;
}

/*
 * The first part of a name that begins at something real, and leads to a mount
 * point. Return: what follows, or 0.
 */
static const char *enter(uint64_t from, const char *path, struct place *p)
{
	uint64_t h = UM_HASH_SEED;
	uint64_t comp = UM_HASH_SEED;

	if (um_vmap()->all && find(h, from, p))
		return path;
	for (;; path++) {
		unsigned char c = (unsigned char)*path;

		if (c && c != '/') {
			comp = um_hash_byte(comp, c);
			h = um_hash_byte(h, c);
			continue;
		}
		if (um_bloom_has(um_vmap()->bloom, comp) && find(h, from, p))
			return path;
		if (!c)
			return 0;
		h = um_hash_byte(h, c);
		comp = UM_HASH_SEED;
	}
}

/* 1, 0: it does not exist, or NOTHING_KNOWN. */
static int walk_on(const char *path, struct place *p)
{
	while (*path) {
		const char *comp;
		uint64_t h;

		/* also for a slash at the end */
		if (!p->is_dir)
			return NOTHING_KNOWN;
		while (*path == '/')
			path++;
		comp = path;
		h = um_hash_byte(p->place, '/');
		for (; *path && *path != '/'; path++)
			h = um_hash_byte(h, (unsigned char)*path);
		if (path == comp || (path == comp + 1 && *comp == '.'))
			continue;
		if (path == comp + 2 && comp[0] == '.' && comp[1] == '.')
			return NOTHING_KNOWN;
		if (!find(h, UM_IN_PLACE, p))
			return NOTHING_KNOWN;
		if (!p->node)
			return 0;
	}
	return 1;
}

/* Where the name begins: what tags have of it. False: that has no name. */
static int start_of(long dirfd, const char *path, uint64_t *from, int *inside)
{
	uint64_t st[UM_STAT_WORDS];

	*from = 0;
	*inside = 0;
	if (*path == '/')
		return 1;
	*from = um_page.cwd;
	*inside = (um_page.flags & UM_PAGE_CWD) != 0;
	if ((int)dirfd == AT_FDCWD)
		return *from != 0;
	st[0] = 0;
	st[1] = 0;
	if (um_native(__NR_fstat, dirfd, (long)st, 0, 0, 0, 0) < 0 ||
	    st[0] != um_shared->memfd_dev)
		return 0;
	*from = um_dir_key(st[1]);
	*inside = 1;
	return 1;
}

int um_told_name(long dirfd, const char *path, struct um_told *out)
{
	struct place p;
	uint64_t from;
	int inside;
	int ret;

	p.now = 0;
	if ((um_page.flags & UM_PAGE_ROOT) || um_shared->unsettled || !*path ||
	    !start_of(dirfd, path, &from, &inside))
		return NOTHING_KNOWN;
	if (!inside)
		path = enter(from, path, &p);
	else if (!find(UM_HASH_SEED, from, &p))
		return NOTHING_KNOWN;
	/* at the start of a relative name no slash precedes */
	ret = path && p.node ? walk_on(path, &p) : NOTHING_KNOWN;
	return ret == 1 ? tell_node(&p, out) : ret;
}

/*
 * The monitor tells by name what a descriptor stands for: if the name was given
 * to another file meanwhile, that file's object is not the descriptor's.
 */
int um_told_self(uint64_t inode, struct um_told *out)
{
	struct place p;

	p.now = 0;
	return find(UM_HASH_SEED, um_dir_key(inode), &p) && p.node &&
	       tell_node(&p, out) == 1 &&
	       ((out->st[3] & S_IFMT) != S_IFREG || out->object == inode);
}

/* rt_sigprocmask(2) that changes nothing writes the mask it finds. */
static int is_writable(unsigned long p)
{
	return p && um_native(__NR_rt_sigprocmask, 0, 0, (long)p, 8, 0, 0) == 0;
}

int um_can_write(void *p, unsigned long n)
{
	unsigned long at = (unsigned long)p;
	unsigned long last = at + n - 8;

	for (; at <= last; at = (at | 4095) + 1)
		if (!is_writable(at))
			return 0;
	/* does the last word reach into one more page? */
	return (last & 4095) <= 4088 || is_writable(last);
}
