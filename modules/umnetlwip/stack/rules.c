// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules.c - the packet filter's rules: loaded, asked, printed
 *
 * Five chains, each a list and a policy. What is written is read into a copy,
 * which takes the place of the rules when all of it was good: nobody is left
 * with half of a filter. No rules, no policies: nothing looks at packets.
 */
#include <netinet/in.h>

#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct chain {
	struct st_rule *first;
	bool drops; /* what no rule decides */
};

struct ruleset {
	struct chain chains[ST_CHAINS];
	size_t count;
};

static const char *const chain_names[ST_CHAINS] = {
	[ST_PREROUTING] = "prerouting",	  [ST_INPUT] = "input",
	[ST_FORWARD] = "forward",	  [ST_OUTPUT] = "output",
	[ST_POSTROUTING] = "postrouting",
};

static struct ruleset rules;
static bool active;

bool st_rules_active(void)
{
	return active;
}

/* ---- asked ---- */

static bool fits_name(const struct st_match_name *m, const char *name)
{
	size_t len = strlen(m->name);
	bool good;

	if (!m->set)
		return true;
	if (!name)
		return false;
	good = len && m->name[len - 1] == '*' ? !strncmp(m->name, name, len - 1)
					      : !strcmp(m->name, name);
	return good != m->not ;
}

static bool fits_addr(const struct st_match_addr *m, const uint8_t *addr)
{
	int whole = m->prefix / 8, rest = m->prefix % 8;
	bool good;

	if (!m->set)
		return true;
	good = !memcmp(addr, m->addr, (size_t)whole) &&
	       (!rest || !((addr[whole] ^ m->addr[whole]) >> (8 - rest)));
	return good != m->not ;
}

static bool fits_range(const struct st_match_range *m, uint16_t v)
{
	return !m->set || (v >= m->low && v <= m->high) != m->not ;
}

static bool fits_l4(const struct st_rule *r, const struct st_ip *ip)
{
	uint16_t sport, dport;

	if (r->proto >= 0 && (ip->proto == r->proto) == r->proto_not)
		return false;
	if (r->icmp.set)
		return !ip->is_later && ip->l4_len &&
		       fits_range(&r->icmp, ip->l4[0]);
	if (!r->sport.set && !r->dport.set)
		return true;
	return st_ip_ports(ip, &sport, &dport) &&
	       fits_range(&r->sport, ntohs(sport)) &&
	       fits_range(&r->dport, ntohs(dport));
}

static bool fits(const struct st_rule *r, const struct st_passing *p)
{
	return (!r->family || r->family == p->ip->family) &&
	       (!r->states || (r->states & 1U << p->track->state)) &&
	       fits_name(&r->in, p->in) && fits_name(&r->out, p->out) &&
	       fits_addr(&r->src, p->ip->src) &&
	       fits_addr(&r->dst, p->ip->dst) && fits_l4(r, p->ip);
}

static bool is_nat(enum st_verdict v)
{
	return v >= ST_MASQUERADE && v <= ST_REDIRECT;
}

enum st_verdict st_rules_run(enum st_chain chain, const struct st_passing *p,
			     const struct st_rule **nat)
{
	const struct chain *c = &rules.chains[chain];
	bool first = p->track->conn && !p->track->conn->confirmed;

	*nat = NULL;
	for (struct st_rule *r = c->first; r; r = r->next) {
		if ((is_nat(r->verdict) && !first) || !fits(r, p))
			continue;
		r->packets++;
		r->bytes += p->ip->len;
		if (r->verdict == ST_COUNT_ONLY)
			continue;
		if (is_nat(r->verdict))
			*nat = r;
		return r->verdict;
	}
	return c->drops ? ST_DROP : ST_ACCEPT;
}

/* ---- loaded ---- */

static void flush(struct ruleset *s, int chain)
{
	for (int n = 0; n < ST_CHAINS; n++) {
		struct chain *c = &s->chains[n];

		if (chain >= 0 && n != chain)
			continue;
		while (c->first) {
			struct st_rule *r = c->first;

			c->first = r->next;
			s->count--;
			free(r);
		}
		c->drops = false;
	}
}

static struct st_rule **end_of(struct chain *c)
{
	struct st_rule **p = &c->first;

	while (*p)
		p = &(*p)->next;
	return p;
}

static int copy_all(struct ruleset *to)
{
	*to = (struct ruleset){ .count = rules.count };
	for (int n = 0; n < ST_CHAINS; n++) {
		struct st_rule **end = &to->chains[n].first;

		to->chains[n].drops = rules.chains[n].drops;
		for (struct st_rule *r = rules.chains[n].first; r;
		     r = r->next, end = &(*end)->next) {
			size_t size = sizeof(*r) + strlen(r->text) + 1;

			*end = malloc(size);
			if (!*end)
				return -ENOMEM;
			memcpy(*end, r, size);
			(*end)->next = NULL;
		}
	}
	return 0;
}

