// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hostile.c - a FUSE daemon that answers wrongly, and a program that asks it
 *
 *	hostile DIR SEED ROUNDS
 *
 * It speaks the protocol by itself, through the view's /dev/fuse. Most answers
 * are right, so that the program gets somewhere; the others have wrong lengths,
 * numbers, names, types, errors, come late, twice or not at all. Each round is
 * a mount; the daemon may end in the midst of it. Whatever happens, the program
 * gets its answers and the session goes on. The kernel is not to be tried so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BUF   (1 << 18)
#define CALLS 120
#define LATER 32

static unsigned int seed;
static int dev;
static char in[BUF];
static char out[BUF];

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static bool one_in(unsigned int n)
{
	return rnd(n) == 0;
}

static uint64_t odd_number(void)
{
	static const uint64_t odd[] = { 0,
					1,
					2,
					0x7fffffff,
					0x80000000,
					0xffffffff,
					1ull << 40,
					INT64_MAX,
					1ull << 63,
					UINT64_MAX,
					UINT64_MAX - 511 };

	return one_in(3) ? rnd(64) : odd[rnd(sizeof(odd) / sizeof(odd[0]))];
}

/* ---- answers that are right ---- */

/* What kind of node a number is follows from the number. */
static uint32_t mode_of(uint64_t id)
{
	if (one_in(60))
		return (uint32_t)odd_number();
	if (id == FUSE_ROOT_ID || id % 4 == 0)
		return S_IFDIR | 0777;
	return (id % 4 == 3 ? S_IFLNK : S_IFREG) | 0777;
}

static void fill_attr(uint64_t id, struct fuse_attr *a)
{
	memset(a, 0, sizeof(*a));
	a->ino = one_in(20) ? odd_number() : id;
	a->size = one_in(30) ? odd_number() : rnd(20000);
	a->mode = mode_of(id);
	a->nlink = 1 + rnd(2);
	a->blksize = one_in(20) ? (uint32_t)odd_number() : 4096;
	a->mtimensec = one_in(20) ? (uint32_t)odd_number() : 0;
}

static void fill_entry(struct fuse_entry_out *e)
{
	memset(e, 0, sizeof(*e));
	e->nodeid = one_in(15) ? odd_number() : 2 + rnd(24);
	e->generation = rnd(2);
	e->entry_valid = one_in(2) ? 0 : odd_number();
	e->attr_valid = one_in(2) ? 0 : odd_number();
	fill_attr(e->nodeid, &e->attr);
}

static void fill_dirent(struct fuse_dirent *d, uint64_t off, size_t *name)
{
	static const char *const names[] = { "a", "b", "..", ".", "a/b",
					     "",  "d", "l",  "c", "/" };
	const char *text = names[rnd(sizeof(names) / sizeof(names[0]))];

	d->ino = rnd(30);
	d->off = one_in(10) ? odd_number() : off;
	d->type = one_in(10) ? (uint32_t)odd_number() : DT_REG;
	*name = strlen(text);
	if (one_in(4)) {
		*name = 1 + rnd(300);
		memset(d->name, 'n', *name);
		d->name[*name - 1] = "\0abcdefgh"[one_in(4) ? 0 : 1 + rnd(8)];
	} else {
		memcpy(d->name, text, *name);
	}
	d->namelen = one_in(20) ? (uint32_t)odd_number() : (uint32_t)*name;
}

static size_t listing(const struct fuse_read_in *ask, bool plus, char *to)
{
	size_t at = 0;
	size_t entries = ask->size / 600;

	if (ask->offset > 40 && !one_in(10))
		return 0;
	for (; entries && entries < 64 && !one_in(8); entries--) {
		struct fuse_direntplus *dp = (void *)(to + at);
		struct fuse_dirent *d = plus ? &dp->dirent : (void *)dp;
		size_t head =
			plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
		size_t len;

		if (plus)
			fill_entry(&dp->entry_out);
		fill_dirent(d, ask->offset + at / 24 + 1, &len);
		at += FUSE_DIRENT_ALIGN(head + len);
	}
	return at;
}

