// SPDX-License-Identifier: GPL-2.0-or-later
/* site_test.c - the search for sites on small texts: numbers, limits, errors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../insn.h"
#include "../site.h"

#define MAX 32

/* Sites of one text: what is expected of the first. */
struct row {
	const char *what;
	uint8_t text[MAX];
	size_t len;
	size_t n;
	size_t refused;
	struct pure_site site;
};

static const struct row rows[] = {
	{ "no bytes", { 0 }, 0, 0, 0, { 0 } },
	{ "one byte", { 0x0f }, 1, 0, 0, { 0 } },
	{ "a call and nothing else", { 0x0f, 0x05 }, 2, 0, 1, { 0 } },
	{ "mov at the beginning and at the end",
	  { 0xb8, 39, 0, 0, 0, 0x0f, 0x05 },
	  7,
	  1,
	  0,
	  { 0, 5, 7, 39 } },
	{ "mov cut off at the beginning",
	  { 39, 0, 0, 0, 0x0f, 0x05 },
	  6,
	  0,
	  1,
	  { 0 } },
	{ "the largest number",
	  { 0xb8, 0x58, 2, 0, 0, 0x0f, 0x05 },
	  7,
	  1,
	  0,
	  { 0, 5, 7, 600 } },
	{ "a larger one", { 0xb8, 0x59, 2, 0, 0, 0x0f, 0x05 }, 7, 0, 0, { 0 } },
	{ "a negative one",
	  { 0xb8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x05 },
	  7,
	  0,
	  0,
	  { 0 } },
	{ "another register",
	  { 0x41, 0xb8, 39, 0, 0, 0, 0x0f, 0x05 },
	  8,
	  1,
	  0,
	  { 0, 6, 8, -1 } },
	{ "the number is changed after it was loaded",
	  { 0xb8, 39, 0, 0, 0, 0x89, 0xf8, 0x0f, 0x05 },
	  9,
	  1,
	  0,
	  { 0, 7, 9, -1 } },
	{ "the tail is cut off",
	  { 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff },
	  7,
	  0,
	  1,
	  { 0 } },
	{ "the tail alone",
	  { 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff },
	  8,
	  1,
	  0,
	  { 0, 0, 8, -1 } },
	{ "two calls share what is between them: the first has it",
	  { 0x0f, 0x05, 0xb8, 39, 0, 0, 0, 0x0f, 0x05 },
	  9,
	  1,
	  1,
	  { 0, 0, 7, -1 } },
	{ "a short branch to the call",
	  { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x75, 0xfc },
	  9,
	  0,
	  1,
	  { 0 } },
	{ "a short branch to the mov",
	  { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x75, 0xf7 },
	  9,
	  1,
	  0,
	  { 0, 5, 7, 39 } },
	{ "a long branch to the call",
	  { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xe9, 0xf9, 0xff, 0xff, 0xff },
	  12,
	  0,
	  1,
	  { 0 } },
	{ "a long branch from before",
	  { 0x0f, 0x84, 5, 0, 0, 0, 0xb8, 39, 0, 0, 0, 0x0f, 0x05 },
	  13,
	  0,
	  1,
	  { 0 } },
	{ "what looks like a branch within another instruction",
	  { 0xb8, 0x75, 1, 0, 0, 0x0f, 0x05 },
	  7,
	  1,
	  0,
	  { 0, 5, 7, 373 } },
};

/* A copy with nothing behind it: reading on is found by sanitizers. */
static uint8_t *copy(const uint8_t *text, size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	assert_non_null(p);
	memcpy(p, text, len);
	return p;
}

static void finds_what_each_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		uint8_t *text = copy(row->text, row->len);
		struct pure_sites got;

		assert_int_equal(
			pure_sites_find(text, row->len, NULL, NULL, &got), 0);
		if (got.n != row->n || got.refused != row->refused)
			fail_msg("%s: %zu found, %zu refused", row->what, got.n,
				 got.refused);
		if (got.n && (got.site->at != row->site.at ||
			      got.site->head != row->site.head ||
			      got.site->len != row->site.len ||
			      got.site->nr != row->site.nr))
			fail_msg("%s: at %u, head %u, len %u, nr %d", row->what,
				 got.site->at, got.site->head, got.site->len,
				 got.site->nr);
		pure_sites_free(&got);
		free(text);
	}
}

/* Bit n: a site of number n was asked for; bit 0: of no known number. */
static bool want_39(int nr, void *arg)
{
	*(uint64_t *)arg |= 1UL << (nr < 0 ? 0 : nr);
	return nr == 39;
}

static void leaves_out_what_is_not_wanted(void **state)
{
	static const uint8_t text[] = { 0xb8, 39,   0,	  0,	0,    0x0f,
					0x05, 0xb8, 56,	  0,	0,    0,
					0x0f, 0x05, 0x50, 0x0f, 0x05, 0x50 };
	struct pure_sites got;
	uint64_t asked = 0;

	(void)state;
	assert_int_equal(
		pure_sites_find(text, sizeof(text), want_39, &asked, &got), 0);
	assert_int_equal(asked, 1UL << 39 | 1UL << 56 | 1);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.site[0].nr, 39);
	assert_int_equal(got.refused, 0);
	pure_sites_free(&got);
	assert_null(got.site);
	pure_sites_free(&got);
}

/* Any bytes: sites lie within the text, hold a call, and do not overlap. */
static void any_bytes_give_sound_sites(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint8_t bytes[256];
		struct pure_sites got;
		uint8_t *text;
		size_t end = 0;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 6364136223846793005U + 1442695040U;
			bytes[i] = (uint8_t)(random >> 56);
			if (bytes[i] < 24 && i) {
				bytes[i - 1] = 0x0f;
				bytes[i] = 0x05;
			}
		}
		text = copy(bytes, sizeof(bytes));
		assert_int_equal(
			pure_sites_find(text, sizeof(bytes), NULL, NULL, &got),
			0);
		for (size_t i = 0; i < got.n; i++) {
			const struct pure_site *s = &got.site[i];

			assert_true(s->at >= end);
			end = (size_t)s->at + s->len;
			assert_true(end <= sizeof(bytes));
			assert_in_range(s->len, PURE_SITE_JMP, PURE_SITE_MAX);
			assert_memory_equal(text + s->at + s->head, "\x0f\x05",
					    2);
		}
		pure_sites_free(&got);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_each_row_says),
		cmocka_unit_test(leaves_out_what_is_not_wanted),
		cmocka_unit_test(any_bytes_give_sound_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
