// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names_check.c - is the tree what the model says?
 */
#include "names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static int subdirs(const struct thing *t)
{
	int i, n = 0;

	for (i = 0; i < POOL; i++)
		n += t->child[i] && S_ISDIR(t->child[i]->type);
	return n;
}

static void check_links(const struct stat *st, const struct thing *t,
			const char *name)
{
	long want = t->names;

	if (S_ISDIR(t->type)) {
		want = t->dead ? 0 : 2 + subdirs(t);
		if (!chance_has(&c, "dirlinks"))
			return;
	} else if (!chance_has(&c, "link") && !t->dead && want) {
		want = 1;
	}
	if (!want && !chance_has(&c, "nolinks"))
		return;
	if ((long)st->st_nlink != want)
		blame("%s: %ld links, not %ld", name, (long)st->st_nlink, want);
}

void check_thing(const struct stat *st, struct thing *t, const char *name)
{
	if ((st->st_mode & S_IFMT) != t->type)
		blame("%s: type %#o, not %#o", name, st->st_mode & S_IFMT,
		      t->type);
	if (!S_ISLNK(t->type) && chance_has(&c, "mode") &&
	    (st->st_mode & 07777) != t->mode)
		blame("%s: mode %#o, not %#o", name, st->st_mode & 07777,
		      t->mode);
	if (S_ISREG(t->type) && st->st_size != (off_t)strlen(t->text))
		blame("%s: size %lld, not %zu", name, (long long)st->st_size,
		      strlen(t->text));
	check_links(st, t, name);
	if (t->ino && t->ino != st->st_ino && chance_has(&c, "ino"))
		blame("%s: inode %lu, was %lu", name, (long)st->st_ino,
		      (long)t->ino);
	t->ino = st->st_ino;
	if (t->has_time && chance_has(&c, "time") &&
	    (st->st_mtim.tv_sec != t->time.tv_sec ||
	     (st->st_mtim.tv_nsec != t->time.tv_nsec && chance_has(&c, "ns"))))
		blame("%s: changed at %lld.%09ld, not %lld.%09ld", name,
		      (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		      (long long)t->time.tv_sec, t->time.tv_nsec);
}

void check_content(int fd, const struct thing *t, const char *name)
{
	char buf[64] = "";
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n != (ssize_t)strlen(t->text) || strcmp(buf, t->text) != 0)
		blame("%s holds \"%s\", not \"%s\"", name, buf, t->text);
	if (!chance_has(&c, "xattr") ||
	    (t->lost && !chance_has(&c, "xattr-unlinked")))
		return;
	memset(buf, 0, sizeof(buf));
	n = fgetxattr(fd, "user.a", buf, sizeof(buf) - 1);
	if (n < 0 && errno != ENODATA)
		blame("%s: fgetxattr", name);
	if (strcmp(buf, t->attr) != 0)
		blame("%s: attribute \"%s\", not \"%s\"", name, buf, t->attr);
}

static int number_of(const char *name)
{
	int i;

	for (i = 0; i < POOL; i++)
		if (strcmp(name, pool[i]) == 0)
			return i;
	blame("a name that nobody made: %s", name);
}

static void check_entry(const struct dirent *de, const struct thing *t)
{
	if (!t)
		blame("%s is listed, and was removed", de->d_name);
	if (de->d_type != DT_UNKNOWN && (mode_t)DTTOIF(de->d_type) != t->type)
		blame("%s is listed as %d", de->d_name, de->d_type);
}

void check_listing(int dirfd, struct thing *dir)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool seen[POOL] = { false };
	struct dirent *de;
	DIR *d;
	int i;

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		blame("opendir");
	while ((de = readdir(d))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		i = number_of(de->d_name);
		check_entry(de, dir->child[i]);
		if (seen[i])
			blame("%s is listed twice", de->d_name);
		seen[i] = true;
	}
	closedir(d);
	for (i = 0; i < POOL; i++)
		if (dir->child[i] && !seen[i])
			blame("%s is not listed", pool[i]);
}

static void check_child(int dirfd, struct thing *t, const char *name)
{
	char buf[300] = "";
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		blame("stat %s", name);
	check_thing(&st, t, name);
	if (S_ISLNK(t->type)) {
		if (readlinkat(dirfd, name, buf, sizeof(buf) - 1) < 0 ||
		    strcmp(buf, t->text) != 0)
			blame("%s -> \"%s\", not \"%s\"", name, buf, t->text);
		return;
	}
	if (!S_ISREG(t->type) && !S_ISDIR(t->type))
		return;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		blame("open %s", name);
	if (S_ISDIR(t->type))
		check_tree(fd, t);
	else
		check_content(fd, t, name);
	close(fd);
}

void check_tree(int dirfd, struct thing *dir)
{
	struct stat st;
	int i;

	check_listing(dirfd, dir);
	for (i = 0; i < POOL; i++) {
		if (dir->child[i])
			check_child(dirfd, dir->child[i], pool[i]);
		else if (fstatat(dirfd, pool[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			blame("%s is there", pool[i]);
	}
}
