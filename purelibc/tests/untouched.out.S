/* SPDX-License-Identifier: GPL-2.0-or-later */
/* untouched.out.S - the first call alone is replaced, with its whole neighbour */
	.include "stub.inc"
	.text
	/* the last bytes of an instruction that looks like mov $39, %eax */
	push	%rbx
	diverted 0, 8
4:	push	%rax
	/* mov to another register; nothing else around may move */
	call	1f
	lea	1f(%rip), %rsi
	syscall
	pop	%rax
	/* branches to the call and behind it */
	mov	$39, %eax
2:	syscall
3:	nopl	1f(%rip)
	jmp	2b
	jne	3b
	/* numbers of no call */
	mov	$0x12345, %eax
	syscall
	push	%rax
	/* the bytes 0f 05 within other instructions */
	mov	$0x050f0027, %ebx
	movabs	$0x050f00000027b8, %rbx
	lea	0x050f(%rbx), %rax
	hlt
	/* this one is left out by its number */
	mov	$56, %eax
	syscall
	ret
1:	ret

	.section .stubs, "ax"
	{disp32} mov 39(%rax), %edi
	call_entry
	end_stub 4b
