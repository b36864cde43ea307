// SPDX-License-Identifier: GPL-2.0-or-later
/* vde_cryptcab.c - an encrypted cable between two VDE switches, over UDP */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../cmd.h"
#include "cable.h"
#include "serve.h"

static const struct cmd cmd = {
	.name = "vde_cryptcab",
	.usage = "-P KEYFILE [-s SWITCH] [-p PORT] [-dv]\n"
		 "-P KEYFILE [-s SWITCH] -c HOST[:PORT] [-dv]\n"
		 "--genkey KEYFILE",
	.help = "An encrypted cable between VDE switches, over UDP: wait for clients, or be one.\n"
		"\n"
		"  -P KEYFILE            the secret that both ends have\n"
		"  -s, --sock SWITCH     the switch's directory, or any VNL (the default switch)\n"
		"  -c HOST[:PORT]        connect to the one that waits there\n"
		"  -p PORT               wait at this UDP port (7667)\n"
		"  -k, --keepalive SEC   say something at least so often (10)\n"
		"  -r, --rekey SEC       change keys so often (120); the client's matters\n"
		"  -d, --daemon          go into the background, messages to syslog\n"
		"      --pidfile FILE    write the process id there\n"
		"  -v, --verbose         tell of packets that are refused\n"
		"      --genkey KEYFILE  make a new secret and exit\n"
		"  -h, --help            show this help\n"
		"      --version         show the version\n"
		"\n"
		"Example, here and on another host, after KEYFILE was copied there by scp:\n"
		"  vde_cryptcab --genkey ~/.vdekey\n"
		"  vde_cryptcab -P ~/.vdekey -s /tmp/sw -p 7667\n"
		"  vde_cryptcab -P ~/.vdekey -s /tmp/sw -c first.example.org:7667\n"
};

static const struct cmd_reason key_reasons[] = {
	{ EPERM, "others may read it; chmod 600 it" },
	{ EBADMSG, "it holds no key; make one with --genkey" },
	{ 0, NULL },
};

struct options {
	struct cable_options cable;
	struct serve_options serve;
	const char *key, *genkey;
	char server[256];
};

enum { OPT_GENKEY = SERVE_OPT_OWN };

enum { SILENT_TIMES = 3 };

/* HOST, HOST:PORT, [v6] or [v6]:PORT */
static int take_server(struct options *o, const char *arg)
{
	char *host = o->server, *end;

	if (strchr(arg, '@'))
		return cmd_usage(&cmd,
				 "'%s': no user is needed, keys are not sent",
				 arg);
	if (strlen(arg) >= sizeof(o->server))
		return cmd_usage(&cmd, "the name of the host is too long");
	memcpy(host, arg, strlen(arg) + 1);
	if (host[0] == '[' && (end = strchr(host, ']'))) {
		*end++ = '\0';
		host++;
	} else {
		end = strchr(host, ':');
		/* more than one: an IPv6 address */
		if (!end || strchr(end + 1, ':'))
			end = host + strlen(host);
	}
	if (*end == ':') {
		*end = '\0';
		o->cable.port = end + 1;
	}
	o->cable.server = host;
	return CMD_OK;
}

static int take_seconds(const char *arg, int64_t *ms)
{
	long value;

	if (!cmd_parse_number(arg, 86400, &value) || value == 0)
		return cmd_usage(&cmd, "'%s': not a number of seconds", arg);
	*ms = value * 1000;
	return CMD_OK;
}

static int take_option(struct options *o, int opt)
{
	switch (opt) {
	case 'P':
		o->key = optarg;
		return CMD_OK;
	case 's':
		o->cable.vnl = optarg;
		return CMD_OK;
	case 'c':
		return take_server(o, optarg);
	case 'p':
		o->cable.port = optarg;
		return CMD_OK;
	case 'k':
		return take_seconds(optarg, &o->cable.times.keepalive);
	case 'r':
		return take_seconds(optarg, &o->cable.times.rekey);
	case OPT_GENKEY:
		o->genkey = optarg;
		return CMD_OK;
	default:
		return serve_take_option(&o->serve, opt, optarg)
			       ? CMD_OK
			       : cmd_try_help(&cmd);
	}
}

static int genkey(const char *path)
{
	int ret = cab_key_generate(path);

	return ret < 0 ? cmd_fail(&cmd, -ret, NULL, "cannot make '%s'", path)
		       : CMD_OK;
}

static int run(const struct options *o, struct cab_key *key)
{
	struct cable *cable;
	int stop = serve_signals(), ret;

	if (stop < 0)
		return cmd_fail(&cmd, -stop, NULL, "signals");
	if (cable_new(&o->cable, key, &cable) < 0)
		return CMD_FAIL;
	ret = serve_daemon(&o->serve);
	if (ret < 0)
		serve_say("cannot start: %s", strerror(-ret));
	else
		ret = cable_run(cable, stop);
	cable_free(cable);
	serve_end();
	sodium_memzero(key, sizeof(*key));
	return ret < 0 ? CMD_FAIL : CMD_OK;
}

static int start(struct options *o)
{
	struct cab_key key;
	int ret;

	if (sodium_init() < 0)
		return cmd_fail(&cmd, ENOSYS, NULL, "libsodium");
	if (o->genkey)
		return genkey(o->genkey);
	if (!o->key)
		return cmd_usage(&cmd, "name a file with a key: -P KEYFILE");
	ret = cab_key_load(o->key, &key);
	if (ret < 0)
		return cmd_fail(&cmd, -ret, key_reasons, "key '%s'", o->key);
	o->cable.times.dead = SILENT_TIMES * o->cable.times.keepalive;
	serve_init(cmd.name, &o->serve);
	return run(o, &key);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "sock", required_argument, NULL, 's' },
		{ "keepalive", required_argument, NULL, 'k' },
		{ "rekey", required_argument, NULL, 'r' },
		{ "genkey", required_argument, NULL, OPT_GENKEY },
		SERVE_LONG_OPTIONS
	};
	struct options o = { .cable = { .port = "7667",
					.times = { .keepalive = 10000,
						   .rekey = 120000,
						   .retry = 1000 } } };
	int opt, ret;

	while ((opt = getopt_long(argc, argv,
				  "P:s:c:p:k:r:" SERVE_SHORT_OPTIONS, longs,
				  NULL)) != -1) {
		if (opt == 'h')
			return cmd_help(&cmd);
		if (opt == CMD_OPT_VERSION)
			return cmd_version(&cmd);
		ret = take_option(&o, opt);
		if (ret != CMD_OK)
			return ret;
	}
	if (optind < argc)
		return cmd_usage(&cmd, "'%s': not an option", argv[optind]);
	return start(&o);
}
