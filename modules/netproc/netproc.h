/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netproc.h - a network stack that is a process, for the modules that have one
 *
 * All that the core asks of the stack is sent to the process (proto.h). When the
 * process dies every request fails with ENETDOWN; when the stack is unmounted,
 * or the monitor is gone, the process reads the end of its descriptor and
 * ends.
 */
#ifndef UM_NETPROC_H
#define UM_NETPROC_H

#include <stdbool.h>

struct um_fs;

/**
 * um_netproc_start() - start a stack's process
 * @program: a name; it lies in the folder of the module
 * @words: its arguments, NULL-terminated; NULL: none
 * @family: the families it has sockets of
 * @fs: its net is set
 *
 * Return: 0, or -errno; then it was logged why.
 */
int um_netproc_start(const char *program, char *const *words,
		     bool (*family)(int domain), struct um_fs *fs);

#endif
