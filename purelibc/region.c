// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * region.c - what is generated: code, stubs, and the table of jumps
 *
 * One range below 2 GiB, so that a site of seven bytes reaches its slot by an
 * absolute address, and so that user dispatch (sud.c) can let all of it pass:
 *
 *	code	the copy of entry_x86_64.S
 *	bounce	N_BOUNCES times `syscall; jmp *its back`
 *	back	what bounces jump to; written at run time
 *	slots	one address for each site
 *	stubs	one for each slot
 *
 * Pages are executable or writable, not both. Stubs of one batch begin with a
 * page of their own: other threads may be running those of earlier ones. They are
 * not taken back when a library is unloaded. Only
 * one thread patches at a time; one that finds another at it leaves its text as
 * it is, to user dispatch. A lock would have to survive fork and signals.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "internal.h"

#define PAGE	    4096UL
#define N_SLOTS	    32768UL
#define N_BOUNCES   (PAGE / BOUNCE_SIZE)
#define BOUNCE_SIZE 8
#define PER_PAGE    (PAGE / PURE_STUB_SIZE)
#define LOW_END	    0x80000000UL

struct pure_region pure_region;
static atomic_flag patching = ATOMIC_FLAG_INIT;

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(PAGE - 1);
}

static int protect(const void *at, size_t len, int prot)
{
	uint64_t from = (uint64_t)(uintptr_t)at & ~(PAGE - 1);
	uint64_t to = page_up((uint64_t)(uintptr_t)at + len);

	return (int)PURE_CALL(SYS_mprotect, from, to - from, prot);
}

static uint8_t *reserve(size_t len)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *p = mmap(NULL, len, PROT_NONE, flags | MAP_32BIT, -1, 0);

	for (uint64_t at = LOW_END / 8; p == MAP_FAILED && at < LOW_END - len;
	     at += LOW_END / 64)
		p = mmap((void *)(uintptr_t)at, len, PROT_NONE,
			 flags | MAP_FIXED_NOREPLACE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Each is syscall, jmp *(its word of the next page). */
static void write_bounces(uint8_t *at)
{
	for (size_t i = 0; i < N_BOUNCES; i++) {
		static const uint8_t code[] = { 0x0f, 0x05, 0xff, 0x25 };
		uint32_t distance = PAGE - sizeof(code) - sizeof(distance);

		memcpy(at, code, sizeof(code));
		memcpy(at + sizeof(code), &distance, sizeof(distance));
		at += BOUNCE_SIZE;
	}
}

/* Where something of the code is in it. */
static size_t code_offset(const char *p)
{
	return (size_t)((uintptr_t)p - (uintptr_t)pure_code);
}

const char *pure_region_code(const char *original)
{
	return (const char *)pure_region.code + code_offset(original);
}

static void lay_out(struct pure_region *r, uint8_t *base, size_t code)
{
	r->code = base;
	r->bounce = r->code + code;
	r->bounce_back = (void *)(r->bounce + PAGE);
	r->slot = (void *)(r->bounce + 2 * PAGE);
	r->stub = (uint8_t *)r->slot + N_SLOTS * sizeof(*r->slot);
}

int pure_region_setup(const struct pure_config *config)
{
	struct pure_region *r = &pure_region;
	size_t size = code_offset(pure_code_end);
	size_t code = page_up(size);
	uint8_t *base;
	int ret;

	r->len =
		code + 2 * PAGE + N_SLOTS * (sizeof(*r->slot) + PURE_STUB_SIZE);
	base = reserve(r->len);
	if (!base)
		return -ENOMEM;
	lay_out(r, base, code);
	ret = protect(base, code + 2 * PAGE, PROT_READ | PROT_WRITE);
	if (!ret) {
		memcpy(r->code, pure_code, size);
		memcpy(r->code + code_offset(pure_config), config,
		       sizeof(*config));
		write_bounces(r->bounce);
		ret = protect(base, code + PAGE, PROT_READ | PROT_EXEC);
	}
	if (ret) {
		munmap(base, r->len);
		return ret;
	}
	r->base = base;
	return 0;
}

const uint8_t *pure_region_bounce(uint64_t back)
{
	struct pure_region *r = &pure_region;
	size_t n = atomic_load(&r->n_bounces);

	for (size_t i = 0; i < n && i < N_BOUNCES; i++)
		if (atomic_load(&r->bounce_back[i]) == back)
			return r->bounce + i * BOUNCE_SIZE;
	n = atomic_fetch_add(&r->n_bounces, 1);
	if (n >= N_BOUNCES)
		return NULL;
	atomic_store(&r->bounce_back[n], back);
	return r->bounce + n * BOUNCE_SIZE;
}

bool pure_is_frameless(long nr)
{
	switch (nr) {
	case SYS_rt_sigreturn:
	case SYS_clone:
	case SYS_vfork:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_clone3:
		return true;
	default:
		return false;
	}
}

static bool want(int nr, void *arg)
{
	(void)arg;
	return !pure_is_frameless(nr);
}

static int write_stubs(const uint8_t *text, const struct pure_sites *sites)
{
	struct pure_region *r = &pure_region;
	size_t first = (r->used + PER_PAGE - 1) / PER_PAGE * PER_PAGE;
	uint8_t *stub = r->stub + first * PURE_STUB_SIZE;
	uint64_t *slot = r->slot + first;
	int ret;

	if (first + sites->n > N_SLOTS)
		return -ENOMEM;
	ret = protect(slot, sites->n * sizeof(*slot), PROT_READ | PROT_WRITE);
	if (!ret)
		ret = protect(stub, sites->n * PURE_STUB_SIZE,
			      PROT_READ | PROT_WRITE);
	if (ret)
		return ret;
	for (size_t i = 0; i < sites->n; i++) {
		struct pure_place place = {
			.text = (uint64_t)(uintptr_t)text,
			.stub = (uint32_t)(uintptr_t)stub,
			.entry = (uint32_t)(uintptr_t)pure_region_code(
				pure_entry),
		};

		pure_stub_write(stub, text, &sites->site[i], &place);
		slot[i] = (uint64_t)(uintptr_t)stub;
		stub += PURE_STUB_SIZE;
	}
	r->used = first + sites->n;
	ret = protect(slot, sites->n * sizeof(*slot), PROT_READ);
	return ret ? ret
		   : protect(r->stub + first * PURE_STUB_SIZE,
			     sites->n * PURE_STUB_SIZE, PROT_READ | PROT_EXEC);
}

static int patch(uint8_t *text, size_t len)
{
	int exec = PROT_READ | PROT_EXEC;
	struct pure_sites sites;
	uint64_t *slot;
	int ret = pure_sites_find(text, len, want, NULL, &sites);

	if (ret)
		return ret;
	if (sites.n)
		ret = write_stubs(text, &sites);
	if (!ret && sites.n)
		ret = protect(text, len, exec | PROT_WRITE);
	if (!ret && sites.n) {
		slot = pure_region.slot + pure_region.used - sites.n;
		for (size_t i = 0; i < sites.n; i++)
			pure_site_divert(text + sites.site[i].at,
					 &sites.site[i],
					 (uint32_t)(uintptr_t)(slot + i));
		ret = protect(text, len, exec);
	}
	pure_sites_free(&sites);
	return ret;
}

int pure_region_patch(uint8_t *text, size_t len)
{
	int ret;

	if (atomic_flag_test_and_set(&patching))
		return -EBUSY;
	ret = patch(text, len);
	atomic_flag_clear(&patching);
	return ret;
}
