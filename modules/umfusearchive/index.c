// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index.c - the headers of an archive come to be a tree
 *
 * As when an archive is unpacked: a leading slash is dropped, a later entry of
 * the same name replaces the earlier. A name with ".." in it is left out: it
 * would be elsewhere when unpacked.
 */
#include "arc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct scan - what is found on the way
 * @left_out: entries that have no place in the tree
 */
struct scan {
	struct arc *a;
	struct archive *reader;
	struct archive_entry *entry;
	size_t left_out;
};

static bool is_part(const char *p, size_t n, const char *what)
{
	return n == strlen(what) && strncmp(p, what, n) == 0;
}

/* The directory below `dir`; made when it is missing. */
static struct node *enter(struct arc *a, struct node *dir, const char *text,
			  size_t n)
{
	struct name *name = tree_child(&a->tree, dir, text, n);
	struct node *node = name ? name->node : NULL;
	char *copy;

	if (node)
		return S_ISDIR(node->st.st_mode) ? node : NULL;
	copy = strndup(text, n);
	node = copy ? node_new(a, S_IFDIR | 0755) : NULL;
	if (node) {
		node->st.st_atim = node->st.st_mtim = node->st.st_ctim =
			a->st.st_mtim;
		node->implied = true;
		if (tree_add(a, dir, copy, node) < 0) {
			node_drop(a, node);
			node = NULL;
		}
	}
	free(copy);
	return node;
}

/*
 * Takes a path of the archive apart.
 * @last: gives; its last part, NULL for the root
 * Return: the directory it is in, NULL: there is no place for it.
 */
static struct node *find_place(struct arc *a, const char *path, char **last)
{
	struct node *dir = a->tree.root;
	const char *part = NULL;
	size_t part_n = 0;

	*last = NULL;
	while (dir && *path) {
		size_t n = strcspn(path, "/");

		if (is_part(path, n, ".."))
			return NULL;
		if (n && !is_part(path, n, ".")) {
			if (part)
				dir = enter(a, dir, part, part_n);
			part = path;
			part_n = n;
		}
		path += n + (path[n] == '/');
	}
	if (dir && part) {
		*last = strndup(part, part_n);
		if (!*last)
			dir = NULL;
	}
	return dir;
}

static void copy_times(struct node *node, struct archive_entry *e)
{
	struct timespec mtime = { .tv_sec = archive_entry_mtime(e),
				  .tv_nsec = archive_entry_mtime_nsec(e) };

	node->st.st_mtim = node->st.st_ctim = node->st.st_atim = mtime;
	if (archive_entry_atime_is_set(e)) {
		node->st.st_atim.tv_sec = archive_entry_atime(e);
		node->st.st_atim.tv_nsec = archive_entry_atime_nsec(e);
	}
	if (archive_entry_ctime_is_set(e)) {
		node->st.st_ctim.tv_sec = archive_entry_ctime(e);
		node->st.st_ctim.tv_nsec = archive_entry_ctime_nsec(e);
	}
}

