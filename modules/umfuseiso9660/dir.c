// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dir.c - directories of an image
 *
 * A directory is read as a whole, at the first look into it, and its nodes are
 * kept, sorted by name; the directory that was not looked into for the longest
 * time makes room for another.
 */
#include "iso.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIR (256u << 20)

struct entry {
	char *name;
	struct iso_node node;
};

/**
 * struct iso_dir - nodes of a directory, sorted by name
 * @self, @parent: its "." and ".."
 */
struct iso_dir {
	uint32_t block;
	uint64_t used;
	struct entry *entries;
	size_t count;
	size_t room;
	bool has_self;
	struct iso_node self;
	uint64_t parent;
};

static void free_dir(struct iso_dir *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->count; i++) {
		free(d->entries[i].name);
		iso_node_fini(&d->entries[i].node);
	}
	free(d->entries);
	iso_node_fini(&d->self);
	free(d);
}

void iso_forget_dirs(struct iso *iso)
{
	for (size_t i = 0; i < ISO_DIRS_KEPT; i++) {
		free_dir(iso->dirs[i]);
		iso->dirs[i] = NULL;
	}
}

static bool is_name(const char *name)
{
	return *name && !strchr(name, '/') && strlen(name) <= NAME_MAX;
}

static struct entry *new_entry(struct iso_dir *d)
{
	size_t room = d->room ? 2 * d->room : 32;
	struct entry *grown;

	if (d->count == d->room) {
		grown = reallocarray(d->entries, room, sizeof(*grown));
		if (!grown)
			return NULL;
		d->entries = grown;
		d->room = room;
	}
	return &d->entries[d->count];
}

/* takes r->node. */
static int add(struct iso_dir *d, struct iso_record *r)
{
	struct entry *e;

	if (r->rec[REC_NAME_LENGTH] == 1 && r->rec[REC_NAME] == 0) {
		if (!d->has_self)
			d->self = r->node;
		else
			iso_node_fini(&r->node);
		d->has_self = true;
		return 0;
	}
	if (r->rec[REC_NAME_LENGTH] == 1 && r->rec[REC_NAME] == 1) {
		d->parent = r->node.ino;
		iso_node_fini(&r->node);
		return 0;
	}
	if (r->hidden || !is_name(r->name) || strcmp(r->name, ".") == 0 ||
	    strcmp(r->name, "..") == 0) {
		iso_node_fini(&r->node);
		return 0;
	}
	e = new_entry(d);
	if (e)
		e->name = strdup(r->name);
	if (!e || !e->name) {
		iso_node_fini(&r->node);
		return -ENOMEM;
	}
	e->node = r->node;
	d->count++;
	return 0;
}

/* A record that is whole: its fixed part, its name. */
static bool is_record(const uint8_t *rec, size_t left)
{
	size_t n = rec[REC_LENGTH];

	return n <= left && n > REC_NAME &&
	       rec[REC_NAME_LENGTH] <= n - REC_NAME && rec[REC_NAME_LENGTH];
}

/* The sections of a large file are records in a row. */
struct reader {
	const struct iso *iso;
	struct iso_dir *dir;
	struct iso_record *r;
	bool goes_on;
};

static int end_file(struct reader *rd)
{
	struct iso_record *r = rd->r;

	rd->goes_on = false;
	if (!r->node.zisofs)
		r->node.size = r->node.packed;
	return add(rd->dir, r);
}

static int take_record(struct reader *rd, const uint8_t *rec, uint64_t at)
{
	struct iso_record *r = rd->r;
	int err;

	if (rd->goes_on) {
		err = iso_node_add_extent(&r->node, rec);
		if (err)
			return err;
	} else {
		r->rec = rec;
		r->at = at;
		err = iso_record_read(rd->iso, r);
		/* one bad record does not hide the others */
		if (err)
			return err == -EIO ? 0 : err;
		if (S_ISDIR(r->node.mode))
			return add(rd->dir, r);
	}
	rd->goes_on = rec[REC_FLAGS] & REC_GOES_ON;
	return rd->goes_on ? 0 : end_file(rd);
}

