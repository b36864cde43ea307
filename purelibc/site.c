// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * site.c - system call instructions in x86_64 text that can be replaced
 *
 * `syscall` has two bytes, a jump seven: whole neighbours must move with it,
 * before it the head (most often `mov $nr,%eax`), after it the tail (most
 * often `cmp $-4095,%rax`). A run of bytes may be replaced when
 *
 * - its first and last byte begin and end instructions. Instructions cannot be
 *   read backwards, so a window before the place is read sixteen times, from
 *   sixteen adjacent bytes. No instruction is longer than fifteen, hence one
 *   of the readings is the true one; what all agree on is true (find_back).
 *   Readings that meet an impossible instruction are dropped;
 * - each neighbour does the same elsewhere (insn.c);
 * - no branch goes to a byte of it but the first. Branches are looked for in
 *   two linear passes, of those with one byte of distance near the sites, of
 *   those with four in all of the text. Bytes that look like a branch into a
 *   site, but are certainly in the middle of an instruction, are none.
 *
 * What a table of jumps (switch) refers to is not seen. Compilers put no label
 * between the loading of a number, the call and the test of its result.
 */
#include "site.h"

#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"

#define STARTS	  16 /* readings of a window: one more than an instruction */
#define WINDOW	  80
#define BLOCK	  16
#define BACK_MAX  6 /* instructions of a head, and of a tail */
#define RUN	  PURE_SITE_MAX
#define SHORT_FAR 130 /* how far a branch of one byte reaches */

enum verdict { NO, YES, UNSURE };

/* Instructions that end where a place begins, the nearest first. */
struct back {
	enum verdict boundary; /* whether the place itself begins one */
	unsigned int n;
	uint32_t at[BACK_MAX];
};

struct call {
	uint32_t at;
	struct back back;
};

struct branch {
	uint32_t from;
	uint32_t to;
};

struct search {
	const uint8_t *text;
	size_t len;
	bool (*want)(int nr, void *arg);
	void *arg;
	struct call *call; /* `syscall`, certain or likely */
	size_t n_calls;
	struct branch *branch; /* what looks like one to a place near a call */
	size_t n_branches;
	uint8_t *target; /* one bit a byte: some branch goes here */
	uint8_t *near;	 /* one bit for BLOCK bytes: there is a call about */
	struct pure_sites *out;
};

static bool bit(const uint8_t *map, size_t n)
{
	return map[n / 8] >> n % 8 & 1;
}

static void set_bit(uint8_t *map, size_t n)
{
	map[n / 8] |= (uint8_t)(1U << n % 8);
}

/*
 * One reading of a window.
 * @mark: what the first reading found, by its distance to the window's start
 * Return: where the reading met the first one; @place + 1 where it passed the
 * place without; 0 where it came upon what is no instruction.
 */
static size_t read_from(const struct search *s, size_t from, size_t window,
			size_t place, const bool *mark)
{
	struct pure_insn insn;

	while (from <= place) {
		if (mark[from - window])
			return from;
		if (from == place)
			break;
		if (!pure_insn_decode(s->text + from, s->len - from, &insn))
			return 0;
		from += insn.len;
	}
	return place + 1;
}

/* The first reading. Return: whether it came as far as the place. */
static bool read_first(const struct search *s, size_t from, size_t window,
		       size_t place, bool *mark)
{
	struct pure_insn insn;

	memset(mark, 0, WINDOW + 1);
	for (; from < place; from += insn.len) {
		mark[from - window] = true;
		if (!pure_insn_decode(s->text + from, s->len - from, &insn))
			return false;
	}
	if (from == place)
		mark[from - window] = true;
	return true;
}

static void find_back(const struct search *s, size_t place, struct back *out)
{
	size_t window = place > WINDOW ? place - WINDOW : 0;
	size_t starts = window ? STARTS : 1;
	size_t agreed = window;
	bool mark[WINDOW + 1];
	size_t i = 0;

	*out = (struct back){ .boundary = UNSURE };
	while (i < starts && !read_first(s, window + i, window, place, mark))
		i++;
	if (i == starts)
		return;
	while (++i < starts) {
		size_t met = read_from(s, window + i, window, place, mark);

		if (met > agreed)
			agreed = met;
	}
	if (agreed > place)
		return;
	out->boundary = mark[place - window] ? YES : NO;
	for (i = place; i-- > agreed && out->n < BACK_MAX;)
		if (mark[i - window])
			out->at[out->n++] = (uint32_t)i;
}

