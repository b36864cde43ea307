/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entry.S - the gate, the ways from a stub into the agent, and the way of a
 * signal that cancels a thread to its handler
 *
 * A stub (sys/stub.c) comes to um_entry as the program's own code made the
 * call: number in %eax, arguments in their registers; %ecx is where to go on.
 * All but %rax, %rcx and %r11 must be as they were, the red zone included, and
 * nothing is kept but on the program's stack: a signal handler, a thread, a
 * vfork child may come here meanwhile.
 *
 * A stub of a Go program comes to um_entry_small: not one byte of the program's
 * stack may be used. The agent lends one of its own, whichever is free, for
 * the time of the call; %ecx is an instruction that asks the monitor without
 * any stack, and two bytes behind it the program goes on. There the call goes
 * when no stack is free, and when it may never return one (exec). What is not
 * returned (a thread that is killed, a jump out of a handler) is lost, no more.
 *
 * Go's handlers run on stacks of their own (sigaltstack), with all signals
 * blocked; so none is entered anew while the agent works for it elsewhere. To
 * its runtime the agent is foreign code, in which goroutines are not preempted.
 */
#include "agent/proto.h"
#include "agent/frame.h"

	.section .gate, "ax", @progbits
	.globl	um_gate
um_gate:
	syscall
	ret

	.org	UM_GATE_ENTRY
	jmp	um_entry

	.org	UM_GATE_SMALL_ENTRY
	jmp	um_entry_small

/* The end of a handler: %rsp is where the kernel saved the registers. */
um_gate_sigreturn:
	mov	$15, %eax
	syscall

	.macro	LABEL name
	.globl	\name
\name:
	.endm

/* Fill the frame at %rsp, but for the flags. */
	.macro	KEEP
	mov	%rdi, UM_FRAME_ARGS(%rsp)
	mov	%rsi, UM_FRAME_ARGS+8(%rsp)
	mov	%rdx, UM_FRAME_ARGS+16(%rsp)
	mov	%r10, UM_FRAME_ARGS+24(%rsp)
	mov	%r8, UM_FRAME_ARGS+32(%rsp)
	mov	%r9, UM_FRAME_ARGS+40(%rsp)
	mov	%rax, UM_FRAME_NR(%rsp)
	mov	%rbp, UM_FRAME_RBP(%rsp)
	mov	%rcx, UM_FRAME_CONT(%rsp)
	mov	%rbx, UM_FRAME_RBX(%rsp)
	mov	%r12, UM_FRAME_R12(%rsp)
	mov	%r13, UM_FRAME_R13(%rsp)
	mov	%r14, UM_FRAME_R14(%rsp)
	mov	%r15, UM_FRAME_R15(%rsp)
	movq	$UM_FRAME_MARK, (%rsp)
	cld
	mov	%rax, %rdi
	lea	UM_FRAME_ARGS(%rsp), %rsi
	.endm

/* C code has kept what the frame has besides. */
	.macro	RESTORE
	mov	%rbp, %rsp
	mov	UM_FRAME_ARGS(%rsp), %rdi
	mov	UM_FRAME_ARGS+8(%rsp), %rsi
	mov	UM_FRAME_ARGS+16(%rsp), %rdx
	mov	UM_FRAME_ARGS+24(%rsp), %r10
	mov	UM_FRAME_ARGS+32(%rsp), %r8
	mov	UM_FRAME_ARGS+40(%rsp), %r9
	mov	UM_FRAME_CONT(%rsp), %rcx
	mov	UM_FRAME_RBP(%rsp), %rbp
	.endm

	.text
LABEL um_entry
	lea	-(UM_RED_ZONE + 64)(%rsp), %rsp
LABEL um_entry_room
	pushfq
LABEL um_entry_flags
	lea	-UM_FRAME_FLAGS(%rsp), %rsp
LABEL um_entry_keep
	KEEP
	mov	%rsp, %rbp
LABEL um_entry_made
	and	$-16, %rsp
	call	um_fast
LABEL um_entry_done
	RESTORE
LABEL um_entry_left
	lea	UM_FRAME_FLAGS(%rsp), %rsp
LABEL um_entry_back
	popfq
LABEL um_entry_clean
	lea	(UM_RED_ZONE + 64)(%rsp), %rsp
LABEL um_entry_leave
	jmp	*%rcx
LABEL um_entry_end

um_entry_small:
	cmpb	$UM_CLASS_LEAVES, UM_STUBS(%rax)
	je	2f
1:	bsf	um_free_stacks, %r11d
	jz	2f
	lock btr %r11d, um_free_stacks
	jnc	1b
	shl	$UM_STACK_SHIFT, %r11d
	mov	%rsp, UM_STACKS + UM_STACK_SIZE - 8(%r11)
	lea	UM_STACKS + UM_STACK_SIZE - 8 - UM_FRAME_SIZE(%r11), %rsp
	KEEP
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	um_fast
	RESTORE
	mov	%rsp, %r11
	mov	UM_FRAME_SIZE(%rsp), %rsp
	sub	$UM_STACKS, %r11d
	shr	$UM_STACK_SHIFT, %r11d
	lock bts %r11d, um_free_stacks
	lea	2(%rcx), %rcx
2:	jmp	*%rcx

/*
 * The kernel comes here instead of to the handler of a signal that cancels
 * (cancel.c). Whom it did not interrupt in the agent's code, and so nearly
 * everybody, is sent on as if nothing had been.
 *
 * Else the handler gets, and what unwinds the stack finds, registers as they
 * were at the program's own instruction: a copy of the kernel's record, with a
 * return address whose code is that of any end of a handler; unwinders know it
 * by its bytes. When the handler does return, that rt_sigreturn(2) fails, as
 * the filter has it, and the true record takes its place.
 */
LABEL um_cancel_entry
	lea	-UM_CANCEL_SIZE(%rsp), %rsp
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rbp
	push	%rbp
	xor	%ebp, %ebp
	mov	%rdx, %rdi
	lea	40 + UM_CANCEL_COPY(%rsp), %rsi
	cld
	call	um_cancel_show
	pop	%rbp
	pop	%rbp
	pop	%rdx
	pop	%rsi
	pop	%rdi
	test	%eax, %eax
	jz	1f
	movq	$um_cancel_return, (%rsp)
	mov	%rdx, UM_CANCEL_ORIG(%rsp)
	lea	UM_CANCEL_COPY(%rsp), %rdx
	jmp	2f
1:	lea	UM_CANCEL_SIZE(%rsp), %rsp
2:	mov	um_cancel_handler - 8 * UM_CANCEL_FIRST(, %rdi, 8), %rcx
	xor	%eax, %eax
	jmp	*%rcx

	nop
um_cancel_return:
	mov	$15, %rax
	syscall
	mov	%rsp, %rdi
	mov	UM_CANCEL_ORIG - UM_CANCEL_COPY(%rsp), %rbx
	mov	%rbx, %rsi
	xor	%ebp, %ebp
	cld
	and	$-16, %rsp
	call	um_cancel_finish
	mov	%rbx, %rsp
	jmp	um_gate_sigreturn
LABEL um_cancel_end

	.data
	.balign	4
um_free_stacks:
	.long	(1 << UM_NSTACKS) - 1

	.section .umbases, "aw", @nobits
	.globl	um_bases
um_bases:
	.skip	8 * UM_NBASES

	.section .umpage, "aw", @nobits
	.globl	um_page
um_page:
	.skip	UM_STACKS - UM_PAGE
	.skip	UM_NSTACKS * UM_STACK_SIZE

	.section .note.GNU-stack, "", @progbits
