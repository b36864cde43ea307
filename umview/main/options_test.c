// SPDX-License-Identifier: GPL-2.0-or-later
/* options_test.c - the command line of umview */
#include "main/options.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <umview/log.h>

#define WORDS 12
#define NAME64                                                                 \
	"0123456789abcdef0123456789abcdef"                                     \
	"0123456789abcdef0123456789abcdef"

/* A terminal or /dev/null as standard input, and where to hear messages. */
struct streams {
	int saved[3];
	int terminal;
	FILE *heard[3];
};

static int setup(void **state)
{
	struct streams *s = calloc(1, sizeof(*s));
	int i;

	*state = s;
	if (!s)
		return 1;
	for (i = 0; i < 3; i++) {
		s->saved[i] = dup(i);
		s->heard[i] = tmpfile();
		if (s->saved[i] < 0 || !s->heard[i])
			return 1;
	}
	s->terminal = -1;
	return 0;
}

static int teardown(void **state)
{
	struct streams *s = *state;
	int i;

	for (i = 0; i < 3; i++) {
		dup2(s->saved[i], i);
		close(s->saved[i]);
		fclose(s->heard[i]);
	}
	if (s->terminal >= 0)
		close(s->terminal);
	free(s);
	return 0;
}

/* Standard input becomes an empty file, or a terminal. */
static void sit_at(struct streams *s, bool terminal)
{
	int fd = fileno(s->heard[0]);

	if (terminal) {
		s->terminal = posix_openpt(O_RDWR | O_NOCTTY);
		assert_true(s->terminal >= 0);
		assert_int_equal(grantpt(s->terminal), 0);
		assert_int_equal(unlockpt(s->terminal), 0);
		fd = open(ptsname(s->terminal), O_RDWR | O_NOCTTY);
		assert_true(fd >= 0);
	}
	dup2(fd, STDIN_FILENO);
	if (terminal)
		close(fd);
}

/* Parse words ("umview" is put before) with the outputs taken aside. */
static int parse(struct streams *s, const char *const *words,
		 struct um_options *out)
{
	static char text[WORDS + 2][128];
	static char *argv[WORDS + 2];
	int argc = 1, ret, i;

	argv[0] = memcpy(text[0], "umview", sizeof("umview"));
	while (words[argc - 1]) {
		snprintf(text[argc], sizeof(text[argc]), "%s", words[argc - 1]);
		argv[argc] = text[argc];
		argc++;
	}
	argv[argc] = NULL;
	for (i = 1; i < 3; i++) {
		assert_int_equal(ftruncate(fileno(s->heard[i]), 0), 0);
		rewind(s->heard[i]);
		dup2(fileno(s->heard[i]), i);
	}
	ret = um_options_parse(argc, argv, out);
	fflush(stdout);
	for (i = 1; i < 3; i++)
		dup2(s->saved[i], i);
	return ret;
}

static size_t heard(const struct streams *s, int fd, char *buf, size_t size)
{
	ssize_t n = pread(fileno(s->heard[fd]), buf, size - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
	return (size_t)n;
}

struct row {
	const char *words[WORDS];
	/* What is set, options as one string: see describe(). */
	const char *want;
};

/* "qxsa V=name f=rc o=log level p=spec ... : command ..." */
static void describe(const struct um_options *o, char *buf, size_t size)
{
	FILE *to = fmemopen(buf, size, "w");
	size_t i;

	fprintf(to, "%s%s%s%s%s%s%s%s%s%s%s %d", o->quiet ? "q" : "",
		o->nonesting ? "x" : "", o->secure ? "s" : "",
		o->no_agent ? "a" : "", o->stats ? "t" : "",
		o->viewname ? " V=" : "", o->viewname ? o->viewname : "",
		o->rc ? " f=" : "", o->rc ? o->rc : "", o->log ? " o=" : "",
		o->log ? o->log : "", o->log_level);
	for (i = 0; i < o->npreload; i++)
		fprintf(to, " p=%s", o->preload[i]);
	fprintf(to, " :");
	for (i = 0; o->argv[i]; i++)
		fprintf(to, " %s", o->argv[i]);
	fclose(to);
}

static void good_lines_are_understood(void **state)
{
	static const struct row rows[] = {
		{ { "ls" }, " 2 : ls" },
		{ { "ls", "-q", "-l" }, " 2 : ls -q -l" },
		{ { "--", "-odd" }, " 2 : -odd" },
		{ { "-q", "ls" }, "q 1 : ls" },
		{ { "--stats", "ls" }, "t 2 : ls" },
		{ { "--quiet", "-x", "-s", "--no-agent", "ls" },
		  "qxsa 1 : ls" },
		{ { "-qxs", "ls" }, "qxs 1 : ls" },
		{ { "--nonesting", "--secure", "ls" }, "xs 2 : ls" },
		{ { "-V", "one", "ls" }, " V=one 2 : ls" },
		{ { "--viewname=" NAME64, "ls" }, " V=" NAME64 " 2 : ls" },
		{ { "-p", "b,x=1,y", "--preload", "a", "-pb", "ls" },
		  " 2 p=b,x=1,y p=a p=b : ls" },
		{ { "-f", "rc", "ls" }, " f=rc 2 : ls" },
		{ { "--rc", "rc", "-f", "rc2", "ls" }, " f=rc2 2 : ls" },
		{ { "-o", "a", "ls" }, " o=a 2 : ls" },
		{ { "--output", "a", "--log=b", "ls" }, " o=b 2 : ls" },
		{ { "--log-level", "err", "ls" }, " 0 : ls" },
		{ { "--log-level=trace", "-q", "ls" }, "q 4 : ls" },
		{ { "-q", "--log-level=info", "ls" }, "q 2 : ls" },
		{ { "-D", "ls" }, " 3 : ls" },
		{ { "--debug", "-q", "ls" }, "q 3 : ls" },
		{ { "-n", "-u", "--nokernelpatch", "--nokmulti", "--noksysvm",
		    "--nokviewos", "--userrecursion", "ls" },
		  " 2 : ls" },
		{ { "--no-agent", "umview", "--no-agent", "ls" },
		  "a 2 : umview --no-agent ls" },
	};
	struct streams *s = *state;
	size_t i;

	sit_at(s, false);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct um_options opts;
		char got[512], said[512];

		if (parse(s, rows[i].words, &opts) != 0)
			fail_msg("refused: want '%s'", rows[i].want);
		describe(&opts, got, sizeof(got));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("got '%s', want '%s'", got, rows[i].want);
		assert_int_equal(heard(s, 2, said, sizeof(said)), 0);
		um_options_fini(&opts);
		assert_null(opts.preload);
	}
}

