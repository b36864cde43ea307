/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - a guest for the fuzz targets, and a view for it
 *
 * The guest is a child that shares this process's descriptors and one piece of
 * memory, and sleeps: requests are made in its name, and whatever the monitor
 * writes to wrong addresses is written there. Its view is one ramfs on "/", so
 * that no name leads to the host.
 */
#ifndef FUZZ_GUEST_H
#define FUZZ_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "sys/sys.h"

/* The memory that both see: always here, so that inputs may hold pointers. */
#define ARENA	   ((unsigned char *)0x10000000)
#define ARENA_SIZE 65536

/* libFuzzer's hook: the guest is made once; ends the program if it cannot be. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* A fresh view, no descriptors; and away with it again. */
void guest_begin(void);
void guest_end(void);
/* One system call of the guest's, answered by the monitor's code. */
long guest_call(int nr, const uint64_t arg[6]);
/* The nth descriptor that it was given, modulo their count; -1: none. */
int guest_fd(size_t n);
pid_t guest_tid(void);
/* Its root file system. */
struct um_mount *guest_root(void);
/* Mount another ramfs. */
void guest_mount(const char *point);

/* Fuzz inputs are read by bytes; zeros when there are no more. */
struct input {
	const uint8_t *data;
	size_t size;
};
uint64_t input_take(struct input *in, size_t bytes);

/* The end of this process, with a message: a bug was found. */
#define FUZZ_CHECK(cond)                                                       \
	do {                                                                   \
		if (!(cond))                                                   \
			guest_bug(__FILE__, __LINE__, #cond);                  \
	} while (0)
void guest_bug(const char *file, int line, const char *what)
	__attribute__((noreturn));

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