/* The body of a right answer; its length. */
static size_t answer(const struct fuse_in_header *head, const void *arg,
		     char *to)
{
	const struct fuse_read_in *io = arg;
	struct fuse_init_out *init = (void *)to;

	memset(to, 0, 512);
	switch (head->opcode) {
	case FUSE_INIT:
		init->major = FUSE_KERNEL_VERSION;
		init->minor = one_in(10) ? (uint32_t)odd_number() : 31;
		init->flags = one_in(2) ? UINT32_MAX : (uint32_t)rnd(1u << 23);
		init->max_write = one_in(4) ? (uint32_t)odd_number() : 65536;
		init->max_pages = (uint16_t)odd_number();
		return sizeof(*init);
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
		fill_entry((void *)to);
		return sizeof(struct fuse_entry_out);
	case FUSE_CREATE:
		fill_entry((void *)to);
		return sizeof(struct fuse_entry_out) +
		       sizeof(struct fuse_open_out);
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		fill_attr(head->nodeid, &((struct fuse_attr_out *)to)->attr);
		return sizeof(struct fuse_attr_out);
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		((struct fuse_open_out *)to)->open_flags = rnd(64);
		return sizeof(struct fuse_open_out);
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
		return listing(io, head->opcode == FUSE_READDIRPLUS, to);
	case FUSE_READ:
		return io->size < BUF / 2 ? io->size : BUF / 2;
	case FUSE_WRITE:
	case FUSE_COPY_FILE_RANGE:
		*(uint32_t *)(void *)to =
			one_in(8) ? (uint32_t)odd_number() : io->size;
		return sizeof(struct fuse_write_out);
	case FUSE_READLINK:
		memcpy(to, "a/b\0c", 6);
		return one_in(4) ? rnd(5000) : 3;
	case FUSE_STATFS:
		((struct fuse_statfs_out *)to)->st.bsize =
			(uint32_t)odd_number();
		return sizeof(struct fuse_statfs_out);
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		*(uint32_t *)(void *)to = (uint32_t)odd_number();
		return one_in(2) ? sizeof(struct fuse_getxattr_out) : rnd(300);
	case FUSE_LSEEK:
		*(uint64_t *)(void *)to = odd_number();
		return sizeof(struct fuse_lseek_out);
	case FUSE_IOCTL:
		*(uint32_t *)(void *)to = (uint32_t)odd_number();
		return sizeof(struct fuse_ioctl_out) + rnd(16);
	case FUSE_GETLK:
		((struct fuse_lk_out *)to)->lk.start = odd_number();
		((struct fuse_lk_out *)to)->lk.end = odd_number();
		((struct fuse_lk_out *)to)->lk.type = rnd(4);
		return sizeof(struct fuse_lk_out);
	default:
		return 0;
	}
}

/* ---- and what becomes of them ---- */

static uint64_t later[LATER];
static size_t nlater;

static void send_bytes(size_t len)
{
	/* what the monitor makes of it is what is tried */
	if (write(dev, out, len) < 0)
		return;
}

static void send_answer(uint64_t unique, int error, size_t body)
{
	struct fuse_out_header *head = (void *)out;

	head->unique = unique;
	head->error = error;
	head->len = (uint32_t)(sizeof(*head) + (error ? 0 : body));
	send_bytes(head->len);
}

