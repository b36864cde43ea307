// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xattr.c - extended attributes
 *
 * libext2fs keeps them, in the inode, in a block or in inodes of their own,
 * and translates access lists between the form of the system call and the one
 * on disk.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define MAX_VALUE   65536u
#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

typedef struct ext2_xattr_handle *handle_t;

static int begin(struct e2 *e, ext2_ino_t ino, handle_t *out)
{
	errcode_t err = ext2fs_xattrs_open(e->fs, ino, out);

	if (err)
		return err == EXT2_ET_MISSING_EA_FEATURE ? -ENODATA
							 : e2_err(err);
	err = ext2fs_xattrs_read(*out);
	if (err)
		ext2fs_xattrs_close(out);
	return e2_err(err);
}

int xattr_fetch(struct e2 *e, ext2_ino_t ino, const char *name, void **out)
{
	handle_t h;
	size_t len = 0;
	errcode_t err;
	int ret = begin(e, ino, &h);

	if (ret)
		return ret;
	err = ext2fs_xattr_get(h, name, out, &len);
	ext2fs_xattrs_close(&h);
	return err ? e2_err(err) : (int)len;
}

static void need_feature(struct e2 *e)
{
	if (ext2fs_has_feature_xattr(e->fs->super))
		return;
	ext2fs_set_feature_xattr(e->fs->super);
	ext2fs_mark_super_dirty(e->fs);
}

int xattr_put(struct e2 *e, ext2_ino_t ino, const char *name, const void *buf,
	      size_t size)
{
	handle_t h;
	errcode_t err;
	int ret;

	need_feature(e);
	ret = begin(e, ino, &h);
	if (ret)
		return ret;
	err = ext2fs_xattr_set(h, name, buf, size);
	ext2fs_xattrs_close(&h);
	return e2_err(err);
}

int xattr_drop(struct e2 *e, ext2_ino_t ino, const char *name)
{
	handle_t h;
	errcode_t err;
	int ret = begin(e, ino, &h);

	if (ret)
		return ret;
	err = ext2fs_xattr_remove(h, name);
	ext2fs_xattrs_close(&h);
	return e2_err(err);
}

/* ---- lists ---- */

struct list {
	struct e2 *e;
	char *buf;
	size_t size;
	size_t used;
	bool too_small;
};

