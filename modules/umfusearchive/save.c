// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * save.c - the tree becomes a new archive
 *
 * It is written beside the old one and takes its place when it is whole and on
 * the disk; so whatever happens, there is a whole archive under the name. The
 * old one stays as NAME.orig, unless the option nobackup says otherwise.
 */
#include "arc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (1u << 20)

/**
 * struct out - a new archive that is being written
 * @path: grows and shrinks with the directory that is written
 */
struct out {
	struct arc *a;
	struct archive *writer;
	struct um_next_file *file;
	uint64_t at;
	uint8_t *buf;
	char path[PATH_MAX];
};

static la_ssize_t on_write(struct archive *writer, void *data, const void *buf,
			   size_t n)
{
	struct out *o = data;
	const char *from = buf;
	size_t done = 0;

	while (done < n) {
		ssize_t put = um_next_pwrite(o->file, from + done, n - done,
					     (off_t)o->at);

		if (put <= 0) {
			archive_set_error(writer, put < 0 ? (int)-put : EIO,
					  "write: %s",
					  strerror(put < 0 ? (int)-put : EIO));
			return ARCHIVE_FATAL;
		}
		done += (size_t)put;
		o->at += (uint64_t)put;
	}
	return (la_ssize_t)n;
}

/* What libarchive reads is not always what it writes. */
static int format_to_write(int format)
{
	switch (format & ARCHIVE_FORMAT_BASE_MASK) {
	case ARCHIVE_FORMAT_TAR:
		/* the one kind that has holes, attributes and large sizes */
		return ARCHIVE_FORMAT_TAR_PAX_RESTRICTED;
	case ARCHIVE_FORMAT_CPIO:
		return ARCHIVE_FORMAT_CPIO_SVR4_NOCRC;
	case ARCHIVE_FORMAT_ZIP:
	case ARCHIVE_FORMAT_7ZIP:
	case ARCHIVE_FORMAT_XAR:
		return format & ARCHIVE_FORMAT_BASE_MASK;
	default:
		return 0;
	}
}

/* An empty file becomes what its name says; NULL: out of memory or no way. */
static struct archive *make_writer(const struct arc *a)
{
	struct archive *w = archive_write_new();
	int err = ARCHIVE_OK;

	if (!w)
		return NULL;
	if (a->format == ARCHIVE_FORMAT_EMPTY) {
		err = archive_write_set_format_filter_by_ext_def(w, a->path,
								 ".tar");
	} else {
		err = archive_write_set_format(w, format_to_write(a->format));
		for (int i = a->nfilters; err >= ARCHIVE_WARN && i-- > 0;)
			err = archive_write_add_filter(w, a->filters[i]);
	}
	/* one way to write attributes, the one that tar knows */
	archive_write_set_format_option(w, "pax", "xattrheader", "SCHILY");
	/* a zip or 7z has no padding at its end */
	archive_write_set_bytes_in_last_block(w, 1);
	if (err >= ARCHIVE_WARN)
		return w;
	archive_write_free(w);
	return NULL;
}

bool can_save(struct arc *a)
{
	struct archive *w;

	if (a->format != ARCHIVE_FORMAT_EMPTY && !format_to_write(a->format))
		return false;
	w = make_writer(a);
	if (!w)
		return false;
	a->written = archive_format(w) & ARCHIVE_FORMAT_BASE_MASK;
	archive_write_free(w);
	return true;
}

static int failed(const struct out *o, int err)
{
	const char *why = archive_error_string(o->writer);

	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: cannot be written: %s\n",
		 o->a->path, why && err == -EIO ? why : strerror(-err));
	return err;
}

static struct archive_entry *make_entry(const struct out *o,
					const struct node *node)
{
	struct archive_entry *e = archive_entry_new();

	if (!e)
		return NULL;
	archive_entry_copy_stat(e, &node->st);
	archive_entry_copy_pathname(e, o->path);
	if (node->link)
		archive_entry_copy_symlink(e, node->link);
	archive_entry_copy_uname(e, node->uname);
	archive_entry_copy_gname(e, node->gname);
	archive_entry_unset_ctime(e);
	archive_entry_unset_atime(e);
	if (!S_ISREG(node->st.st_mode))
		archive_entry_set_size(e, 0);
	for (const struct xattr *x = node->xattrs; x; x = x->next)
		archive_entry_xattr_add_entry(e, x->name, x->value, x->size);
	return e;
}

/* Holes, for the formats that know them. */
static int add_holes(const struct out *o, struct archive_entry *e,
		     struct node *node)
{
	uint64_t size = (uint64_t)node->st.st_size, from = 0, at, n;
	int err = 0;

	if (!S_ISREG(node->st.st_mode) || !size)
		return 0;
	if (node->archived && !node->sparse)
		return 0;
	err = fetch(o->a, node, size);
	for (; !err && from < size && store_next(&node->data, from, &at, &n);
	     from = at + n) {
		if (n > size - at)
			n = size - at;
		archive_entry_sparse_add_entry(e, (la_int64_t)at,
					       (la_int64_t)n);
	}
	if (!err && from == 0)
		archive_entry_sparse_add_entry(e, (la_int64_t)size, 0);
	return err;
}

/*
 * The contents pass through the store; those that were not there before do not
 * stay.
 */
static int write_contents(struct out *o, struct node *node)
{
	struct arc *a = o->a;
	uint64_t size = (uint64_t)node->st.st_size;
	bool had = !node->archived || node->filled >= size;
	int err = 0;

	for (uint64_t at = 0; !err && at < size; at += PIECE) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		err = fetch(a, node, at + n);
		if (!err)
			err = store_read(&a->store, &node->data, o->buf, n, at);
		if (!err &&
		    archive_write_data(o->writer, o->buf, n) != (la_ssize_t)n)
			err = -EIO;
		if (!had)
			store_forget(&a->store, &node->data, at, at + n);
	}
	if (!had) {
		store_drop(&a->store, &node->data);
		node->filled = 0;
		if (a->cursor.node == node)
			a->cursor.node = NULL;
	}
	return err;
}

