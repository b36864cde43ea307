/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vuctl.h - the system call by which guests talk to their monitor
 *
 * One number that no Linux kernel knows, caught by the view's filter:
 *
 *	syscall(UM_NR_VUCTL, enum um_vuctl, arg1, arg2, arg3, arg4)
 *
 * Outside a view the kernel answers ENOSYS: that is how a command knows where
 * it runs. The number is within the range a seccomp filter sees, and lacks the
 * x32 bit.
 */
#ifndef UMVIEW_VUCTL_H
#define UMVIEW_VUCTL_H

#include <stdint.h>
#include <sys/utsname.h>

#include <umview/vuctl_nr.h>

#define UM_VIEWNAME_MAX	     64
#define UM_SERVICE_PERMANENT 1u

/**
 * enum um_vuctl - sub-commands; errors besides EFAULT and EINVAL
 * @UM_VU_CHECK: 0 inside a view
 * @UM_VU_ADD_SERVICE: (const char *spec, unsigned flags) spec is
 *	"module[,args]"; EEXIST, ENOENT (no such module), ENOEXEC (does not
 *	load or wrong API version), or the module's own error
 * @UM_VU_DEL_SERVICE: (const char *name) ENOENT, EBUSY
 * @UM_VU_LIST_SERVICE: (char *buf, size_t len) names, colon-separated,
 *	NUL-terminated. Return: bytes needed including the NUL; ERANGE
 * @UM_VU_NAME_SERVICE: (const char *name, char *buf, size_t len, unsigned what)
 *	what 0: description, 1: options text. ENOENT, ERANGE
 * @UM_VU_SPLIT: () the calling process leaves for a new view that starts as a
 *	copy. Return: the new view's id
 * @UM_VU_GETINFO: (struct um_viewinfo *out)
 * @UM_VU_SETNAME: (const char *name) ENAMETOOLONG
 * @UM_VU_KILLALL: (int sig) signal to every guest of this view and of the
 *	views split from it, the caller excepted. Return: how many were
 *	signalled. sig 0 counts only
 * @UM_VU_FSALIAS: (const char *alias, const char *type) type "" removes; ENOENT,
 *	ELOOP
 * @UM_VU_LIST_FSALIAS: (char *buf, size_t len) "alias type\n" lines; as
 *	LIST_SERVICE
 * @UM_VU_MOUNTER: (const char *options, unsigned long flags, char *rest, size_t
 *	len) the caller is about to start a program that will mount through
 *	/dev/fuse. The flags (MS_*), and those of the options that are the
 *	core's, are for what it mounts; in rest, those left for the program,
 *	`ro' first where the mount is to be read-only. Return: bytes needed;
 *	ERANGE. From now on the caller has its own ids again, not those of a
 *	set-uid mount(8)
 * @UM_VU_HELLO: agent only: (struct um_exec_info *out, size_t size) Return: a
 *	descriptor of the program
 * @UM_VU_EXEC: agent only: (const char *path, int how). The program waits for
 *	HELLO. Return: a descriptor of the agent, to be exec'ed, or 0 where how
 *	is UM_VUCTL_BY_SELF; or UM_VUCTL_NATIVE: make the call as it was. path
 *	NULL: that exec failed
 * @UM_VU_EXECAT: agent only: (int dirfd, const char *path, int flags, int how)
 *	likewise
 * @UM_VU_CHDIR: agent only: (const char *path) Return: a descriptor to
 *	fchdir(2) to and close; or UM_VUCTL_NATIVE
 * @UM_VU_FCHDIR: agent only: (int fd) likewise
 * @UM_VU_TEXT: agent only: (int fd, struct um_text *out, uint32_t interp) the
 *	patched copy of a file's code; interp: id of the interpreter's own. Return: a descriptor of the region file; ENOENT
 * @UM_VU_CLOSE: agent only: (int fd) what close(2) waits for: the descriptor,
 *	which is still open, is going to be closed. Return: 0, or what close
 *	is to fail with when it is done
 * @UM_VU_GIVE: agent only: (int at) what um_exec_file.at names. Return: a
 *	descriptor; EBADF
 * @UM_VU_MAP: agent only: (int fd, size_t len, off_t off) what mmap(2) of a
 *	socket is to map, from 0 on. Return: a descriptor to close; ENODEV: it
 *	cannot be mapped
 * @UM_VU_SETTLE: agent only: (int epfd) the set is going to be waited for
 * @UM_VU_MSOCKET: (const char *path, int domain, int type, int protocol) as
 *	msocket(2viewos). path NULL: the default stack. ENOTSUP: no stack's file
 */
enum um_vuctl {
	UM_VU_CHECK = 0,
	UM_VU_ADD_SERVICE,
	UM_VU_DEL_SERVICE,
	UM_VU_LIST_SERVICE,
	UM_VU_NAME_SERVICE,
	UM_VU_SPLIT,
	UM_VU_GETINFO,
	UM_VU_SETNAME,
	UM_VU_KILLALL,
	UM_VU_FSALIAS,
	UM_VU_LIST_FSALIAS,
	UM_VU_HELLO = UM_VUCTL_HELLO,
	UM_VU_EXEC = UM_VUCTL_EXEC,
	UM_VU_EXECAT = UM_VUCTL_EXECAT,
	UM_VU_CHDIR = UM_VUCTL_CHDIR,
	UM_VU_FCHDIR = UM_VUCTL_FCHDIR,
	UM_VU_TEXT = UM_VUCTL_TEXT,
	UM_VU_CLOSE = UM_VUCTL_CLOSE,
	UM_VU_MSOCKET = UM_VUCTL_MSOCKET,
	UM_VU_MOUNTER,
	UM_VU_GIVE = UM_VUCTL_GIVE,
	UM_VU_MAP = UM_VUCTL_MAP,
	UM_VU_SETTLE = UM_VUCTL_SETTLE,
};

/**
 * struct um_viewinfo - answer of UM_VU_GETINFO
 * @uname: uname(2) as the view shows it
 * @server: pid of the monitor
 * @view: number of the view in this monitor; 0 is the first
 * @name: NUL-terminated; "" when the view has no name
 */
struct um_viewinfo {
	struct utsname uname;
	int32_t server;
	int32_t view;
	char name[UM_VIEWNAME_MAX + 1];
};

#endif
