// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xattr.c - extended attributes of a squashfs image
 *
 * The attributes of an inode are a row of names and values; a value that
 * several have lies elsewhere, and a reference to it stands in its place.
 */
#include "image.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The kernel's limit for a value. */
#define MAX_VALUE 65536

/**
 * struct row - attributes that are still to be read
 * @value: where the value of the last name lies, @size: of how many bytes
 */
struct row {
	struct image *im;
	sqfs_md_cursor at;
	uint32_t left;
	sqfs_md_cursor value;
	uint32_t size;
};

/* Return: 0 or -errno; there may be none. */
static int open_row(struct image *im, const sqfs_inode *inode, struct row *r)
{
	struct squashfs_xattr_id id;
	sqfs *fs = &im->fs;
	int err;

	*r = (struct row){ .im = im };
	if (inode->xattr == SQUASHFS_INVALID_XATTR ||
	    fs->sb.xattr_id_table_start == (uint64_t)SQUASHFS_INVALID_BLK)
		return 0;
	err = image_table_get(im, &fs->xattr_table, fs->xattr_info.xattr_ids,
			      inode->xattr, &id);
	if (!err)
		err = image_place(im, le64toh(id.xattr),
				  fs->xattr_info.xattr_table_start, &r->at);
	if (!err)
		r->left = le32toh(id.count);
	return err;
}

static int take(struct row *r, sqfs_md_cursor *at, void *buf, size_t n)
{
	return sqfs_md_read(&r->im->fs, at, buf, n) == SQFS_OK ? 0 : -EIO;
}

/* Return: length of the whole name, -EIO */
static int take_name(struct row *r, unsigned int type, size_t n,
		     char name[XATTR_NAME_MAX + 1])
{
	static const char *const prefixes[] = { "user.", "trusted.",
						"security." };
	const char *prefix;
	size_t before;

	if ((type & SQUASHFS_XATTR_PREFIX_MASK) > SQUASHFS_XATTR_SECURITY)
		return -EIO;
	prefix = prefixes[type & SQUASHFS_XATTR_PREFIX_MASK];
	before = strlen(prefix);
	if (n == 0 || n > XATTR_NAME_MAX - before)
		return -EIO;
	memcpy(name, prefix, before);
	if (take(r, &r->at, name + before, n) < 0)
		return -EIO;
	name[before + n] = '\0';
	return strlen(name) == before + n ? (int)(before + n) : -EIO;
}

/* Finds the value; the row stands behind what is in its place. */
static int take_place(struct row *r, bool elsewhere)
{
	struct squashfs_xattr_val val;
	uint64_t ref = 0;

	if (take(r, &r->at, &val, sizeof(val)) < 0)
		return -EIO;
	r->value = r->at;
	r->size = le32toh(val.vsize);
	if (elsewhere && take(r, &r->at, &ref, sizeof(ref)) < 0)
		return -EIO;
	if (elsewhere && (image_place(r->im, le64toh(ref),
				      r->im->fs.xattr_info.xattr_table_start,
				      &r->value) < 0 ||
			  take(r, &r->value, &val, sizeof(val)) < 0))
		return -EIO;
	if (elsewhere)
		r->size = le32toh(val.vsize);
	if (r->size > MAX_VALUE)
		return -EIO;
	return elsewhere ? 0 : take(r, &r->at, NULL, r->size);
}

/* Return: length of the next name, 0 at the end; -EIO */
static int next(struct row *r, char name[XATTR_NAME_MAX + 1])
{
	struct squashfs_xattr_entry entry;
	unsigned int type;
	int n;

	if (!r->left)
		return 0;
	r->left--;
	if (take(r, &r->at, &entry, sizeof(entry)) < 0)
		return -EIO;
	type = le16toh(entry.type);
	n = take_name(r, type, le16toh(entry.size), name);
	if (n > 0 && take_place(r, type & SQUASHFS_XATTR_VALUE_OOL) < 0)
		n = -EIO;
	return n;
}

ssize_t image_getxattr(struct image *im, const sqfs_inode *inode,
		       const char *name, char *buf, size_t size)
{
	char found[XATTR_NAME_MAX + 1];
	struct row r;
	int n = open_row(im, inode, &r);

	if (n < 0)
		return n;
	while ((n = next(&r, found)) > 0) {
		if (strcmp(found, name) != 0)
			continue;
		if (size && size < r.size)
			return -ERANGE;
		if (size && take(&r, &r.value, buf, r.size) < 0)
			return -EIO;
		return (ssize_t)r.size;
	}
	return n < 0 ? n : -ENODATA;
}

ssize_t image_listxattr(struct image *im, const sqfs_inode *inode, char *buf,
			size_t size)
{
	char name[XATTR_NAME_MAX + 1];
	struct row r;
	size_t total = 0;
	int n = open_row(im, inode, &r);

	if (n < 0)
		return n;
	while ((n = next(&r, name)) > 0) {
		size_t len = (size_t)n + 1;

		if (total + len > XATTR_LIST_MAX)
			return -E2BIG;
		if (size && total + len > size)
			return -ERANGE;
		if (size)
			memcpy(buf + total, name, len);
		total += len;
	}
	return n < 0 ? n : (ssize_t)total;
}