static int chain_of(const char *word)
{
	for (int n = 0; word && n < ST_CHAINS; n++)
		if (!strcmp(chain_names[n], word))
			return n;
	return -EINVAL;
}

static char *word_of(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t");
	while (word && !*word);
	return word;
}

static const char *add_rule(struct ruleset *s, int chain, const char *text,
			    bool insert)
{
	struct chain *c = &s->chains[chain];
	const char *why;
	struct st_rule *r, **at;

	if (s->count >= ST_RULES_MAX)
		return "too many rules";
	r = st_rule_parse(text, (enum st_chain)chain, &why);
	if (!r)
		return why;
	at = insert ? &c->first : end_of(c);
	r->next = *at;
	*at = r;
	s->count++;
	return NULL;
}

static const char *delete_rule(struct ruleset *s, int chain, const char *word)
{
	long n = word ? strtol(word, NULL, 10) : 0;
	struct st_rule **p = &s->chains[chain].first, *gone;

	while (*p && n > 1) {
		p = &(*p)->next;
		n--;
	}
	if (n != 1 || !*p)
		return "no rule has this number";
	gone = *p;
	*p = gone->next;
	s->count--;
	free(gone);
	return NULL;
}

static const char *set_policy(struct ruleset *s, int chain, const char *word)
{
	if (!word || (strcmp(word, "accept") != 0 && strcmp(word, "drop") != 0))
		return "a policy is accept or drop";
	s->chains[chain].drops = *word == 'd';
	return NULL;
}

/* One line; NULL, or what is wrong with it. */
static const char *obey(struct ruleset *s, char *line)
{
	char *rest = line, *word = word_of(&rest);
	bool insert = word && !strcmp(word, "insert");
	int chain;

	if (!word)
		return NULL;
	if (!strcmp(word, "flush")) {
		word = word_of(&rest);
		chain = chain_of(word);
		if (word && chain < 0)
			return "no such chain";
		flush(s, word ? chain : -1);
		return NULL;
	}
	if (insert || !strcmp(word, "add")) {
		chain = chain_of(word_of(&rest));
		return chain < 0 ? "no such chain"
				 : add_rule(s, chain, rest ? rest : "", insert);
	}
	if (!strcmp(word, "delete") || !strcmp(word, "policy")) {
		chain = chain_of(word_of(&rest));
		if (chain < 0)
			return "no such chain";
		return *word == 'd' ? delete_rule(s, chain, word_of(&rest))
				    : set_policy(s, chain, word_of(&rest));
	}
	return "a line begins with add, insert, delete, policy or flush";
}

static int obey_all(struct ruleset *s, char *text)
{
	char *line;

	for (int n = 1; (line = strsep(&text, "\n;")); n++) {
		char copy[80];
		const char *why;

		line[strcspn(line, "#")] = '\0';
		snprintf(copy, sizeof(copy), "%s", line);
		why = obey(s, line);
		if (!why)
			continue;
		fprintf(stderr, "umnetlwip: rule %d: `%s': %s\n", n, copy, why);
		return why == st_rule_no_memory ? -ENOMEM : -EINVAL;
	}
	return 0;
}

static bool is_any(const struct ruleset *s)
{
	for (int n = 0; n < ST_CHAINS; n++)
		if (s->chains[n].drops)
			return true;
	return s->count;
}

static int load(char *text)
{
	struct ruleset new;
	int ret = copy_all(&new);

	if (ret == 0)
		ret = obey_all(&new, text);
	if (ret < 0) {
		flush(&new, -1);
		return ret;
	}
	flush(&rules, -1);
	rules = new;
	active = is_any(&rules);
	if (!active)
		st_conn_flush();
	return 0;
}

int st_rules_load(const char *text, size_t len)
{
	char *copy = strndup(text, len);
	int ret = copy ? load(copy) : -ENOMEM;

	free(copy);
	return ret;
}

void st_rules_print(FILE *f)
{
	for (int n = 0; n < ST_CHAINS; n++) {
		const struct chain *c = &rules.chains[n];

		if (c->drops)
			fprintf(f, "policy %s drop\n", chain_names[n]);
		for (const struct st_rule *r = c->first; r; r = r->next)
			fprintf(f, "add %s %s # packets %llu bytes %llu\n",
				chain_names[n], r->text,
				(unsigned long long)r->packets,
				(unsigned long long)r->bytes);
	}
}
