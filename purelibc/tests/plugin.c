// SPDX-License-Identifier: GPL-2.0-or-later
/* plugin.c - a library with a system call instruction of its own */
long plugin_getpid(void);

long plugin_getpid(void)
{
	long ret = 39;

	__asm__ volatile("mov $39, %%eax\n\tsyscall"
			 : "=a"(ret)
			 :
			 : "rcx", "r11", "memory");
	return ret;
}
