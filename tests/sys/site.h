/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site.h - system calls made with all registers given, and all looked at
 *
 * SITE(name, code) defines name(in, out): the registers from in, the code, the
 * registers to out. The code ends behind its call; it may use the stack.
 */
#ifndef SITE_H
#define SITE_H

#include "check.h"

/* In the order of the code below. */
struct regs {
	unsigned long rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15;
	unsigned long rflags;
	unsigned long rax;
};

typedef void (*site_fn)(const struct regs *in, struct regs *out);

#define SITE(name, code)                                                       \
	void name(const struct regs *in, struct regs *out);                    \
	__asm__(".text\n.p2align 4\n" #name ":\n"                              \
		"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\n"      \
		"push %r15\npush %rsi\n"                                       \
		"mov %rdi,%rax\n"                                              \
		"mov 0(%rax),%rbx\nmov 8(%rax),%rdx\nmov 16(%rax),%rsi\n"      \
		"mov 24(%rax),%rdi\nmov 32(%rax),%rbp\nmov 40(%rax),%r8\n"     \
		"mov 48(%rax),%r9\nmov 56(%rax),%r10\nmov 64(%rax),%r12\n"     \
		"mov 72(%rax),%r13\nmov 80(%rax),%r14\nmov 88(%rax),%r15\n"    \
		"push 96(%rax)\npopf\n"                                        \
		"mov 104(%rax),%rax\n" code "mov %rax,%rcx\nmov (%rsp),%rax\n" \
		"mov %rbx,0(%rax)\nmov %rdx,8(%rax)\nmov %rsi,16(%rax)\n"      \
		"mov %rdi,24(%rax)\nmov %rbp,32(%rax)\nmov %r8,40(%rax)\n"     \
		"mov %r9,48(%rax)\nmov %r10,56(%rax)\nmov %r12,64(%rax)\n"     \
		"mov %r13,72(%rax)\nmov %r14,80(%rax)\nmov %r15,88(%rax)\n"    \
		"mov %rcx,104(%rax)\n"                                         \
		"pushf\npop 96(%rax)\ncld\n"                                   \
		"pop %rsi\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\n" \
		"pop %rbx\nret\n")

/* What a call must leave alone, but for the flags. */
static inline void check_kept(const struct regs *got, const struct regs *in)
{
	CHECK_EQ(got->rbx, in->rbx);
	CHECK_EQ(got->rdx, in->rdx);
	CHECK_EQ(got->rsi, in->rsi);
	CHECK_EQ(got->rdi, in->rdi);
	CHECK_EQ(got->rbp, in->rbp);
	CHECK_EQ(got->r8, in->r8);
	CHECK_EQ(got->r9, in->r9);
	CHECK_EQ(got->r10, in->r10);
	CHECK_EQ(got->r12, in->r12);
	CHECK_EQ(got->r13, in->r13);
	CHECK_EQ(got->r14, in->r14);
	CHECK_EQ(got->r15, in->r15);
}

#endif
