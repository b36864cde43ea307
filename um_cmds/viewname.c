// SPDX-License-Identifier: GPL-2.0-or-later
/* viewname.c - show or set the name of this view */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "viewname",
	.usage = "[-q] [-p]\n"
		 "[-q] NAME",
	.help = "Show the name of this view, or set it to NAME (64 bytes at most).\n"
		"\n"
		"  -p, --prompt     a word for a shell prompt: the name, or\n"
		"                   'node[server:view]' where the view has none\n"
		"  -q, --quiet      no message outside umview (the exit status tells)\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"Examples:\n"
		"  viewname build\n"
		"  PS1='$(viewname -qp) \\$ '\n"
};

static const struct cmd_reason reasons[] = {
	{ ENAMETOOLONG, "the name is too long; 64 bytes are the most" },
	{ EINVAL,
	  "no blank at either end, and no newline or other control character" },
	{ EPERM, "not allowed: umview runs with --secure" },
	{ 0, NULL },
};

static int show(bool prompt)
{
	struct um_viewinfo info;

	if (um_view_getinfo(&info) < 0)
		return cmd_fail(&cmd, errno, NULL,
				"cannot ask for the name of this view");
	if (prompt && !info.name[0])
		printf("%s[%d:%d]\n", info.uname.nodename, (int)info.server,
		       (int)info.view);
	else
		printf("%s\n", info.name);
	return cmd_finish(&cmd, CMD_OK);
}

static int rename_view(const char *name)
{
	if (strlen(name) > UM_VIEWNAME_MAX)
		return cmd_fail(&cmd, ENAMETOOLONG, reasons,
				"cannot name this view '%s'", name);
	if (um_setviewname(name) < 0)
		return cmd_fail(&cmd, errno, reasons,
				"cannot name this view '%s'", name);
	return CMD_OK;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "prompt", no_argument, NULL, 'p' },
		{ "quiet", no_argument, NULL, 'q' },
		CMD_LONG_OPTIONS
	};
	bool prompt = false, quiet = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "pqh", longs, NULL)) != -1) {
		switch (opt) {
		case 'p':
			prompt = true;
			break;
		case 'q':
			quiet = true;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (argc - optind > 1)
		return cmd_usage(&cmd, "'%s': one name, no more; quote spaces",
				 argv[optind + 1]);
	if (prompt && optind < argc)
		return cmd_usage(&cmd, "--prompt shows; it takes no name");
	if (!um_check_viewos())
		return quiet ? CMD_USAGE : cmd_outside(&cmd);
	return optind < argc ? rename_view(argv[optind]) : show(prompt);
}
