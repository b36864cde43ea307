// SPDX-License-Identifier: GPL-2.0-or-later
/* vdetelweb.c - manage a VDE switch by telnet and with a browser */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../cmd.h"
#include "mgmt.h"
#include "rcfile.h"
#include "serve.h"
#include "teleserve.h"
#include "web.h"

static const struct cmd cmd = {
	.name = "vdetelweb",
	.usage = "[-t] [-w] [-n NAME] [-f RCFILE] [-dv] MGMT_SOCKET",
	.help = "Manage a VDE switch by telnet and with a browser.\n"
		"\n"
		"  -t, --telnet          serve telnet\n"
		"  -w, --web             serve web pages; at least one of both\n"
		"  -n, --nodename NAME   what the switch is called (the name of the host)\n"
		"  -f, --rcfile FILE     password and addresses (~/.vde/vdetelwebrc or\n"
		"                        /etc/vde/vdetelwebrc)\n"
		"  -M, --mgmt SOCKET     the same as MGMT_SOCKET: that of vde_switch -M\n"
		"      --listen ADDRESS  wait at this address only\n"
		"      --telnet-port N   instead of 23\n"
		"      --web-port N      instead of 80\n"
		"  -d, --daemon          go into the background, messages to syslog\n"
		"      --pidfile FILE    write the process id there\n"
		"  -v, --verbose         say more\n"
		"  -h, --help            show this help\n"
		"      --version         show the version\n"
		"\n"
		"Example, on the switch's own network:\n"
		"  vde_switch -d -s /tmp/sw -M /tmp/sw.mgmt\n"
		"  umview --net=vde:///tmp/sw vdetelweb -t -w /tmp/sw.mgmt\n"
};

static const struct cmd_reason rc_reasons[] = {
	{ ENOENT,
	  "there must be one, with a line 'password WORD'; see vdetelweb(1)" },
	{ 0, NULL },
};

struct options {
	struct serve_options serve;
	bool telnet, web;
	const char *node, *rcfile, *mgmt, *listen;
	const char *telnet_port, *web_port;
};

/* What is served, while it is. */
struct service {
	struct rcfile rc;
	struct session_service telnet;
	struct web *web;
	int door;
};

enum {
	OPT_LISTEN = SERVE_OPT_OWN,
	OPT_TELNET_PORT,
	OPT_WEB_PORT,
};

static int take_option(struct options *o, int opt)
{
	switch (opt) {
	case 't':
		o->telnet = true;
		return CMD_OK;
	case 'w':
		o->web = true;
		return CMD_OK;
	case 'n':
		o->node = optarg;
		return CMD_OK;
	case 'f':
		o->rcfile = optarg;
		return CMD_OK;
	case 'M':
		o->mgmt = optarg;
		return CMD_OK;
	case OPT_LISTEN:
		o->listen = optarg;
		return CMD_OK;
	case OPT_TELNET_PORT:
		o->telnet_port = optarg;
		return CMD_OK;
	case OPT_WEB_PORT:
		o->web_port = optarg;
		return CMD_OK;
	default:
		return serve_take_option(&o->serve, opt, optarg)
			       ? CMD_OK
			       : cmd_try_help(&cmd);
	}
}

/* The one that was named, the user's, or the host's. */
static FILE *open_rc(const char *named, char *path, size_t size)
{
	const char *home = getenv("HOME");
	FILE *f = NULL;

	if (named) {
		snprintf(path, size, "%s", named);
		return fopen(path, "re");
	}
	if (home) {
		snprintf(path, size, "%s/.vde/vdetelwebrc", home);
		f = fopen(path, "re");
	}
	if (f)
		return f;
	snprintf(path, size, "/etc/vde/vdetelwebrc");
	return fopen(path, "re");
}

