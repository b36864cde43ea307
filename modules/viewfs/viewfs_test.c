// SPDX-License-Identifier: GPL-2.0-or-later
/* viewfs_test.c - the names of a store in memory, and options */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "viewfs.h"

static struct viewfs_names names;

static int setup(void **state)
{
	(void)state;
	memset(&names, 0, sizeof(names));
	return viewfs_names_init(&names);
}

static int teardown(void **state)
{
	(void)state;
	viewfs_names_fini(&names);
	return 0;
}

static void check(const char *path, enum viewfs_kind kind, bool lower)
{
	bool seen;

	if (viewfs_names_find(&names, path, &seen) != kind || seen != lower)
		fail_msg("%s: kind %d, lower %d", path,
			 (int)viewfs_names_find(&names, path, &seen), seen);
}

static void set(const char *path, enum viewfs_kind kind)
{
	assert_int_equal(viewfs_names_set(&names, path, kind), 0);
}

static void an_empty_store_has_no_root(void **state)
{
	(void)state;
	check("/", KIND_NONE, true);
	check("/a", KIND_NONE, true);
	set("/a", KIND_FILE);
	check("/", KIND_DIR, true);
}

static void what_is_below_is_shut_out(void **state)
{
	(void)state;
	set("/d/file", KIND_FILE);
	set("/d/gone", KIND_GONE);
	set("/d/opaque", KIND_OPAQUE);
	check("/d", KIND_DIR, true);
	check("/d/other", KIND_NONE, true);
	check("/d/file", KIND_FILE, true);
	check("/d/file/x", KIND_NONE, false);
	check("/d/gone/x/y", KIND_NONE, false);
	check("/d/opaque/x", KIND_NONE, false);
	set("/d/opaque/sub/f", KIND_FILE);
	check("/d/opaque/sub/g", KIND_NONE, false);
	/* what takes a directory's place takes its names away */
	set("/d/opaque", KIND_GONE);
	check("/d/opaque/sub/f", KIND_NONE, false);
	set("/d", KIND_NONE);
	check("/d/file", KIND_NONE, true);
}

static void a_directory_moves_with_its_names(void **state)
{
	(void)state;
	set("/a/b/c", KIND_FILE);
	set("/a/b", KIND_OPAQUE);
	set("/z/old", KIND_FILE);
	assert_int_equal(viewfs_names_move(&names, "/a/b", "/z", KIND_GONE), 0);
	check("/z/c", KIND_FILE, false);
	check("/z/old", KIND_NONE, false);
	check("/a/b", KIND_GONE, true);
	assert_int_equal(viewfs_names_move(&names, "/z", "/y", KIND_NONE), 0);
	check("/z", KIND_NONE, true);
	check("/y/c", KIND_FILE, false);
	set("/x/1", KIND_FILE);
	assert_int_equal(viewfs_names_swap(&names, "/x", "/y"), 0);
	check("/x/c", KIND_FILE, false);
	check("/y/1", KIND_FILE, true);
}

static void many_names_are_found(void **state)
{
	char path[64];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/d%d/n%d", i % 50, i);
		set(path, i % 3 ? KIND_FILE : KIND_GONE);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/d%d/n%d", i % 50, i);
		check(path, i % 3 ? KIND_FILE : KIND_GONE, true);
	}
}

static const struct {
	const char *type;
	const char *options;
	bool merge;
	int ret;
	enum viewfs_mode mode;
	size_t nlower;
	const char *store;
} option_table[] = {
	{ "viewfs", "", false, 0, VIEWFS_BIND, 1, NULL },
	{ "viewfs", "cow", false, 0, VIEWFS_COW, 1, "/s" },
	{ "viewfs", "worm,wok,nonsense", false, 0, VIEWFS_WORM, 1, "/s" },
	{ "viewfs", "", true, 0, VIEWFS_MERGE, 1, "/s" },
	{ "viewfs", "cow", true, -EINVAL, 0, 0, NULL },
	{ "viewfs", "cow,mincow", false, -EINVAL, 0, 0, NULL },
	{ "viewfs", "hide=", false, -EINVAL, 0, 0, NULL },
	{ "viewfshide", "", false, 0, VIEWFS_GONE, 0, NULL },
	{ "viewfsoverlay", "", false, -EINVAL, 0, 0, NULL },
	{ "viewfsoverlay", "lowerdir=a", false, -EINVAL, 0, 0, NULL },
	{ "viewfsoverlay", "lowerdir=/a:/b/", false, 0, VIEWFS_BIND, 2, NULL },
	{ "viewfsoverlay", "lowerdir+=/a:b,lowerdir+=/c/", false, 0,
	  VIEWFS_BIND, 2, NULL },
	{ "viewfsoverlay", "lowerdir+=/a,lowerdir=/b", false, 0, VIEWFS_BIND, 1,
	  NULL },
	{ "viewfsoverlay", "lowerdir=/a,lowerdir+=/b", false, -EINVAL, 0, 0,
	  NULL },
	{ "viewfsoverlay", "lowerdir+=b", false, -EINVAL, 0, 0, NULL },
	{ "viewfsoverlay", "lowerdir+=", false, -EINVAL, 0, 0, NULL },
	{ "viewfsoverlay", "lowerdir=/a\\:b,upperdir=/u/,workdir=/w,index=off",
	  false, 0, VIEWFS_COW, 1, "/u" },
};

static void free_options(struct viewfs *v)
{
	for (size_t i = 0; i < v->nlower; i++)
		free(v->lower[i]);
	free(v->lower);
	free(v->store);
	free(v->hide);
}

static void options_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(option_table) / sizeof(option_table[0]);
	     i++) {
		struct um_mount_req req = { .fstype = option_table[i].type,
					    .source = "/s",
					    .target = "/t",
					    .options = option_table[i].options,
					    .merge = option_table[i].merge };
		struct viewfs v = { .point = (char[]){ "/t" } };
		int ret = viewfs_options(&v, &req);

		if (ret != option_table[i].ret)
			fail_msg("%s: %d", req.options, ret);
		if (ret == 0) {
			assert_int_equal(v.mode, option_table[i].mode);
			assert_int_equal(v.nlower, option_table[i].nlower);
			assert_int_equal(v.store != NULL,
					 option_table[i].store != NULL);
			if (v.store)
				assert_string_equal(v.store,
						    option_table[i].store);
		}
		free_options(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_store_has_no_root,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_below_is_shut_out,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_directory_moves_with_its_names, setup, teardown),
		cmocka_unit_test_setup_teardown(many_names_are_found, setup,
						teardown),
		cmocka_unit_test(options_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
