/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet.h - packet sockets on a TAP of the test's own, for packet_*.c */
#ifndef SYS_PACKET_H
#define SYS_PACKET_H

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/mman.h>

#include "tun.h"

/* An ethertype that nothing else here uses. */
#define K_PROTO 0x88b5
/* For whatever comes by itself, in ms. */
#define K_PATIENCE 20000

enum { K_HEAD = 14, K_FRAME = 60 };

/* What stands before data that a program may be interested in. */
struct k_frame {
	unsigned char to[6], from[6];
	unsigned char proto[2];
	unsigned char text[K_FRAME - K_HEAD];
};

/* The interface k0, which is up; the descriptor of its other side. */
int k_tap(void);
/* A socket bound to k0 and K_PROTO; proto 0: not bound. */
int k_socket(int type, int proto);
/* A frame with byte n in it, as it comes from the other side, len long. */
void k_frame(struct k_frame *out, int n);
void k_come(int tap, int n, size_t len);
/* The next one of K_PROTO that went out; its length. */
ssize_t k_gone(int tap, void *buf, size_t size);
void k_set(int fd, int name, int value);
int k_get(int fd, int name);
/* SO_ATTACH_FILTER */
int k_attach(int fd, struct sock_filter *code, size_t n);
/* What poll(2) says now. */
int k_mask(int fd);

/* A ring, and where in it the next frame is. */
struct k_ring {
	int version;
	struct tpacket_req3 req;
	unsigned char *at;
	size_t size;
	unsigned int next;
};

/* Of that many frames (V3: blocks), 2048 bytes each; mapped. */
void k_ring(int fd, int version, unsigned int count, unsigned int tov,
	    struct k_ring *out);
int k_ask_ring(int fd, int name, struct k_ring *k);
void *k_map(int fd, size_t size);
/* A frame of TPACKET_V1 or V2, in the words of both. */
struct k_slot {
	unsigned long status;
	unsigned int len, snap, mac, net, sec, tci, tpid;
};
unsigned char *k_at(const struct k_ring *k, unsigned int n);
struct k_slot k_read(const struct k_ring *k, unsigned int n);
void k_status(const struct k_ring *k, unsigned int n, unsigned long status);
/* Waits for the next frame; its number. */
unsigned int k_await(int fd, struct k_ring *k);

#endif
