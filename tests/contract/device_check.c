// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * device_check.c - what every block device does
 *
 * usage: device_check DEVICE
 *
 * What is on the device is lost. The same program passes on a loop device of
 * the kernel: devices.sh runs it there too, where it may.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path;
static uint64_t size;
static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("line %d: %s (errno %d: %s)\n", __LINE__,       \
			       #cond, errno, strerror(errno));                 \
			failures++;                                            \
		}                                                              \
	} while (0)

#define FAILS(call, err)                                                       \
	do {                                                                   \
		long _ret;                                                     \
		errno = 0;                                                     \
		_ret = (long)(call);                                           \
		if (_ret != -1 || errno != (err)) {                            \
			printf("line %d: %s = %ld, errno %d; want %s\n",       \
			       __LINE__, #call, _ret, errno, #err);            \
			failures++;                                            \
		}                                                              \
	} while (0)

static int open_it(int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0) {
		printf("open %#x: %s\n", (unsigned int)flags, strerror(errno));
		exit(1);
	}
	return fd;
}

static void fill(char *buf, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(seed + i * 7);
}

static void attributes(void)
{
	int fd = open_it(O_RDONLY);
	struct stat st;
	struct stat fst;

	CHECK(stat(path, &st) == 0 && S_ISBLK(st.st_mode));
	CHECK(fstat(fd, &fst) == 0 && S_ISBLK(fst.st_mode));
	CHECK(st.st_rdev == fst.st_rdev && st.st_rdev);
	CHECK(st.st_size == 0 && fst.st_size == 0);
	CHECK(access(path, R_OK | W_OK) == 0);
	close(fd);
}

static void sizes(void)
{
	int fd = open_it(O_RDONLY);
	unsigned long sectors = 0;
	uint64_t seq = 0;
	int block = 0;
	unsigned int physical = 0;

	CHECK(ioctl(fd, BLKGETSIZE64, &size) == 0);
	CHECK(size >= 1 << 20);
	CHECK(ioctl(fd, BLKGETSIZE, &sectors) == 0 && sectors == size / 512);
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)size);
	CHECK(ioctl(fd, BLKSSZGET, &block) == 0);
	CHECK(block >= 512 && !(block & (block - 1)));
	CHECK(ioctl(fd, BLKPBSZGET, &physical) == 0 && (int)physical >= block);
	CHECK(ioctl(fd, BLKBSZGET, &block) == 0 && block >= 512);
	block = 3;
	FAILS(ioctl(fd, BLKBSZSET, &block), EINVAL);
	CHECK(ioctl(fd, _IOR(0x12, 128, __u64), &seq) == 0 && seq);
	FAILS(ioctl(fd, BLKGETSIZE64, (void *)1), EFAULT);
	CHECK(ioctl(fd, BLKROGET, &block) == 0 && block == 0);
	CHECK(ioctl(fd, 0x1234, 0) == -1 &&
	      (errno == ENOTTY || errno == EINVAL));
	close(fd);
}

static void data(void)
{
	char out[1000];
	char in[1000];
	char *bad = (char *)(uintptr_t)strtoul("1", NULL, 10);
	int fd = open_it(O_RDWR);
	int other = open_it(O_RDONLY);

	fill(out, sizeof(out), 1);
	CHECK(pwrite(fd, out, sizeof(out), 12345) == sizeof(out));
	CHECK(pread(other, in, sizeof(in), 12345) == sizeof(in));
	CHECK(!memcmp(in, out, sizeof(in)));
	CHECK(lseek(fd, 12345, SEEK_SET) == 12345);
	CHECK(read(fd, in, 10) == 10 && !memcmp(in, out, 10));
	CHECK(lseek(fd, 0, SEEK_CUR) == 12355);
	FAILS(write(other, out, 1), EBADF);
	FAILS(pread(fd, in, 1, -1), EINVAL);
	FAILS(read(fd, bad, 10), EFAULT);
	CHECK(fsync(fd) == 0 && fdatasync(other) == 0);
	close(other);
	close(fd);
	fd = open_it(O_WRONLY);
	FAILS(read(fd, in, 1), EBADF);
	CHECK(write(fd, out, 100) == 100);
	close(fd);
}

