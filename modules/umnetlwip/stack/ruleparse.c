// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ruleparse.c - one rule of the packet filter: words to a struct
 *
 * The words are nft(8)'s, one statement at the end; see umview-umnetlwip(7).
 * A match is a table's row: its words, what follows, how it is read.
 */
#include <netinet/in.h>

#include "rules.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

const char st_rule_no_memory[] = "out of memory";

/* A rule's text while it is read, a word at a time. */
struct reader {
	char *rest;
	struct st_rule *rule;
	enum st_chain chain;
	const char *why;
};

static char *next_word(struct reader *r)
{
	char *word;

	do
		word = strsep(&r->rest, " \t");
	while (word && !*word);
	return word;
}

static bool fails(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

/* The word after "!=", if that is there. */
static char *value(struct reader *r, bool * not )
{
	char *word = next_word(r);
	size_t len = word ? strlen(word) : 0;

	*not = word && !strcmp(word, "!=");
	if (*not )
		word = next_word(r);
	else if (len > 1 && word[0] == '"' && word[len - 1] == '"') {
		word[len - 1] = '\0';
		word++;
	}
	if (!word)
		fails(r, "a word is missing");
	return word;
}

static bool number(const char *text, long max, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return end != text && !*end && *out >= 0 && *out <= max;
}

static bool read_name(struct reader *r, struct st_match_name *m)
{
	char *word = value(r, &m->not );

	m->set = true;
	return word && (st_text_copy(m->name, sizeof(m->name), word) ||
			fails(r, "no interface has so long a name"));
}

static bool read_iifname(struct reader *r)
{
	if (r->chain == ST_OUTPUT || r->chain == ST_POSTROUTING)
		return fails(r, "iifname is not known in this chain");
	return read_name(r, &r->rule->in);
}

static bool read_oifname(struct reader *r)
{
	if (r->chain == ST_PREROUTING || r->chain == ST_INPUT)
		return fails(r, "oifname is not known in this chain");
	return read_name(r, &r->rule->out);
}

static bool set_family(struct reader *r, int family)
{
	if (r->rule->family && r->rule->family != family)
		return fails(r, "both of IPv4 and of IPv6");
	r->rule->family = family;
	return true;
}

/* ADDRESS[/PREFIX] */
static bool read_addr(struct reader *r, int family, struct st_match_addr *m)
{
	char *word = value(r, &m->not ), *slash;
	long prefix = family == AF_INET ? 32 : 128;

	if (!word)
		return false;
	slash = strchr(word, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(family, word, m->addr) != 1 ||
	    (slash && !number(slash, prefix, &prefix)))
		return fails(r, "no such address");
	m->set = true;
	m->family = (uint8_t)family;
	m->prefix = (uint8_t)prefix;
	return set_family(r, family);
}

static bool set_proto(struct reader *r, int proto)
{
	if (r->rule->proto >= 0 && r->rule->proto != proto)
		return fails(r, "two protocols");
	r->rule->proto = proto;
	return true;
}

static bool read_proto(struct reader *r)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{ "tcp", IPPROTO_TCP },		 { "udp", IPPROTO_UDP },
		{ "icmp", IPPROTO_ICMP },	 { "icmpv6", IPPROTO_ICMPV6 },
		{ "ipv6-icmp", IPPROTO_ICMPV6 },
	};
	char *word = value(r, &r->rule->proto_not);
	long n;

	if (!word)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, word))
			return set_proto(r, known[i].number);
	return number(word, 255, &n) ? set_proto(r, (int)n)
				     : fails(r, "no such protocol");
}

/* N or N-M */
static bool range(char *word, long max, struct st_match_range *m)
{
	char *dash = strchr(word, '-');
	long low, high;

	if (dash)
		*dash++ = '\0';
	if (!number(word, max, &low) ||
	    !number(dash ? dash : word, max, &high) || low > high)
		return false;
	m->set = true;
	m->low = (uint16_t)low;
	m->high = (uint16_t)high;
	return true;
}

static bool read_port(struct reader *r, int proto)
{
	char *which = next_word(r), *word;
	struct st_match_range *m;

	if (!which ||
	    (strcmp(which, "sport") != 0 && strcmp(which, "dport") != 0))
		return fails(r, "sport or dport is missing");
	m = which[0] == 's' ? &r->rule->sport : &r->rule->dport;
	word = value(r, &m->not );
	if (!word || !range(word, 65535, m))
		return fails(r, "no such port");
	return set_proto(r, proto);
}

