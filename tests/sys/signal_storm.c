// SPDX-License-Identifier: GPL-2.0-or-later
/* signal_storm.c - a signal every 100 us while calls are made; all stay right */

#include "check.h"

#include <dirent.h>
#include <setjmp.h>
#include <time.h>

enum { FILES = 20, ROUNDS = 60 };

static timer_t timer;
/* Calls that a signal ended before they began; only without SA_RESTART. */
static int interrupted;
static bool jumps;
static sigjmp_buf out;
static volatile sig_atomic_t may_jump;

/* Does @call until no signal ends it. */
#define AGAIN(call)                                                            \
	({                                                                     \
		long again_;                                                   \
		while ((again_ = (call)) == -1 && errno == EINTR)              \
			interrupted++;                                         \
		again_;                                                        \
	})

static void on_tick(int sig)
{
	(void)sig;
	t_signals++;
	/* Not each time: some calls shall come to their end. */
	if (jumps && may_jump && t_signals % 13 == 0) {
		may_jump = 0;
		siglongjmp(out, 1);
	}
}

static void start_storm(int flags)
{
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = flags };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	struct itimerspec every = { .it_interval.tv_nsec = 100000,
				    .it_value.tv_nsec = 100000 };

	interrupted = 0;
	t_signals = 0;
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	CHECK_OK(timer_settime(timer, 0, &every, NULL));
}

static void stop_storm(void)
{
	CHECK_OK(timer_delete(timer));
	signal(SIGUSR1, SIG_IGN);
	CHECK(t_signals > 0);
	if (interrupted > 0)
		t_note("%d calls ended by EINTR", interrupted);
}

static const char *file_name(int i)
{
	return t_fmt("f%d", i % FILES);
}

/* FILES files, each with its number in it, and a link to each. */
static void make_files(void)
{
	int i;

	for (i = 0; i < FILES; i++) {
		t_put(file_name(i), t_fmt("number %d.", i));
		CHECK_OK(symlink(file_name(i), t_fmt("l%d", i)));
	}
	t_put("log", "");
}

static void read_one(int i)
{
	char want[32]; /* t_fmt()'s texts do not last through many retries */
	char buf[64] = "";
	struct stat st;
	int fd = (int)AGAIN(open(file_name(i), O_RDONLY));

	snprintf(want, sizeof(want), "number %d.", i % FILES);
	if (!CHECK(fd >= 0))
		return;
	CHECK_EQ(AGAIN(read(fd, buf, sizeof(buf))), strlen(want));
	CHECK_STR(buf, want);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(AGAIN(pread(fd, buf, sizeof(buf), 7)), strlen(want) - 7);
	CHECK_STR(buf, want + 7);
	CHECK_EQ(AGAIN(lseek(fd, 0, SEEK_CUR)), strlen(want));
	CHECK_EQ(AGAIN(fstat(fd, &st)), 0);
	CHECK_EQ(st.st_size, strlen(want));
	CHECK_EQ(close(fd), 0);
}

