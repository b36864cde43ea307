// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * many.c - many append to one file, and make the same names, at once
 *
 * usage: many [--ops N] [--without WORD,...] [--leave DIR] DIR
 *
 * Threads of several processes open a file with O_APPEND, write a line and close
 * it, while another asks for its attributes; N lines each. O_APPEND has each line
 * put at the end of all that were written before: so in the end every line must
 * be there, once, whole.
 *
 * After each line they make the same name, in one of five ways: one of them makes
 * it, all others are told EEXIST.
 *
 * Before all that one alone makes files, closes them and lets them go: nothing
 * is left of them, however late their daemon is told of their last close.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chance.h"

#define PROCESSES 3
#define THREADS	  3
#define WRITERS	  (PROCESSES * THREADS)
/* "writer line\n", all of one length */
#define LINE 10

static struct chance c;
static const char *const name = "log";
static atomic_bool over;
/* How often each name was made; shared by the processes. */
static atomic_int *made;

static void append(int writer, int line)
{
	char text[32];
	int fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	snprintf(text, sizeof(text), "%03d %05d\n", writer, line);
	if (fd < 0)
		blame("open");
	if (write(fd, text, LINE) != LINE)
		blame("write");
	if (close(fd) < 0)
		blame("close");
}

static int make_excl(const char *new)
{
	int fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

/* Made anew, or if @again opened once more. */
static void touch(const char *new, bool again)
{
	int fd = open(new, O_RDWR | (again ? 0 : O_CREAT) | O_CLOEXEC, 0644);

	if (fd < 0 || (!again && write(fd, "x", 1) != 1) || close(fd) < 0)
		blame("%s", new);
}

static void come_and_go(int times)
{
	int i;

	if (mkdir("d", 0755) < 0)
		blame("mkdir");
	for (i = 0; i < times; i++) {
		touch("d/f", false);
		if (i % 2)
			touch("d/f", true);
		if (i % 3 == 0) {
			touch("d/g", false);
			if (rename("d/g", "d/f") < 0)
				blame("rename");
		}
		if (unlink("d/f") < 0)
			blame("unlink");
	}
	if (rmdir("d") < 0)
		blame("something is left where all was removed");
}

static int make_dir(const char *new)
{
	return mkdir(new, 0755);
}

static int make_node(const char *new)
{
	return mknod(new, S_IFREG | 0644, 0);
}

static int make_symlink(const char *new)
{
	return symlink("to", new);
}

static int make_link(const char *new)
{
	return link("other", new);
}

/* The last two are not for every file system. */
static int (*const ways[])(const char *new) = { make_excl, make_dir, make_node,
						make_symlink, make_link };

static bool is_lacking(size_t way)
{
	return way >= 3 && (errno == EPERM || errno == ENOSYS ||
			    errno == EOPNOTSUPP || errno == EACCES);
}

static void make_name(int i)
{
	size_t way = (size_t)i % (sizeof(ways) / sizeof(ways[0]));
	char new[32];

	snprintf(new, sizeof(new), "n%d", i);
	if (ways[way](new) == 0)
		made[i]++;
	else if (errno != EEXIST && !is_lacking(way))
		blame("%s", new);
}

static void *write_lines(void *arg)
{
	int writer = *(const int *)arg;
	int i;

	for (i = 0; i < c.ops; i++) {
		append(writer, i);
		make_name(i);
	}
	return NULL;
}

/* What others were told of the file must not be what a writer goes by. */
static void *look(void *arg)
{
	struct stat st;
	off_t size = 0;

	(void)arg;
	for (; !over; usleep(300)) {
		if (stat(name, &st) < 0)
			continue;
		if (st.st_size < size)
			blame("size %lld after %lld", (long long)st.st_size,
			      (long long)size);
		size = st.st_size;
	}
	return NULL;
}

static void one_process(int first)
{
	pthread_t thread[THREADS];
	int writer[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		writer[i] = first + i;
		if (pthread_create(&thread[i], NULL, write_lines, &writer[i]))
			blame("pthread_create");
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* Returns how often each line of each writer was seen. */
static unsigned char *count(FILE *f)
{
	unsigned char *seen = calloc((size_t)c.ops, WRITERS);
	char text[64];
	int writer, line;

	while (seen && fgets(text, sizeof(text), f)) {
		if (strlen(text) != LINE ||
		    sscanf(text, "%3d %5d\n", &writer, &line) != 2 ||
		    writer >= WRITERS || line >= c.ops)
			blame("a line is not whole: %s", text);
		seen[writer * c.ops + line]++;
	}
	return seen;
}

static void check(void)
{
	FILE *f = fopen(name, "re");
	unsigned char *seen = f ? count(f) : NULL;
	long i, lost = 0, twice = 0;

	if (!seen)
		blame("read");
	for (i = 0; i < WRITERS * c.ops; i++) {
		lost += seen[i] == 0;
		twice += seen[i] > 1;
	}
	if (lost || twice)
		blame("of %ld lines %ld are lost, %ld there twice",
		      WRITERS * c.ops, lost, twice);
	free(seen);
	fclose(f);
}

static void check_names(void)
{
	struct stat st;
	char new[32];
	long i;

	for (i = 0; i < c.ops; i++) {
		snprintf(new, sizeof(new), "n%ld", i);
		if (made[i] > 1)
			blame("%s was made %d times", new, made[i]);
		if (lstat(new, &st) < 0 && made[i])
			blame("%s", new);
		if (c.leave)
			continue;
		if (unlink(new) < 0 && rmdir(new) < 0 && made[i])
			blame("remove %s", new);
		if (lstat(new, &st) == 0)
			blame("%s is still there", new);
	}
}

static void leave_copy(void)
{
	char buf[4096], path[4096];
	ssize_t n;
	int in = open(name, O_RDONLY | O_CLOEXEC), out;

	snprintf(path, sizeof(path), "%s/%s", c.leave, name);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			blame("write %s", path);
	if (n < 0 || close(out) < 0 || close(in) < 0)
		blame("copy to %s", path);
}

static void wait_for_writers(void)
{
	int i, status;

	for (i = 0; i < PROCESSES; i++)
		if (wait(&status) < 0 || status != 0)
			blame("a writer failed");
}

int main(int argc, char **argv)
{
	pthread_t looker;
	int i;

	chance_init(&c, argc, argv);
	if (chdir(c.dir) < 0)
		blame("%s", c.dir);
	made = mmap(NULL, (size_t)c.ops * sizeof(*made), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED || mknod("other", S_IFREG | 0644, 0) < 0)
		blame("prepare");
	come_and_go((int)c.ops * 50);
	for (i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid < 0)
			blame("fork");
		if (pid == 0) {
			one_process(i * THREADS);
			_exit(0);
		}
	}
	if (pthread_create(&looker, NULL, look, NULL))
		blame("pthread_create");
	wait_for_writers();
	over = true;
	pthread_join(looker, NULL);
	check();
	check_names();
	if (c.leave)
		leave_copy();
	else if (unlink(name) < 0 || unlink("other") < 0)
		blame("remove");
	printf("%ld lines, each there once, %ld names\n", WRITERS * c.ops,
	       c.ops);
	free(c.without);
	return 0;
}
