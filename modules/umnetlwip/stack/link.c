// SPDX-License-Identifier: GPL-2.0-or-later
/* link.c - the kinds of links by name; the one that leads nowhere */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "link.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char why[256];

const char *st_link_why(void)
{
	return why;
}

void st_link_set_why(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
}

static int dummy_open(struct st_iface *i, const char *arg)
{
	(void)arg;
	i->carrier = true;
	return 0;
}

static void dummy_close(struct st_iface *i)
{
	(void)i;
}

static int dummy_send(struct st_iface *i, const void *frame, size_t len)
{
	(void)i;
	(void)frame;
	(void)len;
	return 0;
}

const struct st_link_ops st_link_dummy = {
	.kind = "dummy",
	.open = dummy_open,
	.close = dummy_close,
	.send = dummy_send,
};

const struct st_link_ops *st_link_find(const char *kind)
{
	static const struct st_link_ops *const all[] = {
		&st_link_vde,  &st_link_tap,   &st_link_slirp,
		&st_link_wire, &st_link_dummy,
	};

	why[0] = '\0';
	for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++)
		if (!strcmp(all[n]->kind, kind))
			return all[n];
	return NULL;
}
