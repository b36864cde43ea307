// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rename.c - rename and exchange
 *
 * The new entry is written before the old one goes, so that a crash between
 * leaves two names rather than none.
 */
#include "ext2.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Both ends of a rename; to_in is only valid with to.dent. */
struct move {
	struct place from, to;
	struct inode from_in, to_in;
	bool same_dir;
};

static bool is_dir(const struct inode *in)
{
	return S_ISDIR(in->d.i_mode);
}

/* Does b lie beneath a? */
static bool is_beneath(const char *a, const char *b)
{
	size_t n = strlen(a);

	return !strncmp(a, b, n) && b[n] == '/';
}

static int check_flags(const struct move *m, const char *from, const char *to,
		       unsigned int flags)
{
	bool swap = flags & RENAME_EXCHANGE;

	if (!m->from.dent)
		return -ENOENT;
	if (swap && !m->to.dent)
		return -ENOENT;
	if (flags & RENAME_NOREPLACE && m->to.dent)
		return -EEXIST;
	if (is_beneath(from, to))
		return -EINVAL;
	if (is_beneath(to, from))
		return swap ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* One name goes, the other comes or is replaced. */
static int check_attributes(const struct move *m)
{
	int ret = place_may_remove(&m->from, &m->from_in);

	if (ret)
		return ret;
	return m->to.dent ? place_may_remove(&m->to, &m->to_in)
			  : flags_refuse(&m->to.dir, EXT2_IMMUTABLE_FL);
}

/* May the target be replaced? */
static int check_target(struct e2 *e, struct move *m)
{
	struct dirx *x;
	int ret;

	if (is_dir(&m->from_in) && !is_dir(&m->to_in))
		return -ENOTDIR;
	if (!is_dir(&m->from_in) && is_dir(&m->to_in))
		return -EISDIR;
	if (!is_dir(&m->to_in))
		return 0;
	ret = dirx_get(e, m->to_in.no, &x);
	if (ret)
		return ret;
	return dir_is_empty(x) ? 0 : -ENOTEMPTY;
}

/* The two places share one directory: keep what was done to the other copy. */
static struct inode *to_dir(struct move *m)
{
	return m->same_dir ? &m->from.dir : &m->to.dir;
}

static int set_parent(struct e2 *e, struct inode *dir, ext2_ino_t parent)
{
	return dir_set(e, dir, "..", parent, S_IFDIR);
}

static int touch_all(struct e2 *e, struct move *m)
{
	int ret = place_touch(e, &m->from);

	if (!ret && !m->same_dir)
		ret = place_touch(e, &m->to);
	if (ret)
		return ret;
	inode_touch(e, &m->from_in, E2_CTIME);
	return inode_write(e, &m->from_in);
}

/* ---- exchange ---- */

static int exchange_links(struct e2 *e, struct move *m)
{
	int ret = 0;

	if (m->same_dir)
		return 0;
	if (is_dir(&m->from_in) && !is_dir(&m->to_in)) {
		ret = dir_links(e, &m->to.dir, 1);
		return ret ? ret : dir_links(e, &m->from.dir, -1);
	}
	if (!is_dir(&m->from_in) && is_dir(&m->to_in)) {
		ret = dir_links(e, &m->from.dir, 1);
		return ret ? ret : dir_links(e, &m->to.dir, -1);
	}
	return 0;
}

static int exchange(struct e2 *e, struct move *m)
{
	int ret;

	if (m->from_in.no == m->to_in.no)
		return 0;
	ret = exchange_links(e, m);
	if (!ret)
		ret = dir_set(e, to_dir(m), m->to.name, m->from_in.no,
			      m->from_in.d.i_mode);
	if (!ret)
		ret = dir_set(e, &m->from.dir, m->from.name, m->to_in.no,
			      m->to_in.d.i_mode);
	if (!ret && !m->same_dir && is_dir(&m->from_in))
		ret = set_parent(e, &m->from_in, m->to.dir.no);
	if (!ret && !m->same_dir && is_dir(&m->to_in))
		ret = set_parent(e, &m->to_in, m->from.dir.no);
	if (!ret)
		ret = touch_all(e, m);
	if (ret)
		return ret;
	inode_touch(e, &m->to_in, E2_CTIME);
	return inode_write(e, &m->to_in);
}

/* ---- rename ---- */

/* Links of the parents: one directory leaves, one comes, one may be gone. */
static int move_links(struct e2 *e, struct move *m)
{
	bool replaces = m->to.dent && is_dir(&m->to_in);
	int ret = 0;

	if (!is_dir(&m->from_in))
		return 0;
	if (m->same_dir)
		return replaces ? dir_links(e, &m->from.dir, -1) : 0;
	if (!replaces)
		ret = dir_links(e, &m->to.dir, 1);
	return ret ? ret : dir_links(e, &m->from.dir, -1);
}

static int move(struct e2 *e, struct move *m)
{
	bool replaces = m->to.dent;
	int ret = replaces ? check_target(e, m) : 0;

	if (ret)
		return ret;
	if (replaces)
		ret = dir_set(e, to_dir(m), m->to.name, m->from_in.no,
			      m->from_in.d.i_mode);
	else
		ret = dir_add(e, to_dir(m), m->to.name, m->from_in.no,
			      m->from_in.d.i_mode);
	if (!ret)
		ret = dir_remove(e, &m->from.dir, m->from.name);
	if (!ret)
		ret = move_links(e, m);
	if (!ret && is_dir(&m->from_in) && !m->same_dir)
		ret = set_parent(e, &m->from_in, m->to.dir.no);
	if (!ret)
		ret = touch_all(e, m);
	if (!ret && replaces)
		ret = inode_drop(e, &m->to_in,
				 is_dir(&m->to_in) ? UINT16_MAX : 1);
	return ret;
}

static int find_both(struct e2 *e, const char *from, const char *to,
		     unsigned int flags, struct move *m)
{
	int ret = place_find(e, from, &m->from);

	if (!ret)
		ret = place_find(e, to, &m->to);
	if (!ret)
		ret = check_flags(m, from, to, flags);
	if (!ret)
		ret = inode_read(e, m->from.dent->ino, &m->from_in);
	if (!ret && m->to.dent)
		ret = inode_read(e, m->to.dent->ino, &m->to_in);
	m->same_dir = m->from.dir.no == m->to.dir.no;
	return ret;
}

int namei_rename(struct e2 *e, const char *from, const char *to,
		 unsigned int flags)
{
	struct move m;
	int ret;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (!from || !to)
		return -ENOENT;
	ret = find_both(e, from, to, flags, &m);
	if (ret)
		return ret;
	if (m.to.dent && m.from_in.no == m.to_in.no)
		return 0;
	ret = check_attributes(&m);
	if (ret)
		return ret;
	if (flags & RENAME_EXCHANGE)
		return exchange(e, &m);
	if (!m.same_dir && is_dir(&m.from_in) && !m.to.dent &&
	    m.to.dir.d.i_links_count >= E2_LINK_MAX &&
	    !ext2fs_has_feature_dir_nlink(e->fs->super))
		return -EMLINK;
	return move(e, &m);
}
