// SPDX-License-Identifier: GPL-2.0-or-later
/* netopt.c - umview --net: which stack a view begins with */
#include "main/netopt.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "net/stack.h"

void um_netopt_fini(struct um_netopt *opt)
{
	free(opt->type);
	free(opt->source);
	free(opt->data);
	*opt = (struct um_netopt){ 0 };
}

static bool begins(const char *value, const char *with)
{
	return !strncmp(value, with, strlen(with));
}

/* Takes data. */
static int set(struct um_netopt *out, const char *type, char *data)
{
	out->type = strdup(type);
	out->source = strdup("none");
	out->data = data;
	return out->type && out->source && out->data ? 0 : -ENOMEM;
}

/* An interface with an argument, whose commas are its own. */
static int interface(struct um_netopt *out, const char *name, const char *arg,
		     const char *how)
{
	char *data;

	if (asprintf(&data, "\"%s=%s\",%s", name, arg, how) < 0)
		return -ENOMEM;
	return set(out, "umnetlwip", data);
}

static const struct {
	const char *word, *type;
} simple[] = {
	{ "none", "umnetnull" },
	{ "native", "umnetnative" },
	{ "kern", "umnetkern" },
};

/* Its words are for the stack's process, which would only drop the interface. */
static bool is_forward(const char *word, size_t n)
{
	size_t colons = 0;

	if (n > 4 && !strncmp(word, "mtu=", 4))
		return true;
	if (n == strlen("restrict") && !strncmp(word, "restrict", n))
		return true;
	if (n < 5 ||
	    (strncmp(word, "tcp:", 4) != 0 && strncmp(word, "udp:", 4) != 0))
		return false;
	for (size_t i = 4; i < n; i++) {
		colons += word[i] == ':';
		if (!isdigit((unsigned char)word[i]) && word[i] != ':' &&
		    word[i] != '.')
			return false;
	}
	return colons <= 2 && isdigit((unsigned char)word[n - 1]);
}

static int slirp(struct um_netopt *out, const char *forwards, const char **why)
{
	for (const char *p = forwards; *p;) {
		size_t n = strcspn(p, ",");

		if (!is_forward(p, n)) {
			*why = "after slirp come tcp:[HOST-ADDRESS:]PORT"
			       "[:VIEW-PORT], udp:..., restrict, mtu=N";
			return -EINVAL;
		}
		p += n + (p[n] == ',');
	}
	return interface(out, "sl0", forwards, "dhcp");
}

static int module(struct um_netopt *out, const char *value)
{
	UM_FREE char *type = strndup(value, strcspn(value, ","));
	const char *comma = strchr(value, ',');

	if (!type)
		return -ENOMEM;
	return set(out, type, strdup(comma ? comma + 1 : ""));
}

/* The words are those of umnetlwip's interfaces. */
static int kern(struct um_netopt *out, const char *value, const char **why)
{
	int ret = begins(value, "umnet") ? -EINVAL
					 : um_netopt_parse(value, out, why);

	if (ret == 0 && strcmp(out->type, "umnetlwip") != 0) {
		um_netopt_fini(out);
		ret = -EINVAL;
	}
	if (ret < 0)
		return ret;
	free(out->type);
	out->type = strdup("umnetkern");
	return out->type ? 0 : -ENOMEM;
}

int um_netopt_parse(const char *value, struct um_netopt *out, const char **why)
{
	const char *scheme = strstr(value, "://");

	*out = (struct um_netopt){ 0 };
	for (size_t i = 0; i < UM_ARRAY_SIZE(simple); i++)
		if (!strcmp(value, simple[i].word))
			return set(out, simple[i].type, strdup(""));
	*why = "take none, native, kern[,UPLINK], slirp[,FORWARD...], vde:///PATH or "
	       "another VNL, wire:NAME, umnet...";
	if (strchr(value, '"') && !begins(value, "umnet"))
		return -EINVAL;
	if (!strcmp(value, "slirp"))
		return slirp(out, "", why);
	if (begins(value, "slirp,"))
		return slirp(out, value + strlen("slirp,"), why);
	if (begins(value, "kern,"))
		return kern(out, value + strlen("kern,"), why);
	if (begins(value, "wire:") && value[5])
		return interface(out, "wr0", value + 5, "up");
	if (begins(value, "umnet"))
		return module(out, value);
	if (scheme && scheme != value)
		return interface(out, "vd0", value, "up");
	return -EINVAL;
}

int um_netopt_mount(const struct um_netopt *opt)
{
	if (!opt->type)
		return 0;
	return (int)UM_SYS(
		mount(opt->source, UM_STACK_DEFAULT, opt->type, 0, opt->data));
}
