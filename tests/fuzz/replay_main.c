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

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int replay(const char *path, bool alloc)
{
	FILE *in = fopen(path, "rbe");
	uint8_t *data = NULL;
	long size = -1;

	if (in && fseek(in, 0, SEEK_END) == 0)
		size = ftell(in);
	if (size >= 0)
		data = malloc((size_t)size + 1);
	if (!data) {
		perror(path);
		return 1;
	}
	rewind(in);
	/* No byte more than there is: what reads on is to be seen. */
	data = realloc(data, size ? (size_t)size : 1);
	if (fread(data, 1, (size_t)size, in) != (size_t)size) {
		perror(path);
		return 1;
	}
	fclose(in);
	run(data, (size_t)size, alloc);
	free(data);
	return 0;
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
