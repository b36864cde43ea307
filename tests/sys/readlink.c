// SPDX-License-Identifier: GPL-2.0-or-later
/* readlink.c - readlink(2) and readlinkat(2) */

#include "check.h"

static void gives_the_text_as_it_is(const struct t_way *w)
{
	static const char *const texts[] = {
		"a", "../x/./y//z/", "/", "no such thing", "\xff\xfe\x01 \n",
	};
	char buf[64];
	size_t i;
	ssize_t n;

	for (i = 0; i < T_COUNT(texts); i++) {
		CHECK_OK(symlinkat(texts[i], w->fd, t_at(w, "l")));
		memset(buf, '#', sizeof(buf));
		n = readlinkat(w->fd, t_at(w, "l"), buf, sizeof(buf));
		CHECK_EQ(n, strlen(texts[i]));
		CHECK_MEM(buf, texts[i], strlen(texts[i]));
		CHECK_EQ(buf[n > 0 ? n : 0], '#');
		CHECK_OK(unlinkat(w->fd, t_at(w, "l"), 0));
	}
}

static void a_short_buffer_gets_the_start(void)
{
	char buf[8] = "########";

	CHECK_OK(symlink("abcdefghij", "l"));
	CHECK_EQ(readlink("l", buf, 4), 4);
	CHECK_MEM(buf, "abcd####", 8);
	CHECK_ERRNO(readlink("l", buf, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlink, "l", buf, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlink, "l", T_BAD_PTR, 4), EFAULT);
}

static void long_texts(void)
{
	static const size_t lengths[] = { 59, 60, 61, 255, 1000, 4000 };
	char *buf = t_long(5000, '#');
	char *text;
	size_t i;

	for (i = 0; i < T_COUNT(lengths); i++) {
		text = t_long(lengths[i], 'x');
		if (symlink(text, "l") < 0 && errno == ENAMETOOLONG) {
			t_note("no links of %zu bytes", lengths[i]);
			free(text);
			break;
		}
		CHECK_EQ(readlink("l", buf, 5000), lengths[i]);
		CHECK_MEM(buf, text, lengths[i]);
		CHECK_EQ(t_size("l"), lengths[i]);
		CHECK_OK(unlink("l"));
		free(text);
	}
	free(buf);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	char buf[64];

	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("d", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("loop", w->fd, t_at(w, "loop")));
	CHECK_ERRNO(readlinkat(w->fd, t_at(w, "f"), buf, 64), EINVAL);
	CHECK_ERRNO(readlinkat(w->fd, t_at(w, "d"), buf, 64), EINVAL);
	CHECK_ERRNO(readlinkat(w->fd, t_at(w, "l/"), buf, 64), EINVAL);
	CHECK_ERRNO(readlinkat(w->fd, t_at(w, "no"), buf, 64), ENOENT);
	CHECK_ERRNO(readlinkat(w->fd, t_at(w, "f/x"), buf, 64), ENOTDIR);
	CHECK_EQ(readlinkat(w->fd, t_at(w, "loop"), buf, 64), 4);
	CHECK_ERRNO(readlinkat(w->fd, t_at(w, "loop/"), buf, 64), ELOOP);
}

static void empty_path_and_bad_arguments(void)
{
	char buf[64];
	int fd;

	CHECK_OK(symlink("target", "l"));
	fd = (int)CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	CHECK_EQ(readlinkat(fd, "", buf, 64), 6);
	CHECK_MEM(buf, "target", 6);
	fd = t_open("f", O_RDWR | O_CREAT);
	CHECK_ERRNO(readlinkat(fd, "", buf, 64), ENOENT);
	CHECK_ERRNO(readlinkat(fd, "l", buf, 64), ENOTDIR);
	CHECK_ERRNO(readlinkat(999, "l", buf, 64), EBADF);
	CHECK_ERRNO(readlink("", buf, 64), ENOENT);
	CHECK_ERRNO(readlink(T_BAD_PTR, buf, 64), EFAULT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(gives_the_text_as_it_is);
	RUN(a_short_buffer_gets_the_start);
	RUN(long_texts);
	RUN_WAYS(fails_with_the_right_error);
	RUN(empty_path_and_bad_arguments);
	return t_done();
}