/* A second name of what is written already. */
static bool is_link(const struct out *o, const struct node *node)
{
	return !S_ISDIR(node->st.st_mode) && node->saved == o->a->saves;
}

static int write_node(struct out *o, struct node *node)
{
	struct archive_entry *e = make_entry(o, node);
	bool link = is_link(o, node);
	int status, err = 0;

	if (!e)
		return -ENOMEM;
	if (link) {
		archive_entry_copy_hardlink(e, node->path);
		archive_entry_unset_size(e);
	} else if (node->st.st_nlink > 1 && !S_ISDIR(node->st.st_mode)) {
		free(node->path);
		node->path = strdup(o->path);
		node->saved = node->path ? o->a->saves : 0;
	}
	if (!link)
		err = add_holes(o, e, node);
	status = err ? ARCHIVE_FATAL : archive_write_header(o->writer, e);
	archive_entry_free(e);
	if (status == ARCHIVE_FAILED) {
		fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: left out: %s\n",
			 o->path, archive_error_string(o->writer));
		return 0;
	}
	if (status < ARCHIVE_WARN)
		return err ? err : -EIO;
	if (!link && S_ISREG(node->st.st_mode))
		err = write_contents(o, node);
	return err;
}

static int write_dir(struct out *o, struct node *dir);

static int write_name(struct out *o, const struct name *name)
{
	size_t used = strlen(o->path), n = strlen(name->text);
	struct node *node = name->node;
	int err = 0;

	if (used + n + 2 > sizeof(o->path))
		return -ENAMETOOLONG;
	if (used)
		o->path[used++] = '/';
	memcpy(o->path + used, name->text, n + 1);
	if (!node->implied)
		err = write_node(o, node);
	if (!err && S_ISDIR(node->st.st_mode))
		err = write_dir(o, node);
	o->path[used ? used - 1 : 0] = '\0';
	return err;
}

static int write_dir(struct out *o, struct node *dir)
{
	int err = 0;

	for (const struct name *n = dir->first; !err && n; n = n->next)
		err = write_name(o, n);
	return err;
}

static int write_all(struct out *o)
{
	struct arc *a = o->a;
	int err = 0;

	a->saves++;
	archive_write_set_bytes_per_block(o->writer, 65536);
	if (archive_write_open(o->writer, o, NULL, on_write, NULL) !=
	    ARCHIVE_OK)
		return -EIO;
	if (!a->tree.root->implied) {
		memcpy(o->path, ".", 2);
		err = write_node(o, a->tree.root);
		o->path[0] = '\0';
	}
	if (!err)
		err = write_dir(o, a->tree.root);
	if (!err && archive_write_close(o->writer) < ARCHIVE_WARN)
		err = -EIO;
	return err;
}

static int write_file(struct arc *a, const char *path)
{
	struct out *o = calloc(1, sizeof(*o));
	int err = -ENOMEM;

	if (!o)
		return -ENOMEM;
	o->a = a;
	o->buf = malloc(PIECE);
	o->writer = make_writer(a);
	if (o->buf && o->writer)
		err = um_next_open(a->next, path, O_RDWR | O_CREAT | O_TRUNC,
				   0600, &o->file);
	if (!err)
		err = write_all(o);
	if (!err)
		err = um_next_fsync(o->file, false);
	if (err)
		failed(o, err);
	archive_write_free(o->writer);
	if (o->file)
		um_next_close(o->file);
	free(o->buf);
	free(o);
	return err;
}

/* The first save keeps the archive as it was at mount. */
static int keep_old(struct arc *a)
{
	char *orig;
	int err;

	if (a->nobackup || a->backed_up)
		return 0;
	if (asprintf(&orig, "%s.orig", a->path) < 0)
		return -ENOMEM;
	um_next_unlink(a->next, orig);
	err = um_next_link(a->next, a->path, orig);
	/* a file system without hard links */
	if (err == -EPERM || err == -EOPNOTSUPP || err == -ENOSYS)
		err = um_next_rename(a->next, a->path, orig, 0);
	a->backed_up = err == 0;
	free(orig);
	return err;
}

static int replace(struct arc *a, const char *path)
{
	int err = um_next_chmod(a->next, path, a->st.st_mode & 07777);

	if (!err)
		err = keep_old(a);
	if (!err)
		err = um_next_rename(a->next, path, a->path, 0);
	if (!err)
		(void)source_lock(a);
	else
		fuse_log(
			FUSE_LOG_ERR,
			ARC_PROGRAM
			": %s: cannot be replaced: %s; the new archive is %s\n",
			a->path, strerror(-err), path);
	return err;
}

static int save_as_new(struct arc *a)
{
	char *path;
	int err;

	if (asprintf(&path, "%s.%d.new", a->path, (int)getpid()) < 0)
		return -ENOMEM;
	err = write_file(a, path);
	if (err)
		um_next_unlink(a->next, path);
	else
		err = replace(a, path);
	free(path);
	a->dirty = err != 0;
	return err;
}

/* Names are UTF-8 for libarchive in this thread, whichever it is. */
int save(struct arc *a)
{
	locale_t old;
	int err;

	if (!a->dirty || a->readonly)
		return 0;
	old = a->utf8 ? uselocale(a->utf8) : NULL;
	err = save_as_new(a);
	if (a->utf8)
		uselocale(old);
	return err;
}
