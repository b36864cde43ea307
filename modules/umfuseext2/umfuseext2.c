// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuseext2.c - ext2/3/4 as a FUSE program: arguments and start
 *
 * umfuse calls main() in a thread of its own, with the view beneath the mount
 * as um_next_current(); several may run at once, so there is nothing global.
 */
#define FUSE_USE_VERSION 31
#include "ext2.h"

#include <errno.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umview/next.h>

#define VERSION	 "1.0"
#define MAX_ARGS 16

/**
 * struct start - the command line taken apart
 * @fuse: options that are FUSE's business, comma separated
 * @argv: arguments for fuse_main()
 */
struct start {
	struct e2_options opt;
	const char *source;
	char *target;
	char fuse[1024];
	char *argv[MAX_ARGS];
	int argc;
	bool done;
};

static const char usage_text[] =
	"usage: umfuseext2 [-o options] image mountpoint\n"
	"  ro         read only\n"
	"  rw         read and write (default where the image allows it)\n"
	"  force      write even if the file system has errors\n"
	"  rw+        rw,force\n"
	"  sb=N       use the superblock at block N\n"
	"  sync       write through at every change\n"
	"  silent     no notices\n"
	"  debug      FUSE's trace of operations\n"
	"  allow_other, allow_others   let other users in\n";

/* ---- options ---- */

enum {
	O_RO,
	O_RW,
	O_FORCE,
	O_BOTH,
	O_DEBUG,
	O_SILENT,
	O_SYNCED,
	O_NOTHING,
	O_OTHERS,
	O_FUSE
};

static const struct option {
	const char *name;
	int what;
} options[] = {
	{ "ro", O_RO },
	{ "rw", O_RW },
	{ "force", O_FORCE },
	{ "rw+", O_BOTH },
	{ "debug", O_DEBUG },
	{ "silent", O_SILENT },
	{ "sync", O_SYNCED },
	{ "allow_others", O_OTHERS },
	{ "async", O_NOTHING },
	{ "noatime", O_NOTHING },
	{ "nodiratime", O_NOTHING },
	{ "relatime", O_NOTHING },
	{ "nosuid", O_FUSE },
	{ "nodev", O_FUSE },
	{ "noexec", O_FUSE },
	{ "suid", O_FUSE },
	{ "dev", O_FUSE },
	{ "exec", O_FUSE },
	{ "allow_other", O_FUSE },
	{ "allow_root", O_FUSE },
	{ "default_permissions", O_FUSE },
	{ "auto_unmount", O_FUSE },
	{ "kernel_cache", O_FUSE },
	{ "auto_cache", O_FUSE },
	{ "noauto_cache", O_FUSE },
	/* of FUSE 2, or always so here */
	{ "nonempty", O_NOTHING },
	{ "hard_remove", O_NOTHING },
	{ "use_ino", O_NOTHING },
	{ "readdir_ino", O_NOTHING },
	{ "large_read", O_NOTHING },
	{ "direct_io", O_NOTHING },
	{ "intr", O_NOTHING },
	{ "async_read", O_NOTHING },
	{ "sync_read", O_NOTHING },
};

/* Options with a value that FUSE takes, or used to take. */
static const struct option values[] = {
	{ "fsname=", O_NOTHING },
	{ "subtype=", O_NOTHING },
	{ "umask=", O_FUSE },
	{ "uid=", O_FUSE },
	{ "gid=", O_FUSE },
	{ "max_write=", O_NOTHING },
	{ "max_readahead=", O_NOTHING },
	{ "intr_signal=", O_NOTHING },
	{ "entry_timeout=", O_FUSE },
	{ "negative_timeout=", O_FUSE },
	{ "attr_timeout=", O_FUSE },
	{ "ac_attr_timeout=", O_FUSE },
	{ "max_read=", O_FUSE },
};

static void add_fuse(struct start *s, const char *name)
{
	size_t n = strlen(s->fuse);

	snprintf(s->fuse + n, sizeof(s->fuse) - n, "%s%s", n ? "," : "", name);
}

static void apply(struct start *s, int what, const char *word)
{
	switch (what) {
	case O_RO:
		s->opt.ro = true;
		s->opt.rw = false;
		break;
	case O_BOTH:
	case O_RW:
		s->opt.rw = true;
		s->opt.ro = false;
		s->opt.force |= what == O_BOTH;
		break;
	case O_FORCE:
		s->opt.force = true;
		break;
	case O_DEBUG:
		s->opt.debug = true;
		break;
	case O_SILENT:
		s->opt.silent = true;
		break;
	case O_SYNCED:
		s->opt.sync = true;
		break;
	case O_OTHERS:
		add_fuse(s, "allow_other");
		break;
	case O_FUSE:
		add_fuse(s, word);
		break;
	default:
		break;
	}
}

static int set_superblock(struct start *s, const char *number)
{
	char *end;

	errno = 0;
	s->opt.sb = strtoull(number, &end, 10);
	if (!*number || *end || errno || s->opt.sb > INT32_MAX ||
	    *number == '-') {
		fuse_log(FUSE_LOG_ERR,
			 E2_PROGRAM ": bad number in option `sb=%s'\n", number);
		return -EINVAL;
	}
	/* block 1 of 1 KiB is where it is anyway */
	if (s->opt.sb == 1)
		s->opt.sb = 0;
	return 0;
}

/*
 * Options of ext4(5) that people have in their fstab, and that ask for nothing
 * that could be done or left here: there is no journal to tune, no device to
 * tell of free blocks, and extended attributes are always on.
 */
