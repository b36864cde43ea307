// SPDX-License-Identifier: GPL-2.0-or-later
/* rename.c - rename(2), renameat(2), renameat2(2) */

#include "check.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE	 2
#define RENAME_WHITEOUT	 4
#endif

static void moves_and_replaces(const struct t_way *w)
{
	ino_t ino;

	t_put_at(w->fd, t_at(w, "a"), "one");
	ino = t_ino(t_p("a"));
	CHECK_OK(renameat(w->fd, t_at(w, "a"), w->fd, t_at(w, "b")));
	CHECK_FILE(t_p("b"), "one");
	CHECK_EQ(t_ino(t_p("b")), ino);
	CHECK(!t_exists(t_p("a")));
	t_put_at(w->fd, t_at(w, "c"), "two");
	CHECK_OK(renameat(w->fd, t_at(w, "b"), w->fd, t_at(w, "c")));
	CHECK_FILE(t_p("c"), "one");
	CHECK(!t_exists(t_p("b")));
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(renameat(w->fd, t_at(w, "c"), w->fd, t_at(w, "d/e")));
	CHECK_FILE(t_p("d/e"), "one");
	CHECK_OK(renameat(w->fd, t_at(w, "d"), w->fd, t_at(w, "dd")));
	CHECK_FILE(t_p("dd/e"), "one");
	CHECK_OK(renameat(w->fd, t_at(w, "dd/"), w->fd, t_at(w, "d/")));
	CHECK_FILE(t_p("d/e"), "one");
}

static void directories_over_directories(void)
{
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	t_put("a/f", "x");
	CHECK_OK(rename("a", "b"));
	CHECK_FILE("b/f", "x");
	CHECK_OK(mkdir("a", 0755));
	CHECK_ERRNO2(rename("a", "b"), ENOTEMPTY, EEXIST);
	CHECK_OK(mkdir("c", 0755));
	CHECK_OK(rename("a", "c/a"));
	CHECK_EQ(t_ino("c/a/.."), t_ino("c"));
	CHECK_EQ(t_nlink("c"), 3);
	CHECK_OK(rename("c/a", "a"));
	CHECK_EQ(t_ino("a/.."), t_ino("."));
	CHECK_EQ(t_nlink("c"), 2);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	int d = w->fd;

	t_put_at(d, t_at(w, "f"), "");
	CHECK_OK(mkdirat(d, t_at(w, "d"), 0755));
	CHECK_OK(mkdirat(d, t_at(w, "d/sub"), 0755));
	CHECK_OK(symlinkat("d", d, t_at(w, "l")));
	CHECK_ERRNO(renameat(d, t_at(w, "no"), d, t_at(w, "x")), ENOENT);
	CHECK_ERRNO(renameat(d, t_at(w, "no"), d, t_at(w, "no")), ENOENT);
	CHECK_ERRNO(renameat(d, t_at(w, "f"), d, t_at(w, "no/x")), ENOENT);
	CHECK_ERRNO(renameat(d, t_at(w, "f"), d, t_at(w, "d")), EISDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "d"), d, t_at(w, "f")), ENOTDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "f/"), d, t_at(w, "x")), ENOTDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "f"), d, t_at(w, "x/")), ENOTDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "f/x"), d, t_at(w, "x")), ENOTDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "f"), d, t_at(w, "f/x")), ENOTDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "d"), d, t_at(w, "d/x")), EINVAL);
	CHECK_ERRNO(renameat(d, t_at(w, "d"), d, t_at(w, "d/sub/x")), EINVAL);
	CHECK_ERRNO(renameat(d, t_at(w, "d"), d, t_at(w, "d/sub")), EINVAL);
	CHECK_ERRNO(renameat(d, t_at(w, "d/sub"), d, t_at(w, "d")), ENOTEMPTY);
	CHECK_ERRNO(renameat(d, t_at(w, "d/."), d, t_at(w, "x")), EBUSY);
	CHECK_ERRNO(renameat(d, t_at(w, "d/.."), d, t_at(w, "x")), EBUSY);
	CHECK_ERRNO(renameat(d, t_at(w, "d"), d, t_at(w, "d/.")), EBUSY);
	CHECK_ERRNO(renameat(d, t_at(w, "l/"), d, t_at(w, "x")), ENOTDIR);
	CHECK_ERRNO(renameat(d, t_at(w, "d"), d, t_at(w, "l")), ENOTDIR);
	CHECK_OK(renameat(d, t_at(w, "d"), d, t_at(w, "d")));
	CHECK_OK(renameat(d, t_at(w, "f"), d, t_at(w, "f")));
}

