// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusearchive.c - archives as a FUSE program, by libarchive
 *
 * umfusearchive [-o options] ARCHIVE MOUNTPOINT
 */
#include "arc.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_ENTRIES (1u << 20)
#define DEFAULT_CACHE	(UINT64_C(4) << 30)

/**
 * struct start - the command line taken apart
 */
struct start {
	struct arc arc;
	char *unpacked;
	char *entries;
	int readonly;
	int nobackup;
	const char *target;
};

#define OPT(text, member, value)                                               \
	{                                                                      \
		text, offsetof(struct start, member), value                    \
	}

static const struct fuse_opt options[] = {
	OPT("readonly", readonly, 1),
	OPT("ro", readonly, 1),
	OPT("nobackup", nobackup, 1),
	OPT("unpacked=%s", unpacked, 0),
	OPT("entries=%s", entries, 0),
	OPT("charset=%s", arc.charset, 0),
	OPT("password=%s", arc.password, 0),
	FUSE_OPT_KEY("ro", FUSE_OPT_KEY_KEEP),
	FUSE_OPT_END,
};

/* The first word is the archive; the second stays for libfuse. */
static int take_word(void *data, const char *arg, int key,
		     struct fuse_args *args)
{
	struct start *s = data;

	(void)args;
	if (key != FUSE_OPT_KEY_NONOPT || s->target)
		return 1;
	if (!s->arc.path) {
		s->arc.path = arg;
		return 0;
	}
	s->target = arg;
	return 1;
}

/* A number, with k, m or g behind it. */
static int parse_size(const char *name, const char *text, uint64_t *out)
{
	static const char units[] = "kmg";
	unsigned int shift = 0;
	const char *unit;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*out = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end | 0x20) : NULL;
	if (unit) {
		shift = 10u * (unsigned int)(unit - units + 1);
		end++;
	}
	if (!errno && end != text && !*end && *text != '-' &&
	    *out <= UINT64_MAX >> 1 >> shift) {
		*out <<= shift;
		return 0;
	}
	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": bad option %s=%s\n", name, text);
	return -EINVAL;
}

/* What is not known here libarchive would not convert, and say nothing. */
static int check_charset(const char *name)
{
	iconv_t cd;

	if (!name)
		return 0;
	cd = iconv_open("UTF-8", name);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): iconv_open(3)'s own */
	if (*name && cd != (iconv_t)-1)
		return iconv_close(cd);
	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": bad option charset=%s\n", name);
	return -EINVAL;
}

/* Could a new archive take the place of the old one? */
static bool may_replace(struct arc *a)
{
	struct um_next_file *f;
	char *path;
	int err;

	if (asprintf(&path, "%s.%d.new", a->path, (int)getpid()) < 0)
		return false;
	err = um_next_open(a->next, a->path, O_RDWR, 0, &f);
	if (!err) {
		um_next_close(f);
		err = um_next_open(a->next, path, O_RDWR | O_CREAT | O_EXCL,
				   0600, &f);
	}
	if (!err) {
		um_next_close(f);
		um_next_unlink(a->next, path);
	}
	free(path);
	return !err;
}

static void decide(struct arc *a)
{
	const char *why = NULL;

	if (a->readonly)
		return;
	if (a->encrypted)
		why = "what is encrypted would be written in the clear";
	else if (!can_save(a))
		why = "this format can only be read";
	else if (!may_replace(a))
		why = "neither the archive nor a new one beside it can be written";
	if (!why)
		return;
	a->readonly = true;
	fuse_log(FUSE_LOG_ERR, ARC_PROGRAM ": %s: read-only: %s\n", a->path,
		 why);
}

static int start(struct start *s)
{
	uint64_t cache = DEFAULT_CACHE;
	struct arc *a = &s->arc;
	int err;

	a->max_entries = DEFAULT_ENTRIES;
	err = parse_size("unpacked", s->unpacked, &cache);
	if (!err)
		err = parse_size("entries", s->entries, &a->max_entries);
	if (!err)
		err = check_charset(a->charset);
	if (!err && !s->target) {
		fuse_log(
			FUSE_LOG_ERR,
			"usage: umfusearchive [-o options] archive mountpoint\n");
		err = -EINVAL;
	}
	if (err)
		return err;
	a->readonly = s->readonly;
	a->nobackup = s->nobackup;
	a->next = um_next_current();
	a->uid = getuid();
	a->gid = getgid();
	err = source_open(a);
	if (!err)
		err = store_open(&a->store, cache);
	if (!err)
		err = tree_init(a);
	if (!err)
		err = index_read(a);
	if (!err)
		decide(a);
	if (!err && !a->readonly)
		err = source_lock(a);
	return err;
}

static void finish(struct arc *a)
{
	cursor_close(a);
	tree_fini(a);
	free(a->by_entry);
	store_close(&a->store);
	source_close(a);
	free(a->charset);
	free(a->password);
	if (a->utf8)
		freelocale(a->utf8);
}

static int run(struct start *s, struct fuse_args *args)
{
	int ret;

	if (fuse_opt_add_arg(args, "-s") < 0 ||
	    (s->arc.readonly && fuse_opt_add_arg(args, "-oro") < 0))
		return 1;
	ret = fuse_main(args->argc, args->argv, &arc_ops, &s->arc);
	if (save(&s->arc) < 0)
		ret = 1;
	return ret;
}

/* umfuse's: the reason for mount(2) to give. */
void umfuse_failed(int error) __attribute__((weak));

/* Names are UTF-8: libarchive converts to what the locale of a thread says. */
static int start_utf8(struct start *s)
{
	struct arc *a = &s->arc;
	locale_t old;
	int err;

	a->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	old = a->utf8 ? uselocale(a->utf8) : NULL;
	err = start(s);
	if (a->utf8)
		uselocale(old);
	return err;
}

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct start s = { .arc = { .store = { .fd = -1 } } };
	int ret = 1, err = -EINVAL;

	if (fuse_opt_parse(&args, &s, options, take_word) == 0)
		err = start_utf8(&s);
	if (!err)
		ret = run(&s, &args);
	else if (umfuse_failed)
		umfuse_failed(-err);
	finish(&s.arc);
	free(s.unpacked);
	free(s.entries);
	fuse_opt_free_args(&args);
	return ret;
}
