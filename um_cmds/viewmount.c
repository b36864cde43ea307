// SPDX-License-Identifier: GPL-2.0-or-later
/* viewmount.c - a small mount(8) that asks nothing but the view */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "mntopts.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "viewmount",
	.usage = "[-rw] [-t TYPE] [-o OPTIONS] SOURCE TARGET",
	.help = "Mount SOURCE on TARGET in this view by mount(2), with nothing read or\n"
		"written beside it: no fstab, no mtab. What a program serves (sshfs, ntfs, ...)\n"
		"it starts as mount(8) does, by /sbin/mount.TYPE.\n"
		"\n"
		"  -t, --types TYPE     type of the file system (not wanted with -o bind,\n"
		"                       rbind, move and remount)\n"
		"  -o, --options LIST   comma-separated: ro, rw, nosuid, nodev, noexec,\n"
		"                       noatime, ... as in mount(8); the rest goes to the\n"
		"                       file system\n"
		"  -r, --read-only      the same as -o ro\n"
		"  -w, --rw, --read-write  the same as -o rw\n"
		"  -h, --help           show this help\n"
		"      --version        show the version\n"
		"\n"
		"TARGET may be a directory, a file, or a name that does not exist yet in a\n"
		"directory that does.\n"
		"\n"
		"Examples:\n"
		"  viewmount -t umfuseext2 disk.img /mnt\n"
		"  viewmount -t ext4 -o ro,except=/tmp disk.img /\n"
};

static const struct cmd_reason reasons[] = {
	{ ENODEV,
	  "no module serves this type; load one with um_add_service, let the type mean another with um_fsalias, or start a FUSE program with -t fuse.PROGRAM" },
	{ EINVAL,
	  "the source is not a file system of this type, or an option is wrong; umview's messages say which" },
	{ EBUSY, "the source or the target is in use; umount it first" },
	{ EPERM,
	  "not allowed: no module of umview does this (bind, move and shared mounts are the host's, for root)" },
	{ EACCES,
	  "permission denied; for a file you can read but not write, add -r" },
	{ EUCLEAN,
	  "the source is damaged; repair it, with e2fsck or its like" },
	{ EROFS, "the source is read-only; add -r" },
	{ ENOTDIR,
	  "a part of the path is not a directory, or the file system's root does not fit the target" },
	{ ENOTBLK, "the source is neither an image nor a block device" },
	{ EIO,
	  "the file system did not start, or its source cannot be read; umview's messages say more" },
	{ ELOOP,
	  "too many symbolic links, or aliases of the type that lead back to it (see um_fsalias)" },
	{ ENAMETOOLONG, "the name is too long" },
	{ ENOMEM, "umview is out of memory" },
	{ ENOSYS, "this view does not know mount(2); start umview again" },
	{ 0, NULL },
};

struct request {
	const char *source;
	const char *target;
	const char *type;
	struct mntopts opts;
	char *given;
};

static bool is_missing(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 && errno == ENOENT;
}

/* ENOENT says not whose name it is: find out. */
static const char *missing_text(const struct request *req)
{
	if (strchr(req->source, '/') && is_missing(req->source))
		return "the source does not exist; check its path";
	if (is_missing(req->target))
		return "the target, or the directory it is to appear in, does not exist; make the directory first";
	return "the source, or something that it needs, does not exist; check its path";
}

/*
 * What a program serves it also starts: mount(8)'s helper of that type, with
 * the options as they were given. Returns where there is none.
 */
static void run_helper(const struct request *req)
{
	char *helper;

	if (!req->type || asprintf(&helper, "/sbin/mount.%s", req->type) < 0)
		return;
	if (access(helper, X_OK) == 0)
		execl(helper, helper, req->source, req->target, "-o",
		      req->given ? req->given : "rw", (char *)NULL);
	free(helper);
}

static int mount_one(const struct request *req)
{
	if (!(req->opts.flags & (MS_BIND | MS_MOVE | MS_REMOUNT)))
		run_helper(req);
	if (mount(req->source, req->target, req->type, req->opts.flags,
		  req->opts.data) == 0)
		return CMD_OK;
	if (errno == ENOENT) {
		const struct cmd_reason missing[] = {
			{ ENOENT, missing_text(req) },
			{ 0, NULL },
		};

		return cmd_fail(&cmd, ENOENT, missing,
				"cannot mount '%s' on '%s'", req->source,
				req->target);
	}
	return cmd_fail(&cmd, errno, reasons,
			"cannot mount '%s' on '%s' as type '%s'", req->source,
			req->target, req->type ? req->type : "none");
}

/* Return: 0, or the exit status of wrong usage. */
static int add_options(struct request *req, const char *list)
{
	int err = mntopts_add(&req->opts, list);
	char *more = NULL;

	if (!err && asprintf(&more, "%s%s%s", req->given ? req->given : "",
			     req->given ? "," : "", list) < 0)
		err = -ENOMEM;
	free(req->given);
	req->given = more;
	if (err == -EINVAL)
		return cmd_usage(&cmd, "a quote in '-o %s' does not end", list);
	if (err < 0)
		return cmd_fail(&cmd, -err, NULL, "cannot read '-o %s'", list);
	return 0;
}

static int run(struct request *req, char **words, int nwords)
{
	const unsigned long untyped = MS_BIND | MS_MOVE | MS_REMOUNT;

	if (nwords != 2)
		return cmd_usage(&cmd,
				 "a source and a target are needed, got %d %s",
				 nwords, nwords == 1 ? "word" : "words");
	if (!req->type && !(req->opts.flags & untyped))
		return cmd_usage(&cmd, "name the type with -t TYPE");
	if (!words[0][0] || !words[1][0])
		return cmd_usage(
			&cmd,
			"the %s is empty; write none for a file system without a source",
			words[0][0] ? "target" : "source");
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	req->source = words[0];
	req->target = words[1];
	return mount_one(req);
}

/* Return: -1 to go on, else the exit status. */
static int handle_option(struct request *req, int opt)
{
	int status = 0;

	switch (opt) {
	case 't':
		req->type = optarg;
		break;
	case 'o':
		status = add_options(req, optarg);
		break;
	case 'r':
		status = add_options(req, "ro");
		break;
	case 'w':
		status = add_options(req, "rw");
		break;
	case 'h':
		return cmd_help(&cmd);
	case CMD_OPT_VERSION:
		return cmd_version(&cmd);
	default:
		status = cmd_try_help(&cmd);
	}
	return status ? status : -1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "types", required_argument, NULL, 't' },
		{ "options", required_argument, NULL, 'o' },
		{ "read-only", no_argument, NULL, 'r' },
		{ "rw", no_argument, NULL, 'w' },
		{ "read-write", no_argument, NULL, 'w' },
		CMD_LONG_OPTIONS
	};
	struct request req = { .type = NULL };
	int status = -1;

	while (status < 0) {
		int opt = getopt_long(argc, argv, "t:o:rwh", longs, NULL);

		if (opt == -1)
			status = run(&req, argv + optind, argc - optind);
		else
			status = handle_option(&req, opt);
	}
	mntopts_fini(&req.opts);
	free(req.given);
	return status;
}
