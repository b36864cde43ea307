// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sites.c - tell what the search finds in an ELF file, for sites_test.sh
 *
 * usage: sites FILE: a line for each: `site ADDRESS HEAD LEN NR`,
 * `refused ADDRESS`, and at the end `ms TIME`, the best of ten searches. Reads
 * addresses on standard input before: `length ADDRESS BYTES` for each.
 */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "../insn.h"
#include "../site.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double search(const uint8_t *text, size_t len, struct pure_sites *sites)
{
	double best = 1e9;

	for (int i = 0; i < 10; i++) {
		double begin = now_ms();

		pure_sites_free(sites);
		if (pure_sites_find(text, len, NULL, NULL, sites))
			exit(1);
		if (now_ms() - begin < best)
			best = now_ms() - begin;
	}
	return best;
}

static void tell_lengths(const uint8_t *text, uint64_t at, size_t len)
{
	uint64_t address;

	while (scanf("%" SCNx64, &address) == 1) {
		struct pure_insn insn;

		if (address < at || address >= at + len)
			continue;
		if (!pure_insn_decode(text + (address - at),
				      len - (address - at), &insn))
			insn.len = 0;
		printf("length %" PRIx64 " %u\n", address, insn.len);
	}
}

static void tell_sites(const uint8_t *text, uint64_t at, size_t len)
{
	struct pure_sites sites = { .n = 0 };
	double ms = search(text, len, &sites);

	for (size_t i = 0; i < sites.n; i++)
		printf("site %" PRIx64 " %u %u %d\n", at + sites.site[i].at,
		       sites.site[i].head, sites.site[i].len, sites.site[i].nr);
	for (size_t i = 0; i < sites.refused; i++)
		printf("refused %" PRIx64 "\n", at + sites.refused_at[i]);
	printf("ms %.3f\n", ms);
	pure_sites_free(&sites);
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	const Elf64_Phdr *p;
	const Elf64_Ehdr *e;
	struct stat st;
	uint8_t *file;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 2;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ,
		    MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (file == MAP_FAILED)
		return 1;
	e = (const void *)file;
	p = (const void *)(file + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD || !(p[i].p_flags & PF_X))
			continue;
		tell_lengths(file + p[i].p_offset, p[i].p_vaddr, p[i].p_filesz);
		tell_sites(file + p[i].p_offset, p[i].p_vaddr, p[i].p_filesz);
	}
	return 0;
}
