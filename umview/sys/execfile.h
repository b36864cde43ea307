/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execfile.h - the file of an execve: found, and checked as the kernel does
 *
 * For exec.c alone, which sets up the exec and hands over what is found.
 */
#ifndef UM_SYS_EXECFILE_H
#define UM_SYS_EXECFILE_H

#include <sys/stat.h>

#include "agent/proto.h"
#include "base/hash.h"
#include "sys/sys.h"

/* As much of a file as says what it is; a `#!` line may be no longer. */
#define UM_EXEC_HEAD 256

/* What a process will find when its agent asks. */
struct um_exec_pending {
	struct um_hnode node;
	struct um_exec_info info;
	char args[UM_EXEC_ARGS_MAX];
	size_t nargs;
	const struct um_attr *attr;
	int fd;
	int interp_fd;
};

/* An exec on its way: the file that is looked at, and the list of arguments. */
struct um_exec {
	struct um_req *r;
	struct um_exec_pending *p;
	struct um_loc loc;
	struct stat st;
	unsigned char head[UM_EXEC_HEAD];
	size_t nhead;
	int fd;
	int scripts;
	const char *name;
	const char *path;
	bool cloexec_fd;
};

/* Walk to the file of this name: x->loc. 0 or -errno. */
int um_execfile_walk(struct um_exec *x, const char *path) UM_MUST_CHECK;
/* By the arguments of execveat(2). 0, 1: nothing is to be done, -errno. */
int um_execfile_walk_at(struct um_exec *x) UM_MUST_CHECK;
/* From x->loc through `#!` lines to an ELF program and its interpreter. */
int um_execfile_resolve(struct um_exec *x) UM_MUST_CHECK;

#endif
