/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnl.h - plugs in VDE switches, or any VNL, that never make their reader wait
 *
 * For vde_cryptcab, and for the processes of the modules umnetlwip and umdevtap.
 */
#ifndef UM_CMDS_VNL_H
#define UM_CMDS_VNL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <libvdeplug.h>

/* vnl, descr: as of vde_open(3). Return: 0, or -errno. */
int vnl_open(const char *vnl, const char *descr, VDECONN **out);

/* Is there something to read? */
bool vnl_is_ready(VDECONN *conn);

/*
 * One frame, once vnl_is_ready() or poll(2) has said so. Return: its bytes; 0: it
 * was none; -ENOTCONN: the switch is gone.
 */
ssize_t vnl_receive(VDECONN *conn, void *frame, size_t size);

#endif
