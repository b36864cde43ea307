// SPDX-License-Identifier: GPL-2.0-or-later
/* xattr.c - extended attributes of a squashfs image */
#include "image.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* The kernel's limit for a value. */
#define MAX_VALUE 65536

#define NO_XATTR UINT32_MAX

/* Return: 1 there are attributes; 0 there are none; -errno */
static int open_xattr(struct image *im, sqfs_inode *inode, sqfs_xattr *x)
{
	if (inode->xattr == NO_XATTR ||
	    im->fs.sb.xattr_id_table_start == UINT64_MAX)
		return 0;
	if (inode->xattr >= im->fs.xattr_info.xattr_ids)
		return -EIO;
	return sqfs_xattr_open(&im->fs, inode, x) == SQFS_OK ? 1 : -EIO;
}

/* Return: length of the next name, 0 at the end; -EIO */
static ssize_t next_name(sqfs_xattr *x, char name[XATTR_NAME_MAX + 1])
{
	size_t n;

	if (!x->remain)
		return 0;
	if (sqfs_xattr_read(x) != SQFS_OK)
		return -EIO;
	n = sqfs_xattr_name_size(x);
	if (n == 0 || n > XATTR_NAME_MAX ||
	    sqfs_xattr_name(x, name, true) != SQFS_OK)
		return -EIO;
	name[n] = '\0';
	return (ssize_t)n;
}

static ssize_t get_value(sqfs_xattr *x, char *buf, size_t size)
{
	size_t n;

	if (sqfs_xattr_value_size(x, &n) != SQFS_OK || n > MAX_VALUE)
		return -EIO;
	if (size == 0)
		return (ssize_t)n;
	if (size < n)
		return -ERANGE;
	return sqfs_xattr_value(x, buf) == SQFS_OK ? (ssize_t)n : -EIO;
}

ssize_t image_getxattr(struct image *im, sqfs_inode *inode, const char *name,
		       char *buf, size_t size)
{
	char found[XATTR_NAME_MAX + 1];
	sqfs_xattr x;
	ssize_t n = open_xattr(im, inode, &x);

	while (n > 0) {
		n = next_name(&x, found);
		if (n > 0 && strcmp(found, name) == 0)
			return get_value(&x, buf, size);
	}
	return n < 0 ? n : -ENODATA;
}

ssize_t image_listxattr(struct image *im, sqfs_inode *inode, char *buf,
			size_t size)
{
	char name[XATTR_NAME_MAX + 1];
	sqfs_xattr x;
	size_t total = 0;
	ssize_t n = open_xattr(im, inode, &x);

	if (n <= 0)
		return n;
	while ((n = next_name(&x, name)) > 0) {
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
