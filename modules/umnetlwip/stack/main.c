// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - umnetlwip-stack: one network stack, a process of its own
 *
 * usage: umnetlwip-stack FD [INTERFACE...]
 *
 * FD is its end of the pair to the module (netproc/proto.h); the module starts it. An
 * INTERFACE is NAME=KIND[:ARGUMENT][;dhcp][;up], e.g. vd0=slirp;dhcp;up; or
 * the word forward; or ra=TEXT, router advertisements (radvconf.h). The process ends when the module closes its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface.h"
#include "link.h"
#include "loop.h"
#include "radv.h"
#include "rpc.h"
#include "stream.h"
#include "sysctl.h"
#include "tap.h"
#include "text.h"

/* What is not about one interface; -ENOENT: it is about one. */
static int set_up_all(const char *word)
{
	if (!strcmp(word, "forward")) {
		st_conf_forward(AF_INET, true);
		st_conf_forward(AF_INET6, true);
		return 0;
	}
	if (!strncmp(word, "ra=", 3)) {
		/* What is wrong with it was told. */
		(void)st_radv_load(word + 3, strlen(word + 3));
		return 0;
	}
	return -ENOENT;
}

/* "NAME=KIND[:ARGUMENT]", and what follows ";". */
static int add_interface(const char *spec)
{
	char copy[512], *kind, *arg, *flags, *word;
	const struct st_link_ops *link;
	struct st_iface *i;
	int ret;

	if (!st_text_copy(copy, sizeof(copy), spec))
		return -ENAMETOOLONG;
	flags = strchr(copy, ';');
	if (flags)
		*flags++ = '\0';
	kind = strchr(copy, '=');
	if (!kind)
		return -EINVAL;
	*kind++ = '\0';
	arg = strchr(kind, ':');
	if (arg)
		*arg++ = '\0';
	link = st_link_find(kind);
	if (!link)
		return -EOPNOTSUPP;
	ret = st_iface_add(copy, link, arg, &i);
	if (ret < 0)
		return ret;
	while ((word = strsep(&flags, ";"))) {
		if (!strcmp(word, "dhcp"))
			st_iface_set_dhcp(i, true);
		else if (!strcmp(word, "up"))
			st_iface_set_up(i, true);
	}
	st_iface_await_dhcp(i);
	return 0;
}

static int number(const char *text)
{
	char *end;
	long v = strtol(text, &end, 10);

	return *end || end == text || v < 0 || v > 1 << 20 ? -EINVAL : (int)v;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? number(argv[1]) : -EINVAL;

	if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
		fprintf(stderr,
			"umnetlwip-stack: it is started by the module umnetlwip of umview(1)\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN); /* it ends with its module */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	st_tap_init();
	if (st_loop_init() < 0 || st_iface_init() < 0 || st_rpc_init(fd) < 0) {
		fprintf(stderr, "umnetlwip-stack: %s\n", strerror(errno));
		return 1;
	}
	for (int n = 2; n < argc; n++) {
		int ret = set_up_all(argv[n]);

		if (ret != -ENOENT)
			continue;
		ret = add_interface(argv[n]);
		if (ret < 0)
			fprintf(stderr, "umnetlwip: interface %s: %s\n",
				argv[n],
				*st_link_why() ? st_link_why()
					       : strerror(-ret));
	}
	st_rpc_ready();
	st_loop_run();
	st_linger();
	return 0;
}
