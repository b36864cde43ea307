// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names.c - calls by name that came by a stub: may the name mean anything
 * virtual?
 *
 * In a view where nothing is mounted the kernel is right, but for a few names
 * of /proc. Else a name is looked at, once, component by component. It can lead
 * into a mount only
 *   - by a component named like some mount point's last one: the view's set of
 *     such names (struct um_vmap) says no for nearly every name;
 *   - by a symbolic link: openat2(2) refuses to follow any; for other calls the
 *     monitor's memos say which directories, and which whole names, are the
 *     kernel's own, links included;
 *   - by "..", which is left to memos and the monitor.
 *
 * A pointer is the program's and may be bad: it is read only after the kernel
 * has read it, or after a probe.
 */
#include "agent/fast.h"

#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/signal.h>
#include <linux/stat.h>

/* What the look at a name tells. */
struct name {
	uint64_t hash; /* of the whole */
	uint64_t dir;  /* of what precedes the last component and its slash */
	uint64_t last; /* of the last component */
	int absolute;
	int slashes; /* it has a directory part */
	int odd;     /* "..", "." or a slash at the end */
	int hit;     /* a component before the last is in the set */
	int last_hit;
};

/*
 * rt_sigprocmask(2) reads the set before it looks at `how`: EFAULT or, always,
 * EINVAL. The string is read page by page, each probed.
 */
int um_can_read(const void *p)
{
	return um_native(__NR_rt_sigprocmask, 99, (long)p, 0, 8, 0, 0) ==
	       -EINVAL;
}

/* 8 bytes that lie in the same page as p. */
static int page_is_readable(unsigned long p)
{
	return um_can_read((const void *)(p & ~7UL));
}

static int in_set(const volatile struct um_vmap *map, uint64_t hash)
{
	return um_bloom_has(map->bloom, hash);
}

/* Names of virtual devices: loop0, 7:0. */
static int is_device(const char *comp, int len)
{
	if (len > 4 && comp[0] == 'l' && comp[1] == 'o' && comp[2] == 'o')
		return 1;
	return len > 2 && comp[0] == '7' && comp[1] == ':';
}

static int is_dots(const char *comp, int len)
{
	return len == 0 ||
	       (comp[0] == '.' && (len == 1 || (len == 2 && comp[1] == '.')));
}

#define TOO_LONG 4096

static const char nothing[] = "";

/* 0, or -errno: it cannot be read, or is no path. */
static int look(const char *path, int probed, struct name *n)
{
	const volatile struct um_vmap *map = um_vmap();
	uint64_t h = UM_HASH_SEED;
	uint64_t comp = UM_HASH_SEED;
	int start = 0;
	int i = 0;

	n->absolute = 0;
	n->slashes = 0;
	n->odd = 0;
	n->hit = 0;
	n->dir = UM_HASH_SEED;
	for (;; i++) {
		unsigned char c;

		if (!probed && (i == 0 || !((unsigned long)&path[i] & 4095)) &&
		    !page_is_readable((unsigned long)&path[i]))
			return -EFAULT;
		c = (unsigned char)path[i];
		if (c && c != '/') {
			comp = um_hash_byte(comp, c);
			h = um_hash_byte(h, c);
			continue;
		}
		if (!c)
			break;
		if (i - start > 0) {
			n->odd |= is_dots(path + start, i - start);
			n->hit |= in_set(map, comp) ||
				  is_device(path + start, i - start);
		}
		n->slashes = 1;
		n->dir = h;
		h = um_hash_byte(h, c);
		comp = UM_HASH_SEED;
		start = i + 1;
		if (i > TOO_LONG)
			return -ENAMETOOLONG;
	}
	if (!i || i >= TOO_LONG)
		return -ENAMETOOLONG;
	n->absolute = path[0] == '/';
	n->hash = h;
	n->last = comp;
	n->last_hit = in_set(map, comp) || is_device(path + start, i - start);
	if (is_dots(path + start, i - start))
		n->odd |= 2;
	return 0;
}

static int starts_with_proc(const char *p)
{
	return p[0] == '/' && p[1] == 'p' && p[2] == 'r' && p[3] == 'o' &&
	       p[4] == 'c' && (p[5] == '/' || !p[5]);
}

static int has_memo(uint64_t hash, uint64_t from, enum um_memo_kind kind)
{
	uint64_t memo = um_memo(hash, from, um_page.view, um_shared->gen, kind);

	return um_shared->memo[(memo >> 8) % UM_NMEMOS] == memo;
}

