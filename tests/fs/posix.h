/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posix.h - what the parts of posix.c share */
#ifndef FS_POSIX_H
#define FS_POSIX_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* One line of the answer. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * "ok", or the errno's name; for a call just made. What the call changes is not
 * to be looked at among the arguments that this is one of.
 */
const char *result(long ret);
/* The program cannot go on; not an answer. */
void broken(const char *what) __attribute__((noreturn));

void make_file(const char *name, const char *text);
/* A path of the work directory by format, good for a few calls. */
const char *named(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void all_names(void);
void all_modes(void);
void all_links(void);
void all_renames(void);
void all_times(void);
void all_holes(void);
/* @entries: how many names the directory gets */
void all_entries(int entries);
/* Until nothing more goes in; the file system should be small. */
void all_space(void);

#endif
