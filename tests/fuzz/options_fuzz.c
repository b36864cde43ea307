// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options_fuzz.c - mount options: of viewmount(1), the core, umfuse
 *
 * What the first hands on, the second must take; what the second leaves for
 * the module is no longer than what it was given; umfuse makes an argument
 * list of it.
 */
#include "modules/umfuse/umfuse.h"

#include "fuzz/guest.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/alloc.h"
#include "um_cmds/mntopts.h"
#include "view/mountopts.h"

static void fuse(const char *options)
{
	struct um_mount_req req = { .fstype = "umfusex",
				    .source = "/some image",
				    .target = "/mnt" };
	struct umfuse_opts o;
	struct umfuse_words words = { 0 };
	int ret;

	alloc_begin();
	ret = umfuse_opts_init(&o, 0, options);
	if (ret == 0) {
		ret = umfuse_args_build(&o, &req, &words);
		FUZZ_CHECK(ret < 0 || !words.v[words.n]);
		umfuse_words_fini(&words);
		umfuse_opts_fini(&o);
	}
	alloc_end();
	FUZZ_CHECK(ret <= 0 && ret >= -4095);
}

static void core(const char *data)
{
	struct um_mount m = { 0 };
	int ret;

	alloc_begin();
	ret = um_mountopts_take(&m, data);
	alloc_end();
	FUZZ_CHECK(ret == 0 || ret == -EINVAL || ret == -ENOMEM);
	FUZZ_CHECK(!m.options || strlen(m.options) <= strlen(data));
	if (ret == 0)
		fuse(m.options);
	for (size_t i = 0; i < m.nexcept; i++) {
		FUZZ_CHECK(m.except[i][0] == '/');
		free(m.except[i]);
	}
	free(m.except);
	free(m.options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct mntopts opts = { 0 };
	int ret;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	core(text);
	alloc_begin();
	ret = mntopts_add(&opts, text);
	alloc_end();
	if (ret == 0 && opts.data) {
		FUZZ_CHECK(strlen(opts.data) <= strlen(text));
		core(opts.data);
	}
	mntopts_fini(&opts);
	free(text);
	return 0;
}
