// SPDX-License-Identifier: GPL-2.0-or-later
/* um_ls_service.c - list the services of this view */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "um_ls_service",
	.usage = "[-v] [--json]",
	.help = "List the services of this view, one line each: 'name: description'.\n"
		"\n"
		"  -v, --verbose    show the options of each service also\n"
		"  -j, --json       print a JSON array, options included\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"Examples:\n"
		"  um_ls_service -v\n"
		"  um_ls_service --json | jq -r '.[].name'\n"
};

enum style { PLAIN, VERBOSE, JSON };

static void print_options(const char *options)
{
	while (*options) {
		size_t len = strcspn(options, "\n");

		printf("    %.*s\n", (int)len, options);
		options += len;
		if (*options)
			options++;
	}
}

static void print_json(const char *name, const char *description,
		       const char *options, bool first)
{
	printf("%s\n  { \"name\": ", first ? "" : ",");
	cmd_print_json(stdout, name);
	printf(", \"description\": ");
	cmd_print_json(stdout, description);
	printf(", \"options\": ");
	if (options[0])
		cmd_print_json(stdout, options);
	else
		printf("null");
	printf(" }");
}

/* Return: how many were printed (0 when it has gone meanwhile), or -errno. */
static int list_one(const char *name, enum style style, bool first)
{
	char *description = um_name_service_dup(name, UM_SERVICE_DESCRIPTION);
	char *options = NULL;
	int ret = 1;

	if (description && style != PLAIN)
		options = um_name_service_dup(name, UM_SERVICE_OPTIONS);
	if (!description || (!options && style != PLAIN))
		ret = errno == ENOENT ? 0 : -errno;
	else if (style == JSON)
		print_json(name, description, options, first);
	else
		printf("%s: %s\n", name, description);
	if (ret == 1 && style == VERBOSE)
		print_options(options);
	free(description);
	free(options);
	return ret;
}

static int list(enum style style)
{
	char *names = um_list_service_dup();
	int status = CMD_OK;
	bool first = true;
	char *rest = names;
	const char *name;

	if (!names)
		return cmd_fail(&cmd, errno, NULL, "cannot list the services");
	if (style == JSON)
		printf("[");
	while ((name = strsep(&rest, ":"))) {
		int ret = name[0] ? list_one(name, style, first) : 0;

		if (ret < 0)
			status = cmd_fail(&cmd, -ret, NULL,
					  "cannot describe '%s'", name);
		else if (ret > 0)
			first = false;
	}
	if (style == JSON)
		printf("%s]\n", first ? "" : "\n");
	free(names);
	return cmd_finish(&cmd, status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "json", no_argument, NULL, 'j' },
		CMD_LONG_OPTIONS
	};
	enum style style = PLAIN;
	int opt;

	while ((opt = getopt_long(argc, argv, "vjh", longs, NULL)) != -1) {
		switch (opt) {
		case 'v':
			if (style == PLAIN)
				style = VERBOSE;
			break;
		case 'j':
			style = JSON;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (optind < argc)
		return cmd_usage(&cmd, "'%s': no argument is expected",
				 argv[optind]);
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	return list(style);
}
