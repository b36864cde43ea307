// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options_fuzz.c - mount options: of viewmount(1), then of the core
 *
 * What the first hands on, the second must take; what the second leaves for
 * the module is no longer than what it was given.
 */
#include "fuzz/guest.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/alloc.h"
#include "um_cmds/mntopts.h"
#include "view/mountopts.h"

static void core(const char *data)
{
	struct um_mount m = { 0 };
	int ret;

	alloc_begin();
	ret = um_mountopts_take(&m, data);
	alloc_end();
	FUZZ_CHECK(ret == 0 || ret == -EINVAL || ret == -ENOMEM);
	FUZZ_CHECK(!m.options || strlen(m.options) <= strlen(data));
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
