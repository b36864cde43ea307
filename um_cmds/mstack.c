// SPDX-License-Identifier: GPL-2.0-or-later
/* mstack.c - run a command with another default network stack */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "families.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "mstack",
	.usage = "[-v] [-o FAMILIES] STACK COMMAND [ARG]...",
	.help = "Run COMMAND with STACK, the special file of a network stack, as the default\n"
		"for its sockets, and for those of the processes it starts.\n"
		"\n"
		"  -o, --options, --protocols, --proto FAMILIES (also -p, -f)\n"
		"                   only for sockets of these families: a list of unix (u),\n"
		"                   ipv4 (4), ipv6 (6), netlink (n), packet (p), bluetooth (b),\n"
		"                   irda (i), ip (4,6,n,p), all, #N; '-ip' is all but these\n"
		"  -v, --verbose    say what is set\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"The exit status is COMMAND's; 1 when the stack cannot be set; 126 or 127\n"
		"when COMMAND cannot be run.\n"
		"\n"
		"Examples:\n"
		"  mount -t umnetnull none /dev/net/null\n"
		"  mstack /dev/net/null make test\n"
		"  mstack -o ip /dev/net/lwip0 ip addr\n"
};

static const struct cmd_reason reasons[] = {
	{ ENOTSUP,
	  "it is not a network stack; mount one with mount -t umnet..." },
	{ EACCES, "its permissions do not allow it" },
	{ EAFNOSUPPORT, "the stack has no sockets of that family" },
	{ 0, NULL },
};

static const char *name_of(int family, char *buf, size_t size)
{
	switch (family) {
	case AF_UNSPEC:
		return "all";
	case AF_UNIX:
		return "unix";
	case AF_INET:
		return "ipv4";
	case AF_INET6:
		return "ipv6";
	case AF_NETLINK:
		return "netlink";
	case AF_PACKET:
		return "packet";
	case AF_BLUETOOTH:
		return "bluetooth";
	case AF_IRDA:
		return "irda";
	default:
		snprintf(buf, size, "#%d", family);
		return buf;
	}
}

static int set_one(const char *stack, int family, bool verbose)
{
	char buf[16];

	if (msocket(stack, family, SOCK_DEFAULT, 0) < 0)
		return -errno;
	if (verbose)
		fprintf(stderr, "mstack: process %d: %s is the stack for %s\n",
			(int)getpid(), stack,
			name_of(family, buf, sizeof(buf)));
	return 0;
}

/* loose: families that the stack lacks were not asked for by name. */
static int set_these(const char *stack, um_families set, bool loose,
		     bool verbose)
{
	int done = 0, ret = 0;

	for (int family = 1; family < AF_MAX; family++) {
		/* AF_UNIX is no stack's */
		if (family == AF_UNIX || !um_families_has(set, family))
			continue;
		ret = set_one(stack, family, verbose);
		if (ret == -EAFNOSUPPORT && loose)
			continue;
		if (ret < 0)
			return ret;
		done++;
	}
	return done || !loose ? 0 : ret;
}

static int take_list(const char *list, um_families *out)
{
	const char *wrong;
	int len;

	if (um_families_parse(list, out, &wrong, &len) == 0)
		return CMD_OK;
	return cmd_usage(&cmd, "'%.*s': not an address family", len, wrong);
}

/* Its base name is its argv[0]. */
static int run(char **words)
{
	const char *program = words[0];
	char *slash = strrchr(words[0], '/');
	int err;

	if (slash && slash[1])
		words[0] = slash + 1;
	execvp(program, words);
	err = errno;
	cmd_fail(&cmd, err, NULL, "%s", program);
	return err == ENOENT ? 127 : 126;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "options", required_argument, NULL, 'o' },
		{ "protocols", required_argument, NULL, 'o' },
		{ "proto", required_argument, NULL, 'o' },
		{ "verbose", no_argument, NULL, 'v' },
		CMD_LONG_OPTIONS
	};
	const char *list = NULL, *stack;
	um_families set = 0;
	bool verbose = false;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "+o:p:f:vh", longs, NULL)) !=
	       -1) {
		switch (opt) {
		case 'o':
		case 'p':
		case 'f':
			list = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (list && take_list(list, &set) != CMD_OK)
		return CMD_USAGE;
	if (argc - optind < 2)
		return cmd_usage(&cmd, "name a stack and a command");
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	stack = argv[optind];
	ret = list ? set_these(stack, set, list[0] == '-', verbose)
		   : set_one(stack, AF_UNSPEC, verbose);
	if (ret < 0)
		return cmd_fail(&cmd, -ret, reasons, "cannot use '%s'", stack);
	return run(argv + optind + 1);
}