static char *copy_text(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

static void copy_attributes(struct node *node, struct archive_entry *e)
{
	const char *name;
	const void *value;
	size_t size;

	node->st.st_mode =
		(node->st.st_mode & S_IFMT) | (archive_entry_perm(e) & 07777);
	node->st.st_uid = (uid_t)archive_entry_uid(e);
	node->st.st_gid = (gid_t)archive_entry_gid(e);
	copy_times(node, e);
	free(node->uname);
	free(node->gname);
	node->uname = copy_text(archive_entry_uname(e));
	node->gname = copy_text(archive_entry_gname(e));
	node->implied = false;
	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
		if (name)
			(void)!xattr_put(node, name, value, size);
}

/* Its contents are in the entry that was read last. */
static void set_contents(struct scan *s, struct node *node)
{
	struct arc *a = s->a;
	la_int64_t size = archive_entry_size(s->entry);

	if (node->archived && a->by_entry[node->entry] == node)
		a->by_entry[node->entry] = NULL;
	node->entry = a->nentries - 1;
	node->header = archive_read_header_position(s->reader);
	node->archived = true;
	node->sparse = archive_entry_sparse_count(s->entry) > 0;
	node->st.st_size = size > 0 ? size : 0;
	a->by_entry[node->entry] = node;
}

/* The header does not tell the size: the contents do. */
static int measure(struct scan *s, struct node *node)
{
	struct arc *a = s->a;
	const void *buf;
	size_t n;
	la_int64_t off;
	int err = 0, status;

	while (!err && (status = archive_read_data_block(
				s->reader, &buf, &n, &off)) != ARCHIVE_EOF) {
		if (status < ARCHIVE_WARN || off < 0)
			return -EIO;
		err = put_content(a, node, buf, n, (uint64_t)off);
		node->st.st_size = off + (la_int64_t)n;
	}
	node->filled = (uint64_t)node->st.st_size;
	return err;
}

static struct node *make_node(struct scan *s)
{
	mode_t type = archive_entry_filetype(s->entry);
	const char *link = archive_entry_symlink(s->entry);
	struct node *node = node_new(s->a, type ? type : S_IFREG);

	if (!node)
		return NULL;
	copy_attributes(node, s->entry);
	if (S_ISCHR(type) || S_ISBLK(type))
		node->st.st_rdev = archive_entry_rdev(s->entry);
	if (S_ISLNK(type)) {
		node->link = strdup(link ? link : "");
		node->st.st_size = node->link ? (off_t)strlen(node->link) : 0;
		node->st.st_mode |= 0777;
	}
	if (S_ISREG(node->st.st_mode))
		set_contents(s, node);
	return node;
}

static struct node *linked_node(struct scan *s, const char *to)
{
	struct arc *a = s->a;
	struct name *name;
	struct node *node = NULL, *dir;
	char *last;

	dir = find_place(a, to, &last);
	if (dir && last) {
		name = tree_child(&a->tree, dir, last, strlen(last));
		node = name ? name->node : NULL;
	}
	free(last);
	if (!node || S_ISDIR(node->st.st_mode))
		return NULL;
	/* cpio has the contents with the last of the names */
	if (archive_entry_size_is_set(s->entry) &&
	    archive_entry_size(s->entry) > 0 && S_ISREG(node->st.st_mode))
		set_contents(s, node);
	return node;
}

/* Return: 0, 1 left out, -errno */
static int add_entry(struct scan *s, struct node *dir, const char *last)
{
	struct arc *a = s->a;
	const char *to = archive_entry_hardlink(s->entry);
	struct name *old = tree_child(&a->tree, dir, last, strlen(last));
	struct node *node;
	int err = 0;

	if (old && S_ISDIR(old->node->st.st_mode)) {
		if (archive_entry_filetype(s->entry) != S_IFDIR)
			return 1;
		copy_attributes(old->node, s->entry);
		return 0;
	}
	node = to ? linked_node(s, to) : make_node(s);
	if (!node)
		return to ? 1 : -ENOMEM;
	if (old && old->node == node)
		return 0;
	if (old)
		tree_remove(a, old);
	if (!to && S_ISREG(node->st.st_mode) &&
	    !archive_entry_size_is_set(s->entry))
		err = measure(s, node);
	if (!err)
		err = tree_add(a, dir, last, node);
	if (err)
		node_drop(a, node);
	return err == -ENAMETOOLONG ? 1 : err;
}

static int count_entry(struct arc *a)
{
	struct node **grown;
	size_t room = a->room ? 2 * a->room : 1024;

	if (a->nentries >= a->max_entries)
		return -E2BIG;
	if (a->nentries == a->room) {
		grown = reallocarray(a->by_entry, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		a->by_entry = grown;
		a->room = room;
	}
	a->by_entry[a->nentries++] = NULL;
	return 0;
}

static int take_entry(struct scan *s)
{
	struct arc *a = s->a;
	const char *path = archive_entry_pathname(s->entry);
	struct node *dir;
	char *last = NULL;
	int ret = count_entry(a);

	if (ret)
		return ret;
	if (archive_entry_is_encrypted(s->entry))
		a->encrypted = true;
	dir = path ? find_place(a, path, &last) : NULL;
	if (!dir)
		ret = 1;
	else if (last)
		ret = add_entry(s, dir, last);
	else if (archive_entry_filetype(s->entry) == S_IFDIR)
		copy_attributes(a->tree.root, s->entry);
	free(last);
	if (ret > 0)
		s->left_out++;
	return ret < 0 ? ret : 0;
}

static void learn_format(struct arc *a, struct archive *r)
{
	int base;

	a->format = archive_format(r);
	base = a->format & ARCHIVE_FORMAT_BASE_MASK;
	/* the last is libarchive's own, for none */
	for (int i = 0; i < archive_filter_count(r) - 1 &&
			a->nfilters < (int)(sizeof(a->filters) / sizeof(int));
	     i++)
		a->filters[a->nfilters++] = archive_filter_code(r, i);
	a->solid = a->nfilters || base == ARCHIVE_FORMAT_7ZIP ||
		   base == ARCHIVE_FORMAT_RAR ||
		   base == ARCHIVE_FORMAT_RAR_V5 || base == ARCHIVE_FORMAT_CAB;
	a->direct = !a->nfilters &&
		    (base == ARCHIVE_FORMAT_TAR || base == ARCHIVE_FORMAT_CPIO);
}

static int scan_failed(struct scan *s, int err)
{
	const char *why = strerror(-err), *more;

	if (err == -E2BIG)
		why = "too many entries; see option entries=";
	else if (err == -EINVAL)
		why = "not an archive";
	more = err == -EINVAL || err == -EIO ? archive_error_string(s->reader)
					     : NULL;
	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: %s%s%s\n", s->a->path, why,
		 more ? ": " : "", more ? more : "");
	return err;
}

/* What could be read is shown; it cannot be written back. */
static int end_scan(struct scan *s, int status)
{
	struct arc *a = s->a;

	if (status != ARCHIVE_EOF && a->nentries == 0)
		return scan_failed(s, -EINVAL);
	learn_format(a, s->reader);
	if (status != ARCHIVE_EOF) {
		a->readonly = true;
		fuse_log(FUSE_LOG_ERR,
			 ARC_PROGRAM
			 ": %s: damaged after %zu entries, read-only: %s\n",
			 a->path, a->nentries, archive_error_string(s->reader));
	}
	if (s->left_out) {
		a->readonly = true;
		fuse_log(
			FUSE_LOG_ERR,
			ARC_PROGRAM
			": %s: %zu entries left out, read-only: names with `..', or links to nothing\n",
			a->path, s->left_out);
	}
	return 0;
}

int index_read(struct arc *a)
{
	struct scan s = { .a = a, .reader = source_reader(a, 0) };
	int err = 0, status = ARCHIVE_OK;

	if (!s.reader)
		return -EINVAL;
	while (!err) {
		status = archive_read_next_header(s.reader, &s.entry);
		if (status == ARCHIVE_EOF || status < ARCHIVE_WARN)
			break;
		err = take_entry(&s);
	}
	err = err ? scan_failed(&s, err) : end_scan(&s, status);
	archive_read_free(s.reader);
	return err;
}
