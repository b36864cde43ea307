/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fast.h - calls that came by a stub, and who decides about them
 *
 * A handler gets the call's number and its six arguments, and returns what the
 * kernel would. When it is not sure that the call means nothing virtual, it
 * makes the call in the way that the monitor answers: um_ask().
 */
#ifndef UM_AGENT_FAST_H
#define UM_AGENT_FAST_H

#include <asm/unistd.h>
#include <linux/errno.h>

#include "agent/call.h"

typedef long (*um_fast_fn)(long nr, const long *a);

extern struct um_page um_page;
extern uint64_t um_bases[UM_NBASES];

#define um_shared ((const volatile struct um_shared *)UM_SHARED)

static inline long um_pass(long nr, const long *a)
{
	return um_native(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static inline long um_ask(long nr, const long *a)
{
	return um_viewed6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static inline const volatile struct um_vmap *um_vmap(void)
{
	return &um_shared->vmap[um_page.view];
}

/* Nothing is mounted in this view and no descriptor is virtual. */
static inline int um_is_idle(void)
{
	return !um_vmap()->busy && !um_shared->objs && !um_shared->devs &&
	       !um_shared->chans && !um_shared->standins;
}

/* The table's entry for every tracked call without one of its own. */
long um_fast(long nr, const long *a);

/* It stands for a virtual file. */
int um_is_object(long fd);
/* The call is the monitor's if the descriptor is virtual. */
long um_on_descriptor(long fd, long nr, const long *a);

/* names.c */
long um_fast_open(long nr, const long *a);
long um_fast_entry(long nr, const long *a);
long um_fast_entryat(long nr, const long *a);
long um_fast_node(long nr, const long *a);
long um_fast_idle(long nr, const long *a);
long um_fast_address(long nr, const long *a);
/* May 8 bytes at p be read? */
int um_can_read(const void *p);

/* strict.c */
long um_fast_prctl(long nr, const long *a);
long um_fast_seccomp(long nr, const long *a);

/* attrs.c */
long um_fast_stat(long nr, const long *a);
long um_fast_access(long nr, const long *a);
long um_fast_readlink(long nr, const long *a);

/* nodes.c: what the monitor told of a virtual file. */
struct um_told {
	uint64_t st[UM_STAT_WORDS];
	uint64_t object; /* as in struct um_node */
	uint32_t fd;
	uint32_t until;
};
/* Return: 1 told, 0 it does not exist, -EAGAIN: ask. path can be read. */
int um_told_name(long dirfd, const char *path, struct um_told *out);
/* Of what a descriptor stands for, by its object's inode. 1 or 0. */
int um_told_self(uint64_t inode, struct um_told *out);
/* May n bytes at p be written? */
int um_can_write(void *p, unsigned long n);

/* listing.c */
long um_fast_getdents64(long nr, const long *a);
/* Is it an open directory of which a listing was told? */
int um_told_listing(long fd);

/* told.c: fstat(2), as the kernel writes it. Whether it is known. */
int um_stat_fd(long fd, uint64_t st[UM_STAT_WORDS]);
/* The inode of the object, or other memfd, that a descriptor is of; 0: of none. */
uint64_t um_object_of(long fd);
/*
 * The open directory lies over one of the host's (struct um_beneath). The name
 * there of what it has as `name`, a single one that no layer changed; 0: not
 * known.
 */
#define UM_BENEATH_MAX 256
int um_told_beneath(long fd);
const char *um_name_beneath(long fd, const char *name,
			    char out[UM_BENEATH_MAX]);
/*
 * Open the file that a descriptor of the monitor's is of, which was told to be
 * this one. Return: a descriptor, or -errno; EAGAIN: it is another.
 */
long um_open_told(uint32_t monitor, uint32_t at, long flags, uint64_t dev,
		  uint64_t ino);

/* cancel.c */
long um_fast_sigaction(long nr, const long *a);

/* image.c */
long um_fast_execve(long nr, const long *a);
long um_fast_execveat(long nr, const long *a);
long um_fast_chdir(long nr, const long *a);
long um_fast_fchdir(long nr, const long *a);
long um_fast_mmap(long nr, const long *a);
/* Takes fd, which is the region file; -1: there is none. */
void um_expect_text(const struct um_exec_info *info, int fd);
/*
 * Put the patched copy over what was mapped: of `len` bytes of the file, from
 * `from` on, at `at`. fd is the region file. Return: whether it is all of it.
 */
int um_lay_text(const struct um_text *t, int fd, unsigned long at,
		unsigned long from, unsigned long len, long prot);

#endif
