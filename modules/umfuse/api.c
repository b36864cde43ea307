// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * api.c - the part of libfuse 3 that programs call, on umfuse
 *
 * These functions stand before those of libfuse3 (see load.c). What is not
 * here comes from libfuse3: option parsing, buffers, help texts, versions.
 * libfuse has three functions in several versions; their arguments differ only
 * in what we ignore, but for the size of struct fuse_cmdline_opts.
 */
#include "umfuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As fuse_main(3) documents them. */
enum { BAD_OPTIONS = 1, NO_MOUNTPOINT, NO_SETUP, NO_MOUNT, LOOP_FAILED = 7 };

/* A symbol of libfuse3 in one of its versions: NAME@VER, NAME@@VER. */
#define VERSION(sym, as) __asm__(".symver " #sym ", " as)

struct fuse *umfuse_api_new(struct fuse_args *args,
			    const struct fuse_operations *op, size_t op_size,
			    void *data);
struct fuse *umfuse_api_new_old(struct fuse_args *args,
				const struct fuse_operations *op,
				size_t op_size, void *data);
struct fuse *fuse_new_30(struct fuse_args *args,
			 const struct fuse_operations *op, size_t op_size,
			 void *data);
struct fuse *fuse_new_31(struct fuse_args *args,
			 const struct fuse_operations *op, size_t op_size,
			 void *data);
int umfuse_api_loop_mt(struct fuse *f);
int umfuse_api_loop_mt_2(struct fuse *f);
int umfuse_api_loop_mt_0(struct fuse *f);
int fuse_loop_mt_31(struct fuse *f, int clone_fd);
int fuse_loop_mt_32(struct fuse *f, struct fuse_loop_config_v1 *config);
int fuse_loop_mt_312(struct fuse *f, struct fuse_loop_config *config);
int umfuse_api_parse_cmdline(struct fuse_args *args,
			     struct fuse_cmdline_opts *out);
int umfuse_api_parse_cmdline_0(struct fuse_args *args,
			       struct fuse_cmdline_opts *out);
int fuse_parse_cmdline_30(struct fuse_args *args,
			  struct fuse_cmdline_opts *out);
int fuse_parse_cmdline_312(struct fuse_args *args,
			   struct fuse_cmdline_opts *out);

VERSION(umfuse_api_new, "fuse_new@@FUSE_3.1");
VERSION(umfuse_api_new_old, "fuse_new@FUSE_3.0");
VERSION(umfuse_api_loop_mt, "fuse_loop_mt@@FUSE_3.12");
VERSION(umfuse_api_loop_mt_2, "fuse_loop_mt@FUSE_3.2");
VERSION(umfuse_api_loop_mt_0, "fuse_loop_mt@FUSE_3.0");
VERSION(umfuse_api_parse_cmdline, "fuse_parse_cmdline@@FUSE_3.12");
VERSION(umfuse_api_parse_cmdline_0, "fuse_parse_cmdline@FUSE_3.0");

static struct fuse *refuse(struct umfuse *mnt, struct fuse *f, int error)
{
	mnt->error = error;
	free(f);
	return NULL;
}

