/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit.h - a line editor for a terminal at the other end of a connection
 *
 * Keys as readline's: arrows, Home, End, Delete, ^A ^B ^D ^E ^F ^H ^K ^L ^N ^P ^U ^W,
 * Tab. Only printable ASCII is taken. While something is typed, other text may be
 * written between edit_hide() and edit_show().
 */
#ifndef UM_VDE_EDIT_H
#define UM_VDE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	EDIT_LINE_MAX = 256,
	EDIT_HISTORY = 50,
};

enum edit_event {
	EDIT_NOTHING,
	EDIT_ENTER,
	EDIT_END,
	EDIT_INTERRUPT,
	EDIT_TAB,
};

/**
 * struct edit - the line that is being typed
 * @put: writes to the terminal
 * @secret: show nothing of it, and keep it in no history
 * @shown: prompt and line are on the screen
 * @line: with a NUL; after EDIT_ENTER it is to be cleared
 * @past: lines entered, the oldest first; @back: how many lines back is shown
 * @draft: what was typed before going back
 * @escape: state of an escape sequence
 */
struct edit {
	void (*put)(void *arg, const char *text, size_t len);
	void *arg;
	char prompt[128];
	bool secret, shown, was_return;
	char line[EDIT_LINE_MAX], draft[EDIT_LINE_MAX];
	size_t len, at;
	char *past[EDIT_HISTORY];
	size_t count, back;
	int escape, number;
};

void edit_fini(struct edit *e);

/* Show the prompt and the line, or take them off the screen. */
void edit_show(struct edit *e);
void edit_hide(struct edit *e);

/* Forget what was typed. */
void edit_clear(struct edit *e);

enum edit_event edit_key(struct edit *e, unsigned char key);

/* Put text where the cursor is, as if it had been typed. */
void edit_insert(struct edit *e, const char *text);

#endif
