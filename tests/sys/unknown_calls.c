// SPDX-License-Identifier: GPL-2.0-or-later
/* unknown_calls.c - calls that are not there, and ways around a view */

#include "check.h"

#include <linux/io_uring.h>

#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif

/* 335 and 336 exist and kill whoever calls them out of place. */
static void a_number_nobody_has(void)
{
	static const long numbers[] = { 400, 420, 999, 5000, 100000, -5 };
	size_t i;

	for (i = 0; i < T_COUNT(numbers); i++)
		CHECK_ERRNO(syscall(numbers[i], "x", 0L, 0L, 0L, 0L, 0L),
			    ENOSYS);
}

static void io_uring_answers_or_is_absent(void)
{
	struct io_uring_params par = { 0 };
	long fd = syscall(SYS_io_uring_setup, 4U, &par);

	t_note("io_uring_setup: %s",
	       fd < 0 ? strerrorname_np(errno) : "a descriptor");
	if (fd < 0)
		CHECK(errno == ENOSYS || errno == EPERM);
	else
		CHECK_OK(close((int)fd));
}

/* Success, or an error that lets a program fall back. */
static void honest(const char *what, long ret)
{
	int err = errno;

	t_note("%s: %s", what, ret < 0 ? strerrorname_np(err) : "success");
	CHECK(ret >= 0 || err == ENOSYS || err == EPERM || err == EOPNOTSUPP ||
	      err == ENODEV || err == EINVAL || err == EOVERFLOW);
	if (ret >= 3)
		close((int)ret);
}

static void newer_calls_are_there_or_say_so(void)
{
	struct {
		unsigned int bytes;
		int type;
		unsigned char data[128];
	} handle = { .bytes = 128 };
	int mount_id;

	t_put("f", "x");
	honest("fsopen", syscall(SYS_fsopen, "ext4", 0U));
	honest("name_to_handle_at", syscall(SYS_name_to_handle_at, AT_FDCWD,
					    "f", &handle, &mount_id, 0));
	honest("open_by_handle_at",
	       syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_number_nobody_has);
	RUN(io_uring_answers_or_is_absent);
	RUN(newer_calls_are_there_or_say_so);
	return t_done();
}
