// SPDX-License-Identifier: GPL-2.0-or-later
/* netopt_test.c - values of umview --net */
#include "main/netopt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_value_is_a_mount(void **state)
{
	static const struct {
		const char *value, *type, *data;
	} rows[] = {
		{ "none", "umnetnull", "" },
		{ "native", "umnetnative", "" },
		{ "kern", "umnetkern", "" },
		{ "slirp", "umnetlwip", "\"sl0=\",dhcp" },
		{ "slirp,tcp:8080:80,udp:127.0.0.1:53:53", "umnetlwip",
		  "\"sl0=tcp:8080:80,udp:127.0.0.1:53:53\",dhcp" },
		{ "slirp,restrict,mtu=1500", "umnetlwip",
		  "\"sl0=restrict,mtu=1500\",dhcp" },
		{ "vde:///tmp/sw", "umnetlwip", "\"vd0=vde:///tmp/sw\",up" },
		{ "udp://4/host/5,6", "umnetlwip",
		  "\"vd0=udp://4/host/5,6\",up" },
		{ "wire:a", "umnetlwip", "\"wr0=a\",up" },
		{ "kern,slirp,restrict", "umnetkern", "\"sl0=restrict\",dhcp" },
		{ "kern,wire:a", "umnetkern", "\"wr0=a\",up" },
		{ "kern,vde:///tmp/sw", "umnetkern",
		  "\"vd0=vde:///tmp/sw\",up" },
		{ "umnetlwip", "umnetlwip", "" },
		{ "umnetlwip,vd0=vde://,dhcp", "umnetlwip", "vd0=vde://,dhcp" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct um_netopt got;
		const char *why;

		assert_int_equal(um_netopt_parse(rows[i].value, &got, &why), 0);
		assert_string_equal(got.type, rows[i].type);
		assert_string_equal(got.data, rows[i].data);
		um_netopt_fini(&got);
	}
}

static void a_wrong_value_is_said(void **state)
{
	static const char *const rows[] = {
		"",
		"nonsense",
		"slirpy",
		"wire:",
		"://",
		"slirp,tcp:",
		"slirp,tcp:80:90:1:2",
		"NONE",
		"slirp,sctp:1",
		"none,x",
		"vde:///a\"b",
		"kern,x",
		"kern,",
		"kern,native",
		"kern,kern",
		"kern,umnetlwip,wr0=a",
		"slirp,tcp:x",
		"slirp,mtu=",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct um_netopt got;
		const char *why = NULL;

		assert_int_equal(um_netopt_parse(rows[i], &got, &why), -EINVAL);
		assert_non_null(why);
		um_netopt_fini(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_a_mount),
		cmocka_unit_test(a_wrong_value_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
