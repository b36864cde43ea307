/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * binfmt.h - which format a file is of: the view's mounts, then the host
 *
 * For execfile.c alone.
 */
#ifndef UM_SYS_BINFMT_H
#define UM_SYS_BINFMT_H

#include <umview/binfmt.h>

#include "sys/execfile.h"

/**
 * struct um_binfmt_file - an interpreter that was opened at registration
 * @path: what /proc/PID/exe shows
 */
struct um_binfmt_file {
	int fd;
	char *path;
	struct stat st;
};

/*
 * Ask for the file that x is at. Return: 0 none, -errno, 1: the answer is in q;
 * *by_host: it is the host's own, by which its kernel would go too.
 */
int um_binfmt_find(struct um_exec *x, struct um_binfmt_req *q, bool *by_host);

#endif