/* ---- where the calls are, and what branches to them ---- */

static void mark_near(struct search *s, size_t call)
{
	size_t from = call > RUN ? call - RUN : 0;
	size_t to = call + RUN < s->len ? call + RUN : s->len - 1;

	for (size_t block = from / BLOCK; block <= to / BLOCK; block++)
		set_bit(s->near, block);
}

/* Room for one more in an array that grows by 256. */
static int make_room(void *array, size_t n, size_t size)
{
	void **p = array;
	void *more;

	if (n % 256)
		return 0;
	more = realloc(*p, (n + 256) * size);
	if (!more)
		return -ENOMEM;
	*p = more;
	return 0;
}

/*
 * `mov $nr,%eax` seems to stand right before it, with a number that is not
 * wanted. Most calls are done with here; if it only seems so, the call stays.
 */
static bool is_unwanted(const struct search *s, size_t call)
{
	uint32_t nr;

	if (!s->want || call < 1 + sizeof(nr) || s->text[call - 5] != 0xb8)
		return false;
	memcpy(&nr, s->text + call - sizeof(nr), sizeof(nr));
	return nr <= PURE_SITE_NR_MAX && !s->want((int)nr, s->arg);
}

static int find_calls(struct search *s)
{
	const uint8_t *p = s->text;
	const uint8_t *end = s->text + s->len;

	while (p + 1 < end && (p = memchr(p + 1, 0x05, end - p - 1))) {
		struct call call = { .at = (uint32_t)(p - 1 - s->text) };

		if (p[-1] != 0x0f || is_unwanted(s, call.at))
			continue;
		find_back(s, call.at, &call.back);
		if (call.back.boundary == NO)
			continue;
		if (make_room(&s->call, s->n_calls, sizeof(call)))
			return -ENOMEM;
		s->call[s->n_calls++] = call;
		mark_near(s, call.at);
	}
	return 0;
}

/* Most branches go elsewhere. */
static bool is_near(const struct search *s, size_t to)
{
	return to < s->len && bit(s->near, to / BLOCK);
}

/* The bytes at @from look like a branch to @to, which is near a call. */
static int add_branch(struct search *s, size_t from, size_t to)
{
	if (make_room(&s->branch, s->n_branches, sizeof(*s->branch)))
		return -ENOMEM;
	s->branch[s->n_branches++] =
		(struct branch){ (uint32_t)from, (uint32_t)to };
	set_bit(s->target, to);
	return 0;
}

/*
 * Whether a branch goes to a byte of from..to. Of most bytes none seems to;
 * where one does, it may be the middle of another instruction.
 */
static bool is_target(const struct search *s, size_t from, size_t to)
{
	struct back back;
	bool seems = false;

	for (size_t i = from; i <= to; i++)
		seems |= bit(s->target, i);
	for (size_t i = 0; seems && i < s->n_branches; i++) {
		const struct branch *b = s->branch + i;

		if (b->to < from || b->to > to)
			continue;
		find_back(s, b->from, &back);
		if (back.boundary != NO)
			return true;
	}
	return false;
}

static bool is_short_branch(uint8_t op)
{
	return (op & 0xf0) == 0x70 || op == 0xeb || (op & 0xfc) == 0xe0;
}

static int find_short_branches(struct search *s)
{
	size_t done = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < s->n_calls; i++) {
		size_t reach = RUN + SHORT_FAR;
		size_t q = s->call[i].at > reach ? s->call[i].at - reach : 0;
		size_t end = s->call[i].at + reach;

		for (q = q > done ? q : done; !ret && q < end && q + 1 < s->len;
		     q++) {
			size_t to = q + 2 + (int8_t)s->text[q + 1];

			if (is_short_branch(s->text[q]) && is_near(s, to))
				ret = add_branch(s, q, to);
		}
		done = q;
	}
	return ret;
}

