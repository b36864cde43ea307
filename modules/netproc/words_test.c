// SPDX-License-Identifier: GPL-2.0-or-later
/* words_test.c - words, and which commas part them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "words.h"

static const struct {
	const char *text, *words[5];
} table[] = {
	{ "", { "" } },
	{ "up", { "up" } },
	{ "vd0=vde:///tmp/sw,sl0,dhcp",
	  { "vd0=vde:///tmp/sw", "sl0", "dhcp" } },
	{ ",a,,b,", { "", "a", "", "b", "" } },
	{ "t=\"cmd://a,b\",up", { "t=cmd://a,b", "up" } },
	{ "a\",\"b,c", { "a,b", "c" } },
	{ "\"\",\"x\"", { "", "x" } },
	{ "a=\"b,c", { "a=b,c" } },
};

static void parts_at_commas_outside_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[64], *rest = text, *word;
		size_t n = 0;

		print_message("%s\n", table[i].text);
		snprintf(text, sizeof(text), "%s", table[i].text);
		while ((word = words_next(&rest))) {
			assert_true(n < 5 && table[i].words[n]);
			assert_string_equal(word, table[i].words[n++]);
		}
		assert_true(n == 5 || !table[i].words[n]);
		assert_null(words_next(&rest));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_at_commas_outside_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
