// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rewrite.c - do to a file of text what the library does to its process
 *
 * usage: rewrite IN TEXT STUBS: read raw text, write it replaced, and its
 * stubs, as if they were at the addresses that rewrite_test.sh names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "../internal.h"

#define TEXT  0x10000
#define STUBS 0x20000
#define SLOTS 0x30000
#define ENTRY 0x40000

static bool want(int nr, void *arg)
{
	(void)arg;
	return nr != SYS_clone;
}

static void save(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) {
		perror(name);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static uint8_t text[4096], stubs[64 * PURE_STUB_SIZE];
	struct pure_sites sites;
	FILE *f = argc == 4 ? fopen(argv[1], "r") : NULL;
	size_t len = f ? fread(text, 1, sizeof(text), f) : 0;

	if (!len || pure_sites_find(text, len, want, NULL, &sites) ||
	    sites.n > 64)
		return 1;
	fclose(f);
	for (uint32_t i = 0; i < sites.n; i++) {
		struct pure_place place = {
			.text = TEXT,
			.stub = STUBS + i * PURE_STUB_SIZE,
			.entry = ENTRY,
		};

		pure_stub_write(stubs + (size_t)i * PURE_STUB_SIZE, text,
				&sites.site[i], &place);
	}
	for (uint32_t i = 0; i < sites.n; i++)
		pure_site_divert(text + sites.site[i].at, &sites.site[i],
				 SLOTS + 8 * i);
	save(argv[2], text, len);
	save(argv[3], stubs, sites.n * PURE_STUB_SIZE);
	pure_sites_free(&sites);
	return 0;
}
