/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.S - the agent's first instructions
 *
 * The kernel enters at _start with the program's argument block at %rsp. The
 * loader works on a stack of its own, so that it may rewrite that block, and
 * returns the block's new place and the address to go to.
 */
	.text
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
	xor	%ebp, %ebp
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

	.section .note.GNU-stack, "", @progbits