static int load_rc(const char *named, struct rcfile *rc)
{
	const char *why = NULL;
	char path[512];
	FILE *f = open_rc(named, path, sizeof(path));
	int ret;

	if (!f)
		return cmd_fail(&cmd, errno, rc_reasons, "cannot read '%s'",
				path);
	ret = rc_read(f, rc, &why);
	fclose(f);
	if (ret < 0)
		return cmd_fail(&cmd, -ret, NULL, "cannot read '%s'", path);
	if (ret == 0 && rc->hash[0])
		return CMD_OK;
	if (ret == 0)
		fprintf(stderr, "%s: %s: there is no password in it\n",
			cmd.name, path);
	else
		fprintf(stderr, "%s: %s:%d: %s\n", cmd.name, path, ret, why);
	return CMD_FAIL;
}

/* Is a switch there, and does it answer? */
static int try_switch(const char *path)
{
	struct mgmt_call call;
	int ret = mgmt_open(&call, path);

	if (ret < 0)
		return cmd_fail(&cmd, -ret, NULL, "the switch at '%s'", path);
	mgmt_close(&call);
	return CMD_OK;
}

/* The web's threads are made after the process has left the terminal. */
static int start(struct service *s, const struct options *o)
{
	int web_fd = -1, ret;

	if (rc_apply(&s->rc) < 0)
		return CMD_FAIL;
	if (o->telnet)
		s->door = tele_listen(o->listen, o->telnet_port);
	if (o->telnet && s->door < 0)
		return CMD_FAIL;
	if (o->web)
		web_fd = tele_listen(o->listen, o->web_port);
	if (o->web && web_fd < 0)
		return CMD_FAIL;
	ret = serve_daemon(&o->serve);
	if (ret < 0)
		return cmd_fail(&cmd, -ret, NULL, "cannot start");
	if (!o->web)
		return CMD_OK;
	s->web = web_new(s->telnet.node, s->telnet.mgmt, &s->rc, web_fd);
	return s->web ? CMD_OK
		      : cmd_fail(&cmd, ENOMEM, NULL, "cannot serve pages");
}

static int run(const struct options *o, const char *node)
{
	struct service s = { .door = -1 };
	int stop, ret = load_rc(o->rcfile, &s.rc);

	if (ret == CMD_OK)
		ret = try_switch(o->mgmt);
	if (ret != CMD_OK)
		return ret;
	stop = serve_signals();
	if (stop < 0)
		return cmd_fail(&cmd, -stop, NULL, "signals");
	s.telnet = (struct session_service){ .node = node,
					     .mgmt = o->mgmt,
					     .rc = &s.rc };
	ret = start(&s, o);
	if (ret == CMD_OK) {
		serve_say("serving");
		if (tele_run(&s.telnet, s.door, stop) < 0)
			ret = CMD_FAIL;
	}
	web_free(s.web);
	if (s.door >= 0)
		close(s.door);
	serve_end();
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "telnet", no_argument, NULL, 't' },
		{ "web", no_argument, NULL, 'w' },
		{ "nodename", required_argument, NULL, 'n' },
		{ "rcfile", required_argument, NULL, 'f' },
		{ "mgmt", required_argument, NULL, 'M' },
		{ "listen", required_argument, NULL, OPT_LISTEN },
		{ "telnet-port", required_argument, NULL, OPT_TELNET_PORT },
		{ "web-port", required_argument, NULL, OPT_WEB_PORT },
		SERVE_LONG_OPTIONS
	};
	struct options o = { .telnet_port = "23", .web_port = "80" };
	struct utsname host;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "twn:f:M:" SERVE_SHORT_OPTIONS,
				  longs, NULL)) != -1) {
		if (opt == 'h')
			return cmd_help(&cmd);
		if (opt == CMD_OPT_VERSION)
			return cmd_version(&cmd);
		ret = take_option(&o, opt);
		if (ret != CMD_OK)
			return ret;
	}
	if (!o.mgmt && optind < argc)
		o.mgmt = argv[optind++];
	if (!o.mgmt || optind < argc)
		return cmd_usage(&cmd, "name one management socket");
	if (!o.telnet && !o.web)
		return cmd_usage(&cmd, "say what to serve: -t, -w or both");
	serve_init(cmd.name, &o.serve);
	uname(&host);
	return run(&o, o.node ? o.node : host.nodename);
}
