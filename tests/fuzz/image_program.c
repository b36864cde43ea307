// SPDX-License-Identifier: GPL-2.0-or-later
/* image_program.c - the program's main() under a name of its own */
int program_main(int argc, char **argv);

#define main program_main
#include IMAGE_PROGRAM /* NOLINT(bugprone-suspicious-include) */