static int add_long_branch(struct search *s, size_t q)
{
	int32_t distance;
	size_t to;

	memcpy(&distance, s->text + q + 1, 4);
	to = q + 5 + distance;
	if (!is_near(s, to))
		return 0;
	return add_branch(s, (s->text[q] & 0xf0) == 0x80 ? q - 1 : q, to);
}

/* Sixteen bytes at once: e8, e9, and 80..8f after 0f. */
static uint64_t some_long_branches(const uint8_t *p)
{
	__m128i op = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i before =
		_mm_loadu_si128((const __m128i *)(const void *)(p - 1));
	__m128i jump = _mm_cmpeq_epi8(_mm_or_si128(op, _mm_set1_epi8(1)),
				      _mm_set1_epi8((char)0xe9));
	__m128i cond = _mm_and_si128(op, _mm_set1_epi8((char)0xf0));

	cond = _mm_cmpeq_epi8(cond, _mm_set1_epi8((char)0x80));
	cond = _mm_and_si128(cond, _mm_cmpeq_epi8(before, _mm_set1_epi8(0x0f)));
	return (uint64_t)_mm_movemask_epi8(_mm_or_si128(jump, cond));
}

#define AT_ONCE 64

static uint64_t long_branches(const uint8_t *p)
{
	return some_long_branches(p) | some_long_branches(p + 16) << 16 |
	       some_long_branches(p + 32) << 32 |
	       some_long_branches(p + 48) << 48;
}

static bool is_long_branch(const uint8_t *text, size_t q)
{
	return (text[q] & 0xfe) == 0xe8 ||
	       (q && (text[q] & 0xf0) == 0x80 && text[q - 1] == 0x0f);
}

static int find_long_branches(struct search *s)
{
	size_t q = 1;
	int ret = 0;

	if (s->len >= 5 && is_long_branch(s->text, 0))
		ret = add_long_branch(s, 0);
	for (; !ret && q + AT_ONCE + 4 <= s->len; q += AT_ONCE) {
		uint64_t found = long_branches(s->text + q);

		for (; !ret && found; found &= found - 1)
			ret = add_long_branch(
				s, q + (size_t)__builtin_ctzll(found));
	}
	for (; !ret && q + 5 <= s->len; q++)
		if (is_long_branch(s->text, q))
			ret = add_long_branch(s, q);
	return ret;
}

/* ---- what is replaced ---- */

/* What may move with one call: sums of bytes, [0] being none at all. */
struct reach {
	size_t call;
	unsigned int n_heads;
	unsigned int n_tails;
	uint8_t head[BACK_MAX + 1];
	uint8_t tail[BACK_MAX + 1];
	int32_t nr; /* as set by the head of with_nr instructions; or -1 */
	unsigned int with_nr;
};

static void find_heads(const struct search *s, const struct back *back,
		       struct reach *r)
{
	bool known = false; /* nothing before matters for eax */

	for (unsigned int i = 0; i < back->n; i++) {
		size_t head = r->call - back->at[i];
		struct pure_insn insn;

		if (head > RUN - 2 ||
		    !pure_insn_decode(s->text + back->at[i],
				      s->len - back->at[i], &insn) ||
		    !insn.moves)
			break;
		r->head[++r->n_heads] = (uint8_t)head;
		if (!known && insn.nr >= 0) {
			r->nr = insn.nr;
			r->with_nr = r->n_heads;
		}
		known |= insn.touches_eax;
	}
}

static void find_tails(const struct search *s, struct reach *r)
{
	size_t at = r->call + 2;
	struct pure_insn insn = { .ret = false };

	while (r->n_tails < BACK_MAX && !insn.ret &&
	       pure_insn_decode(s->text + at, s->len - at, &insn) &&
	       (insn.moves || insn.ret)) {
		at += insn.len;
		if (at - r->call > RUN)
			break;
		r->tail[++r->n_tails] = (uint8_t)(at - r->call - 2);
	}
}

