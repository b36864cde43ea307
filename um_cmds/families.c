// SPDX-License-Identifier: LGPL-2.1-or-later
/* families.c - lists of address families, as mstack(1) and umnet take them */
#include "families.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ONE(family) (1ULL << (family))
#define IP	    (ONE(AF_INET) | ONE(AF_INET6) | ONE(AF_NETLINK) | ONE(AF_PACKET))

static const struct {
	const char *word;
	um_families set;
} words[] = {
	{ "all", UM_FAMILIES_ALL }, { "unix", ONE(AF_UNIX) },
	{ "u", ONE(AF_UNIX) },	    { "ipv4", ONE(AF_INET) },
	{ "4", ONE(AF_INET) },	    { "ipv6", ONE(AF_INET6) },
	{ "6", ONE(AF_INET6) },	    { "netlink", ONE(AF_NETLINK) },
	{ "n", ONE(AF_NETLINK) },   { "packet", ONE(AF_PACKET) },
	{ "p", ONE(AF_PACKET) },    { "bluetooth", ONE(AF_BLUETOOTH) },
	{ "b", ONE(AF_BLUETOOTH) }, { "irda", ONE(AF_IRDA) },
	{ "i", ONE(AF_IRDA) },	    { "ip", IP },
};

/* "#N" or "fN"; 0: no family. */
static um_families by_number(const char *word, size_t len)
{
	long n = 0;

	if (len < 2 || len > 3 || (word[0] != '#' && word[0] != 'f'))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return 0;
		n = 10 * n + word[i] - '0';
	}
	return n < AF_MAX ? ONE(n) : 0;
}

static um_families by_word(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len &&
		    !strncmp(words[i].word, word, len))
			return words[i].set;
	return by_number(word, len);
}

int um_families_parse(const char *list, um_families *out, const char **wrong,
		      int *len)
{
	um_families set = list[0] == '-' && list[1] ? UM_FAMILIES_ALL : 0;
	bool add = true;

	while (*list) {
		size_t n = strcspn(list, ",");
		const char *word = list;
		um_families these;
		bool is_signed = *word == '+' || *word == '-';

		list += n + (list[n] == ',');
		if (is_signed) {
			add = *word == '+';
			word++;
			n--;
		}
		/* "-" alone, and "+" */
		if (!n && is_signed && !*list)
			break;
		these = by_word(word, n);
		if (!these) {
			*wrong = word;
			*len = (int)n;
			return -EINVAL;
		}
		set = add ? set | these : set & ~these;
	}
	*out = set;
	return 0;
}
