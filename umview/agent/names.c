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
 * Here are the look, the judgement, and the calls that only need these two;
 * those that tell of what a name means are attrs.c.
 *
 * A pointer is the program's and may be bad: it is read only after the kernel
 * has read it, or after a probe.
 */
#include "agent/names.h"

#include <linux/fcntl.h>
#include <linux/openat2.h>

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

/*
 * Names of virtual devices, and of what mount(8) runs: loop0, loop-control, 7:0,
 * mount.TYPE; sources have names like loop.c and mount.c.
 */
static int is_device(const char *comp, int len)
{
	if (len > 8 && comp[0] == 'm' && comp[1] == 'o' && comp[2] == 'u' &&
	    comp[3] == 'n' && comp[4] == 't' && comp[5] == '.')
		return 1;
	if (len > 4 && comp[0] == 'l' && comp[1] == 'o' && comp[2] == 'o' &&
	    (comp[4] == '-' || (comp[4] >= '0' && comp[4] <= '9')))
		return 1;
	return len > 2 && comp[0] == '7' && comp[1] == ':';
}

static int is_dots(const char *comp, int len)
{
	return len == 0 ||
	       (comp[0] == '.' && (len == 1 || (len == 2 && comp[1] == '.')));
}

#define TOO_LONG 4096

/* Names of which a layer answers for what is below, or for the node itself. */
static int is_passed(uint64_t hash)
{
	return um_vmap()->layers &&
	       um_set_has(um_shared->passed, UM_NCHANGED, hash);
}

static int is_changed(uint64_t hash)
{
	return um_vmap()->layers &&
	       um_set_has(um_shared->changed, UM_NCHANGED, hash);
}

static int is_hit(uint64_t comp, const char *name, int len)
{
	return in_set(um_vmap(), comp) || is_changed(comp) ||
	       is_device(name, len);
}

int um_look(const char *path, int probed, struct um_look *n)
{
	const volatile struct um_vmap *map = um_vmap();
	uint64_t h = UM_HASH_SEED;
	uint64_t comp = UM_HASH_SEED;
	int start = 0;
	int i = 0;

	n->last = UM_HASH_SEED;
	n->last_hit = 0;
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
			n->odd |= is_dots(path + start, i - start) ? UM_ODD_DOTS
								   : 0;
			n->hit |= in_set(map, comp) || is_passed(comp) ||
				  is_device(path + start, i - start);
			n->last = comp;
			n->last_hit = is_hit(comp, path + start, i - start);
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
	/* the component before a slash at the end is the last one */
	if (i > start) {
		n->last = comp;
		n->last_hit = is_hit(comp, path + start, i - start);
	} else if (n->last != UM_HASH_SEED) {
		n->odd |= UM_ODD_SLASH;
		return 0;
	}
	if (is_dots(path + start, i - start))
		n->odd |= UM_ODD_LAST;
	return 0;
}

int um_is_path(const char *path)
{
	for (int i = 0; i < TOO_LONG; i++) {
		if ((i == 0 || !((unsigned long)&path[i] & 4095)) &&
		    !page_is_readable((unsigned long)&path[i]))
			return 0;
		if (!path[i])
			return i > 0;
	}
	return 0;
}

static int starts_with_proc(const char *p)
{
	return p[0] == '/' && p[1] == 'p' && p[2] == 'r' && p[3] == 'o' &&
	       p[4] == 'c' && (p[5] == '/' || !p[5]);
}

static int has_memo(uint64_t hash, uint64_t from, enum um_memo_kind kind)
{
	uint64_t gen = um_memo_gen(um_shared->gen, um_shared->whole_gen);
	uint64_t memo = um_memo(hash, from, um_page.view, gen, kind);

	return um_shared->memo[(memo >> 8) % UM_NMEMOS] == memo;
}

enum um_verdict um_judge_start(long dirfd, const char *path)
{
	if (path[0] == '/')
		return um_page.flags & UM_PAGE_ROOT || (um_vmap()->busy &&
							starts_with_proc(path))
			       ? UM_ASK
			       : UM_PLAIN;
	return (int)dirfd == AT_FDCWD && (um_page.flags & UM_PAGE_CWD)
		       ? UM_ASK
		       : UM_PLAIN;
}

/*
 * What the directory part leads to is looked at first: it is the same for many
 * names, and does for most calls.
 */
static enum um_verdict judge(long dirfd, const char *path,
			     const struct um_look *n)
{
	uint64_t from = n->absolute ? 0 : um_page.cwd;
	int known = n->absolute || ((int)dirfd == AT_FDCWD && from);

	if (um_vmap()->all || um_shared->unsettled ||
	    um_judge_start(dirfd, path) == UM_ASK)
		return UM_ASK;
	if (!(n->odd & (UM_ODD_LAST | UM_ODD_SLASH)) && !n->last_hit &&
	    (!n->slashes || (known && has_memo(n->dir, from, UM_MEMO_DIR))))
		return UM_PLAIN_DIR;
	if (known && has_memo(n->hash, from, UM_MEMO_WHOLE))
		return UM_PLAIN;
	if ((n->odd & UM_ODD_LAST) || n->last_hit)
		return UM_ASK;
	return n->hit || (n->odd & UM_ODD_DOTS) ? UM_ASK : UM_LINKLESS;
}

enum um_verdict um_verdict_of(long dirfd, const char *path, int probe)
{
	struct um_look n;

	if (um_look(path, !probe, &n) < 0)
		return UM_UNREAD;
	return judge(dirfd, path, &n);
}

