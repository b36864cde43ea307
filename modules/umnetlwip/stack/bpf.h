/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf.h - SO_ATTACH_FILTER: which packets a socket is given, and how much of each */
#ifndef ST_BPF_H
#define ST_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct st_bpf;

/**
 * struct st_bpf_packet - what a program may look at
 * @data, @len: as the socket is given it
 * @link: where the link's header begins; it ends with the same byte as data
 * @net: offset of the network header, from @link on
 * @proto: an ethertype
 * @tci, @tpid: of a tag of VLAN that is in data no more, if @vlan
 */
struct st_bpf_packet {
	const uint8_t *data, *link;
	size_t len, net;
	uint16_t proto;
	uint8_t pkttype;
	int ifindex;
	uint16_t hatype;
	bool vlan;
	uint16_t tci, tpid;
};

/*
 * Instructions (struct sock_filter) of a guest, size bytes. -EINVAL: the kernel
 * would not take them.
 */
int st_bpf_new(const void *code, size_t size, struct st_bpf **out);
void st_bpf_free(struct st_bpf *f);
/* How many bytes of the packet are wanted; 0: it is not. NULL: all. */
size_t st_bpf_run(const struct st_bpf *f, const struct st_bpf_packet *p);

#endif
