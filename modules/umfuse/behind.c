// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * behind.c - option writeback: writes that follow one another are gathered
 *
 * A mount has one buffer. It holds what was written last, in one piece, to one
 * open file, and goes to the program when it is full, when something else is
 * written, and before any other operation; so nobody sees the difference,
 * except that an error comes later: to the next write or fsync of that file.
 *
 * The lock is held while the program writes, so the pieces stay in order. It is
 * taken within an operation only, after mnt->tree.
 */
#include "umfuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void umfuse_behind_init(struct umfuse_behind *b)
{
	pthread_mutex_init(&b->lock, NULL);
}

int umfuse_behind_start(struct umfuse_behind *b, size_t room)
{
	b->buf = room ? malloc(room) : NULL;
	if (room && !b->buf)
		return -ENOMEM;
	b->room = room;
	return 0;
}

void umfuse_behind_fini(struct umfuse_behind *b)
{
	free(b->buf);
	pthread_mutex_destroy(&b->lock);
}

/* The buffer is empty then, whatever happens: an error is kept in the file. */
static void flush_locked(struct umfuse_call *c)
{
	struct umfuse_behind *b = &c->mnt->behind;
	struct umfuse_file *file = b->file;
	struct fuse_file_info fi;
	char *path = NULL;
	ssize_t n;

	if (!file)
		return;
	b->file = NULL;
	fi = file->fi;
	if (!c->fuse->cfg.nullpath_ok)
		path = umfuse_node_path(&c->mnt->nodes, file->node);
	n = umfuse_write(c, path, b->buf, b->used, b->off, &fi);
	free(path);
	if (n == (ssize_t)b->used)
		return;
	file->error = n < 0 ? (int)n : -ENOSPC;
	um_warn("%s: a write that was answered before failed: %s", c->mnt->name,
		strerror(-file->error));
}

void umfuse_behind_flush(struct umfuse_call *c)
{
	struct umfuse_behind *b = &c->mnt->behind;

	if (!b->room)
		return;
	pthread_mutex_lock(&b->lock);
	flush_locked(c);
	pthread_mutex_unlock(&b->lock);
}

/* What a write before came to; told once. */
int umfuse_behind_error(struct umfuse_call *c, struct umfuse_file *file)
{
	struct umfuse_behind *b = &c->mnt->behind;
	int err;

	pthread_mutex_lock(&b->lock);
	err = file->error;
	file->error = 0;
	pthread_mutex_unlock(&b->lock);
	return err;
}

/* Return: false: this is not for the buffer, which is empty now. */
bool umfuse_behind_take(struct umfuse_call *c, struct umfuse_file *file,
			const char *buf, size_t size, off_t off)
{
	struct umfuse_behind *b = &c->mnt->behind;
	bool taken = false;

	if (!b->room)
		return false;
	pthread_mutex_lock(&b->lock);
	if (b->file != file || off != b->off + (off_t)b->used ||
	    size > b->room - b->used)
		flush_locked(c);
	if (size < b->room && !file->error) {
		if (!b->file) {
			b->file = file;
			b->off = off;
			b->used = 0;
		}
		memcpy(b->buf + b->used, buf, size);
		b->used += size;
		taken = true;
	}
	pthread_mutex_unlock(&b->lock);
	return taken;
}
