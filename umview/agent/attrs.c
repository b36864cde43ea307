// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attrs.c - calls that ask what a name is: stat, access, readlink
 *
 * They change nothing, unlike those of names.c: so the kernel may be asked
 * first, and its answer is kept, mended or thrown away. That is why they are
 * apart. An answer can be wrong although the name is the kernel's own, when it
 * tells of the agent or of a descriptor that stands for something virtual.
 *
 * Where the name may be virtual, the monitor need not be asked if it told the
 * attributes before (nodes.c).
 */
#include "agent/names.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

static const char nothing[] = "";

/* When it was made is not told. */
static int wants_birth(long nr, const long *a)
{
	return nr == __NR_statx && um_shared->births && (a[3] & STATX_BTIME);
}

/* Where stat and statx put what is looked at. */
static int has_type(long nr, const long *a, unsigned int type)
{
	if (nr == __NR_statx)
		return (((const struct statx *)a[4])->stx_mode & S_IFMT) ==
		       type;
	return (*(const unsigned int *)(a[um_is_at(nr) ? 2 : 1] + 24) &
		S_IFMT) == type;
}

static int is_the_agents(uint64_t dev, uint64_t ino)
{
	return dev == um_shared->memfd_dev ||
	       (ino == um_shared->agent_ino && dev == um_shared->agent_dev);
}

/* A file of a mount's store: the mount tells other attributes of it. */
static int is_dressed(uint64_t dev, uint64_t ino)
{
	return um_vmap()->busy && um_set_has(um_shared->dressed, UM_NDRESSED,
					     um_node_key((uint32_t)dev, ino));
}

static int shows_the_inside(long nr, const long *a)
{
	const struct statx *x = (const struct statx *)a[4];
	const uint64_t *st = (const uint64_t *)a[um_is_at(nr) ? 2 : 1];
	uint64_t dev;

	/* an open /dev/fuse */
	if (um_shared->chans && has_type(nr, a, S_IFSOCK))
		return 1;
	if (nr != __NR_statx)
		return is_the_agents(st[0], st[1]) || is_dressed(st[0], st[1]);
	/* as new_encode_dev() in the kernel: stat(2)'s st_dev */
	dev = (x->stx_dev_minor & 0xff) | (uint64_t)x->stx_dev_major << 8 |
	      ((uint64_t)x->stx_dev_minor & ~0xffUL) << 12;
	return is_the_agents(dev, x->stx_ino) || is_dressed(dev, x->stx_ino);
}

/* The call again, of the kind that has flags; more of them. */
static long stat_with(long nr, const long *a, long more)
{
	if (nr == __NR_statx)
		return um_native(nr, a[0], a[1], a[2] | more, a[3], a[4], 0);
	if (nr == __NR_newfstatat)
		return um_native(nr, a[0], a[1], a[2], a[3] | more, 0, 0);
	return um_native(__NR_newfstatat, AT_FDCWD, a[0], a[1], more, 0, 0);
}

/* As um_told_name(). */
static int told(long dirfd, const char *path, int probe, struct um_told *out)
{
	if (probe && !um_is_path(path))
		return -EAGAIN;
	return um_told_name(dirfd, path, out);
}

static void copy_words(uint64_t *to, const uint64_t *from, int n)
{
	for (int i = 0; i < n; i++)
		*(volatile uint64_t *)&to[i] = from[i];
}

