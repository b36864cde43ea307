// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusefat.c - FAT12, FAT16 and FAT32 images as a FUSE program
 *
 * umfusefat [-o options] IMAGE MOUNTPOINT
 */
#include "fat.h"

#include "../umfuse/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* The command line taken apart; NULL: not given. */
struct start {
	struct fat fs;
	char *uid;
	char *gid;
	char *umask;
	char *fmask;
	char *dmask;
	int readonly;
};

static struct fat *the_fat(void)
{
	return &((struct start *)fuse_get_context()->private_data)->fs;
}

static struct fat_file *file_of(const struct fuse_file_info *fi)
{
	return fi ? (struct fat_file *)(uintptr_t)fi->fh : NULL;
}

/* By an open file, whose path may be gone, or by path. */
static int find(const char *path, const struct fuse_file_info *fi,
		struct fat_entry *out)
{
	const struct fat_file *f = file_of(fi);

	return f ? fat_read_entry(the_fat(), f->off, out)
		 : fat_find(the_fat(), path, out);
}

static uint64_t directory_size(struct fat *fs, uint32_t first)
{
	struct fat_dir *d = NULL;

	if (fat_load_dir(fs, first, &d) < 0)
		return 0;
	return d->clusters ? (uint64_t)d->nclusters * fs->cluster_size
			   : (uint64_t)d->nslots * FAT_SLOT;
}

static int count_subdirs(struct fat *fs, uint32_t first)
{
	struct fat_dir *d = NULL;
	int n = 2;

	if (fat_load_dir(fs, first, &d) < 0)
		return n;
	for (uint32_t i = 0; i < d->nnames; i++) {
		const struct fat_name *m = &d->names[i];
		size_t at = (size_t)(m->slot + m->nslots - 1) * FAT_SLOT;

		n += (d->slots[at + 11] & FAT_DIRECTORY) != 0;
	}
	return n;
}

static int op_getattr(const char *path, struct stat *out,
		      struct fuse_file_info *fi)
{
	struct fat *fs = the_fat();
	struct fat_entry e;
	int err = find(path, fi, &e);

	if (err)
		return err;
	out->st_uid = fs->uid;
	out->st_gid = fs->gid;
	out->st_blksize = fs->cluster_size;
	out->st_mtim = e.mtime;
	out->st_atim = e.atime;
	out->st_ctim = e.mtime;
	if (e.attr & FAT_DIRECTORY) {
		out->st_mode = S_IFDIR | (0777 & ~fs->dmask);
		out->st_nlink = (nlink_t)count_subdirs(fs, e.first);
		out->st_size = (off_t)directory_size(fs, e.first);
	} else {
		out->st_mode = S_IFREG | (0777 & ~fs->fmask);
		if (e.attr & FAT_READ_ONLY)
			out->st_mode &= ~0222u;
		out->st_nlink = 1;
		out->st_size = e.size;
	}
	out->st_blocks = (out->st_size + fs->cluster_size - 1) /
			 fs->cluster_size * (fs->cluster_size / 512);
	return 0;
}

static int op_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
		      off_t off, struct fuse_file_info *fi,
		      enum fuse_readdir_flags flags)
{
	struct fat_entry e;
	struct fat_dir *d = NULL;
	int err = fat_find(the_fat(), path, &e);

	(void)off;
	(void)fi;
	(void)flags;
	if (!err && !(e.attr & FAT_DIRECTORY))
		err = -ENOTDIR;
	if (!err)
		err = fat_load_dir(the_fat(), e.first, &d);
	if (err)
		return err;
	fill(buf, ".", NULL, 0, 0);
	fill(buf, "..", NULL, 0, 0);
	for (uint32_t i = 0; i < d->nnames; i++) {
		const struct fat_name *n = &d->names[i];
		size_t at = (size_t)(n->slot + n->nslots - 1) * FAT_SLOT;
		struct stat st = { .st_mode = d->slots[at + 11] & FAT_DIRECTORY
						      ? S_IFDIR
						      : S_IFREG };

		if (fill(buf, n->text, &st, 0, 0))
			break;
	}
	return 0;
}

/* ---- files ---- */

static int open_at(uint64_t off, struct fuse_file_info *fi)
{
	struct fat *fs = the_fat();
	struct fat_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->off = off;
	f->next = fs->files;
	fs->files = f;
	fi->fh = (uint64_t)(uintptr_t)f;
	return 0;
}

