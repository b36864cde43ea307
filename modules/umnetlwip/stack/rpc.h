/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc.h - requests of the module; see netproc/proto.h */
#ifndef ST_RPC_H
#define ST_RPC_H

/* fd: the stack's end of the pair. */
int st_rpc_init(int fd);
/* The interfaces of the command line are there: tell the module. */
void st_rpc_ready(void);

#endif
