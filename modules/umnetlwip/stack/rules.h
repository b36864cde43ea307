/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules.h - the packet filter's rules, and those of NAT */
#ifndef ST_RULES_H
#define ST_RULES_H

#include <net/if.h>
#include <stdio.h>
#include <sys/types.h>

#include "conntrack.h"

enum { ST_RULES_MAX = 4096 };

/* Where a packet is on its way; as the kernel's hooks. */
enum st_chain {
	ST_PREROUTING,
	ST_INPUT,
	ST_FORWARD,
	ST_OUTPUT,
	ST_POSTROUTING,
	ST_CHAINS,
};

enum st_verdict {
	ST_ACCEPT,
	ST_DROP,
	ST_REJECT,
	ST_RESET, /* reject with tcp reset */
	ST_MASQUERADE,
	ST_SNAT,
	ST_DNAT,
	ST_REDIRECT,
	ST_COUNT_ONLY,
};

/* What a rule asks of a packet; `not`: of one that is otherwise. */
struct st_match_name {
	bool set, not ;
	char name[IFNAMSIZ]; /* with a * at its end: what begins so */
};

struct st_match_addr {
	bool set, not ;
	uint8_t family, prefix;
	uint8_t addr[16];
};

struct st_match_range {
	bool set, not ;
	uint16_t low, high; /* host order */
};

struct st_rule {
	struct st_rule *next;
	enum st_verdict verdict;
	struct st_match_name in, out;
	struct st_match_addr src, dst;
	struct st_match_range sport, dport, icmp;
	int family; /* 0: both */
	int proto;  /* -1: any */
	bool proto_not;
	unsigned int states; /* 1 << enum st_ct_state; 0: any */
	struct st_nat_to to;
	uint64_t packets, bytes;
	char text[]; /* as it was written */
};

/* A packet at a chain. in, out: names of interfaces, or NULL. */
struct st_passing {
	const struct st_ip *ip;
	struct st_track *track;
	const char *in, *out;
};

/* One rule of a text without its chain, allocated; or NULL and why. */
extern const char st_rule_no_memory[];
struct st_rule *st_rule_parse(const char *text, enum st_chain chain,
			      const char **why);
/* What becomes of a packet: rules of NAT are heard by the first of a connection. */
enum st_verdict st_rules_run(enum st_chain chain, const struct st_passing *p,
			     const struct st_rule **nat);
/* Are there any rules? Where not, packets are not looked at. */
bool st_rules_active(void);

/*
 * Lines as umview-umnetlwip(7) tells, all of them or none. -EINVAL, and why is
 * told on the standard error.
 */
int st_rules_load(const char *text, size_t len);
void st_rules_print(FILE *f);

#endif
