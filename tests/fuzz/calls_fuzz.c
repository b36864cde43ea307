// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * calls_fuzz.c - a stream of system calls of a guest
 *
 * Bytes are calls with arguments, and stores into the guest's memory between
 * them. Nothing may crash, every answer is a value or an errno, and when the
 * guest's descriptors are closed nothing is open. Covers how arguments are
 * decoded: names, iovec, msghdr, stat and dirent buffers, vuctl(2).
 */
#include "fuzz/guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <umview/vuctl.h>

#define MAX_CALLS 64

/* Calls that a view answers. Those that never end, or act on the host's own
 * objects by number, are left out. */
static const int numbers[] = {
	SYS_openat,	SYS_write,	SYS_read,
	SYS_close,	SYS_open,	SYS_creat,
	SYS_openat2,	SYS_stat,	SYS_fstat,
	SYS_lstat,	SYS_newfstatat, SYS_statx,
	SYS_lseek,	SYS_mmap,	SYS_ioctl,
	SYS_pread64,	SYS_pwrite64,	SYS_readv,
	SYS_writev,	SYS_preadv,	SYS_pwritev,
	SYS_preadv2,	SYS_pwritev2,	SYS_access,
	SYS_faccessat,	SYS_msync,	SYS_fcntl,
	SYS_flock,	SYS_fsync,	SYS_truncate,
	SYS_ftruncate,	SYS_fallocate,	SYS_getdents,
	SYS_getdents64, SYS_getcwd,	SYS_chdir,
	SYS_fchdir,	SYS_rename,	SYS_renameat2,
	SYS_mkdir,	SYS_mkdirat,	SYS_rmdir,
	SYS_link,	SYS_linkat,	SYS_unlink,
	SYS_unlinkat,	SYS_symlink,	SYS_symlinkat,
	SYS_readlink,	SYS_readlinkat, SYS_chmod,
	SYS_fchmod,	SYS_chown,	SYS_fchownat,
	SYS_utimensat,	SYS_utimes,	SYS_utime,
	SYS_mknod,	SYS_mknodat,	SYS_statfs,
	SYS_fstatfs,	SYS_chroot,	SYS_setxattr,
	SYS_fsetxattr,	SYS_getxattr,	SYS_fgetxattr,
	SYS_listxattr,	SYS_flistxattr, SYS_removexattr,
	SYS_sendfile,	SYS_splice,	SYS_copy_file_range,
	SYS_sendmsg,	SYS_sendmmsg,	SYS_sendto,
	SYS_bind,	SYS_connect,	SYS_getsockname,
	SYS_execve,	SYS_execveat,	SYS_mount,
	SYS_umount2,	SYS_setresuid,	SYS_getresuid,
	SYS_setgroups,	SYS_getgroups,	SYS_inotify_add_watch,
	UM_NR_VUCTL,
};

/* Names at the start of the guest's memory, 32 bytes each. */
static const char *const names[] = {
	"a",
	"b",
	"/a",
	"/a/b",
	"a/../b",
	"./a//b/",
	"..",
	"/",
	"link",
	"",
	"link/x",
	"/dev/fd/200",
	"/proc/self/fd/200",
	"ramfs",
	"none",
	"dir/c",
};
#define NAMES_END (UM_ARRAY_SIZE(names) * 32)

enum { STORE = 255, STORE_POINTER = 254, STORE_NAME = 253 };

static uint64_t take_arg(struct input *in)
{
	switch (input_take(in, 1) % 8) {
	case 0:
		return input_take(in, 1);
	case 1:
		return (uintptr_t)ARENA + input_take(in, 2);
	case 2:
		return (uint64_t)guest_fd(input_take(in, 1));
	case 3:
		return input_take(in, 4);
	case 4:
		return (uint64_t)AT_FDCWD;
	case 5:
		return input_take(in, 8);
	case 6:
		return (uintptr_t)ARENA +
		       32 * (input_take(in, 1) % UM_ARRAY_SIZE(names));
	default:
		return UINT64_C(1) << (input_take(in, 1) % 32);
	}
}

static void store(struct input *in, int what)
{
	size_t at = NAMES_END + input_take(in, 2) % (ARENA_SIZE - NAMES_END);
	uint64_t value;
	size_t n = 8;

	if (what == STORE_POINTER)
		value = (uintptr_t)ARENA + input_take(in, 2);
	else
		value = input_take(in, 8);
	if (what == STORE_NAME)
		n = strnlen((const char *)&value, 8);
	if (n > ARENA_SIZE - at)
		n = ARENA_SIZE - at;
	memcpy(ARENA + at, &value, n);
}

/* Would reach past the view: a device by its number, a module by its path. */
static bool is_left_out(int nr, const uint64_t arg[6])
{
	mode_t mode = (mode_t)arg[nr == SYS_mknodat ? 2 : 1];

	if (nr == SYS_mknod || nr == SYS_mknodat)
		return S_ISCHR(mode) || S_ISBLK(mode);
	if (nr == UM_NR_VUCTL)
		return arg[0] == UM_VU_ADD_SERVICE || arg[0] == UM_VU_SPLIT;
	return false;
}

static void one_call(struct input *in, int which)
{
	int nr = numbers[(size_t)which % UM_ARRAY_SIZE(numbers)];
	uint64_t arg[6];

	for (int i = 0; i < 6; i++)
		arg[i] = take_arg(in);
	if (!is_left_out(nr, arg))
		guest_call(nr, arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	guest_begin();
	for (size_t i = 0; i < UM_ARRAY_SIZE(names); i++)
		memcpy(ARENA + 32 * i, names[i], strlen(names[i]) + 1);
	for (int i = 0; in.size && i < MAX_CALLS; i++) {
		int what = (int)input_take(&in, 1);

		if (what >= STORE_NAME)
			store(&in, what);
		else
			one_call(&in, what);
	}
	guest_end();
	return 0;
}
