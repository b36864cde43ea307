/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tun.h - what is behind descriptors of /dev/net/tun, as Linux has it
 *
 * A *tun* is an interface, a *file* a guest's descriptor that is attached to it:
 * one end of a SOCK_SEQPACKET pair, the other is the guest's. A packet of the
 * socket is what one read(2) or write(2) of the guest moves: the header of
 * IFF_VNET_HDR, that of PI, in the order of the kernel, and the frame.
 *
 * What the interface is to the rest of the process is its *host's* business: of a
 * stack (umnetlwip) one of its interfaces, else a plug in a switch.
 *
 *   tun.c	tuns and files: made, attached, detached
 *   call.c	ioctl(2)
 *   frame.c	packets in and out: the headers
 *   segment.c	large packets that a guest leaves to us to cut
 *   filter.c	TUNSETTXFILTER, TUNATTACHFILTER
 *
 * One thread.
 */
#ifndef TUN_H
#define TUN_H

#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest packet with its headers. */
#define TUN_PACKET_MAX (65536 + 256)
/* Flags that are the user's to set at each TUNSETIFF. */
#define TUN_FEATURES (IFF_NO_PI | IFF_ONE_QUEUE | IFF_VNET_HDR)

struct tun;

/**
 * struct tun_file - a descriptor that has an interface, or had one
 * @tun: NULL: it was removed
 * @host: the host's, set by watch
 */
struct tun_file {
	struct tun_file *next;
	uint64_t id;
	int fd;
	struct tun *tun;
	void *host;
};

/* Which frames the reader wants; TUNSETTXFILTER. */
struct tun_txfilter {
	bool on;
	bool all_multicast;
	unsigned int count;
	uint8_t addr[8][6];
};

/**
 * struct tun_host - what tuns are to the process
 * @find: 0: no interface of that name; 1: *out; 2: it is none of ours
 * @create: an interface of this name, which may be "" or have a %d; index: 0 or
 *	the wanted one. Sets t->host. -errno.
 * @destroy: remove it; t is freed then
 * @name: its name at present
 * @is_up: has it IFF_UP?
 * @changed: carrier, flags or owner did
 * @get_mac, @set_mac: its hardware address. set_mac: -errno
 * @input: a frame that the guest wrote; of a TUN the packet, whose ethertype is
 *	`proto`. It may be written to.
 * @watch: call tun_file_ready() whenever f->fd can be read. -errno
 * @unwatch: no more
 */
struct tun_host {
	int (*find)(const char *name, struct tun **out);
	int (*create)(struct tun *t, const char *name, int index);
	void (*destroy)(struct tun *t);
	const char *(*name)(const struct tun *t);
	bool (*is_up)(const struct tun *t);
	void (*changed)(struct tun *t);
	void (*get_mac)(const struct tun *t, uint8_t mac[6]);
	int (*set_mac)(struct tun *t, const uint8_t mac[6]);
	void (*input)(struct tun *t, uint16_t proto, uint8_t *frame,
		      size_t len);
	int (*watch)(struct tun_file *f);
	void (*unwatch)(struct tun_file *f);
};

/**
 * struct tun - an interface
 * @flags: IFF_TUN or IFF_TAP, TUN_FEATURES, IFF_PERSIST
 * @owner, @group: as TUNSETOWNER said; -1: nobody
 * @type: ARPHRD_*
 * @vnet_size: of the header of IFF_VNET_HDR
 * @carrier: as the reader said by IFF_NO_CARRIER or TUNSETCARRIER
 * @program: of TUNATTACHFILTER: how long; its pair of sockets, see filter.c
 */
struct tun {
	void *host;
	unsigned int flags;
	uid_t owner;
	gid_t group;
	int type;
	int vnet_size;
	int sndbuf;
	bool little_endian;
	bool carrier;
	struct tun_file *file;
	struct tun_txfilter txfilter;
	unsigned short program;
	int filter[2];
};

/* Once, before all else. */
void tun_init(const struct tun_host *host);
extern const struct tun_host *tun_host;

/* um_net_ops.tun_open; fd: taken. */
int tun_open(int fd, struct ifreq *ifr, int index, uint64_t *id);
/* um_net_ops.tun */
long tun_call(uint64_t id, unsigned int cmd, void *data, size_t size);
/* Its descriptor can be read. It may be freed meanwhile. */
void tun_file_ready(struct tun_file *f);
/* A frame for the reader. -errno: it is lost. */
int tun_send(struct tun *t, const void *frame, size_t len);
/* The interface is removed, by another than its last file. t is freed. */
void tun_remove(struct tun *t);

bool tun_is_tap(const struct tun *t);
/* As TUNGETIFF and /sys/class/net/NAME/tun_flags tell. */
unsigned int tun_flags(const struct tun *t);

/* ---- within ---- */

struct tun_file *tun_file_find(uint64_t id);
int tun_set_iff(struct tun_file *f, struct ifreq *ifr, int index);
/* A packet as the guest wrote it; its frames go to the host. */
void tun_receive(struct tun *t, uint8_t *packet, size_t len);
/*
 * Cut a TCP packet whose header at l4 has no checksum into such of `size` bytes of
 * payload; l3: where the header of IP is. give: each frame. -EINVAL: it is none.
 */
int tun_segment(uint8_t *frame, size_t len, size_t l3, size_t l4, size_t size,
		void (*give)(void *arg, uint8_t *frame, size_t len), void *arg);
/* The checksum of RFC 1071, not inverted, in network order. */
uint32_t tun_sum(const uint8_t *p, size_t n, uint32_t sum);
uint16_t tun_fold(uint32_t sum);

int tun_set_txfilter(struct tun *t, const void *data, size_t size);
bool tun_txfilter_wants(const struct tun *t, const uint8_t *frame, size_t len);
int tun_attach_program(struct tun *t, const void *code, size_t size);
void tun_detach_program(struct tun *t);
/* What is left of the frame by the program: 0: nothing. */
size_t tun_program_run(const struct tun *t, const void *frame, size_t len);

#endif
