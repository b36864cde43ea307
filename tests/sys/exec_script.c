// SPDX-License-Identifier: GPL-2.0-or-later
/* exec_script.c - "#!" scripts: arguments, nesting, errors */

#include "exec_help.h"

static void script(const char *path, const char *text)
{
	t_put(path, text);
	CHECK_OK(chmod(path, 0755));
}

static void the_interpreter_gets_the_script(void)
{
	x_copy("prog");
	script("s", t_fmt("#!%s\n", t_p("prog")));
	CHECK_EQ(x_report("./s", "lost"), 0);
	CHECK_STR(x_field("argc"), "3");
	CHECK_STR(x_field("argv0"), t_p("prog"));
	CHECK_STR(x_field("argv1"), "./s");
	CHECK_STR(x_field("argv2"), "@report");
	CHECK_STR(x_field("exe"), t_p("prog"));
	CHECK_STR(x_field("comm"), "s");
	CHECK_STR(x_field("execfn"), "./s");
}

static void one_argument_with_its_blanks(void)
{
	x_copy("prog");
	script("s", t_fmt("#! \t%s  one and  two \t \nrest\n", t_p("prog")));
	CHECK_EQ(x_report(t_p("s"), "lost"), 0);
	CHECK_STR(x_field("argc"), "4");
	CHECK_STR(x_field("argv1"), "one and  two");
	CHECK_STR(x_field("argv2"), t_p("s"));
	CHECK_STR(x_field("argv3"), "@report");
	script("s", t_fmt("#!%s", t_p("prog")));
	CHECK_EQ(x_report(t_p("s"), "lost"), 0);
	CHECK_STR(x_field("argv1"), t_p("s"));
}

static void a_relative_interpreter(void)
{
	CHECK_OK(mkdir("d", 0755));
	x_copy("d/prog");
	script("d/s", "#!prog\n");
	script("t", "#!d/prog x\n");
	X_CHECK_ERRNO("d/s", ENOENT);
	CHECK_EQ(x_report("t", "lost"), 0);
	CHECK_STR(x_field("argv0"), "d/prog");
	CHECK_STR(x_field("argv2"), "t");
}

static void nested_up_to_the_limit(void)
{
	int i;

	x_copy("s0");
	for (i = 1; i <= 6; i++)
		script(t_fmt("s%d", i), t_fmt("#!./s%d a%d\n", i - 1, i));
	CHECK_EQ(x_report("./s2", "lost"), 0);
	CHECK_STR(x_field("argv0"), "./s0");
	CHECK_STR(x_field("argv1"), "a1");
	CHECK_STR(x_field("argv2"), "./s1");
	CHECK_STR(x_field("argv3"), "a2");
	CHECK_STR(x_field("argv4"), "./s2");
	CHECK_STR(x_field("argv5"), "@report");
	CHECK_EQ(x_report("./s5", "lost"), 0);
	CHECK_STR(x_field("argc"), "12");
	X_CHECK_ERRNO("./s6", ELOOP);
	script("self", "#!./self\n");
	X_CHECK_ERRNO("./self", ELOOP);
}

static void bad_first_lines(void)
{
	char *name = t_long(300, 'n');

	CHECK_OK(mkdir("d", 0755));
	x_copy("prog");
	t_put("plain", "x");
	script("none", "#!./no-such-file\n");
	script("nothing", "#!\n");
	script("blanks", "#!   \n");
	script("dir", "#!./d\n");
	script("noexec", "#!./plain\n");
	script("long", t_fmt("#!./%s\n", name));
	script("garbage", "#!./data\n");
	script("data", "data");
	X_CHECK_ERRNO("./none", ENOENT);
	X_CHECK_ERRNO("./nothing", ENOEXEC);
	X_CHECK_ERRNO("./blanks", ENOEXEC);
	X_CHECK_ERRNO("./dir", EACCES);
	X_CHECK_ERRNO("./noexec", EACCES);
	X_CHECK_ERRNO("./long", ENOEXEC);
	X_CHECK_ERRNO("./garbage", ENOEXEC);
	script("plain", t_fmt("#!%s\n", t_p("prog")));
	CHECK_OK(chmod("plain", 0644));
	X_CHECK_ERRNO("./plain", EACCES);
	free(name);
}

static void lines_without_an_end(void)
{
	char *arg = t_long(300, 'a');

	x_copy("prog");
	script("s", "#!./prog  a b \t");
	CHECK_EQ(x_report("./s", "lost"), 0);
	CHECK_STR(x_field("argv1"), "a b \t");
	script("s", t_fmt("#!./prog %s", arg));
	CHECK_EQ(x_report("./s", "lost"), 0);
	CHECK_EQ(strlen(x_field("argv1")), 255 - strlen("#!./prog "));
	script("nothing", "#!");
	script("blank", "#! ");
	X_CHECK_ERRNO("./nothing", EACCES);
	X_CHECK_ERRNO("./blank", EACCES);
	free(arg);
}

static void the_host_s_shell_reads_it(void)
{
	const char *const argv[] = { "lost", "one", "two words", NULL };
	struct x_call call = { .path = "./s", .argv = argv };

	script("s", "#!/bin/sh -e\necho \"$0:$1:$2:$#\"\nexit 7\n");
	CHECK_EQ(x_run(&call), 7);
	CHECK_STR(x_out, "./s:one:two words:2\n");
	call.path = t_p("s");
	CHECK_EQ(x_run(&call), 7);
	CHECK_STR(x_out, t_fmt("%s:one:two words:2\n", t_p("s")));
}

static void a_host_s_script_with_an_interpreter_here(void)
{
	const char *name = t_fmt("%s/s.%d", t_host, (int)getpid());

	x_copy("prog");
	script(name, t_fmt("#!%s arg\n", t_p("prog")));
	CHECK_EQ(x_report(name, "lost"), 0);
	CHECK_STR(x_field("argv1"), "arg");
	CHECK_STR(x_field("argv2"), name);
	CHECK_STR(x_field("exe"), t_p("prog"));
	CHECK_OK(unlink(name));
}

static void by_descriptor(void)
{
	const char *const argv[] = { "lost", "@report", NULL };
	struct x_call call = { .argv = argv, .at = true };

	x_copy("prog");
	script("s", t_fmt("#!%s\n", t_p("prog")));
	call.fd = (int)CHECK_OK(open(".", O_RDONLY));
	call.path = "s";
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("argv1"), t_fmt("/dev/fd/%d/s", call.fd));
	call.fd = (int)CHECK_OK(open("s", O_RDONLY));
	call.path = "";
	call.flags = AT_EMPTY_PATH;
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("argv1"), t_fmt("/dev/fd/%d", call.fd));
	/* The interpreter could not open what closes at the exec. */
	call.fd = t_open("s", O_RDONLY);
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "ENOENT");
}

int main(int argc, char **argv)
{
	x_helper(argc, argv);
	t_init(argc, argv);
	RUN(the_interpreter_gets_the_script);
	RUN(one_argument_with_its_blanks);
	RUN(a_relative_interpreter);
	RUN(nested_up_to_the_limit);
	RUN(bad_first_lines);
	RUN(lines_without_an_end);
	RUN(the_host_s_shell_reads_it);
	RUN(a_host_s_script_with_an_interpreter_here);
	RUN(by_descriptor);
	return t_done();
}
