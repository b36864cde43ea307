/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nl.h - messages of netlink: built, and told to those who listen
 *
 * rtnetlink(7), sock_diag(7).
 */
#ifndef ST_NL_H
#define ST_NL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "iface.h"
#include "route.h"

struct st_sock;

/* The fixed part of a request (NLMSG_DATA() drops the const). */
static inline const void *st_nl_data(const struct nlmsghdr *h)
{
	return (const char *)h + NLMSG_HDRLEN;
}

/* A buffer of messages that grows; failed: there was no memory. */
struct st_nl_out {
	uint8_t *data;
	size_t len, room;
	size_t begin; /* of the message at work */
	bool failed;
};

/* Begin a message with `size` bytes of fixed part, which is returned zeroed. */
void *st_nl_begin(struct st_nl_out *o, const struct nlmsghdr *asked, int type,
		  int flags, size_t size);
void st_nl_attr(struct st_nl_out *o, int type, const void *data, size_t len);
void st_nl_attr_u32(struct st_nl_out *o, int type, uint32_t value);
void st_nl_attr_str(struct st_nl_out *o, int type, const char *text);
/* A nest: what st_nl_nest() returned ends with st_nl_nest_end(). */
size_t st_nl_nest(struct st_nl_out *o, int type);
void st_nl_nest_end(struct st_nl_out *o, size_t nest);
void st_nl_end(struct st_nl_out *o);

/* Attributes of a request, by number; those above max are left out. */
struct st_nl_attrs {
	const struct nlattr *of[64];
};
/* -EINVAL: their lengths do not fit. */
int st_nl_parse(const void *data, size_t len, struct st_nl_attrs *out);
const void *st_nl_get(const struct st_nl_attrs *a, int type, size_t len);
uint32_t st_nl_get_u32(const struct st_nl_attrs *a, int type, uint32_t none);
/* A string of at most size - 1 bytes: 1; 0: not there; -EINVAL. */
int st_nl_get_str(const struct st_nl_attrs *a, int type, char *out,
		  size_t size);

/* The reason that goes with an error ("extended ack"). A constant. */
void st_nl_because(const char *why);
static inline int st_nl_fail(int err, const char *why)
{
	st_nl_because(why);
	return err;
}

/*
 * A request of one family of messages: from its fixed part on. Dumps write
 * messages to out; others answer 0 or -errno.
 */
typedef int (*st_nl_handler)(const struct nlmsghdr *h, struct st_nl_out *out);

int st_nl_link(const struct nlmsghdr *h, struct st_nl_out *out);
int st_nl_addr(const struct nlmsghdr *h, struct st_nl_out *out);
int st_nl_route(const struct nlmsghdr *h, struct st_nl_out *out);
int st_nl_neigh(const struct nlmsghdr *h, struct st_nl_out *out);
int st_nl_rule(const struct nlmsghdr *h, struct st_nl_out *out);
int st_nl_diag(const struct nlmsghdr *h, struct st_nl_out *out);

/* Something changed: tell the groups. gone: it was removed. */
void st_nl_link_changed(const struct st_iface *i, bool gone);
void st_nl_addr4_changed(const struct st_iface *i, const struct st_addr4 *a,
			 bool gone);
void st_nl_addr6_changed(const struct st_iface *i, int slot, bool gone);
void st_nl_route_changed(const struct st_route *r, bool gone);

/* Send what was built to the members of a group, and empty it. */
void st_nl_tell(int group, struct st_nl_out *o);

#endif
