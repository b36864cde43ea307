// SPDX-License-Identifier: GPL-2.0-or-later
/* mntopts_test.c - options of mount(8) as flags and data of mount(2) */
#include "mntopts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

struct row {
	const char *in;
	unsigned long flags;
	const char *data;
};

static const struct row rows[] = {
	{ "", 0, NULL },
	{ ",,", 0, NULL },
	{ "defaults", 0, NULL },
	{ "ro", MS_RDONLY, NULL },
	{ "ro,rw", 0, NULL },
	{ "rw,ro", MS_RDONLY, NULL },
	{ "nosuid,nodev,noexec", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "noexec,exec", 0, NULL },
	{ "noatime,nodiratime,sync",
	  MS_NOATIME | MS_NODIRATIME | MS_SYNCHRONOUS, NULL },
	{ "rbind", MS_BIND | MS_REC, NULL },
	{ "remount,ro", MS_REMOUNT | MS_RDONLY, NULL },
	{ "rw+", 0, "rw+" },
	{ "rocket,debugfoo", 0, "rocket,debugfoo" },
	{ "a,ro,b", MS_RDONLY, "a,b" },
	{ "size=4k,,mbr,", 0, "size=4k,mbr" },
	{ "noauto,user,nofail,x-systemd.automount,comment=x,X-a,loop", 0,
	  NULL },
	{ "pre=\"a,ro,b\",ro", MS_RDONLY, "pre=\"a,ro,b\"" },
	{ "pre='a,\"b',nodev", MS_NODEV, "pre='a,\"b'" },
	{ "a\\,ro,ro", MS_RDONLY, "a\\,ro" },
	{ "pre=\"a\\\",b\",ro", MS_RDONLY, "pre=\"a\\\",b\"" },
	{ "end\\", 0, "end\\" },
};

static void each_word_goes_where_it_belongs(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mntopts opts = { .flags = 0 };
		const char *want = rows[i].data;

		if (mntopts_add(&opts, rows[i].in) != 0 ||
		    opts.flags != rows[i].flags || !opts.data != !want ||
		    (want && strcmp(opts.data, want) != 0))
			fail_msg("'%s': flags %#lx data '%s'", rows[i].in,
				 opts.flags, opts.data ? opts.data : "(none)");
		mntopts_fini(&opts);
	}
}

static void several_lists_add_up(void **state)
{
	struct mntopts opts = { .flags = 0 };

	(void)state;
	assert_int_equal(mntopts_add(&opts, "ro,a"), 0);
	assert_int_equal(mntopts_add(&opts, "rw,noexec,b"), 0);
	assert_int_equal(opts.flags, MS_NOEXEC);
	assert_string_equal(opts.data, "a,b");
	mntopts_fini(&opts);
}

static void an_open_quote_is_refused(void **state)
{
	static const char *const bad[] = { "'", "a=\"b,c", "ro,'x\\'" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mntopts opts = { .flags = 0 };

		if (mntopts_add(&opts, bad[i]) != -EINVAL)
			fail_msg("%s was taken", bad[i]);
		mntopts_fini(&opts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_goes_where_it_belongs),
		cmocka_unit_test(several_lists_add_up),
		cmocka_unit_test(an_open_quote_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