static void look_at_one(int i)
{
	struct stat st;
	char buf[64] = "";

	CHECK_EQ(AGAIN(stat(file_name(i), &st)), 0);
	CHECK_EQ(st.st_size, strlen(t_fmt("number %d.", i % FILES)));
	CHECK_EQ(AGAIN(lstat(t_fmt("l%d", i % FILES), &st)), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(AGAIN(readlink(t_fmt("l%d", i % FILES), buf, sizeof(buf))),
		 strlen(file_name(i)));
	CHECK_STR(buf, file_name(i));
	CHECK_EQ(AGAIN(access(file_name(i), R_OK)), 0);
	CHECK_EQ(AGAIN(access("absent", F_OK)), -1);
	CHECK_EQ(errno, ENOENT);
}

/* Every entry once: FILES files, as many links, log, two dots, and @more. */
static void list_all(int more)
{
	char buf[4096];
	int entries = 0;
	long n;
	long at;
	int fd = (int)AGAIN(open(".", O_RDONLY | O_DIRECTORY));

	if (!CHECK(fd >= 0))
		return;
	while ((n = AGAIN(sys_getdents64(fd, buf, 512))) > 0)
		for (at = 0; at < n; entries++) {
			unsigned short len;

			memcpy(&len, buf + at + 16, sizeof(len));
			at += len;
		}
	CHECK_EQ(n, 0);
	CHECK_EQ(entries, 2 * FILES + 3 + more);
	CHECK_EQ(close(fd), 0);
}

/* A write that is interrupted has written nothing: each is done once. */
static void log_one(int i)
{
	struct stat st;
	int fd = (int)AGAIN(open("log", O_WRONLY | O_APPEND));

	CHECK_EQ(AGAIN(write(fd, "0123456789", 10)), 10);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(AGAIN(stat("log", &st)), 0);
	CHECK_EQ(st.st_size, 10L * (i + 1));
}

static void rename_one(void)
{
	CHECK_EQ(AGAIN(mkdir("d", 0755)), 0);
	CHECK_EQ(AGAIN(rename("d", "e")), 0);
	CHECK_EQ(AGAIN(rmdir("e")), 0);
}

static void work(int more)
{
	time_t end = time(NULL) + 8;
	int i;

	for (i = 0; i < ROUNDS && time(NULL) < end; i++) {
		read_one(i);
		look_at_one(i);
		list_all(more);
		log_one(i);
		rename_one();
	}
}

static void with_restart(void)
{
	make_files();
	start_storm(SA_RESTART);
	work(0);
	stop_storm();
	CHECK_EQ(interrupted, 0);
}

static void without_restart(void)
{
	make_files();
	start_storm(0);
	work(0);
	stop_storm();
}

static void on_a_stack_of_its_own(void)
{
	stack_t ss = { .ss_size = 64 << 10 };

	ss.ss_sp = malloc(ss.ss_size);
	CHECK_OK(sigaltstack(&ss, NULL));
	make_files();
	start_storm(SA_RESTART | SA_ONSTACK);
	work(0);
	stop_storm();
	ss.ss_flags = SS_DISABLE;
	CHECK_OK(sigaltstack(&ss, NULL));
	free(ss.ss_sp);
}

static void in_a_handler_with_calls(int sig)
{
	int err = errno;
	struct stat st;

	(void)sig;
	t_signals++;
	if (stat("held", &st) < 0 || st.st_size != 9)
		t_signals = -1000000;
	errno = err;
}

static void calls_meet_calls_of_the_handler(void)
{
	struct sigaction sa = { .sa_handler = in_a_handler_with_calls,
				.sa_flags = SA_RESTART };

	t_put("held", "number 3.");
	make_files();
	start_storm(SA_RESTART);
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	work(1);
	stop_storm();
}

/* What a jump leaves behind is closed: only the results matter. */
static void jump_out_of(void (*call)(int))
{
	volatile int left = 0;
	volatile int i;

	for (i = 0; i < 2 * ROUNDS; i++) {
		if (sigsetjmp(out, 1) == 0) {
			may_jump = 1;
			call(i);
			may_jump = 0;
		} else {
			left++;
		}
		syscall(SYS_close_range, 3U, ~0U, 0U);
	}
	t_note("left %d of %d times", left, 2 * ROUNDS);
}

static void read_often(int i)
{
	int n;

	for (n = 0; n < 10; n++)
		read_one(i + n);
}

static void look_often(int i)
{
	int n;

	for (n = 0; n < 10; n++)
		look_at_one(i + n);
}

static void list_often(int i)
{
	(void)i;
	list_all(0);
	list_all(0);
}

static void jumps_out_of_handlers(void)
{
	make_files();
	jumps = true;
	start_storm(SA_RESTART);
	jump_out_of(read_often);
	jump_out_of(look_often);
	jump_out_of(list_often);
	jumps = false;
	stop_storm();
	read_one(1);
	look_at_one(1);
	list_all(0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(with_restart);
	RUN(without_restart);
	RUN(on_a_stack_of_its_own);
	RUN(calls_meet_calls_of_the_handler);
	RUN(jumps_out_of_handlers);
	return t_done();
}
