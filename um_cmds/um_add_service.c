// SPDX-License-Identifier: GPL-2.0-or-later
/* um_add_service.c - load a module into this view */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "um_add_service",
	.usage = "[-p] MODULE[,ARGS]",
	.help = "Load MODULE into this view; what follows the comma goes to it.\n"
		"\n"
		"  -p, --permanent  it cannot be removed later\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"MODULE is looked for as given, as MODULE.so, in ~/.umview/modules, in\n"
		"$UMVIEW_MODULE_PATH, and in the directory umview was installed with.\n"
		"mount(2) of a type that begins with a module's name loads it by itself.\n"
		"\n"
		"Examples:\n"
		"  um_add_service umfuse\n"
		"  um_add_service -p ./mymodule.so,debug\n"
};

static const struct cmd_reason reasons[] = {
	{ EEXIST,
	  "a service of this name is loaded already; see um_ls_service, or remove it first with um_del_service" },
	{ ENOENT,
	  "no such module; check the name, set UMVIEW_MODULE_PATH before umview starts, or give the path of the .so file" },
	{ ENOEXEC,
	  "it does not load, or was built for another version of umview; umview's messages say which, rebuild it against the installed headers" },
	{ ENODEV,
	  "the module found no device to work on; umview's messages say more" },
	{ EINVAL,
	  "not a module of umview, or it refused its arguments; umview's messages say more" },
	{ EPERM, "not allowed: umview runs with --secure" },
	{ EACCES, "the module's file cannot be read; check its permissions" },
	{ ENAMETOOLONG, "the name is too long" },
	{ ENOMEM, "umview is out of memory" },
	{ 0, NULL },
};

/*
 * A relative path means the caller's directory, not the one umview was started
 * in. Return: spec in new memory, NULL with errno on failure.
 */
static char *absolute_spec(const char *spec)
{
	size_t module = strcspn(spec, ",");
	char *out = NULL;
	char *cwd;

	if (spec[0] == '/' || !memchr(spec, '/', module))
		return strdup(spec);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	if (asprintf(&out, "%s/%s", cwd, spec) < 0)
		out = NULL;
	free(cwd);
	return out;
}

static int add(const char *given, unsigned int flags)
{
	char *spec = absolute_spec(given);
	int status = CMD_OK;

	if (!spec)
		return cmd_fail(&cmd, errno, NULL,
				"cannot find the directory of '%s'", given);
	if (um_add_service(spec, flags) < 0)
		status = cmd_fail(&cmd, errno, reasons, "cannot load '%s'",
				  given);
	free(spec);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "permanent", no_argument, NULL, 'p' }, CMD_LONG_OPTIONS
	};
	unsigned int flags = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "ph", longs, NULL)) != -1) {
		switch (opt) {
		case 'p':
			flags = UM_SERVICE_PERMANENT;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (argc - optind != 1)
		return cmd_usage(&cmd, "name one module, got %d words",
				 argc - optind);
	if (argv[optind][0] == '\0' || argv[optind][0] == ',')
		return cmd_usage(&cmd, "the module's name is empty");
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	return add(argv[optind], flags);
}
