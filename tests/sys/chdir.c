// SPDX-License-Identifier: GPL-2.0-or-later
/* chdir.c - chdir(2), fchdir(2), getcwd(2) */

#include "check.h"

#include <dirent.h>

static void check_cwd(const char *want)
{
	char buf[T_PATH] = "";
	long n = CHECK_OK(sys_getcwd(buf, sizeof(buf)));

	CHECK_STR(buf, want);
	CHECK_EQ(n, strlen(want) + 1);
}

static void goes_there_and_says_so(const struct t_way *w)
{
	CHECK_OK(mkdirat(w->fd, t_at(w, "a"), 0755));
	CHECK_OK(mkdirat(w->fd, t_at(w, "a/b"), 0755));
	t_put_at(w->fd, t_at(w, "a/b/f"), "here");
	CHECK_OK(symlinkat("a/b", w->fd, t_at(w, "l")));
	if (w->fd == AT_FDCWD)
		CHECK_OK(chdir(t_at(w, "l")));
	else
		CHECK_OK(fchdir(
			openat(w->fd, t_at(w, "l"), O_PATH | O_DIRECTORY)));
	check_cwd(t_p("a/b"));
	CHECK_FILE("f", "here");
	CHECK_OK(chdir(".."));
	check_cwd(t_p("a"));
	CHECK_FILE("b/f", "here");
	CHECK_OK(chdir("./b/../."));
	check_cwd(t_p("a"));
	CHECK_OK(chdir("b/"));
	check_cwd(t_p("a/b"));
	CHECK_OK(chdir("/"));
	check_cwd("/");
}

static void fails_and_stays(void)
{
	char *name = t_long(256, 'n');

	t_put("f", "x");
	CHECK_OK(symlink("loop", "loop"));
	CHECK_OK(symlink("f", "l"));
	CHECK_ERRNO(chdir("no"), ENOENT);
	CHECK_ERRNO(chdir(""), ENOENT);
	CHECK_ERRNO(chdir("f"), ENOTDIR);
	CHECK_ERRNO(chdir("f/"), ENOTDIR);
	CHECK_ERRNO(chdir("l"), ENOTDIR);
	CHECK_ERRNO(chdir("loop"), ELOOP);
	CHECK_ERRNO(chdir(name), ENAMETOOLONG);
	CHECK_ERRNO(chdir(T_BAD_PTR), EFAULT);
	CHECK_ERRNO(fchdir(999), EBADF);
	CHECK_ERRNO(fchdir(t_open("f", O_RDONLY)), ENOTDIR);
	check_cwd(t_work);
	free(name);
}

static void getcwd_checks_its_buffer(void)
{
	char *buf = t_long(T_PATH, '#');
	size_t len = strlen(t_work);

	CHECK_ERRNO(sys_getcwd(buf, len), ERANGE);
	CHECK_ERRNO(sys_getcwd(buf, 1), ERANGE);
	CHECK_ERRNO(sys_getcwd(buf, 0), ERANGE);
	CHECK_EQ(sys_getcwd(buf, len + 1), len + 1);
	CHECK_STR(buf, t_work);
	CHECK_EQ(buf[len + 1], '#');
	CHECK_ERRNO(sys_getcwd(T_BAD_PTR, T_PATH), EFAULT);
	free(buf);
}