static bool read_icmp(struct reader *r, bool six)
{
	char *word = next_word(r);
	struct st_match_range *m = &r->rule->icmp;

	if (!word || strcmp(word, "type") != 0)
		return fails(r, "type is missing");
	word = value(r, &m->not );
	if (!word)
		return false;
	m->set = true;
	if (!strcmp(word, "echo-request"))
		m->low = m->high = six ? 128 : 8;
	else if (!strcmp(word, "echo-reply"))
		m->low = m->high = six ? 129 : 0;
	else if (!range(word, 255, m))
		return fails(r, "no such type");
	return set_proto(r, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP) &&
	       set_family(r, six ? AF_INET6 : AF_INET);
}

static bool read_ip(struct reader *r, int family)
{
	char *word = next_word(r);

	if (word && !strcmp(word, "saddr"))
		return read_addr(r, family, &r->rule->src);
	if (word && !strcmp(word, "daddr"))
		return read_addr(r, family, &r->rule->dst);
	if (word && (!strcmp(word, "protocol") || !strcmp(word, "nexthdr")))
		return set_family(r, family) && read_proto(r);
	return fails(r, "saddr, daddr or protocol is missing");
}

static bool read_meta(struct reader *r)
{
	char *word = next_word(r);

	if (word && !strcmp(word, "l4proto"))
		return read_proto(r);
	if (word && !strcmp(word, "iifname"))
		return read_iifname(r);
	if (word && !strcmp(word, "oifname"))
		return read_oifname(r);
	if (!word || strcmp(word, "nfproto") != 0)
		return fails(r, "meta: l4proto, nfproto, iifname or oifname");
	word = next_word(r);
	if (word && !strcmp(word, "ipv4"))
		return set_family(r, AF_INET);
	if (word && !strcmp(word, "ipv6"))
		return set_family(r, AF_INET6);
	return fails(r, "nfproto: ipv4 or ipv6");
}

static bool read_ct(struct reader *r)
{
	static const char *const names[] = { "untracked", "new", "established",
					     "related", "invalid" };
	char *word = next_word(r), *one;

	if (!word || strcmp(word, "state") != 0)
		return fails(r, "state is missing");
	word = next_word(r);
	if (!word)
		return fails(r, "a word is missing");
	while ((one = strsep(&word, ","))) {
		size_t n = 0;

		while (n < sizeof(names) / sizeof(names[0]) &&
		       strcmp(names[n], one) != 0)
			n++;
		if (n == sizeof(names) / sizeof(names[0]))
			return fails(r, "no such state");
		r->rule->states |= 1U << n;
	}
	return true;
}

/* 1: read; 0: no match begins so; -1: a bad one. */
static int read_match(struct reader *r, const char *word)
{
	bool good;

	if (!strcmp(word, "iifname"))
		good = read_iifname(r);
	else if (!strcmp(word, "oifname"))
		good = read_oifname(r);
	else if (!strcmp(word, "ip"))
		good = read_ip(r, AF_INET);
	else if (!strcmp(word, "ip6"))
		good = read_ip(r, AF_INET6);
	else if (!strcmp(word, "tcp"))
		good = read_port(r, IPPROTO_TCP);
	else if (!strcmp(word, "udp"))
		good = read_port(r, IPPROTO_UDP);
	else if (!strcmp(word, "icmp") || !strcmp(word, "icmpv6"))
		good = read_icmp(r, word[4] != '\0');
	else if (!strcmp(word, "meta"))
		good = read_meta(r);
	else if (!strcmp(word, "ct"))
		good = read_ct(r);
	else
		return 0;
	return good ? 1 : -1;
}

/* :PORT[-PORT] */
static bool to_port(struct reader *r, char *text)
{
	struct st_match_range m = { 0 };

	if (!range(text, 65535, &m) || !m.low)
		return fails(r, "no such port");
	r->rule->to.port = m.low;
	r->rule->to.port_end = m.high;
	return r->rule->proto == IPPROTO_TCP || r->rule->proto == IPPROTO_UDP ||
	       fails(r, "a port needs a match of tcp or udp");
}

