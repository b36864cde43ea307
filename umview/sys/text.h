/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - patched copies of executable segments
 *
 * One for each file of which a guest runs code: its system call instructions
 * (purelibc/site.h) jump to stubs in low memory, which decide or ask the agent
 * (agent/entry.S). All guests share the copies; so exec costs no patching.
 */
#ifndef UM_SYS_TEXT_H
#define UM_SYS_TEXT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/proto.h"

/*
 * The copy of the file behind fd (borrowed), made when new. id 0: it has none,
 * for it makes no calls that the monitor answers, or cannot be patched.
 */
void um_text_of(int fd, struct um_text *out);
/* The library that programs with this interpreter are sure to map. */
void um_text_expected(struct um_exec_info *info);

/**
 * struct um_text_file - where a byte of the region file was copied from
 * @st: the file; of a virtual one, its object's
 * @offset: in that file
 * @path: the name it had for the monitor
 */
struct um_text_file {
	struct stat st;
	uint64_t offset;
	char path[PATH_MAX];
};

/* By an offset in the region file. False: there is no text. */
bool um_text_at(uint64_t at, struct um_text_file *out);

/* As in purelibc/site.h. */
#define UM_TEXT_SITE_JMP 7
#define UM_TEXT_SITE_MAX 24

/**
 * struct um_text_site - one that was replaced
 * @offset: in the file
 * @len: of the bytes that were replaced
 * @was, @is: what they were, and how they begin now
 */
struct um_text_site {
	uint64_t offset;
	size_t len;
	unsigned char was[UM_TEXT_SITE_MAX];
	unsigned char is[UM_TEXT_SITE_JMP];
};

/* Of a text by its number; they stay. How many; 0: no such text. */
size_t um_text_sites(uint32_t id, const struct um_text_site **out);

/* Of each file: how many sites were replaced, and how many not. */
void um_text_print(FILE *out);

/* UM_VU_TEXT: see vuctl.h */
struct um_req;
long um_text_give(struct um_req *r);

#endif
