/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vuctl_nr.h - the numbers of vuctl.h that code without a libc needs too */
#ifndef UMVIEW_VUCTL_NR_H
#define UMVIEW_VUCTL_NR_H

#define UM_NR_VUCTL	 0x564957
#define UM_VUCTL_HELLO	 11
#define UM_VUCTL_EXEC	 12
#define UM_VUCTL_EXECAT	 13
#define UM_VUCTL_CHDIR	 14
#define UM_VUCTL_FCHDIR	 15
#define UM_VUCTL_TEXT	 16
#define UM_VUCTL_CLOSE	 17
#define UM_VUCTL_MSOCKET 20
#define UM_VUCTL_GIVE	 22
#define UM_VUCTL_MAP	 23
#define UM_VUCTL_SETTLE	 24

/* EXEC, EXECAT: no descriptor is needed, the caller can exec the agent. */
#define UM_VUCTL_BY_SELF 1

/* An answer: make the call as it was, natively. Above any descriptor. */
#define UM_VUCTL_NATIVE 0x40000000

#endif
