// SPDX-License-Identifier: GPL-2.0-or-later
/* edit.c - a line editor for a terminal at the other end of a connection */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* States of an escape sequence: after ESC, after ESC [ or ESC O. */
enum { NO_ESCAPE, AFTER_ESC, AFTER_BRACKET };

#define CTRL(letter) ((letter)&0x1f)

enum { ESC = 0x1b, DEL = 0x7f };

static void put(struct edit *e, const char *text)
{
	e->put(e->arg, text, strlen(text));
}

void edit_fini(struct edit *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->past[i]);
	e->count = 0;
	edit_clear(e);
}

void edit_clear(struct edit *e)
{
	explicit_bzero(e->line, sizeof(e->line));
	e->len = e->at = e->back = 0;
}

void edit_hide(struct edit *e)
{
	if (e->shown)
		put(e, "\r\033[K");
	e->shown = false;
}

void edit_show(struct edit *e)
{
	char back[24];

	put(e, "\r\033[K");
	put(e, e->prompt);
	e->shown = true;
	if (e->secret)
		return;
	e->put(e->arg, e->line, e->len);
	if (e->at < e->len) {
		snprintf(back, sizeof(back), "\033[%zuD", e->len - e->at);
		put(e, back);
	}
}

static void insert(struct edit *e, char c)
{
	if (e->len + 1 >= sizeof(e->line))
		return;
	memmove(e->line + e->at + 1, e->line + e->at, e->len - e->at + 1);
	e->line[e->at++] = c;
	e->len++;
	/* The usual case needs no drawing of the whole line. */
	if (e->at == e->len && e->shown && !e->secret)
		e->put(e->arg, &c, 1);
	else if (!e->secret)
		edit_show(e);
}

void edit_insert(struct edit *e, const char *text)
{
	for (; *text; text++) {
		if (*text >= ' ' && *text < DEL)
			insert(e, *text);
	}
}

/* Take away what is between two places; the cursor is then at the first. */
static void cut(struct edit *e, size_t from, size_t to)
{
	if (from == to)
		return;
	memmove(e->line + from, e->line + to, e->len - to + 1);
	e->len -= to - from;
	e->at = from;
	edit_show(e);
}

static void move(struct edit *e, size_t to)
{
	e->at = to;
	edit_show(e);
}

static void set_line(struct edit *e, const char *text)
{
	snprintf(e->line, sizeof(e->line), "%s", text);
	e->len = e->at = strlen(e->line);
	edit_show(e);
}

static void remember(struct edit *e)
{
	char *text;

	if (e->secret || !e->len ||
	    (e->count && strcmp(e->past[e->count - 1], e->line) == 0))
		return;
	text = strdup(e->line);
	if (!text)
		return;
	if (e->count == EDIT_HISTORY) {
		free(e->past[0]);
		memmove(e->past, e->past + 1,
			(EDIT_HISTORY - 1) * sizeof(e->past[0]));
		e->count--;
	}
	e->past[e->count++] = text;
}

/* Show the line that was entered so many lines ago. */
static void go_back(struct edit *e, size_t back)
{
	if (e->secret || back > e->count)
		return;
	if (e->back == 0)
		memcpy(e->draft, e->line, sizeof(e->draft));
	e->back = back;
	set_line(e, back ? e->past[e->count - back] : e->draft);
}

static size_t word_start(const struct edit *e)
{
	size_t at = e->at;

	while (at && e->line[at - 1] == ' ')
		at--;
	while (at && e->line[at - 1] != ' ')
		at--;
	return at;
}

/* The keys that move. */
static void move_key(struct edit *e, int key)
{
	switch (key) {
	case 'A':
		go_back(e, e->back + 1);
		break;
	case 'B':
		if (e->back)
			go_back(e, e->back - 1);
		break;
	case 'C':
		if (e->at < e->len)
			move(e, e->at + 1);
		break;
	case 'D':
		if (e->at)
			move(e, e->at - 1);
		break;
	case 'F':
		move(e, e->len);
		break;
	case 'H':
		move(e, 0);
		break;
	default:
		break;
	}
}

/* ESC [ number ~ */
static void tilde_key(struct edit *e)
{
	switch (e->number) {
	case 1:
	case 7:
		move_key(e, 'H');
		break;
	case 3:
		if (e->at < e->len)
			cut(e, e->at, e->at + 1);
		break;
	case 4:
	case 8:
		move_key(e, 'F');
		break;
	default:
		break;
	}
}

static void escape_key(struct edit *e, unsigned char key)
{
	if (e->escape == AFTER_ESC) {
		e->escape =
			key == '[' || key == 'O' ? AFTER_BRACKET : NO_ESCAPE;
		e->number = 0;
		return;
	}
	if (key >= '0' && key <= '9') {
		if (e->number < 100)
			e->number = e->number * 10 + key - '0';
		return;
	}
	/* modifiers come after a semicolon */
	if (key == ';')
		return;
	e->escape = NO_ESCAPE;
	if (key == '~')
		tilde_key(e);
	else
		move_key(e, key);
}

static enum edit_event enter(struct edit *e)
{
	remember(e);
	put(e, "\r\n");
	e->shown = false;
	return EDIT_ENTER;
}

static enum edit_event control_key(struct edit *e, unsigned char key)
{
	static const struct {
		unsigned char key, move;
	} moves[] = {
		{ CTRL('A'), 'H' }, { CTRL('B'), 'D' }, { CTRL('E'), 'F' },
		{ CTRL('F'), 'C' }, { CTRL('N'), 'B' }, { CTRL('P'), 'A' },
	};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (moves[i].key == key)
			move_key(e, moves[i].move);
	}
	switch (key) {
	case CTRL('C'):
		return EDIT_INTERRUPT;
	case CTRL('D'):
		if (!e->len)
			return EDIT_END;
		if (e->at < e->len)
			cut(e, e->at, e->at + 1);
		break;
	case CTRL('H'):
	case DEL:
		if (e->at)
			cut(e, e->at - 1, e->at);
		break;
	case CTRL('I'):
		return e->secret ? EDIT_NOTHING : EDIT_TAB;
	case CTRL('K'):
		cut(e, e->at, e->len);
		break;
	case CTRL('L'):
		put(e, "\033[H\033[2J");
		edit_show(e);
		break;
	case CTRL('U'):
		cut(e, 0, e->at);
		break;
	case CTRL('W'):
		cut(e, word_start(e), e->at);
		break;
	case ESC:
		e->escape = AFTER_ESC;
		break;
	default:
		break;
	}
	return EDIT_NOTHING;
}

enum edit_event edit_key(struct edit *e, unsigned char key)
{
	bool was_return = e->was_return;

	e->was_return = key == '\r';
	/* Return is CR NUL or CR LF over telnet. */
	if (was_return && (key == '\n' || key == '\0'))
		return EDIT_NOTHING;
	if (key == '\r' || key == '\n') {
		e->escape = NO_ESCAPE;
		return enter(e);
	}
	if (e->escape) {
		escape_key(e, key);
		return EDIT_NOTHING;
	}
	if (key < ' ' || key == DEL)
		return control_key(e, key);
	if (key < DEL)
		insert(e, (char)key);
	return EDIT_NOTHING;
}