static void a_removed_directory(void)
{
	char buf[T_PATH];
	struct stat st;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	CHECK_OK(rmdir("../d"));
	CHECK_ERRNO(sys_getcwd(buf, sizeof(buf)), ENOENT);
	CHECK_ERRNO(open("f", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERRNO(mkdir("x", 0755), ENOENT);
	CHECK_ERRNO(open("f", O_RDONLY), ENOENT);
	CHECK_ERRNO(symlink("x", "y"), ENOENT);
	CHECK_OK(stat(".", &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_OK(stat("..", &st));
	CHECK_EQ(st.st_ino, t_ino(t_work));
	CHECK_OK(chdir(".."));
	check_cwd(t_work);
}

/* ls(1) in it shows nothing, and is content. */
static void a_removed_directory_is_empty(void)
{
	static const char *const names[] = { ".", "./", "./." };
	struct stat st;
	int fd;

	CHECK_OK(mkdir(t_p("e"), 0755));
	CHECK_OK(chdir(t_p("e")));
	CHECK_OK(rmdir("../e"));
	for (size_t i = 0; i < 3; i++) {
		DIR *dir = opendir(names[i]);

		CHECK(dir != NULL);
		errno = 0;
		CHECK(!dir || !readdir(dir));
		if (dir)
			closedir(dir);
		CHECK_OK(stat(names[i], &st));
		CHECK_EQ(st.st_nlink, 0);
	}
	fd = (int)CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
	CHECK_ERRNO(openat(fd, "x", O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(fd, "x", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_OK(fchdir(fd));
	CHECK_ERRNO(open("x", O_WRONLY | O_CREAT, 0644), ENOENT);
	close(fd);
	CHECK_OK(chdir("/"));
}

static void a_removed_name_made_again(void)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	CHECK_OK(rmdir(t_p("d")));
	CHECK_OK(mkdir(t_p("d"), 0755));
	CHECK_ERRNO(open("f", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_OK(chdir(t_p("d")));
	CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
}

static void children_inherit_and_go_their_way(void)
{
	pid_t pid;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	pid = t_fork();
	if (pid == 0) {
		check_cwd(t_p("d"));
		CHECK_OK(chdir(".."));
		t_put("f", "child");
		check_cwd(t_work);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	check_cwd(t_p("d"));
	CHECK_FILE("../f", "child");
}

static void descriptors_bring_back(void)
{
	int fd = t_open(".", O_RDONLY | O_DIRECTORY);
	int name;

	CHECK_OK(mkdir("d", 0755));
	name = (int)CHECK_OK(open("d", O_PATH));
	CHECK_OK(chdir("/"));
	CHECK_OK(fchdir(fd));
	check_cwd(t_work);
	CHECK_OK(fchdir(name));
	check_cwd(t_p("d"));
	CHECK_OK(chdir(t_fmt("/proc/self/fd/%d", fd)));
	check_cwd(t_work);
	CHECK_OK(chdir(t_fmt("/dev/fd/%d", name)));
	check_cwd(t_p("d"));
	CHECK_OK(chdir("/proc/self/cwd/.."));
	check_cwd(t_work);
}

static void paths_beyond_the_limit(void)
{
	char *name = t_long(200, 'd');
	char buf[T_PATH];
	int i;

	/* viewfs names what lies beneath by paths */
	if (getenv("T_OTHER_MOUNT")) {
		t_note("not on viewfs");
		return;
	}

	for (i = 0; i < 25; i++) {
		CHECK_OK(mkdir(name, 0755));
		CHECK_OK(chdir(name));
	}
	t_put("f", "deep");
	CHECK_FILE("f", "deep");
	CHECK_ERRNO2(sys_getcwd(buf, sizeof(buf)), ENAMETOOLONG, ERANGE);
	CHECK_FILE(t_fmt("../%s/f", name), "deep");
	for (i = 0; i < 25; i++)
		CHECK_OK(chdir(".."));
	check_cwd(t_work);
	free(name);
}

static void in_and_out_of_the_host(void)
{
	CHECK_OK(chdir(t_host));
	check_cwd(t_host);
	t_put("f.chdir", "host");
	CHECK_OK(chdir(t_work));
	CHECK(!t_exists("f.chdir"));
	CHECK_OK(unlink(t_fmt("%s/f.chdir", t_host)));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(goes_there_and_says_so);
	RUN(fails_and_stays);
	RUN(getcwd_checks_its_buffer);
	RUN(a_removed_directory);
	RUN(a_removed_directory_is_empty);
	RUN(a_removed_name_made_again);
	RUN(children_inherit_and_go_their_way);
	RUN(descriptors_bring_back);
	RUN(paths_beyond_the_limit);
	RUN(in_and_out_of_the_host);
	return t_done();
}