static bool is_for_the_kernel(const char *word)
{
	static const char *const words[] = {
		"acl",
		"noacl",
		"user_xattr",
		"nouser_xattr",
		"barrier",
		"nobarrier",
		"discard",
		"nodiscard",
		"delalloc",
		"nodelalloc",
		"lazytime",
		"nolazytime",
		"journal_checksum",
		"nombcache",
		"block_validity",
		"noblock_validity",
		"auto_da_alloc",
		"noauto_da_alloc",
		"errors=continue",
		"errors=remount-ro",
	};
	static const char *const prefixes[] = {
		"data=", "commit=", "barrier=", "stripe=", "resuid=", "resgid="
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(word, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static int set_option(struct start *s, const char *word)
{
	size_t i;

	if (!*word)
		return 0;
	if (!strncmp(word, "sb=", 3))
		return set_superblock(s, word + 3);
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!strcmp(word, options[i].name)) {
			apply(s, options[i].what, word);
			return 0;
		}
	}
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (!strncmp(word, values[i].name, strlen(values[i].name))) {
			apply(s, values[i].what, word);
			return 0;
		}
	}
	if (is_for_the_kernel(word))
		return 0;
	fuse_log(FUSE_LOG_ERR, E2_PROGRAM ": unknown option `%s'\n", word);
	return -EINVAL;
}

static int set_options(struct start *s, const char *list)
{
	char *copy = strdup(list), *word, *rest;
	int ret = copy ? 0 : -ENOMEM;

	for (word = copy ? strtok_r(copy, ",", &rest) : NULL; word && !ret;
	     word = strtok_r(NULL, ",", &rest))
		ret = set_option(s, word);
	free(copy);
	return ret;
}

/* ---- arguments ---- */

static void add_arg(struct start *s, char *arg)
{
	if (s->argc < MAX_ARGS - 1)
		s->argv[s->argc++] = arg;
}

static int bad_usage(const char *why, const char *what)
{
	fuse_log(FUSE_LOG_ERR, E2_PROGRAM ": %s%s\n%s", why, what, usage_text);
	return -EINVAL;
}

static int take_word(struct start *s, char *arg)
{
	if (!s->source)
		s->source = arg;
	else if (!s->target)
		s->target = arg;
	else
		return bad_usage("too many arguments: ", arg);
	return 0;
}

static int take_switch(struct start *s, char *arg)
{
	if (!strcmp(arg, "-h") || !strcmp(arg, "--help")) {
		fputs(usage_text, stdout);
		s->done = true;
	} else if (!strcmp(arg, "-V") || !strcmp(arg, "-v") ||
		   !strcmp(arg, "--version")) {
		puts(E2_PROGRAM " " VERSION);
		s->done = true;
	} else if (!strcmp(arg, "-r")) {
		apply(s, O_RO, arg);
	} else if (!strcmp(arg, "-w")) {
		apply(s, O_RW, arg);
	} else if (!strcmp(arg, "-f") || !strcmp(arg, "-s") ||
		   !strcmp(arg, "-d")) {
		add_arg(s, arg);
	} else {
		return bad_usage("unknown option ", arg);
	}
	return 0;
}

static int parse(struct start *s, int argc, char **argv)
{
	int i, ret = 0;

	for (i = 1; i < argc && !ret && !s->done; i++) {
		if (!strcmp(argv[i], "-o"))
			ret = i + 1 < argc
				      ? set_options(s, argv[++i])
				      : bad_usage("no options after ", "-o");
		else if (!strncmp(argv[i], "-o", 2))
			ret = set_options(s, argv[i] + 2);
		else if (argv[i][0] == '-')
			ret = take_switch(s, argv[i]);
		else
			ret = take_word(s, argv[i]);
	}
	if (!ret && !s->done && !s->target)
		ret = bad_usage("image and mountpoint are needed", "");
	return ret;
}

static int run(struct start *s, struct e2 *e)
{
	static char dash_o[] = "-o", dash_d[] = "-d";

	add_fuse(s, e->ro ? "ro" : "rw");
	add_fuse(s, "subtype=ext2,default_permissions");
	if (s->opt.debug)
		add_arg(s, dash_d);
	add_arg(s, dash_o);
	add_arg(s, s->fuse);
	add_arg(s, s->target);
	return fuse_main(s->argc, s->argv, &e2_ops, e);
}

/* umfuse's, where it is there: the reason for mount(2) to give. */
void umfuse_failed(int error) __attribute__((weak));

/* Likewise: a file may be append-only. */
void umfuse_asks_open(void) __attribute__((weak));

static int fail(int ret)
{
	if (umfuse_failed)
		umfuse_failed(-ret);
	return 1;
}

int main(int argc, char **argv)
{
	struct start s = { .argc = 0 };
	struct e2 *e;
	int ret;

	add_arg(&s, argv[0]);
	ret = parse(&s, argc, argv);
	if (ret)
		return fail(ret);
	if (s.done)
		return 0;
	e = calloc(1, sizeof(*e));
	if (!e)
		return fail(-ENOMEM);
	e->opt = s.opt;
	e->source = s.source;
	ret = e2_mount(e, um_next_current());
	if (ret) {
		free(e);
		return fail(ret);
	}
	if (umfuse_asks_open)
		umfuse_asks_open();
	ret = run(&s, e);
	/* FUSE may have given up before init() */
	e2_umount(e);
	free(e);
	return ret;
}
