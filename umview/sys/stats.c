// SPDX-License-Identifier: GPL-2.0-or-later
/* stats.c - umview --stats: which road each call took */
#include "sys/stats.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/proto.h"
#include "guest/req.h"
#include "sys/sys.h"
#include "sys/text.h"

static int page_fd = -1;
static const volatile uint64_t *agent;
static _Atomic uint64_t asked[UM_NCALLS];
static _Atomic uint64_t without[UM_NCALLS];

int um_stats_setup(void)
{
	void *p;

	page_fd = memfd_create("umview-stats", MFD_CLOEXEC);
	if (page_fd < 0 || ftruncate(page_fd, UM_STATS_SIZE) < 0)
		return -errno;
	p = mmap(NULL, UM_STATS_SIZE, PROT_READ, MAP_SHARED, page_fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	agent = p;
	return 0;
}

bool um_stats_on(void)
{
	return agent != NULL;
}

int um_stats_fd(void)
{
	return page_fd;
}

void um_stats_count(const struct um_req *r)
{
	bool by_agent = r->ip >= UM_AGENT_BASE && r->ip < UM_LOW_END;

	if (!agent || r->nr < 0 || r->nr >= UM_NCALLS)
		return;
	atomic_fetch_add(by_agent ? &asked[r->nr] : &without[r->nr], 1);
}

void um_stats_print(FILE *out)
{
	if (!agent)
		return;
	fprintf(out, "%-18s %12s %12s %12s\n", "call", "in process",
		"by monitor", "no agent");
	for (int nr = 0; nr < UM_NCALLS; nr++) {
		uint64_t here = um_filter_tracks(nr) ? agent[nr] : 0;
		uint64_t there = atomic_load(&asked[nr]);
		uint64_t other = atomic_load(&without[nr]);

		if (here + there + other)
			fprintf(out, "%-18s %12lu %12lu %12lu\n",
				um_call_name(nr),
				here > there ? here - there : 0, there, other);
	}
	um_text_print(out);
	fflush(out);
}