enum verdict {
	ASK,	   /* it may be virtual, or nobody knows */
	PLAIN,	   /* the kernel's own, links and all */
	PLAIN_DIR, /* the directory is; the last component is no mount point */
	LINKLESS,  /* all is the kernel's, unless there is a link in it */
};

/* What the name's start has to say: ASK, or PLAIN. */
static enum verdict judge_start(long dirfd, const char *path)
{
	if (path[0] == '/')
		return um_page.flags & UM_PAGE_ROOT || (um_vmap()->busy &&
							starts_with_proc(path))
			       ? ASK
			       : PLAIN;
	return (int)dirfd == AT_FDCWD && (um_page.flags & UM_PAGE_CWD) ? ASK
								       : PLAIN;
}

static enum verdict judge(long dirfd, const char *path, const struct name *n)
{
	int known = n->absolute || (int)dirfd == AT_FDCWD;
	uint64_t from = n->absolute ? 0 : um_page.cwd;

	if (um_vmap()->all || um_shared->unsettled ||
	    judge_start(dirfd, path) == ASK)
		return ASK;
	if (known && (from || n->absolute) &&
	    has_memo(n->hash, from, UM_MEMO_WHOLE))
		return PLAIN;
	if (n->odd & 2)
		return ASK;
	if (n->last_hit)
		return ASK;
	if (!n->slashes)
		return PLAIN_DIR;
	if (known && (from || n->absolute) &&
	    has_memo(n->dir, from, UM_MEMO_DIR))
		return PLAIN_DIR;
	return n->hit || n->odd ? ASK : LINKLESS;
}

/* For a name that the kernel has read already, or (probe) not yet. */
static enum verdict verdict_of(long dirfd, const char *path, int probe)
{
	struct name n;

	if (look(path, !probe, &n) < 0)
		return ASK;
	return judge(dirfd, path, &n);
}

static int is_at(long nr)
{
	return nr == __NR_openat || nr == __NR_newfstatat || nr == __NR_statx ||
	       nr == __NR_faccessat || nr == __NR_faccessat2 ||
	       nr == __NR_readlinkat;
}

#define OPEN_FLAGS                                                             \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |        \
	 O_NONBLOCK | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | \
	 O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)
#define PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_PATH)

/* The same open, which fails (ELOOP) where a link would be followed. */
static long open_linkless(long dirfd, long path, long flags, long mode)
{
	struct open_how how;

	how.flags = (uint64_t)flags;
	how.flags &= (flags & O_PATH) ? PATH_FLAGS : OPEN_FLAGS;
	how.mode = 0;
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		how.mode = (uint64_t)mode & 07777;
	how.resolve = RESOLVE_NO_SYMLINKS;
	return um_native(__NR_openat2, dirfd, path, (long)&how, sizeof(how), 0,
			 0);
}

struct opening {
	long dirfd;
	long path;
	long flags;
	long mode;
};

static void parse_open(long nr, const long *a, struct opening *o)
{
	o->dirfd = AT_FDCWD;
	if (is_at(nr))
		o->dirfd = *a++;
	o->path = a[0];
	o->flags = nr == __NR_creat ? O_CREAT | O_WRONLY | O_TRUNC : a[1];
	o->mode = nr == __NR_creat ? a[1] : a[2];
}

static int starts_with(const char *p, const char *with)
{
	while (*with && *p == *with) {
		p++;
		with++;
	}
	return !*with;
}

static int is_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The last component, with what slashes follow it. */
static const char *last_of(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (path[0] == '/' && path[1])
			last = path + 1;
	return last;
}

/* A few files of /proc tell of the agent. */
static int is_proc_file(const struct opening *o)
{
	static const char *const names[] = { "exe",	    "maps",
					     "smaps",	    "mounts",
					     "mountinfo",   "mountstats",
					     "filesystems", "partitions" };
	const char *path = (const char *)o->path;
	const char *last;

	if (path[0] == '/' && path[1] != 'p')
		return 0;
	last = last_of(path);
	for (unsigned long i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_same(last, names[i]))
			return 1;
	return 0;
}

