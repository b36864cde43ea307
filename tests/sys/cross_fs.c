// SPDX-License-Identifier: GPL-2.0-or-later
/* cross_fs.c - calls with one name here and one on the host */

#include "check.h"

static bool apart;

static const char *out(const char *leaf)
{
	return t_fmt("%s/%s.%d", t_host, leaf, (int)getpid());
}

/* EXDEV where the two are different file systems, success where not. */
static void check_exdev(long ret, const char *what)
{
	int err = errno;

	if (apart)
		CHECK(ret == -1 && err == EXDEV);
	else
		CHECK_OK(ret);
	if (apart && (ret != -1 || err != EXDEV))
		t_note("%s", what);
}

static void rename_and_link_stay_inside(void)
{
	t_put("f", "x");
	check_exdev(rename("f", out("f")), "rename out");
	t_put("f", "x");
	unlink(out("f"));
	check_exdev(link("f", out("f")), "link out");
	unlink(out("f"));
	t_put(out("g"), "y");
	check_exdev(rename(out("g"), "g"), "rename in");
	unlink(out("g"));
	t_put(out("g"), "y");
	unlink("g");
	check_exdev(link(out("g"), "g"), "link in");
	unlink(out("g"));
	CHECK_OK(mkdir("d", 0755));
	check_exdev(rename("d", out("d")), "rename a directory out");
	rmdir(out("d"));
	CHECK_FILE("f", "x");
}

static void dirfds_of_both_sides(void)
{
	int host = t_open(t_host, O_RDONLY | O_DIRECTORY);
	int here = t_open(".", O_RDONLY | O_DIRECTORY);
	const char *leaf = t_fmt("f.%d", (int)getpid());

	t_put("f", "x");
	check_exdev(renameat(here, "f", host, leaf), "renameat out");
	unlinkat(host, leaf, 0);
	t_put_at(host, leaf, "y");
	unlink("f");
	check_exdev(linkat(host, leaf, here, "f", 0), "linkat in");
	CHECK_OK(unlinkat(host, leaf, 0));
	/* Errors of a name come before the question of the two sides. */
	CHECK_ERRNO2(renameat(here, "no", host, "x"), apart ? EXDEV : ENOENT,
		     ENOENT);
}

static void links_lead_across(void)
{
	t_put(out("f"), "out there");
	CHECK_OK(symlink(out("f"), "l"));
	CHECK_FILE("l", "out there");
	t_put("l", "changed");
	CHECK_FILE(out("f"), "changed");
	CHECK_OK(unlink("l"));
	CHECK_FILE(out("f"), "changed");
	t_put("here", "in here");
	CHECK_OK(symlink(t_p("here"), out("l")));
	CHECK_FILE(out("l"), "in here");
	CHECK_OK(unlink(out("l")));
	CHECK_OK(unlink(out("f")));
}

static void devices_differ(void)
{
	struct stat a;
	struct stat b;

	CHECK_OK(stat(".", &a));
	CHECK_OK(stat(t_host, &b));
	/* another mount of one file system has its numbers */
	if (!getenv("T_OTHER_MOUNT"))
		CHECK_EQ(a.st_dev != b.st_dev, apart);
	CHECK_OK(lstat("/", &b));
	CHECK_OK(stat(t_p(".."), &b));
	CHECK_EQ(a.st_dev, b.st_dev);
}

int main(int argc, char **argv)
{
	struct stat a;
	struct stat b;

	t_init(argc, argv);
	if (stat(t_work, &a) < 0 || stat(t_host, &b) < 0)
		t_skip("no two directories");
	apart = a.st_dev != b.st_dev || getenv("T_OTHER_MOUNT");
	RUN(rename_and_link_stay_inside);
	RUN(dirfds_of_both_sides);
	RUN(links_lead_across);
	RUN(devices_differ);
	return t_done();
}
