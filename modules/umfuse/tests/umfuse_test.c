// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuse_test.c - what is particular to umfuse
 *
 * umfuse_test UMFUSE.so DIR: the programs umfusememfs, umfusehello and
 * umfusehello30 are in DIR. The rest is in the contract.
 */
#include "umfuse.h"

#include "contract/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static const char *module;

static int try_mount(struct kit *k, const char *type, unsigned long flags,
		     const char *options)
{
	int err = host_load(&k->h, module);

	if (!err)
		err = host_mount(&k->h, type, "/src", "/mnt", flags, options);
	k->fs = &k->h.fs;
	k->ops = k->h.fs.ops;
	return err;
}

static void end(struct kit *k)
{
	host_umount(&k->h);
	host_unload(&k->h);
}

/* --- options --- */

static char *join(const struct umfuse_words *w)
{
	static char line[512];
	size_t n = 0;

	line[0] = 0;
	for (int i = 0; i < w->n && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "[%s]",
				      w->v[i]);
	return line;
}

static const struct {
	const char *options;
	unsigned long flags;
	const char *source;
	const char *want;
} arg_table[] = {
	{ "", 0, "/s", "[umfuseX][-o][rw][/s][/m]" },
	{ "", MS_RDONLY | MS_NOSUID, "/s", "[umfuseX][-o][ro,nosuid][/s][/m]" },
	{ "a,b=c", 0, "/s", "[umfuseX][-o][rw,a,b=c][/s][/m]" },
	{ "nosource,a", 0, "/s", "[umfuseX][-o][rw,a][/m]" },
	{ "", 0, "NONE", "[umfuseX][-o][rw][/m]" },
	{ "", 0, "none", "[umfuseX][-o][rw][none][/m]" },
	{ "debug,debugX,fsdebug", 0, "/s",
	  "[umfuseX][-o][rw,debugX,debug][/s][/m]" },
	{ "pre=\"\"", 0, "/s", "[umfuseX][-o][rw][/s][/m]" },
	{ "pre=\"-f '-x y'\",post='a\\,b c'", 0, "/s",
	  "[umfuseX][-f][-x y][-o][rw][/s][/m][a,b][c]" },
	{ "p=\"x,y\",q=u\\,v", 0, "/s",
	  "[umfuseX][-o][rw,p=x\\,y,q=u\\,v][/s][/m]" },
	{ "format=\"%S -d %O %D\",k", 0, "/s",
	  "[umfuseX][/s][-d][-o][rw,k][/m]" },
	{ "format='host:%S %M/%% %x'", 0, "/s",
	  "[umfuseX][host:/s][/m/%][%x]" },
	{ "format='%S %M'", 0, "NONE", "[umfuseX][/m]" },
};

static void makes_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(arg_table) / sizeof(arg_table[0]); i++) {
		struct um_mount_req req = {
			"umfuseX",	    arg_table[i].source,  "/m",
			arg_table[i].flags, arg_table[i].options, false
		};
		struct umfuse_words words;
		struct umfuse_opts opts;

		assert_int_equal(
			umfuse_opts_init(&opts, req.flags, req.options), 0);
		assert_int_equal(umfuse_args_build(&opts, &req, &words), 0);
		assert_string_equal(join(&words), arg_table[i].want);
		umfuse_words_fini(&words);
		umfuse_opts_fini(&opts);
	}
}

static void refuses_bad_options(void **state)
{
	static const char *const bad[] = {
		"a='b",		 "fuseuid=me",	 "fuseuid=",	"fusegid=-1",
		"x,\"",		 "writeback=",	 "writeback=0", "writeback=1g",
		"writeback=65m", "writeback=-1",
	};
	struct umfuse_opts opts;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(umfuse_opts_init(&opts, 0, bad[i]), -EINVAL);
}

static void takes_ids(void **state)
{
	struct umfuse_opts opts;

	(void)state;
	assert_int_equal(umfuse_opts_init(&opts, 0, "fuseuid=12,fusegid=0"), 0);
	assert_true(opts.has_uid && opts.has_gid);
	assert_int_equal(opts.uid, 12);
	assert_int_equal(opts.gid, 0);
	assert_string_equal(opts.fsopts, "rw");
	umfuse_opts_fini(&opts);
}

