// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names.c - random changes of a tree's names, a model in memory as oracle
 *
 * Each step makes, links, moves, removes or changes something by a random path,
 * and must have the result, or the errno, that the model says. Now and then the
 * whole tree is compared. Paths start at the tree's root or at directories that
 * are held open, which may have moved or be gone.
 */
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define HELD 6

struct chance c;
const char *const *pool;

static char longest[256];
static const char *names[POOL] = {
	"a",
	"b",
	"A",
	"c.txt",
	longest,
	"two words",
	"\303\274n\303\257",
	"d",
	"\377\n\001\\x",
};

static struct thing *root;
static int root_fd;
static struct {
	struct thing *thing;
	int fd;
} held[HELD];
static int serial;

static void choose_names(void)
{
	memset(longest, 'n', sizeof(longest) - 1);
	if (!chance_has(&c, "long"))
		longest[100] = '\0';
	if (!chance_has(&c, "case"))
		names[2] = "e";
	if (!chance_has(&c, "bytes"))
		names[8] = "f";
	if (!chance_has(&c, "utf8"))
		names[6] = "g";
	pool = names;
}

static void some_path(struct path *p)
{
	int i = (int)rnd(2 * HELD);

	p->from = root;
	p->fd = root_fd;
	if (i < HELD && held[i].thing && S_ISDIR(held[i].thing->type)) {
		p->from = held[i].thing;
		p->fd = held[i].fd;
	}
	p->depth = 1 + (int)rnd(one_in(4) ? DEPTH : 2);
	p->text[0] = '\0';
	for (i = 0; i < p->depth; i++) {
		p->name[i] = (int)rnd(POOL);
		snprintf(p->text + strlen(p->text),
			 sizeof(p->text) - strlen(p->text), "%s%s",
			 i ? "/" : "", pool[p->name[i]]);
	}
}

static void say(const char *what, const struct path *p)
{
	char text[120] = "";
	int i;

	for (i = 0; i < p->depth; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "/%s",
			 p->name[i] == POOL - 1 ? "bytes"
			 : p->name[i] == 4	? "longest"
						: pool[p->name[i]]);
	step("%s %s%s", what, p->from == root ? "" : "(held)", text);
}

/* The call's result is the model's errno; true when both succeeded. */
static bool same(const char *what, long ret, int want)
{
	int got = ret < 0 ? errno : 0;

	/* POSIX has both */
	if (want == ENOTEMPTY && got == EEXIST)
		got = ENOTEMPTY;
	if (got && want && !chance_has(&c, "errno"))
		got = want;
	if (got != want)
		blame("%s: %s, not %s", what, strerrorname_np(got),
		      strerrorname_np(want));
	return got == 0;
}

/* What making something at the path would fail with. */
static int cannot_make(const struct path *p, struct place *at)
{
	int err = walk(p, at);

	if (err)
		return err;
	if (at->thing)
		return EEXIST;
	return at->dir->dead ? ENOENT : 0;
}

static struct thing *made(const struct place *at, mode_t type, mode_t mode)
{
	struct thing *t = thing_new(type, mode & ~022U);

	thing_link(at->dir, at->name, t);
	thing_put(t);
	return t;
}

/* ---- making ---- */

static void do_create(void)
{
	struct thing *t;
	struct place at;
	struct path p;
	int fd, err;

	some_path(&p);
	say("create", &p);
	err = cannot_make(&p, &at);
	fd = openat(p.fd, p.text, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0664);
	if (!same("create", fd, err))
		return;
	t = made(&at, S_IFREG, 0664);
	snprintf(t->text, sizeof(t->text), "file %d", ++serial);
	if (write(fd, t->text, strlen(t->text)) != (ssize_t)strlen(t->text))
		blame("write");
	close(fd);
}

static void do_mkdir(void)
{
	struct place at;
	struct path p;
	int err;

	some_path(&p);
	say("mkdir", &p);
	err = cannot_make(&p, &at);
	if (same("mkdir", mkdirat(p.fd, p.text, 0775), err))
		made(&at, S_IFDIR, 0775);
}

static void do_mknod(void)
{
	mode_t type =
		one_in(2) && chance_has(&c, "socket") ? S_IFSOCK : S_IFIFO;
	struct place at;
	struct path p;
	int err;

	if (!chance_has(&c, "special"))
		return;
	some_path(&p);
	say("mknod", &p);
	err = cannot_make(&p, &at);
	if (same("mknod", mknodat(p.fd, p.text, type | 0600, 0), err))
		made(&at, type, 0600);
}

static void do_symlink(void)
{
	char target[24];
	struct place at;
	struct path p;
	int err;

	if (!chance_has(&c, "symlink"))
		return;
	some_path(&p);
	if (one_in(2))
		snprintf(target, sizeof(target), "nowhere %d", ++serial);
	else
		snprintf(target, sizeof(target), "%s", pool[rnd(4)]);
	say("symlink", &p);
	err = cannot_make(&p, &at);
	if (same("symlink", symlinkat(target, p.fd, p.text), err))
		snprintf(made(&at, S_IFLNK, 0777)->text, sizeof(target), "%s",
			 target);
}

