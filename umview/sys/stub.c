// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stub.c - the code that a replaced system call instruction leads to
 *
 * A site of at least 7 bytes becomes `jmp *slot`, slot at an absolute address
 * in low memory; the slot holds its stub's address. A stub does what the site
 * did:
 *
 *	whole instructions that stood before the call, if any were replaced
 *	the call, or the way to the agent
 *	whole instructions that stood after it
 *	back to the site's end: base of this text in this process + offset
 *
 * Only %rax, %rcx and %r11 are free there, as after any system call. Reads
 * are made in the stub: only EBADF, the cue of a virtual descriptor, leads to
 * the agent, and whatever a guest reads that may serve a file system. close(2)
 * goes there only while there are files whose file system wants to be told.
 *
 * On a goroutine's stack there may be no room at all. Such stubs tell the agent
 * of an instruction outside of what the filter lets pass, `syscall` and a jump
 * back to them: there the call is asked without any stack, when the agent
 * has no stack to lend, or when the call would not come back to return it.
 */
#include "sys/stub.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "agent/proto.h"
#include "guest/shared.h"
#include "purelibc/site.h"
#include "sys/stats.h"
#include "sys/sys.h"

/* Where the next goes, from UM_STUBS on. */
static size_t stubs_end = UM_STUBS_PASS;
static size_t asks_end = UM_NCALLS;

/*
 * Code that grows; the address it will run at follows from its place. The head
 * is filled on the way, its places counted from `start`.
 */
struct code {
	unsigned char *base;
	size_t at;
	size_t start;
	struct um_stub_head *head;
};

static uint8_t place(const struct code *c)
{
	return (uint8_t)(c->at - c->start);
}

static void put(struct code *c, const void *bytes, size_t n)
{
	memcpy(c->base + c->at, bytes, n);
	c->at += n;
}

static void put32(struct code *c, uint32_t value)
{
	put(c, &value, sizeof(value));
}

static uint32_t here(const struct code *c)
{
	return (uint32_t)(UM_STUBS + c->at);
}

#define PUT(c, ...)                                                            \
	put((c), (const unsigned char[]){ __VA_ARGS__ },                       \
	    sizeof((const unsigned char[]){ __VA_ARGS__ }))

/* A forward branch of one byte: begun here, it ends at the next land(). */
static size_t leap(struct code *c, unsigned char op)
{
	PUT(c, op, 0x00);
	return c->at;
}

static void land(struct code *c, size_t from)
{
	c->base[from - 1] = (unsigned char)(c->at - from);
}

enum { JE = 0x74, JNE = 0x75, JAE = 0x73, JMP = 0xeb, JRCXZ = 0xe3 };

static bool is_read(int nr)
{
	return nr == SYS_read || nr == SYS_pread64 || nr == SYS_readv ||
	       nr == SYS_preadv || nr == SYS_preadv2;
}

/* Bytes of put_ask(). */
#define ASK_SIZE 10

/* mov $arg,%ecx; jmp entry. The agent goes on at arg, or at arg + 2. */
static void put_ask(struct code *c, bool small_stack, uint32_t arg)
{
	uint32_t entry = UM_GATE;

	entry += small_stack ? UM_GATE_SMALL_ENTRY : UM_GATE_ENTRY;
	PUT(c, 0xb9);
	put32(c, arg);
	PUT(c, 0xe9);
	put32(c, entry - (here(c) + 4));
}

/* The replaced instructions after the call; back to the site's end. */
static void put_return(struct code *c, const struct um_stub *stub,
		       const unsigned char *bytes)
{
	const struct pure_site *s = stub->site;

	c->head->tail = place(c);
	put(c, bytes + s->head + 2, (size_t)s->len - s->head - 2);
	c->head->back = place(c);
	PUT(c, 0x48, 0x8b, 0x0c, 0x25); /* mov base,%rcx */
	put32(c, UM_BASES + 8 * stub->id);
	PUT(c, 0x48, 0x8d, 0x89); /* lea offset(%rcx),%rcx */
	put32(c, (uint32_t)(stub->offset + s->len));
	PUT(c, 0xff, 0xe1); /* jmp *%rcx */
	c->head->end = place(c);
}

