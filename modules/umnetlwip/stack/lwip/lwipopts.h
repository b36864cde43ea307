/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwipopts.h - how lwIP is built for a stack process
 *
 * No operating system layer: one thread calls it, from an epoll loop, with the
 * callback API. Memory is malloc's. Interfaces, addresses and routes are in
 * tables of ours (iface.h, route.h), which decide by way of the hooks below.
 */
#ifndef ST_LWIPOPTS_H
#define ST_LWIPOPTS_H

#define NO_SYS			     1
#define SYS_LIGHTWEIGHT_PROT	     0
#define LWIP_SOCKET		     0
#define LWIP_NETCONN		     0
#define LWIP_TIMERS		     0 /* clock.c calls them, if there is need */
#define MEM_LIBC_MALLOC		     1
#define MEMP_MEM_MALLOC		     1
#define MEM_ALIGNMENT		     8
#define MEM_SIZE		     (1 << 24)
#define PBUF_POOL_BUFSIZE	     2048
#define LWIP_SINGLE_NETIF	     0
#define LWIP_HAVE_LOOPIF	     1
#define LWIP_NETIF_LOOPBACK	     1
#define LWIP_LOOPIF_MULTICAST	     1
#define LWIP_LOOPBACK_MAX_PBUFS	     0
#define LWIP_NETIF_HWADDRHINT	     0
#define LWIP_STATS		     0
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_NETIF_TX_SINGLE_PBUF    0

#define LWIP_IPV4		      1
#define IP_FORWARD		      0 /* forward.c */
#define IP_REASSEMBLY		      1
#define IP_FRAG			      1
#define IP_REASS_MAX_PBUFS	      256
#define IP_DEFAULT_TTL		      64
#define IP_SOF_BROADCAST	      1
#define IP_SOF_BROADCAST_RECV	      0
#define ARP_TABLE_SIZE		      120
#define ARP_QUEUEING		      1
#define ARP_QUEUE_LEN		      64
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define LWIP_ICMP		      1
#define LWIP_BROADCAST_PING	      0
#ifndef LWIP_MULTICAST_PING /* 1 for ICMPv6: as Linux has it */
#define LWIP_MULTICAST_PING 0
#endif
#define LWIP_RAW		   1
#define RAW_TTL			   64
#define LWIP_IGMP		   1
#define LWIP_MULTICAST_TX_OPTIONS  1
#define LWIP_DHCP		   1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_DHCP_GET_NTP_SRV	   0
#define LWIP_DNS		   1 /* keeps the servers that DHCP and RAs name */
#define DNS_MAX_SERVERS		   2

#define LWIP_AUTOIP 0
#define LWIP_ACD    0

#define LWIP_IPV6		       1
#define LWIP_IPV6_NUM_ADDRESSES	       16
#define LWIP_IPV6_FORWARD	       0
#define LWIP_IPV6_FRAG		       1
#define LWIP_IPV6_REASS		       1
#define IPV6_FRAG_COPYHEADER	       1
#define LWIP_IPV6_MLD		       1
#define LWIP_ICMP6		       1
#define LWIP_ICMP6_HL		       255
#define LWIP_IPV6_AUTOCONFIG	       1
#define LWIP_IPV6_ADDRESS_LIFETIMES    1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT  1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS  1
#define LWIP_IPV6_SCOPES	       1
#define LWIP_ND6_QUEUEING	       1
#define LWIP_ND6_NUM_NEIGHBORS	       100
#define LWIP_ND6_NUM_DESTINATIONS      120
#define LWIP_ND6_NUM_PREFIXES	       16
#define LWIP_ND6_NUM_ROUTERS	       8
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define MEMP_NUM_ND6_QUEUE	       256

#define LWIP_UDP	     1
#define LWIP_UDPLITE	     0
#define LWIP_NETBUF_RECVINFO 1

/*
 * TCP: the timers are finer than lwIP's own (250 ms, 3 s), without which a lost
 * segment stops a connection for seconds. The segment size is the largest
 * there may be; a connection's own follows the MTU. (What lwIP's checks say of it is
 * about windows of 16 bits, which these are not.) The threshold is also for windows of
 * 64 KiB: links that want them, peers that do not scale.
 */
#define LWIP_DISABLE_TCP_SANITY_CHECKS	  1
#define LWIP_TCP			  1
#define TCP_MSS				  65480
#define LWIP_WND_SCALE			  1
#define TCP_RCV_SCALE			  7
#define TCP_WND				  (256 * 1024)
#define TCP_WND_UPDATE_THRESHOLD	  (32 * 1024)
#define TCP_SND_BUF			  (256 * 1024)
#define TCP_SND_QUEUELEN		  1024
#define TCP_SNDLOWAT			  8192
#define TCP_SNDQUEUELOWAT		  512
#define TCP_OVERSIZE			  1460
#define MEMP_NUM_TCP_SEG		  65536
#define MEMP_NUM_TCP_PCB		  65536
#define TCP_QUEUE_OOSEQ			  1
#define LWIP_TCP_SACK_OUT		  1
#define LWIP_TCP_TIMESTAMPS		  0
#define TCP_TMR_INTERVAL		  10
#define LWIP_TCP_RTO_TIME		  300
#define TCP_MAXRTX			  12 /* and more: tcptimer.c */
#define TCP_SYNMAXRTX			  8  /* two and a half */
#define TCP_MSL				  30000UL
#define TCP_LISTEN_BACKLOG		  1
#define LWIP_TCP_KEEPALIVE		  1
#define SO_REUSE			  1
#define SO_REUSE_RXTOALL		  1
#define LWIP_TCP_CLOSE_TIMEOUT_MS_DEFAULT 20000

#define LWIP_CHKSUM st_chksum
#include <stdint.h>
uint16_t st_chksum(const void *data, int len);

#define LWIP_HOOK_FILENAME		     "st_hooks.h"
#define LWIP_HOOK_IP4_ROUTE_SRC(src, dest)   st_hook_route4(src, dest)
#define LWIP_HOOK_ETHARP_GET_GW(netif, dest) st_hook_gateway4(netif, dest)
#define LWIP_HOOK_IP6_ROUTE(src, dest)	     st_hook_route6(src, dest)
#define LWIP_HOOK_ND6_GET_GW(netif, dest)    st_hook_gateway6(netif, dest)
#define LWIP_HOOK_IP4_INPUT(pbuf, netif)     st_hook_input4(pbuf, netif)
#define LWIP_HOOK_IP6_INPUT(pbuf, netif)     st_hook_input6(pbuf, netif)
#define LWIP_HOOK_TCP_ISN(local, lport, remote, rport)                         \
	st_hook_isn(local, lport, remote, rport)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, h, len, one, two, p)                   \
	st_hook_tcp_input(pcb, h, p)
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, h, pcb, options)                      \
	st_hook_tcp_output(pcb, h, options)
#include "st_hooks.h"

#endif
