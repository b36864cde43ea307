/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.S - the agent's first and last instructions, its gate, and the way
 * from a stub into the agent
 *
 * The kernel enters at _start with the program's argument block at %rsp. The
 * loader works on a stack of its own, so that it may rewrite that block, and
 * returns the block's new place and the address to go to.
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

	.section .gate, "ax", @progbits
	.globl	um_gate
um_gate:
	syscall
	ret

	.org	UM_GATE_ENTRY
	jmp	um_entry

	.org	UM_GATE_SMALL_ENTRY
	jmp	um_entry_small

/* What the program may not see changed; %rsi: the arguments, %rdi: the number */
	.macro	KEEP
	push	%rcx
	push	%rbx
	mov	%rsp, %rbx
	pushfq
	cld
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	mov	%rsp, %rsi
	mov	%rax, %rdi
	.endm

	.macro	RESTORE
	lea	-56(%rbx), %rsp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	popfq
	pop	%rbx
	pop	%rcx
	.endm

	.text
um_entry:
	lea	-128(%rsp), %rsp
	KEEP
	and	$-16, %rsp
	call	um_fast
	RESTORE
	lea	128(%rsp), %rsp
	jmp	*%rcx

um_entry_small:
	cmpb	$UM_CLASS_LEAVES, UM_STUBS(%rax)
	je	2f
1:	bsf	um_free_stacks, %r11d
	jz	2f
	lock btr %r11d, um_free_stacks
	jnc	1b
	shl	$UM_STACK_SHIFT, %r11d
	mov	%rsp, UM_STACKS + UM_STACK_SIZE - 8(%r11)
	lea	UM_STACKS + UM_STACK_SIZE - 8(%r11), %rsp
	KEEP
	and	$-16, %rsp
	call	um_fast
	RESTORE
	mov	%rsp, %r11
	mov	(%rsp), %rsp
	sub	$UM_STACKS, %r11d
	shr	$UM_STACK_SHIFT, %r11d
	lock bts %r11d, um_free_stacks
	lea	2(%rcx), %rcx
2:	jmp	*%rcx

	.globl	_start
	.type	_start, @function
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	lea	um_stack_top(%rip), %rsp
	call	um_agent_load
	mov	%rax, %rsp
	mov	%rdx, %r11
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*%r11

	.bss
	.balign	16
	.skip	16384
um_stack_top:

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
	.skip	4096
	.skip	UM_NSTACKS * UM_STACK_SIZE

	.section .note.GNU-stack, "", @progbits
