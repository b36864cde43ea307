// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mounter.c - umview-mounter: mount(8)'s helper for file systems that are
 * programs (view/mounters.def)
 *
 * usage: mount.TYPE SOURCE TARGET [-rwsfnv] [-o OPTIONS] [-t TYPE]
 *
 * It starts the program in the foreground, with the terminal of the one who
 * ran mount, and waits until the view shows the mount and the program has
 * answered for its root. Till then all that the program starts is its own
 * descendant (it is their reaper), so that what fails, or is interrupted, leaves
 * neither a mount nor a process. Exit status: mount(8)'s, 0, 1, 8 or 32.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mntopts.h"
#include "mounter.h"
#include "um_lib.h"

#include "../modules/umfuse/args.h"

#define MAX_OPTIONS 4096

static const struct row {
	const char *type;
	const char *program;
	const char *package;
	const char *words;
	const char *options;
} rows[] = {
#define UM_MOUNTER(type, program, package, words, options)                     \
	{ type, program, package, words, options },
#define UM_MOUNTER_ALIAS(alias, type)
#include "view/mounters.def"
#undef UM_MOUNTER
#undef UM_MOUNTER_ALIAS
};

static const char *target = "?";

/* What modules/umfuse/args.c has to say is for the one who mounts. */
void um_log(enum um_log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	fprintf(stderr, "mount: %s: ", target);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

struct request {
	const char *source;
	const char *type;
	struct mntopts opts;
	bool fake;
	struct row generic;
};

/* The alias line "NAME TYPE\n" of name; gives, or NULL. */
static char *alias_of(const char *lines, const char *name)
{
	size_t n = strlen(name);

	for (; lines && *lines;
	     lines += strcspn(lines, "\n"), lines += !!*lines)
		if (!strncmp(lines, name, n) && lines[n] == ' ')
			return strndup(lines + n + 1,
				       strcspn(lines + n + 1, "\n"));
	return NULL;
}

/* mount.fuse.PROGRAM is any program; other types are those of the table. */
static const struct row *find_row(struct request *req)
{
	bool any = !strncmp(req->type, "fuse.", 5) && req->type[5];
	const char *name = req->type + (any ? 5 : 0);
	char *lines = um_list_fsalias_dup();
	const struct row *found = NULL;
	char *type = strdup(name);
	char *next;

	req->generic = (struct row){ name, name, NULL, "%S %M %O", "" };
	while (type && (next = alias_of(lines, type))) {
		free(type);
		type = next;
	}
	for (size_t i = 0; type && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].type, type))
			found = &rows[i];
	free(lines);
	free(type);
	return found || !any ? found : &req->generic;
}

static char *try_dirs(const char *dirs, const char *name)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		char *path;

		if (asprintf(&path, "%.*s/%s", (int)n, dirs, name) < 0)
			return NULL;
		if (n && access(path, X_OK) == 0)
			return path;
		free(path);
		dirs += n + (dirs[n] == ':');
	}
	return NULL;
}

/* gives: where the program is; NULL, with a message */
static char *find_program(const struct row *row)
{
	char *path = try_dirs(getenv("PATH"), row->program);

	if (!path)
		path = try_dirs("/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				row->program);
	if (!path && row->package)
		um_err("%s is not installed; it is in the package %s",
		       row->program, row->package);
	else if (!path)
		um_err("%s is not installed", row->program);
	return path;
}

/* The options of this mount are for one more kind of file systems. */
static int refuse_inner(const struct umfuse_opts *o)
{
	const char *what = o->writeback	  ? "writeback"
			   : o->has_cache ? "cache"
			   : o->has_uid	  ? "fuseuid"
			   : o->has_gid	  ? "fusegid"
					  : NULL;

	if (what)
		um_err("option %s is for file systems in the monitor, not for "
		       "programs",
		       what);
	return what ? -EINVAL : 0;
}

/* The program's command line where format= gives none: pre, row, post. */
static int default_format(struct umfuse_opts *o, const struct row *row)
{
	if (o->format)
		return 0;
	return asprintf(&o->format, "%s %s %s", o->pre ? o->pre : "",
			row->words, o->post ? o->post : "") < 0
		       ? -ENOMEM
		       : 0;
}

static bool only_reads(const struct row *row)
{
	return !strcmp(row->options, "ro");
}

/* A program that only reads says so nowhere. */
static int set_readonly(struct request *req, struct umfuse_opts *o)
{
	if (!(req->opts.flags & MS_RDONLY))
		um_err("mounted read-only: there is no program that writes it");
	if (!o->fsopts || !strcmp(o->fsopts, "ro")) {
		free(o->fsopts);
		o->fsopts = NULL;
		return 0;
	}
	um_err("unknown option: %s", o->fsopts);
	return -EINVAL;
}

static int add_options_of(struct request *req, const struct row *row,
			  struct umfuse_opts *o)
{
	int err = 0;

	if (o->debug && !o->fsdebug)
		err = umfuse_opts_add(o, "debug");
	if (!err && o->hard_remove)
		err = umfuse_opts_add(o, "hard_remove");
	if (!err && only_reads(row))
		err = set_readonly(req, o);
	else if (!err && *row->options)
		err = umfuse_opts_add(o, row->options);
	return err;
}

static bool is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool empty = true;

	while (d && empty && (e = readdir(d)))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return empty;
}

/*
 * To libfuse 2 a target that is not empty is one by mistake, and a program that
 * only reads takes no option to be told. It gets an empty directory, and what it
 * mounts there the view has at the target. gives: its name; NULL: not needed.
 */
