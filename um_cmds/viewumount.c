// SPDX-License-Identifier: GPL-2.0-or-later
/* viewumount.c - a small umount(8) that asks nothing but the view */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/mount.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "viewumount",
	.usage = "[-fl] TARGET...",
	.help = "Undo the last mount on each TARGET in this view.\n"
		"\n"
		"  -f, --force      even when the file system does not answer\n"
		"  -l, --lazy       detach now, end when nobody uses it any more\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"What fails does not keep the other targets from being tried.\n"
		"\n"
		"Examples:\n"
		"  viewumount /mnt\n"
		"  viewumount -l /mnt/a /mnt/b\n"
};

static const struct cmd_reason reasons[] = {
	{ EBUSY,
	  "it is permanent or in use; end the programs that use it ('fuser -m' lists them), leave the directory, or use -l" },
	{ EINVAL,
	  "nothing is mounted there in this view; findmnt lists the mounts" },
	{ ENOENT, "no such file or directory; findmnt lists the mounts" },
	{ ENOTDIR,
	  "a part of the path is not a directory; findmnt lists the mounts" },
	{ EPERM,
	  "not allowed: umview runs with --secure, or it is a mount of the host" },
	{ EACCES, "permission denied on the way to it" },
	{ EIO,
	  "the file system failed to write back; umview's messages say more" },
	{ ENOSYS, "this view does not know umount2(2); start umview again" },
	{ 0, NULL },
};

static int umount_all(char **targets, int flags)
{
	int status = CMD_OK;

	for (; *targets; targets++) {
		if (umount2(*targets, flags) < 0)
			status = cmd_fail(&cmd, errno, reasons,
					  "cannot unmount '%s'", *targets);
	}
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "lazy", no_argument, NULL, 'l' },
		CMD_LONG_OPTIONS
	};
	int flags = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "flh", longs, NULL)) != -1) {
		switch (opt) {
		case 'f':
			flags |= MNT_FORCE;
			break;
		case 'l':
			flags |= MNT_DETACH;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (optind == argc)
		return cmd_usage(&cmd, "name a mount point");
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	return umount_all(argv + optind, flags);
}
