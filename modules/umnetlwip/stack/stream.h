/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - a TCP connection and the stand-in of its guest
 *
 * What the guest writes is read into a ring, which lwIP sends from without a
 * copy, and which is freed as it is acknowledged. What the peer sends waits as
 * pbufs until the stand-in has room; only then the window opens again. So a slow
 * end on either side holds the other, and nothing is dropped. Small segments that
 * come together are given to the guest, and acknowledged, together.
 *
 * One byte behind: a stream whose AF_UNIX end is closed while that end has unread
 * data shows ECONNRESET at the other, which is what a guest must see of a
 * reset. So one byte is always left unread: a filler at first, put there as if
 * the guest had written it, then always the last byte that was taken.
 */
#ifndef ST_STREAM_H
#define ST_STREAM_H

#include <sys/uio.h>

#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"
#include "sock.h"

enum { ST_RING = 256 * 1024 };

struct st_stream {
	struct st_sock *s;
	struct tcp_pcb *pcb; /* NULL: gone, or a listener */
	struct tcp_pcb_listen *listener;
	/* To the guest. */
	struct st_rx *rx, **rx_end;
	size_t rx_at;	/* bytes of its first pbuf that are delivered */
	size_t rx_len;	/* bytes that wait */
	size_t rx_mark; /* an urgent byte is behind so many; see urgent.c */
	size_t lent;	/* of the window; see st_hook_tcp_input() */
	struct st_stream *next_came;
	bool came;	/* more may come in this round of the loop */
	bool ack_owed;	/* and is acknowledged with it */
	bool rx_urgent; /* there is such a byte, or it comes */
	bool rx_fin;	/* the peer sends no more */
	bool rx_closed; /* and the guest was told */
	/* From the guest. */
	bool tx_urgent;	 /* urgent bytes are not acknowledged yet */
	bool recovering; /* from several losses; see recover.c */
	bool established, hangup, fin_sent;
	uint32_t tx_up;	  /* the sequence number after the last urgent byte */
	uint32_t recover; /* what was under way when a segment was missed */
	uint8_t *ring;
	size_t first, filled; /* what is in flight or waits */
	size_t unsent;	      /* the last of it: lwIP has not taken it yet */
	size_t behind;	      /* bytes in the queue that are no news */
	/* connect */
	uint32_t tag;
	int late;     /* the answer to who has waited too long */
	int guest_fd; /* a blocking connect's, until it is linked */
	bool connecting, told;
	struct st_timer timer;
	/* listen */
	struct st_stream *waiting, *next_waiting, *parent;
	uint64_t queue; /* not accepted yet: the listener's id */
	int backlog, queued;
	bool fresh; /* accepted, but not asked for its name yet */
	struct sockaddr_storage address;
	socklen_t address_len;
	/* options; 0: the default. Who is accepted has those of the listener. */
	int keepidle, keepintvl, keepcnt;
	bool nodelay;
	/* options kept only to be told */
	int maxseg, user_timeout, defer_accept, syncnt, linger2, window_clamp;
	bool cork, quickack;
};

struct st_stream *st_stream_new(struct st_sock *s);
/* Connect the guest's descriptor to us. full: it is not to be writable yet. */
int st_stream_link(struct st_stream *t, int fd, bool full);
/* Our end of its stand-in. */
int st_stream_watch(struct st_stream *t, int end);
/* Room in the guest's descriptor for more than the byte behind. */
void st_stream_make_room(int fd);
/* The connection stands: from now on data flow. */
void st_stream_open(struct st_stream *t);
void st_stream_ready(struct st_sock *s, uint32_t events);
/* To the guest, as much as its end takes. */
void st_stream_give(struct st_stream *t);
/* Callbacks of lwIP, once there is a pcb. */
void st_stream_attach(struct st_stream *t, struct tcp_pcb *pcb);
/* What is left of a connection is lwIP's alone from now on. */
void st_stream_detach(const struct st_sock *s, struct tcp_pcb *pcb);
/* The connection is over: the guest sees what it would of the kernel's. */
void st_stream_broken(struct st_stream *t, int error);
/* Bytes from the guest that the peer has not acknowledged; SIOCOUTQ. */
size_t st_stream_unsent(const struct st_stream *t);
void st_stream_fini(struct st_stream *t);