static int op_open(const char *path, struct fuse_file_info *fi)
{
	struct fat_entry e;
	int err = fat_find(the_fat(), path, &e);

	if (err)
		return err;
	if (e.attr & FAT_DIRECTORY)
		return -EISDIR;
	err = open_at(e.off, fi);
	if (!err && fi->flags & O_TRUNC)
		err = fat_resize(the_fat(), file_of(fi), 0);
	return err;
}

static int op_release(const char *path, struct fuse_file_info *fi)
{
	struct fat_file **at = &the_fat()->files;

	(void)path;
	while (*at && *at != file_of(fi))
		at = &(*at)->next;
	if (*at)
		*at = (*at)->next;
	free(file_of(fi));
	return 0;
}

static int op_read(const char *path, char *buf, size_t size, off_t off,
		   struct fuse_file_info *fi)
{
	(void)path;
	return (int)fat_read_file(the_fat(), file_of(fi), buf, size,
				  (uint64_t)off);
}

static int op_write(const char *path, const char *buf, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	(void)path;
	return (int)fat_write_file(the_fat(), file_of(fi), buf, size,
				   (uint64_t)off);
}

static int op_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	struct fat_file f = { 0 };
	struct fat_entry e;
	int err = find(path, fi, &e);

	if (err)
		return err;
	if (e.attr & FAT_DIRECTORY)
		return -EISDIR;
	f.off = e.off;
	return fat_resize(the_fat(), fi ? file_of(fi) : &f, (uint64_t)size);
}

static int op_fallocate(const char *path, int mode, off_t off, off_t len,
			struct fuse_file_info *fi)
{
	struct fat_entry e;
	int err = find(path, fi, &e);

	if (err)
		return err;
	if (mode)
		return -EOPNOTSUPP;
	if ((uint64_t)off + (uint64_t)len <= e.size)
		return 0;
	return fat_resize(the_fat(), file_of(fi), (uint64_t)(off + len));
}

static int op_fsync(const char *path, int datasync, struct fuse_file_info *fi)
{
	(void)path;
	(void)datasync;
	(void)fi;
	return fat_sync(the_fat());
}

/* ---- names ---- */

static int op_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	struct fat_entry e = { .attr = FAT_ARCHIVE };
	uint64_t off = 0;
	int err;

	if (!(mode & 0222))
		e.attr |= FAT_READ_ONLY;
	err = fat_make(the_fat(), path, &e, &off);
	return err ? err : open_at(off, fi);
}

static int op_mknod(const char *path, mode_t mode, dev_t rdev)
{
	struct fat_entry e = { .attr = FAT_ARCHIVE };
	uint64_t off = 0;

	(void)rdev;
	return S_ISREG(mode) ? fat_make(the_fat(), path, &e, &off) : -EPERM;
}

static int op_mkdir(const char *path, mode_t mode)
{
	(void)mode;
	return fat_make_dir(the_fat(), path);
}

static int op_unlink(const char *path)
{
	return fat_remove(the_fat(), path, false);
}

static int op_rmdir(const char *path)
{
	return fat_remove(the_fat(), path, true);
}

static int op_rename(const char *from, const char *to, unsigned int flags)
{
	if (flags & ~(unsigned int)RENAME_NOREPLACE)
		return -EINVAL;
	return fat_rename(the_fat(), from, to, !flags);
}

/* ---- attributes ---- */

/* All that FAT can keep is whether somebody may write. */
static int op_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	struct fat_entry e = { 0 };
	int err = fat_begin(the_fat());

	if (!err)
		err = find(path, fi, &e);
	if (err || e.attr & FAT_DIRECTORY)
		return err;
	e.attr &= (uint8_t)~FAT_READ_ONLY;
	if (!(mode & 0200))
		e.attr |= FAT_READ_ONLY;
	return fat_write_entry(the_fat(), &e);
}

static int op_chown(const char *path, uid_t uid, gid_t gid,
		    struct fuse_file_info *fi)
{
	const struct fat *fs = the_fat();

	(void)path;
	(void)fi;
	return (uid == (uid_t)-1 || uid == fs->uid) &&
			       (gid == (gid_t)-1 || gid == fs->gid)
		       ? 0
		       : -EPERM;
}

static void set_time(struct timespec *to, const struct timespec *from)
{
	if (from->tv_nsec == UTIME_NOW)
		fat_now(to);
	else if (from->tv_nsec != UTIME_OMIT)
		*to = *from;
}

static int op_utimens(const char *path, const struct timespec ts[2],
		      struct fuse_file_info *fi)
{
	struct fat_entry e;
	int err = fat_begin(the_fat());