static void fill_statx(struct statx *x, const uint64_t *st)
{
	uint64_t *words = (uint64_t *)x;

	for (unsigned long i = 0; i < sizeof(*x) / 8; i++)
		*(volatile uint64_t *)&words[i] = 0;
	x->stx_mask = STATX_BASIC_STATS;
	x->stx_blksize = (uint32_t)st[7];
	x->stx_nlink = (uint32_t)st[2];
	x->stx_mode = (uint16_t)st[3];
	x->stx_uid = (uint32_t)(st[3] >> 32);
	x->stx_gid = (uint32_t)st[4];
	x->stx_ino = st[1];
	x->stx_size = st[6];
	x->stx_blocks = st[8];
	x->stx_atime.tv_sec = (int64_t)st[9];
	x->stx_atime.tv_nsec = (uint32_t)st[10];
	x->stx_mtime.tv_sec = (int64_t)st[11];
	x->stx_mtime.tv_nsec = (uint32_t)st[12];
	x->stx_ctime.tv_sec = (int64_t)st[13];
	x->stx_ctime.tv_nsec = (uint32_t)st[14];
	/* major and minor of makedev(3) */
	x->stx_rdev_major = (uint32_t)(st[5] >> 8 & 0xfff);
	x->stx_rdev_minor = (uint32_t)((st[5] & 0xff) | (st[5] >> 12 & ~0xffU));
	x->stx_dev_major = (uint32_t)(st[0] >> 8 & 0xfff);
	x->stx_dev_minor = (uint32_t)((st[0] & 0xff) | (st[0] >> 12 & ~0xffU));
}

static int answer_stat(long nr, const long *a, const uint64_t *st)
{
	void *out = (void *)a[nr == __NR_statx ? 4 : um_is_at(nr) ? 2 : 1];

	if (!um_can_write(out, nr == __NR_statx ? sizeof(struct statx) : 144))
		return 0;
	if (nr == __NR_statx)
		fill_statx(out, st);
	else
		copy_words(out, st, UM_STAT_WORDS);
	return 1;
}

/* What flags the call was given, of those that fstatat(2) and statx(2) have. */
static long stat_flags(long nr, const long *a)
{
	if (nr == __NR_statx)
		return a[2];
	if (nr == __NR_newfstatat)
		return a[3];
	return nr == __NR_lstat ? AT_SYMLINK_NOFOLLOW : 0;
}

#define PLAIN_FLAGS                                                            \
	(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |               \
	 AT_STATX_DONT_SYNC | AT_STATX_FORCE_SYNC)

/*
 * What was told, as the call's answer. False: nobody knows, and the call is to
 * be made.
 */
static int stat_told(long nr, const long *a, const char *path, int probe,
		     long *ret)
{
	long flags = stat_flags(nr, a);
	long dirfd = um_is_at(nr) ? a[0] : AT_FDCWD;
	struct um_told t;
	int found;

	if ((flags & ~PLAIN_FLAGS) || wants_birth(nr, a) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (nr == __NR_statx && (a[3] >> 31)))
		return 0;
	found = told(dirfd, path, probe, &t);
	if (found == -EAGAIN)
		return 0;
	*ret = found ? 0 : -ENOENT;
	if (!found)
		return 1;
	if (!(flags & AT_SYMLINK_NOFOLLOW) && (t.st[3] & S_IFMT) == S_IFLNK)
		return 0;
	return answer_stat(nr, a, t.st);
}

/* A descriptor and no name: what the kernel said of it, or what was told. */
static long stat_itself(long nr, const long *a, long dirfd, long ret)
{
	struct um_told t;
	uint64_t inode;

	if (ret < 0 || um_judge_start(dirfd, nothing) == UM_ASK)
		return um_ask(nr, a);
	if (!shows_the_inside(nr, a))
		return ret;
	inode = nr == __NR_statx ? ((const struct statx *)a[4])->stx_ino
				 : ((const uint64_t *)a[2])[1];
	if (wants_birth(nr, a) || !um_told_self(inode, &t))
		return um_ask(nr, a);
	if (nr == __NR_statx)
		fill_statx((struct statx *)a[4], t.st);
	else
		copy_words((uint64_t *)a[2], t.st, UM_STAT_WORDS);
	return 0;
}

/*
 * In a directory that a layer only adds to: as the host has it. What is not
 * there the monitor is asked for.
 */
