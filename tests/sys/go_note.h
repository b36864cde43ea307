/* SPDX-License-Identifier: GPL-2.0-or-later */
/* go_note.h - what Go's linker leaves in a program: the note of a build id */
#ifndef GO_NOTE_H
#define GO_NOTE_H

struct note {
	unsigned int name_size, size, type;
	char name[4];
	char id[8];
};

static const struct note go_note
	__attribute__((section(".note.go.buildid"), used, aligned(4))) = {
		.name_size = 4,
		.size = 8,
		.type = 4,
		.name = "Go",
		.id = "a test.",
	};

#endif
