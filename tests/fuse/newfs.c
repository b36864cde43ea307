// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * newfs.c - a FUSE daemon of protocol 7.39, which Debian's libfuse is too old for
 *
 *	newfs [-w] [-s] DIR
 *
 * One directory of files in memory. It speaks the protocol by itself and has
 * what newer and rarer daemons have: STATX (not with -s), TMPFILE, POLL with
 * notifications, and with -w the write-back cache. newguest.py must see the same
 * with the kernel's FUSE and in a view.
 *
 *	ready	can be read once it was written to, as poll(2) tells; what is
 *		written but "out"... goes nowhere; "out" and "noout" say whether
 *		it can be written
 *	nonseekable..., stream...
 *		are opened so
 *	lists-no-name, lists-half
 *		while it is there, each listing ends wrongly
 *	log	what was asked since it was read last: a line a request
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MINOR	  39
#define MAX_WRITE (1u << 17)
#define BUF	  (MAX_WRITE + 4096)
#define MAX_FILES 64
#define MAX_SIZE  (8u << 20)
#define LOG_SIZE  65536
#define BIRTH	  1000000000

/* Newer than Debian's header. */
#define NEW_STATX 52
#define STATX_HAS 0xfffu /* STATX_BASIC_STATS and STATX_BTIME */

struct statx_out {
	uint64_t attr_valid;
	uint32_t attr_valid_nsec;
	uint32_t flags;
	uint64_t spare[2];
	uint32_t mask;
	uint32_t blksize;
	uint64_t attributes;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t spare0;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct {
		int64_t sec;
		uint32_t nsec;
		int32_t spare;
	} atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t spare2[14];
};

struct file {
	char *data;
	size_t size;
	struct timespec mtime;
	uint32_t mode;
	uint32_t nlink;
	bool used;
	char name[1025];
};

enum { ROOT, READY, LOG, FIRST };

static struct file files[MAX_FILES];
static int dev;
static bool writeback, no_statx;
static char in[BUF];
static char out[BUF];
static char text[LOG_SIZE];
static size_t text_len;
static bool can_read;
static bool can_write = true;
static uint64_t waiting;

#define INODE(f) ((uint64_t)((f)-files) + 1)

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
	va_list ap;

	if (text_len > LOG_SIZE - 256)
		return;
	va_start(ap, fmt);
	text_len += (size_t)vsnprintf(text + text_len, 256, fmt, ap);
	va_end(ap);
}

static struct file *file_of(uint64_t id)
{
	return id && id <= MAX_FILES && files[id - 1].used ? &files[id - 1]
							   : NULL;
}

