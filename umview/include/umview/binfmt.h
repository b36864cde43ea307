/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * binfmt.h - binary formats: which interpreter runs a file
 *
 * At each execve(2), and for each interpreter that this leads to, the core asks
 * the mounts of the view that have the operation `binfmt` (struct um_fs_ops),
 * the newest first, and then the host's own /proc/sys/fs/binfmt_misc. Who
 * answers says which program is to run the file. `#!` lines and ELF programs
 * are the core's, and come after, as in the kernel.
 *
 * A module may decide as it likes. One that keeps entries as the kernel's
 * binfmt_misc does has a struct um_binfmt for each; see the kernel's
 * admin-guide/binfmt-misc.
 */
#ifndef UMVIEW_BINFMT_H
#define UMVIEW_BINFMT_H

#include <stdbool.h>
#include <stddef.h>

struct um_fs;
struct um_binfmt_file;

/* Of a file's first bytes, so many are looked at; what it lacks is zero. */
#define UM_BINFMT_HEAD 256
/* Bytes of the longest line that um_binfmt_parse() takes. */
#define UM_BINFMT_LINE 1920
/* Room for what um_binfmt_print() writes. */
#define UM_BINFMT_TEXT 4096

#define UM_BINFMT_ENABLED 1u  /* matches; else it is but listed */
#define UM_BINFMT_MAGIC	  2u  /* by the file's bytes; else by its name's end */
#define UM_BINFMT_ARGV0	  4u  /* flag P: argv[0] is kept */
#define UM_BINFMT_OPEN	  8u  /* O: the file is open, as AT_EXECFD says */
#define UM_BINFMT_CREDS	  16u /* C: ids are the file's; implies O */
#define UM_BINFMT_FIX	  32u /* F: the interpreter is that of registration */

/**
 * struct um_binfmt - one entry
 * @name: of its file
 * @flags: UM_BINFMT_*
 * @offset: of the magic, in the file
 * @size: bytes of @magic and of @mask
 * @magic: bytes; or the extension, without dot, as a string
 * @mask: which bits count; NULL: all
 * @interpreter: path of a program
 * @store: where the strings lie
 */
struct um_binfmt {
	const char *name;
	unsigned int flags;
	int offset;
	size_t size;
	const char *magic;
	const char *mask;
	const char *interpreter;
	char *store;
};

/**
 * struct um_binfmt_req - a file that is executed
 * @path: its canonical name in the view
 * @name: as it was given to execve(2); or the interpreter's, as it was given
 * @head: UM_BINFMT_HEAD bytes from its beginning
 * @interpreter: answer: path, from malloc(3); the core frees it
 * @file: answer: the interpreter's file if it was opened before, borrowed;
 *	NULL: the core finds it by name, in the guest's root
 * @flags: answer: UM_BINFMT_ARGV0, _OPEN, _CREDS
 * @alone: answer: no older mount is asked any more, nor the host
 */
struct um_binfmt_req {
	const char *path;
	const char *name;
	const unsigned char *head;
	char *interpreter;
	struct um_binfmt_file *file;
	unsigned int flags;
	bool alone;
};

/**
 * um_binfmt_parse() - an entry from a line as `register` takes it
 * @line, @n: ":name:type:offset:magic:mask:interpreter:flags"; need not end in
 *	a NUL
 * @out: free it with um_binfmt_free()
 * Return: 0, -EINVAL: it is not one, -ENOMEM
 */
int um_binfmt_parse(const char *line, size_t n, struct um_binfmt **out);
/* The same from the text of an entry's file, as um_binfmt_print() writes it. */
int um_binfmt_read(const char *name, const char *text, struct um_binfmt **out);
/* What is read from an entry's file. Return: length. */
size_t um_binfmt_print(const struct um_binfmt *f, char out[UM_BINFMT_TEXT]);
/* Is it enabled, and the file in the request of that format? */
bool um_binfmt_match(const struct um_binfmt *f,
		     const struct um_binfmt_req *req);
void um_binfmt_free(struct um_binfmt *f);
/*
 * What is written to an entry, or to `status`. Return: 0 nothing, 1 "0", 2 "1",
 * 3 "-1", -EINVAL.
 */
int um_binfmt_command(const char *text, size_t n);

/**
 * um_binfmt_open() - open an interpreter now, for later
 * @fs: the module's own mount, in which it must not be
 * @path: as the guest of the running request would execute it
 * @out: close it with um_binfmt_close(); many may use it at a time
 * Return: 0, or -errno of execve(2)
 */
int um_binfmt_open(const struct um_fs *fs, const char *path,
		   struct um_binfmt_file **out);
/* NULL: nothing. */
void um_binfmt_close(struct um_binfmt_file *file);

#endif
