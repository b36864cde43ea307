// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * files.c - texts of /proc/net, /sys/class/net, resolv.conf; the rest: sysctl.c
 *
 * Columns as the kernel writes them: net-tools, busybox and ss read them.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack.h"
#include "iface.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "route.h"
#include "sock.h"
#include "stream.h"
#include "sysctl.h"
#include "tap.h"

static void dev(FILE *f)
{
	fputs("Inter-|   Receive                                                |  Transmit\n"
	      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n",
	      f);
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		fprintf(f,
			"%6s: %7llu %7llu %4llu %4llu    0     0          0 %9llu %8llu %7llu %4llu %4llu    0     0       0          0\n",
			i->name, (unsigned long long)i->rx.bytes,
			(unsigned long long)i->rx.packets,
			(unsigned long long)i->rx.errors,
			(unsigned long long)i->rx.dropped,
			(unsigned long long)i->multicast,
			(unsigned long long)i->tx.bytes,
			(unsigned long long)i->tx.packets,
			(unsigned long long)i->tx.errors,
			(unsigned long long)i->tx.dropped);
}

static void route4(FILE *f)
{
	const struct st_route *r;

	fprintf(f, "%-127s\n",
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
	for (size_t n = 0; (r = st_route_at(n)); n++) {
		const struct st_iface *i = st_iface_by_index(r->oif);
		uint32_t dst, gw;
		char line[160];

		if (r->family != AF_INET || r->table != 254)
			continue;
		memcpy(&dst, r->dst, 4);
		memcpy(&gw, r->gateway, 4);
		snprintf(line, sizeof(line),
			 "%s\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X\t%u\t0\t0",
			 i ? i->name : "*", dst, gw,
			 RTF_UP | (r->has_gateway ? RTF_GATEWAY : 0) |
				 (r->prefix == 32 ? RTF_HOST : 0) |
				 (i ? 0 : RTF_REJECT),
			 r->metric,
			 r->prefix ? htonl(~0U << (32 - r->prefix)) : 0,
			 r->mtu);
		fprintf(f, "%-127s\n", line);
	}
}

static void hex(FILE *f, const uint8_t *p)
{
	for (int n = 0; n < 16; n++)
		fprintf(f, "%02x", p[n]);
}

static void route6(FILE *f)
{
	static const uint8_t zero[16];
	const struct st_route *r;

	for (size_t n = 0; (r = st_route_at(n)); n++) {
		const struct st_iface *i = st_iface_by_index(r->oif);

		if (r->family != AF_INET6)
			continue;
		hex(f, r->dst);
		fprintf(f, " %02x ", r->prefix);
		hex(f, zero);
		fputs(" 00 ", f);
		hex(f, r->gateway);
		fprintf(f, " %08x 00000001 00000000 %08x %8s\n", r->metric,
			(unsigned int)(RTF_UP |
				       (r->has_gateway ? RTF_GATEWAY : 0)),
			i ? i->name : "lo");
	}
}

static void if_inet6(FILE *f)
{
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		for (int n = 0; n < LWIP_IPV6_NUM_ADDRESSES; n++) {
			const ip6_addr_t *ip = netif_ip6_addr(i->nif, n);
			int state = netif_ip6_addr_state(i->nif, n);

			if (ip6_addr_isinvalid(state))
				continue;
			hex(f, (const void *)ip->addr);
			fprintf(f, " %02x %02x %02x %02x %8s\n", i->index,
				i->prefix6[n],
				ip6_addr_isloopback(ip)	   ? 0x10
				: ip6_addr_islinklocal(ip) ? 0x20
							   : 0,
				ip6_addr_istentative(state) ? 0x40 : 0x80,
				i->name);
		}
}

static void arp(FILE *f)
{
	ip4_addr_t *ip;
	struct netif *nif;
	struct eth_addr *mac;

	fputs("IP address       HW type     Flags       HW address            Mask     Device\n",
	      f);
	for (size_t n = 0; n < ARP_TABLE_SIZE; n++)
		if (etharp_get_entry(n, &ip, &nif, &mac))
			fprintf(f,
				"%-16s 0x1         0x2         %02x:%02x:%02x:%02x:%02x:%02x     *        %s\n",
				ip4addr_ntoa(ip), mac->addr[0], mac->addr[1],
				mac->addr[2], mac->addr[3], mac->addr[4],
				mac->addr[5], st_iface_of(nif)->name);
}

static void put_end(FILE *f, const union st_sockaddr *a, bool six)
{
	uint32_t w[4];

	if (six) {
		memcpy(w, &a->in6.sin6_addr, 16);
		fprintf(f, "%08X%08X%08X%08X:%04X", w[0], w[1], w[2], w[3],
			ntohs(a->in6.sin6_port));
	} else {
		fprintf(f, "%08X:%04X", a->in.sin_addr.s_addr,
			ntohs(a->in.sin_port));
	}
}

static void sockets(FILE *f, const struct st_proto *proto, int domain)
{
	bool six = domain == AF_INET6, tcp = proto == &st_tcp;
	int slot = 0;

	st_sock_reap(NULL);
	if (tcp)
		fprintf(f, "%-149s\n",
			six ? "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
			    : "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
	else
		fprintf(f, "%-127s\n",
			six ? "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops"
			    : "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops");
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s)) {
		static const union st_sockaddr none;
		int state = s->connected ? 1 : 7;

		if (s->proto != proto || s->domain != domain || !s->priv)
			continue;
		if (tcp)
			state = st_tcp_state(s->priv);
		if (tcp ? state == 7 : !s->bound)
			continue;
		fprintf(f, "%4d: ", slot++);
		put_end(f, &s->local, six);
		fputc(' ', f);
		put_end(f, s->connected && state != 10 ? &s->remote : &none,
			six);
		fprintf(f,
			" %02X 00000000:00000000 00:00000000 00000000 %5u        0 %llu 1 0000000000000000%s\n",
			(unsigned int)state, 0U, (unsigned long long)s->inode,
			tcp ? " 20 0 0 10 -1" : " 0");
	}
}

