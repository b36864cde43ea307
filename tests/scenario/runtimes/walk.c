// SPDX-License-Identifier: GPL-2.0-or-later
/* walk.c - a static program of another libc: threads, files, exec, walk */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 8, FILES = 25 };

extern char **environ;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("FAIL: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void make_one(int n, int i)
{
	char name[32];
	char new_name[40];
	char text[64];
	char got[64] = "";
	struct stat st;
	FILE *file;

	snprintf(name, sizeof(name), "w%d.%d", n, i);
	snprintf(new_name, sizeof(new_name), "%s.new", name);
	snprintf(text, sizeof(text), "text %d of %d", i, n);
	file = fopen(new_name, "w");
	must(file && fputs(text, file) >= 0 && fclose(file) == 0, new_name);
	must(rename(new_name, name) == 0, name);
	file = fopen(name, "r");
	must(file && fgets(got, sizeof(got), file) && fclose(file) == 0, name);
	must(strcmp(got, text) == 0, "content");
	must(stat(name, &st) == 0 && st.st_size == (off_t)strlen(text), name);
}

static void *work(void *arg)
{
	int i;

	for (i = 0; i < FILES; i++)
		make_one(*(const int *)arg, i);
	return NULL;
}

static void in_threads(void)
{
	static int numbers[WORKERS];
	pthread_t thread[WORKERS];
	int i;

	for (i = 0; i < WORKERS; i++) {
		numbers[i] = i;
		must(pthread_create(&thread[i], NULL, work, &numbers[i]) == 0,
		     "pthread_create");
	}
	for (i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
}

static int fds[2];

static void *sleep_in_read(void *arg)
{
	char c;

	return read(fds[0], &c, 1) == 1 ? arg : NULL;
}

static void *sleep_in_open(void *arg)
{
	return open("fifo", O_RDONLY) >= 0 ? arg : NULL;
}

/* musl cancels only where it made the call itself. */
static void cancel(void *(*fn)(void *), const char *what)
{
	pthread_t thread;
	void *result = NULL;
	int i;

	for (i = 0; i < 5; i++) {
		must(pthread_create(&thread, NULL, fn, NULL) == 0, what);
		/* asleep or on its way there: either must do */
		usleep(i * 1000);
		must(pthread_cancel(thread) == 0, what);
		must(pthread_join(thread, &result) == 0, what);
		must(result == PTHREAD_CANCELED, what);
	}
	printf("%s: cancelled\n", what);
}

static void cancels(void)
{
	must(pipe(fds) == 0 && mkfifo("fifo", 0644) == 0, "fifo");
	cancel(sleep_in_read, "read");
	cancel(sleep_in_open, "open");
	must(unlink("fifo") == 0, "unlink");
}

static void walk(void)
{
	struct dirent *de;
	DIR *dir = opendir(".");
	int n = 0;

	must(dir != NULL, "opendir");
	while ((de = readdir(dir)) != NULL)
		if (de->d_name[0] == 'w') {
			n++;
			must(unlink(de->d_name) == 0, de->d_name);
		}
	closedir(dir);
	printf("%d files\n", n);
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], NULL };
	struct stat st;
	int status = -1;
	pid_t pid;

	if (argc != 2)
		return 7;
	must(posix_spawn(&pid, argv[0], NULL, NULL, args, environ) == 0 &&
		     waitpid(pid, &status, 0) == pid,
	     "posix_spawn");
	printf("child: %d\n", WEXITSTATUS(status));
	must(chdir(argv[1]) == 0, argv[1]);
	in_threads();
	walk();
	cancels();
	printf("absent: %d\n", stat("absent", &st) < 0 && errno == ENOENT);
	return 0;
}