/* movzbl flags+1,%ecx; jrcxz 1f; jmp ask; 1: Return: for land() at ask. */
static size_t put_served(struct code *c)
{
	size_t made;
	size_t ask;

	PUT(c, 0x0f, 0xb6, 0x0c, 0x25);
	put32(c, UM_PAGE + offsetof(struct um_page, flags) + 1);
	made = leap(c, JRCXZ);
	ask = leap(c, JMP);
	land(c, made);
	return ask;
}

/* syscall; lea EBADF(%rax),%rcx; jrcxz failed. Return: for land() at failed. */
static size_t put_call(struct code *c)
{
	c->head->call = place(c);
	PUT(c, 0x0f, 0x05, 0x48, 0x8d, 0x48, EBADF);
	return leap(c, JRCXZ);
}

/* mov $nr,%eax */
static void put_nr(struct code *c, int nr)
{
	PUT(c, 0xb8);
	put32(c, (uint32_t)nr);
}

/* The call; return; then, for EBADF and for those who serve: ask. */
static void put_read(struct code *c, const struct um_stub *stub,
		     const unsigned char *bytes)
{
	size_t served = put_served(c);
	size_t failed = put_call(c);
	uint32_t cont = here(c);

	put_return(c, stub, bytes);
	land(c, served);
	land(c, failed);
	put_nr(c, stub->site->nr);
	put_ask(c, false, cont);
}

/* mov flushes,%ecx; jrcxz 1f; ask; 1: syscall; return */
static void put_close(struct code *c, const struct um_stub *stub,
		      const unsigned char *bytes)
{
	size_t nobody;

	PUT(c, 0x8b, 0x0c, 0x25);
	put32(c, UM_SHARED + offsetof(struct um_shared, flushes));
	nobody = leap(c, JRCXZ);
	put_ask(c, false, here(c) + ASK_SIZE + 2);
	land(c, nobody);
	c->head->call = place(c);
	PUT(c, 0x0f, 0x05);
	put_return(c, stub, bytes);
}

/*
 * A number known to be tracked goes to the agent; one that is not known is
 * looked up first: cmp $512,%rax; jae native; cmpb $0,classes(%rax); je native
 */
struct native {
	size_t beyond;
	size_t untracked;
};

static struct native put_lookup(struct code *c)
{
	struct native n;

	PUT(c, 0x48, 0x3d);
	put32(c, UM_NCALLS);
	n.beyond = leap(c, JAE);
	PUT(c, 0x80, 0xb8);
	put32(c, UM_STUBS);
	PUT(c, UM_CLASS_NATIVE);
	n.untracked = leap(c, JE);
	return n;
}

static void put_native(struct code *c, struct native n)
{
	land(c, n.beyond);
	land(c, n.untracked);
	PUT(c, 0x0f, 0x05);
}

static void put_any(struct code *c, const struct um_stub *stub,
		    const unsigned char *bytes)
{
	bool unknown = stub->site->nr < 0;
	struct native native = { 0 };

	if (unknown)
		native = put_lookup(c);
	put_ask(c, false, here(c) + ASK_SIZE + (unknown ? 2 : 0));
	if (unknown)
		put_native(c, native);
	put_return(c, stub, bytes);
}

/* syscall; jmp cont, where the filter does not let pass. 0: no room. */
static uint32_t put_slow(struct code *c, uint32_t cont)
{
	struct code slow = { .base = c->base,
			     .at = (asks_end + 7) & ~(size_t)7 };
	uint32_t at = here(&slow);

	if (slow.at + 8 > UM_STUBS_PASS)
		return 0;
	PUT(&slow, 0x0f, 0x05, 0xe9);
	put32(&slow, cont - (here(&slow) + 4));
	asks_end = slow.at;
	return at;
}