/* ADDRESS, ADDRESS:PORT[-PORT], [ADDRESS], [ADDRESS]:PORT, :PORT */
static bool read_to(struct reader *r, bool need_addr)
{
	char *word = next_word(r), *port = NULL, *end;
	struct st_nat_to *to = &r->rule->to;
	int family = AF_INET;

	if (word && !strcmp(word, "to"))
		word = next_word(r);
	if (!word)
		return fails(r, "where to?");
	if (*word == '[') {
		end = strchr(++word, ']');
		if (!end)
			return fails(r, "no such address");
		*end++ = '\0';
		family = AF_INET6;
		port = *end == ':' ? end + 1 : NULL;
	} else if (strchr(word, ':') == strrchr(word, ':')) {
		port = strchr(word, ':');
		if (port)
			*port++ = '\0';
	} else {
		family = AF_INET6;
	}
	if (*word) {
		if (inet_pton(family, word, to->addr) != 1)
			return fails(r, "no such address");
		to->has_addr = true;
		if (!set_family(r, family))
			return false;
	}
	if (need_addr != to->has_addr)
		return fails(r, need_addr ? "an address is missing"
					  : "a port alone is expected");
	return !port || to_port(r, port);
}

static bool read_nat(struct reader *r, enum st_verdict v)
{
	bool dst = v == ST_DNAT || v == ST_REDIRECT;

	if (r->chain != (dst ? ST_PREROUTING : ST_POSTROUTING))
		return fails(r, dst ? "only in prerouting"
				    : "only in postrouting");
	if (v == ST_MASQUERADE)
		return true;
	return read_to(r, v != ST_REDIRECT);
}

/* "with tcp reset", after reject; of TCP alone, as nft(8) has it. */
static bool read_with(struct reader *r)
{
	static const char *const words[] = { "tcp", "reset" };

	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		const char *word = next_word(r);

		if (!word || strcmp(word, words[n]) != 0)
			return fails(r, "reject with tcp reset, or reject");
	}
	if (r->rule->proto < 0)
		r->rule->proto = IPPROTO_TCP;
	if (r->rule->proto != IPPROTO_TCP || r->rule->proto_not)
		return fails(r, "tcp reset: only of tcp");
	r->rule->verdict = ST_RESET;
	return true;
}

static bool read_reject(struct reader *r)
{
	const char *word;

	if (r->chain != ST_INPUT && r->chain != ST_FORWARD)
		return fails(r, "reject: only in input and forward");
	word = next_word(r);
	if (!word)
		return true;
	return strcmp(word, "with") == 0 ? read_with(r)
					 : fails(r, "words after the verdict");
}

static bool read_verdict(struct reader *r, const char *word)
{
	static const char *const names[] = {
		[ST_ACCEPT] = "accept",	    [ST_DROP] = "drop",
		[ST_REJECT] = "reject",	    [ST_MASQUERADE] = "masquerade",
		[ST_SNAT] = "snat",	    [ST_DNAT] = "dnat",
		[ST_REDIRECT] = "redirect", [ST_COUNT_ONLY] = "counter",
	};
	size_t n = 0, all = sizeof(names) / sizeof(names[0]);

	while (n < all && (!names[n] || strcmp(names[n], word) != 0))
		n++;
	if (n == all)
		return fails(r, "not understood");
	r->rule->verdict = (enum st_verdict)n;
	if (n == ST_REJECT && !read_reject(r))
		return false;
	if (n >= ST_MASQUERADE && n <= ST_REDIRECT &&
	    !read_nat(r, r->rule->verdict))
		return false;
	return !next_word(r) || fails(r, "words after the verdict");
}

static bool read_rule(struct reader *r)
{
	char *word;

	while ((word = next_word(r))) {
		int match = read_match(r, word);

		if (match < 0)
			return false;
		if (!match && strcmp(word, "counter") == 0 && r->rest)
			continue; /* all of them count */
		if (!match)
			return read_verdict(r, word);
	}
	return fails(r, "a verdict is missing");
}

struct st_rule *st_rule_parse(const char *text, enum st_chain chain,
			      const char **why)
{
	size_t len = strlen(text) + 1;
	struct st_rule *rule = calloc(1, sizeof(*rule) + len);
	char *copy = strdup(text);
	struct reader r = { .rest = copy, .rule = rule, .chain = chain };

	*why = st_rule_no_memory;
	if (rule && copy) {
		memcpy(rule->text, text, len);
		rule->proto = -1;
		if (read_rule(&r)) {
			free(copy);
			return rule;
		}
		*why = r.why;
	}
	free(copy);
	free(rule);
	return NULL;
}
