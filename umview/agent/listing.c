// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * listing.c - directories that the monitor listed when it opened them
 *
 * The position of such a descriptor is the kernel's, and counts entries. From
 * the first entry on a listing is given if nothing has changed since; from
 * another on it is the one that was given before, as the monitor's own copy is,
 * so that nothing is left out or given twice when entries go meanwhile.
 */
#include "agent/fast.h"
#include "agent/string.h"

#define SEEK_SET 0
#define SEEK_CUR 1

/* struct linux_dirent64 */
#define RECLEN_AT  16
#define RECORD_MIN 24

static const volatile struct um_listing *find_listing(long fd)
{
	uint64_t object = um_object_of(fd);
	const volatile struct um_listing *l =
		&um_shared->listing[object % UM_NLISTINGS];

	return object && l->object == object ? l : 0;
}

int um_told_listing(long fd)
{
	return find_listing(fd) != 0;
}

static int is_now(const volatile struct um_listing *l)
{
	return l->epoch == um_shared->epoch && l->lists == um_shared->lists &&
	       l->version == um_shared->versions[l->bucket % UM_NVERSIONS];
}

/* Some records: bytes from..to of a listing, n entries. */
struct part {
	unsigned long from;
	unsigned long to;
	long n;
};

/* The bytes of the next record, or 0: there is none, or it is being changed. */
static unsigned long record_at(const volatile char *records, unsigned long at,
			       unsigned long size)
{
	unsigned long len;

	if (at + RECORD_MIN > size)
		return 0;
	len = *(const volatile unsigned short *)&records[at + RECLEN_AT];
	return len >= RECORD_MIN && len <= size - at ? len : 0;
}

/* What fits into `room` from entry `pos` on. */
static void choose(const volatile char *records, unsigned long size, long pos,
		   unsigned long room, struct part *p)
{
	unsigned long at = 0;
	unsigned long len;

	for (; pos > 0 && at < size; pos--) {
		len = record_at(records, at, size);
		at = len ? at + len : size;
	}
	p->from = at;
	p->n = 0;
	while ((len = record_at(records, at, size)) &&
	       at + len - p->from <= room) {
		at += len;
		p->n++;
	}
	p->to = at;
}

/* Take n entries; false: another thread came between. */
static int advance(long fd, long pos, long n)
{
	if (um_native(__NR_lseek, fd, n, SEEK_CUR, 0, 0, 0) == pos + n)
		return 1;
	um_native(__NR_lseek, fd, -n, SEEK_CUR, 0, 0, 0);
	return 0;
}

long um_fast_getdents64(long nr, const long *a)
{
	const volatile struct um_listing *l;
	const volatile char *records;
	struct part p;
	uint32_t seq;
	long pos;
	long ret = um_pass(nr, a);

	if (ret != -ENOTDIR || !um_shared->objs)
		return ret;
	l = find_listing(a[0]);
	pos = um_native(__NR_lseek, a[0], 0, SEEK_CUR, 0, 0, 0);
	if (!l || pos < 0)
		return um_ask(nr, a);
	seq = __atomic_load_n(&l->seq, __ATOMIC_SEQ_CST);
	if ((seq & 1) || (pos == 0 && !is_now(l)) || l->at > UM_RECORDS ||
	    l->size > UM_RECORDS - l->at)
		return um_ask(nr, a);
	records = (const volatile char *)um_shared->records + l->at;
	choose(records, l->size, pos, (unsigned int)a[2], &p);
	/* the end, or an entry that does not fit */
	if (!p.n)
		return p.from >= l->size && find_listing(a[0]) == l &&
				       l->seq == seq
			       ? 0
			       : um_ask(nr, a);
	if (!um_can_write((void *)a[1], p.to - p.from))
		return um_ask(nr, a);
	um_copy((void *)a[1], (const void *)(unsigned long)(records + p.from),
		p.to - p.from);
	if (__atomic_load_n(&l->seq, __ATOMIC_SEQ_CST) != seq ||
	    !advance(a[0], pos, p.n))
		return um_ask(nr, a);
	return (long)(p.to - p.from);
}
