// SPDX-License-Identifier: GPL-2.0-or-later
/* fixed_maps.c - maps at low addresses, which a view uses too */

/*
 * Natively 0x10000 to 0x1fffff is anybody's. A view keeps its agent there. So
 * it may refuse such a map, or do it and go on; what it may not do is to die,
 * or to answer calls wrongly afterwards.
 */
#include "exec_help.h"

#include <sys/mman.h>

#define LOW  0x10000L
#define HIGH 0x200000L
#define STEP 0x10000L

static int refused;

static void report(const char *what)
{
	if (refused)
		t_note("%s: %d of %ld refused", what, refused,
		       (HIGH - LOW) / STEP);
	refused = 0;
}

/* What is mapped is the program's: it keeps what was written. */
static void map_one(long at, int prot)
{
	char *want = (char *)at;
	char *p = mmap(want, STEP, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED) {
		refused++;
		return;
	}
	CHECK(p == want);
	if (prot & PROT_WRITE) {
		memset(p, 0x77, STEP);
		CHECK_EQ(t_size("f"), 8);
		CHECK(p[0] == 0x77 && p[STEP - 1] == 0x77);
	}
}

static void map_each(void)
{
	long at;

	for (at = LOW; at < HIGH; at += STEP)
		map_one(at, PROT_READ | PROT_WRITE);
	report("maps");
}

static void maps_for_data(void)
{
	x_in_child(map_each);
}

static void forbid_each(void)
{
	long at;

	for (at = LOW; at < HIGH; at += STEP)
		map_one(at, PROT_NONE);
	report("maps without access");
}

static void maps_without_access(void)
{
	x_in_child(forbid_each);
}

static void map_all_at_once(void)
{
	char *p = mmap((void *)LOW, HIGH - LOW, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		t_note("refused: %s", strerrorname_np(errno));
	else
		memset(p, 0x77, HIGH - LOW);
}

static void one_map_over_all(void)
{
	x_in_child(map_all_at_once);
}

static void unmap_each(void)
{
	long at;

	for (at = LOW; at < HIGH; at += STEP)
		if (munmap((void *)at, STEP) < 0)
			refused++;
	report("munmap");
}

static void unmapped(void)
{
	x_in_child(unmap_each);
}

/* Nothing of the program is there: natively ENOMEM. */
static void protect_each(void)
{
	long at;

	for (at = LOW; at < HIGH; at += STEP)
		if (mprotect((void *)at, STEP, PROT_NONE) < 0)
			refused++;
	refused = 0;
}

static void protected(void)
{
	x_in_child(protect_each);
}

/* As programs look for a free place: what is mapped can be unmapped. */
static void tried(void)
{
	long at;

	for (at = LOW; at < HIGH; at += 4096) {
		char *p =
			mmap((void *)at, 4096, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			     -1, 0);

		if (p == MAP_FAILED)
			CHECK_EQ(errno, EEXIST);
		else
			CHECK_OK(munmap(p, 4096));
	}
}

/* Without MAP_FIXED an address is a hint, and a full place no error. */
static void hints(void)
{
	char *p = mmap((void *)0x100000, STEP, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	t_put("f", "contents");
	CHECK(p != MAP_FAILED);
	memset(p, 0x77, STEP);
	x_calls_are_right();
	CHECK_OK(munmap(p, STEP));
	p = mmap((void *)0x1f0000, STEP, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(p != MAP_FAILED || errno == EEXIST);
	if (p != MAP_FAILED)
		CHECK_OK(munmap(p, STEP));
	x_calls_are_right();
}

int main(int argc, char **argv)
{
	x_helper(argc, argv);
	t_init(argc, argv);
	RUN(hints);
	RUN(tried);
	RUN(maps_for_data);
	RUN(maps_without_access);
	RUN(one_map_over_all);
	RUN(unmapped);
	RUN(protected);
	return t_done();
}
