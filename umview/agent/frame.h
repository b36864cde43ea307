/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - what um_entry keeps of the program while the agent works for it
 *
 * %rbp is the frame's address while C code runs, which is compiled with frame
 * pointers: so from any of its instructions the chain of saved %rbp leads here,
 * and UM_FRAME_MARK, which is no stack's address, tells that it has.
 */
#ifndef UM_AGENT_FRAME_H
#define UM_AGENT_FRAME_H

#define UM_FRAME_MARK UM_GATE

/* Offsets in the frame; the arguments in their order. */
#define UM_FRAME_ARGS  8
#define UM_FRAME_FLAGS 56
#define UM_FRAME_NR    64
#define UM_FRAME_RBP   72
#define UM_FRAME_CONT  80
#define UM_FRAME_RBX   88
#define UM_FRAME_R12   96
#define UM_FRAME_R13   104
#define UM_FRAME_R14   112
#define UM_FRAME_R15   120
#define UM_FRAME_SIZE  128

#define UM_RED_ZONE 128

/* The signals that C libraries cancel threads by: SIGCANCEL of glibc, of musl. */
#define UM_CANCEL_FIRST 32
#define UM_CANCEL_LAST	33

/* Offsets in what um_cancel_entry makes for a handler. */
#define UM_CANCEL_COPY 8
#define UM_CANCEL_ORIG 312
#define UM_CANCEL_SIZE 320

#ifndef __ASSEMBLER__

struct um_frame {
	unsigned long mark;
	unsigned long arg[6];
	unsigned long flags;
	unsigned long nr;
	unsigned long rbp;
	unsigned long cont;
	unsigned long rbx;
	unsigned long r12;
	unsigned long r13;
	unsigned long r14;
	unsigned long r15;
};

_Static_assert(sizeof(struct um_frame) == UM_FRAME_SIZE, "um_frame");

/*
 * entry.S: the program's stack pointer is %rsp from um_entry on, then the given
 * number of bytes above it, until the next label; um_entry_made: in the frame;
 * from um_entry_done on the call has its result.
 */
extern const char um_entry[];
extern const char um_entry_room[];  /* UM_RED_ZONE + 64 */
extern const char um_entry_flags[]; /* UM_RED_ZONE + 72 */
extern const char um_entry_keep[];  /* UM_RED_ZONE + UM_FRAME_SIZE */
extern const char um_entry_made[];
extern const char um_entry_done[];
extern const char um_entry_left[];  /* as um_entry_keep */
extern const char um_entry_back[];  /* as um_entry_flags */
extern const char um_entry_clean[]; /* as um_entry_room */
extern const char um_entry_leave[]; /* 0 */
extern const char um_entry_end[];
extern const char um_cancel_entry[];
extern const char um_cancel_end[];

#endif
#endif
