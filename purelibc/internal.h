/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* internal.h - what the files of the library share */
#ifndef PURE_INTERNAL_H
#define PURE_INTERNAL_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#include <purelibc.h>
#pragma GCC visibility pop

#include "site.h"

#pragma GCC visibility push(hidden)

/* ---- entry_x86_64.S ---- */

/* How the vector registers are kept while C code runs. */
enum pure_how { PURE_FXSAVE, PURE_XSAVE, PURE_XSAVEC };

/* The words at the end of the code, filled in once it is copied. */
struct pure_config {
	uint64_t dispatch;
	int64_t limit; /* of pure_self.limit, from %fs:0 on */
	uint64_t size; /* of the area for the vector registers */
	uint32_t mask;
	uint32_t how;
};

/* A captured call. Calls made from a stack below @frame are its own. */
struct pure_frame {
	long nr;
	long arg[6];
	uint64_t back;
};

extern const char pure_code[], pure_code_end[], pure_entry[], pure_restorer[];
extern const char pure_config[];
extern const char pure_raw[];
long pure_raw_before(const long call[7]);

/* ---- vector.c ---- */

/* How the vector registers of this processor are kept. */
void pure_vector_setup(struct pure_config *config);

/* ---- stub.c ---- */

#define PURE_STUB_SIZE 64

/* Where a site is and goes. Stub, slot and entry are below 2 GiB. */
struct pure_place {
	uint64_t text; /* address of the text that the site's offset is in */
	uint32_t stub;
	uint32_t slot;
	uint32_t entry;
};

/* Write the stub of @site, PURE_STUB_SIZE bytes, from the untouched @text. */
void pure_stub_write(uint8_t *stub, const uint8_t *text,
		     const struct pure_site *site,
		     const struct pure_place *place);

/* ---- region.c ---- */

/* All that is generated; one range below 2 GiB. */
struct pure_region {
	uint8_t *base; /* NULL: not there */
	size_t len;
	uint8_t *code;
	uint64_t *slot;
	uint8_t *stub;
	size_t used; /* slots, stubs */
	uint8_t *bounce;
	_Atomic uint64_t *bounce_back;
	atomic_size_t n_bounces;
};

extern struct pure_region pure_region;

int pure_region_setup(const struct pure_config *config);
/* The copy of something between pure_code and pure_code_end. */
const char *pure_region_code(const char *original);
/* Replace all that can be replaced in text that nobody is running. */
int pure_region_patch(uint8_t *text, size_t len);
/* A stub that is `syscall; jmp @back` and no more. NULL: none left. */
const uint8_t *pure_region_bounce(uint64_t back);

/* Calls that are never captured: no frame of ours may be on the stack. */
bool pure_is_frameless(long nr);

/* ---- capture.c ---- */

#define PURE_OFF UINT64_MAX
/* Values of a selector. */
#define PURE_PASS 0
#define PURE_STOP 1

struct pure_thread {
	uint64_t limit; /* calls from a stack below are native; or PURE_OFF */
	bool off;
	bool armed;
	volatile char selector;
	uint64_t process;
};

extern _Thread_local struct pure_thread pure_self
	__attribute__((tls_model("initial-exec")));

/* -errno */
long pure_call(long nr, long a, long b, long c, long d, long e, long f);
#define PURE_CALL_(nr, a, b, c, d, e, f, ...)                                  \
	pure_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
		  (long)(f))
#define PURE_CALL(...) PURE_CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* What a stub comes to. Return: the result, or -errno. */
long pure_dispatch(struct pure_frame *frame);

/* ---- sud.c ---- */

void pure_sud_announce(void);
/* A thread has one dispatch, and it is ours: the program gets none. */
bool pure_sud_is(const struct pure_frame *call);
int pure_sud_setup(void);
/* For the calling thread, once. */
void pure_sud_arm(struct pure_thread *t);
/* sigaction() of the program for SIGSYS. */
long pure_sud_sigaction(const struct pure_frame *call);

/* ---- guard.c ---- */

/* The kernel's own, which libc hides. */
struct pure_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

/* Copies of what a call points to, with SIGSYS taken out of the masks. */
struct pure_guard {
	uint64_t set;
	struct {
		uint64_t set;
		uint64_t size;
	} pair;
	struct pure_sigaction action;
};

/* Let no call block SIGSYS: @frame's arguments are exchanged for copies. */
void pure_guard_masks(struct pure_frame *frame, struct pure_guard *guard);

#define PURE_SIGSYS_BIT (1UL << (SIGSYS - 1))

#pragma GCC visibility pop

#endif
