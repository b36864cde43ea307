/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entry_x86_64.S - from a stub to pure_dispatch() and back
 *
 * What lies between pure_code and pure_code_end is copied to the low region
 * (region.c) and refers to nothing outside but by the words at its end. The
 * whole region may always make system calls (sud.c). It is data here: whoever
 * replaces the calls of this library's text, as a view does, leaves it alone.
 *
 * A stub comes to pure_entry with everything as at its `syscall`, but %ecx: the
 * address behind that instruction. The kernel would have destroyed %rcx and
 * %r11, so these two are free; all else, also flags, vector registers and the
 * 128 bytes below the stack pointer, must be as before, and %rax the result.
 */
/* long pure_raw(const long call[7]): the call call[0]; -errno */
.macro RAW
	mov	(%rdi), %rax
	mov	16(%rdi), %rsi
	mov	24(%rdi), %rdx
	mov	32(%rdi), %r10
	mov	40(%rdi), %r8
	mov	48(%rdi), %r9
	mov	8(%rdi), %rdi
	syscall
	ret
.endm

	.text
	.globl pure_raw_before
	.hidden pure_raw_before
/* pure_raw(), until there is a copy. */
pure_raw_before:
	RAW

	.section .data.rel.ro, "aw", @progbits
	.balign 64
	.globl pure_code, pure_code_end, pure_entry, pure_raw, pure_restorer
	.globl pure_config
	.hidden pure_code, pure_code_end, pure_entry, pure_raw, pure_restorer
	.hidden pure_config

/* Jump to 1 if the call is @nr; no flag is changed. */
.macro native_if nr
	lea	-\nr(%rax), %ecx
	jecxz	1f
.endm

pure_code:
pure_entry:
	mov	%ecx, %r11d
	/* These need the stack as it is, or do not come back. */
	native_if 15	/* rt_sigreturn */
	native_if 56	/* clone */
	native_if 58	/* vfork */
	native_if 60	/* exit */
	native_if 231	/* exit_group */
	native_if 435	/* clone3 */
	jmp	2f
1:	lea	-2(%r11), %rcx
	jmp	*%rcx

2:	lea	-128(%rsp), %rsp
	pushfq
	mov	config_limit(%rip), %rcx
	cmp	%rsp, %fs:(%rcx)
	ja	native	/* within the function that captures; or off */
capture:
	push	%r11
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rax	/* struct pure_frame begins here */
	push	%rbp
	mov	%rsp, %rbp
	cld
	sub	config_size(%rip), %rsp
	and	$-64, %rsp
	cmpl	$1, config_how(%rip)
	jb	3f
	xor	%edx, %edx
	mov	%rdx, 512(%rsp)
	mov	%rdx, 520(%rsp)
	mov	%rdx, 528(%rsp)
	mov	%rdx, 536(%rsp)
	mov	%rdx, 544(%rsp)
	mov	%rdx, 552(%rsp)
	mov	%rdx, 560(%rsp)
	mov	%rdx, 568(%rsp)
	mov	config_mask(%rip), %eax
	je	4f
	xsavec64 (%rsp)
	jmp	5f
4:	xsave64	(%rsp)
	jmp	5f
3:	fxsave64 (%rsp)

5:	lea	8(%rbp), %rdi
	call	*config_dispatch(%rip)
	mov	%rax, 8(%rbp)
	cmpl	$1, config_how(%rip)
	jb	6f
	xor	%edx, %edx
	mov	config_mask(%rip), %eax
	xrstor64 (%rsp)
	jmp	7f
6:	fxrstor64 (%rsp)

7:	mov	%rbp, %rsp
	pop	%rbp
	pop	%rax
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	pop	%r11
	popfq
	lea	128(%rsp), %rsp
	jmp	*%r11

native:
	cmp	$59, %eax	/* execve and execveat, see call_inside() */
	je	capture
	cmp	$322, %eax
	je	capture
	popfq
	lea	128(%rsp), %rsp
	lea	-2(%r11), %rcx
	jmp	*%rcx

	.balign 16
pure_raw:
	RAW

/* Where the handler of SIGSYS returns to. */
	.balign 16
	nop
pure_restorer:
	mov	$15, %eax
	syscall

	.balign 8
pure_config:	/* struct pure_config */
config_dispatch:
	.quad	0
config_limit:
	.quad	0
config_size:
	.quad	0
config_mask:
	.long	0
config_how:
	.long	0
pure_code_end:
	.section .note.GNU-stack, "", @progbits