static void takes_writeback(void **state)
{
	static const struct {
		const char *options;
		size_t want;
	} table[] = { { "rw", 0 },
		      { "writeback", 128 << 10 },
		      { "writeback=3", 3 },
		      { "writeback=2k", 2048 },
		      { "writeback=64m", 64 << 20 } };
	struct umfuse_opts opts;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(umfuse_opts_init(&opts, 0, table[i].options),
				 0);
		assert_int_equal(opts.writeback, table[i].want);
		umfuse_opts_fini(&opts);
	}
}

/* --- starting --- */

static const struct {
	const char *type;
	const char *options;
	int want;
} start_table[] = {
	{ "umfusenothere", "", -ENODEV },
	{ "umfuse", "", -ENODEV },
	{ "umfuse/../x", "", -ENODEV },
	{ "umfusememfs", "early", -EIO },
	{ "umfusememfs", "nosuchoption", -EINVAL },
	{ "umfusememfs", "post=more", -EINVAL },
	{ "umfusememfs", "modules=subdir", -EINVAL },
	{ "umfusememfs", "pre=-V", -EIO },
	{ "umfusememfs", "allow_other,max_read=4096,fsname=a\\,b,x-y", 0 },
	{ "umfusehello", "attr_timeout=3.5,umask=027", 0 },
	{ "umfusehello", "attr_timeout=1e99", 0 },
	{ "umfusehello", "attr_timeout=-1", -EINVAL },
	{ "umfusehello", "entry_timeout=-0.5", -EINVAL },
	{ "umfusehello", "entry_timeout=2,attr_timeout=nan", -EINVAL },
	{ "umfusehello", "negative_timeout=-1", -EINVAL },
	{ "umfusehello", "attr_timeout=soon", -EINVAL },
};

static void starts_or_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(start_table) / sizeof(start_table[0]);
	     i++) {
		struct kit k = { 0 };

		assert_int_equal(try_mount(&k, start_table[i].type, 0,
					   start_table[i].options),
				 start_table[i].want);
		end(&k);
	}
}

static void tells_what_it_is(void **state)
{
	struct kit k = { 0 };

	(void)state;
	assert_int_equal(try_mount(&k, "umfusememfs", MS_RDONLY, ""), 0);
	assert_true(k.fs->readonly);
	assert_false(k.fs->serial);
	assert_false(k.fs->unlink_open);
	assert_null(k.ops->fallocate);
	end(&k);
	assert_int_equal(try_mount(&k, "umfusememfs", 0, "nullpath,pre=-s"), 0);
	assert_false(k.fs->readonly);
	assert_true(k.fs->serial);
	assert_true(k.fs->unlink_open);
	end(&k);
	assert_int_equal(try_mount(&k, "umfusememfs", 0, "post='-o ro'"), 0);
	assert_true(k.fs->readonly);
	end(&k);
}

static void old_and_new_programs_run(void **state)
{
	static const char *const types[] = { "umfusehello", "umfusehello30" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kit k = { 0 };
		struct stat st;

		assert_int_equal(try_mount(&k, types[i], 0, "fuseuid=42"), 0);
		kit_expect(&k, "/hello", "Hello world\n");
		assert_int_equal(kit_lstat(&k, "/hello", &st), 0);
		assert_int_equal(st.st_uid, 42);
		assert_int_equal(kit_lstat(&k, "/no", &st), -ENOENT);
		end(&k);
	}
}

/* --- several mounts --- */

static void mounts_are_apart(void **state)
{
	struct kit a = { 0 }, b = { 0 }, c = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(try_mount(&a, "umfusememfs", 0, ""), 0);
	assert_int_equal(try_mount(&b, "umfusememfs", 0, ""), 0);
	kit_file(&a, "/f", "in a");
	assert_int_equal(kit_lstat(&b, "/f", &st), -ENOENT);
	assert_int_equal(try_mount(&c, "umfusememfs", 0, ""), 0);
	kit_file(&c, "/f", "in c");
	end(&a);
	kit_file(&b, "/f", "in b");
	kit_expect(&c, "/f", "in c");
	assert_int_equal(try_mount(&a, "umfusememfs", 0, ""), 0);
	assert_int_equal(kit_lstat(&a, "/f", &st), -ENOENT);
	end(&c);
	kit_expect(&b, "/f", "in b");
	end(&b);
	end(&a);
}

/* --- ending by itself --- */

