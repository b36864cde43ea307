/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - the command line of umview */
#ifndef UM_MAIN_OPTIONS_H
#define UM_MAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "main/netopt.h"

/**
 * struct um_options - what umview(1) was asked for
 * @help_done: the answer (help or version) has been printed; nothing to run
 * @quiet: no banner
 * @viewname: first name of the view; NULL: none
 * @preload: "module[,args]", in the order given
 * @npreload: how many
 * @rc: file to run in place of ~/.viewosrc; NULL: that one
 * @log: file for messages; NULL: standard error
 * @log_level: enum um_log_level
 * @nonesting: calls that modules make themselves go to the host
 * @secure: permission bits are enforced on virtual objects
 * @no_agent: no agent in the guests, every call takes the slow road
 * @stats: calls are counted by the road they take
 * @net: the network stack to begin with
 * @argv: command of the first guest, NULL-terminated; never empty
 * @shell: room for @argv where the command is the user's shell
 * Strings belong to the command line or the environment. The struct may not be
 * copied: @argv may point into it.
 */
struct um_options {
	bool help_done;
	bool quiet;
	const char *viewname;
	char **preload;
	size_t npreload;
	const char *rc;
	const char *log;
	int log_level;
	bool nonesting;
	bool secure;
	bool no_agent;
	bool stats;
	struct um_netopt net;
	char **argv;
	char *shell[2];
};

/**
 * um_options_parse() - read the command line, up to the first other word
 * @out: set; um_options_fini() frees it, whatever was returned
 *
 * Return: 0 to go on; 1 help or version was printed: exit 0; -EINVAL the usage
 * was wrong, or -errno: a message was printed, exit 2
 */
int um_options_parse(int argc, char **argv, struct um_options *out);
void um_options_fini(struct um_options *opts);

#endif
