/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.S - the agent's first and last instructions, its gate, and the way
 * from a stub into the agent
 *
 * The kernel enters at _start with the program's argument block at %rsp. The
 * loader works on a stack of its own, so that it may rewrite that block, and
 * returns the block's new place and the address to go to.
 *
 * A stub (sys/text.c) comes to um_entry as the program's own code made the
 * call: number in %eax, arguments in their registers; %ecx is where to go on.
 * All but %rax, %rcx and %r11 must be as they were, the red zone included, and
 * nothing is kept but on the program's stack: a signal handler, a thread, a
 * vfork child may come here meanwhile.
 */
#include "agent/proto.h"

	.section .gate, "ax", @progbits
	.globl	um_gate
um_gate:
	syscall
	ret

	.org	UM_GATE_ENTRY
	jmp	um_entry

	.text
um_entry:
	lea	-128(%rsp), %rsp
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
	and	$-16, %rsp
	call	um_fast
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
	lea	128(%rsp), %rsp
	jmp	*%rcx

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

	.section .umbases, "aw", @nobits
	.globl	um_bases
um_bases:
	.skip	8 * UM_NBASES

	.section .umpage, "aw", @nobits
	.globl	um_page
um_page:
	.skip	4096

	.section .note.GNU-stack, "", @progbits
