// SPDX-License-Identifier: GPL-2.0-or-later
/* um_fsalias.c - let mount of one file system type mean another */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "um_fsalias",
	.usage = "\n"
		 "ALIAS TYPE\n"
		 "-d ALIAS",
	.help = "Let 'mount -t ALIAS' mean 'mount -t TYPE' in this view. Without arguments\n"
		"list the aliases, one 'ALIAS TYPE' a line.\n"
		"\n"
		"  -d, --delete     remove ALIAS; so does an empty or a missing TYPE\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"TYPE may be an alias too.\n"
		"\n"
		"Examples:\n"
		"  um_fsalias ext4 umfuseext2\n"
		"  um_fsalias -d ext4\n"
};

static const struct cmd_reason set_reasons[] = {
	{ ELOOP,
	  "it would lead back to itself; um_fsalias without arguments lists the aliases" },
	{ EINVAL, "not a usable type name; take words without blanks" },
	{ ENAMETOOLONG, "the name is too long" },
	{ EPERM, "not allowed: umview runs with --secure" },
	{ ENOMEM, "umview is out of memory" },
	{ 0, NULL },
};

static const struct cmd_reason delete_reasons[] = {
	{ ENOENT,
	  "no such alias in this view; um_fsalias without arguments lists them" },
	{ EINVAL,
	  "not a type name; um_fsalias without arguments lists the aliases" },
	{ EPERM, "not allowed: umview runs with --secure" },
	{ 0, NULL },
};

static int list(void)
{
	char *lines = um_list_fsalias_dup();

	if (!lines)
		return cmd_fail(&cmd, errno, NULL, "cannot list the aliases");
	printf("%s", lines);
	free(lines);
	return cmd_finish(&cmd, CMD_OK);
}

static int change(const char *alias, const char *type)
{
	if (um_fsalias(alias, type) == 0)
		return CMD_OK;
	if (type[0])
		return cmd_fail(&cmd, errno, set_reasons,
				"cannot make '%s' mean '%s'", alias, type);
	return cmd_fail(&cmd, errno, delete_reasons, "cannot remove '%s'",
			alias);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "delete", no_argument, NULL, 'd' }, CMD_LONG_OPTIONS
	};
	bool delete = false;
	int opt, words;

	while ((opt = getopt_long(argc, argv, "dh", longs, NULL)) != -1) {
		switch (opt) {
		case 'd':
			delete = true;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	words = argc - optind;
	if (delete &&words != 1)
		return cmd_usage(&cmd, "--delete wants one alias, got %d words",
				 words);
	if (words > 2)
		return cmd_usage(&cmd, "'%s': one alias and one type, no more",
				 argv[optind + 2]);
	if (words && argv[optind][0] == '\0')
		return cmd_usage(&cmd, "the alias is empty");
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	if (!words)
		return list();
	return change(argv[optind], words == 2 ? argv[optind + 1] : "");
}
