// SPDX-License-Identifier: GPL-2.0-or-later
/* walk.c - how a path leads to a file: links, chains, dots, limits */

#include "check.h"

#include <sys/mman.h>

static void chains_lead_up_to_forty_links(void)
{
	int i;

	t_put("l0", "end");
	for (i = 1; i <= 41; i++)
		CHECK_OK(symlink(t_fmt("l%d", i - 1), t_fmt("l%d", i)));
	CHECK_FILE("l1", "end");
	CHECK_FILE("l40", "end");
	CHECK_ERRNO(open("l41", O_RDONLY), ELOOP);
	CHECK_ERRNO(access("l41", F_OK), ELOOP);
}

static void the_limit_counts_the_whole_walk(void)
{
	char path[512] = "";
	int i;

	CHECK_OK(symlink(".", "d"));
	t_put("f", "end");
	for (i = 0; i < 40; i++)
		t_append(path, sizeof(path), "d/");
	t_append(path, sizeof(path), "f");
	CHECK_FILE(path, "end");
	CHECK_ERRNO(open(t_fmt("d/%s", path), O_RDONLY), ELOOP);
}

static void links_through_directories(const struct t_way *w)
{
	CHECK_OK(mkdirat(w->fd, t_at(w, "a"), 0755));
	CHECK_OK(mkdirat(w->fd, t_at(w, "a/b"), 0755));
	CHECK_OK(mkdirat(w->fd, t_at(w, "c"), 0755));
	t_put_at(w->fd, t_at(w, "a/b/f"), "deep");
	t_put_at(w->fd, t_at(w, "f"), "top");
	CHECK_OK(symlinkat("../a/b", w->fd, t_at(w, "c/rel")));
	CHECK_OK(symlinkat(t_p("a/b"), w->fd, t_at(w, "c/abs")));
	CHECK_OK(symlinkat("c/rel/", w->fd, t_at(w, "twice")));
	CHECK_FILE(t_p("c/rel/f"), "deep");
	CHECK_OK(openat(w->fd, t_at(w, "c/rel/f"), O_RDONLY));
	CHECK_OK(openat(w->fd, t_at(w, "c/abs/f"), O_RDONLY));
	CHECK_OK(openat(w->fd, t_at(w, "twice/f"), O_RDONLY));
	/* `..' after a link is the parent of where the link led. */
	CHECK_OK(faccessat(w->fd, t_at(w, "c/rel/../b/f"), F_OK, 0));
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "c/rel/../c"), F_OK, 0), ENOENT);
	CHECK_OK(faccessat(w->fd, t_at(w, "c/abs/../../f"), F_OK, 0));
	CHECK_OK(faccessat(w->fd, t_at(w, "twice/../../c"), F_OK, 0));
	t_put_at(w->fd, t_at(w, "twice/new"), "made");
	CHECK_FILE(t_p("a/b/new"), "made");
	CHECK_OK(mkdirat(w->fd, t_at(w, "c/abs/dir"), 0755));
	CHECK(t_exists(t_p("a/b/dir")));
	CHECK_OK(unlinkat(w->fd, t_at(w, "c/rel/f"), 0));
	CHECK(!t_exists(t_p("a/b/f")));
}

static void loops_end(const struct t_way *w)
{
	CHECK_OK(symlinkat("a", w->fd, t_at(w, "a")));
	CHECK_OK(symlinkat("c", w->fd, t_at(w, "b")));
	CHECK_OK(symlinkat("b", w->fd, t_at(w, "c")));
	CHECK_OK(symlinkat("./d/x", w->fd, t_at(w, "d")));
	CHECK_OK(symlinkat(t_p("e"), w->fd, t_at(w, "e")));
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "a"), F_OK, 0), ELOOP);
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "b/x"), F_OK, 0), ELOOP);
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "d"), F_OK, 0), ELOOP);
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "e"), F_OK, 0), ELOOP);
	CHECK_ERRNO(openat(w->fd, t_at(w, "a"), O_RDWR | O_CREAT, 0644), ELOOP);
	CHECK_OK(unlinkat(w->fd, t_at(w, "a"), 0));
}

static void dangling_links(const struct t_way *w)
{
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("no/ne", w->fd, t_at(w, "l2")));
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "l"), F_OK, 0), ENOENT);
	CHECK_ERRNO(faccessat(w->fd, t_at(w, "l/x"), F_OK, 0), ENOENT);
	CHECK_ERRNO(openat(w->fd, t_at(w, "l2"), O_RDWR | O_CREAT, 0644),
		    ENOENT);
	t_put_at(w->fd, t_at(w, "l"), "made");
	CHECK_FILE(t_p("none"), "made");
	CHECK(S_ISLNK(t_mode(t_p("l"))));
}

