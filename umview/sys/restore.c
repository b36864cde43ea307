// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * restore.c - a guest gets its own system call instructions back
 *
 * One that catches its own calls by Syscall User Dispatch tells the kernel
 * where calls may come from; stubs are not there. And one that replaces its
 * instructions itself, as purelibc(3) does, has to find some. So the bytes of
 * each site are written back, in this guest's maps alone.
 */
#include "sys/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umview/log.h>

#include "guest/req.h"
#include "sys/text.h"

static int open_memory(const struct um_req *r)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)r->tid);
	return open(path, O_RDWR | O_CLOEXEC);
}

static bool has_threads(const struct um_req *r)
{
	char text[32];

	return um_proc_status(r->tid, "Threads", text, sizeof(text)) < 0 ||
	       strcmp(text, "1") != 0;
}

/* Unless the guest has something else there by now. */
static bool restore_site(int mem, uint64_t base, const struct um_text_site *s)
{
	unsigned char now[sizeof(s->is)];
	off_t at = (off_t)(base + s->offset);

	return pread(mem, now, sizeof(now), at) == sizeof(now) &&
	       !memcmp(now, s->is, sizeof(now)) &&
	       pwrite(mem, s->was, s->len, at) == (ssize_t)s->len;
}

/* How many sites. */
static size_t restore_text(int mem, uint64_t base, uint32_t id)
{
	const struct um_text_site *site;
	size_t n = um_text_sites(id, &site);
	size_t done = 0;

	for (size_t i = 0; i < n; i++)
		done += restore_site(mem, base, &site[i]);
	return done;
}

void um_text_restore(struct um_req *r)
{
	UM_CLOSE int mem = -1;
	UM_FREE uint64_t *bases = calloc(UM_NBASES, sizeof(*bases));
	size_t done = 0;

	if (!bases || !r->has_page || has_threads(r))
		return;
	mem = open_memory(r);
	if (mem < 0 || um_copy_in(r, um_uptr_of(UM_BASES), bases,
				  UM_NBASES * sizeof(*bases)) < 0)
		return;
	for (uint32_t id = 1; id < UM_NBASES; id++)
		if (bases[id])
			done += restore_text(mem, bases[id], id);
	um_debug("%zu sites of %d restored", done, (int)r->tid);
}
