// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - names that come, go and move */
#include "fat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

int fat_make(struct fat *fs, const char *path, struct fat_entry *e,
	     uint64_t *off)
{
	uint8_t slot[FAT_SLOT] = { 0 };
	struct fat_dir *d = NULL;
	const char *name = "";
	int err = fat_begin(fs);

	if (!err)
		err = fat_find_parent(fs, path, &d, &name);
	if (err)
		return err;
	if (fat_lookup(d, name))
		return -EEXIST;
	fat_now(&e->mtime);
	e->atime = e->mtime;
	e->ctime = e->mtime;
	fat_fill_entry(slot, e);
	return fat_add_name(fs, &d, name, slot, off);
}

static void put_dots(uint8_t *at, const char *name, const struct fat_entry *e)
{
	memset(at, ' ', 11);
	for (size_t i = 0; name[i]; i++)
		at[i] = (uint8_t)name[i];
	fat_fill_entry(at, e);
}

/* "." and "..", which is 0 for the root, also where the root has a cluster. */
static int write_dots(struct fat *fs, uint32_t first, uint32_t parent)
{
	uint8_t *cluster = calloc(1, fs->cluster_size);
	struct fat_entry e = { .first = first, .attr = FAT_DIRECTORY };
	int err;

	if (!cluster)
		return -ENOMEM;
	fat_now(&e.mtime);
	e.atime = e.mtime;
	e.ctime = e.mtime;
	put_dots(cluster, ".", &e);
	e.first = parent == fs->root_first ? 0 : parent;
	put_dots(cluster + FAT_SLOT, "..", &e);
	err = fat_write(fs, fat_place(fs, first), cluster, fs->cluster_size);
	free(cluster);
	return err;
}

int fat_make_dir(struct fat *fs, const char *path)
{
	struct fat_entry e = { .attr = FAT_DIRECTORY };
	struct fat_dir *d = NULL;
	const char *name = "";
	uint64_t off = 0;
	int err = fat_begin(fs);

	if (!err)
		err = fat_find_parent(fs, path, &d, &name);
	if (!err && fat_lookup(d, name))
		err = -EEXIST;
	if (!err)
		err = fat_append(fs, 0, &e.first);
	if (err)
		return err;
	err = write_dots(fs, e.first, d->first);
	if (!err)
		err = fat_make(fs, path, &e, &off);
	if (err)
		fat_give_back(fs, e.first);
	return err;
}

/* ---- removing ---- */

/* A directory that is gone is not known any more. */
static void forget_dir(struct fat *fs, uint32_t first)
{
	for (int i = 0; i < FAT_NDIRS; i++)
		if (fs->dirs[i].valid && fs->dirs[i].first == first) {
			fs->dirs[i].valid = false;
			fs->dirs[i].used = 0;
		}
}

/* May the entry go: it is of that kind, and empty if a directory. */
static int may_go(struct fat *fs, const struct fat_entry *e, bool directory)
{
	struct fat_dir *d = NULL;
	int err;

	if (directory && !(e->attr & FAT_DIRECTORY))
		return -ENOTDIR;
	if (!directory)
		return e->attr & FAT_DIRECTORY ? -EISDIR : 0;
	err = fat_load_dir(fs, e->first, &d);
	return err || fat_is_empty(d) ? err : -ENOTEMPTY;
}

static int drop_name(struct fat *fs, const char *path)
{
	struct fat_dir *d = NULL;
	const char *name = "";
	struct fat_name *n;
	int err = fat_find_parent(fs, path, &d, &name);

	if (err)
		return err;
	n = fat_lookup(d, name);
	return n ? fat_remove_name(fs, d, n) : -ENOENT;
}

int fat_remove(struct fat *fs, const char *path, bool directory)
{
	struct fat_entry e = { 0 };
	int err = fat_begin(fs);

	if (!err)
		err = fat_find(fs, path, &e);
	if (!err)
		err = e.off ? may_go(fs, &e, directory) : -EBUSY;
	if (!err)
		err = drop_name(fs, path);
	if (!err && directory)
		forget_dir(fs, e.first);
	return err ? err : fat_give_back(fs, e.first);
}

/* ---- moving ---- */

/* Who has it open finds it at its new place. */
static void moved(struct fat *fs, uint64_t from, uint64_t to)
{
	for (struct fat_file *f = fs->files; f; f = f->next)
		if (f->off == from)
			f->off = to;
}

/* The parent of a directory that moved is another. */
static int set_parent(struct fat *fs, const struct fat_entry *e, uint32_t first)
{
	struct fat_entry dots;
	int err;

	if (!(e->attr & FAT_DIRECTORY))
		return 0;
	err = fat_read_entry(fs, fat_place(fs, e->first) + FAT_SLOT, &dots);
	dots.first = first == fs->root_first ? 0 : first;
	return err ? err : fat_write_entry(fs, &dots);
}

/* The new name is written before the old one goes. */
static int move(struct fat *fs, const char *from, const char *to,
		const struct fat_entry *e)
{
	uint8_t slot[FAT_SLOT];
	struct fat_dir *d = NULL;
	struct fat_name *n;
	struct fat_name old = { 0 };
	const char *name = "";
	uint64_t off = 0;
	int err = fat_read(fs, e->off, slot, sizeof(slot));

	if (!err)
		err = fat_find_parent(fs, to, &d, &name);
	if (err)
		return err;
	/* only the case changes: the old name stands in the new one's way */
	n = fat_lookup(d, name);
	if (n) {
		old = *n;
		err = drop_name(fs, from);
	}
	if (!err)
		err = fat_add_name(fs, &d, name, slot, &off);
	if (!err)
		err = set_parent(fs, e, d->first);
	if (!err && !old.text)
		err = drop_name(fs, from);
	if (!err)
		moved(fs, e->off, off);
	return err;
}

static bool is_beneath(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && path[n] == '/';
}

int fat_rename(struct fat *fs, const char *from, const char *to, bool replace)
{
	uint16_t text[FAT_MAX_NAME];
	struct fat_entry e = { 0 };
	struct fat_entry there = { 0 };
	int err = fat_begin(fs);

	if (!err)
		err = fat_find(fs, from, &e);
	if (!err)
		err = fat_to_utf16(strrchr(to, '/') + 1, text);
	if (err < 0)
		return err;
	if ((e.attr & FAT_DIRECTORY) && is_beneath(to, from))
		return -EINVAL;
	err = fat_find(fs, to, &there);
	if (err && err != -ENOENT)
		return err;
	if (!err && there.off != e.off) {
		if (!replace)
			return -EEXIST;
		err = fat_remove(fs, to, e.attr & FAT_DIRECTORY);
		if (err)
			return err;
	} else if (!err && !strcmp(from, to)) {
		return 0;
	}
	return move(fs, from, to, &e);
}