struct fuse *umfuse_api_new(struct fuse_args *args,
			    const struct fuse_operations *op, size_t op_size,
			    void *data)
{
	struct umfuse *mnt = umfuse_self();
	struct fuse *f;

	if (!mnt || mnt->fuse) {
		um_err("umfuse: fuse_new: %s",
		       mnt ? "called twice"
			   : "not in the program's main thread");
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return refuse(mnt, f, ENOMEM);
	f->mnt = mnt;
	f->data = data;
	f->session_fd = -1;
	if (op_size > sizeof(f->op)) {
		um_warn("%s: built for a newer FUSE: its last operations are ignored",
			mnt->name);
		op_size = sizeof(f->op);
	}
	memcpy(&f->op, op, op_size);
	if (umfuse_lib_options(args, f) < 0)
		return refuse(mnt, f, EINVAL);
	mnt->fuse = f;
	umfuse_context_swap(umfuse_context_idle(f));
	return f;
}

struct fuse *umfuse_api_new_old(struct fuse_args *args,
				const struct fuse_operations *op,
				size_t op_size, void *data)
{
	return umfuse_api_new(args, op, op_size, data);
}

struct fuse *fuse_new_30(struct fuse_args *args,
			 const struct fuse_operations *op, size_t op_size,
			 void *data)
{
	return umfuse_api_new(args, op, op_size, data);
}

struct fuse *fuse_new_31(struct fuse_args *args,
			 const struct fuse_operations *op, size_t op_size,
			 void *data)
{
	return umfuse_api_new(args, op, op_size, data);
}

int fuse_mount(struct fuse *f, const char *mountpoint)
{
	(void)f;
	(void)mountpoint;
	return 0;
}

void fuse_unmount(struct fuse *f)
{
	(void)f;
}

void umfuse_fuse_free(struct fuse *f)
{
	if (!f)
		return;
	if (f->session_fd >= 0)
		close(f->session_fd);
	f->mnt->fuse = NULL;
	free(f);
}

void fuse_destroy(struct fuse *f)
{
	if (!f)
		return;
	umfuse_context_swap(umfuse_context_idle(f));
	if (f->inited && f->op.destroy)
		f->op.destroy(f->data);
	umfuse_context_swap((struct fuse_context){ 0 });
	umfuse_fuse_free(f);
}

int fuse_loop(struct fuse *f)
{
	return umfuse_loop(f, true);
}

int umfuse_api_loop_mt(struct fuse *f)
{
	return umfuse_loop(f, false);
}

int umfuse_api_loop_mt_2(struct fuse *f)
{
	return umfuse_loop(f, false);
}

int umfuse_api_loop_mt_0(struct fuse *f)
{
	return umfuse_loop(f, false);
}

int fuse_loop_mt_31(struct fuse *f, int clone_fd)
{
	(void)clone_fd;
	return umfuse_loop(f, false);
}

int fuse_loop_mt_32(struct fuse *f, struct fuse_loop_config_v1 *config)
{
	(void)config;
	return umfuse_loop(f, false);
}

int fuse_loop_mt_312(struct fuse *f, struct fuse_loop_config *config)
{
	(void)config;
	return umfuse_loop(f, false);
}

void fuse_exit(struct fuse *f)
{
	umfuse_stop(f->mnt);
}

int umfuse_api_parse_cmdline(struct fuse_args *args,
			     struct fuse_cmdline_opts *out)
{
	return umfuse_cmdline(umfuse_self(), args, out) < 0 ? -1
							    : 0; /* libfuse */
}

int umfuse_api_parse_cmdline_0(struct fuse_args *args,
			       struct fuse_cmdline_opts *out)
{
	struct fuse_cmdline_opts opts;
	int ret = umfuse_api_parse_cmdline(args, &opts);

	/* the caller's structure ends before max_threads */
	memcpy(out, &opts, offsetof(struct fuse_cmdline_opts, max_threads));
	return ret;
}

int fuse_parse_cmdline_30(struct fuse_args *args, struct fuse_cmdline_opts *out)
{
	return umfuse_api_parse_cmdline_0(args, out);
}

int fuse_parse_cmdline_312(struct fuse_args *args,
			   struct fuse_cmdline_opts *out)
{
	return umfuse_api_parse_cmdline(args, out);
}

static int run(struct fuse_args *args, const struct fuse_cmdline_opts *opts,
	       const struct fuse_operations *op, size_t op_size, void *data)
{
	struct fuse *f = umfuse_api_new(args, op, op_size, data);
	int err;

	if (!f)
		return NO_SETUP;
	err = umfuse_loop(f, opts->singlethread);
	fuse_destroy(f);
	return err ? LOOP_FAILED : 0;
}

int fuse_main_real(int argc, char *argv[], const struct fuse_operations *op,
		   size_t op_size, void *data)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fuse_cmdline_opts opts;
	int ret;

	if (umfuse_api_parse_cmdline(&args, &opts) < 0) {
		ret = BAD_OPTIONS;
	} else if (opts.show_version) {
		printf("FUSE library version %s\n", fuse_pkgversion());
		ret = 0;
	} else if (opts.show_help) {
		fuse_cmdline_help();
		fuse_lib_help(&args);
		ret = 0;
	} else if (!opts.mountpoint) {
		um_err("umfuse: no mount point among the arguments");
		ret = NO_MOUNTPOINT;
	} else {
		ret = run(&args, &opts, op, op_size, data);
	}
	free(opts.mountpoint);
	fuse_opt_free_args(&args);
	return ret;
}

int fuse_daemonize(int foreground)
{
	(void)foreground;
	return 0;
}

/* --- context and the like --- */

/* Reads the Groups: line of a /proc/PID/status. */
static int read_groups(FILE *in, int size, gid_t list[])
{
	static const char key[] = "Groups:";
	char *line = NULL, *p, *end;
	size_t room = 0;
	int n = 0;

	while (getline(&line, &room, in) > 0) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		for (p = line + strlen(key);; p = end) {
			unsigned long gid = strtoul(p, &end, 10);

			if (end == p)
				break;
			if (n < size)
				list[n] = (gid_t)gid;
			n++;
		}
		break;
	}
	free(line);
	return n;
}

/* The groups the guest has for the host; those of fusegid= are none. */
int fuse_getgroups(int size, gid_t list[])
{
	const struct fuse_context *ctx = fuse_get_context();
	char path[40];
	FILE *in;
	int n;

	if (ctx->fuse && ctx->fuse->mnt->opts.has_gid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)ctx->pid);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	n = read_groups(in, size, list);
	fclose(in);
	return n;
}

int fuse_interrupted(void)
{
	return 0;
}

/* There is nothing cached here; what the core keeps it checks by itself. */
int fuse_invalidate_path(struct fuse *f, const char *path)
{
	(void)f;
	(void)path;
	return -ENOENT;
}

int fuse_clean_cache(struct fuse *f)
{
	(void)f;
	return INT32_MAX;
}

int fuse_start_cleanup_thread(struct fuse *f)
{
	(void)f;
	return 0;
}

void fuse_stop_cleanup_thread(struct fuse *f)
{
	(void)f;
}

int fuse_notify_poll(struct fuse_pollhandle *ph)
{
	(void)ph;
	return 0;
}

void fuse_pollhandle_destroy(struct fuse_pollhandle *ph)
{
	(void)ph;
}

/* --- messages --- */

static struct umfuse *current_mount(void)
{
	const struct fuse_context *ctx = fuse_get_context();

	return ctx->fuse ? ctx->fuse->mnt : umfuse_self();
}

void fuse_set_log_func(fuse_log_func_t func)
{
	struct umfuse *mnt = current_mount();

	if (mnt)
		mnt->log = func;
}

/* NOLINTNEXTLINE(readability-redundant-declaration): libfuse's has no format */
void fuse_log(enum fuse_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void fuse_log(enum fuse_log_level level, const char *fmt, ...)
{
	struct umfuse *mnt = current_mount();
	va_list ap;

	if (mnt && umfuse_is_tried(mnt))
		return;
	va_start(ap, fmt);
	if (mnt && mnt->log)
		mnt->log(level, fmt, ap);
	else
		vfprintf(stderr, fmt, ap);
	va_end(ap);
}