static void tcp4(FILE *f)
{
	sockets(f, &st_tcp, AF_INET);
}

static void tcp6(FILE *f)
{
	sockets(f, &st_tcp, AF_INET6);
}

static void udp4(FILE *f)
{
	sockets(f, &st_udp, AF_INET);
}

static void udp6(FILE *f)
{
	sockets(f, &st_udp, AF_INET6);
}

static void raw4(FILE *f)
{
	sockets(f, &st_raw, AF_INET);
}

static void raw6(FILE *f)
{
	sockets(f, &st_raw, AF_INET6);
}

static void sockstat(FILE *f)
{
	int tcp = 0, udp = 0, raw = 0;

	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s)) {
		tcp += s->proto == &st_tcp;
		udp += s->proto == &st_udp;
		raw += s->proto == &st_raw;
	}
	fprintf(f,
		"sockets: used %d\nTCP: inuse %d orphan 0 tw 0 alloc %d mem 0\n"
		"UDP: inuse %d mem 0\nUDPLITE: inuse 0\nRAW: inuse %d\n"
		"FRAG: inuse 0 memory 0\n",
		tcp + udp + raw, tcp, tcp, udp, raw);
}

/* The servers that DHCP and routers named; slirp's where there is none. */
static void resolv_conf(FILE *f)
{
	char text[INET6_ADDRSTRLEN];
	bool any = false;

	for (u8_t n = 0; n < DNS_MAX_SERVERS; n++) {
		const ip_addr_t *ip = dns_getserver(n);

		if (ip_addr_isany(ip))
			continue;
		inet_ntop(IP_IS_V6(ip) ? AF_INET6 : AF_INET,
			  IP_IS_V6(ip) ? (const void *)ip_2_ip6(ip)->addr
				       : (const void *)&ip_2_ip4(ip)->addr,
			  text, sizeof(text));
		fprintf(f, "nameserver %s\n", text);
		any = true;
	}
	for (struct st_iface *i = st_iface_first(); i && !any; i = i->next)
		if (i->link && !strcmp(i->link->kind, "slirp")) {
			fputs("nameserver 10.0.2.3\n", f);
			any = true;
		}
}

static const struct {
	const char *path;
	void (*write)(FILE *f);
} files[] = {
	{ "/proc/net/dev", dev },
	{ "/proc/net/route", route4 },
	{ "/proc/net/ipv6_route", route6 },
	{ "/proc/net/if_inet6", if_inet6 },
	{ "/proc/net/arp", arp },
	{ "/proc/net/tcp", tcp4 },
	{ "/proc/net/tcp6", tcp6 },
	{ "/proc/net/udp", udp4 },
	{ "/proc/net/udp6", udp6 },
	{ "/proc/net/raw", raw4 },
	{ "/proc/net/raw6", raw6 },
	{ "/proc/net/sockstat", sockstat },
	{ "/proc/net/nf_conntrack", st_conn_print },
	{ "/etc/resolv.conf", resolv_conf },
};

/* ---- /sys/class/net/NAME/FILE ---- */

static const struct {
	const char *name;
	size_t offset;
} statistics[] = {
	{ "rx_bytes", offsetof(struct st_iface, rx.bytes) },
	{ "rx_packets", offsetof(struct st_iface, rx.packets) },
	{ "rx_errors", offsetof(struct st_iface, rx.errors) },
	{ "rx_dropped", offsetof(struct st_iface, rx.dropped) },
	{ "tx_bytes", offsetof(struct st_iface, tx.bytes) },
	{ "tx_packets", offsetof(struct st_iface, tx.packets) },
	{ "tx_errors", offsetof(struct st_iface, tx.errors) },
	{ "tx_dropped", offsetof(struct st_iface, tx.dropped) },
	{ "multicast", offsetof(struct st_iface, multicast) },
};

