// SPDX-License-Identifier: GPL-2.0-or-later
/* um_del_service.c - remove a service from this view */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "um_del_service",
	.usage = "NAME",
	.help = "Remove the service NAME from this view.\n"
		"\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"um_ls_service lists the names. A service that was added with --permanent,\n"
		"or that still serves a mount, stays.\n"
		"\n"
		"Example:\n"
		"  um_del_service umfuse\n"
};

static const struct cmd_reason reasons[] = {
	{ ENOENT, "no such service in this view; um_ls_service lists them" },
	{ EBUSY,
	  "it is permanent or in use; unmount what it serves (findmnt lists mounts), then try again" },
	{ EPERM, "not allowed: umview runs with --secure" },
	{ ENAMETOOLONG, "the name is too long; um_ls_service lists the names" },
	{ 0, NULL },
};

int main(int argc, char **argv)
{
	static const struct option longs[] = { CMD_LONG_OPTIONS };
	int opt;

	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (opt) {
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (argc - optind != 1)
		return cmd_usage(&cmd, "name one service, got %d words",
				 argc - optind);
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	if (um_del_service(argv[optind]) < 0)
		return cmd_fail(&cmd, errno, reasons, "cannot remove '%s'",
				argv[optind]);
	return CMD_OK;
}