/* Try one choice; add it where it is allowed. */
static bool take(struct search *s, const struct reach *r, unsigned int head,
		 unsigned int tail)
{
	struct pure_sites *out = s->out;
	size_t at = r->call - r->head[head];
	size_t len = (size_t)r->head[head] + 2 + r->tail[tail];

	if (len < PURE_SITE_JMP || len > PURE_SITE_MAX)
		return false;
	if (out->n &&
	    at < (size_t)out->site[out->n - 1].at + out->site[out->n - 1].len)
		return false;
	if (is_target(s, at + 1, at + len - 1))
		return false;
	out->site[out->n++] = (struct pure_site){
		.at = (uint32_t)at,
		.head = r->head[head],
		.len = (uint8_t)len,
		.nr = (int16_t)(r->with_nr && head >= r->with_nr ? r->nr : -1),
	};
	return true;
}

/* The number in the head alone, with a tail; a tail alone; any mixture. */
static bool choose(struct search *s, const struct reach *r)
{
	if (r->with_nr)
		for (unsigned int tail = 0; tail <= r->n_tails; tail++)
			if (take(s, r, r->with_nr, tail))
				return true;
	for (unsigned int tail = 1; tail <= r->n_tails; tail++)
		if (take(s, r, 0, tail))
			return true;
	for (unsigned int tail = 0; tail <= r->n_tails; tail++)
		for (unsigned int head = 1; head <= r->n_heads; head++)
			if (take(s, r, head, tail))
				return true;
	return false;
}

static void choose_all(struct search *s)
{
	for (size_t i = 0; i < s->n_calls; i++) {
		const struct back *back = &s->call[i].back;
		struct reach r = { .call = s->call[i].at, .nr = -1 };

		if (back->boundary == YES) {
			find_heads(s, back, &r);
			find_tails(s, &r);
		}
		if (r.nr > PURE_SITE_NR_MAX ||
		    (s->want && !s->want(r.nr, s->arg)))
			continue;
		if (back->boundary != YES || !choose(s, &r))
			s->out->refused_at[s->out->refused++] = s->call[i].at;
	}
}

static int allocate_results(struct search *s)
{
	s->target = calloc(s->len / 8 + 1, 1);
	s->out->site = calloc(s->n_calls, sizeof(*s->out->site));
	s->out->refused_at = calloc(s->n_calls, sizeof(*s->out->refused_at));
	return s->target && s->out->site && s->out->refused_at ? 0 : -ENOMEM;
}

int pure_sites_find(const uint8_t *text, size_t len,
		    bool (*want)(int nr, void *arg), void *arg,
		    struct pure_sites *out)
{
	struct search s = {
		.text = text, .len = len, .want = want, .arg = arg, .out = out
	};
	int ret;

	*out = (struct pure_sites){ .n = 0 };
	if (len > UINT32_MAX)
		return -EINVAL;
	s.near = calloc(len / BLOCK / 8 + 1, 1);
	ret = s.near ? find_calls(&s) : -ENOMEM;
	if (!ret && s.n_calls) {
		ret = allocate_results(&s);
		ret = ret ? ret : find_short_branches(&s);
		ret = ret ? ret : find_long_branches(&s);
		if (!ret)
			choose_all(&s);
	}
	free(s.near);
	free(s.call);
	free(s.branch);
	free(s.target);
	if (ret)
		pure_sites_free(out);
	return ret;
}

void pure_site_divert(uint8_t *bytes, const struct pure_site *site,
		      uint32_t slot)
{
	static const uint8_t jump[] = { 0xff, 0x24, 0x25 };
	const uint8_t no_insn = 0xcc; /* int3 */

	memcpy(bytes, jump, sizeof(jump));
	memcpy(bytes + sizeof(jump), &slot, sizeof(slot));
	memset(bytes + PURE_SITE_JMP, no_insn, site->len - PURE_SITE_JMP);
}

void pure_sites_free(struct pure_sites *sites)
{
	free(sites->site);
	free(sites->refused_at);
	*sites = (struct pure_sites){ .n = 0 };
}