static bool statistic(FILE *f, const struct st_iface *i, const char *name)
{
	for (size_t n = 0; n < sizeof(statistics) / sizeof(statistics[0]); n++)
		if (!strcmp(statistics[n].name, name)) {
			uint64_t v;

			memcpy(&v, (const char *)i + statistics[n].offset,
			       sizeof(v));
			fprintf(f, "%llu\n", (unsigned long long)v);
			return true;
		}
	return false;
}

static bool statistic_names(FILE *f)
{
	for (size_t n = 0; n < sizeof(statistics) / sizeof(statistics[0]); n++)
		fprintf(f, "%s\n", statistics[n].name);
	return true;
}

static bool class_file(FILE *f, const struct st_iface *i, const char *name)
{
	const uint8_t *mac = i->nif->hwaddr;
	bool running = st_iface_is_up(i) && i->carrier;

	if (st_tap_file(f, i, name))
		return true;
	if (!strcmp(name, "address") && st_iface_is_l3(i))
		fputs("\n", f);
	else if (!strcmp(name, "address"))
		fprintf(f, "%02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5]);
	else if (!strcmp(name, "mtu"))
		fprintf(f, "%d\n", i->mtu);
	else if (!strcmp(name, "ifindex") || !strcmp(name, "iflink"))
		fprintf(f, "%d\n", i->index);
	else if (!strcmp(name, "type"))
		fprintf(f, "%d\n", st_iface_type(i));
	else if (!strcmp(name, "operstate"))
		fputs(st_iface_is_lo(i) ? "unknown\n"
		      : running		? "up\n"
					: "down\n",
		      f);
	else if (!strcmp(name, "carrier"))
		fprintf(f, "%d\n", running);
	else if (!strcmp(name, "flags"))
		fprintf(f, "0x%x\n", st_iface_flags(i) & 0xffff);
	else if (!strcmp(name, "tx_queue_len"))
		fprintf(f, "%d\n", i->txqlen);
	else if (!strcmp(name, "ifalias"))
		fprintf(f, "%s\n", i->alias);
	else if (!strcmp(name, "addr_len"))
		fputs(st_iface_is_l3(i) ? "0\n" : "6\n", f);
	else if (!strcmp(name, "broadcast"))
		fputs(st_iface_is_lo(i)	  ? "00:00:00:00:00:00\n"
		      : st_iface_is_l3(i) ? "\n"
					  : "ff:ff:ff:ff:ff:ff\n",
		      f);
	else if (!strncmp(name, "statistics/", 11))
		return statistic(f, i, name + 11);
	else
		return false;
	return true;
}

static bool class_dir(FILE *f, const struct st_iface *i, const char *name)
{
	static const char *const names[] = {
		"addr_len",	"address",   "broadcast", "carrier",
		"flags",	"ifalias",   "ifindex",	  "iflink",
		"mtu",		"operstate", "type",	  "statistics",
		"tx_queue_len",
	};

	if (*name)
		return !strcmp(name, "statistics/") && statistic_names(f);
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		fprintf(f, "%s\n", names[n]);
	if (st_tap_of(i))
		fputs("group\nowner\ntun_flags\n", f);
	return true;
}

/* With a slash at the end it is a directory: a name a line. */
static bool class_net(FILE *f, const char *rest)
{
	char name[IFNAMSIZ];
	const char *slash = strchr(rest, '/');
	struct st_iface *i;

	if (!*rest) {
		for (i = st_iface_first(); i; i = i->next)
			fprintf(f, "%s\n", i->name);
		return true;
	}
	if (!slash || (size_t)(slash - rest) >= sizeof(name))
		return false;
	memcpy(name, rest, (size_t)(slash - rest));
	name[slash - rest] = '\0';
	i = st_iface_by_name(name);
	if (!i)
		return false;
	return rest[strlen(rest) - 1] == '/' ? class_dir(f, i, slash + 1)
					     : class_file(f, i, slash + 1);
}

static bool write_file(FILE *f, const char *path)
{
	static const char class[] = "/sys/class/net/";

	for (size_t n = 0; n < sizeof(files) / sizeof(files[0]); n++)
		if (!strcmp(files[n].path, path)) {
			files[n].write(f);
			return true;
		}
	if (!strncmp(path, class, sizeof(class) - 1))
		return class_net(f, path + sizeof(class) - 1);
	return st_sysctl_print(f, path);
}

ssize_t st_file_text(const char *path, char **out)
{
	size_t size = 0;
	FILE *f = open_memstream(out, &size);
	bool known;

	if (!f)
		return -ENOMEM;
	known = write_file(f, path);
	if (fclose(f) != 0) {
		free(*out);
		return -ENOMEM;
	}
	if (known)
		return (ssize_t)size;
	free(*out);
	return -ENOENT;
}
