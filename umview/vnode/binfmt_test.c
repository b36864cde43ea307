// SPDX-License-Identifier: GPL-2.0-or-later
/* binfmt_test.c - lines of binfmt_misc; scenario/binfmt.sh has the kernel's word */
#include <umview/binfmt.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE(text) (text), sizeof(text) - 1

static const struct {
	const char *line;
	size_t n;
	const char *want; /* NULL: EINVAL */
} lines[] = {
	{ LINE(":a:M::xyz::/bin/i:"),
	  "enabled\ninterpreter /bin/i\nflags: \noffset 0\nmagic 78797a\n" },
	{ LINE(":a:M:7:\\x7f\\x00A:\\xff\\xff\\x0f:/i:FCP\n"),
	  "enabled\ninterpreter /i\nflags: POCF\noffset 7\nmagic 7f0041\n"
	  "mask ffff0f\n" },
	{ LINE(":a:E:junk:jar:junk:/i j:O"),
	  "enabled\ninterpreter /i j\nflags: O\nextension .jar\n" },
	{ LINE("xnewxMxxzxx/binx"),
	  "enabled\ninterpreter /bin\nflags: \noffset 0\nmagic 7a\n" },
	{ LINE("\0a\0M\0\0z\0\0/bin\0"),
	  "enabled\ninterpreter /bin\nflags: \noffset 0\nmagic 7a\n" },
	{ LINE(":a:M::\\\\x41::/i:"),
	  "enabled\ninterpreter /i\nflags: \noffset 0\nmagic 5c5c783431\n" },
	{ LINE(":a:M::x::/bi"), NULL },
	{ LINE(":a:M::x:/b:"), NULL },
	{ LINE(":a:M:::/b:"), NULL },
	{ LINE("::M::x::/bin:"), NULL },
	{ LINE(":..:M::x::/bin:"), NULL },
	{ LINE(":a/b:M::x::/bin:"), NULL },
	{ LINE(":a:X::x::/bin:"), NULL },
	{ LINE(":a:MM::x::/bin:"), NULL },
	{ LINE(":a:M:-1:x::/bin:"), NULL },
	{ LINE(":a:M:256:x::/bin:"), NULL },
	{ LINE(":a:M:4294967296:x::/bin:"), NULL },
	{ LINE(":a:M::\\x4::/bin:"), NULL },
	{ LINE(":a:M::\\x00::/bin:"), "enabled\ninterpreter /bin\nflags: \n"
				      "offset 0\nmagic 00\n" },
	{ LINE(":a:M::ab:\\xff:/bin:"), NULL },
	{ LINE(":a:M::a\0b:zz:/bin:"), NULL },
	{ LINE(":a:E::a/b::/bin:"), NULL },
	{ LINE(":a:M::x:::"), NULL },
	{ LINE(":a:M::x::/bin:PX"), NULL },
	{ LINE(":a:M::x::/bin:P\n\n"), NULL },
};

static void lines_are_taken_as_the_kernel_takes_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct um_binfmt *f = NULL;
		char text[UM_BINFMT_TEXT];
		int ret = um_binfmt_parse(lines[i].line, lines[i].n, &f);
		size_t n;

		if (!lines[i].want && ret != -EINVAL)
			fail_msg("%s: taken", lines[i].line);
		if (!lines[i].want)
			continue;
		if (ret < 0)
			fail_msg("%s: refused", lines[i].line);
		n = um_binfmt_print(f, text);
		assert_int_equal(n, strlen(lines[i].want));
		assert_memory_equal(text, lines[i].want, n);
		um_binfmt_free(f);
	}
}

static void lengths_have_limits(void **state)
{
	char line[UM_BINFMT_LINE + 2];
	struct um_binfmt *f;
	int len;

	(void)state;
	for (int over = 0; over < 2; over++) {
		memset(line, 'i', sizeof(line));
		len = snprintf(line, sizeof(line), ":a:M::x::/");
		line[len] = 'i';
		line[UM_BINFMT_LINE + over - 1] = ':';
		assert_int_equal(um_binfmt_parse(line,
						 UM_BINFMT_LINE + (size_t)over,
						 &f),
				 over ? -EINVAL : 0);
		if (!over)
			um_binfmt_free(f);
	}
	assert_int_equal(um_binfmt_parse(":a:M::x::/", 10, &f), -EINVAL);
}