static bool is_visible(struct e2 *e, const char *name)
{
	if (!strncmp(name, "trusted.", 8))
		return !e->uid;
	return !strncmp(name, "user.", 5) || !strncmp(name, "security.", 9) ||
	       !strcmp(name, ACL_ACCESS) || !strcmp(name, ACL_DEFAULT);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libext2fs' signature */
static int list_one(char *name, char *value, size_t len, void *arg)
{
	struct list *l = arg;
	size_t n = strlen(name) + 1;

	(void)value;
	(void)len;
	if (!is_visible(l->e, name))
		return 0;
	if (l->size && n > l->size - l->used) {
		l->too_small = true;
		return XATTR_ABORT;
	}
	if (l->size)
		memcpy(l->buf + l->used, name, n);
	l->used += n;
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): list_one() writes to it */
int xattr_list(struct e2 *e, ext2_ino_t ino, char *buf, size_t size)
{
	struct list l = { .e = e, .buf = buf, .size = size };
	handle_t h;
	errcode_t err;
	int ret = begin(e, ino, &h);

	if (ret)
		return ret == -ENODATA ? 0 : ret;
	err = ext2fs_xattrs_iterate(h, list_one, &l);
	ext2fs_xattrs_close(&h);
	if (err)
		return e2_err(err);
	return l.too_small ? -ERANGE : (int)l.used;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libext2fs' signature */
static int keep_first(char *name, char *value, size_t len, void *arg)
{
	char **out = arg;

	(void)value;
	(void)len;
	*out = strdup(name);
	return XATTR_ABORT;
}

int xattr_drop_all(struct e2 *e, ext2_ino_t ino)
{
	char *name;
	handle_t h;
	errcode_t err;
	int ret = begin(e, ino, &h);

	if (ret)
		return ret == -ENODATA ? 0 : ret;
	do {
		name = NULL;
		err = ext2fs_xattrs_iterate(h, keep_first, &name);
		if (!err && name)
			err = ext2fs_xattr_remove(h, name);
		free(name);
	} while (!err && name);
	ext2fs_xattrs_close(&h);
	return e2_err(err);
}

/* ---- operations ---- */

static int check_name(const char *name)
{
	static const char *const prefixes[] = { "user.", "trusted.",
						"security." };
	size_t i;

	if (strlen(name) > E2_NAME_MAX)
		return -ERANGE;
	if (!strcmp(name, ACL_ACCESS) || !strcmp(name, ACL_DEFAULT))
		return 0;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (!strncmp(name, prefixes[i], n))
			return name[n] ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

int xattr_get(struct e2 *e, ext2_ino_t ino, const char *name, char *buf,
	      size_t size)
{
	void *value = NULL;
	int n = check_name(name);

	if (!n)
		n = xattr_fetch(e, ino, name, &value);
	if (n < 0)
		return n;
	if (!strncmp(name, "system.", 7))
		acl_tidy(value, (size_t)n);
	if (size && (size_t)n > size)
		n = -ERANGE;
	else if (size && value)
		memcpy(buf, value, (size_t)n);
	ext2fs_free_mem(&value);
	return n;
}

static int touch(struct e2 *e, ext2_ino_t ino)
{
	struct inode in;
	int ret = inode_read(e, ino, &in);

	if (ret)
		return ret;
	inode_touch(e, &in, E2_CTIME);
	return inode_write(e, &in);
}

static int check_flags(struct e2 *e, ext2_ino_t ino, const char *name,
		       int flags)
{
	void *old;
	int n;

	if (!flags)
		return 0;
	n = xattr_fetch(e, ino, name, &old);
	if (n >= 0) {
		ext2fs_free_mem(&old);
		return (flags & XATTR_CREATE) ? -EEXIST : 0;
	}
	if (n != -ENODATA)
		return n;
	return (flags & XATTR_REPLACE) ? -ENODATA : 0;
}

/* An access list sets the mode; one that says no more is not kept. */
static int set_acl(struct e2 *e, struct inode *in, const char *name,
		   const char *buf, size_t size)
{
	mode_t mode = in->d.i_mode;
	bool minimal = false, access = !strcmp(name, ACL_ACCESS);
	int ret = 0;

	if (size)
		ret = acl_to_mode(buf, size, &mode, &minimal);
	if (ret)
		return ret;
	if (S_ISLNK(in->d.i_mode))
		return -EOPNOTSUPP;
	if (!access && !S_ISDIR(in->d.i_mode))
		return size ? -EACCES : 0;
	if (!size || (access && minimal)) {
		ret = xattr_drop(e, in->no, name);
		ret = ret == -ENODATA ? 0 : ret;
	} else {
		ret = xattr_put(e, in->no, name, buf, size);
	}
	if (ret || !access)
		return ret;
	ret = inode_read(e, in->no, in);
	in->d.i_mode = (uint16_t)mode;
	return ret ? ret : inode_write(e, in);
}

int xattr_set(struct e2 *e, ext2_ino_t ino, const char *name, const char *buf,
	      size_t size, int flags)
{
	struct inode in;
	int ret = check_name(name);

	if (!ret && size > MAX_VALUE)
		ret = -E2BIG;
	if (!ret)
		ret = inode_read(e, ino, &in);
	if (!ret)
		ret = flags_refuse(&in, E2_FROZEN);
	if (!ret && !strncmp(name, "user.", 5) && !S_ISREG(in.d.i_mode) &&
	    !S_ISDIR(in.d.i_mode))
		ret = -EPERM;
	if (!ret)
		ret = check_flags(e, ino, name, flags);
	if (ret)
		return ret;
	if (!strncmp(name, "system.", 7))
		ret = set_acl(e, &in, name, buf, size);
	else
		ret = xattr_put(e, ino, name, buf, size);
	return ret ? ret : touch(e, ino);
}

int xattr_remove(struct e2 *e, ext2_ino_t ino, const char *name)
{
	struct inode in;
	int ret = check_name(name);

	if (!ret)
		ret = inode_read(e, ino, &in);
	if (!ret)
		ret = flags_refuse(&in, E2_FROZEN);
	if (!ret)
		ret = check_flags(e, ino, name, XATTR_REPLACE);
	if (!ret)
		ret = xattr_drop(e, ino, name);
	return ret ? ret : touch(e, ino);
}
