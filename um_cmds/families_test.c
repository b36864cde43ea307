// SPDX-License-Identifier: GPL-2.0-or-later
/* families_test.c - what lists of address families mean */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "families.h"

#define ONE(family) (1ULL << (family))
#define IP	    (ONE(AF_INET) | ONE(AF_INET6) | ONE(AF_NETLINK) | ONE(AF_PACKET))

static void a_list_means_a_set(void **state)
{
	static const struct {
		const char *list;
		um_families want;
	} rows[] = {
		{ "", 0 },
		{ "-", 0 },
		{ "+", 0 },
		{ "all", UM_FAMILIES_ALL },
		{ "ip", IP },
		{ "4", ONE(AF_INET) },
		{ "ipv4,ipv6", ONE(AF_INET) | ONE(AF_INET6) },
		{ "4,6,n,p", IP },
		{ "u,b,i", ONE(AF_UNIX) | ONE(AF_BLUETOOTH) | ONE(AF_IRDA) },
		{ "-ip", UM_FAMILIES_ALL & ~IP },
		{ "-ip,+ipv6", (UM_FAMILIES_ALL & ~IP) | ONE(AF_INET6) },
		/* a sign stays */
		{ "-4,6", UM_FAMILIES_ALL & ~(ONE(AF_INET) | ONE(AF_INET6)) },
		{ "+4,6,-6", ONE(AF_INET) },
		{ "all,-packet", UM_FAMILIES_ALL & ~ONE(AF_PACKET) },
		{ "#2,f10", ONE(AF_INET) | ONE(AF_INET6) },
		{ "f0", ONE(0) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		um_families got = ~0ULL;
		const char *wrong;
		int len;

		assert_int_equal(
			um_families_parse(rows[i].list, &got, &wrong, &len), 0);
		assert_int_equal(got, rows[i].want);
	}
}

static void a_wrong_word_is_shown(void **state)
{
	static const struct {
		const char *list, *word;
	} rows[] = {
		{ "ipv5", "ipv5" },	  { "ip,,4", "" },  { ",", "" },
		{ "4,-what", "what" },	  { "#64", "#64" }, { "#", "#" },
		{ "f99", "f99" },	  { "f1x", "f1x" }, { "--4", "-4" },
		{ "#123456", "#123456" }, { " 4", " 4" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *wrong = NULL;
		um_families got;
		int len = -1;

		assert_int_equal(
			um_families_parse(rows[i].list, &got, &wrong, &len),
			-EINVAL);
		assert_int_equal(len, strlen(rows[i].word));
		assert_memory_equal(wrong, rows[i].word, strlen(rows[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_means_a_set),
		cmocka_unit_test(a_wrong_word_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