static void what_is_printed_can_be_read(void **state)
{
	static const char *const texts[] = {
		"enabled\ninterpreter /bin/i j\nflags: POCF\noffset 250\n"
		"magic 00ff\nmask f00f\n",
		"disabled\ninterpreter /i\nflags: \nextension .a.b\n",
	};
	static const char *const wrong[] = {
		"",
		"\n",
		"on\ninterpreter /i\nflags: \nextension .a\n",
		"enabled\nflags: \nextension .a\n",
		"enabled\ninterpreter /i\nflags: \n",
		"enabled\ninterpreter /i\nflags: X\nextension .a\n",
		"enabled\ninterpreter /i\nflags: \nextension .\n",
		"enabled\ninterpreter /i\nflags: \noffset 255\nmagic 0000\n",
		"enabled\ninterpreter /i\nflags: \noffset -1\nmagic 00\n",
		"enabled\ninterpreter /i\nflags: \noffset 0\nmagic 0\n",
		"enabled\ninterpreter /i\nflags: \noffset 0\nmagic \n",
		"enabled\ninterpreter /i\nflags: \noffset 0\nmagic 00\nmask 0000\n",
	};
	struct um_binfmt *f;
	char text[UM_BINFMT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(um_binfmt_read("n", texts[i], &f), 0);
		assert_string_equal(f->name, "n");
		text[um_binfmt_print(f, text)] = '\0';
		assert_string_equal(text, texts[i]);
		um_binfmt_free(f);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (um_binfmt_read("n", wrong[i], &f) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
}

static bool matches(const char *line, const char *name, const char *head)
{
	unsigned char bytes[UM_BINFMT_HEAD] = { 0 };
	struct um_binfmt_req req = { .name = name, .head = bytes };
	struct um_binfmt *f;
	bool yes;

	memcpy(bytes, head, strnlen(head, sizeof(bytes)));
	assert_int_equal(um_binfmt_parse(line, strlen(line), &f), 0);
	yes = um_binfmt_match(f, &req);
	f->flags &= ~UM_BINFMT_ENABLED;
	assert_false(um_binfmt_match(f, &req));
	um_binfmt_free(f);
	return yes;
}

static void files_match_by_bytes_or_by_name(void **state)
{
	(void)state;
	assert_true(matches(":a:M::abc::/bin:", "x", "abcd"));
	assert_false(matches(":a:M::abc::/bin:", "x", "abd"));
	assert_true(matches(":a:M:2:c::/bin:", "x", "abcd"));
	assert_true(matches(":a:M::aXc:\\xff\\x00\\xff:/bin:", "x", "abc"));
	assert_true(matches(":a:M:9:\\x00::/bin:", "x", "abc"));
	assert_true(matches(":a:E::jar::/bin:", "/a/b.jar", ""));
	assert_true(matches(":a:E::jar::/bin:", ".jar", ""));
	assert_false(matches(":a:E::jar::/bin:", "/a.jar/b", ""));
	assert_false(matches(":a:E::jar::/bin:", "jar", ""));
	assert_false(matches(":a:E::b.jar::/bin:", "a.b.jar", ""));
}

static void commands_are_three(void **state)
{
	(void)state;
	assert_int_equal(um_binfmt_command("0", 1), 1);
	assert_int_equal(um_binfmt_command("1\n", 2), 2);
	assert_int_equal(um_binfmt_command("-1\n", 3), 3);
	assert_int_equal(um_binfmt_command("", 0), 0);
	assert_int_equal(um_binfmt_command("\n", 1), -EINVAL);
	assert_int_equal(um_binfmt_command("2", 1), -EINVAL);
	assert_int_equal(um_binfmt_command("-1\n\n", 4), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_as_the_kernel_takes_them),
		cmocka_unit_test(lengths_have_limits),
		cmocka_unit_test(what_is_printed_can_be_read),
		cmocka_unit_test(files_match_by_bytes_or_by_name),
		cmocka_unit_test(commands_are_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
