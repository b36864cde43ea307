// SPDX-License-Identifier: GPL-2.0-or-later
/* proc_links.c - what /proc/self says of cwd, root, descriptors, maps */

#include "check.h"

#include <dirent.h>
#include <sys/mman.h>

static void check_link(const char *link, const char *want)
{
	char buf[T_PATH] = "";
	ssize_t n = readlink(link, buf, sizeof(buf) - 1);

	CHECK_EQ(n, strlen(want));
	CHECK_STR(buf, want);
}

static void cwd_and_root(void)
{
	struct stat a;
	struct stat b;

	CHECK_OK(mkdir("d", 0755));
	check_link("/proc/self/cwd", t_work);
	CHECK_OK(chdir("d"));
	check_link("/proc/self/cwd", t_p("d"));
	check_link(t_fmt("/proc/%d/cwd", (int)getpid()), t_p("d"));
	check_link("/proc/thread-self/cwd", t_p("d"));
	check_link("/proc/self/root", "/");
	CHECK_OK(stat("/proc/self/cwd", &a));
	CHECK_OK(stat(".", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_dev, b.st_dev);
	CHECK_OK(rename(t_p("d"), t_p("e")));
	check_link("/proc/self/cwd", t_p("e"));
}

static void descriptors_tell_their_path(void)
{
	int fd;

	CHECK_OK(mkdir("d", 0755));
	fd = t_open("d/../f", O_RDWR | O_CREAT);
	check_link(t_fmt("/proc/self/fd/%d", fd), t_p("f"));
	check_link(t_fmt("/dev/fd/%d", fd), t_p("f"));
	check_link(t_fmt("/proc/%d/fd/%d", (int)getpid(), fd), t_p("f"));
	CHECK_OK(rename("f", "d/g"));
	check_link(t_fmt("/proc/self/fd/%d", fd), t_p("d/g"));
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	check_link(t_fmt("/proc/self/fd/%d", fd), t_p("d"));
	CHECK_OK(symlink("d/g", "l"));
	fd = (int)CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	check_link(t_fmt("/proc/self/fd/%d", fd), t_p("l"));
	fd = (int)CHECK_OK(open("l", O_PATH));
	check_link(t_fmt("/proc/self/fd/%d", fd), t_p("d/g"));
}

static void duplicates_and_children_tell_the_same(void)
{
	pid_t pid;
	int fd = dup(t_open("f", O_RDWR | O_CREAT));

	check_link(t_fmt("/proc/self/fd/%d", fd), t_p("f"));
	pid = t_fork();
	if (pid == 0) {
		check_link(t_fmt("/proc/self/fd/%d", fd), t_p("f"));
		check_link("/proc/self/cwd", t_work);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

static void the_descriptors_are_listed(void)
{
	DIR *dir;
	struct dirent *de;
	int fd = t_open("f", O_RDWR | O_CREAT);
	bool found = false;
	int n = 0;

	dir = opendir("/proc/self/fd");
	while (dir && (de = readdir(dir)) != NULL) {
		found |= atoi(de->d_name) == fd;
		n += atoi(de->d_name) > fd;
	}
	CHECK(found);
	CHECK_EQ(n, 1);
	if (dir)
		closedir(dir);
}

static void fdinfo_tells_offset_and_flags(void)
{
	char buf[1024] = "";
	long pos = -1;
	unsigned int flags = 0;
	const char *p;
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR | O_APPEND);
	CHECK_EQ(lseek(fd, 7, SEEK_SET), 7);
	CHECK(t_get(t_fmt("/proc/self/fdinfo/%d", fd), buf, 1023) > 0);
	p = strstr(buf, "pos:");
	CHECK_EQ(p ? sscanf(p, "pos: %ld", &pos) : 0, 1);
	CHECK_EQ(pos, 7);
	p = strstr(buf, "flags:");
	CHECK_EQ(p ? sscanf(p, "flags: %o", &flags) : 0, 1);
	CHECK_EQ(flags & O_APPEND, O_APPEND);
}

static void links_act_as_the_file(void)
{
	struct stat a;
	struct stat b;
	const char *name;
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	name = t_fmt("/proc/self/fd/%d", fd);
	CHECK_OK(stat(name, &a));
	CHECK_OK(fstat(fd, &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(lstat(name, &a));
	CHECK(S_ISLNK(a.st_mode));
	CHECK_OK(truncate(name, 4));
	CHECK_FILE(name, "0123");
	CHECK_OK(chmod(name, 0600));
	CHECK_EQ(t_mode("f"), S_IFREG | 0600);
	CHECK_OK(access(name, R_OK | W_OK));
	CHECK_OK(utimensat(AT_FDCWD, name, NULL, 0));
}

static bool line_with(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && getline(&line, &size, file) > 0)
		found |= strstr(line, text) != NULL;
	free(line);
	if (file)
		fclose(file);
	return found;
}

static void maps_name_the_mapped_file(void)
{
	int fd;
	void *p;

	t_fill("mapped", 4096, 1);
	fd = t_open("mapped", O_RDONLY);
	CHECK(!line_with("/proc/self/maps", t_p("mapped")));
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(line_with("/proc/self/maps", t_p("mapped")));
}

static void the_mount_is_in_the_table(void)
{
	CHECK(line_with("/proc/self/mountinfo", " / "));
	CHECK(line_with("/proc/mounts", " / "));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(cwd_and_root);
	RUN(descriptors_tell_their_path);
	RUN(duplicates_and_children_tell_the_same);
	RUN(the_descriptors_are_listed);
	RUN(fdinfo_tells_offset_and_flags);
	RUN(links_act_as_the_file);
	RUN(maps_name_the_mapped_file);
	RUN(the_mount_is_in_the_table);
	return t_done();
}
