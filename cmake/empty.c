// SPDX-License-Identifier: GPL-2.0-or-later
/* empty.c - a module is linked from an archive, CMake wants a source */
typedef int um_empty;
