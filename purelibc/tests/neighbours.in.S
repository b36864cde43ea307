/* SPDX-License-Identifier: GPL-2.0-or-later */
/* neighbours.in.S - the number is not known, or comes from elsewhere */
	.text
	push	%rbx
	mov	(%rbx), %eax
	push	%rcx
	/* only what follows may move */
	syscall
	cmp	$-4096, %rax
	ja	1f
	pop	%rbx
	ret

	/* a branch to the call itself: only what follows */
	mov	$3, %eax
	jmp	2f
	mov	$4, %eax
2:	syscall
	cmp	$-4095, %rax
	jae	1f
	ret

	/* a branch to the beginning does no harm */
	test	%edi, %edi
	jz	3f
	push	%rax
3:	mov	$5, %eax
	syscall
	pop	%rax

	/* both sides, and a return that is carried out in the stub */
	mov	%rcx, %r10
	syscall
	mov	%eax, %edx
	ret
1:	hlt
