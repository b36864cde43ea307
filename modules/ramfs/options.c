// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options.c - options of ramfs, and how much it may hold
 *
 * Mounted as tmpfs it has the limits that the kernel's has; of the kernel's
 * ramfs only mode= is heeded, and words that it does not know mean nothing.
 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number with k, m, g, t, p, e; %: of the machine's memory. */
static int take_bytes(const char *text, uint64_t *out)
{
	static const char units[] = "kmgtpe";
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			  (uint64_t)sysconf(_SC_PAGESIZE);
	char *end;
	uint64_t n = strtoull(text, &end, 0);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;

	if (end == text || *text == '-')
		return -EINVAL;
	if (*end == '%') {
		n = memory / 100 * n;
		end++;
	} else if (unit) {
		n <<= 10 * (unit - units + 1);
		end++;
	}
	*out = n;
	return *end ? -EINVAL : 0;
}

static int take_number(const char *text, int base, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, base);

	*out = (uint32_t)n;
	return end == text || *end || n > UINT32_MAX || *text == '-' ? -EINVAL
								     : 0;
}

/* Words of the kernel's that change nothing here. */
static bool is_idle_word(const char *word)
{
	static const char *const words[] = { "huge=", "mpol=", "inode32",
					     "inode64", "noswap" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(word, words[i], strlen(words[i])))
			return true;
	return false;
}

/* What follows "key=", or NULL. */
static const char *value_of(const char *word, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(word, key, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static int take_limit(const char *word, struct ram_limits *l)
{
	const char *v;
	uint64_t n = 0;
	int ret = -ENOENT;

	if ((v = value_of(word, "size"))) {
		ret = take_bytes(v, &n);
		l->pages = (n + RAM_PAGE - 1) / RAM_PAGE;
	} else if ((v = value_of(word, "nr_blocks"))) {
		ret = take_bytes(v, &l->pages);
	} else if ((v = value_of(word, "nr_inodes"))) {
		ret = take_bytes(v, &l->nodes);
	}
	return ret;
}

static int take(const char *word, struct ram_limits *l)
{
	const char *v;
	int ret = -ENOENT;

	if ((v = value_of(word, "mode")))
		ret = take_number(v, 8, &l->mode);
	else if (l->is_tmpfs && (v = value_of(word, "uid")))
		ret = take_number(v, 10, &l->uid);
	else if (l->is_tmpfs && (v = value_of(word, "gid")))
		ret = take_number(v, 10, &l->gid);
	else if (l->is_tmpfs)
		ret = take_limit(word, l);
	if (ret == -ENOENT && (!l->is_tmpfs || is_idle_word(word)))
		return 0;
	if (ret < 0)
		um_err("tmpfs: %s: no such option, or not its value", word);
	return ret < 0 ? -EINVAL : 0;
}

int ram_take_options(const char *options, struct ram_limits *l)
{
	char *copy = strdup(options);
	char *save;
	int ret = copy ? 0 : -ENOMEM;

	for (char *p = copy ? strtok_r(copy, ",", &save) : NULL; p && ret == 0;
	     p = strtok_r(NULL, ",", &save))
		ret = take(p, l);
	free(copy);
	return ret;
}

/* A limit that was none cannot be set afterwards, nor one below what is used. */
static bool may_become(uint64_t old, uint64_t limit, uint64_t used)
{
	return limit == old || !limit || (old && used <= limit);
}

int ramfs_remount(struct um_fs *fs, unsigned long flags, const char *options)
{
	struct ramfs *ram = fs->priv;
	struct ram_limits l = ram->limits;
	int ret = ram_take_options(options, &l);

	(void)flags;
	if (ret < 0)
		return ret;
	if (!may_become(ram->limits.pages, l.pages, ram->pages) ||
	    !may_become(ram->limits.nodes, l.nodes, ram->nodes)) {
		um_err("tmpfs: %s: there is more in it, or it has no limit",
		       options);
		return -EINVAL;
	}
	ram->limits.pages = l.pages;
	ram->limits.nodes = l.nodes;
	return 0;
}
