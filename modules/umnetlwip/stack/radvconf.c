// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * radvconf.c - what is to be advertised: lwip_radv.conf's parameters
 *
 *	[vd0]
 *	AdvSendAdvert = on
 *	AddPrefix = 2001:db8::/64 , AdvValidLifetime = 3600
 *	RDNSS = 2001:db8::1
 *
 * The names are those of RFC 4861. What is said after a prefix's comma is of
 * that prefix.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "radvconf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { IS_BOOL, IS_NUMBER, IS_SECONDS };

/* A parameter: where it goes, and within what limits. */
struct parameter {
	const char *name;
	int kind;
	size_t offset;
	uint32_t low, high;
};

#define OF(member) offsetof(struct st_radv, member)
static const struct parameter of_link[] = {
	{ "AdvSendAdvert", IS_BOOL, OF(send), 0, 1 },
	{ "UnicastOnly", IS_BOOL, OF(unicast_only), 0, 1 },
	{ "MaxRtrAdvInterval", IS_NUMBER, OF(max_interval), 4, 1800 },
	{ "MinRtrAdvInterval", IS_NUMBER, OF(min_interval), 3, 1350 },
	{ "MinDelayBetweenRAs", IS_NUMBER, OF(min_delay), 1, 60 },
	{ "AdvManagedFlag", IS_BOOL, OF(managed), 0, 1 },
	{ "AdvOtherConfigFlag", IS_BOOL, OF(other), 0, 1 },
	{ "AdvLinkMTU", IS_NUMBER, OF(mtu), 0, 65535 },
	{ "AdvReachableTime", IS_NUMBER, OF(reachable_ms), 0, 3600000 },
	{ "AdvRetransTimer", IS_NUMBER, OF(retrans_ms), 0, UINT32_MAX },
	{ "AdvCurHopLimit", IS_NUMBER, OF(hop_limit), 0, 255 },
	{ "AdvDefaultLifetime", IS_NUMBER, OF(default_lifetime), 0, 9000 },
	{ "AdvSourceLLAddress", IS_BOOL, OF(source_lladdr), 0, 1 },
	{ "AdvRDNSSLifetime", IS_SECONDS, OF(rdnss_lifetime), 0, UINT32_MAX },
	{ NULL, 0, 0, 0, 0 },
};
#undef OF

#define OF(member) offsetof(struct st_radv_prefix, member)
static const struct parameter of_prefix[] = {
	{ "AdvOnLinkFlag", IS_BOOL, OF(on_link), 0, 1 },
	{ "AdvAutonomousFlag", IS_BOOL, OF(autonomous), 0, 1 },
	{ "AdvValidLifetime", IS_SECONDS, OF(valid), 0, UINT32_MAX },
	{ "AdvPreferredLifetime", IS_SECONDS, OF(preferred), 0, UINT32_MAX },
	{ NULL, 0, 0, 0, 0 },
};
#undef OF

static const struct st_radv defaults = {
	.max_interval = 600,
	.min_interval = UINT32_MAX,
	.min_delay = 3,
	.hop_limit = 64,
	.source_lladdr = true,
	.default_lifetime = UINT32_MAX,
	.rdnss_lifetime = UINT32_MAX,
};

static char *trimmed(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

static bool read_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "on", "ON", "true", "TRUE" };
	static const char *const no[] = { "off", "OFF", "false", "FALSE" };

	for (size_t n = 0; n < sizeof(yes) / sizeof(yes[0]); n++) {
		*out = !strcmp(text, yes[n]);
		if (*out || !strcmp(text, no[n]))
			return true;
	}
	return false;
}

static bool read_number(const char *text, const struct parameter *p,
			uint32_t *out)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	*out = UINT32_MAX;
	if (p->kind == IS_SECONDS && !strcasecmp(text, "infinity"))
		return true;
	*out = (uint32_t)v;
	return isdigit((unsigned char)*text) && !*end && v >= p->low &&
	       v <= p->high;
}

/* NULL, or what is wrong. */
static const char *assign(const struct parameter *table, void *to,
			  const char *name, const char *text)
{
	const struct parameter *p = table;
	bool flag, good;
	uint32_t v;

	while (p->name && strcasecmp(p->name, name) != 0)
		p++;
	if (!p->name)
		return "no such parameter here";
	if (p->kind == IS_BOOL) {
		good = read_bool(text, &flag);
		if (good)
			memcpy((char *)to + p->offset, &flag, sizeof(flag));
	} else {
		good = read_number(text, p, &v);
		if (good)
			memcpy((char *)to + p->offset, &v, sizeof(v));
	}
	return good ? NULL : "no such value";
}

/* "NAME = VALUE", cut; false: there is no such thing. */
static bool split(char *text, char **name, char **value)
{
	char *equals = strchr(text, '=');

	if (!equals)
		return false;
	*equals = '\0';
	*name = trimmed(text);
	*value = trimmed(equals + 1);
	return true;
}

static const char *add_prefix(struct st_radv *r, char *value, char *rest)
{
	struct st_radv_prefix *p = &r->prefixes[r->nprefixes];
	char *slash = strchr(value, '/'), *name, *end = NULL;
	const char *why = NULL;
	long len = slash ? strtol(slash + 1, &end, 10) : -1;

	if (r->nprefixes == ST_RADV_PREFIXES)
		return "too many prefixes";
	if (slash)
		*slash = '\0';
	*p = (struct st_radv_prefix){ .on_link = true,
				      .autonomous = true,
				      .valid = 2592000,
				      .preferred = 604800 };
	if (len < 0 || len > 128 || !end || *end ||
	    inet_pton(AF_INET6, value, p->addr) != 1)
		return "no such prefix";
	p->len = (uint8_t)len;
	while (!why && (value = strsep(&rest, ",")))
		why = split(value, &name, &value)
			      ? assign(of_prefix, p, name, value)
			      : "not NAME = VALUE";
	if (!why && p->preferred > p->valid)
		why = "preferred for longer than it is valid";
	if (!why)
		r->nprefixes++;
	return why;
}