static void links_are_moved_themselves(void)
{
	t_put("f", "x");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(rename("l", "m"));
	CHECK(S_ISLNK(t_mode("m")));
	t_put("g", "y");
	CHECK_OK(rename("g", "m"));
	CHECK_FILE("m", "y");
	CHECK(S_ISREG(t_mode("m")));
	CHECK_FILE("f", "x");
	CHECK_OK(symlink("none", "dangling"));
	CHECK_OK(rename("dangling", "still"));
	CHECK(S_ISLNK(t_mode("still")));
}

static void two_names_of_one_file_stay(void)
{
	t_put("a", "x");
	CHECK_OK(link("a", "b"));
	CHECK_OK(rename("a", "b"));
	CHECK(t_exists("a"));
	CHECK(t_exists("b"));
	CHECK_EQ(t_nlink("a"), 2);
}

static void the_replaced_file_lives_while_open(void)
{
	struct stat st;
	char buf[8] = "";
	int fd;

	t_put("old", "old");
	t_put("new", "new");
	fd = t_open("old", O_RDWR);
	CHECK_OK(rename("new", "old"));
	CHECK_EQ(read(fd, buf, 8), 3);
	CHECK_STR(buf, "old");
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pwrite(fd, "XX", 2, 0), 2);
	CHECK_FILE("old", "new");
}

static void an_open_file_keeps_its_contents(void)
{
	int fd;

	t_put("a", "one");
	fd = t_open("a", O_RDWR);
	CHECK_OK(rename("a", "b"));
	CHECK_EQ(pwrite(fd, "two", 3, 0), 3);
	CHECK_FILE("b", "two");
	t_put("a", "other");
	CHECK_EQ(pwrite(fd, "six", 3, 0), 3);
	CHECK_FILE("b", "six");
	CHECK_FILE("a", "other");
}

static void noreplace(void)
{
	int cwd = AT_FDCWD;

	t_put("a", "x");
	t_put("b", "y");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("none", "l"));
	CHECK_ERRNO(sys_renameat2(cwd, "a", cwd, "b", RENAME_NOREPLACE),
		    EEXIST);
	CHECK_ERRNO(sys_renameat2(cwd, "a", cwd, "a", RENAME_NOREPLACE),
		    EEXIST);
	CHECK_ERRNO(sys_renameat2(cwd, "a", cwd, "d", RENAME_NOREPLACE),
		    EEXIST);
	CHECK_ERRNO(sys_renameat2(cwd, "a", cwd, "l", RENAME_NOREPLACE),
		    EEXIST);
	CHECK_ERRNO(sys_renameat2(cwd, "no", cwd, "x", RENAME_NOREPLACE),
		    ENOENT);
	CHECK_OK(sys_renameat2(cwd, "a", cwd, "c", RENAME_NOREPLACE));
	CHECK_FILE("c", "x");
	CHECK_FILE("b", "y");
}

static void exchange(void)
{
	int cwd = AT_FDCWD;

	t_put("a", "x");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("e", 0755));
	t_put("d/b", "y");
	CHECK_OK(sys_renameat2(cwd, "a", cwd, "d/b", RENAME_EXCHANGE));
	CHECK_FILE("a", "y");
	CHECK_FILE("d/b", "x");
	CHECK_OK(sys_renameat2(cwd, "a", cwd, "e", RENAME_EXCHANGE));
	CHECK_FILE("e", "y");
	CHECK(S_ISDIR(t_mode("a")));
	CHECK_ERRNO(sys_renameat2(cwd, "e", cwd, "no", RENAME_EXCHANGE),
		    ENOENT);
	CHECK_ERRNO(sys_renameat2(cwd, "d", cwd, "d/b", RENAME_EXCHANGE),
		    EINVAL);
	CHECK_OK(sys_renameat2(cwd, "d", cwd, "a", RENAME_EXCHANGE));
	CHECK_FILE("a/b", "x");
	CHECK_EQ(t_nlink("."), 4);
}