static void wrong_lines_say_so_on_stderr(void **state)
{
	static const struct row rows[] = {
		{ { NULL }, "name a command" },
		{ { "-q" }, "name a command" },
		{ { "" }, "command's name is empty" },
		{ { "-p", "a" }, "name a command" },
		{ { "-Z", "ls" }, "invalid option" },
		{ { "--nothing", "ls" }, "unrecognized option" },
		{ { "--quiet=1", "ls" }, "doesn't allow an argument" },
		{ { "-p" }, "requires an argument" },
		{ { "-p", "", "ls" }, "name is empty" },
		{ { "-p", "a", "-p", ",x", "ls" }, "name is empty" },
		{ { "-V", NAME64 "x", "ls" }, "longer than 64" },
		{ { "-V", "two\nlines", "ls" }, "no blank" },
		{ { "-V", " x", "ls" }, "no blank" },
		{ { "--log-level", "loud", "ls" }, "err, warn, info" },
		{ { "--log-level", "", "ls" }, "err, warn, info" },
		{ { "--no", "ls" }, "ambiguous" },
	};
	struct streams *s = *state;
	size_t i;

	sit_at(s, false);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct um_options opts;
		char said[512];

		if (parse(s, rows[i].words, &opts) != -EINVAL)
			fail_msg("taken: want '%s'", rows[i].want);
		heard(s, 2, said, sizeof(said));
		if (!strstr(said, rows[i].want) || !strstr(said, "--help"))
			fail_msg("said '%s', want '%s'", said, rows[i].want);
		assert_int_equal(heard(s, 1, said, sizeof(said)), 0);
		um_options_fini(&opts);
	}
}

static void help_and_version_go_to_stdout(void **state)
{
	static const struct row rows[] = {
		{ { "-h" }, "Examples:\n" },
		{ { "--help", "ls" }, "Usage: umview" },
		{ { "-q", "-h", "-Z" }, "Usage: umview" },
		{ { "-v" }, "umview (View-OS) " },
		{ { "--version" }, "umview (View-OS) " },
		{ { "-p", "a", "-v" }, "umview (View-OS) " },
	};
	struct streams *s = *state;
	size_t i;

	sit_at(s, false);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct um_options opts;
		char said[4096];

		assert_int_equal(parse(s, rows[i].words, &opts), 1);
		assert_true(opts.help_done);
		heard(s, 1, said, sizeof(said));
		if (!strstr(said, rows[i].want))
			fail_msg("said '%s', want '%s'", said, rows[i].want);
		assert_int_equal(heard(s, 2, said, sizeof(said)), 0);
		um_options_fini(&opts);
	}
}

static void on_a_terminal_the_shell_is_run(void **state)
{
	static const char *const none[] = { "-q", NULL };
	struct um_options opts;

	sit_at(*state, true);
	setenv("SHELL", "/bin/my shell", 1);
	assert_int_equal(parse(*state, none, &opts), 0);
	assert_string_equal(opts.argv[0], "/bin/my shell");
	assert_null(opts.argv[1]);
	um_options_fini(&opts);
	setenv("SHELL", "", 1);
	assert_int_equal(parse(*state, none, &opts), 0);
	assert_string_equal(opts.argv[0], "/bin/sh");
	um_options_fini(&opts);
	unsetenv("SHELL");
	assert_int_equal(parse(*state, none, &opts), 0);
	assert_string_equal(opts.argv[0], "/bin/sh");
	um_options_fini(&opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_lines_are_understood,
						setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_lines_say_so_on_stderr,
						setup, teardown),
		cmocka_unit_test_setup_teardown(help_and_version_go_to_stdout,
						setup, teardown),
		cmocka_unit_test_setup_teardown(on_a_terminal_the_shell_is_run,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
