// SPDX-License-Identifier: GPL-2.0-or-later
/* getdents.c - getdents64(2): complete listings, positions, types */

#include "check.h"

#include <dirent.h>

enum { MANY = 1000 };

struct dent {
	unsigned long ino;
	long off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

struct seen {
	int count;
	int dots;
	int bad;
	unsigned char names[MANY];
	long last_off;
};

static void note_entry(struct seen *seen, const struct dent *de)
{
	int n = -1;

	seen->count++;
	seen->last_off = de->off;
	if (strcmp(de->name, ".") == 0 || strcmp(de->name, "..") == 0)
		seen->dots++;
	else if (sscanf(de->name, "f%d", &n) == 1 && n >= 0 && n < MANY)
		seen->names[n]++;
	else
		seen->bad++;
}

/* Reads until the end, or until @limit entries where it is not 0. */
static int list(int fd, size_t size, int limit, struct seen *seen)
{
	char buf[32768] __attribute__((aligned(8)));
	const struct dent *de;
	long n;
	long pos;

	do {
		n = sys_getdents64(fd, buf, size);
		for (pos = 0; pos < n; pos += de->reclen) {
			de = (const struct dent *)(const void *)(buf + pos);
			note_entry(seen, de);
			if (de->reclen < 20 || de->reclen % 8)
				return -2;
		}
		if (limit && seen->count >= limit)
			return 0;
	} while (n > 0);
	return (int)n;
}

static void make_many(void)
{
	int i;

	CHECK_OK(mkdir("d", 0755));
	for (i = 0; i < MANY; i++)
		t_put(t_fmt("d/f%d", i), "");
}

static void check_all_once(const struct seen *seen)
{
	int once = 0;
	int i;

	for (i = 0; i < MANY; i++)
		once += seen->names[i] == 1;
	CHECK_EQ(once, MANY);
	CHECK_EQ(seen->count, MANY + 2);
	CHECK_EQ(seen->dots, 2);
	CHECK_EQ(seen->bad, 0);
}

static void lists_all_once_with_any_buffer(void)
{
	static const size_t sizes[] = { 32, 100, 280, 4096, 32768 };
	struct seen seen;
	size_t i;
	int fd;

	make_many();
	for (i = 0; i < T_COUNT(sizes); i++) {
		memset(&seen, 0, sizeof(seen));
		fd = t_open("d", O_RDONLY | O_DIRECTORY);
		CHECK_EQ(list(fd, sizes[i], 0, &seen), 0);
		check_all_once(&seen);
		/* At its end it stays there, and starts anew after a rewind. */
		CHECK_EQ(list(fd, sizes[i], 0, &seen), 0);
		CHECK_EQ(seen.count, MANY + 2);
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		memset(&seen, 0, sizeof(seen));
		CHECK_EQ(list(fd, 4096, 0, &seen), 0);
		check_all_once(&seen);
		close(fd);
	}
}

static void position_can_be_kept_and_restored(void)
{
	struct seen head = { 0 };
	struct seen a = { 0 };
	struct seen b = { 0 };
	long here;
	int fd;

	make_many();
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(list(fd, 512, 300, &head), 0);
	here = lseek(fd, 0, SEEK_CUR);
	CHECK_EQ(here, head.last_off);
	CHECK_EQ(list(fd, 512, 0, &a), 0);
	CHECK_EQ(lseek(fd, here, SEEK_SET), here);
	CHECK_EQ(list(fd, 4096, 0, &b), 0);
	CHECK_EQ(a.count, b.count);
	CHECK_EQ(head.count + a.count, MANY + 2);
	CHECK_MEM(a.names, b.names, MANY);
}

static void telldir_and_seekdir(void)
{
	char name[256];
	DIR *dir;
	struct dirent *de;
	long here;
	int i;

	make_many();
	dir = opendir("d");
	if (!CHECK(dir != NULL) || !dir)
		return;
	for (i = 0; i < 500; i++)
		(void)!readdir(dir);
	here = telldir(dir);
	de = readdir(dir);
	CHECK(de != NULL);
	snprintf(name, sizeof(name), "%s", de ? de->d_name : "");
	for (i = 0; i < 100; i++)
		(void)!readdir(dir);
	seekdir(dir, here);
	de = readdir(dir);
	CHECK_STR(de ? de->d_name : "", name);
	rewinddir(dir);
	for (i = 0; readdir(dir); i++)
		;
	CHECK_EQ(i, MANY + 2);
	closedir(dir);
}

static void duplicates_share_the_position(void)
{
	struct seen a = { 0 };
	struct seen b = { 0 };
	int fd;
	int two;
	pid_t pid;

	make_many();
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	two = dup(fd);
	CHECK_EQ(list(fd, 512, 100, &a), 0);
	CHECK_EQ(list(two, 512, 100, &a), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), lseek(two, 0, SEEK_CUR));
	pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(list(fd, 4096, 0, &b), 0);
		CHECK_EQ(a.count + b.count, MANY + 2);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(list(two, 4096, 0, &b), 0);
	CHECK_EQ(b.count, 0);
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(list(fd, 4096, 0, &b), 0);
	check_all_once(&b);
}