static int stat_beneath(long nr, const long *a, int follows, long *ret)
{
	char name[UM_BENEATH_MAX];
	const char *real;
	long b[6];

	/* else the set of changed names was not looked at */
	if (!um_vmap()->layers)
		return 0;
	real = um_name_beneath(a[0], (const char *)a[1], name);
	if (!real)
		return 0;
	for (int i = 0; i < 6; i++)
		b[i] = a[i];
	b[0] = AT_FDCWD;
	b[1] = (long)real;
	*ret = stat_with(nr, b, AT_SYMLINK_NOFOLLOW);
	return *ret == 0 && !shows_the_inside(nr, b) &&
	       !(follows && has_type(nr, b, S_IFLNK));
}

/* The last name that was asked for was virtual: so is the next, perhaps. */
static int hint;

static long stat_busy(long nr, const long *a, long dirfd, const char *path)
{
	int follows =
		nr == __NR_stat ||
		(nr == __NR_newfstatat && !(a[3] & AT_SYMLINK_NOFOLLOW)) ||
		(nr == __NR_statx && !(a[2] & AT_SYMLINK_NOFOLLOW));
	enum um_verdict v;
	long ret;

	if (hint && stat_told(nr, a, path, 1, &ret))
		return ret;
	ret = stat_with(nr, a, AT_SYMLINK_NOFOLLOW);
	if (ret == -EFAULT || ret == -EINVAL)
		return um_ask(nr, a);
	if (um_is_at(nr) && (!path || !*path))
		return stat_itself(nr, a, dirfd, ret);
	v = um_verdict_of(dirfd, path, 0);
	if (v == UM_UNREAD)
		return um_ask(nr, a);
	hint = v == UM_ASK || v == UM_LINKLESS || ret == -ENOTDIR;
	if (ret == -ENOTDIR && v == UM_PLAIN_DIR && um_is_at(nr) &&
	    stat_beneath(nr, a, follows, &ret))
		return ret;
	if (hint && stat_told(nr, a, path, 0, &ret))
		return ret;
	if (hint)
		return um_ask(nr, a);
	if (ret == 0 && shows_the_inside(nr, a))
		return um_ask(nr, a);
	if (ret < 0 || !follows || !has_type(nr, a, S_IFLNK))
		return ret;
	if (v == UM_PLAIN || um_is_plain(dirfd, path, 0))
		return stat_with(nr, a, 0);
	return um_ask(nr, a);
}

long um_fast_stat(long nr, const long *a)
{
	long dirfd = um_is_at(nr) ? a[0] : AT_FDCWD;
	const char *path = (const char *)a[um_is_at(nr) ? 1 : 0];
	long ret;

	if (um_page.flags & UM_PAGE_ROOT)
		return um_ask(nr, a);
	if (!um_is_idle())
		return um_shared->specials ? um_ask(nr, a)
					   : stat_busy(nr, a, dirfd, path);
	ret = um_pass(nr, a);
	if (ret == -EFAULT)
		return ret;
	if (um_asks_idle(dirfd, path ? path : nothing))
		return um_ask(nr, a);
	return ret == 0 && shows_the_inside(nr, a) ? um_ask(nr, a) : ret;
}

/*
 * The last component is no link that access(2) would follow: to ask readlink(2)
 * costs least. The monitor, asked when a name comes a second time, leaves a memo
 * of it.
 */
static int leads_straight(long dirfd, const char *path)
{
	static uint64_t last;
	uint64_t before = last;
	uint64_t text;
	long ret;

	if (um_is_plain(dirfd, path, &last))
		return 1;
	if (before == last)
		return 0;
	ret = um_native(__NR_readlinkat, dirfd, (long)path, (long)&text,
			sizeof(text), 0, 0);
	return ret == -ENOENT || ret == -EINVAL;
}

#define EXECUTES 1
#define WRITES	 2

