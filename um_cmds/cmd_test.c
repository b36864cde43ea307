// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_test.c - numbers and JSON strings of the commands */
#include "cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void only_whole_numbers_in_range_pass(void **state)
{
	static const struct {
		const char *in;
		long want;
	} rows[] = {
		{ "0", 0 },    { "7", 7 },
		{ "007", 7 },  { "100", 100 },
		{ "101", -1 }, { "", -1 },
		{ "-1", -1 },  { "+1", -1 },
		{ " 1", -1 },  { "1 ", -1 },
		{ "1s", -1 },  { "1.5", -1 },
		{ "0x1", -1 }, { "99999999999999999999", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long got = -1;

		if (!cmd_parse_number(rows[i].in, 100, &got))
			got = -1;
		if (got != rows[i].want)
			fail_msg("'%s': got %ld, want %ld", rows[i].in, got,
				 rows[i].want);
	}
}

static void json_strings_are_valid(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} rows[] = {
		{ "", "\"\"" },
		{ "umfuse", "\"umfuse\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "a\nb\tc\x7f", "\"a\\nb\\u0009c\\u007f\"" },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
		/* alone, cut, overlong, surrogate, too big */
		{ "\xe9", "\"\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);

		assert_non_null(to);
		cmd_print_json(to, rows[i].in);
		fclose(to);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("row %zu: got %s", i, text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_numbers_in_range_pass),
		cmocka_unit_test(json_strings_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
