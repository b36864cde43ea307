// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main_fixture.c - the program's main() under a name of its own
 */
int umfuseext2_main(int argc, char **argv);

#define main umfuseext2_main
#include "../umfuseext2.c" /* NOLINT(bugprone-suspicious-include) */