int um_is_plain(long dirfd, const char *path, uint64_t *hash)
{
	struct um_look n;

	if (um_look(path, 1, &n) < 0)
		return 0;
	if (hash)
		*hash = n.hash;
	if (!n.absolute && (!um_page.cwd || (int)dirfd != AT_FDCWD))
		return 0;
	return has_memo(n.hash, n.absolute ? 0 : um_page.cwd, UM_MEMO_WHOLE);
}

#define OPEN_FLAGS                                                             \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |        \
	 O_NONBLOCK | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | \
	 O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)
#define PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_PATH)
#define CHANGING_FLAGS                                                         \
	(O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

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
	if (um_is_at(nr))
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

/*
 * Names that are virtual also where nothing is mounted: loop-control, fuse,
 * mount.TYPE.
 */
static int is_own_name(const char *path)
{
	const char *last = last_of(path);

	if (starts_with(last, "mount."))
		return 1;
	if (path[0] == '/' && !starts_with(path, "/dev/"))
		return 0;
	return starts_with(last, "loop") ||
	       ((starts_with(last, "fuse") || starts_with(last, "cuse")) &&
		!last[4]);
}

int um_asks_idle(long dirfd, const char *path)
{
	return um_judge_start(dirfd, path) == UM_ASK || is_own_name(path);
}

static long open_idle(long nr, const long *a, const struct opening *o)
{
	const char *path = (const char *)o->path;
	long ret = um_pass(nr, a);

	/* what made or emptied a file must not be done twice */
	if (ret == -EFAULT || (ret >= 0 && (o->flags & (O_CREAT | O_TRUNC))))
		return ret;
	if (!um_asks_idle(o->dirfd, path) && (ret < 0 || !is_proc_file(o)))
		return ret;
	if (ret >= 0)
		um_native(__NR_close, ret, 0, 0, 0, 0, 0);
	return um_ask(nr, a);
}

/* What a reopening of an object keeps of open(2)'s flags: vnode/object.c. */
#define KEEP_FLAGS                                                             \
	(O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_NOATIME | O_CLOEXEC)

/* A cached file, to be read, and nothing else. */
static int only_reads(long flags)
{
	return !(flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_PATH | O_DIRECTORY |
			  (O_TMPFILE & ~O_DIRECTORY)));
}

/*
 * The monitor's descriptor of a cached file, opened again: what the monitor
 * itself would do, and give. It is the file if it still is when it is open:
 * before the monitor looks whether a file is open it takes back what it told.
 */
static long reopen(const struct opening *o, const struct um_told *t)
{
	struct um_told now;
	long fd = um_open_told(um_shared->monitor, t->fd, o->flags & KEEP_FLAGS,
			       um_shared->memfd_dev, t->object);

	if (fd < 0)
		return fd;
	if (um_told_name(o->dirfd, (const char *)o->path, &now) == 1 &&
	    now.object == t->object && now.fd == t->fd)
		return fd;
	um_native(__NR_close, fd, 0, 0, 0, 0, 0);
	return -EAGAIN;
}

/* The name can be read. What was told may do; else the monitor opens it. */
static long open_told(long nr, const long *a, const struct opening *o)
{
	struct um_told t;
	int found = -EAGAIN;
	long fd;

	if (!(o->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		found = um_told_name(o->dirfd, (const char *)o->path, &t);
	if (found == 0)
		return -ENOENT;
	if (found == 1 && t.fd && only_reads(o->flags)) {
		fd = reopen(o, &t);
		if (fd >= 0)
			return fd;
	}
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
	if (um_vmap()->layers && (o.flags & CHANGING_FLAGS))
		return um_ask(nr, a);
	switch (um_verdict_of(o.dirfd, (const char *)o.path, 1)) {
	case UM_PLAIN:
		ret = um_pass(nr, a);
		break;
	case UM_PLAIN_DIR:
		/* a link may stand between, which has no memo as a whole */
	case UM_LINKLESS:
		ret = open_linkless(o.dirfd, o.path, o.flags, o.mode);
		if (ret != -ELOOP && ret != -EINVAL && ret != -EAGAIN)
			break;
		if (!um_is_plain(o.dirfd, (const char *)o.path, 0))
			return um_ask(nr, a);
		ret = um_pass(nr, a);
		break;
	case UM_ASK:
		return open_told(nr, a, &o);
	case UM_UNREAD:
	default:
		return um_ask(nr, a);
	}
	return ret == -ENOTDIR ? open_told(nr, a, &o) : ret;
}

/* Of the calls that are judged by their name alone. */
static int changes_nothing(long nr)
{
	return nr == __NR_statfs || nr == __NR_getxattr ||
	       nr == __NR_listxattr || nr == __NR_lgetxattr ||
	       nr == __NR_llistxattr;
}

static long by_verdict(long nr, const long *a, long dirfd, long path,
		       int follows)
{
	enum um_verdict v;
	long ret;

	if (um_page.flags & UM_PAGE_ROOT)
		return um_ask(nr, a);
	if (um_is_idle()) {
		if (um_page.flags & UM_PAGE_CWD)
			return um_ask(nr, a);
		ret = um_pass(nr, a);
		return ret == -ENOENT && is_own_name((const char *)path)
			       ? um_ask(nr, a)
			       : ret;
	}
	if (um_vmap()->layers && !changes_nothing(nr))
		return um_ask(nr, a);
	v = um_verdict_of(dirfd, (const char *)path, 1);
	if (v == UM_PLAIN_DIR && follows && um_is_plain(dirfd, (char *)path, 0))
		v = UM_PLAIN;
	if (v != UM_PLAIN && (follows || v != UM_PLAIN_DIR))
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
	if (nr == __NR_sendmsg && !um_shared->standins && um_can_read(name) &&
	    !*name)
		return um_pass(nr, a);
	return um_ask(nr, a);
}