/* Names that are virtual also where nothing is mounted: loop-control, fuse. */
static int is_dev_name(const char *path)
{
	const char *last;

	if (path[0] == '/' && !starts_with(path, "/dev/"))
		return 0;
	last = last_of(path);
	return starts_with(last, "loop") ||
	       (starts_with(last, "fuse") && !last[4]);
}

static int asks_idle(long dirfd, const char *path)
{
	return judge_start(dirfd, path) == ASK || is_dev_name(path);
}

static long open_idle(long nr, const long *a, const struct opening *o)
{
	const char *path = (const char *)o->path;
	long ret = um_pass(nr, a);

	/* what made or emptied a file must not be done twice */
	if (ret == -EFAULT || (ret >= 0 && (o->flags & (O_CREAT | O_TRUNC))))
		return ret;
	if (!asks_idle(o->dirfd, path) && (ret < 0 || !is_proc_file(o)))
		return ret;
	if (ret >= 0)
		um_native(__NR_close, ret, 0, 0, 0, 0, 0);
	return um_ask(nr, a);
}

long um_fast_open(long nr, const long *a)
{
	struct opening o;
	long ret;

	parse_open(nr, a, &o);
	if (um_page.flags & UM_PAGE_ROOT)
		return um_ask(nr, a);
	if (um_is_idle())
		return open_idle(nr, a, &o);
	switch (verdict_of(o.dirfd, (const char *)o.path, 1)) {
	case PLAIN:
		ret = um_pass(nr, a);
		break;
	case PLAIN_DIR:
		/* a link may stand between, which has no memo as a whole */
	case LINKLESS:
		ret = open_linkless(o.dirfd, o.path, o.flags, o.mode);
		if (ret == -ELOOP || ret == -EINVAL || ret == -EAGAIN)
			return um_ask(nr, a);
		break;
	case ASK:
	default:
		return um_ask(nr, a);
	}
	return ret == -ENOTDIR ? um_ask(nr, a) : ret;
}

/* Where stat and statx put what is looked at. */
static int has_type(long nr, const long *a, unsigned int type)
{
	if (nr == __NR_statx)
		return (((const struct statx *)a[4])->stx_mode & S_IFMT) ==
		       type;
	return (*(const unsigned int *)(a[is_at(nr) ? 2 : 1] + 24) & S_IFMT) ==
	       type;
}

static int is_the_agents(uint64_t dev, uint64_t ino)
{
	return dev == um_shared->memfd_dev ||
	       (ino == um_shared->agent_ino && dev == um_shared->agent_dev);
}

