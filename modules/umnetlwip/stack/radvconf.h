/* SPDX-License-Identifier: GPL-2.0-or-later */
/* radvconf.h - what is to be advertised: lwip_radv.conf's parameters */
#ifndef ST_RADVCONF_H
#define ST_RADVCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "iface.h"
#include "loop.h"

enum {
	ST_RADV_PREFIXES = 16,
	ST_RADV_SERVERS = 4,
	ST_RADV_LINKS = 32,
};

struct st_radv_prefix {
	uint8_t addr[16];
	uint8_t len;
	bool on_link, autonomous;
	uint32_t valid, preferred; /* seconds */
};

/* One section. Seconds, but for what says ms. */
struct st_radv {
	struct st_radv *next;
	char name[IFNAMSIZ];
	bool send, unicast_only, managed, other, source_lladdr;
	uint32_t max_interval, min_interval, min_delay;
	uint32_t mtu, reachable_ms, retrans_ms, hop_limit;
	uint32_t default_lifetime, rdnss_lifetime; /* UINT32_MAX: not given */
	struct st_radv_prefix prefixes[ST_RADV_PREFIXES];
	size_t nprefixes;
	uint8_t servers[ST_RADV_SERVERS][16];
	size_t nservers;
	/* at work */
	struct st_timer timer;
	uint64_t last; /* the last to all, ms; 0: none */
	unsigned int sent;
	bool joined;
};

/*
 * Sections of a text, allocated; NULL where there are none. *line: 0, or the
 * line that is bad, and *why.
 */
struct st_radv *st_radv_parse(const char *text, size_t len, int *line,
			      const char **why);
void st_radv_free(struct st_radv *list);
/* As it would be written. */
void st_radv_show(FILE *f, const struct st_radv *list);

#endif