/* A broken one; whoever waits gets a right one afterwards. */
static void send_broken(uint64_t unique, size_t body)
{
	struct fuse_out_header *head = (void *)out;
	size_t len = sizeof(*head) + body;

	head->unique = unique;
	head->error = 0;
	switch (rnd(6)) {
	case 0:
		len = rnd((unsigned int)len + 1);
		break;
	case 1:
		len += 1 + rnd(3000);
		break;
	case 2:
		head->unique = odd_number();
		break;
	case 3:
		head->error = (int)odd_number();
		break;
	case 4:
		for (int i = 0; i < 8 && body; i++)
			out[sizeof(*head) + rnd((unsigned int)body)] =
				(char)rnd(256);
		break;
	default:
		break;
	}
	head->len = one_in(6) ? (uint32_t)odd_number() : (uint32_t)len;
	send_bytes(len);
}

static void send_notification(void)
{
	static const int codes[] = { 1, 2, 3, 4, 5, 6, 7, 0, -1 };
	struct fuse_out_header *head = (void *)out;
	uint64_t *body = (void *)(head + 1);
	size_t len = sizeof(*head) + rnd(80);

	memset(out, 0, 200);
	for (int i = 0; i < 8; i++)
		body[i] = odd_number();
	body[0] = rnd(30);
	if (one_in(2))
		body[2] = (uint32_t)rnd(40);
	head->unique = 0;
	head->error = codes[rnd(9)];
	head->len = (uint32_t)len;
	send_bytes(len);
}

static bool has_answer(uint32_t opcode)
{
	return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET &&
	       opcode != FUSE_INTERRUPT && opcode != FUSE_NOTIFY_REPLY;
}

static void answer_later(void)
{
	while (nlater)
		send_answer(later[--nlater], one_in(2) ? -EIO : -EINTR, 0);
}

static void serve_one(void)
{
	const struct fuse_in_header *head = (const void *)in;
	size_t body;

	if (!has_answer(head->opcode))
		return;
	if (one_in(20))
		send_notification();
	if (head->opcode != FUSE_INIT && one_in(40) && nlater < LATER) {
		later[nlater++] = head->unique;
		return;
	}
	body = answer(head, head + 1, out + sizeof(struct fuse_out_header));
	if (one_in(6))
		send_broken(head->unique, body);
	body = answer(head, head + 1, out + sizeof(struct fuse_out_header));
	if (head->opcode == FUSE_DESTROY || !one_in(12))
		send_answer(head->unique, 0, body);
	else
		send_answer(head->unique,
			    one_in(4) ? -(int)rnd(600) : -(int)rnd(120), 0);
	if (one_in(20))
		send_answer(head->unique, 0, body);
}

