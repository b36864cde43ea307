/* SPDX-License-Identifier: GPL-2.0-or-later */
/* number.in.S - the number is loaded just before the call */
	.text
	mov	$39, %eax
	syscall
	ret

	mov	$257, %rax
	syscall
	ret

	/* seven bytes are not reached without what follows */
	xor	%eax, %eax
	syscall
	cmp	$-4095, %rax
	jae	1f
	ret

	/* what is between the number and the call moves as well */
	mov	$0x101, %eax
	mov	%rcx, %r10
	syscall
	cmp	$-4095, %rax
	ja	1f
	ret
1:	hlt
