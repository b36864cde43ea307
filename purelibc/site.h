/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* site.h - system call instructions in x86_64 text that can be replaced */
#ifndef PURE_SITE_H
#define PURE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of `jmp *slot`, the slot at an absolute address below 2 GiB. */
#define PURE_SITE_JMP 7
/* The longest run of bytes that is replaced. */
#define PURE_SITE_MAX 24
/* Numbers above are no system calls: the bytes only look like one. */
#define PURE_SITE_NR_MAX 600

/**
 * struct pure_site - one system call instruction that can be replaced
 * @at: offset in the text of the first byte that is replaced
 * @head: bytes of whole instructions before `syscall`; they move to the stub
 *	and run before the call
 * @len: bytes that are replaced in all, PURE_SITE_JMP..PURE_SITE_MAX; what is
 *	after `syscall`, @len - @head - 2 bytes of whole instructions, moves
 *	to the stub and runs after the call. It may end with `ret`
 * @nr: the number of the call where the head ends up setting eax to an
 *	immediate; else -1
 */
struct pure_site {
	uint32_t at;
	uint8_t head;
	uint8_t len;
	int16_t nr;
};

/**
 * struct pure_sites - the result of a search
 * @site: what can be replaced, by rising offset; no two overlap
 * @refused_at: offsets of `syscall` instructions that cannot
 */
struct pure_sites {
	struct pure_site *site;
	size_t n;
	size_t refused;
	uint32_t *refused_at;
};

/**
 * pure_sites_find() - find what can be replaced
 * @text: an executable segment, from an instruction's beginning on; it is not
 *	changed
 * @len: its size, below 4 GiB
 * @want: whether a site of this number is wanted (-1: the number is not
 *	known). What is unwanted is neither returned nor refused. It may be
 *	asked more than once for a site. NULL: all
 * @arg: for @want
 * @out: gives both arrays, to be let go by pure_sites_free()
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int pure_sites_find(const uint8_t *text, size_t len,
		    bool (*want)(int nr, void *arg), void *arg,
		    struct pure_sites *out);

/*
 * Let the site's bytes be a jump through @slot, the address of a word below
 * 2 GiB; what is left of them is no instruction.
 */
void pure_site_divert(uint8_t *bytes, const struct pure_site *site,
		      uint32_t slot);

/* Takes zeroed structs as well. */
void pure_sites_free(struct pure_sites *sites);

#endif
