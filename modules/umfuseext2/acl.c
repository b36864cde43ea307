// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * acl.c - POSIX access lists and the mode: each follows the other
 *
 * In the form of the system call: a version, then entries of tag, permissions
 * and id, all little-endian. The mask, or without one the entry of the owning
 * group, stands for the group bits of the mode.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

enum {
	ACL_VERSION = 2,
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

/* An entry that stands for no bits of the mode. */
#define NO_BITS (-1)

struct acl_entry {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

static struct acl_entry entry_get(const char *acl, size_t i)
{
	struct acl_entry x;

	memcpy(&x, acl + 4 + i * sizeof(x), sizeof(x));
	x.tag = ext2fs_le16_to_cpu(x.tag);
	x.perm = ext2fs_le16_to_cpu(x.perm);
	return x;
}

static void entry_set_perm(char *acl, size_t i, unsigned int perm)
{
	uint16_t le = ext2fs_cpu_to_le16((uint16_t)perm);

	memcpy(acl + 4 + i * sizeof(struct acl_entry) + 2, &le, sizeof(le));
}

/* Return: number of entries or -EINVAL; the tags that occur. */
static int check(const char *acl, size_t size, unsigned int *tags)
{
	uint32_t version;
	size_t i, n;

	*tags = 0;
	if (size < 4 || (size - 4) % sizeof(struct acl_entry))
		return -EINVAL;
	memcpy(&version, acl, sizeof(version));
	if (ext2fs_le32_to_cpu(version) != ACL_VERSION)
		return -EOPNOTSUPP;
	n = (size - 4) / sizeof(struct acl_entry);
	for (i = 0; i < n; i++) {
		struct acl_entry x = entry_get(acl, i);
		bool named = x.tag == ACL_USER || x.tag == ACL_GROUP;

		if (!x.tag || x.tag & (x.tag - 1) || x.tag > ACL_OTHER ||
		    x.perm > 7 || (!named && *tags & x.tag))
			return -EINVAL;
		*tags |= x.tag;
	}
	if (!(*tags & ACL_USER_OBJ) || !(*tags & ACL_GROUP_OBJ) ||
	    !(*tags & ACL_OTHER))
		return -EINVAL;
	if (*tags & (ACL_USER | ACL_GROUP) && !(*tags & ACL_MASK))
		return -EINVAL;
	return (int)n;
}

static int shift_of(uint16_t tag, unsigned int tags)
{
	switch (tag) {
	case ACL_USER_OBJ:
		return 6;
	case ACL_GROUP_OBJ:
		return tags & ACL_MASK ? NO_BITS : 3;
	case ACL_MASK:
		return 3;
	case ACL_OTHER:
		return 0;
	default:
		return NO_BITS;
	}
}

int acl_to_mode(const void *acl, size_t size, mode_t *mode, bool *minimal)
{
	unsigned int tags;
	int i, n = check(acl, size, &tags);

	if (n < 0)
		return n;
	for (i = 0; i < n; i++) {
		struct acl_entry x = entry_get(acl, (size_t)i);
		int shift = shift_of(x.tag, tags);

		if (shift >= 0)
			*mode = (*mode & ~(7u << shift)) | (mode_t)x.perm
								   << shift;
	}
	*minimal = !(tags & (ACL_USER | ACL_GROUP | ACL_MASK));
	return 0;
}

/* The entries that stand for the mode become (keep: lose what is not in) it. */
static void apply_mode(char *acl, int n, unsigned int tags, mode_t mode,
		       bool keep)
{
	int i;

	for (i = 0; i < n; i++) {
		struct acl_entry x = entry_get(acl, (size_t)i);
		int shift = shift_of(x.tag, tags);
		unsigned int perm;

		if (shift < 0)
			continue;
		perm = (mode >> shift) & 7;
		entry_set_perm(acl, (size_t)i, keep ? perm & x.perm : perm);
	}
}

/* libext2fs leaves the id of entries that have none 0; the kernel says -1. */
void acl_tidy(void *acl, size_t size)
{
	char *at = acl;
	unsigned int tags;
	int i, n = check(acl, size, &tags);

	for (i = 0; i < n; i++) {
		struct acl_entry x = entry_get(acl, (size_t)i);

		if (x.tag != ACL_USER && x.tag != ACL_GROUP)
			memset(at + 4 + (size_t)i * sizeof(x) + 4, 0xff, 4);
	}
}

static bool may_have(struct e2 *e)
{
	return ext2fs_has_feature_xattr(e->fs->super);
}

int acl_chmod(struct e2 *e, ext2_ino_t ino, mode_t mode)
{
	unsigned int tags;
	void *acl;
	int n, size;

	if (!may_have(e))
		return 0;
	size = xattr_fetch(e, ino, ACL_ACCESS, &acl);
	if (size < 0)
		return size == -ENODATA ? 0 : size;
	n = check(acl, (size_t)size, &tags);
	if (n > 0) {
		apply_mode(acl, n, tags, mode, false);
		n = xattr_put(e, ino, ACL_ACCESS, acl, (size_t)size);
	}
	ext2fs_free_mem(&acl);
	return n < 0 ? n : 0;
}

static int inherit(struct e2 *e, struct inode *in, char *acl, size_t size)
{
	mode_t mode = in->d.i_mode;
	unsigned int tags;
	bool minimal = false;
	int ret = 0, n = check(acl, size, &tags);

	if (n < 0)
		return n;
	if (S_ISDIR(mode))
		ret = xattr_put(e, in->no, ACL_DEFAULT, acl, size);
	apply_mode(acl, n, tags, mode, true);
	if (!ret)
		ret = acl_to_mode(acl, size, &mode, &minimal);
	if (!ret && !minimal)
		ret = xattr_put(e, in->no, ACL_ACCESS, acl, size);
	if (!ret)
		ret = inode_read(e, in->no, in);
	in->d.i_mode = (uint16_t)mode;
	return ret;
}

int acl_inherit(struct e2 *e, struct inode *dir, struct inode *in)
{
	void *acl;
	int ret, size;

	if (!may_have(e) || S_ISLNK(in->d.i_mode))
		return 0;
	size = xattr_fetch(e, dir->no, ACL_DEFAULT, &acl);
	if (size < 0)
		return size == -ENODATA ? 0 : size;
	ret = inherit(e, in, acl, (size_t)size);
	ext2fs_free_mem(&acl);
	return ret;
}
