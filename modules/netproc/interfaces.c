// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * interfaces.c - which interfaces the options of a mount ask for
 *
 *	vd0=vde:///tmp/sw,tp0=tap3,sl0,dhcp
 *
 * A word is two letters and a number, =argument; or it is about all. Where no
 * interface is named there is vd0, which the source says where to plug: a VNL,
 * "none" (it is there, unplugged until `ip link set vd0 alias VNL`).
 */
#include "interfaces.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umview/log.h>

#include "words.h"

enum { RA_MAX = 64 << 10 };

static const struct {
	const char *letters, *kind;
} kinds[] = {
	{ "vd", "vde" },
	{ "sl", "slirp" },
	{ "tp", "tap" },
	{ "wr", "wire" },
};

struct list {
	char *item[UM_INTERFACES_MAX + 1];
	size_t n;
	const char *flags; /* for all: "", ";up" or ";up;dhcp" */
	const char *ra;	   /* the file of router advertisements, or NULL */
};

static int add(struct list *l, const char *name, size_t len, const char *kind,
	       const char *arg)
{
	char *text;

	if (l->n == UM_INTERFACES_MAX) {
		um_err("more than %d interfaces", UM_INTERFACES_MAX);
		return -EINVAL;
	}
	if (asprintf(&text, "%.*s=%s%s%s%s", (int)len, name, kind,
		     arg ? ":" : "", arg ? arg : "", l->flags) < 0)
		return -ENOMEM;
	l->item[l->n++] = text;
	return 0;
}

static int add_word(struct list *l, const char *word)
{
	if (l->n == UM_INTERFACES_MAX)
		return -EINVAL;
	l->item[l->n] = strdup(word);
	if (!l->item[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

/* What the file says, as a word: the process itself sees no file of the view. */
static int add_adverts(struct list *l)
{
	FILE *f = fopen(l->ra, "re");
	int ret = f ? 0 : -errno;
	char *word = calloc(1, RA_MAX + sizeof("ra="));
	size_t n = 0;

	if (!word)
		ret = -ENOMEM;
	if (ret == 0) {
		snprintf(word, sizeof("ra="), "ra=");
		n = fread(word + 3, 1, RA_MAX, f);
		ret = ferror(f) ? -EIO : n == RA_MAX ? -E2BIG : 0;
	}
	if (ret < 0)
		um_err("umnetlwip: %s: %s", l->ra, strerror(-ret));
	else
		ret = add_word(l, word);
	if (f)
		fclose(f);
	free(word);
	return ret;
}

static const char *kind_of(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(word, kinds[i].letters, 2))
			return kinds[i].kind;
	return NULL;
}

/* "vdN=VNL", "vdN" (N of them), "vd0=" ... */
static int named(struct list *l, const char *word)
{
	const char *kind = kind_of(word), *equals = strchr(word, '=');
	char name[16];
	char *end = NULL;
	long n = kind && isdigit((unsigned char)word[2])
			 ? strtol(word + 2, &end, 10)
			 : -1;

	if (n < 0 || n > 99 || (*end && *end != '=')) {
		um_err("`%s': no interface; they are vdN, slN, tpN, wrN", word);
		return -EINVAL;
	}
	if (equals || !strncmp(word, "sl", 2))
		return add(l, word, (size_t)(end - word), kind,
			   equals ? equals + 1 : NULL);
	/* the original's spelling: so many of them */
	for (long i = 0; i < n; i++) {
		int ret;

		snprintf(name, sizeof(name), "%.2s%ld", word, i);
		ret = add(l, name, strlen(name), kind, NULL);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Words about all interfaces come first, wherever they stand. */
static bool is_flag(struct list *l, const char *word)
{
	if (!strcmp(word, "dhcp"))
		l->flags = ";dhcp;up";
	else if (!strcmp(word, "up") && !*l->flags)
		l->flags = ";up";
	return !strcmp(word, "dhcp") || !strcmp(word, "up");
}

static int parse(struct list *l, const char *source, char *first, char *second)
{
	bool only_lo = false, any = false;
	char *word;
	int ret = 0;

	while ((word = words_next(&first)))
		is_flag(l, word);
	while (ret == 0 && (word = words_next(&second))) {
		if (!*word || is_flag(l, word))
			continue;
		if (!strcmp(word, "forward")) {
			ret = add_word(l, word);
			continue;
		}
		if (!strncmp(word, "ra=", 3)) {
			l->ra = word + 3;
			continue;
		}
		if (!strcmp(word, "lo")) {
			only_lo = true;
			continue;
		}
		any = true;
		ret = named(l, word);
	}
	if (ret < 0 || any || only_lo)
		return ret;
	if (!strcmp(source, "slirp"))
		return add(l, "vd0", 3, "slirp", NULL);
	return add(l, "vd0", 3, "vde", strcmp(source, "none") ? source : NULL);
}

int um_interfaces_parse(const char *source, const char *options, char ***out)
{
	struct list l = { .flags = "" };
	char *first = strdup(options), *second = strdup(options);
	int ret = first && second ? parse(&l, source, first, second) : -ENOMEM;

	if (ret == 0 && l.ra)
		ret = add_adverts(&l);
	free(first);
	free(second);
	*out = calloc(l.n + 1, sizeof(char *));
	if (!*out && ret == 0)
		ret = -ENOMEM;
	for (size_t i = 0; i < l.n; i++) {
		if (*out)
			(*out)[i] = l.item[i];
		else
			free(l.item[i]);
	}
	return ret;
}
