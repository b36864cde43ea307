// SPDX-License-Identifier: GPL-2.0-or-later
/* program.c - what FUSE programs for one image have in common */
#include "program.h"

#include <errno.h>
#include <stdio.h>

struct start {
	const struct umfuse_program *p;
	void *data;
	const char *source;
	const char *target;
};

/* The first word is the image; the second stays for libfuse. */
static int take_word(void *data, const char *arg, int key,
		     struct fuse_args *args)
{
	struct start *s = data;

	(void)args;
	if (key != FUSE_OPT_KEY_NONOPT || s->target)
		return 1;
	if (!s->source) {
		s->source = arg;
		return 0;
	}
	s->target = arg;
	return 1;
}

static int only_options(void *data, const char *arg, int key,
			struct fuse_args *args)
{
	(void)data;
	(void)arg;
	(void)key;
	(void)args;
	return 1;
}

static int parse(struct start *s, struct fuse_args *args)
{
	if (fuse_opt_parse(args, s, NULL, take_word) < 0 ||
	    fuse_opt_parse(args, s->data, s->p->options, only_options) < 0)
		return -EINVAL;
	if (s->target)
		return 0;
	fuse_log(FUSE_LOG_ERR, "usage: %s %s\n", s->p->name, s->p->usage);
	return -EINVAL;
}

static int run(const struct start *s, struct fuse_args *args)
{
	int ret = 0;
	int err;

	for (const char *const *arg = s->p->args; *arg && !ret; arg++)
		ret = fuse_opt_add_arg(args, *arg);
	ret = ret ? 1 : fuse_main(args->argc, args->argv, s->p->ops, s->data);
	err = s->p->stop(s->data);
	return err && !ret ? 1 : ret;
}

/* umfuse's: the reason for mount(2) to give. */
void umfuse_failed(int error) __attribute__((weak));

int umfuse_program_run(const struct umfuse_program *p, void *data, int argc,
		       char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct start s = { .p = p, .data = data };
	int err = parse(&s, &args);
	int ret = 1;

	if (!err)
		err = p->start(data, s.source);
	if (!err)
		ret = run(&s, &args);
	else if (umfuse_failed)
		umfuse_failed(-err);
	fuse_opt_free_args(&args);
	return ret;
}
