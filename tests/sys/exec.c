// SPDX-License-Identifier: GPL-2.0-or-later
/* exec.c - execve(2), execveat(2): programs of the file system under test */

#include "exec_help.h"

static void a_program_knows_how_it_was_started(void)
{
	x_copy("prog");
	CHECK_EQ(x_report(t_p("prog"), "odd name"), 0);
	CHECK_STR(x_field("argc"), "2");
	CHECK_STR(x_field("argv0"), "odd name");
	CHECK_STR(x_field("cmdline"), "odd name|@report|");
	CHECK_STR(x_field("comm"), "prog");
	CHECK_STR(x_field("exe"), t_p("prog"));
	CHECK_STR(x_field("execfn"), t_p("prog"));
}

static void by_every_name(void)
{
	CHECK_OK(mkdir("d", 0755));
	x_copy("d/a-name-longer-than-fifteen");
	CHECK_EQ(x_report("d/a-name-longer-than-fifteen", "x"), 0);
	CHECK_STR(x_field("comm"), "a-name-longer-t");
	CHECK_STR(x_field("exe"), t_p("d/a-name-longer-than-fifteen"));
	CHECK_STR(x_field("execfn"), "d/a-name-longer-than-fifteen");
	CHECK_OK(symlink("d/a-name-longer-than-fifteen", "link"));
	CHECK_EQ(x_report("./link", "x"), 0);
	CHECK_STR(x_field("comm"), "link");
	CHECK_STR(x_field("exe"), t_p("d/a-name-longer-than-fifteen"));
	CHECK_STR(x_field("execfn"), "./link");
	CHECK_OK(link("link", "hard"));
	CHECK_EQ(x_report("d/../hard", "x"), 0);
	CHECK_EQ(x_report("/proc/self/cwd/link", "x"), 0);
	CHECK_STR(x_field("exe"), t_p("d/a-name-longer-than-fifteen"));
}

static void arguments_and_environment_are_kept(void)
{
	const char *const argv[] = { "a",	  "@report",  "",
				     "two words", "\xff\xfe", NULL };
	const char *const envp[] = { "T_ENV=some = value", "EMPTY=", NULL };
	const char *const none[] = { NULL };
	struct x_call call = { .path = "prog", .argv = argv, .envp = envp };

	x_copy("prog");
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("argc"), "5");
	CHECK_STR(x_field("argv2"), "");
	CHECK_STR(x_field("argv3"), "two words");
	CHECK_STR(x_field("argv4"), "\xff\xfe");
	CHECK_STR(x_field("T_ENV"), "some = value");
	call.envp = none;
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("T_ENV"), "(none)");
}

static void exit_status_comes_back(void)
{
	const char *const argv[] = { "a", "@exit", "42", NULL };
	struct x_call call = { .path = "prog", .argv = argv };

	x_copy("prog");
	CHECK_EQ(x_run(&call), 42);
}

static void by_descriptor(void)
{
	const char *const argv[] = { "a", "@report", NULL };
	struct x_call call = { .argv = argv, .at = true };

	CHECK_OK(mkdir("d", 0755));
	x_copy("d/prog");
	call.fd = t_open("d", O_RDONLY | O_DIRECTORY);
	call.path = "prog";
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("exe"), t_p("d/prog"));
	CHECK_STR(x_field("comm"), "prog");
	CHECK_STR(x_field("execfn"), t_fmt("/dev/fd/%d/prog", call.fd));
	call.fd = (int)CHECK_OK(open("d/prog", O_PATH | O_CLOEXEC));
	call.path = "";
	call.flags = AT_EMPTY_PATH;
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("exe"), t_p("d/prog"));
	CHECK_STR(x_field("execfn"), t_fmt("/dev/fd/%d", call.fd));
	call.fd = t_open("d/prog", O_RDONLY);
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("argv0"), "a");
	CHECK_EQ(x_report(t_fmt("/proc/self/fd/%d", call.fd), "a"), 0);
	CHECK_STR(x_field("exe"), t_p("d/prog"));
}

static void execveat_errors(void)
{
	const char *const argv[] = { "a", "@report", NULL };
	struct x_call call = { .argv = argv, .at = true, .path = "l" };

	x_copy("prog");
	CHECK_OK(symlink("prog", "l"));
	call.fd = AT_FDCWD;
	CHECK_EQ(x_run(&call), 0);
	call.flags = AT_SYMLINK_NOFOLLOW;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "ELOOP");
	call.flags = 0x80;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "EINVAL");
	call.flags = 0;
	call.fd = 999;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "EBADF");
	call.fd = t_open("prog", O_RDONLY);
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "ENOTDIR");
	call.path = "";
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "ENOENT");
}

static void an_unlinked_program_runs(void)
{
	const char *const argv[] = { "a", "@report", NULL };
	struct x_call call = {
		.argv = argv, .at = true, .path = "", .flags = AT_EMPTY_PATH
	};

	x_copy("prog");
	call.fd = t_open("prog", O_RDONLY);
	CHECK_OK(unlink("prog"));
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("exe"), t_fmt("%s (deleted)", t_p("prog")));
}