/* What was told decides, unless writing is meant, or a link in between. */
static long access_told(long nr, const long *a, long dirfd, const char *path)
{
	long mode = a[um_is_at(nr) ? 2 : 1];
	struct um_told t;
	int found;

	if ((mode & ~7L) || (mode & WRITES) ||
	    (nr == __NR_faccessat2 && a[3] != 0))
		return um_ask(nr, a);
	found = told(dirfd, path, 0, &t);
	if (found == -EAGAIN || (found && (t.st[3] & S_IFMT) == S_IFLNK))
		return um_ask(nr, a);
	if (!found)
		return -ENOENT;
	if (t.until)
		return um_ask(nr, a);
	if ((mode & EXECUTES) && (t.st[3] & S_IFMT) != S_IFDIR &&
	    !(t.st[3] & 0111))
		return -EACCES;
	return 0;
}

long um_fast_access(long nr, const long *a)
{
	long dirfd = um_is_at(nr) ? a[0] : AT_FDCWD;
	const char *path = (const char *)a[um_is_at(nr) ? 1 : 0];
	long ret;

	if (um_page.flags & UM_PAGE_ROOT)
		return um_ask(nr, a);
	ret = um_pass(nr, a);
	if (ret == -EFAULT || ret == -EINVAL)
		return um_ask(nr, a);
	if (um_is_idle())
		return um_asks_idle(dirfd, path ? path : nothing)
			       ? um_ask(nr, a)
			       : ret;
	if (!path || !*path || ret == -ENOTDIR)
		return um_ask(nr, a);
	if (um_vmap()->layers && (a[um_is_at(nr) ? 2 : 1] & WRITES))
		return um_ask(nr, a);
	switch (um_verdict_of(dirfd, path, 0)) {
	case UM_PLAIN:
		return ret;
	case UM_PLAIN_DIR:
		return leads_straight(dirfd, path) ? ret : um_ask(nr, a);
	case UM_LINKLESS:
	case UM_ASK:
		return access_told(nr, a, dirfd, path);
	case UM_UNREAD:
	default:
		return um_ask(nr, a);
	}
}

static int contains(const char *text, long len, const char *what, long n)
{
	for (long i = 0; i + n <= len; i++) {
		long k = 0;

		while (k < n && text[i + k] == what[k])
			k++;
		if (k == n)
			return 1;
	}
	return 0;
}

/* What stands for something virtual, or is the agent itself. */
static int text_is_inside(const char *text, long len)
{
	return contains(text, len, "umview", 6);
}

/*
 * The kernel's answer is not the view's. What it wrote beyond the right one is
 * cleared: who has zeros in the buffer may rely on them.
 */
static long readlink_again(long nr, const long *a, char *text, long wrong)
{
	long ret = um_ask(nr, a);

	for (long i = ret < 0 ? 0 : ret; i < wrong; i++)
		*(volatile char *)&text[i] = 0;
	return ret;
}

/*
 * A virtual working directory is looked at with the name, where names are
 * looked at.
 */
static int must_ask_first(void)
{
	return (um_page.flags & UM_PAGE_ROOT) ||
	       ((um_page.flags & UM_PAGE_CWD) && um_is_idle());
}

long um_fast_readlink(long nr, const long *a)
{
	long dirfd = um_is_at(nr) ? a[0] : AT_FDCWD;
	const char *path = (const char *)a[um_is_at(nr) ? 1 : 0];
	char *text = (char *)a[um_is_at(nr) ? 2 : 1];
	enum um_verdict v;
	long ret;

	if (must_ask_first())
		return um_ask(nr, a);
	ret = um_pass(nr, a);
	if (ret == -EFAULT)
		return um_ask(nr, a);
	/* a text that was cut may hide what it is */
	if (ret > 0 &&
	    (ret == a[um_is_at(nr) ? 3 : 2] || text_is_inside(text, ret)))
		return readlink_again(nr, a, text, ret);
	if (um_is_idle())
		return ret;
	if (!*path || ret == -ENOTDIR)
		return readlink_again(nr, a, text, ret);
	v = um_verdict_of(dirfd, path, 0);
	return v == UM_PLAIN || v == UM_PLAIN_DIR
		       ? ret
		       : readlink_again(nr, a, text, ret);
}