/* Records do not cross sectors; the rest of one is zeros. */
static int take_records(struct reader *rd, const uint8_t *data, size_t size,
			uint64_t off)
{
	size_t at = 0;
	int err = 0;

	while (!err && at < size) {
		const uint8_t *rec = data + at;

		if (rec[REC_LENGTH] == 0) {
			at = (at / ISO_SECTOR + 1) * ISO_SECTOR;
			continue;
		}
		if (!is_record(rec, size - at))
			break;
		err = take_record(rd, rec, off + at);
		at += rec[REC_LENGTH];
	}
	if (rd->goes_on)
		err = err ? err : end_file(rd);
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int read_dir(const struct iso *iso, uint32_t block, uint32_t size,
		    struct iso_dir *d)
{
	uint64_t off = (uint64_t)block * iso->block_size;
	struct reader rd = { .iso = iso, .dir = d };
	uint8_t *data = NULL;
	int err;

	if (size > MAX_DIR || !iso_has(iso, block, size))
		return -EIO;
	data = malloc(size ? size : 1);
	rd.r = calloc(1, sizeof(*rd.r));
	if (!data || !rd.r)
		err = -ENOMEM;
	else
		err = iso_read(iso, off, data, size);
	if (!err)
		err = take_records(&rd, data, size, off);
	free(data);
	free(rd.r);
	if (!err && !d->has_self)
		err = -EIO;
	if (!err && d->count)
		qsort(d->entries, d->count, sizeof(*d->entries), compare);
	return err;
}

static struct iso_dir **find_place(struct iso *iso)
{
	struct iso_dir **place = &iso->dirs[0];

	for (size_t i = 0; *place && i < ISO_DIRS_KEPT; i++)
		if (!iso->dirs[i] || iso->dirs[i]->used < (*place)->used)
			place = &iso->dirs[i];
	return place;
}

/* With iso->lock held, as long as *out is used. */
static int get_dir(struct iso *iso, uint32_t block, uint32_t size,
		   struct iso_dir **out)
{
	struct iso_dir **place, *d;
	int err;

	iso->turn++;
	for (size_t i = 0; i < ISO_DIRS_KEPT; i++) {
		d = iso->dirs[i];
		if (d && d->block == block) {
			d->used = iso->turn;
			*out = d;
			return 0;
		}
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->block = block;
	d->used = iso->turn;
	err = read_dir(iso, block, size, d);
	if (err) {
		free_dir(d);
		return err;
	}
	place = find_place(iso);
	free_dir(*place);
	*out = *place = d;
	return 0;
}

static const struct iso_node *search(const struct iso_dir *d, const char *name,
				     size_t n)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct entry *e = &d->entries[mid];
		int order = strncmp(e->name, name, n);

		if (order == 0 && e->name[n] == '\0')
			return &e->node;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int find_locked(struct iso *iso, const char *path, struct iso_node *out)
{
	const struct iso_node *node;
	struct iso_dir *d;
	int err = get_dir(iso, iso->root_block, iso->root_size, &d);

	if (err)
		return err;
	node = &d->self;
	while (path[0] && path[1]) {
		size_t n = strcspn(++path, "/");

		if (!S_ISDIR(node->mode))
			return -ENOTDIR;
		err = get_dir(iso, node->extents[0].block,
			      node->extents[0].size, &d);
		if (err)
			return err;
		node = search(d, path, n);
		if (!node)
			return -ENOENT;
		path += n;
	}
	return iso_node_copy(out, node);
}

int iso_find(struct iso *iso, const char *path, struct iso_node *out)
{
	int err;

	pthread_mutex_lock(&iso->lock);
	err = find_locked(iso, path, out);
	pthread_mutex_unlock(&iso->lock);
	return err;
}

int iso_root(struct iso *iso, struct iso_node *out)
{
	return iso_find(iso, "/", out);
}

int iso_list(struct iso *iso, const struct iso_node *dir, void *buf,
	     fuse_fill_dir_t fill)
{
	const enum fuse_fill_dir_flags none = (enum fuse_fill_dir_flags)0;
	struct stat st = { .st_ino = dir->ino, .st_mode = S_IFDIR };
	struct iso_dir *d;
	int err;

	pthread_mutex_lock(&iso->lock);
	err = get_dir(iso, dir->extents[0].block, dir->extents[0].size, &d);
	if (!err) {
		fill(buf, ".", &st, 0, none);
		st.st_ino = d->parent;
		fill(buf, "..", &st, 0, none);
	}
	for (size_t i = 0; !err && i < d->count; i++) {
		st.st_ino = d->entries[i].node.ino;
		st.st_mode = d->entries[i].node.mode;
		if (fill(buf, d->entries[i].name, &st, 0, none))
			break;
	}
	pthread_mutex_unlock(&iso->lock);
	return err;
}