static char *stand_in(struct request *req, const struct row *row,
		      const char *point)
{
	char dir[] = "/tmp/umview-mounter.XXXXXX";
	char *option;

	if (!only_reads(row) || req->fake || is_empty(point) || !mkdtemp(dir))
		return NULL;
	if (asprintf(&option, "instead=\"%s\"", point) < 0 ||
	    mntopts_add(&req->opts, option) < 0) {
		rmdir(dir);
		return NULL;
	}
	free(option);
	return strdup(dir);
}

/* Options: those of the core are told to the view, the rest makes o. */
static int sort_options(struct request *req, const struct row *row,
			struct umfuse_opts *o)
{
	unsigned long flags = req->opts.flags;
	char rest[MAX_OPTIONS + 4];
	int err;

	if (only_reads(row))
		flags |= MS_RDONLY;
	if (um_mounter(req->opts.data ? req->opts.data : "", flags, rest,
		       sizeof(rest)) < 0) {
		err = -errno;
		um_err("the view does not take the options: %s",
		       strerror(errno));
		return err;
	}
	err = umfuse_opts_take(o, rest);
	if (!err)
		err = refuse_inner(o);
	if (!err)
		err = add_options_of(req, row, o);
	return err ? err : default_format(o, row);
}

static void show_call(const struct umfuse_words *words)
{
	for (int i = 0; i < words->n; i++)
		um_err("argv[%d] = %s", i, words->v[i]);
}

/* gives: the name as the program is to see it, wherever it changes to */
static char *whole_name(const char *name)
{
	char *real = realpath(name, NULL);

	return real ? real : strdup(name);
}

/* mount(8) makes a loop device of an image; a program reads the image. */
static char *without_loop(char *source)
{
	char text[PATH_MAX] = "";
	char *path;
	FILE *f;

	if (strncmp(source, "/dev/loop", 9) != 0 ||
	    asprintf(&path, "/sys/block/%s/loop/backing_file", source + 5) < 0)
		return source;
	f = mounter_is_whole_loop(source + 5) ? fopen(path, "re") : NULL;
	free(path);
	if (f && fgets(text, sizeof(text), f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
	if (text[0] != '/' || access(text, R_OK) < 0)
		return source;
	free(source);
	return strdup(text);
}

static int mount_by(struct request *req, const struct row *row)
{
	struct umfuse_opts o = { 0 };
	struct umfuse_words words = { 0 };
	char *program = NULL;
	char *source = whole_name(req->source);
	char *point = whole_name(target);
	char *empty = point ? stand_in(req, row, point) : NULL;
	struct um_mount_req m = { .fstype = row->program,
				  .target = empty ? empty : point };
	int status = MOUNTER_FAILED;
	int err = source && point ? sort_options(req, row, &o) : -ENOMEM;

	if (!err)
		source = without_loop(source);
	m.source = source;
	if (!err)
		err = source ? umfuse_args_build(&o, &m, &words) : -ENOMEM;
	if (!err && o.showcall)
		show_call(&words);
	if (!err && !req->fake)
		program = find_program(row);
	if (program)
		status = mounter_run(program, words.v, point);
	else if (!err && req->fake)
		status = 0;
	if (empty)
		rmdir(empty);
	free(empty);
	free(program);
	free(source);
	free(point);
	umfuse_words_fini(&words);
	umfuse_opts_fini(&o);
	return status;
}

/*
 * mount(8), set-uid, takes HOME, PATH and SHELL from its environment. In a view
 * it has no privilege, and the program is for the one who ran it.
 */
static void restore_environment(void)
{
	static const char *const names[] = { "HOME=", "PATH=", "SHELL=" };
	size_t room = 0;
	char *word = NULL;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
	f = fopen(path, "re");
	while (f && getdelim(&word, &room, '\0', f) > 0)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			size_t n = strlen(names[i]);

			if (strncmp(word, names[i], n) != 0)
				continue;
			word[n - 1] = '\0';
			setenv(word, word + n, 0);
			word[n - 1] = '=';
		}
	free(word);
	if (f)
		fclose(f);
}

static int usage(void)
{
	fputs("usage: mount.TYPE SOURCE TARGET [-rwsfnv] [-o OPTIONS] [-t TYPE]\n",
	      stderr);
	return MOUNTER_USAGE;
}

static int add_options(struct request *req, const char *list)
{
	int err = mntopts_add(&req->opts, list);

	if (err < 0)
		um_err("open quote in `-o %s'", list);
	return err;
}

/* mount(8) tells them in this order: SOURCE TARGET OPTIONS; any is taken. */
static int parse(struct request *req, int argc, char **argv)
{
	int err = 0;
	int opt;

	while (!err && (opt = getopt(argc, argv, "rwsfnvo:t:N:")) >= 0) {
		if (opt == 'o')
			err = add_options(req, optarg);
		else if (opt == 't')
			req->type = optarg;
		else if (opt == 'r')
			err = add_options(req, "ro");
		else if (opt == 'f')
			req->fake = true;
		else if (opt == '?')
			err = -EINVAL;
	}
	if (!err && argc - optind != 2)
		err = -EINVAL;
	if (err)
		return err;
	req->source = argv[optind];
	target = argv[optind + 1];
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const struct row *row;
	struct request req = { 0 };
	int status;

	name = name ? name + 1 : argv[0];
	req.type = !strncmp(name, "mount.", 6) ? name + 6 : "";
	if (parse(&req, argc, argv) < 0) {
		mntopts_fini(&req.opts);
		return usage();
	}
	restore_environment();
	row = find_row(&req);
	if (!row)
		um_err("no program serves type `%s'", req.type);
	status = row ? mount_by(&req, row) : MOUNTER_FAILED;
	mntopts_fini(&req.opts);
	return status;
}