static void vectors(void)
{
	char a[600];
	char b[700];
	struct iovec v[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	int fd = open_it(O_RDWR);

	fill(a, sizeof(a), 3);
	fill(b, sizeof(b), 4);
	CHECK(pwritev(fd, v, 2, 4000) == sizeof(a) + sizeof(b));
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	CHECK(preadv(fd, v, 2, 4000) == sizeof(a) + sizeof(b));
	CHECK(a[0] == 3 && b[0] == 4);
	close(fd);
}

static void end_of_device(void)
{
	char buf[4096];
	int fd = open_it(O_RDWR);

	fill(buf, sizeof(buf), 5);
	CHECK(pread(fd, buf, 10, (off_t)size) == 0);
	CHECK(pread(fd, buf, 10, (off_t)size + 4096) == 0);
	CHECK(pread(fd, buf, sizeof(buf), (off_t)size - 100) == 100);
	FAILS(pwrite(fd, buf, 10, (off_t)size), ENOSPC);
	CHECK(pwrite(fd, buf, sizeof(buf), (off_t)size - 512) == 512);
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)size);
	close(fd);
	fd = open_it(O_RDWR | O_APPEND);
	/* there is nothing to append to */
	CHECK(write(fd, buf, 512) == 512 && lseek(fd, 0, SEEK_CUR) == 512);
	close(fd);
}