static const char *add_servers(struct st_radv *r, char *value)
{
	char *word;

	while ((word = strsep(&value, " \t"))) {
		if (!*word)
			continue;
		if (r->nservers == ST_RADV_SERVERS)
			return "too many servers";
		if (inet_pton(AF_INET6, word, r->servers[r->nservers]) != 1)
			return "no such address";
		r->nservers++;
	}
	return NULL;
}

static const char *parameters(struct st_radv *r, char *line)
{
	char *rest = line, *one, *name, *value;
	const char *why = NULL;

	while (!why && (one = strsep(&rest, ","))) {
		if (!split(one, &name, &value))
			return "not NAME = VALUE";
		if (!strcasecmp(name, "AddPrefix"))
			return add_prefix(r, value, rest);
		if (!strcasecmp(name, "RDNSS"))
			why = add_servers(r, value);
		else
			why = assign(of_link, r, name, value);
	}
	return why;
}

static const char *new_section(struct st_radv **list, char *line)
{
	char *end = strchr(line, ']');
	struct st_radv **at = list, *r;
	size_t n = 0;

	if (!end || end[1])
		return "not [NAME]";
	*end = '\0';
	while (*at) {
		if (!strcmp((*at)->name, line + 1))
			return "this section was there before";
		at = &(*at)->next;
		n++;
	}
	if (n == ST_RADV_LINKS)
		return "too many sections";
	r = malloc(sizeof(*r));
	if (!r)
		return "out of memory";
	*r = defaults;
	*at = r;
	return st_text_copy(r->name, sizeof(r->name), line + 1) && *r->name
		       ? NULL
		       : "no such name";
}

static const char *complete(struct st_radv *r)
{
	if (r->min_interval == UINT32_MAX)
		r->min_interval = r->max_interval >= 9 ? r->max_interval / 3
						       : r->max_interval - 1;
	if (r->min_interval > r->max_interval)
		return "MinRtrAdvInterval is more than MaxRtrAdvInterval";
	if (r->default_lifetime == UINT32_MAX)
		r->default_lifetime = 3 * r->max_interval;
	if (r->default_lifetime && r->default_lifetime < r->max_interval)
		return "AdvDefaultLifetime is less than MaxRtrAdvInterval";
	if (r->rdnss_lifetime == UINT32_MAX)
		r->rdnss_lifetime = 3 * r->max_interval;
	return NULL;
}

struct st_radv *st_radv_parse(const char *text, size_t len, int *line,
			      const char **why)
{
	struct st_radv *list = NULL, *last = NULL;
	char *copy = strndup(text, len), *rest = copy, *one;

	*why = copy ? NULL : "out of memory";
	*line = 0;
	while (!*why && (one = strsep(&rest, "\n"))) {
		++*line;
		one[strcspn(one, "#;")] = '\0';
		one = trimmed(one);
		if (*one == '[')
			*why = new_section(&list, one);
		else if (*one && !list)
			*why = "which interface? [NAME] comes first";
		else if (*one)
			*why = parameters(last, one);
		for (last = list; last && last->next; last = last->next)
			;
	}
	for (last = list; last && !*why; last = last->next)
		*why = complete(last);
	free(copy);
	if (!*why) {
		*line = 0;
		return list;
	}
	st_radv_free(list);
	return NULL;
}

void st_radv_free(struct st_radv *list)
{
	while (list) {
		struct st_radv *next = list->next;

		free(list);
		list = next;
	}
}

static void show(FILE *f, const struct parameter *p, const void *from,
		 const char *before, const char *after)
{
	for (; p->name; p++) {
		const char *at = (const char *)from + p->offset;
		uint32_t v;
		bool flag;

		memcpy(&flag, at, sizeof(flag));
		fprintf(f, "%s%s = ", before, p->name);
		if (p->kind == IS_BOOL) {
			fprintf(f, "%s%s", flag ? "on" : "off", after);
			continue;
		}
		memcpy(&v, at, sizeof(v));
		if (p->kind == IS_SECONDS && v == UINT32_MAX)
			fprintf(f, "infinity%s", after);
		else
			fprintf(f, "%u%s", v, after);
	}
}

void st_radv_show(FILE *f, const struct st_radv *list)
{
	char text[INET6_ADDRSTRLEN];

	for (const struct st_radv *r = list; r; r = r->next) {
		fprintf(f, "[%s]\n", r->name);
		show(f, of_link, r, "", "\n");
		for (size_t n = 0; n < r->nprefixes; n++) {
			const struct st_radv_prefix *p = &r->prefixes[n];

			inet_ntop(AF_INET6, p->addr, text, sizeof(text));
			fprintf(f, "AddPrefix = %s/%u", text, p->len);
			show(f, of_prefix, p, " , ", "");
			fputc('\n', f);
		}
		for (size_t n = 0; n < r->nservers; n++) {
			inet_ntop(AF_INET6, r->servers[n], text, sizeof(text));
			fprintf(f, "RDNSS = %s\n", text);
		}
	}
}
