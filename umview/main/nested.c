// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nested.c - umview inside a view
 *
 * No second monitor: the running one splits off a view that starts as a copy,
 * and this process goes on in it: rc files, modules, name, command.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <umview/log.h>
#include <umview/vuctl.h>

#include "base/cleanup.h"
#include "main/session.h"

static long vuctl(enum um_vuctl what, const char *text)
{
	return UM_SYS(syscall(UM_NR_VUCTL, what, text, 0, 0, 0));
}

int um_nested_run(const struct um_options *opts)
{
	long view = vuctl(UM_VU_SPLIT, NULL);

	if (view < 0) {
		um_err("cannot split off a view: %s", strerror((int)-view));
		return 125;
	}
	if (!opts->quiet)
		um_info("nested invocation: view %ld of the running monitor",
			view);
	for (size_t i = 0; i < opts->npreload; i++) {
		long err = vuctl(UM_VU_ADD_SERVICE, opts->preload[i]);

		if (err < 0 && err != -EEXIST) {
			um_err("%s: %s", opts->preload[i], strerror((int)-err));
			return 1;
		}
	}
	if (opts->viewname)
		vuctl(UM_VU_SETNAME, opts->viewname);
	return um_run_command(opts, um_exec_plain, "nested");
}
