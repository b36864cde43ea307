// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuseramfile.c - a FUSE file system that is one regular file in memory
 *
 * umfuseramfile [-o size=N[k|m|g]] SOURCE MOUNTPOINT
 *
 * The root is the file. It has `size` bytes of room (4096), more when the
 * source, a file to begin with or "none", is longer. Writes are cut short at
 * the end of the room; a longer file is refused (EFBIG).
 */
#define FUSE_USE_VERSION 31

#include <fuse.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_ROOM 4096

struct ramfile {
	pthread_mutex_t lock;
	char *room_option;
	const char *source;
	const char *target;
	char *data;
	size_t room;
	struct stat st;
};

static struct ramfile *enter(void)
{
	struct ramfile *ram = fuse_get_context()->private_data;

	pthread_mutex_lock(&ram->lock);
	return ram;
}

static int leave(struct ramfile *ram, int ret)
{
	pthread_mutex_unlock(&ram->lock);
	return ret;
}

static int is_root(const char *path)
{
	return !path || strcmp(path, "/") == 0;
}

static void touch(struct ramfile *ram, int modified)
{
	clock_gettime(CLOCK_REALTIME, &ram->st.st_ctim);
	if (modified)
		ram->st.st_mtim = ram->st.st_ctim;
}

static int ramfile_getattr(const char *path, struct stat *out,
			   struct fuse_file_info *fi)
{
	struct ramfile *ram;

	(void)fi;
	if (!is_root(path))
		return -ENOENT;
	ram = enter();
	*out = ram->st;
	out->st_blocks = (ram->st.st_size + 511) / 512;
	return leave(ram, 0);
}

static int ramfile_chmod(const char *path, mode_t mode,
			 struct fuse_file_info *fi)
{
	struct ramfile *ram = enter();

	(void)path;
	(void)fi;
	ram->st.st_mode = S_IFREG | (mode & 07777);
	touch(ram, 0);
	return leave(ram, 0);
}

static int ramfile_chown(const char *path, uid_t uid, gid_t gid,
			 struct fuse_file_info *fi)
{
	struct ramfile *ram = enter();

	(void)path;
	(void)fi;
	if (uid != (uid_t)-1)
		ram->st.st_uid = uid;
	if (gid != (gid_t)-1)
		ram->st.st_gid = gid;
	touch(ram, 0);
	return leave(ram, 0);
}

static int ramfile_utimens(const char *path, const struct timespec ts[2],
			   struct fuse_file_info *fi)
{
	struct ramfile *ram = enter();
	struct timespec *to[2] = { &ram->st.st_atim, &ram->st.st_mtim };

	(void)path;
	(void)fi;
	for (int i = 0; i < 2; i++) {
		if (ts[i].tv_nsec == UTIME_NOW)
			clock_gettime(CLOCK_REALTIME, to[i]);
		else if (ts[i].tv_nsec != UTIME_OMIT)
			*to[i] = ts[i];
	}
	touch(ram, 0);
	return leave(ram, 0);
}

static int ramfile_truncate(const char *path, off_t size,
			    struct fuse_file_info *fi)
{
	struct ramfile *ram = enter();

	(void)path;
	(void)fi;
	if (size < 0)
		return leave(ram, -EINVAL);
	if ((size_t)size > ram->room)
		return leave(ram, -EFBIG);
	if (size < ram->st.st_size)
		memset(ram->data + size, 0, (size_t)(ram->st.st_size - size));
	ram->st.st_size = size;
	touch(ram, 1);
	return leave(ram, 0);
}

static int ramfile_open(const char *path, struct fuse_file_info *fi)
{
	if (!is_root(path))
		return -ENOENT;
	return (fi->flags & O_TRUNC) ? ramfile_truncate(path, 0, fi) : 0;
}

static int ramfile_read(const char *path, char *buf, size_t size, off_t off,
			struct fuse_file_info *fi)
{
	struct ramfile *ram = enter();
	size_t end = (size_t)ram->st.st_size;

	(void)path;
	(void)fi;
	if (off < 0 || (size_t)off >= end)
		return leave(ram, 0);
	if (size > end - (size_t)off)
		size = end - (size_t)off;
	memcpy(buf, ram->data + off, size);
	clock_gettime(CLOCK_REALTIME, &ram->st.st_atim);
	return leave(ram, (int)size);
}

static int ramfile_write(const char *path, const char *buf, size_t size,
			 off_t off, struct fuse_file_info *fi)
{
	struct ramfile *ram = enter();

	(void)path;
	(void)fi;
	if (off < 0 || (size_t)off >= ram->room)
		return leave(ram, 0);
	if (size > ram->room - (size_t)off)
		size = ram->room - (size_t)off;
	memcpy(ram->data + off, buf, size);
	if (off + (off_t)size > ram->st.st_size)
		ram->st.st_size = off + (off_t)size;
	touch(ram, 1);
	return leave(ram, (int)size);
}

