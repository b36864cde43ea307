/* SPDX-License-Identifier: GPL-2.0-or-later */
/* code.h - the executable segment of an ELF file */
#ifndef UM_SYS_CODE_H
#define UM_SYS_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct um_code - the executable segment of an ELF file
 * @bytes: whole pages of the file, from @from on
 * @from, @len: which bytes these are
 * @skip, @size: where in @bytes the code lies: all of the segment, or of its
 *	sections those that are code
 * @is_go: compiled by Go: its stacks are too small for the agent
 */
struct um_code {
	unsigned char *bytes;
	uint64_t from;
	size_t len;
	size_t skip;
	size_t size;
	bool is_go;
};

/*
 * Of the file behind fd (borrowed); to be let go by um_code_fini(). 0, ENOEXEC:
 * it has no such segment, several, a writable one or one beyond 512 MiB, or
 * code of Go and a C library in one; ENOMEM.
 */
int um_code_read(int fd, struct um_code *out);
void um_code_fini(struct um_code *code);

#endif
