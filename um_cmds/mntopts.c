// SPDX-License-Identifier: GPL-2.0-or-later
/* mntopts.c - options of mount(8) as flags and data of mount(2) */
#include "mntopts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* Linux 5.10; lacking in older C libraries. */
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* A word that clears some flags and sets others. */
struct word {
	const char *name;
	unsigned long clear;
	unsigned long set;
};

static const struct word words[] = {
	{ "ro", 0, MS_RDONLY },
	{ "rw", MS_RDONLY, 0 },
	{ "nosuid", 0, MS_NOSUID },
	{ "suid", MS_NOSUID, 0 },
	{ "nodev", 0, MS_NODEV },
	{ "dev", MS_NODEV, 0 },
	{ "noexec", 0, MS_NOEXEC },
	{ "exec", MS_NOEXEC, 0 },
	{ "sync", 0, MS_SYNCHRONOUS },
	{ "async", MS_SYNCHRONOUS, 0 },
	{ "dirsync", 0, MS_DIRSYNC },
	{ "remount", 0, MS_REMOUNT },
	{ "bind", 0, MS_BIND },
	{ "rbind", 0, MS_BIND | MS_REC },
	{ "move", 0, MS_MOVE },
	{ "mand", 0, MS_MANDLOCK },
	{ "nomand", MS_MANDLOCK, 0 },
	{ "noatime", 0, MS_NOATIME },
	{ "atime", MS_NOATIME, 0 },
	{ "nodiratime", 0, MS_NODIRATIME },
	{ "diratime", MS_NODIRATIME, 0 },
	{ "relatime", 0, MS_RELATIME },
	{ "norelatime", MS_RELATIME, 0 },
	{ "strictatime", 0, MS_STRICTATIME },
	{ "nostrictatime", MS_STRICTATIME, 0 },
	{ "lazytime", 0, MS_LAZYTIME },
	{ "nolazytime", MS_LAZYTIME, 0 },
	{ "nosymfollow", 0, MS_NOSYMFOLLOW },
	{ "symfollow", MS_NOSYMFOLLOW, 0 },
	{ "silent", 0, MS_SILENT },
	{ "loud", MS_SILENT, 0 },
	/* What follows means something to mount(8) and fstab(5) only. */
	{ "defaults", 0, 0 },
	{ "auto", 0, 0 },
	{ "noauto", 0, 0 },
	{ "user", 0, 0 },
	{ "nouser", 0, 0 },
	{ "users", 0, 0 },
	{ "nousers", 0, 0 },
	{ "owner", 0, 0 },
	{ "noowner", 0, 0 },
	{ "group", 0, 0 },
	{ "nogroup", 0, 0 },
	{ "_netdev", 0, 0 },
	{ "nofail", 0, 0 },
	{ "loop", 0, 0 },
};

static bool starts_with(const char *text, size_t len, const char *head)
{
	size_t n = strlen(head);

	return len >= n && !memcmp(text, head, n);
}

static bool is_comment(const char *text, size_t len)
{
	return starts_with(text, len, "x-") || starts_with(text, len, "X-") ||
	       starts_with(text, len, "comment=");
}

/* Return: whether it was a word for the core rather than for the module. */
static bool take_word(struct mntopts *opts, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].name) != len ||
		    memcmp(words[i].name, text, len) != 0)
			continue;
		opts->flags &= ~words[i].clear;
		opts->flags |= words[i].set;
		return true;
	}
	return is_comment(text, len);
}

static int append(struct mntopts *opts, const char *text, size_t len)
{
	size_t old = opts->data ? strlen(opts->data) + 1 : 0;
	char *data = realloc(opts->data, old + len + 1);

	if (!data)
		return -ENOMEM;
	if (old)
		data[old - 1] = ',';
	memcpy(data + old, text, len);
	data[old + len] = '\0';
	opts->data = data;
	return 0;
}

/* Return: length of the option that text begins with, -EINVAL: open quote. */
static ssize_t option_len(const char *text)
{
	char quote = '\0';
	size_t i;

	for (i = 0; text[i]; i++) {
		if (text[i] == '\\' && text[i + 1])
			i++;
		else if (quote && text[i] == quote)
			quote = '\0';
		else if (!quote && (text[i] == '"' || text[i] == '\''))
			quote = text[i];
		else if (!quote && text[i] == ',')
			break;
	}
	return quote ? -EINVAL : (ssize_t)i;
}

int mntopts_add(struct mntopts *opts, const char *list)
{
	while (*list) {
		ssize_t len = option_len(list);

		if (len < 0)
			return (int)len;
		if (len > 0 && !take_word(opts, list, (size_t)len) &&
		    append(opts, list, (size_t)len) < 0)
			return -ENOMEM;
		list += len;
		if (*list == ',')
			list++;
	}
	return 0;
}

void mntopts_fini(struct mntopts *opts)
{
	free(opts->data);
	opts->data = NULL;
	opts->flags = 0;
}