static void do_link(void)
{
	struct place from = { 0 }, to = { 0 };
	struct path a, b;
	int err;

	if (!chance_has(&c, "link"))
		return;
	some_path(&a);
	some_path(&b);
	if (a.from->dead)
		return;
	say("link", &a);
	say("  to", &b);
	err = walk(&a, &from);
	if (!err && !from.thing)
		err = ENOENT;
	if (!err)
		err = cannot_make(&b, &to);
	if (!err && S_ISDIR(from.thing->type))
		err = EPERM;
	if (same("link", linkat(a.fd, a.text, b.fd, b.text, 0), err))
		thing_link(to.dir, to.name, from.thing);
}

/* ---- removing and moving ---- */

static bool is_held(const struct thing *t)
{
	int i;

	for (i = 0; i < HELD; i++)
		if (held[i].thing == t)
			return true;
	return false;
}

/* Is this, or what lies in it, open where that may not be? */
static bool is_stuck(const struct thing *t, const char *unless)
{
	int i;

	if (!t || chance_has(&c, unless))
		return false;
	if (is_held(t))
		return true;
	for (i = 0; i < POOL; i++)
		if (S_ISDIR(t->type) && is_stuck(t->child[i], unless))
			return true;
	return false;
}

static void do_remove(bool dir)
{
	struct place at;
	struct path p;
	int err;

	some_path(&p);
	err = walk(&p, &at);
	if (!err && is_stuck(at.thing, "unlink-open"))
		return;
	say(dir ? "rmdir" : "unlink", &p);
	if (!err && !at.thing)
		err = ENOENT;
	else if (!err && dir && !S_ISDIR(at.thing->type))
		err = ENOTDIR;
	else if (!err && !dir && S_ISDIR(at.thing->type))
		err = EISDIR;
	else if (!err && dir && !thing_is_empty(at.thing))
		err = ENOTEMPTY;
	if (same(dir ? "rmdir" : "unlink",
		 unlinkat(p.fd, p.text, dir ? AT_REMOVEDIR : 0), err))
		thing_unlink(at.dir, at.name);
}

static void do_unlink(void)
{
	do_remove(false);
}

static void do_rmdir(void)
{
	do_remove(true);
}

/* From a removed directory: which of two errors comes first is not asked. */
static bool rename_is_possible(const struct path *a, const struct path *b)
{
	struct place from, to;

	if (a->from->dead && walk(b, &to))
		return false;

	if (walk(a, &from) || walk(b, &to))
		return true;
	return !is_stuck(from.thing, "rename-open") &&
	       !is_stuck(to.thing, "unlink-open");
}

static void do_rename(void)
{
	static const unsigned int some[] = { 0, 0, 0, RENAME_NOREPLACE,
					     RENAME_EXCHANGE };
	unsigned int flags = some[rnd(5)];
	struct path a, b;
	int ret;

	some_path(&a);
	some_path(&b);
	if (flags && !chance_has(&c, flags == RENAME_EXCHANGE ? "exchange"
							      : "noreplace"))
		flags = 0;
	if (!rename_is_possible(&a, &b))
		return;
	say(flags == RENAME_EXCHANGE ? "exchange"
	    : flags		     ? "rename noreplace"
				     : "rename",
	    &a);
	say("  to", &b);
	ret = renameat2(a.fd, a.text, b.fd, b.text, flags);
	same("rename", ret, model_rename(&a, &b, flags));
}

/* ---- attributes and contents ---- */

static void do_chmod(void)
{
	mode_t mode = 0600 | (mode_t)rnd(0200);
	struct place at;
	struct path p;
	int err;

	some_path(&p);
	err = walk_follow(&p, &at);
	if (!chance_has(&c, "mode"))
		return;
	if (!err && S_ISDIR(at.thing->type))
		mode |= 0700;
	say("chmod", &p);
	if (same("chmod", fchmodat(p.fd, p.text, mode, 0), err))
		at.thing->mode = mode;
}

static void do_utimens(void)
{
	struct timespec ts[2] = {
		{ 1000, 0 }, { (time_t)rnd(2000000000), (long)rnd(1000000000) }
	};
	struct place at;
	struct path p;
	int err;

	some_path(&p);
	err = walk(&p, &at);
	if (!err && !at.thing)
		err = ENOENT;
	if (!chance_has(&c, "time") ||
	    (!err && !S_ISREG(at.thing->type) &&
	     (!S_ISLNK(at.thing->type) || !chance_has(&c, "linktime"))))
		return;
	say("utimens", &p);
	if (!same("utimens", utimensat(p.fd, p.text, ts, AT_SYMLINK_NOFOLLOW),
		  err) ||
	    err)
		return;
	at.thing->has_time = true;
	at.thing->time = ts[1];
}

