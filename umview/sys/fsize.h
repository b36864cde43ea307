/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fsize.h - RLIMIT_FSIZE, for what the monitor writes on behalf of a guest */
#ifndef UM_SYS_FSIZE_H
#define UM_SYS_FSIZE_H

#include "sys/sys.h"

/*
 * A write of *n bytes at off to a regular file: *n becomes less where the limit
 * is nearer. 0; EFBIG: it is reached, and the guest was sent SIGXFSZ.
 */
int um_fsize_clamp(struct um_req *r, off_t off, size_t *n);
/* A file of size `old` is to be of another. The same answers. */
int um_fsize_allows(struct um_req *r, off_t old, off_t size);

#endif
