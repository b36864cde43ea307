// SPDX-License-Identifier: GPL-2.0-or-later
/* deep_dirs.c - directories two hundred levels down */

#include "check.h"

enum { LEVELS = 200 };

static void down_and_up_by_chdir(void)
{
	char buf[T_PATH];
	int i;

	for (i = 0; i < LEVELS; i++) {
		CHECK_OK(mkdir("d", 0755));
		CHECK_OK(chdir("d"));
	}
	t_put("f", "deep");
	CHECK_OK(sys_getcwd(buf, sizeof(buf)));
	CHECK_EQ(strlen(buf), strlen(t_work) + 2 * LEVELS);
	CHECK_FILE(t_fmt("%s/f", buf), "deep");
	CHECK_OK(unlink("f"));
	for (i = 0; i < LEVELS; i++) {
		CHECK_OK(chdir(".."));
		CHECK_OK(rmdir("d"));
	}
	CHECK_OK(sys_getcwd(buf, sizeof(buf)));
	CHECK_STR(buf, t_work);
}

static void by_one_long_path(void)
{
	char path[T_PATH] = "";
	char up[T_PATH] = "";
	int i;

	for (i = 0; i < LEVELS; i++) {
		t_append(path, sizeof(path), i ? "/d" : "d");
		t_append(up, sizeof(up), "../");
		CHECK_OK(mkdir(path, 0755));
	}
	t_put(t_fmt("%s/f", path), "deep");
	CHECK_FILE(t_fmt("%s/f", t_p(path)), "deep");
	CHECK_EQ(t_ino(t_fmt("%s/%s.", path, up)), t_ino("."));
	CHECK_OK(rename("d/d", "moved"));
	CHECK_FILE(t_fmt("moved%s/f", path + 3), "deep");
	CHECK_OK(rmdir("d"));
}

static void by_descriptors_beyond_the_limit(void)
{
	char *name = t_long(250, 'n');
	int fd = t_open(".", O_RDONLY | O_DIRECTORY);
	int next;
	int i;

	/* viewfs names what lies beneath by paths */
	if (getenv("T_OTHER_MOUNT")) {
		t_note("not on viewfs");
		return;
	}

	for (i = 0; i < 30; i++) {
		CHECK_OK(mkdirat(fd, name, 0755));
		next = (int)CHECK_OK(openat(fd, name, O_RDONLY | O_DIRECTORY));
		close(fd);
		fd = next;
	}
	t_put_at(fd, "f", "deep");
	CHECK_OK(faccessat(fd, "f", R_OK, 0));
	CHECK_OK(renameat(fd, "f", AT_FDCWD, "up"));
	CHECK_FILE("up", "deep");
	CHECK_OK(fchdir(fd));
	CHECK_ERRNO(access("f", F_OK), ENOENT);
	t_put("g", "here");
	CHECK_FILE("g", "here");
	CHECK_FILE("/proc/self/cwd/g", "here");
	free(name);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(down_and_up_by_chdir);
	RUN(by_one_long_path);
	RUN(by_descriptors_beyond_the_limit);
	return t_done();
}
