/* SPDX-License-Identifier: GPL-2.0-or-later */
/* neighbours.out.S */
	.include "stub.inc"
	.text
	push	%rbx
	mov	(%rbx), %eax
	push	%rcx
	diverted 0, 8
4:	ja	1f
	pop	%rbx
	ret

	mov	$3, %eax
	jmp	2f
	mov	$4, %eax
2:	diverted 1, 8
5:	jae	1f
	ret

	test	%edi, %edi
	jz	3f
	push	%rax
3:	diverted 2, 7
6:	pop	%rax

	diverted 3, 7
7:	ret
1:	hlt

	.section .stubs, "ax"
	call_entry
	cmp	$-4096, %rax
	end_stub 4b

	call_entry
	cmp	$-4095, %rax
	end_stub 5b

	mov	$5, %eax
	call_entry
	end_stub 6b

	mov	%rcx, %r10
	call_entry
	mov	%eax, %edx
	end_stub 7b