static int ramfile_statfs(const char *path, struct statvfs *out)
{
	struct ramfile *ram = enter();

	(void)path;
	out->f_bsize = 1;
	out->f_frsize = 1;
	out->f_blocks = ram->room;
	out->f_bfree = ram->room - (size_t)ram->st.st_size;
	out->f_bavail = out->f_bfree;
	out->f_files = 1;
	out->f_namemax = 255;
	return leave(ram, 0);
}

static void *ramfile_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->nullpath_ok = 1;
	return fuse_get_context()->private_data;
}

static const struct fuse_operations ramfile_ops = {
	.init = ramfile_init,
	.getattr = ramfile_getattr,
	.chmod = ramfile_chmod,
	.chown = ramfile_chown,
	.utimens = ramfile_utimens,
	.truncate = ramfile_truncate,
	.open = ramfile_open,
	.read = ramfile_read,
	.write = ramfile_write,
	.statfs = ramfile_statfs,
};

/* --- start --- */

static int parse_room(const char *text, size_t *out)
{
	static const char units[] = "kmg";
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return -EINVAL;
	if (*end && strchr(units, *end | 0x20))
		shift = 10u * (unsigned int)(strchr(units, *end++ | 0x20) -
					     units + 1);
	if (*end || n > ((size_t)PTRDIFF_MAX >> shift))
		return -EINVAL;
	*out = (size_t)n << shift;
	return 0;
}

static int read_source(struct ramfile *ram, int fd)
{
	ssize_t n;

	while (ram->st.st_size < (off_t)ram->room) {
		n = read(fd, ram->data + ram->st.st_size,
			 ram->room - (size_t)ram->st.st_size);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		ram->st.st_size += n;
	}
	return 0;
}

/* Makes room, for the source at least. fd -1: there is none. */
static int fill(struct ramfile *ram, int fd)
{
	struct stat st;

	ram->st.st_mode = S_IFREG | 0666;
	if (fd >= 0) {
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode))
			return -EINVAL;
		ram->st.st_mode = st.st_mode;
		if ((size_t)st.st_size > ram->room)
			ram->room = (size_t)st.st_size;
	}
	ram->data = calloc(1, ram->room ? ram->room : 1);
	if (!ram->data)
		return -ENOMEM;
	return fd >= 0 ? read_source(ram, fd) : 0;
}

static int ramfile_load(struct ramfile *ram)
{
	int err, fd = -1;

	if (strcmp(ram->source, "none") != 0) {
		fd = open(ram->source, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	err = fill(ram, fd);
	if (fd >= 0)
		close(fd);
	ram->st.st_nlink = 1;
	ram->st.st_uid = getuid();
	ram->st.st_gid = getgid();
	ram->st.st_blksize = DEFAULT_ROOM;
	touch(ram, 1);
	ram->st.st_atim = ram->st.st_mtim;
	return err;
}

static const struct fuse_opt ramfile_options[] = {
	{ "size=%s", offsetof(struct ramfile, room_option), 0 },
	FUSE_OPT_END,
};

/* The first word is the source; the second stays for libfuse. */
static int ramfile_option(void *data, const char *arg, int key,
			  struct fuse_args *args)
{
	struct ramfile *ram = data;

	(void)args;
	if (key != FUSE_OPT_KEY_NONOPT || ram->target)
		return 1;
	if (!ram->source) {
		ram->source = arg;
		return 0;
	}
	ram->target = arg;
	return 1;
}

static int check_arguments(struct ramfile *ram)
{
	if (!ram->source || !ram->target) {
		fprintf(stderr,
			"usage: umfuseramfile [-o size=N[k|m|g]] source|none mountpoint\n");
		return -EINVAL;
	}
	ram->room = DEFAULT_ROOM;
	if (ram->room_option && parse_room(ram->room_option, &ram->room) < 0) {
		fprintf(stderr, "umfuseramfile: bad size: %s\n",
			ram->room_option);
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct ramfile ram = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int ret = 1, err;

	if (fuse_opt_parse(&args, &ram, ramfile_options, ramfile_option) == 0 &&
	    check_arguments(&ram) == 0) {
		err = ramfile_load(&ram);
		if (err)
			fprintf(stderr, "umfuseramfile: %s: %s\n", ram.source,
				strerror(-err));
		else
			ret = fuse_main(args.argc, args.argv, &ramfile_ops,
					&ram);
	}
	free(ram.data);
	free(ram.room_option);
	fuse_opt_free_args(&args);
	return ret;
}
