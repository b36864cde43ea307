/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * args.h - from mount options to the argument list of a FUSE program
 *
 * For programs in the monitor, and for those that umview-mounter starts.
 */
#ifndef UMFUSE_ARGS_H
#define UMFUSE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <umview/module.h>

/* NULL-terminated list of owned strings. */
struct umfuse_words {
	char **v;
	int n;
};

int umfuse_words_add(struct umfuse_words *w, const char *s);
void umfuse_words_fini(struct umfuse_words *w);

/**
 * struct umfuse_opts - umfuse's own mount options
 * @writeback: bytes to gather of writes, 0: none
 * @has_cache, @cache: bytes to keep of files that nobody has open
 * @fsopts: what is left for the program, as after -o; NULL: nothing
 */
struct umfuse_opts {
	bool debug;
	bool fsdebug;
	bool showcall;
	bool nosource;
	bool hard_remove;
	size_t writeback;
	bool has_cache;
	size_t cache;
	bool has_uid;
	bool has_gid;
	uid_t uid;
	gid_t gid;
	char *pre;
	char *post;
	char *format;
	char *fsopts;
};

/*
 * Sort out the options of a mount. 0, -EINVAL with a message, -ENOMEM; the
 * options are there to be freed in any case.
 */
int umfuse_opts_take(struct umfuse_opts *o, const char *options);
/* The same, with the flags of mount(2) leading the options for the program. */
int umfuse_opts_init(struct umfuse_opts *o, unsigned long flags,
		     const char *options);
void umfuse_opts_fini(struct umfuse_opts *o);
/* Append an option for the program. */
int umfuse_opts_add(struct umfuse_opts *o, const char *opt);

/*
 * The argument list, out->v[0] the type; gives, left empty on failure. An empty
 * list of options is left out together with its -o.
 */
int umfuse_args_build(const struct umfuse_opts *o,
		      const struct um_mount_req *req, struct umfuse_words *out);

#endif
