// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * busy.c - calls about files of a directory until there is one named "stop"
 *
 * usage: busy DIR; "started" is made in it first. 0: every answer was right.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

volatile long turns;

static int is_right(void)
{
	char buf[16];
	struct stat st;
	int fd = open("f", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf));

	close(fd);
	return n == 8 && memcmp(buf, "contents", 8) == 0 &&
	       stat("f", &st) == 0 && st.st_size == 8 &&
	       access("absent", F_OK) < 0;
}

static int put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0644);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return 0;
	return close(fd) == 0;
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) < 0 || !put("f", "contents") ||
	    !put("started", ""))
		return 2;
	for (; access("stop", F_OK) < 0; turns++)
		if (!is_right()) {
			printf("wrong in turn %ld\n", turns);
			return 1;
		}
	return 0;
}