static void a_program_that_leaves(void **state)
{
	struct kit k = { 0 };
	struct um_fh fh;
	struct stat st;
	int err;

	(void)state;
	assert_int_equal(try_mount(&k, "umfusememfs", 0, "quit"), 0);
	assert_int_equal(kit_lstat(&k, "/", &st), 0);
	assert_int_equal(kit_open(&k, "/.quit", O_RDONLY, &fh), 0);
	err = kit_lstat(&k, "/", &st);
	assert_int_equal(err, -ENOTCONN);
	kit_close(&k, &fh);
	end(&k);
}

/* --- closing --- */

static void flush_comes_before_release(void **state)
{
	struct kit k = { 0 };
	struct um_fh fh;
	struct stat st;

	(void)state;
	assert_int_equal(try_mount(&k, "umfusememfs", 0, "flush"), 0);
	kit_file(&k, "/f", "text");
	assert_int_equal(k.ops->chmod(k.fs, "/f", NULL, 0644), 0);
	assert_int_equal(kit_open(&k, "/f", O_RDONLY, &fh), 0);
	assert_int_equal(kit_lstat(&k, "/f", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	kit_close(&k, &fh);
	assert_int_equal(kit_lstat(&k, "/f", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | S_ISVTX | 0644);
	end(&k);
}

/* What was answered and failed later is told, once; the rest is in order. */
static void writeback_tells_errors_later(void **state)
{
	struct kit k = { 0 };
	char page[3000];
	struct um_fh fh;
	struct stat st;

	(void)state;
	memset(page, 'x', sizeof(page));
	assert_int_equal(try_mount(&k, "umfuseramfile", 0,
				   "writeback=10k,size=8k,pre=none,nosource"),
			 0);
	assert_int_equal(kit_open(&k, "/", O_RDWR, &fh), 0);
	for (off_t off = 0; off < 9000; off += 3000)
		assert_int_equal(
			k.ops->write(k.fs, &fh, page, sizeof(page), off),
			sizeof(page));
	assert_int_equal(k.ops->fsync(k.fs, &fh, false), -ENOSPC);
	assert_int_equal(k.ops->fsync(k.fs, &fh, false), 0);
	assert_int_equal(kit_lstat(&k, "/", &st), 0);
	assert_int_equal(st.st_size, 8192);
	kit_close(&k, &fh);
	end(&k);
}

static void writeback_is_not_seen(void **state)
{
	struct kit k = { 0 };
	struct um_fh a, b;
	struct stat st;
	char buf[32];

	(void)state;
	assert_int_equal(try_mount(&k, "umfusememfs", 0, "writeback=16"), 0);
	assert_int_equal(kit_create(&k, "/f", 0644, O_RDWR, &a), 0);
	assert_int_equal(kit_open(&k, "/f", O_RDWR, &b), 0);
	for (off_t off = 0; off < 24; off += 3)
		assert_int_equal(k.ops->write(k.fs, &a, "abc", 3, off), 3);
	assert_int_equal(k.ops->write(k.fs, &b, "B", 1, 1), 1);
	assert_int_equal(k.ops->write(k.fs, &a, "end", 3, 24), 3);
	assert_int_equal(kit_lstat(&k, "/f", &st), 0);
	assert_int_equal(st.st_size, 27);
	assert_int_equal(k.ops->read(k.fs, &b, buf, sizeof(buf), 0), 27);
	assert_memory_equal(buf, "aBcabcabcabcabcabcabcabcend", 27);
	assert_int_equal(
		k.ops->write(k.fs, &a, "a longer one than the room", 26, 27),
		26);
	assert_int_equal(k.ops->write(k.fs, &a, "!", 1, 53), 1);
	kit_close(&k, &a);
	assert_int_equal(k.ops->read(k.fs, &b, buf, sizeof(buf), 45), 9);
	assert_memory_equal(buf, "the room!", 9);
	kit_close(&k, &b);
	end(&k);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_arguments),
		cmocka_unit_test(refuses_bad_options),
		cmocka_unit_test(takes_ids),
		cmocka_unit_test(starts_or_says_why),
		cmocka_unit_test(tells_what_it_is),
		cmocka_unit_test(old_and_new_programs_run),
		cmocka_unit_test(mounts_are_apart),
		cmocka_unit_test(a_program_that_leaves),
		cmocka_unit_test(flush_comes_before_release),
		cmocka_unit_test(takes_writeback),
		cmocka_unit_test(writeback_is_not_seen),
		cmocka_unit_test(writeback_tells_errors_later),
	};

	if (argc != 3)
		return 2;
	module = argv[1];
	setenv("UMVIEW_MODULE_PATH", argv[2], 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
