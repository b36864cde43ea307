/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attr.h - attribute sets: what a guest is in its view
 *
 * An attribute set never changes. A guest that calls chroot or setuid gets the
 * number of another set, written to the page it carries (agent/proto.h); its
 * children got a copy of the page from fork and so keep what they had. Equal
 * sets have one number, so there are as many as there are combinations in use,
 * and none is freed before the session ends.
 *
 * Guests without an agent (ptraced at exec, unreadable binary) carry no page:
 * a table by thread group id serves those, and vfork children that changed
 * theirs while on loan of the parent's memory.
 */
#ifndef UM_GUEST_ATTR_H
#define UM_GUEST_ATTR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

#define UM_GROUPS_MAX 64

/**
 * struct um_ids - virtual identity; meaningful where `virt` is set
 * @virt: a bool; so wide that no padding hides in a comparison of bytes
 * @keeps: a bool: PR_SET_KEEPCAPS
 * @caps: a bool: it was root and kept what root may, until it execs
 */
struct um_ids {
	uint32_t virt;
	uint32_t keeps;
	uint32_t caps;
	uid_t ruid, euid, suid, fsuid;
	gid_t rgid, egid, sgid, fsgid;
	int ngroups;
	gid_t groups[UM_GROUPS_MAX];
};

/**
 * struct um_attr - one attribute set
 * @view: number of the view
 * @helper: serves a file system, or was started by such a process: the session
 *	does not last for its sake
 * @root: canonical path of the virtual root; "/" when not chrooted
 * @exe: what /proc/PID/exe shows; "" when the kernel's answer is right
 * @stacks: default network stacks by family, as numbers of mounts; 0: the
 *	view's (net/stack.h)
 * @filtered: a bool: it has a seccomp filter of its own, which may not like
 *	calls that an agent would make
 * @dispatched: a bool: it catches its own calls until it execs, by Syscall User
 *	Dispatch, and would catch the agent's
 * @mount_flags, @mount_options: MS_* and options of mount(2) for the file
 *	systems that it mounts itself through /dev/fuse; see sys/mounter.c
 */
struct um_attr {
	uint32_t id;
	uint32_t view;
	uint32_t filtered;
	uint32_t dispatched;
	uint32_t stacks[5];
	bool helper;
	struct um_ids ids;
	char *root;
	char *exe;
	unsigned long mount_flags;
	char *mount_options;
};

/* root: guests start as virtual root. */
int um_attr_setup(bool root);
/* The set equal to `like` (id ignored), made when new; NULL: out of memory. */
const struct um_attr *um_attr_intern(const struct um_attr *like);
/* NULL: no such number. */
const struct um_attr *um_attr_by_id(uint32_t id);

/* Attributes of guests that carry no page of their own. */
int um_attr_table_set(pid_t tgid, const struct um_attr *attr);
const struct um_attr *um_attr_table_get(pid_t tgid);
void um_attr_table_del(pid_t tgid);
/* Forget who has ended, before the number is another's. */
void um_attr_table_sweep(void);

#endif
