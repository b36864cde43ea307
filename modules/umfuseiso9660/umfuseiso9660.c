// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuseiso9660.c - ISO 9660 images as a FUSE program
 *
 * umfuseiso9660 [-o options] IMAGE MOUNTPOINT
 */
#include "iso.h"

#include "../umfuse/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct start - the command line taken apart
 */
struct start {
	struct iso iso;
	struct iso_options opt;
	char *mode;
	char *dmode;
	char *session;
	char *sector;
	char *map;
};

/* An open file. */
struct file {
	struct iso_node node;
	struct iso_unzip *unzip;
};

static struct iso *the_iso(void)
{
	return &((struct start *)fuse_get_context()->private_data)->iso;
}

static struct file *file_of(const struct fuse_file_info *fi)
{
	return (struct file *)(uintptr_t)fi->fh;
}

static int iso_getattr(const char *path, struct stat *out,
		       struct fuse_file_info *fi)
{
	struct iso_node node;
	int err;

	if (fi && fi->fh) {
		iso_node_stat(the_iso(), &file_of(fi)->node, out);
		return 0;
	}
	err = iso_find(the_iso(), path, &node);
	if (err)
		return err;
	iso_node_stat(the_iso(), &node, out);
	iso_node_fini(&node);
	return 0;
}

static int iso_readlink(const char *path, char *buf, size_t size)
{
	struct iso_node node;
	int err = iso_find(the_iso(), path, &node);

	if (err)
		return err;
	if (node.link)
		snprintf(buf, size, "%s", node.link);
	else
		err = -EINVAL;
	iso_node_fini(&node);
	return err;
}

static int iso_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
		       off_t off, struct fuse_file_info *fi,
		       enum fuse_readdir_flags flags)
{
	struct iso_node node;
	int err = iso_find(the_iso(), path, &node);

	(void)off;
	(void)fi;
	(void)flags;
	if (err)
		return err;
	err = S_ISDIR(node.mode) ? iso_list(the_iso(), &node, buf, fill)
				 : -ENOTDIR;
	iso_node_fini(&node);
	return err;
}

static void free_file(struct file *f)
{
	iso_unzip_close(f->unzip);
	iso_node_fini(&f->node);
	free(f);
}

static int open_node(struct file *f)
{
	if (S_ISDIR(f->node.mode))
		return -EISDIR;
	if (!S_ISREG(f->node.mode))
		return -EINVAL;
	if (f->node.zisofs)
		return iso_unzip_open(the_iso(), &f->node, &f->unzip);
	return 0;
}

static int iso_open_file(const char *path, struct fuse_file_info *fi)
{
	struct file *f;
	int err;

	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	err = iso_find(the_iso(), path, &f->node);
	if (err) {
		free(f);
		return err;
	}
	err = open_node(f);
	if (err) {
		free_file(f);
		return err;
	}
	fi->fh = (uint64_t)(uintptr_t)f;
	fi->keep_cache = 1;
	return 0;
}

static int iso_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	free_file(file_of(fi));
	return 0;
}

static int iso_read_file(const char *path, char *buf, size_t size, off_t off,
			 struct fuse_file_info *fi)
{
	struct file *f = file_of(fi);

	(void)path;
	if (off < 0)
		return -EINVAL;
	if (f->unzip)
		return (int)iso_unzip_read(the_iso(), &f->node, f->unzip,
					   (uint8_t *)buf, size, (uint64_t)off);
	return (int)iso_read_packed(the_iso(), &f->node, buf, size,
				    (uint64_t)off);
}

static int iso_statfs(const char *path, struct statvfs *out)
{
	const struct iso *iso = the_iso();

	(void)path;
	memset(out, 0, sizeof(*out));
	out->f_bsize = iso->block_size;
	out->f_frsize = iso->block_size;
	out->f_blocks = iso->blocks;
	out->f_namemax = 255;
	out->f_flag = ST_RDONLY;
	return 0;
}

static void *iso_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->use_ino = 1;
	cfg->nullpath_ok = 1;
	return fuse_get_context()->private_data;
}

static const struct fuse_operations iso_ops = {
	.init = iso_init,
	.getattr = iso_getattr,
	.readlink = iso_readlink,
	.readdir = iso_readdir,
	.open = iso_open_file,
	.release = iso_release,
	.read = iso_read_file,
	.statfs = iso_statfs,
};

/* --- start --- */

#define OPT(text, member, value)                                               \
	{                                                                      \
		text, offsetof(struct start, member), value                    \
	}

static const struct fuse_opt options[] = {
	OPT("norock", opt.norock, 1),
	OPT("nojoliet", opt.nojoliet, 1),
	OPT("mode=%s", mode, 0),
	OPT("dmode=%s", dmode, 0),
	OPT("session=%s", session, 0),
	OPT("sbsector=%s", sector, 0),
	OPT("map=%s", map, 0),
	/* of the kernel's file system, and so here in any case */
	FUSE_OPT_KEY("utf8", FUSE_OPT_KEY_DISCARD),
	FUSE_OPT_KEY("iocharset=utf8", FUSE_OPT_KEY_DISCARD),
	FUSE_OPT_KEY("check=", FUSE_OPT_KEY_DISCARD),
	FUSE_OPT_END,
};

static int parse_number(const char *name, const char *text, int base,
			long long max, long long *out)
{
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*out = strtoll(text, &end, base);
	if (!errno && end != text && !*end && *out >= 0 && *out <= max)
		return 0;
	fuse_log(FUSE_LOG_ERR, ISO_PROGRAM ": bad option %s=%s\n", name, text);
	return -EINVAL;
}

static int parse_map(struct start *s)
{
	if (!s->map || strcmp(s->map, "normal") == 0 ||
	    strcmp(s->map, "n") == 0)
		return 0;
	s->opt.map_off = 1;
	if (strcmp(s->map, "off") == 0 || strcmp(s->map, "o") == 0)
		return 0;
	fuse_log(FUSE_LOG_ERR, ISO_PROGRAM ": bad option map=%s\n", s->map);
	return -EINVAL;
}

static int parse_values(struct start *s)
{
	long long mode = -1, dmode = -1, session = -1;
	int err = parse_number("mode", s->mode, 8, 07777, &mode);

	s->opt.sector = -1;
	if (!err)
		err = parse_number("dmode", s->dmode, 8, 07777, &dmode);
	if (!err)
		err = parse_number("session", s->session, 10, 999, &session);
	if (!err)
		err = parse_number("sbsector", s->sector, 10, UINT32_MAX,
				   &s->opt.sector);
	if (!err)
		err = parse_map(s);
	s->opt.mode = (int)mode;
	s->opt.dmode = (int)dmode;
	s->opt.session = (int)session;
	return err;
}

static int start(void *data, const char *source)
{
	struct start *s = data;
	int err = parse_values(s);

	return err ? err : iso_open(&s->iso, source, &s->opt);
}

static int stop(void *data)
{
	iso_close(&((struct start *)data)->iso);
	return 0;
}

static const char *const args[] = { "-oro", NULL };

static const struct umfuse_program program = {
	.name = ISO_PROGRAM,
	.usage = "[-o options] image mountpoint",
	.options = options,
	.ops = &iso_ops,
	.args = args,
	.start = start,
	.stop = stop,
};

int main(int argc, char *argv[])
{
	struct start s = { .mode = NULL };
	int ret = umfuse_program_run(&program, &s, argc, argv);

	free(s.mode);
	free(s.dmode);
	free(s.session);
	free(s.sector);
	free(s.map);
	return ret;
}