static void bad_arguments(void)
{
	char *name = t_long(256, 'n');
	int cwd = AT_FDCWD;

	t_put("a", "x");
	CHECK_ERRNO(rename("", "x"), ENOENT);
	CHECK_ERRNO(rename("a", ""), ENOENT);
	CHECK_ERRNO(rename(".", "x"), EBUSY);
	CHECK_ERRNO(rename("a", ".."), EBUSY);
	CHECK_ERRNO(rename(T_BAD_PTR, "x"), EFAULT);
	CHECK_ERRNO(rename("a", T_BAD_PTR), EFAULT);
	CHECK_ERRNO(rename("a", name), ENAMETOOLONG);
	CHECK_ERRNO(rename(name, "a"), ENAMETOOLONG);
	CHECK_ERRNO(renameat(999, "a", cwd, "x"), EBADF);
	CHECK_ERRNO(renameat(cwd, "a", 999, "x"), EBADF);
	CHECK_ERRNO(sys_renameat2(cwd, "a", cwd, "x", 0x80), EINVAL);
	CHECK_ERRNO(sys_renameat2(cwd, "a", cwd, "x",
				  RENAME_NOREPLACE | RENAME_EXCHANGE),
		    EINVAL);
	CHECK_OK(rename("a", name + 1));
	CHECK_FILE(name + 1, "x");
	free(name);
}

static void the_working_directory_moves_along(void)
{
	char buf[T_PATH];

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("e", 0755));
	CHECK_OK(chdir("d"));
	CHECK_OK(rename("../d", "../e/moved"));
	t_put("f", "x");
	CHECK_OK(sys_getcwd(buf, sizeof(buf)));
	CHECK_STR(buf, t_p("e/moved"));
	CHECK_FILE(t_p("e/moved/f"), "x");
	CHECK_EQ(t_ino(".."), t_ino(t_p("e")));
}

/* What is open of it is a directory that nothing leads to. */
static void check_is_gone(int fd)
{
	struct stat st;

	CHECK_OK(fstat(fd, &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_ERRNO(openat(fd, "f", O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(fd, "new", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERRNO(mkdirat(fd, "new", 0755), ENOENT);
}

static void an_open_directory_that_is_replaced(void)
{
	int fd;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	t_put("a/f", "x");
	fd = t_open("b", O_RDONLY | O_DIRECTORY);
	CHECK_OK(rename("a", "b"));
	check_is_gone(fd);
	CHECK_OK(unlink("b/f"));
	fd = t_open("b", O_RDONLY | O_DIRECTORY);
	CHECK_OK(rmdir("b"));
	CHECK_OK(mkdir("b", 0755));
	t_put("b/f", "x");
	check_is_gone(fd);
}

static void a_working_directory_that_is_replaced(void)
{
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(chdir("b"));
	CHECK_OK(rename("../a", t_p("b")));
	CHECK_ERRNO(open("new", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_OK(chdir(t_work));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("b"));
	CHECK_OK(sys_renameat2(AT_FDCWD, "../d", AT_FDCWD, "../b",
			       RENAME_EXCHANGE));
	t_put("f", "x");
	CHECK_FILE(t_p("d/f"), "x");
}

static void a_link_that_is_open_is_replaced(void)
{
	struct stat st;
	char buf[16];
	int fd;

	CHECK_OK(symlink("one", "l"));
	CHECK_OK(symlink("other", "m"));
	fd = t_open("l", O_PATH | O_NOFOLLOW);
	CHECK_OK(rename("m", "l"));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 3);
	CHECK(readlinkat(fd, "", buf, sizeof(buf)) != 5);
}

static void onto_a_directory_above(void)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	t_put("d/e/f", "x");
	CHECK_ERRNO(rename("d/e/f", "d"), ENOTEMPTY);
	CHECK_ERRNO(rename("d/e", "d"), ENOTEMPTY);
	CHECK_ERRNO(sys_renameat2(AT_FDCWD, "d/e/f", AT_FDCWD, "d",
				  RENAME_EXCHANGE),
		    EINVAL);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(moves_and_replaces);
	RUN(directories_over_directories);
	RUN_WAYS(fails_with_the_right_error);
	RUN(links_are_moved_themselves);
	RUN(two_names_of_one_file_stay);
	RUN(the_replaced_file_lives_while_open);
	RUN(an_open_file_keeps_its_contents);
	RUN(noreplace);
	RUN(exchange);
	RUN(bad_arguments);
	RUN(the_working_directory_moves_along);
	RUN(an_open_directory_that_is_replaced);
	RUN(a_working_directory_that_is_replaced);
	RUN(a_link_that_is_open_is_replaced);
	RUN(onto_a_directory_above);
	return t_done();
}
