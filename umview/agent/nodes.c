// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nodes.c - attributes of virtual files that the monitor told everybody
 *
 * A name leads to a node's key, the key to its attributes. Both tables are
 * written by the monitor while they are read: an entry counts if its sequence
 * number is even, and the same before and after it was copied; and while the
 * version of the name, and the epoch, are those it was written in.
 */
#include "agent/fast.h"

#define NOTHING_KNOWN (-EAGAIN)

#define barrier() __asm__ volatile("" ::: "memory")

/* The monitor may change it at any time. */
static uint32_t sequence(const volatile uint32_t *seq)
{
	uint32_t now = __atomic_load_n(seq, __ATOMIC_SEQ_CST);

	barrier();
	return now;
}

static int read_name(uint64_t tag, unsigned long at, uint64_t *node)
{
	const volatile struct um_name *n = &um_shared->name[at % UM_NNAMES];
	uint32_t seq = sequence(&n->seq);
	int good;

	good = n->tag == tag && n->epoch == um_shared->epoch &&
	       n->version == um_shared->versions[n->bucket % UM_NVERSIONS];
	*node = n->node;
	barrier();
	return good && !(seq & 1) && sequence(&n->seq) == seq;
}

static int read_node(uint64_t key, unsigned long at, uint64_t *out)
{
	const volatile struct um_node *n = &um_shared->node[at % UM_NNODES];
	uint32_t seq = sequence(&n->seq);
	int good;

	good = n->key == key && n->epoch == um_shared->epoch;
	for (int i = 0; good && i < 18; i++)
		out[i] = n->st[i];
	barrier();
	return good && !(seq & 1) && sequence(&n->seq) == seq;
}

int um_told_stat(uint64_t hash, uint64_t dir, uint64_t *out)
{
	uint64_t tag = um_name_tag(hash, dir, um_page.view, um_shared->lists);
	uint64_t node;

	if (!read_name(tag, tag, &node) && !read_name(tag, tag + 1, &node))
		return NOTHING_KNOWN;
	if (!node)
		return 0;
	return read_node(node, node, out) || read_node(node, node + 1, out)
		       ? 1
		       : NOTHING_KNOWN;
}

int um_told_self(uint64_t inode, uint64_t *out)
{
	return um_told_stat(UM_HASH_SEED, um_dir_key(inode), out) == 1;
}

/* rt_sigprocmask(2) that changes nothing writes the mask it finds. */
static int is_writable(unsigned long p)
{
	return p && um_native(__NR_rt_sigprocmask, 0, 0, (long)p, 8, 0, 0) == 0;
}

int um_can_write(void *p, unsigned long n)
{
	unsigned long first = (unsigned long)p;
	unsigned long last = first + n - 8;

	return is_writable(first) &&
	       ((first & ~4095UL) == (last & ~4095UL) || is_writable(last));
}
