/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dl_part.h - what the shared object of dlopen.c offers */

#ifndef SYS_DL_PART_H
#define SYS_DL_PART_H

/* The size of a file, or -1; by libc. */
long part_size(const char *path);
/* A system call with two arguments, by code of the shared object. */
long part_raw(long nr, const void *a, void *b);
/* What looks like code, and is data in the same segment. */
extern const unsigned char part_lookalike[64];
/* How often the two were called since it was loaded. */
int part_times(void);

#endif
