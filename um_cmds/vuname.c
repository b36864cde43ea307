// SPDX-License-Identifier: GPL-2.0-or-later
/* vuname.c - uname(1) that tells about the view also */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "cmd.h"
#include "um_lib.h"

static const struct cmd cmd = {
	.name = "vuname",
	.usage = "[OPTION]...",
	.help = "Show what uname(1) shows, and which view this is. No option means -s.\n"
		"\n"
		"  -a, --all                -s -n -r -v -m -o -U -V -N\n"
		"  -s, --kernel-name        (also --sysname)\n"
		"  -n, --nodename\n"
		"  -r, --kernel-release     (also --release)\n"
		"  -v, --kernel-version\n"
		"  -m, --machine\n"
		"  -p, --processor          always 'unknown'\n"
		"  -i, --hardware-platform  always 'unknown'\n"
		"  -o, --operating-system   'GNU/Linux/View-OS' in a view\n"
		"  -U, --serverid           process id of the monitor\n"
		"  -V, --viewid             number of this view, 0 is the first\n"
		"  -N, --viewname           name of this view\n"
		"  -x, --nouname            fail outside a view, where otherwise uname(2)\n"
		"                           is shown\n"
		"  -q, --quiet              no message when it fails outside a view\n"
		"  -h, --help               show this help\n"
		"      --version            show the version\n"
		"\n"
		"Examples:\n"
		"  vuname -a\n"
		"  if vuname -qx >/dev/null; then echo in a view; fi\n"
};

/* What to show, in the order it is shown. */
enum field {
	SYSNAME,
	NODENAME,
	RELEASE,
	VERSION,
	MACHINE,
	PROCESSOR,
	PLATFORM,
	SYSTEM,
	SERVERID,
	VIEWID,
	VIEWNAME,
	FIELDS,
};

/* The option letters of the fields, in order. */
static const char letters[] = "snrvmpioUVN";

#define BIT(field) (1u << (field))
#define VIEW_ONLY  (BIT(SERVERID) | BIT(VIEWID) | BIT(VIEWNAME))
#define ALL	   ((BIT(FIELDS) - 1) & ~(BIT(PROCESSOR) | BIT(PLATFORM)))

struct request {
	unsigned int fields;
	bool all;
	bool quiet;
	bool nouname;
};

/* number: room for one, 12 bytes. */
static const char *field_text(enum field field, const struct um_viewinfo *info,
			      bool inside, char number[static 12])
{
	switch (field) {
	case SYSNAME:
		return info->uname.sysname;
	case NODENAME:
		return info->uname.nodename;
	case RELEASE:
		return info->uname.release;
	case VERSION:
		return info->uname.version;
	case MACHINE:
		return info->uname.machine;
	case SYSTEM:
		return inside ? "GNU/Linux/View-OS" : "GNU/Linux";
	case VIEWNAME:
		return info->name;
	case SERVERID:
	case VIEWID:
		snprintf(number, 12, "%d",
			 (int)(field == VIEWID ? info->view : info->server));
		return number;
	case PROCESSOR:
	case PLATFORM:
	case FIELDS:
		break;
	}
	return "unknown";
}

static void print_fields(unsigned int fields, const struct um_viewinfo *info,
			 bool inside)
{
	const char *gap = "";
	char number[12];
	unsigned int i;

	for (i = 0; i < FIELDS; i++) {
		const char *text;

		if (!(fields & BIT(i)))
			continue;
		text = field_text((enum field)i, info, inside, number);
		if (text[0]) {
			printf("%s%s", gap, text);
			gap = " ";
		}
	}
	putchar('\n');
}

static int refuse(const struct request *req, const char *why)
{
	if (!req->quiet)
		fprintf(stderr,
			"%s: not inside umview: %s; start one with "
			"'umview COMMAND', see umview(1)\n",
			cmd.name, why);
	return CMD_FAIL;
}

static int show(const struct request *req)
{
	unsigned int fields = req->fields | (req->all ? ALL : 0);
	struct um_viewinfo info = { .view = 0 };
	bool inside = um_check_viewos();

	if (!fields)
		fields = BIT(SYSNAME);
	if (!inside && req->nouname)
		return refuse(req, "--nouname forbids to show uname(2)");
	if (!inside && (req->fields & VIEW_ONLY))
		return refuse(req, "there is no view to show");
	if (!inside)
		fields &= ~VIEW_ONLY;
	if ((inside ? um_view_getinfo(&info) : uname(&info.uname)) < 0)
		return cmd_fail(&cmd, errno, NULL, "cannot ask the %s",
				inside ? "view" : "kernel");
	print_fields(fields, &info, inside);
	return cmd_finish(&cmd, CMD_OK);
}

/* Return: the field of an option letter, FIELDS when it is none. */
static enum field field_of(int letter)
{
	unsigned int i = 0;

	while (i < FIELDS && letters[i] != letter)
		i++;
	return (enum field)i;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "kernel-name", no_argument, NULL, 's' },
		{ "sysname", no_argument, NULL, 's' },
		{ "nodename", no_argument, NULL, 'n' },
		{ "kernel-release", no_argument, NULL, 'r' },
		{ "release", no_argument, NULL, 'r' },
		{ "kernel-version", no_argument, NULL, 'v' },
		{ "machine", no_argument, NULL, 'm' },
		{ "processor", no_argument, NULL, 'p' },
		{ "hardware-platform", no_argument, NULL, 'i' },
		{ "operating-system", no_argument, NULL, 'o' },
		{ "serverid", no_argument, NULL, 'U' },
		{ "viewid", no_argument, NULL, 'V' },
		{ "viewname", no_argument, NULL, 'N' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "nouname", no_argument, NULL, 'x' },
		CMD_LONG_OPTIONS
	};
	struct request req = { .fields = 0 };
	int opt;

	while ((opt = getopt_long(argc, argv, "asnrvmpioUVNqxh", longs,
				  NULL)) != -1) {
		switch (opt) {
		case 'a':
			req.all = true;
			break;
		case 'q':
			req.quiet = true;
			break;
		case 'x':
			req.nouname = true;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			if (field_of(opt) == FIELDS)
				return cmd_try_help(&cmd);
			req.fields |= BIT(field_of(opt));
		}
	}
	if (optind < argc)
		return cmd_usage(&cmd, "'%s': no argument is expected",
				 argv[optind]);
	return show(&req);
}