static void dots_and_slashes(void)
{
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("a/b", 0755));
	t_put("a/b/f", "x");
	t_put("..x", "dots");
	t_put("...", "three");
	CHECK_FILE("a/./b/./f", "x");
	CHECK_FILE("a//b///f", "x");
	CHECK_FILE("a/b/../b/f", "x");
	CHECK_FILE("a/b/../../a/b/f", "x");
	CHECK_FILE("./a/b/f", "x");
	CHECK_FILE("..x", "dots");
	CHECK_FILE("...", "three");
	CHECK_FILE(t_fmt("../%s/a/b/f", strrchr(t_work, '/') + 1), "x");
	CHECK_FILE(t_fmt("/../../..%s/a/b/f", t_work), "x");
	CHECK_FILE(t_fmt("//%s//a//b//f", t_work), "x");
	CHECK_FILE(t_fmt("/./%s/./a/b/f", t_work), "x");
	CHECK_ERRNO(access("a/b/f/..", F_OK), ENOTDIR);
	CHECK_ERRNO(access("a/b/f/.", F_OK), ENOTDIR);
	CHECK_ERRNO(access("a/x/..", F_OK), ENOENT);
	CHECK_EQ(t_ino("a/b/.."), t_ino("a"));
}

static void out_of_the_file_system_and_back(void)
{
	char up[T_PATH] = "";
	char *leaf;
	int i;

	t_put("f", "home");
	for (i = 0; i < 40; i++)
		t_append(up, sizeof(up), "../");
	CHECK_EQ(t_ino(up), t_ino("/"));
	CHECK_FILE(t_fmt("%s%s/f", up, t_work), "home");
	CHECK_OK(access(t_fmt("%sproc/self/stat", up), R_OK));
	CHECK_OK(symlink(t_host, "out"));
	leaf = strdup(t_fmt("%s/back.%d", t_host, (int)getpid()));
	CHECK_OK(symlink(t_work, leaf));
	CHECK_FILE(t_fmt("out/back.%d/f", (int)getpid()), "home");
	CHECK_FILE(t_fmt("%s/f", leaf), "home");
	CHECK_FILE(t_fmt("%s/../%s/f", leaf, strrchr(t_work, '/') + 1), "home");
	t_put(t_fmt("%s/made", leaf), "there");
	CHECK_FILE("made", "there");
	CHECK_OK(unlink(leaf));
	free(leaf);
}

static void limits_of_length(void)
{
	static const char *const leaves[] = { "f", "longer name" };
	char *path;
	char *text;
	size_t i;

	for (i = 0; i < T_COUNT(leaves); i++) {
		t_put(leaves[i], "x");
		path = t_padded(leaves[i], 4095);
		CHECK_EQ(strlen(path), 4095);
		CHECK_FILE(path, "x");
		CHECK_OK(chmod(path, 0600));
		CHECK_OK(rename(path, "other"));
		CHECK_OK(rename("other", path));
		CHECK_OK(unlink(path));
		free(path);
		path = t_padded(leaves[i], 4096);
		CHECK_ERRNO(access(path, F_OK), ENAMETOOLONG);
		CHECK_ERRNO(unlink(path), ENAMETOOLONG);
		CHECK_ERRNO(rename(path, "x"), ENAMETOOLONG);
		CHECK_ERRNO(truncate(path, 0), ENAMETOOLONG);
		free(path);
	}
	text = t_long(1 << 20, '/');
	CHECK_ERRNO(access(text, F_OK), ENAMETOOLONG);
	free(text);
}

static void a_long_link_text_plus_rest(void)
{
	char text[1024] = "";
	int i;

	for (i = 0; i < 500; i++)
		t_append(text, sizeof(text), "./");
	t_put("f", "x");
	CHECK_OK(symlink(text, "l"));
	CHECK_FILE("l/l/l/l/l/l/f", "x");
}

static void the_path_ends_at_an_unmapped_page(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *name;

	CHECK_OK(munmap(map + page, page));
	name = memcpy(map + page - 2, "f", 2);
	CHECK_OK(open(name, O_CREAT | O_RDWR, 0644));
	CHECK_OK(access(name, F_OK));
	CHECK_OK(unlink(name));
	memset(map, 'x', page);
	CHECK_ERRNO(access(map + page - 2, F_OK), EFAULT);
	CHECK_ERRNO(open(map + page - 2, O_RDONLY), EFAULT);
	munmap(map, page);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(chains_lead_up_to_forty_links);
	RUN(the_limit_counts_the_whole_walk);
	RUN_WAYS(links_through_directories);
	RUN_WAYS(loops_end);
	RUN_WAYS(dangling_links);
	RUN(dots_and_slashes);
	RUN(out_of_the_file_system_and_back);
	RUN(limits_of_length);
	RUN(a_long_link_text_plus_rest);
	RUN(the_path_ends_at_an_unmapped_page);
	return t_done();
}