static void do_rewrite(void)
{
	struct place at;
	struct path p;
	char text[24];
	int fd, err;

	some_path(&p);
	err = walk_follow(&p, &at);
	if (!err && !S_ISREG(at.thing->type))
		return;
	say("rewrite", &p);
	fd = openat(p.fd, p.text, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (!same("open to write", fd, err))
		return;
	snprintf(text, sizeof(text), "again %d", ++serial);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		blame("write");
	close(fd);
	memcpy(at.thing->text, text, sizeof(text));
	at.thing->has_time = false;
}

static void do_setxattr(void)
{
	char text[24];
	struct place at;
	struct path p;
	int fd, err;

	some_path(&p);
	err = walk_follow(&p, &at);
	if (!chance_has(&c, "xattr") || err ||
	    (!S_ISREG(at.thing->type) && !S_ISDIR(at.thing->type)))
		return;
	say("setxattr", &p);
	fd = openat(p.fd, p.text, O_RDONLY | O_CLOEXEC);
	snprintf(text, sizeof(text), "value %d", ++serial);
	if (fd < 0 || fsetxattr(fd, "user.a", text, strlen(text), 0) < 0)
		blame("setxattr");
	close(fd);
	memcpy(at.thing->attr, text, sizeof(text));
}

static void do_stat(void)
{
	bool through = one_in(2);
	struct place at;
	struct stat st;
	struct path p;
	int err;

	some_path(&p);
	say(through ? "stat" : "lstat", &p);
	err = through ? walk_follow(&p, &at) : walk(&p, &at);
	if (!err && !at.thing)
		err = ENOENT;
	if (same("stat",
		 fstatat(p.fd, p.text, &st, through ? 0 : AT_SYMLINK_NOFOLLOW),
		 err))
		check_thing(&st, at.thing, p.text);
}

/* ---- open files and directories ---- */

static void release(int i)
{
	struct stat st;

	if (!held[i].thing)
		return;
	if (fstat(held[i].fd, &st) < 0)
		blame("fstat of an open one");
	check_thing(&st, held[i].thing, "an open one");
	if (S_ISREG(held[i].thing->type))
		check_content(held[i].fd, held[i].thing, "an open one");
	close(held[i].fd);
	thing_put(held[i].thing);
	held[i].thing = NULL;
}

static void do_hold(void)
{
	int i = (int)rnd(HELD);
	struct place at;
	struct path p;
	int fd, err;

	release(i);
	some_path(&p);
	err = walk_follow(&p, &at);
	if (!err && !S_ISREG(at.thing->type) && !S_ISDIR(at.thing->type))
		return;
	say("open", &p);
	fd = openat(p.fd, p.text, O_RDONLY | O_CLOEXEC);
	if (!same("open", fd, err))
		return;
	held[i].fd = fd;
	held[i].thing = at.thing;
	at.thing->refs++;
}

static void do_list(void)
{
	int i = (int)rnd(HELD);

	if (!held[i].thing || !S_ISDIR(held[i].thing->type) ||
	    held[i].thing->dead)
		return;
	step("list an open one");
	check_listing(held[i].fd, held[i].thing);
}

/* ---- the run ---- */

static void run(void)
{
	static void (*const ops[])(void) = {
		do_create, do_create, do_create,  do_mkdir,    do_mkdir,
		do_mkdir,  do_mknod,  do_symlink, do_link,     do_link,
		do_unlink, do_unlink, do_rmdir,	  do_rename,   do_rename,
		do_rename, do_rename, do_chmod,	  do_utimens,  do_rewrite,
		do_stat,   do_stat,   do_stat,	  do_setxattr, do_hold,
		do_hold,   do_list,
	};
	long next = 300;

	while (step_count() < c.ops) {
		ops[rnd(sizeof(ops) / sizeof(ops[0]))]();
		if (step_count() >= next) {
			step("compare all");
			check_tree(root_fd, root);
			next = step_count() + 300;
		}
	}
}

static void empty(int dirfd, struct thing *dir)
{
	int i, fd;

	for (i = 0; i < POOL; i++) {
		struct thing *t = dir->child[i];

		if (!t)
			continue;
		if (S_ISDIR(t->type)) {
			fd = openat(dirfd, pool[i], O_RDONLY | O_CLOEXEC);
			empty(fd, t);
			close(fd);
		}
		if (!c.leave &&
		    unlinkat(dirfd, pool[i],
			     S_ISDIR(t->type) ? AT_REMOVEDIR : 0) < 0)
			blame("remove %s", pool[i]);
		thing_unlink(dir, i);
	}
}

int main(int argc, char **argv)
{
	int i;

	chance_init(&c, argc, argv);
	umask(022);
	choose_names();
	root = thing_new(S_IFDIR, 0755);
	root->names = 1;
	root_fd = open(c.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		blame("%s", c.dir);
	run();
	for (i = 0; i < HELD; i++)
		release(i);
	check_tree(root_fd, root);
	empty(root_fd, root);
	if (!c.leave)
		check_listing(root_fd, root);
	close(root_fd);
	thing_put(root);
	chance_done(&c);
	return 0;
}
