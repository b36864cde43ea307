// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * source.c - libarchive reads the archive through the view beneath the mount
 *
 * Formats are named one by one. Left out: mtree, which speaks of files of the
 * host, and raw, which takes anything for an archive. So are filters that are
 * programs.
 */
#include "arc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536

int source_open(struct arc *a)
{
	struct source *s = &a->source;
	int err = um_next_open(a->next, a->path, O_RDONLY, 0, &s->file);

	/* from before the index is read: nobody writes a new one meanwhile */
	if (!err)
		err = um_next_lock(s->file, false);
	if (!err)
		err = um_next_fstat(s->file, &a->st);
	if (!err)
		err = um_next_size(s->file, &s->size);
	if (!err) {
		s->buf = malloc(CHUNK);
		err = s->buf ? 0 : -ENOMEM;
	}
	if (err)
		fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: %s\n", a->path,
			 strerror(-err));
	return err;
}

int source_lock(struct arc *a)
{
	struct um_next_file *now;
	int err = um_next_open(a->next, a->path, O_RDWR, 0, &now);

	if (!err) {
		err = um_next_lock(now, true);
		um_next_close(a->source.locked);
		a->source.locked = now;
	}
	if (err)
		fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: %s\n", a->path,
			 strerror(-err));
	return err;
}

void source_close(struct arc *a)
{
	um_next_close(a->source.locked);
	if (a->source.file)
		um_next_close(a->source.file);
	free(a->source.buf);
	a->source = (struct source){ 0 };
}

static la_ssize_t on_read(struct archive *reader, void *data, const void **out)
{
	struct source *s = data;
	ssize_t n =
		um_next_pread(s->file, s->buf, CHUNK, (off_t)(s->base + s->at));

	if (n < 0) {
		archive_set_error(reader, (int)-n, "read: %s",
				  strerror((int)-n));
		return ARCHIVE_FATAL;
	}
	s->at += (uint64_t)n;
	*out = s->buf;
	return n;
}

static la_int64_t on_skip(struct archive *reader, void *data, la_int64_t n)
{
	struct source *s = data;
	uint64_t left = s->size - s->base;

	(void)reader;
	left = left > s->at ? left - s->at : 0;
	if (n < 0)
		return 0;
	if ((uint64_t)n > left)
		n = (la_int64_t)left;
	s->at += (uint64_t)n;
	return n;
}

static la_int64_t on_seek(struct archive *reader, void *data, la_int64_t off,
			  int whence)
{
	struct source *s = data;
	int64_t from = 0;

	(void)reader;
	if (whence == SEEK_CUR)
		from = (int64_t)s->at;
	else if (whence == SEEK_END)
		from = (int64_t)(s->size - s->base);
	if (off < -from || off > INT64_MAX - from)
		return ARCHIVE_FATAL;
	s->at = (uint64_t)(from + off);
	return (la_int64_t)s->at;
}

static void support(struct archive *r)
{
	archive_read_support_format_tar(r);
	archive_read_support_format_zip(r);
	archive_read_support_format_7zip(r);
	archive_read_support_format_cpio(r);
	archive_read_support_format_iso9660(r);
	archive_read_support_format_rar(r);
	archive_read_support_format_rar5(r);
	archive_read_support_format_cab(r);
	archive_read_support_format_lha(r);
	archive_read_support_format_ar(r);
	archive_read_support_format_xar(r);
	archive_read_support_format_warc(r);
	archive_read_support_format_empty(r);
	archive_read_support_filter_bzip2(r);
	archive_read_support_filter_compress(r);
	archive_read_support_filter_gzip(r);
	archive_read_support_filter_lz4(r);
	archive_read_support_filter_lzip(r);
	archive_read_support_filter_lzma(r);
	archive_read_support_filter_xz(r);
	archive_read_support_filter_zstd(r);
	archive_read_support_filter_uu(r);
	archive_read_support_filter_rpm(r);
}

struct archive *source_reader(struct arc *a, uint64_t base)
{
	struct source *s = &a->source;
	struct archive *r = archive_read_new();

	if (!r)
		return NULL;
	support(r);
	if (a->charset)
		archive_read_set_option(r, NULL, "hdrcharset", a->charset);
	if (a->password)
		archive_read_add_passphrase(r, a->password);
	s->base = base;
	s->at = 0;
	archive_read_set_read_callback(r, on_read);
	archive_read_set_skip_callback(r, on_skip);
	archive_read_set_seek_callback(r, on_seek);
	archive_read_set_callback_data(r, s);
	if (archive_read_open1(r) == ARCHIVE_OK)
		return r;
	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: not an archive: %s\n",
		 a->path, archive_error_string(r));
	archive_read_free(r);
	return NULL;
}
