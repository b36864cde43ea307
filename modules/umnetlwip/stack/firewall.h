/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall.h - a packet's way through the chains, and NAT */
#ifndef ST_FIREWALL_H
#define ST_FIREWALL_H

#include "conntrack.h"
#include "iface.h"
#include "rules.h"

/*
 * Each says what becomes of the packet: ST_ACCEPT, ST_DROP or ST_REJECT. With
 * anything else than ST_ACCEPT the connection that was begun is forgotten, and
 * with the last chain of a way it is kept.
 *
 * A packet from a link: first in(), which gives it its destination; then local()
 * if it is for us, or pass() if it goes on.
 */
enum st_verdict st_firewall_in(const struct st_iface *in,
			       const struct st_ip *ip, struct st_track *t);
enum st_verdict st_firewall_local(const struct st_iface *in,
				  const struct st_ip *ip, struct st_track *t);
enum st_verdict st_firewall_pass(const struct st_iface *in,
				 const struct st_iface *out,
				 const struct st_ip *ip, struct st_track *t);
/* Our own packet leaves. changes: it is to be given to st_conn_translate(). */
enum st_verdict st_firewall_out(const struct st_iface *out,
				const struct st_ip *ip, struct st_track *t,
				bool *changes);

#endif
