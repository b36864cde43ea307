/* SPDX-License-Identifier: GPL-2.0-or-later */
/* string.h - the few byte loops the agent needs; it has no libc */
#ifndef UM_AGENT_STRING_H
#define UM_AGENT_STRING_H

static inline void um_copy(void *to, const void *from, unsigned long n)
{
#ifdef __clang_analyzer__ /* does not see what assembler writes */
	__builtin_memcpy(to, from, n);
#else
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
#endif
}

static inline void um_zero(void *to, unsigned long n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0) : "memory");
}

static inline unsigned long um_strlen(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	return n;
}

#endif
