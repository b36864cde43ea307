/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execfile.h - the file of an execve: found, and checked as the kernel does
 *
 * For exec.c alone, which sets up the exec and hands over what is found.
 */
#ifndef UM_SYS_EXECFILE_H
#define UM_SYS_EXECFILE_H

#include <sys/stat.h>

#include "sys/pending.h"

/* As much of a file as says what it is; a `#!` line may be no longer. */
#define UM_EXEC_HEAD 256

/**
 * struct um_exec - an exec on its way: the file that is looked at, and the list
 * of arguments
 * @name: as given to execve(2)
 * @interp: the same, or the interpreter as it was named, if it has come to one
 * @scripts: how many interpreters so far
 * @by_view: an interpreter is one that the host's kernel would not take
 * @far_interp: the kernel would not find the program's interpreter by its name
 * @by_agent: the guest has code that will exec what it is told
 * @opens: what is looked at is to be left open for its interpreter
 * @has_creds: the program's ids are by @creds_st, a file of @creds_mount (NULL:
 *	one that the host knows), not by the last file
 * @fixed: path of the last file, which is not found by name; or NULL
 */
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
	const char *interp;
	const char *path;
	const char *fixed;
	bool cloexec_fd;
	bool by_view;
	bool opens;
	bool far_interp;
	bool by_agent;
	bool has_creds;
	const struct um_mount *creds_mount;
	struct stat creds_st;
};

/* Walk to the file of this name: x->loc. 0 or -errno. */
int um_execfile_walk(struct um_exec *x, const char *path) UM_MUST_CHECK;
/* By the arguments of execveat(2). 0, 1: nothing is to be done, -errno. */
int um_execfile_walk_at(struct um_exec *x) UM_MUST_CHECK;
/* From x->loc through `#!` lines to an ELF program and its interpreter. */
int um_execfile_resolve(struct um_exec *x) UM_MUST_CHECK;
/* The file at x->loc, if it may be executed: x->fd and x->st. 0 or -errno. */
int um_execfile_open(struct um_exec *x) UM_MUST_CHECK;
/* Give up the interpreter that was found for it. */
void um_execfile_drop_interp(struct um_exec_pending *p);
/* What /proc/PID/exe says of it; caller frees; NULL: no memory. */
char *um_execfile_name(const struct um_exec *x);
void um_execfile_fini(struct um_exec *x);

#endif
