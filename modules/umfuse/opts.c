// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * opts.c - what fuse_new() and fuse_parse_cmdline() understand
 *
 * All options of libfuse 3 and mount.fuse(8) are accepted, and those that
 * programs written for FUSE 2 still pass; most have no meaning in a view.
 */
#include "umfuse.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_IGNORE, KEY_RO, KEY_RW };

struct lib_options {
	struct fuse_config cfg;
	unsigned int max_read;
	int entry_given;
	int attr_given;
	int refused;
	int readonly;
};

#define LIB(templ, member, value)                                              \
	{                                                                      \
		templ, offsetof(struct lib_options, member), value             \
	}
#define IGNORE(templ) FUSE_OPT_KEY(templ, KEY_IGNORE)

static const struct fuse_opt lib_table[] = {
	LIB("debug", cfg.debug, 1),
	LIB("-d", cfg.debug, 1),
	LIB("use_ino", cfg.use_ino, 1),
	LIB("readdir_ino", cfg.readdir_ino, 1),
	LIB("hard_remove", cfg.hard_remove, 1),
	LIB("direct_io", cfg.direct_io, 1),
	LIB("kernel_cache", cfg.kernel_cache, 1),
	LIB("auto_cache", cfg.auto_cache, 1),
	LIB("noauto_cache", cfg.auto_cache, 0),
	LIB("no_rofd_flush", cfg.no_rofd_flush, 1),
	LIB("umask=", cfg.set_mode, 1),
	LIB("umask=%o", cfg.umask, 0),
	LIB("uid=", cfg.set_uid, 1),
	LIB("uid=%u", cfg.uid, 0),
	LIB("gid=", cfg.set_gid, 1),
	LIB("gid=%u", cfg.gid, 0),
	LIB("entry_timeout=", entry_given, 1),
	LIB("entry_timeout=%lf", cfg.entry_timeout, 0),
	LIB("attr_timeout=", attr_given, 1),
	LIB("attr_timeout=%lf", cfg.attr_timeout, 0),
	LIB("ac_attr_timeout=%lf", cfg.ac_attr_timeout, 0),
	LIB("ac_attr_timeout=", cfg.ac_attr_timeout_set, 1),
	LIB("negative_timeout=%lf", cfg.negative_timeout, 0),
	LIB("noforget", cfg.remember, -1),
	LIB("remember=%u", cfg.remember, 0),
	LIB("intr", cfg.intr, 1),
	LIB("intr_signal=%d", cfg.intr_signal, 0),
	LIB("modules=%s", cfg.modules, 0),
	LIB("max_read=%u", max_read, 0),
	FUSE_OPT_KEY("ro", KEY_RO),
	FUSE_OPT_KEY("rw", KEY_RW),
	IGNORE("-f"),
	IGNORE("-s"),
	IGNORE("allow_other"),
	IGNORE("allow_root"),
	IGNORE("async"),
	IGNORE("async_dio"),
	IGNORE("async_read"),
	IGNORE("atime"),
	IGNORE("atomic_o_trunc"),
	IGNORE("auto_inval_data"),
	IGNORE("auto_unmount"),
	IGNORE("big_writes"),
	IGNORE("blkdev"),
	IGNORE("blksize="),
	IGNORE("clone_fd"),
	IGNORE("congestion_threshold="),
	IGNORE("context="),
	IGNORE("default_permissions"),
	IGNORE("defcontext="),
	IGNORE("dev"),
	IGNORE("dirsync"),
	IGNORE("diratime"),
	IGNORE("exec"),
	IGNORE("fsname="),
	IGNORE("large_read"),
	IGNORE("lazytime"),
	IGNORE("max_background="),
	IGNORE("max_idle_threads="),
	IGNORE("max_readahead="),
	IGNORE("max_threads="),
	IGNORE("max_write="),
	IGNORE("no_auto_inval_data"),
	IGNORE("no_remote_flock"),
	IGNORE("no_remote_lock"),
	IGNORE("no_remote_posix_lock"),
	IGNORE("no_splice_move"),
	IGNORE("no_splice_read"),
	IGNORE("no_splice_write"),
	IGNORE("no_writeback_cache"),
	IGNORE("noatime"),
	IGNORE("nodev"),
	IGNORE("nodiratime"),
	IGNORE("noexec"),
	IGNORE("nolazytime"),
	IGNORE("nonempty"),
	IGNORE("norelatime"),
	IGNORE("nostrictatime"),
	IGNORE("nosuid"),
	IGNORE("readdirplus="),
	IGNORE("relatime"),
	IGNORE("remount"),
	IGNORE("rootcontext="),
	IGNORE("splice_move"),
	IGNORE("splice_read"),
	IGNORE("splice_write"),
	IGNORE("strictatime"),
	IGNORE("subtype="),
	IGNORE("suid"),
	IGNORE("sync"),
	IGNORE("sync_read"),
	IGNORE("time_gran="),
	IGNORE("writeback_cache"),
	FUSE_OPT_END,
};

static int lib_option(void *data, const char *arg, int key,
		      struct fuse_args *args)
{
	struct lib_options *o = data;

