// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * addrconv.c - addresses and errors between guests and lwIP
 *
 * An AF_INET6 socket's ::ffff:a.b.c.d is IPv4 to lwIP, and an IPv4 peer of such
 * a socket is shown in that form.
 */
#include <errno.h>
#include <string.h>

#include "iface.h"
#include "lwip/err.h"
#include "lwip/netif.h"
#include "sock.h"

/* The interface that a scoped address belongs to. */
static struct netif *scope_netif(const struct st_sock *s, uint32_t scope,
				 bool group)
{
	int index = scope	 ? (int)scope
		    : s->so.oif	 ? s->so.oif
		    : s->ip.oif6 ? s->ip.oif6
		    : group	 ? s->ip.mcast_if
				 : 0;
	struct st_iface *i = st_iface_by_index(index);

	if (i)
		return i->nif;
	/* Not told: the first that could be meant. */
	for (i = st_iface_first(); i; i = i->next)
		if (!st_iface_is_lo(i) && st_iface_is_up(i))
			return i->nif;
	return NULL;
}

static void set_zone(const struct st_sock *s, uint32_t scope, ip6_addr_t *ip)
{
	struct netif *nif = scope_netif(s, scope, ip6_addr_ismulticast(ip));

	if (nif)
		ip6_addr_assign_zone(ip, IP6_UNKNOWN, nif);
}

static int in6(const struct st_sock *s, const struct sockaddr_in6 *in6,
	       ip_addr_t *ip)
{
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		if (s->ip.v6only)
			return -ENETUNREACH;
		IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_V4);
		memcpy(&ip_2_ip4(ip)->addr, in6->sin6_addr.s6_addr + 12, 4);
		return 0;
	}
	IP_SET_TYPE(ip, IPADDR_TYPE_V6);
	memcpy(ip_2_ip6(ip)->addr, &in6->sin6_addr, 16);
	ip6_addr_clear_zone(ip_2_ip6(ip));
	if (ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
		set_zone(s, in6->sin6_scope_id, ip_2_ip6(ip));
	return 0;
}

void st_addr_somewhere(ip_addr_t *ip)
{
	if (!ip_addr_isany(ip))
		return;
	if (IP_IS_V6_VAL(*ip))
		ip6_addr_set_loopback(ip_2_ip6(ip));
	else
		ip4_addr_set_loopback(ip_2_ip4(ip));
}

int st_addr_in(const struct st_sock *s, const union st_sockaddr *addr,
	       socklen_t len, ip_addr_t *ip, uint16_t *port)
{
	memset(ip, 0, sizeof(*ip));
	if (len < sizeof(sa_family_t))
		return -EINVAL;
	if (s->domain == AF_INET6) {
		if (len < 24) /* SIN6_LEN_RFC2133 */
			return -EINVAL;
		if (addr->sa.sa_family != AF_INET6)
			return -EAFNOSUPPORT;
		*port = ntohs(addr->in6.sin6_port);
		return in6(s, &addr->in6, ip);
	}
	if (len < sizeof(addr->in))
		return -EINVAL;
	if (addr->sa.sa_family != AF_INET &&
	    !(addr->sa.sa_family == AF_UNSPEC &&
	      addr->in.sin_addr.s_addr == INADDR_ANY))
		return -EAFNOSUPPORT;
	*port = ntohs(addr->in.sin_port);
	IP_SET_TYPE(ip, IPADDR_TYPE_V4);
	ip_2_ip4(ip)->addr = addr->in.sin_addr.s_addr;
	return 0;
}

static uint32_t scope_of(const ip6_addr_t *ip)
{
	struct netif *nif = ip6_addr_has_zone(ip)
				    ? netif_get_by_index(ip6_addr_zone(ip))
				    : NULL;

	return nif ? (uint32_t)st_iface_of(nif)->index : 0;
}

socklen_t st_addr_out(int domain, const ip_addr_t *ip, uint16_t port,
		      union st_sockaddr *out)
{
	memset(out, 0, sizeof(*out));
	if (domain != AF_INET6) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(port);
		if (IP_IS_V4_VAL(*ip))
			out->in.sin_addr.s_addr = ip_2_ip4(ip)->addr;
		return sizeof(out->in);
	}
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(port);
	if (IP_IS_V6_VAL(*ip)) {
		memcpy(&out->in6.sin6_addr, ip_2_ip6(ip)->addr, 16);
		out->in6.sin6_scope_id = scope_of(ip_2_ip6(ip));
	} else if (!IP_IS_ANY_TYPE_VAL(*ip)) {
		out->in6.sin6_addr.s6_addr[10] = 0xff;
		out->in6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(out->in6.sin6_addr.s6_addr + 12, &ip_2_ip4(ip)->addr, 4);
	}
	return sizeof(out->in6);
}

int st_errno(err_t err)
{
	static const int of[] = {
		[-ERR_OK] = 0,
		[-ERR_MEM] = ENOBUFS,
		[-ERR_BUF] = ENOBUFS,
		[-ERR_TIMEOUT] = ETIMEDOUT,
		[-ERR_RTE] = ENETUNREACH,
		[-ERR_INPROGRESS] = EINPROGRESS,
		[-ERR_VAL] = EINVAL,
		[-ERR_WOULDBLOCK] = EAGAIN,
		[-ERR_USE] = EADDRINUSE,
		[-ERR_ALREADY] = EALREADY,
		[-ERR_ISCONN] = EISCONN,
		[-ERR_CONN] = ENOTCONN,
		[-ERR_IF] = EIO,
		[-ERR_ABRT] = ECONNABORTED,
		[-ERR_RST] = ECONNRESET,
		[-ERR_CLSD] = ENOTCONN,
		[-ERR_ARG] = EINVAL,
	};

	return err > 0 || -err >= (int)(sizeof(of) / sizeof(of[0])) ? EIO
								    : of[-err];
}
