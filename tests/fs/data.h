/* SPDX-License-Identifier: GPL-2.0-or-later */
/* data.h - the model of data.c, and what is done to file and model */
#ifndef FS_DATA_H
#define FS_DATA_H

#include "chance.h"

#include <sys/types.h>

#define NAMES 3
#define SLOTS 6
#define PAGE  4096L

/* What a file is to hold: byte base + i is data[i], before that are zeros. */
struct node {
	unsigned char *data;
	off_t size;
	int refs;
};

struct slot {
	struct node *node;
	int fd;
	int flags;
};

extern struct chance c;
extern struct slot slots[SLOTS];
/* Room for the contents of a window. */
extern unsigned char *buf;
/* Where the window ends. */
extern off_t top;

off_t least(off_t a, off_t b);
/* Contents of off..off+len as they are to be. */
void model_read(const struct node *n, unsigned char *to, off_t off, off_t len);
void model_write(struct node *n, const unsigned char *from, off_t off,
		 off_t len);
void model_zero(struct node *n, off_t off, off_t len);

/* A place in the window, a length that ends in it; buf filled with noise. */
off_t some_place(void);
off_t some_length(off_t off);
void fill(off_t len);
bool can_read(const struct slot *s);
bool can_write(const struct slot *s);

/* What was read of the node is what it is to hold. */
void compare(const struct node *n, const unsigned char *got, off_t off,
	     ssize_t len, const char *what);

/* One step each, or none when it is not possible. data_ops.c */
void do_read(struct slot *s);
void do_read_seek(struct slot *s);
void do_read_map(struct slot *s);
void do_seek(struct slot *s);
void do_write(struct slot *s);
void do_write_seek(struct slot *s);
void do_write_child(struct slot *s);
void do_write_map(struct slot *s);
void do_room(struct slot *s);
void do_punch(struct slot *s);
void do_zero(struct slot *s);
void do_collapse(struct slot *s);
void do_insert(struct slot *s);
void do_copy(struct slot *s);

#endif