static int shows_the_inside(long nr, const long *a)
{
	const struct statx *x = (const struct statx *)a[4];
	const uint64_t *st = (const uint64_t *)a[is_at(nr) ? 2 : 1];
	uint64_t dev;

	/* an open /dev/fuse */
	if (um_shared->chans && has_type(nr, a, S_IFSOCK))
		return 1;
	if (nr != __NR_statx)
		return is_the_agents(st[0], st[1]);
	/* as new_encode_dev() in the kernel: stat(2)'s st_dev */
	dev = (x->stx_dev_minor & 0xff) | (uint64_t)x->stx_dev_major << 8 |
	      ((uint64_t)x->stx_dev_minor & ~0xffUL) << 12;
	return is_the_agents(dev, x->stx_ino);
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

/* What tags of names in this directory have; 0: it has no name for that. */
static int dir_key(long dirfd, const struct name *n, uint64_t *key)
{
	uint64_t st[18];

	*key = 0;
	if (n->absolute)
		return 1;
	*key = um_page.cwd;
	if ((int)dirfd == AT_FDCWD)
		return *key != 0;
	st[0] = 0;
	st[1] = 0;
	if (um_native(__NR_fstat, dirfd, (long)st, 0, 0, 0, 0) < 0 ||
	    st[0] != um_shared->memfd_dev)
		return 0;
	*key = um_dir_key(st[1]);
	return 1;
}

/* Was it told what the name means? As um_told_stat(). */
static int told(long dirfd, const char *path, int probe, uint64_t *st)
{
	struct name n;
	uint64_t key;

	if ((um_page.flags & UM_PAGE_ROOT) || um_shared->unsettled ||
	    look(path, !probe, &n) < 0 || !dir_key(dirfd, &n, &key))
		return -EAGAIN;
	return um_told_stat(n.hash, key, st);
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
	void *out = (void *)a[nr == __NR_statx ? 4 : is_at(nr) ? 2 : 1];

	if (!um_can_write(out, nr == __NR_statx ? sizeof(struct statx) : 144))
		return 0;
	if (nr == __NR_statx)
		fill_statx(out, st);
	else
		copy_words(out, st, 18);
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
	long dirfd = is_at(nr) ? a[0] : AT_FDCWD;
	uint64_t st[18];
	int found;

	if ((flags & ~PLAIN_FLAGS) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (nr == __NR_statx && (a[3] >> 31)))
		return 0;
	found = told(dirfd, path, probe, st);
	if (found == -EAGAIN)
		return 0;
	*ret = found ? 0 : -ENOENT;
	if (!found)
		return 1;
	if (!(flags & AT_SYMLINK_NOFOLLOW) && (st[3] & S_IFMT) == S_IFLNK)
		return 0;
	return answer_stat(nr, a, st);
}

/* A descriptor and no name: what the kernel said of it, or what was told. */
static long stat_itself(long nr, const long *a, long dirfd, long ret)
{
	uint64_t st[18];

	if (ret < 0 || judge_start(dirfd, nothing) == ASK)
		return um_ask(nr, a);
	if (!shows_the_inside(nr, a))
		return ret;
	if (nr != __NR_statx) {
		copy_words(st, (const uint64_t *)a[2], 18);
		if (um_told_self(st[1], (uint64_t *)a[2]))
			return 0;
	}
	return um_ask(nr, a);
}

/* The last name that was asked for was virtual: so is the next, perhaps. */
static int hint;

static long stat_busy(long nr, const long *a, long dirfd, const char *path)
{
	int follows =
		nr == __NR_stat ||
		(nr == __NR_newfstatat && !(a[3] & AT_SYMLINK_NOFOLLOW)) ||
		(nr == __NR_statx && !(a[2] & AT_SYMLINK_NOFOLLOW));
	enum verdict v;
	long ret;

	if (hint && stat_told(nr, a, path, 1, &ret))
		return ret;
	ret = stat_with(nr, a, AT_SYMLINK_NOFOLLOW);
	if (ret == -EFAULT || ret == -EINVAL)
		return um_ask(nr, a);
	if (is_at(nr) && (!path || !*path))
		return stat_itself(nr, a, dirfd, ret);
	v = verdict_of(dirfd, path, 0);
	hint = v == ASK || v == LINKLESS || ret == -ENOTDIR;
	if (hint && stat_told(nr, a, path, 0, &ret))
		return ret;
	if (hint)
		return um_ask(nr, a);
	if (ret == 0 && shows_the_inside(nr, a))
		return um_ask(nr, a);
	if (ret < 0 || !follows || !has_type(nr, a, S_IFLNK))
		return ret;
	return v == PLAIN ? stat_with(nr, a, 0) : um_ask(nr, a);
}

long um_fast_stat(long nr, const long *a)
{
	long dirfd = is_at(nr) ? a[0] : AT_FDCWD;
	const char *path = (const char *)a[is_at(nr) ? 1 : 0];
	long ret;

	if (um_page.flags & UM_PAGE_ROOT)
		return um_ask(nr, a);
	if (!um_is_idle())
		return um_shared->specials ? um_ask(nr, a)
					   : stat_busy(nr, a, dirfd, path);
	ret = um_pass(nr, a);
	if (ret == -EFAULT)
		return ret;
	if (asks_idle(dirfd, path ? path : nothing))
		return um_ask(nr, a);
	return ret == 0 && shows_the_inside(nr, a) ? um_ask(nr, a) : ret;
}

/* The last component is no link that access(2) would follow. */
static int leads_straight(long dirfd, const char *path)
{
	uint64_t st[18];
	long ret;

	st[3] = 0;
	ret = um_native(__NR_newfstatat, dirfd, (long)path, (long)st,
			AT_SYMLINK_NOFOLLOW, 0, 0);
	return ret == -ENOENT || (ret == 0 && (st[3] & S_IFMT) != S_IFLNK);
}

#define EXECUTES 1
#define WRITES	 2

/* What was told decides, unless writing is meant, or a link in between. */
static long access_told(long nr, const long *a, long dirfd, const char *path)
{
	long mode = a[is_at(nr) ? 2 : 1];
	uint64_t st[18];
	int found;

	if ((mode & ~7L) || (mode & WRITES) ||
	    (nr == __NR_faccessat2 && a[3] != 0))
		return um_ask(nr, a);
	found = told(dirfd, path, 0, st);
	if (found == -EAGAIN || (found && (st[3] & S_IFMT) == S_IFLNK))
		return um_ask(nr, a);
	if (!found)
		return -ENOENT;
	if ((mode & EXECUTES) && (st[3] & S_IFMT) != S_IFDIR && !(st[3] & 0111))
		return -EACCES;
	return 0;
}

long um_fast_access(long nr, const long *a)
{
	long dirfd = is_at(nr) ? a[0] : AT_FDCWD;
	const char *path = (const char *)a[is_at(nr) ? 1 : 0];
	long ret;

	if (um_page.flags & UM_PAGE_ROOT)
		return um_ask(nr, a);
	ret = um_pass(nr, a);
	if (ret == -EFAULT || ret == -EINVAL)
		return um_ask(nr, a);
	if (um_is_idle())
		return asks_idle(dirfd, path ? path : nothing) ? um_ask(nr, a)
							       : ret;
	if (!path || !*path || ret == -ENOTDIR)
		return um_ask(nr, a);
	switch (verdict_of(dirfd, path, 0)) {
	case PLAIN:
		return ret;
	case PLAIN_DIR:
		return leads_straight(dirfd, path) ? ret : um_ask(nr, a);
	case LINKLESS:
	case ASK:
	default:
		return access_told(nr, a, dirfd, path);
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

long um_fast_readlink(long nr, const long *a)
{
	long dirfd = is_at(nr) ? a[0] : AT_FDCWD;
	const char *path = (const char *)a[is_at(nr) ? 1 : 0];
	char *text = (char *)a[is_at(nr) ? 2 : 1];
	enum verdict v;
	long ret;

	if (um_page.flags & (UM_PAGE_ROOT | UM_PAGE_CWD))
		return um_ask(nr, a);
	ret = um_pass(nr, a);
	if (ret == -EFAULT)
		return um_ask(nr, a);
	/* a text that was cut may hide what it is */
	if (ret > 0 &&
	    (ret == a[is_at(nr) ? 3 : 2] || text_is_inside(text, ret)))
		return readlink_again(nr, a, text, ret);
	if (um_is_idle())
		return ret;
	if (!*path || ret == -ENOTDIR)
		return readlink_again(nr, a, text, ret);
	v = verdict_of(dirfd, path, 0);
	return v == PLAIN || v == PLAIN_DIR ? ret
					    : readlink_again(nr, a, text, ret);
}

static long by_verdict(long nr, const long *a, long dirfd, long path,
		       int follows)
{
	enum verdict v;
	long ret;

	if (um_page.flags & (UM_PAGE_ROOT | UM_PAGE_CWD))
		return um_ask(nr, a);
	if (um_is_idle())
		return um_pass(nr, a);
	v = verdict_of(dirfd, (const char *)path, 1);
	if (v != PLAIN && (follows || v != PLAIN_DIR))
		return um_ask(nr, a);
	ret = um_pass(nr, a);
	return ret == -ENOTDIR ? um_ask(nr, a) : ret;
}

/* The last component itself is meant, link or not. */
long um_fast_entry(long nr, const long *a)
{
	return by_verdict(nr, a, AT_FDCWD, a[0], 0);
}

long um_fast_entryat(long nr, const long *a)
{
	return by_verdict(nr, a, a[0], a[1], 0);
}

/* What the name leads to is meant. */
long um_fast_node(long nr, const long *a)
{
	return by_verdict(nr, a, AT_FDCWD, a[0], 1);
}

/* Rare or too manifold to be looked at where anything is mounted. */
long um_fast_idle(long nr, const long *a)
{
	if (!um_is_idle() || (um_page.flags & (UM_PAGE_ROOT | UM_PAGE_CWD)))
		return um_ask(nr, a);
	return um_pass(nr, a);
}

/* sendmsg(2): the address is the structure's first member. */
long um_fast_address(long nr, const long *a)
{
	const long *name = (const long *)a[1];

	if (um_is_idle() && !(um_page.flags & (UM_PAGE_ROOT | UM_PAGE_CWD)))
		return um_pass(nr, a);
	if (nr == __NR_sendmsg && um_can_read(name) && !*name)
		return um_pass(nr, a);
	return um_ask(nr, a);
}

int um_is_plain(const char *path)
{
	return verdict_of(AT_FDCWD, path, 1) == PLAIN;
}
