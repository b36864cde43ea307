/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stub.h - the code that a replaced system call instruction leads to */
#ifndef UM_SYS_STUB_H
#define UM_SYS_STUB_H

#include <stdbool.h>
#include <stdint.h>

struct pure_site;

/**
 * struct um_stub - of one site
 * @site: what is replaced (purelibc/site.h)
 * @id: number of the text (agent/proto.h: UM_BASES)
 * @offset: of the site in its file
 * @small_stack: the agent may not use the program's stack
 */
struct um_stub {
	const struct pure_site *site;
	uint32_t id;
	uint64_t offset;
	bool small_stack;
};

/* Whether calls of this number go to the agent. */
bool um_stub_wants(int nr);
/* Before the first stub: what each number means to one. */
void um_stub_setup(void);
/*
 * Write the stub of a site and let the site, `bytes`, jump to it. False: there
 * is no room left.
 */
bool um_stub_put(const struct um_stub *stub, unsigned char *bytes);

#endif
