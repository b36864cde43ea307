/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared.h - what the monitor tells all guests at once
 *
 * The region file is a memfd that every guest with an agent maps, read-only:
 * struct um_shared (agent/proto.h), then stubs, then patched texts (sys/text.c
 * writes both). The agent reads it instead of asking. So what is told must be
 * there before the call that made it so is answered, and may be more than is
 * so, never less: the agent then asks once too often.
 */
#ifndef UM_GUEST_SHARED_H
#define UM_GUEST_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "agent/proto.h"

/* The region file, and the agent's identity; agent_fd is borrowed. 0, -errno. */
int um_shared_setup(int agent_fd);
/* For guests, read-only; -1 when there is no region. */
int um_shared_fd(void);
/* Where the stubs are for writing; NULL when there is no region. */
unsigned char *um_shared_stubs(void);
/* Append to the region file. Its place there or -errno. */
off_t um_shared_append(const void *data, size_t n);

void um_shared_set_objs(size_t n);
void um_shared_add_writers(int n);
void um_shared_add_flushes(int n);
void um_shared_add_locks(int n);
void um_shared_add_polls(int n);
bool um_shared_polls(void);
void um_shared_add_births(int n);
void um_shared_set_moves(void);
bool um_shared_moves(void);
void um_shared_set_specials(bool any);
void um_shared_set_devs(void);
void um_shared_set_standins(void);
void um_shared_add_chans(int n);
void um_shared_add_held(int n);
void um_shared_add_unsettled(int n);
/* The file has no patched copy: nobody need ask for it (um_plain_key()). */
void um_shared_add_plain(uint64_t key);
/* How a page names the map of a view. */
uint32_t um_shared_view(uint32_t view);
void um_shared_set_vmap(uint32_t view, const struct um_vmap *map);

/* See struct um_shared: changed, passed, dressed. */
void um_shared_add_changed(const char *name, bool passed);
void um_shared_add_dressed(dev_t dev, ino_t ino);

/* To be asked before a walk whose result is remembered. */
uint64_t um_shared_gen(void);
/**
 * struct um_memo_of - what a name was found to be
 * @view: number of the view
 * @gen: um_shared_gen() when the walk began
 * @from: as in um_memo()
 */
struct um_memo_of {
	uint32_t view;
	uint64_t gen;
	uint64_t from;
	enum um_memo_kind kind;
};
/* The name of n bytes is the kernel's own. */
void um_shared_remember(const struct um_memo_of *of, const char *name,
			size_t n);
/* Is that known of it, and true still? */
bool um_shared_remembers(const struct um_memo_of *of, const char *name,
			 size_t n);
/* Links or directories changed: forget all memos. */
void um_shared_forget(void);
/* Memos of directories stay. */
void um_shared_forget_whole(void);

/**
 * struct um_told - a name of which guests are told
 * @view: number of the view
 * @dir, @hash: as in um_name_tag()
 * @mount: number of the mount that has it
 * @path: in that mount
 * @ino, @object, @fd: that node's, as in struct um_node; @fd 0: none
 * @until, @node_until: how long name and attributes hold, in nanoseconds of
 *	CLOCK_MONOTONIC_COARSE; 0: until their change is told
 */
struct um_told {
	uint32_t view;
	uint64_t dir;
	uint64_t hash;
	uint32_t mount;
	const char *path;
	ino_t ino;
	uint64_t object;
	uint32_t fd;
	uint64_t until;
	uint64_t node_until;
};

/* um_place_of() of a name in a mount: "/", "/a/b". */
uint64_t um_shared_place(uint32_t mount, const char *path);
/* Need it be told? False: guests know it already, attributes and all. */
bool um_shared_lacks(const struct um_told *told);
/* st NULL: it does not exist. Right until the next change is told. */
void um_shared_tell(const struct um_told *told, const struct stat *st);
/*
 * What the open directory `object` holds. Records are as in struct um_listing;
 * the stamp was taken for its name before they were read.
 */
void um_shared_stamp(uint32_t mount, const char *path,
		     struct um_listing *stamp);
void um_shared_list(uint64_t object, const struct um_listing *stamp,
		    const void *records, size_t size);
void um_shared_unlist(uint64_t object);
/*
 * What is not in the set of changed names is, in the open directory that the
 * object stands for, what the host has in `dir`, of which fd is a descriptor of
 * the monitor's: until um_shared_lift().
 */
void um_shared_lay_beneath(uint64_t object, const struct stat *dir, int fd);
void um_shared_lift(uint64_t object);
/* What the name in this mount means has changed. */
void um_shared_name_changed(uint32_t mount, const char *path);
/* The same for who keeps the bucket of a path, and not the path. */
uint16_t um_shared_bucket(uint32_t mount, const char *path);
void um_shared_bucket_changed(uint16_t bucket);
void um_shared_node_changed(uint32_t mount, ino_t ino);
/* Anything may have. */
void um_shared_all_changed(void);

#endif
