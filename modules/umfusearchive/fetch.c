// SPDX-License-Identifier: GPL-2.0-or-later
/* fetch.c - from the archive into the store */
#include "arc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A cursor skips so many headers before it is cheaper to begin anew. */
#define WORTH_SKIPPING 16
/* After so many steps back, small entries that are passed are kept. */
#define MANY_REWINDS 8
#define SMALL	     (1 << 20)

void cursor_close(struct arc *a)
{
	if (a->cursor.reader)
		archive_read_free(a->cursor.reader);
	a->cursor = (struct cursor){ 0 };
}

static int read_failed(struct arc *a, int status)
{
	struct archive *r = a->cursor.reader;
	const char *why = archive_error_string(r);

	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: %s\n", a->path,
		 why ? why : "read error");
	if (status == ARCHIVE_FATAL)
		cursor_close(a);
	else
		a->cursor.node = NULL;
	return -EIO;
}

/* Drops what can be had again. Return: was there anything? */
static bool make_room(struct arc *a, const struct node *keep)
{
	uint64_t before = a->store.used;

	for (size_t i = 0; i < a->nentries; i++) {
		struct node *node = a->by_entry[i];

		if (!node || node == keep || node == a->cursor.node ||
		    node->opens || !node->archived || !node->filled)
			continue;
		store_drop(&a->store, &node->data);
		node->filled = 0;
	}
	return a->store.used < before;
}

int put_content(struct arc *a, struct node *node, const void *buf, size_t n,
		uint64_t off)
{
	int err = store_write(&a->store, &node->data, buf, n, off);

	if (err == -ENOSPC && make_room(a, node))
		err = store_write(&a->store, &node->data, buf, n, off);
	return err;
}

/* The next piece of the node at the cursor. Return: 1, 0 at its end, -errno */
static int fetch_piece(struct arc *a)
{
	struct node *node = a->cursor.node;
	uint64_t size = (uint64_t)node->st.st_size, at;
	const void *buf;
	size_t n;
	la_int64_t off;
	int err, status = archive_read_data_block(a->cursor.reader, &buf, &n,
						  &off);

	if (status == ARCHIVE_EOF) {
		node->filled = size;
		a->cursor.node = NULL;
		return 0;
	}
	if (status < ARCHIVE_WARN)
		return read_failed(a, status);
	at = off < 0 ? size : (uint64_t)off;
	/* more than the header said is not shown */
	if (at >= size)
		return 1;
	if (n > size - at)
		n = (size_t)(size - at);
	err = put_content(a, node, buf, n, at);
	if (err) {
		/* what cannot be had whole leaves its room to others */
		store_drop(&a->store, &node->data);
		node->filled = 0;
		a->cursor.node = NULL;
		return err;
	}
	node->filled = at + n;
	return 1;
}

/*
 * Is it worth to unpack what the cursor only passes? Where that is done anyway;
 * and where it would be passed again and again.
 */
static bool is_kept(const struct arc *a, const struct node *node)
{
	if (!node || a->solid)
		return node != NULL;
	return a->rewinds >= MANY_REWINDS && node->st.st_size <= SMALL &&
	       a->store.used < a->store.limit / 2;
}

/* What the cursor leaves behind is kept where it cannot be had cheaply. */
static void leave_entry(struct arc *a)
{
	struct node *node = a->cursor.node;
	bool keep = is_kept(a, node);
	int ret = 1;

	while (keep && ret > 0 && a->cursor.node && a->cursor.reader)
		ret = fetch_piece(a);
	if (node && a->cursor.node == node && !keep) {
		store_drop(&a->store, &node->data);
		node->filled = 0;
	}
	a->cursor.node = NULL;
}

/* The cursor reads the next header. */
static int next_entry(struct arc *a)
{
	struct cursor *c = &a->cursor;
	struct archive_entry *entry;
	struct node *node;
	int status;

	leave_entry(a);
	if (!c->reader)
		return -EIO;
	status = archive_read_next_header(c->reader, &entry);
	if (status == ARCHIVE_EOF || status < ARCHIVE_WARN)
		return read_failed(a, ARCHIVE_FATAL);
	node = c->entry < a->nentries ? a->by_entry[c->entry] : NULL;
	c->entry++;
	if (!node || !node->archived ||
	    node->filled >= (uint64_t)node->st.st_size)
		return 0;
	store_drop(&a->store, &node->data);
	node->filled = 0;
	c->node = node;
	return 0;
}

static bool must_begin(const struct arc *a, const struct node *node)
{
	const struct cursor *c = &a->cursor;

	return !c->reader || c->entry > node->entry ||
	       (a->direct && node->entry - c->entry > WORTH_SKIPPING);
}

/* The cursor stands at the begin of the node's contents. */
static int go_to(struct arc *a, struct node *node)
{
	int err = 0;

	if (must_begin(a, node)) {
		a->rewinds += a->cursor.entry > node->entry;
		leave_entry(a);
		cursor_close(a);
		a->cursor.reader = source_reader(
			a, a->direct ? (uint64_t)node->header : 0);
		if (!a->cursor.reader)
			return -EIO;
		a->cursor.entry = a->direct ? node->entry : 0;
	}
	while (!err && a->cursor.entry <= node->entry)
		err = next_entry(a);
	return err;
}

int fetch(struct arc *a, struct node *node, uint64_t limit)
{
	int ret = 1;

	if (limit > (uint64_t)node->st.st_size)
		limit = (uint64_t)node->st.st_size;
	if (!node->archived || node->filled >= limit)
		return 0;
	if (a->cursor.node != node) {
		ret = go_to(a, node);
		if (ret)
			return ret;
		ret = 1;
	}
	while (ret > 0 && node->filled < limit && a->cursor.node == node)
		ret = fetch_piece(a);
	if (ret >= 0 && node->filled < limit)
		ret = -EIO;
	return ret < 0 ? ret : 0;
}
