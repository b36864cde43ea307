// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mark.c - what a node of the store cannot say by itself
 *
 * An ordinary user may not give a file away, nor make a device; a copy has
 * another number than what it was copied from. What is to be shown instead is
 * the node's mark. In memory marks are found by the node's numbers: so they hold
 * for all its names, and for open descriptors.
 *
 * On the disk a mark is the extended attribute `user.viewfs.mark`, or, for a
 * node that cannot have one, a file of META with the node's name and the byte
 * 0xff: mode, uid, gid and device number in hexadecimal, eight characters each,
 * where a blank says "its own"; then what it was copied from.
 */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XATTR	 "user.viewfs.mark"
#define TEXT_MAX 80

int viewfs_marks_init(struct viewfs_marks *m)
{
	m->room = 256;
	m->table = calloc(m->room, sizeof(*m->table));
	if (!m->table)
		return -ENOMEM;
	return -pthread_mutex_init(&m->lock, NULL);
}

void viewfs_marks_fini(struct viewfs_marks *m)
{
	if (!m->table)
		return;
	for (size_t i = 0; i < m->room; i++)
		while (m->table[i]) {
			struct viewfs_mark *mark = m->table[i];

			m->table[i] = mark->next;
			free(mark);
		}
	free(m->table);
	pthread_mutex_destroy(&m->lock);
}

static struct viewfs_mark **slot_of(struct viewfs_marks *m, dev_t dev,
				    ino_t ino)
{
	struct viewfs_mark **at =
		&m->table[(ino * 0x9e3779b97f4a7c15u ^ dev) % m->room];

	while (*at && ((*at)->ino != ino || (*at)->dev != dev))
		at = &(*at)->next;
	return at;
}

static void grow(struct viewfs_marks *m)
{
	struct viewfs_mark **old = m->table;
	size_t room = m->room;
	struct viewfs_mark **table = calloc(room * 4, sizeof(*table));

	if (!table)
		return;
	m->table = table;
	m->room = room * 4;
	for (size_t i = 0; i < room; i++)
		while (old[i]) {
			struct viewfs_mark *mark = old[i];
			struct viewfs_mark **at;

			old[i] = mark->next;
			at = slot_of(m, mark->dev, mark->ino);
			mark->next = NULL;
			*at = mark;
		}
	free(old);
}

bool viewfs_marks_get(struct viewfs_marks *marks, const struct stat *st,
		      struct viewfs_mark *out)
{
	const struct viewfs_mark *m;

	pthread_mutex_lock(&marks->lock);
	m = *slot_of(marks, st->st_dev, st->st_ino);
	if (m)
		*out = *m;
	pthread_mutex_unlock(&marks->lock);
	return m != NULL;
}

bool viewfs_mark_get(struct viewfs *v, const struct stat *st,
		     struct viewfs_mark *out)
{
	return viewfs_marks_get(&v->marks, st, out);
}

void viewfs_mark_drop(struct viewfs *v, const struct stat *st)
{
	struct viewfs_mark **at;
	struct viewfs_mark *m;

	pthread_mutex_lock(&v->marks.lock);
	at = slot_of(&v->marks, st->st_dev, st->st_ino);
	m = *at;
	if (m) {
		*at = m->next;
		v->marks.count--;
	}
	pthread_mutex_unlock(&v->marks.lock);
	free(m);
}

int viewfs_marks_enter(struct viewfs_marks *marks, const struct stat *st,
		       const struct viewfs_mark *m)
{
	struct viewfs_mark **at;
	int ret = 0;

	pthread_mutex_lock(&marks->lock);
	if (marks->count > marks->room)
		grow(marks);
	at = slot_of(marks, st->st_dev, st->st_ino);
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		marks->count += *at != NULL;
	}
	if (*at) {
		struct viewfs_mark *next = (*at)->next;

		**at = *m;
		(*at)->next = next;
		(*at)->dev = st->st_dev;
		(*at)->ino = st->st_ino;
	} else {
		ret = -ENOMEM;
	}
	pthread_mutex_unlock(&marks->lock);
	return ret;
}

static int keep(struct viewfs *v, const struct stat *st,
		const struct viewfs_mark *m)
{
	um_fs_cover_node(st->st_dev, st->st_ino);
	return viewfs_marks_enter(&v->marks, st, m);
}

void viewfs_set_given(struct viewfs *v, int fd)
{
	const struct viewfs_mark m = { 0 };
	struct stat st;

	/* a file more or less: what is lost is a name in /proc */
	if (fd >= 0 && fstat(fd, &st) == 0)
		(void)!viewfs_marks_enter(&v->given, &st, &m);
}

bool viewfs_gave_any(struct viewfs *v)
{
	bool any;

	pthread_mutex_lock(&v->given.lock);
	any = v->given.count > 0;
	pthread_mutex_unlock(&v->given.lock);
	return any;
}

bool viewfs_was_given(struct viewfs *v, const char *below)
{
	struct viewfs_mark m;
	struct stat st;

	return lstat(below, &st) == 0 && viewfs_marks_get(&v->given, &st, &m);
}

static void put_field(char *to, bool set, unsigned int value)
{
	char text[9];

	snprintf(text, sizeof(text), "%08x", value);
	if (!set)
		memset(text, ' ', 8);
	for (int i = 0; i < 8; i++)
		to[i] = text[i];
}

