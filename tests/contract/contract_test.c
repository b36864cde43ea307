// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * contract_test.c - what every file system module must do
 *
 * contract MODULE.so TYPE SOURCE [OPTIONS [WITHOUT]]
 *
 * Each test has a mount of its own. SOURCE "@dir" is a fresh directory.
 * OPTIONS "-" are none. WITHOUT lists what the file system is known to lack
 * (link, symlink, device, time, mode, owner, size): those tests are skipped,
 * and those of operations the module leaves out. What lacks "write" is only
 * looked at.
 */
#include "tests.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const struct contract *contract;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int mount_kit(struct kit *k, unsigned long flags)
{
	const char *source = contract->source;

	if (strcmp(source, "@dir") == 0) {
		char name[] = "/tmp/contract-XXXXXX";

		k->tmp = mkdtemp(name) ? strdup(name) : NULL;
		source = k->tmp;
	}
	if (!source || host_load(&k->h, contract->module) < 0)
		return -ENOEXEC;
	return host_mount(&k->h, contract->type, source, "/mnt", flags,
			  contract->options);
}

static void unmount_kit(struct kit *k)
{
	host_umount(&k->h);
	host_unload(&k->h);
	if (k->tmp)
		remove_tree(k->tmp);
	free(k->tmp);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static struct kit *new_kit(unsigned long flags)
{
	struct kit *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->what = contract;
	pthread_mutex_init(&k->lock, NULL);
	if (mount_kit(k, flags) < 0) {
		unmount_kit(k);
		return NULL;
	}
	k->fs = &k->h.fs;
	k->ops = k->h.fs.ops;
	return k;
}

/* The directory of the test; its number tells the tests of an image apart. */
static int setup(void **state)
{
	static int count;
	struct kit *k = new_kit(0);
	struct stat st;

	*state = k;
	if (!k || kit_lstat(k, "/", &st) < 0)
		return 1;
	k->root_is_file = S_ISREG(st.st_mode);
	if (k->root_is_file || !kit_can(k, "write"))
		return 0;
	snprintf(k->dir, sizeof(k->dir), "/t%d-%d", (int)getpid(), count++);
	return k->ops->mkdir(k->fs, k->dir, 0755) != 0;
}

static int setup_readonly(void **state)
{
	*state = new_kit(MS_RDONLY);
	return *state == NULL;
}

static int teardown(void **state)
{
	struct kit *k = *state;

	if (k)
		unmount_kit(k);
	return host_open_files() != 0;
}

static void read_only_is_told(void **state)
{
	struct kit *k = *state;
	struct stat st;

	assert_true(k->fs->readonly);
	assert_int_equal(kit_lstat(k, "/", &st), 0);
}

/* The core reads size before it uses a member. */
static void describes_itself(void **state)
{
	const struct kit *k = *state;
	const struct um_module *m = k->h.module;

	assert_int_equal(m->api, UM_MODULE_API);
	assert_int_equal(m->size, sizeof(struct um_module));
	assert_int_equal(k->ops->size, sizeof(struct um_fs_ops));
	assert_non_null(m->name);
	assert_non_null(m->description);
	assert_true(strncmp(contract->type, m->name, strlen(m->name)) == 0);
	assert_non_null(k->ops->getattr);
	assert_non_null(k->ops->umount);
}

static bool root_is_file(void)
{
	struct kit *k = new_kit(0);
	struct stat st = { 0 };

	if (!k)
		return false;
	kit_lstat(k, "/", &st);
	unmount_kit(k);
	return S_ISREG(st.st_mode);
}

static int run_all(void)
{
	const struct CMUnitTest meta[] = {
		cmocka_unit_test_setup_teardown(describes_itself, setup,
						teardown),
		cmocka_unit_test_setup_teardown(read_only_is_told,
						setup_readonly, teardown),
	};
	int failed = cmocka_run_group_tests_name("mount", meta, NULL, NULL);

	if (strstr(contract->without, ",write,"))
		return failed + run_readonly(setup, teardown);
	if (root_is_file())
		return failed + run_one_file(setup, teardown);
	return failed + run_files(setup, teardown) +
	       run_names(setup, teardown) + run_attrs(setup, teardown) +
	       run_threads(setup, teardown);
}

int main(int argc, char **argv)
{
	struct contract what = { .options = "" };
	int failed;

	if (argc < 4) {
		fprintf(stderr,
			"usage: %s module.so type source|@dir [options|- [without]]\n",
			argv[0]);
		return 2;
	}
	what.module = argv[1];
	what.type = argv[2];
	what.source = argv[3];
	if (argc > 4 && strcmp(argv[4], "-") != 0)
		what.options = argv[4];
	if (asprintf(&what.without, ",%s,", argc > 5 ? argv[5] : "") < 0)
		return 2;
	contract = &what;
	failed = run_all();
	free(what.without);
	return failed != 0;
}