static void what_files_do(void)
{
	char byte;
	int fd = open_it(O_RDWR | O_CREAT | O_TRUNC);

	CHECK(lseek(fd, 0, SEEK_END) == (off_t)size);
	FAILS(ftruncate(fd, 0), EINVAL);
	FAILS(truncate(path, 0), EINVAL);
	FAILS(fallocate(fd, 0, 0, 4096), EOPNOTSUPP);
	FAILS(fallocate(fd, FALLOC_FL_ZERO_RANGE, 1, 4096), EINVAL);
	CHECK(pwrite(fd, "x", 1, 8192 + 4095) == 1);
	CHECK(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 8192,
			4096) == 0);
	CHECK(pread(fd, &byte, 1, 8192 + 4095) == 1 && byte == 0);
	FAILS(open(path, O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	FAILS(open(path, O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK(flock(fd, LOCK_EX) == 0);
	close(fd);
}

static void exclusive(void)
{
	int first = open_it(O_RDONLY | O_EXCL);
	int plain = open_it(O_RDWR);

	FAILS(open(path, O_RDONLY | O_EXCL), EBUSY);
	close(plain);
	close(first);
	first = open_it(O_RDWR | O_EXCL);
	close(first);
}

static void direct(void)
{
	int fd = open_it(O_RDWR | O_DIRECT);
	char *buf = NULL;

	CHECK(posix_memalign((void **)&buf, 4096, 8192) == 0);
	fill(buf, 4096, 9);
	CHECK(pwrite(fd, buf, 4096, 4096) == 4096);
	memset(buf, 0, 4096);
	CHECK(pread(fd, buf, 4096, 4096) == 4096 && buf[0] == 9);
	FAILS(pread(fd, buf, 100, 0), EINVAL);
	FAILS(pread(fd, buf, 4096, 100), EINVAL);
	free(buf);
	close(fd);
}

static void wiping(void)
{
	uint64_t range[2] = { 8192, 4096 };
	int fd = open_it(O_RDWR);
	int reader = open_it(O_RDONLY);
	char buf[12288];
	long ret;

	fill(buf, sizeof(buf), 1);
	CHECK(pwrite(fd, buf, sizeof(buf), 4096) == sizeof(buf));
	FAILS(ioctl(reader, BLKZEROOUT, range), EBADF);
	CHECK(ioctl(fd, BLKZEROOUT, range) == 0);
	CHECK(pread(reader, buf, sizeof(buf), 4096) == sizeof(buf));
	CHECK(buf[0] == 1 && buf[4095] && !buf[4096] && !buf[8191]);
	CHECK(buf[8192] == (char)(1 + 8192 * 7));
	range[0] = 1;
	FAILS(ioctl(fd, BLKZEROOUT, range), EINVAL);
	range[0] = size;
	FAILS(ioctl(fd, BLKZEROOUT, range), EINVAL);
	FAILS(ioctl(fd, BLKZEROOUT, (void *)1), EFAULT);
	range[0] = 4096;
	ret = ioctl(fd, BLKDISCARD, range);
	CHECK(ret == 0 || errno == EOPNOTSUPP);
	close(reader);
	close(fd);
}

static void maps(void)
{
	char byte = 0;
	int other = open_it(O_RDONLY);
	int fd = open_it(O_RDWR);
	char *map;

	CHECK(pwrite(fd, "m", 1, 1000) == 1);
	map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	if (map == MAP_FAILED)
		return;
	CHECK(map[1000] == 'm');
	map[5000] = 'w';
	CHECK(msync(map, 65536, MS_SYNC) == 0);
	CHECK(pread(other, &byte, 1, 5000) == 1 && byte == 'w');
	CHECK(pwrite(fd, "p", 1, 6000) == 1 && map[6000] == 'p');
	munmap(map, 65536);
	close(fd);
	close(other);
}

#define MAPPED 65536

static char *map_it(int fd, off_t off)
{
	char *map =
		mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, off);

	if (map != MAP_FAILED)
		return map;
	printf("mmap: %s\n", strerror(errno));
	exit(1);
}

static void share_with_a_child(char *one, char *two)
{
	pid_t pid = fork();

	if (pid == 0) {
		memcpy(two, "child", 6);
		_exit(pwrite(open_it(O_RDWR), "late", 4, 12288) != 4);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(!memcmp(one + 4096, "child", 5));
	CHECK(!memcmp(one + 12288, "late", 4));
}

/* Maps, and reads and writes by whatever descriptor, see one content. */
static void maps_are_one(void)
{
	uint64_t range[2] = { 16384, 4096 };
	int fd = open_it(O_RDWR);
	int other = open_it(O_RDWR);
	char *one = map_it(fd, 0);
	char *two = map_it(other, 4096);
	char buf[8] = "";

	memcpy(one + 5000, "stored", 6);
	CHECK(pread(other, buf, 6, 5000) == 6 && !memcmp(buf, "stored", 6));
	CHECK(pread(fd, buf, 6, 5000) == 6 && !memcmp(buf, "stored", 6));
	CHECK(!memcmp(two + 904, "stored", 6));
	CHECK(pwrite(other, "WRITES", 6, 5000) == 6);
	CHECK(!memcmp(one + 5000, "WRITES", 6));
	CHECK(pwrite(fd, "beyond", 6, MAPPED + 100) == 6);
	CHECK(!memcmp(two + MAPPED - 4096 + 100, "beyond", 6));
	share_with_a_child(one, two);
	one[16384] = 'x';
	CHECK(ioctl(fd, BLKZEROOUT, range) == 0);
	CHECK(one[16384] == 0 && pread(other, buf, 1, 16384) == 1 && !buf[0]);
	munmap(two, MAPPED);
	close(other);
	close(fd);
	memcpy(one + 20480, "mapped only", 12);
	munmap(one, MAPPED);
}

static bool reads_as(off_t off, const char *text)
{
	char buf[64] = "";
	int fd = open_it(O_RDONLY);
	ssize_t n = pread(fd, buf, strlen(text), off);

	close(fd);
	return n == (ssize_t)strlen(text) && !memcmp(buf, text, (size_t)n);
}

/* What was stored is there when nobody maps it any more. */
static void maps_stay(void)
{
	CHECK(reads_as(5000, "WRITES"));
	CHECK(reads_as(4096, "child"));
	CHECK(reads_as(12288, "late"));
	CHECK(reads_as(20480, "mapped only"));
	CHECK(reads_as(MAPPED + 100, "beyond"));
}

static void private_maps(void)
{
	int fd = open_it(O_RDONLY);
	char *map =
		mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	CHECK(map != MAP_FAILED && !memcmp(map + 5000, "WRITES", 6));
	if (map == MAP_FAILED)
		return;
	map[5000] = 'p';
	munmap(map, MAPPED);
	FAILS(mmap(NULL, MAPPED, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	close(fd);
	CHECK(reads_as(5000, "WRITES"));
}

static void descriptors(void)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	char link[64];
	char buf[512];
	int pipes[2];
	int copy;
	int fd = open_it(O_RDWR);

	p.fd = fd;
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT));
	copy = dup(fd);
	CHECK(lseek(fd, 777, SEEK_SET) == 777);
	CHECK(lseek(copy, 0, SEEK_CUR) == 777);
	close(copy);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	copy = open(link, O_RDONLY);
	CHECK(copy >= 0 && pread(copy, buf, 512, 0) == 512);
	close(copy);
	CHECK(readlink(link, buf, sizeof(buf)) > 0);
	CHECK(pwrite(fd, "send", 4, 0) == 4 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(pipe(pipes) == 0 && sendfile(pipes[1], fd, NULL, 4) == 4);
	CHECK(read(pipes[0], buf, 4) == 4 && !memcmp(buf, "send", 4));
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	path = argv[1];
	attributes();
	sizes();
	data();
	vectors();
	end_of_device();
	what_files_do();
	exclusive();
	direct();
	wiping();
	maps();
	maps_are_one();
	maps_stay();
	private_maps();
	descriptors();
	printf("%s: %d failures\n", path, failures);
	return failures != 0;
}