/* Until the file system has ended, or n requests were served. */
static void serve(unsigned int n)
{
	struct pollfd p = { .fd = dev, .events = POLLIN };

	while (n--) {
		ssize_t got;

		if (poll(&p, 1, 100) == 0 || one_in(30))
			answer_later();
		if (!(p.revents & POLLIN))
			continue;
		got = read(dev, in, sizeof(in));
		if (got < 0 && errno != EINTR && errno != ENOENT)
			return;
		if (got >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one();
	}
}

/* ---- the program that asks ---- */

static void rung(int sig)
{
	(void)sig;
}

static const char *name(void)
{
	static const char *const names[] = { "a",   "b",     "c", "a/b", ".",
					     "d/e", "d/e/f", "n", "l",	 "d" };

	return names[rnd(sizeof(names) / sizeof(names[0]))];
}

static void list(void)
{
	DIR *d = opendir(name());
	int n = 0;

	while (d && readdir(d) && n++ < 500)
		;
	if (d)
		closedir(d);
}

static void use_file(int fd)
{
	struct flock fl = { .l_type = (short)rnd(3), .l_len = rnd(9) };
	char data[5000] = "";
	int value = 0;
	void *map;

	for (int i = 0; i < 4; i++) {
		switch (rnd(12)) {
		case 0:
			(void)!read(fd, data, sizeof(data));
			break;
		case 1:
			(void)!write(fd, data, rnd(sizeof(data)));
			break;
		case 2:
			(void)!pread(fd, data, 100, (off_t)odd_number());
			break;
		case 3:
			(void)!ftruncate(fd, rnd(9000));
			break;
		case 4:
			(void)fcntl(fd, one_in(3) ? F_GETLK : F_SETLK, &fl);
			break;
		case 5:
			(void)flock(fd,
				    LOCK_NB | (one_in(2) ? LOCK_EX : LOCK_UN));
			break;
		case 6:
			(void)lseek(fd, rnd(50),
				    one_in(2) ? SEEK_DATA : SEEK_HOLE);
			break;
		case 7:
			(void)ioctl(fd, _IOWR('x', 1, int), &value);
			break;
		case 8:
			(void)fsync(fd);
			break;
		case 9:
			map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
			if (map != MAP_FAILED)
				munmap(map, 4096);
			break;
		case 10:
			(void)copy_file_range(fd, &(off_t){ 0 }, fd,
					      &(off_t){ 9000 }, 100, 0);
			break;
		default:
			(void)fallocate(fd, (int)rnd(4), rnd(99), 1 + rnd(99));
			break;
		}
	}
}

static void call(void)
{
	char buf[300];
	struct stat st;
	struct statfs sf;
	int fd;

	switch (rnd(14)) {
	case 0:
		(void)stat(name(), &st);
		break;
	case 1:
		list();
		break;
	case 2:
		(void)mkdir(name(), 0700);
		break;
	case 3:
		(void)unlink(name());
		break;
	case 4:
		(void)rename(name(), name());
		break;
	case 5:
		(void)link(name(), name());
		break;
	case 6:
		(void)symlink("a/b", name());
		break;
	case 7:
		(void)!readlink(name(), buf, sizeof(buf));
		break;
	case 8:
		(void)getxattr(name(), "user.x", buf, one_in(2) ? 0 : 300);
		(void)listxattr(name(), buf, one_in(2) ? 0 : 300);
		break;
	case 9:
		(void)chmod(name(), rnd(01000));
		break;
	case 10:
		(void)statfs(name(), &sf);
		break;
	default:
		fd = open(name(),
			  (int)rnd(3) | (one_in(3) ? O_CREAT : 0) |
				  (one_in(8) ? O_TRUNC : 0),
			  0600);
		if (fd >= 0) {
			use_file(fd);
			close(fd);
		}
		break;
	}
}

static void ask(const char *dir)
{
	struct sigaction sa = { .sa_handler = rung };
	struct itimerval timer = { { 0, 300000 }, { 0, 300000 } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (chdir(dir) < 0)
		_exit(0);
	for (int i = 0; i < CALLS; i++)
		call();
	_exit(0);
}

static int round_of(const char *dir)
{
	char options[100];
	bool dies = one_in(5);
	pid_t child;
	int status;

	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0%s", dev,
		 one_in(3) ? ",default_permissions" : "");
	if (dev < 0 || mount("hostile", dir, "fuse", 0, options) < 0) {
		perror("mount");
		return 1;
	}
	child = fork();
	if (child == 0) {
		close(dev);
		seed = seed * 31 + 7;
		ask(dir);
	}
	if (dies) {
		serve(rnd(200));
		close(dev);
	} else {
		for (int i = 0;
		     i < 300 && waitpid(child, &status, WNOHANG) == 0; i++)
			serve(20);
	}
	kill(child, SIGKILL);
	umount2(dir, one_in(2) ? MNT_DETACH : MNT_FORCE);
	if (!dies)
		close(dev);
	nlater = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	umount2(dir, MNT_DETACH);
	return 0;
}

int main(int argc, char *argv[])
{
	int rounds = argc == 4 ? atoi(argv[3]) : 0;

	if (argc != 4)
		return 2;
	seed = (unsigned int)strtoul(argv[2], NULL, 10);
	for (int i = 0; i < rounds; i++) {
		unsigned int begun = seed;

		printf("round %d of seed %u\n", i, begun);
		fflush(stdout);
		if (round_of(argv[1]) != 0)
			return 1;
	}
	return 0;
}
