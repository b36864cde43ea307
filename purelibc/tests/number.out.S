/* SPDX-License-Identifier: GPL-2.0-or-later */
/* number.out.S */
	.include "stub.inc"
	.text
	diverted 0, 7
1:	ret

	diverted 1, 9
2:	ret

	diverted 2, 10
3:	jae	9f
	ret

	diverted 3, 10
4:	cmp	$-4095, %rax
	ja	9f
	ret
9:	hlt

	.section .stubs, "ax"
	mov	$39, %eax
	call_entry
	end_stub 1b

	mov	$257, %rax
	call_entry
	end_stub 2b

	xor	%eax, %eax
	call_entry
	cmp	$-4095, %rax
	end_stub 3b

	mov	$0x101, %eax
	mov	%rcx, %r10
	call_entry
	end_stub 4b
