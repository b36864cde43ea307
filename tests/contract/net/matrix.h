/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix.h - every socket call in every state of a socket, in each way to wait
 *
 * A cell is one call on one socket.  It is made in a process of its own: the
 * state is built, the call is made, and what it said is a line of text:
 *
 *	tcp4/half closed/recv/nonblock: = 0 [IN OUT RDHUP] [IN OUT HUP]
 *
 * the answer, then what poll(2) says of the socket and of its other end.
 */
#ifndef NET_MATRIX_H
#define NET_MATRIX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum m_kind { M_STREAM = 1, M_DGRAM = 2, M_ANY = 3 };

/* A socket under test, and those around it; -1: there is none. */
struct m_place {
	int family, type;
	int fd;
	int peer;  /* its other end */
	int other; /* one that can be connected to, or sent to */
	int extra[4];
	struct sockaddr_storage name; /* of other */
	socklen_t len;
	char text[80]; /* what the call said beside its answer */
};

struct m_state {
	const char *name;
	enum m_kind kind;
	void (*build)(struct m_place *p);
};

/* What a call that has to wait does: bits. */
enum m_wait {
	M_BLOCK = 1,
	M_NONBLOCK = 2, /* the descriptor has O_NONBLOCK */
	M_DONTWAIT = 4, /* the call has MSG_DONTWAIT */
	M_TIMEOUT = 8,	/* SO_RCVTIMEO and SO_SNDTIMEO */
	M_NEVER = M_BLOCK,
	M_FD_WAITS = M_BLOCK | M_NONBLOCK,
	M_IO_WAITS = M_FD_WAITS | M_TIMEOUT,
	M_MSG_WAITS = M_IO_WAITS | M_DONTWAIT,
};

struct m_call {
	const char *name;
	enum m_kind kind;
	int waits; /* those of enum m_wait that make a difference */
	/* flags: MSG_DONTWAIT or 0 */
	long (*call)(struct m_place *p, int flags);
};

extern const struct m_state m_states[];
extern const size_t m_state_count;
extern const struct m_call m_calls[];
extern const size_t m_call_count;

/* Ends the cell: its state cannot be had. */
void m_give_up(const char *what) __attribute__((noreturn));
/* The cell's answer is ret; errno as text, where a negative one has it. */
#define M_MUST(call) m_must((call), #call)
long m_must(long ret, const char *what);
void m_say(struct m_place *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* 127.0.0.1 or ::1, port 0. */
socklen_t m_loopback(int family, struct sockaddr_storage *out);
void m_say_addr(struct m_place *p, const struct sockaddr_storage *a,
		socklen_t len);
/* What poll(2) says now. */
int m_mask(int fd);
/* Waits for all of these events, for any of them. */
void m_await(int fd, int events);
void m_await_any(int fd, int events);

#endif