static unsigned char type_of(const char *name)
{
	unsigned char type = 255;
	DIR *dir = opendir(".");
	struct dirent *de;

	while (dir && (de = readdir(dir)) != NULL)
		if (strcmp(de->d_name, name) == 0) {
			type = de->d_type;
			CHECK_EQ(de->d_ino, t_ino(name));
		}
	if (dir)
		closedir(dir);
	return type;
}

static void types_and_inodes_are_true(void)
{
	t_put("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(mknod("s", S_IFSOCK | 0644, 0));
	CHECK_EQ(type_of("f"), DT_REG);
	CHECK_EQ(type_of("d"), DT_DIR);
	CHECK_EQ(type_of("l"), DT_LNK);
	CHECK_EQ(type_of("p"), DT_FIFO);
	CHECK_EQ(type_of("s"), DT_SOCK);
	CHECK_EQ(type_of("."), DT_DIR);
	CHECK_EQ(type_of(".."), DT_DIR);
	CHECK_EQ(type_of("none"), 255);
}

static void changes_while_reading_spare_the_rest(void)
{
	struct seen seen = { 0 };
	int kept = 0;
	int fd;
	int i;

	make_many();
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(list(fd, 512, 50, &seen), 0);
	for (i = 0; i < MANY; i += 2)
		CHECK_OK(unlink(t_fmt("d/f%d", i)));
	t_put("d/new", "");
	CHECK_EQ(list(fd, 512, 0, &seen), 0);
	for (i = 1; i < MANY; i += 2)
		kept += seen.names[i] == 1;
	CHECK_EQ(kept, MANY / 2);
	CHECK_EQ(seen.dots, 2);
}

static void all_can_be_removed_while_reading(void)
{
	DIR *dir;
	struct dirent *de;

	make_many();
	dir = opendir("d");
	while (dir && (de = readdir(dir)) != NULL)
		if (de->d_name[0] != '.')
			CHECK_OK(unlinkat(dirfd(dir), de->d_name, 0));
	if (dir)
		closedir(dir);
	CHECK_OK(rmdir("d"));
}

static void an_empty_directory_has_two_names(void)
{
	struct seen seen = { 0 };
	int fd;

	CHECK_OK(mkdir("d", 0755));
	fd = t_open("d", O_RDONLY);
	CHECK_EQ(list(fd, 4096, 0, &seen), 0);
	CHECK_EQ(seen.count, 2);
	CHECK_EQ(seen.dots, 2);
}

static void fails_with_the_right_error(void)
{
	char buf[512];
	int fd = t_open(".", O_RDONLY);
	int file = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(sys_getdents64(file, buf, sizeof(buf)), ENOTDIR);
	CHECK_ERRNO(sys_getdents64(999, buf, sizeof(buf)), EBADF);
	CHECK_ERRNO(sys_getdents64(fd, buf, 8), EINVAL);
	CHECK_ERRNO(sys_getdents64(fd, T_BAD_PTR, sizeof(buf)), EFAULT);
	CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_OK(mkdir("d", 0755));
	fd = t_open("d", O_RDONLY);
	CHECK_OK(rmdir("d"));
	CHECK_ERRNO(sys_getdents64(fd, buf, sizeof(buf)), ENOENT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(lists_all_once_with_any_buffer);
	RUN(position_can_be_kept_and_restored);
	RUN(telldir_and_seekdir);
	RUN(duplicates_share_the_position);
	RUN(types_and_inodes_are_true);
	RUN(changes_while_reading_spare_the_rest);
	RUN(all_can_be_removed_while_reading);
	RUN(an_empty_directory_has_two_names);
	RUN(fails_with_the_right_error);
	return t_done();
}
