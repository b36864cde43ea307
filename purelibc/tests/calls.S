/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calls.S - system calls with all registers in sight */
	.text
	.globl replaceable_getpid, fixed_call, keeps_registers

/* long replaceable_getpid(void) */
replaceable_getpid:
	mov	$39, %eax
	syscall
	ret

/* long fixed_call(long nr, long a, long b): nothing around can be moved */
fixed_call:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	push	%rbx
	test	%rax, %rax
	jns	1f
	xor	%eax, %eax
1:	syscall
	pop	%rbx
	ret

/*
 * long keeps_registers(void): 0, or the number of what has changed. Checks the
 * general registers, flags, the red zone and the low vector registers.
 */
keeps_registers:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	$0x1111111111111111, %rdi
	mov	$0x2222222222222222, %rsi
	mov	$0x3333333333333333, %rdx
	mov	$0x4444444444444444, %r10
	mov	$0x5555555555555555, %r8
	mov	$0x6666666666666666, %r9
	mov	$0x7777777777777777, %rbx
	mov	$0x8888888888888888, %rbp
	mov	%rsp, %r12
	mov	%rdi, -16(%rsp)
	mov	%rsi, -128(%rsp)
	movq	%rdi, %xmm0
	movq	%rsi, %xmm7
	movq	%rdx, %xmm15
	stc
	std
	mov	$39, %eax
	syscall
	mov	$1, %r11d
	jnc	9f
	pushf
	pop	%r13
	cld
	mov	$2, %r11d
	test	$0x400, %r13d
	jz	9f
	mov	$3, %r11d
	cmp	%rsp, %r12
	jne	9f
	mov	$4, %r11d
	cmp	%rsi, -128(%rsp)
	jne	9f
	cmp	%rdi, -16(%rsp)
	jne	9f
.macro expect number register value
	mov	$\number, %r11d
	mov	$\value, %r13
	cmp	%r13, \register
	jne	9f
.endm
	expect	5, %rdi, 0x1111111111111111
	expect	6, %rsi, 0x2222222222222222
	expect	7, %rdx, 0x3333333333333333
	expect	8, %r10, 0x4444444444444444
	expect	9, %r8, 0x5555555555555555
	expect	10, %r9, 0x6666666666666666
	expect	11, %rbx, 0x7777777777777777
	expect	12, %rbp, 0x8888888888888888
	movq	%xmm0, %r14
	expect	13, %r14, 0x1111111111111111
	movq	%xmm7, %r14
	expect	14, %r14, 0x2222222222222222
	movq	%xmm15, %r14
	expect	15, %r14, 0x3333333333333333
	mov	$16, %r11d
	cmp	%rax, %rdi	/* the result, a process id, is none of these */
	je	9f
	xor	%r11d, %r11d
9:	mov	%r11d, %eax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