static struct file *find(const char *name)
{
	for (int i = READY; i < MAX_FILES; i++)
		if (files[i].used && !strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

static void set_name(struct file *f, const char *name)
{
	memcpy(f->name, name, strnlen(name, sizeof(f->name) - 1) + 1);
	f->name[sizeof(f->name) - 1] = '\0';
}

static struct file *make(const char *name, uint32_t mode)
{
	int i = 0;

	while (i < MAX_FILES && files[i].used)
		i++;
	if (i == MAX_FILES)
		return NULL;
	files[i] = (struct file){ .used = true,
				  .mode = mode,
				  .nlink = name[0] ? 1 : 0 };
	set_name(&files[i], name);
	files[i].data = calloc(1, MAX_SIZE);
	clock_gettime(CLOCK_REALTIME, &files[i].mtime);
	return &files[i];
}

static void reply(const void *head, int error, const void *body, size_t n)
{
	struct fuse_out_header h = {
		.len = (uint32_t)(sizeof(h) + n),
		.error = error,
		.unique = ((const struct fuse_in_header *)head)->unique
	};
	struct iovec iov[2] = { { &h, sizeof(h) },
				{ (void *)(uintptr_t)body, n } };

	(void)!writev(dev, iov, n ? 2 : 1);
}

static void fill_attr(const struct file *f, struct fuse_attr *a)
{
	*a = (struct fuse_attr){ .ino = INODE(f),
				 .size = f->size,
				 .blocks = (f->size + 511) / 512,
				 .mode = f->mode,
				 .nlink = f->nlink,
				 .uid = getuid(),
				 .gid = getgid(),
				 .mtime = (uint64_t)f->mtime.tv_sec,
				 .mtimensec = (uint32_t)f->mtime.tv_nsec,
				 .blksize = 4096 };
}

static void fill_entry(const struct file *f, struct fuse_entry_out *e)
{
	*e = (struct fuse_entry_out){ .nodeid = INODE(f), .generation = 1 };
	fill_attr(f, &e->attr);
}

/* ---- requests ---- */

static void do_init(const void *head, const struct fuse_init_in *arg)
{
	struct fuse_init_out o = { .major = FUSE_KERNEL_VERSION,
				   .minor = MINOR,
				   .max_readahead = arg->max_readahead,
				   .max_background = 12,
				   .max_write = MAX_WRITE,
				   .time_gran = 1 };

	o.flags = arg->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES);
	o.max_pages = MAX_WRITE / 4096;
	if (writeback)
		o.flags |= arg->flags & FUSE_WRITEBACK_CACHE;
	reply(head, 0, &o, sizeof(o));
}

static void do_lookup(const void *head, const char *name)
{
	const struct file *f = find(name);
	struct fuse_entry_out e;

	if (!f) {
		reply(head, -ENOENT, NULL, 0);
		return;
	}
	fill_entry(f, &e);
	reply(head, 0, &e, sizeof(e));
}

static void do_getattr(const void *head, const struct file *f)
{
	struct fuse_attr_out o = { 0 };

	fill_attr(f, &o.attr);
	reply(head, 0, &o, sizeof(o));
}

static void do_statx(const void *head, const struct file *f)
{
	struct statx_out o = { .mask = STATX_HAS,
			       .blksize = 4096,
			       .nlink = f->nlink,
			       .uid = getuid(),
			       .gid = getgid(),
			       .mode = (uint16_t)f->mode,
			       .ino = INODE(f),
			       .size = f->size,
			       .blocks = (f->size + 511) / 512 };

	o.btime.sec = BIRTH + (f - files);
	o.btime.nsec = 5;
	o.mtime.sec = f->mtime.tv_sec;
	o.mtime.nsec = (uint32_t)f->mtime.tv_nsec;
	reply(head, no_statx ? -ENOSYS : 0, &o, no_statx ? 0 : sizeof(o));
}

static void do_setattr(const void *head, struct file *f,
		       const struct fuse_setattr_in *a)
{
	if ((a->valid & FATTR_SIZE) && a->size > MAX_SIZE) {
		reply(head, -EFBIG, NULL, 0);
		return;
	}
	if (a->valid & FATTR_SIZE) {
		note("size %llu\n", (unsigned long long)a->size);
		if (a->size > f->size)
			memset(f->data + f->size, 0, a->size - f->size);
		f->size = a->size;
	}
	if (a->valid & FATTR_MODE)
		f->mode = (f->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & FATTR_MTIME) {
		note("mtime\n");
		f->mtime.tv_sec = (time_t)a->mtime;
		f->mtime.tv_nsec = a->mtimensec;
	}
	do_getattr(head, f);
}

static uint32_t open_flags(const struct file *f)
{
	if (f == &files[READY] || f == &files[LOG])
		return FOPEN_DIRECT_IO;
	if (!strncmp(f->name, "nonseekable", 11))
		return FOPEN_NONSEEKABLE;
	return strncmp(f->name, "stream", 6) ? 0
					     : FOPEN_STREAM | FOPEN_DIRECT_IO;
}

/* CREATE, and TMPFILE, whose name is not to be heeded. */
static void do_create(const struct fuse_in_header *head,
		      const struct fuse_create_in *arg)
{
	bool tmp = head->opcode == FUSE_TMPFILE;
	const struct file *f = make(tmp ? "" : (const char *)(arg + 1),
				    S_IFREG | (arg->mode & 07777));
	struct {
		struct fuse_entry_out e;
		struct fuse_open_out o;
	} answer = { 0 };

	if (tmp)
		note("tmpfile %o%s\n", arg->mode,
		     arg->flags & O_EXCL ? " excl" : "");
	if (!f) {
		reply(head, -ENOSPC, NULL, 0);
		return;
	}
	fill_entry(f, &answer.e);
	answer.o.open_flags = open_flags(f);
	reply(head, 0, &answer, sizeof(answer));
}

static void do_link(const void *head, const struct fuse_link_in *arg)
{
	struct file *f = file_of(arg->oldnodeid);
	const char *name = (const char *)(arg + 1);
	struct fuse_entry_out e;

	/* a name each is all that a file has here */
	if (!f || f->name[0] || find(name)) {
		reply(head, f && !find(name) ? -EMLINK : -EEXIST, NULL, 0);
		return;
	}
	note("link %s\n", name);
	set_name(f, name);
	f->nlink = 1;
	fill_entry(f, &e);
	reply(head, 0, &e, sizeof(e));
}

static void do_unlink(const void *head, const char *name)
{
	struct file *f = find(name);

	if (f) {
		f->name[0] = '\0';
		f->nlink = 0;
	}
	reply(head, f ? 0 : -ENOENT, NULL, 0);
}

static void do_open(const void *head, const struct file *f)
{
	struct fuse_open_out o = { .fh = INODE(f) };

	o.open_flags = open_flags(f);
	reply(head, 0, &o, sizeof(o));
}

static void do_read(const void *head, struct file *f,
		    const struct fuse_read_in *arg)
{
	size_t at = arg->offset;
	size_t n;

	if (f == &files[LOG] && !at) {
		memcpy(f->data, text, text_len);
		f->size = text_len;
		text_len = 0;
	}
	if (f == &files[READY]) {
		at = 0;
		can_read = false;
	}
	n = at < f->size ? f->size - at : 0;
	n = n < arg->size ? n : arg->size;
	reply(head, 0, f->data + at, n);
	if (f == &files[READY])
		f->size = 0;
}

static void tell(void)
{
	struct fuse_notify_poll_wakeup_out w = { .kh = waiting };
	struct fuse_out_header h = { .len = sizeof(h) + sizeof(w),
				     .error = FUSE_NOTIFY_POLL };
	struct iovec iov[2] = { { &h, sizeof(h) }, { &w, sizeof(w) } };

	if (waiting)
		(void)!writev(dev, iov, 2);
	waiting = 0;
}

static void write_ready(const char *data, size_t n)
{
	struct file *f = &files[READY];

	if (n >= 5 && !memcmp(data, "noout", 5)) {
		can_write = false;
	} else if (n >= 3 && !memcmp(data, "out", 3)) {
		can_write = true;
	} else {
		memcpy(f->data, data, n);
		f->size = n;
		can_read = true;
	}
}

static void do_write(const void *head, struct file *f,
		     const struct fuse_write_in *arg)
{
	struct fuse_write_out o = { .size = arg->size };

	if (arg->offset + arg->size > MAX_SIZE) {
		reply(head, -EFBIG, NULL, 0);
		return;
	}
	if (f == &files[READY]) {
		write_ready((const char *)(arg + 1), arg->size);
	} else {
		note("write %llu %u\n", (unsigned long long)arg->offset,
		     arg->size);
		memcpy(f->data + arg->offset, arg + 1, arg->size);
		if (arg->offset + arg->size > f->size)
			f->size = arg->offset + arg->size;
		clock_gettime(CLOCK_REALTIME, &f->mtime);
	}
	reply(head, 0, &o, sizeof(o));
	if (f == &files[READY])
		tell();
}

static void do_poll(const void *head, const struct file *f,
		    const struct fuse_poll_in *arg)
{
	struct fuse_poll_out o = { .revents = POLLIN | POLLOUT };

	if (f == &files[READY]) {
		o.revents = (can_read ? POLLIN : 0) | (can_write ? POLLOUT : 0);
		if (arg->flags & FUSE_POLL_SCHEDULE_NOTIFY)
			waiting = arg->kh;
	}
	reply(head, 0, &o, sizeof(o));
}

/* What is wrong at the end of each reply while there is a file of that name. */
static size_t wrong_entry(char *to)
{
	struct fuse_dirent *d = (void *)to;

	*d = (struct fuse_dirent){ .ino = 1, .off = MAX_FILES };
	if (find("lists-no-name"))
		return FUSE_NAME_OFFSET;
	d->namelen = 100;
	return find("lists-half") ? FUSE_NAME_OFFSET + 8 : 0;
}

static void do_readdir(const void *head, const struct fuse_read_in *arg)
{
	size_t at = 0;

	for (uint64_t i = arg->offset + 1; i < MAX_FILES; i++) {
		struct fuse_dirent *d = (void *)(out + at);
		size_t len = strlen(files[i].name);

		if (!files[i].used || !len)
			continue;
		if (at + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + len) > arg->size)
			break;
		*d = (struct fuse_dirent){ .ino = i + 1,
					   .off = i,
					   .namelen = (uint32_t)len,
					   .type = S_IFREG >> 12 };
		memcpy(d->name, files[i].name, len);
		at += FUSE_DIRENT_SIZE(d);
	}
	at += wrong_entry(out + at);
	reply(head, 0, out, at);
}

