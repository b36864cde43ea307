// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec_fuzz.c - the head of a program as exec resolves it: ELF, #!, neither
 *
 * The input is the file /x; /i is a script that /x interprets, /ld a name for
 * an interpreter that exists.
 */
#include "fuzz/guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <umview/vuctl.h>

#include "agent/proto.h"

static void put(const char *path, const void *data, size_t size)
{
	struct um_fh fh = { .flags = O_RDWR };
	struct um_mount *m = guest_root();

	FUZZ_CHECK(um_fs_create(m, path, 0755, &fh) == 0);
	FUZZ_CHECK(um_fs_write(m, &fh, data, size, 0) == (ssize_t)size);
	um_fs_release(m, &fh);
}

/* AT_EXECFN and the arguments, each with its end. */
static bool has_strings(const struct um_exec_info *info)
{
	const char *end = info->strings + sizeof(info->strings);
	const char *p = info->strings;

	for (uint32_t i = 0; p && i <= info->nargs; i++) {
		p = memchr(p, 0, (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	return p && (!info->nargs || info->args < sizeof(info->strings));
}

static void run(const char *path)
{
	const uint64_t exec[6] = { UM_VU_EXEC, (uintptr_t)ARENA };
	const uint64_t hello[6] = { UM_VU_HELLO, (uintptr_t)ARENA + 4096,
				    sizeof(struct um_exec_info) };
	const struct um_exec_info *info = (const void *)(ARENA + 4096);

	memcpy(ARENA, path, strlen(path) + 1);
	if (guest_call(UM_NR_VUCTL, exec) < 0)
		return;
	FUZZ_CHECK(guest_call(UM_NR_VUCTL, hello) >= 0);
	FUZZ_CHECK(memchr(info->comm, 0, sizeof(info->comm)));
	FUZZ_CHECK(has_strings(info));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char script[] = "#! /x  an argument \n";

	if (size > 65536)
		return 0;
	guest_begin();
	put("/x", data, size);
	put("/i", script, sizeof(script) - 1);
	put("/ld", "", 0);
	run("/x");
	run("/i");
	run("x/../i");
	guest_end();
	return 0;
}
