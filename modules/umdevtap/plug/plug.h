/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plug.h - tap interfaces whose other end is a plug in a switch, or any VNL */
#ifndef TAP_PLUG_H
#define TAP_PLUG_H

#include <poll.h>
#include <stddef.h>

/* Which names have a VNL: "NAME=VNL", or "=VNL" for all others. */
void plug_init(char **words);
/*
 * What is waited for: fill in at most `room` of them. *timeout: how long at most,
 * ms. Return: how many.
 */
size_t plug_poll(struct pollfd *fds, size_t room, int *timeout);
/* What came of it. */
void plug_serve(const struct pollfd *fds, size_t n);

#endif