static void what_cannot_be_run(void)
{
	char *name = t_long(256, 'n');

	x_copy("prog");
	t_put("plain", "garbage");
	t_put("garbage", "garbage\n");
	t_put("empty", "");
	t_put("elf", "\x7f"
		     "EL");
	CHECK_OK(chmod("garbage", 0755));
	CHECK_OK(chmod("empty", 0755));
	CHECK_OK(chmod("elf", 0755));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("loop", "loop"));
	X_CHECK_ERRNO("plain", EACCES);
	X_CHECK_ERRNO("garbage", ENOEXEC);
	X_CHECK_ERRNO("empty", ENOEXEC);
	X_CHECK_ERRNO("elf", ENOEXEC);
	X_CHECK_ERRNO("d", EACCES);
	X_CHECK_ERRNO("d/", EACCES);
	X_CHECK_ERRNO("none", ENOENT);
	X_CHECK_ERRNO("none/x", ENOENT);
	X_CHECK_ERRNO("", ENOENT);
	X_CHECK_ERRNO("prog/", ENOTDIR);
	X_CHECK_ERRNO("prog/x", ENOTDIR);
	X_CHECK_ERRNO("loop", ELOOP);
	X_CHECK_ERRNO(name, ENAMETOOLONG);
	X_CHECK_ERRNO(T_BAD_PTR, EFAULT);
	CHECK_OK(mkfifo("p", 0755));
	X_CHECK_ERRNO("p", EACCES);
	CHECK_OK(truncate("prog", 100));
	X_CHECK_ERRNO("prog", ENOEXEC);
	free(name);
}

static void bad_argument_pointers(void)
{
	const char *const ok[] = { "a", "@report", NULL };
	const char *const bad[] = { "a", T_BAD_PTR, NULL };
	struct x_call call = { .path = "prog", .argv = bad };

	x_copy("prog");
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "EFAULT");
	call.argv = ok;
	call.envp = bad;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "EFAULT");
	call.envp = NULL;
	call.argv = T_BAD_PTR;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "EFAULT");
}

static void many_and_large_arguments(void)
{
	const char **argv = calloc(1100, sizeof(*argv));
	struct x_call call = { .path = "prog", .argv = argv };
	char *text = t_long(128, 'a');
	char *large = t_long(131071, 'b');
	int i;

	x_copy("prog");
	argv[0] = "x";
	argv[1] = "@count";
	for (i = 2; i < 1026; i++)
		argv[i] = text;
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("count"), "1026");
	CHECK_STR(x_field("total"), t_fmt("%d", 2 + 7 + 1024 * 129));
	argv[2] = large;
	argv[3] = NULL;
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("total"), t_fmt("%d", 2 + 7 + 131072));
	free(large);
	large = t_long(131072, 'b');
	argv[2] = large;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "E2BIG");
	large[131071] = '\0';
	for (i = 2; i < 1026; i++)
		argv[i] = large;
	CHECK_EQ(x_run(&call), 127);
	CHECK_STR(x_field("errno"), "E2BIG");
	free(large);
	free(text);
	free(argv);
}

static void descriptors_close_or_stay(void)
{
	const char *argv[] = { "x", "@fd", NULL, NULL };
	struct x_call call = { .path = "prog", .argv = argv };
	int kept;
	int gone;

	x_copy("prog");
	gone = t_open("prog", O_RDONLY);
	kept = (int)CHECK_OK(open("prog", O_RDONLY));
	argv[2] = t_fmt("%d", kept);
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("fd"), "open");
	argv[2] = t_fmt("%d", gone);
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_field("fd"), "closed");
	CHECK_EQ(fcntl(gone, F_GETFD), FD_CLOEXEC);
}

static void a_writer_of_the_program(void)
{
	int fd;

	x_copy("prog");
	fd = t_open("prog", O_RDWR);
	if (x_report("prog", "x") == 0)
		t_note("a program open for writing runs");
	else
		CHECK_STR(x_field("errno"), "ETXTBSY");
	close(fd);
	CHECK_EQ(x_report("prog", "x"), 0);
}

static void programs_of_the_host(void)
{
	const char *const argv[] = { "echo", "hello", "there", NULL };
	struct x_call call = { .path = "echo", .argv = argv };

	if (access("/bin/echo", X_OK) == 0) {
		t_copy("/bin/echo", "echo", 0755);
		CHECK_EQ(x_run(&call), 0);
		CHECK_STR(x_out, "hello there\n");
	}
	if (access("/bin/busybox", X_OK) == 0) {
		t_copy("/bin/busybox", "box", 0755);
		call.path = "box";
		CHECK_EQ(x_run(&call), 0);
		CHECK_STR(x_out, "hello there\n");
	}
}

static void a_replaced_program(void)
{
	x_copy("prog");
	CHECK_EQ(x_report("prog", "x"), 0);
	x_copy("new");
	CHECK_OK(rename("new", "prog"));
	CHECK_EQ(x_report("prog", "x"), 0);
	CHECK_STR(x_field("exe"), t_p("prog"));
	CHECK_OK(chmod("prog", 0644));
	X_CHECK_ERRNO("prog", EACCES);
}

static void programs_that_execute_themselves(void)
{
	static const char *const argv[] = { "self", "@again", "50", NULL };
	const struct x_call call = { .path = "./self", .argv = argv };

	x_copy("self");
	CHECK_EQ(x_run(&call), 7);
}

int main(int argc, char **argv)
{
	x_helper(argc, argv);
	t_init(argc, argv);
	RUN(a_program_knows_how_it_was_started);
	RUN(by_every_name);
	RUN(arguments_and_environment_are_kept);
	RUN(exit_status_comes_back);
	RUN(by_descriptor);
	RUN(execveat_errors);
	RUN(an_unlinked_program_runs);
	RUN(what_cannot_be_run);
	RUN(bad_argument_pointers);
	RUN(many_and_large_arguments);
	RUN(descriptors_close_or_stay);
	RUN(a_writer_of_the_program);
	RUN(programs_of_the_host);
	RUN(a_replaced_program);
	RUN(programs_that_execute_themselves);
	return t_done();
}
