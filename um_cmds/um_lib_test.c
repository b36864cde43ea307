// SPDX-License-Identifier: GPL-2.0-or-later
/* um_lib_test.c - texts of any length come back whole */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "um_lib.h"

/* What the kernel below answers, and what it was asked. */
static struct {
	const char *text;
	int error;
	/* Too short a buffer gets ERANGE, not how much is needed. */
	bool vague;
	int calls;
	long cmd;
	const char *first;
	const char *second;
} kernel;

static long refuse(int error)
{
	errno = error;
	return ~0L;
}

static long give_text(char *buf, size_t len)
{
	size_t need = strlen(kernel.text) + 1;

	if (need > len && kernel.vague)
		return refuse(ERANGE);
	if (need <= len)
		memcpy(buf, kernel.text, need);
	return (long)need;
}

/* What follows the sub-command, as its caller gives it. */
static long answer(va_list ap)
{
	char *buf;

	if (kernel.cmd == UM_VU_CHECK)
		return 0;
	if (kernel.cmd == UM_VU_MSOCKET) {
		kernel.first = va_arg(ap, char *);
		return 7;
	}
	buf = va_arg(ap, char *);
	if (kernel.cmd == UM_VU_NAME_SERVICE)
		buf = va_arg(ap, char *);
	if (kernel.cmd != UM_VU_FSALIAS)
		return give_text(buf, va_arg(ap, size_t));
	kernel.first = buf;
	kernel.second = va_arg(ap, char *);
	return 0;
}

/* Stands before the C library's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): reserved */
long syscall(long nr, ...)
{
	va_list ap;
	long ret;

	assert_int_equal(nr, UM_NR_VUCTL);
	kernel.calls++;
	if (kernel.error)
		return refuse(kernel.error);
	va_start(ap, nr);
	kernel.cmd = va_arg(ap, long);
	ret = answer(ap);
	va_end(ap);
	return ret;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

static void a_short_list_takes_one_call(void **state)
{
	char *list;

	(void)state;
	kernel.text = "umfuse:umdev";
	list = um_list_service_dup();
	assert_string_equal(list, kernel.text);
	assert_int_equal(kernel.calls, 1);
	free(list);
}

static void a_long_text_is_whole(void **state)
{
	char text[5001];
	int i;

	(void)state;
	memset(text, 'x', 5000);
	text[5000] = '\0';
	kernel.text = text;
	for (i = 0; i < 2; i++) {
		char *got;

		kernel.vague = i == 1;
		got = um_name_service_dup("umfuse", UM_SERVICE_OPTIONS);
		assert_string_equal(got, text);
		free(got);
		got = um_list_fsalias_dup();
		assert_string_equal(got, text);
		free(got);
	}
}

static void an_error_is_handed_on(void **state)
{
	(void)state;
	kernel.error = ENOENT;
	assert_null(um_name_service_dup("no", UM_SERVICE_DESCRIPTION));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(kernel.calls, 1);
}

static void endless_erange_ends(void **state)
{
	(void)state;
	kernel.error = ERANGE;
	assert_null(um_list_service_dup());
	assert_int_equal(errno, ERANGE);
	assert_in_range(kernel.calls, 1, 20);
}

static void check_keeps_errno(void **state)
{
	(void)state;
	kernel.error = ENOSYS;
	errno = EAGAIN;
	assert_int_equal(um_check_viewos(), 0);
	assert_int_equal(errno, EAGAIN);
	kernel.error = 0;
	assert_int_equal(um_check_viewos(), 1);
}

static void no_type_removes_an_alias(void **state)
{
	(void)state;
	assert_int_equal(um_fsalias("ext4", NULL), 0);
	assert_int_equal(kernel.cmd, UM_VU_FSALIAS);
	assert_string_equal(kernel.first, "ext4");
	assert_string_equal(kernel.second, "");
}

static void a_named_stack_needs_a_view(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(msocket("/dev/net/x", AF_UNIX, SOCK_STREAM, 0), 7);
	assert_string_equal(kernel.first, "/dev/net/x");
	assert_int_equal(msocket(NULL, AF_UNIX, SOCK_DEFAULT, 0), -1);
	assert_int_equal(errno, EINVAL);
	kernel.error = ENOSYS;
	assert_int_equal(msocket("/dev/net/x", AF_UNIX, SOCK_STREAM, 0), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(msocket("/dev/net/x", AF_UNIX, SOCK_DEFAULT, 0), -1);
	assert_int_equal(errno, ENOTSUP);
	/* without a name it is socket(2) */
	fd = msocket(NULL, AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(msocket(NULL, AF_UNIX, SOCK_STREAM, 77), -1);
	assert_int_equal(errno, EPROTONOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_short_list_takes_one_call, setup),
		cmocka_unit_test_setup(a_long_text_is_whole, setup),
		cmocka_unit_test_setup(an_error_is_handed_on, setup),
		cmocka_unit_test_setup(endless_erange_ends, setup),
		cmocka_unit_test_setup(check_keeps_errno, setup),
		cmocka_unit_test_setup(a_named_stack_needs_a_view, setup),
		cmocka_unit_test_setup(no_type_removes_an_alias, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
