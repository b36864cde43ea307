// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * worm.c - what of a worm's store is not settled yet
 *
 * Content is written by who made the file, by the first descriptor that it was
 * opened by to be written (tar(1) makes some by mknod(2)), and by nobody after
 * that. Names and attributes come later: cp and tar date what they have
 * written, rsync gives it its name after that. So these are the maker's, the
 * process itself, as long as it lives; a file that is made over the number of a
 * removed one is its own maker's.
 *
 * A directory's times are nobody's, as they change with each new name in it. To
 * ask for the mode or owner that there is already is no change.
 *
 * Refused: until the file is closed, as rsync does all that afterwards; and for
 * some seconds, as nobody could rely on it.
 */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* When a process began, in ticks since the start of the machine; 0: unknown. */
static unsigned long long start_of(pid_t pid)
{
	static const int field = 22;
	char name[64];
	char text[1024];
	SHUT int fd = -1;
	const char *at;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* the second field, a name in parentheses, may have blanks */
	at = strrchr(text, ')');
	for (int i = 2; at && i < field; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

void viewfs_worm_made(struct viewfs *v, const char *real)
{
	struct viewfs_mark m = { .maker = um_caller()->pid };
	struct stat st;

	if (v->mode != VIEWFS_WORM || lstat(real, &st) < 0)
		return;
	m.since = start_of(m.maker);
	/* without memory it is settled at once */
	if (viewfs_marks_enter(&v->made, &st, &m) < 0)
		um_warn("viewfs: %s is settled already: %s", real,
			strerror(ENOMEM));
}

static bool is_own(struct viewfs *v, const struct viewfs_place *p,
		   struct stat *st, struct viewfs_mark *m)
{
	const pid_t pid = um_caller()->pid;

	return p->in_store && lstat(p->path, st) == 0 &&
	       viewfs_marks_get(&v->made, st, m) && m->maker == pid &&
	       m->since && m->since == start_of(pid);
}

int viewfs_worm_open(struct viewfs *v, const struct viewfs_place *p)
{
	struct viewfs_mark m;
	struct stat st;

	if (!is_own(v, p, &st, &m) || m.opened)
		return -EROFS;
	m.opened = true;
	return viewfs_marks_enter(&v->made, &st, &m);
}

int viewfs_worm_check(struct viewfs *v, const char *path)
{
	struct viewfs_place p;
	struct viewfs_mark m;
	struct stat st;

	/* of what is not there something else is said */
	if (v->mode != VIEWFS_WORM || viewfs_find(v, path, &p) < 0)
		return 0;
	return is_own(v, &p, &st, &m) ? 0 : -EROFS;
}

int viewfs_worm_check_move(struct viewfs *v, const char *from, const char *to)
{
	struct viewfs_place p;

	if (v->mode != VIEWFS_WORM)
		return 0;
	/* others may have files in it, whose names would change */
	if (viewfs_find(v, from, &p) == 0 && S_ISDIR(p.st.st_mode))
		return -EROFS;
	return viewfs_worm_check(v, to);
}

bool viewfs_worm_has(struct viewfs *v, const char *path, mode_t mode, uid_t uid,
		     gid_t gid)
{
	struct viewfs_place p;

	if (v->mode != VIEWFS_WORM || viewfs_find(v, path, &p) < 0)
		return false;
	return (mode == (mode_t)-1 || (p.st.st_mode & 07777) == mode) &&
	       (uid == (uid_t)-1 || p.st.st_uid == uid) &&
	       (gid == (gid_t)-1 || p.st.st_gid == gid);
}

bool viewfs_worm_is_dir(struct viewfs *v, const char *path)
{
	struct viewfs_place p;

	return v->mode == VIEWFS_WORM && viewfs_find(v, path, &p) == 0 &&
	       S_ISDIR(p.st.st_mode);
}