static void on_file(const struct fuse_in_header *head, const void *arg)
{
	struct file *f = file_of(head->nodeid);

	if (!f) {
		reply(head, -ESTALE, NULL, 0);
		return;
	}
	switch (head->opcode) {
	case FUSE_GETATTR:
		do_getattr(head, f);
		break;
	case NEW_STATX:
		do_statx(head, f);
		break;
	case FUSE_SETATTR:
		do_setattr(head, f, arg);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		do_open(head, f);
		break;
	case FUSE_READ:
		do_read(head, f, arg);
		break;
	case FUSE_WRITE:
		do_write(head, f, arg);
		break;
	case FUSE_POLL:
		do_poll(head, f, arg);
		break;
	case FUSE_FLUSH:
	case FUSE_FSYNC:
		if (f >= files + FIRST)
			note(head->opcode == FUSE_FLUSH ? "flush\n"
							: "fsync\n");
		reply(head, 0, NULL, 0);
		break;
	default:
		reply(head, 0, NULL, 0);
		break;
	}
}

static void serve(const struct fuse_in_header *head)
{
	const void *arg = head + 1;

	switch (head->opcode) {
	case FUSE_INIT:
		do_init(head, arg);
		break;
	case FUSE_LOOKUP:
		do_lookup(head, arg);
		break;
	case FUSE_CREATE:
	case FUSE_TMPFILE:
		do_create(head, arg);
		break;
	case FUSE_LINK:
		do_link(head, arg);
		break;
	case FUSE_UNLINK:
		do_unlink(head, arg);
		break;
	case FUSE_READDIR:
		do_readdir(head, arg);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_GETATTR:
	case NEW_STATX:
	case FUSE_SETATTR:
	case FUSE_OPEN:
	case FUSE_OPENDIR:
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_POLL:
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_DESTROY:
		on_file(head, arg);
		break;
	default:
		reply(head, -ENOSYS, NULL, 0);
		break;
	}
}

static int mount_at(const char *dir)
{
	char data[128];

	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -1;
	snprintf(data, sizeof(data),
		 "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other", dev,
		 (int)getuid(), (int)getgid());
	return mount("newfs", dir, "fuse.newfs", MS_NOSUID | MS_NODEV, data);
}

int main(int argc, char *argv[])
{
	int opt;

	while ((opt = getopt(argc, argv, "ws")) != -1) {
		writeback = writeback || opt == 'w';
		no_statx = no_statx || opt == 's';
	}
	if (optind != argc - 1)
		return 2;
	(void)make("/", S_IFDIR | 0777);
	(void)make("ready", S_IFREG | 0666);
	(void)make("log", S_IFREG | 0666);
	files[ROOT].nlink = 2;
	if (mount_at(argv[optind]) < 0) {
		perror(argv[optind]);
		return 1;
	}
	if (daemon(0, 0) < 0)
		return 1;
	for (;;) {
		ssize_t n = read(dev, in, sizeof(in));

		if (n < 0 && errno == ENODEV)
			return 0;
		if (n < 0 && errno != EINTR && errno != ENOENT)
			return 1;
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve((const void *)in);
	}
}