	if (!err)
		err = find(path, fi, &e);
	if (err)
		return err;
	set_time(&e.atime, &ts[0]);
	set_time(&e.mtime, &ts[1]);
	return fat_write_entry(the_fat(), &e);
}

static int op_statfs(const char *path, struct statvfs *out)
{
	struct fat *fs = the_fat();
	int err = fat_count_free(fs);

	(void)path;
	memset(out, 0, sizeof(*out));
	out->f_bsize = fs->cluster_size;
	out->f_frsize = fs->cluster_size;
	out->f_blocks = fs->nclusters;
	out->f_bfree = err ? 0 : fs->free;
	out->f_bavail = out->f_bfree;
	out->f_namemax = FAT_MAX_NAME;
	return err;
}

static void *op_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->nullpath_ok = 1;
	return fuse_get_context()->private_data;
}

static const struct fuse_operations ops = {
	.init = op_init,
	.getattr = op_getattr,
	.readdir = op_readdir,
	.open = op_open,
	.create = op_create,
	.mknod = op_mknod,
	.release = op_release,
	.read = op_read,
	.write = op_write,
	.truncate = op_truncate,
	.fallocate = op_fallocate,
	.fsync = op_fsync,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.chmod = op_chmod,
	.chown = op_chown,
	.utimens = op_utimens,
	.statfs = op_statfs,
};

/* --- start --- */

#define OPT(text, member)                                                      \
	{                                                                      \
		text, offsetof(struct start, member), 1                        \
	}
#define NOTHING(text) FUSE_OPT_KEY(text, FUSE_OPT_KEY_DISCARD)

static const struct fuse_opt options[] = {
	OPT("uid=%s", uid),
	OPT("gid=%s", gid),
	OPT("umask=%s", umask),
	OPT("fmask=%s", fmask),
	OPT("dmask=%s", dmask),
	OPT("ro", readonly),
	FUSE_OPT_KEY("ro", FUSE_OPT_KEY_KEEP),
	NOTHING("rw+"),
	NOTHING("force"),
	/* of the kernel's file system, and so here in any case, or without use */
	NOTHING("utf8"),
	NOTHING("utf8=1"),
	NOTHING("iocharset="),
	NOTHING("codepage="),
	NOTHING("shortname="),
	NOTHING("check="),
	NOTHING("errors="),
	NOTHING("flush"),
	NOTHING("quiet"),
	NOTHING("discard"),
	FUSE_OPT_END,
};

static int parse_number(const char *name, const char *text, int base,
			unsigned int *out)
{
	unsigned long n;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	n = strtoul(text, &end, base);
	if (!errno && end != text && !*end && *text != '-' && n < UINT32_MAX &&
	    (base == 10 || n <= 0777)) {
		*out = (unsigned int)n;
		return 0;
	}
	fuse_log(FUSE_LOG_ERR, FAT_PROGRAM ": bad option %s=%s\n", name, text);
	return -EINVAL;
}

static int parse_values(struct start *s)
{
	int err;

	s->fs.uid = getuid();
	s->fs.gid = getgid();
	s->fs.fmask = 022;
	err = parse_number("uid", s->uid, 10, &s->fs.uid);
	if (!err)
		err = parse_number("gid", s->gid, 10, &s->fs.gid);
	if (!err)
		err = parse_number("umask", s->umask, 8, &s->fs.fmask);
	s->fs.dmask = s->fs.fmask;
	if (!err)
		err = parse_number("fmask", s->fmask, 8, &s->fs.fmask);
	if (!err)
		err = parse_number("dmask", s->dmask, 8, &s->fs.dmask);
	return err;
}

static int start(void *data, const char *source)
{
	struct start *s = data;
	int err = parse_values(s);

	s->fs.dirty = true;
	return err ? err : fat_open(&s->fs, source, s->readonly);
}

static int stop(void *data)
{
	return fat_close(&((struct start *)data)->fs);
}

static const char *const args[] = { "-s", NULL };

static const struct umfuse_program program = {
	.name = FAT_PROGRAM,
	.usage = "[-o options] image mountpoint",
	.options = options,
	.ops = &ops,
	.args = args,
	.start = start,
	.stop = stop,
};

int main(int argc, char *argv[])
{
	struct start s = { .uid = NULL };
	int ret = umfuse_program_run(&program, &s, argc, argv);

	free(s.uid);
	free(s.gid);
	free(s.umask);
	free(s.fmask);
	free(s.dmask);
	return ret;
}
