// SPDX-License-Identifier: GPL-2.0-or-later
/* mount_test.c - options of mount(2) for FUSE */
#include "fuse/mount.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void types_of_the_device(void **state)
{
	static const struct {
		const char *type;
		bool want;
	} rows[] = {
		{ "fuse", true },	 { "fuse.sshfs", true },
		{ "fuseblk", true },	 { "fuseblk.ntfs", true },
		{ "fusectl", false },	 { "umfuseext2", false },
		{ "", false },		 { "fus", false },
		{ "fuseblkx.y", false },
	};

	(void)state;
	for (size_t i = 0; i < UM_ARRAY_SIZE(rows); i++)
		assert_int_equal(um_fuse_is_type(rows[i].type), rows[i].want);
}

#define NEEDED "rootmode=40000,user_id=7,group_id=8"

static void options_are_those_of_the_kernel(void **state)
{
	static const struct {
		const char *data;
		int want;
	} rows[] = {
		{ "fd=3," NEEDED, 0 },
		{ NEEDED ",fd=3", 0 },
		{ "fd=3,,allow_other," NEEDED ",", 0 },
		{ "fd=3,subtype=x,blksize=512,max_read=9," NEEDED, 0 },
		{ "", -EINVAL },
		{ NEEDED, -EINVAL },
		{ "fd=3,rootmode=40000,user_id=7", -EINVAL },
		{ "fd=x," NEEDED, -EINVAL },
		{ "fd=3x," NEEDED, -EINVAL },
		{ "fd=," NEEDED, -EINVAL },
		{ "fd," NEEDED, -EINVAL },
		{ "fd=99999999999," NEEDED, -EINVAL },
		{ "fd=3,nonsense," NEEDED, -EINVAL },
		{ "fd=3,allow_other=1," NEEDED, -EINVAL },
		{ "fd=3,rootmode=49,user_id=7,group_id=8", -EINVAL },
	};
	struct um_fuse_opts opts;

	(void)state;
	for (size_t i = 0; i < UM_ARRAY_SIZE(rows); i++)
		assert_int_equal(um_fuse_parse(rows[i].data, &opts),
				 rows[i].want);
}

static void options_are_understood(void **state)
{
	struct um_fuse_opts opts;

	(void)state;
	assert_int_equal(um_fuse_parse("fd=12,max_read=4096,"
				       "default_permissions," NEEDED,
				       &opts),
			 0);
	assert_int_equal(opts.fd, 12);
	assert_int_equal(opts.rootmode, S_IFDIR);
	assert_int_equal(opts.max_read, 4096);
	assert_true(opts.check_modes);
}

static void shows_what_the_kernel_shows(void **state)
{
	static const struct {
		const char *data;
		const char *want;
	} rows[] = {
		{ "fd=3," NEEDED ",allow_other",
		  "user_id=7,group_id=8,allow_other" },
		{ "fd=3,rootmode=1", "" },
		{ ",,fd=3,,max_read=1,", "max_read=1" },
	};

	(void)state;
	for (size_t i = 0; i < UM_ARRAY_SIZE(rows); i++) {
		UM_FREE char *shown = um_fuse_shown(rows[i].data);

		assert_non_null(shown);
		assert_string_equal(shown, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_of_the_device),
		cmocka_unit_test(options_are_those_of_the_kernel),
		cmocka_unit_test(options_are_understood),
		cmocka_unit_test(shows_what_the_kernel_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