static size_t to_text(const struct viewfs_mark *m, char text[TEXT_MAX])
{
	put_field(text, m->set & MARK_MODE, m->mode);
	put_field(text + 8, m->set & MARK_UID, m->uid);
	put_field(text + 16, m->set & MARK_GID, m->gid);
	put_field(text + 24, m->set & MARK_RDEV, (unsigned int)m->rdev);
	text[32] = '\0';
	if (m->set & MARK_FROM)
		snprintf(text + 32, TEXT_MAX - 32, "%16llx%16llx",
			 (unsigned long long)m->from_dev,
			 (unsigned long long)m->from_ino);
	return strlen(text);
}

static bool get_field(const char *from, unsigned int *value)
{
	char text[9];

	snprintf(text, sizeof(text), "%.8s", from);
	if (text[0] == ' ')
		return false;
	*value = (unsigned int)strtoul(text, NULL, 16);
	return true;
}

static void from_text(const char *text, size_t n, struct viewfs_mark *m)
{
	unsigned int value;
	char half[17];

	memset(m, 0, sizeof(*m));
	if (n >= 8 && get_field(text, &value)) {
		m->mode = value;
		m->set |= MARK_MODE;
	}
	if (n >= 16 && get_field(text + 8, &m->uid))
		m->set |= MARK_UID;
	if (n >= 24 && get_field(text + 16, &m->gid))
		m->set |= MARK_GID;
	if (n >= 32 && get_field(text + 24, &value)) {
		m->rdev = value;
		m->set |= MARK_RDEV;
	}
	if (n < 64)
		return;
	m->set |= MARK_FROM;
	snprintf(half, sizeof(half), "%.16s", text + 32);
	m->from_dev = strtoull(half, NULL, 16);
	snprintf(half, sizeof(half), "%.16s", text + 48);
	m->from_ino = strtoull(half, NULL, 16);
}

/* Names of META: those of the store, and the directories they lie in. */
static int note_name(struct viewfs *v, const char *path, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s" META "%s\xff", v->store, path);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void make_dirs(const struct viewfs *v, char *note)
{
	char *at = note + strlen(v->store) + strlen(META) + 1;

	for (at = strchr(at, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(note, 0700);
		*at = '/';
	}
}

static int write_note(struct viewfs *v, const char *path, const char *text,
		      size_t n)
{
	char note[PATH_MAX];
	SHUT int fd = -1;
	int ret = note_name(v, path, note);

	if (ret < 0)
		return ret;
	make_dirs(v, note);
	fd = open(note, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return write(fd, text, n) == (ssize_t)n ? 0 : -EIO;
}

int viewfs_mark_put(struct viewfs *v, const char *path, const char *real,
		    const struct stat *st, struct viewfs_mark *m)
{
	char text[TEXT_MAX];
	size_t n = to_text(m, text);
	int ret = -EOPNOTSUPP;

	if (!v->no_xattrs && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		ret = (int)SYS(lsetxattr(real, XATTR, text, n, 0));
	if (ret < 0 && path)
		ret = write_note(v, path, text, n);
	return ret < 0 ? ret : keep(v, st, m);
}

void viewfs_mark_load(struct viewfs *v, const char *real, const struct stat *st)
{
	char text[TEXT_MAX];
	struct viewfs_mark m;
	ssize_t n = -1;

	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		n = lgetxattr(real, XATTR, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	from_text(text, (size_t)n, &m);
	if (keep(v, st, &m) < 0)
		um_err("viewfs: out of memory");
}

void viewfs_mark_load_note(struct viewfs *v, const char *note, const char *path)
{
	SHUT int fd = open(note, O_RDONLY | O_CLOEXEC);
	char real[PATH_MAX];
	char text[TEXT_MAX];
	struct viewfs_mark m;
	struct stat st;
	ssize_t n;

	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0 || viewfs_join(real, v->store, path) < 0 ||
	    lstat(real, &st) < 0)
		return;
	text[n] = '\0';
	from_text(text, (size_t)n, &m);
	if (keep(v, &st, &m) < 0)
		um_err("viewfs: out of memory");
}

void viewfs_mark_move_notes(struct viewfs *v, const char *from, const char *to)
{
	char a[PATH_MAX];
	char b[PATH_MAX];

	if (note_name(v, from, a) < 0)
		return;
	if (!to) {
		unlink(a);
		return;
	}
	if (note_name(v, to, b) < 0)
		return;
	if (access(a, F_OK) == 0)
		make_dirs(v, b);
	if (rename(a, b) < 0)
		unlink(b);
	/* and of what is below */
	a[strlen(a) - 1] = '\0';
	b[strlen(b) - 1] = '\0';
	if (access(a, F_OK) == 0)
		make_dirs(v, b);
	rename(a, b);
}

bool viewfs_dress_st(struct viewfs *v, struct stat *st)
{
	struct viewfs_mark m;

	if (!v->store || !viewfs_mark_get(v, st, &m))
		return false;
	if (m.set & MARK_MODE) {
		if (m.mode & S_IFMT)
			st->st_mode &= ~(mode_t)S_IFMT;
		st->st_mode &= ~(mode_t)07777;
		st->st_mode |= m.mode;
	}
	if (m.set & MARK_UID)
		st->st_uid = m.uid;
	if (m.set & MARK_GID)
		st->st_gid = m.gid;
	if (m.set & MARK_RDEV)
		st->st_rdev = m.rdev;
	if (m.set & MARK_FROM) {
		st->st_dev = m.from_dev;
		st->st_ino = m.from_ino;
	}
	return true;
}

bool viewfs_dress(struct um_fs *fs, struct stat *st)
{
	return viewfs_dress_st(fs->priv, st);
}
