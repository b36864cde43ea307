// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * namei.c - names: walking paths, creating, removing, linking
 *
 * Paths come from FUSE: they begin with '/', and have no "." or ".." and no
 * links to follow. rename.c has what concerns two places at once.
 */
#include "ext2.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Follows the path up to, without, the component at `end`. */
static int walk(struct e2 *e, const char *path, const char *end,
		ext2_ino_t *out)
{
	ext2_ino_t ino = EXT2_ROOT_INO;
	struct dent *dent;

	while (path < end) {
		const char *slash;
		int ret;

		while (path < end && *path == '/')
			path++;
		if (path == end)
			break;
		slash = memchr(path, '/', (size_t)(end - path));
		if (!slash)
			slash = end;
		ret = dir_lookup(e, ino, path, (size_t)(slash - path), &dent);
		if (ret)
			return ret;
		ino = dent->ino;
		path = slash;
	}
	*out = ino;
	return 0;
}

int namei_walk(struct e2 *e, const char *path, ext2_ino_t *out)
{
	if (!path)
		return -ENOENT;
	return walk(e, path, path + strlen(path), out);
}

/* The directory and last name of a path; dent is NULL if it is not there. */
int place_find(struct e2 *e, const char *path, struct place *out)
{
	ext2_ino_t dir;
	int ret;

	memset(out, 0, sizeof(*out));
	if (!path)
		return -ENOENT;
	out->name = strrchr(path, '/');
	out->name = out->name ? out->name + 1 : path;
	if (!*out->name)
		return -EBUSY;
	ret = walk(e, path, out->name, &dir);
	if (!ret)
		ret = inode_read(e, dir, &out->dir);
	if (!ret && !S_ISDIR(out->dir.d.i_mode))
		ret = -ENOTDIR;
	if (ret)
		return ret;
	ret = dir_lookup(e, dir, out->name, strlen(out->name), &out->dent);
	return ret == -ENOENT ? 0 : ret;
}

/* The directory changed. */
int place_touch(struct e2 *e, struct place *p)
{
	inode_touch(e, &p->dir, E2_MTIME | E2_CTIME);
	return inode_write(e, &p->dir);
}

int place_may_remove(const struct place *p, const struct inode *in)
{
	int ret = flags_refuse(&p->dir, E2_FROZEN);

	return ret ? ret : flags_refuse(in, E2_FROZEN);
}

/* A directory in this one comes or goes. 1 link: they are not counted. */
int dir_links(struct e2 *e, struct inode *dir, int change)
{
	unsigned int links = dir->d.i_links_count;

	if (links == 1)
		return 0;
	if (change < 0) {
		if (links > 2)
			dir->d.i_links_count--;
		return 0;
	}
	if (links < E2_LINK_MAX) {
		dir->d.i_links_count++;
		return 0;
	}
	if (!ext2fs_has_feature_dir_nlink(e->fs->super))
		return -EMLINK;
	dir->d.i_links_count = 1;
	return 0;
}

static bool has_room_for_dir(struct e2 *e, const struct inode *dir)
{
	return dir->d.i_links_count < E2_LINK_MAX ||
	       ext2fs_has_feature_dir_nlink(e->fs->super);
}

/* ---- creating ---- */

static void set_rdev(struct inode *in, dev_t rdev)
{
	unsigned int ma = major(rdev), mi = minor(rdev);

	if (ma < 256 && mi < 256)
		in->d.i_block[0] = ma << 8 | mi;
	else
		in->d.i_block[1] = (mi & 0xff) | ma << 8 | (mi & ~0xffu) << 12;
}

/* What the new inode holds, before it has a name. */
static int fill(struct e2 *e, struct place *p, struct inode *in, mode_t mode,
		dev_t rdev)
{
	int ret = acl_inherit(e, &p->dir, in);

	if (ret)
		return ret;
	if (S_ISDIR(mode)) {
		in->d.i_links_count = 2;
		return dir_init(e, in, p->dir.no);
	}
	if (S_ISCHR(mode) || S_ISBLK(mode))
		set_rdev(in, rdev);
	return inode_write(e, in);
}

static void undo(struct e2 *e, struct inode *in)
{
	(void)inode_free(e, in);
}

