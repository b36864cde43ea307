/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traced.h - programs that a debugger starts and that lie in the view only
 *
 * Who traces a process wants to see what it expects: one exec, of the program
 * itself, mapped by the kernel. So the kernel execs it, from a descriptor, and
 * the process has no agent; all its calls are asked of the monitor.
 */
#ifndef UM_SYS_TRACED_H
#define UM_SYS_TRACED_H

#include "sys/execfile.h"

/*
 * A descriptor of the resolved program that the kernel can exec, the caller's.
 * -EACCES: it takes an agent to run it: a script, a file for another program,
 * an interpreter that the kernel would not find.
 */
int um_traced_program(const struct um_exec *x) UM_MUST_CHECK;
/*
 * The guest's own execve(2), which names the program by the string at `name`,
 * is to exec the program at fd (borrowed). UM_CONTINUE or -errno.
 */
long um_traced_redirect(struct um_req *r, uint64_t name, int fd) UM_MUST_CHECK;

#endif