	(void)args;
	switch (key) {
	case KEY_IGNORE:
		return 0;
	case KEY_RO:
	case KEY_RW:
		o->readonly = key == KEY_RO;
		return 0;
	case FUSE_OPT_KEY_OPT:
		if (strncmp(arg, "x-", 2) == 0)
			return 0;
		fuse_log(FUSE_LOG_ERR, "umfuse: unknown option %s\n", arg);
		break;
	default:
		um_err("umfuse: superfluous argument %s", arg);
		break;
	}
	o->refused++;
	return 0;
}

#define MAX_SECONDS 1e6

/*
 * Without timeouts the file system is taken to change by this mount alone.
 * One of them says that it may change otherwise, and how long that may take to
 * be seen; the shorter one counts for names and attributes.
 */
static int set_timeouts(struct umfuse *mnt, const struct lib_options *o)
{
	const struct fuse_config *cfg = &o->cfg;
	double least = MAX_SECONDS;

	/* a NaN is neither */
	if (!(cfg->entry_timeout >= 0 && cfg->attr_timeout >= 0 &&
	      cfg->negative_timeout >= 0 && cfg->ac_attr_timeout >= 0)) {
		um_err("umfuse: a timeout is a number of seconds, 0 or more");
		return -EINVAL;
	}
	if (o->entry_given && cfg->entry_timeout < least)
		least = cfg->entry_timeout;
	if (o->attr_given && cfg->attr_timeout < least)
		least = cfg->attr_timeout;
	mnt->changes = o->entry_given || o->attr_given;
	mnt->ttl_ms = (unsigned int)(least * 1000);
	return 0;
}

/*
 * umfuse_lib_options() - the options left for fuse_new()
 * @f: cfg and conn are set
 * Return: 0 or -EINVAL
 */
int umfuse_lib_options(struct fuse_args *args, struct fuse *f)
{
	struct lib_options o = {
		.cfg = { .entry_timeout = 1,
			 .attr_timeout = 1,
			 .intr_signal = 10,
			 .hard_remove = f->mnt->opts.hard_remove },
	};

	int err;

	if (fuse_opt_parse(args, &o, lib_table, lib_option) < 0)
		return -EINVAL;
	if (o.cfg.modules) {
		um_err("umfuse: option modules=%s: not supported",
		       o.cfg.modules);
		free(o.cfg.modules);
		o.cfg.modules = NULL;
		return -EINVAL;
	}
	if (o.refused)
		return -EINVAL;
	err = set_timeouts(f->mnt, &o);
	if (err)
		return err;
	f->cfg = o.cfg;
	f->conn.max_read = o.max_read;
	f->mnt->readonly = o.readonly != 0;
	return 0;
}

#define CMD(templ, member)                                                     \
	{                                                                      \
		templ, offsetof(struct fuse_cmdline_opts, member), 1           \
	}
#define CMD_N(templ, member)                                                   \
	{                                                                      \
		templ, offsetof(struct fuse_cmdline_opts, member), 0           \
	}

static const struct fuse_opt cmdline_table[] = {
	CMD("-h", show_help),
	CMD("--help", show_help),
	CMD("-V", show_version),
	CMD("--version", show_version),
	CMD("-d", debug),
	CMD("debug", debug),
	CMD("-d", foreground),
	CMD("debug", foreground),
	FUSE_OPT_KEY("-d", FUSE_OPT_KEY_KEEP),
	FUSE_OPT_KEY("debug", FUSE_OPT_KEY_KEEP),
	CMD("-f", foreground),
	CMD("-s", singlethread),
	CMD("fsname=", nodefault_subtype),
	CMD("subtype=", nodefault_subtype),
	FUSE_OPT_KEY("fsname=", FUSE_OPT_KEY_KEEP),
	FUSE_OPT_KEY("subtype=", FUSE_OPT_KEY_KEEP),
	CMD("clone_fd", clone_fd),
	CMD_N("max_idle_threads=%u", max_idle_threads),
	CMD_N("max_threads=%u", max_threads),
	FUSE_OPT_END,
};

/* What fuse_opt_parse() takes for a failure: exactly this. */
#define OPT_FAILED (-1)

/*
 * The mount point is a word, not a directory of the host. A program that
 * takes no source gets one all the same unless nosource is given: the target
 * is the mount point then, and the source is dropped.
 */
static int cmdline_option(void *data, const char *arg, int key,
			  struct fuse_args *args)
{
	struct fuse_cmdline_opts *o = data;
	const struct umfuse *mnt = umfuse_self();

	(void)args;
	if (key != FUSE_OPT_KEY_NONOPT)
		return 1;
	if (o->mountpoint && (!mnt || strcmp(arg, mnt->target) != 0)) {
		um_err("umfuse: superfluous argument %s", arg);
		return OPT_FAILED;
	}
	free(o->mountpoint);
	o->mountpoint = strdup(arg);
	return o->mountpoint ? 0 : OPT_FAILED;
}

/* Return: 0 or -errno */
int umfuse_cmdline(struct umfuse *mnt, struct fuse_args *args,
		   struct fuse_cmdline_opts *out)
{
	*out = (struct fuse_cmdline_opts){
		.max_idle_threads = UINT32_MAX,
		.max_threads = 10,
	};
	if (fuse_opt_parse(args, out, cmdline_table, cmdline_option) == 0)
		return 0;
	if (mnt)
		mnt->error = EINVAL;
	return -EINVAL;
}
