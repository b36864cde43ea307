/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vuctl_nr.h - the numbers of vuctl.h that code without a libc needs too */
#ifndef UMVIEW_VUCTL_NR_H
#define UMVIEW_VUCTL_NR_H

#define UM_NR_VUCTL    0x564957
#define UM_VUCTL_HELLO 11
#define UM_VUCTL_EXEC  12

#endif