static int add_name(struct e2 *e, struct place *p, struct inode *in)
{
	int ret = dir_add(e, &p->dir, p->name, in->no, in->d.i_mode);

	if (!ret && S_ISDIR(in->d.i_mode))
		ret = dir_links(e, &p->dir, 1);
	return ret ? ret : place_touch(e, p);
}

static int place_free(struct e2 *e, const char *path, struct place *p)
{
	int ret = place_find(e, path, p);

	if (ret)
		return ret == -EBUSY ? -EEXIST : ret;
	return p->dent ? -EEXIST : flags_refuse(&p->dir, EXT2_IMMUTABLE_FL);
}

int namei_create(struct e2 *e, const char *path, mode_t mode, dev_t rdev,
		 ext2_ino_t *out)
{
	struct place p;
	struct inode in;
	int ret = place_free(e, path, &p);

	if (ret)
		return ret;
	if (S_ISDIR(mode) && !has_room_for_dir(e, &p.dir))
		return -EMLINK;
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	ret = inode_new(e, &p.dir, mode, &in);
	if (ret)
		return ret;
	ret = fill(e, &p, &in, mode, rdev);
	if (!ret)
		ret = add_name(e, &p, &in);
	if (ret) {
		undo(e, &in);
		return ret;
	}
	if (out)
		*out = in.no;
	return 0;
}

int namei_symlink(struct e2 *e, const char *target, const char *path)
{
	struct place p;
	struct inode in;
	int ret;

	if (!*target)
		return -ENOENT;
	if (strlen(target) >= PATH_MAX || strlen(target) >= e->fs->blocksize)
		return -ENAMETOOLONG;
	ret = place_free(e, path, &p);
	if (!ret)
		ret = inode_new(e, &p.dir, S_IFLNK | 0777, &in);
	if (ret)
		return ret;
	ret = file_put_symlink(e, &in, target);
	if (!ret)
		ret = add_name(e, &p, &in);
	if (ret)
		undo(e, &in);
	return ret;
}

int namei_link(struct e2 *e, const char *from, const char *to)
{
	struct place p;
	struct inode in;
	ext2_ino_t ino;
	int ret = namei_walk(e, from, &ino);

	if (!ret)
		ret = inode_read(e, ino, &in);
	if (!ret)
		ret = place_free(e, to, &p);
	if (!ret)
		ret = flags_refuse(&in, E2_FROZEN);
	if (ret)
		return ret;
	if (S_ISDIR(in.d.i_mode))
		return -EPERM;
	if (in.d.i_links_count >= E2_LINK_MAX)
		return -EMLINK;
	ret = dir_add(e, &p.dir, p.name, ino, in.d.i_mode);
	if (ret)
		return ret;
	in.d.i_links_count++;
	inode_touch(e, &in, E2_CTIME);
	ret = inode_write(e, &in);
	return ret ? ret : place_touch(e, &p);
}

/* ---- removing ---- */

static int find_child(struct e2 *e, const char *path, struct place *p,
		      struct inode *in)
{
	int ret = place_find(e, path, p);

	if (ret)
		return ret;
	if (!p->dent)
		return -ENOENT;
	ret = inode_read(e, p->dent->ino, in);
	return ret ? ret : place_may_remove(p, in);
}

int namei_unlink(struct e2 *e, const char *path)
{
	struct place p;
	struct inode in;
	int ret = find_child(e, path, &p, &in);

	if (ret)
		return ret == -EBUSY ? -EISDIR : ret;
	if (S_ISDIR(in.d.i_mode))
		return -EISDIR;
	ret = dir_remove(e, &p.dir, p.name);
	if (!ret)
		ret = place_touch(e, &p);
	return ret ? ret : inode_drop(e, &in, 1);
}

int namei_rmdir(struct e2 *e, const char *path)
{
	struct place p;
	struct inode in;
	struct dirx *x;
	int ret = find_child(e, path, &p, &in);

	if (ret)
		return ret;
	if (!S_ISDIR(in.d.i_mode))
		return -ENOTDIR;
	ret = dirx_get(e, in.no, &x);
	if (ret)
		return ret;
	if (!dir_is_empty(x))
		return -ENOTEMPTY;
	ret = dir_remove(e, &p.dir, p.name);
	if (!ret)
		ret = dir_links(e, &p.dir, -1);
	if (!ret)
		ret = place_touch(e, &p);
	return ret ? ret : inode_drop(e, &in, UINT16_MAX);
}
