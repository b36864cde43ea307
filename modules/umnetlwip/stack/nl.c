// SPDX-License-Identifier: GPL-2.0-or-later
/* nl.c - messages of netlink: built and taken apart */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "nl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096 };

static void *reserve(struct st_nl_out *o, size_t n)
{
	size_t padded = NLMSG_ALIGN(n), room = o->room ? o->room : FIRST_ROOM;
	uint8_t *p;

	while (room < o->len + padded)
		room *= 2;
	if (room > o->room) {
		p = realloc(o->data, room);
		if (!p) {
			o->failed = true;
			return NULL;
		}
		o->data = p;
		o->room = room;
	}
	p = o->data + o->len;
	memset(p, 0, padded);
	o->len += padded;
	return p;
}

void *st_nl_begin(struct st_nl_out *o, const struct nlmsghdr *asked, int type,
		  int flags, size_t size)
{
	struct nlmsghdr *h;

	o->begin = o->len;
	h = reserve(o, sizeof(*h) + size);
	if (!h)
		return NULL;
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)flags;
	h->nlmsg_seq = asked ? asked->nlmsg_seq : 0;
	h->nlmsg_pid = asked ? asked->nlmsg_pid : 0;
	return NLMSG_DATA(h);
}

void st_nl_attr(struct st_nl_out *o, int type, const void *data, size_t len)
{
	struct nlattr *a = reserve(o, sizeof(*a) + len);

	if (!a)
		return;
	a->nla_len = (uint16_t)(sizeof(*a) + len);
	a->nla_type = (uint16_t)type;
	if (len > 0)
		memcpy(a + 1, data, len);
}

void st_nl_attr_u32(struct st_nl_out *o, int type, uint32_t value)
{
	st_nl_attr(o, type, &value, sizeof(value));
}

void st_nl_attr_str(struct st_nl_out *o, int type, const char *text)
{
	st_nl_attr(o, type, text, strlen(text) + 1);
}

size_t st_nl_nest(struct st_nl_out *o, int type)
{
	size_t at = o->len;

	st_nl_attr(o, type, NULL, 0);
	return at;
}

void st_nl_nest_end(struct st_nl_out *o, size_t nest)
{
	struct nlattr a;

	if (o->failed)
		return;
	memcpy(&a, o->data + nest, sizeof(a));
	a.nla_len = (uint16_t)(o->len - nest);
	memcpy(o->data + nest, &a, sizeof(a));
}

void st_nl_end(struct st_nl_out *o)
{
	uint32_t len = (uint32_t)(o->len - o->begin);

	if (!o->failed)
		memcpy(o->data + o->begin, &len, sizeof(len));
}

int st_nl_parse(const void *data, size_t len, struct st_nl_attrs *out)
{
	const uint8_t *p = data;

	memset(out, 0, sizeof(*out));
	while (len >= sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)p;
		size_t type = a->nla_type & NLA_TYPE_MASK;
		size_t padded = NLA_ALIGN(a->nla_len);

		if (a->nla_len < sizeof(*a) || a->nla_len > len)
			return st_nl_fail(-EINVAL, "malformed attributes");
		if (type < sizeof(out->of) / sizeof(out->of[0]))
			out->of[type] = a;
		if (padded >= len)
			break;
		p += padded;
		len -= padded;
	}
	return 0;
}

const void *st_nl_get(const struct st_nl_attrs *a, int type, size_t len)
{
	const struct nlattr *at = a->of[type];

	return at && at->nla_len >= sizeof(*at) + len ? at + 1 : NULL;
}

uint32_t st_nl_get_u32(const struct st_nl_attrs *a, int type, uint32_t none)
{
	const void *p = st_nl_get(a, type, sizeof(uint32_t));
	uint32_t v = none;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

int st_nl_get_str(const struct st_nl_attrs *a, int type, char *out, size_t size)
{
	const struct nlattr *at = a->of[type];
	size_t len;

	if (!at)
		return 0;
	len = strnlen((const char *)(at + 1), at->nla_len - sizeof(*at));
	if (len >= size)
		return st_nl_fail(-EINVAL, "the name is too long");
	memcpy(out, at + 1, len);
	out[len] = '\0';
	return 1;
}