/* ---- urgent.c ---- */

/* Our end of a stand-in: marks of the guest's are seen, and stay in line. */
void st_urgent_watch(int fd);
/* The guest's own end, where the listener has SO_OOBINLINE. */
void st_urgent_accepted(const struct st_stream *t, int fd);
/* All but the byte behind was taken: is that one urgent? */
void st_urgent_look(struct st_stream *t);
/* A segment with the flag arrived, and is not received yet. */
void st_urgent_arrives(struct st_stream *t, const struct tcp_hdr *h);
/* So many bytes left the queue to the guest. */
void st_urgent_passed(struct st_stream *t, size_t n);
/* What may be sent at once of a vector: its length now. With these flags. */
size_t st_urgent_limit(const struct st_stream *t, struct iovec *iov, size_t n);
int st_urgent_flag(const struct st_stream *t);

/* ---- together.c ---- */

/* The connection received something, data or the end: now, or with what follows. */
void st_together_came(struct st_stream *t, bool data);
/* A segment arrives, which may be out of order: guests get what is before it. */
void st_together_arrives(struct st_stream *t, const struct tcp_hdr *h);
/* The end of a round of the loop: guests get what came. Was there anything? */
bool st_together_settle(void);
/* It is over. */
void st_together_forget(struct st_stream *t);

/* ---- linger.c ---- */

/* Nobody uses the stack any more: until what was sent is acknowledged, or lost. */
void st_linger(void);

/* ---- recover.c ---- */

/* A segment arrives; lwIP has not seen it yet. */
void st_recover_look(struct st_stream *t);
/* Something was acknowledged. Nothing may be written until lwIP sends again. */
void st_recover_acked(struct st_stream *t);

int st_tcp_bind_port(struct st_sock *s, ip_addr_t *ip, uint16_t port);
/* The socket's names become those of the pcb. */
void st_tcp_show_names(struct st_sock *s, struct tcp_pcb *pcb);
int st_tcp_listen(struct st_sock *s, int fd, int backlog);
bool st_tcp_listens(const struct st_sock *s);
/* Some guest still has it. */
bool st_tcp_listener_is_open(const struct st_sock *s);
/* Nobody more can wait to be accepted by this listener. */
bool st_tcp_is_full(const struct st_stream *t);
/* It waits no more. */
void st_tcp_dequeue(struct st_stream *child);
/* The guest has accepted it: fd is its descriptor, borrowed. */
void st_stream_accepted(struct st_stream *t, int fd);
/* Listeners at the port whose guests are gone: given back. */
void st_tcp_drop_closed(uint16_t port);
/* As struct st_proto's release, of one that listens. */
bool st_tcp_listener_release(struct st_stream *t);
/* It is gone: if nobody has accepted it, it is in its parent's queue. */
void st_tcp_forget_waiting(struct st_stream *t);
/* One that was accepted gets the options of its listener. */
void st_tcp_inherit(struct st_stream *child, const struct st_stream *from);
int st_tcp_setopt(struct st_sock *s, int level, int name, const void *value,
		  socklen_t len);
int st_tcp_getopt(struct st_sock *s, int level, int name, void *value,
		  socklen_t *len);
/* A connection takes no more than the link it goes by can. */
void st_tcp_limit_window(struct tcp_pcb *pcb);
struct tcp_info;
void st_tcp_info(const struct st_stream *t, struct tcp_info *out);
/* TCP_ESTABLISHED... of linux/tcp_states.h */
int st_tcp_state(const struct st_stream *t);

#endif