/*
 * Nothing here touches the stack. Reads may sleep long, and all calls of
 * a Go program come from one site: so the number is looked at.
 *
 *	lookup; cmp $SYS_read,%eax; jne ask
 *	served; syscall; EBADF: failed
 * done: jmp cont
 * failed: mov $SYS_read,%eax
 * ask:	mov $slow,%ecx; jmp agent
 * native: syscall
 * cont: return
 */
static bool put_small(struct code *c, const struct um_stub *stub,
		      const unsigned char *bytes)
{
	int nr = stub->site->nr;
	bool reads = nr < 0 || nr == SYS_read;
	struct native native = { 0 };
	size_t other = 0;
	size_t served = 0;
	size_t failed = 0;
	size_t done = 0;
	uint32_t cont;
	uint32_t slow;

	if (nr < 0) {
		native = put_lookup(c);
		PUT(c, 0x83, 0xf8, SYS_read);
		other = leap(c, JNE);
	}
	if (reads && !um_stats_on()) {
		served = put_served(c);
		failed = put_call(c);
		done = leap(c, JMP);
		land(c, failed);
		put_nr(c, SYS_read);
		land(c, served);
	}
	if (other)
		land(c, other);
	cont = here(c) + ASK_SIZE + (nr < 0 ? 2 : 0);
	slow = put_slow(c, cont);
	if (!slow)
		return false;
	put_ask(c, true, slow);
	if (nr < 0)
		put_native(c, native);
	if (done)
		land(c, done);
	put_return(c, stub, bytes);
	return true;
}

static bool put_stub(struct code *c, const struct um_stub *stub,
		     const unsigned char *bytes)
{
	put(c, bytes, stub->site->head);
	if (stub->small_stack)
		return put_small(c, stub, bytes);
	if (is_read(stub->site->nr) && !um_stats_on())
		put_read(c, stub, bytes);
	else if (stub->site->nr == SYS_close && !um_stats_on())
		put_close(c, stub, bytes);
	else
		put_any(c, stub, bytes);
	return true;
}

bool um_stub_put(const struct um_stub *stub, unsigned char *bytes)
{
	struct um_stub_head head = {
		.offset = (uint32_t)stub->offset,
		.id = (uint16_t)stub->id,
		.head = stub->site->head,
	};
	struct code c = { .base = um_shared_stubs(),
			  .at = (stubs_end + 7) & ~(size_t)7,
			  .head = &head };
	size_t first = c.at;
	uint64_t code;
	uint32_t slot;

	if (c.at + sizeof(head) + sizeof(code) + UM_STUB_MAX > UM_STUBS_SIZE)
		return false;
	c.at += sizeof(head);
	slot = here(&c);
	code = slot + sizeof(code);
	put(&c, &code, sizeof(code));
	c.start = c.at;
	if (!put_stub(&c, stub, bytes))
		return false;
	memcpy(c.base + first, &head, sizeof(head));
	stubs_end = c.at;
	pure_site_divert(bytes, stub->site, slot);
	return true;
}

/* Some handlers are the agent's business (agent/cancel.c), not the monitor's. */
bool um_stub_wants(int nr)
{
	return um_filter_tracks(nr) || nr == SYS_rt_sigaction;
}

/* Exec leaves with the stack it was lent. */
static unsigned char class_of(int nr)
{
	if (!um_stub_wants(nr))
		return UM_CLASS_NATIVE;
	return nr == SYS_execve || nr == SYS_execveat ? UM_CLASS_LEAVES
						      : UM_CLASS_TRACKED;
}

void um_stub_setup(void)
{
	unsigned char *classes = um_shared_stubs();

	for (int nr = 0; nr < UM_NCALLS; nr++)
		classes[nr] = class_of(nr);
}
