// SPDX-License-Identifier: GPL-2.0-or-later
/* main.c - umview: run a command in a view of its own */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <umview/vuctl.h>

#include "base/logctl.h"
#include "main/options.h"
#include "main/session.h"

static int set_log(const struct um_options *opts)
{
	int fd = STDERR_FILENO;

	if (opts->log) {
		fd = open(opts->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			  0666);
		if (fd < 0) {
			um_err("%s: %s", opts->log, strerror(errno));
			return 2;
		}
	}
	um_log_setup(fd, (enum um_log_level)opts->log_level);
	return 0;
}

/*
 * Between its filter and the monitor's first answer the process makes calls that
 * must come from where they are written: a library that makes them elsewhere
 * would have it wait for ever.
 */
static int refuse_capture(void)
{
	if (!dlsym(RTLD_DEFAULT, "_pure_start"))
		return 0;
	um_err("a preloaded library captures system calls (purelibc(3)): "
	       "preload it inside, as in umview env LD_PRELOAD=LIBRARY COMMAND");
	return 125;
}

static int run(const struct um_options *opts)
{
	int ret;

	if (syscall(UM_NR_VUCTL, UM_VU_CHECK) == 0)
		return um_nested_run(opts);
	ret = refuse_capture();
	return ret ? ret : um_session_run(opts);
}

int main(int argc, char **argv)
{
	struct um_options opts;
	int ret = um_options_parse(argc, argv, &opts);

	if (ret == 0)
		ret = set_log(&opts);
	else
		ret = ret > 0 ? -1 : 2;
	if (ret == 0)
		ret = run(&opts);
	um_options_fini(&opts);
	return ret < 0 ? 0 : ret;
}
