// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dir.c - directories of a squashfs image
 *
 * A directory is read as a whole, at the first look into it, and its entries
 * are kept, sorted by name; the directory that was not looked into for the
 * longest time makes room for another. So a lookup costs a binary search, and
 * no metadata block is unpacked for it.
 *
 * What is read of an image is bounded: the library writes names of up to
 * 64 KiB where it finds such lengths, and a compressed directory may be large.
 */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY_DIR    3
#define LONGEST_NAME 65536
#define MAX_ENTRIES  (1u << 22)
#define MAX_NAMES    (256u << 20)

/**
 * struct entry - a name
 * @name: offset in the names of the directory
 */
struct entry {
	sqfs_inode_id id;
	uint32_t number;
	uint32_t name;
	mode_t mode;
};

/**
 * struct dir - the entries of a directory, sorted by name
 * @id: its inode; the key
 * @used: when it was looked into
 */
struct dir {
	uint32_t id;
	uint64_t used;
	struct entry *entries;
	size_t count;
	size_t room;
	char *names;
	size_t names_used;
	size_t names_room;
};

static void free_dir(struct dir *d)
{
	if (!d)
		return;
	free(d->entries);
	free(d->names);
	free(d);
}

void image_forget_dirs(struct image *im)
{
	for (size_t i = 0; i < DIRS_KEPT; i++) {
		free_dir(im->dirs[i]);
		im->dirs[i] = NULL;
	}
}

/* A name with a slash would lead out of its directory. */
static bool is_name(const char *name, size_t n)
{
	return n > 0 && n <= SQUASHFS_NAME_LEN - 1 && strlen(name) == n &&
	       !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* Room for one entry and a name of n bytes more. */
static int make_room(struct dir *d, size_t n)
{
	size_t room = d->room ? 2 * d->room : 32;
	size_t names = 2 * d->names_room + n + 512;
	void *grown;

	if (d->count >= MAX_ENTRIES || d->names_used + n > MAX_NAMES)
		return -EFBIG;
	if (d->count == d->room) {
		grown = reallocarray(d->entries, room, sizeof(*d->entries));
		if (!grown)
			return -ENOMEM;
		d->entries = grown;
		d->room = room;
	}
	if (d->names_used + n > d->names_room) {
		grown = realloc(d->names, names);
		if (!grown)
			return -ENOMEM;
		d->names = grown;
		d->names_room = names;
	}
	return 0;
}

static int add(struct dir *d, sqfs_dir_entry *e)
{
	size_t n = sqfs_dentry_name_size(e);
	int err;

	e->name[n] = '\0';
	if (!is_name(e->name, n))
		return 0;
	err = make_room(d, n + 1);
	if (err)
		return err;
	memcpy(d->names + d->names_used, e->name, n + 1);
	d->entries[d->count++] = (struct entry){
		.id = sqfs_dentry_inode(e),
		.number = (uint32_t)sqfs_dentry_inode_num(e),
		.name = (uint32_t)d->names_used,
		.mode = sqfs_dentry_mode(e),
	};
	d->names_used += n + 1;
	return 0;
}

static int compare(const void *a, const void *b, void *names)
{
	const struct entry *x = a, *y = b;

	return strcmp((char *)names + x->name, (char *)names + y->name);
}

/* An empty directory has no place; its size counts `.' and `..' as three. */
static int open_reader(struct image *im, sqfs_inode *inode, sqfs_dir *out)
{
	sqfs_md_cursor at = {
		.block = (sqfs_off_t)(im->fs.sb.directory_table_start +
				      inode->xtra.dir.start_block),
		.offset = inode->xtra.dir.offset,
	};
	int err = 0;

	if (inode->xtra.dir.dir_size > EMPTY_DIR)
		err = image_check(im, &at);
	return err ? err : image_error(sqfs_dir_open(&im->fs, inode, out, 0));
}

static int read_dir(struct image *im, sqfs_inode *inode, struct dir *d)
{
	char *name = malloc(LONGEST_NAME + 1);
	sqfs_dir_entry entry;
	sqfs_dir reader;
	sqfs_err err = SQFS_OK;
	int ret = name ? 0 : -ENOMEM;

	if (!ret)
		ret = open_reader(im, inode, &reader);
	if (name)
		sqfs_dentry_init(&entry, name);
	while (!ret && sqfs_dir_next(&im->fs, &reader, &entry, &err))
		ret = add(d, &entry);
	if (!ret)
		ret = image_error(err);
	free(name);
	if (!ret && d->count)
		qsort_r(d->entries, d->count, sizeof(*d->entries), compare,
			d->names);
	return ret;
}

/* The place to keep another one: free, or the longest unused. */
static struct dir **find_place(struct image *im)
{
	struct dir **place = &im->dirs[0];

	for (size_t i = 0; *place && i < DIRS_KEPT; i++)
		if (!im->dirs[i] || im->dirs[i]->used < (*place)->used)
			place = &im->dirs[i];
	return place;
}

static int get_dir(struct image *im, sqfs_inode *inode, struct dir **out)
{
	struct dir **place, *d;
	int err;

	im->turn++;
	for (size_t i = 0; i < DIRS_KEPT; i++) {
		d = im->dirs[i];
		if (d && d->id == inode->base.inode_number) {
			d->used = im->turn;
			*out = d;
			return 0;
		}
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->id = inode->base.inode_number;
	d->used = im->turn;
	err = read_dir(im, inode, d);
	if (err) {
		free_dir(d);
		return err;
	}
	place = find_place(im);
	free_dir(*place);
	*out = *place = d;
	return 0;
}

static const struct entry *search(const struct dir *d, const char *name,
				  size_t n)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *at = d->names + d->entries[mid].name;
		int order = strncmp(at, name, n);

		if (order == 0 && at[n] == '\0')
			return &d->entries[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

int image_find(struct image *im, const char *path, sqfs_inode *out)
{
	int err = image_inode(im, sqfs_inode_root(&im->fs), out);

	while (!err && path[0] && path[1]) {
		size_t n = strcspn(++path, "/");
		const struct entry *e;
		struct dir *d;

		if (!S_ISDIR(out->base.mode))
			return -ENOTDIR;
		err = get_dir(im, out, &d);
		if (err)
			return err;
		e = search(d, path, n);
		if (!e)
			return -ENOENT;
		err = image_inode(im, e->id, out);
		path += n;
	}
	return err;
}

int image_list(struct image *im, sqfs_inode *inode, void *buf,
	       fuse_fill_dir_t fill)
{
	const enum fuse_fill_dir_flags none = (enum fuse_fill_dir_flags)0;
	struct stat st = { .st_ino = inode->base.inode_number,
			   .st_mode = S_IFDIR };
	struct dir *d;
	int err = get_dir(im, inode, &d);

	if (err)
		return err;
	fill(buf, ".", &st, 0, none);
	fill(buf, "..", NULL, 0, none);
	for (size_t i = 0; i < d->count; i++) {
		st.st_ino = d->entries[i].number;
		st.st_mode = d->entries[i].mode;
		if (fill(buf, d->names + d->entries[i].name, &st, 0, none))
			break;
	}
	return 0;
}
