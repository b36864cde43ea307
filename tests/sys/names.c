// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - names of any bytes, listed and used as they are */

#include "check.h"

#include <dirent.h>

static bool listed(const char *name)
{
	DIR *dir = opendir(".");
	struct dirent *de;
	bool found = false;

	while (dir && (de = readdir(dir)) != NULL)
		found |= strcmp(de->d_name, name) == 0;
	if (dir)
		closedir(dir);
	return found;
}

static void use(const char *name)
{
	char buf[T_PATH] = "";

	t_put(name, "text");
	CHECK_FILE(name, "text");
	CHECK_FILE(t_p(name), "text");
	CHECK(listed(name));
	CHECK_OK(rename(name, "plain"));
	CHECK(!listed(name));
	CHECK_OK(symlink(name, "link"));
	CHECK_OK(rename("plain", name));
	CHECK_FILE("link", "text");
	CHECK_EQ(readlink("link", buf, sizeof(buf)), strlen(name));
	CHECK_STR(buf, name);
	CHECK_OK(unlink("link"));
	CHECK_OK(unlink(name));
	CHECK_OK(mkdir(name, 0755));
	CHECK_OK(chdir(name));
	CHECK_OK(sys_getcwd(buf, sizeof(buf)));
	CHECK_STR(buf, t_p(name));
	CHECK_OK(chdir(".."));
	CHECK_OK(rmdir(name));
	CHECK(!listed(name));
}

static void every_single_byte(void)
{
	char name[3] = "";
	int i;

	for (i = 1; i < 256; i++) {
		name[0] = (char)i;
		name[1] = '\0';
		if (i == '/' || i == '.')
			continue;
		t_put(name, name);
		CHECK_FILE(name, name);
		CHECK(listed(name));
	}
}

static void odd_names(void)
{
	static const char *const names[] = {
		" ",	      "-rf",	      "...",
		"a\nb",	      "\\",	      "\xff\xfe\xfd",
		"\xc3",	      "\xed\xa0\x80", "na\xc3\xafve",
		"%s%n",	      "$HOME `x`",    "a:b,c=d",
		"\x01\x7f\t", ".hidden",      "trailing.",
		" (deleted)", "\xe2\x80\xae",
	};
	size_t i;

	for (i = 0; i < T_COUNT(names); i++)
		use(names[i]);
}

static void case_matters(void)
{
	t_put("name", "lower");
	t_put("NAME", "upper");
	CHECK_FILE("name", "lower");
	CHECK_FILE("NAME", "upper");
	t_put("\xc3\xa9", "composed");
	CHECK_ERRNO(access("e\xcc\x81", F_OK), ENOENT);
}

static void long_names_that_differ_at_the_end(void)
{
	char *a = t_long(255, 'x');
	char *b = t_long(255, 'x');

	b[254] = 'y';
	t_put(a, "a");
	t_put(b, "b");
	CHECK_FILE(a, "a");
	CHECK_FILE(b, "b");
	CHECK(listed(a));
	CHECK(listed(b));
	memset(a, 0xff, 255);
	use(a);
	CHECK_ERRNO(access(t_fmt("%sz", b), F_OK), ENAMETOOLONG);
	free(a);
	free(b);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(every_single_byte);
	RUN(odd_names);
	RUN(case_matters);
	RUN(long_names_that_differ_at_the_end);
	return t_done();
}
