// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replay_main.c - main() of the fuzz targets without libFuzzer
 *
 * usage: TARGET [--alloc] FILE...
 *
 * Each file once; with --alloc as often as it allocates memory, with another
 * allocation failing each time.
 */
#include "fuzz/alloc.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FAILURES 3000

static void run(const uint8_t *data, size_t size, bool alloc)
{
	unsigned long n = 0;

	do {
		alloc_fail_at(alloc ? ++n : 0);
		LLVMFuzzerTestOneInput(data, size);
	} while (alloc_failed() && n < MAX_FAILURES);
}

/* Exactly its bytes on the heap: what reads on is to be seen. */
static int replay(const char *path, bool alloc)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *data = NULL;
	struct stat st;
	int bad = 1;

	if (fd >= 0 && fstat(fd, &st) == 0)
		data = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (data && read(fd, data, (size_t)st.st_size) == st.st_size) {
		run(data, (size_t)st.st_size, alloc);
		bad = 0;
	} else {
		perror(path);
	}
	free(data);
	if (fd >= 0)
		close(fd);
	return bad;
}

int main(int argc, char **argv)
{
	bool alloc = argc > 1 && !strcmp(argv[1], "--alloc");
	int first = alloc ? 2 : 1;
	int bad = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = first; i < argc; i++)
		bad |= replay(argv[i], alloc);
	printf("%d inputs\n", argc - first);
	return bad || argc <= first;
}
