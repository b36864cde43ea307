/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto.h - what the agent inside a guest and the monitor agree on
 *
 * The agent is a static ELF at a fixed low address that every execve in a view
 * really runs; it then loads the program. Three things lie at addresses the
 * monitor and the seccomp filter know:
 *
 *   UM_GATE	one page of code: a system call made from here is never caught
 *   UM_PAGE	one page of data: the guest's attributes. fork copies it, which
 *		is how a child's attributes are exactly its parent's at fork
 */
#ifndef UM_AGENT_PROTO_H
#define UM_AGENT_PROTO_H

#define UM_AGENT_BASE	 0x100000
#define UM_GATE		 0x100000
#define UM_GATE_SIZE	 0x1000
#define UM_PAGE		 0x1f0000
#define UM_PAGE_MAGIC	 0x55656956u
#define UM_PROTO_VERSION 1

/* Offset in the gate of its `syscall` instruction. */
#define UM_GATE_SYSCALL 0

#ifndef __ASSEMBLER__

#include <stdint.h>

/**
 * struct um_page - a guest's attributes, at UM_PAGE
 * @attr: number of its attribute set in the monitor
 * @owner: thread group id that the set was given to; another value means that
 *	the reader is a child since fork, or a vfork child on loan
 */
struct um_page {
	uint32_t magic;
	uint32_t version;
	uint32_t attr;
	int32_t owner;
};

#define UM_EXEC_PATH_MAX 4096
#define UM_EXEC_ARGS_MAX 8704
#define UM_EXEC_NO_FD	 (-1)

/**
 * struct um_exec_info - what the agent is to load (answer of UM_VU_HELLO)
 * @page: to be stored at UM_PAGE
 * @fd: the program, an open descriptor; the agent closes it
 * @nargs: strings in args that take the place of argv[0] (0: argv stays)
 * @uid..egid: for the auxiliary vector
 * @execfn: AT_EXECFN
 * @comm: name of the thread
 * @args: nargs strings, each NUL-terminated
 */
struct um_exec_info {
	struct um_page page;
	int32_t fd;
	uint32_t nargs;
	uint32_t uid, euid, gid, egid;
	char comm[16];
	char execfn[UM_EXEC_PATH_MAX];
	char args[UM_EXEC_ARGS_MAX];
};

#endif
#endif
